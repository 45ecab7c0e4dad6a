//! One step of both networks.

use candle_core::Tensor;
use rand_chacha::ChaCha8Rng;

use super::{Learner, Trainer};
use crate::error::Result;
use crate::model::{Gradients, Mode, Tape};
use crate::ops;
use crate::random::{Purpose, stream};
use crate::train::augment::Changes;
use crate::train::events::StepReport;
use crate::train::objective::{beside_noisy, penalty, with_slopes};

/// Where the random draws of one step come from.
struct Draws {
    changes: ChaCha8Rng,
    noise: ChaCha8Rng,
}

/// What a step of the discriminator tells, or the sum over several.
#[derive(Debug, Default)]
struct Told {
    loss: f32,
    gradient: f32,
    real: f32,
    fake: f32,
    sign: f32,
}

impl Told {
    fn add(&mut self, other: &Self) {
        self.loss += other.loss;
        self.gradient += other.gradient;
        self.real += other.real;
        self.fake += other.fake;
        self.sign += other.sign;
    }
}

/// Generated pictures with the way back to the generator's weights.
struct Generated {
    pictures: Tensor,
    from_latents: Tape,
}

impl<N> Learner<N> {
    /// Moves the parameters, and returns how long the gradient was before it was shortened.
    fn learn(
        &mut self,
        mut gradients: Gradients,
        clip: f64,
        step: u64,
        lr_factor: f64,
    ) -> Result<f32> {
        let norm = gradients.norm(&self.params)?;
        if clip > 0.0 && norm > clip {
            gradients.scale(clip / norm)?;
        }
        self.adam.step(&self.params, &gradients, step, lr_factor)?;
        Ok(norm as f32)
    }
}

impl Trainer {
    /// One step on `real` pictures `[N, C, H, W]` in [-1, 1], with latents that follow from the seed: a
    /// batch of them for each step of the discriminator.
    ///
    /// # Errors
    /// [`crate::Error::Tensor`] if the pictures have another shape or the device fails.
    pub fn step(&mut self, real: &Tensor) -> Result<StepReport> {
        let count = real.dim(0)?;
        let z_dim = self.spec.z_dim;
        let mut values = vec![0.0; count * z_dim];
        let mut rng = stream(self.config.seed, Purpose::StepLatents, self.step + 1);
        self.spec.prior.fill(&mut values, &mut rng);
        let z = Tensor::from_vec(values, (count, z_dim), &self.device)?;
        self.step_with(real, &z)
    }

    /// One step with given latents `z` `[N, z]`.
    ///
    /// The order is that of the PyTorch tutorial: the discriminator judges real, then generated
    /// pictures and moves, each time with new ones where it has several steps; then it judges the
    /// last generated pictures again and the generator moves.
    ///
    /// # Errors
    /// [`crate::Error::Tensor`] if a shape is another or the device fails.
    pub fn step_with(&mut self, real: &Tensor, z: &Tensor) -> Result<StepReport> {
        let step = self.step + 1;
        let (rounds, count) = (self.config.d_steps, real.dim(0)?);
        let (before, images) = (self.images(), self.schedule.images_after(step));
        let lr_factor = self.config.lr_factor(before, images) * self.lr_scale();
        let mut draws = Draws {
            changes: stream(self.config.seed, Purpose::Changes, step),
            noise: stream(self.config.seed, Purpose::Noise, step),
        };
        let fade = self.config.fade(&self.schedule, step);
        if let Some(share) = fade {
            self.set_fade(share);
        }

        let mut told = Told::default();
        let mut last = None;
        for round in 0..rounds {
            // With a single round, these are the tensors themselves.
            let batch = |x: &Tensor| x.narrow(0, round * (count / rounds), count / rounds);
            let (mut real, z) = (batch(real)?, batch(z)?);
            if let Some(share) = fade {
                real = blurred(&real, share)?;
            }
            let number = (step - 1 - self.adam_since) * rounds as u64 + round as u64 + 1;
            let (fake, of_round) =
                self.discriminator_step(&real, &z, number, lr_factor, &mut draws)?;
            told.add(&of_round);
            last = Some((real, fake));
        }
        let Some((real, fake)) = last else {
            return Err(candle_core::Error::msg("the discriminator has no steps").into());
        };
        let number = step - self.adam_since;
        let (loss_g, grad_g) = self.generator_step(&real, fake, number, lr_factor, &mut draws)?;

        self.step = step;
        let mean = |sum: f32| sum / rounds as f32;
        let sign_real = mean(told.sign);
        self.adaptation.follow(&self.config.augment, sign_real, count);
        let shown = (images - before) as usize;
        self.average.follow(&self.generator.params, self.config.ema_kimg, shown, images)?;
        Ok(StepReport {
            step,
            images,
            loss_d: mean(told.loss),
            loss_g,
            d_real: mean(told.real),
            d_fake: mean(told.fake),
            grad_d: mean(told.gradient),
            grad_g,
            sign_real,
        })
    }

