//! Operations on the CPU that keep what their way back needs.
//!
//! For networks that walk back themselves: candle's own walk fills a tensor with zeros for every
//! gradient and adds the gradient to it, which costs a training step of a DCGAN 7 % of its time, and
//! keeps all tensors until the end.

use super::activation::{ActivateGradient, Activation};
use super::affine::Plan;
use super::conv::Conv;
use super::linear::Linear;
use super::{BatchStats, ConvGeometry, affine_planned, batch_norm_planned, instance};
use crate::error::Result;
use candle_core::{Tensor, Var};
use std::sync::Arc;

/// An operation that was computed. The constructors also return its result, through which candle
/// traces nothing.
#[derive(Debug)]
pub struct Recorded(Operation);

#[derive(Debug)]
enum Operation {
    Linear(Linear),
    Conv {
        conv: Conv,
        x: Tensor,
        weight: Tensor,
    },
    Affine {
        plan: Arc<Plan>,
        x: Tensor,
        y: Tensor,
    },
    /// One plan for each picture.
    Instance {
        plans: Vec<Arc<Plan>>,
        x: Tensor,
        y: Tensor,
    },
    Activation {
        activation: Activation,
        x: Tensor,
        y: Tensor,
    },
    /// Values times these.
    Factors(Tensor),
    /// From these dimensions to others.
    Reshape(Vec<usize>),
    ChannelsLast,
    ChannelsFirst,
    Enlarge,
    Shrink,
    /// What candle has traced.
    Traced {
        x: Var,
        y: Tensor,
    },
}

/// Gradients of what went into an operation.
#[derive(Debug, Default)]
pub struct Inward {
    /// Of x, if it was asked for.
    pub x: Option<Tensor>,
    /// Of the parameters in the order of the constructor's arguments, if they were asked for.
    pub params: [Option<Tensor>; 2],
}

impl Recorded {
    /// As [`linear`](super::linear).
    ///
    /// # Errors
    /// As there.
    pub fn linear(x: &Tensor, weight: &Tensor) -> Result<(Tensor, Self)> {
        let (y, product) = Linear::compute(x, weight)?;
        Ok((y, Self(Operation::Linear(product))))
    }

    /// As [`conv2d`](super::conv2d).
    ///
    /// # Errors
    /// As there.
    pub fn conv2d(x: &Tensor, weight: &Tensor, geometry: ConvGeometry) -> Result<(Tensor, Self)> {
        let (x, weight) = (x.detach().contiguous()?, weight.detach().contiguous()?);
        let y = super::conv2d(&x, &weight, geometry)?;
        let conv = Conv::plain(&x, &weight, geometry)?;
        Ok((y, Self(Operation::Conv { conv, x, weight })))
    }

    /// As [`conv_transpose2d`](super::conv_transpose2d), without output padding.
    ///
    /// # Errors
    /// As there.
    pub fn conv_transpose2d(
        x: &Tensor,
        weight: &Tensor,
        geometry: ConvGeometry,
    ) -> Result<(Tensor, Self)> {
        let (x, weight) = (x.detach().contiguous()?, weight.detach().contiguous()?);
        let y = super::conv_transpose2d(&x, &weight, geometry, (0, 0))?;
        let conv = Conv::transposed(&x, &weight, geometry)?;
        Ok((y, Self(Operation::Conv { conv, x, weight })))
    }

    /// As [`scale_shift`](super::scale_shift) with one constant at least.
    ///
    /// # Errors
    /// As there.
    pub fn scale_shift(
        x: &Tensor,
        scale: Option<&Tensor>,
        shift: Option<&Tensor>,
        activation: Activation,
    ) -> Result<(Tensor, Self)> {
        let x = x.detach().contiguous()?;
        let [scale, shift] = [scale, shift].map(|constant| constant.map(Tensor::detach));
        let (y, plan) = affine_planned(&x, scale.as_ref(), shift.as_ref(), activation)?;
        Ok((y.clone(), Self(Operation::Affine { plan, x, y })))
    }

    /// As [`batch_norm`](super::batch_norm).
    ///
    /// # Errors
    /// As there.
    pub fn batch_norm(
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        eps: f64,
        activation: Activation,
    ) -> Result<(Tensor, BatchStats, Self)> {
        let x = x.detach().contiguous()?;
        let (weight, bias) = (weight.detach(), bias.detach());
        let (y, stats, plan) = batch_norm_planned(&x, &weight, &bias, eps, activation)?;
        Ok((y.clone(), stats, Self(Operation::Affine { plan, x, y })))
    }

    /// As [`instance_norm`](super::instance_norm).
    ///
    /// # Errors
    /// As there.
    pub fn instance_norm(x: &Tensor, eps: f64, activation: Activation) -> Result<(Tensor, Self)> {
        let x = x.detach().contiguous()?;
        let (y, plans) = instance::planned(&x, eps, activation)?;
        Ok((y.clone(), Self(Operation::Instance { plans, x, y })))
    }

