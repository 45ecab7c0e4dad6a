//! The DCGAN of PyTorch's tutorial with candle's own convolutions, as one would write it without
//! this crate: pictures `[B, C, H, W]`, candle's graph, candle's way back.
//!
//! Activations, initial weights and Adam are this crate's, so that the comparison is one of
//! convolutions, norms and the way back.

use candle_core::backprop::GradStore;
use candle_core::{DType, Device, Result, Tensor, Var};
use latentscape::ops::{self, Activation, update};
use rand_chacha::ChaCha8Rng;

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

    fn variables(&self) -> impl Iterator<Item = &Var> {
        self.layers
            .iter()
            .flat_map(|layer| std::iter::once(&layer.weight).chain(layer.norm.iter().flatten()))
    }

    /// In training, norms use the batch's statistics; else they are a scale and a shift. Frozen
    /// weights get no gradients.
    fn forward(&self, x: &Tensor, training: bool, frozen: bool) -> Result<Tensor> {
        let ends = if self.transposed { 0 } else { self.layers.len() - 1 };
        let mut x = x.clone();
        for (index, layer) in self.layers.iter().enumerate() {
            let tensor = |var: &Var| {
                if frozen { var.as_detached_tensor() } else { var.as_tensor().clone() }
            };
            let (stride, padding) = if index == ends { (1, 0) } else { (2, 1) };
            let weight = tensor(&layer.weight);
            x = if self.transposed {
                x.conv_transpose2d(&weight, padding, 0, stride, 1)?
            } else {
                x.conv2d(&weight, padding, stride, 1, 1)?
            };
            if let Some([weight, bias]) = &layer.norm {
                x = norm(&x, [&tensor(weight), &tensor(bias)], training)?;
            }
            x = ops::activate(&x, layer.activation).unwrap();
        }
        Ok(x)
    }

    fn update(&mut self, gradients: &[&GradStore]) -> Result<()> {
        self.steps += 1;
        let hyper =
            update::AdamHyper { lr: 2e-4, beta1: 0.5, beta2: 0.999, eps: 1e-8, step: self.steps };
        for (var, moments) in self.variables().zip(&self.moments) {
            let mut sum = gradients[0].get(var).unwrap().clone();
            for more in &gradients[1..] {
                sum = (sum + more.get(var).unwrap())?;
            }
            update::adam(var, &sum, moments, hyper).unwrap();
        }
        Ok(())
    }
}

fn constant(value: f32, len: usize) -> Var {
    Var::from_tensor(&Tensor::full(value, len, &Device::Cpu).unwrap()).unwrap()
}

fn norm(x: &Tensor, [weight, bias]: [&Tensor; 2], training: bool) -> Result<Tensor> {
    let constant = |tensor: &Tensor| tensor.reshape((1, tensor.elem_count(), 1, 1));
    if !training {
        return x.broadcast_mul(&constant(weight)?)?.broadcast_add(&constant(bias)?);
    }
    let mean = constant(&x.transpose(0, 1)?.flatten_from(1)?.mean(1)?)?;
    let centred = x.broadcast_sub(&mean)?;
    let variance = centred.sqr()?.transpose(0, 1)?.flatten_from(1)?.mean(1)?;
    let scale = weight.div(&(variance + 1e-5)?.sqrt()?)?;
    centred.broadcast_mul(&constant(&scale)?)?.broadcast_add(&constant(bias)?)
}

/// Binary cross-entropy of logits against one label for all.
fn bce(logits: &Tensor, label: f64) -> Result<Tensor> {
    let softplus = (logits.relu()? + (logits.abs()?.neg()?.exp()? + 1.0)?.log()?)?;
    (softplus - (logits * label)?)?.mean_all()
}

/// Both networks.
pub struct Gan {
    generator: Network,
    discriminator: Network,
}

impl Gan {
    /// With `features` channels next to the picture and latents of `z_dim` numbers.
    pub fn new(features: usize, z_dim: usize, rng: &mut ChaCha8Rng) -> Self {
        let f = features;
        Self {
            generator: Network::new(&[z_dim, 8 * f, 4 * f, 2 * f, f, 3], true, rng),
            discriminator: Network::new(&[3, f, 2 * f, 4 * f, 8 * f, 1], false, rng),
        }
    }

    /// Pictures from latents `[B, z]`.
    pub fn draw(&self, z: &Tensor) -> Result<Tensor> {
        self.generator.forward(&z.unsqueeze(2)?.unsqueeze(3)?, false, true)
    }

    /// One step of discriminator and generator, as DCGAN's authors and PyTorch's example do it.
    pub fn step(&mut self, real: &Tensor, z: &Tensor) -> Result<()> {
        let fake = self.generator.forward(&z.unsqueeze(2)?.unsqueeze(3)?, true, false)?;
        let on_real = bce(&self.discriminator.forward(real, true, false)?, 0.9)?.backward()?;
        let on_fake = self.discriminator.forward(&fake.detach(), true, false)?;
        let on_fake = bce(&on_fake, 0.0)?.backward()?;
        self.discriminator.update(&[&on_real, &on_fake])?;
        let loss = bce(&self.discriminator.forward(&fake, true, true)?, 1.0)?;
        self.generator.update(&[&loss.backward()?])
    }
}
