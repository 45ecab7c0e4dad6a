//! What the two networks want.

use candle_core::Tensor;

use crate::error::Result;

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
    use candle_core::{Device, Var};

    use super::*;

    /// The definition itself, in double precision: −label·ln σ(x) − (1−label)·ln(1−σ(x)).
    #[test]
    fn loss_and_slope_are_those_of_the_definition() {
        let logits = [-30f32, -3.0, -0.5, 0.1, 2.0, 30.0];
        let x = Var::new(&logits, &Device::Cpu).unwrap();
        let loss = bce_with_logits(x.as_tensor(), 0.9).unwrap();
        let count = logits.len() as f64;
        let expected: f64 = logits
            .iter()
            .map(|&x| {
                let x = f64::from(x);
                0.9 * (-x).exp().ln_1p() + 0.1 * x.exp().ln_1p()
            })
            .sum::<f64>()
            / count;
        let got = f64::from(loss.to_scalar::<f32>().unwrap());
        assert!((got - expected).abs() < 1e-5, "{got} {expected}");
        let grads = loss.backward().unwrap();
        let grad = grads.get(x.as_tensor()).unwrap().to_vec1::<f32>().unwrap();
        for (g, x) in grad.iter().zip(logits) {
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
