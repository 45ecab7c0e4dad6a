//! What a model is, as data: enough to build both networks, small enough to sit in a file's header.

use serde::{Deserialize, Serialize};

use super::params::{Builder, Shape};
use super::pix2pix::{NormKind, Pix2pix};
use super::stack::Stack;
use super::{Discriminator, Generator};
use crate::error::{Error, Result};
use crate::latent::Prior;

/// Version of [`ModelSpec`] that this program writes. It reads this one and all before.
pub const SPEC_FORMAT: u32 = 1;

/// Largest side of a picture that a generator of ours draws.
pub const MAX_RESOLUTION: usize = 512;

/// Most latent dimensions, channels of a layer, and parameters: well above any published network of
/// these kinds, and low enough that a lying file cannot make us ask for all memory.
const MAX_Z: usize = 4096;
pub(super) const MAX_WIDTH: usize = 8192;
const MAX_PARAMETERS: usize = 400_000_000;

/// A generator with its discriminator and the latents they were made for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelSpec {
    /// Version of this description.
    pub format: u32,
    /// Dimensions of a latent; 0 where pictures are made from pictures.
    pub z_dim: usize,
    /// Distribution of latents in training, if there are any.
    pub prior: Prior,
    /// The pair of networks.
    pub network: Network,
}

/// The kinds of networks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Network {
    /// Fully connected.
    Mlp(Mlp),
    /// (Transposed) convolutions.
    Dcgan(Dcgan),
    /// Pictures from pictures.
    Pix2pix(Pix2pix),
    /// Layers from elsewhere, as they are.
    Stack(Stack),
}

/// Fully connected networks: linear layers with leaky ReLU, tanh at the end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mlp {
    /// Height and width of a picture.
    pub size: (usize, usize),
    /// 1 for grey, 3 for colour.
    pub channels: usize,
    /// Widths of the generator's inner layers, from the latent on. All but the first have batch norm.
    pub generator: Vec<usize>,
    /// Widths of the discriminator's inner layers, from the picture on. None has batch norm.
    pub discriminator: Vec<usize>,
    /// The number that batch norm adds to the variance.
    pub norm_eps: f64,
}

/// Convolutional networks (Radford et al. 2016, "Unsupervised representation learning with deep
/// convolutional generative adversarial networks"): 4×4 kernels, a factor 2 per layer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dcgan {
    /// Height and width of a picture: a power of two from 8.
    pub resolution: usize,
    /// 1 for grey, 3 for colour.
    pub channels: usize,
    /// Widths of the generator's layers.
    pub generator: Widths,
    /// Widths of the discriminator's layers.
    pub discriminator: Widths,
    /// What joins the latent to the 4×4 grid, and the 4×4 grid to the verdict.
    pub ends: Ends,
    /// While a layer is blended in: how much of it is in the result, from 0 to 1. The rest is what the
    /// networks were before it, which they also hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fade: Option<f64>,
}

/// How many channels the layers of a stack have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Widths {
    /// `base` at the layer next to the picture, twice as many at each layer away from it, up to `max`.
    Doubling {
        /// Channels next to the picture.
        base: usize,
        /// Most channels.
        max: usize,
    },
    /// 2·`base` everywhere, but `base` in the generator's layer next to the picture.
    Constant {
        /// Half the channels of an inner layer.
        base: usize,
    },
}

/// The two ends of a [`Dcgan`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ends {
    /// A 4×4 (transposed) convolution, as in the PyTorch tutorial; parameters `main.N`.
    Conv,
    /// A linear layer, as in Udacity's face generator; parameters `fc`, `t_convN`, `convN`.
    Linear,
}

impl Dcgan {
    /// (Transposed) convolutions with stride 2 between 4×4 and the picture.
    pub fn doublings(&self) -> usize {
        (self.resolution / 4).max(1).ilog2() as usize
    }

    /// Layers of each network, the end included.
    pub fn n_layers(&self) -> usize {
        self.doublings() + 1
    }

    /// Resolution of a stack of `n_layers` layers: 4·2^(n−1).
    pub fn resolution_of_layers(n_layers: usize) -> usize {
        4 << n_layers.saturating_sub(1)
    }

    /// Channels of the generator's inner layers, from the latent on.
    pub fn generator_widths(&self) -> Vec<usize> {
        let mut widths = match self.generator {
            Widths::Doubling { .. } => self.generator.channels(self.doublings()),
            Widths::Constant { base } => {
                let mut widths = self.generator.channels(self.doublings());
                widths[0] = base;
                widths
            }
        };
        widths.reverse();
        widths
    }

    /// Channels of the discriminator's inner layers, from the picture on.
    pub fn discriminator_widths(&self) -> Vec<usize> {
        self.discriminator.channels(self.doublings())
    }
}

