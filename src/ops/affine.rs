//! A scale and a shift for each channel, with the activation behind them, in one pass over
//! memory: bias + activation, batch norm with fixed statistics, and batch norm in training.
//!
//! Batch norm: Ioffe & Szegedy, "Batch Normalization", 2015 (arXiv:1502.03167).

use super::activation::Activation;
use super::channels::{Affine, Backward, Rows, Terms};
use super::values;
use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor};
use std::sync::Arc;

/// What the channels of the batch measured, each `[C]`.
#[derive(Debug)]
struct Moments {
    mean: Vec<f32>,
    inverse_deviation: Vec<f32>,
}

/// Mean and biased variance of each channel.
type Measured = Vec<(f64, f64)>;

/// Everything known of an operation apart from its tensors.
#[derive(Debug)]
pub(super) struct Plan {
    rows: Rows,
    affine: Affine,
    activation: Activation,
    /// For each channel, where scale and shift were made from the batch itself.
    moments: Option<Moments>,
}

/// (x, scale, shift) or, with moments, (x, weight, bias) → y.
struct AffineOp(Arc<Plan>);

/// `f(x · scale[c] + shift[c])` for checked, contiguous tensors, and what its way back needs.
pub(super) fn scale_shift(
    x: &Tensor,
    scale: &Tensor,
    shift: &Tensor,
    activation: Activation,
) -> Result<(Tensor, Arc<Plan>)> {
    let rows = Rows::of("scale_shift", x.dims())?;
    let affine = Affine { scale: scale.to_vec1()?, shift: shift.to_vec1()? };
    let plan = Arc::new(Plan { rows, affine, activation, moments: None });
    Ok((x.apply_op3(scale, shift, AffineOp(plan.clone()))?, plan))
}

/// Batch norm with the statistics of this batch, for checked, contiguous tensors.
///
/// Also returns what was measured, and what the way back needs.
pub(super) fn batch_norm(
    x: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    eps: f64,
    activation: Activation,
) -> Result<(Tensor, Measured, Arc<Plan>)> {
    let rows = Rows::of("batch_norm", x.dims())?;
    let measured = {
        let (storage, layout) = x.storage_and_layout();
        match &*storage {
            candle_core::Storage::Cpu(storage) => {
                rows.moments(values("batch_norm", storage, layout)?)
            }
            _ => candle_core::bail!("batch_norm: this kernel runs on the CPU only"),
        }
    };
    let (mut scale, mut shift) = (Vec::new(), Vec::new());
    let mut moments = Moments { mean: Vec::new(), inverse_deviation: Vec::new() };
    let constants = weight.to_vec1::<f32>()?.into_iter().zip(bias.to_vec1::<f32>()?);
    for ((weight, bias), (mean, variance)) in constants.zip(&measured) {
        let inverse_deviation = 1.0 / (variance + eps).sqrt();
        let factor = f64::from(weight) * inverse_deviation;
        scale.push(factor as f32);
        shift.push((f64::from(bias) - mean * factor) as f32);
        moments.mean.push(*mean as f32);
        moments.inverse_deviation.push(inverse_deviation as f32);
    }
    let affine = Affine { scale, shift };
    let plan = Arc::new(Plan { rows, affine, activation, moments: Some(moments) });
    Ok((x.apply_op3(weight, bias, AffineOp(plan.clone()))?, measured, plan))
}

