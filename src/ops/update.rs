//! What an optimiser does to its tensors, in place.

use super::{PARALLEL_VALUES, check_f32, message, values, vectorized};
use crate::error::Result;
use candle_core::{CpuStorage, Device, InplaceOp1, InplaceOp2, Layout, Storage, Tensor, Var};
use rayon::prelude::*;
use std::cell::RefCell;

/// Settings of one step of Adam. Kingma & Ba, "Adam", 2014 (arXiv:1412.6980), as PyTorch's
/// `torch.optim.Adam` computes it: bias-corrected, without weight decay.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamHyper {
    /// Learning rate.
    pub lr: f64,
    /// Decay of the gradient's running mean.
    pub beta1: f64,
    /// Decay of the squared gradient's running mean.
    pub beta2: f64,
    /// Added to the root of the squared gradient's mean.
    pub eps: f64,
    /// Number of this step; the first is 1.
    pub step: u64,
}

/// One step of Adam on `param`, whose gradient is `grad`. `moments` is `[2, numel]`, zeros at
/// first: the running means of the gradient and of its square, updated in place.
///
/// # Errors
/// When shapes or devices do not fit, or the tensors are not contiguous `f32`.
pub fn adam(param: &Var, grad: &Tensor, moments: &Tensor, hyper: AdamHyper) -> Result<()> {
    check_f32("adam", &[param, grad, moments])?;
    let count = param.elem_count();
    if grad.dims() != param.dims() || moments.dims() != [2, count] {
        return Err(message(format!(
            "adam: a parameter {:?} has a gradient {:?} and moments {:?}; they should be {:?} and \
             [2, {count}]",
            param.dims(),
            grad.dims(),
            moments.dims(),
            param.dims()
        )));
    }
    if count == 0 {
        return Ok(());
    }
    let grad = grad.detach().contiguous()?.flatten_all()?;
    if param.device().is_cpu() {
        let param = param.flatten_all()?;
        return Ok(moments.inplace_op2(&grad, &AdamStep { hyper, param: &param })?);
    }
    let first = moments.get(0)?;
    let first = (&first + ((&grad - &first)? * (1.0 - hyper.beta1))?)?;
    let second = ((moments.get(1)? * hyper.beta2)? + (grad.sqr()? * (1.0 - hyper.beta2))?)?;
    let Scales { step, root } = Scales::of(hyper);
    let change = (&first / ((second.sqrt()? * root)? + hyper.eps)?)?;
    let new = (param.as_detached_tensor().flatten_all()? - (change * step)?)?;
    copy(moments, &Tensor::stack(&[first, second], 0)?)?;
    copy(param, &new.reshape(param.shape())?)
}

/// `target += weight · (towards − target)`, in place: an exponential moving average.
///
/// # Errors
/// When shapes or devices do not fit, or the tensors are not `f32`, or `target` is not contiguous.
pub fn lerp(target: &Tensor, towards: &Tensor, weight: f64) -> Result<()> {
    check_pair("lerp", target, towards)?;
    let towards = towards.detach().contiguous()?;
    if target.device().is_cpu() {
        return Ok(target.inplace_op2(&towards, &Lerp(weight as f32))?);
    }
    let target = target.detach();
    copy(&target, &(&target + ((towards - &target)? * weight)?)?)
}

/// `target += other`, in place.
///
/// # Errors
/// When shapes or devices do not fit, or the tensors are not `f32`, or `target` is not contiguous.
pub fn add(target: &Tensor, other: &Tensor) -> Result<()> {
    check_pair("add", target, other)?;
    let other = other.detach().contiguous()?;
    if target.device().is_cpu() {
        return Ok(target.inplace_op2(&other, &Add)?);
    }
    let target = target.detach();
    copy(&target, &(&target + other)?)
}

/// Copies the values of `from` into `target`, in place.
///
/// # Errors
/// When shapes or devices do not fit, or the tensors are not `f32`, or `target` is not contiguous.
pub fn copy(target: &Tensor, from: &Tensor) -> Result<()> {
    check_pair("copy", target, from)?;
    if target.elem_count() == 0 {
        return Ok(());
    }
    let from = from.detach().contiguous()?.flatten_all()?;
    Ok(target.detach().flatten_all()?.slice_set(&from, 0, 0)?)
}

/// The L2 norm of all values of `tensors` together, a scalar on their device, which is not waited for.
///
/// # Errors
/// When the tensors are not `f32`, or not on one device.
pub fn norm(tensors: &[&Tensor]) -> Result<Tensor> {
    check_f32("norm", tensors)?;
    if tensors.iter().any(|tensor| !tensor.device().is_cpu()) {
        let squares = tensors.iter().map(|tensor| tensor.detach().sqr()?.sum_all());
        let squares = squares.collect::<candle_core::Result<Vec<_>>>()?;
        return Ok(Tensor::stack(&squares, 0)?.sum_all()?.sqrt()?);
    }
    let mut sum = 0.0;
    for tensor in tensors {
        sum += sum_of_squares(&tensor.contiguous()?)?;
    }
    Ok(Tensor::new(sum.sqrt() as f32, &Device::Cpu)?)
}

