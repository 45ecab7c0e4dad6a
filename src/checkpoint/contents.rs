//! What kind of safetensors file a path leads to.

use std::path::Path;

use super::archive::Archive;
use super::model_file::ModelFile;
use super::{model_file, state_file};
use crate::error::Result;

/// An opened file, by what its description says it is.
#[derive(Debug)]
pub enum Contents {
    /// A generator of ours.
    Model(Box<ModelFile>),
    /// The training state of a run.
    State(Archive),
    /// Somebody else's tensors.
    Other(Archive),
}

impl Contents {
    /// Opens the file at `path`.
    ///
    /// # Errors
    /// [`crate::Error::Io`] if it cannot be read; [`crate::Error::BadModel`] if it is not a sound
    /// safetensors file, or says it is a model and does not hold one.
    pub fn open(path: &Path) -> Result<Self> {
        let archive = Archive::open(path)?;
        if archive.has_metadata(model_file::KEY) {
            return Ok(Self::Model(Box::new(ModelFile::from_archive(archive)?)));
        }
        Ok(match archive.has_metadata(state_file::KEY) {
            true => Self::State(archive),
            false => Self::Other(archive),
        })
    }

    /// The file itself: names, shapes, size.
    pub fn archive(&self) -> &Archive {
        match self {
            Self::Model(model) => model.archive(),
            Self::State(archive) | Self::Other(archive) => archive,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashMap};

    use candle_core::{DType, Device, Tensor};

    use super::*;
    use crate::checkpoint::save_state;

    #[test]
    fn each_kind_is_known_by_its_description() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file.safetensors");
        let weight = Tensor::zeros((2, 3), DType::F32, &Device::Cpu).unwrap();
        save_state(&path, &7, &[("generator", &BTreeMap::from([("w".into(), weight)]))]).unwrap();
        assert!(matches!(Contents::open(&path).unwrap(), Contents::State(_)));
        let data = safetensors::tensor::TensorView::new(safetensors::Dtype::U8, vec![2], &[1, 2]);
        let foreign = safetensors::serialize([("w", data.unwrap())], None).unwrap();
        std::fs::write(&path, foreign).unwrap();
        assert!(matches!(Contents::open(&path).unwrap(), Contents::Other(_)));
        // A description that nothing stands behind is an error, not somebody else's file.
        let liar = HashMap::from([(model_file::KEY.to_owned(), "{}".to_owned())]);
        let none: [(&str, safetensors::tensor::TensorView); 0] = [];
        std::fs::write(&path, safetensors::serialize(none, Some(liar)).unwrap()).unwrap();
        assert!(Contents::open(&path).is_err());
    }
}
