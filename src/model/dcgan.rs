//! The convolutional networks of [`Dcgan`].
//!
//! Generator: latent → 4×4 → … → picture by 4×4 transposed convolutions with stride 2, batch norm and
//! ReLU after each but the last, tanh at the end. Discriminator: the way back by 4×4 convolutions with
//! stride 2, leaky ReLU 0.2, batch norm on all but the first and the last.
//!
//! Names with [`Ends::Conv`] follow PyTorch's DCGAN tutorial, where `nn.Sequential` counts every layer
//! (`main.0` convolution, `main.1` batch norm, `main.2` ReLU, …); with [`Ends::Linear`] those of
//! Udacity's face generator (`fc`, `t_conv1.0` convolution, `t_conv1.1` batch norm, …).

use super::layers::{BatchNorm, Block, InitStyle, Kernel, bias};
use super::params::Builder;
use super::sequential::{Sequential, Stage};
use super::spec::{Dcgan, Ends};
use crate::error::Result;
use crate::ops::Activation;

const LEAK: Activation = Activation::LeakyRelu(0.2);
const NORM_EPS: f64 = 1e-5;

/// Kernel size, stride, padding of a layer that halves or doubles the picture.
const HALVE: (usize, usize, usize) = (4, 2, 1);
/// The same for a layer between 1×1 and 4×4.
const END: (usize, usize, usize) = (4, 1, 0);

/// Names of the layers in order, as the two public implementations count them.
struct Names {
    ends: Ends,
    linear_prefix: &'static str,
    /// Place in `nn.Sequential`, or number of the layer.
    next: usize,
}

impl Names {
    fn new(ends: Ends, linear_prefix: &'static str) -> Self {
        Self { ends, linear_prefix, next: if ends == Ends::Conv { 0 } else { 1 } }
    }

    /// Names of the next convolution and of the batch norm behind it.
    fn layer(&mut self, has_norm: bool) -> (String, String) {
        match self.ends {
            Ends::Conv => {
                let at = self.next;
                self.next += if has_norm { 3 } else { 2 };
                (format!("main.{at}"), format!("main.{}", at + 1))
            }
            Ends::Linear => {
                let name = format!("{}{}", self.linear_prefix, self.next);
                self.next += 1;
                (format!("{name}.0"), format!("{name}.1"))
            }
        }
    }
}

impl Dcgan {
    fn style(&self) -> InitStyle {
        match self.ends {
            Ends::Conv => InitStyle::Dcgan,
            Ends::Linear => InitStyle::PlainNormal,
        }
    }

    /// `[B, z]` → `[B, C, R, R]` in [-1, 1].
    pub(super) fn generator(&self, z_dim: usize, builder: &mut Builder) -> Result<Sequential> {
        let style = self.style();
        let widths = self.generator_widths();
        let mut names = Names::new(self.ends, "t_conv");
        let mut stages = Vec::new();
        match self.ends {
            Ends::Conv => {
                let (name, norm) = names.layer(true);
                stages.push(Stage::reshape([1, 1, z_dim]));
                stages.push(Stage::block(Block::new(
                    Kernel::conv_transpose(&name, (z_dim, widths[0]), END, style, builder)?,
                    None,
                    Some(BatchNorm::new(&norm, widths[0], NORM_EPS, style, builder)?),
                    Activation::Relu,
                )));
            }
            Ends::Linear => {
                let outputs = widths[0] * 16;
                stages.push(Stage::block(Block::new(
                    Kernel::linear("fc", (z_dim, outputs), style, builder)?,
                    Some(bias("fc", outputs, z_dim, style, builder)?),
                    None,
                    Activation::Linear,
                )));
                stages.push(Stage::reshape([widths[0], 4, 4]));
                stages.push(Stage::channels_last());
            }
        }
        for (i, &inputs) in widths.iter().enumerate() {
            let inner = widths.get(i + 1).copied();
            let outputs = inner.unwrap_or(self.channels);
            let (name, norm) = names.layer(inner.is_some());
            let kernel = Kernel::conv_transpose(&name, (inputs, outputs), HALVE, style, builder)?;
            let (norm, activation) = match inner {
                Some(channels) => (
                    Some(BatchNorm::new(&norm, channels, NORM_EPS, style, builder)?),
                    Activation::Relu,
                ),
                None => (None, Activation::Tanh),
            };
            stages.push(Stage::block(Block::new(kernel, None, norm, activation)));
        }
        stages.push(Stage::channels_first());
        Ok(Sequential(stages))
    }

    /// `[B, C, R, R]` in [-1, 1] → logits `[B]`.
    pub(super) fn discriminator(&self, builder: &mut Builder) -> Result<Sequential> {
        let style = self.style();
        let widths = self.discriminator_widths();
        let mut names = Names::new(self.ends, "conv");
        let mut stages = vec![Stage::channels_last()];
        let mut inputs = self.channels;
        for (i, &outputs) in widths.iter().enumerate() {
            let has_norm = i > 0;
            let (name, norm) = names.layer(has_norm);
            let kernel = Kernel::conv(&name, (inputs, outputs), HALVE, style, builder)?;
            let norm = match has_norm {
                true => Some(BatchNorm::new(&norm, outputs, NORM_EPS, style, builder)?),
                false => None,
            };
            stages.push(Stage::block(Block::new(kernel, None, norm, LEAK)));
            inputs = outputs;
        }
        let verdict = match self.ends {
            Ends::Conv => {
                let (name, _) = names.layer(false);
                let kernel = Kernel::conv(&name, (inputs, 1), END, style, builder)?;
                Block::new(kernel, None, None, Activation::Linear)
            }
            Ends::Linear => {
                let fan_in = inputs * 16;
                stages.push(Stage::channels_first());
                stages.push(Stage::reshape([fan_in]));
                Block::new(
                    Kernel::linear("fc", (fan_in, 1), style, builder)?,
                    Some(bias("fc", 1, fan_in, style, builder)?),
                    None,
                    Activation::Linear,
                )
            }
        };
        stages.push(Stage::block(verdict));
        stages.push(Stage::reshape([]));
        Ok(Sequential(stages))
    }
}
