//! What a generator computes, one operation after the other, for those who write it down in another
//! language. Everything is channels first here, as in PyTorch and ONNX.

use candle_core::Tensor;

use super::Generator;
use super::layers::{Block, Kernel};
use super::norm::Norm;
use super::sequential::{Stage, StageKind};
use crate::error::Result;
use crate::ops::{Activation, ConvGeometry};

/// One operation on `[B, …]`.
#[derive(Debug, Clone)]
pub enum Operation {
    /// Gives each item of the batch these dimensions.
    Reshape(Vec<usize>),
    /// `x · weightᵀ + bias`; weight `[out, in]`, bias `[out]`.
    Linear {
        /// `[out, in]`.
        weight: Tensor,
        /// `[out]`.
        bias: Option<Tensor>,
    },
    /// A convolution with weight `[out, in, k, k]`, or a transposed one with `[in, out, k, k]`.
    Conv {
        /// The windows' weights.
        weight: Tensor,
        /// `[out]`.
        bias: Option<Tensor>,
        /// Stride and padding.
        geometry: ConvGeometry,
        /// Which of the two.
        transposed: bool,
    },
    /// Batch norm with fixed statistics, all `[C]`.
    BatchNorm {
        /// Weight, bias, mean, variance.
        tensors: [Tensor; 4],
        /// What is added to the variance.
        eps: f64,
    },
    /// Each channel of each picture by itself; nothing is learnt.
    InstanceNorm {
        /// Channels.
        channels: usize,
        /// What is added to the variance.
        eps: f64,
    },
    /// Groups of channels of each picture by themselves, then a scale and a shift.
    GroupNorm {
        /// Into how many groups the channels are divided.
        groups: usize,
        /// Weight and bias, `[C]`; behind a linear layer `[C · pixels]`.
        tensors: [Tensor; 2],
        /// What is added to the variance.
        eps: f64,
        /// Whether it stands behind a linear layer: what comes in is `[B, C · pixels]`.
        is_flat: bool,
    },
    /// `x · scale + shift`, cut off below −1 and above 1.
    Bounded {
        /// The factor.
        scale: f64,
        /// What is added.
        shift: f64,
    },
    /// An activation; [`Activation::Linear`] never stands here.
    Activate(Activation),
    /// Every pixel four times.
    Enlarge,
    /// What is above zero of what comes in, and behind it, as further channels, what the row makes of
    /// what comes in.
    Skip(Vec<Operation>),
    /// `(1 − share)` of what the first row makes, and `share` of what the second does.
    Blend {
        /// The rows.
        ways: [Vec<Operation>; 2],
        /// Between 0 and 1.
        share: f64,
    },
}

impl Generator {
    /// What it computes in use, from what it takes to the picture.
    ///
    /// # Errors
    /// [`crate::Error::Tensor`] if a device fails.
    pub fn operations(&self) -> Result<Vec<Operation>> {
        row(self.network().stages())
    }
}

fn row(stages: &[Stage]) -> Result<Vec<Operation>> {
    let mut row = Vec::new();
    for (i, stage) in stages.iter().enumerate() {
        add(stage.kind(), stages.get(i + 1), &mut row)?;
    }
    Ok(row)
}

fn add(kind: &StageKind, next: Option<&Stage>, to: &mut Vec<Operation>) -> Result<()> {
    match kind {
        StageKind::Reshape(dims) => {
            let mut dims = dims.clone();
            // A layer that reads channels last gets them last where there is a single pixel.
            if let (Some(StageKind::Block(block)), [1, 1, channels]) =
                (next.map(Stage::kind), &dims[..])
                && !matches!(block.kernel, Kernel::Linear { .. })
            {
                dims = vec![*channels, 1, 1];
            }
            to.push(Operation::Reshape(dims));
        }
        StageKind::ChannelsLast | StageKind::ChannelsFirst | StageKind::Dropout { .. } => {}
        StageKind::Enlarge => to.push(Operation::Enlarge),
        // Only discriminators make pictures smaller.
        StageKind::Shrink => {
            return Err(
                candle_core::Error::Msg("no generator makes pictures smaller".into()).into()
            );
        }
        StageKind::Block(block) => add_block(block, to)?,
        StageKind::Bounded { scale, shift } => {
            to.push(Operation::Bounded { scale: *scale, shift: *shift });
        }
        StageKind::Skip(inner) => to.push(Operation::Skip(row(inner)?)),
        StageKind::Blend(blend) => {
            let [first, second] = &blend.ways;
            to.push(Operation::Blend { ways: [row(first)?, row(second)?], share: blend.share });
        }
    }
    Ok(())
}

fn add_block(block: &Block, to: &mut Vec<Operation>) -> Result<()> {
    let bias = block.bias.clone();
    let (weight, channels_at) = match &block.kernel {
        Kernel::Linear { weight } => {
            to.push(Operation::Linear { weight: weight.clone(), bias });
            (weight, 0)
        }
        Kernel::Conv { weight, geometry } => {
            let (weight_, geometry) = (weight.clone(), *geometry);
            to.push(Operation::Conv { weight: weight_, bias, geometry, transposed: false });
            (weight, 0)
        }
        Kernel::ConvTranspose { weight, geometry } => {
            let (weight_, geometry) = (weight.clone(), *geometry);
            to.push(Operation::Conv { weight: weight_, bias, geometry, transposed: true });
            (weight, 1)
        }
    };
    match &block.norm {
        Some(Norm::Batch(norm)) => {
            to.push(Operation::BatchNorm { tensors: norm.tensors(), eps: norm.eps() });
        }
        Some(Norm::Instance { eps }) => {
            to.push(Operation::InstanceNorm { channels: weight.dim(channels_at)?, eps: *eps });
        }
        Some(Norm::Group(norm)) => to.push(Operation::GroupNorm {
            groups: norm.groups,
            tensors: [norm.weight.clone(), norm.bias.clone()],
            eps: norm.eps,
            is_flat: matches!(block.kernel, Kernel::Linear { .. }),
        }),
        None => {}
    }
    if block.activation != Activation::Linear {
        to.push(Operation::Activate(block.activation));
    }
    Ok(())
}
