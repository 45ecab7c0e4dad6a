//! Convolutions of 4 × 4 windows, two apart, with nine products for sixteen.
//!
//! Every second line and column of the padded picture (one of four *phases*) is convolved with
//! every second tap: four convolutions of 2 × 2 windows, one apart, whose sum is the result. For
//! each tile of 2 × 2 results these take 16 products; written as sums of products of sums they take
//! 9 (Winograd 1980; Lavin & Gray, "Fast Algorithms for Convolutional Neural Networks", 2015,
//! arXiv:1509.09308). All factors are 0 and ±1, so the rounding is that of the plain convolution.
//!
//! With the transforms `D` of the large side, `F` of the small side and of the taps
//! ([`transform`]), the three kernels of [`super`] are
//!
//! | kernel | for each of the nine positions | K |
//! |---|---|---|
//! | gather | `small = Fᵀ (D large · F w)` | phases × large channels |
//! | scatter | `large = Dᵀ (F small · (F w)ᵀ)` | small channels |
//! | weight gradient | `dw = Fᵀ ((F small)ᵀ · D large)` | tiles |

mod sums;
mod transform;

use self::sums::{POSITIONS, Share, Sums};
use self::transform::{
    Area, LANES, PHASES, from_large, from_small, from_taps, to_large, to_small, to_taps,
};
use crate::ops::gemm::{Layout, Matrix, Threads, Write, product_laid_out};
use crate::ops::geometry::ConvShape;
use crate::ops::scratch::with_scratch;
use crate::ops::transpose::transpose;
use rayon::prelude::*;

/// Tiles that pay for the transform of the weights.
const LEAST_TILES: usize = 64;
/// Tiles that a task of [`gather`] or [`scatter`] works on, if an image has no more.
const TASK_TILES: usize = 64;
/// Tiles of which [`weight_gradient`] sums the products at a time.
const SUMMED_TILES: usize = 256;
/// Rows of filters that a task transforms: neighbours, so that it writes runs of memory.
const FILTER_ROWS: usize = 16;
/// Rows of small channels that a task of [`weight_gradient`] sums.
const SUMMED_CHANNELS: usize = 56;

/// Whether the kernels here take this convolution, and take it faster.
pub(super) fn suits(shape: &ConvShape) -> bool {
    let geometry = shape.geometry;
    shape.kernel == (4, 4)
        && geometry.stride == (2, 2)
        && geometry.padding == (1, 1)
        && shape.small.0.is_multiple_of(2)
        && shape.small.1.is_multiple_of(2)
        && shape.large == (2 * shape.small.0, 2 * shape.small.1)
        && shape.small_channels.is_multiple_of(LANES)
        && shape.large_channels.is_multiple_of(LANES)
        && shape.batch * shape.small_area() >= 4 * LEAST_TILES
}

impl ConvShape {
    fn large_side(&self) -> Area {
        Area { lines: self.large.0, columns: self.large.1, channels: self.large_channels }
    }

    fn small_side(&self) -> Area {
        Area { lines: self.small.0, columns: self.small.1, channels: self.small_channels }
    }

    /// Tiles of an image.
    fn tiles(&self) -> usize {
        self.small_area() / 4
    }

    /// Images that hold about `tiles` tiles.
    fn images_of(&self, tiles: usize) -> usize {
        (tiles / self.tiles()).clamp(1, self.batch)
    }

    /// Rows and columns of the sums of the large side of some images.
    fn large_sums(&self, images: usize) -> (usize, usize) {
        (images * self.tiles(), PHASES * self.large_channels)
    }

    /// The same for the small side.
    fn small_sums(&self, images: usize) -> (usize, usize) {
        (images * self.tiles(), self.small_channels)
    }
}

/// The layout of sums that are left operands or results.
fn left((rows, cols): (usize, usize)) -> Sums {
    Sums(Layout::left(rows, cols))
}

