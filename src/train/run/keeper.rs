//! Everything that a run writes, and what becomes of it when the disk is full.
//!
//! The lists (losses, measures, alerts) are on the disk before the state that they lead up to, so
//! that whatever a power cut leaves behind can be gone on with. A write that fails stops nothing: it
//! is told, tried again, and told once more when it works.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use image::{Rgb, RgbImage};

use super::watcher::Watcher;
use crate::error::{Error, Result};
use crate::picture;
use crate::train::config::TrainConfig;
use crate::train::event_file::EventFile;
use crate::train::events::{StepReport, TrainEvent};
use crate::train::folder::{RunFolder, RunLock};
use crate::train::log::Log;
use crate::train::metrics::{Measure, Measures};
use crate::train::monitor::Alert;
use crate::train::pairs::HeldOut;
use crate::train::trainer::Trainer;

/// Between two words about a disk that still takes nothing, and two attempts to save on it.
const RETRY_EVERY: Duration = Duration::from_secs(30);

/// What holds a run's folder.
pub(super) struct Keeper<'a> {
    folder: &'a RunFolder,
    _lock: RunLock,
    lists: Lists,
    /// Step of the newest checkpoint.
    saved: Option<u64>,
    /// Since a write failed: when that was last told.
    trouble: Option<Instant>,
    /// Whether a checkpoint could not be written and is due.
    owed: bool,
}

/// The files that grow.
struct Lists {
    losses: Log<StepReport>,
    measures: Log<Measures>,
    alerts: Log<Alert>,
    events: EventFile,
}

impl Lists {
    /// Opens all lists to go on after the trainer's step, and lets `watcher` hear what came before.
    fn open(folder: &RunFolder, trainer: &Trainer, watcher: &mut Watcher) -> Result<Self> {
        let (step, images) = (trainer.steps(), trainer.images());
        let mut before = Vec::new();
        let measures = Log::open(&folder.measures_path(), |measures: &Measures| {
            let keep = measures.images <= images;
            before.extend(keep.then_some(*measures));
            keep
        })?;
        watcher.forget();
        let mut before = before.into_iter().peekable();
        let losses = Log::open(&folder.losses_path(), |report: &StepReport| {
            if report.step > step {
                return false;
            }
            watcher.recall(report);
            while let Some(measures) = before.next_if(|measures| measures.images <= report.images) {
                watcher.recall_measures(report.step, &measures);
            }
            true
        })?;
        Ok(Self {
            losses,
            measures,
            alerts: Log::open(&folder.alerts_path(), |alert: &Alert| alert.step <= step)?,
            events: EventFile::open(&folder.event_path(), step)?,
        })
    }

    fn add_steps(&mut self, reports: &[StepReport]) -> Result<()> {
        let numbers = |report: &StepReport| {
            let mut values = vec![
                ("loss/discriminator", report.loss_d),
                ("loss/generator", report.loss_g),
                ("verdict/real", report.d_real),
                ("verdict/generated", report.d_fake),
                ("gradient/discriminator", report.grad_d),
                ("gradient/generator", report.grad_g),
            ];
            if report.l1 != 0.0 {
                values.push(("loss/l1", report.l1));
            }
            (report.step, values)
        };
        // Both, whatever becomes of the first.
        let losses = self.losses.add(reports);
        losses.and(self.events.add(reports.iter().map(numbers)))
    }

    fn add_measures(&mut self, step: u64, measures: &Measures) -> Result<()> {
        let value = |measure: Measure| Some((measure.tag(), measure.of(measures)?));
        let values = Measure::ALL.into_iter().filter_map(value).collect();
        let list = self.measures.add(&[*measures]);
        list.and(self.events.add([(step, values)]))
    }

    fn sync(&mut self) -> Result<()> {
        self.losses.sync()?;
        self.measures.sync()?;
        self.alerts.sync()
    }
}

impl<'a> Keeper<'a> {
    /// Opens the lists of the run in `folder`, at the step that `trainer` is at.
    pub(super) fn open(
        folder: &'a RunFolder,
        lock: RunLock,
        trainer: &Trainer,
        watcher: &mut Watcher,
    ) -> Result<Self> {
        let lists = Lists::open(folder, trainer, watcher)?;
        Ok(Self { folder, _lock: lock, lists, saved: None, trouble: None, owed: false })
    }

    /// The lists go back to the step that `trainer` is at.
    pub(super) fn go_back(&mut self, trainer: &Trainer, watcher: &mut Watcher) -> Result<()> {
        self.lists = Lists::open(self.folder, trainer, watcher)?;
        self.saved = None;
        Ok(())
    }

    /// The state that a resume would start from, if one was saved.
    pub(super) fn state(&self) -> Option<PathBuf> {
        Some(self.folder.state_path()).filter(|path| path.exists())
    }

    /// The run's name.
    pub(super) fn name(&self) -> String {
        self.folder.name()
    }

    /// Replaces the settings.
    pub(super) fn write_config(&self, config: &TrainConfig) -> Result<()> {
        self.folder.write_config(config)
    }

    /// The folder itself.
    pub(super) fn root(&self) -> &Path {
        self.folder.root()
    }

