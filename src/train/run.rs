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
use crate::error::{Error, Result};
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
    let trainer = match resume && folder.state_path().exists() {
        // First the state: what cannot be gone on with is left as it is. It also says how large the
        // pictures have grown.
        true => Some(Trainer::resume(config.clone(), &folder.state_path(), &device.device)?),
        false => None,
    };
    let layers = trainer.as_ref().map_or(0, |trainer| trainer.stage().layers);
    let dataset = Arc::new(open_data(config, layers, controls, tell)?);
    // A run that ended before its first checkpoint starts again from the beginning.
    match resume {
        true => folder.write_config(config)?,
        false => folder.create(config)?,
    }
    let trainer = match trainer {
        Some(trainer) => trainer,
        None => Trainer::new(config.clone(), &device.device)?,
    };
    let losses = folder.open_losses(trainer.steps())?;
    let loader = load(&dataset, &trainer)?;
    tell(TrainEvent::Started {
        pictures: dataset.len(),
        skipped: dataset
            .skipped()
            .iter()
            .map(|skipped| format!("{}: {}", skipped.path.display(), skipped.why))
            .collect(),
        first_step: trainer.steps(),
        last_step: config.last_step(),
        batch: trainer.stage().batch,
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

/// The pictures as they are after `layers` layers were added. Being told to stop cancels it.
fn open_data(
    config: &TrainConfig,
    layers: usize,
    controls: &Receiver<TrainControl>,
    tell: &mut dyn FnMut(TrainEvent),
) -> Result<Dataset> {
    let mut stopped = false;
    Dataset::open(
        &config.data,
        config.target_in(layers),
        config.framing,
        OpenOptions::default(),
        &mut |done, total| {
            tell(TrainEvent::Reading(done, total));
            stopped |= matches!(controls.try_recv(), Ok(TrainControl::Stop { .. }));
            !stopped
        },
    )
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
        let mut told = Instant::now();
        let mut save_at_end = true;
        while self.trainer.steps() < self.trainer.schedule().last_step() {
            match self.obey(controls, tell) {
                Then::Go => {}
                Then::Stop { save } => {
                    save_at_end = save;
                    break;
                }
            }
            let before = self.trainer.images();
            let report = self.get_ready(controls, tell).and_then(|()| self.one_step());
            let report = match report {
                // Told to stop while the larger pictures were read.
                Err(Error::Cancelled) => break,
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
            if self.epoch(report.images) > self.epoch(before) {
                self.tell_steps(tell);
                self.preview(tell);
            }
            let stage = self.trainer.schedule().stage_of(report.step);
            let is_last = report.step >= self.trainer.schedule().last_step();
            if stage.completes(report.step, self.config.save_kimg) && !is_last {
                self.tell_steps(tell);
                self.save_or_warn(tell);
            }
        }
        self.tell_steps(tell);
        let finished = self.trainer.steps() >= self.trainer.schedule().last_step();
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

    /// Networks and pictures of the next step, if those are others than before.
    fn get_ready(
        &mut self,
        controls: &Receiver<TrainControl>,
        tell: &mut dyn FnMut(TrainEvent),
    ) -> Result<()> {
        if !self.trainer.get_ready()? {
            return Ok(());
        }
        let stage = self.trainer.stage();
        let dataset = Arc::new(open_data(self.config, stage.layers, controls, tell)?);
        self.loader = load(&dataset, &self.trainer)?;
        self.pictures = dataset.len() as u64;
        let resolution = self.trainer.spec().size().0;
        tell(TrainEvent::Grown { step: stage.first_step, resolution });
        Ok(())
    }

    /// Adds a layer before the next step. That is written down first: a run that is killed and gone on
    /// with then grows at the same step again.
    fn grow(&mut self, tell: &mut dyn FnMut(TrainEvent)) {
        if !self.trainer.grow_by_hand() {
            tell(TrainEvent::Warning(
                "no layer was added: the networks do not grow, are as large as they are to be, or \
                 have only just grown"
                    .into(),
            ));
        } else if let Err(error) = self.folder.write_config(self.trainer.config()) {
            tell(TrainEvent::Warning(format!(
                "{error}; that a layer was added by hand is not noted, and will be forgotten if the \
                 run is gone on with from an earlier checkpoint"
            )));
        }
    }

    fn one_step(&mut self) -> Result<StepReport> {
        let batch = self.loader.next()?;
        let target = self.config.target_in(self.trainer.stage().layers);
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
                TrainControl::Grow => self.grow(tell),
                TrainControl::ShowWeights(_) => {}
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
