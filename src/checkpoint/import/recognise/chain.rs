//! One layer after the other, from the latent to the picture: what each of them must be for the next
//! one to fit.

use super::enlarge;
use super::hints::Hints;
use super::layers::{Kind, Unit, UnitNorm};
use crate::checkpoint::choice::Choice;
use crate::model::{
    MAX_RESOLUTION, Output, Range, Stack, StackKernel, StackLayer, StackNorm, StackNormKind,
};
use crate::ops::Activation;

/// PyTorch's default.
pub(super) const NORM_EPS: f64 = 1e-5;

/// A generator of some latent dimensions.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    pub z_dim: usize,
    pub stack: Stack,
    /// What is taken for granted and cannot be chosen.
    pub assumed: Vec<String>,
    /// What is taken for granted and can be.
    pub defaults: Choice,
}

/// Where a chain breaks: after how many layers, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Break {
    pub fits: usize,
    pub why: String,
}

/// Stride, padding and output padding.
type Geometry = [usize; 3];

/// How pictures become larger.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// By transposed convolutions.
    Transposed,
    /// By repeating pixels before convolutions.
    Enlarging,
}

/// Reads `units` as a generator.
///
/// # Errors
/// Where the layers do not follow from each other.
pub(super) fn chain(units: &[Unit], hints: &Hints) -> Result<Found, Break> {
    follow(units, Way::Transposed, hints)
        .or_else(|first| follow(units, Way::Enlarging, hints).map_err(|_| first))
}

/// Whether the convolution at `at` is a plain one, which takes its second number of channels; `None`
/// where it can be neither.
fn is_transposed(
    units: &[Unit],
    at: usize,
    channels: usize,
    way: Way,
    hints: &Hints,
) -> Option<bool> {
    let Kind::Conv { first, second, kernel } = units[at].kind else { return None };
    let told = hints.class(&units[at].name);
    let may = |class: &str| told.as_deref().is_none_or(|told| told == class);
    let transposed = first == channels && may("ConvTranspose2d");
    let plain = second == channels && kernel % 2 == 1 && at > 0 && may("Conv2d");
    // What could be either speaks for plain ones where another one must be.
    let either = |unit: &Unit| {
        matches!(unit.kind, Kind::Conv { first, second, kernel } if first == second && kernel % 2 == 1)
            && hints.class(&unit.name).is_none()
    };
    match way {
        Way::Transposed if transposed => Some(true),
        Way::Transposed => {
            let last = at + 1 == units.len() && !units[1..at].iter().any(either);
            (plain && last).then_some(false)
        }
        Way::Enlarging => {
            let from_grid = matches!(units[0].kind, Kind::Linear { .. });
            (plain && from_grid).then_some(false)
        }
    }
}

