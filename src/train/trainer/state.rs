//! What is kept on disk: everything that a resume needs, and the model.

use std::path::Path;

use candle_core::Device;
use serde::{Deserialize, Serialize};

use super::{Learner, Trainer};
use crate::checkpoint::{ModelFile, ModelInfo, StateFile, model_in_memory, save_model, save_state};
use crate::error::{Error, Result};
use crate::model::{Builder, Discriminator, Generator, ModelSpec};
use crate::train::adam::Adam;
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
        let generator_shapes = spec.generator_shapes()?;
        let tensors = file.group("generator", &generator_shapes, device)?;
        let builder = Builder::given(&tensors, device);
        let generator = Learner::build(
            builder,
            |b| Generator::build(&spec, b),
            |params| {
                let moments = file.group("generator_moments", &Adam::shapes(params), device)?;
                Ok(Adam::with_moments(config.generator, moments))
            },
        )?;

        let tensors = file.group("discriminator", &spec.discriminator_shapes()?, device)?;
        let builder = Builder::given(&tensors, device);
        let discriminator = Learner::build(
            builder,
            |b| Discriminator::build(&spec, b),
            |params| {
                let moments = file.group("discriminator_moments", &Adam::shapes(params), device)?;
                Ok(Adam::with_moments(config.discriminator, moments))
            },
        )?;

        let average = file.group("average", &generator_shapes, device)?;
        let average = Average::new(&spec, &average, device)?;
        Ok(Self {
            schedule: config.schedule(),
            device: device.clone(),
            spec,
            wants: config.objective.loss.wants(),
            generator,
            discriminator,
            average,
            adaptation: about.adaptation.unwrap_or_else(|| Adaptation::new(&config.augment)),
            step: about.step,
            adam_since: about.adam_since,
            setbacks: about.setbacks,
            config,
        })
    }

    /// Goes back to the state at `path`, or to the start if there is none, with half the learning
    /// rates from there on.
    ///
    /// # Errors
    /// As [`Trainer::resume`].
    pub fn go_back(&mut self, path: Option<&Path>) -> Result<()> {
        let (config, setbacks) = (self.config.clone(), self.setbacks + 1);
        *self = match path {
            Some(path) => Self::resume(config, path, &self.device)?,
            None => Self::new(config, &self.device)?,
        };
        self.setbacks = setbacks;
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
