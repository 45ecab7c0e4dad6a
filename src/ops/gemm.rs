//! Matrix products on `f32` slices: a bounds-checked front to our own AVX-512 kernel, and to the
//! `gemm` crate on other processors and where the right operand's columns are no neighbours.
//!
//! Products run on the calling thread; who needs several splits the work first. The order in which
//! a value's products are summed depends on the shapes alone, so results repeat bit for bit.

#[cfg(target_arch = "x86_64")]
mod avx512;

use super::scratch::{overwritten, with_scratch};
use gemm::Parallelism;
use rayon::prelude::*;

/// Rows of a product that one task of [`product_spread`] computes.
const TASK_ROWS: usize = 28;
/// Panels that are worth a task.
const PANELS_PER_TASK: usize = 8;

/// A strided matrix inside a slice.
#[derive(Clone, Copy)]
pub(super) struct Matrix<'a> {
    data: &'a [f32],
    rows: usize,
    cols: usize,
    row_stride: usize,
    col_stride: usize,
}

impl<'a> Matrix<'a> {
    /// Rows one after another, each `cols` long.
    pub fn rows(data: &'a [f32], rows: usize, cols: usize) -> Self {
        Self::strided(data, rows, cols, cols)
    }

    /// Rows whose starts lie `row_stride` apart.
    pub fn strided(data: &'a [f32], rows: usize, cols: usize, row_stride: usize) -> Self {
        Self { data, rows, cols, row_stride, col_stride: 1 }
    }

    /// `count` rows, from row `first` on.
    pub fn narrow(self, first: usize, count: usize) -> Self {
        Self { data: &self.data[first * self.row_stride..], rows: count, ..self }
    }

    /// The same values with rows and columns exchanged.
    pub fn transposed(self) -> Self {
        Self {
            data: self.data,
            rows: self.cols,
            cols: self.rows,
            row_stride: self.col_stride,
            col_stride: self.row_stride,
        }
    }

    /// The same matrix as the right operand of a product, if its columns are neighbours.
    fn as_panels(self) -> Option<Panels<'a>> {
        let Self { data, rows, cols, row_stride, col_stride } = self;
        (col_stride == 1).then_some(Panels { data, rows, cols, row_stride, panel_stride: PANEL })
    }

    /// Length of the slice that the matrix needs.
    fn extent(&self) -> usize {
        if self.rows == 0 || self.cols == 0 {
            return 0;
        }
        (self.rows - 1) * self.row_stride + (self.cols - 1) * self.col_stride + 1
    }
}

/// Columns of a panel.
#[cfg(target_arch = "x86_64")]
const PANEL: usize = avx512::PANEL;
#[cfg(not(target_arch = "x86_64"))]
const PANEL: usize = 32;

/// Where the elements of a matrix lie that is written in order to be multiplied: row after row in
/// panels of some columns, one panel after another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    /// Rows of the matrix.
    pub rows: usize,
    /// Its columns.
    pub cols: usize,
    /// Columns of each panel, from one row of it to the next.
    pub width: usize,
}

impl Layout {
    /// The layout of a left operand, and of a result: a single panel.
    pub fn left(rows: usize, cols: usize) -> Self {
        Self { rows, cols, width: odd_lines(cols) }
    }

    /// The layout of a right operand: panels that our own kernel reads from end to end.
    pub fn right(rows: usize, cols: usize) -> Self {
        Self { rows, cols, width: if has_own_kernel() { PANEL } else { odd_lines(cols) } }
    }

    /// Rows without a gap between them.
    pub fn dense(rows: usize, cols: usize) -> Self {
        Self { rows, cols, width: cols }
    }

    /// How many panels there are.
    pub fn panels(&self) -> usize {
        self.cols.div_ceil(self.width)
    }

    /// The panel of column `col`, and the column's place in its rows.
    #[inline(always)]
    pub fn place(&self, col: usize) -> (usize, usize) {
        // Either there is one panel, or they have the width that the compiler can divide by quickly.
        if self.cols <= self.width { (0, col) } else { (col / PANEL, col % PANEL) }
    }

    /// Values that the matrix takes.
    pub fn len(&self) -> usize {
        self.panels() * self.rows * self.width
    }

    /// A matrix in this layout. `fill` writes a run of neighbours: those of a row (the first
    /// argument) from a column (the second) on.
    pub fn filled(&self, fill: impl Fn(usize, usize, &mut [f32]) + Sync) -> Vec<f32> {
        overwritten(self.len(), |data| {
            let panels = data.par_chunks_exact_mut(self.rows * self.width).enumerate();
            panels.for_each(|(panel, values)| {
                let first = panel * self.width;
                let count = self.width.min(self.cols - first);
                for (row, values) in values.chunks_exact_mut(self.width).enumerate() {
                    let (values, gap) = values.split_at_mut(count);
                    fill(row, first, values);
                    gap.fill(0.0);
                }
            });
        })
    }

