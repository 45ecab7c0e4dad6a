//! The way back through a network: gradients of its weights, or of what went in.
//!
//! On the CPU a network notes its operations and walks back over them itself, giving back memory as
//! it goes. Elsewhere candle traces and walks.

use std::collections::HashMap;

use candle_core::{D, Tensor, TensorId, Var};

use super::params::Params;
use crate::error::{Error, Result};
use crate::ops::breath::breathe;
use crate::ops::{Recorded, update};

/// Gradients of parameters.
#[derive(Debug, Default)]
pub struct Gradients(HashMap<TensorId, Tensor>);

impl Gradients {
    /// The gradient of `param`, if one was computed.
    pub fn get(&self, param: &Tensor) -> Option<&Tensor> {
        self.0.get(&param.id())
    }

    /// The L2 norm of the gradients of all `params` together, a scalar.
    ///
    /// # Errors
    /// [`Error::Tensor`] if the device fails.
    pub fn norm(&self, params: &Params) -> Result<Tensor> {
        // In the order of the parameters: a sum in another order ends in other digits.
        let known: Vec<_> = params.trained().filter_map(|p| self.get(p.var.as_tensor())).collect();
        update::norm(&known)
    }

    /// Multiplies all of them with `factor`.
    ///
    /// # Errors
    /// [`Error::Tensor`] if the device fails.
    pub fn scale(&mut self, factor: f64) -> Result<()> {
        for gradient in self.0.values_mut() {
            *gradient = (&*gradient * factor)?;
        }
        Ok(())
    }

    /// Adds `gradient` to what is known of the parameter.
    fn add(&mut self, param: TensorId, gradient: Tensor) -> Result<()> {
        let sum = match self.0.remove(&param) {
            // Of our own kernels, whose results nobody else holds.
            Some(earlier) if earlier.device().is_cpu() => {
                update::add(&earlier, &gradient)?;
                earlier
            }
            Some(earlier) => (earlier + gradient)?,
            None => gradient,
        };
        self.0.insert(param, sum);
        Ok(())
    }
}

/// What a network left behind on its way forward.
#[derive(Debug)]
pub struct Tape(Kind);

#[derive(Debug)]
enum Kind {
    Steps(Vec<Step>),
    Graph { x: Var, y: Tensor },
}

#[derive(Debug)]
enum Step {
    Operation {
        recorded: Recorded,
        params: [Option<TensorId>; 2],
    },
    /// Two ways from one input, and the share of the second in what they amount to.
    Blend {
        ways: [Vec<Step>; 2],
        share: f64,
    },
    /// A result of `channels` and, behind them on the last axis, what a row made of the same input.
    Skip {
        own: Recorded,
        row: Vec<Step>,
        channels: usize,
    },
}

impl Step {
    fn has_weights(&self) -> bool {
        match self {
            Self::Operation { params, .. } => params.iter().any(Option::is_some),
            Self::Blend { ways, .. } => ways.iter().flatten().any(Self::has_weights),
            Self::Skip { row, .. } => row.iter().any(Self::has_weights),
        }
    }
}

/// Walks back over `steps` from the gradient of their result: to that of their input, if `wants_x`,
/// and to those of their weights, if there is a place for them.
fn walk_back(
    steps: Vec<Step>,
    grad: &Tensor,
    wants_x: bool,
    mut gradients: Option<&mut Gradients>,
) -> Result<Option<Tensor>> {
    let first = match wants_x {
        true => 0,
        // What lies before the first weight is nobody's business.
        false => match steps.iter().position(Step::has_weights) {
            Some(first) => first,
            None => return Ok(None),
        },
    };
    let mut grad = grad.clone();
    for (index, step) in steps.into_iter().enumerate().skip(first).rev() {
        let wants_x = wants_x || index > first;
        let inward = match step {
            Step::Operation { recorded, params } => {
                breathe();
                let inward = recorded.back(&grad, wants_x, gradients.is_some())?;
                if let Some(gradients) = gradients.as_deref_mut() {
                    for (param, gradient) in params.into_iter().zip(inward.params) {
                        if let (Some(param), Some(gradient)) = (param, gradient) {
                            gradients.add(param, gradient)?;
                        }
                    }
                }
                inward.x
            }
            Step::Blend { ways: [first, second], share } => {
                let mut way = |steps: Vec<Step>, share: f64| {
                    walk_back(steps, &(&grad * share)?, wants_x, gradients.as_deref_mut())
                };
                match (way(first, 1.0 - share)?, way(second, share)?) {
                    (Some(first), Some(second)) => Some((first + second)?),
                    _ => None,
                }
            }
            Step::Skip { own, row, channels } => {
                let behind = grad.dim(D::Minus1)? - channels;
                let of_row = grad.narrow(D::Minus1, channels, behind)?.contiguous()?;
                let through = walk_back(row, &of_row, wants_x, gradients.as_deref_mut())?;
                match through {
                    Some(through) => {
                        let of_own = grad.narrow(D::Minus1, 0, channels)?.contiguous()?;
                        let past = own.back(&of_own, true, false)?.x;
                        past.map(|past| past + through).transpose()?
                    }
                    None => None,
                }
            }
        };
        match inward {
            Some(x) => grad = x,
            None => return Ok(None),
        }
    }
    Ok(wants_x.then_some(grad))
}

