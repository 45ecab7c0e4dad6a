//! Where the library of a model lies, and what a fresh one holds.

use std::path::{Path, PathBuf};

use super::ModelFile;
use super::builtin;
use crate::disk;
use crate::error::Result;
use crate::latent::{Library, ModelKey};
use crate::picture::PictureCache;

/// Folder of the small pictures in the user's cache.
const PICTURES: &str = "pictures";
/// What all of them may take on disk: some 10,000 faces.
const MOST_PICTURE_BYTES: u64 = 256 << 20;

/// The user's library of `model`: in the user's data folder, named after the model and its weights.
/// Kept in memory only where the system has no such folder.
///
/// # Errors
/// As [`open_library`].
pub fn user_library(model: &ModelFile) -> Result<Library> {
    library_in(disk::data_folder().as_deref(), model)
}

/// The library of `model` below the folder `data`; without one, kept in memory.
///
/// # Errors
/// As [`open_library`].
pub fn library_in(data: Option<&Path>, model: &ModelFile) -> Result<Library> {
    let key = model.key()?;
    match data {
        Some(folder) => open_library(&library_path(folder, key), model),
        None => with_bundled(Library::in_memory(key.clone())),
    }
}

/// The library at `path` for use with `model`. Latents that come with the program are in it unless
/// somebody has deleted them.
///
/// # Errors
/// [`crate::Error::Io`] if it cannot be read; [`crate::Error::BadLibrary`] if something else lies
/// there, or the file is of a later version.
pub fn open_library(path: &Path, model: &ModelFile) -> Result<Library> {
    with_bundled(Library::open(path, model.key()?.clone())?)
}

/// The library of the model `key` below the folder `data`.
pub fn library_path(data: &Path, key: &ModelKey) -> PathBuf {
    let plain = |c: char| if c.is_alphanumeric() || matches!(c, '-' | '_') { c } else { '-' };
    let name: String = key.name.chars().take(40).map(plain).collect();
    // Two models of one name differ in their weights.
    let digits: String = key.hash.chars().take(12).collect();
    data.join("libraries").join(format!("{name}-{digits}.json"))
}

/// Where small pictures drawn by `model` are kept, if this system has a place for them.
/// [`crate::latent::Latent::fingerprint`] names them.
pub fn user_pictures(model: &ModelFile) -> Option<PictureCache> {
    let mut name = model.key().ok()?.hash.clone();
    // What the weights of others compute is a matter of choice.
    if model.info().imported.is_some() {
        let network = serde_json::to_vec(&model.info().spec.network).ok()?;
        name.push('-');
        name.extend(blake3::hash(&network).to_hex().chars().take(16));
    }
    Some(PictureCache::new(disk::cache_folder()?.join(PICTURES).join(name)))
}

/// Forgets the oldest small pictures, of whichever models, where there are too many. Returns how many
/// went.
pub fn trim_pictures() -> usize {
    disk::cache_folder()
        .map_or(0, |folder| PictureCache::trim(&folder.join(PICTURES), MOST_PICTURE_BYTES))
}

fn with_bundled(mut library: Library) -> Result<Library> {
    if let Some(bundled) = builtin::library_of(library.key())? {
        library.offer(&bundled);
    }
    Ok(library)
}
