//! The gallery: the models of a folder with their faces, in the place of a tab until one is chosen.

mod jobs;
mod view;

use std::cmp::Reverse;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use jobs::GalleryJobs;
pub use view::{paint, show};

use crate::gallery::{Found, Listing};

/// Order of the gallery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GalleryOrder {
    /// By name, numbers by their value.
    #[default]
    Name,
    /// What was written last comes first.
    Newest,
}

/// What the gallery asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GalleryCommand {
    /// Show the models of this folder.
    Open(PathBuf),
    /// Open one of them.
    Choose(PathBuf),
    /// Show them in this order.
    SetOrder(GalleryOrder),
    /// Back to the tab.
    Close,
}

/// A folder whose models are shown.
#[derive(Debug)]
pub struct Gallery {
    /// The folder.
    pub folder: PathBuf,
    /// What is in it, or why that cannot be told; none while it is looked through.
    pub listing: Option<Result<Arc<Listing>, String>>,
    /// What is typed to find models by their names.
    pub query: String,
    /// No more models are looked at for now.
    pub is_stopped: bool,
    /// The field to type in is still to get the focus.
    is_fresh: bool,
}

impl Gallery {
    /// Before the folder was looked through.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, listing: None, query: String::new(), is_stopped: false, is_fresh: true }
    }

    /// The folder's name.
    pub fn name(&self) -> String {
        self.folder.file_name().unwrap_or(self.folder.as_os_str()).to_string_lossy().into_owned()
    }

    /// The models in this order whose names hold every word that is typed.
    pub fn found(&self, order: GalleryOrder) -> Vec<Found> {
        let Some(Ok(listing)) = &self.listing else { return Vec::new() };
        let query = self.query.to_lowercase();
        let fits = |found: &&Found| {
            let name = found.name.to_lowercase();
            query.split_whitespace().all(|word| name.contains(word))
        };
        let mut found: Vec<Found> = listing.models.iter().filter(fits).cloned().collect();
        match order {
            GalleryOrder::Name => found.sort_by_cached_key(|found| natural(&found.name)),
            GalleryOrder::Newest => found.sort_by_key(|found| Reverse(found.modified)),
        }
        found
    }
}

/// A key that puts `run 9` before `run 10`.
fn natural(name: &str) -> Vec<(u128, String)> {
    let mut parts: Vec<(u128, String)> = Vec::new();
    for c in name.to_lowercase().chars() {
        let is_digit = c.is_ascii_digit();
        match parts.last_mut() {
            Some((_, text)) if text.ends_with(|end: char| end.is_ascii_digit() == is_digit) => {
                text.push(c);
            }
            _ => parts.push((0, c.to_string())),
        }
    }
    for (number, text) in &mut parts {
        // Words stand behind numbers.
        *number = text.parse().unwrap_or(u128::MAX);
    }
    parts
}

/// The folder above a file, as a line under its name.
pub fn folder_of(path: &Path) -> String {
    path.parent().map_or_else(String::new, |folder| folder.display().to_string())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    #[test]
    fn models_are_found_by_words_and_come_in_order() {
        let found = |(i, name): (u64, &&str)| Found {
            path: PathBuf::from(name),
            name: (*name).into(),
            modified: Some(SystemTime::UNIX_EPOCH + Duration::from_secs(i)),
        };
        let names = ["runs/net 10", "runs/net 9", "Faces.pth", "faces/old.pt"];
        let models = (0..).zip(&names).map(found).collect();
        let mut gallery = Gallery::new("models".into());
        assert_eq!(gallery.found(GalleryOrder::Name), []);
        gallery.listing = Some(Ok(Arc::new(Listing { models, is_cut: false })));
        let shown = |gallery: &Gallery, order| -> Vec<String> {
            gallery.found(order).into_iter().map(|found| found.name).collect()
        };
        let by_name = shown(&gallery, GalleryOrder::Name);
        assert_eq!(by_name, ["Faces.pth", "faces/old.pt", "runs/net 9", "runs/net 10"]);
        let newest = shown(&gallery, GalleryOrder::Newest);
        assert_eq!(newest, ["faces/old.pt", "Faces.pth", "runs/net 9", "runs/net 10"]);
        gallery.query = "NET 1".into();
        assert_eq!(shown(&gallery, GalleryOrder::Name), ["runs/net 10"]);
        gallery.query = "nowhere".into();
        assert_eq!(gallery.found(GalleryOrder::Name), []);
    }

    #[test]
    fn numbers_count_by_value() {
        for (first, second) in [("2", "10"), ("a2b", "a10"), ("A1", "b0"), ("x", "x1"), ("7", "a")]
        {
            assert!(natural(first) < natural(second), "{first} before {second}");
        }
        // More digits than a number has here.
        let long = "9".repeat(60);
        assert!(natural("1") < natural(&long));
    }
}
