//! What the tests of parity with PyTorch share: the twins of `tests/pytorch/parity.py`.

use std::collections::BTreeMap;

use candle_core::{Device, Tensor};
use latentscape::model::{Builder, Discriminator, Generator, Mode, ModelSpec, Params, Shape};
use latentscape::train::{StepReport, TrainConfig, Trainer};
use serde::Deserialize;

/// With the usual eps of 1e-8, Adam's first step is the bare sign of each gradient, and rounding alone
/// decides it where a gradient is nearly 0. These make the step proportional to the gradient;
/// `ops_parity.rs` has the usual one.
const LR: f64 = 2e-3;
const EPS: f64 = 1.0;

/// Some values of a tensor, with their places in it.
#[derive(Deserialize)]
struct Some {
    at: Vec<usize>,
    is: Vec<f32>,
}

/// What PyTorch computes with both networks: in both modes, and in a step.
#[derive(Deserialize)]
pub struct Numbers {
    g_train: Some,
    g_eval: Some,
    d_train: Some,
    d_eval: Some,
    loss_d: f32,
    loss_g: f32,
    after: BTreeMap<String, Some>,
    g_after: Some,
}

/// As `zlib.crc32`.
fn crc32(text: &str) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(text.as_bytes());
    crc.sum()
}

/// The twin of `fill` in `parity.py`.
pub fn fill(name: &str, dims: &[usize], low: f64, high: f64) -> Tensor {
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

/// The twin of `weights` in `parity.py`.
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

/// Says so if a value is further than 1e-4 from PyTorch's.
fn compare(what: &str, got: &Tensor, expected: &Some) {
    let got = got.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    assert!(!expected.at.is_empty(), "{what}: nothing to compare");
    for (&at, &is) in expected.at.iter().zip(&expected.is) {
        assert!((got[at] - is).abs() < 1e-4, "{what}[{at}] is {}, PyTorch has {is}", got[at]);
    }
}

/// Says so if a loss is further than 1e-4 from PyTorch's.
pub fn compare_loss(what: &str, got: f32, expected: f32) {
    assert!((got - expected).abs() < 1e-4, "loss of {what} is {got}, not {expected}");
}

/// Puts `weights` into `params`.
fn set(params: &Params, weights: &BTreeMap<String, Tensor>) {
    for param in params.iter() {
        param.var.set(&weights[&param.name]).unwrap();
    }
}

/// Two networks beside PyTorch's.
pub struct Pair<'a> {
    name: String,
    spec: ModelSpec,
    generator: BTreeMap<String, Tensor>,
    discriminator: BTreeMap<String, Tensor>,
    expected: &'a Numbers,
}

impl<'a> Pair<'a> {
    /// The networks of `spec`, filled as in `parity.py`; `name` tells of them where they differ.
    pub fn new(name: String, spec: ModelSpec, expected: &'a Numbers) -> Self {
        let generator = weights("g.", spec.generator_shapes().unwrap());
        let discriminator = weights("d.", spec.discriminator_shapes().unwrap());
        Self { name, spec, generator, discriminator, expected }
    }

    fn built(&self, weights: &BTreeMap<String, Tensor>) -> Generator {
        Generator::build(&self.spec, &mut Builder::given(weights, &Device::Cpu)).unwrap()
    }

    /// Checks both networks in both modes, the generator prepared and not, with what the generator is
    /// `given` and what the discriminator judges.
    pub fn check_forward(&self, given: &Tensor, judged: &Tensor) {
        let Self { name, spec, expected, .. } = self;
        let (height, width) = spec.size();
        let dims = [given.dim(0).unwrap(), spec.channels(), height, width];
        for (mode, g_out, d_out) in [
            (Mode::Train, &expected.g_train, &expected.d_train),
            (Mode::Eval, &expected.g_eval, &expected.d_eval),
        ] {
            let pictures = self.built(&self.generator).forward(given, mode).unwrap();
            assert_eq!(pictures.dims(), dims);
            compare(&format!("{name} G {mode:?}"), &pictures, g_out);
            let prepared = self.built(&self.generator).prepare().unwrap();
            let pictures = prepared.forward(given, mode).unwrap();
            compare(&format!("{name} prepared G {mode:?}"), &pictures, g_out);
            let mut builder = Builder::given(&self.discriminator, &Device::Cpu);
            let judge = Discriminator::build(spec, &mut builder).unwrap();
            compare(&format!("{name} D {mode:?}"), &judge.forward(judged, mode).unwrap(), d_out);
        }
    }

    /// A trainer of these networks, with PyTorch's optimisers and otherwise under `config`.
    pub fn trainer(&self, mut config: TrainConfig) -> Trainer {
        config.spec = self.spec.clone();
        for adam in [&mut config.generator, &mut config.discriminator] {
            (adam.lr, adam.eps) = (LR, EPS);
        }
        let trainer = Trainer::new(config, &Device::Cpu).unwrap();
        set(trainer.generator_params(), &self.generator);
        set(trainer.discriminator_params(), &self.discriminator);
        trainer
    }

    /// Checks both networks after a step, and what the generator then makes of what it is `given`.
    pub fn check_step(&self, trainer: &Trainer, report: &StepReport, given: &Tensor) {
        let Self { name, expected, .. } = self;
        compare_loss(&format!("{name} D"), report.loss_d, expected.loss_d);
        compare_loss(&format!("{name} G"), report.loss_g, expected.loss_g);
        let mut count = 0;
        for (prefix, params) in
            [("g.", trainer.generator_params()), ("d.", trainer.discriminator_params())]
        {
            for param in params.iter() {
                let key = format!("{prefix}{}", param.name);
                compare(&format!("{name} {key}"), param.var.as_tensor(), &expected.after[&key]);
                count += 1;
            }
        }
        // Everything that PyTorch's state dicts hold is there.
        assert_eq!(count, expected.after.len(), "{name}");
        let moved = self.built(&trainer.generator_params().tensors());
        let pictures = moved.forward(given, Mode::Eval).unwrap();
        compare(&format!("{name} G after"), &pictures, &expected.g_after);
    }
}
