//! Fast differentiable kernels that candle lacks.
//!
//! - [`conv2d`], [`conv_transpose2d`]: matrix products over windows of the pictures
//! - [`PreparedConv`]: the same for weights that no longer change, with all that follows them
//! - [`batch_norm`], [`instance_norm`], [`group_norm`], [`scale_shift`], [`activate`]: normalisation,
//!   bias and activation fused
//! - [`dropout_factors`]: what dropout multiplies with
//! - [`enlarge`], [`shrink`]: pictures twice and half as large
//! - [`channels_last`], [`channels_first`]: from the order of pictures to that of these kernels, and
//!   back
//! - [`Recorded`]: all of these for networks that walk back themselves
//! - [`update`]: what an optimiser does to a parameter, in place
//! - [`init`]: tensors of seeded random numbers
//! - [`breath`]: breaks between kernels, for work in the background
//! - [`memory`]: what a program that trains should tell the C library
//!
//! Pictures are `[B, H, W, C]` here, channels last: what belongs to a pixel lies together, so that
//! windows, norms and sums all run over neighbours. Weights are PyTorch's, `[C_out, C_in, K_h, K_w]`
//! and `[C_in, C_out, K_h, K_w]` for transposed convolutions.
//!
//! On the CPU these are operations of our own (`conv`, `affine`, `activation`); on a GPU the same
//! functions are composed of candle's operations (`composed`). All take `f32` tensors, any strides.
//! Results do not depend on the number of threads. Gradients have no gradients of their own.

mod activation;
mod affine;
pub mod breath;
mod channels;
mod composed;
mod conv;
mod dropout;
mod gemm;
mod geometry;
mod group;
pub mod init;
mod instance;
mod linear;
pub mod memory;
mod order;
mod recorded;
mod resample;
mod scratch;
mod transpose;
pub mod update;

pub use activation::Activation;
pub use conv::PreparedConv;
pub use dropout::dropout_factors;
pub use geometry::ConvGeometry;
pub use group::group_norm;
pub use instance::instance_norm;
pub use linear::linear;
pub use order::{channels_first, channels_last};
pub use recorded::{Inward, Recorded};
pub use resample::{enlarge, shrink};

use crate::error::Result;
use candle_core::{CpuStorage, DType, Layout, Tensor, bail};
use geometry::ConvShape;
use std::sync::Arc;

/// Values in a parallel task of a loop that only streams through memory.
const PARALLEL_VALUES: usize = 16 << 10;

/// Runs loops that the compiler has translated for several generations of processors, in the form
/// for this one.
///
/// All of them must be inlined into that form, or they are translated once, for the oldest processor.
/// So functions and closures that they call are marked `#[inline(always)]`, and so are they: this is
/// a macro because the mark belongs on the closure itself, and it gives something away because a
/// closure that could be called twice would be called through a function that has no mark.
macro_rules! vectorized {
    ($loops:expr) => {{
        let once = $crate::ops::Once;
        pulp::Arch::new().dispatch(
            #[inline(always)]
            || {
                let _given = once;
                $loops
            },
        )
    }};
}
use vectorized;

/// What a closure gives away that can be called once only.
struct Once;

/// `x · scale + shift`, cut off below −1 and above 1: values of a network as those of a picture. Any
/// shape.
///
/// # Errors
/// When the device fails.
pub fn bounded(x: &Tensor, scale: f64, shift: f64) -> Result<Tensor> {
    Ok(x.affine(scale, shift)?.clamp(-1f32, 1f32)?)
}

/// Mean and variance of a batch, for a batch norm's running statistics.
#[derive(Clone, Debug)]
pub struct BatchStats {
    /// Mean of each channel, `[C]`, detached.
    pub mean: Tensor,
    /// Variance of each channel with divisor N − 1, as PyTorch's `running_var` takes it; `[C]`,
    /// detached.
    pub var_unbiased: Tensor,
}

