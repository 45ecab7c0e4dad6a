//! Activation functions, with gradients; any shape.

use super::scratch::overwritten;
use super::{PARALLEL_VALUES, values, vectorized};
use candle_core::{CpuStorage, CustomOp1, CustomOp3, Layout, Result, Shape, Tensor};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// What follows a layer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// `x`.
    Linear,
    /// `max(x, 0)`.
    Relu,
    /// `x` above zero, `slope · x` below. DCGAN's discriminator uses 0.2.
    LeakyRelu(f32),
    /// Hyperbolic tangent, to (−1, 1).
    Tanh,
    /// `1 / (1 + exp(−x))`, to (0, 1).
    Sigmoid,
    /// `x` above zero, `exp(x) − 1` below (Clevert et al. 2016, "Fast and accurate deep network
    /// learning by exponential linear units").
    Elu,
    /// ELU with the two constants that keep mean and variance (Klambauer et al. 2017,
    /// "Self-normalizing neural networks").
    Selu,
}

/// Factor and depth of [`Activation::Selu`].
pub(super) const SELU: (f32, f32) = (1.050_701, 1.673_263_2);

impl Activation {
    /// In words: `leaky ReLU of slope 0.2`.
    pub fn words(self) -> String {
        match self {
            Self::Linear => "nothing".into(),
            Self::Relu => "ReLU".into(),
            Self::LeakyRelu(slope) => format!("leaky ReLU of slope {slope}"),
            Self::Tanh => "tanh".into(),
            Self::Sigmoid => "sigmoid".into(),
            Self::Elu => "ELU".into(),
            Self::Selu => "SELU".into(),
        }
    }
}

/// A differentiable function of one number.
pub(super) trait Curve: Copy + Send + Sync {
    /// `f(x)`.
    fn value(self, x: f32) -> f32;
    /// `f'(x)`, where `y` is `f(x)`.
    fn slope(self, x: f32, y: f32) -> f32;
}

#[derive(Clone, Copy)]
pub(super) struct Identity;
#[derive(Clone, Copy)]
pub(super) struct Rectifier(pub f32);
#[derive(Clone, Copy)]
pub(super) struct HyperbolicTangent;
#[derive(Clone, Copy)]
pub(super) struct Logistic;
/// A factor, and how deep it goes below zero before that.
#[derive(Clone, Copy)]
pub(super) struct Exponential(pub f32, pub f32);

impl Curve for Identity {
    #[inline(always)]
    fn value(self, x: f32) -> f32 {
        x
    }
    #[inline(always)]
    fn slope(self, _: f32, _: f32) -> f32 {
        1.0
    }
}

impl Curve for Rectifier {
    #[inline(always)]
    fn value(self, x: f32) -> f32 {
        if x > 0.0 { x } else { x * self.0 }
    }
    #[inline(always)]
    fn slope(self, x: f32, _: f32) -> f32 {
        if x > 0.0 { 1.0 } else { self.0 }
    }
}

impl Curve for HyperbolicTangent {
    #[inline(always)]
    fn value(self, x: f32) -> f32 {
        tanh(x)
    }
    #[inline(always)]
    fn slope(self, _: f32, y: f32) -> f32 {
        1.0 - y * y
    }
}

impl Curve for Logistic {
    fn value(self, x: f32) -> f32 {
        1.0 / (1.0 + (-x).exp())
    }
    fn slope(self, _: f32, y: f32) -> f32 {
        y * (1.0 - y)
    }
}

impl Curve for Exponential {
    fn value(self, x: f32) -> f32 {
        self.0 * if x > 0.0 { x } else { self.1 * x.exp_m1() }
    }
    fn slope(self, x: f32, y: f32) -> f32 {
        if x > 0.0 { self.0 } else { y + self.0 * self.1 }
    }
}

/// Hyperbolic tangent to the last two bits, without a call or a branch, so that loops over it run on
/// whole registers. The coefficients are those of `tanhf` and `expf` in Moshier's Cephes library
/// (netlib).
#[inline(always)]
fn tanh(x: f32) -> f32 {
    let size = x.abs();
    let square = x * x;
    let near = [2.063_909e-2, -5.373_971_6e-2, 1.333_144_2e-1, -3.333_328e-1];
    let near = near.iter().fold(-5.704_988_7e-3f32, |sum, next| sum * square + next);
    let near = near * square * size + size;
    // Far from zero 1 − 2 / (e^2x + 1); from 9.1 on that is 1.
    let power = 2.0 * size.min(9.1);
    let twos = (power * std::f32::consts::LOG2_E + 0.5) as i32;
    let rest = power - twos as f32 * 0.693_359_4 - twos as f32 * -2.121_944_4e-4;
    let tail = [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5];
    let tail = tail.iter().fold(1.987_569_1e-4f32, |sum, next| sum * rest + next);
    let exponential =
        (tail * rest * rest + rest + 1.0) * f32::from_bits(((twos + 127) as u32) << 23);
    let far = 1.0 - 2.0 / (exponential + 1.0);
    let size = if size < 0.625 { near } else { far };
    if x.is_nan() { x } else { size.copysign(x) }
}

