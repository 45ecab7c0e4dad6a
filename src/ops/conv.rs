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
//! Each comes in three forms: [`direct`] for any window, [`winograd`] for the 4 × 4 windows two apart
//! of all DCGANs, in little more than half the products, and [`few`] for fewer windows than there are
//! channels. [`PreparedConv`] is for weights that stay as they are.

mod direct;
mod few;
mod prepared;
mod windows;
mod winograd;

pub use prepared::PreparedConv;

use super::geometry::{ConvGeometry, ConvShape};
use super::scratch::overwritten;
use super::values;
use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor, bail};

/// Which of the three kernels an operation runs; the arguments are in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kernel {
    /// (large, weight) → small.
    Gather,
    /// (small, weight) → large.
    Scatter,
    /// (small, large) → weight gradient.
    Weight,
}

/// How a kernel goes about it.
#[derive(Clone, Copy)]
enum Form {
    Winograd,
    Few,
    Direct,
}

/// Small channels for each window from which on windows are less work to arrange than weights.
const FEW: usize = 2;
/// The same where [`winograd`] would take fewer products, but has to transform the weights.
const VERY_FEW: usize = 4;

impl Form {
    fn of(kernel: Kernel, shape: &ConvShape) -> Self {
        let few = few::channels_per_window(shape);
        match winograd::suits(shape) {
            true if kernel != Kernel::Weight && few >= VERY_FEW => Self::Few,
            true => Self::Winograd,
            false if few >= FEW => Self::Few,
            false => Self::Direct,
        }
    }
}

/// One kernel as an operation of candle.
#[derive(Clone, Copy, Debug)]
pub(super) struct Conv {
    shape: ConvShape,
    kernel: Kernel,
}

impl Conv {
    /// The convolution of `x` with `w`.
    pub fn plain(x: &Tensor, w: &Tensor, geometry: ConvGeometry) -> Result<Self> {
        let shape = ConvShape::of_conv(x.dims(), w.dims(), geometry)?;
        Ok(Self { shape, kernel: Kernel::Gather })
    }

    /// The transposed convolution of `x` with `w`, without output padding.
    pub fn transposed(x: &Tensor, w: &Tensor, geometry: ConvGeometry) -> Result<Self> {
        let shape = ConvShape::of_transposed(x.dims(), w.dims(), geometry, (0, 0))?;
        Ok(Self { shape, kernel: Kernel::Scatter })
    }

    /// Gradients of `x` and `weight`, each if it is wanted, from that of the result; all contiguous.
    pub fn gradients(
        &self,
        (x, weight): (&Tensor, &Tensor),
        grad: &Tensor,
        (wants_x, wants_weight): (bool, bool),
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let run = |kernel, first: &Tensor, second: &Tensor| {
            first.apply_op2_no_bwd(second, &Self { shape: self.shape, kernel })
        };
        let (dx, dw): (Kernel, (&Tensor, &Tensor)) = match self.kernel {
            Kernel::Gather => (Kernel::Scatter, (grad, x)),
            Kernel::Scatter => (Kernel::Gather, (x, grad)),
            Kernel::Weight => bail!("the gradient of a gradient is not available"),
        };
        let dx = wants_x.then(|| run(dx, grad, weight)).transpose()?;
        let dw = wants_weight.then(|| run(Kernel::Weight, dw.0, dw.1)).transpose()?;
        Ok((dx, dw))
    }
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
        let dims = match self.kernel {
            Kernel::Gather => shape.small_dims(),
            Kernel::Scatter => shape.large_dims(),
            Kernel::Weight => shape.weight_dims(),
        };
        let form = Form::of(self.kernel, shape);
        let result = overwritten(dims.iter().product(), |to| match (self.kernel, form) {
            (Kernel::Gather, Form::Winograd) => winograd::gather(shape, first, second, to),
            (Kernel::Scatter, Form::Winograd) => winograd::scatter(shape, first, second, to),
            (Kernel::Weight, Form::Winograd) => winograd::weight_gradient(shape, first, second, to),
            (Kernel::Gather, Form::Few) => few::gather(shape, first, second, to),
            (Kernel::Scatter, Form::Few) => few::scatter(shape, first, second, to),
            (Kernel::Weight, Form::Few) => few::weight_gradient(shape, first, second, to),
            (Kernel::Gather, Form::Direct) => {
                let (layout, filters) = direct::gather_filters(shape, second);
                direct::gather(shape, first, (layout, &filters), to, |_| {});
            }
            (Kernel::Scatter, Form::Direct) => {
                let (layout, filters) = direct::scatter_filters(shape, second);
                direct::scatter(shape, first, (layout, &filters), to, |_| {});
            }
            (Kernel::Weight, Form::Direct) => direct::weight_gradient(shape, first, second, to),
        });
        Ok((CpuStorage::F32(result), dims.as_slice().into()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        _res: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        // Frozen weights and plain pictures ask for no gradient, and cost none.
        self.gradients((x, weight), &grad.contiguous()?, (x.track_op(), weight.track_op()))
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
