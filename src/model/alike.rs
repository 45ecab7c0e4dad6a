//! The networks that this program trains as stacks of layers, and stacks that are one of those.

use super::output::Range;
use super::spec::{Dcgan, Ends, Mlp, ModelSpec, Network, Widths};
use super::stack::{Stack, StackKernel, StackLayer, StackNorm, StackNormKind};
use crate::error::Result;
use crate::ops::Activation;

/// What the DCGAN's batch norms add to the variance: PyTorch's default.
const NORM_EPS: f64 = 1e-5;
/// After each inner layer of the MLP.
const LEAK: Activation = Activation::LeakyRelu(0.2);

impl ModelSpec {
    /// The generator's layers one by one, under the names that they have; `None` where it is no row of
    /// layers: a U-Net, or a network into which a layer is being blended.
    ///
    /// # Errors
    /// As [`ModelSpec::validate`].
    pub fn as_stack(&self) -> Result<Option<Stack>> {
        let (inner, eps) = match &self.network {
            Network::Stack(stack) => return Ok(Some(stack.clone())),
            Network::Pix2pix(_) => return Ok(None),
            Network::Dcgan(_) if self.fade().is_some() => return Ok(None),
            Network::Dcgan(_) => (Activation::Relu, NORM_EPS),
            Network::Mlp(mlp) => (LEAK, mlp.norm_eps),
        };
        let shapes = self.generator_shapes()?;
        let mut layers: Vec<StackLayer> = Vec::new();
        for (i, (name, dims)) in shapes.iter().enumerate() {
            let Some(layer) = name.strip_suffix(".weight") else { continue };
            let kernel = match dims[..] {
                [outputs, _] => {
                    // Before a convolution it is a grid of the channels that this takes.
                    let next = shapes[i..].iter().find(|(_, dims)| dims.len() == 4);
                    let channels = next.map_or(outputs, |(_, dims)| dims[0]);
                    let side = (outputs / channels.max(1)).isqrt();
                    StackKernel::Linear { channels, grid: (side, side) }
                }
                [_, channels, kernel, _] => {
                    let (stride, padding) = if layers.is_empty() { (1, 0) } else { (2, 1) };
                    let output_padding = 0;
                    StackKernel::ConvTranspose { channels, kernel, stride, padding, output_padding }
                }
                _ => {
                    if let Some(before) = layers.last_mut() {
                        let name = layer.to_owned();
                        let kind = StackNormKind::Batch;
                        before.norm = Some(StackNorm { name, eps, over_grid: false, kind });
                        before.activation = inner;
                    }
                    continue;
                }
            };
            let bias = shapes.iter().any(|(other, _)| *other == format!("{layer}.bias"));
            let grid = matches!(kernel, StackKernel::Linear { grid, .. } if grid != (1, 1));
            let activation = if grid { Activation::Linear } else { inner };
            layers.push(StackLayer { name: layer.into(), kernel, bias, norm: None, activation });
        }
        if let Some(last) = layers.last_mut() {
            last.activation = Activation::Tanh;
            if let StackKernel::Linear { channels, grid } = &mut last.kernel {
                (*channels, *grid) = (self.channels(), self.size());
            }
        }
        let (size, channels) = (self.size(), self.channels());
        Ok(Some(Stack { size, channels, layers, range: Range::Symmetric }))
    }
}

impl Stack {
    /// The network of ours that computes the same, with parameters of the same shapes in the same order
    /// under names of its own; `None` if there is none.
    pub fn alike(&self) -> Option<Network> {
        let plain = |norm: &StackNorm| norm.kind == StackNormKind::Batch;
        let all_plain = self.layers.iter().filter_map(|layer| layer.norm.as_ref()).all(plain);
        let is_ours = self.range == Range::Symmetric && all_plain;
        is_ours.then(|| self.dcgan().or_else(|| self.mlp())).flatten()
    }

