//! Generators for other programs: safetensors and PyTorch state dicts under the names of each network's
//! public implementation, and ONNX; and the lines of Python that load each.

mod onnx;
mod protobuf;
mod snippet;
mod torch;

use std::path::Path;

use super::model_file::{ModelFile, save_model};
use crate::error::{Error, Result};

/// A kind of file that a generator can be written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A model of ours, which PyTorch's `load_state_dict` takes too.
    Safetensors,
    /// What `torch.save` makes of a state dict: a zip archive.
    Torch,
    /// ONNX, opset 17.
    Onnx,
}

impl Format {
    /// The kind of file that the ending of `path` stands for.
    ///
    /// # Errors
    /// [`Error::BadSetting`] if it stands for none.
    pub fn of(path: &Path) -> Result<Self> {
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
        match ending.as_deref() {
            Some("safetensors") => Ok(Self::Safetensors),
            Some("pth" | "pt" | "bin" | "ckpt") => Ok(Self::Torch),
            Some("onnx") => Ok(Self::Onnx),
            _ => Err(Error::bad_setting(
                "OUT",
                format!("{} must end in .safetensors, .pth or .onnx", path.display()),
            )),
        }
    }

    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Safetensors => "safetensors",
            Self::Torch => "a PyTorch state dict",
            Self::Onnx => "ONNX",
        }
    }

    /// Writes the averaged generator of `model` to `path`, all or nothing.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be written; [`Error::BadModel`] if the model is damaged.
    pub fn write(self, model: &ModelFile, path: &Path) -> Result<()> {
        match self {
            Self::Safetensors => save_model(path, model.info(), &model.weights()?, None),
            Self::Torch => torch::write(model, path),
            Self::Onnx => onnx::write(model, path),
        }
    }

    /// Python that draws with what [`Format::write`] wrote to `path`.
    ///
    /// # Errors
    /// As [`crate::model::ModelSpec::validate`].
    pub fn snippet(self, model: &ModelFile, path: &Path) -> Result<String> {
        snippet::python(self, &model.info().spec, path)
    }
}
