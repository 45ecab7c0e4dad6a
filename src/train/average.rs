//! The moving average of a generator's weights: what is shown and shipped.
//!
//! Weights of a GAN circle around where they should be; their exponential average draws visibly
//! cleaner pictures (Yazıcı et al. 2019, "The unusual effectiveness of averaging in GAN training").

use std::collections::BTreeMap;

use candle_core::{Device, Tensor};

use crate::error::Result;
use crate::model::{Builder, Generator, ModelSpec, Params};
use crate::ops::update;

/// A generator that follows another one.
#[derive(Debug)]
pub struct Average {
    generator: Generator,
    params: Params,
}

impl Average {
    /// Starts at `weights`, or goes on from them.
    ///
    /// # Errors
    /// [`crate::Error::Tensor`] if the device is out of memory.
    pub fn new(
        spec: &ModelSpec,
        weights: &BTreeMap<String, Tensor>,
        device: &Device,
    ) -> Result<Self> {
        let mut builder = Builder::given(weights, device);
        let generator = Generator::build(spec, &mut builder)?;
        Ok(Self { generator, params: builder.finish() })
    }

    /// The averaged generator.
    pub fn generator(&self) -> &Generator {
        &self.generator
    }

    /// As [`Generator::set_fade`].
    pub fn set_fade(&mut self, share: f64) {
        self.generator.set_fade(share);
    }

    /// Its parameters.
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// Moves towards `params` after a step of `batch` pictures, `images` pictures into the run.
    ///
    /// The average forgets half of its past in `half_life_kimg` thousand pictures, and early on in a
    /// twentieth of the run so far, so that the random start does not linger (Karras et al. 2020).
    /// Running statistics of batch norm belong to the newest weights and are copied.
    ///
    /// # Errors
    /// [`crate::Error::Tensor`] if the device fails.
    pub fn follow(
        &self,
        params: &Params,
        half_life_kimg: f64,
        batch: usize,
        images: u64,
    ) -> Result<()> {
        let half_life = (half_life_kimg * 1000.0).min(images as f64 * 0.05);
        let keep = if half_life > 0.0 { 0.5f64.powf(batch as f64 / half_life) } else { 0.0 };
        for (mine, theirs) in self.params.iter().zip(params.iter()) {
            let (mine_values, theirs_values) = (mine.var.as_tensor(), theirs.var.as_tensor());
            if mine.trained {
                update::lerp(mine_values, theirs_values, 1.0 - keep)?;
            } else {
                update::copy(mine_values, theirs_values)?;
            }
        }
        Ok(())
    }
}
