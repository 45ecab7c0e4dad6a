//! The three kernels for any window, stride and padding, as products of all windows with all taps.
//!
//! Work is cut into tiles whose windows stay in the cache. The cut depends on the shape alone, so
//! results do not change with the number of threads.

use super::windows::{lines_of_windows, sum_pictures, sum_rows, to_rows};
use crate::ops::gemm::{Layout, Matrix, Write, product, product_laid_out, product_spread};
use crate::ops::geometry::ConvShape;
use crate::ops::scratch::{overwritten, with_scratch};
use crate::ops::transpose::transpose;
use rayon::prelude::*;
use std::ops::Range;

/// Values of the windows of a tile, unless a single line of them has more: 1 MiB, which stays in
/// the second-level cache until it is used.
const TILE_VALUES: usize = 256 << 10;
/// Values of all windows that are computed at once, so that every core has a share of a single small
/// picture: 4 MiB.
const WHOLE_VALUES: usize = 1 << 20;
/// Windows of a tile at least and at most.
const TILE_WINDOWS: Range<usize> = 16..1024;
/// Tiles into which few windows are cut.
const LEAST_TILES: usize = 16;
/// Parts of a weight gradient that are summed side by side: blocks of windows.
const GRADIENT_PARTS: usize = 16;
/// Channels whose sums share a line of the cache: they are taken out of it together.
const LINE: usize = 16;
/// Weight gradients up to this many values are summed over blocks of windows, larger ones tap by
/// tap.
const PARTIAL_VALUES: usize = 256 << 10;

/// Windows of a tile.
fn windows_per_tile(shape: &ConvShape) -> usize {
    (TILE_VALUES / shape.depth()).clamp(TILE_WINDOWS.start, TILE_WINDOWS.end)
}

/// The taps `[C_small, K_h, K_w, C_large]` from weights `[C_small, C_large, K_h, K_w]`.
fn by_tap(shape: &ConvShape, weight: &[f32]) -> Vec<f32> {
    overwritten(weight.len(), |taps| {
        let weights = weight.par_chunks_exact(shape.depth());
        taps.par_chunks_exact_mut(shape.depth()).zip(weights).for_each(|(taps, weight)| {
            transpose(weight, shape.kernel_area(), 0, taps, shape.large_channels);
        });
    })
}

/// Weights as [`gather`] multiplies with them: `[K_h · K_w · C_large, C_small]`.
pub(super) fn gather_filters(shape: &ConvShape, weight: &[f32]) -> (Layout, Vec<f32>) {
    let (depth, channels) = (shape.depth(), shape.small_channels);
    let taps = by_tap(shape, weight);
    let layout = Layout::right(depth, channels);
    let panel = depth * layout.width;
    let filters = overwritten(layout.len(), |filters| {
        filters.par_chunks_exact_mut(panel).enumerate().for_each(|(index, filters)| {
            let first = index * layout.width;
            let count = layout.width.min(channels - first);
            let taps = &taps[first * depth..];
            if count == layout.width {
                // Whole blocks: the taps of different channels lie so far apart that reading them
                // one by one would find none of them in the cache.
                transpose(taps, depth, 0, filters, count);
                return;
            }
            for (row, values) in filters.chunks_exact_mut(layout.width).enumerate() {
                let (values, gap) = values.split_at_mut(count);
                transpose_column(taps, depth, row, values);
                gap.fill(0.0);
            }
        });
    });
    (layout, filters)
}

/// Weights as [`scatter`] multiplies with them: `[C_small, K_h · K_w · C_large]`.
pub(super) fn scatter_filters(shape: &ConvShape, weight: &[f32]) -> (Layout, Vec<f32>) {
    let (depth, channels) = (shape.depth(), shape.small_channels);
    let taps = by_tap(shape, weight);
    let layout = Layout::right(channels, depth);
    let filters = layout.filled(|row, first, values| {
        values.copy_from_slice(&taps[row * depth + first..][..values.len()]);
    });
    (layout, filters)
}

/// `small` `[B, h, w, C_small]` from `large` and the weights of [`gather_filters`]. `finish` gets
/// whole pixels of the result while they are in the cache.
pub(super) fn gather(
    shape: &ConvShape,
    large: &[f32],
    (layout, filters): (Layout, &[f32]),
    small: &mut [f32],
    finish: impl Fn(&mut [f32]) + Sync,
) {
    let (depth, channels) = (shape.depth(), shape.small_channels);
    // Enough tiles for every core even where there are few windows.
    let windows = shape.windows();
    let tile = windows_per_tile(shape).min(windows.div_ceil(LEAST_TILES).max(TILE_WINDOWS.start));
    small.par_chunks_mut(tile * channels).enumerate().for_each(|(index, small)| {
        let range = index * tile..index * tile + small.len() / channels;
        let dst = Layout::dense(range.len(), channels);
        if shape.is_dense() {
            let images = &large[range.start * depth..];
            let images = Matrix::rows(images, range.len(), depth);
            product_laid_out((small, dst), images, (filters, layout), Write::Replace);
        } else {
            let from = Layout::left(range.len(), depth);
            with_scratch(from.len(), |rows| {
                to_rows(shape, large, range, rows, from.width);
                let images = from.matrix(rows);
                product_laid_out((small, dst), images, (filters, layout), Write::Replace);
            });
        }
        finish(small);
    });
}

