//! What the program promises of a DCGAN for 64×64 pictures, beside the same network with candle's
//! own convolutions: drawing one picture, and a whole training step. `cargo bench --bench ops`

#![allow(missing_docs, clippy::unwrap_used)]

mod candle;

use std::time::Duration;

use candle_core::{Device, Tensor};
use criterion::{
    BenchmarkGroup, Criterion, SamplingMode, criterion_group, criterion_main, measurement,
};
use latentscape::data::DataSource;
use latentscape::model::{Builder, Generator, Mode, ModelSpec, Network, Preset, Widths};
use latentscape::ops::{init, memory};
use latentscape::random::{Purpose, stream};
use latentscape::train::{TrainConfig, Trainer};

/// Pictures of a training step.
const BATCH: usize = 64;

/// The tutorial's DCGAN with `features` channels next to the picture.
fn spec(features: usize) -> ModelSpec {
    let mut spec = Preset::Dcgan64.spec();
    if let Network::Dcgan(dcgan) = &mut spec.network {
        let widths = Widths::Doubling { base: features, max: 1024 };
        (dcgan.generator, dcgan.discriminator) = (widths, widths);
    }
    spec
}

fn latents(batch: usize, z_dim: usize) -> Tensor {
    let mut rng = stream(1, Purpose::Latents, 0);
    init::normal((batch, z_dim), 0.0, 1.0, &mut rng, &Device::Cpu).unwrap()
}

fn candles(features: usize, z_dim: usize) -> candle::Gan {
    candle::Gan::new(features, z_dim, &mut stream(1, Purpose::Weights, 0))
}

fn settings(group: &mut BenchmarkGroup<measurement::WallTime>, seconds: u64) {
    group.sampling_mode(SamplingMode::Flat).sample_size(10);
    group.measurement_time(Duration::from_secs(seconds));
    group.warm_up_time(Duration::from_secs(2));
}

fn forward(criterion: &mut Criterion) {
    memory::keep_freed(memory::FOR_TRAINING);
    let mut group = criterion.benchmark_group("forward, one picture");
    settings(&mut group, 3);
    for features in [32, 64] {
        let spec = spec(features);
        let z = latents(1, spec.z_dim);
        let mut rng = stream(1, Purpose::Weights, 0);
        let mut builder = Builder::random(&mut rng, &Device::Cpu);
        let generator = Generator::build(&spec, &mut builder).unwrap().prepare().unwrap();
        group.bench_function(format!("f = {features}/ours"), |bencher| {
            bencher.iter(|| generator.forward(&z, Mode::Eval).unwrap());
        });
        let gan = candles(features, spec.z_dim);
        group.bench_function(format!("f = {features}/candle"), |bencher| {
            bencher.iter(|| gan.draw(&z).unwrap());
        });
    }
}

fn training(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("training step, batch 64");
    settings(&mut group, 10);
    for features in [32, 64] {
        let mut config = TrainConfig::new(Preset::Dcgan64, DataSource::Demo);
        config.spec = spec(features);
        let z = latents(BATCH, config.spec.z_dim);
        let real = [BATCH, 3, 64, 64];
        let mut rng = stream(2, Purpose::Latents, 0);
        let real = init::uniform(&real, -1.0, 1.0, &mut rng, &Device::Cpu).unwrap();
        let mut gan = candles(features, config.spec.z_dim);
        let mut trainer = Trainer::new(config, &Device::Cpu).unwrap();
        group.bench_function(format!("f = {features}/ours"), |bencher| {
            bencher.iter(|| trainer.step_with(&real, &z).unwrap());
        });
        group.bench_function(format!("f = {features}/candle"), |bencher| {
            bencher.iter(|| gan.step(&real, &z).unwrap());
        });
    }
}

criterion_group!(benches, forward, training);
criterion_main!(benches);
