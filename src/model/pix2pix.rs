//! Networks from pictures to pictures (Isola et al. 2017, "Image-to-image translation with conditional
//! adversarial networks").
//!
//! Generator: a U-Net. 4×4 convolutions with stride 2 take the picture down to a single pixel,
//! transposed ones back up; what a layer on the way down has seen goes past all below it to the layer
//! of its size on the way up. Discriminator: a PatchGAN, which judges input and output together, every
//! patch by itself.
//!
//! Names are those of the public PyTorch implementation, whose U-Net is a block within a block:
//! `model.model.0`, `model.model.1.model.1`, `model.model.1.model.3.model.1` … on the way down, and
//! `….5`, in the innermost `….3`, on the way up; `model.0`, `model.2`, `model.5` … in the discriminator.
//! There LeakyReLU works in place and so on what is passed along, too; a ReLU follows, for which
//! that makes no difference.

use serde::{Deserialize, Serialize};

use super::layers::{Block, InitStyle, Kernel, bias};
use super::norm::Norm;
use super::output::Output;
use super::params::Builder;
use super::sequential::{Sequential, Stage};
use super::spec::MAX_WIDTH;
use crate::error::{Error, Result};
use crate::ops::Activation;

const LEAK: Activation = Activation::LeakyRelu(0.2);
const NORM_EPS: f64 = 1e-5;
const STYLE: InitStyle = InitStyle::Dcgan;

/// Kernel size, stride, padding of a layer that halves or doubles the picture.
const HALVE: (usize, usize, usize) = (4, 2, 1);
/// The same for one that takes a pixel off each side.
const NARROW: (usize, usize, usize) = (4, 1, 1);

/// Layers of `width` · 1, 2, 4, 8 channels stand at the picture's end; all others have 8.
const WIDEST: usize = 8;
/// The first layer, from the picture on, whose way up has dropout.
const FIRST_DROPOUT: usize = 4;

/// A U-Net with a PatchGAN.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pix2pix {
    /// Height and width of both pictures: a power of two from 32 to 512.
    pub resolution: usize,
    /// Channels of what goes in, 1 to 4.
    pub inputs: usize,
    /// Channels of what comes out: 1 for grey, 3 for colour.
    pub channels: usize,
    /// Channels of the generator's layer next to the picture; the others have up to 8 times as many.
    pub width: usize,
    /// How both networks normalise.
    pub norm: NormKind,
    /// Probability with which inner layers leave values out, 0 to 0.9; 0 never does. Pictures of 32×32
    /// have no such layers, those of 64×64 one, and each doubling has one more.
    pub dropout: f64,
    /// The discriminator.
    pub discriminator: PatchGan,
    /// How the generator ends: with tanh, unless it comes from elsewhere.
    #[serde(default, skip_serializing_if = "Output::is_usual")]
    pub output: Output,
}

/// A discriminator of patches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PatchGan {
    /// Channels of the layer next to the picture.
    pub width: usize,
    /// Layers with stride 2. A verdict is about a patch of 16 pixels a side with 1, 34 with 2, 70
    /// with 3.
    pub layers: usize,
}

/// Over what is normalised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NormKind {
    /// The batch; in use, what was usual in training.
    Batch,
    /// Each picture by itself, in training and in use.
    Instance,
}

impl PatchGan {
    /// Layers for pictures of this size, so that a patch is a part of them: 3 from 128×128 on, as
    /// published, and fewer below.
    pub fn usual_layers(resolution: usize) -> usize {
        match resolution {
            128.. => 3,
            64.. => 2,
            _ => 1,
        }
    }
}

impl Pix2pix {
    /// Layers on the way down: from the picture to a single pixel.
    fn levels(&self) -> usize {
        self.resolution.max(2).ilog2() as usize
    }

    /// Channels behind layer `level` on the way down, counted from the picture.
    fn width_at(&self, level: usize) -> usize {
        self.width * WIDEST.min(1 << level.min(WIDEST))
    }

    /// Whether any layer leaves values out.
    pub(super) fn has_dropout(&self) -> bool {
        self.dropout > 0.0 && self.levels() > FIRST_DROPOUT + 1
    }

    /// Values that each network makes of one picture, over all layers.
    pub fn values_between_layers(&self) -> (u64, u64) {
        let area = |halvings: usize| (self.resolution >> halvings).pow(2) as u64;
        // Down, past, up, and the two together.
        let generator = (0..self.levels()).map(|i| 5 * self.width_at(i) as u64 * area(i + 1));
        let picture = self.channels as u64 * area(0);
        let PatchGan { width, layers } = self.discriminator;
        let side = (self.resolution >> layers) as u64 - 1;
        let halves = (0..layers).map(|i| (width * WIDEST.min(1 << i)) as u64 * area(i + 1));
        let last = (width * WIDEST.min(1 << layers)) as u64 * side * side;
        let shown = (self.inputs + self.channels) as u64 * area(0);
        (2 * generator.sum::<u64>() + picture, 2 * (halves.sum::<u64>() + last) + shown)
    }

    pub(super) fn check_sizes(&self) -> Result<()> {
        let bad = |setting: &str, why: String| Err(Error::bad_setting(setting, why));
        let Self { resolution, inputs, dropout, discriminator, .. } = self;
        if !resolution.is_power_of_two() || !(32..=512).contains(resolution) {
            return bad("resolution", format!("must be 32, 64, 128, 256 or 512, not {resolution}"));
        }
        if !(1..=4).contains(inputs) {
            return bad("input-channels", format!("must lie between 1 and 4, not {inputs}"));
        }
        for width in [self.width, discriminator.width] {
            if !(1..=MAX_WIDTH / WIDEST).contains(&width) {
                return bad("width", format!("must lie between 1 and {}", MAX_WIDTH / WIDEST));
            }
        }
        if !(0.0..=0.9).contains(dropout) {
            return bad("dropout", format!("must lie between 0 and 0.9, not {dropout}"));
        }
        let most = self.levels() - 2;
        if !(1..=most).contains(&discriminator.layers) {
            return bad(
                "layers-d",
                format!(
                    "must lie between 1 and {most} for pictures of {resolution}×{resolution}, not {}",
                    discriminator.layers
                ),
            );
        }
        Ok(())
    }

