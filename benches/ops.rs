//! DCGAN-64 with the kernels of `latentscape::ops` and with candle's own convolutions.
//!
//! `cargo bench --bench ops`; a filter picks one, as in `cargo bench --bench ops -- step/64/ours`.
//! Groups are `forward/FEATURES` (one image through the generator) and `step/FEATURES` (a whole
//! training step of both networks on 64 images). `benches/peers/dcgan.py` is the same in PyTorch.
//!
//! Pictures are `[B, H, W, C]` for our kernels and `[B, C, H, W]` for candle's. Activations,
//! optimiser and loss are the same code for both; candle's batch norm is made of its own operations.

#![allow(clippy::unwrap_used, missing_docs)]

use candle_core::{DType, Device, Result, Tensor, Var};
use criterion::{
    BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main,
};
use latentscape::ops::{self, Activation, ConvGeometry, PreparedConv, update};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::time::Duration;

const LATENT: usize = 100;
const BATCH: usize = 64;
const FIRST: ConvGeometry = ConvGeometry::new(1, 0);
const HALVE: ConvGeometry = ConvGeometry::new(2, 1);

/// Whose convolutions.
#[derive(Clone, Copy)]
enum Kernels {
    Ours,
    Candle,
}

impl Kernels {
    fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Candle => "candle",
        }
    }

    fn conv(self, x: &Tensor, w: &Tensor, g: ConvGeometry) -> Tensor {
        match self {
            Self::Ours => ops::conv2d(x, w, g).unwrap(),
            Self::Candle => x.conv2d(w, g.padding.0, g.stride.0, 1, 1).unwrap(),
        }
    }

    fn batch_norm(self, x: &Tensor, [weight, bias]: [&Tensor; 2], f: Activation) -> Result<Tensor> {
        if let Self::Ours = self {
            return Ok(ops::batch_norm(x, weight, bias, 1e-5, f).unwrap().0);
        }
        let channels = weight.elem_count();
        let mean = x.transpose(0, 1)?.flatten_from(1)?.mean(1)?.reshape((1, channels, 1, 1))?;
        let centred = x.broadcast_sub(&mean)?;
        let variance = centred.sqr()?.transpose(0, 1)?.flatten_from(1)?.mean(1)?;
        let scale = weight.div(&(variance + 1e-5)?.sqrt()?)?.reshape((1, channels, 1, 1))?;
        let bias = bias.reshape((1, channels, 1, 1))?;
        Ok(ops::activate(&centred.broadcast_mul(&scale)?.broadcast_add(&bias)?, f).unwrap())
    }

    fn scale_shift(
        self,
        x: &Tensor,
        [scale, shift]: [&Tensor; 2],
        f: Activation,
    ) -> Result<Tensor> {
        if let Self::Ours = self {
            return Ok(ops::scale_shift(x, Some(scale), Some(shift), f).unwrap());
        }
        let constant = |tensor: &Tensor| tensor.reshape((1, tensor.elem_count(), 1, 1));
        let y = x.broadcast_mul(&constant(scale)?)?.broadcast_add(&constant(shift)?)?;
        Ok(ops::activate(&y, f).unwrap())
    }

    /// The dimensions of pictures.
    fn pictures(self, batch: usize, channels: usize, side: usize) -> [usize; 4] {
        match self {
            Self::Ours => [batch, side, side, channels],
            Self::Candle => [batch, channels, side, side],
        }
    }

    fn transposed(self, x: &Tensor, w: &Tensor, g: ConvGeometry) -> Tensor {
        match self {
            Self::Ours => ops::conv_transpose2d(x, w, g, (0, 0)).unwrap(),
            Self::Candle => x.conv_transpose2d(w, g.padding.0, 0, g.stride.0, 1).unwrap(),
        }
    }
}

/// A convolution, with a batch norm's weight and bias where it has one.
struct Layer {
    weight: Var,
    norm: Option<[Var; 2]>,
    activation: Activation,
}

/// A stack of (transposed) convolutions with the optimiser's moments.
struct Network {
    layers: Vec<Layer>,
    moments: Vec<Tensor>,
    transposed: bool,
    steps: u64,
}

