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
/// Values of the column matrix of a tile at most, unless a single line of windows needs more.
const TILE_VALUES: usize = 4 << 20;
/// A weight gradient up to this many values is summed in parts, one for each block of images.
const PARTIAL_VALUES: usize = 64 << 10;
/// Blocks of images for such sums.
const PARTIAL_BLOCKS: usize = 16;

/// Images that share one tile; 1 where a single image fills it.
fn images_per_tile(shape: &ConvShape) -> usize {
    let windows = TILE_WINDOWS.min((TILE_VALUES / shape.depth()).max(1));
    (windows / shape.small_area()).clamp(1, shape.batch)
}

/// Lines of windows per tile of one image.
fn lines_per_tile(shape: &ConvShape) -> usize {
    let windows = (2 * TILE_WINDOWS).min((TILE_VALUES / shape.depth()).max(1));
    (windows / shape.small.1).clamp(1, shape.small.0)
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

/// The columns of a tile: the window lines `band` of each of the images in `large`.
fn fill_columns(
    shape: &ConvShape,
    large: &[f32],
    band: &Range<usize>,
    columns: &mut [f32],
    threads: Threads,
) {
    let images = large.len() / shape.large_image();
    let windows = band.len() * shape.small.1;
    let stride = images * windows;
    for_each_chunk(columns, shape.kernel_area() * stride, threads, |channel, rows| {
        for (image, pixels) in large.chunks_exact(shape.large_image()).enumerate() {
            let plane = &pixels[channel * shape.large_area()..][..shape.large_area()];
            im2col(shape, plane, band.clone(), rows, stride, image * windows);
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
    let weights = Matrix::rows(weight, channels, depth);
    if shape.is_dense() {
        let images = Matrix::rows(large, shape.batch, depth);
        product(&mut small, channels, images, weights.transposed(), Write::Replace, Threads::Pool);
        return small;
    }
    let images = images_per_tile(shape);
    let tile = |index: usize, out: &mut [f32], threads: Threads| {
        let count = out.len() / shape.small_image();
        let large = &large[index * images * shape.large_image()..][..count * shape.large_image()];
        for band in bands(shape) {
            let windows = count * band.len() * shape.small.1;
            with_scratch(depth * windows, |columns| {
                fill_columns(shape, large, &band, columns, threads);
                let columns = Matrix::rows(columns, depth, windows);
                if count == 1 {
                    let (out, area) = (&mut out[band.start * shape.small.1..], shape.small_area());
                    product(out, area, weights, columns, Write::Replace, threads);
                } else {
                    with_scratch(channels * windows, |matrix| {
                        product(matrix, windows, weights, columns, Write::Replace, threads);
                        images_first(shape, matrix, out);
                    });
                }
            });
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
    // Channels whose columns fit in a tile; fixed by the shape.
    let group = (TILE_VALUES / (taps * windows)).clamp(1, shape.large_channels);
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

/// `[C_small, C_large, K_h, K_w]`: the gradient of the weights.
fn weight_gradient(shape: &ConvShape, small: &[f32], large: &[f32]) -> Vec<f32> {
    let (depth, channels) = (shape.depth(), shape.small_channels);
    let mut gradient = vec![0.0; channels * depth];
    if shape.is_dense() {
        let small = Matrix::rows(small, shape.batch, channels).transposed();
        let large = Matrix::rows(large, shape.batch, depth);
        product(&mut gradient, depth, small, large, Write::Replace, Threads::Pool);
        return gradient;
    }
    let blocks = shape.batch.min(PARTIAL_BLOCKS);
    if gradient.len() > PARTIAL_VALUES || blocks == 1 {
        add_weight_gradient(shape, small, large, &mut gradient, Threads::Pool);
        return gradient;
    }
    // A small matrix with a very long inner dimension: too little for all threads to share, so
    // each block of images gives a sum of its own. Sixteen blocks always, and in order.
    let images = shape.batch.div_ceil(blocks);
    let parts: Vec<Vec<f32>> = small
        .par_chunks(images * shape.small_image())
        .zip(large.par_chunks(images * shape.large_image()))
        .map(|(small, large)| {
            let mut part = vec![0.0; channels * depth];
            add_weight_gradient(shape, small, large, &mut part, Threads::One);
            part
        })
        .collect();
    for part in parts {
        gradient.iter_mut().zip(part).for_each(|(sum, value)| *sum += value);
    }
    gradient
}

/// Adds the weight gradient of some images, tile after tile.
fn add_weight_gradient(
    shape: &ConvShape,
    small: &[f32],
    large: &[f32],
    gradient: &mut [f32],
    threads: Threads,
) {
    let (depth, channels) = (shape.depth(), shape.small_channels);
    let images = images_per_tile(shape);
    let tiles =
        small.chunks(images * shape.small_image()).zip(large.chunks(images * shape.large_image()));
    for (small, large) in tiles {
        let count = small.len() / shape.small_image();
        for band in bands(shape) {
            let windows = count * band.len() * shape.small.1;
            with_scratch(depth * windows, |columns| {
                fill_columns(shape, large, &band, columns, threads);
                let columns = Matrix::rows(columns, depth, windows).transposed();
                if count == 1 {
                    let (area, start) = (shape.small_area(), band.start * shape.small.1);
                    let small = Matrix::strided(&small[start..], channels, windows, area);
                    product(gradient, depth, small, columns, Write::Add, threads);
                } else {
                    with_scratch(small.len(), |matrix| {
                        channels_first(shape, small, matrix);
                        let small = Matrix::rows(matrix, channels, windows);
                        product(gradient, depth, small, columns, Write::Add, threads);
                    });
                }
            });
        }
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
