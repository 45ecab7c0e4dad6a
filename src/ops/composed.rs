//! The kernels of this folder composed of candle's own differentiable operations: what GPUs run.
//!
//! Windows are picked by `index_select` first along the height, then along the width, and summed
//! back by `index_add`, so that the heavy part is one matrix product. Everything here also runs on
//! the CPU, where the tests compare it with the hand-written kernels.

use super::activation::Activation;
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
    let columns = x
        .pad_with_zeros(2, ph, ph)?
        .pad_with_zeros(3, pw, pw)?
        .index_select(&rows, 2)?
        .index_select(&cols, 3)?
        .reshape(vec![shape.batch, shape.large_channels, kh, h, kw, w_small])?
        .permute(vec![1, 2, 4, 0, 3, 5])?
        .reshape((shape.depth(), shape.batch * shape.small_area()))?;
    w.reshape((shape.small_channels, shape.depth()))?
        .matmul(&columns)?
        .reshape((shape.small_channels, shape.batch, h, w_small))?
        .transpose(0, 1)?
        .contiguous()
}

/// See [`super::conv_transpose2d`].
pub(super) fn conv_transpose2d(x: &Tensor, w: &Tensor, shape: &ConvShape) -> Result<Tensor> {
    let ((kh, kw), (h, w_small)) = (shape.kernel, shape.small);
    let (ph, pw) = shape.geometry.padding;
    let (sh, sw) = shape.geometry.stride;
    let (batch, channels) = (shape.batch, shape.large_channels);
    let (rows, cols) = window_indexes(shape, x.device())?;
    let pixels = x.transpose(0, 1)?.reshape((shape.small_channels, batch * shape.small_area()))?;
    let columns = w
        .reshape((shape.small_channels, shape.depth()))?
        .t()?
        .matmul(&pixels)?
        .reshape(vec![channels, kh, kw, batch, h, w_small])?
        .permute(vec![3, 0, 1, 4, 2, 5])?
        .reshape((batch, channels, kh * h, kw * w_small))?;
    // Room for all windows and for the output padding behind them.
    let full_height = ((h - 1) * sh + kh).max(shape.large.0 + ph);
    let full_width = ((w_small - 1) * sw + kw).max(shape.large.1 + pw);
    let zeros = |height: usize, width: usize| {
        Tensor::zeros((batch, channels, height, width), x.dtype(), x.device())
    };
    let wide = zeros(kh * h, full_width)?.index_add(&cols, &columns, 3)?;
    zeros(full_height, full_width)?
        .index_add(&rows, &wide, 2)?
        .narrow(2, ph, shape.large.0)?
        .narrow(3, pw, shape.large.1)?
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
    }
}

/// `[C]` as a tensor that broadcasts over `like`'s channels.
fn per_channel(constants: &Tensor, like: &Tensor) -> Result<Tensor> {
    let channels = constants.elem_count();
    if like.rank() == 2 {
        constants.reshape((1, channels))
    } else {
        constants.reshape((1, channels, 1, 1))
    }
}

/// See [`super::scale_shift`].
pub(super) fn scale_shift(
    x: &Tensor,
    scale: &Tensor,
    shift: &Tensor,
    activation: Activation,
) -> Result<Tensor> {
    let y = x.broadcast_mul(&per_channel(scale, x)?)?.broadcast_add(&per_channel(shift, x)?)?;
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
    // One row for each channel, so that a single reduction gives its mean.
    let rows = x.transpose(0, 1)?.flatten_from(1)?;
    let mean = rows.mean_keepdim(D::Minus1)?;
    let variance = rows.broadcast_sub(&mean)?.sqr()?.mean(D::Minus1)?;
    let mean = mean.squeeze(1)?;
    let scale = weight.div(&(&variance + eps)?.sqrt()?)?;
    let centred = x.broadcast_sub(&per_channel(&mean, x)?)?;
    let y = scale_shift(&centred, &scale, bias, activation)?;
    Ok((y, mean.detach(), variance.detach()))
}
