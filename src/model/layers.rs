//! The layers that all networks share. Each holds its tensors and knows its names' last part;
//! the network gives the first (`main.3` + `.weight`).

use std::sync::Arc;

use candle_core::Tensor;

use super::norm::Norm;
use super::params::{Builder, Init};
use super::pass::Mode;
use super::tape::Tape;
use crate::error::Result;
use crate::ops::{self, Activation, ConvGeometry, PreparedConv, Recorded};

/// How a network's weights start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InitStyle {
    /// Weights N(0, 0.02), batch-norm scales N(1, 0.02), biases 0 (Radford et al. 2016, "DCGAN").
    Dcgan,
    /// Weights N(0, 0.02), batch-norm scales 1.
    PlainNormal,
    /// PyTorch's default: uniform ±1/√fan_in for weights and biases, batch-norm scales 1.
    FanIn,
}

impl InitStyle {
    fn kernel(self, fan_in: usize) -> Init {
        match self {
            Self::Dcgan | Self::PlainNormal => Init::Normal(0.0, 0.02),
            Self::FanIn => Init::Uniform(1.0 / (fan_in as f32).sqrt()),
        }
    }

    fn bias(self, fan_in: usize) -> Init {
        match self {
            Self::Dcgan | Self::PlainNormal => Init::Constant(0.0),
            Self::FanIn => Init::Uniform(1.0 / (fan_in as f32).sqrt()),
        }
    }

    pub(super) fn norm_scale(self) -> Init {
        match self {
            Self::Dcgan => Init::Normal(1.0, 0.02),
            Self::PlainNormal | Self::FanIn => Init::Constant(1.0),
        }
    }
}

/// The linear part of a block.
#[derive(Debug, Clone)]
pub(super) enum Kernel {
    /// `[B, in]` → `[B, out]`; weight `[out, in]`.
    Linear { weight: Tensor },
    /// `[B, H, W, in]` → `[B, H', W', out]`; weight `[out, in, k, k]`.
    Conv { weight: Tensor, geometry: ConvGeometry },
    /// `[B, H, W, in]` → `[B, H', W', out]`; weight `[in, out, k, k]`.
    ConvTranspose { weight: Tensor, geometry: ConvGeometry },
}

impl Kernel {
    pub(super) fn linear(
        name: &str,
        (inputs, outputs): (usize, usize),
        style: InitStyle,
        builder: &mut Builder,
    ) -> Result<Self> {
        let weight =
            builder.weight(&format!("{name}.weight"), &[outputs, inputs], style.kernel(inputs))?;
        Ok(Self::Linear { weight })
    }

    pub(super) fn conv(
        name: &str,
        (inputs, outputs): (usize, usize),
        (size, stride, padding): (usize, usize, usize),
        style: InitStyle,
        builder: &mut Builder,
    ) -> Result<Self> {
        let dims = [outputs, inputs, size, size];
        let init = style.kernel(inputs * size * size);
        let weight = builder.weight(&format!("{name}.weight"), &dims, init)?;
        Ok(Self::Conv { weight, geometry: ConvGeometry::new(stride, padding) })
    }

    pub(super) fn conv_transpose(
        name: &str,
        (inputs, outputs): (usize, usize),
        (size, stride, padding): (usize, usize, usize),
        style: InitStyle,
        builder: &mut Builder,
    ) -> Result<Self> {
        let dims = [inputs, outputs, size, size];
        let init = style.kernel(outputs * size * size);
        let weight = builder.weight(&format!("{name}.weight"), &dims, init)?;
        Ok(Self::ConvTranspose { weight, geometry: ConvGeometry::new(stride, padding) })
    }

    /// A transposed convolution whose result has `pixels` more at the right and at the bottom: its
    /// window is that much larger, with zeros there. For weights that do not change.
    pub(super) fn reaching_further(self, pixels: usize) -> Result<Self> {
        Ok(match self {
            // Without values, where only shapes are wanted, there is nothing to make larger.
            Self::ConvTranspose { weight, geometry } if pixels > 0 && weight.rank() == 4 => {
                let weight = weight.pad_with_zeros(2, 0, pixels)?.pad_with_zeros(3, 0, pixels)?;
                Self::ConvTranspose { weight: weight.contiguous()?, geometry }
            }
            other => other,
        })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        match self {
            Self::Linear { weight } => ops::linear(x, weight),
            Self::Conv { weight, geometry } => ops::conv2d(x, weight, *geometry),
            Self::ConvTranspose { weight, geometry } => {
                ops::conv_transpose2d(x, weight, *geometry, (0, 0))
            }
        }
    }

