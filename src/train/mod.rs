//! Training a generator against a discriminator.
//!
//! [`run()`] is the whole of it, for the command line and the window alike: pictures in, events out,
//! controls read between steps, a run folder on disk that can be gone on with at any time. [`Trainer`]
//! is one alternating step. Every random draw follows from the seed and the number of the step, so
//! that a run that was stopped, or killed, goes on exactly as if it had not been.

mod adam;
mod augment;
mod average;
mod config;
mod estimate;
mod event_file;
mod events;
mod folder;
mod log;
pub mod metrics;
pub mod monitor;
mod objective;
pub mod pace;
pub mod pairs;
mod run;
mod schedule;
mod trainer;
mod upkeep;

pub use adam::{Adam, AdamSettings};
pub use augment::{Adaptation, Augment, Changes};
pub use average::Average;
pub use config::TrainConfig;
pub use estimate::{Estimate, check_memory, estimate, free_memory, memory};
pub use event_file::{Scalars, read_events};
pub use events::{StepReport, TrainControl, TrainEvent};
pub use folder::{RunFolder, RunLock};
pub use objective::{Loss, Objective, bce_with_logits};
pub use pairs::{held_out_inputs, held_out_of};
pub use run::{Outcome, run};
pub use schedule::{Growth, Schedule, Stage};
pub use trainer::{Trainer, Unread};
pub use upkeep::Upkeep;
