//! Convolution and transposed convolution on the CPU, with gradients.
//!
//! Three kernels between the small and the large side of a [`ConvShape`], each the gradient of
//! another:
//!
//! | kernel | computes | is also |
//! |---|---|---|
//! | gather | small = W · windows(large) | input gradient of the transposed convolution |
//! | scatter | large = sum of Wᵀ · small over windows | input gradient of the convolution |
//! | weight gradient | dW = small · windows(large)ᵀ | of both |
//!
//! Each comes in two forms: [`direct`] for any window, [`winograd`] for the 4 × 4 windows two apart of
//! all DCGANs, in little more than half the products. [`PreparedConv`] is for weights that stay as
//! they are.

mod direct;
mod prepared;
mod windows;
mod winograd;

pub use prepared::PreparedConv;

use super::geometry::ConvShape;
use super::values;
use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor, bail};

/// Which of the three kernels an operation runs; the arguments are in this order.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kernel {
    /// (large, weight) → small.
    Gather,
    /// (small, weight) → large.
    Scatter,
    /// (small, large) → weight gradient.
    Weight,
}

/// A kernel: from the sizes and the two arguments to the values of the result.
type Function = fn(&ConvShape, &[f32], &[f32]) -> Vec<f32>;

/// One kernel as an operation of candle.
struct Conv {
    shape: ConvShape,
    kernel: Kernel,
}

impl CustomOp2 for Conv {
    fn name(&self) -> &'static str {
        match self.kernel {
            Kernel::Gather => "conv2d",
            Kernel::Scatter => "conv_transpose2d",
            Kernel::Weight => "conv weight gradient",
        }
    }

    fn cpu_fwd(
        &self,
        s1: &CpuStorage,
        l1: &Layout,
        s2: &CpuStorage,
        l2: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let first = values(self.name(), s1, l1)?;
        let second = values(self.name(), s2, l2)?;
        let shape = &self.shape;
        let (kernel, dims): (Function, _) = match (self.kernel, winograd::suits(shape)) {
            (Kernel::Gather, true) => (winograd::gather, shape.small_dims()),
            (Kernel::Gather, false) => (direct::gather, shape.small_dims()),
            (Kernel::Scatter, true) => (winograd::scatter, shape.large_dims()),
            (Kernel::Scatter, false) => (direct::scatter, shape.large_dims()),
            (Kernel::Weight, true) => (winograd::weight_gradient, shape.weight_dims()),
            (Kernel::Weight, false) => (direct::weight_gradient, shape.weight_dims()),
        };
        let result = kernel(shape, first, second);
        Ok((CpuStorage::F32(result), dims.as_slice().into()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        _res: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let grad = grad.contiguous()?;
        let run = |kernel, first: &Tensor, second: &Tensor| {
            first.apply_op2_no_bwd(second, &Self { shape: self.shape, kernel })
        };
        let (dx, dw): (Kernel, (&Tensor, &Tensor)) = match self.kernel {
            Kernel::Gather => (Kernel::Scatter, (&grad, x)),
            Kernel::Scatter => (Kernel::Gather, (x, &grad)),
            Kernel::Weight => bail!("the gradient of a gradient is not available"),
        };
        // Frozen weights and plain pictures ask for no gradient, and cost none.
        let dx = x.track_op().then(|| run(dx, &grad, weight)).transpose()?;
        let dw = weight.track_op().then(|| run(Kernel::Weight, dw.0, dw.1)).transpose()?;
        Ok((dx, dw))
    }
}

/// The convolution of checked, contiguous tensors.
pub(super) fn conv2d(x: &Tensor, w: &Tensor, shape: ConvShape) -> Result<Tensor> {
    x.apply_op2(w, Conv { shape, kernel: Kernel::Gather })
}

/// The transposed convolution of checked, contiguous tensors.
pub(super) fn conv_transpose2d(x: &Tensor, w: &Tensor, shape: ConvShape) -> Result<Tensor> {
    x.apply_op2(w, Conv { shape, kernel: Kernel::Scatter })
}
