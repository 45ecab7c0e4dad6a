//! The U-Net and the PatchGAN beside PyTorch, with both norms: forward in both modes, and one whole step
//! of both networks on pairs.
//!
//! Expected numbers are in `tests/pytorch/pix2pix.json`, made by `tests/pytorch/pix2pix.py`.

#![allow(clippy::unwrap_used)]

#[path = "support/parity.rs"]
mod parity;

use candle_core::Tensor;
use latentscape::data::DataSource;
use latentscape::model::{ModelSpec, Network, NormKind, Output, PatchGan, Pix2pix, Preset};
use latentscape::train::TrainConfig;
use parity::{Numbers, Pair, compare_loss, fill};
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
    l1: f32,
    #[serde(flatten)]
    numbers: Numbers,
}

impl Case {
    fn spec(&self) -> ModelSpec {
        let mut spec = Preset::Pix2pix.spec();
        spec.network = Network::Pix2pix(Pix2pix {
            output: Output::Tanh,
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

fn check(case: &Case) {
    let name = format!("{:?} {}", case.norm, case.size);
    let input = fill("input", &[case.batch, case.inputs, case.size, case.size], -1.0, 1.0);
    let truth = fill("truth", &[case.batch, case.outputs, case.size, case.size], -1.0, 1.0);
    let both = Tensor::cat(&[&input, &truth], 1).unwrap();
    let pair = Pair::new(name, case.spec(), &case.numbers);
    pair.check_forward(&input, &both);

    let mut config = TrainConfig::new(Preset::Pix2pix, DataSource::Demo);
    config.batch = case.batch;
    let mut trainer = pair.trainer(config);
    let report = trainer.step(&both).unwrap();
    pair.check_step(&trainer, &report, &input);
    // Told of values in [0, 1], where PyTorch has those in [-1, 1].
    compare_loss("L1", report.l1, 0.5 * case.l1);
}

#[test]
fn networks_and_a_step_are_those_of_pytorch() {
    let text = include_str!("pytorch/pix2pix.json");
    let expected: Expected = serde_json::from_str(text).unwrap();
    assert_eq!(expected.cases.len(), 3);
    expected.cases.iter().for_each(check);
}
