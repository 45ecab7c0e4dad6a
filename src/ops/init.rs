//! Tensors of seeded random numbers.
//!
//! Numbers are drawn on the CPU and moved, so a seed gives the same network on every device.

use crate::error::Result;
use candle_core::{Device, Shape, Tensor};
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

/// Independent draws from the normal distribution N(`mean`, `std`²).
///
/// # Errors
/// When the device cannot hold the tensor.
pub fn normal(
    shape: impl Into<Shape>,
    mean: f32,
    std: f32,
    rng: &mut impl Rng,
    device: &Device,
) -> Result<Tensor> {
    let shape = shape.into();
    let draw = |_| rng.sample::<f32, _>(StandardNormal) * std + mean;
    let data: Vec<f32> = (0..shape.elem_count()).map(draw).collect();
    Ok(Tensor::from_vec(data, shape, device)?)
}

/// Independent draws from the uniform distribution on [`lo`, `hi`).
///
/// # Errors
/// When the device cannot hold the tensor.
pub fn uniform(
    shape: impl Into<Shape>,
    lo: f32,
    hi: f32,
    rng: &mut impl Rng,
    device: &Device,
) -> Result<Tensor> {
    let shape = shape.into();
    let draw = |_| lo + (hi - lo) * rng.random::<f32>();
    let data: Vec<f32> = (0..shape.elem_count()).map(draw).collect();
    Ok(Tensor::from_vec(data, shape, device)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn sample(uniform_draws: bool, seed: u64) -> Vec<f32> {
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let tensor = if uniform_draws {
            uniform((100, 200), -2.0, 4.0, rng, &Device::Cpu)
        } else {
            normal((100, 200), 1.0, 0.02, rng, &Device::Cpu)
        };
        tensor.unwrap().flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn draws_have_the_moments_asked_for_and_repeat() {
        for (uniform_draws, mean, std) in [(false, 1.0, 0.02), (true, 1.0, 3f64.sqrt())] {
            let draws = sample(uniform_draws, 1);
            let count = draws.len() as f64;
            let found = draws.iter().map(|v| f64::from(*v)).sum::<f64>() / count;
            let square = draws.iter().map(|v| (f64::from(*v) - found).powi(2)).sum::<f64>() / count;
            assert!((found - mean).abs() < 4.0 * std / count.sqrt(), "mean {found}");
            assert!((square.sqrt() / std - 1.0).abs() < 0.03, "deviation {}", square.sqrt());
            assert_eq!(draws, sample(uniform_draws, 1));
            assert_ne!(draws, sample(uniform_draws, 2));
        }
        assert!(sample(true, 3).iter().all(|v| (-2.0..4.0).contains(v)));
    }
}
