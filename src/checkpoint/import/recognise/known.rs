//! A row of layers as one of the kinds that this program trains, where it is one: then its parameters
//! get the names of that kind, and everything can be done with it that can be done with our own.

use super::chain::NORM_EPS;
use super::{Found, Named, PRIOR, Recognised, spec_of};
use crate::latent::Prior;
use crate::model::{Dcgan, Ends, Mlp, ModelSpec, Network, Stack, StackKernel, StackLayer, Widths};
use crate::ops::Activation;

/// The published code of the MLP passes 0.8 where PyTorch takes eps; files with its names come from it.
const COLLECTION_EPS: f64 = 0.8;

/// As the code with these names draws them.
const UNIFORM: &str =
    "latents are drawn uniformly between -1 and 1, as in the published code with these names";

/// The description of what was found, and the tensors of `order` under its names.
pub(super) fn named(found: Found, order: &[Named]) -> Result<Recognised, String> {
    let Found { z_dim, mut stack, mut assumed } = found;
    let own = spec_of(z_dim, Network::Stack(stack.clone()));
    let shapes = |spec: &ModelSpec| {
        spec.validate().and_then(|()| spec.generator_shapes()).map_err(|error| error.to_string())
    };
    let own_shapes = shapes(&own)?;
    if takes_names_of_the_collection(&mut stack) || is_dcgan_of_the_collection(&mut stack) {
        assumed.retain(|text| {
            !text.starts_with("batch norm adds") && !text.ends_with("after each inner layer")
        });
        assumed.push(format!(
            "batch norm adds {COLLECTION_EPS} to the variance and leaky ReLU of slope 0.2 follows, as in the \
             published code with these names"
        ));
    }
    let network = dcgan(&stack).or_else(|| mlp(&stack)).unwrap_or(Network::Stack(stack));
    let mut spec = spec_of(z_dim, network);
    let names = shapes(&spec)?;
    let is_udacitys = matches!(&spec.network, Network::Dcgan(Dcgan { ends: Ends::Linear, .. }))
        && names == own_shapes;
    if is_udacitys {
        spec.prior = Prior::Uniform;
    }
    assumed.insert(0, if is_udacitys { UNIFORM } else { PRIOR }.into());
    let mut tensors = Vec::with_capacity(names.len());
    for ((name, dims), (own, own_dims)) in names.into_iter().zip(own_shapes) {
        let tensor = order.iter().find(|tensor| tensor.name == own);
        let tensor = tensor.filter(|tensor| tensor.shape == own_dims && own_dims == dims);
        let tensor = tensor.ok_or_else(|| format!("{own} does not have the shape {dims:?}"))?;
        tensors.push((name, tensor.index));
    }
    Ok(Recognised { spec, tensors, assumed })
}

/// Whether the layers are called and normalised as in the MLP of that collection; if the file says
/// nothing else, the norms then are its norms.
fn takes_names_of_the_collection(stack: &mut Stack) -> bool {
    let mut at = 0;
    let linear = |layer: &StackLayer| matches!(layer.kernel, StackKernel::Linear { .. });
    for (i, layer) in stack.layers.iter().enumerate() {
        let last = i + 1 == stack.layers.len();
        let norm = layer.norm.as_ref().map(|norm| (norm.name.as_str(), norm.eps));
        let expected = format!("model.{}", at + 1);
        let fits = match norm {
            None => i == 0 || last,
            Some((name, eps)) => i > 0 && !last && name == expected && eps == NORM_EPS,
        };
        if !linear(layer) || layer.name != format!("model.{at}") || !fits {
            return false;
        }
        at += if norm.is_some() { 3 } else { 2 };
    }
    let norms = stack.layers.iter_mut().filter_map(|layer| layer.norm.as_mut());
    norms.map(|norm| norm.eps = COLLECTION_EPS).count() > 0
}

/// The same for its DCGAN, which makes pictures larger by repeating pixels. There the first norm is as
/// usual, and what follows the others is leaky.
fn is_dcgan_of_the_collection(stack: &mut Stack) -> bool {
    let Some((first, rest)) = stack.layers.split_first_mut() else { return false };
    let norm_is = |layer: &StackLayer, name: &str| {
        layer.norm.as_ref().is_some_and(|norm| norm.name == name && norm.eps == NORM_EPS)
    };
    let mut names = rest.iter().map(|layer| layer.name.as_str());
    if first.name != "l1.0"
        || !norm_is(first, "conv_blocks.0")
        || names.any(|n| !n.starts_with("conv_blocks."))
    {
        return false;
    }
    for layer in rest {
        if let Some(norm) = &mut layer.norm {
            norm.eps = COLLECTION_EPS;
            layer.activation = Activation::LeakyRelu(0.2);
        }
    }
    true
}

fn mlp(stack: &Stack) -> Option<Network> {
    let (last, inner) = stack.layers.split_last()?;
    let all_linear =
        stack.layers.iter().all(|layer| matches!(layer.kernel, StackKernel::Linear { .. }));
    let eps: Vec<_> =
        inner.iter().filter_map(|layer| layer.norm.as_ref()).map(|norm| norm.eps).collect();
    let fits = all_linear
        && !inner.is_empty()
        && stack.layers.iter().all(|layer| layer.bias)
        && inner.iter().enumerate().all(|(i, layer)| layer.norm.is_some() == (i > 0))
        && inner.iter().all(|layer| layer.activation == Activation::LeakyRelu(0.2))
        && last.norm.is_none()
        && last.activation == Activation::Tanh
        && eps.iter().all(|one| *one == eps[0]);
    let width = |layer: &StackLayer| match layer.kernel {
        StackKernel::Linear { channels, .. } => channels,
        _ => 0,
    };
    fits.then(|| {
        Network::Mlp(Mlp {
            size: stack.size,
            channels: stack.channels,
            generator: inner.iter().map(width).collect(),
            // That of the preset: the file has none, and drawing needs none.
            discriminator: vec![512, 256],
            norm_eps: eps.first().copied().unwrap_or(NORM_EPS),
        })
    })
}

fn dcgan(stack: &Stack) -> Option<Network> {
    let (last, inner) = stack.layers.split_last()?;
    let (first, up) = inner.split_first()?;
    let resolution = stack.size.0;
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
            StackKernel::ConvTranspose { kernel: 4, stride: 2, padding: 1, output_padding: 0, .. }
        )
    };
    let ends = match first.kernel {
        StackKernel::ConvTranspose {
            kernel: 4, stride: 1, padding: 0, output_padding: 0, ..
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
    let width = |layer: &StackLayer| match layer.kernel {
        StackKernel::Linear { channels, .. }
        | StackKernel::Conv { channels, .. }
        | StackKernel::ConvTranspose { channels, .. } => channels,
    };
    let widths: Vec<_> = inner.iter().map(width).collect();
    let (base, max) = (*widths.last()?, *widths.iter().max()?);
    let patterns = [Widths::Doubling { base, max }, Widths::Constant { base }];
    let of = |generator| Dcgan {
        resolution,
        channels: stack.channels,
        generator,
        discriminator: generator,
        ends,
        fade: None,
    };
    let dcgan = patterns.into_iter().map(of).find(|dcgan| dcgan.generator_widths() == widths);
    dcgan.filter(|_| fits).map(Network::Dcgan)
}
