//! What a generator is and how it computes: a serialisable [`ModelSpec`], the networks it
//! describes, and their named parameters.
//!
//! Pictures are `[B, C, H, W]` in [-1, 1], latents `[B, z]`, a discriminator's verdicts `[B]` as
//! logits. Names of parameters are those of the public PyTorch implementations of each network, so
//! that weights travel both ways.

mod dcgan;
mod growth;
mod layers;
mod mlp;
mod params;
mod preset;
mod sequential;
mod spec;
mod tape;

use candle_core::Tensor;

pub use growth::{Side, inherited};
pub use layers::Mode;
pub use params::{Builder, Param, Params, Shape};
pub use preset::Preset;
pub use sequential::{Sequential, Stage};
pub use spec::{Dcgan, Ends, MAX_RESOLUTION, Mlp, ModelSpec, Network, SPEC_FORMAT, Widths};
pub use tape::{Gradients, Tape};

use crate::error::Result;
use crate::latent::Latent;

/// A network from latents to pictures.
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

    /// Draws pictures `[B, C, H, W]` in [-1, 1] from latents `z` `[B, z]`.
    ///
    /// In [`Mode::Train`] batch norm uses the batch's own statistics and updates the running ones.
    ///
    /// # Errors
    /// [`crate::Error::Tensor`] if `z` has another shape or the device fails.
    pub fn forward(&self, z: &Tensor, mode: Mode) -> Result<Tensor> {
        self.network.forward(z, mode)
    }

    /// [`Generator::forward`], with what the way back needs. Candle traces nothing through the
    /// pictures.
    ///
    /// # Errors
    /// As there.
    pub fn record(&self, z: &Tensor, mode: Mode) -> Result<(Tensor, Tape)> {
        self.network.record(z, mode)
    }

    /// [`Generator::forward`] in [`Mode::Eval`] for latents that come from outside.
    ///
    /// # Errors
    /// [`crate::Error::BadLatent`] if one has the wrong length, else as [`Generator::forward`].
    pub fn draw(&self, latents: &[Latent], device: &candle_core::Device) -> Result<Tensor> {
        let mut values = Vec::with_capacity(latents.len() * self.spec.z_dim);
        for latent in latents {
            latent.expect_dims(self.spec.z_dim)?;
            values.extend_from_slice(latent.values());
        }
        let z = Tensor::from_vec(values, (latents.len(), self.spec.z_dim), device)?;
        self.forward(&z, Mode::Eval)
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
        };
        Ok(Self { network })
    }

    /// As [`Generator::set_fade`].
    pub fn set_fade(&mut self, share: f64) {
        self.network.set_fade(share);
    }

    /// Logits `[B]` for pictures `[B, C, H, W]` in [-1, 1]: positive means "real".
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
        self.network.before_last(pictures, mode)
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
