//! How often pictures are changed, when it follows from the discriminator.

use serde::{Deserialize, Serialize};

use super::Augment;

/// What the mean sign of verdicts on real pictures is to be: above it, the discriminator knows them
/// too well (Karras et al. 2020, figure 5).
const TARGET: f64 = 0.6;
/// Steps over which the sign is averaged before the probability moves.
const STEPS: u32 = 4;

/// The probability of changes, as it moves in the course of a run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Adaptation {
    /// Probability that a picture gets each change.
    p: f64,
    /// Sum of the signs since it last moved.
    signs: f64,
    /// Real pictures since then.
    pictures: u64,
    /// Steps since then.
    steps: u32,
}

impl Adaptation {
    /// As at the start of a run.
    pub fn new(augment: &Augment) -> Self {
        Self { p: augment.p, signs: 0.0, pictures: 0, steps: 0 }
    }

    /// The probability for the next step.
    pub fn p(&self) -> f64 {
        self.p
    }

    /// Takes the mean sign of the verdicts on the `pictures` real pictures of a step into account.
    pub fn follow(&mut self, augment: &Augment, sign_real: f32, pictures: usize) {
        if augment.ada_kimg <= 0.0 {
            return;
        }
        self.signs += f64::from(sign_real);
        self.pictures += pictures as u64;
        self.steps += 1;
        if self.steps < STEPS {
            return;
        }
        let change = self.pictures as f64 / (augment.ada_kimg * 1000.0);
        // A sign that is no number moves nothing.
        match (self.signs / f64::from(self.steps)).partial_cmp(&TARGET) {
            Some(std::cmp::Ordering::Greater) => self.p = (self.p + change).min(1.0),
            Some(std::cmp::Ordering::Less) => self.p = (self.p - change).max(0.0),
            _ => {}
        }
        *self = Self { p: self.p, signs: 0.0, pictures: 0, steps: 0 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_probability_moves_towards_where_the_sign_is_right() {
        let augment = Augment { p: 0.0, ada_kimg: 2.0, ..Augment::ALL };
        let mut adapted = Adaptation::new(&augment);
        // A discriminator that is the surer the fewer pictures are changed: right at p = 0.4.
        for _ in 0..400 {
            let sign = 1.0 - adapted.p();
            adapted.follow(&augment, sign as f32, 8);
        }
        assert!((adapted.p() - 0.4).abs() < 0.04, "{adapted:?}");
        // At full speed, 2,000 pictures lead from 0 to 1 and no further.
        for (sign, end) in [(1.0, 1.0), (-1.0, 0.0)] {
            for _ in 0..252 {
                adapted.follow(&augment, sign, 8);
            }
            assert_eq!(adapted.p(), end);
        }
        adapted.follow(&augment, f32::NAN, 8);
        let still = Augment { ada_kimg: 0.0, p: 0.3, ..augment };
        let mut adapted = Adaptation::new(&still);
        (0..9).for_each(|_| adapted.follow(&still, 1.0, 8));
        assert_eq!(adapted.p(), 0.3);
    }
}
