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
use crate::ops::gemm::{Layout, Matrix, Write, product_laid_out};
use crate::ops::geometry::ConvShape;
use crate::ops::scratch::with_scratch;
use crate::ops::transpose::transpose;
use crate::ops::vectorized;
use rayon::prelude::*;
use std::ops::Range;

/// Tiles that pay for the transform of the weights.
const LEAST_TILES: usize = 64;
/// Tiles that a task of [`gather`] or [`scatter`] works on, if an image has no more.
const TASK_TILES: usize = 64;
/// Tasks below which images are not computed one by one.
const LEAST_TASKS: usize = 4;
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
        && shape.windows() >= 4 * LEAST_TILES
}

impl ConvShape {
    fn large_side(&self) -> Side {
        let (lines, columns) = self.large;
        Side::Large(Area { lines, columns, channels: self.large_channels })
    }

    fn small_side(&self) -> Side {
        let (lines, columns) = self.small;
        Side::Small(Area { lines, columns, channels: self.small_channels })
    }

    /// Tiles of an image.
    fn tiles(&self) -> usize {
        self.small_area() / 4
    }

    /// Lines of tiles of an image.
    fn tile_lines(&self) -> usize {
        self.small.0 / 2
    }

    /// Images that hold about `tiles` tiles.
    fn images_of(&self, tiles: usize) -> usize {
        (tiles / self.tiles()).clamp(1, self.batch)
    }
}

/// One side of a convolution.
#[derive(Clone, Copy)]
enum Side {
    Large(Area),
    Small(Area),
}

impl Side {
    fn area(self) -> Area {
        match self {
            Self::Large(area) | Self::Small(area) => area,
        }
    }

    /// Values of an image.
    fn len(self) -> usize {
        self.area().len()
    }

    /// Values of a tile's sums, at each position.
    fn width(self) -> usize {
        match self {
            Self::Large(area) => PHASES * area.channels,
            Self::Small(area) => area.channels,
        }
    }

    /// Writes the sums of some lines of tiles of an image.
    fn spread(self, image: &[f32], lines: Range<usize>, to: &mut Share) {
        vectorized!(match self {
            Self::Large(area) => from_large(area, lines, image, to),
            Self::Small(area) => from_small(area, lines, image, to),
        });
    }

    /// Reads some lines of tiles of an image from all its sums, where its tiles start with `first`.
    fn collect(self, sums: (Sums, &[f32]), first: usize, lines: Range<usize>, pixels: &mut [f32]) {
        vectorized!(match self {
            Self::Large(area) => to_large(area, lines, sums, first, pixels),
            Self::Small(area) => to_small(area, lines, sums, first, pixels),
        });
    }
}

/// Writes the sums of the taps, with a row for each small channel.
fn filters_by_small_channel(shape: &ConvShape, weight: &[f32], at: Sums, filters: &mut [f32]) {
    let channels = shape.large_channels;
    let shares = at.shares(filters, 1, FILTER_ROWS);
    weight.par_chunks(FILTER_ROWS * shape.depth()).zip(shares).for_each(|(weight, mut share)| {
        with_scratch(weight.len(), |taps| {
            let rows = taps.chunks_exact_mut(shape.depth()).zip(weight.chunks(shape.depth()));
            rows.for_each(|(taps, weight)| {
                transpose(weight, shape.kernel_area(), 0, taps, channels);
            });
            vectorized!(from_taps(taps, channels, &mut share));
        });
    });
}

/// Writes the sums of the taps, with a row for each phase and large channel.
fn filters_by_large_channel(shape: &ConvShape, weight: &[f32], at: Sums, filters: &mut [f32]) {
    let (channels, taps) = (shape.small_channels, shape.kernel_area());
    let shares = at.shares(filters, PHASES, FILTER_ROWS);
    shares.into_par_iter().enumerate().for_each(|(group, mut share)| {
        with_scratch(share.rows() * taps * channels, |by_tap| {
            transpose(weight, shape.depth(), group * FILTER_ROWS * taps, by_tap, channels);
            vectorized!(from_taps(by_tap, channels, &mut share));
        });
    });
}

