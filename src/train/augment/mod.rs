//! Pictures changed at random before the discriminator judges them, real and generated ones alike.
//!
//! With few pictures to learn from, the discriminator learns them by heart. If all that it ever sees
//! is changed in colour, shifted and with a hole, there is more to learn; and since the generated
//! pictures go through the same changes, and their gradient back through them, the generator does not
//! learn to make the changes (Zhao et al. 2020, "Differentiable augmentation for data-efficient GAN
//! training"). How often is set, or follows from how sure the discriminator is ([`Adaptation`]).

mod adapt;
mod change;
mod composed;

use candle_core::Tensor;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

pub use adapt::Adaptation;
use change::{Apply, Change, Hole};

use crate::error::{Error, Result};
use crate::ops::{channels_first, channels_last};

/// Brightness moves by up to this, on pictures in [-1, 1].
const BRIGHTNESS: f64 = 0.5;
/// Shifts go up to this share of a side.
const SHIFT: f64 = 0.125;
/// The side of a hole as a share of the picture's.
const HOLE: f64 = 0.5;

/// Which changes, and how often.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Augment {
    /// Brightness ±0.5, saturation × 0 to 2, contrast × 0.5 to 1.5.
    pub colour: bool,
    /// A shift by up to an eighth of the picture in both directions; grey (0) comes in.
    pub translation: bool,
    /// A square hole of half the picture's side, anywhere.
    pub cutout: bool,
    /// Probability that a picture gets each of the changes, 0 to 1; where it adapts, the one at the
    /// start.
    pub p: f64,
    /// Thousands of pictures in which the probability may go from 0 to 1, up while the discriminator
    /// knows the real pictures too well and down while it does not; 0 keeps it as it is. 1 to 100,000;
    /// 500 is usual (Karras et al. 2020, "Training generative adversarial networks with limited data").
    pub ada_kimg: f64,
}

impl Default for Augment {
    fn default() -> Self {
        Self { colour: false, translation: false, cutout: false, p: 1.0, ada_kimg: 0.0 }
    }
}

impl Augment {
    /// All changes, always.
    pub const ALL: Self =
        Self { colour: true, translation: true, cutout: true, p: 1.0, ada_kimg: 0.0 };

    /// Whether any picture is changed.
    pub fn is_on(&self) -> bool {
        self.colour || self.translation || self.cutout
    }

    /// Checks every setting with `within`, which takes a name, a value and its limits.
    ///
    /// # Errors
    /// [`Error::BadSetting`] naming the first that is out of range, or has nothing to act on.
    pub(super) fn validate(
        &self,
        within: impl Fn(&str, f64, f64, f64) -> Result<()>,
    ) -> Result<()> {
        within("--augment-p", self.p, 0.0, 1.0)?;
        if self.ada_kimg != 0.0 {
            within("--ada", self.ada_kimg, 1.0, 1e5)?;
            if !self.is_on() {
                return Err(Error::bad_setting(
                    "--ada",
                    "there is nothing whose strength could adapt; say which changes with --augment",
                ));
            }
        }
        Ok(())
    }

    /// Draws what happens to each of `count` pictures of `size`, with probability `p`. As many numbers
    /// are taken from `rng` whatever is switched on.
    pub fn draw(
        &self,
        p: f64,
        count: usize,
        size: (usize, usize),
        rng: &mut ChaCha8Rng,
    ) -> Changes {
        let one = |_| self.draw_one(p, size, rng);
        Changes(Arc::new((0..count).map(one).collect()))
    }

    fn draw_one(&self, p: f64, (height, width): (usize, usize), rng: &mut ChaCha8Rng) -> Change {
        let mut drawn = || rng.random::<f64>();
        let mut change = Change::default();
        let colour = drawn() < p && self.colour;
        let (brightness, saturation, contrast) = (drawn(), drawn(), drawn());
        if colour {
            let (saturation, contrast) = (2.0 * saturation, 0.5 + contrast);
            change.recolour((2.0 * brightness - 1.0) * BRIGHTNESS, saturation, contrast);
        }
        let translation = drawn() < p && self.translation;
        let (down, right) = (drawn(), drawn());
        if translation {
            let shift = |drawn: f64, side: usize| {
                let most = (side as f64 * SHIFT).round();
                (drawn * (2.0 * most + 1.0)).floor() as isize - most as isize
            };
            change.shift = (shift(down, height), shift(right, width));
        }
        let cutout = drawn() < p && self.cutout;
        let (top, left) = (drawn(), drawn());
        if cutout {
            // Its centre is anywhere in the picture; what sticks out is lost.
            let span = |drawn: f64, side: usize| {
                let length = (side as f64 * HOLE).round() as usize;
                let centre = (drawn * (side + 1 - length % 2) as f64) as usize;
                let start = centre.saturating_sub(length / 2);
                start..(centre + length - length / 2).min(side)
            };
            change.hole = Some(Hole { rows: span(top, height), columns: span(left, width) });
        }
        change
    }
}

/// What happens to the pictures of one batch.
#[derive(Debug, Clone)]
pub struct Changes(Arc<Vec<Change>>);

impl Changes {
    /// Changes `pictures` `[B, C, H, W]`; candle knows the way back.
    ///
    /// # Errors
    /// [`Error::Tensor`] if there are more or fewer pictures than were drawn for, or the device fails.
    pub fn apply(&self, pictures: &Tensor) -> Result<Tensor> {
        if !pictures.device().is_cpu() {
            return composed::apply(&self.0, pictures);
        }
        let pictures = channels_last(pictures)?;
        let changed = pictures.apply_op1(Apply { changes: self.0.clone(), back: false })?;
        channels_first(&changed)
    }

    /// The gradient of the pictures `[B, C, H, W]` from that of the changed ones. The changes are
    /// linear but for a constant: the pictures themselves do not matter.
    ///
    /// # Errors
    /// As [`Changes::apply`].
    pub fn back(&self, grad: &Tensor) -> Result<Tensor> {
        if !grad.device().is_cpu() {
            return composed::back(&self.0, grad);
        }
        let grad = channels_last(&grad.detach())?;
        let grad = grad.apply_op1_no_bwd(&Apply { changes: self.0.clone(), back: true })?;
        channels_first(&grad)
    }
}

#[cfg(test)]
mod tests;
