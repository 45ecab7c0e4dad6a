//! One step of both networks.

use candle_core::Tensor;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::{Learner, Trainer};
use crate::error::Result;
use crate::model::{Gradients, Mode, Takes, Tape};
use crate::ops;
use crate::random::{Purpose, stream};
use crate::train::augment::Changes;
use crate::train::events::StepReport;
use crate::train::objective::{beside_noisy, distance, penalty, with_slopes};
use crate::train::pairs::{halves, joined};

/// Where the random draws of one step come from.
struct Draws {
    changes: ChaCha8Rng,
    noise: ChaCha8Rng,
}

/// What a step of the discriminator is about.
struct Round<'a> {
    /// Real pictures `[B, C, H, W]`.
    real: Tensor,
    /// The same with the input that belongs to each, if there is one: what the discriminator judges.
    real_shown: Tensor,
    /// What the generator draws from: latents, or the input that belongs to each real picture.
    given: Tensor,
    /// Seeds of the dropout of each picture.
    dropout: &'a [u64],
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
    /// The same beside their inputs, as in [`Round::real_shown`].
    shown: Tensor,
    from_given: Tape,
}

/// What a step of the generator tells.
struct Moved {
    loss: f32,
    gradient: f32,
    /// Mean distance to the truth, where there is one.
    distance: f32,
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
    /// One step on a `batch` `[N, C, H, W]` in [-1, 1] of real pictures: latents for as many follow from
    /// the seed, one for each step of the discriminator. Where pictures are made from pictures, the
    /// batch has the channels of the input and, behind them, those of the truth.
    ///
    /// # Errors
    /// [`crate::Error::Tensor`] if the pictures have another shape or the device fails.
    pub fn step(&mut self, batch: &Tensor) -> Result<StepReport> {
        match self.spec.takes() {
            Takes::Latent { dims } => {
                let count = batch.dim(0)?;
                let mut values = vec![0.0; count * dims];
                let mut rng = stream(self.config.seed, Purpose::StepLatents, self.step + 1);
                self.spec.prior.fill(&mut values, &mut rng);
                let z = Tensor::from_vec(values, (count, dims), &self.device)?;
                self.step_with(batch, &z)
            }
            Takes::Picture { channels, .. } => {
                let (input, truth) = halves(batch, channels)?;
                self.step_with(&truth, &input)
            }
        }
    }