    /// The matrix in `data`, in the layout of a left operand.
    pub fn matrix<'a>(&self, data: &'a [f32]) -> Matrix<'a> {
        Matrix::strided(data, self.rows, self.cols, self.width)
    }

    /// The matrix in `data`, in the layout of a right operand.
    fn right_operand<'a>(&self, data: &'a [f32]) -> Panels<'a> {
        let Self { rows, cols, width } = *self;
        Panels { data, rows, cols, row_stride: width, panel_stride: rows * width }
    }
}

/// A matrix in panels: element (row, column) lies at
/// `column / PANEL · panel_stride + row · row_stride + column % PANEL`.
#[derive(Clone, Copy)]
struct Panels<'a> {
    data: &'a [f32],
    rows: usize,
    cols: usize,
    row_stride: usize,
    panel_stride: usize,
}

impl<'a> Panels<'a> {
    /// Length of the slice that the matrix needs.
    fn extent(&self) -> usize {
        if self.rows == 0 || self.cols == 0 {
            return 0;
        }
        let last = self.cols - 1;
        last / PANEL * self.panel_stride + (self.rows - 1) * self.row_stride + last % PANEL + 1
    }
}

/// The least odd number of cache lines that holds `len` values, in values: rows that lie one below
/// the other at this distance do not compete for the same places in the cache.
fn odd_lines(len: usize) -> usize {
    const LINE: usize = 16;
    (len.div_ceil(LINE) | 1) * LINE
}

/// Whether this processor can run our own kernel. `LATENTSCAPE_NO_AVX512` in the environment says
/// no, so that what other processors run can be tested and measured here.
fn has_own_kernel() -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        static ANSWER: std::sync::LazyLock<bool> = std::sync::LazyLock::new(|| {
            avx512::is_available() && std::env::var_os("LATENTSCAPE_NO_AVX512").is_none()
        });
        *ANSWER
    }
    #[cfg(not(target_arch = "x86_64"))]
    return false;
}

/// What happens to the destination's earlier values.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Write {
    /// They are overwritten.
    Replace,
    /// The product is added to them.
    Add,
}

/// `dst = lhs · rhs` or `dst += lhs · rhs`; the rows of `dst` start `dst_stride` apart.
///
/// # Panics
/// When the shapes do not fit or a slice is too short: a mistake of the calling kernel, whose
/// sizes were checked before.
pub(super) fn product(dst: &mut [f32], dst_stride: usize, lhs: Matrix, rhs: Matrix, write: Write) {
    match rhs.as_panels() {
        Some(panels) if has_own_kernel() => product_own(dst, dst_stride, lhs, panels, write),
        _ => product_gemm(dst, dst_stride, lhs, rhs, write),
    }
}

/// [`product`] with a right operand that lies in `data` as [`Layout::right`]
/// says, and a destination as [`Layout::left`] says.
pub(super) fn product_laid_out(
    dst: (&mut [f32], Layout),
    lhs: Matrix,
    rhs: (&[f32], Layout),
    write: Write,
) {
    let ((dst, to), (data, layout)) = (dst, rhs);
    if has_own_kernel() {
        product_own(dst, to.width, lhs, layout.right_operand(data), write);
    } else {
        product_gemm(dst, to.width, lhs, layout.matrix(data), write);
    }
}

/// [`product_laid_out`] with `Write::Replace`, spread over the pool: by rows if there are many, else
/// by panels.
pub(super) fn product_spread(dst: (&mut [f32], Layout), lhs: Matrix, rhs: (&[f32], Layout)) {
    let ((dst, to), (data, layout)) = (dst, rhs);
    let (panels, width) = (layout.panels(), layout.width);
    if to.rows > TASK_ROWS || panels < 2 {
        dst.par_chunks_mut(TASK_ROWS * to.width).enumerate().for_each(|(task, dst)| {
            let first = task * TASK_ROWS;
            let rows = TASK_ROWS.min(to.rows - first);
            let to = Layout { rows, ..to };
            product_laid_out((dst, to), lhs.narrow(first, rows), (data, layout), Write::Replace);
        });
        return;
    }
    with_scratch(panels * to.rows * width, |parts| {
        let tasks = parts
            .par_chunks_exact_mut(to.rows * width)
            .zip(data.par_chunks_exact(layout.rows * width));
        tasks.with_min_len(PANELS_PER_TASK).enumerate().for_each(|(panel, (part, data))| {
            let cols = width.min(layout.cols - panel * width);
            let (to, layout) = (Layout { cols, width, ..to }, Layout { cols, ..layout });
            product_laid_out((part, to), lhs, (data, layout), Write::Replace);
        });
        for (panel, part) in parts.chunks_exact(to.rows * width).enumerate() {
            let cols = width.min(layout.cols - panel * width);
            for (row, values) in part.chunks_exact(width).enumerate() {
                let at = row * to.width + panel * width;
                dst[at..at + cols].copy_from_slice(&values[..cols]);
            }
        }
    });
}