/// The layout of sums that are right operands.
fn right((rows, cols): (usize, usize)) -> Sums {
    Sums(Layout::right(rows, cols))
}

/// Writes the sums of all `images` `[H, W, C]`.
fn spread(
    area: Area,
    images: &[f32],
    (to, sums): (Sums, &mut [f32]),
    transform: fn(Area, &[f32], &mut Share),
    threads: Threads,
) {
    let len = area.len();
    let work = |(image, mut share): (&[f32], Share)| transform(area, image, &mut share);
    let shares = to.shares(sums, 1, to.0.rows / (images.len() / len));
    match threads {
        Threads::Pool => images.par_chunks_exact(len).zip(shares).for_each(work),
        Threads::One => images.chunks_exact(len).zip(shares).for_each(work),
    }
}

/// Sums of the taps, with a row for each small channel.
fn filters_by_small_channel(shape: &ConvShape, weight: &[f32]) -> (Sums, Vec<f32>) {
    let channels = shape.large_channels;
    let at = right((shape.small_channels, PHASES * channels));
    let mut filters = vec![0.0; at.len()];
    let shares = at.shares(&mut filters, 1, FILTER_ROWS);
    weight.par_chunks(FILTER_ROWS * shape.depth()).zip(shares).for_each(|(weight, mut share)| {
        with_scratch(weight.len(), |taps| {
            let rows = taps.chunks_exact_mut(shape.depth()).zip(weight.chunks(shape.depth()));
            rows.for_each(|(taps, weight)| {
                transpose(weight, shape.kernel_area(), 0, taps, channels);
            });
            from_taps(taps, channels, &mut share);
        });
    });
    (at, filters)
}

/// Sums of the taps, with a row for each phase and large channel.
fn filters_by_large_channel(shape: &ConvShape, weight: &[f32]) -> (Sums, Vec<f32>) {
    let (channels, taps) = (shape.small_channels, shape.kernel_area());
    let at = right((PHASES * shape.large_channels, channels));
    let mut filters = vec![0.0; at.len()];
    let shares = at.shares(&mut filters, PHASES, FILTER_ROWS);
    shares.into_par_iter().enumerate().for_each(|(group, mut share)| {
        with_scratch(share.rows() * taps * channels, |by_tap| {
            transpose(weight, shape.depth(), group * FILTER_ROWS * taps, by_tap, channels);
            from_taps(by_tap, channels, &mut share);
        });
    });
    (at, filters)
}

/// `to = from · filters`, for each position.
fn multiply(from: (Sums, &[f32]), filters: &(Sums, Vec<f32>), to: (Sums, &mut [f32])) {
    for position in 0..POSITIONS {
        let dst = (to.0.part_mut(to.1, position), to.0.0);
        let rhs = (filters.0.part(&filters.1, position), filters.0.0);
        product_laid_out(dst, from.0.matrix(from.1, position), rhs, Write::Replace);
    }
}

/// `[B, h, w, C_small]` from `large` and `weight`.
pub(super) fn gather(shape: &ConvShape, large: &[f32], weight: &[f32]) -> Vec<f32> {
    let filters = filters_by_large_channel(shape, weight);
    let mut small = vec![0.0; shape.batch * shape.small_image()];
    let images = shape.images_of(TASK_TILES);
    small
        .par_chunks_mut(images * shape.small_image())
        .zip(large.par_chunks(images * shape.large_image()))
        .for_each(|(small, large)| {
            let images = large.len() / shape.large_image();
            let (from, to) = (left(shape.large_sums(images)), left(shape.small_sums(images)));
            with_scratch(from.len() + to.len(), |scratch| {
                let (from_sums, to_sums) = scratch.split_at_mut(from.len());
                spread(shape.large_side(), large, (from, from_sums), from_large, Threads::One);
                multiply((from, from_sums), &filters, (to, to_sums));
                collect(shape.small_side(), (to, to_sums), to_small, small);
            });
        });
    small
}

