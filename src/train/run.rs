//! A whole run: open the data, step until the end or until told to stop, keep everything on disk.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use candle_core::Tensor;
use crossbeam_channel::{Receiver, RecvTimeoutError, TryRecvError};
use image::Rgb;

use super::config::TrainConfig;
use super::events::{StepReport, TrainControl, TrainEvent};
use super::folder::{LossLog, RunFolder};
use super::trainer::Trainer;
use crate::data::{Dataset, Loader, LoaderConfig, OpenOptions};
use crate::device::OpenDevice;
use crate::error::Result;
use crate::ops::memory;
use crate::picture;

/// How often steps are told.
const TELL_EVERY: Duration = Duration::from_millis(100);

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Steps done, also those of earlier sessions.
    pub steps: u64,
    /// Whether it reached its last step.
    pub finished: bool,
    /// The newest checkpoint's model, if one could be written.
    pub model: Option<PathBuf>,
}

/// Trains `config` in `folder`, or goes on with what is there if `resume`.
///
/// `tell` hears what happens; `controls` are read between steps, and a closed channel means that
/// nobody will ever say anything. The last checkpoint is written before this returns, also after
/// an error in a step.
///
/// # Errors
/// [`crate::Error::BadSetting`], [`crate::Error::BadData`], [`crate::Error::BadRun`] and [`crate::Error::Io`] before the first
/// step; after it, [`crate::Error::Tensor`] if the device fails. A save that fails is a
/// [`TrainEvent::Warning`], but an error if it is the last one.
pub fn run(
    config: &TrainConfig,
    folder: &RunFolder,
    resume: bool,
    device: &OpenDevice,
    controls: &Receiver<TrainControl>,
    tell: &mut dyn FnMut(TrainEvent),
) -> Result<Outcome> {
    config.validate()?;
    memory::keep_freed();
    let mut stopped_early = false;
    let dataset = Dataset::open(
        &config.data,
        config.target(),
        config.framing,
        OpenOptions::default(),
        &mut |done, total| {
            tell(TrainEvent::Reading(done, total));
            stopped_early |= matches!(controls.try_recv(), Ok(TrainControl::Stop { .. }));
            !stopped_early
        },
    )?;
    let trainer = if resume && folder.state_path().exists() {
        // First the state: what cannot be gone on with is left as it is.
        let trainer = Trainer::resume(config.clone(), &folder.state_path(), &device.device)?;
        folder.write_config(config)?;
        trainer
    } else {
        // A run that ended before its first checkpoint starts again from the beginning.
        if resume {
            folder.write_config(config)?
        } else {
            folder.create(config)?
        }
        Trainer::new(config.clone(), &device.device)?
    };
    let losses = folder.open_losses(trainer.steps())?;
    let dataset = Arc::new(dataset);
    let loader = Loader::start(
        Arc::clone(&dataset),
        LoaderConfig {
            batch: config.batch,
            seed: config.seed,
            flip: config.flip,
            first_batch: trainer.steps(),
        },
    )?;
    tell(TrainEvent::Started {
        pictures: dataset.len(),
        skipped: dataset
            .skipped()
            .iter()
            .map(|skipped| format!("{}: {}", skipped.path.display(), skipped.why))
            .collect(),
        first_step: trainer.steps(),
        last_step: config.last_step(),
        batch: config.batch,
        device: device.name.clone(),
        parameters: trainer.parameters(),
    });
    Session {
        config,
        folder,
        trainer,
        loader,
        losses,
        pictures: dataset.len() as u64,
        untold: Vec::new(),
        saved: None,
    }
    .go(controls, tell)
}

/// What a running run holds.
struct Session<'a> {
    config: &'a TrainConfig,
    folder: &'a RunFolder,
    trainer: Trainer,
    loader: Loader,
    losses: LossLog,
    pictures: u64,
    untold: Vec<StepReport>,
    /// Step of the newest checkpoint.
    saved: Option<u64>,
}

enum Then {
    Go,
    Stop { save: bool },
}

