//! The presets beside PyTorch: forward in both modes, and one whole step of both networks, with each
//! objective, several steps of the discriminator and shortened gradients among them.
//!
//! Expected numbers are in `tests/pytorch/models.json`, made by `tests/pytorch/models.py`. Weights and
//! inputs are not stored: `fill` makes the same ones on both sides.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use candle_core::{Device, Tensor};
use latentscape::data::DataSource;
use latentscape::model::{
    Builder, Discriminator, Generator, Mode, ModelSpec, Params, Preset, Shape,
};
use latentscape::train::{TrainConfig, Trainer};
use serde::Deserialize;

/// With the usual eps of 1e-8, Adam's first step is the bare sign of each gradient, and rounding alone
/// decides it where a gradient is nearly 0. These make the step proportional to the gradient;
/// `ops_parity.rs` has the usual one.
const LR: f64 = 2e-3;
const EPS: f64 = 1.0;

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

/// Some values of a tensor, with their places in it.
#[derive(Deserialize)]
struct Some {
    at: Vec<usize>,
    is: Vec<f32>,
}

/// As `zlib.crc32`.
fn crc32(text: &str) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(text.as_bytes());
    crc.sum()
}

/// The twin of `fill` in `models.py`.
fn fill(name: &str, dims: &[usize], low: f64, high: f64) -> Tensor {
    let seed = crc32(name);
    let values: Vec<f32> = (0..dims.iter().product::<usize>() as u32)
        .map(|i| {
            let mut x = i ^ seed;
            x ^= x >> 16;
            x = x.wrapping_mul(0x7feb_352d);
            x ^= x >> 15;
            x = x.wrapping_mul(0x846c_a68b);
            x ^= x >> 16;
            (low + (high - low) * f64::from(x) / 4_294_967_296.0) as f32
        })
        .collect();
    Tensor::from_vec(values, dims, &Device::Cpu).unwrap()
}

/// The twin of `weights` in `models.py`.
fn weights(prefix: &str, shapes: Vec<Shape>) -> BTreeMap<String, Tensor> {
    let tensor = |(name, dims): Shape| {
        let (low, high) = if name.ends_with("running_var") {
            (0.8, 1.2)
        } else if name.ends_with("running_mean") {
            (-0.1, 0.1)
        } else if dims.len() == 1 && name.ends_with("weight") {
            (0.95, 1.05)
        } else if dims.len() == 1 {
            (-0.05, 0.05)
        } else {
            let bound = (3.0 / dims[1..].iter().product::<usize>() as f64).sqrt();
            (-bound, bound)
        };
        let tensor = fill(&format!("{prefix}{name}"), &dims, low, high);
        (name, tensor)
    };
    shapes.into_iter().map(tensor).collect()
}

fn compare(what: &str, got: &Tensor, expected: &Some) {
    let got = got.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    assert!(!expected.at.is_empty(), "{what}: nothing to compare");
    for (&at, &is) in expected.at.iter().zip(&expected.is) {
        assert!((got[at] - is).abs() < 1e-4, "{what}[{at}] is {}, PyTorch has {is}", got[at]);
    }
}

fn set(params: &Params, weights: &BTreeMap<String, Tensor>) {
    for param in params.iter() {
        param.var.set(&weights[&param.name]).unwrap();
    }
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
