//! Layers, out of the names and shapes of their tensors.

use std::collections::HashMap;

use crate::checkpoint::import::fold::Origin;

/// A tensor as recognition sees it: what it is called within the network, and its dimensions.
#[derive(Debug, Clone)]
pub(in crate::checkpoint::import) struct Named {
    pub name: String,
    pub shape: Vec<usize>,
    /// Where its numbers are.
    pub from: Origin,
}

/// What a layer's weight says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `[outputs, inputs]`.
    Linear { outputs: usize, inputs: usize },
    /// `[outputs, inputs, kernel, kernel]`, or the other way round where it is transposed.
    Conv { first: usize, second: usize, kernel: usize },
    /// A norm.
    Norm { channels: usize },
}

/// One layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layer {
    pub name: String,
    pub kind: Kind,
    pub bias: bool,
    /// Whether it keeps a running mean and variance.
    pub statistics: bool,
}

/// A layer that computes, with the norm behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unit {
    pub name: String,
    pub kind: Kind,
    pub bias: bool,
    pub norm: Option<UnitNorm>,
}

/// The norm of a [`Unit`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UnitNorm {
    pub name: String,
    pub channels: usize,
    pub statistics: bool,
}

/// Most channels or numbers on a side of a weight; above what any network has.
const MAX_DIM: usize = 1 << 24;

const PARTS: [&str; 5] = ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"];

/// The layers in the order of `tensors`.
///
/// # Errors
/// A sentence about the first tensor that belongs to no layer we know.
pub(super) fn layers(tensors: &[Named]) -> Result<Vec<Layer>, String> {
    let mut groups: Vec<(&str, HashMap<&str, &[usize]>)> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for Named { name, shape, .. } in tensors {
        let (layer, part) = name.rsplit_once('.').unwrap_or(("", name));
        if !PARTS.contains(&part) {
            return Err(unknown_part(layer, part, shape));
        }
        if shape.iter().any(|dim| !(1..=MAX_DIM).contains(dim)) {
            return Err(format!("{name} has the shape {shape:?}"));
        }
        let place = *places.entry(layer).or_insert_with(|| {
            groups.push((layer, HashMap::new()));
            groups.len() - 1
        });
        groups[place].1.insert(part, shape);
    }
    groups.iter().map(|(name, parts)| layer(name, parts)).collect()
}

fn unknown_part(layer: &str, part: &str, shape: &[usize]) -> String {
    let what = match part {
        "weight_orig" | "weight_u" | "weight_v" => "spectral norm",
        "weight_g" => "weight norm",
        _ => {
            return format!(
                "{layer}.{part} of shape {shape:?} is part of no layer that is known here"
            );
        }
    };
    format!("{layer} has {what} ({part}), which is not known here; remove it before saving")
}

fn layer(name: &str, parts: &HashMap<&str, &[usize]>) -> Result<Layer, String> {
    let running = parts.get("running_mean").zip(parts.get("running_var"));
    let Some(weight) = parts.get("weight") else {
        return Err(match running {
            Some(_) => {
                format!("{name} normalises without weights of its own, which is not known here")
            }
            None => format!("{name} has no weight"),
        });
    };
    let bias = parts.get("bias");
    let (kind, outputs) = match (*weight, running) {
        ([outputs, inputs], None) => (Kind::Linear { outputs: *outputs, inputs: *inputs }, None),
        ([first, second, kernel, other], None) if kernel == other => {
            (Kind::Conv { first: *first, second: *second, kernel: *kernel }, None)
        }
        ([channels], Some((mean, var))) if mean == var && **mean == [*channels] => {
            (Kind::Norm { channels: *channels }, Some(*channels))
        }
        ([channels], None) => (Kind::Norm { channels: *channels }, Some(*channels)),
        (shape, _) => {
            return Err(format!(
                "{name}.weight of shape {shape:?} is of no layer that is known here"
            ));
        }
    };
    match (kind, bias) {
        (Kind::Norm { .. }, None) => return Err(format!("{name} normalises without a bias")),
        (_, Some(bias)) if bias.len() != 1 || outputs.is_some_and(|n| bias[0] != n) => {
            return Err(format!("{name}.bias has the shape {bias:?}"));
        }
        _ => {}
    }
    let statistics = running.is_some();
    Ok(Layer { name: name.to_owned(), kind, bias: bias.is_some(), statistics })
}

/// Puts each norm behind the layer it belongs to: the one before it, or, where norms are listed apart,
/// the next with as many channels. Whether a convolution is transposed is not known here, so either of
/// its sides may have them.
///
/// # Errors
/// A sentence about a norm that has no such layer.
pub(super) fn units(layers: &[Layer]) -> Result<Vec<Unit>, String> {
    side_by_side(layers).or_else(|first| apart(layers).map_err(|_| first))
}

fn unit(layer: &Layer) -> Unit {
    Unit { name: layer.name.clone(), kind: layer.kind, bias: layer.bias, norm: None }
}

fn norm(layer: &Layer, channels: usize) -> UnitNorm {
    UnitNorm { name: layer.name.clone(), channels, statistics: layer.statistics }
}

fn side_by_side(layers: &[Layer]) -> Result<Vec<Unit>, String> {
    let mut units: Vec<Unit> = Vec::new();
    for layer in layers {
        let Kind::Norm { channels } = layer.kind else {
            units.push(unit(layer));
            continue;
        };
        let before =
            units.last_mut().filter(|unit| unit.norm.is_none() && may_norm(unit, channels));
        let Some(before) = before else {
            return Err(format!("the norm {} follows no layer of {channels} channels", layer.name));
        };
        before.norm = Some(norm(layer, channels));
    }
    Ok(units)
}

fn apart(layers: &[Layer]) -> Result<Vec<Unit>, String> {
    let is_norm = |layer: &&Layer| matches!(layer.kind, Kind::Norm { .. });
    let mut units: Vec<_> = layers.iter().filter(|layer| !is_norm(layer)).map(unit).collect();
    let mut from = 0;
    for layer in layers.iter().filter(is_norm) {
        let Kind::Norm { channels } = layer.kind else { continue };
        let Some(at) = (from..units.len()).find(|at| may_norm(&units[*at], channels)) else {
            return Err(format!("no layer has the {channels} channels of {}", layer.name));
        };
        units[at].norm = Some(norm(layer, channels));
        from = at + 1;
    }
    Ok(units)
}

fn may_norm(unit: &Unit, channels: usize) -> bool {
    match unit.kind {
        // The channels of the grid that its numbers are read as, or each number.
        Kind::Linear { outputs, .. } => outputs % channels.max(1) == 0,
        Kind::Conv { first, second, .. } => first == channels || second == channels,
        Kind::Norm { .. } => false,
    }
}
