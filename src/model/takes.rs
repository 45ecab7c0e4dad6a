//! What a generator draws from.

use super::spec::{ModelSpec, Network};
use crate::error::{Error, Result};

/// What goes into a generator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// A latent.
    Latent {
        /// Its numbers.
        dims: usize,
    },
    /// A picture.
    Picture {
        /// 1 for grey, 3 for colour; 2 and 4 for something else.
        channels: usize,
        /// Pixels from top to bottom.
        height: usize,
        /// Pixels from left to right.
        width: usize,
    },
}

impl ModelSpec {
    /// What its generator draws from.
    pub fn takes(&self) -> Takes {
        match &self.network {
            Network::Mlp(_) | Network::Dcgan(_) | Network::Stack(_) => {
                Takes::Latent { dims: self.z_dim }
            }
            Network::Pix2pix(net) => {
                let (height, width) = self.size();
                Takes::Picture { channels: net.inputs, height, width }
            }
        }
    }

    /// Whether pictures are made from pictures, not drawn from latents.
    pub fn takes_pictures(&self) -> bool {
        matches!(self.takes(), Takes::Picture { .. })
    }

    /// Channels of the pictures that go in: 0 where latents do.
    pub fn inputs(&self) -> usize {
        match self.takes() {
            Takes::Latent { .. } => 0,
            Takes::Picture { channels, .. } => channels,
        }
    }

    /// Whether it has several answers to one picture: its dropout can stay on as noise.
    pub fn has_noise(&self) -> bool {
        matches!(&self.network, Network::Pix2pix(net) if net.has_dropout())
    }

    /// For whatever is done with latents.
    ///
    /// # Errors
    /// [`Error::WrongModel`] if the generator has none.
    pub fn expect_latents(&self) -> Result<()> {
        match self.takes() {
            Takes::Latent { .. } => Ok(()),
            Takes::Picture { .. } => Err(Error::WrongModel(format!(
                "this model ({}) makes pictures from pictures and has no latents: open one that \
                 draws from latents, or use this one in the tab Translate or with latentscape \
                 translate",
                self.summary()
            ))),
        }
    }

    /// For whatever is done with pictures that go in.
    ///
    /// # Errors
    /// [`Error::WrongModel`] if the generator takes none.
    pub fn expect_pictures(&self) -> Result<()> {
        match self.takes() {
            Takes::Picture { .. } => Ok(()),
            Takes::Latent { .. } => Err(Error::WrongModel(format!(
                "this model ({}) draws from latents and takes no pictures: use it in the tab Explore or \
                 with latentscape generate, or open one that translates pictures",
                self.summary()
            ))),
        }
    }
}
