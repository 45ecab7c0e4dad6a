//! Convolution and transposed convolution on the CPU, with gradients.
//!
//! Three kernels between the small and the large side of a [`ConvShape`], each the gradient of
//! another:
//!
//! | kernel | computes | is also |
//! |---|---|---|
//! | [`gather`] | small = W · columns(large) | input gradient of the transposed convolution |
//! | [`scatter`] | large = sum of Wᵀ · small over windows | input gradient of the convolution |
//! | [`weight_gradient`] | dW = small · columns(large)ᵀ | of both |
//!
//! Work is cut into tiles of some hundred windows, whose columns stay in the cache and are still
//! wide enough for a fast matrix product. The cut depends on the shape alone, so results do not
//! change with the number of threads.

mod gradient;

use self::gradient::weight_gradient;
use super::columns::{col2im, im2col};
use super::gemm::{Matrix, Threads, Write, product};
use super::geometry::ConvShape;
use super::scratch::with_scratch;
use super::values;
use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;
use std::ops::Range;

/// Windows in a tile, if the pictures have that many.
const TILE_WINDOWS: usize = 512;
/// Values of the columns that are made at a time, unless a single channel has more: 1 MiB, which
/// stays in the second-level cache until it is used.
const TILE_VALUES: usize = 256 << 10;

/// Images that share one tile; 1 where a single image fills it.
fn images_per_tile(shape: &ConvShape) -> usize {
    (TILE_WINDOWS / shape.small_area()).clamp(1, shape.batch)
}

/// Lines of windows per tile of one image.
fn lines_per_tile(shape: &ConvShape) -> usize {
    (2 * TILE_WINDOWS / shape.small.1).clamp(1, shape.small.0)
}

/// Bands of window lines that cover an image.
fn bands(shape: &ConvShape) -> impl Iterator<Item = Range<usize>> {
    let (lines, step) = (shape.small.0, lines_per_tile(shape));
    (0..lines).step_by(step).map(move |start| start..(start + step).min(lines))
}

/// Whether splitting `tasks` equal tasks over the pool keeps its threads busy enough to be better
/// than working on the tasks one by one, each with all threads.
fn split_evenly(tasks: usize) -> bool {
    let threads = rayon::current_num_threads();
    tasks >= 3 * threads || (tasks > 1 && tasks.is_multiple_of(threads))
}

/// Calls `work` on each `len` values of `data` in turn, spread over the pool where asked.
fn for_each_chunk(
    data: &mut [f32],
    len: usize,
    threads: Threads,
    work: impl Fn(usize, &mut [f32]) + Sync + Send,
) {
    match threads {
        Threads::Pool => {
            data.par_chunks_mut(len).enumerate().for_each(|(index, chunk)| work(index, chunk));
        }
        Threads::One => {
            data.chunks_mut(len).enumerate().for_each(|(index, chunk)| work(index, chunk));
        }
    }
}

/// The columns of a tile: the window lines `band` of each of the images in `large`, for as many
/// channels, from `first` on, as `columns` has room for.
fn fill_columns(
    shape: &ConvShape,
    large: &[f32],
    band: &Range<usize>,
    first: usize,
    columns: &mut [f32],
    threads: Threads,
) {
    let images = large.len() / shape.large_image();
    let windows = band.len() * shape.small.1;
    let stride = images * windows;
    for_each_chunk(columns, shape.kernel_area() * stride, threads, |channel, rows| {
        for (image, pixels) in large.chunks_exact(shape.large_image()).enumerate() {
            let plane = &pixels[(first + channel) * shape.large_area()..][..shape.large_area()];
            im2col(shape, plane, band, rows, stride, image * windows);
        }
    });
}

/// Copies the images of a small side `[images, C, area]` to one matrix `[C, images · area]`.
fn channels_first(shape: &ConvShape, images: &[f32], matrix: &mut [f32]) {
    let area = shape.small_area();
    let stride = images.len() / shape.small_channels;
    for (index, image) in images.chunks_exact(shape.small_image()).enumerate() {
        for (row, plane) in matrix.chunks_exact_mut(stride).zip(image.chunks_exact(area)) {
            row[index * area..][..area].copy_from_slice(plane);
        }
    }
}

/// The reverse of [`channels_first`].
fn images_first(shape: &ConvShape, matrix: &[f32], images: &mut [f32]) {
    let area = shape.small_area();
    let stride = images.len() / shape.small_channels;
    for (index, image) in images.chunks_exact_mut(shape.small_image()).enumerate() {
        for (row, plane) in matrix.chunks_exact(stride).zip(image.chunks_exact_mut(area)) {
            plane.copy_from_slice(&row[index * area..][..area]);
        }
    }
}

