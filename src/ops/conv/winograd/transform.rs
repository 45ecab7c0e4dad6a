//! The transforms of [`super`]: sums and differences of whole rows of channels.
//!
//! In one direction, with window values `d`, taps `g` and results `y`:
//!
//! | from | to | forward | transposed |
//! |---|---|---|---|
//! | three values `d` | three sums | `d0 − d1, d1, d2 − d1` | `m0, m1 − m0 − m2, m2` |
//! | two taps `g`, or two results `y` | three sums | `g0, g0 + g1, g1` | `m0 + m1, m1 + m2` |
//!
//! so that `y = Fᵀ[(F g) ⊙ (D d)]`: three products for four. Pictures take it in both directions.
//!
//! All are inlined into their callers, who have them compiled for several processors.

use super::sums::{POSITIONS, Share, Sums};
use std::ops::{Add, Range, Sub};

/// Even and odd lines, even and odd columns of a picture.
pub(super) const PHASES: usize = 4;
/// Channels that are worked on together.
pub(super) const LANES: usize = 16;

/// The same value of neighbouring channels.
#[derive(Clone, Copy)]
pub(super) struct Lanes([f32; LANES]);

impl Lanes {
    const ZERO: Self = Self([0.0; LANES]);

    #[inline(always)]
    fn load(from: &[f32], at: usize) -> Self {
        let mut lanes = [0.0; LANES];
        lanes.copy_from_slice(&from[at..at + LANES]);
        Self(lanes)
    }

    #[inline(always)]
    pub fn store(&self, to: &mut [f32], at: usize) {
        to[at..at + LANES].copy_from_slice(&self.0);
    }
}

impl Add for Lanes {
    type Output = Self;
    #[inline(always)]
    fn add(mut self, other: Self) -> Self {
        for lane in 0..LANES {
            self.0[lane] += other.0[lane];
        }
        self
    }
}

impl Sub for Lanes {
    type Output = Self;
    #[inline(always)]
    fn sub(mut self, other: Self) -> Self {
        for lane in 0..LANES {
            self.0[lane] -= other.0[lane];
        }
        self
    }
}

/// `d0 − d1, d1, d2 − d1`.
#[inline(always)]
fn differences([d0, d1, d2]: [Lanes; 3]) -> [Lanes; 3] {
    [d0 - d1, d1, d2 - d1]
}

/// `g0, g0 + g1, g1`.
#[inline(always)]
fn sums([g0, g1]: [Lanes; 2]) -> [Lanes; 3] {
    [g0, g0 + g1, g1]
}

/// The transpose of [`sums`]: `m0 + m1, m1 + m2`.
#[inline(always)]
fn pairs([m0, m1, m2]: [Lanes; 3]) -> [Lanes; 2] {
    [m0 + m1, m1 + m2]
}

/// The values `load(i, j)` of two lines and two columns.
#[inline(always)]
fn square(load: impl Fn(usize, usize) -> Lanes) -> [[Lanes; 2]; 2] {
    [[load(0, 0), load(0, 1)], [load(1, 0), load(1, 1)]]
}

/// [`differences`] in both directions.
#[inline(always)]
fn differences_2d([a, b, c]: [[Lanes; 3]; 3]) -> [Lanes; POSITIONS] {
    let (a, b, c) = (differences(a), differences(b), differences(c));
    let x = differences([a[0], b[0], c[0]]);
    let y = differences([a[1], b[1], c[1]]);
    let z = differences([a[2], b[2], c[2]]);
    [x[0], y[0], z[0], x[1], y[1], z[1], x[2], y[2], z[2]]
}

/// [`sums`] in both directions.
#[inline(always)]
fn sums_2d([a, b]: [[Lanes; 2]; 2]) -> [Lanes; POSITIONS] {
    let (a, b) = (sums(a), sums(b));
    let (x, y, z) = (sums([a[0], b[0]]), sums([a[1], b[1]]), sums([a[2], b[2]]));
    [x[0], y[0], z[0], x[1], y[1], z[1], x[2], y[2], z[2]]
}

/// [`pairs`] in both directions.
#[inline(always)]
fn pairs_2d(load: impl Fn(usize) -> Lanes) -> [[Lanes; 2]; 2] {
    let a = pairs([load(0), load(1), load(2)]);
    let b = pairs([load(3), load(4), load(5)]);
    let c = pairs([load(6), load(7), load(8)]);
    let (x, y) = (pairs([a[0], b[0], c[0]]), pairs([a[1], b[1], c[1]]));
    [[x[0], y[0]], [x[1], y[1]]]
}

