//! One run as the window knows it: what it has told so far.

use std::path::PathBuf;
use std::time::Instant;

use super::{Curves, OpenedRun, Previews};
use crate::train::metrics::Measures;
use crate::train::monitor::{Ailment, Alert};
use crate::train::pace::{self, Speed};
use crate::train::{Outcome, RunFolder, TrainConfig, TrainEvent};

/// Alerts and warnings that are kept; older ones are in the run's folder.
const KEPT: usize = 200;

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// It reached its last step.
    Finished,
    /// It was stopped before.
    Stopped,
    /// Something went wrong.
    Failed(String),
}

/// What a run is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// Reading its pictures: so many of so many.
    Reading(usize, usize),
    /// Training.
    Training,
    /// Asked to pause; the step is being finished.
    Pausing,
    /// Waiting to go on.
    Paused,
    /// Asked to stop.
    Stopping,
    /// Over.
    Ended(End),
}

impl Phase {
    /// Whether the trainer has it.
    pub fn is_running(&self) -> bool {
        !matches!(self, Self::Ended(_))
    }

    /// In a word.
    pub fn title(&self) -> &'static str {
        match self {
            Self::Reading(..) => "Reading data",
            Self::Training => "Training",
            Self::Pausing => "Pausing…",
            Self::Paused => "Paused",
            Self::Stopping => "Stopping…",
            Self::Ended(End::Finished) => "Finished",
            Self::Ended(End::Stopped) => "Stopped",
            Self::Ended(End::Failed(_)) => "Failed",
        }
    }
}

/// What a mark in the charts is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkKind {
    /// A checkpoint was written.
    Saved,
    /// The networks grew.
    Grown,
    /// The doctor found something.
    Alert,
    /// The run went back to an earlier state.
    RolledBack,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// After this many thousand pictures.
    pub kimg: f64,
    /// Of which kind.
    pub kind: MarkKind,
    /// In words.
    pub text: String,
}

/// One run.
#[derive(Debug)]
pub struct Run {
    /// Where it is kept.
    pub folder: RunFolder,
    /// Its settings.
    pub config: TrainConfig,
    /// What it is doing.
    pub phase: Phase,
    /// Losses and verdicts.
    pub curves: Curves,
    /// Measures of its pictures.
    pub measures: Vec<Measures>,
    /// What happened when.
    pub marks: Vec<Mark>,
    /// What the doctor found, the newest first.
    pub alerts: Vec<Alert>,
    /// What went wrong without stopping it, the newest first.
    pub warnings: Vec<String>,
    /// Sheets.
    pub previews: Previews,
    /// Where it is computed, once known.
    pub device: String,
    /// Pictures it learns from, once known.
    pub pictures: usize,
    /// Real pictures shown so far.
    pub images: u64,
    /// Pictures per second, over the last while.
    pub rate: Option<f64>,
    speed: Speed,
    since: Instant,
}

impl Run {
    /// A run that is about to begin, or to go on.
    pub fn new(folder: RunFolder, config: TrainConfig) -> Self {
        Self {
            folder,
            config,
            phase: Phase::Reading(0, 0),
            curves: Curves::default(),
            measures: Vec::new(),
            marks: Vec::new(),
            alerts: Vec::new(),
            warnings: Vec::new(),
            previews: Previews::default(),
            device: String::new(),
            pictures: 0,
            images: 0,
            rate: None,
            speed: Speed::default(),
            since: Instant::now(),
        }
    }

    /// A run that was read, to go on with.
    pub fn going_on(before: OpenedRun) -> Self {
        let mut run = Self::new(before.folder, before.config);
        before.reports.iter().for_each(|report| run.curves.push(report));
        run.images = before.reports.last().map_or(0, |report| report.images);
        run.previews = Previews::of(before.sheets);
        run.measures = before.measures;
        before.alerts.into_iter().for_each(|alert| run.alert(alert));
        for (images, path) in run.folder.checkpoints() {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let (kimg, text) = (images as f64 / 1e3, format!("Kept {name}"));
            run.marks.push(Mark { kimg, kind: MarkKind::Saved, text });
        }
        run
    }

    /// A run that was read, to be looked at.
    pub fn of(before: OpenedRun) -> Self {
        let mut run = Self::going_on(before);
        let is_done = run.kimg() >= run.config.kimg;
        run.phase = Phase::Ended(if is_done { End::Finished } else { End::Stopped });
        run
    }

    /// Its name.
    pub fn name(&self) -> String {
        self.folder.name()
    }

    /// Thousands of pictures shown so far.
    pub fn kimg(&self) -> f64 {
        self.images as f64 / 1e3
    }

    /// How much is done, from 0 to 1.
    pub fn progress(&self) -> f32 {
        (self.kimg() / self.config.kimg.max(1e-9)).clamp(0.0, 1.0) as f32
    }

    /// The time left, in words.
    pub fn time_left(&self) -> Option<String> {
        let rate = self.rate.filter(|_| matches!(self.phase, Phase::Training | Phase::Pausing))?;
        let left = (self.config.kimg * 1e3 - self.images as f64).max(0.0);
        Some(pace::time(left / rate))
    }

