//! The training state: what an exact resume needs, in one file, so that no two parts can disagree.

use std::collections::BTreeMap;
use std::path::Path;

use candle_core::{Device, Tensor};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::archive::{Archive, ArchiveWriter};
use crate::error::Result;
use crate::model::Shape;

/// Key of the description in the file's header.
pub(super) const KEY: &str = "latentscape.state";

/// An opened training state.
#[derive(Debug)]
pub struct StateFile {
    archive: Archive,
}

impl StateFile {
    /// Opens the state at `path`.
    ///
    /// # Errors
    /// [`crate::Error::Io`] if it cannot be read, [`crate::Error::BadModel`] if it is damaged.
    pub fn open(path: &Path) -> Result<Self> {
        Ok(Self { archive: Archive::open(path)? })
    }

    /// What was kept beside the tensors.
    ///
    /// # Errors
    /// [`crate::Error::BadModel`] if it is missing or of another kind.
    pub fn about<T: DeserializeOwned>(&self) -> Result<T> {
        self.archive.metadata(KEY)?.ok_or_else(|| self.archive.bad("it is no training state"))
    }

    /// The tensors of `group`, which must be just `expected`.
    ///
    /// # Errors
    /// [`crate::Error::BadModel`] naming what is missing or has another shape.
    pub fn group(
        &self,
        group: &str,
        expected: &[Shape],
        device: &Device,
    ) -> Result<BTreeMap<String, Tensor>> {
        self.archive.tensors(&format!("{group}."), expected, device)
    }
}

/// Writes a state: `groups` of tensors, and `about` as JSON.
///
/// # Errors
/// [`crate::Error::Io`] if the file cannot be written; an older state is then untouched.
pub fn save_state<T: Serialize>(
    path: &Path,
    about: &T,
    groups: &[(&str, &BTreeMap<String, Tensor>)],
) -> Result<()> {
    let mut writer = ArchiveWriter::new();
    for (group, tensors) in groups {
        writer.add(&format!("{group}."), tensors)?;
    }
    writer.write(path, KEY, about)
}
