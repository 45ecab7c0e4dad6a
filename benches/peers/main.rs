//! Our side of the comparison that `benches/peers/run.py` makes: it is told on its input what to build
//! and to time, a line of JSON each, and answers on its output.
//!
//! `setup` draws weights and a batch and writes them for the peers, `check` runs once and writes what
//! came out, `time` runs again and again, `memory` tells the peak of what was resident.

#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]

use std::collections::HashMap;
use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::time::Instant;

use candle_core::{DType, Device, Tensor};
use latentscape::data::{DataSource, Dataset, Framing, OpenOptions, Target};
use latentscape::latent::Prior;
use latentscape::model::{Builder, Generator, Mode, Network, Params, Preset};
use latentscape::ops::{init, memory};
use latentscape::picture;
use latentscape::random::{Purpose, stream};
use latentscape::train::{TrainConfig, Trainer, held_out_of};
use serde::Deserialize;
use serde_json::json;

#[derive(Debug, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
enum Order {
    Setup(Case),
    Check {
        path: PathBuf,
    },
    Time {
        seconds: f64,
    },
    Memory,
    /// Writes the built-in line drawings and their faces, those that are learnt from and the others.
    Pairs {
        path: PathBuf,
        resolution: usize,
    },
}

#[derive(Debug, Deserialize)]
struct Case {
    kind: Kind,
    preset: String,
    /// Channels next to the picture, for convolutional networks.
    width: Option<usize>,
    resolution: Option<usize>,
    batch: usize,
    /// Where to write weights and batch.
    given: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Forward,
    Step,
}

/// What is timed.
enum Work {
    Forward { generator: Generator, z: Tensor },
    Step { trainer: Box<Trainer>, real: Tensor, z: Tensor },
}

impl Work {
    fn new(case: &Case) -> Self {
        let preset: Preset = case.preset.parse().unwrap();
        let mut config = TrainConfig::new(preset, DataSource::Demo);
        if let Network::Dcgan(dcgan) = &mut config.spec.network {
            dcgan.resolution = case.resolution.unwrap_or(dcgan.resolution);
            if let Some(width) = case.width {
                dcgan.generator = dcgan.generator.with_base(width);
                dcgan.discriminator = dcgan.discriminator.with_base(width);
            }
        }
        if let Network::Pix2pix(net) = &mut config.spec.network {
            net.resolution = case.resolution.unwrap_or(net.resolution);
            net.width = case.width.unwrap_or(net.width);
            // Both sides draw other numbers for it.
            net.dropout = 0.0;
        }
        let (spec, device) = (config.spec.clone(), Device::Cpu);
        let (height, width) = spec.size();
        let batch = case.batch;
        let mut rng = stream(1, Purpose::Latents, 0);
        let z = match spec.prior {
            _ if spec.takes_pictures() => {
                let shape = (batch, spec.inputs(), height, width);
                init::uniform(shape, -1.0, 1.0, &mut rng, &device)
            }
            Prior::Normal => init::normal((batch, spec.z_dim), 0.0, 1.0, &mut rng, &device),
            Prior::Uniform => init::uniform((batch, spec.z_dim), -1.0, 1.0, &mut rng, &device),
        };
        let z = z.unwrap();
        let mut given = HashMap::from([("z".to_owned(), z.clone())]);
        let mut note = |prefix: &str, params: &Params| {
            let named = |(name, tensor): (String, Tensor)| {
                (format!("{prefix}.{name}"), tensor.to_dtype(DType::F32).unwrap().copy().unwrap())
            };
            given.extend(params.tensors().into_iter().map(named));
        };
        let work = match case.kind {
            Kind::Forward => {
                let mut rng = stream(1, Purpose::Weights, 0);
                let mut builder = Builder::random(&mut rng, &device);
                let generator = Generator::build(&spec, &mut builder).unwrap();
                note("g", &builder.finish());
                Self::Forward { generator: generator.prepare().unwrap(), z }
            }
            Kind::Step => {
                let real = (batch, spec.channels(), height, width);
                let mut rng = stream(2, Purpose::Latents, 0);
                let real = init::uniform(real, -1.0, 1.0, &mut rng, &device).unwrap();
                let trainer = Trainer::new(config, &device).unwrap();
                note("g", trainer.generator_params());
                note("d", trainer.discriminator_params());
                given.insert("real".to_owned(), real.clone());
                Self::Step { trainer: Box::new(trainer), real, z }
            }
        };
        candle_core::safetensors::save(&given, &case.given).unwrap();
        work
    }