/// A picture whose channels are neighbours, `[lines · columns, channels]`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Area {
    pub lines: usize,
    pub columns: usize,
    pub channels: usize,
}

impl Area {
    /// Lines and columns of the tiles in some lines of tiles of a small side, 2 × 2 pixels each.
    fn tiles(&self, lines: Range<usize>) -> impl Iterator<Item = (usize, usize)> + use<> {
        let columns = self.columns / 2;
        lines.flat_map(move |y| (0..columns).map(move |x| (y, x)))
    }

    /// Values of the picture.
    pub fn len(&self) -> usize {
        self.lines * self.columns * self.channels
    }

    #[inline(always)]
    fn at(&self, y: usize, x: usize) -> usize {
        (y * self.columns + x) * self.channels
    }
}

/// Sums of a large side `[H · W, C]`: for each tile of 2 × 2 windows in some lines of tiles and each
/// phase, the [`differences`] of the 3 × 3 pixels that the windows read. Rows hold `[phase, C]`.
#[inline(always)]
pub(super) fn from_large(area: Area, lines: Range<usize>, pixels: &[f32], to: &mut Share) {
    let small = Area { lines: area.lines / 2, columns: area.columns / 2, ..area };
    let padding = vec![0.0; area.channels];
    let picture = Padded { area, pixels, padding: &padding };
    for (tile, (ty, tx)) in small.tiles(lines).enumerate() {
        for phase in 0..PHASES {
            let (y, x) = (4 * ty + phase / 2, 4 * tx + phase % 2);
            let (a, b, c) = (picture.line(y, x), picture.line(y + 2, x), picture.line(y + 4, x));
            for channel in (0..area.channels).step_by(LANES) {
                let lines = [load_3(a, channel), load_3(b, channel), load_3(c, channel)];
                to.put(0, tile, phase * area.channels + channel, differences_2d(lines));
            }
        }
    }
}

/// A picture with lines and columns of zeros around it, which pixels are counted from.
struct Padded<'a> {
    area: Area,
    pixels: &'a [f32],
    padding: &'a [f32],
}

impl<'a> Padded<'a> {
    #[inline(always)]
    fn pixel(&self, y: usize, x: usize) -> &'a [f32] {
        let Self { area, pixels, padding } = *self;
        let inside = (1..=area.lines).contains(&y) && (1..=area.columns).contains(&x);
        if inside { &pixels[area.at(y - 1, x - 1)..][..area.channels] } else { padding }
    }

    /// Three pixels, two apart.
    #[inline(always)]
    fn line(&self, y: usize, x: usize) -> [&'a [f32]; 3] {
        [self.pixel(y, x), self.pixel(y, x + 2), self.pixel(y, x + 4)]
    }
}

#[inline(always)]
fn load_3([a, b, c]: [&[f32]; 3], channel: usize) -> [Lanes; 3] {
    [Lanes::load(a, channel), Lanes::load(b, channel), Lanes::load(c, channel)]
}

/// The transpose of [`from_large`], from all sums of an image whose tiles start with `first`: the
/// pixels under some lines of tiles.
#[inline(always)]
pub(super) fn to_large(
    area: Area,
    under: Range<usize>,
    (from, sums): (Sums, &[f32]),
    first: usize,
    pixels: &mut [f32],
) {
    let (lines, columns) = (area.lines / 4, area.columns / 4);
    for y in 4 * under.start..4 * under.end {
        for x in 0..area.columns {
            let phase = (y + 1) % 2 * 2 + (x + 1) % 2;
            let (ys, xs) = (Parts::of(y.div_ceil(2), lines), Parts::of(x.div_ceil(2), columns));
            let to = area.at(y - 4 * under.start, x);
            for channel in (0..area.channels).step_by(LANES) {
                let sum = ys.sum(
                    #[inline(always)]
                    |y, ty| {
                        xs.sum(
                            #[inline(always)]
                            |x, tx| {
                                let row = from.at(3 * y + x, first + ty * columns + tx);
                                Lanes::load(sums, row + phase * area.channels + channel)
                            },
                        )
                    },
                );
                sum.store(pixels, to + channel);
            }
        }
    }
}

/// Which sums a pixel is in, in one direction.
enum Parts {
    /// It is the middle one of this tile.
    Middle(usize),
    /// It is the last one of a tile, or the first one of the next, or both.
    Edge { last_of: Option<usize>, first_of: Option<usize> },
}

