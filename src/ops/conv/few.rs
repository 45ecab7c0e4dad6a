//! The three kernels for few windows and many weights: those in the middle of a U-Net that draws a
//! single picture, where 512 × 512 × 16 weights meet 1 to 64 windows.
//!
//! Reading the weights takes longer here than multiplying with them, and laying them out anew takes
//! three times as long as reading. So the windows are brought into the order of the weights,
//! `[C_large, K_h, K_w]`, instead, and the weights are read once, or their gradient is written once,
//! where they lie.

use super::windows::{sum_pictures, to_rows};
use crate::ops::gemm::{Layout, Matrix, Write, product, product_spread};
use crate::ops::geometry::ConvShape;
use crate::ops::scratch::with_scratch;
use crate::ops::transpose::transpose;
use rayon::prelude::*;

/// Rows of weights that [`weight_gradient`] writes at a time, from end to end: as many as the product
/// sums in registers.
const GRADIENT_ROWS: usize = 14;
/// Columns of the weights that a task of [`scatter`] goes down: sums for 64 windows stay in the
/// second-level cache, and each row is read in half a page.
const SCATTER_COLUMNS: usize = 512;
/// Rows of them that it multiplies at a time: so many streams of memory are fetched ahead.
const SCATTER_ROWS: usize = 32;
/// Values of windows that a task turns round: those of a line of the cache.
const LINE: usize = 16;

/// How many small channels there are for each window.
pub(super) fn channels_per_window(shape: &ConvShape) -> usize {
    shape.small_channels / shape.windows().max(1)
}

/// `small` `[B, h, w, C_small]` from `large` `[B, H, W, C_large]` and weights
/// `[C_small, C_large, K_h, K_w]`.
pub(super) fn gather(shape: &ConvShape, large: &[f32], weight: &[f32], small: &mut [f32]) {
    let (depth, channels) = (shape.depth(), shape.small_channels);
    let windows = shape.windows();
    let weights = Matrix::rows(weight, channels, depth);
    // [C_large · K_h · K_w, windows]
    let right = Layout::right(depth, windows);
    let from = Layout::left(right.panels() * right.width, depth);
    with_scratch(from.len() + right.len(), |scratch| {
        let (rows, panels) = scratch.split_at_mut(from.len());
        let (used, gap) = rows.split_at_mut(windows * from.width);
        to_rows_of_weights(shape, large, used, from.width);
        gap.fill(0.0);
        let panel = depth * right.width;
        for (index, panel) in panels.chunks_exact_mut(panel).enumerate() {
            let rows = &rows[index * right.width * from.width..];
            panel.par_chunks_mut(LINE * right.width).enumerate().for_each(|(line, panel)| {
                transpose(rows, from.width, line * LINE, panel, right.width);
            });
        }
        let to = Layout::left(channels, windows);
        with_scratch(to.len(), |result| {
            product_spread((&mut *result, to), weights, (panels, right));
            let result = &*result;
            small.par_chunks_mut(LINE * channels).enumerate().for_each(|(line, small)| {
                transpose(result, to.width, line * LINE, small, channels);
            });
        });
    });
}

/// `large` `[B, H, W, C_large]` from `small` `[B, h, w, C_small]` and weights
/// `[C_small, C_large, K_h, K_w]`.
pub(super) fn scatter(shape: &ConvShape, small: &[f32], weight: &[f32], large: &mut [f32]) {
    let (depth, channels) = (shape.depth(), shape.small_channels);
    let windows = shape.windows();
    let columns = SCATTER_COLUMNS.min(depth);
    let tasks = depth.div_ceil(columns);
    with_scratch(tasks * windows * columns, |sums| {
        sums.par_chunks_exact_mut(windows * columns).enumerate().for_each(|(task, sums)| {
            let first = task * columns;
            let count = columns.min(depth - first);
            for row in (0..channels).step_by(SCATTER_ROWS) {
                let rows = SCATTER_ROWS.min(channels - row);
                let images = Matrix::strided(&small[row..], windows, rows, channels);
                let weights = &weight[row * depth + first..];
                let weights = Matrix::strided(weights, rows, count, depth);
                let write = if row == 0 { Write::Replace } else { Write::Add };
                product(sums, columns, images, weights, write);
            }
        });
        let sums = &*sums;
        let gathered = |window: usize, row: &mut [f32]| {
            for (task, row) in row.chunks_mut(columns).enumerate() {
                let sums = &sums[(task * windows + window) * columns..];
                row.copy_from_slice(&sums[..row.len()]);
            }
        };
        let to_taps = |window: usize, taps: &mut [f32]| match shape.kernel_area() {
            // Both orders are the same.
            1 => gathered(window, taps),
            area => with_scratch(depth, |row| {
                gathered(window, row);
                transpose(row, area, 0, taps, shape.large_channels);
            }),
        };
        if shape.is_dense() {
            let taps = large.par_chunks_exact_mut(depth).enumerate();
            taps.for_each(|(window, taps)| to_taps(window, taps));
            return;
        }
        let to = Layout::left(windows, depth);
        with_scratch(to.len(), |rows| {
            let taps = rows.par_chunks_exact_mut(to.width).enumerate();
            taps.for_each(|(window, taps)| to_taps(window, &mut taps[..depth]));
            sum_pictures(shape, rows, to.width, large, |_| {});
        });
    });
}

/// `gradient` `[C_small, C_large, K_h, K_w]` of the weights.
pub(super) fn weight_gradient(
    shape: &ConvShape,
    small: &[f32],
    large: &[f32],
    gradient: &mut [f32],
) {
    let (depth, channels) = (shape.depth(), shape.small_channels);
    let windows = shape.windows();
    let from = Layout::left(windows, depth);
    with_scratch(from.len(), |rows| {
        to_rows_of_weights(shape, large, rows, from.width);
        let (rows, images) = (&*rows, Matrix::rows(small, windows, channels).transposed());
        gradient.par_chunks_mut(GRADIENT_ROWS * depth).enumerate().for_each(|(task, gradient)| {
            let images = images.narrow(task * GRADIENT_ROWS, gradient.len() / depth);
            product(gradient, depth, images, from.matrix(rows), Write::Replace);
        });
    });
}

/// Copies all windows to rows `[C_large, K_h, K_w]` that start `stride` apart.
fn to_rows_of_weights(shape: &ConvShape, large: &[f32], rows: &mut [f32], stride: usize) {
    let depth = shape.depth();
    rows.par_chunks_exact_mut(stride).enumerate().for_each(|(window, row)| {
        let (range, row) = (window..window + 1, &mut row[..depth]);
        match shape.kernel_area() {
            // Both orders are the same.
            1 => to_rows(shape, large, range, row, depth),
            area => with_scratch(depth, |taps| {
                to_rows(shape, large, range, taps, depth);
                transpose(taps, shape.large_channels, 0, row, area);
            }),
        }
    });
}
