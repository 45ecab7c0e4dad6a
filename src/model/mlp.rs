//! The fully connected networks of [`Mlp`], as in the GAN of Goodfellow et al. (2014) on MNIST.
//!
//! Parameter names count the layers of an `nn.Sequential` called `model`, as in the widely used
//! PyTorch-GAN collection: `model.0` linear, `model.2` linear, `model.3` batch norm, `model.5` linear …

use super::layers::{Block, InitStyle, Kernel, bias};
use super::norm::Norm;
use super::params::Builder;
use super::sequential::{Sequential, Stage};
use super::spec::Mlp;
use crate::error::Result;
use crate::ops::Activation;

const LEAK: Activation = Activation::LeakyRelu(0.2);
const STYLE: InitStyle = InitStyle::FanIn;

impl Mlp {
    fn pixels(&self) -> usize {
        self.size.0 * self.size.1 * self.channels
    }

    /// `[B, z]` → `[B, C, H, W]` in [-1, 1].
    pub(super) fn generator(&self, z_dim: usize, builder: &mut Builder) -> Result<Sequential> {
        let mut stages = Vec::new();
        let (mut inputs, mut at) = (z_dim, 0);
        for (i, &outputs) in self.generator.iter().enumerate() {
            let name = format!("model.{at}");
            let kernel = Kernel::linear(&name, (inputs, outputs), STYLE, builder)?;
            let bias = Some(bias(&name, outputs, inputs, STYLE, builder)?);
            let norm = match i {
                0 => None,
                _ => {
                    let name = format!("model.{}", at + 1);
                    Some(Norm::batch(&name, outputs, self.norm_eps, STYLE, builder)?)
                }
            };
            at += if norm.is_some() { 3 } else { 2 };
            stages.push(Stage::block(Block::new(kernel, bias, norm, LEAK)));
            inputs = outputs;
        }
        let name = format!("model.{at}");
        stages.push(Stage::block(Block::new(
            Kernel::linear(&name, (inputs, self.pixels()), STYLE, builder)?,
            Some(bias(&name, self.pixels(), inputs, STYLE, builder)?),
            None,
            Activation::Tanh,
        )));
        stages.push(Stage::reshape([self.channels, self.size.0, self.size.1]));
        Ok(Sequential(stages))
    }

    /// `[B, C, H, W]` in [-1, 1] → logits `[B]`.
    pub(super) fn discriminator(&self, builder: &mut Builder) -> Result<Sequential> {
        let mut stages = vec![Stage::reshape([self.pixels()])];
        let mut inputs = self.pixels();
        let layers = self.discriminator.iter().map(|&w| (w, LEAK)).chain([(1, Activation::Linear)]);
        for (i, (outputs, activation)) in layers.enumerate() {
            let name = format!("model.{}", 2 * i);
            let kernel = Kernel::linear(&name, (inputs, outputs), STYLE, builder)?;
            let bias = Some(bias(&name, outputs, inputs, STYLE, builder)?);
            stages.push(Stage::block(Block::new(kernel, bias, None, activation)));
            inputs = outputs;
        }
        stages.push(Stage::reshape([]));
        Ok(Sequential(stages))
    }
}
