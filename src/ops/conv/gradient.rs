//! The third kernel: the gradient of the weights.

use super::{bands, channels_per_tile, fill_columns, images_per_tile};
use crate::ops::gemm::{Matrix, Threads, Write, product};
use crate::ops::geometry::ConvShape;
use crate::ops::scratch::with_scratch;
use rayon::prelude::*;

/// Parts of a weight gradient that are computed side by side: groups of channels, or blocks of
/// images.
const GRADIENT_GROUPS: usize = 16;
/// Weight gradients up to this many values are summed over blocks of images, larger ones over
/// groups of channels.
const PARTIAL_VALUES: usize = 256 << 10;
/// Rows of a matrix that are transposed by one task.
const TRANSPOSED_ROWS: usize = 32;

/// `[C_small, C_large, K_h, K_w]`: the gradient of the weights.
///
/// It is computed as its transpose `[C_large · K_h · K_w, C_small]`: so the columns, by far the
/// largest operand, enter the product in the layout in which they were written.
pub(super) fn weight_gradient(shape: &ConvShape, small: &[f32], large: &[f32]) -> Vec<f32> {
    let (depth, channels) = (shape.depth(), shape.small_channels);
    let mut gradient = vec![0.0; channels * depth];
    if shape.is_dense() {
        let small = Matrix::rows(small, shape.batch, channels).transposed();
        let large = Matrix::rows(large, shape.batch, depth);
        product(&mut gradient, depth, small, large, Write::Replace, Threads::Pool);
        return gradient;
    }
    let mut pixels = vec![0.0; small.len()];
    pixels
        .par_chunks_mut(shape.small_image())
        .zip(small.par_chunks(shape.small_image()))
        .for_each(|(pixels, image)| transpose(image, shape.small_area(), 0, pixels, channels));

    let mut sums = vec![0.0; depth * channels];
    if shape.batch == 1 || sums.len() > PARTIAL_VALUES {
        let group = shape.large_channels.div_ceil(GRADIENT_GROUPS);
        let step = group * shape.kernel_area() * channels;
        sums.par_chunks_mut(step).enumerate().for_each(|(index, sums)| {
            add_weight_gradient(shape, &pixels, large, index * group, sums);
        });
    } else {
        // Each block of images gives a sum of its own: as many blocks for any number of threads,
        // added in order.
        let images = shape.batch.div_ceil(GRADIENT_GROUPS);
        let parts: Vec<Vec<f32>> = pixels
            .par_chunks(images * shape.small_image())
            .zip(large.par_chunks(images * shape.large_image()))
            .map(|(pixels, large)| {
                let mut part = vec![0.0; depth * channels];
                add_weight_gradient(shape, pixels, large, 0, &mut part);
                part
            })
            .collect();
        for part in parts {
            sums.iter_mut().zip(part).for_each(|(sum, value)| *sum += value);
        }
    }
    gradient.par_chunks_mut(TRANSPOSED_ROWS * depth).enumerate().for_each(|(index, rows)| {
        transpose(&sums, channels, index * TRANSPOSED_ROWS, rows, depth);
    });
    gradient
}

/// Adds the gradients of some large channels' weights, `sums` `[channels · K_h · K_w, C_small]`,
/// over some images, tile after tile. `pixels` is the small side as `[images, h · w, C_small]`.
fn add_weight_gradient(
    shape: &ConvShape,
    pixels: &[f32],
    large: &[f32],
    first_channel: usize,
    sums: &mut [f32],
) {
    let channels = shape.small_channels;
    let images = images_per_tile(shape);
    let tiles =
        pixels.chunks(images * shape.small_image()).zip(large.chunks(images * shape.large_image()));
    for (pixels, large) in tiles {
        let count = pixels.len() / shape.small_image();
        for band in bands(shape) {
            let windows = count * band.len() * shape.small.1;
            let pixels = &pixels[band.start * shape.small.1 * channels..][..windows * channels];
            let group = channels_per_tile(shape, windows) * shape.kernel_area();
            for (index, sums) in sums.chunks_mut(group * channels).enumerate() {
                let rows = sums.len() / channels;
                with_scratch(rows * windows, |columns| {
                    let first = first_channel + index * group / shape.kernel_area();
                    fill_columns(shape, large, &band, first, columns, Threads::One);
                    let columns = Matrix::rows(columns, rows, windows);
                    let pixels = Matrix::rows(pixels, windows, channels);
                    product(sums, channels, columns, pixels, Write::Add, Threads::One);
                });
            }
        }
    }
}

/// Writes columns of a matrix, from column `first` on, as rows of `to_cols` values to `to`. The
/// rows of `from` are `from_cols` long, and there are `to_cols` of them.
fn transpose(from: &[f32], from_cols: usize, first: usize, to: &mut [f32], to_cols: usize) {
    const SIDE: usize = 8;
    let copy = |to: &mut [f32], start: usize, end: usize, column: usize| {
        for (index, value) in (start..end).zip(&mut to[start..end]) {
            *value = from[index * from_cols + first + column];
        }
    };
    for start in (0..to_cols).step_by(SIDE) {
        let end = (start + SIDE).min(to_cols);
        for (index, rows) in to.chunks_mut(SIDE * to_cols).enumerate() {
            if rows.len() < SIDE * to_cols || end - start < SIDE {
                for (column, row) in rows.chunks_exact_mut(to_cols).enumerate() {
                    copy(row, start, end, index * SIDE + column);
                }
                continue;
            }
            // A whole block goes through registers.
            let mut block = [[0.0; SIDE]; SIDE];
            for row in 0..SIDE {
                let values = &from[(start + row) * from_cols + first + index * SIDE..][..SIDE];
                for column in 0..SIDE {
                    block[column][row] = values[column];
                }
            }
            for (row, values) in rows.chunks_exact_mut(to_cols).zip(&block) {
                row[start..start + SIDE].copy_from_slice(values);
            }
        }
    }
}
