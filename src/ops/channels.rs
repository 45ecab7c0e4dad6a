//! Loops over `[B, C]` and `[B, C, H, W]` tensors in which every channel has its own constants.

use super::PARALLEL_VALUES;
use super::activation::{Activation, Curve, with_curve};
use candle_core::{Result, bail};
use rayon::prelude::*;

/// Partial sums kept side by side, so that the compiler can add whole registers.
const LANES: usize = 16;
/// Values summed in `f32` before the sum moves to `f64`.
const SEGMENT: usize = 2048;
/// Neighbouring channels that are summed together where a channel is one value wide.
const COLUMN_BLOCK: usize = 64;

/// A tensor as `batch` × `channels` planes of `area` values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Planes {
    pub batch: usize,
    pub channels: usize,
    pub area: usize,
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

/// One channel's constants of `grad · g + centred · (x − centre) + one`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    pub grad: f32,
    pub centred: f32,
    pub centre: f32,
    pub one: f32,
}

impl Planes {
    /// Reads the sizes of `[B, C]` or `[B, C, H, W]`.
    ///
    /// # Errors
    /// For any other number of dimensions, and for empty ones.
    pub fn of(op: &str, dims: &[usize]) -> Result<Self> {
        let (batch, channels, area) = match *dims {
            [batch, channels] => (batch, channels, 1),
            [batch, channels, height, width] => (batch, channels, height * width),
            _ => bail!("{op}: x must be [B, C] or [B, C, H, W], not {dims:?}"),
        };
        if batch * channels * area == 0 {
            bail!("{op}: no dimension may be empty, got {dims:?}")
        }
        Ok(Self { batch, channels, area })
    }

    /// Values of each channel over the whole batch.
    pub fn count(&self) -> usize {
        self.batch * self.area
    }

    /// `f(x · scale[c] + shift[c])`.
    pub fn affine(&self, x: &[f32], affine: &Affine, activation: Activation) -> Vec<f32> {
        with_curve!(activation, curve => self.map(x, [x, x, x], |channel| {
            let (scale, shift) = (affine.scale[channel], affine.shift[channel]);
            move |x, _, _| curve.value(x * scale + shift)
        }))
    }

    /// For each channel, Σ g (x − centre) and Σ g, where g is the gradient in front of the
    /// activation.
    pub fn gradient_sums(
        &self,
        data: Backward,
        affine: &Affine,
        centre: impl Fn(usize) -> f32 + Sync,
        activation: Activation,
    ) -> Vec<[f64; 2]> {
        with_curve!(activation, curve => self.sums([data.x, data.y, data.grad], |channel| {
            let (scale, shift) = (affine.scale[channel], affine.shift[channel]);
            let centre = centre(channel);
            move |x, y, grad| {
                let g = grad * curve.slope(x * scale + shift, y);
                [g * (x - centre), g]
            }
        }))
    }

    /// The gradient of x: [`Terms`] of each channel applied to g, as in [`Self::gradient_sums`].
    pub fn input_gradient(
        &self,
        data: Backward,
        affine: &Affine,
        terms: impl Fn(usize) -> Terms + Sync,
        activation: Activation,
    ) -> Vec<f32> {
        with_curve!(activation, curve => {
            self.map(data.x, [data.x, data.y, data.grad], |channel| {
                let (scale, shift) = (affine.scale[channel], affine.shift[channel]);
                let terms = terms(channel);
                move |x, y, grad| {
                    let g = grad * curve.slope(x * scale + shift, y);
                    terms.grad * g + (terms.centred * (x - terms.centre) + terms.one)
                }
            })
        })
    }

    /// Mean and (biased) variance of each channel.
    pub fn moments(&self, x: &[f32]) -> Vec<(f64, f64)> {
        // Distances from one of the channel's own values: sums of squares then stay small where
        // the mean is large, and nothing cancels.
        let origin = |channel: usize| x[channel * self.area];
        let sums = self.sums([x, x, x], |channel| {
            let origin = origin(channel);
            move |x, _, _| {
                let distance = x - origin;
                [distance, distance * distance]
            }
        });
        let count = self.count() as f64;
        let moments = sums.into_iter().enumerate().map(|(channel, [sum, squares])| {
            let mean = sum / count;
            (f64::from(origin(channel)) + mean, (squares / count - mean * mean).max(0.0))
        });
        moments.collect()
    }