    fn record(&self, x: &Tensor, tape: &mut Tape) -> Result<Tensor> {
        let (recorded, weight) = match self {
            Self::Linear { weight } => (Recorded::linear(x, weight)?, weight),
            Self::Conv { weight, geometry } => (Recorded::conv2d(x, weight, *geometry)?, weight),
            Self::ConvTranspose { weight, geometry } => {
                (Recorded::conv_transpose2d(x, weight, *geometry)?, weight)
            }
        };
        Ok(tape.note(recorded, [Some(weight), None]))
    }
}

/// A bias `[C]` for a kernel with `fan_in` inputs per output.
pub(super) fn bias(
    name: &str,
    channels: usize,
    fan_in: usize,
    style: InitStyle,
    builder: &mut Builder,
) -> Result<Tensor> {
    builder.weight(&format!("{name}.bias"), &[channels], style.bias(fan_in))
}

/// Kernel, then bias and norm, one of them or neither, then an activation.
#[derive(Debug, Clone)]
pub(super) struct Block {
    pub(super) kernel: Kernel,
    pub(super) bias: Option<Tensor>,
    pub(super) norm: Option<Norm>,
    pub(super) activation: Activation,
    /// All of the above as one step, for weights that no longer change; up to the norm where that is
    /// measured anew for every picture.
    prepared: Option<Arc<PreparedConv>>,
}

impl Block {
    pub(super) fn new(
        kernel: Kernel,
        bias: Option<Tensor>,
        norm: Option<Norm>,
        activation: Activation,
    ) -> Self {
        Self { kernel, bias, norm, activation, prepared: None }
    }

    /// Whether its norm measures the batch while training.
    pub(super) fn measures_the_batch(&self) -> bool {
        matches!(self.norm, Some(Norm::Batch(_)))
    }

    /// Makes [`Mode::Eval`] quicker for small batches on the CPU. The weights must not change
    /// afterwards.
    pub(super) fn prepare(&mut self) -> Result<()> {
        let (weight, geometry, transposed) = match &self.kernel {
            Kernel::Linear { .. } => return Ok(()),
            Kernel::Conv { weight, geometry } => (weight, *geometry, false),
            Kernel::ConvTranspose { weight, geometry } => (weight, *geometry, true),
        };
        if !weight.device().is_cpu() {
            return Ok(());
        }
        let (scale, shift) = match (&self.bias, &self.norm) {
            (bias, None | Some(Norm::Instance { .. } | Norm::Group(_))) => (None, bias.clone()),
            (None, Some(Norm::Batch(norm))) => {
                norm.fixed().map(|(scale, shift)| (Some(scale), Some(shift)))?
            }
            (Some(bias), Some(Norm::Batch(norm))) => {
                let (scale, shift) = norm.fixed()?;
                let shift = (shift + (bias * &scale)?)?;
                (Some(scale), Some(shift))
            }
        };
        let activation = match &self.norm {
            Some(norm) if norm.is_measured() => Activation::Linear,
            _ => self.activation,
        };
        let constants = (scale.as_ref(), shift.as_ref());
        let prepared = PreparedConv::new(weight, geometry, transposed, constants, activation)?;
        self.prepared = Some(Arc::new(prepared));
        Ok(())
    }

    pub(super) fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        if let Some(prepared) = &self.prepared
            && mode == Mode::Eval
            && prepared.suits(x)
        {
            let y = prepared.forward(x)?;
            return match &self.norm {
                Some(norm) if norm.is_measured() => norm.forward(&y, self.activation, mode),
                _ => Ok(y),
            };
        }
        let y = self.kernel.forward(x)?;
        match (&self.bias, &self.norm) {
            (None, None) => ops::activate(&y, self.activation),
            (Some(bias), None) => ops::scale_shift(&y, None, Some(bias), self.activation),
            (None, Some(norm)) => norm.forward(&y, self.activation, mode),
            (Some(bias), Some(norm)) => {
                let y = ops::scale_shift(&y, None, Some(bias), Activation::Linear)?;
                norm.forward(&y, self.activation, mode)
            }
        }
    }

    /// As [`Block::forward`], noting what the way back needs.
    pub(super) fn record(&self, x: &Tensor, mode: Mode, tape: &mut Tape) -> Result<Tensor> {
        let y = self.kernel.record(x, tape)?;
        let shift = |bias: &Tensor, activation: Activation, tape: &mut Tape| {
            let recorded = Recorded::scale_shift(&y, None, Some(bias), activation)?;
            Ok(tape.note(recorded, [None, Some(bias)]))
        };
        match (&self.bias, &self.norm) {
            (None, None) => Ok(tape.note(Recorded::activate(&y, self.activation)?, [None, None])),
            (Some(bias), None) => shift(bias, self.activation, tape),
            (None, Some(norm)) => norm.record(&y, self.activation, mode, tape),
            (Some(bias), Some(norm)) => {
                let y = shift(bias, Activation::Linear, tape)?;
                norm.record(&y, self.activation, mode, tape)
            }
        }
    }
}
