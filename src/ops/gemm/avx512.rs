//! A matrix product for AVX-512 that reads its operands where they lie.
//!
//! The `gemm` crate copies (packs) both operands before it multiplies them. Our kernels write
//! theirs to scratch memory themselves, in the layout that suits, so nothing is packed here: the
//! right operand is read in panels of 32 neighbouring columns, two registers wide, and values of
//! the left one are broadcast to all columns. A block of up to 14 rows of the result stays in 28 of
//! the 32 registers while it is summed (Goto & van de Geijn, "Anatomy of High-Performance Matrix
//! Multiplication", 2008).

#![allow(unsafe_code)]

use std::arch::x86_64::{
    __mmask16, _MM_HINT_T0, _mm_prefetch, _mm512_add_ps, _mm512_fmadd_ps, _mm512_mask_storeu_ps,
    _mm512_maskz_loadu_ps, _mm512_set1_ps, _mm512_setzero_ps,
};

/// Values in a register.
const LANES: usize = 16;
/// Columns of a panel.
pub(super) const PANEL: usize = 2 * LANES;
/// Rows of the result that are summed in registers at a time.
const ROWS: usize = 14;
/// Rows at most if all of them start in the same set of the first-level cache, which has 12 places:
/// the others would push each other out before their lines are used up.
const ROWS_IN_SET: usize = 8;
/// Values after which the sets repeat: 4 KiB.
const SETS: usize = 1024;
/// Inner size that is summed before the result is written: a panel of the right operand then takes
/// 32 of the 48 KiB of first-level cache.
const DEPTH: usize = 256;

/// Whether this processor can run [`product`].
pub(super) fn is_available() -> bool {
    is_x86_feature_detected!("avx512f")
}

/// A matrix whose element (row, column) lies at `data + row · row_stride + column · col_stride`.
#[derive(Clone, Copy)]
pub(super) struct Left {
    pub data: *const f32,
    pub row_stride: usize,
    pub col_stride: usize,
}

/// A matrix whose element (row, column) lies at
/// `data + column / PANEL · panel_stride + row · row_stride + column % PANEL`.
#[derive(Clone, Copy)]
pub(super) struct Right {
    pub data: *const f32,
    pub row_stride: usize,
    pub panel_stride: usize,
}

/// `dst = lhs · rhs`, or `dst += lhs · rhs` with `add`, for sizes `m` × `n` × `k`. Rows of `dst`
/// start `dst_stride` apart.
///
/// # Safety
/// The processor has AVX-512 ([`is_available`]), all elements of the operands can be read, and
/// those of `dst` can be written and are nobody else's.
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn product(
    (m, n, k): (usize, usize, usize),
    dst: *mut f32,
    dst_stride: usize,
    lhs: Left,
    rhs: Right,
    add: bool,
) {
    // Blocks of about equal height: 128 rows are 8 blocks of 13 and 2 of 12, not 9 of 14 and one of 2.
    let meet = lhs.col_stride == 1 && lhs.row_stride.is_multiple_of(SETS);
    let blocks = m.div_ceil(if meet { ROWS_IN_SET } else { ROWS });
    for start in (0..k.max(1)).step_by(DEPTH) {
        let depth = DEPTH.min(k - start);
        let add = add || start > 0;
        for (panel, column) in (0..n).step_by(PANEL).enumerate() {
            let columns = PANEL.min(n - column);
            for block in 0..blocks {
                let (row, end) = (block * m / blocks, (block + 1) * m / blocks);
                // While the first two blocks are computed, the panel that comes next is fetched.
                let ahead = (panel + 1) * rhs.panel_stride
                    + start * rhs.row_stride
                    + block.min(2) * depth * LANES;
                // SAFETY: the offsets stay inside the three matrices, whose elements the caller
                // vouches for.
                unsafe {
                    let tile = Tile {
                        depth,
                        lhs: lhs.data.add(row * lhs.row_stride + start * lhs.col_stride),
                        lhs_row: lhs.row_stride,
                        lhs_step: lhs.col_stride,
                        rhs: rhs.data.add(panel * rhs.panel_stride + start * rhs.row_stride),
                        rhs_step: rhs.row_stride,
                        ahead: rhs.data.wrapping_add(ahead),
                        dst: dst.add(row * dst_stride + column),
                        dst_row: dst_stride,
                        masks: [mask(columns), mask(columns.saturating_sub(LANES))],
                        add,
                    };
                    tile.compute(end - row);
                }
            }
        }
    }
}