impl Session<'_> {
    fn go(
        mut self,
        controls: &Receiver<TrainControl>,
        tell: &mut dyn FnMut(TrainEvent),
    ) -> Result<Outcome> {
        let last_step = self.config.last_step();
        let mut told = Instant::now();
        let mut save_at_end = true;
        while self.trainer.steps() < last_step {
            match self.obey(controls, tell) {
                Then::Go => {}
                Then::Stop { save } => {
                    save_at_end = save;
                    break;
                }
            }
            let report = match self.one_step() {
                Ok(report) => report,
                Err(error) => {
                    // What was learnt up to here is worth keeping, whatever went wrong.
                    self.tell_steps(tell);
                    self.save_or_warn(tell);
                    return Err(error);
                }
            };
            self.untold.push(report);
            if told.elapsed() >= TELL_EVERY {
                self.tell_steps(tell);
                told = Instant::now();
            }
            if self.epoch(report.images) > self.epoch(report.images - self.config.batch as u64) {
                self.tell_steps(tell);
                self.preview(tell);
            }
            if report.step % self.config.save_steps() == 0 && report.step < last_step {
                self.tell_steps(tell);
                self.save_or_warn(tell);
            }
        }
        self.tell_steps(tell);
        let finished = self.trainer.steps() >= last_step;
        if finished {
            self.preview(tell);
        }
        if save_at_end && self.saved != Some(self.trainer.steps()) {
            self.save(tell)?;
        }
        memory::release_freed();
        let model = self.folder.model_path();
        Ok(Outcome {
            steps: self.trainer.steps(),
            finished,
            model: model.exists().then_some(model),
        })
    }

    fn epoch(&self, images: u64) -> u64 {
        images / self.pictures.max(1)
    }

    fn one_step(&mut self) -> Result<StepReport> {
        let batch = self.loader.next()?;
        let target = self.config.target();
        let shape = (batch.size, target.channels, target.height, target.width);
        let real = Tensor::from_vec(batch.pixels, shape, self.trainer.device())?;
        self.trainer.step(&real)
    }

    fn obey(
        &mut self,
        controls: &Receiver<TrainControl>,
        tell: &mut dyn FnMut(TrainEvent),
    ) -> Then {
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
                TrainControl::SaveNow => self.save_or_warn(tell),
                TrainControl::ShowWeights(_) | TrainControl::Grow => {}
                TrainControl::Stop { save } => return Then::Stop { save },
            }
        }
    }

    fn tell_steps(&mut self, tell: &mut dyn FnMut(TrainEvent)) {
        if self.untold.is_empty() {
            return;
        }
        let reports = std::mem::take(&mut self.untold);
        if let Err(error) = self.losses.append(&reports) {
            tell(TrainEvent::Warning(error.to_string()));
        }
        tell(TrainEvent::Steps(reports));
    }

    fn preview(&mut self, tell: &mut dyn FnMut(TrainEvent)) {
        let path = self.folder.sample_path(self.epoch(self.trainer.images()));
        let sheet = self.trainer.samples(self.config.samples).and_then(|batch| {
            let pictures = picture::from_tensor(&batch)?;
            let columns = picture::square_columns(pictures.len());
            let sheet = picture::sheet(&pictures, columns, 0, Rgb([0; 3]));
            picture::save_png(&path, &sheet)?;
            Ok(sheet)
        });
        tell(match sheet {
            Ok(sheet) => TrainEvent::Preview { images: self.trainer.images(), sheet, path },
            Err(error) => TrainEvent::Warning(error.to_string()),
        });
    }

    fn save_or_warn(&mut self, tell: &mut dyn FnMut(TrainEvent)) {
        if let Err(error) = self.save(tell) {
            tell(TrainEvent::Warning(format!(
                "{error}; the run goes on, and saving is tried again"
            )));
        }
    }

    fn save(&mut self, tell: &mut dyn FnMut(TrainEvent)) -> Result<()> {
        let path = self.folder.model_path();
        self.trainer.save_state(&self.folder.state_path())?;
        self.trainer.save_model(&path, &self.folder.name())?;
        let step = self.trainer.steps();
        self.saved = Some(step);
        tell(TrainEvent::Saved { step, path });
        Ok(())
    }
}