impl CustomOp3 for AffineOp {
    fn name(&self) -> &'static str {
        if self.0.moments.is_some() { "batch_norm" } else { "scale_shift" }
    }

    fn cpu_fwd(
        &self,
        storage: &CpuStorage,
        layout: &Layout,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let x = values(self.name(), storage, layout)?;
        let y = self.0.rows.affine(x, &self.0.affine, self.0.activation);
        Ok((CpuStorage::F32(y), layout.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        scale: &Tensor,
        shift: &Tensor,
        y: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let grad = grad.contiguous()?;
        let wants_constants = scale.track_op() || shift.track_op();
        let (dx, constants) = self.0.gradients((x, y, &grad), x.track_op(), wants_constants)?;
        let [dscale, dshift] = constants.map_or([None, None], |constants| constants.map(Some));
        let wanted = |of: &Tensor, grad: Option<Tensor>| grad.filter(|_| of.track_op());
        Ok((dx, wanted(scale, dscale), wanted(shift, dshift)))
    }
}

impl Plan {
    /// From x, y and the gradient of y, all contiguous, to the gradient of x and to those of both
    /// constants `[C]`, each if it is wanted.
    pub fn gradients(
        self: &Arc<Self>,
        (x, y, grad): (&Tensor, &Tensor, &Tensor),
        wants_x: bool,
        wants_constants: bool,
    ) -> Result<(Option<Tensor>, Option<[Tensor; 2]>)> {
        let sums = if wants_constants || self.moments.is_some() {
            x.apply_op3_no_bwd(y, grad, &GradientSums(self.clone()))?.to_vec2::<f32>()?
        } else {
            vec![Vec::new(); 2]
        };
        let [centred, plain] = sums.as_slice() else {
            candle_core::bail!("two sums a channel were expected")
        };
        let input = || {
            let op = InputGradient { plan: self.clone(), terms: self.input_terms(centred, plain) };
            x.apply_op3_no_bwd(y, grad, &op)
        };
        let dx = wants_x.then(input).transpose()?;
        if !wants_constants {
            return Ok((dx, None));
        }
        let dscale: Vec<f32> = match &self.moments {
            Some(moments) => {
                centred.iter().zip(&moments.inverse_deviation).map(|(s, d)| s * d).collect()
            }
            None => centred.clone(),
        };
        let tensor = |data: Vec<f32>| Tensor::from_vec(data, self.rows.channels, x.device());
        Ok((dx, Some([tensor(dscale)?, tensor(plain.clone())?])))
    }

    /// dx as a function of the gradient in front of the activation, for each channel.
    ///
    /// With `centred` = Σ g (x − mean) and `plain` = Σ g over the channel's N values, batch norm has
    /// dx = scale · (g − plain / N − (x − mean) · centred / (N · variance)).
    fn input_terms(&self, centred: &[f32], plain: &[f32]) -> Terms {
        let scale = self.affine.scale.clone();
        let Some(Moments { mean, inverse_deviation }) = &self.moments else {
            let zero = vec![0.0; scale.len()];
            return Terms { scale, slope: zero.clone(), centre: zero.clone(), offset: zero };
        };
        let count = self.rows.rows as f32;
        let slopes = scale.iter().zip(inverse_deviation).zip(centred);
        let slope: Vec<f32> =
            slopes.map(|((s, d), centred)| -s * d * d * centred / count).collect();
        let offset = scale.iter().zip(plain).map(|(s, plain)| -s * plain / count).collect();
        Terms { scale, slope, centre: mean.clone(), offset }
    }
}

/// The three tensors of a backward pass.
fn backward<'a>(op: &str, tensors: [(&'a CpuStorage, &Layout); 3]) -> Result<Backward<'a>> {
    let [x, y, grad] = tensors.map(|(storage, layout)| values(op, storage, layout));
    Ok(Backward { x: x?, y: y?, grad: grad? })
}

/// (x, y, dy) → `[2, C]`: Σ g (x − mean) and Σ g of each channel.
struct GradientSums(Arc<Plan>);

impl CustomOp3 for GradientSums {
    fn name(&self) -> &'static str {
        "batch_norm gradient sums"
    }

    fn cpu_fwd(
        &self,
        s1: &CpuStorage,
        l1: &Layout,
        s2: &CpuStorage,
        l2: &Layout,
        s3: &CpuStorage,
        l3: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let Plan { rows, affine, activation, moments } = &*self.0;
        let data = backward(self.name(), [(s1, l1), (s2, l2), (s3, l3)])?;
        let zero = vec![0.0; rows.channels];
        let centre = moments.as_ref().map_or(&zero, |moments| &moments.mean);
        let sums = rows.gradient_sums(data, affine, centre, *activation);
        let centred = sums.iter().map(|sum| sum[0] as f32);
        let all = centred.chain(sums.iter().map(|sum| sum[1] as f32)).collect();
        Ok((CpuStorage::F32(all), (2, rows.channels).into()))
    }
}

/// (x, y, dy) → dx.
struct InputGradient {
    plan: Arc<Plan>,
    terms: Terms,
}

impl CustomOp3 for InputGradient {
    fn name(&self) -> &'static str {
        "batch_norm input gradient"
    }

    fn cpu_fwd(
        &self,
        s1: &CpuStorage,
        l1: &Layout,
        s2: &CpuStorage,
        l2: &Layout,
        s3: &CpuStorage,
        l3: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let Plan { rows, affine, activation, .. } = &*self.plan;
        let data = backward(self.name(), [(s1, l1), (s2, l2), (s3, l3)])?;
        let dx = rows.input_gradient(data, affine, &self.terms, *activation);
        Ok((CpuStorage::F32(dx), l1.shape().clone()))
    }
}