fn follow(units: &[Unit], way: Way, hints: &Hints) -> Result<Found, Break> {
    let broken = |fits: usize, why: String| Break { fits, why };
    let Some(first) = units.first() else { return Err(broken(0, "it has no layers".into())) };
    let z_dim = match first.kind {
        Kind::Linear { inputs, .. } => inputs,
        Kind::Conv { first, .. } => first,
        Kind::Norm { .. } => return Err(broken(0, format!("{} comes first", first.name))),
    };
    let (mut channels, mut grid) = (z_dim, 1);
    let mut kernels: Vec<(bool, usize, usize)> = Vec::new();
    let mut layers = Vec::new();
    let mut defaults = Choice::default();
    for (i, unit) in units.iter().enumerate() {
        let name = &unit.name;
        let kernel = match unit.kind {
            Kind::Linear { outputs, inputs }
                if kernels.is_empty() && inputs == channels * grid * grid =>
            {
                let next = units.get(i + 1).map(|next| next.kind);
                (channels, grid) = match next {
                    Some(Kind::Conv { first, second, .. }) => {
                        let takes = if way == Way::Transposed { first } else { second };
                        square_of(outputs, takes).ok_or_else(|| {
                            let why = format!(
                                "the {outputs} numbers of {name} are no square grid of the {takes} \
                                 channels that come next"
                            );
                            broken(i, why)
                        })?
                    }
                    _ => (outputs, 1),
                };
                StackKernel::Linear { channels, grid: (grid, grid) }
            }
            Kind::Conv { first, second, kernel }
                if let Some(transposed) = is_transposed(units, i, channels, way, hints) =>
            {
                kernels.push((transposed, i, kernel));
                channels = if transposed { second } else { first };
                placeholder(channels, kernel, transposed)
            }
            kind => {
                return Err(broken(
                    i,
                    misfit(name, kind, channels * if kernels.is_empty() { grid * grid } else { 1 }),
                ));
            }
        };
        let norm = match &unit.norm {
            None => None,
            Some(UnitNorm { name, channels: n, statistics }) => {
                let (each, all) = match kernel {
                    StackKernel::Linear { channels, grid } => {
                        (channels, channels * grid.0 * grid.1)
                    }
                    _ => (channels, channels),
                };
                if *n != each && *n != all {
                    return Err(broken(i, format!("the norm {name} is for {n} channels")));
                }
                let eps = hints.number(name, "eps").unwrap_or(NORM_EPS);
                let over_grid = *n != all;
                let is_flat = matches!(kernel, StackKernel::Linear { .. }) && !over_grid;
                let kind = match *statistics {
                    true => StackNormKind::Batch,
                    false => match hints.norm(name).map_err(|why| broken(i, why))? {
                        Some(told) => told,
                        // Single numbers are normalised together, channels of pictures apart.
                        None if is_flat => StackNormKind::Group(1),
                        None => {
                            defaults.norm = Some(StackNormKind::Instance);
                            StackNormKind::Instance
                        }
                    },
                };
                Some(StackNorm { name: name.clone(), eps, over_grid, kind })
            }
        };
        let activation = Activation::Linear;
        layers.push(StackLayer { name: name.clone(), kernel, bias: unit.bias, norm, activation });
    }
    let mut assumed = Vec::new();
    let (size, channels) = match kernels.is_empty() {
        true => {
            let (side, colours) = picture(channels).ok_or_else(|| {
                let why = format!("{channels} numbers come out, and no square picture has as many");
                broken(units.len(), why)
            })?;
            if let Some(last) = layers.last_mut() {
                last.kernel = StackKernel::Linear { channels: colours, grid: (side, side) };
            }
            (side, colours)
        }
        false if !matches!(channels, 1 | 3) => {
            let why = format!("{channels} channels come out, and pictures have 1 or 3");
            return Err(broken(units.len(), why));
        }
        false if way == Way::Enlarging => {
            let side = enlarge::enlarge(&mut layers, units, grid, &mut assumed);
            (side.map_err(|why| broken(units.len(), why))?, channels)
        }
        false => {
            let geometries = geometries(&kernels, units, grid, hints, &mut assumed);
            let size = geometries.as_ref().and_then(|all| size_of(&kernels, all, grid));
            let Some((all, size)) = geometries.zip(size) else {
                let why = "what comes out is no picture between 4 and 512 pixels a side".into();
                return Err(broken(units.len(), why));
            };
            for ((transposed, at, kernel), [stride, padding, output_padding]) in
                kernels.iter().zip(all)
            {
                let (kernel, stack) = (*kernel, &mut layers[*at].kernel);
                let channels = stack.channels();
                *stack = match transposed {
                    true => StackKernel::ConvTranspose {
                        channels,
                        kernel,
                        stride,
                        padding,
                        output_padding,
                    },
                    false => {
                        StackKernel::Conv { channels, kernel, stride, padding, enlarge: false }
                    }
                };
            }
            (size, channels)
        }
    };
    let output = activate(&mut layers, kernels.is_empty(), hints, &mut defaults);
    if way == Way::Enlarging {
        enlarge::quieten(&mut layers, units);
    }
    let norms = || layers.iter().filter_map(|layer| layer.norm.as_ref());
    if norms().any(|norm| hints.number(&norm.name, "eps").is_none()) {
        let is_batch = norms().any(|norm| norm.kind == StackNormKind::Batch);
        let which = if is_batch { "batch norm adds" } else { "norms add" };
        assumed.push(format!("{which} {NORM_EPS} to the variance"));
    }
    let stack = Stack { size: (size, size), channels, layers, range: output };
    Ok(Found { z_dim, stack, assumed, defaults })
}

fn misfit(name: &str, kind: Kind, given: usize) -> String {
    let (what, takes) = match kind {
        Kind::Linear { inputs, .. } => ("linear", format!("{inputs} numbers")),
        Kind::Conv { first, second, .. } if first == second => {
            ("a convolution", format!("{first} channels"))
        }
        Kind::Conv { first, second, .. } => {
            ("a convolution", format!("{first} channels, or {second} if it is not transposed"))
        }
        Kind::Norm { channels } => ("a norm", format!("{channels} channels")),
    };
    format!("{name} is {what} and takes {takes}, where {given} come in")
}

fn placeholder(channels: usize, kernel: usize, transposed: bool) -> StackKernel {
    match transposed {
        true => StackKernel::ConvTranspose {
            channels,
            kernel,
            stride: 1,
            padding: 0,
            output_padding: 0,
        },
        false => {
            StackKernel::Conv { channels, kernel, stride: 1, padding: kernel / 2, enlarge: false }
        }
    }
}

/// Channels and side of the square grid that `numbers` make.
fn square_of(numbers: usize, channels: usize) -> Option<(usize, usize)> {
    let area = numbers.checked_div(channels)?;
    let side = area.isqrt();
    (side * side * channels == numbers && (1..=MAX_RESOLUTION).contains(&side))
        .then_some((channels, side))
}

