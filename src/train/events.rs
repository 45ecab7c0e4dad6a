//! What a run tells, and what it can be told.

use std::path::PathBuf;

use image::RgbImage;
use serde::{Deserialize, Serialize};

/// Numbers of one step. Nothing in it depends on the machine's speed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StepReport {
    /// Number of the step, from 1.
    pub step: u64,
    /// Real pictures shown so far.
    pub images: u64,
    /// Loss of the discriminator: on real plus on generated pictures.
    pub loss_d: f32,
    /// Loss of the generator.
    pub loss_g: f32,
    /// Mean probability that the discriminator gave to real pictures.
    pub d_real: f32,
    /// Mean probability that it gave to generated ones, before its step.
    pub d_fake: f32,
}

/// What a run tells while it goes on.
#[derive(Debug, Clone)]
pub enum TrainEvent {
    /// The data is open and the networks are built.
    Started {
        /// Pictures in the data set.
        pictures: usize,
        /// Files that were left out, each with the reason.
        skipped: Vec<String>,
        /// Steps done before: 0 unless the run is gone on with.
        first_step: u64,
        /// Steps at which it ends.
        last_step: u64,
        /// Pictures per step.
        batch: usize,
        /// Where it is computed.
        device: String,
        /// Parameters of generator and discriminator.
        parameters: (usize, usize),
    },
    /// Opening the data: this many of so many pictures are read.
    Reading(usize, usize),
    /// Steps done since the last such event, about ten times a second.
    Steps(Vec<StepReport>),
    /// Pictures from the run's fixed latents, drawn by the averaged generator.
    Preview {
        /// Real pictures shown so far.
        images: u64,
        /// One sheet.
        sheet: RgbImage,
        /// Where it was saved.
        path: PathBuf,
    },
    /// A checkpoint was written.
    Saved {
        /// The step it holds.
        step: u64,
        /// The model file.
        path: PathBuf,
    },
    /// Something went wrong that does not stop the run.
    Warning(String),
    /// Waiting to be told to go on.
    Paused,
}

/// What a run can be told. Read between steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrainControl {
    /// Wait.
    Pause,
    /// Go on.
    Resume,
    /// Write a checkpoint now.
    SaveNow,
    /// Finish the step and end.
    Stop {
        /// Whether to write a checkpoint first.
        save: bool,
    },
}
