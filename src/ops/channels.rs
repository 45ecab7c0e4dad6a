//! Loops over tensors `[…, C]` in which every channel has its own constants.

use super::activation::{Activation, Curve, with_curve};
use super::scratch::overwritten;
use super::{PARALLEL_VALUES, vectorized};
use candle_core::{Result, bail};
use rayon::prelude::*;

/// Rows summed in `f32` before the sums move to `f64`.
const SEGMENT: usize = 32;
/// Most parts of a tensor that are summed side by side, as many for any number of threads.
const PARTS: usize = 32;

/// Channels that are summed side by side: four registers of AVX-512, and one.
const WIDE: usize = 64;
const NARROW: usize = 16;

/// A tensor as rows of `channels` values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rows {
    pub rows: usize,
    pub channels: usize,
}

/// The constants of `x · scale[c] + shift[c]`, each `[C]`.
#[derive(Clone, Debug)]
pub(super) struct Affine {
    pub scale: Vec<f32>,
    pub shift: Vec<f32>,
}

/// Three tensors of one shape, read together: x, y and the gradient of y.
#[derive(Clone, Copy)]
pub(super) struct Backward<'a> {
    pub x: &'a [f32],
    pub y: &'a [f32],
    pub grad: &'a [f32],
}

/// The constants of `scale · g + (slope · (x − centre) + offset)`, each `[C]`.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    pub scale: Vec<f32>,
    pub slope: Vec<f32>,
    pub centre: Vec<f32>,
    pub offset: Vec<f32>,
}

/// Two sums for each channel.
pub(super) type Sums = Vec<[f64; 2]>;

impl Rows {
    /// Reads the sizes of `[B, C]` or `[B, H, W, C]`.
    ///
    /// # Errors
    /// For any other number of dimensions, and for empty ones.
    pub fn of(op: &str, dims: &[usize]) -> Result<Self> {
        let (rows, channels) = match *dims {
            [batch, channels] => (batch, channels),
            [batch, height, width, channels] => (batch * height * width, channels),
            _ => bail!("{op}: x must be [B, C] or [B, H, W, C], not {dims:?}"),
        };
        if rows * channels == 0 {
            bail!("{op}: no dimension may be empty, got {dims:?}")
        }
        Ok(Self { rows, channels })
    }

    /// What a variance with divisor N is multiplied by to get one with divisor N − 1.
    pub fn unbiased(&self) -> f64 {
        let count = self.rows as f64;
        count / (count - 1.0)
    }

    /// Values of a task: whole rows.
    fn chunk(&self) -> usize {
        PARALLEL_VALUES.div_ceil(self.channels) * self.channels
    }

    /// `f(x · scale[c] + shift[c])`.
    pub fn affine(&self, x: &[f32], affine: &Affine, activation: Activation) -> Vec<f32> {
        let channels = self.channels;
        let (scale, shift) = (&affine.scale[..channels], &affine.shift[..channels]);
        overwritten(x.len(), |out| {
            let tasks = out.par_chunks_mut(self.chunk()).zip(x.par_chunks(self.chunk()));
            with_curve!(activation, curve => tasks.for_each(|(out, x)| vectorized!( {
                for (out, x) in out.chunks_exact_mut(channels).zip(x.chunks_exact(channels)) {
                    for c in 0..channels {
                        out[c] = curve.value(x[c] * scale[c] + shift[c]);
                    }
                }
            })));
        })
    }

    /// For each channel, Σ g (x − centre) and Σ g, where g is the gradient in front of the
    /// activation.
    pub fn gradient_sums(
        &self,
        data: Backward,
        affine: &Affine,
        centre: &[f32],
        activation: Activation,
    ) -> Sums {
        with_curve!(activation, curve => self.sums(
            [data.x, data.y, data.grad],
            [&affine.scale, &affine.shift, centre],
            #[inline(always)]
            |[x, y, grad], [scale, shift, centre]| {
                let g = grad * curve.slope(x * scale + shift, y);
                [g * (x - centre), g]
            },
        ))
    }

    /// The gradient of x: [`Terms`] of each channel applied to g, as in [`Self::gradient_sums`].
    pub fn input_gradient(
        &self,
        data: Backward,
        affine: &Affine,
        terms: &Terms,
        activation: Activation,
    ) -> Vec<f32> {
        let (chunk, channels) = (self.chunk(), self.channels);
        let (scale, shift) = (&affine.scale[..channels], &affine.shift[..channels]);
        let (factor, slope) = (&terms.scale[..channels], &terms.slope[..channels]);
        let (centre, offset) = (&terms.centre[..channels], &terms.offset[..channels]);
        overwritten(data.x.len(), |out| {
            let tasks = out
                .par_chunks_mut(chunk)
                .zip(data.x.par_chunks(chunk))
                .zip(data.y.par_chunks(chunk))
                .zip(data.grad.par_chunks(chunk));
            with_curve!(activation, curve => tasks.for_each(|(((out, x), y), grad)| vectorized!( {
                let rows = out
                    .chunks_exact_mut(channels)
                    .zip(x.chunks_exact(channels))
                    .zip(y.chunks_exact(channels))
                    .zip(grad.chunks_exact(channels));
                for (((out, x), y), grad) in rows {
                    for c in 0..channels {
                        let g = grad[c] * curve.slope(x[c] * scale[c] + shift[c], y[c]);
                        out[c] = factor[c] * g + (slope[c] * (x[c] - centre[c]) + offset[c]);
                    }
                }
            })));
        })
    }