/// Of a contiguous tensor in main memory. The order of the sum depends on its length alone.
fn sum_of_squares(tensor: &Tensor) -> Result<f64> {
    let (storage, layout) = tensor.storage_and_layout();
    let Storage::Cpu(storage) = &*storage else {
        return Err(message("norm: the tensor is not in main memory".into()));
    };
    let sums: Vec<f64> = values("norm", storage, layout)?
        .par_chunks(PARALLEL_VALUES)
        .map(|part| {
            // Lanes side by side, which the compiler turns into vectors; as many as wait for no sum.
            let mut lanes = [0.0f64; 32];
            let square = |value: &f32| f64::from(*value) * f64::from(*value);
            let (whole, rest) = part.as_chunks::<32>();
            vectorized!(for values in whole {
                for (lane, value) in lanes.iter_mut().zip(values) {
                    *lane += square(value);
                }
            });
            lanes.iter().sum::<f64>() + rest.iter().map(square).sum::<f64>()
        })
        .collect();
    Ok(sums.iter().sum())
}

/// Both tensors are `f32`, of one shape and on one device; the target can be written to.
fn check_pair(op: &str, target: &Tensor, other: &Tensor) -> Result<()> {
    check_f32(op, &[target, other])?;
    if target.dims() != other.dims() {
        return Err(message(format!(
            "{op}: the tensors have different shapes, {:?} and {:?}",
            target.dims(),
            other.dims()
        )));
    }
    if !target.is_contiguous() {
        return Err(message(format!("{op}: the target must be contiguous")));
    }
    Ok(())
}

/// Adam's bias corrections: `param -= step · m / (root · √v + eps)`.
struct Scales {
    step: f64,
    root: f64,
}

impl Scales {
    fn of(hyper: AdamHyper) -> Self {
        let correction = |beta: f64| 1.0 - beta.powf(hyper.step.max(1) as f64);
        Self {
            step: hyper.lr / correction(hyper.beta1),
            root: 1.0 / correction(hyper.beta2).sqrt(),
        }
    }
}

/// Calls `update` on neighbouring pieces of two slices, over the rayon pool.
fn in_parallel(target: &mut [f32], other: &[f32], update: impl Fn(&mut f32, f32) + Sync) {
    target.par_chunks_mut(PARALLEL_VALUES).zip(other.par_chunks(PARALLEL_VALUES)).for_each(
        |(target, other)| {
            vectorized!(for (target, other) in target.iter_mut().zip(other) {
                update(target, *other);
            });
        },
    );
}

/// The values of a contiguous tensor, to be written to.
fn values_mut<'a>(
    op: &str,
    storage: &'a mut CpuStorage,
    layout: &Layout,
) -> candle_core::Result<&'a mut [f32]> {
    let CpuStorage::F32(data) = storage else { candle_core::bail!("{op} works on f32 tensors") };
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&mut data[start..end]),
        None => candle_core::bail!("{op} needs contiguous tensors"),
    }
}

/// Moments `[2, N]` and the parameter `[N]` from a gradient `[N]`, in one pass over all of them.
struct AdamStep<'a> {
    hyper: AdamHyper,
    param: &'a Tensor,
}

impl InplaceOp2 for AdamStep<'_> {
    fn name(&self) -> &'static str {
        "adam"
    }

    fn cpu_fwd(
        &self,
        moments: &mut CpuStorage,
        moments_layout: &Layout,
        grad: &CpuStorage,
        grad_layout: &Layout,
    ) -> candle_core::Result<()> {
        let grad = values(self.name(), grad, grad_layout)?;
        let moments = values_mut(self.name(), moments, moments_layout)?;
        let moments = RefCell::new(moments.split_at_mut(grad.len()));
        // candle lends one tensor to be written to: here is the other.
        self.param.inplace_op1(&ParameterStep { hyper: self.hyper, grad, moments })
    }
}

/// What [`AdamStep`] does, once all its tensors are at hand.
struct ParameterStep<'a> {
    hyper: AdamHyper,
    grad: &'a [f32],
    /// The running means of the gradient and of its square.
    moments: RefCell<(&'a mut [f32], &'a mut [f32])>,
}

