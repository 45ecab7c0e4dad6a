//! Windows of a picture laid out as columns of a matrix (im2col), and their sum back (col2im).
//!
//! The column matrix of one image has a row for each (channel, ky, kx) and a column for each
//! window; both kernels work on one channel, that is on `K_h · K_w` of its rows.
//! Chellapilla, Puri & Simard, "High Performance Convolutional Neural Networks for Document
//! Processing", 2006.
//!
//! Neighbouring windows read pixels one stride apart. So a line of the picture is first dealt out
//! into one list for each remainder modulo the stride, its padding included: tap `kx` of window
//! `ox` is then value `ox + kx / stride` of list `kx % stride`, and every inner loop runs over
//! neighbours.

use super::geometry::ConvShape;
use super::scratch::with_scratch;
use std::ops::Range;

/// Length of each list of a padded line.
fn list_len(shape: &ConvShape) -> usize {
    (shape.large.1 + 2 * shape.geometry.padding.1).div_ceil(shape.geometry.stride.1)
}

/// Deals the pixels of `line` out to lists of `len` values, one after another in `lists`. Values
/// that stand for padding are left as they are.
fn deal_out(line: &[f32], stride: usize, padding: usize, lists: &mut [f32], len: usize) {
    match stride {
        1 => lists[padding..][..line.len()].copy_from_slice(line),
        2 => {
            let (even, odd) = pair_of_lists(padding, lists, len);
            for ((even, odd), pair) in even.iter_mut().zip(&mut *odd).zip(line.chunks_exact(2)) {
                *even = pair[0];
                *odd = pair[1];
            }
            if !line.len().is_multiple_of(2) {
                even[line.len() / 2] = line[line.len() - 1];
            }
        }
        _ => {
            for (x, value) in line.iter().enumerate() {
                lists[(x + padding) % stride * len + (x + padding) / stride] = *value;
            }
        }
    }
}

/// The reverse of [`deal_out`].
fn take_in(lists: &mut [f32], len: usize, stride: usize, padding: usize, line: &mut [f32]) {
    match stride {
        1 => line.copy_from_slice(&lists[padding..][..line.len()]),
        2 => {
            let (even, odd) = pair_of_lists(padding, lists, len);
            let half = line.len() / 2;
            let mut pairs = line.chunks_exact_mut(2);
            for ((even, odd), pair) in even.iter().zip(&*odd).zip(&mut pairs) {
                pair[0] = *even;
                pair[1] = *odd;
            }
            if let [last] = pairs.into_remainder() {
                *last = even[half];
            }
        }
        _ => {
            for (x, value) in line.iter_mut().enumerate() {
                *value = lists[(x + padding) % stride * len + (x + padding) / stride];
            }
        }
    }
}

/// For stride 2, where the pixels 0, 2, 4 … and 1, 3, 5 … of a line lie.
fn pair_of_lists(padding: usize, lists: &mut [f32], len: usize) -> (&mut [f32], &mut [f32]) {
    let (first, second) = lists.split_at_mut(len);
    if padding.is_multiple_of(2) {
        (&mut first[padding / 2..], &mut second[padding / 2..])
    } else {
        (&mut second[padding / 2..], &mut first[padding / 2 + 1..])
    }
}

/// Fills `to`, line after line of `width` values, from runs of `from` that start `pitch` apart.
fn copy_runs(from: &[f32], pitch: usize, to: &mut [f32], width: usize) {
    // The widths of the usual layers are compiled in: a run is then a few registers, not a call.
    fn fixed<const WIDTH: usize>(from: &[f32], pitch: usize, to: &mut [f32]) {
        for (from, to) in from.chunks(pitch).zip(to.chunks_exact_mut(WIDTH)) {
            to.copy_from_slice(&from[..WIDTH]);
        }
    }
    match width {
        4 => fixed::<4>(from, pitch, to),
        8 => fixed::<8>(from, pitch, to),
        16 => fixed::<16>(from, pitch, to),
        32 => fixed::<32>(from, pitch, to),
        _ => {
            for (from, to) in from.chunks(pitch).zip(to.chunks_exact_mut(width)) {
                to.copy_from_slice(&from[..width]);
            }
        }
    }
}