/// Convolution of `x` `[B, H, W, C_in]` with `w` `[C_out, C_in, K_h, K_w]`, giving
/// `[B, H', W', C_out]` where `H' = (H + 2 padding − K_h) / stride + 1`, rounded down.
///
/// # Errors
/// When shapes or devices do not fit, or the tensors are not `f32`.
pub fn conv2d(x: &Tensor, w: &Tensor, geometry: ConvGeometry) -> Result<Tensor> {
    check_f32("conv2d", &[x, w])?;
    let shape = ConvShape::of_conv(x.dims(), w.dims(), geometry)?;
    Ok(if x.device().is_cpu() {
        conv::conv2d(&x.contiguous()?, &w.contiguous()?, shape)?
    } else {
        composed::conv2d(x, w, &shape)?
    })
}

/// Transposed convolution of `x` `[B, H, W, C_in]` with `w` `[C_in, C_out, K_h, K_w]`, giving
/// `[B, H', W', C_out]` where `H' = (H − 1) stride − 2 padding + K_h + output_padding`.
///
/// # Errors
/// When shapes or devices do not fit, the output padding is not below the stride, or the tensors
/// are not `f32`.
pub fn conv_transpose2d(
    x: &Tensor,
    w: &Tensor,
    geometry: ConvGeometry,
    output_padding: (usize, usize),
) -> Result<Tensor> {
    check_f32("conv_transpose2d", &[x, w])?;
    let shape = ConvShape::of_transposed(x.dims(), w.dims(), geometry, output_padding)?;
    Ok(if x.device().is_cpu() {
        conv::conv_transpose2d(&x.contiguous()?, &w.contiguous()?, shape)?
    } else {
        composed::conv_transpose2d(x, w, &shape)?
    })
}

/// Applies an activation to a tensor of any shape.
///
/// # Errors
/// When the tensor is not `f32`.
pub fn activate(x: &Tensor, activation: Activation) -> Result<Tensor> {
    check_f32("activate", &[x])?;
    Ok(if activation == Activation::Linear {
        x.clone()
    } else if x.device().is_cpu() {
        x.contiguous()?.apply_op1(activation::Activate(activation))?
    } else {
        composed::activate(x, activation)?
    })
}

/// `activation(x · scale[c] + shift[c])` for `x` `[B, C]` or `[B, H, W, C]` and `[C]` constants:
/// a bias with its activation, or a batch norm with fixed statistics. Without `scale` it is 1,
/// without `shift` 0.
///
/// # Errors
/// When shapes or devices do not fit, or the tensors are not `f32`.
pub fn scale_shift(
    x: &Tensor,
    scale: Option<&Tensor>,
    shift: Option<&Tensor>,
    activation: Activation,
) -> Result<Tensor> {
    if scale.is_none() && shift.is_none() {
        return activate(x, activation);
    }
    if x.device().is_cpu() {
        return Ok(affine_planned(x, scale, shift, activation)?.0);
    }
    let [scale, shift] = constants(x, [(scale, 1.0), (shift, 0.0)])?;
    Ok(composed::scale_shift(x, &scale, &shift, activation)?)
}

/// [`scale_shift`] on the CPU, with what its way back needs.
fn affine_planned(
    x: &Tensor,
    scale: Option<&Tensor>,
    shift: Option<&Tensor>,
    activation: Activation,
) -> Result<(Tensor, Arc<affine::Plan>)> {
    let [scale, shift] = constants(x, [(scale, 1.0), (shift, 0.0)])?;
    Ok(affine::scale_shift(&x.contiguous()?, &scale, &shift, activation)?)
}

/// Constants `[C]` for the channels of `x`, each as given, or of one value.
fn constants(x: &Tensor, given: [(Option<&Tensor>, f32); 2]) -> Result<[Tensor; 2]> {
    check_f32("scale_shift", &[x])?;
    let rows = channels::Rows::of("scale_shift", x.dims())?;
    let constant = |(given, value): (Option<&Tensor>, f32)| match given {
        Some(tensor) => tensor.contiguous(),
        None => Tensor::full(value, rows.channels, x.device()),
    };
    let [scale, shift] = given.map(constant);
    let both = [scale?, shift?];
    check_per_channel("scale_shift", x, rows.channels, &[&both[0], &both[1]])?;
    Ok(both)
}

