//! The options by which a command is told its generator and its latents.

use std::path::{Path, PathBuf};

use clap::Args;

use super::console;
use crate::checkpoint::{Bundled, ModelFile};
use crate::device::{DeviceChoice, OpenDevice};
use crate::error::{Error, Result};
use crate::latent::{self, Latent};
use crate::model::{Generator, ModelSpec};
use crate::train::RunFolder;

/// Which generator, and where it is computed.
#[derive(Debug, Args)]
pub struct ModelArgs {
    #[command(flatten)]
    model: ModelFileArgs,
    #[command(flatten)]
    device: DeviceArgs,
}

/// Which generator, where nothing is computed.
#[derive(Debug, Args)]
pub struct ModelFileArgs {
    /// A model file, or a run's folder; without one, the built-in faces
    #[arg(long, short, value_name = "FILE")]
    model: Option<PathBuf>,
}

/// Which generator from pictures to pictures, and where it is computed.
#[derive(Debug, Args)]
pub struct TranslatorArgs {
    /// A model file, or a run's folder; without one, the built-in sketch2face
    #[arg(long, short, value_name = "FILE")]
    model: Option<PathBuf>,
    #[command(flatten)]
    device: DeviceArgs,
}

impl TranslatorArgs {
    /// Reads the model and puts it on its device.
    ///
    /// # Errors
    /// [`Error::WrongModel`] if it takes no pictures, else as [`ModelFile::open`].
    pub fn open(&self) -> Result<OpenModel> {
        self.device.open_model(|| {
            let file = read_or(self.model.as_deref(), Bundled::Sketch2face)?;
            file.info().spec.expect_pictures()?;
            Ok(file)
        })
    }
}

/// Where to compute.
#[derive(Debug, Args)]
pub struct DeviceArgs {
    /// Where to compute: auto, cpu, cuda:N or metal
    #[arg(long, default_value = "auto", value_name = "DEVICE")]
    device: DeviceChoice,
}

/// A generator that is ready to draw.
#[derive(Debug)]
pub struct OpenModel {
    pub file: ModelFile,
    pub generator: Generator,
    pub device: OpenDevice,
}

impl DeviceArgs {
    /// Opens the device, and says so where `auto` had to fall back.
    pub fn open(&self) -> Result<OpenDevice> {
        let device = self.device.open()?;
        if let Some(note) = &device.note {
            console::note(&format!("note: {note}"));
        }
        Ok(device)
    }

    /// Reads a model and puts it on the device.
    fn open_model(&self, file: impl FnOnce() -> Result<ModelFile>) -> Result<OpenModel> {
        // The device first: it is quicker to say that there is none.
        let device = self.open()?;
        let file = file()?;
        let generator = file.generator(&device.device)?;
        Ok(OpenModel { file, generator, device })
    }
}

impl ModelArgs {
    /// The device as it was asked for.
    pub fn device(&self) -> DeviceChoice {
        self.device.device
    }

    /// Reads the model's file, for something that is done with latents.
    pub fn file(&self) -> Result<ModelFile> {
        self.model.file()
    }

    /// Reads the model and puts it on its device, for something that is done with latents.
    pub fn open(&self) -> Result<OpenModel> {
        self.device.open_model(|| self.model.file())
    }

    /// Reads a model of either kind and puts it on its device.
    pub fn open_either(&self) -> Result<OpenModel> {
        self.device.open_model(|| self.model.either())
    }

    /// Whether a model was named.
    pub fn is_given(&self) -> bool {
        self.model.model.is_some()
    }

    /// Puts a model that was read already on its device.
    pub fn open_file(&self, file: ModelFile) -> Result<OpenModel> {
        self.device.open_model(|| Ok(file))
    }
}

impl ModelFileArgs {
    /// Reads the model's file, for something that is done with latents.
    ///
    /// # Errors
    /// [`Error::WrongModel`] if it has none, else as [`ModelFile::open`].
    pub fn file(&self) -> Result<ModelFile> {
        let file = self.either()?;
        file.info().spec.expect_latents()?;
        Ok(file)
    }

    /// Reads the file of a model of either kind.
    fn either(&self) -> Result<ModelFile> {
        read_or(self.model.as_deref(), Bundled::Faces64)
    }
}

/// The model that was named, else a built-in one.
fn read_or(model: Option<&Path>, bundled: Bundled) -> Result<ModelFile> {
    match model {
        Some(path) => ModelFile::open(&file_of(path)),
        None => bundled.open(),
    }
}

/// The model file that `path` means: a run's folder stands for its newest model.
pub fn file_of(path: &Path) -> PathBuf {
    if path.is_dir() { RunFolder::new(path).model_path() } else { path.to_owned() }
}

/// Which latents.
#[derive(Debug, Args)]
pub struct LatentArgs {
    /// Take the latents of a .json or .npy file instead of drawing them
    #[arg(long, value_name = "FILE", conflicts_with = "seed")]
    latents: Option<PathBuf>,
    /// The first picture's seed; the ones after it have the seeds that follow
    #[arg(long, default_value_t = 0, value_name = "N")]
    seed: u64,
    /// Shrink the latents towards 0: below 1, pictures are more typical and less varied
    #[arg(long, default_value_t = 1.0, value_name = "PSI")]
    truncation: f32,
}

impl LatentArgs {
    /// Whether they come from a file, which then says how many there are.
    pub fn are_in_a_file(&self) -> bool {
        self.latents.is_some()
    }

    /// The latents for a generator of `spec`: all of the file, or `count` from the seeds.
    ///
    /// # Errors
    /// [`Error::BadSetting`] for a truncation out of range; [`Error::BadLatent`] and [`Error::Io`]
    /// for a file that does not hold latents of this generator.
    pub fn latents(&self, spec: &ModelSpec, count: usize) -> Result<Vec<Latent>> {
        let latents = match &self.latents {
            Some(path) => read(path, spec)?,
            None => (0..count as u64)
                .map(|i| spec.prior.from_seed(spec.z_dim, self.seed.wrapping_add(i)))
                .collect(),
        };
        self.truncated(latents)
    }

    /// `latents` after the truncation that was asked for.
    ///
    /// # Errors
    /// [`Error::BadSetting`] for a truncation out of range.
    pub fn truncated(&self, latents: Vec<Latent>) -> Result<Vec<Latent>> {
        if !(0.0..=10.0).contains(&self.truncation) {
            return Err(Error::bad_setting(
                "--truncation",
                format!("must lie between 0 and 10, and {} was given", self.truncation),
            ));
        }
        if self.truncation == 1.0 {
            return Ok(latents);
        }
        Ok(latents.iter().map(|latent| latent.truncated(self.truncation)).collect())
    }
}

fn read(path: &Path, spec: &ModelSpec) -> Result<Vec<Latent>> {
    let latents = latent::read(path)?;
    for (row, latent) in latents.iter().enumerate() {
        latent.expect_dims(spec.z_dim).map_err(|error| match error {
            Error::BadLatent(why) => {
                Error::BadLatent(format!("{}, latent {row}: {why}", path.display()))
            }
            other => other,
        })?;
    }
    Ok(latents)
}
