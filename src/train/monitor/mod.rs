//! The doctor: what ails a run, told from its history.
//!
//! [`Doctor`] hears every step and every measuring in order and keeps a short memory of them; what it
//! finds follows from what it heard and nothing else, so that a run that was gone on with is told the
//! same. The limits are those which the runs behind the built-in models stay well inside of, and
//! runs made sick on purpose do not.

mod doctor;
mod facts;
mod symptoms;

use serde::{Deserialize, Serialize};

pub use doctor::Doctor;
pub use facts::Facts;

/// What can ail a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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

impl Ailment {
    /// What to do about it, in one sentence.
    pub fn advice(self) -> &'static str {
        match self {
            Self::ModeCollapse => {
                "Go back to an earlier checkpoint, or start anew with a lower learning rate, a larger \
                 batch or more varied data."
            }
            Self::DiscriminatorWon => {
                "Lower the discriminator's learning rate, or raise the generator's; with few \
                 pictures, add some or augment them."
            }
            Self::GeneratorWon => {
                "Raise the discriminator's learning rate or width, or let it take more steps."
            }
            Self::Oscillation => "Lower both learning rates, or take a larger batch.",
            Self::Exploding => "Lower the learning rates.",
            Self::Overfitting => {
                "Add pictures or augment them, or stop at the checkpoint that measured best."
            }
            Self::NothingToLearn => {
                "Look at the data: there must be at least two different pictures in it."
            }
        }
    }
}