/// Writes the windows of one channel: `rows` receives `K_h · K_w` rows that start `row_stride`
/// apart, of which columns `column..` are written, one for each window of the window rows `band`.
///
/// `plane` is the channel, `H · W` long.
pub(super) fn im2col(
    shape: &ConvShape,
    plane: &[f32],
    band: &Range<usize>,
    rows: &mut [f32],
    row_stride: usize,
    column: usize,
) {
    let (height, width) = shape.large;
    let (kh, kw) = shape.kernel;
    let (sh, sw) = shape.geometry.stride;
    let (ph, pw) = shape.geometry.padding;
    let ow = shape.small.1;
    let len = list_len(shape);
    let (first, end) = (band.start * sh, (band.end - 1) * sh + kh);
    with_scratch((end - first) * sw * len, |dealt| {
        for (line, lists) in (first..end).zip(dealt.chunks_exact_mut(sw * len)) {
            lists.fill(0.0);
            if line >= ph && line - ph < height {
                deal_out(&plane[(line - ph) * width..][..width], sw, pw, lists, len);
            }
        }
        for ky in 0..kh {
            for kx in 0..kw {
                let from = &dealt[(ky * sw + kx % sw) * len + kx / sw..];
                let to = &mut rows[(ky * kw + kx) * row_stride + column..][..band.len() * ow];
                copy_runs(from, sh * sw * len, to, ow);
            }
        }
    });
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
    let (height, width) = shape.large;
    let (kh, kw) = shape.kernel;
    let (sh, sw) = shape.geometry.stride;
    let (ph, pw) = shape.geometry.padding;
    let (oh, ow) = shape.small;
    // An output padding may reach beyond the last window.
    let len = list_len(shape).max(ow + (kw - 1) / sw);
    let run = |ky: usize, kx: usize, oy: usize| {
        &rows[(ky * kw + kx) * row_stride + column + oy * ow..][..ow]
    };
    with_scratch(height * sw * len, |sums| {
        for (y, lists) in sums.chunks_exact_mut(sw * len).enumerate() {
            let line = y + ph;
            let mut windows = (line % sh..kh)
                .step_by(sh)
                .filter(|ky| line >= *ky && (line - ky) / sh < oh)
                .map(|ky| (ky, (line - ky) / sh));
            // Twice as wide as the stride, as in DCGAN: two windows overlap in each direction.
            if kw == 2 * sw && len > ow {
                let (first, second) = (windows.next(), windows.next());
                for (kx, list) in lists.chunks_exact_mut(len).enumerate() {
                    let pair = |(ky, oy)| [run(ky, kx, oy), run(ky, kx + sw, oy)];
                    match (first.map(pair), second.map(pair)) {
                        (Some(first), Some(second)) => overlap_four(first, second, list),
                        (Some(first), None) => overlap_two(first, list),
                        _ => list.fill(0.0),
                    }
                }
            } else {
                lists.fill(0.0);
            }
            for (ky, oy) in windows {
                for kx in 0..kw {
                    let list = &mut lists[kx % sw * len + kx / sw..][..ow];
                    for (sum, value) in list.iter_mut().zip(run(ky, kx, oy)) {
                        *sum += value;
                    }
                }
            }
        }
        for (lists, line) in sums.chunks_exact_mut(sw * len).zip(plane.chunks_exact_mut(width)) {
            take_in(lists, len, sw, pw, line);
        }
    });
}

/// `out[i] = a[i] + b[i − 1]`, where what lies outside is zero; `out` is longer than `a`.
fn overlap_two([a, b]: [&[f32]; 2], out: &mut [f32]) {
    let runs = a.len();
    out[0] = a[0];
    for ((out, a), b) in out[1..runs].iter_mut().zip(&a[1..]).zip(b) {
        *out = a + b;
    }
    out[runs] = b[runs - 1];
    out[runs + 1..].fill(0.0);
}

/// `out[i] = (a[i] + b[i − 1]) + (c[i] + d[i − 1])`, as in [`overlap_two`].
fn overlap_four([a, b]: [&[f32]; 2], [c, d]: [&[f32]; 2], out: &mut [f32]) {
    let runs = a.len();
    out[0] = a[0] + c[0];
    let middle = out[1..runs].iter_mut();
    for ((((out, a), b), c), d) in middle.zip(&a[1..]).zip(b).zip(&c[1..]).zip(d) {
        *out = (a + b) + (c + d);
    }
    out[runs] = b[runs - 1] + d[runs - 1];
    out[runs + 1..].fill(0.0);
}
