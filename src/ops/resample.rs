//! Pictures `[B, H, W, C]` twice as large, or half as large.
//!
//! Composed of candle's operations on every device: they see three channels, and only while a layer
//! is blended in.

use crate::error::Result;
use candle_core::Tensor;

/// Every pixel four times: `[B, H, W, C]` → `[B, 2H, 2W, C]`.
///
/// # Errors
/// When `x` does not have four dimensions.
pub fn enlarge(x: &Tensor) -> Result<Tensor> {
    let (batch, height, width, channels) = x.dims4()?;
    let x = x.reshape((batch, height, 1, width, 1, channels))?;
    let x = x.broadcast_as((batch, height, 2, width, 2, channels))?.contiguous()?;
    Ok(x.reshape((batch, 2 * height, 2 * width, channels))?)
}

/// The mean of each square of four pixels: `[B, 2H, 2W, C]` → `[B, H, W, C]`.
///
/// # Errors
/// When `x` does not have four dimensions, or an odd side.
pub fn shrink(x: &Tensor) -> Result<Tensor> {
    let (batch, height, width, channels) = x.dims4()?;
    let x = x.contiguous()?.reshape((batch, height / 2, 2, width / 2, 2, channels))?;
    let corner = |row: usize, column: usize| x.narrow(2, row, 1)?.narrow(4, column, 1);
    let sum = ((corner(0, 0)? + corner(0, 1)?)? + (corner(1, 0)? + corner(1, 1)?)?)?;
    Ok((sum.reshape((batch, height / 2, width / 2, channels))? * 0.25)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{Device, Var};

    #[test]
    fn sizes_and_slopes() {
        let x: Vec<f32> = (0..32).map(|i| i as f32).collect();
        let x = Var::from_vec(x, (1, 4, 4, 2), &Device::Cpu).unwrap();
        let small = shrink(&x).unwrap();
        let means = [5.0f32, 6.0, 9.0, 10.0, 21.0, 22.0, 25.0, 26.0];
        assert_eq!(small.flatten_all().unwrap().to_vec1::<f32>().unwrap(), means);
        let large = enlarge(&small).unwrap();
        assert_eq!(large.dims(), x.dims());
        let row = [5.0f32, 6.0, 5.0, 6.0, 9.0, 10.0, 9.0, 10.0];
        let rows = large.reshape((4, 8)).unwrap().to_vec2::<f32>().unwrap();
        assert_eq!((rows[0].as_slice(), &rows[1]), (row.as_slice(), &rows[0]));
        // Each value counts in four places, a quarter each: the gradient of this is the enlarged one.
        let loss = (&large * &large).unwrap().sum_all().unwrap();
        let slopes = loss.backward().unwrap().remove(&x).unwrap();
        let expected = (&large * 2.0).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert_eq!(slopes.flatten_all().unwrap().to_vec1::<f32>().unwrap(), expected);
        assert!(shrink(&x.narrow(1, 0, 3).unwrap()).is_err());
    }
}