    /// The newest model, if one could be written.
    pub(super) fn model(&self) -> Option<PathBuf> {
        Some(self.folder.model_path()).filter(|path| path.exists())
    }

    /// Whether the newest checkpoint holds `step`.
    pub(super) fn has_saved(&self, step: u64) -> bool {
        self.saved == Some(step)
    }

    /// Whether a checkpoint that failed is to be tried again now.
    pub(super) fn owes_a_save(&self) -> bool {
        self.owed && self.trouble.is_none_or(|told| told.elapsed() >= RETRY_EVERY)
    }

    pub(super) fn steps(&mut self, reports: &[StepReport], tell: &mut dyn FnMut(TrainEvent)) {
        let outcome = self.lists.add_steps(reports);
        self.settle(outcome, tell);
    }

    pub(super) fn measures(
        &mut self,
        step: u64,
        measures: &Measures,
        tell: &mut dyn FnMut(TrainEvent),
    ) {
        let outcome = self.lists.add_measures(step, measures);
        self.settle(outcome, tell);
    }

    pub(super) fn alert(&mut self, alert: &Alert, tell: &mut dyn FnMut(TrainEvent)) {
        let outcome = self.lists.alerts.add(std::slice::from_ref(alert));
        self.settle(outcome, tell);
    }

    /// Draws and writes a sheet of the run's fixed latents, or of the first pairs of `held_out`.
    pub(super) fn preview(
        &mut self,
        trainer: &Trainer,
        held_out: Option<&HeldOut>,
        samples: usize,
        tell: &mut dyn FnMut(TrainEvent),
    ) {
        let images = trainer.images();
        let path = self.folder.sample_path(images);
        match sheet(trainer, held_out, samples) {
            Ok(sheet) => {
                let outcome = picture::save_png(&path, &sheet);
                self.settle(outcome, tell);
                tell(TrainEvent::Preview { images, sheet, path });
            }
            Err(error) => tell(TrainEvent::Warning(error.to_string())),
        }
    }

    /// Writes a checkpoint; failing that, says so and tries again later.
    pub(super) fn save_or_warn(&mut self, trainer: &Trainer, tell: &mut dyn FnMut(TrainEvent)) {
        if let Err(error) = self.save(trainer, tell) {
            self.owed = true;
            // Told each time: what is not saved is lost if the program ends.
            self.trouble = None;
            self.settle(Err(error), tell);
        }
    }

    /// Writes a checkpoint.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be written, [`Error::BadRun`] if its weights are no numbers: the
    /// older one is then untouched.
    pub(super) fn save(
        &mut self,
        trainer: &Trainer,
        tell: &mut dyn FnMut(TrainEvent),
    ) -> Result<()> {
        if !trainer.is_finite()? {
            let why = "its weights are no longer numbers; the last good checkpoint was kept";
            return Err(Error::bad_run(self.folder.root(), why));
        }
        let path = self.folder.model_path();
        self.lists.sync()?;
        trainer.save_state(&self.folder.state_path())?;
        trainer.save_model(&path, &self.folder.name())?;
        let step = trainer.steps();
        self.saved = Some(step);
        self.owed = false;
        self.settle(Ok(()), tell);
        tell(TrainEvent::Saved { step, path });
        Ok(())
    }

    /// Keeps the averaged generator of now for good.
    pub(super) fn keep(&mut self, trainer: &Trainer, tell: &mut dyn FnMut(TrainEvent)) {
        let path = self.folder.checkpoint_path(trainer.images());
        let outcome = trainer.save_average(&path, &self.folder.name());
        self.settle(outcome, tell);
    }

    /// Keeps the averaged generator of now as the best so far.
    pub(super) fn keep_best(&mut self, trainer: &Trainer, tell: &mut dyn FnMut(TrainEvent)) {
        let outcome = trainer.save_average(&self.folder.best_path(), &self.folder.name());
        self.settle(outcome, tell);
    }

    /// Tells of a write that failed, once in a while, and of the first that works again.
    fn settle(&mut self, outcome: Result<()>, tell: &mut dyn FnMut(TrainEvent)) {
        match outcome {
            Ok(()) if self.trouble.is_some() && !self.owed => {
                self.trouble = None;
                tell(TrainEvent::Warning("what is saved arrives on the disk again".into()));
            }
            Ok(()) => {}
            Err(error) if self.trouble.is_none_or(|told| told.elapsed() >= RETRY_EVERY) => {
                self.trouble = Some(Instant::now());
                tell(TrainEvent::Warning(format!(
                    "{error}; the run goes on, and saving is tried again"
                )));
            }
            Err(_) => {}
        }
    }
}

fn sheet(trainer: &Trainer, held_out: Option<&HeldOut>, samples: usize) -> Result<RgbImage> {
    if let Some(held_out) = held_out {
        return held_out.sheet(trainer.average().generator(), samples, trainer.device());
    }
    let pictures = picture::from_tensor(&trainer.samples(samples)?)?;
    let columns = picture::square_columns(pictures.len());
    Ok(picture::sheet(&pictures, columns, 0, Rgb([0; 3])))
}
