//! Models and training states on disk: safetensors files whose header says what they are.
//!
//! | file | holds |
//! |---|---|
//! | a model (`*.safetensors`) | the averaged generator under its PyTorch names, and, from a training run, the plain one under `raw.…` |
//! | a training state (`state.safetensors`) | everything an exact resume needs: both networks, the average, both optimisers' moments |
//!
//! Files of others open too, safetensors and PyTorch's own, where they hold a generator that is known
//! (`import`); nothing in them is run.
//!
//! A file is untrusted: its header, every name, shape, type and offset is checked before a tensor is made.

mod archive;
mod builtin;
mod choice;
mod contents;
mod export;
mod import;
mod library;
mod model_file;
mod state_file;

pub use archive::Archive;
pub use builtin::Bundled;
pub use choice::Choice;
pub use contents::Contents;
pub use export::Format;
pub use import::{Container, ElementType, Imported, Module, Nearest, Other, Tensor, Tensors};
pub use library::{
    library_in, library_path, open_library, trim_pictures, user_library, user_pictures,
};
pub use model_file::{ModelFile, ModelInfo, RAW, model_in_memory, save_model};
pub use state_file::{StateFile, save_state};

/// Endings that model files have, of ours and of others; what a file is says its content.
pub const ENDINGS: [&str; 6] = ["safetensors", "pth", "pt", "ckpt", "bin", "tar"];
