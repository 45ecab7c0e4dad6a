//! One alternating step, and the state that goes from step to step.

use std::path::Path;

use candle_core::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::adam::Adam;
use super::average::Average;
use super::config::TrainConfig;
use super::events::StepReport;
use super::objective::{bce_with_logits, with_slopes};
use crate::checkpoint::{ModelFile, ModelInfo, StateFile, model_in_memory, save_model, save_state};
use crate::error::{Error, Result};
use crate::model::{Builder, Discriminator, Generator, Gradients, Mode, ModelSpec, Params};
use crate::ops::update;
use crate::random::{Purpose, stream};

/// What is kept beside the tensors of a training state.
#[derive(Debug, Serialize, Deserialize)]
struct AboutState {
    spec: ModelSpec,
    step: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    setbacks: u32,
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// Both networks, the average, both optimisers.
#[derive(Debug)]
pub struct Trainer {
    config: TrainConfig,
    device: Device,
    generator: Generator,
    generator_params: Params,
    generator_adam: Adam,
    discriminator: Discriminator,
    discriminator_params: Params,
    discriminator_adam: Adam,
    average: Average,
    step: u64,
    /// How often it went back to an earlier state; each time halves the learning rates.
    setbacks: u32,
}

impl Trainer {
    /// New networks with weights drawn from the seed.
    ///
    /// # Errors
    /// [`Error::BadSetting`] for a bad config, [`Error::Tensor`] if the device is out of memory.
    pub fn new(config: TrainConfig, device: &Device) -> Result<Self> {
        config.validate()?;
        let mut rng = stream(config.seed, Purpose::Weights, 0);
        let mut builder = Builder::random(&mut rng, device);
        let generator = Generator::build(&config.spec, &mut builder)?;
        let generator_params = builder.finish();
        let mut rng = stream(config.seed, Purpose::Weights, 1);
        let mut builder = Builder::random(&mut rng, device);
        let discriminator = Discriminator::build(&config.spec, &mut builder)?;
        let discriminator_params = builder.finish();
        let generator_adam = Adam::new(config.generator, &generator_params, device)?;
        let discriminator_adam = Adam::new(config.discriminator, &discriminator_params, device)?;
        let average = Average::new(&config.spec, &generator_params.snapshot()?, device)?;
        Ok(Self {
            config,
            device: device.clone(),
            generator,
            generator_params,
            generator_adam,
            discriminator,
            discriminator_params,
            discriminator_adam,
            average,
            step: 0,
            setbacks: 0,
        })
    }