/// `large` `[B, H, W, C_large]` from `small` and the weights of [`scatter_filters`]. `finish` gets
/// whole pixels of the result while they are in the cache.
pub(super) fn scatter(
    shape: &ConvShape,
    small: &[f32],
    (layout, filters): (Layout, &[f32]),
    large: &mut [f32],
    finish: impl Fn(&mut [f32]) + Sync,
) {
    let (depth, channels) = (shape.depth(), shape.small_channels);
    let windows = shape.windows();
    let images = Matrix::rows(small, windows, channels);
    if shape.is_dense() {
        product_spread((&mut *large, Layout::dense(windows, depth)), images, (filters, layout));
        large.par_chunks_mut(depth).for_each(&finish);
        return;
    }
    if windows * depth <= WHOLE_VALUES {
        let to = Layout::left(windows, depth);
        with_scratch(to.len(), |rows| {
            product_spread((&mut *rows, to), images, (filters, layout));
            sum_pictures(shape, rows, to.width, large, &finish);
        });
        return;
    }
    let line = shape.large.1 * shape.large_channels;
    // Bands of lines, of every image for itself; windows that reach into two bands are computed
    // for both.
    let band = (windows_per_tile(shape) / shape.small.1).max(4) * shape.geometry.stride.0;
    let results = large.par_chunks_exact_mut(shape.large_image()).enumerate();
    let bands = results.flat_map_iter(|(image, pixels)| {
        let bands = pixels.chunks_mut(band * line).enumerate();
        bands.map(move |(index, pixels)| (image, index * band, pixels))
    });
    bands.for_each(|(image, first, pixels)| {
        let lines = first..first + pixels.len() / line;
        let windows = lines_of_windows(shape, &lines);
        let start = image * shape.small_area() + windows.start * shape.small.1;
        let count = windows.len() * shape.small.1;
        let to = Layout::left(count, depth);
        with_scratch(to.len(), |rows| {
            let from = images.narrow(start, count);
            product_laid_out((rows, to), from, (filters, layout), Write::Replace);
            sum_rows(shape, rows, to.width, &lines, pixels);
        });
        finish(pixels);
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
    // [K_h, K_w, C_large, C_small]
    let mut sums = vec![0.0; depth * channels];
    if sums.len() <= PARTIAL_VALUES {
        // Each block of windows gives a sum of its own: as many blocks for any number of threads,
        // added in order.
        let block = windows.div_ceil(GRADIENT_PARTS);
        let blocks = (0..windows).step_by(block).map(|start| start..(start + block).min(windows));
        let parts = blocks.collect::<Vec<_>>().into_par_iter().map(|range| {
            let mut part = vec![0.0; depth * channels];
            add_windows(shape, small, large, range, 0..depth, &mut part);
            part
        });
        for part in parts.collect::<Vec<_>>() {
            sums.iter_mut().zip(part).for_each(|(sum, value)| *sum += value);
        }
    } else {
        let rows = shape.large_channels;
        sums.par_chunks_mut(rows * channels).enumerate().for_each(|(tap, sums)| {
            add_windows(shape, small, large, 0..windows, tap * rows..(tap + 1) * rows, sums);
        });
    }
    gradient.par_chunks_mut(LINE * depth).enumerate().for_each(|(line, gradient)| {
        let count = gradient.len() / depth;
        with_scratch(count * depth, |taps| {
            transpose(&sums, channels, line * LINE, taps, depth);
            for (taps, gradient) in taps.chunks_exact(depth).zip(gradient.chunks_exact_mut(depth)) {
                transpose(taps, shape.large_channels, 0, gradient, shape.kernel_area());
            }
        });
    });
}

/// Column `column` of a matrix whose rows are `cols` long.
fn transpose_column(matrix: &[f32], cols: usize, column: usize, to: &mut [f32]) {
    for (value, row) in to.iter_mut().zip(matrix.chunks_exact(cols)) {
        *value = row[column];
    }
}

/// Adds the products of some windows' values, those numbered `part`, with the small side: to `sums`
/// `[part, C_small]`.
fn add_windows(
    shape: &ConvShape,
    small: &[f32],
    large: &[f32],
    windows: Range<usize>,
    part: Range<usize>,
    sums: &mut [f32],
) {
    let channels = shape.small_channels;
    let tile = windows_per_tile(shape);
    for start in windows.clone().step_by(tile) {
        let range = start..(start + tile).min(windows.end);
        let count = range.len();
        let pixels = Matrix::rows(&small[start * channels..], count, channels);
        let mut add = |rows: &[f32], stride: usize| {
            let rows = Matrix::strided(&rows[part.start..], count, part.len(), stride);
            product(sums, channels, rows.transposed(), pixels, Write::Add);
        };
        if shape.is_dense() {
            add(&large[start * shape.depth()..], shape.depth());
            continue;
        }
        let layout = Layout::left(count, shape.depth());
        with_scratch(layout.len(), |rows| {
            to_rows(shape, large, range, rows, layout.width);
            add(rows, layout.width);
        });
    }
}