/// `small` `[B, h, w, C_small]` from `large` and `weight`.
pub(super) fn gather(shape: &ConvShape, large: &[f32], weight: &[f32], small: &mut [f32]) {
    let (from, to) = (shape.large_side(), shape.small_side());
    let at = Sums(Layout::right(from.width(), to.width()));
    with_scratch(at.len(), |filters| {
        filters_by_large_channel(shape, weight, at, filters);
        convolve(shape, (from, large), (at, filters), (to, small));
    });
}

/// `large` `[B, H, W, C_large]` from `small` and `weight`.
pub(super) fn scatter(shape: &ConvShape, small: &[f32], weight: &[f32], large: &mut [f32]) {
    let (from, to) = (shape.small_side(), shape.large_side());
    let at = Sums(Layout::right(from.width(), to.width()));
    with_scratch(at.len(), |filters| {
        filters_by_small_channel(shape, weight, at, filters);
        convolve(shape, (from, small), (at, filters), (to, large));
    });
}

/// The images of one side from those of the other.
fn convolve(
    shape: &ConvShape,
    (from, images): (Side, &[f32]),
    (taps, filters): (Sums, &[f32]),
    (to, results): (Side, &mut [f32]),
) {
    let count = shape.images_of(TASK_TILES);
    if shape.batch.div_ceil(count) < LEAST_TASKS {
        return convolve_spread(shape, (from, images), (taps, filters), (to, results));
    }
    let lines = 0..shape.tile_lines();
    let tasks = results.par_chunks_mut(count * to.len()).zip(images.par_chunks(count * from.len()));
    tasks.for_each(|(results, images)| {
        let tiles = shape.tiles() * (images.len() / from.len());
        let lhs = Sums(Layout::left(tiles, from.width()));
        let dst = Sums(Layout::left(tiles, to.width()));
        with_scratch(lhs.len() + dst.len(), |scratch| {
            let (lhs_sums, dst_sums) = scratch.split_at_mut(lhs.len());
            let shares = lhs.shares(lhs_sums, 1, shape.tiles());
            for (image, mut share) in images.chunks_exact(from.len()).zip(shares) {
                from.spread(image, lines.clone(), &mut share);
            }
            for position in 0..POSITIONS {
                let left = lhs.0.matrix(lhs.part(lhs_sums, position));
                let right = (taps.part(filters, position), taps.0);
                let product = (dst.part_mut(dst_sums, position), dst.0);
                product_laid_out(product, left, right, Write::Replace);
            }
            for (index, result) in results.chunks_exact_mut(to.len()).enumerate() {
                to.collect((dst, dst_sums), index * shape.tiles(), lines.clone(), result);
            }
        });
    });
}

/// [`convolve`] for so few images that every core has to have a share of each.
fn convolve_spread(
    shape: &ConvShape,
    (from, images): (Side, &[f32]),
    (taps, filters): (Sums, &[f32]),
    (to, results): (Side, &mut [f32]),
) {
    let (tiles, lines) = (shape.tiles(), shape.tile_lines());
    let lhs = Sums(Layout::left(shape.batch * tiles, from.width()));
    let dst = Sums(Layout::left(shape.batch * tiles, to.width()));
    with_scratch(lhs.len() + dst.len(), |scratch| {
        let (lhs_sums, dst_sums) = scratch.split_at_mut(lhs.len());
        spread(shape, (from, images), (lhs, lhs_sums));
        let lhs_sums = &*lhs_sums;
        let mut tasks = Vec::new();
        for (position, part) in dst_sums.chunks_exact_mut(dst.part_len()).enumerate() {
            let groups = part.chunks_mut(TASK_TILES * dst.0.width).enumerate();
            tasks.extend(groups.map(|(group, part)| (position, group * TASK_TILES, part)));
        }
        tasks.into_par_iter().for_each(|(position, first, part)| {
            let count = part.len() / dst.0.width;
            let left = lhs.0.matrix(lhs.part(lhs_sums, position)).narrow(first, count);
            let right = (taps.part(filters, position), taps.0);
            product_laid_out((part, dst.0), left, right, Write::Replace);
        });
        let sums = (dst, &*dst_sums);
        let bands = results.par_chunks_exact_mut(to.len() / lines).enumerate();
        bands.for_each(|(index, pixels)| {
            let (image, line) = (index / lines, index % lines);
            to.collect(sums, image * tiles, line..line + 1, pixels);
        });
    });
}

