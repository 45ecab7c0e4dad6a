//! How unlike each other pictures are: the mean Euclidean distance between any two of them, pixel by
//! pixel. A generator that has collapsed draws pictures much more alike than the real ones; the
//! measure is cruder than MS-SSIM (Odena et al. 2017, "Conditional image synthesis with auxiliary
//! classifier GANs"), which is used to the same end, and has no scale below which it is undefined.

use candle_core::Tensor;

use super::distances::squared_distances;
use crate::error::Result;

/// The mean distance between any two different rows of `rows` `[N, D]`; 0 for fewer than two.
///
/// # Errors
/// [`crate::Error::Tensor`] if memory runs out.
pub fn mean_distance(rows: &Tensor) -> Result<f64> {
    let rows = rows.broadcast_sub(&rows.mean_keepdim(0)?)?;
    let count = rows.dim(0)?;
    let mut sum = 0.0;
    for (index, distances) in squared_distances(&rows, &rows)?.into_iter().enumerate() {
        sum += distances[..index].iter().map(|d| f64::from(*d).sqrt()).sum::<f64>();
    }
    Ok(sum / (count * count.saturating_sub(1) / 2).max(1) as f64)
}
