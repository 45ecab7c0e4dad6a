//! Matrix products on `f32` slices: a bounds-checked front to the `gemm` crate.
//!
//! The order in which a value's products are summed depends on the shapes alone, never on the
//! number of threads, so results repeat bit for bit.

use gemm::Parallelism;

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

    /// Length of the slice that the matrix needs.
    fn extent(&self) -> usize {
        if self.rows == 0 || self.cols == 0 {
            return 0;
        }
        (self.rows - 1) * self.row_stride + (self.cols - 1) * self.col_stride + 1
    }
}

/// Who works on a product.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Threads {
    /// The calling thread: the caller has already split the work.
    One,
    /// The current rayon pool.
    Pool,
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
#[allow(unsafe_code)]
pub(super) fn product(
    dst: &mut [f32],
    dst_stride: usize,
    lhs: Matrix,
    rhs: Matrix,
    write: Write,
    threads: Threads,
) {
    let (m, n, k) = (lhs.rows, rhs.cols, lhs.cols);
    if m == 0 || n == 0 {
        return;
    }
    assert_eq!(lhs.cols, rhs.rows, "inner sizes of a matrix product");
    assert!(dst_stride >= n && dst.len() >= (m - 1) * dst_stride + n, "destination of a product");
    assert!(lhs.data.len() >= lhs.extent() && rhs.data.len() >= rhs.extent(), "product operands");
    let parallelism = match threads {
        Threads::Pool if rayon::current_num_threads() > 1 => Parallelism::Rayon(0),
        Threads::Pool | Threads::One => Parallelism::None,
    };
    // SAFETY: the assertions above keep every element that the three (rows, cols, strides)
    // triples address inside its slice; `dst` is borrowed mutably and its rows do not overlap
    // (`dst_stride >= n`), so nothing else reads or writes what gemm writes. Strides fit in isize
    // because slices do.
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
            parallelism,
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
                product(&mut dst, stride, lhs, rhs, Write::Replace, Threads::One);
                product(&mut dst, stride, lhs, rhs, Write::Add, Threads::Pool);
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