/// Side and channels of the picture that `numbers` make.
fn picture(numbers: usize) -> Option<(usize, usize)> {
    let sides = [1, 3].map(|channels| square_of(numbers, channels));
    sides
        .into_iter()
        .flatten()
        .map(|(channels, side)| (side, channels))
        .find(|(side, _)| *side >= 4)
}

/// What each convolution may be, likeliest first.
fn options((transposed, kernel): (bool, usize), size: usize) -> Vec<Geometry> {
    match (transposed, kernel) {
        (false, _) => vec![[1, kernel / 2, 0]],
        // From a single pixel.
        (true, _) if size == 1 => vec![[1, 0, 0]],
        (true, 1) => vec![[1, 0, 0]],
        (true, 8) => vec![[2, 3, 0], [4, 2, 0]],
        (true, _) if kernel % 2 == 0 => vec![[2, kernel / 2 - 1, 0]],
        (true, _) => vec![[2, kernel / 2, 1], [1, kernel / 2, 0], [2, kernel / 2, 0]],
    }
}

fn side_after(
    transposed: bool,
    kernel: usize,
    [stride, padding, more]: Geometry,
    side: usize,
) -> Option<usize> {
    let side = match transposed {
        true => (side.checked_sub(1)? * stride + kernel + more).checked_sub(2 * padding)?,
        false => (side + 2 * padding).checked_sub(kernel)? / stride.max(1) + 1,
    };
    (1..=MAX_RESOLUTION).contains(&side).then_some(side)
}

fn size_of(kernels: &[(bool, usize, usize)], all: &[Geometry], grid: usize) -> Option<usize> {
    let mut sides = kernels.iter().zip(all);
    sides.try_fold(grid, |side, ((transposed, _, kernel), of)| {
        side_after(*transposed, *kernel, *of, side)
    })
}

/// Strides and paddings: those that the file tells, else those that lead to a usual size, tried from
/// the likeliest on.
fn geometries(
    kernels: &[(bool, usize, usize)],
    units: &[Unit],
    grid: usize,
    hints: &Hints,
    assumed: &mut Vec<String>,
) -> Option<Vec<Geometry>> {
    let told = |at: usize| {
        let of =
            |key: &str| hints.number(&units[at].name, key).map(|n| (n.clamp(0.0, 64.0)) as usize);
        Some([of("stride")?, of("padding")?, of("output_padding").unwrap_or(0)])
    };
    let is_told = kernels.iter().all(|(_, at, _)| told(*at).is_some());
    let mut ways: Vec<(usize, Vec<Geometry>)> = vec![(grid, Vec::new())];
    for (transposed, at, kernel) in kernels {
        let mut next = Vec::new();
        for (side, way) in &ways {
            let options =
                told(*at).map_or_else(|| options((*transposed, *kernel), *side), |one| vec![one]);
            for geometry in options {
                if let Some(side) = side_after(*transposed, *kernel, geometry, *side) {
                    let mut way = way.clone();
                    way.push(geometry);
                    next.push((side, way));
                }
            }
        }
        // Three ways a layer: only long rows of odd windows come near.
        next.truncate(10_000);
        ways = next;
    }
    let usual = |side: usize| (side.is_power_of_two() && side >= 8) || side == 28;
    let best = ways
        .iter()
        .find(|(side, _)| usual(*side))
        .or_else(|| ways.first().filter(|way| way.0 >= 4));
    let (side, way) = best?;
    if !is_told {
        assumed.push(format!(
            "strides and paddings are the usual ones of such windows, which make pictures of {side}×{side}"
        ));
    }
    Some(way.clone())
}

/// What follows each layer; returns what the values behind the last one stand for.
fn activate(
    layers: &mut [StackLayer],
    is_mlp: bool,
    hints: &Hints,
    defaults: &mut Choice,
) -> Range {
    let norms = layers.iter().any(|layer| layer.norm.is_some());
    let last = layers.len() - 1;
    let usual = if is_mlp { Activation::LeakyRelu(0.2) } else { Activation::Relu };
    let (mut inner_assumed, mut inner_told, mut range) = (false, false, Range::Symmetric);
    for (i, layer) in layers.iter_mut().enumerate() {
        let linear = matches!(layer.kernel, StackKernel::Linear { .. });
        layer.activation = match hints.activation(&layer.name) {
            Some(told) => {
                inner_told |= i != last && told != Activation::Linear;
                if i == last && told == Activation::Sigmoid {
                    range = Range::Unit;
                }
                told
            }
            None if i == last => {
                defaults.output = Some(Output::Tanh);
                Activation::Tanh
            }
            // Between latent and grid as published: nothing, where all else is normalised and it is not.
            None if !is_mlp && linear && norms && layer.norm.is_none() => Activation::Linear,
            None => {
                inner_assumed = true;
                usual
            }
        };
    }
    // Where some are told, the others are not chosen for all of them.
    defaults.hidden = (inner_assumed && !inner_told).then_some(usual);
    range
}
