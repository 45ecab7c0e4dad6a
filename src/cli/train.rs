//! `latentscape train`: a run from the command line, from its start or from where it stopped.

use std::path::PathBuf;

use clap::Args;

use super::Ended;
use super::console;
use super::data_args::PairArgs;
use super::interrupt;
use super::model_args::DeviceArgs;
use super::train_settings::{Settings, preset_parser};
use super::train_upkeep::UpkeepArgs;
use super::train_view::TrainView;
use crate::data::DataSource;
use crate::error::{Error, Result};
use crate::model::Preset;
use crate::ops::memory;
use crate::train::{self, RunFolder, TrainConfig};

/// Messages that may wait for the run: an interruption sends one.
const CONTROLS: usize = 4;

/// Train a generator
///
/// The run's folder gets config.json, losses.jsonl (a line a step), measures.jsonl, alerts.jsonl (what
/// the doctor found), an event file for TensorBoard, samples/ (sheets from the same latents),
/// checkpoints/ (models that are kept), model.safetensors (the newest, which the window and `generate`
/// open), best.safetensors and state.safetensors. It can be copied to another machine and gone on with
/// there. Ctrl-C finishes the step and saves; --resume goes on to exactly the losses of a run that was
/// never interrupted.
#[derive(Debug, Args)]
pub struct TrainArgs {
    /// Which published system to train
    #[arg(long, value_parser = preset_parser(), required_unless_present = "resume")]
    preset: Option<Preset>,
    /// A folder of pictures, an IDX file (MNIST), or `demo` for the built-in faces; for pix2pix a folder
    /// of pairs, `demo-sketches` or `demo-labels`; with --resume, where the same pictures are now
    #[arg(long, value_name = "SOURCE", required_unless_present = "resume")]
    data: Option<String>,
    #[command(flatten)]
    pairs: PairArgs,
    /// The run's folder, e.g. runs/first
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// Go on with the run in --out, with its own settings
    #[arg(long)]
    resume: bool,
    /// Length of the run in thousands of pictures
    #[arg(long, value_name = "N")]
    kimg: Option<f64>,
    /// Thousands of pictures between two checkpoints
    #[arg(long, value_name = "KIMG")]
    save_kimg: Option<f64>,
    /// Pictures on a sample sheet
    #[arg(long, value_name = "N")]
    samples: Option<usize>,
    #[command(flatten)]
    upkeep: UpkeepArgs,
    #[command(flatten)]
    device: DeviceArgs,
    #[command(flatten)]
    settings: Settings,
}

/// Trains until the end or an interruption.
pub fn run(args: &TrainArgs) -> Result<Ended> {
    let folder = RunFolder::new(&args.out);
    let config = args.config(&folder)?;
    config.validate()?;
    let device = args.device.open()?;

    let (sender, controls) = crossbeam_channel::bounded(CONTROLS);
    let mut view = TrainView::new(&config, &folder);
    interrupt::stop_and_save(sender, view.bar())?;
    memory::keep_freed(memory::FOR_TRAINING);
    // Among the threads that compute, so that none has to be woken for every kernel.
    let outcome = rayon::scope(|_| {
        train::run(&config, &folder, args.resume, &device, &controls, &mut |event| view.tell(event))
    });
    view.close();
    let outcome = match outcome {
        Err(Error::Cancelled) => {
            console::note("stopped before the first step; nothing was trained");
            return Ok(Ended::Interrupted);
        }
        other => other?,
    };
    let out = args.out.display();
    if !outcome.finished {
        console::note(&format!(
            "stopped at step {} of {} and saved; go on with: latentscape train --out {} --resume",
            outcome.steps,
            config.last_step(),
            quoted(&out.to_string()),
        ));
        return Ok(Ended::Interrupted);
    }
    if view.steps_seen() == 0 {
        console::note(&format!(
            "the run in {out} has its {} steps already; give a larger --kimg to train it further",
            outcome.steps
        ));
    } else if let Some(model) = &outcome.model {
        console::note(&format!(
            "done: {} steps; see it with: latentscape {}",
            outcome.steps,
            quoted(&model.display().to_string())
        ));
    }
    Ok(Ended::Done)
}

impl TrainArgs {
    /// The settings of a new run, or those kept in the folder.
    fn config(&self, folder: &RunFolder) -> Result<TrainConfig> {
        let mut config = if self.resume {
            self.refuse_changes()?;
            let mut config = folder.read_config()?;
            match (&self.data, self.pairs.first_given()) {
                (Some(data), _) => config.data = self.pairs.moved(data, &config.data)?,
                (None, Some(name)) => {
                    let why = "it says where pictures are now, together with --data";
                    return Err(Error::bad_setting(name, why));
                }
                (None, None) => {}
            }
            config
        } else {
            let (Some(preset), Some(data)) = (self.preset, &self.data) else {
                return Err(Error::bad_setting("--preset", "a new run needs --preset and --data"));
            };
            folder.check_free()?;
            let mut config = TrainConfig::new(preset, DataSource::Demo);
            self.settings.apply(&mut config)?;
            config.data = self.pairs.source(data, config.target())?;
            config
        };
        let planned = config.kimg;
        config.kimg = self.kimg.unwrap_or(config.kimg);
        if self.resume && config.lr_decay > 0.0 && config.kimg != planned {
            console::note(&format!(
                "note: the learning rates fall over the last {} % of this run; with {} kimg instead \
                 of {planned} they do so at another time, and its losses differ from then on",
                config.lr_decay * 100.0,
                config.kimg
            ));
        }
        config.save_kimg = self.save_kimg.unwrap_or(config.save_kimg);
        config.samples = self.samples.unwrap_or(config.samples);
        self.upkeep.apply(&mut config.upkeep);
        Ok(config)
    }

    /// A run that goes on with other settings would be another run.
    fn refuse_changes(&self) -> Result<()> {
        let given = match self.preset {
            Some(_) => Some("--preset"),
            None => self.settings.first_given(),
        };
        match given {
            None => Ok(()),
            Some(name) => Err(Error::bad_setting(
                name,
                "a run goes on with its own settings; with --resume only --kimg, --data for pictures \
                 that have moved, --device, and what is saved, shown and measured can be given, so \
                 leave this out or start a new run",
            )),
        }
    }
}

/// `text` as a shell takes it.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+=:@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_can_be_pasted_into_a_shell() {
        assert_eq!(quoted("runs/first"), "runs/first");
        assert_eq!(quoted("my runs/it's"), r"'my runs/it'\''s'");
    }
}
