//! The kernels of this folder composed of candle's own differentiable operations: what GPUs run.
//!
//! Windows are picked by `index_select` first along the height, then along the width, and summed
//! back by `index_add`, so that the heavy part is one matrix product. Everything here also runs on
//! the CPU, where the tests compare it with the hand-written kernels.

use super::activation::{Activation, SELU};
use super::geometry::ConvShape;
use candle_core::{D, Device, Result, Tensor};

/// Along one side: for each kernel tap and window, the pixel of the padded picture it reads.
fn taps(kernel: usize, windows: usize, stride: usize, device: &Device) -> Result<Tensor> {
    let indexes: Vec<u32> = (0..kernel)
        .flat_map(|tap| (0..windows).map(move |window| (window * stride + tap) as u32))
        .collect();
    Tensor::new(indexes, device)
}

/// Index tensors for height and width.
fn window_indexes(shape: &ConvShape, device: &Device) -> Result<(Tensor, Tensor)> {
    let stride = shape.geometry.stride;
    Ok((
        taps(shape.kernel.0, shape.small.0, stride.0, device)?,
        taps(shape.kernel.1, shape.small.1, stride.1, device)?,
    ))
}

/// See [`super::conv2d`].
pub(super) fn conv2d(x: &Tensor, w: &Tensor, shape: &ConvShape) -> Result<Tensor> {
    let ((kh, kw), (h, w_small)) = (shape.kernel, shape.small);
    let (ph, pw) = shape.geometry.padding;
    let (rows, cols) = window_indexes(shape, x.device())?;
    let windows = x
        .contiguous()?
        .pad_with_zeros(1, ph, ph)?
        .pad_with_zeros(2, pw, pw)?
        .index_select(&rows, 1)?
        .index_select(&cols, 2)?
        .reshape(vec![shape.batch, kh, h, kw, w_small, shape.large_channels])?
        .permute(vec![0, 2, 4, 5, 1, 3])?
        .reshape((shape.windows(), shape.depth()))?;
    windows
        .matmul(&w.reshape((shape.small_channels, shape.depth()))?.t()?)?
        .reshape(&shape.small_dims())
}

/// See [`super::conv_transpose2d`].
pub(super) fn conv_transpose2d(x: &Tensor, w: &Tensor, shape: &ConvShape) -> Result<Tensor> {
    let ((kh, kw), (h, w_small)) = (shape.kernel, shape.small);
    let (ph, pw) = shape.geometry.padding;
    let (sh, sw) = shape.geometry.stride;
    let (batch, channels) = (shape.batch, shape.large_channels);
    let (rows, cols) = window_indexes(shape, x.device())?;
    let windows = x
        .reshape((shape.windows(), shape.small_channels))?
        .matmul(&w.reshape((shape.small_channels, shape.depth()))?)?
        .reshape(vec![batch, h, w_small, channels, kh, kw])?
        .permute(vec![0, 4, 1, 5, 2, 3])?
        .reshape((batch, kh * h, kw * w_small, channels))?;
    // Room for all windows and for the output padding behind them.
    let full_height = ((h - 1) * sh + kh).max(shape.large.0 + ph);
    let full_width = ((w_small - 1) * sw + kw).max(shape.large.1 + pw);
    let zeros = |height: usize, width: usize| {
        Tensor::zeros((batch, height, width, channels), x.dtype(), x.device())
    };
    let wide = zeros(kh * h, full_width)?.index_add(&cols, &windows, 2)?;
    zeros(full_height, full_width)?
        .index_add(&rows, &wide, 1)?
        .narrow(1, ph, shape.large.0)?
        .narrow(2, pw, shape.large.1)?
        .contiguous()
}

/// See [`super::activate`].
pub(super) fn activate(x: &Tensor, activation: Activation) -> Result<Tensor> {
    match activation {
        Activation::Linear => Ok(x.clone()),
        Activation::Relu => x.relu(),
        Activation::LeakyRelu(slope) => x.relu()? - (x.neg()?.relu()? * f64::from(slope))?,
        Activation::Tanh => x.tanh(),
        // By way of tanh, whose gradient cannot overflow as that of exp does.
        Activation::Sigmoid => ((x * 0.5)?.tanh()? * 0.5)? + 0.5,
        Activation::Elu => x.elu(1.0),
        Activation::Selu => x.elu(f64::from(SELU.1))? * f64::from(SELU.0),
    }
}

/// See [`super::scale_shift`].
pub(super) fn scale_shift(
    x: &Tensor,
    scale: &Tensor,
    shift: &Tensor,
    activation: Activation,
) -> Result<Tensor> {
    let y = x.broadcast_mul(scale)?.broadcast_add(shift)?;
    activate(&y, activation)
}

/// See [`super::batch_norm`]; returns mean and biased variance of each channel, detached.
pub(super) fn batch_norm(
    x: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    eps: f64,
    activation: Activation,
) -> Result<(Tensor, Tensor, Tensor)> {
    let mean = x.flatten_to(D::Minus2)?.mean(0)?;
    let variance = x.broadcast_sub(&mean)?.sqr()?.flatten_to(D::Minus2)?.mean(0)?;
    let scale = weight.div(&(&variance + eps)?.sqrt()?)?;
    let centred = x.broadcast_sub(&mean)?;
    let y = scale_shift(&centred, &scale, bias, activation)?;
    Ok((y, mean.detach(), variance.detach()))
}