impl InplaceOp1 for ParameterStep<'_> {
    fn name(&self) -> &'static str {
        "adam"
    }

    fn cpu_fwd(&self, param: &mut CpuStorage, layout: &Layout) -> candle_core::Result<()> {
        let param = values_mut(self.name(), param, layout)?;
        let (first, second) = &mut *self.moments.borrow_mut();
        let rate = (1.0 - self.hyper.beta1) as f32;
        let (keep, take) = (self.hyper.beta2 as f32, (1.0 - self.hyper.beta2) as f32);
        let scales = Scales::of(self.hyper);
        let (step, root, eps) = (scales.step as f32, scales.root as f32, self.hyper.eps as f32);
        param
            .par_chunks_mut(PARALLEL_VALUES)
            .zip(first.par_chunks_mut(PARALLEL_VALUES))
            .zip(second.par_chunks_mut(PARALLEL_VALUES))
            .zip(self.grad.par_chunks(PARALLEL_VALUES))
            .for_each(|(((param, first), second), grad)| {
                let values = param.iter_mut().zip(first).zip(second).zip(grad);
                vectorized!(for (((param, first), second), grad) in values {
                    *first += rate * (grad - *first);
                    *second = keep * *second + take * grad * grad;
                    *param -= step * *first / (root * second.sqrt() + eps);
                });
            });
        Ok(())
    }
}

/// `target += weight · (towards − target)`.
struct Lerp(f32);

impl InplaceOp2 for Lerp {
    fn name(&self) -> &'static str {
        "lerp"
    }

    fn cpu_fwd(
        &self,
        target: &mut CpuStorage,
        target_layout: &Layout,
        towards: &CpuStorage,
        towards_layout: &Layout,
    ) -> candle_core::Result<()> {
        let towards = values(self.name(), towards, towards_layout)?;
        let target = values_mut(self.name(), target, target_layout)?;
        in_parallel(
            target,
            towards,
            #[inline(always)]
            |target, towards| *target += self.0 * (towards - *target),
        );
        Ok(())
    }
}

/// `target += other`.
struct Add;

impl InplaceOp2 for Add {
    fn name(&self) -> &'static str {
        "add"
    }

    fn cpu_fwd(
        &self,
        target: &mut CpuStorage,
        target_layout: &Layout,
        other: &CpuStorage,
        other_layout: &Layout,
    ) -> candle_core::Result<()> {
        let other = values(self.name(), other, other_layout)?;
        let target = values_mut(self.name(), target, target_layout)?;
        in_parallel(
            target,
            other,
            #[inline(always)]
            |target, other| *target += other,
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::DType;

    #[test]
    fn averages_and_copies_change_the_tensor_itself() {
        let target = Tensor::new(&[[1f32, 2.0], [3.0, 4.0]], &Device::Cpu).unwrap();
        let towards = Tensor::new(&[[3f32, 2.0], [1.0, 0.0]], &Device::Cpu).unwrap();
        let seen_elsewhere = target.clone();
        lerp(&target, &towards, 0.25).unwrap();
        assert_eq!(seen_elsewhere.to_vec2::<f32>().unwrap(), [[1.5, 2.0], [2.5, 3.0]]);
        copy(&target, &towards.t().unwrap()).unwrap();
        assert_eq!(seen_elsewhere.to_vec2::<f32>().unwrap(), [[3.0, 1.0], [2.0, 0.0]]);
        add(&target, &towards.t().unwrap()).unwrap();
        assert_eq!(seen_elsewhere.to_vec2::<f32>().unwrap(), [[6.0, 2.0], [4.0, 0.0]]);
        assert!(add(&target, &towards.narrow(0, 0, 1).unwrap()).is_err());
    }

    #[test]
    fn a_norm_is_over_all_tensors_together() {
        let long: Vec<f32> = (0..50_001).map(|i| (i as f32 * 0.37).sin()).collect();
        let expected = long.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>() + 16.0 + 9.0;
        let long = Tensor::new(long, &Device::Cpu).unwrap();
        let short = Tensor::new(&[[0f32, -4.0], [3.0, 0.0]], &Device::Cpu).unwrap().t().unwrap();
        let norm = |tensors: &[&Tensor]| norm(tensors).unwrap().to_scalar::<f32>().unwrap();
        assert_eq!(norm(&[&long, &short]), expected.sqrt() as f32);
        assert_eq!(norm(&[]), 0.0);
        let odd = Tensor::new(&[1f32, f32::NAN], &Device::Cpu).unwrap();
        assert!(norm(&[&odd]).is_nan());
    }

    #[test]
    fn wrong_arguments_are_errors() {
        let zeros = |dims: &[usize]| Tensor::zeros(dims, DType::F32, &Device::Cpu).unwrap();
        let param = Var::from_tensor(&zeros(&[3, 2])).unwrap();
        let hyper = AdamHyper { lr: 0.1, beta1: 0.5, beta2: 0.999, eps: 1e-8, step: 1 };
        assert!(adam(&param, &zeros(&[6]), &zeros(&[2, 6]), hyper).is_err());
        assert!(adam(&param, &zeros(&[3, 2]), &zeros(&[2, 5]), hyper).is_err());
        assert!(lerp(&param, &zeros(&[2, 3]), 0.5).is_err());
        assert!(copy(&zeros(&[2, 3]).t().unwrap(), &param).is_err());
        adam(&param, &zeros(&[3, 2]), &zeros(&[2, 6]), hyper).unwrap();
    }
}
