//! Convolutions whose weights no longer change, for drawing one picture after another.
//!
//! The scale of a batch norm with fixed statistics is folded into the weights, which are laid out
//! once as the product reads them; shift and activation are applied to each line of the result
//! while it is still in the cache.

use super::direct::{gather_filters, scatter_filters};
use super::windows::{lines_of_windows, sum_rows, to_rows};
use super::winograd;
use crate::error::Result;
use crate::ops::activation::{Activation, Curve, with_curve};
use crate::ops::gemm::{Layout, Matrix, Write, product_laid_out};
use crate::ops::geometry::{ConvGeometry, ConvShape};
use crate::ops::scratch::with_scratch;
use crate::ops::{check_f32, check_per_channel, values, vectorized};
use candle_core::{DType, Storage, Tensor};
use rayon::prelude::*;

/// Rows of a product that one task computes.
const TASK_ROWS: usize = 28;
/// Panels that are worth a task.
const PANELS_PER_TASK: usize = 8;

/// A (transposed) convolution, its norm or bias and its activation, as one step without gradients.
#[derive(Debug)]
pub struct PreparedConv {
    /// As PyTorch has them, for the sizes.
    weight_dims: Vec<usize>,
    geometry: ConvGeometry,
    transposed: bool,
    filters: Vec<f32>,
    layout: Layout,
    shift: Vec<f32>,
    activation: Activation,
}

impl PreparedConv {
    /// Prepares `activation(conv(x, w) · scale[c] + shift[c])`, with `w` as for
    /// [`conv2d`](crate::ops::conv2d), or as for [`conv_transpose2d`](crate::ops::conv_transpose2d)
    /// if `transposed`. `scale` and `shift` are `[C_out]`; without them they are 1 and 0.
    ///
    /// # Errors
    /// When the tensors are not `f32` on the CPU, or their shapes do not fit.
    pub fn new(
        weight: &Tensor,
        geometry: ConvGeometry,
        transposed: bool,
        (scale, shift): (Option<&Tensor>, Option<&Tensor>),
        activation: Activation,
    ) -> Result<Self> {
        check_f32("a prepared convolution", &[weight])?;
        let (first, second, kh, kw) = weight.dims4()?;
        let channels = if transposed { second } else { first };
        let constant = |given: Option<&Tensor>, value: f32| match given {
            Some(tensor) => Ok(tensor.clone()),
            None => Tensor::full(value, channels, weight.device()),
        };
        let (scale, shift) = (constant(scale, 1.0)?, constant(shift, 0.0)?);
        check_per_channel("a prepared convolution", weight, channels, &[&scale, &shift])?;
        let along = if transposed { (1, channels, 1, 1) } else { (channels, 1, 1, 1) };
        let folded = weight.detach().broadcast_mul(&scale.detach().reshape(along)?)?;
        let folded = folded.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>()?;
        let small = (1, 1);
        let shape = ConvShape {
            batch: 1,
            small_channels: first,
            small,
            large_channels: second,
            large: (kh, kw),
            kernel: (kh, kw),
            geometry,
        };
        let (layout, filters) = if transposed {
            scatter_filters(&shape, &folded)
        } else {
            gather_filters(&shape, &folded)
        };
        Ok(Self {
            weight_dims: weight.dims().to_vec(),
            geometry,
            transposed,
            filters,
            layout,
            shift: shift.detach().to_vec1()?,
            activation,
        })
    }

    /// Whether a batch of these dimensions is better served here than by the kernels that transform
    /// their weights first.
    pub fn suits(&self, x: &Tensor) -> bool {
        self.shape(x).is_ok_and(|shape| !winograd::suits(&shape))
    }

    fn shape(&self, x: &Tensor) -> candle_core::Result<ConvShape> {
        if self.transposed {
            ConvShape::of_transposed(x.dims(), &self.weight_dims, self.geometry, (0, 0))
        } else {
            ConvShape::of_conv(x.dims(), &self.weight_dims, self.geometry)
        }
    }

