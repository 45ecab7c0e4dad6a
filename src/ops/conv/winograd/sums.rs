//! Where the sums of tiles, and of taps, lie: nine matrices, one for each position.

use super::transform::Lanes;
use crate::ops::gemm::Layout;

/// Products of a tile, 3 × 3.
pub(super) const POSITIONS: usize = 9;

/// The layout of nine matrices of one shape, one after another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sums(pub Layout);

impl Sums {
    /// Values of all matrices.
    pub fn len(&self) -> usize {
        POSITIONS * self.part_len()
    }

    /// Values of one matrix.
    pub fn part_len(&self) -> usize {
        self.0.len()
    }

    /// Where row `row` of a position starts, in the layout of a left operand.
    #[inline(always)]
    pub fn at(&self, position: usize, row: usize) -> usize {
        position * self.part_len() + row * self.0.width
    }

    /// The values of one position, which start `data`.
    pub fn part<'a>(&self, data: &'a [f32], position: usize) -> &'a [f32] {
        &data[position * self.part_len()..][..self.part_len()]
    }

    /// The same, to be written.
    pub fn part_mut<'a>(&self, data: &'a mut [f32], position: usize) -> &'a mut [f32] {
        &mut data[position * self.part_len()..][..self.part_len()]
    }

    /// Deals the rows out in shares of `rows` neighbouring ones, out of each of `bands` equal bands
    /// of rows.
    pub fn shares<'a>(&self, data: &'a mut [f32], bands: usize, rows: usize) -> Vec<Share<'a>> {
        let (slots, width) = (self.0.panels() * bands, self.0.width);
        let mut shares = Vec::new();
        shares.resize_with((self.0.rows / bands).div_ceil(rows), || {
            let mut parts = Vec::new();
            parts.resize_with(slots, Default::default);
            Share { layout: self.0, bands, parts }
        });
        let band = self.0.rows / bands * width;
        for (index, part) in data.chunks_exact_mut(band).enumerate() {
            for (chunk, share) in part.chunks_mut(rows * width).zip(&mut shares) {
                share.parts[index % slots][index / slots] = chunk;
            }
        }
        shares
    }
}

/// What one task may write: some rows of every position, in every panel of every band.
pub(super) struct Share<'a> {
    layout: Layout,
    bands: usize,
    /// The rows of each position, band after band and panel after panel.
    parts: Vec<[&'a mut [f32]; POSITIONS]>,
}

impl Share<'_> {
    /// How many runs of rows there are.
    pub fn bands(&self) -> usize {
        self.bands
    }

    /// Rows in each run.
    pub fn rows(&self) -> usize {
        self.parts.first().map_or(0, |parts| parts[0].len() / self.layout.width)
    }

    /// Writes what belongs to the channels from `col` on in a row, counted within its band.
    #[inline(always)]
    pub fn put(&mut self, band: usize, row: usize, col: usize, values: [Lanes; POSITIONS]) {
        let (panel, place) = self.layout.place(col);
        let at = row * self.layout.width + place;
        let parts = &mut self.parts[panel * self.bands + band];
        for position in 0..POSITIONS {
            values[position].store(parts[position], at);
        }
    }
}
