//! What a row of tensors is: a generator that we know, or how far it is from one.

mod chain;
mod enlarge;
mod hints;
mod known;
mod layers;
mod order;
mod unet;

use chain::{Break, Found};
use hints::Hints;
pub(super) use layers::Named;

use super::fold::Origin;
use super::tensors::Module;
use crate::checkpoint::choice::Choice;
use crate::latent::Prior;
use crate::model::{ModelSpec, Network, SPEC_FORMAT};

/// Tensors of the largest generator: a U-Net has a hundred.
const MAX_TENSORS: usize = 2000;

/// A generator, and where its tensors are.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::checkpoint) struct Recognised {
    pub spec: ModelSpec,
    /// Our names of its parameters, each with where its numbers are.
    pub tensors: Vec<(String, Origin)>,
    /// What the file does not say and was taken for granted.
    pub assumed: Vec<String>,
    /// What of it can be chosen.
    pub defaults: Choice,
}

/// The kind that comes nearest, and where it departs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nearest {
    /// In words.
    pub kind: String,
    /// How many of its layers fit.
    pub layers: usize,
    /// The first thing that does not.
    pub departs: String,
}

/// Reads `tensors`, which stand below `prefix` in the file.
///
/// # Errors
/// The kind that comes nearest.
pub(super) fn recognise(
    tensors: &[Named],
    modules: &[(String, Module)],
    prefix: &str,
) -> Result<Recognised, Nearest> {
    if tensors.len() > MAX_TENSORS {
        let departs = format!("it has {} tensors", tensors.len());
        return Err(Nearest { kind: "DCGAN generator".into(), layers: 0, departs });
    }
    let hints = Hints::below(modules, prefix);
    let mut nearest = match unet::recognise(tensors) {
        Ok(found) => return Ok(found),
        Err(nearest) => nearest,
    };
    let natural = order::natural(tensors);
    let ways = [(tensors, false), (&natural[..], false), (&natural[..], true)];
    for (order, sorts) in ways {
        match generator(order, sorts, &hints) {
            Ok(found) => return Ok(found),
            Err(other) if nearest.as_ref().is_none_or(|best| other.layers > best.layers) => {
                nearest = Some(other);
            }
            Err(_) => {}
        }
    }
    Err(nearest.unwrap_or_else(|| Nearest {
        kind: "DCGAN generator".into(),
        layers: 0,
        departs: "it has no layers".into(),
    }))
}

fn generator(order: &[Named], sorts: bool, hints: &Hints) -> Result<Recognised, Nearest> {
    let four = order.iter().any(|tensor| tensor.shape.len() == 4);
    let kind = if four { "DCGAN generator" } else { "MLP generator" };
    let near = |Break { fits, why }| Nearest { kind: kind.into(), layers: fits, departs: why };
    let stop = |why: String| near(Break { fits: 0, why });
    let mut all = layers::layers(order).map_err(stop)?;
    if sorts {
        let sorted = order::by_channels(&all);
        all = sorted.ok_or_else(|| stop("its layers follow from each other in no order".into()))?;
    }
    let units = layers::units(&all).map_err(stop)?;
    let mut found = chain::chain(&units, hints).map_err(near)?;
    if sorts {
        found.assumed.push("layers come in the order in which their channels fit".into());
    }
    if let Some(activation) = hints.unknown_activation() {
        let why = format!(
            "{activation}, and ReLU, LeakyReLU, ELU with alpha 1, SELU, Tanh and Sigmoid are known here"
        );
        return Err(near(Break { fits: units.len(), why }));
    }
    let fits = units.len();
    let norms: Vec<_> = found.stack.layers.iter().filter_map(|layer| layer.norm.as_ref()).collect();
    if let Some(name) = hints.weightless_norm(&norms) {
        let why =
            format!("{name} normalises each picture without weights, which is not known here");
        return Err(near(Break { fits, why }));
    }
    known::named(found, order).map_err(|why| near(Break { fits, why }))
}

/// The description of a network from latents, with the distribution that is usual.
fn spec_of(z_dim: usize, network: Network) -> ModelSpec {
    ModelSpec { format: SPEC_FORMAT, z_dim, prior: Prior::Normal, network }
}

#[cfg(test)]
mod tests;
