//! The generator that comes with the program.

use crate::checkpoint::ModelFile;
use crate::error::Result;

/// Trained on drawn faces; see its card beside it.
const FACES_64: &[u8] = include_bytes!("../../models/faces-64.safetensors");

/// Opens it.
///
/// # Errors
/// As [`ModelFile::from_bytes`]; a test makes sure that there are none.
pub fn open() -> Result<ModelFile> {
    ModelFile::from_bytes("<faces-64>", FACES_64.to_vec())
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::latent::Prior;

    #[test]
    fn the_bundled_model_draws() {
        let file = open().unwrap();
        let spec = &file.info().spec;
        assert_eq!((spec.size(), spec.channels()), ((64, 64), 3));
        let generator = file.generator(&Device::Cpu).unwrap();
        let batch =
            generator.draw(&[Prior::Normal.from_seed(spec.z_dim, 1)], &Device::Cpu).unwrap();
        assert_eq!(batch.dims(), [1, 3, 64, 64]);
    }
}
