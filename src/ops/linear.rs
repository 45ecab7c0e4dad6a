//! Linear layers: rows times the transpose of weights.
//!
//! On the CPU a row is a picture of a single pixel, and the weights are a window on it: the kernels of
//! convolutions have a form for few rows and many weights, which is what a linear layer is in training.

use super::conv::Conv;
use super::geometry::ConvGeometry;
use candle_core::{Result, Tensor};

/// A window of one pixel.
const PIXEL: ConvGeometry = ConvGeometry::new(1, 0);

/// `x` `[B, in]` times the transpose of `weight` `[out, in]`, giving `[B, out]`.
///
/// # Errors
/// When shapes or devices do not fit, or the tensors are not `f32`.
pub fn linear(x: &Tensor, weight: &Tensor) -> crate::error::Result<Tensor> {
    if !x.device().is_cpu() {
        return Ok(x.matmul(&weight.t()?)?);
    }
    let y = super::conv2d(&as_pictures(x)?, &as_windows(weight)?, PIXEL)?;
    Ok(y.reshape((x.dim(0)?, weight.dim(0)?))?)
}

fn as_pictures(rows: &Tensor) -> Result<Tensor> {
    let (count, len) = rows.dims2()?;
    rows.reshape((count, 1, 1, len))
}

fn as_windows(weight: &Tensor) -> Result<Tensor> {
    let (outputs, inputs) = weight.dims2()?;
    weight.reshape((outputs, inputs, 1, 1))
}

/// A linear layer on the CPU that was computed, through which candle traces nothing.
#[derive(Debug)]
pub(super) struct Linear {
    conv: Conv,
    x: Tensor,
    weight: Tensor,
}

impl Linear {
    /// As [`linear`].
    pub fn compute(x: &Tensor, weight: &Tensor) -> crate::error::Result<(Tensor, Self)> {
        let (x, weight) = (x.detach().contiguous()?, weight.detach().contiguous()?);
        let y = linear(&x, &weight)?;
        let (x, weight) = (as_pictures(&x)?, as_windows(&weight)?);
        let conv = Conv::plain(&x, &weight, PIXEL)?;
        Ok((y, Self { conv, x, weight }))
    }

    /// Gradients of x and of the weights, each if it is wanted, from that of the result.
    pub fn gradients(
        &self,
        grad: &Tensor,
        wants: (bool, bool),
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (rows, outputs) = grad.dims2()?;
        let grad = as_pictures(grad)?.contiguous()?;
        let (dx, dw) = self.conv.gradients((&self.x, &self.weight), &grad, wants)?;
        let flat = |gradient: Tensor, count: usize| gradient.reshape((count, ()));
        Ok((dx.map(|dx| flat(dx, rows)).transpose()?, dw.map(|dw| flat(dw, outputs)).transpose()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::init;
    use crate::random::{Purpose, stream};
    use candle_core::{Device, Var};

    fn distance(a: &Tensor, b: &Tensor) -> f32 {
        assert_eq!(a.dims(), b.dims());
        (a - b).unwrap().abs().unwrap().max_all().unwrap().to_scalar().unwrap()
    }

    #[test]
    fn products_and_gradients_are_those_of_candle() {
        let mut rng = stream(5, Purpose::Weights, 0);
        let mut random = |dims| init::uniform(dims, -1.0, 1.0, &mut rng, &Device::Cpu).unwrap();
        for (rows, inputs, outputs) in
            [(1, 1, 1), (1, 7, 130), (3, 100, 128), (64, 256, 1), (64, 65, 784), (200, 33, 40)]
        {
            let what = (rows, inputs, outputs);
            let (x, weight) = (random((rows, inputs)), random((outputs, inputs)));
            let grad = random((rows, outputs));
            let (xs, weights) = (Var::from_tensor(&x).unwrap(), Var::from_tensor(&weight).unwrap());
            let expected = xs.matmul(&weights.t().unwrap()).unwrap();
            let sum = (&expected * &grad).unwrap().sum_all().unwrap();
            let theirs = sum.backward().unwrap();
            let (y, product) = Linear::compute(&x, &weight).unwrap();
            assert!(distance(&y, &expected) < 1e-4, "{what:?}");
            assert!(distance(&linear(&x, &weight).unwrap(), &expected) < 1e-4, "{what:?}");
            let (dx, dw) = product.gradients(&grad, (true, true)).unwrap();
            assert!(distance(&dx.unwrap(), theirs.get(&xs).unwrap()) < 1e-4, "{what:?}");
            assert!(distance(&dw.unwrap(), theirs.get(&weights).unwrap()) < 1e-4, "{what:?}");
            let none = product.gradients(&grad, (false, false)).unwrap();
            assert!(none.0.is_none() && none.1.is_none());
        }
        let (x, weight) = (random((3, 4)), random((5, 6)));
        assert!(linear(&x, &weight).is_err());
    }
}