impl Widths {
    /// The same pattern with another base.
    pub fn with_base(self, base: usize) -> Self {
        match self {
            Self::Doubling { max, .. } => Self::Doubling { base, max: max.max(base) },
            Self::Constant { .. } => Self::Constant { base },
        }
    }

    fn channels(self, layers: usize) -> Vec<usize> {
        match self {
            Self::Doubling { base, max } => (0..layers).map(|i| (base << i).min(max)).collect(),
            Self::Constant { base } => vec![2 * base; layers],
        }
    }

    fn validate(self) -> Result<()> {
        let (base, max) = match self {
            Self::Doubling { base, max } => (base, max),
            Self::Constant { base } => (base, 2 * base.min(MAX_WIDTH)),
        };
        if base == 0 || max < base || max > MAX_WIDTH {
            return Err(Error::bad_setting("width", format!("must lie between 1 and {MAX_WIDTH}")));
        }
        Ok(())
    }
}

impl ModelSpec {
    /// Height and width of a picture.
    pub fn size(&self) -> (usize, usize) {
        match &self.network {
            Network::Mlp(mlp) => mlp.size,
            Network::Dcgan(dcgan) => (dcgan.resolution, dcgan.resolution),
            Network::Pix2pix(net) => (net.resolution, net.resolution),
            Network::Stack(stack) => stack.size,
        }
    }

    /// How many pictures hold `floats` values together; one at least, however large it is.
    pub fn pictures_in(&self, floats: usize) -> usize {
        let (height, width) = self.size();
        (floats / (self.channels() * height * width).max(1)).max(1)
    }

    /// 1 for grey, 3 for colour.
    pub fn channels(&self) -> usize {
        match &self.network {
            Network::Mlp(mlp) => mlp.channels,
            Network::Dcgan(dcgan) => dcgan.channels,
            Network::Pix2pix(net) => net.channels,
            Network::Stack(stack) => stack.channels,
        }
    }

    /// One line for people: `DCGAN 64×64 colour, z = 100 (normal)`.
    pub fn summary(&self) -> String {
        let (height, width) = self.size();
        let colour = if self.channels() == 1 { "grey" } else { "colour" };
        let kind = match &self.network {
            Network::Mlp(_) => "MLP",
            Network::Dcgan(_) => "DCGAN",
            Network::Stack(stack) => stack.title(),
            Network::Pix2pix(net) => {
                let from = match net.inputs {
                    1 => "grey",
                    3 => "colour",
                    _ => "other channels",
                };
                let norm = match net.norm {
                    NormKind::Batch => "batch",
                    NormKind::Instance => "instance",
                };
                return format!("U-Net {width}×{height}, {from} to {colour} ({norm} norm)");
            }
        };
        let prior = match self.prior {
            Prior::Normal => "normal",
            Prior::Uniform => "uniform",
        };
        let fade = match self.fade() {
            Some(share) => format!(", its newest layer blended in by {:.0} %", share * 100.0),
            None => String::new(),
        };
        format!("{kind} {width}×{height} {colour}, z = {} ({prior}){fade}", self.z_dim)
    }

    /// Names and shapes of the generator's parameters.
    ///
    /// # Errors
    /// As [`ModelSpec::validate`].
    pub fn generator_shapes(&self) -> Result<Vec<Shape>> {
        self.check_sizes()?;
        Builder::shapes(|builder| Generator::build(self, builder))
    }

    /// Names and shapes of the discriminator's parameters.
    ///
    /// # Errors
    /// As [`ModelSpec::validate`].
    pub fn discriminator_shapes(&self) -> Result<Vec<Shape>> {
        self.check_sizes()?;
        Builder::shapes(|builder| Discriminator::build(self, builder))
    }

    /// Checks every number against its limits, before anything is allocated.
    ///
    /// # Errors
    /// [`Error::BadSetting`] naming the first that is out of range.
    pub fn validate(&self) -> Result<()> {
        let mut networks = vec![self.generator_shapes()?];
        if !matches!(self.network, Network::Stack(_)) {
            networks.push(self.discriminator_shapes()?);
        }
        for shapes in networks {
            let count = shapes.iter().try_fold(0usize, |sum, (_, dims)| {
                dims.iter().try_fold(1usize, |n, d| n.checked_mul(*d))?.checked_add(sum)
            });
            if count.is_none_or(|count| count > MAX_PARAMETERS) {
                return Err(Error::bad_setting(
                    "width",
                    format!("the network would have more than {MAX_PARAMETERS} parameters"),
                ));
            }
        }
        Ok(())
    }