    /// A layer; with instance norm also those before a norm have a bias, as published.
    fn block(
        &self,
        kernel: Kernel,
        (name, norm_name): (&str, Option<String>),
        (channels, fan_in): (usize, usize),
        (has_bias, activation): (bool, Activation),
        builder: &mut Builder,
    ) -> Result<Stage> {
        let bias = match has_bias || self.norm == NormKind::Instance {
            true => Some(bias(name, channels, fan_in, STYLE, builder)?),
            false => None,
        };
        let norm = match (norm_name, self.norm) {
            (None, _) => None,
            (Some(name), NormKind::Batch) => {
                Some(Norm::batch(&name, channels, NORM_EPS, STYLE, builder)?)
            }
            (Some(_), NormKind::Instance) => Some(Norm::Instance { eps: NORM_EPS }),
        };
        Ok(Stage::block(Block::new(kernel, bias, norm, activation)))
    }

    fn down(
        &self,
        names: (&str, Option<String>),
        (inputs, outputs): (usize, usize),
        activation: Activation,
        builder: &mut Builder,
    ) -> Result<Stage> {
        let kernel = Kernel::conv(names.0, (inputs, outputs), HALVE, STYLE, builder)?;
        self.block(kernel, names, (outputs, inputs * 16), (false, activation), builder)
    }

    fn up(
        &self,
        names: (&str, Option<String>),
        (inputs, outputs): (usize, usize),
        (has_bias, activation): (bool, Activation),
        builder: &mut Builder,
    ) -> Result<Stage> {
        let kernel = Kernel::conv_transpose(names.0, (inputs, outputs), HALVE, STYLE, builder)?;
        self.block(kernel, names, (outputs, outputs * 16), (has_bias, activation), builder)
    }

    /// What lies between layer `level - 1` on the way down and the same on the way up; its
    /// parameters stand under `prefix`.
    fn inner(&self, level: usize, prefix: &str, builder: &mut Builder) -> Result<Vec<Stage>> {
        let name = |at: usize| format!("{prefix}.{at}");
        let (outside, inside) = (self.width_at(level - 1), self.width_at(level));
        let relu = (false, Activation::Relu);
        if level + 1 == self.levels() {
            return Ok(vec![
                self.down((&name(1), None), (outside, inside), relu.1, builder)?,
                self.up((&name(3), Some(name(4))), (inside, outside), relu, builder)?,
            ]);
        }
        let mut row = vec![
            self.down((&name(1), Some(name(2))), (outside, inside), LEAK, builder)?,
            Stage::skip(self.inner(level + 1, &format!("{}.model", name(3)), builder)?),
            self.up((&name(5), Some(name(6))), (2 * inside, outside), relu, builder)?,
        ];
        if level >= FIRST_DROPOUT && self.dropout > 0.0 {
            row.push(Stage::dropout(self.dropout, level as u64));
        }
        Ok(row)
    }

    /// `[B, inputs, R, R]` → `[B, channels, R, R]`, both in [-1, 1].
    pub(super) fn generator(&self, builder: &mut Builder) -> Result<Sequential> {
        let width = self.width_at(0);
        let (last, range) = self.output.parts();
        let mut stages = vec![
            Stage::channels_last(),
            self.down(("model.model.0", None), (self.inputs, width), LEAK, builder)?,
            Stage::skip(self.inner(1, "model.model.1.model", builder)?),
            self.up(("model.model.3", None), (2 * width, self.channels), (true, last), builder)?,
            Stage::channels_first(),
        ];
        if let Some((scale, shift)) = range.to_picture(last) {
            stages.push(Stage::bounded(scale, shift));
        }
        Ok(Sequential(stages))
    }

    /// `[B, inputs + channels, R, R]` in [-1, 1] → logits `[B, N]`, one for each of N patches.
    pub(super) fn discriminator(&self, builder: &mut Builder) -> Result<Sequential> {
        let PatchGan { width, layers } = self.discriminator;
        let mut stages = vec![Stage::channels_last()];
        let mut inputs = self.inputs + self.channels;
        let mut at = 0;
        for layer in 0..=layers {
            let outputs = width * WIDEST.min(1 << layer);
            let name = format!("model.{at}");
            let norm = (layer > 0).then(|| format!("model.{}", at + 1));
            at += if norm.is_some() { 3 } else { 2 };
            let step = if layer < layers { HALVE } else { NARROW };
            let kernel = Kernel::conv(&name, (inputs, outputs), step, STYLE, builder)?;
            let ends = (norm.is_none(), LEAK);
            stages.push(self.block(
                kernel,
                (&name, norm),
                (outputs, inputs * 16),
                ends,
                builder,
            )?);
            inputs = outputs;
        }
        let name = format!("model.{at}");
        let kernel = Kernel::conv(&name, (inputs, 1), NARROW, STYLE, builder)?;
        let ends = (true, Activation::Linear);
        stages.push(self.block(kernel, (&name, None), (1, inputs * 16), ends, builder)?);
        let side = (self.resolution >> layers).saturating_sub(2);
        stages.push(Stage::reshape([side * side]));
        Ok(Sequential(stages))
    }
}

#[cfg(test)]
mod tests;
