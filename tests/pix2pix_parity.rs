//! The U-Net and the PatchGAN beside PyTorch, with both norms: forward in both modes, and one whole step
//! of both networks on pairs.
//!
//! Expected numbers are in `tests/pytorch/pix2pix.json`, made by `tests/pytorch/pix2pix.py`.

#![allow(clippy::unwrap_used)]

#[path = "support/parity.rs"]
mod parity;

use std::collections::BTreeMap;

use candle_core::{Device, Tensor};
use latentscape::data::DataSource;
use latentscape::model::{
    Builder, Discriminator, Generator, Mode, ModelSpec, Network, NormKind, PatchGan, Pix2pix,
    Preset,
};
use latentscape::train::{TrainConfig, Trainer};
use parity::{EPS, LR, Some, compare, fill, set, weights};
use serde::Deserialize;

#[derive(Deserialize)]
struct Expected {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    norm: NormKind,
    size: usize,
    inputs: usize,
    outputs: usize,
    width: usize,
    layers: usize,
    batch: usize,
    g_train: Some,
    g_eval: Some,
    d_train: Some,
    d_eval: Some,
    loss_d: f32,
    loss_g: f32,
    l1: f32,
    after: BTreeMap<String, Some>,
    g_after: Some,
}

impl Case {
    fn spec(&self) -> ModelSpec {
        let mut spec = Preset::Pix2pix.spec();
        spec.network = Network::Pix2pix(Pix2pix {
            resolution: self.size,
            inputs: self.inputs,
            channels: self.outputs,
            width: self.width,
            norm: self.norm,
            dropout: 0.0,
            discriminator: PatchGan { width: self.width, layers: self.layers },
        });
        spec
    }
}

fn generator(spec: &ModelSpec, weights: &BTreeMap<String, Tensor>) -> Generator {
    Generator::build(spec, &mut Builder::given(weights, &Device::Cpu)).unwrap()
}

fn check(case: &Case) {
    let spec = case.spec();
    let name = format!("{:?} {}", case.norm, case.size);
    let input = fill("input", &[case.batch, case.inputs, case.size, case.size], -1.0, 1.0);
    let truth = fill("truth", &[case.batch, case.outputs, case.size, case.size], -1.0, 1.0);
    let pair = Tensor::cat(&[&input, &truth], 1).unwrap();
    let g_weights = weights("g.", spec.generator_shapes().unwrap());
    let d_weights = weights("d.", spec.discriminator_shapes().unwrap());

    for (mode, g_out, d_out) in
        [(Mode::Train, &case.g_train, &case.d_train), (Mode::Eval, &case.g_eval, &case.d_eval)]
    {
        let pictures = generator(&spec, &g_weights).forward(&input, mode).unwrap();
        assert_eq!(pictures.dims(), truth.dims());
        compare(&format!("{name} G {mode:?}"), &pictures, g_out);
        let prepared = generator(&spec, &g_weights).prepare().unwrap();
        let pictures = prepared.forward(&input, mode).unwrap();
        compare(&format!("{name} prepared G {mode:?}"), &pictures, g_out);
        let mut builder = Builder::given(&d_weights, &Device::Cpu);
        let judge = Discriminator::build(&spec, &mut builder).unwrap();
        compare(&format!("{name} D {mode:?}"), &judge.forward(&pair, mode).unwrap(), d_out);
    }

    let mut config = TrainConfig::new(Preset::Pix2pix, DataSource::Demo);
    (config.spec, config.batch) = (spec.clone(), case.batch);
    for adam in [&mut config.generator, &mut config.discriminator] {
        (adam.lr, adam.eps) = (LR, EPS);
    }
    let mut trainer = Trainer::new(config, &Device::Cpu).unwrap();
    set(trainer.generator_params(), &g_weights);
    set(trainer.discriminator_params(), &d_weights);
    let report = trainer.step(&pair).unwrap();
    for (what, got, expected) in [
        ("D", report.loss_d, case.loss_d),
        ("G", report.loss_g, case.loss_g),
        // Told of values in [0, 1], where PyTorch has those in [-1, 1].
        ("L1", report.l1, 0.5 * case.l1),
    ] {
        assert!((got - expected).abs() < 1e-4, "{name}: loss of {what} is {got}, not {expected}");
    }
    for (prefix, params) in
        [("g.", trainer.generator_params()), ("d.", trainer.discriminator_params())]
    {
        assert!(params.iter().count() > 5);
        for param in params.iter() {
            let key = format!("{prefix}{}", param.name);
            compare(&format!("{name} {key}"), param.var.as_tensor(), &case.after[&key]);
        }
    }
    // Everything that PyTorch's state dicts hold is there.
    let count = trainer.generator_params().iter().count();
    let counts = count + trainer.discriminator_params().iter().count();
    assert_eq!(counts, case.after.len(), "{name}");
    let moved = generator(&spec, &trainer.generator_params().tensors());
    compare(&format!("{name} G after"), &moved.forward(&input, Mode::Eval).unwrap(), &case.g_after);
}

#[test]
fn networks_and_a_step_are_those_of_pytorch() {
    let text = include_str!("pytorch/pix2pix.json");
    let expected: Expected = serde_json::from_str(text).unwrap();
    assert_eq!(expected.cases.len(), 3);
    expected.cases.iter().for_each(check);
}
