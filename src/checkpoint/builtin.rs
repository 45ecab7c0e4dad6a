//! The generators that come with the program.

use serde::{Deserialize, Serialize};

use super::model_file::ModelFile;
use crate::error::Result;
use crate::latent::{Library, ModelKey};

/// `models/faces-64.safetensors`, described in the card beside it.
const FACES_64: &[u8] = include_bytes!("../../models/faces-64.safetensors");

/// `models/sketch2face.safetensors`, likewise.
const SKETCH2FACE: &[u8] = include_bytes!("../../models/sketch2face.safetensors");

/// Named latents for the faces.
const FACES_64_LIBRARY: &str = include_str!("../../models/faces-64.library.json");

/// The latents that come with the program for the model `key`, if there are any.
///
/// # Errors
/// [`crate::Error::BadLibrary`] if the program was built with a file that holds no library.
pub(super) fn library_of(key: &ModelKey) -> Result<Option<Library>> {
    // Most models are somebody's own: those need no parsing.
    if !FACES_64_LIBRARY.contains(&key.hash) {
        return Ok(None);
    }
    Library::from_text("<faces-64>", FACES_64_LIBRARY, key.clone()).map(Some)
}

/// A generator that comes with the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bundled {
    /// Faces from latents, 64×64.
    #[default]
    #[serde(rename = "faces-64")]
    Faces64,
    /// Faces from line drawings, 128×128.
    Sketch2face,
}

impl Bundled {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Faces64 => "faces-64",
            Self::Sketch2face => "sketch2face",
        }
    }

    /// Opens it.
    ///
    /// # Errors
    /// [`crate::Error::BadModel`] if the program was built with a file that does not hold a model.
    pub fn open(self) -> Result<ModelFile> {
        let bytes = match self {
            Self::Faces64 => FACES_64,
            Self::Sketch2face => SKETCH2FACE,
        };
        ModelFile::from_bytes(&format!("<{}>", self.name()), bytes.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::latent::Latent;
    use crate::latent::library::Origin;
    use crate::picture::InputKind;

    /// A generator that was trained anew has another key: its library is then made again, with the
    /// commands in `models/faces-64.md`.
    #[test]
    fn the_named_faces_belong_to_the_built_in_generator() {
        let file = Bundled::Faces64.open().unwrap();
        let key = file.key().unwrap();
        let library = library_of(key).unwrap();
        let library = library.expect("models/faces-64.library.json is for other weights");
        assert_eq!(library.problems(), [""; 0]);
        assert!(
            library.len() >= 8 && library.by_name("G").is_some() && library.by_name("D").is_some()
        );
        for entry in library.entries() {
            let Origin::Seed { seed } = entry.origin else { panic!("{} has no seed", entry.name) };
            let drawn = key.prior.from_seed(key.dims, seed);
            let far =
                drawn.values().iter().zip(entry.latent.values()).any(|(a, b)| (a - b).abs() > 1e-5);
            assert!(!far && !entry.tags.is_empty(), "{}", entry.name);
        }
        let other = ModelKey { hash: "0".repeat(32), ..key.clone() };
        assert!(library_of(&other).unwrap().is_none());
    }

    #[test]
    fn the_built_in_faces_draw() {
        let file = Bundled::Faces64.open().unwrap();
        assert_eq!((file.info().name.as_str(), file.info().spec.size()), ("faces-64", (64, 64)));
        let generator = file.generator(&Device::Cpu).unwrap();
        let z = Latent::zero(file.info().spec.z_dim);
        assert_eq!(generator.draw(&[z], &Device::Cpu).unwrap().dims(), [1, 3, 64, 64]);
    }

    #[test]
    fn every_built_in_model_is_what_it_is_called() {
        for bundled in [Bundled::Faces64, Bundled::Sketch2face] {
            let file = bundled.open().unwrap();
            assert_eq!(file.info().name, bundled.name());
            let text = serde_json::to_string(&bundled).unwrap();
            assert_eq!(text, format!("\"{}\"", bundled.name()));
        }
        let sketches = Bundled::Sketch2face.open().unwrap();
        assert_eq!(sketches.info().input, Some(InputKind::Drawing));
        assert_eq!((sketches.info().spec.inputs(), sketches.info().spec.size()), (3, (128, 128)));
    }
}