/// Evaluates an expression with `$curve` bound to the curve of an [`Activation`], so that the
/// loops inside are compiled once for each.
macro_rules! with_curve {
    ($activation:expr, $curve:ident => $body:expr) => {{
        use $crate::ops::activation as curves;
        match $activation {
            curves::Activation::Linear => {
                let $curve = curves::Identity;
                $body
            }
            curves::Activation::Relu => {
                let $curve = curves::Rectifier(0.0);
                $body
            }
            curves::Activation::LeakyRelu(slope) => {
                let $curve = curves::Rectifier(slope);
                $body
            }
            curves::Activation::Tanh => {
                let $curve = curves::HyperbolicTangent;
                $body
            }
            curves::Activation::Sigmoid => {
                let $curve = curves::Logistic;
                $body
            }
            curves::Activation::Elu => {
                let $curve = curves::Exponential(1.0, 1.0);
                $body
            }
            curves::Activation::Selu => {
                let $curve = curves::Exponential(curves::SELU.0, curves::SELU.1);
                $body
            }
        }
    }};
}
pub(super) use with_curve;

/// An activation on its own, for any shape.
pub(super) struct Activate(pub Activation);

impl CustomOp1 for Activate {
    fn name(&self) -> &'static str {
        "activate"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = values(self.name(), storage, layout)?;
        let y = overwritten(x.len(), |y| {
            with_curve!(self.0, curve => {
                y.par_chunks_mut(PARALLEL_VALUES).zip(x.par_chunks(PARALLEL_VALUES)).for_each(
                    |(y, x)| vectorized!( {
                        y.iter_mut().zip(x).for_each(|(y, x)| *y = curve.value(*x));
                    }),
                );
            });
        });
        Ok((CpuStorage::F32(y), layout.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, y: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let op = ActivateGradient(self.0);
        x.apply_op3_no_bwd(y, &grad.contiguous()?, &op).map(Some)
    }
}

/// (x, y, dy) → dx.
pub(super) struct ActivateGradient(pub Activation);

impl CustomOp3 for ActivateGradient {
    fn name(&self) -> &'static str {
        "activate gradient"
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
        let x = values(self.name(), s1, l1)?;
        let y = values(self.name(), s2, l2)?;
        let grad = values(self.name(), s3, l3)?;
        let dx = overwritten(x.len(), |dx| {
            with_curve!(self.0, curve => {
                dx.par_chunks_mut(PARALLEL_VALUES)
                    .zip(x.par_chunks(PARALLEL_VALUES))
                    .zip(y.par_chunks(PARALLEL_VALUES))
                    .zip(grad.par_chunks(PARALLEL_VALUES))
                    .for_each(|(((dx, x), y), grad)| vectorized!( {
                        for (((dx, x), y), grad) in dx.iter_mut().zip(x).zip(y).zip(grad) {
                            *dx = grad * curve.slope(*x, *y);
                        }
                    }));
            });
        });
        Ok((CpuStorage::F32(dx), l1.shape().clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tanh_is_that_of_the_library() {
        let mut worst = 0.0f64;
        for step in -120_000..=120_000 {
            let x = step as f32 * 1e-4;
            let exact = f64::from(x).tanh();
            let error = (f64::from(tanh(x)) - exact).abs() / exact.abs().max(1e-3);
            worst = worst.max(error);
        }
        assert!(worst < 3e-7, "{worst}");
        for x in [f32::INFINITY, 1e30, 100.0, 9.1] {
            assert_eq!((tanh(x), tanh(-x)), (1.0, -1.0), "{x}");
        }
        assert_eq!((tanh(0.0), tanh(1e-30), tanh(-1e-30)), (0.0, 1e-30, -1e-30));
        assert!(tanh(f32::NAN).is_nan());
    }
    /// Values are those of the definitions, slopes those of finite differences.
    #[test]
    fn exponential_ones_are_those_of_their_papers() {
        let elu = |x: f64| if x > 0.0 { x } else { x.exp() - 1.0 };
        let selu =
            |x: f64| 1.050_700_987_355 * if x > 0.0 { x } else { 1.673_263_242_354 * elu(x) };
        let cases: [(Exponential, &dyn Fn(f64) -> f64); 2] =
            [(Exponential(1.0, 1.0), &elu), (Exponential(SELU.0, SELU.1), &selu)];
        for (curve, exact) in cases {
            for step in -60..60 {
                let x = f64::from(step) * 0.1 + 0.05;
                let y = curve.value(x as f32);
                assert!((f64::from(y) - exact(x)).abs() < 1e-5, "{x}");
                let slope = (exact(x + 1e-5) - exact(x - 1e-5)) / 2e-5;
                assert!((f64::from(curve.slope(x as f32, y)) - slope).abs() < 1e-5, "{x}");
            }
        }
    }
}