    /// One line for the bar at the bottom.
    pub fn line(&self) -> String {
        let name = self.name();
        match &self.phase {
            Phase::Reading(_, 0) => format!("{name}: looking for pictures"),
            Phase::Reading(done, total) => format!("{name}: {done} of {total} pictures read"),
            Phase::Training => match self.time_left() {
                Some(left) => format!("Training {name}: {:.1} kimg, {left} left", self.kimg()),
                None => format!("Training {name}: {:.1} kimg", self.kimg()),
            },
            phase => format!("{name}: {:.1} kimg, {}", self.kimg(), phase.title().to_lowercase()),
        }
    }

    /// Takes in what the trainer tells, except weights, which are for Explore.
    pub fn hear(&mut self, event: TrainEvent) {
        match event {
            TrainEvent::Reading(done, total) => {
                if matches!(self.phase, Phase::Reading(..)) {
                    self.phase = Phase::Reading(done, total);
                }
            }
            TrainEvent::Started { pictures, skipped, first_step, batch, device, .. } => {
                self.pictures = pictures;
                self.device = device;
                if self.phase != Phase::Stopping {
                    self.phase = Phase::Training;
                }
                self.images = self.images.max(first_step * batch as u64);
                self.curves.truncate(first_step);
                for skipped in skipped.into_iter().take(KEPT) {
                    self.warn(format!("Left out {skipped}"));
                }
                self.since = Instant::now();
                self.speed.reset();
                self.speed.at(0.0, self.images);
            }
            TrainEvent::Steps(reports) => {
                reports.iter().for_each(|report| self.curves.push(report));
                if let Some(newest) = reports.last() {
                    self.images = newest.images;
                    self.rate = self.speed.at(self.since.elapsed().as_secs_f64(), newest.images);
                }
                if self.phase == Phase::Paused {
                    self.phase = Phase::Training;
                }
            }
            TrainEvent::Preview { images, sheet, path } => self.previews.add(images, path, sheet),
            TrainEvent::Saved { step, .. } => {
                self.mark(step, MarkKind::Saved, format!("Saved at step {step}"));
            }
            TrainEvent::Measured(measures) => self.measures.push(measures),
            TrainEvent::Alert(alert) => self.alert(alert),
            TrainEvent::Grown { step, resolution } => {
                let text = format!("Grown to {resolution}×{resolution} pixels");
                self.mark(step, MarkKind::Grown, text);
            }
            TrainEvent::RolledBack { from, to, lr_factor } => {
                let text = format!(
                    "Went back from step {from} to step {to}; learning rates are now {lr_factor} of \
                     what was set"
                );
                self.curves.truncate(to);
                self.mark(to, MarkKind::RolledBack, text.clone());
                self.warn(text);
            }
            TrainEvent::Warning(text) => self.warn(text),
            TrainEvent::Paused => {
                if self.phase != Phase::Stopping {
                    self.phase = Phase::Paused;
                }
                self.speed.reset();
                self.rate = None;
            }
            // For Explore.
            TrainEvent::Weights { .. } => {}
        }
    }

    /// The run is over.
    pub fn end(&mut self, outcome: Result<Outcome, String>) {
        self.rate = None;
        self.phase = Phase::Ended(match outcome {
            Ok(outcome) if outcome.finished => End::Finished,
            Ok(_) => End::Stopped,
            Err(why) => End::Failed(why),
        });
    }

    /// Notes an alert.
    pub fn alert(&mut self, alert: Alert) {
        let text = format!("{}: {}", title(alert.ailment), alert.evidence);
        self.mark(alert.step, MarkKind::Alert, text);
        self.alerts.insert(0, alert);
        self.alerts.truncate(KEPT);
    }

    /// Its newest model's file.
    pub fn model(&self) -> Option<PathBuf> {
        Some(self.folder.model_path()).filter(|path| path.exists())
    }

    fn warn(&mut self, text: String) {
        self.warnings.insert(0, text);
        self.warnings.truncate(KEPT);
    }

    fn mark(&mut self, step: u64, kind: MarkKind, text: String) {
        let kimg = self.curves.kimg_of(step).unwrap_or_else(|| self.kimg());
        // A save each few minutes for a week would be a fence: the oldest go first.
        if self.marks.len() >= KEPT {
            let oldest = self.marks.iter().position(|mark| mark.kind == MarkKind::Saved);
            self.marks.remove(oldest.unwrap_or(0));
        }
        self.marks.push(Mark { kimg, kind, text });
    }
}

/// What is wrong, in a few words.
pub fn title(ailment: Ailment) -> &'static str {
    match ailment {
        Ailment::ModeCollapse => "Mode collapse",
        Ailment::DiscriminatorWon => "The discriminator has won",
        Ailment::GeneratorWon => "The generator has won",
        Ailment::Oscillation => "Going in circles",
        Ailment::Exploding => "Numbers out of bounds",
        Ailment::Overfitting => "Learning by heart",
        Ailment::NothingToLearn => "Nothing to learn",
    }
}
