//! Losses of verdicts `[B]` on real and on generated pictures.

use candle_core::Tensor;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// What each network is to say of real and generated pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// Binary cross-entropy; the generator wants its pictures called real (the non-saturating loss of
    /// Goodfellow et al. 2014, "Generative adversarial nets").
    #[default]
    Bce,
    /// Least squares: 1 for real, 0 for generated (Mao et al. 2017, "Least squares generative
    /// adversarial networks").
    Lsgan,
    /// Real above 1, generated below −1, and no more wanted beyond that (Lim & Ye 2017, "Geometric GAN").
    Hinge,
    /// A real picture is to seem more real than a generated one, pair by pair (Jolicoeur-Martineau 2018;
    /// Huang et al. 2024, "The GAN is dead; long live the GAN!", who add R1 and R2).
    Relativistic,
}

/// A loss as functions of verdicts `[B]`: first those on real, then those on generated pictures.
#[derive(Debug, Clone, Copy)]
pub struct Wants {
    /// What the discriminator makes small; the number is the label of real pictures.
    pub discriminator: fn([&Tensor; 2], f64) -> Result<Tensor>,
    /// What the generator makes small.
    pub generator: fn([&Tensor; 2]) -> Result<Tensor>,
}

impl Loss {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Bce, Self::Lsgan, Self::Hinge, Self::Relativistic];

    /// Name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bce => "bce",
            Self::Lsgan => "lsgan",
            Self::Hinge => "hinge",
            Self::Relativistic => "relativistic",
        }
    }

    /// One line on what it is for.
    pub fn about(self) -> &'static str {
        match self {
            Self::Bce => "cross-entropy, non-saturating: the usual one",
            Self::Lsgan => "least squares: a push also for pictures that deceive already",
            Self::Hinge => "margins of 1: verdicts that are sure enough count no more",
            Self::Relativistic => {
                "a real picture against a generated one, pair by pair: misses fewer kinds, and wants R1 and R2"
            }
        }
    }

    /// Whether there is a label for real pictures that one-sided smoothing can lower.
    pub fn has_labels(self) -> bool {
        matches!(self, Self::Bce | Self::Lsgan)
    }

    /// Whether the generator's loss looks at real pictures too.
    pub fn compares(self) -> bool {
        self == Self::Relativistic
    }

    /// The functions.
    pub fn wants(self) -> Wants {
        match self {
            Self::Bce => Wants {
                discriminator: |[real, fake], label| {
                    Ok((bce_with_logits(real, label)? + bce_with_logits(fake, 0.0)?)?)
                },
                generator: |[_, fake]| bce_with_logits(fake, 1.0),
            },
            Self::Lsgan => Wants {
                discriminator: |[real, fake], label| {
                    Ok((half_square(real, label)? + half_square(fake, 0.0)?)?)
                },
                generator: |[_, fake]| half_square(fake, 1.0),
            },
            Self::Hinge => Wants {
                discriminator: |[real, fake], _| {
                    let real = (1.0 - real)?.relu()?.mean_all()?;
                    Ok((real + (fake + 1.0)?.relu()?.mean_all()?)?)
                },
                generator: |[_, fake]| Ok(fake.neg()?.mean_all()?),
            },
            Self::Relativistic => Wants {
                discriminator: |[real, fake], _| Ok(softplus(&(fake - real)?)?.mean_all()?),
                generator: |[real, fake]| Ok(softplus(&(real - fake)?)?.mean_all()?),
            },
        }
    }

    /// Verdicts as probabilities of being real, and as how far they are on that side: positive for
    /// real. Where only differences count, a picture is compared with its partner.
    pub(in crate::train) fn reading(self, verdict: f32, partner: f32) -> (f32, f32) {
        let logistic = |logit: f32| (1.0 / (1.0 + (-logit).exp()), logit);
        match self {
            Self::Bce | Self::Hinge => logistic(verdict),
            Self::Lsgan => (verdict.clamp(0.0, 1.0), verdict - 0.5),
            Self::Relativistic => logistic(verdict - partner),
        }
    }
}

impl std::str::FromStr for Loss {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|loss| loss.name() == name).ok_or_else(|| {
            let known = Self::ALL.map(Self::name).join(", ");
            Error::bad_setting("--objective", format!("\"{name}\" is not one of {known}"))
        })
    }
}

/// Mean binary cross-entropy of `logits` `[B]` against one `label` in 0..=1, as a scalar.
///
/// Computed from the logits as max(x, 0) − x·label + ln(1 + e^−|x|), which neither overflows nor
/// loses the small losses of a confident network (PyTorch's `BCEWithLogitsLoss`).
///
/// # Errors
/// [`crate::Error::Tensor`] if the device fails.
pub fn bce_with_logits(logits: &Tensor, label: f64) -> Result<Tensor> {
    Ok((softplus(logits)? - (logits * label)?)?.mean_all()?)
}

