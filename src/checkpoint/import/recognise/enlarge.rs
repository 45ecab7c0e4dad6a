//! Where pictures are made larger between convolutions that keep their size: layers without weights, of
//! which only the numbers of those around them tell.

use super::layers::Unit;
use crate::model::{MAX_RESOLUTION, StackKernel, StackLayer};
use crate::ops::Activation;

/// The first convolution among `layers`.
fn first(layers: &[StackLayer]) -> usize {
    let convolves = |layer: &StackLayer| !matches!(layer.kernel, StackKernel::Linear { .. });
    layers.iter().position(convolves).unwrap_or(layers.len())
}

/// How many layers without weights stand before the layer `at` in its `nn.Sequential`.
fn gap(units: &[Unit], at: usize) -> Option<usize> {
    let place = |name: &str| {
        let (row, number) = name.rsplit_once('.')?;
        Some((row.to_owned(), number.parse::<usize>().ok()?))
    };
    let (row, number) = place(&units[at].name)?;
    let before = units.get(at.checked_sub(1)?)?;
    let names = before.norm.iter().map(|norm| &norm.name).chain([&before.name]);
    let last =
        names.filter_map(|name| place(name)).filter(|(of, _)| *of == row).map(|(_, n)| n).max();
    match last {
        Some(last) => number.checked_sub(last)?.checked_sub(1),
        // The first of its row.
        None => Some(number),
    }
}

/// Decides before which of the `layers` pictures are made twice as large, from `grid` on; returns their
/// size at the end.
pub(super) fn enlarge(
    layers: &mut [StackLayer],
    units: &[Unit],
    grid: usize,
    assumed: &mut Vec<String>,
) -> Result<usize, String> {
    let (from, last) = (first(layers), layers.len() - 1);
    let gaps: Option<Vec<_>> = (from..layers.len()).map(|at| gap(units, at)).collect();
    let mut side = grid;
    for at in from..layers.len() {
        let larger = match &gaps {
            // Between two layers stands an activation; if there is more, it makes larger.
            Some(gaps) => gaps[at - from] > usize::from(at > from),
            None => at < last,
        };
        if let StackKernel::Conv { enlarge, .. } = &mut layers[at].kernel {
            *enlarge = larger;
        }
        side <<= u32::from(larger);
        if side > MAX_RESOLUTION {
            return Err("the picture would be too large".into());
        }
    }
    if side == grid || side < 4 {
        return Err("its convolutions leave the picture as small as it is".into());
    }
    assumed.push(match gaps {
        Some(_) => {
            "pictures are made larger where layers without weights stand between others".into()
        }
        None => "pictures are made twice as large before each convolution but the last".into(),
    });
    Ok(side)
}

/// Takes back the activation behind the linear layer, where there is no room for one.
pub(super) fn quieten(layers: &mut [StackLayer], units: &[Unit]) {
    let from = first(layers);
    if from > 0 && from < layers.len() && gap(units, from).is_some_and(|gap| gap < 2) {
        layers[from - 1].activation = Activation::Linear;
    }
}
