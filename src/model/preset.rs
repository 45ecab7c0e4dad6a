//! The systems of the literature by name.

use serde::{Deserialize, Serialize};

use super::output::Output;
use super::pix2pix::{NormKind, PatchGan, Pix2pix};
use super::spec::{Dcgan, Ends, Mlp, ModelSpec, Network, SPEC_FORMAT, Widths};
use crate::latent::Prior;

/// A published system: its networks and its latents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// MLP GAN for 28×28 grey digits.
    MnistMlp,
    /// Small DCGAN with linear ends for 32×32 faces.
    Faces32,
    /// The DCGAN of PyTorch's tutorial, 64×64.
    Dcgan64,
    /// DCGAN with seven layers for 256×256 pictures.
    Cars256,
    /// Networks of constant width that grow from 32×32 to 256×256, layer by layer.
    Grow,
    /// U-Net and PatchGAN for pairs of 256×256 pictures: one half is made from the other.
    Pix2pix,
}

impl Preset {
    /// All presets.
    pub const ALL: [Self; 6] =
        [Self::MnistMlp, Self::Faces32, Self::Dcgan64, Self::Cars256, Self::Grow, Self::Pix2pix];

    /// Name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::MnistMlp => "mnist-mlp",
            Self::Faces32 => "faces-32",
            Self::Dcgan64 => "dcgan-64",
            Self::Cars256 => "cars-256",
            Self::Grow => "grow",
            Self::Pix2pix => "pix2pix",
        }
    }

    /// One line on what it is for.
    pub fn about(self) -> &'static str {
        match self {
            Self::MnistMlp => "MLP GAN, 28×28 grey: MNIST and Fashion-MNIST (IDX files)",
            Self::Faces32 => {
                "DCGAN with linear ends, 32×32 colour: a folder of faces, quick to train"
            }
            Self::Dcgan64 => "the PyTorch tutorial's DCGAN, 64×64 colour: a folder of pictures",
            Self::Cars256 => "DCGAN of seven layers, 256×256 colour, z = 128: a GPU is advised",
            Self::Grow => {
                "DCGAN of constant width that grows from 32×32 to 256×256 while it learns: a folder of pictures"
            }
            Self::Pix2pix => {
                "U-Net, 256×256 colour, that makes pictures from pictures: pairs of pictures"
            }
        }
    }

    /// Its networks.
    pub fn spec(self) -> ModelSpec {
        let doubling = |base| Widths::Doubling { base, max: 1024 };
        let dcgan = |resolution, widths, ends| {
            let (channels, fade) = (3, None);
            let (generator, discriminator) = (widths, widths);
            Network::Dcgan(Dcgan { resolution, channels, generator, discriminator, ends, fade })
        };
        let (z_dim, prior, network) = match self {
            Self::MnistMlp => (
                100,
                Prior::Normal,
                Network::Mlp(Mlp {
                    size: (28, 28),
                    channels: 1,
                    generator: vec![128, 256, 512, 1024],
                    discriminator: vec![512, 256],
                    // The published code passes 0.8 where PyTorch takes eps; its results come from it.
                    norm_eps: 0.8,
                }),
            ),
            Self::Faces32 => (100, Prior::Uniform, dcgan(32, doubling(32), Ends::Linear)),
            Self::Dcgan64 => (100, Prior::Normal, dcgan(64, doubling(64), Ends::Conv)),
            Self::Cars256 => (128, Prior::Normal, dcgan(256, doubling(64), Ends::Conv)),
            Self::Grow => {
                (100, Prior::Normal, dcgan(32, Widths::Constant { base: 32 }, Ends::Conv))
            }
            Self::Pix2pix => (
                0,
                Prior::Normal,
                Network::Pix2pix(Pix2pix {
                    output: Output::Tanh,
                    resolution: 256,
                    inputs: 3,
                    channels: 3,
                    width: 64,
                    norm: NormKind::Batch,
                    dropout: 0.5,
                    discriminator: PatchGan { width: 64, layers: PatchGan::usual_layers(256) },
                }),
            ),
        };
        ModelSpec { format: SPEC_FORMAT, z_dim, prior, network }
    }
}

impl std::str::FromStr for Preset {
    type Err = crate::Error;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|preset| preset.name() == name).ok_or_else(|| {
            let known = Self::ALL.map(Self::name).join(", ");
            crate::Error::bad_setting("--preset", format!("\"{name}\" is not one of {known}"))
        })
    }
}
