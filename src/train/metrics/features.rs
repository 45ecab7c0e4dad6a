//! What pictures look like to a discriminator that never learns: features for neighbourhoods.
//!
//! The features of a trained classifier from elsewhere are not at hand, and those of the run's own
//! discriminator change with it, so that two moments could not be compared. A discriminator with
//! random weights serves all runs alike; Naeem et al. 2020 found random features as good as trained
//! ones away from photographs of objects. Its batch norms are set by the real pictures.

use candle_core::{Device, Tensor};

use super::pictures::{Pictures, VALUES_AT_ONCE, place};
use crate::error::Result;
use crate::model::{Builder, Discriminator, Mode, ModelSpec};
use crate::random::{Purpose, stream};

/// Batches after which running statistics have forgotten where they started: 0.9^40 is 1.5 %.
const SETTLE: usize = 40;

/// A frozen discriminator.
#[derive(Debug)]
pub struct Judge {
    discriminator: Discriminator,
    device: Device,
    at_once: usize,
}

impl Judge {
    /// The discriminator of `spec` with random weights, its batch norms set by `reals`.
    ///
    /// # Errors
    /// [`crate::Error::Tensor`] if the device fails or the pictures are of another size.
    pub fn new(spec: &ModelSpec, reals: &Pictures, seed: u64, device: &Device) -> Result<Self> {
        let mut rng = stream(seed, Purpose::Metrics, place::JUDGE);
        let mut builder = Builder::random(&mut rng, device);
        let discriminator = Discriminator::build(spec, &mut builder)?;
        let at_once = spec.pictures_in(VALUES_AT_ONCE).min(64);
        let judge = Self { discriminator, device: device.clone(), at_once };
        let batches = reals.len().div_ceil(judge.at_once).max(1);
        for number in 0..SETTLE {
            let batch = reals.batch(number % batches * at_once, at_once, device)?;
            judge.discriminator.features(&batch, Mode::Train)?;
        }
        Ok(judge)
    }

    /// One row of features a picture, `[N, F]` in main memory.
    ///
    /// # Errors
    /// [`crate::Error::Tensor`] if the device fails or the pictures are of another size.
    pub fn features(&self, pictures: &Pictures) -> Result<Tensor> {
        let mut parts = Vec::new();
        for start in (0..pictures.len()).step_by(self.at_once) {
            let batch = pictures.batch(start, self.at_once, &self.device)?;
            let features = self.discriminator.features(&batch, Mode::Eval)?;
            parts.push(features.flatten_from(1)?.to_device(&Device::Cpu)?);
        }
        Ok(Tensor::cat(&parts, 0)?)
    }
}
