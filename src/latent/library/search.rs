//! Finding entries: by words, in an order.

use std::sync::Arc;

use super::{Entry, Library};
use crate::latent::Latent;

/// The order in which entries are listed.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Order {
    /// What was kept last comes first.
    #[default]
    Newest,
    /// By name, capital letters or not.
    Name,
    /// The latents that point most nearly the way of this one come first; those of another size last.
    Nearest(Latent),
}

impl Library {
    /// The entries in whose name, tags or origin every word of `query` occurs, capital letters or
    /// not; all of them for an empty query.
    pub fn find(&self, query: &str, order: &Order) -> Vec<&Arc<Entry>> {
        let words: Vec<String> = query.split_whitespace().map(str::to_lowercase).collect();
        let fits = |entry: &&Arc<Entry>| {
            if words.is_empty() {
                return true;
            }
            let text = format!("{}\n{}\n{}", entry.name, entry.tags.join("\n"), entry.origin);
            let text = text.to_lowercase();
            words.iter().all(|word| text.contains(word))
        };
        let mut found: Vec<_> = self.entries.values().filter(fits).collect();
        match order {
            Order::Newest => found.sort_by_key(|e| (std::cmp::Reverse(e.created), e.id)),
            Order::Name => found.sort_by_cached_key(|e| (e.name.to_lowercase(), e.id)),
            Order::Nearest(to) => {
                let mut ranked: Vec<_> =
                    found.into_iter().map(|e| (cosine(&e.latent, to), e)).collect();
                ranked.sort_by(|(a, x), (b, y)| b.total_cmp(a).then(x.id.cmp(&y.id)));
                found = ranked.into_iter().map(|(_, entry)| entry).collect();
            }
        }
        found
    }
}

/// Cosine of the angle between two latents, in [-1, 1]; less for latents of different sizes.
fn cosine(a: &Latent, b: &Latent) -> f32 {
    if a.dims() != b.dims() {
        return -2.0;
    }
    let dot: f32 = a.values().iter().zip(b.values()).map(|(x, y)| x * y).sum();
    let norms = a.norm() * b.norm();
    if norms > 0.0 && dot.is_finite() { dot / norms } else { 0.0 }
}
