//! The loop of a run.

use std::sync::Arc;
use std::time::{Duration, Instant};

use candle_core::Tensor;
use crossbeam_channel::{Receiver, RecvTimeoutError, TryRecvError};

use super::Outcome;
use super::due::Due;
use super::keeper::Keeper;
use super::open_data;
use super::watcher::Watcher;
use crate::data::{Dataset, Loader, LoaderConfig, OpenOptions};
use crate::error::{Error, Result};
use crate::ops::memory;
use crate::train::config::TrainConfig;
use crate::train::events::{StepReport, TrainControl, TrainEvent};
use crate::train::monitor::{Ailment, Alert};
use crate::train::trainer::{Trainer, Unread};

/// How often steps are told.
const TELL_EVERY: Duration = Duration::from_millis(100);
/// How often the newest weights are sent to whoever watches them.
const SHOW_EVERY: Duration = Duration::from_millis(500);
/// How often a run goes back to its last good state before it gives up.
const SETBACKS: u32 = 3;

type Tell<'t> = &'t mut dyn FnMut(TrainEvent);

/// What a running run holds.
pub(super) struct Session<'a> {
    config: &'a TrainConfig,
    dataset: Arc<Dataset>,
    options: OpenOptions,
    trainer: Trainer,
    loader: Loader,
    keeper: Keeper<'a>,
    watcher: Watcher,
    untold: Vec<StepReport>,
    /// Whether the device is given the next step before the numbers of the last are read.
    runs_ahead: bool,
    shown: Shown,
    /// Files that were told to be lost.
    lost: usize,
}

/// Whether somebody watches the weights, and what was sent last.
#[derive(Default)]
struct Shown {
    wanted: bool,
    last: Option<(u64, Instant)>,
}

enum Then {
    Go,
    Stop { save: bool },
}

impl<'a> Session<'a> {
    pub(super) fn new(
        config: &'a TrainConfig,
        (dataset, options): (Arc<Dataset>, OpenOptions),
        trainer: Trainer,
        keeper: Keeper<'a>,
        watcher: Watcher,
    ) -> Result<Self> {
        let loader = load(&dataset, &trainer)?;
        // A processor has done the step when it is asked.
        let runs_ahead = !trainer.device().is_cpu();
        Ok(Self {
            config,
            dataset,
            options,
            trainer,
            loader,
            keeper,
            watcher,
            untold: Vec::new(),
            runs_ahead,
            shown: Shown::default(),
            lost: 0,
        })
    }

    /// Trains until the end, or until told to stop.
    pub(super) fn go(mut self, controls: &Receiver<TrainControl>, tell: Tell) -> Result<Outcome> {
        let mut told = Instant::now();
        let mut save_at_end = true;
        if self.trainer.steps() == 0 {
            self.preview(tell);
            let alerts = self.watcher.before();
            self.alert(alerts, tell);
        }
        while !self.is_finished() {
            match self.obey(controls, tell) {
                Then::Go => {}
                Then::Stop { save } => {
                    save_at_end = save;
                    break;
                }
            }
            let reports = self.get_ready(controls, tell).and_then(|()| self.some_steps(controls));
            let reports = match reports {
                Ok(reports) => reports,
                // Told to stop while the larger pictures were read.
                Err(Error::Cancelled) => break,
                Err(error) => {
                    // What was learnt up to here is worth keeping, whatever went wrong.
                    self.tell_steps(tell);
                    self.keeper.save_or_warn(&self.trainer, tell);
                    return Err(error);
                }
            };
            if let Some(unsound) = self.take(&reports, tell) {
                self.go_back(unsound.step, &losses(unsound), tell)?;
                continue;
            }
            if told.elapsed() >= TELL_EVERY {
                self.tell_steps(tell);
                told = Instant::now();
            }
            if !self.after_step(tell)? {
                self.go_back(self.trainer.steps(), "the weights", tell)?;
            }
        }
        self.tell_steps(tell);
        let steps = self.trainer.steps();
        if save_at_end && !self.keeper.has_saved(steps) {
            self.keeper.save(&self.trainer, tell)?;
        }
        memory::release_freed();
        Ok(Outcome { steps, finished: self.is_finished(), model: self.keeper.model() })
    }

