//! Where a training picture lies: in a file of its own, in one half of a file, or in two files.

use std::path::{Path, PathBuf};

use super::folder;
use super::matching;
use super::{DataSource, Direction, Skipped};
use crate::error::{Error, Result};

/// Where a training picture lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// A picture of its own.
    Whole(PathBuf),
    /// A pair: two pictures side by side in one file.
    Halves(PathBuf, Direction),
    /// A pair in two files: what goes in, and what should come out.
    Two(PathBuf, PathBuf),
}

impl Place {
    /// The file; of two that of the input.
    pub fn path(&self) -> &Path {
        match self {
            Self::Whole(path) | Self::Halves(path, _) | Self::Two(path, _) => path,
        }
    }

    /// What `error` says about this picture, the file itself left out.
    pub fn skipped(&self, error: &Error) -> Skipped {
        // Of two files the one that is meant.
        let path = match (self, error) {
            (Self::Two(..), Error::BadPicture { path, .. } | Error::Io { path, .. }) => path,
            _ => self.path(),
        };
        Skipped::new(path.to_owned(), error)
    }
}

/// The pictures of a source that lie in files, in a fixed order.
#[derive(Debug, Default)]
pub(super) struct Places {
    pub places: Vec<Place>,
    /// Files that are left out, and why.
    pub skipped: Vec<Skipped>,
    /// Number of other files.
    pub others: usize,
}

/// Lists the pictures of a folder, or the pairs of one or two. Sources of other kinds have none.
/// `found` is called with the number of pictures so far, and cancels with `false`.
///
/// # Errors
/// [`Error::Io`] if a folder cannot be listed; [`Error::BadData`] if two folders have nothing in
/// common; [`Error::Cancelled`].
pub(super) fn list(source: &DataSource, found: &mut dyn FnMut(usize) -> bool) -> Result<Places> {
    let one = |folder: &Path, found, place: &dyn Fn(PathBuf) -> Place| {
        let listing = folder::list(folder, found)?;
        Ok(Places {
            places: listing.pictures.into_iter().map(place).collect(),
            skipped: listing.skipped,
            others: listing.others,
        })
    };
    match source {
        DataSource::Folder(folder) => one(folder, found, &Place::Whole),
        DataSource::SideBySide { folder, direction } => {
            one(folder, found, &|path| Place::Halves(path, *direction))
        }
        DataSource::TwoFolders { inputs, outputs } => matching::list(inputs, outputs, found),
        DataSource::Demo
        | DataSource::Idx(_)
        | DataSource::DemoSketches
        | DataSource::DemoLabels => Ok(Places::default()),
    }
}
