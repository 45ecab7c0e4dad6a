//! The presets beside PyTorch: forward in both modes, and one whole step of both networks, with each
//! objective, several steps of the discriminator and shortened gradients among them.
//!
//! Expected numbers are in `tests/pytorch/models.json`, made by `tests/pytorch/models.py`. Weights and
//! inputs are not stored: `fill` makes the same ones on both sides.

#![allow(clippy::unwrap_used)]

#[path = "support/parity.rs"]
mod parity;

use latentscape::data::DataSource;
use latentscape::model::Preset;
use latentscape::train::TrainConfig;
use parity::{Numbers, Pair, fill};
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
    #[serde(flatten)]
    numbers: Numbers,
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
    let pair = Pair::new(name.to_owned(), spec, &case.numbers);
    pair.check_forward(&z, &real);

    let mut config = TrainConfig::new(preset, DataSource::Demo);
    config.choose_loss(case.objective.parse().unwrap());
    (config.d_steps, config.clip) = (case.d_steps, case.clip);
    let mut trainer = pair.trainer(config);
    let report = trainer.step_with(&real, &z).unwrap();
    // The latents of the discriminator's last step are the generator's.
    let z = z.narrow(0, count - case.batch, case.batch).unwrap();
    pair.check_step(&trainer, &report, &z);
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
