//! Files that latents are written to. The path's ending decides.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::latent::{self, Latent};

/// Where latents go.
pub enum LatentFile {
    /// A list of lists.
    Json(PathBuf),
    /// A float32 array `[N, z]`.
    Npy(PathBuf),
}

impl LatentFile {
    /// Understands a path by its ending; `setting` is where it comes from, and `endings` are those
    /// that it may have there.
    ///
    /// # Errors
    /// [`Error::BadSetting`] for another ending.
    pub fn parse(setting: &str, path: &Path, endings: &str) -> Result<Self> {
        let path = path.to_owned();
        match path.extension().map(|e| e.to_ascii_lowercase()) {
            Some(extension) if extension == "json" => Ok(Self::Json(path)),
            Some(extension) if extension == "npy" => Ok(Self::Npy(path)),
            _ => Err(Error::bad_setting(
                setting,
                format!("{} must end in {endings}", path.display()),
            )),
        }
    }

    /// The path.
    pub fn path(&self) -> &Path {
        let (Self::Json(path) | Self::Npy(path)) = self;
        path
    }

    /// Writes `latents`, all or nothing.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be written.
    pub fn write(&self, latents: &[Latent]) -> Result<()> {
        match self {
            Self::Json(path) => latent::write_json(path, latents),
            Self::Npy(path) => latent::write_npy(path, latents),
        }
    }
}