    fn mlp(&self) -> Option<Network> {
        let (last, inner) = self.layers.split_last()?;
        let all_linear =
            self.layers.iter().all(|layer| matches!(layer.kernel, StackKernel::Linear { .. }));
        let eps: Vec<_> =
            inner.iter().filter_map(|layer| layer.norm.as_ref()).map(|norm| norm.eps).collect();
        let fits = all_linear
            && !inner.is_empty()
            && self.layers.iter().all(|layer| layer.bias)
            && inner.iter().enumerate().all(|(i, layer)| layer.norm.is_some() == (i > 0))
            && inner.iter().all(|layer| layer.activation == Activation::LeakyRelu(0.2))
            && last.norm.is_none()
            && last.activation == Activation::Tanh
            && eps.iter().all(|one| *one == eps[0]);
        fits.then(|| {
            Network::Mlp(Mlp {
                size: self.size,
                channels: self.channels,
                generator: inner.iter().map(|layer| layer.kernel.channels()).collect(),
                // That of the preset: the file has none, and drawing needs none.
                discriminator: vec![512, 256],
                norm_eps: eps.first().copied().unwrap_or(NORM_EPS),
            })
        })
    }

    fn dcgan(&self) -> Option<Network> {
        let (last, inner) = self.layers.split_last()?;
        let (first, up) = inner.split_first()?;
        let resolution = self.size.0;
        if !resolution.is_power_of_two() || resolution < 8 {
            return None;
        }
        let normed = |layer: &StackLayer| {
            layer.norm.as_ref().is_some_and(|norm| norm.eps == NORM_EPS)
                && layer.activation == Activation::Relu
                && !layer.bias
        };
        let doubles = |layer: &StackLayer| {
            matches!(
                layer.kernel,
                StackKernel::ConvTranspose {
                    kernel: 4,
                    stride: 2,
                    padding: 1,
                    output_padding: 0,
                    ..
                }
            )
        };
        let ends = match first.kernel {
            StackKernel::ConvTranspose {
                kernel: 4,
                stride: 1,
                padding: 0,
                output_padding: 0,
                ..
            } if normed(first) => Ends::Conv,
            StackKernel::Linear { grid: (4, 4), .. }
                if first.bias && first.norm.is_none() && first.activation == Activation::Linear =>
            {
                Ends::Linear
            }
            _ => return None,
        };
        let fits = up.iter().all(|layer| doubles(layer) && normed(layer))
            && doubles(last)
            && !last.bias
            && last.norm.is_none()
            && last.activation == Activation::Tanh;
        let widths: Vec<_> = inner.iter().map(|layer| layer.kernel.channels()).collect();
        let (base, max) = (*widths.last()?, *widths.iter().max()?);
        let patterns = [Widths::Doubling { base, max }, Widths::Constant { base }];
        let of = |generator| Dcgan {
            resolution,
            channels: self.channels,
            generator,
            discriminator: generator,
            ends,
            fade: None,
        };
        let dcgan = patterns.into_iter().map(of).find(|dcgan| dcgan.generator_widths() == widths);
        dcgan.filter(|_| fits).map(Network::Dcgan)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Preset, SPEC_FORMAT};

    /// What is written down layer by layer is what it was, and is known for that.
    #[test]
    fn ours_are_stacks_and_known_again() {
        for preset in Preset::ALL {
            let mut spec = preset.spec();
            let Some(stack) = spec.as_stack().unwrap() else {
                assert!(spec.takes_pictures(), "{preset:?}");
                continue;
            };
            let shapes = spec.generator_shapes().unwrap();
            let alike = stack.alike().unwrap_or_else(|| panic!("{preset:?}: {stack:?}"));
            assert_eq!(spec.format, SPEC_FORMAT);
            spec.network = Network::Stack(stack.clone());
            assert_eq!(spec.generator_shapes().unwrap(), shapes, "{preset:?}");
            spec.network = alike;
            assert_eq!(spec.generator_shapes().unwrap(), shapes, "{preset:?}");
            assert_eq!(spec.as_stack().unwrap().unwrap(), stack, "{preset:?}");
            let mut other = stack;
            other.layers[0].norm = None;
            other.range = Range::Unit;
            assert_eq!(other.alike(), None, "{preset:?}");
        }
    }
}