    /// `x` times `factors`, which have its dimensions.
    ///
    /// # Errors
    /// When they have not.
    pub fn scaled(x: &Tensor, factors: Tensor) -> Result<(Tensor, Self)> {
        Ok((x.detach().mul(&factors)?, Self(Operation::Factors(factors))))
    }

    /// As [`activate`](super::activate).
    ///
    /// # Errors
    /// As there.
    pub fn activate(x: &Tensor, activation: Activation) -> Result<(Tensor, Self)> {
        let x = x.detach().contiguous()?;
        let y = super::activate(&x, activation)?;
        Ok((y.clone(), Self(Operation::Activation { activation, x, y })))
    }

    /// The same values with other dimensions.
    ///
    /// # Errors
    /// When their number differs.
    pub fn reshape(x: &Tensor, dims: &[usize]) -> Result<(Tensor, Self)> {
        let x = x.detach();
        Ok((x.reshape(dims)?, Self(Operation::Reshape(x.dims().to_vec()))))
    }

    /// As [`channels_last`](super::channels_last).
    ///
    /// # Errors
    /// As there.
    pub fn channels_last(x: &Tensor) -> Result<(Tensor, Self)> {
        Ok((super::channels_last(&x.detach())?, Self(Operation::ChannelsLast)))
    }

    /// As [`channels_first`](super::channels_first).
    ///
    /// # Errors
    /// As there.
    pub fn channels_first(x: &Tensor) -> Result<(Tensor, Self)> {
        Ok((super::channels_first(&x.detach())?, Self(Operation::ChannelsFirst)))
    }

    /// As [`enlarge`](super::enlarge).
    ///
    /// # Errors
    /// As there.
    pub fn enlarge(x: &Tensor) -> Result<(Tensor, Self)> {
        Ok((super::enlarge(&x.detach())?, Self(Operation::Enlarge)))
    }

    /// As [`shrink`](super::shrink).
    ///
    /// # Errors
    /// As there.
    pub fn shrink(x: &Tensor) -> Result<(Tensor, Self)> {
        Ok((super::shrink(&x.detach())?, Self(Operation::Shrink)))
    }

    /// Whatever `compute` makes of x; candle walks back over it. For what is seldom walked over: its
    /// parameters get no gradients.
    ///
    /// # Errors
    /// Whatever `compute` returns.
    pub fn traced(
        x: &Tensor,
        compute: impl FnOnce(&Tensor) -> Result<Tensor>,
    ) -> Result<(Tensor, Self)> {
        let x = Var::from_tensor(&x.detach())?;
        let y = compute(x.as_tensor())?;
        Ok((y.detach(), Self(Operation::Traced { x, y })))
    }

    /// From the gradient of the result to those of x and of the parameters.
    ///
    /// # Errors
    /// When `grad` does not have the shape of the result.
    pub fn back(self, grad: &Tensor, wants_x: bool, wants_params: bool) -> Result<Inward> {
        let only_x = |x: Tensor| Ok(Inward { x: Some(x), ..Inward::default() });
        match self.0 {
            Operation::Linear(product) => {
                let (x, weight) = product.gradients(grad, (wants_x, wants_params))?;
                Ok(Inward { x, params: [weight, None] })
            }
            Operation::Conv { conv, x, weight } => {
                let wants = (wants_x, wants_params);
                let (x, weight) = conv.gradients((&x, &weight), &grad.contiguous()?, wants)?;
                Ok(Inward { x, params: [weight, None] })
            }
            Operation::Affine { plan, x, y } => {
                let grad = grad.contiguous()?;
                let (x, params) = plan.gradients((&x, &y, &grad), wants_x, wants_params)?;
                let [scale, shift] = params.map_or([None, None], |params| params.map(Some));
                Ok(Inward { x, params: [scale, shift] })
            }
            Operation::Instance { plans, x, y } => {
                only_x(instance::back(&plans, [&x, &y, &grad.contiguous()?])?)
            }
            Operation::Factors(factors) => only_x(grad.mul(&factors)?),
            Operation::Activation { activation: Activation::Linear, .. } => only_x(grad.clone()),
            Operation::Activation { activation, x, y } => {
                let op = ActivateGradient(activation);
                only_x(x.apply_op3_no_bwd(&y, &grad.contiguous()?, &op)?)
            }
            Operation::Reshape(dims) => only_x(grad.reshape(dims)?),
            // Each is the other's way back, but for how many pixels share a value.
            Operation::Enlarge => only_x((super::shrink(grad)? * 4.0)?),
            Operation::Shrink => only_x((super::enlarge(grad)? * 0.25)?),
            Operation::ChannelsLast => only_x(super::channels_first(grad)?),
            Operation::ChannelsFirst => only_x(super::channels_last(grad)?),
            Operation::Traced { x, y } => {
                let gradients = (y * grad)?.sum_all()?.backward()?;
                Ok(Inward { x: gradients.get(x.as_tensor()).cloned(), ..Inward::default() })
            }
        }
    }
}