/// `[B, H, W, C_large]` from `small` and `weight`.
pub(super) fn scatter(shape: &ConvShape, small: &[f32], weight: &[f32]) -> Vec<f32> {
    let filters = filters_by_small_channel(shape, weight);
    let mut large = vec![0.0; shape.batch * shape.large_image()];
    let images = shape.images_of(TASK_TILES);
    large
        .par_chunks_mut(images * shape.large_image())
        .zip(small.par_chunks(images * shape.small_image()))
        .for_each(|(large, small)| {
            let images = small.len() / shape.small_image();
            let (from, to) = (left(shape.small_sums(images)), left(shape.large_sums(images)));
            with_scratch(from.len() + to.len(), |scratch| {
                let (from_sums, to_sums) = scratch.split_at_mut(from.len());
                spread(shape.small_side(), small, (from, from_sums), from_small, Threads::One);
                multiply((from, from_sums), &filters, (to, to_sums));
                collect(shape.large_side(), (to, to_sums), to_large, large);
            });
        });
    large
}

/// Reads `images` `[H, W, C]` from all their sums.
fn collect(
    area: Area,
    (from, sums): (Sums, &[f32]),
    transform: fn(Area, &[f32], Sums, usize, &mut [f32]),
    images: &mut [f32],
) {
    let tiles = from.0.rows / (images.len() / area.len());
    for (index, image) in images.chunks_exact_mut(area.len()).enumerate() {
        transform(area, sums, from, index * tiles, image);
    }
}

/// `[C_small, C_large, 4, 4]`: the gradient of the weights.
pub(super) fn weight_gradient(shape: &ConvShape, small: &[f32], large: &[f32]) -> Vec<f32> {
    let taps = left((shape.small_channels, PHASES * shape.large_channels));
    let mut products = vec![0.0; taps.len()];
    let images = shape.images_of(SUMMED_TILES);
    let (mut small_sums, mut large_sums) = (Vec::new(), Vec::new());
    for (small, large) in
        small.chunks(images * shape.small_image()).zip(large.chunks(images * shape.large_image()))
    {
        let images = small.len() / shape.small_image();
        let (lhs, rhs) = (left(shape.small_sums(images)), right(shape.large_sums(images)));
        small_sums.resize(lhs.len(), 0.0);
        large_sums.resize(rhs.len(), 0.0);
        let (lhs_sums, rhs_sums) = (&mut small_sums[..], &mut large_sums[..]);
        spread(shape.small_side(), small, (lhs, lhs_sums), from_small, Threads::Pool);
        spread(shape.large_side(), large, (rhs, rhs_sums), from_large, Threads::Pool);

        let rows = SUMMED_CHANNELS * taps.0.width;
        let mut tasks = Vec::new();
        for (position, part) in products.chunks_exact_mut(taps.part_len()).enumerate() {
            tasks.extend(
                part.chunks_mut(rows).enumerate().map(|(group, dst)| (position, group, dst)),
            );
        }
        tasks.into_par_iter().for_each(|(position, group, dst)| {
            let columns = &lhs.part(lhs_sums, position)[group * SUMMED_CHANNELS..];
            let count = dst.len() / taps.0.width;
            let lhs = Matrix::strided(columns, lhs.0.rows, count, lhs.0.width).transposed();
            let rhs = (rhs.part(rhs_sums, position), rhs.0);
            product_laid_out((dst, taps.0), lhs, rhs, Write::Add);
        });
    }
    let mut gradient = vec![0.0; shape.small_channels * shape.depth()];
    gradient.par_chunks_mut(shape.depth()).enumerate().for_each(|(channel, gradient)| {
        with_scratch(shape.depth(), |by_tap| {
            to_taps(&products, taps, channel, shape.large_channels, by_tap);
            transpose(by_tap, shape.large_channels, 0, gradient, shape.kernel_area());
        });
    });
    gradient
}