/// Panics unless the sizes fit and the slices hold what the strides address.
fn check(
    (dst, dst_stride): (&[f32], usize),
    lhs: &Matrix,
    (rows, cols, fits): (usize, usize, bool),
) {
    assert_eq!(lhs.cols, rows, "inner sizes of a matrix product");
    let len = (lhs.rows - 1) * dst_stride + cols;
    assert!(dst_stride >= cols && dst.len() >= len, "destination of a product");
    assert!(lhs.data.len() >= lhs.extent() && fits, "product operands");
}

/// The product by our own kernel. The processor must have been asked for it.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
fn product_own(dst: &mut [f32], dst_stride: usize, lhs: Matrix, rhs: Panels, write: Write) {
    if lhs.rows == 0 || rhs.cols == 0 {
        return;
    }
    check((dst, dst_stride), &lhs, (rhs.rows, rhs.cols, rhs.data.len() >= rhs.extent()));
    let sizes = (lhs.rows, rhs.cols, lhs.cols);
    let left = avx512::Left {
        data: lhs.data.as_ptr(),
        row_stride: lhs.row_stride,
        col_stride: lhs.col_stride,
    };
    let right = avx512::Right {
        data: rhs.data.as_ptr(),
        row_stride: rhs.row_stride,
        panel_stride: rhs.panel_stride,
    };
    // SAFETY: `check` keeps every element that the strides address inside its slice; `dst` is
    // borrowed mutably and its rows do not overlap (`dst_stride >= n`). The callers ask
    // `has_own_kernel` first.
    unsafe {
        avx512::product(sizes, dst.as_mut_ptr(), dst_stride, left, right, write == Write::Add);
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn product_own(_: &mut [f32], _: usize, _: Matrix, _: Panels, _: Write) {
    unreachable!("has_own_kernel says no");
}

/// The product by the `gemm` crate.
#[allow(unsafe_code)]
fn product_gemm(dst: &mut [f32], dst_stride: usize, lhs: Matrix, rhs: Matrix, write: Write) {
    let (m, n, k) = (lhs.rows, rhs.cols, lhs.cols);
    if m == 0 || n == 0 {
        return;
    }
    check((dst, dst_stride), &lhs, (rhs.rows, n, rhs.data.len() >= rhs.extent()));
    // SAFETY: `check` keeps every element that the three (rows, cols, strides) triples address
    // inside its slice; `dst` is borrowed mutably and its rows do not overlap (`dst_stride >= n`),
    // so nothing else reads or writes what gemm writes. Strides fit in isize because slices do.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            dst.as_mut_ptr(),
            1,
            dst_stride as isize,
            write == Write::Add,
            lhs.data.as_ptr(),
            lhs.col_stride as isize,
            lhs.row_stride as isize,
            rhs.data.as_ptr(),
            rhs.col_stride as isize,
            rhs.row_stride as isize,
            1.0,
            1.0,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn naive(lhs: Matrix, rhs: Matrix) -> Vec<f32> {
        let at =
            |m: &Matrix, r: usize, c: usize| f64::from(m.data[r * m.row_stride + c * m.col_stride]);
        let mut out = Vec::new();
        for r in 0..lhs.rows {
            for c in 0..rhs.cols {
                out.push((0..lhs.cols).map(|k| at(&lhs, r, k) * at(&rhs, k, c)).sum::<f64>() as f32);
            }
        }
        out
    }

    #[test]
    fn products_match_the_definition() {
        let data: Vec<f32> = (0..4000).map(|i| ((i * 37 % 101) as f32 - 50.0) / 50.0).collect();
        for (m, n, k) in [(1, 1, 1), (1, 7, 5), (7, 1, 3), (13, 17, 19), (40, 33, 50), (3, 64, 2)] {
            for (left, right) in [(false, false), (true, false), (false, true), (true, true)] {
                let lhs = if left {
                    Matrix::rows(&data, k, m).transposed()
                } else {
                    Matrix::strided(&data, m, k, k + 3)
                };
                let rhs = if right {
                    Matrix::strided(&data[100..], n, k, k + 1).transposed()
                } else {
                    Matrix::rows(&data[100..], k, n)
                };
                let expected = naive(lhs, rhs);
                let stride = n + 2;
                let mut dst = vec![1.0; m * stride];
                product(&mut dst, stride, lhs, rhs, Write::Replace);
                product(&mut dst, stride, lhs, rhs, Write::Add);
                for r in 0..m {
                    for c in 0..n {
                        let (got, want) = (dst[r * stride + c], 2.0 * expected[r * n + c]);
                        assert!((got - want).abs() < 1e-4, "{m}x{n}x{k}: {got} {want}");
                    }
                }
                assert_eq!(dst[n], 1.0, "the gap between rows stays as it was");
            }
        }
    }
}
