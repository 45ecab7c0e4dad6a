//! What is timed: a network that draws, or a step of its training.

use std::collections::HashMap;

use candle_core::{DType, Device, Tensor};
use latentscape::data::DataSource;
use latentscape::device::DeviceChoice;
use latentscape::latent::Prior;
use latentscape::model::{Builder, Generator, Mode, Network, Params, Preset};
use latentscape::ops::{init, memory};
use latentscape::random::{Purpose, stream};
use latentscape::train::{TrainConfig, Trainer, Unread};
use serde::Deserialize;

#[derive(Debug, Clone, Deserialize)]
pub struct Case {
    pub kind: Kind,
    preset: String,
    /// Channels next to the picture, for convolutional networks.
    width: Option<usize>,
    resolution: Option<usize>,
    batch: usize,
    #[serde(default = "processor")]
    device: DeviceChoice,
}

fn processor() -> DeviceChoice {
    DeviceChoice::Cpu
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Pictures are drawn.
    Forward,
    /// Both networks make a step.
    Step,
}

/// What is timed.
pub enum Work {
    Forward { generator: Generator, z: Tensor },
    Step { trainer: Box<Trainer>, real: Tensor, z: Tensor },
}

/// What [`Work::run`] did.
pub enum Done {
    Pictures(Tensor),
    Step(Unread),
}

impl Work {
    /// The work, and weights and batch under their names.
    pub fn new(case: &Case) -> (Self, HashMap<String, Tensor>) {
        memory::keep_freed(match case.kind {
            Kind::Forward => memory::FOR_DRAWING,
            Kind::Step => memory::FOR_TRAINING,
        });
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
        let (spec, device) = (config.spec.clone(), case.device.open().unwrap().device);
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
        (work, given)
    }

    /// Waits for what a GPU has been given to do.
    pub fn finish(&self) {
        let (Self::Forward { z, .. } | Self::Step { z, .. }) = self;
        z.device().synchronize().unwrap();
    }

    /// Runs once. A GPU may not have done it yet.
    pub fn run(&mut self) -> Done {
        match self {
            Self::Forward { generator, z } => {
                Done::Pictures(generator.forward(z, Mode::Eval).unwrap())
            }
            Self::Step { trainer, real, z } => {
                Done::Step(trainer.start_step_with(real, z).unwrap())
            }
        }
    }
}

impl Done {
    /// What came out, under its name.
    pub fn results(self) -> HashMap<String, Tensor> {
        match self {
            Self::Pictures(pictures) => HashMap::from([("pictures".to_owned(), pictures)]),
            Self::Step(unread) => {
                let report = unread.read().unwrap();
                let number = |loss: f32| Tensor::new(&[loss], &Device::Cpu).unwrap();
                HashMap::from([
                    ("loss_d".to_owned(), number(report.loss_d)),
                    ("loss_g".to_owned(), number(report.loss_g)),
                ])
            }
        }
    }
}