    /// Takes note of `reports`, up to the first that has numbers gone astray, which is returned.
    fn take<'r>(&mut self, reports: &'r [StepReport], tell: Tell) -> Option<&'r StepReport> {
        for report in reports {
            if !is_sound(report) {
                return Some(report);
            }
            self.untold.push(*report);
            let alerts = self.watcher.step(report);
            self.alert(alerts, tell);
        }
        None
    }

    /// Looks back, measures and saves as is due. `false` if the weights are no longer numbers: then
    /// nothing of that was done.
    fn after_step(&mut self, tell: Tell) -> Result<bool> {
        let Due { is_last, measure, preview, keep, save, .. } = self.due();
        if is_last || measure || keep || save {
            if !self.trainer.is_finite()? {
                return Ok(false);
            }
            self.tell_steps(tell);
        }
        if preview || is_last {
            self.tell_steps(tell);
            self.preview(tell);
        }
        if measure || (is_last && self.config.upkeep.measure_kimg > 0.0) {
            self.measure(tell);
        }
        if keep {
            self.keeper.keep(&self.trainer, tell);
        }
        if save && !is_last {
            self.tell_lost(tell);
            self.keeper.save_or_warn(&self.trainer, tell);
        }
        self.show(tell);
        Ok(true)
    }

    fn preview(&mut self, tell: Tell) {
        let held_out = self.watcher.held_out();
        self.keeper.preview(&self.trainer, held_out, self.config.samples, tell);
    }

    fn measure(&mut self, tell: Tell) {
        let measured = self.watcher.measure(&self.trainer);
        // A thousand pictures take a gigabyte, and are forgotten until the next time.
        memory::release_freed();
        match measured {
            Ok((measures, is_best, alerts)) => {
                self.keeper.measures(self.trainer.steps(), &measures, tell);
                if is_best {
                    self.keeper.keep_best(&self.trainer, tell);
                }
                tell(TrainEvent::Measured(measures));
                self.alert(alerts, tell);
            }
            Err(error) => {
                tell(TrainEvent::Warning(format!("{error}; nothing was measured this time")));
            }
        }
    }

    /// Numbers went astray at step `from` in `what`: goes on from the last good state with smaller learning rates.
    fn go_back(&mut self, from: u64, what: &str, tell: Tell) -> Result<()> {
        self.tell_steps(tell);
        if self.trainer.setbacks() >= SETBACKS {
            return Err(Error::bad_run(
                self.keeper.root(),
                format!(
                    "at step {from} {what} stopped being numbers once more, after {SETBACKS} times \
                     back to a good state with half the learning rates; start anew with a lower --lr"
                ),
            ));
        }
        self.trainer.go_back(self.keeper.state().as_deref())?;
        let (to, lr_factor) = (self.trainer.steps(), self.trainer.lr_scale());
        self.fit_data(None, tell)?;
        self.keeper.go_back(&self.trainer, &mut self.watcher)?;
        // Noted under the step that it goes on from: there it stays, whatever is done again.
        let alert = Alert {
            step: to,
            ailment: Ailment::Exploding,
            evidence: format!("At step {from} {what} stopped being numbers."),
            advice: format!(
                "The run goes on from step {to} with {lr_factor} times its learning rates; if that \
                 happens again, start anew with a lower --lr."
            ),
        };
        self.alert(vec![alert], tell);
        tell(TrainEvent::RolledBack { from, to, lr_factor });
        // Whoever goes on from here after an interruption knows of the smaller rates.
        self.keeper.save_or_warn(&self.trainer, tell);
        Ok(())
    }

    fn is_finished(&self) -> bool {
        self.trainer.steps() >= self.trainer.schedule().last_step()
    }

    /// Networks and pictures of the next step, if those are others than before.
    fn get_ready(&mut self, controls: &Receiver<TrainControl>, tell: Tell) -> Result<()> {
        if self.trainer.get_ready()? {
            self.tell_steps(tell);
            self.fit_data(Some(controls), tell)?;
            let resolution = self.trainer.spec().size().0;
            tell(TrainEvent::Grown { step: self.trainer.stage().first_step, resolution });
        }
        Ok(())
    }

    /// Pictures as large as the networks take them, in batches from the next step on.
    fn fit_data(&mut self, controls: Option<&Receiver<TrainControl>>, tell: Tell) -> Result<()> {
        let stage = self.trainer.stage();
        if self.dataset.target() != self.config.target_in(stage.layers) {
            let dataset = open_data(self.config, stage.layers, self.options, controls, tell)?;
            self.dataset = Arc::new(dataset);
            self.watcher.grow(Arc::clone(&self.dataset), stage.images)?;
        }
        self.loader = load(&self.dataset, &self.trainer)?;
        Ok(())
    }

    /// Adds a layer before the next step. That is written down first: a run that is killed and gone on
    /// with then grows at the same step again.
    fn grow(&mut self, tell: Tell) {
        if !self.trainer.grow_by_hand() {
            tell(TrainEvent::Warning(
                "no layer was added: the networks do not grow, are as large as they are to be, or \
                 have only just grown"
                    .into(),
            ));
        } else if let Err(error) = self.keeper.write_config(self.trainer.config()) {
            tell(TrainEvent::Warning(format!(
                "{error}; that a layer was added by hand is not noted, and will be forgotten if the \
                 run is gone on with from an earlier checkpoint"
            )));
        }
    }

    /// The next step and, where the device computes aside, those after it: it is given one after the
    /// other, and waited for when steps are to be told, something is due or somebody has said
    /// something.
    fn some_steps(&mut self, controls: &Receiver<TrainControl>) -> Result<Vec<StepReport>> {
        let start = Instant::now();
        let mut unread = vec![self.start_step()?];
        while self.runs_ahead
            && start.elapsed() < TELL_EVERY
            && controls.is_empty()
            && !self.due().anything()
        {
            unread.push(self.start_step()?);
        }
        Unread::read_all(&unread)
    }

    fn start_step(&mut self) -> Result<Unread> {
        let batch = self.loader.next()?;
        let target = self.dataset.target();
        let shape = (batch.size, target.planes(), target.height, target.width);
        let real = Tensor::from_vec(batch.pixels, shape, self.trainer.device())?;
        self.trainer.start_step(&real)
    }

    fn due(&self) -> Due {
        Due::after(&self.trainer, self.keeper.owes_a_save())
    }

    fn obey(&mut self, controls: &Receiver<TrainControl>, tell: Tell) -> Then {
        let mut paused = false;
        loop {
            let control = if paused {
                match controls.recv_timeout(Duration::from_secs(1)) {
                    Ok(control) => control,
                    Err(RecvTimeoutError::Timeout) => continue,
                    Err(RecvTimeoutError::Disconnected) => return Then::Go,
                }
            } else {
                match controls.try_recv() {
                    Ok(control) => control,
                    Err(TryRecvError::Empty | TryRecvError::Disconnected) => return Then::Go,
                }
            };
            match control {
                TrainControl::Pause if !paused => {
                    paused = true;
                    self.tell_steps(tell);
                    tell(TrainEvent::Paused);
                }
                TrainControl::Pause => {}
                TrainControl::Resume => paused = false,
                TrainControl::SaveNow => {
                    self.tell_steps(tell);
                    self.keeper.save_or_warn(&self.trainer, tell);
                }
                TrainControl::ShowWeights(wanted) => {
                    self.shown = Shown { wanted, last: None };
                    self.show(tell);
                }
                TrainControl::Grow => self.grow(tell),
                TrainControl::Stop { save } => return Then::Stop { save },
            }
        }
    }

    /// Sends the newest weights, if somebody watches them and has not seen them.
    fn show(&mut self, tell: Tell) {
        let step = self.trainer.steps();
        let is_new = self.shown.last.is_none_or(|(s, t)| s != step && t.elapsed() >= SHOW_EVERY);
        if !self.shown.wanted || !is_new {
            return;
        }
        self.shown.last = Some((step, Instant::now()));
        tell(match self.trainer.model(&self.keeper.name()) {
            Ok(model) => {
                TrainEvent::Weights { images: self.trainer.images(), model: Arc::new(model) }
            }
            Err(error) => TrainEvent::Warning(error.to_string()),
        });
    }

    fn alert(&mut self, alerts: Vec<Alert>, tell: Tell) {
        for alert in alerts {
            self.keeper.alert(&alert, tell);
            tell(TrainEvent::Alert(alert));
        }
    }

    fn tell_steps(&mut self, tell: Tell) {
        if self.untold.is_empty() {
            return;
        }
        let reports = std::mem::take(&mut self.untold);
        self.keeper.steps(&reports, tell);
        tell(TrainEvent::Steps(reports));
    }

    /// Tells of pictures that could not be read again since the last time.
    fn tell_lost(&mut self, tell: Tell) {
        let lost = self.dataset.lost();
        if let [.., newest] = lost.as_slice()
            && lost.len() > self.lost
        {
            tell(TrainEvent::Warning(format!(
                "{} of the pictures cannot be read any more, such as {}: {}; others take their place",
                lost.len(),
                newest.path.display(),
                newest.why
            )));
            self.lost = lost.len();
        }
    }
}

