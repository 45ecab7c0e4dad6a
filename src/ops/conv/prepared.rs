//! Convolutions whose weights no longer change, for drawing one picture after another.
//!
//! The scale of a batch norm with fixed statistics is folded into the weights, which are laid out
//! once as the product reads them; shift and activation are applied to each line of the result
//! while it is still in the cache.

use super::{direct, winograd};
use crate::error::Result;
use crate::ops::activation::{Activation, Curve, with_curve};
use crate::ops::gemm::Layout;
use crate::ops::geometry::{ConvGeometry, ConvShape};
use crate::ops::scratch::overwritten;
use crate::ops::{check_f32, check_per_channel, values, vectorized};
use candle_core::{DType, Storage, Tensor};

/// Values of the small side from which on fewer products are worth the transforms, of the weights
/// too, that they take: measured with 32 to 1,024 channels and 16 to 4,096 windows.
const LEAST_WORK: usize = 256 << 10;

/// A (transposed) convolution, its norm or bias and its activation, as one step without gradients.
#[derive(Debug)]
pub struct PreparedConv {
    /// As PyTorch has them, for the sizes.
    weight_dims: Vec<usize>,
    geometry: ConvGeometry,
    transposed: bool,
    filters: Vec<f32>,
    layout: Layout,
    shift: Vec<f32>,
    activation: Activation,
}

impl PreparedConv {
    /// Prepares `activation(conv(x, w) · scale[c] + shift[c])`, with `w` as for
    /// [`conv2d`](crate::ops::conv2d), or as for [`conv_transpose2d`](crate::ops::conv_transpose2d)
    /// if `transposed`. `scale` and `shift` are `[C_out]`; without them they are 1 and 0.
    ///
    /// # Errors
    /// When the tensors are not `f32` on the CPU, or their shapes do not fit.
    pub fn new(
        weight: &Tensor,
        geometry: ConvGeometry,
        transposed: bool,
        (scale, shift): (Option<&Tensor>, Option<&Tensor>),
        activation: Activation,
    ) -> Result<Self> {
        check_f32("a prepared convolution", &[weight])?;
        let (first, second, kh, kw) = weight.dims4()?;
        let channels = if transposed { second } else { first };
        let constant = |given: Option<&Tensor>, value: f32| match given {
            Some(tensor) => Ok(tensor.clone()),
            None => Tensor::full(value, channels, weight.device()),
        };
        let (scale, shift) = (constant(scale, 1.0)?, constant(shift, 0.0)?);
        check_per_channel("a prepared convolution", weight, channels, &[&scale, &shift])?;
        let along = if transposed { (1, channels, 1, 1) } else { (channels, 1, 1, 1) };
        let folded = weight.detach().broadcast_mul(&scale.detach().reshape(along)?)?;
        let folded = folded.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>()?;
        let small = (1, 1);
        let shape = ConvShape {
            batch: 1,
            small_channels: first,
            small,
            large_channels: second,
            large: (kh, kw),
            kernel: (kh, kw),
            geometry,
        };
        let (layout, filters) = if transposed {
            direct::scatter_filters(&shape, &folded)
        } else {
            direct::gather_filters(&shape, &folded)
        };
        Ok(Self {
            weight_dims: weight.dims().to_vec(),
            geometry,
            transposed,
            filters,
            layout,
            shift: shift.detach().to_vec1()?,
            activation,
        })
    }

    /// Whether a batch of these dimensions is better served here than by the kernels that transform
    /// their weights first.
    pub fn suits(&self, x: &Tensor) -> bool {
        self.shape(x).is_ok_and(|shape| {
            let windows = shape.windows();
            windows * shape.small_channels < LEAST_WORK || !winograd::suits(&shape)
        })
    }

    fn shape(&self, x: &Tensor) -> candle_core::Result<ConvShape> {
        if self.transposed {
            ConvShape::of_transposed(x.dims(), &self.weight_dims, self.geometry, (0, 0))
        } else {
            ConvShape::of_conv(x.dims(), &self.weight_dims, self.geometry)
        }
    }

    /// The result for `x` `[B, H, W, C_in]`, which is on the CPU.
    ///
    /// # Errors
    /// When `x` has another shape or type than the weights take.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        check_f32("a prepared convolution", &[x])?;
        let shape = self.shape(x)?;
        let x = x.contiguous()?;
        let (storage, layout) = x.storage_and_layout();
        let Storage::Cpu(storage) = &*storage else {
            return Err(crate::ops::message("a prepared convolution runs on the CPU only".into()));
        };
        let input = values("a prepared convolution", storage, layout)?;
        let dims = if self.transposed { shape.large_dims() } else { shape.small_dims() };
        let filters = (self.layout, &self.filters[..]);
        let output = overwritten(dims.iter().product(), |output| {
            if self.transposed {
                direct::scatter(&shape, input, filters, output, |pixels| self.finish(pixels));
            } else {
                direct::gather(&shape, input, filters, output, |pixels| self.finish(pixels));
            }
        });
        Ok(Tensor::from_vec(output, &dims, x.device())?)
    }

    /// Shift and activation of whole pixels.
    fn finish(&self, pixels: &mut [f32]) {
        let channels = self.shift.len();
        with_curve!(self.activation, curve => vectorized!( {
            let shift = &self.shift[..channels];
            for pixel in pixels.chunks_exact_mut(channels) {
                for c in 0..channels {
                    pixel[c] = curve.value(pixel[c] + shift[c]);
                }
            }
        }));
    }
}
