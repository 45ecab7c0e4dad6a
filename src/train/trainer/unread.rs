//! Numbers of steps that may still be on their way from the device.

use candle_core::{DType, Device, Tensor};

use crate::error::Result;
use crate::train::StepReport;
use crate::train::objective::Loss;

/// The numbers of one step, where the device left them. Reading them waits until it has done the step;
/// until then it can be given the next one.
#[derive(Debug)]
pub struct Unread {
    pub(super) step: u64,
    pub(super) images: u64,
    pub(super) loss: Loss,
    /// Of each of the discriminator's steps.
    pub(super) told: Vec<Told>,
    pub(super) moved: Moved,
}

/// What a step of the discriminator tells.
#[derive(Debug)]
pub(super) struct Told {
    pub loss: Tensor,
    /// Length of its gradient.
    pub gradient: Tensor,
    /// Verdicts on as many real as generated pictures.
    pub verdicts: [Tensor; 2],
}

/// What a step of the generator tells.
#[derive(Debug)]
pub(super) struct Moved {
    pub loss: Tensor,
    /// Length of its gradient.
    pub gradient: Tensor,
    /// Mean distance to the truth, where there is one.
    pub distance: Option<Tensor>,
}

impl Unread {
    /// Number of the step, from 1.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// Waits for the step, if need be.
    ///
    /// # Errors
    /// [`crate::Error::Tensor`] if the device fails.
    pub fn read(&self) -> Result<StepReport> {
        let values = flat(&self.values()?)?;
        Ok(self.report(&mut values.into_iter()))
    }

    /// Waits for all of them, once.
    ///
    /// # Errors
    /// As [`Unread::read`].
    pub fn read_all(unread: &[Self]) -> Result<Vec<StepReport>> {
        let mut values = Vec::new();
        for one in unread {
            values.extend(one.values()?);
        }
        let mut values = flat(&values)?.into_iter();
        Ok(unread.iter().map(|one| one.report(&mut values)).collect())
    }

    /// All its numbers, in the order in which [`Unread::report`] takes them.
    fn values(&self) -> Result<Vec<Tensor>> {
        let mut values = Vec::new();
        for Told { loss, gradient, verdicts: [real, fake] } in &self.told {
            values.extend([loss, gradient, real, fake]);
        }
        let Moved { loss, gradient, distance } = &self.moved;
        values.extend([loss, gradient]);
        values.extend(distance);
        Ok(values.into_iter().map(Tensor::flatten_all).collect::<candle_core::Result<_>>()?)
    }

    fn report(&self, values: &mut impl Iterator<Item = f32>) -> StepReport {
        // There are as many values as were asked for.
        let mut next = || values.next().unwrap_or(f32::NAN);
        let mut report = StepReport { step: self.step, images: self.images, ..StepReport::NONE };
        for told in &self.told {
            report.loss_d += next();
            report.grad_d += next();
            let [real, fake] = [0, 1].map(|kind: usize| -> Vec<f32> {
                (0..told.verdicts[kind].elem_count()).map(|_| next()).collect()
            });
            let (mut of_real, mut of_fake, mut sign) = (0.0, 0.0, 0.0);
            for (&real, &fake) in real.iter().zip(&fake) {
                let (probability, side) = self.loss.reading(real, fake);
                of_real += probability;
                sign += side.signum();
                of_fake += self.loss.reading(fake, real).0;
            }
            let count = real.len().max(1) as f32;
            report.d_real += of_real / count;
            report.d_fake += of_fake / count;
            report.sign_real += sign / count;
        }
        let rounds = self.told.len().max(1) as f32;
        let StepReport { loss_d, grad_d, d_real, d_fake, sign_real, .. } = &mut report;
        for mean in [loss_d, grad_d, d_real, d_fake, sign_real] {
            *mean /= rounds;
        }
        (report.loss_g, report.grad_g) = (next(), next());
        if self.moved.distance.is_some() {
            // Told of pictures in [0, 1].
            report.l1 = 0.5 * next();
        }
        report
    }
}

/// Values of all `tensors` `[N]`, one behind the other, by one copy from the device.
fn flat(tensors: &[Tensor]) -> Result<Vec<f32>> {
    if tensors.iter().all(|tensor| tensor.device().is_cpu()) {
        // Already here.
        let mut values = Vec::new();
        for tensor in tensors {
            values.extend(tensor.to_vec1::<f32>()?);
        }
        return Ok(values);
    }
    let device = tensors.iter().map(Tensor::device).find(|device| !device.is_cpu());
    let device = device.unwrap_or(&Device::Cpu);
    let there: Vec<Tensor> =
        tensors.iter().map(|x| x.to_device(device)).collect::<candle_core::Result<_>>()?;
    Ok(Tensor::cat(&there, 0)?.to_dtype(DType::F32)?.to_vec1()?)
}
