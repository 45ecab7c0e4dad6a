//! One step of both networks.

use candle_core::Tensor;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::unread::{Moved, Told, Unread};
use super::{Learner, Trainer};
use crate::error::Result;
use crate::model::{Gradients, Mode, Takes, Tape};
use crate::ops;
use crate::random::{Purpose, stream};
use crate::train::augment::Changes;
use crate::train::events::StepReport;
use crate::train::objective::{behind, beside_noisy, distance, penalty, with_slopes};
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

/// Generated pictures with the way back to the generator's weights.
struct Generated {
    pictures: Tensor,
    /// The same beside their inputs, as in [`Round::real_shown`].
    shown: Tensor,
    from_given: Tape,
}

/// Verdicts of the discriminator on real and on generated pictures, with the way back.
struct Judged {
    verdicts: [Tensor; 2],
    tapes: Tapes,
}

/// The way back from verdicts on real and on generated pictures.
enum Tapes {
    /// From each by itself.
    Apart([Tape; 2]),
    /// From both, one behind the other.
    Together(Tape),
}

impl<N> Learner<N> {
    /// Moves the parameters, and returns how long the gradient was before it was shortened.
    fn learn(
        &mut self,
        mut gradients: Gradients,
        clip: f64,
        step: u64,
        lr_factor: f64,
    ) -> Result<Tensor> {
        let norm = gradients.norm(&self.params)?;
        // Only who shortens gradients waits for their length.
        if clip > 0.0 {
            let length = f64::from(norm.to_scalar::<f32>()?);
            if length > clip {
                gradients.scale(clip / length)?;
            }
        }
        self.adam.step(&self.params, &gradients, step, lr_factor)?;
        Ok(norm)
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
        self.start_step(batch)?.read()
    }

    /// As [`Trainer::step`], without waiting for a device that computes aside.
    ///
    /// # Errors
    /// As there.
    pub fn start_step(&mut self, batch: &Tensor) -> Result<Unread> {
        match self.spec.takes() {
            Takes::Latent { dims } => {
                let count = batch.dim(0)?;
                let mut values = vec![0.0; count * dims];
                let mut rng = stream(self.config.seed, Purpose::StepLatents, self.step + 1);
                self.spec.prior.fill(&mut values, &mut rng);
                let z = Tensor::from_vec(values, (count, dims), &self.device)?;
                self.start_step_with(batch, &z)
            }
            Takes::Picture { channels, .. } => {
                let (input, truth) = halves(batch, channels)?;
                self.start_step_with(&truth, &input)
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
        self.start_step_with(real, given)?.read()
    }

    /// As [`Trainer::step_with`], without waiting for a device that computes aside: all it does is given
    /// to the device, unless gradients are shortened or the strength of augmentation follows from
    /// verdicts.
    ///
    /// # Errors
    /// As there.
    pub fn start_step_with(&mut self, real: &Tensor, given: &Tensor) -> Result<Unread> {
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

        let mut told = Vec::with_capacity(rounds);
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
            told.push(of_round);
            last = Some((round, fake));
        }
        let Some((round, fake)) = last else {
            return Err(candle_core::Error::msg("the discriminator has no steps").into());
        };
        let number = step - self.adam_since;
        let moved = self.generator_step(&round, fake, number, lr_factor, &mut draws)?;

        self.step = step;
        let shown = (images - before) as usize;
        self.average.follow(&self.generator.params, self.config.ema_kimg, shown, images)?;
        let loss = self.config.objective.loss;
        let unread = Unread { step, images, loss, told, moved };
        if self.config.augment.ada_kimg > 0.0 {
            let sign_real = unread.read()?.sign_real;
            self.adaptation.follow(&self.config.augment, sign_real, count);
        }
        Ok(unread)
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
        let real = self.to_be_judged(&round.real_shown, objective.r1 != 0.0, draws)?;
        let pass = Mode::Train.dropping(round.dropout);
        let (fake, from_given) = self.generator.network.record(&round.given, pass)?;
        let fake_shown = self.shown(&round.given, &fake)?;
        let changed_fake = self.to_be_judged(&fake_shown, objective.r2 != 0.0, draws)?;
        let Judged { verdicts: [judged_real, judged_fake], tapes } =
            self.judged([&real, &changed_fake])?;

        let (batch, wants, label) = (fake.dim(0)?, self.wants, self.config.real_label);
        let share = if self.spec.takes_pictures() { 0.5 } else { 1.0 };
        let (loss, slopes) = with_slopes([&judged_real, &judged_fake], |judged| {
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
        tapes.walk_back(slopes, &mut gradients)?;
        let gradient = self.discriminator.learn(gradients, self.config.clip, number, lr_factor)?;

        // Behind them may be those on pictures with noise.
        let verdicts = [judged_real.narrow(0, 0, batch)?, judged_fake.narrow(0, 0, batch)?];
        let told = Told { loss, gradient, verdicts };
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
        let mut distance_to_truth = None;
        if self.spec.takes_pictures() {
            let inputs = self.spec.inputs();
            let (mean, slope) = distance(&fake.pictures, &round.real)?;
            let on_output = grad.narrow(1, inputs, grad.dim(1)? - inputs)?;
            grad = (on_output + (slope * self.config.l1)?)?;
            distance_to_truth = Some(mean);
        }
        let mut gradients = Gradients::default();
        fake.from_given.to_weights(&grad, &mut gradients)?;
        let gradient = self.generator.learn(gradients, self.config.clip, number, lr_factor)?;
        Ok(Moved { loss, gradient, distance: distance_to_truth })
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

    /// `pictures` as the discriminator is to see them; `with_slope`, behind them the same with noise.
    fn to_be_judged(
        &self,
        pictures: &Tensor,
        with_slope: bool,
        draws: &mut Draws,
    ) -> Result<Tensor> {
        let (pictures, _) = self.changed(pictures, draws)?;
        match with_slope {
            true => beside_noisy(&pictures, self.config.objective.sigma, &mut draws.noise),
            false => Ok(pictures),
        }
    }

    /// Verdicts on real and on generated pictures: in one pass, unless statistics of the batch would
    /// tell one kind from the other.
    fn judged(&self, [real, fake]: [&Tensor; 2]) -> Result<Judged> {
        let judge = &self.discriminator.network;
        if judge.judges_by_the_batch() {
            let (on_real, from_real) = judge.record(real, Mode::Train)?;
            let (on_fake, from_fake) = judge.record(fake, Mode::Train)?;
            let tapes = Tapes::Apart([from_real, from_fake]);
            return Ok(Judged { verdicts: [on_real, on_fake], tapes });
        }
        let (count, fakes) = (real.dim(0)?, fake.dim(0)?);
        let (verdicts, tape) = judge.record(&behind(real, fake)?, Mode::Train)?;
        let verdicts = [verdicts.narrow(0, 0, count)?, verdicts.narrow(0, count, fakes)?];
        Ok(Judged { verdicts, tapes: Tapes::Together(tape) })
    }
}

impl Tapes {
    /// Adds the gradients of all weights to `gradients`, given those of the verdicts.
    fn walk_back(self, slopes: [Tensor; 2], gradients: &mut Gradients) -> Result<()> {
        match self {
            Self::Apart(tapes) => tapes
                .into_iter()
                .zip(slopes)
                .try_for_each(|(tape, slope)| tape.to_weights(&slope, gradients)),
            Self::Together(tape) => tape.to_weights(&Tensor::cat(&slopes, 0)?, gradients),
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
