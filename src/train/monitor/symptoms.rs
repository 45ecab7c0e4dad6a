//! The signs of each ailment: from some steps, or some measures, to how bad it is and why.

use super::facts::Facts;
use crate::train::events::StepReport;
use crate::train::metrics::Measures;

/// How bad something is, from 1 on, and the numbers that say so.
pub(super) type Sign = Option<(f32, String)>;

/// Mean probability of generated pictures below which the generator learns nothing any more. The
/// healthy run behind the built-in faces never goes below 0.018.
const NEVER_DECEIVED: f32 = 0.01;
/// Mean difference of the verdicts below which the discriminator tells nothing apart.
const CANNOT_TELL: f32 = 0.03;
/// A mean loss that no healthy run has. Losses start around 1, and stay below 10.
const HUGE_LOSS: f32 = 30.0;
/// Gradients so many times as large as before.
const HUGE_GRADIENT: f32 = 100.0;
/// Real pictures that are taken for real, less those that are not.
const BY_HEART: f32 = 0.9;
/// Times that each picture was shown, and pictures, for knowing them by heart.
const SHOWN: f32 = 40.0;
const FEW: usize = 5000;
/// Mean distance of generated pictures over that of real ones.
const MUCH_ALIKE: f32 = 0.5;
/// Share of cells without a generated picture.
const MANY_EMPTY: f32 = 0.5;
/// The gap between verdicts, D(x) − D(G(z)), that counts as lost and as won, and how often it has to
/// go from one to the other.
const LOST: f32 = 0.2;
const WON: f32 = 0.8;
const TURNS: usize = 6;

/// Means over a window of steps.
#[derive(Debug, Clone, Copy)]
pub(super) struct Means {
    pub(super) steps: usize,
    pub(super) images: u64,
    pub(super) loss_d: f32,
    pub(super) loss_g: f32,
    pub(super) d_real: f32,
    pub(super) d_fake: f32,
    pub(super) grad_d: f32,
    pub(super) grad_g: f32,
    pub(super) sign_real: f32,
}

impl Means {
    pub(super) fn of<'a>(reports: impl ExactSizeIterator<Item = &'a StepReport> + Clone) -> Self {
        let steps = reports.len();
        let mean = |field: fn(&StepReport) -> f32| {
            let sum: f64 = reports.clone().map(|report| f64::from(field(report))).sum();
            (sum / steps.max(1) as f64) as f32
        };
        Self {
            steps,
            images: reports.clone().map(|report| report.images).max().unwrap_or(0),
            loss_d: mean(|report| report.loss_d),
            loss_g: mean(|report| report.loss_g),
            d_real: mean(|report| report.d_real),
            d_fake: mean(|report| report.d_fake),
            grad_d: mean(|report| report.grad_d),
            grad_g: mean(|report| report.grad_g),
            sign_real: mean(|report| report.sign_real),
        }
    }

    /// The discriminator is no longer deceived.
    pub(super) fn discriminator_won(&self) -> Sign {
        (self.d_fake < NEVER_DECEIVED && self.d_real > self.d_fake).then(|| {
            let words = format!(
                "Over {} steps the discriminator gave generated pictures a chance of {:.4} to be \
                 real, and the generator's loss was {:.1}.",
                self.steps, self.d_fake, self.loss_g
            );
            (NEVER_DECEIVED / self.d_fake.max(1e-9), words)
        })
    }

    /// The discriminator can no longer tell.
    pub(super) fn generator_won(&self) -> Sign {
        let gap = self.d_real - self.d_fake;
        (gap < CANNOT_TELL).then(|| {
            let words = format!(
                "Over {} steps the discriminator gave real pictures a chance of {:.2} to be real, \
                 and generated ones {:.2}.",
                self.steps, self.d_real, self.d_fake
            );
            (1.0 + (CANNOT_TELL - gap), words)
        })
    }

    /// Losses or gradients far beyond what they were; `usual` are the usual norms, once they are
    /// known.
    pub(super) fn exploding(&self, usual: Option<(f32, f32)>) -> Sign {
        let loss = self.loss_d.max(self.loss_g);
        if loss > HUGE_LOSS {
            let words = format!(
                "Over {} steps the discriminator's loss was {:.1} and the generator's {:.1}.",
                self.steps, self.loss_d, self.loss_g
            );
            return Some((loss / HUGE_LOSS, words));
        }
        let (usual_d, usual_g) = usual?;
        let growth = [(self.grad_d, usual_d, "discriminator"), (self.grad_g, usual_g, "generator")];
        let (now, usual, name) = growth
            .into_iter()
            .find(|(now, usual, _)| *usual > 0.0 && now / usual > HUGE_GRADIENT)?;
        let words = format!(
            "Over {} steps the {name}'s gradients had a length of {now:.1}, where {usual:.2} is \
             usual in this run.",
            self.steps
        );
        Some((now / usual / HUGE_GRADIENT, words))
    }

    /// The discriminator knows its few pictures by heart.
    pub(super) fn overfitting(&self, facts: &Facts) -> Sign {
        let shown = self.images as f32 / facts.pictures.max(1) as f32;
        (facts.pictures <= FEW && shown >= SHOWN && self.sign_real > BY_HEART).then(|| {
            let words = format!(
                "Each of the {} pictures was shown {shown:.0} times, and the discriminator takes \
                 {:.1} % of them for real.",
                facts.pictures,
                50.0 + 50.0 * self.sign_real
            );
            (1.0, words)
        })
    }
}

/// Both networks run in circles: `gaps` are the means of D(x) − D(G(z)) over short pieces, of
/// `steps` steps in all.
pub(super) fn oscillation(gaps: impl Iterator<Item = f32>, steps: usize) -> Sign {
    let (mut turns, mut side) = (0, None);
    for gap in gaps {
        let now = match gap {
            gap if gap < LOST => Some(false),
            gap if gap > WON => Some(true),
            _ => side,
        };
        turns += usize::from(side.is_some() && now != side);
        side = now;
    }
    (turns >= TURNS).then(|| {
        let words = format!(
            "Within {steps} steps the discriminator went {turns} times between telling nearly all \
             pictures apart and hardly any."
        );
        (turns as f32 / TURNS as f32, words)
    })
}

/// Generated pictures are much more alike than real ones, or whole kinds are missing.
pub(super) fn mode_collapse(measures: &Measures) -> Sign {
    let alike = measures.diversity.filter(|diversity| *diversity < MUCH_ALIKE);
    let empty = measures.empty.filter(|empty| *empty > MANY_EMPTY);
    let (severity, words) = match (alike, empty) {
        (None, None) => return None,
        (Some(alike), None) => (
            MUCH_ALIKE / alike.max(1e-3),
            format!("differ from each other {:.0} % as much as real ones do", 100.0 * alike),
        ),
        (None, Some(empty)) => (
            empty / MANY_EMPTY,
            format!("are missing in {:.0} % of the cells of like real ones", 100.0 * empty),
        ),
        (Some(alike), Some(empty)) => (
            MUCH_ALIKE / alike.max(1e-3),
            format!(
                "differ from each other {:.0} % as much as real ones do, and are missing in {:.0} % \
                 of the cells of like real ones",
                100.0 * alike,
                100.0 * empty
            ),
        ),
    };
    Some((severity, format!("{} generated pictures {words}.", measures.pictures)))
}
