//! The doctor: what ails a run, told from its history.

use serde::{Deserialize, Serialize};

/// What can ail a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ailment {
    /// Generated pictures are much more alike than real ones, or whole kinds are missing.
    ModeCollapse,
    /// The discriminator is no longer deceived.
    DiscriminatorWon,
    /// The discriminator can no longer tell.
    GeneratorWon,
    /// Both networks run in circles.
    Oscillation,
    /// Losses or gradients grow without bound, or are not numbers.
    Exploding,
    /// The discriminator knows its few pictures by heart.
    Overfitting,
    /// All pictures of the data are the same.
    NothingToLearn,
}

/// One finding, with its reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// The step at which it was found.
    pub step: u64,
    /// What it is.
    pub ailment: Ailment,
    /// The numbers that say so, in one sentence.
    pub evidence: String,
    /// What to do about it, in one sentence.
    pub advice: String,
}
