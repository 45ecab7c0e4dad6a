//! Distances between all rows of two matrices, by one product.

use candle_core::Tensor;

use crate::error::Result;

/// Squared Euclidean distances `[N, M]` between the rows of `a` `[N, D]` and `b` `[M, D]`, both in
/// main memory: |a|² + |b|² − 2ab, never below 0. The rows should lie about 0, since digits are
/// lost where the lengths are far greater than the distances.
///
/// # Errors
/// [`crate::Error::Tensor`] if the rows are of different lengths or memory runs out.
pub fn squared_distances(a: &Tensor, b: &Tensor) -> Result<Vec<Vec<f32>>> {
    let squares = |x: &Tensor| -> Result<Vec<f32>> { Ok(x.sqr()?.sum(1)?.to_vec1::<f32>()?) };
    let (of_a, of_b) = (squares(a)?, squares(b)?);
    let mut products = a.matmul(&b.t()?)?.to_vec2::<f32>()?;
    for (row, a) in products.iter_mut().zip(of_a) {
        for (value, b) in row.iter_mut().zip(&of_b) {
            *value = (a + b - 2.0 * *value).max(0.0);
        }
    }
    Ok(products)
}
