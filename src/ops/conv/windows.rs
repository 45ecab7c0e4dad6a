//! Windows of a picture as rows of a matrix, and their sum back.
//!
//! Pictures are `[H, W, C]`, so a line of a window is one run of memory. A row of the matrix holds a
//! window as `[K_h, K_w, C]`; there is a row for each window (Chellapilla, Puri & Simard, "High
//! Performance Convolutional Neural Networks for Document Processing", 2006).

use crate::ops::geometry::ConvShape;
use crate::ops::vectorized;
use rayon::prelude::*;
use std::ops::Range;

/// Copies the windows `range`, counted over all images of `large`, to rows that start `stride`
/// apart.
pub(super) fn to_rows(
    shape: &ConvShape,
    large: &[f32],
    range: Range<usize>,
    rows: &mut [f32],
    stride: usize,
) {
    let channels = shape.large_channels;
    let kw = shape.kernel.1;
    for (window, row) in range.zip(rows.chunks_mut(stride)) {
        let (image, at) = (window / shape.small_area(), window % shape.small_area());
        let image = &large[image * shape.large_image()..][..shape.large_image()];
        let (oy, ox) = (at / shape.small.1, at % shape.small.1);
        let taps =
            Span::of(ox, shape.geometry.stride.1, shape.geometry.padding.1, kw, shape.large.1);
        for (ky, line) in row[..shape.depth()].chunks_exact_mut(kw * channels).enumerate() {
            let y = (oy * shape.geometry.stride.0 + ky).wrapping_sub(shape.geometry.padding.0);
            if y >= shape.large.0 {
                line.fill(0.0);
                continue;
            }
            let from = &image[(y * shape.large.1 + taps.pixel) * channels..];
            let (start, end) = (taps.first * channels, taps.end * channels);
            line[..start].fill(0.0);
            line[start..end].copy_from_slice(&from[..end - start]);
            line[end..].fill(0.0);
        }
    }
}

/// The taps of a window that lie inside the picture, in one direction.
struct Span {
    first: usize,
    end: usize,
    /// The pixel under the first of them.
    pixel: usize,
}

impl Span {
    #[inline(always)]
    fn of(window: usize, stride: usize, padding: usize, taps: usize, size: usize) -> Self {
        let start = window * stride;
        let first = padding.saturating_sub(start).min(taps);
        let end = (size + padding).saturating_sub(start).clamp(first, taps);
        let pixel = if first < end { start + first - padding } else { 0 };
        Self { first, end, pixel }
    }
}

/// The lines of windows that reach one of the lines `lines` of a large side.
pub(super) fn lines_of_windows(shape: &ConvShape, lines: &Range<usize>) -> Range<usize> {
    let (stride, padding) = (shape.geometry.stride.0, shape.geometry.padding.0);
    let first = (lines.start + padding + 1).saturating_sub(shape.kernel.0).div_ceil(stride);
    let end = ((lines.end + padding - 1) / stride + 1).min(shape.small.0);
    first.min(end)..end
}

/// Sums all windows into all pictures, `large` `[B, H, W, C]`, overwriting them. `rows` holds the
/// windows, `stride` apart; `finish` gets whole pixels of the result while they are in the cache.
pub(super) fn sum_pictures(
    shape: &ConvShape,
    rows: &[f32],
    stride: usize,
    large: &mut [f32],
    finish: impl Fn(&mut [f32]) + Sync,
) {
    let line = shape.large.1 * shape.large_channels;
    large.par_chunks_exact_mut(line).enumerate().for_each(|(index, pixels)| {
        let (image, y) = (index / shape.large.0, index % shape.large.0);
        let first = lines_of_windows(shape, &(y..y + 1)).start * shape.small.1;
        let rows = &rows[(image * shape.small_area() + first) * stride..];
        sum_rows(shape, rows, stride, &(y..y + 1), pixels);
        finish(pixels);
    });
}

/// Sums windows into the lines `lines` of one image, `pixels` `[lines, W, C]`, overwriting them.
///
/// `rows` holds the windows of [`lines_of_windows`], `stride` apart.
pub(super) fn sum_rows(
    shape: &ConvShape,
    rows: &[f32],
    stride: usize,
    lines: &Range<usize>,
    pixels: &mut [f32],
) {
    vectorized!(sum_lines(shape, (rows, stride), lines, pixels));
}

#[inline(always)]
fn sum_lines(
    shape: &ConvShape,
    (rows, stride): (&[f32], usize),
    lines: &Range<usize>,
    pixels: &mut [f32],
) {
    let channels = shape.large_channels;
    let (kh, kw) = shape.kernel;
    let windows = lines_of_windows(shape, lines);
    let (sh, sw) = shape.geometry.stride;
    let (ph, pw) = shape.geometry.padding;
    for (y, line) in lines.clone().zip(pixels.chunks_exact_mut(shape.large.1 * channels)) {
        line.fill(0.0);
        for ky in taps_of(y + ph, sh, kh) {
            let oy = (y + ph - ky) / sh;
            if !windows.contains(&oy) {
                continue;
            }
            let rows = &rows[(oy - windows.start) * shape.small.1 * stride..];
            for (ox, row) in rows.chunks(stride).take(shape.small.1).enumerate() {
                let taps = Span::of(ox, sw, pw, kw, shape.large.1);
                let from = &row[(ky * kw + taps.first) * channels..(ky * kw + taps.end) * channels];
                let to = &mut line[taps.pixel * channels..][..from.len()];
                for (to, from) in to.iter_mut().zip(from) {
                    *to += from;
                }
            }
        }
    }
}

/// The taps through which windows `stride` apart see the padded pixel `at`.
fn taps_of(at: usize, stride: usize, taps: usize) -> impl Iterator<Item = usize> {
    (at % stride..taps.min(at + 1)).step_by(stride)
}