    /// The result for `x` `[B, H, W, C_in]`, which is on the CPU.
    ///
    /// # Errors
    /// When `x` has another shape or type than the weights take.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        check_f32("a prepared convolution", &[x])?;
        let shape = self.shape(x)?;
        let x = x.contiguous()?;
        let (storage, layout) = x.storage_and_layout();
        let Storage::Cpu(storage) = &*storage else {
            return Err(crate::ops::message("a prepared convolution runs on the CPU only".into()));
        };
        let input = values("a prepared convolution", storage, layout)?;
        let (output, dims) = if self.transposed {
            (self.scatter(&shape, input), shape.large_dims())
        } else {
            (self.gather(&shape, input), shape.small_dims())
        };
        Ok(Tensor::from_vec(output, &dims, x.device())?)
    }

    /// `[B, H, W, C_large]`.
    fn scatter(&self, shape: &ConvShape, small: &[f32]) -> Vec<f32> {
        let (depth, channels) = (shape.depth(), shape.small_channels);
        let windows = shape.batch * shape.small_area();
        let mut large = vec![0.0; shape.batch * shape.large_image()];
        let small = Matrix::rows(small, windows, channels);
        if shape.is_dense() {
            // A result per tap and channel: the shift repeats from tap to tap.
            let to = Layout::dense(windows, depth);
            self.multiply(small, to, &mut large);
            large.par_chunks_mut(depth).for_each(|image| self.finish(image));
            return large;
        }
        let to = Layout::left(windows, depth);
        with_scratch(to.len(), |rows| {
            self.multiply(small, to, rows);
            let line = shape.large.1 * shape.large_channels;
            large.par_chunks_exact_mut(line).enumerate().for_each(|(index, pixels)| {
                let (image, y) = (index / shape.large.0, index % shape.large.0);
                let first = lines_of_windows(shape, &(y..y + 1)).start * shape.small.1;
                let rows = &rows[(image * shape.small_area() + first) * to.width..];
                sum_rows(shape, rows, to.width, &(y..y + 1), pixels);
                self.finish(pixels);
            });
        });
        large
    }

    /// `[B, h, w, C_small]`.
    fn gather(&self, shape: &ConvShape, large: &[f32]) -> Vec<f32> {
        let (depth, channels) = (shape.depth(), shape.small_channels);
        let windows = shape.batch * shape.small_area();
        let mut small = vec![0.0; windows * channels];
        small.par_chunks_mut(TASK_ROWS * channels).enumerate().for_each(|(task, small)| {
            let count = small.len() / channels;
            let (start, from) = (task * TASK_ROWS, Layout::left(count, depth));
            let to = Layout::dense(count, channels);
            with_scratch(from.len(), |rows| {
                to_rows(shape, large, start..start + count, rows, from.width);
                let filters = (&self.filters[..], self.layout);
                product_laid_out((small, to), from.matrix(rows), filters, Write::Replace);
            });
            self.finish(small);
        });
        small
    }

    /// `to = from · filters`, spread over the pool: by rows if there are many, else by panels.
    fn multiply(&self, from: Matrix, to: Layout, out: &mut [f32]) {
        let (panels, width) = (self.layout.panels(), self.layout.width);
        if to.rows > TASK_ROWS || panels < 2 {
            out.par_chunks_mut(TASK_ROWS * to.width).enumerate().for_each(|(task, out)| {
                let first = task * TASK_ROWS;
                let count = TASK_ROWS.min(to.rows - first);
                let filters = (&self.filters[..], self.layout);
                let to = Layout { rows: count, ..to };
                product_laid_out((out, to), from.narrow(first, count), filters, Write::Replace);
            });
            return;
        }
        with_scratch(panels * to.rows * width, |parts| {
            let tasks = parts
                .par_chunks_exact_mut(to.rows * width)
                .zip(self.filters.par_chunks_exact(self.layout.rows * width));
            tasks.with_min_len(PANELS_PER_TASK).enumerate().for_each(|(panel, (part, filters))| {
                let cols = width.min(self.layout.cols - panel * width);
                let layout = Layout { cols, ..self.layout };
                let to = Layout { rows: to.rows, cols, width };
                product_laid_out((part, to), from, (filters, layout), Write::Replace);
            });
            for (panel, part) in parts.chunks_exact(to.rows * width).enumerate() {
                let cols = width.min(self.layout.cols - panel * width);
                for (row, values) in part.chunks_exact(width).enumerate() {
                    let at = row * to.width + panel * width;
                    out[at..at + cols].copy_from_slice(&values[..cols]);
                }
            }
        });
    }

    /// Shift and activation of whole pixels.
    fn finish(&self, pixels: &mut [f32]) {
        let channels = self.shift.len();
        with_curve!(self.activation, curve => vectorized(|| {
            let shift = &self.shift[..channels];
            for pixel in pixels.chunks_exact_mut(channels) {
                for c in 0..channels {
                    pixel[c] = curve.value(pixel[c] + shift[c]);
                }
            }
        }));
    }
}