    /// The discriminator judges `real` pictures and those generated from `z`, and moves. `number` counts
    /// its steps from 1.
    fn discriminator_step(
        &mut self,
        real: &Tensor,
        z: &Tensor,
        number: u64,
        lr_factor: f64,
        draws: &mut Draws,
    ) -> Result<(Generated, Told)> {
        let objective = self.config.objective;
        let (real, _) = self.changed(real, draws)?;
        let (judged_real, from_real) = self.judged(&real, objective.r1 != 0.0, draws)?;
        let (fake, from_latents) = self.generator.network.record(z, Mode::Train)?;
        let (changed_fake, _) = self.changed(&fake, draws)?;
        let (judged_fake, from_fake) = self.judged(&changed_fake, objective.r2 != 0.0, draws)?;

        let (batch, wants, label) = (real.dim(0)?, self.wants, self.config.real_label);
        let (loss, [on_real, on_fake]) = with_slopes([&judged_real, &judged_fake], |judged| {
            let [real, fake] = [judged[0].narrow(0, 0, batch)?, judged[1].narrow(0, 0, batch)?];
            let mut loss = (wants.discriminator)([&real, &fake], label)?;
            for (judged, gamma) in judged.into_iter().zip([objective.r1, objective.r2]) {
                if gamma != 0.0 {
                    loss = (loss + penalty(judged, gamma, objective.sigma)?)?;
                }
            }
            Ok(loss)
        })?;
        let mut gradients = Gradients::default();
        from_real.to_weights(&on_real, &mut gradients)?;
        from_fake.to_weights(&on_fake, &mut gradients)?;
        let gradient = self.discriminator.learn(gradients, self.config.clip, number, lr_factor)?;

        let mut told = Told { loss, gradient, ..Told::default() };
        let real = judged_real.narrow(0, 0, batch)?.to_vec1::<f32>()?;
        let judged_fake = judged_fake.narrow(0, 0, batch)?.to_vec1::<f32>()?;
        for (&real, &fake) in real.iter().zip(&judged_fake) {
            let (probability, side) = objective.loss.reading(real, fake);
            told.real += probability;
            told.sign += side.signum();
            told.fake += objective.loss.reading(fake, real).0;
        }
        let count = batch.max(1) as f32;
        for sum in [&mut told.real, &mut told.fake, &mut told.sign] {
            *sum /= count;
        }
        Ok((Generated { pictures: fake, from_latents }, told))
    }

    /// The discriminator judges `fake` again, and the generator moves. Returns its loss and how long
    /// its gradient was.
    fn generator_step(
        &mut self,
        real: &Tensor,
        fake: Generated,
        number: u64,
        lr_factor: f64,
        draws: &mut Draws,
    ) -> Result<(f32, f32)> {
        let (pictures, changes) = self.changed(&fake.pictures, draws)?;
        let (judged, from_pictures) = self.discriminator.network.record(&pictures, Mode::Train)?;
        let judged_real = match self.config.objective.loss.compares() {
            true => {
                let (real, _) = self.changed(real, draws)?;
                self.discriminator.network.forward(&real, Mode::Train)?.detach()
            }
            // Nobody looks at it.
            false => judged.clone(),
        };
        let wants = self.wants;
        let (loss, [on_pictures]) =
            with_slopes([&judged], |[fake]| (wants.generator)([&judged_real, fake]))?;
        let mut grad = from_pictures.to_input(&on_pictures)?;
        if let Some(changes) = changes {
            grad = changes.back(&grad)?;
        }
        let mut gradients = Gradients::default();
        fake.from_latents.to_weights(&grad, &mut gradients)?;
        let norm = self.generator.learn(gradients, self.config.clip, number, lr_factor)?;
        Ok((loss, norm))
    }

    /// `pictures` as the discriminator is to see them, and what was done to them.
    fn changed(&self, pictures: &Tensor, draws: &mut Draws) -> Result<(Tensor, Option<Changes>)> {
        let augment = &self.config.augment;
        if !augment.is_on() {
            return Ok((pictures.clone(), None));
        }
        let (count, _, height, width) = pictures.dims4()?;
        let p = self.adaptation.p();
        let changes = augment.draw(p, count, (height, width), &mut draws.changes);
        Ok((changes.apply(pictures)?, Some(changes)))
    }

    /// Verdicts on `pictures`; `with_slope`, also on the same with noise behind them.
    fn judged(
        &self,
        pictures: &Tensor,
        with_slope: bool,
        draws: &mut Draws,
    ) -> Result<(Tensor, Tape)> {
        let judge = &self.discriminator.network;
        match with_slope {
            true => {
                let sigma = self.config.objective.sigma;
                judge.record(&beside_noisy(pictures, sigma, &mut draws.noise)?, Mode::Train)
            }
            false => judge.record(pictures, Mode::Train),
        }
    }
}

/// Real pictures as far out of focus as generated ones are while a layer is blended in.
fn blurred(pictures: &Tensor, share: f64) -> Result<Tensor> {
    let x = pictures.permute((0, 2, 3, 1))?.contiguous()?;
    let blurred = ops::enlarge(&ops::shrink(&x)?)?;
    let x = ((blurred * (1.0 - share))? + (x * share)?)?;
    Ok(x.permute((0, 3, 1, 2))?)
}
