//! One alternating step, and the state that goes from step to step.

mod grow;
mod state;
mod step;
#[cfg(test)]
mod tests;
mod unread;

use candle_core::{Device, Tensor};

pub use self::unread::Unread;
use super::adam::{Adam, AdamSettings};
use super::augment::Adaptation;
use super::average::Average;
use super::config::TrainConfig;
use super::objective::Wants;
use super::schedule::{Schedule, Stage};
use crate::error::Result;
use crate::model::{Builder, Discriminator, Generator, ModelSpec, Params};
use crate::ops::update;
use crate::picture::InputKind;
use crate::random::{Purpose, stream};

/// A network with what trains it.
#[derive(Debug)]
struct Learner<N> {
    network: N,
    params: Params,
    adam: Adam,
}

/// Builds one of a spec's networks.
type Build<N> = fn(&ModelSpec, &mut Builder) -> Result<N>;

impl<N> Learner<N> {
    /// The network of `spec` with the parameters of `builder`, and a fresh optimiser.
    fn fresh(
        spec: &ModelSpec,
        build: Build<N>,
        mut builder: Builder,
        adam: AdamSettings,
        device: &Device,
    ) -> Result<Self> {
        let network = build(spec, &mut builder)?;
        let params = builder.finish();
        let adam = Adam::new(adam, &params, device)?;
        Ok(Self { network, params, adam })
    }
}

/// Both networks, the average, both optimisers.
#[derive(Debug)]
pub struct Trainer {
    config: TrainConfig,
    schedule: Schedule,
    device: Device,
    /// What is trained now: the config's networks, as far as they have grown.
    spec: ModelSpec,
    wants: Wants,
    generator: Learner<Generator>,
    discriminator: Learner<Discriminator>,
    average: Average,
    adaptation: Adaptation,
    /// Steps done.
    step: u64,
    /// Steps that had been done when the optimisers were new.
    adam_since: u64,
    /// How often it went back to an earlier state; each time halves the learning rates.
    setbacks: u32,
    /// What kind of pictures go in, if pictures do.
    input: Option<InputKind>,
}

impl Trainer {
    /// New networks with weights drawn from the seed.
    ///
    /// # Errors
    /// [`crate::Error::BadSetting`] for a bad config, [`crate::Error::Tensor`] if the device is out of
    /// memory.
    pub fn new(config: TrainConfig, device: &Device) -> Result<Self> {
        config.validate()?;
        let spec = config.spec.clone();
        let mut rng = stream(config.seed, Purpose::Weights, 0);
        let builder = Builder::random(&mut rng, device);
        let generator = Learner::fresh(&spec, Generator::build, builder, config.generator, device)?;

        let mut rng = stream(config.seed, Purpose::Weights, 1);
        let builder = Builder::random(&mut rng, device);
        let discriminator =
            Learner::fresh(&spec, Discriminator::build, builder, config.discriminator, device)?;

        let average = Average::new(&spec, &generator.params.snapshot()?, device)?;
        Ok(Self::before_the_first_step(config, spec, generator, discriminator, average, device))
    }

    fn before_the_first_step(
        config: TrainConfig,
        spec: ModelSpec,
        generator: Learner<Generator>,
        discriminator: Learner<Discriminator>,
        average: Average,
        device: &Device,
    ) -> Self {
        Self {
            schedule: config.schedule(),
            input: None,
            device: device.clone(),
            spec,
            wants: config.objective.loss.wants(),
            generator,
            discriminator,
            average,
            adaptation: Adaptation::new(&config.augment),
            step: 0,
            adam_since: 0,
            setbacks: 0,
            config,
        }
    }

    /// Notes what kind of pictures go in: model files tell it.
    pub fn set_input(&mut self, kind: Option<InputKind>) {
        self.input = kind;
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
    /// [`crate::Error::Tensor`] if the device fails.
    pub fn is_finite(&self) -> Result<bool> {
        let params = [&self.generator.params, &self.discriminator.params, self.average.params()];
        let weights = params.into_iter().flat_map(Params::iter).map(|param| param.var.as_tensor());
        let moments = [&self.generator.adam, &self.discriminator.adam];
        let moments = moments.into_iter().flat_map(|adam| adam.moments().values());
        let all: Vec<&Tensor> = weights.chain(moments).collect();
        Ok(update::norm(&all)?.to_scalar::<f32>()?.is_finite())
    }

    /// Where it is computed.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The settings, with the layers that were added by hand.
    pub fn config(&self) -> &TrainConfig {
        &self.config
    }

    /// Which step trains what.
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// The networks as they are now.
    pub fn spec(&self) -> &ModelSpec {
        &self.spec
    }

    /// What the next step belongs to.
    pub fn stage(&self) -> Stage {
        self.schedule.stage_of(self.step + 1)
    }

    /// Steps done.
    pub fn steps(&self) -> u64 {
        self.step
    }

    /// Real pictures shown so far.
    pub fn images(&self) -> u64 {
        self.schedule.images_after(self.step)
    }

    /// Probability with which pictures are changed in the next step.
    pub fn augment_p(&self) -> f64 {
        self.adaptation.p()
    }

    /// Parameters of generator and discriminator.
    pub fn parameters(&self) -> (usize, usize) {
        (self.generator.params.count(), self.discriminator.params.count())
    }

    /// The generator as trained.
    pub fn generator_params(&self) -> &Params {
        &self.generator.params
    }

    /// The discriminator as trained.
    pub fn discriminator_params(&self) -> &Params {
        &self.discriminator.params
    }

    /// The averaged generator.
    pub fn average(&self) -> &Average {
        &self.average
    }

    /// Pictures `[N, C, H, W]` from the run's `n` fixed latents, by the averaged generator.
    ///
    /// # Errors
    /// [`crate::Error::Tensor`] if the device fails.
    pub fn samples(&self, n: usize) -> Result<Tensor> {
        let mut rng = stream(self.config.seed, Purpose::SampleLatents, 0);
        let latents: Vec<_> =
            (0..n).map(|_| self.spec.prior.sample(self.spec.z_dim, &mut rng)).collect();
        self.average.generator().draw(&latents, &self.device)
    }
}
