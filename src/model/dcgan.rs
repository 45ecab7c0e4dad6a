//! The convolutional networks of [`Dcgan`].
//!
//! Generator: latent → 4×4 → … → picture by 4×4 transposed convolutions with stride 2, batch norm and
//! ReLU after each but the last, tanh at the end. Discriminator: the way back by 4×4 convolutions with
//! stride 2, leaky ReLU 0.2, batch norm on all but the first and the last.
//!
//! While a layer is blended in ([`Dcgan::fade`]), the layers next to the picture are there twice: as
//! they were before it under `old.` and their old names, and, with the new one among them, as they will
//! be (Karras et al. 2018, "Progressive growing of GANs").
//!
//! Names with [`Ends::Conv`] follow PyTorch's DCGAN tutorial, where `nn.Sequential` counts every layer
//! (`main.0` convolution, `main.1` batch norm, `main.2` ReLU, …); with [`Ends::Linear`] those of
//! Udacity's face generator (`fc`, `t_conv1.0` convolution, `t_conv1.1` batch norm, …).

use super::growth::{DISCRIMINATOR_HEAD, GENERATOR_TAIL, OLD, Side};
use super::layers::{Block, InitStyle, Kernel, bias};
use super::norm::Norm;
use super::params::Builder;
use super::sequential::{Sequential, Stage};
use super::spec::{Dcgan, Ends};
use crate::error::Result;
use crate::ops::Activation;

const LEAK: Activation = Activation::LeakyRelu(0.2);
const NORM_EPS: f64 = 1e-5;

/// Kernel size, stride, padding of a layer that halves or doubles the picture.
const HALVE: (usize, usize, usize) = (4, 2, 1);
/// The same for a layer between 1×1 and 4×4.
const END: (usize, usize, usize) = (4, 1, 0);

/// Names of the layers in order, as the two public implementations count them.
#[derive(Clone)]
struct Names {
    ends: Ends,
    linear_prefix: &'static str,
    /// Place in `nn.Sequential`, or number of the layer.
    next: usize,
}

impl Names {
    fn new(ends: Ends, linear_prefix: &'static str) -> Self {
        Self { ends, linear_prefix, next: if ends == Ends::Conv { 0 } else { 1 } }
    }

    /// Names of the next convolution and of the batch norm behind it.
    fn layer(&mut self, has_norm: bool) -> (String, String) {
        match self.ends {
            Ends::Conv => {
                let at = self.next;
                self.next += if has_norm { 3 } else { 2 };
                (format!("main.{at}"), format!("main.{}", at + 1))
            }
            Ends::Linear => {
                let name = format!("{}{}", self.linear_prefix, self.next);
                self.next += 1;
                (format!("{name}.0"), format!("{name}.1"))
            }
        }
    }
}

/// A (transposed) convolution with stride 2 and what follows it.
struct Layer {
    name: String,
    norm: Option<String>,
    inputs: usize,
    outputs: usize,
    activation: Activation,
}

impl Dcgan {
    fn style(&self) -> InitStyle {
        match self.ends {
            Ends::Conv => InitStyle::Dcgan,
            Ends::Linear => InitStyle::PlainNormal,
        }
    }

    /// The generator's layers behind the 4×4 grid.
    fn up_layers(&self, names: &mut Names) -> Vec<Layer> {
        let widths = self.generator_widths();
        let layer = |(i, &inputs): (usize, &usize)| {
            let inner = widths.get(i + 1).copied();
            let (name, norm) = names.layer(inner.is_some());
            let activation = if inner.is_some() { Activation::Relu } else { Activation::Tanh };
            let outputs = inner.unwrap_or(self.channels);
            Layer { name, norm: inner.map(|_| norm), inputs, outputs, activation }
        };
        widths.iter().enumerate().map(layer).collect()
    }

    /// The discriminator's layers before the 4×4 grid.
    fn down_layers(&self, names: &mut Names) -> Vec<Layer> {
        let mut inputs = self.channels;
        let layer = |(i, outputs): (usize, usize)| {
            let (name, norm) = names.layer(i > 0);
            let norm = (i > 0).then_some(norm);
            let layer = Layer { name, norm, inputs, outputs, activation: LEAK };
            inputs = outputs;
            layer
        };
        self.discriminator_widths().into_iter().enumerate().map(layer).collect()
    }

    /// The stage of `layer`, whose parameters have `prefix` before their names.
    fn stage(
        &self,
        layer: &Layer,
        prefix: &str,
        transposed: bool,
        builder: &mut Builder,
    ) -> Result<Stage> {
        let (style, name) = (self.style(), format!("{prefix}{}", layer.name));
        let channels = (layer.inputs, layer.outputs);
        let kernel = match transposed {
            true => Kernel::conv_transpose(&name, channels, HALVE, style, builder)?,
            false => Kernel::conv(&name, channels, HALVE, style, builder)?,
        };
        let norm = match &layer.norm {
            Some(norm) => {
                let name = format!("{prefix}{norm}");
                Some(Norm::batch(&name, layer.outputs, NORM_EPS, style, builder)?)
            }
            None => None,
        };
        Ok(Stage::block(Block::new(kernel, None, norm, layer.activation)))
    }

