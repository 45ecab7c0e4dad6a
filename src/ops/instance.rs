//! Instance norm: every channel of every picture normalised by itself (Ulyanov et al. 2016, "Instance
//! normalization: the missing ingredient for fast stylization").
//!
//! It is the batch norm of batches of one, and is computed as such: with weight 1 and bias 0, which
//! nobody learns.

use super::affine::Plan;
use super::{Activation, batch_norm, batch_norm_planned};
use crate::error::Result;
use candle_core::Tensor;
use std::sync::Arc;

/// Instance norm without parameters, then an activation, for `x` `[B, H, W, C]`.
///
/// # Errors
/// When pictures have a single pixel (nothing can be normalised by it), or `x` is not `f32`.
pub fn instance_norm(x: &Tensor, eps: f64, activation: Activation) -> Result<Tensor> {
    let [one, zero] = constants(x)?;
    let norm = |item: Tensor| batch_norm(&item, &one, &zero, eps, activation).map(|(y, _)| y);
    joined(items(x)?.into_iter().map(norm).collect::<Result<_>>()?)
}

/// [`instance_norm`] on the CPU, with what its way back needs.
pub(super) fn planned(
    x: &Tensor,
    eps: f64,
    activation: Activation,
) -> Result<(Tensor, Vec<Arc<Plan>>)> {
    let [one, zero] = constants(x)?;
    let (mut normed, mut plans) = (Vec::new(), Vec::new());
    for item in items(x)? {
        let (y, _, plan) = batch_norm_planned(&item, &one, &zero, eps, activation)?;
        normed.push(y);
        plans.push(plan);
    }
    Ok((joined(normed)?, plans))
}

/// The gradient of x from x, y and the gradient of y, all contiguous.
pub(super) fn back(plans: &[Arc<Plan>], [x, y, grad]: [&Tensor; 3]) -> Result<Tensor> {
    let one = |(item, plan): (usize, &Arc<Plan>)| {
        let [x, y, grad] = [x, y, grad].map(|tensor| tensor.narrow(0, item, 1));
        let (dx, _) = plan.gradients((&x?, &y?, &grad?), true, false)?;
        dx.ok_or_else(|| super::message("instance_norm: no gradient was computed".into()))
    };
    joined(plans.iter().enumerate().map(one).collect::<Result<_>>()?)
}

/// Weight and bias `[C]`.
fn constants(x: &Tensor) -> Result<[Tensor; 2]> {
    let (_, _, _, channels) = x.dims4()?;
    let constant = |value: f32| Tensor::full(value, channels, x.device());
    Ok([constant(1.0)?, constant(0.0)?])
}

/// The pictures one by one, `[1, H, W, C]` each.
fn items(x: &Tensor) -> Result<Vec<Tensor>> {
    Ok((0..x.dim(0)?).map(|item| x.narrow(0, item, 1)).collect::<candle_core::Result<_>>()?)
}

/// The reverse of [`items`].
fn joined(items: Vec<Tensor>) -> Result<Tensor> {
    match items.as_slice() {
        [one] => Ok(one.clone()),
        many => Ok(Tensor::cat(many, 0)?),
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::ops::{Recorded, init};

    const DIMS: (usize, usize, usize, usize) = (3, 4, 5, 2);
    const EPS: f64 = 1e-3;

    fn values(tensor: &Tensor) -> Vec<f64> {
        let values = tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        values.into_iter().map(f64::from).collect()
    }

    /// The definition in double precision, with a leaky ReLU of 0.2 behind it.
    fn by_definition(x: &[f64]) -> Vec<f64> {
        let (pictures, height, width, channels) = DIMS;
        let area = height * width;
        let mut y = vec![0.0; x.len()];
        for (picture, channel) in (0..pictures).flat_map(|p| (0..channels).map(move |c| (p, c))) {
            let place = |pixel: usize| (picture * area + pixel) * channels + channel;
            let mean = (0..area).map(|pixel| x[place(pixel)]).sum::<f64>() / area as f64;
            let square = |pixel: usize| (x[place(pixel)] - mean).powi(2);
            let variance = (0..area).map(square).sum::<f64>() / area as f64;
            for pixel in 0..area {
                let normal = (x[place(pixel)] - mean) / (variance + EPS).sqrt();
                y[place(pixel)] = if normal > 0.0 { normal } else { 0.2 * normal };
            }
        }
        y
    }

    #[test]
    fn values_and_slopes_are_those_of_the_definition() {
        let rng = &mut ChaCha8Rng::seed_from_u64(3);
        let x = init::normal(DIMS, 2.0, 3.0, rng, &Device::Cpu).unwrap();
        let grad = init::normal(DIMS, 0.0, 1.0, rng, &Device::Cpu).unwrap();
        let activation = Activation::LeakyRelu(0.2);
        let (y, recorded) = Recorded::instance_norm(&x, EPS, activation).unwrap();
        let again = instance_norm(&x, EPS, activation).unwrap();
        assert_eq!(values(&y), values(&again));
        let start = values(&x);
        for (got, expected) in values(&y).into_iter().zip(by_definition(&start)) {
            assert!((got - expected).abs() < 1e-5, "{got} {expected}");
        }
        let inward = recorded.back(&grad, true, true).unwrap();
        assert!(inward.params.iter().all(Option::is_none));
        let total = |at: usize, step: f64| {
            let mut moved = start.clone();
            moved[at] += step;
            let y = by_definition(&moved).into_iter().zip(values(&grad));
            y.map(|(y, g)| y * g).sum::<f64>()
        };
        for (at, got) in values(&inward.x.unwrap()).into_iter().enumerate() {
            let expected = (total(at, 1e-5) - total(at, -1e-5)) / 2e-5;
            assert!((got - expected).abs() < 1e-5, "{at}: {got} {expected}");
        }
    }

    #[test]
    fn a_picture_of_one_pixel_is_refused() {
        let x = Tensor::zeros((2, 1, 1, 3), candle_core::DType::F32, &Device::Cpu).unwrap();
        let error = instance_norm(&x, EPS, Activation::Linear).unwrap_err().to_string();
        assert!(error.contains("one value per channel"), "{error}");
    }
}
