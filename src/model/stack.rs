//! A generator whose layers are written down one by one: for weights that come from elsewhere and are
//! of no kind that this program trains.
//!
//! `[B, z]` → linear layers, then (transposed) convolutions → `[B, C, H, W]` in [-1, 1]. Each layer may
//! have a bias, a norm and an activation, and its parameters carry whatever names they came with.
//! There is no discriminator: such a generator is explored, not trained.

mod norm;

use serde::{Deserialize, Serialize};

pub use norm::{StackNorm, StackNormKind};

use super::layers::{Block, InitStyle, Kernel, bias};
use super::output::Range;
use super::params::Builder;
use super::sequential::{Sequential, Stage};
use super::spec::{MAX_RESOLUTION, MAX_WIDTH};
use crate::error::{Error, Result};
use crate::ops::Activation;

const STYLE: InitStyle = InitStyle::Dcgan;

/// Most layers, largest window, and most values of one linear layer's result.
const MAX_LAYERS: usize = 64;
const MAX_KERNEL: usize = 32;
const MAX_FEATURES: usize = 3 * MAX_RESOLUTION * MAX_RESOLUTION;
/// Steepest leaky ReLU below zero.
const MAX_SLOPE: f32 = 10.0;

/// The layers of a [`Stack`], first to last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stack {
    /// Height and width of a picture.
    pub size: (usize, usize),
    /// 1 for grey, 3 for colour.
    pub channels: usize,
    /// At least one.
    pub layers: Vec<StackLayer>,
    /// What the values behind the last of them stand for. The picture lies in [-1, 1] either way.
    #[serde(default, skip_serializing_if = "Range::is_symmetric")]
    pub range: Range,
}

/// One layer with what follows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StackLayer {
    /// What its `.weight` and `.bias` stand under.
    pub name: String,
    /// What it computes.
    pub kernel: StackKernel,
    /// Whether it has a bias.
    pub bias: bool,
    /// The norm behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub norm: Option<StackNorm>,
    /// What follows both.
    pub activation: Activation,
}

/// What a layer computes. How many channels go in follows from the layer before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum StackKernel {
    /// `[B, in]` → `[B, channels · height · width]`, read as a grid `[B, channels, height, width]` by
    /// a convolution behind it.
    Linear {
        /// Channels of the grid.
        channels: usize,
        /// Height and width of the grid; (1, 1) between linear layers.
        grid: (usize, usize),
    },
    /// A convolution.
    Conv {
        /// Channels that come out.
        channels: usize,
        /// Height and width of the window.
        kernel: usize,
        /// Pixels between windows.
        stride: usize,
        /// Zeros around the picture.
        padding: usize,
        /// Whether the picture is made twice as large before it, every pixel four times.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        enlarge: bool,
    },
    /// A transposed convolution.
    ConvTranspose {
        /// Channels that come out.
        channels: usize,
        /// Height and width of the window.
        kernel: usize,
        /// Pixels between windows.
        stride: usize,
        /// Pixels cut off at each side.
        padding: usize,
        /// Pixels added at the right and at the bottom.
        output_padding: usize,
    },
}

/// What goes from one layer to the next.
#[derive(Clone, Copy)]
struct Flow {
    channels: usize,
    size: (usize, usize),
}

impl Flow {
    fn features(self) -> Option<usize> {
        self.size.0.checked_mul(self.size.1)?.checked_mul(self.channels)
    }
}

impl StackKernel {
    /// Channels that come out.
    pub fn channels(self) -> usize {
        match self {
            Self::Linear { channels, .. }
            | Self::Conv { channels, .. }
            | Self::ConvTranspose { channels, .. } => channels,
        }
    }

    /// What comes out where `given` goes in; `None` where nothing would, or too much.
    fn out(self, given: Flow) -> Option<Flow> {
        let (channels, size) = match self {
            Self::Linear { channels, grid } => (channels, grid),
            Self::Conv { channels, kernel, stride, padding, enlarge } => {
                let side = |n: usize| {
                    let n = n << u32::from(enlarge);
                    Some((n + 2 * padding).checked_sub(kernel)? / stride.max(1) + 1)
                };
                (channels, (side(given.size.0)?, side(given.size.1)?))
            }
            Self::ConvTranspose { channels, kernel, stride, padding, output_padding } => {
                let side = |n: usize| {
                    ((n - 1) * stride + kernel + output_padding).checked_sub(2 * padding)
                };
                (channels, (side(given.size.0)?, side(given.size.1)?))
            }
        };
        let fits = |n: usize, most: usize| (1..=most).contains(&n);
        let sound = fits(channels, MAX_FEATURES)
            && fits(size.0, MAX_RESOLUTION)
            && fits(size.1, MAX_RESOLUTION);
        sound.then_some(Flow { channels, size })
    }