#[cfg(test)]
impl Session<'_> {
    pub(super) fn trainer(&self) -> &Trainer {
        &self.trainer
    }

    pub(super) fn run_ahead(&mut self) {
        self.runs_ahead = true;
    }

    pub(super) fn save_for_test(&mut self) {
        self.keeper.save_or_warn(&self.trainer, &mut |_| {});
    }
}

/// Batches for the steps from the trainer's next one on.
fn load(dataset: &Arc<Dataset>, trainer: &Trainer) -> Result<Loader> {
    let config = trainer.config();
    Loader::start(
        Arc::clone(dataset),
        LoaderConfig {
            batch: trainer.stage().per_step,
            seed: config.seed,
            flip: config.flip,
            first_batch: trainer.steps(),
            first_picture: trainer.images(),
        },
    )
}

fn is_sound(report: &StepReport) -> bool {
    let StepReport { loss_d, loss_g, grad_d, grad_g, d_real, d_fake, l1, .. } = *report;
    [loss_d, loss_g, grad_d, grad_g, d_real, d_fake, l1].iter().all(|value| value.is_finite())
}

/// `the losses (D NaN, G 3.25)`
fn losses(report: &StepReport) -> String {
    format!("the losses (D {:.2}, G {:.2}) or their gradients", report.loss_d, report.loss_g)
}