    /// `[B, z]` → `[B, C, R, R]` in [-1, 1].
    pub(super) fn generator(&self, z_dim: usize, builder: &mut Builder) -> Result<Sequential> {
        let style = self.style();
        let first = self.generator_widths()[0];
        let mut names = Names::new(self.ends, "t_conv");
        let mut stages = Vec::new();
        match self.ends {
            Ends::Conv => {
                let (name, norm) = names.layer(true);
                stages.push(Stage::reshape([1, 1, z_dim]));
                stages.push(Stage::block(Block::new(
                    Kernel::conv_transpose(&name, (z_dim, first), END, style, builder)?,
                    None,
                    Some(Norm::batch(&norm, first, NORM_EPS, style, builder)?),
                    Activation::Relu,
                )));
            }
            Ends::Linear => {
                let outputs = first * 16;
                stages.push(Stage::block(Block::new(
                    Kernel::linear("fc", (z_dim, outputs), style, builder)?,
                    Some(bias("fc", outputs, z_dim, style, builder)?),
                    None,
                    Activation::Linear,
                )));
                stages.push(Stage::reshape([first, 4, 4]));
                stages.push(Stage::channels_last());
            }
        }
        let mut names_before = names.clone();
        for layer in self.up_layers(&mut names) {
            stages.push(self.stage(&layer, "", true, builder)?);
        }
        if let Some(share) = self.fade {
            let new = stages.split_off(stages.len() - 1 - GENERATOR_TAIL);
            let before = self.before_growth();
            let layers = before.up_layers(&mut names_before);
            let mut old = Vec::new();
            for layer in &layers[layers.len() - GENERATOR_TAIL..] {
                old.push(before.stage(layer, OLD, true, builder)?);
            }
            old.push(Stage::enlarge());
            stages.push(Stage::blend([old, new], share));
        }
        stages.push(Stage::channels_first());
        Ok(Sequential(stages))
    }

    /// `[B, C, R, R]` in [-1, 1] → logits `[B]`.
    pub(super) fn discriminator(&self, builder: &mut Builder) -> Result<Sequential> {
        let style = self.style();
        let mut names = Names::new(self.ends, "conv");
        let mut stages = vec![Stage::channels_last()];
        let layers = self.down_layers(&mut names);
        for layer in &layers {
            stages.push(self.stage(layer, "", false, builder)?);
        }
        if let Some(share) = self.fade {
            let before = self.before_growth();
            let mut old = vec![Stage::shrink()];
            for layer in
                &before.down_layers(&mut Names::new(self.ends, "conv"))[..DISCRIMINATOR_HEAD]
            {
                old.push(before.stage(layer, OLD, false, builder)?);
            }
            let after = stages.split_off(1 + DISCRIMINATOR_HEAD + 1);
            let new = stages.split_off(1);
            stages.push(Stage::blend([old, new], share));
            stages.extend(after);
        }
        let inputs = layers.last().map_or(self.channels, |layer| layer.outputs);
        let verdict = match self.ends {
            Ends::Conv => {
                let (name, _) = names.layer(false);
                let kernel = Kernel::conv(&name, (inputs, 1), END, style, builder)?;
                Block::new(kernel, None, None, Activation::Linear)
            }
            Ends::Linear => {
                let fan_in = inputs * 16;
                stages.push(Stage::channels_first());
                stages.push(Stage::reshape([fan_in]));
                Block::new(
                    Kernel::linear("fc", (fan_in, 1), style, builder)?,
                    Some(bias("fc", 1, fan_in, style, builder)?),
                    None,
                    Activation::Linear,
                )
            }
        };
        stages.push(Stage::block(verdict));
        stages.push(Stage::reshape([]));
        Ok(Sequential(stages))
    }

    /// Names of the layers of a network with [`Ends::Conv`], each with that of its batch norm if it has
    /// one, from the input on.
    pub(super) fn layer_names(&self, side: Side) -> Vec<(String, Option<String>)> {
        let mut names = Names::new(self.ends, "");
        let names_of = |layer: Layer| (layer.name, layer.norm);
        match side {
            Side::Generator => {
                let (name, norm) = names.layer(true);
                let layers = self.up_layers(&mut names).into_iter().map(names_of);
                std::iter::once((name, Some(norm))).chain(layers).collect()
            }
            Side::Discriminator => {
                let mut layers: Vec<_> =
                    self.down_layers(&mut names).into_iter().map(names_of).collect();
                layers.push((names.layer(false).0, None));
                layers
            }
        }
    }
}
