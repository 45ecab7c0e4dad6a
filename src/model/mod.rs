//! What a generator is and how it computes: a serialisable [`ModelSpec`], the networks it
//! describes, and their named parameters.
//!
//! Pictures are `[B, C, H, W]` in [-1, 1], latents `[B, z]`, a discriminator's verdicts `[B]` as
//! logits, or `[B, N]` where it judges N patches of each. What a generator draws from, latents or
//! pictures, says [`ModelSpec::takes`]. Names of parameters are those of the public PyTorch implementations of each network, so
//! that weights travel both ways.

mod alike;
mod dcgan;
mod described;
mod growth;
mod layers;
mod mlp;
mod norm;
mod output;
mod params;
mod pass;
mod pix2pix;
mod preset;
mod sequential;
mod spec;
mod stack;
mod takes;
mod tape;

use candle_core::{Device, Tensor};

pub use described::Operation;
pub use growth::{Side, inherited};
pub use output::{Output, Range};
pub use params::{Builder, Param, Params, Shape};
pub use pass::{Mode, Pass};
pub use pix2pix::{NormKind, PatchGan, Pix2pix};
pub use preset::Preset;
pub use sequential::{Sequential, Stage};
pub use spec::{Dcgan, Ends, MAX_RESOLUTION, Mlp, ModelSpec, Network, SPEC_FORMAT, Widths};
pub use stack::{Stack, StackKernel, StackLayer, StackNorm, StackNormKind};
pub use takes::Takes;
pub use tape::{Gradients, Tape};

use crate::error::Result;
use crate::latent::Latent;
use crate::picture::Pixels;

/// A network from latents, or from pictures, to pictures.
#[derive(Debug, Clone)]
pub struct Generator {
    spec: ModelSpec,
    network: Sequential,
}

impl Generator {
    /// Builds the generator of `spec` with the parameters that `builder` gives.
    ///
    /// # Errors
    /// Whatever `builder` refuses: a parameter that is missing or of another shape.
    pub fn build(spec: &ModelSpec, builder: &mut Builder) -> Result<Self> {
        let network = match &spec.network {
            Network::Mlp(mlp) => mlp.generator(spec.z_dim, builder)?,
            Network::Dcgan(dcgan) => dcgan.generator(spec.z_dim, builder)?,
            Network::Pix2pix(net) => net.generator(builder)?,
            Network::Stack(stack) => stack.generator(spec.z_dim, builder)?,
        };
        Ok(Self { spec: spec.clone(), network })
    }

    /// Makes drawing quicker, for a generator whose weights no longer change: on the CPU they are
    /// laid out anew, with the batch norms folded in.
    ///
    /// # Errors
    /// [`crate::Error::Tensor`] if memory runs out.
    pub fn prepare(mut self) -> Result<Self> {
        self.network.prepare()?;
        Ok(self)
    }

    /// Blends the newest layer in as far as `share` says, 0 to 1, where there is one that is blended in.
    pub fn set_fade(&mut self, share: f64) {
        self.spec.set_fade(share);
        self.network.set_fade(share);
    }

    /// What was built.
    pub fn spec(&self) -> &ModelSpec {
        &self.spec
    }

