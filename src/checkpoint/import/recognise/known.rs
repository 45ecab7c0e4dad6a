//! A row of layers as one of the kinds that this program trains, where it is one: then its parameters
//! get the names of that kind, and everything can be done with it that can be done with our own.

use super::chain::NORM_EPS;
use super::{Found, Named, Recognised, spec_of};
use crate::latent::Prior;
use crate::model::{
    Dcgan, Ends, ModelSpec, Network, Stack, StackKernel, StackLayer, StackNorm, StackNormKind,
};
use crate::ops::Activation;

/// The published code of the MLP passes 0.8 where PyTorch takes eps; files with its names come from it.
const COLLECTION_EPS: f64 = 0.8;

/// The description of what was found, and the tensors of `order` under its names.
pub(super) fn named(found: Found, order: &[Named]) -> Result<Recognised, String> {
    let Found { z_dim, mut stack, mut assumed, mut defaults } = found;
    let own = spec_of(z_dim, Network::Stack(stack.clone()));
    let shapes = |spec: &ModelSpec| {
        spec.validate().and_then(|()| spec.generator_shapes()).map_err(|error| error.to_string())
    };
    let own_shapes = shapes(&own)?;
    if takes_names_of_the_collection(&mut stack) || is_dcgan_of_the_collection(&mut stack) {
        assumed.retain(|text| !text.starts_with("batch norm adds"));
        assumed.push(format!(
            "batch norm adds {COLLECTION_EPS} to the variance, as in the published code with these names"
        ));
    }
    defaults.hidden = defaults.hidden.and_then(|_| inner(&stack));
    let network = stack.alike().unwrap_or(Network::Stack(stack));
    let mut spec = spec_of(z_dim, network);
    let names = shapes(&spec)?;
    let is_udacitys = matches!(&spec.network, Network::Dcgan(Dcgan { ends: Ends::Linear, .. }))
        && names == own_shapes;
    if is_udacitys {
        spec.prior = Prior::Uniform;
    }
    defaults.prior = Some(spec.prior);
    let usual = defaults.sentences().into_iter().flatten();
    let assumed = usual.chain(assumed).collect();
    let mut tensors = Vec::with_capacity(names.len());
    for ((name, dims), (own, own_dims)) in names.into_iter().zip(own_shapes) {
        let tensor = order.iter().find(|tensor| tensor.name == own);
        let tensor = tensor.filter(|tensor| tensor.shape == own_dims && own_dims == dims);
        let tensor = tensor.ok_or_else(|| format!("{own} does not have the shape {dims:?}"))?;
        tensors.push((name, tensor.from));
    }
    Ok(Recognised { spec, tensors, assumed, defaults })
}

/// What follows the inner layers, where it is the same after all that something follows.
fn inner(stack: &Stack) -> Option<Activation> {
    let (_, inner) = stack.layers.split_last()?;
    let mut active =
        inner.iter().map(|layer| layer.activation).filter(|one| *one != Activation::Linear);
    let first = active.next()?;
    active.all(|one| one == first).then_some(first)
}

/// Whether nothing but its name says what a norm is.
fn is_usual(norm: &StackNorm) -> bool {
    norm.eps == NORM_EPS && norm.kind == StackNormKind::Batch
}

/// Whether the layers are called and normalised as in the MLP of that collection; if the file says
/// nothing else, the norms then are its norms.
fn takes_names_of_the_collection(stack: &mut Stack) -> bool {
    let mut at = 0;
    let linear = |layer: &StackLayer| matches!(layer.kernel, StackKernel::Linear { .. });
    for (i, layer) in stack.layers.iter().enumerate() {
        let last = i + 1 == stack.layers.len();
        let expected = format!("model.{}", at + 1);
        let fits = match &layer.norm {
            None => i == 0 || last,
            Some(norm) => i > 0 && !last && norm.name == expected && is_usual(norm),
        };
        if !linear(layer) || layer.name != format!("model.{at}") || !fits {
            return false;
        }
        at += if layer.norm.is_some() { 3 } else { 2 };
    }
    let norms = stack.layers.iter_mut().filter_map(|layer| layer.norm.as_mut());
    norms.map(|norm| norm.eps = COLLECTION_EPS).count() > 0
}

/// The same for its DCGAN, which makes pictures larger by repeating pixels. There the first norm is as
/// usual, and what follows the others is leaky.
fn is_dcgan_of_the_collection(stack: &mut Stack) -> bool {
    let Some((first, rest)) = stack.layers.split_first_mut() else { return false };
    let norm_is = |layer: &StackLayer, name: &str| {
        layer.norm.as_ref().is_some_and(|norm| norm.name == name && is_usual(norm))
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