/// `[B, C_small, h, w]` from `large` and `weight`.
fn gather(shape: &ConvShape, large: &[f32], weight: &[f32]) -> Vec<f32> {
    let (depth, channels) = (shape.depth(), shape.small_channels);
    let mut small = vec![0.0; shape.batch * shape.small_image()];
    if shape.is_dense() {
        let images = Matrix::rows(large, shape.batch, depth);
        let weights = Matrix::rows(weight, channels, depth).transposed();
        product(&mut small, channels, images, weights, Write::Replace, Threads::Pool);
        return small;
    }
    let images = images_per_tile(shape);
    let tile = |index: usize, out: &mut [f32], threads: Threads| {
        let count = out.len() / shape.small_image();
        let large = &large[index * images * shape.large_image()..][..count * shape.large_image()];
        for band in bands(shape) {
            let windows = count * band.len() * shape.small.1;
            if count == 1 {
                let (out, area) = (&mut out[band.start * shape.small.1..], shape.small_area());
                gather_tile(shape, large, &band, weight, out, area, threads);
            } else {
                with_scratch(channels * windows, |matrix| {
                    gather_tile(shape, large, &band, weight, matrix, windows, threads);
                    images_first(shape, matrix, out);
                });
            }
        }
    };
    let (inner, outer) = if split_evenly(shape.batch.div_ceil(images)) {
        (Threads::One, Threads::Pool)
    } else {
        (Threads::Pool, Threads::One)
    };
    for_each_chunk(&mut small, images * shape.small_image(), outer, |index, out| {
        tile(index, out, inner);
    });
    small
}

/// The windows of one tile: a matrix `[C_small, windows]`, whose rows start `stride` apart in `out`.
fn gather_tile(
    shape: &ConvShape,
    large: &[f32],
    band: &Range<usize>,
    weight: &[f32],
    out: &mut [f32],
    stride: usize,
    threads: Threads,
) {
    let taps = shape.kernel_area();
    let windows = large.len() / shape.large_image() * band.len() * shape.small.1;
    let group = channels_per_tile(shape, windows);
    for first in (0..shape.large_channels).step_by(group) {
        let rows = group.min(shape.large_channels - first) * taps;
        with_scratch(rows * windows, |columns| {
            fill_columns(shape, large, band, first, columns, threads);
            let columns = Matrix::rows(columns, rows, windows);
            let weight = &weight[first * taps..];
            let weight = Matrix::strided(weight, shape.small_channels, rows, shape.depth());
            let write = if first == 0 { Write::Replace } else { Write::Add };
            product(out, stride, weight, columns, write, threads);
        });
    }
}

/// Large channels whose columns are made at a time.
fn channels_per_tile(shape: &ConvShape, windows: usize) -> usize {
    (TILE_VALUES / (shape.kernel_area() * windows)).clamp(1, shape.large_channels)
}

/// `[B, C_large, H, W]` from `small` and `weight`.
fn scatter(shape: &ConvShape, small: &[f32], weight: &[f32]) -> Vec<f32> {
    let (depth, channels) = (shape.depth(), shape.small_channels);
    let mut large = vec![0.0; shape.batch * shape.large_image()];
    if shape.is_dense() {
        let images = Matrix::rows(small, shape.batch, channels);
        let weights = Matrix::rows(weight, channels, depth);
        product(&mut large, depth, images, weights, Write::Replace, Threads::Pool);
        return large;
    }
    let images = images_per_tile(shape);
    let tile = |index: usize, out: &mut [f32], threads: Threads| {
        let count = out.len() / shape.large_image();
        let small = &small[index * images * shape.small_image()..][..count * shape.small_image()];
        if count == 1 {
            scatter_tile(shape, small, weight, out, threads);
        } else {
            with_scratch(small.len(), |matrix| {
                channels_first(shape, small, matrix);
                scatter_tile(shape, matrix, weight, out, threads);
            });
        }
    };
    let (inner, outer) = if split_evenly(shape.batch.div_ceil(images)) {
        (Threads::One, Threads::Pool)
    } else {
        (Threads::Pool, Threads::One)
    };
    for_each_chunk(&mut large, images * shape.large_image(), outer, |index, out| {
        tile(index, out, inner);
    });
    large
}

