//! Finding entries: by words, in an order.

use std::sync::Arc;

use super::index::Row;
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
        let fits = |row: &&Row| words.iter().all(|word| row.text().contains(word));
        let newest = self.index.oldest_first().rev().filter(fits);
        match order {
            Order::Newest => newest.map(|row| &row.entry).collect(),
            Order::Name => {
                let mut found: Vec<_> = newest.collect();
                found.sort_unstable_by_key(|row| (row.name(), row.entry.id));
                found.into_iter().map(|row| &row.entry).collect()
            }
            Order::Nearest(to) => {
                let norm = to.norm();
                let mut found: Vec<_> =
                    newest.map(|row| (cosine(&row.entry.latent, to, norm), &row.entry)).collect();
                found.sort_unstable_by(|(a, x), (b, y)| b.total_cmp(a).then(x.id.cmp(&y.id)));
                found.into_iter().map(|(_, entry)| entry).collect()
            }
        }
    }

    /// All names, what was kept last first, each with itself in small letters.
    pub fn names(&self) -> impl Iterator<Item = (&str, &str)> {
        self.index.oldest_first().rev().map(|row| (row.entry.name.as_str(), row.name()))
    }
}

/// Cosine of the angle between `a` and `b`, which is `norm` long, in [-1, 1]; less for latents of
/// different sizes.
fn cosine(a: &Latent, b: &Latent, norm: f32) -> f32 {
    if a.dims() != b.dims() {
        return -2.0;
    }
    let dot: f32 = a.values().iter().zip(b.values()).map(|(x, y)| x * y).sum();
    let norms = a.norm() * norm;
    if norms > 0.0 && dot.is_finite() { dot / norms } else { 0.0 }
}
