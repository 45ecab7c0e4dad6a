//! The U-Net of the public pix2pix implementation, whose names tell its depth: a block within a block.

use super::{Named, Nearest, Recognised, spec_of};
use crate::checkpoint::choice::Choice;
use crate::model::{Network, NormKind, Output, PatchGan, Pix2pix};

const FIRST: &str = "model.model.0.weight";
const LAST: &str = "model.model.3.weight";

/// Reads `tensors` as a U-Net; an error without a kind where nothing speaks for one.
pub(super) fn recognise(tensors: &[Named]) -> Result<Recognised, Option<Nearest>> {
    let of = |name: &str| tensors.iter().find(|tensor| tensor.name == name);
    let (Some(first), Some(last)) = (of(FIRST), of(LAST)) else { return Err(None) };
    let mut fits = 1;
    let departs = |layers: usize, departs: String| {
        Some(Nearest { kind: "U-Net of pix2pix".into(), layers, departs })
    };
    let ([width, inputs, 4, 4], [_, channels, 4, 4]) = (&first.shape[..], &last.shape[..]) else {
        return Err(departs(0, format!("{FIRST} has the shape {:?}", first.shape)));
    };
    // Each level stands in the third place of the one around it.
    let mut prefix = "model.model.1.model".to_owned();
    while of(&format!("{prefix}.1.weight")).is_some() {
        fits += 1;
        prefix.push_str(".3.model");
    }
    let has_statistics = tensors.iter().any(|tensor| tensor.name.ends_with("running_mean"));
    let Some(resolution) = 1usize.checked_shl(fits as u32).filter(|side| *side <= 512) else {
        return Err(departs(fits, format!("it has {fits} levels")));
    };
    let net = Pix2pix {
        resolution,
        inputs: *inputs,
        channels: *channels,
        width: *width,
        norm: if has_statistics { NormKind::Batch } else { NormKind::Instance },
        dropout: 0.5,
        output: Output::Tanh,
        discriminator: PatchGan { width: 64, layers: PatchGan::usual_layers(resolution) },
    };
    let spec = spec_of(0, Network::Pix2pix(net));
    let shapes = spec.validate().and_then(|()| spec.generator_shapes());
    let shapes = shapes.map_err(|error| departs(fits, error.to_string()))?;
    let mut found = Vec::with_capacity(shapes.len());
    for (name, dims) in shapes {
        match of(&name) {
            Some(tensor) if tensor.shape == dims => found.push((name, tensor.from)),
            Some(tensor) => {
                let why =
                    format!("{name} has the shape {:?} where {dims:?} would fit", tensor.shape);
                return Err(departs(fits, why));
            }
            None => return Err(departs(fits, format!("{name} is missing"))),
        }
    }
    let left = tensors.iter().find(|tensor| {
        !tensor.name.ends_with("num_batches_tracked")
            && !found.iter().any(|(name, _)| *name == tensor.name)
    });
    if let Some(left) = left {
        return Err(departs(fits, format!("{} is one tensor more than it has", left.name)));
    }
    let mut assumed = vec![
        format!(
            "pictures of {resolution}×{resolution}, which its levels take down to a single pixel"
        ),
        "inner layers leave half of their values out where several answers are wanted".to_owned(),
        "leaky ReLU of slope 0.2 on the way down, ReLU on the way up".to_owned(),
    ];
    if !has_statistics {
        assumed.push("it normalises each picture by itself".to_owned());
    }
    let defaults = Choice { output: Some(Output::Tanh), ..Choice::default() };
    Ok(Recognised { spec, tensors: found, assumed, defaults })
}
