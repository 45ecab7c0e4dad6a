//! What keeps the values between layers in a range that the next one can use.

use candle_core::Tensor;

use super::layers::InitStyle;
use super::params::{Builder, Init};
use super::pass::Mode;
use super::tape::Tape;
use crate::error::Result;
use crate::ops::{self, Activation, Recorded};

/// The normalisation of a block.
#[derive(Debug, Clone)]
pub(super) enum Norm {
    /// Over the batch.
    Batch(BatchNorm),
    /// Over each picture by itself, in any mode; nothing is learnt.
    Instance { eps: f64 },
    /// Over groups of channels of each picture, in any mode.
    Group(GroupNorm),
}

impl Norm {
    /// Batch norm over `channels`, with its parameters under `name`.
    pub(super) fn batch(
        name: &str,
        channels: usize,
        eps: f64,
        style: InitStyle,
        builder: &mut Builder,
    ) -> Result<Self> {
        BatchNorm::new(name, channels, eps, style, builder).map(Self::Batch)
    }

    /// Group norm with `groups` over `channels`, with its parameters under `name`.
    pub(super) fn group(
        (name, groups): (&str, usize),
        channels: usize,
        eps: f64,
        style: InitStyle,
        builder: &mut Builder,
    ) -> Result<Self> {
        let weight = builder.weight(&format!("{name}.weight"), &[channels], style.norm_scale())?;
        let bias = builder.weight(&format!("{name}.bias"), &[channels], Init::Constant(0.0))?;
        Ok(Self::Group(GroupNorm { groups, weight, bias, eps }))
    }

    /// Whether it measures what it normalises in any mode.
    pub(super) fn is_measured(&self) -> bool {
        matches!(self, Self::Instance { .. } | Self::Group(_))
    }

    /// The same for values of which `times` in a row belong to each channel. Its statistics no longer
    /// follow those it was made from: for weights that do not change.
    pub(super) fn spread(self, times: usize) -> Result<Self> {
        let spread = |tensor: &Tensor| -> Result<Tensor> {
            let channels = tensor.elem_count();
            Ok(tensor.reshape((channels, 1))?.repeat((1, times))?.flatten_all()?)
        };
        Ok(match self {
            Self::Batch(norm) => Self::Batch(BatchNorm {
                weight: spread(&norm.weight)?,
                bias: spread(&norm.bias)?,
                running_mean: spread(&norm.running_mean)?,
                running_var: spread(&norm.running_var)?,
                eps: norm.eps,
            }),
            Self::Group(norm) => Self::Group(GroupNorm {
                weight: spread(&norm.weight)?,
                bias: spread(&norm.bias)?,
                ..norm
            }),
            Self::Instance { eps } => Self::Instance { eps },
        })
    }

    pub(super) fn forward(&self, x: &Tensor, activation: Activation, mode: Mode) -> Result<Tensor> {
        match self {
            Self::Batch(norm) => norm.forward(x, activation, mode),
            Self::Instance { eps } => ops::instance_norm(x, *eps, activation),
            Self::Group(norm) => norm.forward(x, activation),
        }
    }

    pub(super) fn record(
        &self,
        x: &Tensor,
        activation: Activation,
        mode: Mode,
        tape: &mut Tape,
    ) -> Result<Tensor> {
        match self {
            Self::Batch(norm) => norm.record(x, activation, mode, tape),
            Self::Instance { eps } => {
                Ok(tape.note(Recorded::instance_norm(x, *eps, activation)?, [None, None]))
            }
            Self::Group(norm) => {
                let recorded = Recorded::traced(x, |x| norm.forward(x, activation))?;
                Ok(tape.note(recorded, [None, None]))
            }
        }
    }
}

/// Group norm, with a scale and a shift for each channel. Only stacks have it, which are not trained.
#[derive(Debug, Clone)]
pub(super) struct GroupNorm {
    pub(super) groups: usize,
    /// `[C]`.
    pub(super) weight: Tensor,
    /// `[C]`.
    pub(super) bias: Tensor,
    pub(super) eps: f64,
}

impl GroupNorm {
    fn forward(&self, x: &Tensor, activation: Activation) -> Result<Tensor> {
        ops::group_norm(x, self.groups, [&self.weight, &self.bias], self.eps, activation)
    }
}

/// Batch normalisation over all but the channel dimension (Ioffe & Szegedy 2015).
#[derive(Debug, Clone)]
pub(super) struct BatchNorm {
    weight: Tensor,
    bias: Tensor,
    running_mean: Tensor,
    running_var: Tensor,
    eps: f64,
}

impl BatchNorm {
    /// Share of the newest batch in the running statistics; PyTorch's default.
    const MOMENTUM: f64 = 0.1;

    fn new(
        name: &str,
        channels: usize,
        eps: f64,
        style: InitStyle,
        builder: &mut Builder,
    ) -> Result<Self> {
        Ok(Self {
            weight: builder.weight(&format!("{name}.weight"), &[channels], style.norm_scale())?,
            bias: builder.weight(&format!("{name}.bias"), &[channels], Init::Constant(0.0))?,
            running_mean: builder.statistic(&format!("{name}.running_mean"), channels, 0.0)?,
            running_var: builder.statistic(&format!("{name}.running_var"), channels, 1.0)?,
            eps,
        })
    }

    fn forward(&self, x: &Tensor, activation: Activation, mode: Mode) -> Result<Tensor> {
        match mode {
            Mode::Train => {
                let (y, stats) =
                    ops::batch_norm(x, &self.weight, &self.bias, self.eps, activation)?;
                self.follow(&stats)?;
                Ok(y)
            }
            Mode::Eval => {
                let (scale, shift) = self.fixed()?;
                ops::scale_shift(x, Some(&scale), Some(&shift), activation)
            }
        }
    }

    fn record(
        &self,
        x: &Tensor,
        activation: Activation,
        mode: Mode,
        tape: &mut Tape,
    ) -> Result<Tensor> {
        match mode {
            Mode::Train => {
                let (weight, bias) = (&self.weight, &self.bias);
                let (y, stats, recorded) =
                    Recorded::batch_norm(x, weight, bias, self.eps, activation)?;
                self.follow(&stats)?;
                Ok(tape.note((y, recorded), [Some(weight), Some(bias)]))
            }
            Mode::Eval => {
                let (scale, shift) = self.fixed()?;
                let recorded = Recorded::scale_shift(x, Some(&scale), Some(&shift), activation)?;
                Ok(tape.note(recorded, [None, None]))
            }
        }
    }

    /// Moves the running statistics towards those of a batch.
    fn follow(&self, stats: &ops::BatchStats) -> Result<()> {
        ops::update::lerp(&self.running_mean, &stats.mean, Self::MOMENTUM)?;
        ops::update::lerp(&self.running_var, &stats.var_unbiased, Self::MOMENTUM)
    }

    /// Weight, bias, running mean and variance, all `[C]`.
    pub(super) fn tensors(&self) -> [Tensor; 4] {
        [&self.weight, &self.bias, &self.running_mean, &self.running_var].map(Tensor::clone)
    }

    pub(super) fn eps(&self) -> f64 {
        self.eps
    }

    /// Scale and shift `[C]` that the running statistics amount to.
    pub(super) fn fixed(&self) -> Result<(Tensor, Tensor)> {
        let scale = (&self.weight / (&self.running_var + self.eps)?.sqrt()?)?;
        let shift = (&self.bias - (&self.running_mean * &scale)?)?;
        Ok((scale, shift))
    }
}
