//! What kind of file a path leads to.

use std::path::Path;
use std::sync::Arc;

use super::archive::Archive;
use super::choice::Choice;
use super::import::{self, Container, Other, Tensors};
use super::model_file::ModelFile;
use super::{model_file, state_file};
use crate::error::Result;

/// An opened file, by what its description says it is.
pub enum Contents {
    /// A generator: of ours, or of a kind that is known.
    Model(Box<ModelFile>),
    /// The training state of a run.
    State(Archive),
    /// Somebody else's tensors.
    Other(Box<Other>),
}

impl Contents {
    /// Opens the file at `path`, with what was chosen for it ([`Choice`]).
    ///
    /// # Errors
    /// [`crate::Error::Io`] if it cannot be read; [`crate::Error::BadModel`] if it is neither a sound
    /// safetensors file nor a PyTorch checkpoint, or says it is a model of ours and does not hold one.
    pub fn open(path: &Path) -> Result<Self> {
        let mut contents = Self::of(Tensors::open(path)?, || Archive::open(path))?;
        if let Self::Model(model) = &mut contents
            && model.info().imported.is_some()
            && let Some(chosen) = Choice::read(path)
        {
            // A choice that does not fit any more, of another file of this name, is none.
            let _ = model.choose(chosen);
        }
        Ok(contents)
    }

    /// As [`Contents::open`], for a file's content; `name` is only for messages.
    ///
    /// # Errors
    /// As there.
    pub fn from_bytes(name: &str, bytes: Vec<u8>) -> Result<Self> {
        let bytes = Arc::new(bytes);
        let tensors = Tensors::shared(name, &bytes)?;
        Self::of(tensors, || Archive::from_bytes(Path::new(name), Arc::unwrap_or_clone(bytes)))
    }

    fn of(tensors: Option<Tensors>, archive: impl FnOnce() -> Result<Archive>) -> Result<Self> {
        let Some(mut tensors) = tensors else {
            // What it is instead.
            return archive().and_then(ModelFile::from_archive).map(Self::model);
        };
        if tensors.container == Container::Safetensors {
            let has = |key| tensors.metadata.contains_key(key);
            let (is_model, is_state) = (has(model_file::KEY), has(state_file::KEY));
            if is_model || is_state {
                // The bytes are then the archive's alone.
                drop(tensors);
                let archive = archive()?;
                return match is_model {
                    true => ModelFile::from_archive(archive).map(Self::model),
                    false => Ok(Self::State(archive)),
                };
            }
        }
        match import::find::generator(&tensors) {
            Ok(part) => ModelFile::import(&mut tensors, part).map(Self::model),
            Err(nearest) => Ok(Self::Other(Box::new(Other { tensors, nearest }))),
        }
    }

    fn model(file: ModelFile) -> Self {
        Self::Model(Box::new(file))
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
