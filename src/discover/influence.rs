//! How much each latent dimension changes the picture.

use candle_core::{Device, Tensor};

use crate::error::{Error, Result};
use crate::latent::Latent;
use crate::model::Generator;
use crate::random::{Purpose, stream};

/// Pairs of latents that are drawn at once: enough for full speed, few enough to cancel soon and to
/// fit in memory at 256×256.
const PAIRS: usize = 16;

/// How [`influence`] is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Influence {
    /// How many latents it is averaged over.
    pub midpoints: usize,
    /// Names the latents.
    pub seed: u64,
}

impl Default for Influence {
    fn default() -> Self {
        Self { midpoints: 8, seed: 0 }
    }
}

/// For each dimension, how much the picture changes when it moves from −1σ to +1σ: the mean
/// absolute difference of the pixels, whose values lie in [-1, 1], over seeded midpoints.
///
/// `progress` hears the fraction that is done and says whether to go on.
///
/// # Errors
/// [`Error::WrongModel`] if the generator has no latents, [`Error::Cancelled`] if `progress` said so,
/// [`Error::BadSetting`] without midpoints,
/// [`Error::Tensor`] if the device fails.
pub fn influence(
    generator: &Generator,
    device: &Device,
    settings: Influence,
    progress: &mut dyn FnMut(f32) -> bool,
) -> Result<Vec<f32>> {
    let spec = generator.spec();
    spec.expect_latents()?;
    if settings.midpoints == 0 {
        return Err(Error::bad_setting("midpoints", "must be at least 1"));
    }
    let mut rng = stream(settings.seed, Purpose::Measure, 1);
    let midpoints: Vec<Latent> =
        (0..settings.midpoints).map(|_| spec.prior.sample(spec.z_dim, &mut rng)).collect();
    let sigma = spec.prior.sigma();
    let dims: Vec<usize> = (0..spec.z_dim).collect();
    let mut sums = vec![0f64; spec.z_dim];
    for (i, dims) in dims.chunks(PAIRS).enumerate() {
        for (j, midpoint) in midpoints.iter().enumerate() {
            let done = (i * midpoints.len() + j) as f32;
            let all = (sums.len().div_ceil(PAIRS) * midpoints.len()) as f32;
            if !progress(done / all) {
                return Err(Error::Cancelled);
            }
            let ends: Vec<Latent> = [-1.0, 1.0]
                .into_iter()
                .flat_map(|sign: f32| {
                    dims.iter()
                        .map(move |&dim| midpoint.with(dim, midpoint.get(dim) + sign * sigma))
                })
                .collect();
            for (dim, change) in dims.iter().zip(changes(&generator.draw(&ends, device)?)?) {
                sums[*dim] += change;
            }
        }
    }
    Ok(sums.into_iter().map(|sum| (sum / settings.midpoints as f64) as f32).collect())
}

/// Mean absolute difference between item `i` and item `N + i` of a batch of 2·N pictures.
fn changes(batch: &Tensor) -> Result<Vec<f64>> {
    let pairs = batch.dim(0)? / 2;
    let values = batch.flatten_all()?.to_vec1::<f32>()?;
    let (low, high) = values.split_at(values.len() / 2);
    let size = (low.len() / pairs.max(1)).max(1);
    let mean = |(a, b): (&[f32], &[f32])| {
        let sum: f64 = a.iter().zip(b).map(|(a, b)| f64::from((a - b).abs())).sum();
        sum / size as f64
    };
    Ok(low.chunks(size).zip(high.chunks(size)).map(mean).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::latent::Prior;
    use crate::model::{Builder, Mlp, ModelSpec, Network, SPEC_FORMAT};
    use crate::picture;

    /// A generator tanh(W z + b) with one hidden layer that passes positive numbers through.
    fn spec() -> ModelSpec {
        ModelSpec {
            format: SPEC_FORMAT,
            z_dim: 3,
            prior: Prior::Normal,
            network: Network::Mlp(Mlp {
                size: (2, 2),
                channels: 1,
                generator: vec![3],
                discriminator: vec![4],
                norm_eps: 1e-5,
            }),
        }
    }

    /// The tensors of [`spec`]: the hidden layer is the identity plus 100, which keeps leaky ReLU on
    /// its straight side; the last layer gives every pixel 0.1·z₀ + 0·z₁ − 0.01·z₂.
    fn tensors() -> BTreeMap<String, Tensor> {
        let shapes = spec().generator_shapes().unwrap();
        let mut tensors = BTreeMap::new();
        let mut layer = 0;
        for (name, dims) in shapes {
            let values: Vec<f32> = if dims.len() == 2 {
                layer += 1;
                if layer == 1 {
                    vec![1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
                } else {
                    [0.1, 0.0, -0.01].repeat(4)
                }
            } else if layer == 1 {
                vec![100.0; 3]
            } else {
                vec![-9.0; 4]
            };
            tensors.insert(name, Tensor::from_vec(values, dims, &Device::Cpu).unwrap());
        }
        tensors
    }

    fn generator() -> Generator {
        let tensors = tensors();
        Generator::build(&spec(), &mut Builder::given(&tensors, &Device::Cpu)).unwrap()
    }

    #[test]
    fn known_weights_give_known_influence() {
        let found =
            influence(&generator(), &Device::Cpu, Influence::default(), &mut |_| true).unwrap();
        // tanh'(x) ≈ 1 near 0, and b + 100·(0.1 − 0.01) = 0: about 2σ times the weight.
        assert!((found[0] - 0.2).abs() < 0.02, "{found:?}");
        assert_eq!(found[1], 0.0, "a dimension without weights does nothing");
        assert!((found[2] - 0.02).abs() < 0.002, "{found:?}");
        let again =
            influence(&generator(), &Device::Cpu, Influence::default(), &mut |_| true).unwrap();
        assert_eq!(found, again);
    }

    #[test]
    fn it_can_be_cancelled_and_tells_how_far_it_is() {
        let mut heard = Vec::new();
        let stopped = influence(&generator(), &Device::Cpu, Influence::default(), &mut |done| {
            heard.push(done);
            heard.len() < 3
        });
        assert!(matches!(stopped, Err(Error::Cancelled)));
        assert_eq!(heard, [0.0, 0.125, 0.25]);
        let none = Influence { midpoints: 0, seed: 0 };
        assert!(influence(&generator(), &Device::Cpu, none, &mut |_| true).is_err());
    }

    #[test]
    fn a_sweep_shows_the_values_in_order() {
        let rows = super::super::sweep(
            &generator(),
            &Device::Cpu,
            &[Latent::zero(3), Latent::zero(3).with(2, 5.0)],
            0,
            &[-1.0, 0.0, 1.0],
            &mut |_| true,
        )
        .unwrap();
        assert_eq!(rows.len(), 2);
        for (row, offset) in rows.iter().zip([0.0, -0.05]) {
            for (picture, value) in row.iter().zip([-0.1f32, 0.0, 0.1]) {
                let expected = picture::byte((value + offset).tanh());
                let found = picture.get_pixel(0, 0).0[0];
                assert!(found.abs_diff(expected) <= 1, "{found} is not {expected}");
            }
        }
    }
}
