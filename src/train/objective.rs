//! What the two networks want.

use candle_core::{Tensor, Var};

use crate::error::Result;

/// A loss of some networks' results, as a number, with its gradient for each of them.
///
/// # Errors
/// Whatever `loss` returns.
pub fn with_slopes<const N: usize>(
    results: [&Tensor; N],
    loss: impl FnOnce([&Tensor; N]) -> Result<Tensor>,
) -> Result<(f32, [Tensor; N])> {
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
    Ok((loss.to_scalar()?, slopes))
}

/// Mean binary cross-entropy of `logits` `[B]` against one `label` in 0..=1, as a scalar.
///
/// Computed from the logits as max(x, 0) − x·label + ln(1 + e^−|x|), which neither overflows nor
/// loses the small losses of a confident network (PyTorch's `BCEWithLogitsLoss`).
///
/// # Errors
/// [`crate::Error::Tensor`] if the device fails.
pub fn bce_with_logits(logits: &Tensor, label: f64) -> Result<Tensor> {
    let softplus = (logits.relu()? + (logits.abs()?.neg()?.exp()? + 1.0)?.log()?)?;
    Ok((softplus - (logits * label)?)?.mean_all()?)
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    /// The definition itself, in double precision: −label·ln σ(x) − (1−label)·ln(1−σ(x)).
    #[test]
    fn loss_and_slope_are_those_of_the_definition() {
        let logits = [-30f32, -3.0, -0.5, 0.1, 2.0, 30.0];
        let x = Tensor::new(&logits, &Device::Cpu).unwrap();
        let (loss, [slope]) = with_slopes([&x], |[x]| bce_with_logits(x, 0.9)).unwrap();
        let count = logits.len() as f64;
        let expected: f64 = logits
            .iter()
            .map(|&x| {
                let x = f64::from(x);
                0.9 * (-x).exp().ln_1p() + 0.1 * x.exp().ln_1p()
            })
            .sum::<f64>()
            / count;
        let got = f64::from(loss);
        assert!((got - expected).abs() < 1e-5, "{got} {expected}");
        for (g, x) in slope.to_vec1::<f32>().unwrap().iter().zip(logits) {
            let expected = (1.0 / (1.0 + (-f64::from(x)).exp()) - 0.9) / count;
            assert!((f64::from(*g) - expected).abs() < 1e-6, "at {x}: {g} {expected}");
        }
    }

    #[test]
    fn a_sure_network_does_not_overflow() {
        let x = Tensor::new(&[-1e4f32, 1e4], &Device::Cpu).unwrap();
        let loss = bce_with_logits(&x, 1.0).unwrap().to_scalar::<f32>().unwrap();
        assert_eq!(loss, 5e3);
    }
}
