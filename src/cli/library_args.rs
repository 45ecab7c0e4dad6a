//! The options by which a command is told its library of named latents.

use std::path::PathBuf;

use clap::Args;

use super::console;
use crate::checkpoint::{self, ModelFile};
use crate::error::{Error, Result};
use crate::latent::expr::Scope;
use crate::latent::library::Library;

/// Which library.
#[derive(Debug, Args)]
pub struct LibraryArgs {
    /// A library of named latents; without one, the model's own in your data folder
    #[arg(long, value_name = "FILE")]
    library: Option<PathBuf>,
}

impl LibraryArgs {
    /// Opens the library for use with `model`, and says on standard error what is wrong in it.
    ///
    /// # Errors
    /// [`Error::Io`] if a file was named and is not there, else as [`checkpoint::open_library`].
    pub fn open(&self, model: &ModelFile) -> Result<Library> {
        if let Some(path) = &self.library {
            std::fs::metadata(path).map_err(Error::io("read", path))?;
        }
        self.open_or_new(model)
    }

    /// As [`LibraryArgs::open`]; a file that is not there yet is an empty library.
    ///
    /// # Errors
    /// As [`checkpoint::open_library`].
    pub fn open_or_new(&self, model: &ModelFile) -> Result<Library> {
        let library = match &self.library {
            Some(path) => Library::open(path, model.key()?.clone())?,
            None => checkpoint::user_library(model)?,
        };
        for problem in library.problems() {
            console::note(&format!("note: {problem}"));
        }
        Ok(library)
    }
}

/// What formulas are computed with.
pub fn scope<'a>(model: &ModelFile, library: &'a Library) -> Scope<'a> {
    let spec = &model.info().spec;
    Scope { dims: spec.z_dim, prior: spec.prior, names: library }
}
