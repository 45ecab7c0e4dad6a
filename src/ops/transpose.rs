//! Transposes of matrices in memory.

use super::vectorized;

/// Pixels of a block that goes through registers.
const SIDE: usize = 8;

/// Writes columns of a matrix, from column `first` on, as rows of `to_cols` values to `to`. The
/// rows of `from` are `from_cols` long, and there are `to_cols` of them.
pub(super) fn transpose(
    from: &[f32],
    from_cols: usize,
    first: usize,
    to: &mut [f32],
    to_cols: usize,
) {
    vectorized!(blocks((from, from_cols), first, (to, to_cols)));
}

#[inline(always)]
fn blocks((from, from_cols): (&[f32], usize), first: usize, (to, to_cols): (&mut [f32], usize)) {
    let copy = |to: &mut [f32], start: usize, end: usize, column: usize| {
        for (index, value) in (start..end).zip(&mut to[start..end]) {
            *value = from[index * from_cols + first + column];
        }
    };
    for start in (0..to_cols).step_by(SIDE) {
        let end = (start + SIDE).min(to_cols);
        for (index, rows) in to.chunks_mut(SIDE * to_cols).enumerate() {
            if rows.len() < SIDE * to_cols || end - start < SIDE {
                for (column, row) in rows.chunks_exact_mut(to_cols).enumerate() {
                    copy(row, start, end, index * SIDE + column);
                }
                continue;
            }
            // A whole block goes through registers.
            let mut block = [[0.0; SIDE]; SIDE];
            for row in 0..SIDE {
                let values = &from[(start + row) * from_cols + first + index * SIDE..][..SIDE];
                for column in 0..SIDE {
                    block[column][row] = values[column];
                }
            }
            for (row, values) in rows.chunks_exact_mut(to_cols).zip(&block) {
                row[start..start + SIDE].copy_from_slice(values);
            }
        }
    }
}
