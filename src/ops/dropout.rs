//! Dropout: values left out at random (Srivastava et al. 2014, "Dropout: a simple way to prevent neural
//! networks from overfitting").

use crate::error::Result;
use candle_core::{Device, Tensor};
use rand::Rng;

/// Factors for values of these dimensions: 0 with probability `p` (below 1), else 1 / (1 − p), so that
/// the mean of what they are multiplied with stays. The first dimension's items are drawn by one of
/// `rngs` each, independently of the others.
///
/// # Errors
/// When the device cannot hold the tensor.
pub fn dropout_factors(
    dims: &[usize],
    p: f64,
    rngs: impl IntoIterator<Item = impl Rng>,
    device: &Device,
) -> Result<Tensor> {
    let left_out = (p * (u64::from(u32::MAX) + 1) as f64) as u32;
    let kept = (1.0 / (1.0 - p)) as f32;
    let of_item = dims.iter().skip(1).product::<usize>();
    let mut factors = Vec::with_capacity(dims.iter().product());
    for mut rng in rngs.into_iter().take(dims.first().copied().unwrap_or(0)) {
        factors.extend((0..of_item).map(|_| if rng.next_u32() < left_out { 0.0 } else { kept }));
    }
    Ok(Tensor::from_vec(factors, dims, device)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn as_many_are_left_out_as_was_asked_for_and_the_mean_stays() {
        let draw = |p: f64, seeds: &[u64]| {
            let rngs = seeds.iter().map(|seed| ChaCha8Rng::seed_from_u64(*seed));
            let factors = dropout_factors(&[seeds.len(), 100, 200], p, rngs, &Device::Cpu).unwrap();
            factors.flatten_all().unwrap().to_vec1::<f32>().unwrap()
        };
        for p in [0.0, 0.2, 0.5] {
            let factors = draw(p, &[1, 2]);
            let count = factors.len() as f64;
            let zeros = factors.iter().filter(|factor| **factor == 0.0).count() as f64 / count;
            let mean = factors.iter().map(|factor| f64::from(*factor)).sum::<f64>() / count;
            assert!((zeros - p).abs() < 0.01 && (mean - 1.0).abs() < 0.02, "{p}: {zeros}, {mean}");
        }
        // An item's factors are its own seed's, whatever is drawn beside it.
        let (one, two) = (draw(0.5, &[7]), draw(0.5, &[3, 7]));
        assert_eq!(one, two[one.len()..]);
        assert_ne!(one, two[..one.len()]);
    }
}