/// ln(1 + e^x), without overflow.
fn softplus(x: &Tensor) -> Result<Tensor> {
    Ok((x.relu()? + (x.abs()?.neg()?.exp()? + 1.0)?.log()?)?)
}

fn half_square(verdicts: &Tensor, label: f64) -> Result<Tensor> {
    Ok(((verdicts - label)?.sqr()?.mean_all()? * 0.5)?)
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::super::with_slopes;
    use super::*;

    const REAL: [f32; 6] = [-30.0, -3.0, -0.5, 0.1, 2.0, 30.0];
    const FAKE: [f32; 6] = [-2.0, 0.75, -31.0, 30.0, 1.5, -0.25];
    const LABEL: f64 = 0.9;

    type Definition = fn(f64, f64) -> f64;

    /// The definitions themselves, for one pair of verdicts in double precision: of the
    /// discriminator, of the generator.
    fn definitions(loss: Loss) -> [Definition; 2] {
        fn minus_ln_sigmoid(x: f64) -> f64 {
            (-x).exp().ln_1p()
        }
        match loss {
            Loss::Bce => [
                |x, g| {
                    let real = LABEL * minus_ln_sigmoid(x) + (1.0 - LABEL) * minus_ln_sigmoid(-x);
                    real + minus_ln_sigmoid(-g)
                },
                |_, g| minus_ln_sigmoid(g),
            ],
            Loss::Lsgan => {
                [|x, g| 0.5 * (x - LABEL).powi(2) + 0.5 * g.powi(2), |_, g| 0.5 * (g - 1.0).powi(2)]
            }
            Loss::Hinge => [|x, g| (1.0 - x).max(0.0) + (1.0 + g).max(0.0), |_, g| -g],
            Loss::Relativistic => [|x, g| minus_ln_sigmoid(x - g), |x, g| minus_ln_sigmoid(g - x)],
        }
    }

    #[test]
    fn losses_and_slopes_are_those_of_the_definitions() {
        let [real, fake] = [REAL, FAKE].map(|x| Tensor::new(&x, &Device::Cpu).unwrap());
        for loss in Loss::ALL {
            let wants = loss.wants();
            let discriminator = with_slopes([&real, &fake], |v| (wants.discriminator)(v, LABEL));
            let generator = with_slopes([&real, &fake], |v| (wants.generator)(v));
            let both = [discriminator.unwrap(), generator.unwrap()];
            for ((got, slopes), definition) in both.into_iter().zip(definitions(loss)) {
                let pairs = || REAL.iter().zip(&FAKE).map(|(x, g)| (f64::from(*x), f64::from(*g)));
                let count = REAL.len() as f64;
                let expected = pairs().map(|(x, g)| definition(x, g)).sum::<f64>() / count;
                let got = f64::from(got.to_scalar::<f32>().unwrap());
                let off = (got - expected).abs() / expected.abs().max(1.0);
                assert!(off < 1e-6, "{loss:?}: {got} {expected}");
                let [on_real, on_fake] = slopes.map(|slope| slope.to_vec1::<f32>().unwrap());
                for (i, (x, g)) in pairs().enumerate() {
                    let h = 1e-5;
                    let by_x = (definition(x + h, g) - definition(x - h, g)) / (2.0 * h * count);
                    let by_g = (definition(x, g + h) - definition(x, g - h)) / (2.0 * h * count);
                    for (got, expected) in [(on_real[i], by_x), (on_fake[i], by_g)] {
                        let off = (f64::from(got) - expected).abs();
                        assert!(
                            off < 2e-6 * expected.abs().max(1.0),
                            "{loss:?} at {x}, {g}: {got} {expected}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn a_sure_network_does_not_overflow() {
        let x = Tensor::new(&[-1e4f32, 1e4], &Device::Cpu).unwrap();
        let loss = bce_with_logits(&x, 1.0).unwrap().to_scalar::<f32>().unwrap();
        assert_eq!(loss, 5e3);
    }

    #[test]
    fn the_generator_looks_at_real_pictures_only_where_it_says_so() {
        let [real, fake] = [REAL, FAKE].map(|x| Tensor::new(&x, &Device::Cpu).unwrap());
        for loss in Loss::ALL {
            let (_, [slope, _]) =
                with_slopes([&real, &fake], |v| (loss.wants().generator)(v)).unwrap();
            let looks = slope.to_vec1::<f32>().unwrap().iter().any(|s| *s != 0.0);
            assert_eq!(looks, loss.compares(), "{loss:?}");
        }
    }
}