    /// One step with what the generator draws from given: latents `[N, z]`, or the input
    /// `[N, inputs, H, W]` that belongs to each real picture.
    ///
    /// The order is that of the PyTorch tutorial: the discriminator judges real, then generated
    /// pictures and moves, each time with new ones where it has several steps; then it judges the
    /// last generated pictures again and the generator moves. Where there is an input, it is judged
    /// together with the picture, the discriminator's loss counts half, and the generator's has the
    /// distance to the truth beside it (Isola et al. 2017).
    ///
    /// # Errors
    /// [`crate::Error::Tensor`] if a shape is another or the device fails.
    pub fn step_with(&mut self, real: &Tensor, given: &Tensor) -> Result<StepReport> {
        let step = self.step + 1;
        let (rounds, count) = (self.config.d_steps, real.dim(0)?);
        let (before, images) = (self.images(), self.schedule.images_after(step));
        let lr_factor = self.config.lr_factor(before, images) * self.lr_scale();
        let mut draws = Draws {
            changes: stream(self.config.seed, Purpose::Changes, step),
            noise: stream(self.config.seed, Purpose::Noise, step),
        };
        let mut dropout = stream(self.config.seed, Purpose::StepDropout, step);
        let dropout: Vec<u64> = (0..count).map(|_| dropout.next_u64()).collect();
        let fade = self.config.fade(&self.schedule, step);
        if let Some(share) = fade {
            self.set_fade(share);
        }

        let mut told = Told::default();
        let mut last = None;
        for index in 0..rounds {
            let each = count / rounds;
            // With a single round, these are the tensors themselves.
            let batch = |x: &Tensor| x.narrow(0, index * each, each);
            let dropout = &dropout[index * each..][..each];
            let (mut real, given) = (batch(real)?, batch(given)?);
            if let Some(share) = fade {
                real = blurred(&real, share)?;
            }
            let real_shown = self.shown(&given, &real)?;
            let round = Round { real, real_shown, given, dropout };
            let number = (step - 1 - self.adam_since) * rounds as u64 + index as u64 + 1;
            let (fake, of_round) =
                self.discriminator_step(&round, number, lr_factor, &mut draws)?;
            told.add(&of_round);
            last = Some((round, fake));
        }
        let Some((round, fake)) = last else {
            return Err(candle_core::Error::msg("the discriminator has no steps").into());
        };
        let number = step - self.adam_since;
        let moved = self.generator_step(&round, fake, number, lr_factor, &mut draws)?;

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
            loss_g: moved.loss,
            d_real: mean(told.real),
            d_fake: mean(told.fake),
            grad_d: mean(told.gradient),
            grad_g: moved.gradient,
            sign_real,
            // Told of pictures in [0, 1].
            l1: 0.5 * moved.distance,
        })
    }

    /// The discriminator judges the real pictures of `round` and generated ones, and moves. `number`
    /// counts its steps from 1.
    fn discriminator_step(
        &mut self,
        round: &Round,
        number: u64,
        lr_factor: f64,
        draws: &mut Draws,
    ) -> Result<(Generated, Told)> {
        let objective = self.config.objective;
        let (real, _) = self.changed(&round.real_shown, draws)?;
        let (judged_real, from_real) = self.judged(&real, objective.r1 != 0.0, draws)?;
        let pass = Mode::Train.dropping(round.dropout);
        let (fake, from_given) = self.generator.network.record(&round.given, pass)?;
        let fake_shown = self.shown(&round.given, &fake)?;
        let (changed_fake, _) = self.changed(&fake_shown, draws)?;
        let (judged_fake, from_fake) = self.judged(&changed_fake, objective.r2 != 0.0, draws)?;

        let (batch, wants, label) = (real.dim(0)?, self.wants, self.config.real_label);
        let share = if self.spec.takes_pictures() { 0.5 } else { 1.0 };
        let (loss, [on_real, on_fake]) = with_slopes([&judged_real, &judged_fake], |judged| {
            let [real, fake] = [judged[0].narrow(0, 0, batch)?, judged[1].narrow(0, 0, batch)?];
            let mut loss = (wants.discriminator)([&real, &fake], label)?;
            if share != 1.0 {
                loss = (loss * share)?;
            }
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
        let verdicts =
            |judged: &Tensor| judged.narrow(0, 0, batch)?.flatten_all()?.to_vec1::<f32>();
        let (real, judged_fake) = (verdicts(&judged_real)?, verdicts(&judged_fake)?);
        for (&real, &fake) in real.iter().zip(&judged_fake) {
            let (probability, side) = objective.loss.reading(real, fake);
            told.real += probability;
            told.sign += side.signum();
            told.fake += objective.loss.reading(fake, real).0;
        }
        let count = real.len().max(1) as f32;
        for sum in [&mut told.real, &mut told.fake, &mut told.sign] {
            *sum /= count;
        }
        Ok((Generated { pictures: fake, shown: fake_shown, from_given }, told))
    }

    /// The discriminator judges `fake` again, and the generator moves.
    fn generator_step(
        &mut self,
        round: &Round,
        fake: Generated,
        number: u64,
        lr_factor: f64,
        draws: &mut Draws,
    ) -> Result<Moved> {
        let (pictures, changes) = self.changed(&fake.shown, draws)?;
        let (judged, from_pictures) = self.discriminator.network.record(&pictures, Mode::Train)?;
        let judged_real = match self.config.objective.loss.compares() {
            true => {
                let (real, _) = self.changed(&round.real_shown, draws)?;
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
        let mut moved = Moved { loss, gradient: 0.0, distance: 0.0 };
        if self.spec.takes_pictures() {
            let inputs = self.spec.inputs();
            let (mean, slope) = distance(&fake.pictures, &round.real)?;
            let on_output = grad.narrow(1, inputs, grad.dim(1)? - inputs)?;
            grad = (on_output + (slope * self.config.l1)?)?;
            moved.distance = mean;
        }
        let mut gradients = Gradients::default();
        fake.from_given.to_weights(&grad, &mut gradients)?;
        moved.gradient = self.generator.learn(gradients, self.config.clip, number, lr_factor)?;
        Ok(moved)
    }

    /// `pictures` with what they were `given`, if that is an input that belongs to them.
    fn shown(&self, given: &Tensor, pictures: &Tensor) -> Result<Tensor> {
        match self.spec.takes_pictures() {
            false => Ok(pictures.clone()),
            true => joined(given, pictures),
        }
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
    let x = ops::channels_last(pictures)?.contiguous()?;
    let blurred = ops::enlarge(&ops::shrink(&x)?)?;
    let x = ((blurred * (1.0 - share))? + (x * share)?)?;
    ops::channels_first(&x)
}