    /// Draws pictures `[B, C, H, W]` in [-1, 1] from what it takes: latents `[B, z]`, or pictures
    /// `[B, inputs, H, W]` in [-1, 1].
    ///
    /// In [`Mode::Train`] batch norm uses the batch's own statistics and updates the running ones.
    ///
    /// # Errors
    /// [`crate::Error::Tensor`] if `given` has another shape or the device fails.
    pub fn forward<'a>(&self, given: &Tensor, pass: impl Into<Pass<'a>>) -> Result<Tensor> {
        self.network.forward(given, pass)
    }

    /// [`Generator::forward`], with what the way back needs. Candle traces nothing through the
    /// pictures.
    ///
    /// # Errors
    /// As there.
    pub fn record<'a>(&self, given: &Tensor, pass: impl Into<Pass<'a>>) -> Result<(Tensor, Tape)> {
        self.network.record(given, pass)
    }

    /// [`Generator::forward`] in [`Mode::Eval`] for latents that come from outside.
    ///
    /// # Errors
    /// [`crate::Error::WrongModel`] if it takes pictures, [`crate::Error::BadLatent`] if one has the
    /// wrong length, else as [`Generator::forward`].
    pub fn draw(&self, latents: &[Latent], device: &Device) -> Result<Tensor> {
        self.spec.expect_latents()?;
        let mut values = Vec::with_capacity(latents.len() * self.spec.z_dim);
        for latent in latents {
            latent.expect_dims(self.spec.z_dim)?;
            values.extend_from_slice(latent.values());
        }
        let z = Tensor::from_vec(values, (latents.len(), self.spec.z_dim), device)?;
        self.forward(&z, Mode::Eval)
    }

    /// [`Generator::forward`] in [`Mode::Eval`] for pictures that come from outside, `[B, inputs, H, W]`
    /// in [-1, 1]. With `noise`, a seed for each of them, dropout stays on and makes one of several
    /// answers, always the same for the same picture and seed.
    ///
    /// # Errors
    /// [`crate::Error::WrongModel`] if it takes latents, [`crate::Error::BadSetting`] if the pictures
    /// are of another size, else as [`Generator::forward`].
    pub fn translate(&self, pictures: &Tensor, noise: Option<&[u64]>) -> Result<Tensor> {
        self.spec.expect_pictures()?;
        let ((height, width), inputs) = (self.spec.size(), self.spec.inputs());
        if pictures.dims().get(1..) != Some([inputs, height, width].as_slice()) {
            let why = format!(
                "{:?} cannot go in; the model takes pictures of {width}×{height} pixels with {inputs} \
                 channels",
                pictures.dims()
            );
            return Err(crate::Error::bad_setting("pictures", why));
        }
        self.forward(pictures, Pass { mode: Mode::Eval, dropout: noise })
    }

    /// [`Generator::translate`] for one picture: an answer for each seed, or a single one without noise
    /// if there are none.
    ///
    /// # Errors
    /// As there.
    pub fn answers(&self, input: &Pixels, seeds: &[u64], device: &Device) -> Result<Tensor> {
        let input = input.to_tensor(device)?;
        match seeds {
            [] => self.translate(&input, None),
            [_] => self.translate(&input, Some(seeds)),
            _ => {
                let copies = vec![&input; seeds.len()];
                self.translate(&Tensor::cat(&copies, 0)?, Some(seeds))
            }
        }
    }

    /// The layers, first to last.
    pub fn network(&self) -> &Sequential {
        &self.network
    }
}

/// A network that judges whether a picture comes from the data set.
#[derive(Debug, Clone)]
pub struct Discriminator {
    network: Sequential,
}

impl Discriminator {
    /// Builds the discriminator of `spec` with the parameters that `builder` gives.
    ///
    /// # Errors
    /// Whatever `builder` refuses: a parameter that is missing or of another shape.
    pub fn build(spec: &ModelSpec, builder: &mut Builder) -> Result<Self> {
        let network = match &spec.network {
            Network::Mlp(mlp) => mlp.discriminator(builder)?,
            Network::Dcgan(dcgan) => dcgan.discriminator(builder)?,
            Network::Pix2pix(net) => net.discriminator(builder)?,
            Network::Stack(_) => {
                let why = "this generator came from elsewhere, without a discriminator: it can be \
                           explored, not trained; latentscape train --preset starts a new one";
                return Err(crate::Error::bad_setting("network", why));
            }
        };
        Ok(Self { network })
    }

    /// As [`Generator::set_fade`].
    pub fn set_fade(&mut self, share: f64) {
        self.network.set_fade(share);
    }

    /// Whether the verdict on a picture depends on the batch around it while training, as with batch
    /// norm.
    pub fn judges_by_the_batch(&self) -> bool {
        self.network.measures_the_batch()
    }

    /// Logits `[B]`, or `[B, N]` for patches, for pictures `[B, C, H, W]` in [-1, 1]: positive means
    /// "real". Where pictures are made from pictures, their channels are those of the input and,
    /// behind them, those of the output.
    ///
    /// # Errors
    /// [`crate::Error::Tensor`] if `pictures` has another shape or the device fails.
    pub fn forward(&self, pictures: &Tensor, mode: Mode) -> Result<Tensor> {
        self.network.forward(pictures, mode)
    }

    /// What the network knows of pictures `[B, C, H, W]` when it decides: the values `[B, …]` that go
    /// into its last layer.
    ///
    /// # Errors
    /// As [`Discriminator::forward`].
    pub fn features(&self, pictures: &Tensor, mode: Mode) -> Result<Tensor> {
        self.network.before_last(pictures, mode.into())
    }

    /// [`Discriminator::forward`], with what the way back needs. Candle traces nothing through the
    /// logits.
    ///
    /// # Errors
    /// As there.
    pub fn record(&self, pictures: &Tensor, mode: Mode) -> Result<(Tensor, Tape)> {
        self.network.record(pictures, mode)
    }
}