impl Parts {
    /// For the pixel `at` of its phase, which has `tiles` tiles.
    fn of(at: usize, tiles: usize) -> Self {
        let next = at / 2;
        if at % 2 == 1 {
            Self::Middle(next)
        } else {
            Self::Edge { last_of: next.checked_sub(1), first_of: (next < tiles).then_some(next) }
        }
    }

    /// The pixel from `part(position, tile)`.
    #[inline(always)]
    fn sum(&self, part: impl Fn(usize, usize) -> Lanes) -> Lanes {
        match *self {
            Self::Middle(tile) => part(1, tile) - part(0, tile) - part(2, tile),
            Self::Edge { last_of: Some(last), first_of: Some(first) } => {
                part(2, last) + part(0, first)
            }
            Self::Edge { last_of: Some(last), first_of: None } => part(2, last),
            Self::Edge { last_of: None, first_of: Some(first) } => part(0, first),
            Self::Edge { last_of: None, first_of: None } => Lanes::ZERO,
        }
    }
}

/// Sums of a small side `[h · w, C]`: for each tile in some lines of tiles the [`sums`] of its 2 × 2
/// pixels.
#[inline(always)]
pub(super) fn from_small(area: Area, lines: Range<usize>, pixels: &[f32], to: &mut Share) {
    for (tile, (ty, tx)) in area.tiles(lines).enumerate() {
        for channel in (0..area.channels).step_by(LANES) {
            let pixels = square(
                #[inline(always)]
                |i, j| Lanes::load(pixels, area.at(2 * ty + i, 2 * tx + j) + channel),
            );
            to.put(0, tile, channel, sums_2d(pixels));
        }
    }
}

/// The transpose of [`from_small`], from all sums of an image whose tiles start with `first`: the
/// pixels of some lines of tiles.
#[inline(always)]
pub(super) fn to_small(
    area: Area,
    lines: Range<usize>,
    (from, sums): (Sums, &[f32]),
    first: usize,
    pixels: &mut [f32],
) {
    let start = lines.start;
    for (ty, tx) in area.tiles(lines) {
        let row = from.at(0, first + ty * (area.columns / 2) + tx);
        let line = 2 * (ty - start);
        for channel in (0..area.channels).step_by(LANES) {
            let [[a, b], [c, d]] = pairs_2d(
                #[inline(always)]
                |position| Lanes::load(sums, row + position * from.part_len() + channel),
            );
            a.store(pixels, area.at(line, 2 * tx) + channel);
            b.store(pixels, area.at(line, 2 * tx + 1) + channel);
            c.store(pixels, area.at(line + 1, 2 * tx) + channel);
            d.store(pixels, area.at(line + 1, 2 * tx + 1) + channel);
        }
    }
}

/// Sums of 4 × 4 taps `[rows, 16, C]`, for each row and phase. Where they go: to one row
/// `[phase, C]`, or to a row `[C]` in each of four bands.
#[inline(always)]
pub(super) fn from_taps(taps: &[f32], channels: usize, to: &mut Share) {
    for phase in 0..PHASES {
        let (band, first) = if to.bands() == PHASES { (phase, 0) } else { (0, phase * channels) };
        for channel in (0..channels).step_by(LANES) {
            for (row, taps) in taps.chunks_exact(16 * channels).enumerate() {
                let window = square(
                    #[inline(always)]
                    |i, j| Lanes::load(taps, tap(phase, i, j) * channels + channel),
                );
                to.put(band, row, first + channel, sums_2d(window));
            }
        }
    }
}

/// The transpose of [`from_taps`]: the taps `[16, C]` from row `row` of `from`, which holds
/// `[phase, C]`.
#[inline(always)]
pub(super) fn to_taps(sums: &[f32], from: Sums, row: usize, channels: usize, taps: &mut [f32]) {
    for phase in 0..PHASES {
        let row = from.at(0, row) + phase * channels;
        for channel in (0..channels).step_by(LANES) {
            let [[a, b], [c, d]] = pairs_2d(
                #[inline(always)]
                |position| Lanes::load(sums, row + position * from.part_len() + channel),
            );
            a.store(taps, tap(phase, 0, 0) * channels + channel);
            b.store(taps, tap(phase, 0, 1) * channels + channel);
            c.store(taps, tap(phase, 1, 0) * channels + channel);
            d.store(taps, tap(phase, 1, 1) * channels + channel);
        }
    }
}

/// The tap of a 4 × 4 window that is tap (i, j) of the 2 × 2 window of its phase.
#[inline(always)]
fn tap(phase: usize, i: usize, j: usize) -> usize {
    (phase / 2 + 2 * i) * 4 + phase % 2 + 2 * j
}
