//! What is kept on disk: everything that a resume needs, and the model.

use std::path::Path;

use candle_core::Device;
use serde::{Deserialize, Serialize};

use super::{Build, Learner, Trainer};
use crate::checkpoint::{ModelFile, ModelInfo, StateFile, model_in_memory, save_model, save_state};
use crate::error::{Error, Result};
use crate::model::{Builder, Discriminator, Generator, ModelSpec};
use crate::train::adam::{Adam, AdamSettings};
use crate::train::augment::Adaptation;
use crate::train::average::Average;
use crate::train::config::TrainConfig;

/// What is kept beside the tensors of a training state.
#[derive(Debug, Serialize, Deserialize)]
struct AboutState {
    spec: ModelSpec,
    step: u64,
    /// Steps that had been done when the optimisers were new.
    #[serde(default, skip_serializing_if = "is_zero")]
    adam_since: u64,
    #[serde(default, skip_serializing_if = "no_setbacks")]
    setbacks: u32,
    /// How often pictures are changed, where that adapts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    adaptation: Option<Adaptation>,
}

fn is_zero(steps: &u64) -> bool {
    *steps == 0
}

fn no_setbacks(count: &u32) -> bool {
    *count == 0
}

impl<N> Learner<N> {
    /// The network of `spec` and its optimiser, as `file` holds them under `name`.
    fn read(
        file: &StateFile,
        name: &str,
        spec: &ModelSpec,
        build: Build<N>,
        adam: AdamSettings,
        device: &Device,
    ) -> Result<Self> {
        let shapes = Builder::shapes(|builder| build(spec, builder))?;
        let tensors = file.group(name, &shapes, device)?;
        let mut builder = Builder::given(&tensors, device);
        let network = build(spec, &mut builder)?;
        let params = builder.finish();
        let moments = file.group(&format!("{name}_moments"), &Adam::shapes(&params), device)?;
        Ok(Self { network, params, adam: Adam::with_moments(adam, moments) })
    }
}

impl Trainer {
    /// Goes on from the state that [`Trainer::save_state`] wrote at `path`.
    ///
    /// # Errors
    /// [`Error::BadModel`] if the file is damaged, [`Error::BadRun`] if it belongs to other networks.
    pub fn resume(config: TrainConfig, path: &Path, device: &Device) -> Result<Self> {
        config.validate()?;
        let file = StateFile::open(path)?;
        let about: AboutState = file.about()?;
        let spec = about.spec;
        if !could_become(&config, &spec) {
            return Err(Error::bad_run(
                path,
                format!(
                    "its state is of a {}, and the run's config says {}",
                    spec.summary(),
                    config.spec.summary()
                ),
            ));
        }
        let shapes = spec.generator_shapes()?;
        let (build, adam) = (Generator::build, config.generator);
        let generator = Learner::read(&file, "generator", &spec, build, adam, device)?;
        let (build, adam) = (Discriminator::build, config.discriminator);
        let discriminator = Learner::read(&file, "discriminator", &spec, build, adam, device)?;
        let average = Average::new(&spec, &file.group("average", &shapes, device)?, device)?;
        let mut trainer =
            Self::before_the_first_step(config, spec, generator, discriminator, average, device);
        if let Some(adaptation) = about.adaptation {
            trainer.adaptation = adaptation;
        }
        trainer.step = about.step;
        trainer.adam_since = about.adam_since;
        trainer.setbacks = about.setbacks;
        Ok(trainer)
    }

    /// Goes back to the state at `path`, or to the start if there is none, with half the learning
    /// rates from there on.
    ///
    /// # Errors
    /// As [`Trainer::resume`].
    pub fn go_back(&mut self, path: Option<&Path>) -> Result<()> {
        let (config, setbacks) = (self.config.clone(), self.setbacks + 1);
        let input = self.input.take();
        *self = match path {
            Some(path) => Self::resume(config, path, &self.device)?,
            None => Self::new(config, &self.device)?,
        };
        (self.setbacks, self.input) = (setbacks, input);
        Ok(())
    }

    /// Writes everything that [`Trainer::resume`] needs.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be written; an older one is then untouched.
    pub fn save_state(&self, path: &Path) -> Result<()> {
        let adapts = self.config.augment.ada_kimg > 0.0;
        let about = AboutState {
            spec: self.spec.clone(),
            step: self.step,
            adam_since: self.adam_since,
            setbacks: self.setbacks,
            adaptation: adapts.then_some(self.adaptation),
        };
        save_state(
            path,
            &about,
            &[
                ("generator", &self.generator.params.tensors()),
                ("discriminator", &self.discriminator.params.tensors()),
                ("average", &self.average.params().tensors()),
                ("generator_moments", self.generator.adam.moments()),
                ("discriminator_moments", self.discriminator.adam.moments()),
            ],
        )
    }

    /// Writes the generator, averaged and as trained, as a model called `name`.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be written; an older one is then untouched.
    pub fn save_model(&self, path: &Path, name: &str) -> Result<()> {
        let average = self.average.params().tensors();
        save_model(path, &self.info(name), &average, Some(&self.generator.params.tensors()))
    }

    /// Writes the averaged generator alone.
    ///
    /// # Errors
    /// As [`Trainer::save_model`].
    pub fn save_average(&self, path: &Path, name: &str) -> Result<()> {
        save_model(path, &self.info(name), &self.average.params().tensors(), None)
    }

    /// The averaged generator as a model in memory.
    ///
    /// # Errors
    /// [`Error::Tensor`] if the device fails.
    pub fn model(&self, name: &str) -> Result<ModelFile> {
        model_in_memory(&self.info(name), &self.average.params().tensors())
    }

    fn info(&self, name: &str) -> ModelInfo {
        ModelInfo {
            spec: self.average.generator().spec().clone(),
            name: name.to_owned(),
            data: self.config.data.name(),
            steps: self.step,
            kimg: self.images() as f64 / 1000.0,
            input: self.input.clone(),
            program: env!("CARGO_PKG_VERSION").to_owned(),
            imported: None,
        }
    }
}

/// Whether the networks of `config` are, or grow into, those of `spec`.
fn could_become(config: &TrainConfig, spec: &ModelSpec) -> bool {
    let most = config.growth.as_ref().map_or(0, |growth| growth.until);
    let mut grown = config.spec.clone();
    while grown.size().0 < spec.size().0.min(most) {
        match grown.grown(false) {
            Ok(larger) => grown = larger,
            Err(_) => return false,
        }
    }
    grown == spec.without_fade()
}