impl Network {
    /// Weights for each pair of neighbours in `widths`.
    fn new(widths: &[usize], transposed: bool, rng: &mut ChaCha8Rng) -> Self {
        let count = widths.len() - 1;
        let layer = |(index, pair): (usize, &[usize])| {
            let (a, b) = if transposed { (pair[0], pair[1]) } else { (pair[1], pair[0]) };
            let last = index + 1 == count;
            let plain = last || (!transposed && index == 0);
            let norm = (!plain).then(|| [1.0, 0.0].map(|value| constant(value, pair[1])));
            let activation = match (last, transposed) {
                (true, true) => Activation::Tanh,
                (true, false) => Activation::Linear,
                (false, true) => Activation::Relu,
                (false, false) => Activation::LeakyRelu(0.2),
            };
            let weight = ops::init::normal((a, b, 4, 4), 0.0, 0.02, rng, &Device::Cpu).unwrap();
            Layer { weight: Var::from_tensor(&weight).unwrap(), norm, activation }
        };
        let layers: Vec<Layer> = widths.windows(2).enumerate().map(layer).collect();
        let mut network = Self { layers, moments: Vec::new(), transposed, steps: 0 };
        let zeros = |var: &Var| Tensor::zeros((2, var.elem_count()), DType::F32, &Device::Cpu);
        network.moments = network.variables().map(|var| zeros(var).unwrap()).collect();
        network
    }

    fn generator(features: usize, rng: &mut ChaCha8Rng) -> Self {
        let f = features;
        Self::new(&[LATENT, 8 * f, 4 * f, 2 * f, f, 3], true, rng)
    }

    fn discriminator(features: usize, rng: &mut ChaCha8Rng) -> Self {
        let f = features;
        Self::new(&[3, f, 2 * f, 4 * f, 8 * f, 1], false, rng)
    }

    fn variables(&self) -> impl Iterator<Item = &Var> {
        self.layers
            .iter()
            .flat_map(|layer| std::iter::once(&layer.weight).chain(layer.norm.iter().flatten()))
    }

    /// The network in training mode; in evaluation mode the norms are scale and shift.
    fn forward(&self, x: &Tensor, kernels: Kernels, training: bool, frozen: bool) -> Tensor {
        let last = self.layers.len() - 1;
        let mut x = x.clone();
        for (index, layer) in self.layers.iter().enumerate() {
            let tensor = |var: &Var| {
                if frozen { var.as_detached_tensor() } else { var.as_tensor().clone() }
            };
            let dense = index == if self.transposed { 0 } else { last };
            let (geometry, weight) = (if dense { FIRST } else { HALVE }, tensor(&layer.weight));
            x = if self.transposed {
                kernels.transposed(&x, &weight, geometry)
            } else {
                kernels.conv(&x, &weight, geometry)
            };
            x = match &layer.norm {
                None => ops::activate(&x, layer.activation).unwrap(),
                Some([weight, bias]) => {
                    let constants = [&tensor(weight), &tensor(bias)];
                    if training {
                        kernels.batch_norm(&x, constants, layer.activation).unwrap()
                    } else {
                        kernels.scale_shift(&x, constants, layer.activation).unwrap()
                    }
                }
            };
        }
        x
    }

    /// What the program keeps of a model that it draws with.
    fn prepared(&self) -> Vec<PreparedConv> {
        let layer = |(index, layer): (usize, &Layer)| {
            let geometry = if index == 0 { FIRST } else { HALVE };
            let tensors =
                layer.norm.as_ref().map(|norm| [norm[0].as_tensor(), norm[1].as_tensor()]);
            let constants = (tensors.map(|[scale, _]| scale), tensors.map(|[_, shift]| shift));
            PreparedConv::new(&layer.weight, geometry, true, constants, layer.activation).unwrap()
        };
        self.layers.iter().enumerate().map(layer).collect()
    }

