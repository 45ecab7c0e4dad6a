//! Group norm (Wu & He 2018, "Group normalization") and what is made of it: instance norm with weights,
//! whose groups are single channels, and layer norm, whose only group is all of them.
//!
//! A group of channels of one picture is a channel of a batch of its pixels and channels, and is
//! normalised as such.

use super::{Activation, batch_norm, message, scale_shift};
use crate::error::Result;
use candle_core::{D, Tensor};

/// Every group of channels of every picture normalised by itself, then a scale and a shift for each
/// channel and an activation, for `x` `[B, C]` or `[B, H, W, C]`; `weight` and `bias` are `[C]`.
///
/// # Errors
/// When the channels make no such groups, a group has a single value, or the tensors are not `f32`.
pub fn group_norm(
    x: &Tensor,
    groups: usize,
    [weight, bias]: [&Tensor; 2],
    eps: f64,
    activation: Activation,
) -> Result<Tensor> {
    let channels = x.dim(D::Minus1)?;
    if groups == 0 || channels == 0 || !channels.is_multiple_of(groups) {
        return Err(message(format!("group_norm: {channels} channels make no {groups} groups")));
    }
    let each = channels / groups;
    let [one, zero] = [1f32, 0.0].map(|value| Tensor::full(value, groups, x.device()));
    let (one, zero) = (one?, zero?);
    let mut normed = Vec::new();
    for item in 0..x.dim(0)? {
        let item = x.narrow(0, item, 1)?;
        let pixels = item.elem_count() / channels;
        let rows = item.reshape((pixels, groups, each))?.transpose(1, 2)?;
        let rows = rows.reshape((pixels * each, groups))?;
        let (rows, _) = batch_norm(&rows, &one, &zero, eps, Activation::Linear)?;
        let rows = rows.reshape((pixels, each, groups))?.transpose(1, 2)?;
        normed.push(rows.reshape(item.dims())?);
    }
    scale_shift(&Tensor::cat(&normed, 0)?, Some(weight), Some(bias), activation)
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::ops::{Recorded, init};

    const DIMS: [usize; 4] = [2, 3, 5, 6];
    const EPS: f64 = 1e-3;

    fn values(tensor: &Tensor) -> Vec<f64> {
        let values = tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        values.into_iter().map(f64::from).collect()
    }

    /// The definition in double precision, with tanh behind it.
    fn by_definition(x: &[f64], groups: usize, weight: &[f64], bias: &[f64]) -> Vec<f64> {
        let [pictures, height, width, channels] = DIMS;
        let (each, area) = (channels / groups, height * width);
        let mut y = vec![0.0; x.len()];
        for (picture, group) in (0..pictures).flat_map(|p| (0..groups).map(move |g| (p, g))) {
            let members: Vec<_> = (0..area)
                .flat_map(|pixel| (0..each).map(move |c| (pixel, group * each + c)))
                .map(|(pixel, channel)| ((picture * area + pixel) * channels + channel, channel))
                .collect();
            let count = members.len() as f64;
            let mean = members.iter().map(|(at, _)| x[*at]).sum::<f64>() / count;
            let variance =
                members.iter().map(|(at, _)| (x[*at] - mean).powi(2)).sum::<f64>() / count;
            for (at, channel) in members {
                let normal = (x[at] - mean) / (variance + EPS).sqrt();
                y[at] = (normal * weight[channel] + bias[channel]).tanh();
            }
        }
        y
    }

    #[test]
    fn values_and_slopes_are_those_of_the_definition() {
        let rng = &mut ChaCha8Rng::seed_from_u64(4);
        let x = init::normal(&DIMS, 2.0, 3.0, rng, &Device::Cpu).unwrap();
        let grad = init::normal(&DIMS, 0.0, 1.0, rng, &Device::Cpu).unwrap();
        let [weight, bias] = [1.0, 0.0].map(|mean| {
            Var::from_tensor(&init::normal(&[6], mean, 0.5, rng, &Device::Cpu).unwrap()).unwrap()
        });
        let (w, b) = (values(&weight), values(&bias));
        for groups in [1, 2, 3, 6] {
            let norm = |x: &Tensor| group_norm(x, groups, [&weight, &bias], EPS, Activation::Tanh);
            let (y, recorded) = Recorded::traced(&x, norm).unwrap();
            let start = values(&x);
            for (got, expected) in values(&y).into_iter().zip(by_definition(&start, groups, &w, &b))
            {
                assert!((got - expected).abs() < 1e-5, "{groups}: {got} {expected}");
            }
            let inward = recorded.back(&grad, true, true).unwrap();
            let total = |at: usize, step: f64| {
                let mut moved = start.clone();
                moved[at] += step;
                let y = by_definition(&moved, groups, &w, &b).into_iter().zip(values(&grad));
                y.map(|(y, g)| y * g).sum::<f64>()
            };
            for (at, got) in values(&inward.x.unwrap()).into_iter().enumerate() {
                let expected = (total(at, 1e-5) - total(at, -1e-5)) / 2e-5;
                assert!((got - expected).abs() < 1e-4, "{groups}, {at}: {got} {expected}");
            }
        }
    }

    #[test]
    fn groups_must_divide_the_channels_and_have_values() {
        let x = Tensor::zeros((2, 1, 1, 6), candle_core::DType::F32, &Device::Cpu).unwrap();
        let c = Tensor::zeros(6, candle_core::DType::F32, &Device::Cpu).unwrap();
        let said = |groups| {
            let y = group_norm(&x, groups, [&c, &c], EPS, Activation::Linear);
            y.unwrap_err().to_string()
        };
        assert!(said(4).contains("6 channels make no 4 groups"), "{}", said(4));
        assert!(said(6).contains("one value per channel"), "{}", said(6));
    }
}