/// Batch norm with the statistics of the batch itself, then an activation, for `x` `[B, C]` or
/// `[B, H, W, C]`; `weight` and `bias` are `[C]`. Also returns the statistics.
///
/// # Errors
/// When a channel has a single value (nothing can be normalised by it), shapes or devices do not
/// fit, or the tensors are not `f32`.
pub fn batch_norm(
    x: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    eps: f64,
    activation: Activation,
) -> Result<(Tensor, BatchStats)> {
    if x.device().is_cpu() {
        let (y, stats, _) = batch_norm_planned(x, weight, bias, eps, activation)?;
        return Ok((y, stats));
    }
    let rows = normalised(x, [weight, bias])?;
    let (y, mean, variance) = composed::batch_norm(x, weight, bias, eps, activation)?;
    let var_unbiased = (variance * rows.unbiased())?;
    Ok((y, BatchStats { mean, var_unbiased }))
}

/// The rows of `x`, if they can be normalised with `constants`.
fn normalised(x: &Tensor, constants: [&Tensor; 2]) -> Result<channels::Rows> {
    check_f32("batch_norm", &[x])?;
    let rows = channels::Rows::of("batch_norm", x.dims())?;
    check_per_channel("batch_norm", x, rows.channels, &constants)?;
    if rows.rows < 2 {
        return Err(message(format!(
            "batch_norm: {:?} has one value per channel; train with a batch of at least 2",
            x.dims()
        )));
    }
    Ok(rows)
}

/// [`batch_norm`] on the CPU, with what its way back needs.
fn batch_norm_planned(
    x: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    eps: f64,
    activation: Activation,
) -> Result<(Tensor, BatchStats, Arc<affine::Plan>)> {
    let rows = normalised(x, [weight, bias])?;
    let (weight, bias) = (weight.contiguous()?, bias.contiguous()?);
    let (y, moments, plan) = affine::batch_norm(&x.contiguous()?, &weight, &bias, eps, activation)?;
    let unbiased = rows.unbiased();
    let mean: Vec<f32> = moments.iter().map(|(mean, _)| *mean as f32).collect();
    let variance: Vec<f32> = moments.iter().map(|(_, var)| (var * unbiased) as f32).collect();
    let stats = BatchStats {
        mean: Tensor::from_vec(mean, rows.channels, x.device())?,
        var_unbiased: Tensor::from_vec(variance, rows.channels, x.device())?,
    };
    Ok((y, stats, plan))
}

/// An error that is only a sentence.
fn message(text: String) -> crate::Error {
    candle_core::Error::Msg(text).into()
}

/// All tensors are `f32` and on one device.
fn check_f32(op: &str, tensors: &[&Tensor]) -> Result<()> {
    for tensor in tensors {
        if tensor.dtype() != DType::F32 {
            return Err(message(format!("{op} works on f32 tensors, not {:?}", tensor.dtype())));
        }
        if !tensor.device().same_device(tensors[0].device()) {
            return Err(message(format!("{op}: its tensors are on different devices")));
        }
    }
    Ok(())
}

/// The constants are `f32`, `[C]`, and where `x` is.
fn check_per_channel(op: &str, x: &Tensor, channels: usize, constants: &[&Tensor]) -> Result<()> {
    for constant in constants {
        check_f32(op, &[x, constant])?;
        if constant.dims() != [channels] {
            return Err(message(format!(
                "{op}: {:?} has {channels} channels, but a constant is {:?}",
                x.dims(),
                constant.dims()
            )));
        }
    }
    Ok(())
}

/// The values of a contiguous `f32` tensor on the CPU.
fn values<'a>(
    op: &str,
    storage: &'a CpuStorage,
    layout: &Layout,
) -> candle_core::Result<&'a [f32]> {
    let CpuStorage::F32(data) = storage else { bail!("{op} works on f32 tensors") };
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&data[start..end]),
        None => bail!("{op} needs contiguous tensors"),
    }
}

#[cfg(test)]
mod tests;
