//! The distribution a generator's latents were drawn from while it was trained.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

use super::Latent;
use crate::random::{Purpose, stream};

/// How latents are drawn. Every dimension is independent of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Prior {
    /// Normal with mean 0 and variance 1.
    Normal,
    /// Uniform between −1 and 1.
    Uniform,
}

impl Prior {
    /// Fills `values` with draws.
    pub fn fill(self, values: &mut [f32], rng: &mut ChaCha8Rng) {
        match self {
            Self::Normal => values.iter_mut().for_each(|v| *v = StandardNormal.sample(rng)),
            Self::Uniform => values.iter_mut().for_each(|v| *v = rng.random_range(-1.0..1.0)),
        }
    }

    /// One latent with `dims` dimensions.
    pub fn sample(self, dims: usize, rng: &mut ChaCha8Rng) -> Latent {
        let mut values = vec![0.0; dims];
        self.fill(&mut values, rng);
        Latent(values)
    }

    /// The latent that `seed` names. The same in the window, on the command line and on every machine.
    pub fn from_seed(self, dims: usize, seed: u64) -> Latent {
        self.sample(dims, &mut stream(seed, Purpose::Latents, 0))
    }

    /// Standard deviation of one dimension.
    pub fn sigma(self) -> f32 {
        match self {
            Self::Normal => 1.0,
            Self::Uniform => 1.0 / 3f32.sqrt(),
        }
    }

    /// How far from 0 a slider reaches: ±3 for a normal latent; a uniform one was never trained
    /// beyond ±1, so half as far again shows what lies outside.
    pub fn slider_range(self) -> f32 {
        match self {
            Self::Normal => 3.0,
            Self::Uniform => 1.5,
        }
    }

    /// Length that a drawn latent has on average: σ·√dims.
    pub fn typical_norm(self, dims: usize) -> f32 {
        self.sigma() * (dims as f32).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_have_the_moments_they_promise() {
        for prior in [Prior::Normal, Prior::Uniform] {
            let z = prior.from_seed(100_000, 7);
            let n = z.dims() as f64;
            let mean = z.values().iter().map(|&v| f64::from(v)).sum::<f64>() / n;
            let var = z.values().iter().map(|&v| f64::from(v).powi(2)).sum::<f64>() / n;
            assert!(mean.abs() < 0.01, "{prior:?} mean {mean}");
            let sigma = f64::from(prior.sigma());
            assert!((var.sqrt() - sigma).abs() < 0.01, "{prior:?} sigma {}", var.sqrt());
            let ratio = z.norm() / prior.typical_norm(z.dims());
            assert!((ratio - 1.0).abs() < 0.01, "{prior:?} norm {ratio}");
        }
    }

    #[test]
    fn a_seed_names_one_latent() {
        assert_eq!(Prior::Normal.from_seed(64, 3), Prior::Normal.from_seed(64, 3));
        assert_ne!(Prior::Normal.from_seed(64, 3), Prior::Normal.from_seed(64, 4));
        // A longer latent starts with the shorter one of the same seed.
        assert_eq!(
            Prior::Normal.from_seed(64, 3).values()[..8],
            *Prior::Normal.from_seed(8, 3).values()
        );
    }
}