impl Tape {
    /// Whether a network whose input is `x` walks back itself.
    pub(super) fn is_ours(x: &Tensor) -> bool {
        x.device().is_cpu()
    }

    /// Nothing yet.
    pub(super) fn new() -> Self {
        Self(Kind::Steps(Vec::new()))
    }

    /// Of a network that candle traced from `x` to `y`.
    pub(super) fn of_graph(x: Var, y: Tensor) -> Self {
        Self(Kind::Graph { x, y })
    }

    /// Notes an operation with its parameters, in the order of its gradients; returns its result.
    pub(super) fn note(
        &mut self,
        (y, operation): (Tensor, Recorded),
        params: [Option<&Tensor>; 2],
    ) -> Tensor {
        if let Kind::Steps(steps) = &mut self.0 {
            let params = params.map(|param| param.filter(|p| p.track_op()).map(Tensor::id));
            steps.push(Step::Operation { recorded: operation, params });
        }
        y
    }

    /// Notes that two ways from one input amount to one result, the second with this `share`.
    pub(super) fn note_blend(&mut self, ways: [Self; 2], share: f64) {
        let [first, second] = ways.map(|way| way.0);
        if let (Kind::Steps(first), Kind::Steps(second)) = (first, second)
            && let Kind::Steps(steps) = &mut self.0
        {
            steps.push(Step::Blend { ways: [first, second], share });
        }
    }

    /// Notes that a result of `channels` stands before what `row` made of the same input.
    pub(super) fn note_skip(&mut self, own: Recorded, row: Self, channels: usize) {
        if let Kind::Steps(row) = row.0
            && let Kind::Steps(steps) = &mut self.0
        {
            steps.push(Step::Skip { own, row, channels });
        }
    }

    /// Adds the gradients of all weights to `gradients`; `grad` is that of the network's result.
    ///
    /// # Errors
    /// [`Error::Tensor`] if `grad` has another shape or the device fails.
    pub fn to_weights(self, grad: &Tensor, gradients: &mut Gradients) -> Result<()> {
        match self.0 {
            Kind::Steps(steps) => walk_back(steps, grad, false, Some(gradients)).map(drop),
            Kind::Graph { x, y } => {
                let mut found = (y * grad)?.sum_all()?.backward()?;
                found.remove(x.as_tensor());
                let ids: Vec<_> = found.get_ids().copied().collect();
                for id in ids {
                    if let Some(gradient) = found.get_id(id) {
                        gradients.add(id, gradient.clone())?;
                    }
                }
                Ok(())
            }
        }
    }

    /// The gradient of what went into the network; `grad` is that of its result.
    ///
    /// # Errors
    /// As [`Tape::to_weights`].
    pub fn to_input(self, grad: &Tensor) -> Result<Tensor> {
        let lost =
            || Error::from(candle_core::Error::msg("the network does not depend on its input"));
        match self.0 {
            Kind::Steps(steps) => walk_back(steps, grad, true, None)?.ok_or_else(lost),
            Kind::Graph { x, y } => {
                let mut found = (y * grad)?.sum_all()?.backward()?;
                found.remove(x.as_tensor()).ok_or_else(lost)
            }
        }
    }
}
