//! A whole run: open the data, step until the end or until told to stop, keep everything on disk.
//!
//! `session` is the loop, `due` what it does between steps, `keeper` all that is written, `watcher` what is measured and diagnosed.

mod due;
mod keeper;
mod session;
#[cfg(test)]
mod tests;
mod watcher;

use std::path::PathBuf;
use std::sync::Arc;

use crossbeam_channel::Receiver;

use self::keeper::Keeper;
use self::session::Session;
use self::watcher::Watcher;
use super::config::TrainConfig;
use super::estimate;
use super::events::{TrainControl, TrainEvent};
use super::folder::RunFolder;
use super::pairs::HeldOut;
use super::trainer::Trainer;
use crate::data::{Dataset, OpenOptions, input_kind};
use crate::device::OpenDevice;
use crate::error::{Error, Result};
use crate::ops::memory;

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
/// [`Error::BadSetting`], [`Error::BadData`], [`Error::BadRun`] and [`Error::Io`] before the first
/// step; after it, [`Error::Tensor`] if the device fails, [`Error::BadData`] if all pictures have
/// gone, [`Error::BadRun`] if the weights stop being numbers again and again. A save that fails is
/// a [`TrainEvent::Warning`], but an error if it is the last one.
pub fn run(
    config: &TrainConfig,
    folder: &RunFolder,
    resume: bool,
    device: &OpenDevice,
    controls: &Receiver<TrainControl>,
    tell: &mut dyn FnMut(TrainEvent),
) -> Result<Outcome> {
    let options = OpenOptions::default();
    open(config, folder, resume, device, options, controls, tell)?.go(controls, tell)
}

/// Everything that happens before the first step.
fn open<'a>(
    config: &'a TrainConfig,
    folder: &'a RunFolder,
    resume: bool,
    device: &OpenDevice,
    options: OpenOptions,
    controls: &Receiver<TrainControl>,
    tell: &mut dyn FnMut(TrainEvent),
) -> Result<Session<'a>> {
    config.validate()?;
    let lock = match resume {
        true => Some(folder.lock()?),
        false => None,
    };
    if let Some(note) = estimate::check_memory(config, &device.device)? {
        tell(TrainEvent::Warning(note));
    }
    memory::keep_freed(memory::FOR_TRAINING);
    let state = folder.state_path();
    let trainer = match resume && state.exists() {
        // First the state: what cannot be gone on with is left as it is. It also says how large the
        // pictures have grown.
        true => Some(Trainer::resume(config.clone(), &state, &device.device)?),
        false => None,
    };
    let layers = trainer.as_ref().map_or(0, |trainer| trainer.stage().layers);
    let explained = |error| match error {
        Error::BadData { .. } | Error::Io { .. } if resume => Error::bad_run(
            folder.root(),
            format!("{error}; if its pictures have moved, say where they are with --data"),
        ),
        other => other,
    };
    let dataset = open_data(config, layers, options, Some(controls), tell).map_err(explained)?;
    let (dataset, held_out) = HeldOut::split_off(config, dataset).map_err(explained)?;
    // A new run leaves nothing behind if its data cannot be opened.
    let lock = match lock {
        Some(lock) => lock,
        None => {
            folder.check_free()?;
            folder.lock()?
        }
    };
    // A run that ended before its first checkpoint starts again from the beginning.
    if resume {
        folder.make_rooms()?;
        folder.write_config(config)?
    } else {
        folder.create(config)?
    }
    let mut trainer = match trainer {
        Some(trainer) => trainer,
        None => Trainer::new(config.clone(), &device.device)?,
    };
    trainer.set_input(input_kind(&dataset));
    let dataset = Arc::new(dataset);
    let since = trainer.stage().images;
    let mut watcher = Watcher::new(Arc::clone(&dataset), held_out, config.upkeep, since)?;
    let keeper = Keeper::open(folder, lock, &trainer, &mut watcher)?;
    tell(TrainEvent::Started {
        pictures: dataset.len(),
        held_out: watcher.held_out().map_or(0, HeldOut::len),
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
    let batch = trainer.stage().batch;
    if batch > dataset.len() {
        tell(TrainEvent::Warning(format!(
            "a batch of {} is larger than the data: each of the {} pictures is in it {} times or \
             more; a smaller --batch learns as much in less time",
            batch,
            dataset.len(),
            batch / dataset.len()
        )));
    }
    Session::new(config, (dataset, options), trainer, keeper, watcher)
}

/// The pictures as they are after `layers` layers were added. Being told to stop cancels it.
fn open_data(
    config: &TrainConfig,
    layers: usize,
    options: OpenOptions,
    controls: Option<&Receiver<TrainControl>>,
    tell: &mut dyn FnMut(TrainEvent),
) -> Result<Dataset> {
    let most = if config.pictures > 0 { config.pictures } else { usize::MAX };
    let mut stopped_early = false;
    let options = OpenOptions { jitter: config.jitter, most, ..options };
    Dataset::open(
        &config.data,
        config.target_in(layers),
        config.framing,
        options,
        &mut |done, total| {
            tell(TrainEvent::Reading(done, total));
            let control = controls.and_then(|controls| controls.try_recv().ok());
            stopped_early |= matches!(control, Some(TrainControl::Stop { .. }));
            !stopped_early
        },
    )
}