    fn update(&mut self, gradients: &[&candle_core::backprop::GradStore]) {
        self.steps += 1;
        let hyper =
            update::AdamHyper { lr: 2e-4, beta1: 0.5, beta2: 0.999, eps: 1e-8, step: self.steps };
        for (var, moments) in self.variables().zip(&self.moments) {
            let mut sum = gradients[0].get(var).unwrap().clone();
            for more in &gradients[1..] {
                sum = (sum + more.get(var).unwrap()).unwrap();
            }
            update::adam(var, &sum, moments, hyper).unwrap();
        }
    }
}

fn constant(value: f32, len: usize) -> Var {
    Var::from_tensor(&Tensor::full(value, len, &Device::Cpu).unwrap()).unwrap()
}

/// Binary cross-entropy of logits against one label for all.
fn bce(logits: &Tensor, label: f64) -> Result<Tensor> {
    let softplus = (logits.relu()? + (logits.abs()?.neg()?.exp()? + 1.0)?.log()?)?;
    (softplus - (logits * label)?)?.mean_all()
}

/// One step of discriminator and generator, as DCGAN's authors and PyTorch's example do it.
fn step(
    generator: &mut Network,
    discriminator: &mut Network,
    real: &Tensor,
    latents: &Tensor,
    kernels: Kernels,
) -> Result<f32> {
    let fake = generator.forward(latents, kernels, true, false);
    let on_real = bce(&discriminator.forward(real, kernels, true, false), 0.9)?.backward()?;
    let on_fake = discriminator.forward(&fake.detach(), kernels, true, false);
    let on_fake = bce(&on_fake, 0.0)?.backward()?;
    discriminator.update(&[&on_real, &on_fake]);
    let loss = bce(&discriminator.forward(&fake, kernels, true, true), 1.0)?;
    generator.update(&[&loss.backward()?]);
    loss.to_scalar()
}

fn forward(criterion: &mut Criterion) {
    ops::memory::keep_freed();
    let mut group = criterion.benchmark_group("forward");
    group.measurement_time(Duration::from_secs(3)).warm_up_time(Duration::from_millis(500));
    for (features, batch) in [(64, 1), (32, 1)] {
        for kernels in [Kernels::Ours, Kernels::Candle] {
            let rng = &mut ChaCha8Rng::seed_from_u64(1);
            let network = Network::generator(features, rng);
            let dims = kernels.pictures(batch, LATENT, 1);
            let z = ops::init::normal(&dims, 0.0, 1.0, rng, &Device::Cpu).unwrap();
            group.throughput(Throughput::Elements(batch as u64)).sample_size(20);
            let id = BenchmarkId::new(format!("{features}/batch{batch}"), kernels.name());
            let layers = network.prepared();
            group.bench_function(id, |bencher| match kernels {
                Kernels::Ours => bencher
                    .iter(|| layers.iter().fold(z.clone(), |x, layer| layer.forward(&x).unwrap())),
                Kernels::Candle => bencher.iter(|| network.forward(&z, kernels, false, true)),
            });
        }
    }
}

fn training(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("step");
    group
        .sampling_mode(SamplingMode::Flat)
        .sample_size(10)
        .throughput(Throughput::Elements(BATCH as u64));
    group.measurement_time(Duration::from_secs(10)).warm_up_time(Duration::from_millis(100));
    for features in [32, 64] {
        for kernels in [Kernels::Ours, Kernels::Candle] {
            let rng = &mut ChaCha8Rng::seed_from_u64(2);
            let mut generator = Network::generator(features, rng);
            let mut discriminator = Network::discriminator(features, rng);
            let (real, z) = (kernels.pictures(BATCH, 3, 64), kernels.pictures(BATCH, LATENT, 1));
            let real = ops::init::uniform(&real, -1.0, 1.0, rng, &Device::Cpu).unwrap();
            let z = ops::init::normal(&z, 0.0, 1.0, rng, &Device::Cpu).unwrap();
            group.bench_function(
                BenchmarkId::new(features.to_string(), kernels.name()),
                |bencher| {
                    bencher.iter(|| {
                        step(&mut generator, &mut discriminator, &real, &z, kernels).unwrap()
                    });
                },
            );
        }
    }
}

criterion_group!(benches, forward, training);
criterion_main!(benches);