    /// Goes on from the state that [`Trainer::save_state`] wrote at `path`.
    ///
    /// # Errors
    /// [`Error::BadModel`] if the file is damaged, [`Error::BadRun`] if it belongs to other networks.
    pub fn resume(config: TrainConfig, path: &Path, device: &Device) -> Result<Self> {
        config.validate()?;
        let file = StateFile::open(path)?;
        let about: AboutState = file.about()?;
        if about.spec != config.spec {
            return Err(Error::bad_run(
                path,
                format!(
                    "its state is of a {}, and the run's config says {}",
                    about.spec.summary(),
                    config.spec.summary()
                ),
            ));
        }
        let generator_shapes = config.spec.generator_shapes()?;
        let tensors = file.group("generator", &generator_shapes, device)?;
        let mut builder = Builder::given(&tensors, device);
        let generator = Generator::build(&config.spec, &mut builder)?;
        let generator_params = builder.finish();

        let discriminator_shapes = config.spec.discriminator_shapes()?;
        let tensors = file.group("discriminator", &discriminator_shapes, device)?;
        let mut builder = Builder::given(&tensors, device);
        let discriminator = Discriminator::build(&config.spec, &mut builder)?;
        let discriminator_params = builder.finish();

        let average = file.group("average", &generator_shapes, device)?;
        let average = Average::new(&config.spec, &average, device)?;
        let moments = |group, params| file.group(group, &Adam::shapes(params), device);
        let generator_adam =
            Adam::with_moments(config.generator, moments("generator_moments", &generator_params)?);
        let discriminator_adam = Adam::with_moments(
            config.discriminator,
            moments("discriminator_moments", &discriminator_params)?,
        );
        Ok(Self {
            config,
            device: device.clone(),
            generator,
            generator_params,
            generator_adam,
            discriminator,
            discriminator_params,
            discriminator_adam,
            average,
            step: about.step,
            setbacks: about.setbacks,
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

    /// How often it went back to an earlier state.
    pub fn setbacks(&self) -> u32 {
        self.setbacks
    }

    /// What all learning rates are multiplied with because of earlier setbacks.
    pub fn lr_scale(&self) -> f64 {
        0.5f64.powi(self.setbacks as i32)
    }

    /// Whether every weight, average and moment is a number.
    ///
    /// # Errors
    /// [`Error::Tensor`] if the device fails.
    pub fn is_finite(&self) -> Result<bool> {
        let params = [&self.generator_params, &self.discriminator_params, self.average.params()];
        let weights = params.into_iter().flat_map(Params::iter).map(|param| param.var.as_tensor());
        let moments = [&self.generator_adam, &self.discriminator_adam];
        let moments = moments.into_iter().flat_map(|adam| adam.moments().values());
        let all: Vec<&Tensor> = weights.chain(moments).collect();
        Ok(update::norm(&all)?.is_finite())
    }

    /// Where it is computed.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Steps done.
    pub fn steps(&self) -> u64 {
        self.step
    }

    /// Real pictures shown so far.
    pub fn images(&self) -> u64 {
        self.step * self.config.batch as u64
    }

    /// Parameters of generator and discriminator.
    pub fn parameters(&self) -> (usize, usize) {
        (self.generator_params.count(), self.discriminator_params.count())
    }

    /// The generator as trained.
    pub fn generator_params(&self) -> &Params {
        &self.generator_params
    }

    /// The discriminator as trained.
    pub fn discriminator_params(&self) -> &Params {
        &self.discriminator_params
    }

    /// The averaged generator.
    pub fn average(&self) -> &Average {
        &self.average
    }

    /// One step on `real` pictures `[B, C, H, W]` in [-1, 1], with latents that follow from the seed.
    ///
    /// # Errors
    /// [`Error::Tensor`] if the pictures have another shape or the device fails.
    pub fn step(&mut self, real: &Tensor) -> Result<StepReport> {
        let batch = real.dim(0)?;
        let z_dim = self.config.spec.z_dim;
        let mut values = vec![0.0; batch * z_dim];
        let mut rng = stream(self.config.seed, Purpose::StepLatents, self.step + 1);
        self.config.spec.prior.fill(&mut values, &mut rng);
        let z = Tensor::from_vec(values, (batch, z_dim), &self.device)?;
        self.step_with(real, &z)
    }

    /// One step with given latents `z` `[B, z]`.
    ///
    /// The order is that of the PyTorch tutorial: the discriminator judges real, then generated
    /// pictures and moves; then it judges the same generated pictures again and the generator moves.
    ///
    /// # Errors
    /// [`Error::Tensor`] if a shape is another or the device fails.
    pub fn step_with(&mut self, real: &Tensor, z: &Tensor) -> Result<StepReport> {
        let step = self.step + 1;
        let lr_factor = self.config.lr_factor(step) * self.lr_scale();

        let (judged_real, from_real) = self.discriminator.record(real, Mode::Train)?;
        let (fake, from_latents) = self.generator.record(z, Mode::Train)?;
        let (judged_fake, from_fake) = self.discriminator.record(&fake, Mode::Train)?;
        let (loss_d, [on_real, on_fake]) = with_slopes([&judged_real, &judged_fake], |judged| {
            let [real, fake] = judged;
            Ok((bce_with_logits(real, self.config.real_label)? + bce_with_logits(fake, 0.0)?)?)
        })?;
        let mut gradients = Gradients::default();
        from_real.to_weights(&on_real, &mut gradients)?;
        from_fake.to_weights(&on_fake, &mut gradients)?;
        let grad_d = gradients.norm(&self.discriminator_params)?;
        self.discriminator_adam.step(&self.discriminator_params, &gradients, step, lr_factor)?;

        let (judged_again, from_fake) = self.discriminator.record(&fake, Mode::Train)?;
        let (loss_g, [on_fake]) =
            with_slopes([&judged_again], |[fake]| bce_with_logits(fake, 1.0))?;
        let mut gradients = Gradients::default();
        from_latents.to_weights(&from_fake.to_input(&on_fake)?, &mut gradients)?;
        let grad_g = gradients.norm(&self.generator_params)?;
        self.generator_adam.step(&self.generator_params, &gradients, step, lr_factor)?;

        self.step = step;
        let (images, config) = (self.images(), &self.config);
        self.average.follow(&self.generator_params, config.ema_kimg, config.batch, images)?;
        let [judged_real, judged_fake] =
            [judged_real.to_vec1::<f32>()?, judged_fake.to_vec1::<f32>()?];
        Ok(StepReport {
            step,
            images,
            loss_d,
            loss_g,
            d_real: mean(&judged_real, |logit| 1.0 / (1.0 + (-logit).exp())),
            d_fake: mean(&judged_fake, |logit| 1.0 / (1.0 + (-logit).exp())),
            grad_d: grad_d as f32,
            grad_g: grad_g as f32,
            sign_real: mean(&judged_real, f32::signum),
        })
    }

    /// Pictures `[N, C, H, W]` from the run's `n` fixed latents, by the averaged generator.
    ///
    /// # Errors
    /// [`Error::Tensor`] if the device fails.
    pub fn samples(&self, n: usize) -> Result<Tensor> {
        let mut rng = stream(self.config.seed, Purpose::SampleLatents, 0);
        let spec = &self.config.spec;
        let latents: Vec<_> = (0..n).map(|_| spec.prior.sample(spec.z_dim, &mut rng)).collect();
        self.average.generator().draw(&latents, &self.device)
    }

    /// Writes everything that [`Trainer::resume`] needs.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be written; an older one is then untouched.
    pub fn save_state(&self, path: &Path) -> Result<()> {
        let about =
            AboutState { spec: self.config.spec.clone(), step: self.step, setbacks: self.setbacks };
        save_state(
            path,
            &about,
            &[
                ("generator", &self.generator_params.tensors()),
                ("discriminator", &self.discriminator_params.tensors()),
                ("average", &self.average.params().tensors()),
                ("generator_moments", self.generator_adam.moments()),
                ("discriminator_moments", self.discriminator_adam.moments()),
            ],
        )
    }

    /// Writes the generator, averaged and as trained, as a model called `name`.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be written; an older one is then untouched.
    pub fn save_model(&self, path: &Path, name: &str) -> Result<()> {
        let average = self.average.params().tensors();
        save_model(path, &self.info(name), &average, Some(&self.generator_params.tensors()))
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
            spec: self.config.spec.clone(),
            name: name.to_owned(),
            data: self.config.data.name(),
            steps: self.step,
            kimg: self.images() as f64 / 1000.0,
            program: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

fn mean(logits: &[f32], of: impl Fn(f32) -> f32) -> f32 {
    let sum: f32 = logits.iter().map(|&logit| of(logit)).sum();
    sum / logits.len().max(1) as f32
}