/// The lowest `count` of 16 lanes.
fn mask(count: usize) -> __mmask16 {
    if count >= LANES { !0 } else { (1 << count) - 1 }
}

/// One block of the result: up to [`ROWS`] rows of one panel.
struct Tile {
    depth: usize,
    lhs: *const f32,
    lhs_row: usize,
    lhs_step: usize,
    rhs: *const f32,
    rhs_step: usize,
    /// What is fetched into the cache meanwhile, a line for each value of the inner size.
    ahead: *const f32,
    dst: *mut f32,
    dst_row: usize,
    /// Which columns there are.
    masks: [__mmask16; 2],
    add: bool,
}

impl Tile {
    /// # Safety
    /// As for [`product`], with `1..=ROWS` rows.
    #[target_feature(enable = "avx512f")]
    unsafe fn compute(&self, rows: usize) {
        // SAFETY: passed on from the caller.
        unsafe {
            match rows {
                1 => self.compute_rows::<1>(),
                2 => self.compute_rows::<2>(),
                3 => self.compute_rows::<3>(),
                4 => self.compute_rows::<4>(),
                5 => self.compute_rows::<5>(),
                6 => self.compute_rows::<6>(),
                7 => self.compute_rows::<7>(),
                8 => self.compute_rows::<8>(),
                9 => self.compute_rows::<9>(),
                10 => self.compute_rows::<10>(),
                11 => self.compute_rows::<11>(),
                12 => self.compute_rows::<12>(),
                13 => self.compute_rows::<13>(),
                _ => self.compute_rows::<ROWS>(),
            }
        }
    }

    /// # Safety
    /// As for [`product`], with `R` rows.
    #[target_feature(enable = "avx512f")]
    unsafe fn compute_rows<const R: usize>(&self) {
        let mut sums = [[_mm512_setzero_ps(); 2]; R];
        let (mut lhs, mut rhs) = (self.lhs, self.rhs);
        // SAFETY: the loop reads `depth` rows of the panel and as many columns of the left
        // operand's block; masked lanes are neither read nor written.
        unsafe {
            for step in 0..self.depth {
                _mm_prefetch::<_MM_HINT_T0>(self.ahead.wrapping_add(step * LANES).cast());
                let panel = [
                    _mm512_maskz_loadu_ps(self.masks[0], rhs),
                    _mm512_maskz_loadu_ps(self.masks[1], rhs.wrapping_add(LANES)),
                ];
                for (row, sums) in sums.iter_mut().enumerate() {
                    let value = _mm512_set1_ps(*lhs.add(row * self.lhs_row));
                    sums[0] = _mm512_fmadd_ps(value, panel[0], sums[0]);
                    sums[1] = _mm512_fmadd_ps(value, panel[1], sums[1]);
                }
                lhs = lhs.wrapping_add(self.lhs_step);
                rhs = rhs.wrapping_add(self.rhs_step);
            }
            for (row, sums) in sums.iter().enumerate() {
                let dst = self.dst.add(row * self.dst_row);
                for (half, sum) in sums.iter().enumerate() {
                    let (dst, mask) = (dst.wrapping_add(half * LANES), self.masks[half]);
                    let sum = if self.add {
                        _mm512_add_ps(*sum, _mm512_maskz_loadu_ps(mask, dst))
                    } else {
                        *sum
                    };
                    _mm512_mask_storeu_ps(dst, mask, sum);
                }
            }
        }
    }
}
