//! How far pictures are from what they should be.

use candle_core::Tensor;

use crate::error::Result;
use crate::ops::{channels_first, channels_last};

/// The mean absolute difference of `pictures` `[B, C, H, W]` from `truth`, a scalar, with its slope at each of
/// their values.
///
/// # Errors
/// [`crate::Error::Tensor`] if the shapes differ or the device fails.
pub fn distance(pictures: &Tensor, truth: &Tensor) -> Result<(Tensor, Tensor)> {
    // In the order in which generators leave their pictures.
    let last = |x: &Tensor| -> Result<Tensor> { Ok(channels_last(&x.detach())?.contiguous()?) };
    let apart = (last(pictures)? - last(truth)?)?;
    let mean = apart.abs()?.mean_all()?;
    let slope = (apart.sign()? / apart.elem_count().max(1) as f64)?;
    Ok((mean, channels_first(&slope)?))
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn its_slope_is_what_a_small_step_changes() {
        let truth = [0.5f32, -1.0, 0.25, 0.0, 1.0, -0.5, 0.125, 0.75];
        let drawn = [0.25f32, -0.5, 0.25, 0.5, -1.0, -0.75, 0.0, 1.0];
        let picture =
            |values: &[f32]| Tensor::from_slice(values, (1, 2, 2, 2), &Device::Cpu).unwrap();
        let mean = |values: &[f32]| {
            let pairs = values.iter().zip(truth);
            pairs.map(|(a, b)| f64::from((a - b).abs())).sum::<f64>() / 8.0
        };
        let (got, slope) = distance(&picture(&drawn), &picture(&truth)).unwrap();
        let got = f64::from(got.to_scalar::<f32>().unwrap());
        assert!((got - mean(&drawn)).abs() < 1e-6);
        let slope = slope.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        for (i, slope) in slope.into_iter().enumerate() {
            let moved = |by: f32| {
                let mut drawn = drawn;
                drawn[i] += by;
                mean(&drawn)
            };
            let expected = (moved(0.0625) - moved(-0.0625)) / 0.125;
            assert!((f64::from(slope) - expected).abs() < 1e-6, "{i}: {slope} {expected}");
        }
    }
}