    pub(super) fn check_sizes(&self) -> Result<()> {
        let bad = |setting: &str, why: String| Err(Error::bad_setting(setting, why));
        if self.format == 0 || self.format > SPEC_FORMAT {
            return bad(
                "format",
                format!(
                    "the model is of version {}, and this program knows up to {SPEC_FORMAT}; a newer Latentscape can open it",
                    self.format
                ),
            );
        }
        let is_translator = self.takes_pictures();
        if is_translator && self.z_dim != 0 {
            let why = "networks that make pictures from pictures have no latents; leave it out";
            return bad("z", why.into());
        }
        if !is_translator && !(1..=MAX_Z).contains(&self.z_dim) {
            return bad("z", format!("must lie between 1 and {MAX_Z}, not {}", self.z_dim));
        }
        if !matches!(self.channels(), 1 | 3) {
            return bad("channels", format!("must be 1 or 3, not {}", self.channels()));
        }
        let (height, width) = self.size();
        if height == 0 || width == 0 || height.max(width) > MAX_RESOLUTION {
            return bad(
                "resolution",
                format!("must lie between 1 and {MAX_RESOLUTION}, not {width}×{height}"),
            );
        }
        match &self.network {
            Network::Mlp(mlp) => {
                for widths in [&mlp.generator, &mlp.discriminator] {
                    if widths.is_empty() || widths.len() > 32 {
                        return bad("layers", "a network needs 1 to 32 inner layers".into());
                    }
                    if widths.iter().any(|w| *w == 0 || *w > MAX_WIDTH) {
                        return bad("width", format!("must lie between 1 and {MAX_WIDTH}"));
                    }
                }
                if !(mlp.norm_eps > 0.0 && mlp.norm_eps <= 1.0) {
                    return bad("norm_eps", "must lie between 0 and 1".into());
                }
            }
            Network::Dcgan(dcgan) => {
                if !dcgan.resolution.is_power_of_two() || dcgan.resolution < 8 {
                    return bad(
                        "resolution",
                        format!("must be 8, 16, 32, 64, 128, 256 or 512, not {}", dcgan.resolution),
                    );
                }
                dcgan.generator.validate()?;
                dcgan.discriminator.validate()?;
                dcgan.validate_fade()?;
            }
            Network::Pix2pix(net) => net.check_sizes()?,
            Network::Stack(stack) => stack.check_sizes(self.z_dim)?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Preset;

    fn dcgan(preset: Preset) -> Dcgan {
        match preset.spec().network {
            Network::Dcgan(dcgan) => dcgan,
            other => panic!("{other:?} is no DCGAN"),
        }
    }

    #[test]
    fn widths_are_those_of_the_recipes() {
        let d64 = dcgan(Preset::Dcgan64);
        assert_eq!(d64.generator_widths(), [512, 256, 128, 64]);
        assert_eq!(d64.discriminator_widths(), [64, 128, 256, 512]);
        let cars = dcgan(Preset::Cars256);
        assert_eq!(cars.generator_widths(), [1024, 1024, 512, 256, 128, 64]);
        assert_eq!(cars.n_layers(), 7);
        let constant = Dcgan {
            resolution: Dcgan::resolution_of_layers(4),
            generator: Widths::Constant { base: 16 },
            discriminator: Widths::Constant { base: 16 },
            ..d64
        };
        assert_eq!(constant.resolution, 32);
        assert_eq!(constant.generator_widths(), [32, 32, 16]);
        assert_eq!(constant.discriminator_widths(), [32, 32, 32]);
    }

    #[test]
    fn a_spec_goes_through_json() {
        for preset in Preset::ALL {
            let spec = preset.spec();
            let text = serde_json::to_string(&spec).unwrap();
            assert_eq!(serde_json::from_str::<ModelSpec>(&text).unwrap(), spec, "{text}");
            spec.validate().unwrap();
        }
    }

    #[test]
    fn sizes_out_of_range_are_named() {
        type Change = fn(&mut ModelSpec);
        let cases: [(Change, &str); 7] = [
            (|s| s.z_dim = 0, "z: "),
            (|s| s.z_dim = 1 << 40, "z: "),
            (|s| s.format = 99, "newer"),
            (|s| s.network = with(|d| d.resolution = 48), "resolution"),
            (|s| s.network = with(|d| d.resolution = 1 << 30), "resolution"),
            (|s| s.network = with(|d| d.channels = 4), "channels"),
            (
                |s| s.network = with(|d| d.generator = Widths::Constant { base: usize::MAX }),
                "width",
            ),
        ];
        for (change, said) in cases {
            let mut spec = Preset::Dcgan64.spec();
            change(&mut spec);
            let error = spec.validate().unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }

    fn with(change: impl FnOnce(&mut Dcgan)) -> Network {
        let mut network = dcgan(Preset::Dcgan64);
        change(&mut network);
        Network::Dcgan(network)
    }

    #[test]
    fn too_many_parameters_are_refused_before_they_are_allocated() {
        let mut spec = Preset::Cars256.spec();
        spec.network = with(|d| {
            d.generator = Widths::Doubling { base: 8192, max: 8192 };
        });
        assert!(spec.validate().unwrap_err().to_string().contains("parameters"));
    }
}
