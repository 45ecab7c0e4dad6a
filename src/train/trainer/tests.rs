//! Tasks whose answer is known, learnt by whole steps of a real trainer.

mod growing;
mod learning;
mod settings;

use candle_core::{Device, Tensor};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::Trainer;
use crate::data::DataSource;
use crate::latent::Prior;
use crate::model::{Mlp, ModelSpec, Network, Preset, SPEC_FORMAT};
use crate::random::{Purpose, stream};
use crate::train::TrainConfig;

/// Fully connected networks for grey pictures of a few values.
fn tiny(size: (usize, usize), generator: &[usize], discriminator: &[usize]) -> TrainConfig {
    let mut config = TrainConfig::new(Preset::MnistMlp, DataSource::Demo);
    config.spec = ModelSpec {
        format: SPEC_FORMAT,
        z_dim: 4,
        prior: Prior::Normal,
        network: Network::Mlp(Mlp {
            size,
            channels: 1,
            generator: generator.to_vec(),
            discriminator: discriminator.to_vec(),
            norm_eps: 1e-5,
        }),
    };
    (config.generator.lr, config.discriminator.lr) = (2e-3, 2e-3);
    (config.batch, config.real_label, config.ema_kimg) = (64, 1.0, 1.0);
    config
}

fn trainer(config: &TrainConfig) -> Trainer {
    Trainer::new(config.clone(), &Device::Cpu).unwrap()
}

/// Runs `steps` steps on what `real` draws for each.
fn train(trainer: &mut Trainer, steps: u64, real: impl Fn(&mut ChaCha8Rng) -> Tensor) {
    for step in 0..steps {
        let pictures = real(&mut stream(9, Purpose::Measure, trainer.steps() + step * 1_000_000));
        trainer.step(&pictures).unwrap();
    }
}

fn pictures(values: Vec<f32>, (height, width): (usize, usize)) -> Tensor {
    let count = values.len() / (height * width);
    Tensor::from_vec(values, (count, 1, height, width), &Device::Cpu).unwrap()
}

fn values(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

/// Near 0, with this deviation at most.
fn jitter(rng: &mut ChaCha8Rng, most: f32) -> f32 {
    most * (2.0 * rng.random::<f32>() - 1.0)
}
