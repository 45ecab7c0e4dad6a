//! The way back through a network: gradients of its weights, or of what went in.
//!
//! On the CPU a network notes its operations and walks back over them itself, giving back memory as
//! it goes. Elsewhere candle traces and walks.

use std::collections::HashMap;

use candle_core::{Tensor, TensorId, Var};

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

    /// The L2 norm of the gradients of all `params` together.
    ///
    /// # Errors
    /// [`Error::Tensor`] if the device fails.
    pub fn norm(&self, params: &Params) -> Result<f64> {
        // In the order of the parameters: a sum in another order ends in other digits.
        let known: Vec<_> = params.trained().filter_map(|p| self.get(p.var.as_tensor())).collect();
        update::norm(&known)
    }

    /// Adds `gradient` to what is known of the parameter.
    fn add(&mut self, param: TensorId, gradient: Tensor) -> Result<()> {
        let sum = match self.0.remove(&param) {
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
struct Step {
    operation: Recorded,
    params: [Option<TensorId>; 2],
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
            steps.push(Step { operation, params });
        }
        y
    }

    /// Adds the gradients of all weights to `gradients`; `grad` is that of the network's result.
    ///
    /// # Errors
    /// [`Error::Tensor`] if `grad` has another shape or the device fails.
    pub fn to_weights(self, grad: &Tensor, gradients: &mut Gradients) -> Result<()> {
        let steps = match self.0 {
            Kind::Steps(steps) => steps,
            Kind::Graph { x, y } => {
                let mut found = (y * grad)?.sum_all()?.backward()?;
                found.remove(x.as_tensor());
                let ids: Vec<_> = found.get_ids().copied().collect();
                for id in ids {
                    if let Some(gradient) = found.get_id(id) {
                        gradients.add(id, gradient.clone())?;
                    }
                }
                return Ok(());
            }
        };
        let has_weights = |step: &Step| step.params.iter().any(Option::is_some);
        let Some(first) = steps.iter().position(has_weights) else { return Ok(()) };
        let mut grad = grad.clone();
        for (index, step) in steps.into_iter().enumerate().skip(first).rev() {
            breathe();
            let inward = step.operation.back(&grad, index > first, true)?;
            for (param, gradient) in step.params.into_iter().zip(inward.params) {
                if let (Some(param), Some(gradient)) = (param, gradient) {
                    gradients.add(param, gradient)?;
                }
            }
            if let Some(x) = inward.x {
                grad = x;
            }
        }
        Ok(())
    }

    /// The gradient of what went into the network; `grad` is that of its result.
    ///
    /// # Errors
    /// As [`Tape::to_weights`].
    pub fn to_input(self, grad: &Tensor) -> Result<Tensor> {
        let lost =
            || Error::from(candle_core::Error::msg("the network does not depend on its input"));
        match self.0 {
            Kind::Steps(steps) => {
                let back = |grad: Tensor, step: Step| {
                    breathe();
                    step.operation.back(&grad, true, false)?.x.ok_or_else(lost)
                };
                steps.into_iter().rev().try_fold(grad.clone(), back)
            }
            Kind::Graph { x, y } => {
                let mut found = (y * grad)?.sum_all()?.backward()?;
                found.remove(x.as_tensor()).ok_or_else(lost)
            }
        }
    }
}
