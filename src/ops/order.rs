//! Between the order of pictures, `[B, C, H, W]`, and that of the kernels, `[B, H, W, C]`.
//!
//! Views: who needs neighbours in memory copies.

use crate::error::Result;
use candle_core::Tensor;

/// `[B, C, H, W]` → `[B, H, W, C]`.
///
/// # Errors
/// When `x` does not have four dimensions.
pub fn channels_last(x: &Tensor) -> Result<Tensor> {
    Ok(x.permute((0, 2, 3, 1))?)
}

/// `[B, H, W, C]` → `[B, C, H, W]`.
///
/// # Errors
/// When `x` does not have four dimensions.
pub fn channels_first(x: &Tensor) -> Result<Tensor> {
    Ok(x.permute((0, 3, 1, 2))?)
}