    /// Mean and (biased) variance of each channel.
    pub fn moments(&self, x: &[f32]) -> Vec<(f64, f64)> {
        // Distances from one of the channel's own values: sums of squares then stay small where
        // the mean is large, and nothing cancels.
        let origin = &x[..self.channels];
        let sums = self.sums(
            [x, x, x],
            [origin, origin, origin],
            #[inline(always)]
            |[x, ..], [origin, ..]| {
                let distance = x - origin;
                [distance, distance * distance]
            },
        );
        let count = self.rows as f64;
        let moments = sums.into_iter().zip(origin).map(|([sum, squares], origin)| {
            let mean = sum / count;
            (f64::from(*origin) + mean, (squares / count - mean * mean).max(0.0))
        });
        moments.collect()
    }

    /// Two sums over each channel: of what `add` makes of a value of each of three tensors and of
    /// three constants `[C]`.
    ///
    /// The order of summation depends on the shape alone.
    fn sums(
        &self,
        data: [&[f32]; 3],
        constants: [&[f32]; 3],
        add: impl Fn([f32; 3], [f32; 3]) -> [f32; 2] + Sync,
    ) -> Sums {
        let rows = self.rows.div_ceil(PARTS).max(SEGMENT);
        let part = rows.max(PARALLEL_VALUES.div_ceil(self.channels)) * self.channels;
        let [a, b, c] = data.map(|data| data.par_chunks(part));
        let parts = a.zip(b).zip(c).map(|((a, b), c)| {
            let mut total = vec![[0.0; 2]; self.channels];
            vectorized!(self.sum_part([a, b, c], constants, &add, &mut total));
            total
        });
        let mut total = vec![[0.0; 2]; self.channels];
        for part in parts.collect::<Vec<_>>() {
            for (total, part) in total.iter_mut().zip(part) {
                total[0] += part[0];
                total[1] += part[1];
            }
        }
        total
    }

    /// Adds the sums over some rows to `total`.
    #[inline(always)]
    fn sum_part(
        &self,
        [a, b, c]: [&[f32]; 3],
        constants: [&[f32]; 3],
        add: &impl Fn([f32; 3], [f32; 3]) -> [f32; 2],
        total: &mut [[f64; 2]],
    ) {
        let segment = SEGMENT * self.channels;
        for ((a, b), c) in a.chunks(segment).zip(b.chunks(segment)).zip(c.chunks(segment)) {
            let mut at = 0;
            while at + WIDE <= self.channels {
                self.sum_columns::<WIDE>([a, b, c], constants, at, add, total);
                at += WIDE;
            }
            while at + NARROW <= self.channels {
                self.sum_columns::<NARROW>([a, b, c], constants, at, add, total);
                at += NARROW;
            }
            while at < self.channels {
                self.sum_columns::<1>([a, b, c], constants, at, add, total);
                at += 1;
            }
        }
    }

    /// Adds the sums of `N` channels from `at` on, over rows that are few enough for `f32`. The sums
    /// stay in registers from row to row.
    #[inline(always)]
    fn sum_columns<const N: usize>(
        &self,
        [a, b, c]: [&[f32]; 3],
        [k, l, m]: [&[f32]; 3],
        at: usize,
        add: &impl Fn([f32; 3], [f32; 3]) -> [f32; 2],
        total: &mut [[f64; 2]],
    ) {
        let (k, l, m) = (columns::<N>(k, at), columns::<N>(l, at), columns::<N>(m, at));
        let (mut first, mut second) = ([0.0; N], [0.0; N]);
        let [a, b, c] = [a, b, c].map(|rows| rows.chunks_exact(self.channels));
        for ((a, b), c) in a.zip(b).zip(c) {
            let (a, b, c) = (columns::<N>(a, at), columns::<N>(b, at), columns::<N>(c, at));
            for i in 0..N {
                let terms = add([a[i], b[i], c[i]], [k[i], l[i], m[i]]);
                first[i] += terms[0];
                second[i] += terms[1];
            }
        }
        for (i, total) in total[at..at + N].iter_mut().enumerate() {
            total[0] += f64::from(first[i]);
            total[1] += f64::from(second[i]);
        }
    }
}

/// `N` neighbours of a row, from `at` on.
#[inline(always)]
fn columns<const N: usize>(row: &[f32], at: usize) -> [f32; N] {
    let mut columns = [0.0; N];
    columns.copy_from_slice(&row[at..at + N]);
    columns
}
