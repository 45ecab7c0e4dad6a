//! Windows of a picture laid out as columns of a matrix (im2col), and their sum back (col2im).
//!
//! The column matrix of one image has a row for each (channel, ky, kx) and a column for each
//! window; both kernels work on one channel, that is on `K_h · K_w` of its rows.
//! Chellapilla, Puri & Simard, "High Performance Convolutional Neural Networks for Document
//! Processing", 2006.

use super::geometry::ConvShape;
use super::scratch::with_scratch;
use std::ops::Range;

/// Windows `range` of `windows` whose tap `tap` lies inside a side of `size` pixels.
fn inside(tap: usize, size: usize, windows: usize, stride: usize, padding: usize) -> Range<usize> {
    let end = (size + padding).saturating_sub(tap).div_ceil(stride).min(windows);
    let start = padding.saturating_sub(tap).div_ceil(stride).min(end);
    start..end
}

/// Writes the windows of one channel: `rows` receives `K_h · K_w` rows that start `row_stride`
/// apart, of which columns `column..` are written, one for each window of the window rows `band`.
///
/// `plane` is the channel, `H · W` long.
pub(super) fn im2col(
    shape: &ConvShape,
    plane: &[f32],
    band: Range<usize>,
    rows: &mut [f32],
    row_stride: usize,
    column: usize,
) {
    let (height, width) = shape.large;
    let (kh, kw) = shape.kernel;
    let (sh, sw) = shape.geometry.stride;
    let (ph, pw) = shape.geometry.padding;
    let ow = shape.small.1;
    for ky in 0..kh {
        let lines = inside(ky, height, shape.small.0, sh, ph);
        for kx in 0..kw {
            let span = inside(kx, width, ow, sw, pw);
            let row = &mut rows[(ky * kw + kx) * row_stride + column..][..band.len() * ow];
            for (oy, out) in band.clone().zip(row.chunks_exact_mut(ow)) {
                if !lines.contains(&oy) {
                    out.fill(0.0);
                    continue;
                }
                out[..span.start].fill(0.0);
                out[span.end..].fill(0.0);
                if span.is_empty() {
                    continue;
                }
                let line = &plane[(oy * sh + ky - ph) * width..][..width];
                let line = &line[span.start * sw + kx - pw..];
                let out = &mut out[span.clone()];
                match sw {
                    1 => out.copy_from_slice(&line[..out.len()]),
                    2 => every_second(line, out),
                    _ => out.iter_mut().zip(line.iter().step_by(sw)).for_each(|(o, v)| *o = *v),
                }
            }
        }
    }
}

/// `out[i] = line[2 i]`.
fn every_second(line: &[f32], out: &mut [f32]) {
    let (last, head) = match out.split_last_mut() {
        Some(parts) => parts,
        None => return,
    };
    // The last value may be the last of the line, without a neighbour to form a pair with.
    *last = line[2 * head.len()];
    for (o, pair) in head.iter_mut().zip(line.chunks_exact(2)) {
        *o = pair[0];
    }
}

/// Sums the windows of one channel back into its `plane` (`H · W`), overwriting it.
///
/// `rows` holds `K_h · K_w` rows that start `row_stride` apart; the windows of this image are
/// columns `column..column + h · w`.
pub(super) fn col2im(
    shape: &ConvShape,
    rows: &[f32],
    row_stride: usize,
    column: usize,
    plane: &mut [f32],
) {
    let width = shape.large.1;
    let (kh, kw) = shape.kernel;
    let (sh, sw) = shape.geometry.stride;
    let (ph, pw) = shape.geometry.padding;
    let (oh, ow) = shape.small;
    // Pixels of a line that share a remainder modulo the stride are summed next to each other in
    // `line`, so that the inner loops run over neighbours, and are put in place at the end.
    let phase = width.div_ceil(sw);
    with_scratch(phase * sw, |line| {
        for (y, out) in plane.chunks_exact_mut(width).enumerate() {
            line.fill(0.0);
            for ky in (0..kh).filter(|ky| (y + ph) >= *ky && (y + ph - ky).is_multiple_of(sh)) {
                let oy = (y + ph - ky) / sh;
                if oy >= oh {
                    continue;
                }
                for kx in 0..kw {
                    let span = inside(kx, width, ow, sw, pw);
                    if span.is_empty() {
                        continue;
                    }
                    let x = span.start * sw + kx - pw;
                    let source = (ky * kw + kx) * row_stride + column + oy * ow;
                    let source = &rows[source + span.start..source + span.end];
                    let sums = &mut line[(x % sw) * phase + x / sw..][..source.len()];
                    for (sum, value) in sums.iter_mut().zip(source) {
                        *sum += value;
                    }
                }
            }
            match sw {
                1 => out.copy_from_slice(&line[..width]),
                2 => {
                    let (even, odd) = line.split_at(phase);
                    let mut pairs = out.chunks_exact_mut(2);
                    for ((pair, even), odd) in pairs.by_ref().zip(even).zip(odd) {
                        pair[0] = *even;
                        pair[1] = *odd;
                    }
                    if let [last] = pairs.into_remainder() {
                        *last = even[phase - 1];
                    }
                }
                _ => {
                    for (x, value) in out.iter_mut().enumerate() {
                        *value = line[(x % sw) * phase + x / sw];
                    }
                }
            }
        }
    });
}