    /// Window, stride, padding, and output padding, of a convolution.
    fn window(self) -> Option<[usize; 4]> {
        match self {
            Self::Linear { .. } => None,
            Self::Conv { kernel, stride, padding, .. } => Some([kernel, stride, padding, 0]),
            Self::ConvTranspose { kernel, stride, padding, output_padding, .. } => {
                Some([kernel, stride, padding, output_padding])
            }
        }
    }
}

impl Stack {
    /// One word for people.
    pub(super) fn title(&self) -> &'static str {
        let convolves = self.layers.iter().any(|layer| layer.kernel.window().is_some());
        if convolves { "DCGAN of other layers" } else { "MLP of other layers" }
    }

    /// What comes out of each layer.
    fn flows(&self, z_dim: usize) -> Result<Vec<Flow>> {
        let bad = |layer: &StackLayer, why: &str| Error::bad_setting(layer.name.clone(), why);
        let mut flow = Flow { channels: z_dim, size: (1, 1) };
        let mut flows = Vec::with_capacity(self.layers.len());
        for layer in &self.layers {
            let convolutions =
                !flows.is_empty() && self.layers[flows.len() - 1].kernel.window().is_some();
            match layer.kernel.window() {
                None if convolutions => {
                    return Err(bad(layer, "no linear layer can follow a convolution"));
                }
                None => {}
                Some([kernel, stride, padding, added]) => {
                    let sound = (1..=MAX_KERNEL).contains(&kernel)
                        && (1..=MAX_KERNEL).contains(&stride)
                        && padding < kernel
                        && added < stride.max(1);
                    if !sound {
                        return Err(bad(
                            layer,
                            "its window, stride and padding do not fit together",
                        ));
                    }
                }
            }
            let out = layer.kernel.out(flow).filter(|out| {
                let widest = if layer.kernel.window().is_some() { MAX_WIDTH } else { MAX_FEATURES };
                out.channels <= widest && out.features().is_some_and(|n| n <= MAX_FEATURES * 64)
            });
            flow = out.ok_or_else(|| bad(layer, "what comes out of it is empty or too large"))?;
            flows.push(flow);
        }
        Ok(flows)
    }

    pub(super) fn check_sizes(&self, z_dim: usize) -> Result<()> {
        if self.layers.is_empty() || self.layers.len() > MAX_LAYERS {
            return Err(Error::bad_setting(
                "layers",
                format!("a network needs 1 to {MAX_LAYERS} layers"),
            ));
        }
        let flows = self.flows(z_dim)?;
        for (layer, out) in self.layers.iter().zip(&flows) {
            if let Some(norm) = &layer.norm {
                norm.check(*out, layer.kernel.window().is_none())?;
            }
            if let Activation::LeakyRelu(slope) = layer.activation
                && (slope.is_nan() || slope.abs() > MAX_SLOPE)
            {
                let why = format!("the slope of its leaky ReLU must lie below {MAX_SLOPE}");
                return Err(Error::bad_setting(layer.name.clone(), why));
            }
        }
        let last = flows.last().copied();
        let picture = last.filter(|out| (out.channels, out.size) == (self.channels, self.size));
        match picture {
            Some(_) => Ok(()),
            None => Err(Error::bad_setting("layers", "no picture of the size said comes out")),
        }
    }

    /// `[B, z]` → `[B, C, H, W]` in [-1, 1].
    pub(super) fn generator(&self, z_dim: usize, builder: &mut Builder) -> Result<Sequential> {
        let flows = self.flows(z_dim)?;
        let mut stages = Vec::new();
        let mut given = Flow { channels: z_dim, size: (1, 1) };
        let mut flat = true;
        for (layer, &out) in self.layers.iter().zip(&flows) {
            let name = &layer.name;
            let inputs = match layer.kernel {
                StackKernel::Linear { .. } => given.features().unwrap_or_default(),
                _ => given.channels,
            };
            if flat && layer.kernel.window().is_some() {
                stages.push(Stage::reshape([given.channels, given.size.0, given.size.1]));
                stages.push(Stage::channels_last());
                flat = false;
            }
            if matches!(layer.kernel, StackKernel::Conv { enlarge: true, .. }) {
                stages.push(Stage::enlarge());
            }
            let channels = (inputs, out.channels);
            let (kernel, outputs) = match layer.kernel {
                StackKernel::Linear { .. } => {
                    let outputs = out.features().unwrap_or_default();
                    (Kernel::linear(name, (inputs, outputs), STYLE, builder)?, outputs)
                }
                StackKernel::Conv { kernel, stride, padding, .. } => {
                    let window = (kernel, stride, padding);
                    (Kernel::conv(name, channels, window, STYLE, builder)?, out.channels)
                }
                StackKernel::ConvTranspose { kernel, stride, padding, output_padding, .. } => {
                    let window = (kernel, stride, padding);
                    let kernel = Kernel::conv_transpose(name, channels, window, STYLE, builder)?;
                    (kernel.reaching_further(output_padding)?, out.channels)
                }
            };
            let bias = match layer.bias {
                true => Some(bias(name, outputs, inputs, STYLE, builder)?),
                false => None,
            };
            let norm =
                layer.norm.as_ref().map(|norm| norm.build(out, flat, builder)).transpose()?;
            stages.push(Stage::block(Block::new(kernel, bias, norm, layer.activation)));
            given = out;
        }
        stages.push(match flat {
            true => Stage::reshape([self.channels, self.size.0, self.size.1]),
            false => Stage::channels_first(),
        });
        let last = self.layers.last().map_or(Activation::Linear, |layer| layer.activation);
        if let Some((scale, shift)) = self.range.to_picture(last) {
            stages.push(Stage::bounded(scale, shift));
        }
        Ok(Sequential(stages))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::latent::Prior;
    use crate::model::{ModelSpec, Network, SPEC_FORMAT};

    fn layer(name: &str, kernel: StackKernel) -> StackLayer {
        let norm = StackNorm {
            name: format!("{name}_bn"),
            eps: 1e-5,
            over_grid: true,
            kind: StackNormKind::Batch,
        };
        StackLayer {
            name: name.into(),
            kernel,
            bias: true,
            norm: Some(norm),
            activation: Activation::Relu,
        }
    }

    fn stack() -> Stack {
        let up = |channels| StackKernel::ConvTranspose {
            channels,
            kernel: 5,
            stride: 2,
            padding: 2,
            output_padding: 1,
        };
        let mut last = layer("c", up(3));
        (last.norm, last.activation) = (None, Activation::Tanh);
        let first = StackKernel::Linear { channels: 6, grid: (4, 4) };
        Stack {
            size: (16, 16),
            channels: 3,
            layers: vec![layer("a", first), layer("b", up(4)), last],
            range: Range::Symmetric,
        }
    }

    fn spec(stack: Stack) -> ModelSpec {
        let network = Network::Stack(stack);
        ModelSpec { format: SPEC_FORMAT, z_dim: 7, prior: Prior::Normal, network }
    }

    #[test]
    fn shapes_follow_from_layer_to_layer_and_go_through_json() {
        let spec = spec(stack());
        spec.validate().unwrap();
        let shapes = spec.generator_shapes().unwrap();
        let of = |name: &str| shapes.iter().find(|(n, _)| n == name).map(|(_, dims)| dims.clone());
        assert_eq!(of("a.weight").unwrap(), [96, 7]);
        assert_eq!(of("a_bn.running_var").unwrap(), [6]);
        assert_eq!(of("b.weight").unwrap(), [6, 4, 5, 5]);
        assert_eq!(of("c.bias").unwrap(), [3]);
        let text = serde_json::to_string(&spec).unwrap();
        assert_eq!(serde_json::from_str::<ModelSpec>(&text).unwrap(), spec, "{text}");
        assert!(spec.discriminator_shapes().unwrap_err().to_string().contains("discriminator"));
    }

    /// Files of before have neither, and are read as what they were.
    #[test]
    fn ranges_and_kinds_of_norms_are_only_written_where_they_are_unusual() {
        let text = serde_json::to_string(&stack()).unwrap();
        assert!(!text.contains("range") && !text.contains("\"kind\":\"batch\""), "{text}");
        let mut other = stack();
        other.range = Range::Unit;
        other.layers[0].norm.as_mut().unwrap().kind = StackNormKind::Group(2);
        let text = serde_json::to_string(&other).unwrap();
        assert_eq!(serde_json::from_str::<Stack>(&text).unwrap(), other, "{text}");
        let shapes = spec(other).generator_shapes().unwrap();
        assert!(shapes.iter().any(|(name, dims)| name == "a_bn.weight" && *dims == [6]));
        assert!(!shapes.iter().any(|(name, _)| name == "a_bn.running_mean"));
    }

    #[test]
    fn layers_that_do_not_fit_are_named() {
        type Change = fn(&mut Stack);
        let cases: [(Change, &str); 8] = [
            (|s| s.layers[1].activation = Activation::LeakyRelu(f32::NAN), "b: the slope"),
            (
                |s| s.layers[1].norm.as_mut().unwrap().kind = StackNormKind::Group(3),
                "b_bn: 4 channels",
            ),
            (|s| s.layers.clear(), "layers: a network needs"),
            (|s| s.size = (32, 32), "no picture of the size"),
            (|s| s.layers.swap(0, 1), "a: no linear layer"),
            (|s| s.layers[0].kernel = StackKernel::Linear { channels: 6, grid: (0, 4) }, "a: what"),
            (|s| s.layers[1].norm.as_mut().unwrap().eps = f64::NAN, "norm_eps"),
            (
                |s| {
                    let StackKernel::ConvTranspose { stride, .. } = &mut s.layers[1].kernel else {
                        return;
                    };
                    *stride = usize::MAX;
                },
                "b: its window",
            ),
        ];
        for (change, said) in cases {
            let mut stack = stack();
            change(&mut stack);
            let error = spec(stack).validate().unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