    /// A new tensor from three, value by value, with a function made for each channel.
    fn map<F: Fn(f32, f32, f32) -> f32>(
        &self,
        like: &[f32],
        [a, b, c]: [&[f32]; 3],
        make: impl Fn(usize) -> F + Sync,
    ) -> Vec<f32> {
        let mut out = vec![0.0; like.len()];
        // Whole planes (or whole rows, where planes are single values), as many as make a task.
        let unit = if self.area == 1 { self.channels } else { self.area };
        let chunk = PARALLEL_VALUES.div_ceil(unit) * unit;
        out.par_chunks_mut(chunk).enumerate().for_each(|(index, out)| {
            let start = index * chunk;
            let [a, b, c] = [a, b, c].map(|data| &data[start..start + out.len()]);
            let units = out
                .chunks_exact_mut(unit)
                .zip(a.chunks_exact(unit))
                .zip(b.chunks_exact(unit))
                .zip(c.chunks_exact(unit));
            for (offset, (((out, a), b), c)) in units.enumerate() {
                let values = out.iter_mut().zip(a).zip(b).zip(c);
                if self.area == 1 {
                    for (channel, (((out, a), b), c)) in values.enumerate() {
                        *out = make(channel)(*a, *b, *c);
                    }
                } else {
                    let function = make((start / unit + offset) % self.channels);
                    for (((out, a), b), c) in values {
                        *out = function(*a, *b, *c);
                    }
                }
            }
        });
        out
    }

    /// Two sums over each channel of three tensors, with a function made for each channel.
    ///
    /// The order of summation depends on the shape alone.
    fn sums<F: Fn(f32, f32, f32) -> [f32; 2]>(
        &self,
        data: [&[f32]; 3],
        make: impl Fn(usize) -> F + Sync,
    ) -> Vec<[f64; 2]> {
        let mut sums = vec![[0.0; 2]; self.channels];
        if self.area == 1 {
            sums.par_chunks_mut(COLUMN_BLOCK).enumerate().for_each(|(block, sums)| {
                let first = block * COLUMN_BLOCK;
                let functions: Vec<F> = (first..first + sums.len()).map(&make).collect();
                for row in 0..self.batch {
                    let start = row * self.channels + first;
                    let [a, b, c] = data.map(|data| &data[start..start + sums.len()]);
                    let terms = functions.iter().zip(a).zip(b).zip(c);
                    for (sum, (((function, a), b), c)) in sums.iter_mut().zip(terms) {
                        let [p, q] = function(*a, *b, *c);
                        sum[0] += f64::from(p);
                        sum[1] += f64::from(q);
                    }
                }
            });
        } else {
            sums.par_iter_mut().enumerate().for_each(|(channel, sum)| {
                let function = make(channel);
                for image in 0..self.batch {
                    let start = (image * self.channels + channel) * self.area;
                    let part = sum_plane(data.map(|data| &data[start..][..self.area]), &function);
                    sum[0] += part[0];
                    sum[1] += part[1];
                }
            });
        }
        sums
    }
}

/// Two sums over a plane of three tensors.
fn sum_plane([a, b, c]: [&[f32]; 3], function: &impl Fn(f32, f32, f32) -> [f32; 2]) -> [f64; 2] {
    let mut total = [0.0; 2];
    for ((a, b), c) in a.chunks(SEGMENT).zip(b.chunks(SEGMENT)).zip(c.chunks(SEGMENT)) {
        let mut lanes = [[0.0f32; LANES]; 2];
        let whole = a.len() / LANES * LANES;
        let ((a, a_rest), (b, b_rest), (c, c_rest)) =
            (a.split_at(whole), b.split_at(whole), c.split_at(whole));
        for ((a, b), c) in
            a.chunks_exact(LANES).zip(b.chunks_exact(LANES)).zip(c.chunks_exact(LANES))
        {
            for lane in 0..LANES {
                let [p, q] = function(a[lane], b[lane], c[lane]);
                lanes[0][lane] += p;
                lanes[1][lane] += q;
            }
        }
        for (lane, ((a, b), c)) in a_rest.iter().zip(b_rest).zip(c_rest).enumerate() {
            let [p, q] = function(*a, *b, *c);
            lanes[0][lane] += p;
            lanes[1][lane] += q;
        }
        for (total, lanes) in total.iter_mut().zip(lanes) {
            *total += lanes.into_iter().map(f64::from).sum::<f64>();
        }
    }
    total
}
