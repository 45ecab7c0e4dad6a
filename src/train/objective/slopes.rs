//! The way from a loss back to the verdicts.

use candle_core::{Tensor, Var};

use crate::error::Result;

/// A loss of some networks' results, a scalar, with its gradient for each of them.
///
/// # Errors
/// Whatever `loss` returns.
pub fn with_slopes<const N: usize>(
    results: [&Tensor; N],
    loss: impl FnOnce([&Tensor; N]) -> Result<Tensor>,
) -> Result<(Tensor, [Tensor; N])> {
    let mut leaves = Vec::with_capacity(N);
    for result in results {
        leaves.push(Var::from_tensor(result)?);
    }
    let loss = loss(std::array::from_fn(|index| leaves[index].as_tensor()))?;
    let gradients = loss.backward()?;
    let mut slopes = results.map(Tensor::clone);
    for (slope, leaf) in slopes.iter_mut().zip(&leaves) {
        *slope = match gradients.get(leaf.as_tensor()) {
            Some(gradient) => gradient.clone(),
            None => leaf.zeros_like()?,
        };
    }
    Ok((loss.detach(), slopes))
}