    /// Runs once; what came out, under its name.
    fn run(&mut self) -> HashMap<String, Tensor> {
        match self {
            Self::Forward { generator, z } => {
                HashMap::from([("pictures".to_owned(), generator.forward(z, Mode::Eval).unwrap())])
            }
            Self::Step { trainer, real, z } => {
                let report = trainer.step_with(real, z).unwrap();
                let number = |loss: f32| Tensor::new(&[loss], &Device::Cpu).unwrap();
                HashMap::from([
                    ("loss_d".to_owned(), number(report.loss_d)),
                    ("loss_g".to_owned(), number(report.loss_g)),
                ])
            }
        }
    }

    fn check(&mut self, path: &Path) {
        let results: HashMap<_, _> =
            self.run().into_iter().map(|(name, x)| (name, x.contiguous().unwrap())).collect();
        candle_core::safetensors::save(&results, path).unwrap();
    }

    /// Milliseconds of each run in about `seconds`, three at least.
    fn time(&mut self, seconds: f64) -> Vec<f64> {
        let (begun, mut times) = (Instant::now(), Vec::new());
        while times.len() < 3 || begun.elapsed().as_secs_f64() < seconds {
            let start = Instant::now();
            self.run();
            times.push(start.elapsed().as_secs_f64() * 1e3);
        }
        times
    }
}

/// Pairs `[N, 6, R, R]` in [-1, 1], the input's channels first.
fn write_pairs(path: &Path, resolution: usize) {
    let target = Target { input: 3, channels: 3, height: resolution, width: resolution };
    let source = DataSource::DemoSketches;
    let options = OpenOptions::default();
    let dataset = Dataset::open(&source, target, Framing::Crop, options, &mut |_, _| true).unwrap();
    let held_out = held_out_of(dataset.len());
    let (learnt, held_out) = dataset.split_off_last(held_out).unwrap();
    let tensor = |dataset: &Dataset| {
        let pairs: Vec<_> = (0..dataset.len()).map(|i| dataset.pixels(i).unwrap()).collect();
        let pairs: Vec<&[u8]> = pairs.iter().map(|pair| &**pair).collect();
        picture::to_tensor(&pairs, (6, resolution, resolution), &Device::Cpu).unwrap()
    };
    let all = HashMap::from([("learnt", tensor(&learnt)), ("held_out", tensor(&held_out))]);
    candle_core::safetensors::save(&all, path).unwrap();
}

/// The peak of what was resident, in MB, where the system tells.
fn peak_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kb: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kb / 1024.0)
}

fn main() {
    // `cargo bench` runs everything there is; this needs its peers.
    if std::env::args().nth(1).as_deref() != Some("serve") {
        println!("the comparison with PyTorch and ONNX Runtime: python3 benches/peers/run.py");
        return;
    }
    let mut work = None;
    for line in std::io::stdin().lock().lines() {
        let answer = match serde_json::from_str(&line.unwrap()).unwrap() {
            Order::Setup(case) => {
                let most = match case.kind {
                    Kind::Forward => memory::FOR_DRAWING,
                    Kind::Step => memory::FOR_TRAINING,
                };
                memory::keep_freed(most);
                work = Some(Work::new(&case));
                json!({})
            }
            Order::Check { path } => {
                work.as_mut().unwrap().check(&path);
                json!({})
            }
            Order::Time { seconds } => json!({ "millis": work.as_mut().unwrap().time(seconds) }),
            Order::Pairs { path, resolution } => {
                write_pairs(&path, resolution);
                json!({})
            }
            Order::Memory => json!({ "peak_mb": peak_mb(), "before_mb": 0.0 }),
        };
        println!("{answer}");
    }
}