/// The images of one tile: `small` is a matrix `[C_small, images · h · w]`, `out` is
/// `[images, C_large, H, W]`.
fn scatter_tile(
    shape: &ConvShape,
    small: &[f32],
    weight: &[f32],
    out: &mut [f32],
    threads: Threads,
) {
    let (area, taps) = (shape.large_area(), shape.kernel_area());
    let images = out.len() / shape.large_image();
    let windows = images * shape.small_area();
    let small = Matrix::rows(small, shape.small_channels, windows);
    let group = channels_per_tile(shape, windows);
    let columns_of = |first: usize, columns: &mut [f32], threads: Threads| {
        let rows = columns.len() / windows;
        let weights =
            Matrix::strided(&weight[first * taps..], shape.small_channels, rows, shape.depth());
        product(columns, windows, weights.transposed(), small, Write::Replace, threads);
    };
    if images == 1 {
        for_each_chunk(out, group * area, Threads::One, |index, planes| {
            with_scratch(planes.len() / area * taps * windows, |columns| {
                columns_of(index * group, columns, threads);
                for_each_chunk(planes, area, threads, |channel, plane| {
                    let rows = &columns[channel * taps * windows..][..taps * windows];
                    col2im(shape, rows, windows, 0, plane);
                });
            });
        });
        return;
    }
    for first in (0..shape.large_channels).step_by(group) {
        let channels = group.min(shape.large_channels - first);
        with_scratch(channels * taps * windows, |columns| {
            columns_of(first, columns, threads);
            for_each_chunk(out, shape.large_image(), threads, |image, pixels| {
                let planes = &mut pixels[first * area..][..channels * area];
                for (channel, plane) in planes.chunks_exact_mut(area).enumerate() {
                    let rows = &columns[channel * taps * windows..][..taps * windows];
                    col2im(shape, rows, windows, image * shape.small_area(), plane);
                }
            });
        });
    }
}

/// Which of the three kernels an operation runs; the arguments are in this order.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kernel {
    /// (large, weight) → small.
    Gather,
    /// (small, weight) → large.
    Scatter,
    /// (small, large) → weight gradient.
    Weight,
}

/// One kernel as an operation of candle.
struct Conv {
    shape: ConvShape,
    kernel: Kernel,
}

impl CustomOp2 for Conv {
    fn name(&self) -> &'static str {
        match self.kernel {
            Kernel::Gather => "conv2d",
            Kernel::Scatter => "conv_transpose2d",
            Kernel::Weight => "conv weight gradient",
        }
    }

    fn cpu_fwd(
        &self,
        s1: &CpuStorage,
        l1: &Layout,
        s2: &CpuStorage,
        l2: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let first = values(self.name(), s1, l1)?;
        let second = values(self.name(), s2, l2)?;
        let shape = &self.shape;
        let (result, dims) = match self.kernel {
            Kernel::Gather => (gather(shape, first, second), shape.small_dims()),
            Kernel::Scatter => (scatter(shape, first, second), shape.large_dims()),
            Kernel::Weight => (weight_gradient(shape, first, second), shape.weight_dims()),
        };
        Ok((CpuStorage::F32(result), dims.as_slice().into()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        _res: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let grad = grad.contiguous()?;
        let run = |kernel, first: &Tensor, second: &Tensor| {
            first.apply_op2_no_bwd(second, &Self { shape: self.shape, kernel })
        };
        let (dx, dw): (Kernel, (&Tensor, &Tensor)) = match self.kernel {
            Kernel::Gather => (Kernel::Scatter, (&grad, x)),
            Kernel::Scatter => (Kernel::Gather, (x, &grad)),
            Kernel::Weight => bail!("the gradient of a gradient is not available"),
        };
        // Frozen weights and plain pictures ask for no gradient, and cost none.
        let dx = x.track_op().then(|| run(dx, &grad, weight)).transpose()?;
        let dw = weight.track_op().then(|| run(Kernel::Weight, dw.0, dw.1)).transpose()?;
        Ok((dx, dw))
    }
}

/// The convolution of checked, contiguous tensors.
pub(super) fn conv2d(x: &Tensor, w: &Tensor, shape: ConvShape) -> Result<Tensor> {
    x.apply_op2(w, Conv { shape, kernel: Kernel::Gather })
}

/// The transposed convolution of checked, contiguous tensors.
pub(super) fn conv_transpose2d(x: &Tensor, w: &Tensor, shape: ConvShape) -> Result<Tensor> {
    x.apply_op2(w, Conv { shape, kernel: Kernel::Scatter })
}