/// `gradient` `[C_small, C_large, 4, 4]` of the weights.
pub(super) fn weight_gradient(
    shape: &ConvShape,
    small: &[f32],
    large: &[f32],
    gradient: &mut [f32],
) {
    let (small_side, large_side) = (shape.small_side(), shape.large_side());
    let at = Sums(Layout::left(small_side.width(), large_side.width()));
    let count = shape.images_of(SUMMED_TILES);
    let blocks = small.chunks(count * small_side.len());
    let blocks = blocks.zip(large.chunks(count * large_side.len())).enumerate();
    with_scratch(at.len(), |products| {
        for (index, (small, large)) in blocks {
            let write = if index == 0 { Write::Replace } else { Write::Add };
            sum_tiles(shape, (small_side, small), (large_side, large), (at, products), write);
        }
        gradient.par_chunks_mut(shape.depth()).enumerate().for_each(|(channel, gradient)| {
            with_scratch(shape.depth(), |by_tap| {
                vectorized!(to_taps(products, at, channel, shape.large_channels, by_tap));
                transpose(by_tap, shape.large_channels, 0, gradient, shape.kernel_area());
            });
        });
    });
}

/// Writes the sums of all tiles of some images: image by image, or line by line if there are few.
fn spread(shape: &ConvShape, (side, images): (Side, &[f32]), (at, sums): (Sums, &mut [f32])) {
    let lines = shape.tile_lines();
    let each = if images.len() / side.len() < LEAST_TASKS { 1 } else { lines };
    let shares = at.shares(sums, 1, shape.tiles() / lines * each);
    shares.into_par_iter().enumerate().for_each(|(index, mut share)| {
        let (image, first) = (index * each / lines, index * each % lines);
        let image = &images[image * side.len()..][..side.len()];
        side.spread(image, first..first + each, &mut share);
    });
}

/// The products of both sides' sums, summed over all tiles of some images.
fn sum_tiles(
    shape: &ConvShape,
    (small_side, small): (Side, &[f32]),
    (large_side, large): (Side, &[f32]),
    (at, products): (Sums, &mut [f32]),
    write: Write,
) {
    let tiles = shape.tiles() * (small.len() / small_side.len());
    let lhs = Sums(Layout::left(tiles, small_side.width()));
    let rhs = Sums(Layout::right(tiles, large_side.width()));
    with_scratch(lhs.len() + rhs.len(), |scratch| {
        let (lhs_sums, rhs_sums) = scratch.split_at_mut(lhs.len());
        for (side, images, at, sums) in
            [(small_side, small, lhs, &mut *lhs_sums), (large_side, large, rhs, &mut *rhs_sums)]
        {
            spread(shape, (side, images), (at, sums));
        }
        let rows = SUMMED_CHANNELS * at.0.width;
        let mut tasks = Vec::new();
        for (position, part) in products.chunks_exact_mut(at.part_len()).enumerate() {
            let groups = part.chunks_mut(rows).enumerate();
            tasks.extend(groups.map(|(group, dst)| (position, group, dst)));
        }
        tasks.into_par_iter().for_each(|(position, group, dst)| {
            let columns = &lhs.part(lhs_sums, position)[group * SUMMED_CHANNELS..];
            let count = dst.len() / at.0.width;
            let left = Matrix::strided(columns, lhs.0.rows, count, lhs.0.width).transposed();
            let right = (rhs.part(rhs_sums, position), rhs.0);
            product_laid_out((dst, at.0), left, right, write);
        });
    });
}
