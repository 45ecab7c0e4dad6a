//! What somebody said about an imported model because its file could not, kept beside the file.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::disk;
use crate::error::{Error, Result};
use crate::latent::Prior;

/// A larger file is not ours.
const MAX_BYTES: u64 = 1 << 16;

/// What was chosen for one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Choice {
    /// How latents are drawn.
    pub prior: Option<Prior>,
}

impl Choice {
    /// What was chosen for the file at `model`; nothing if that was never kept, or cannot be read.
    pub fn read(model: &Path) -> Self {
        let bytes = disk::read_limited(&path(model), MAX_BYTES);
        bytes.ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }

    /// Keeps it for the next time that `model` is opened.
    ///
    /// # Errors
    /// [`Error::Io`] if the file beside it cannot be written.
    pub fn save(&self, model: &Path) -> Result<()> {
        let text = serde_json::to_string(self)
            .map_err(|error| Error::bad_setting("choice", error.to_string()))?;
        disk::write_atomic(&path(model), text.as_bytes())
    }
}

/// `netG.pth` has `netG.pth.latentscape.json`.
fn path(model: &Path) -> PathBuf {
    let mut name = model.file_name().unwrap_or_default().to_owned();
    name.push(".latentscape.json");
    model.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_lies_beside_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let model = folder.path().join("netG.pth");
        assert_eq!(Choice::read(&model), Choice::default());
        let choice = Choice { prior: Some(Prior::Uniform) };
        choice.save(&model).unwrap();
        assert_eq!(Choice::read(&model), choice);
        assert!(folder.path().join("netG.pth.latentscape.json").exists());
        std::fs::write(folder.path().join("netG.pth.latentscape.json"), "{{").unwrap();
        assert_eq!(Choice::read(&model), Choice::default());
    }
}
