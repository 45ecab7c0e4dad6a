//! What the two networks want.

mod distance;
mod loss;
mod penalty;
mod slopes;

use serde::{Deserialize, Serialize};

pub use distance::distance;
pub use loss::{Loss, Wants, bce_with_logits};
pub use penalty::{behind, beside_noisy, penalty};
pub use slopes::with_slopes;

use crate::error::{Error, Result};

/// What the networks are trained for: a loss, and what keeps the discriminator from growing too steep.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Objective {
    /// What each network is to say of real and generated pictures.
    pub loss: Loss,
    /// Weight γ of the squared slope of the discriminator at real pictures (R1, Mescheder et al. 2018,
    /// "Which training methods for GANs do actually converge?"), 0 to 1,000; 0 leaves it away. A steep
    /// discriminator gives the generator a push that overshoots: raise it when the losses swing.
    pub r1: f64,
    /// The same at generated pictures (R2), 0 to 1,000.
    pub r2: f64,
    /// Standard deviation of the noise, on pictures in [-1, 1], by which slopes are measured; 0.001 to 1.
    /// Small, since a discriminator with batch norm is judged under the statistics of pictures with
    /// noise among them: where that changes them much, the generator meets another discriminator than
    /// the one that was trained.
    pub sigma: f64,
}

impl Default for Objective {
    fn default() -> Self {
        Self { loss: Loss::default(), r1: 0.0, r2: 0.0, sigma: 0.01 }
    }
}

impl Objective {
    /// Checks every setting with `within`, which takes a name, a value and its limits.
    ///
    /// # Errors
    /// [`Error::BadSetting`] naming the first that is out of range, or does not go with the loss.
    pub(super) fn validate(
        &self,
        real_label: f64,
        within: impl Fn(&str, f64, f64, f64) -> Result<()>,
    ) -> Result<()> {
        within("--r1", self.r1, 0.0, 1000.0)?;
        within("--r2", self.r2, 0.0, 1000.0)?;
        within("--penalty-sigma", self.sigma, 0.001, 1.0)?;
        if real_label < 1.0 && !self.loss.has_labels() {
            return Err(Error::bad_setting(
                "--real-label",
                format!(
                    "the objective {} has no label that could be {real_label}; give 1, or choose bce or lsgan",
                    self.loss.name()
                ),
            ));
        }
        Ok(())
    }
}
