//! The presets beside PyTorch: forward in both modes, and one whole step of both networks, with each
//! objective, several steps of the discriminator and shortened gradients among them.
//!
//! Expected numbers are in `tests/pytorch/models.json`, made by `tests/pytorch/models.py`. Weights and
//! inputs are not stored: `fill` makes the same ones on both sides.

#![allow(clippy::unwrap_used)]

#[path = "support/parity.rs"]
mod parity;

use std::collections::BTreeMap;

use candle_core::{Device, Tensor};
use latentscape::data::DataSource;
use latentscape::model::{Builder, Discriminator, Generator, Mode, ModelSpec, Preset};
use latentscape::train::{TrainConfig, Trainer};
use parity::{EPS, LR, Some, compare, fill, set, weights};
use serde::Deserialize;

#[derive(Deserialize)]
struct Expected {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    batch: usize,
    prior: f32,
    objective: String,
    d_steps: usize,
    clip: f64,
    g_train: Some,
    g_eval: Some,
    d_train: Some,
    d_eval: Some,
    loss_d: f32,
    loss_g: f32,
    after: BTreeMap<String, Some>,
    g_after: Some,
}

fn generator(spec: &ModelSpec, weights: &BTreeMap<String, Tensor>) -> Generator {
    Generator::build(spec, &mut Builder::given(weights, &Device::Cpu)).unwrap()
}

fn check(name: &str, objective: &str) {
    let text = include_str!("pytorch/models.json");
    let expected: Expected = serde_json::from_str(text).unwrap();
    let mut cases = expected.cases.iter();
    let case = cases.find(|case| case.name == name && case.objective == objective).unwrap();
    let preset: Preset = name.parse().unwrap();
    let spec = preset.spec();
    let (height, width) = spec.size();
    let count = case.batch * case.d_steps;
    let z = fill("z", &[count, spec.z_dim], -f64::from(case.prior), f64::from(case.prior));
    let real = fill("real", &[count, spec.channels(), height, width], -1.0, 1.0);
    let g_weights = weights("g.", spec.generator_shapes().unwrap());
    let d_weights = weights("d.", spec.discriminator_shapes().unwrap());

    for (mode, g_out, d_out) in
        [(Mode::Train, &case.g_train, &case.d_train), (Mode::Eval, &case.g_eval, &case.d_eval)]
    {
        let pictures = generator(&spec, &g_weights).forward(&z, mode).unwrap();
        assert_eq!(pictures.dims(), real.dims());
        compare(&format!("{name} G {mode:?}"), &pictures, g_out);
        let prepared = generator(&spec, &g_weights).prepare().unwrap();
        compare(
            &format!("{name} prepared G {mode:?}"),
            &prepared.forward(&z, mode).unwrap(),
            g_out,
        );
        let mut builder = Builder::given(&d_weights, &Device::Cpu);
        let judge = Discriminator::build(&spec, &mut builder).unwrap();
        compare(&format!("{name} D {mode:?}"), &judge.forward(&real, mode).unwrap(), d_out);
    }

    let mut config = TrainConfig::new(preset, DataSource::Demo);
    config.choose_loss(case.objective.parse().unwrap());
    (config.d_steps, config.clip) = (case.d_steps, case.clip);
    for adam in [&mut config.generator, &mut config.discriminator] {
        (adam.lr, adam.eps) = (LR, EPS);
    }
    let mut trainer = Trainer::new(config, &Device::Cpu).unwrap();
    set(trainer.generator_params(), &g_weights);
    set(trainer.discriminator_params(), &d_weights);
    let report = trainer.step_with(&real, &z).unwrap();
    assert!((report.loss_d - case.loss_d).abs() < 1e-4, "{name}: {report:?}, {}", case.loss_d);
    assert!((report.loss_g - case.loss_g).abs() < 1e-4, "{name}: {report:?}, {}", case.loss_g);
    for (prefix, params) in
        [("g.", trainer.generator_params()), ("d.", trainer.discriminator_params())]
    {
        for param in params.iter() {
            let key = format!("{prefix}{}", param.name);
            compare(&key, param.var.as_tensor(), &case.after[&key]);
        }
    }
    let moved = generator(&spec, &trainer.generator_params().tensors());
    // The latents of the discriminator's last step are the generator's.
    let z = z.narrow(0, count - case.batch, case.batch).unwrap();
    compare(&format!("{name} G after"), &moved.forward(&z, Mode::Eval).unwrap(), &case.g_after);
}

#[test]
fn mnist_mlp() {
    check("mnist-mlp", "bce");
}

#[test]
fn faces_32() {
    check("faces-32", "bce");
}

#[test]
fn dcgan_64() {
    check("dcgan-64", "bce");
}

#[test]
fn cars_256() {
    check("cars-256", "bce");
}

#[test]
fn grow() {
    check("grow", "bce");
}

#[test]
fn objectives() {
    check("faces-32", "lsgan");
    check("mnist-mlp", "hinge");
    check("faces-32", "relativistic");
}

/// The kernels of processors without AVX-512, in a process of their own: the choice is made once.
#[test]
fn portable_kernels() {
    let mut tests = std::process::Command::new(std::env::current_exe().unwrap());
    tests.args(["--exact", "dcgan_64", "faces_32"]).env("LATENTSCAPE_NO_AVX512", "1");
    let output = tests.output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && told.contains("2 passed"), "{told}");
}
