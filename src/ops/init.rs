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
