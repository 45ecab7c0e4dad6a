//! What a run tells, and what it can be told.

use std::path::PathBuf;
use std::sync::Arc;

use image::RgbImage;
use serde::{Deserialize, Serialize};

use super::metrics::Measures;
use super::monitor::Alert;
use crate::checkpoint::ModelFile;

/// Numbers of one step. Nothing in it depends on the machine's speed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StepReport {
    /// Number of the step, from 1.
    pub step: u64,
    /// Real pictures shown so far.
    pub images: u64,
    /// Loss of the discriminator: on real plus on generated pictures.
    pub loss_d: f32,
    /// Loss of the generator, without the distance to the truth where there is one.
    pub loss_g: f32,
    /// Mean probability that the discriminator gave to real pictures.
    pub d_real: f32,
    /// Mean probability that it gave to generated ones, before its step.
    pub d_fake: f32,
    /// L2 norm of the gradients of all parameters of the discriminator, before any clipping.
    #[serde(default)]
    pub grad_d: f32,
    /// The same of the generator.
    #[serde(default)]
    pub grad_g: f32,
    /// Share of real pictures that the discriminator takes for real, less the share that it takes
    /// for generated: near 1 when it knows them by heart (Karras et al. 2020, "Training GANs with
    /// limited data").
    #[serde(default)]
    pub sign_real: f32,
    /// Mean absolute difference of outputs from their truths, of values in [0, 1]; 0 where pictures
    /// are drawn from latents.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub l1: f32,
}

impl StepReport {
    /// Of no step at all.
    pub(super) const NONE: Self = Self {
        step: 0,
        images: 0,
        loss_d: 0.0,
        loss_g: 0.0,
        d_real: 0.0,
        d_fake: 0.0,
        grad_d: 0.0,
        grad_g: 0.0,
        sign_real: 0.0,
        l1: 0.0,
    };
}

fn is_zero(value: &f32) -> bool {
    *value == 0.0
}

/// What a run tells while it goes on.
#[derive(Debug, Clone)]
pub enum TrainEvent {
    /// The data is open and the networks are built.
    Started {
        /// Pictures, or pairs of them, that are learnt from.
        pictures: usize,
        /// Pairs that are only measured with; 0 where pictures are drawn from latents.
        held_out: usize,
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
    /// Pictures from the run's fixed latents, or what is made of pairs that are held out, drawn by the
    /// averaged generator.
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
    /// The newest averaged generator as a model, while [`TrainControl::ShowWeights`] asks for it.
    Weights {
        /// Real pictures shown so far.
        images: u64,
        /// The model.
        model: Arc<ModelFile>,
    },
    /// Generated pictures were measured against real ones.
    Measured(Measures),
    /// The doctor found something.
    Alert(Alert),
    /// Both networks got one more layer.
    Grown {
        /// The first step with it.
        step: u64,
        /// Height and width of the pictures from now on.
        resolution: usize,
    },
    /// Numbers went astray: the run went back to an earlier state, with smaller learning rates.
    RolledBack {
        /// The step that failed.
        from: u64,
        /// The step that it goes on from.
        to: u64,
        /// What all learning rates are multiplied with from now on.
        lr_factor: f64,
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
    /// Whether to send the newest weights as they change, about twice a second.
    ShowWeights(bool),
    /// Add one layer to each network now, if the preset grows.
    Grow,
    /// Finish the step and end.
    Stop {
        /// Whether to write a checkpoint first.
        save: bool,
    },
}
