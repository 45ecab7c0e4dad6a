//! Weights that are kept in parts, as one: spectral norm (Miyato et al. 2018, "Spectral normalization for
//! generative adversarial networks") and weight norm (Salimans & Kingma 2016, "Weight normalization"), as
//! PyTorch keeps them before and since its parametrizations.

use std::collections::{HashMap, HashSet};

use super::recognise::Named;
use super::tensors::Tensors;
use crate::error::Result;

/// Where the numbers of a parameter come from: places in the file's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::checkpoint) enum Origin {
    /// From there as they are.
    Plain(usize),
    /// A weight, over its greatest singular value as the two vectors measure it.
    Spectral { weight: usize, u: usize, v: usize },
    /// A direction, which is given this length.
    Length { length: usize, direction: usize },
}

/// `named` with the parts of each weight as that weight.
pub(super) fn folded(named: Vec<Named>) -> Vec<Named> {
    let places: HashMap<_, _> =
        named.iter().enumerate().map(|(at, one)| (one.name.clone(), at)).collect();
    let of = |name: String| places.get(&name).copied();
    let mut whole: HashMap<usize, Named> = HashMap::new();
    let mut gone = HashSet::new();
    for (at, one) in named.iter().enumerate() {
        let Some((layer, parts)) = parts(&one.name) else { continue };
        let others = parts.map(|part| of(format!("{layer}{part}")));
        let name = format!("{layer}weight");
        // PyTorch before 1.1 keeps the weight itself as well.
        if of(name.clone()).is_some() {
            gone.insert(at);
            gone.extend(others.into_iter().flatten());
            continue;
        }
        let place = |at: usize| match named[at].from {
            Origin::Plain(place) => place,
            Origin::Spectral { weight, .. } => weight,
            Origin::Length { direction, .. } => direction,
        };
        let shape = |at: usize| &named[at].shape[..];
        let folded = match others {
            [Some(u), Some(v)] if !sides(&one.shape, shape(u), shape(v)).is_empty() => {
                gone.extend([u, v]);
                let from = Origin::Spectral { weight: place(at), u: place(u), v: place(v) };
                Some((one.shape.clone(), from))
            }
            [Some(direction), None]
                if parts[1].is_empty() && is_length(shape(direction), &one.shape) =>
            {
                gone.insert(direction);
                let from = Origin::Length { length: place(at), direction: place(direction) };
                Some((shape(direction).to_vec(), from))
            }
            _ => None,
        };
        if let Some((shape, from)) = folded {
            whole.insert(at, Named { name, shape, from });
        }
    }
    let kept = named.into_iter().enumerate().filter(|(at, _)| !gone.contains(at));
    kept.map(|(at, one)| whole.remove(&at).unwrap_or(one)).collect()
}

/// Of the part that a weight begins with: its layer with the dot behind it, and what the other parts are
/// called there.
fn parts(name: &str) -> Option<(&str, [&'static str; 2])> {
    const KNOWN: [(&str, [&str; 2]); 4] = [
        ("weight_orig", ["weight_u", "weight_v"]),
        (
            "parametrizations.weight.original",
            ["parametrizations.weight.0._u", "parametrizations.weight.0._v"],
        ),
        ("weight_g", ["weight_v", ""]),
        ("parametrizations.weight.original0", ["parametrizations.weight.original1", ""]),
    ];
    KNOWN.into_iter().find_map(|(first, others)| {
        let layer = name.strip_suffix(first)?;
        (layer.is_empty() || layer.ends_with('.')).then_some((layer, others))
    })
}

/// Which of the first two sides of a weight the vectors can belong to: that of its results, the second
/// where it is transposed.
fn sides(shape: &[usize], u: &[usize], v: &[usize]) -> Vec<usize> {
    let ([u], [v], 2..) = (u, v, shape.len()) else { return Vec::new() };
    let count = shape.iter().try_fold(1usize, |n, dim| n.checked_mul(*dim));
    let fits = |side: &usize| shape[*side] == *u && u.checked_mul(*v) == count && *u > 0;
    (0..2).filter(fits).collect()
}

/// Whether `length` has one number for each of what `direction` has along some of its sides.
fn is_length(direction: &[usize], length: &[usize]) -> bool {
    let all = direction.iter().zip(length);
    length.is_empty()
        || (direction.len() == length.len() && all.clone().all(|(d, l)| *l == 1 || l == d))
}

impl Origin {
    /// Hands the numbers on to `take` in their order.
    ///
    /// # Errors
    /// [`crate::Error::BadModel`] if the file does not hold them, or they make no weight.
    pub fn numbers(self, tensors: &mut Tensors, take: &mut dyn FnMut(&[f32])) -> Result<()> {
        match self {
            Self::Plain(at) => tensors.numbers(at, take),
            Self::Spectral { weight, u, v } => {
                let shape = tensors.list[weight].shape.clone();
                let (u_shape, v_shape) =
                    (tensors.list[u].shape.clone(), tensors.list[v].shape.clone());
                let [mut values, u, v] = all(tensors, [weight, u, v])?;
                let sides = sides(&shape, &u_shape, &v_shape);
                let measured =
                    sides.into_iter().map(|side| spectral(&values, &shape, side, &u, &v));
                // Where both sides are as long, the vectors belong to that of which they are singular:
                // nothing measures more than those.
                let most = measured.max_by(f64::total_cmp);
                let Some(norm) = most.filter(|norm| norm.is_finite() && *norm != 0.0) else {
                    let name = &tensors.list[weight].name;
                    return Err(tensors.bad(format!("the spectral norm of {name} is none")));
                };
                values.iter_mut().for_each(|value| *value = (f64::from(*value) / norm) as f32);
                take(&values);
                Ok(())
            }
            Self::Length { length, direction } => {
                let shape = tensors.list[direction].shape.clone();
                let sides = tensors.list[length].shape.clone();
                let [lengths, mut values] = all(tensors, [length, direction])?;
                stretch(&mut values, &shape, &lengths, &sides);
                take(&values);
                Ok(())
            }
        }
    }
}

/// All numbers of each of these.
fn all<const N: usize>(tensors: &mut Tensors, places: [usize; N]) -> Result<[Vec<f32>; N]> {
    let mut all = [const { Vec::new() }; N];
    for (values, place) in all.iter_mut().zip(places) {
        tensors.numbers(place, &mut |piece| values.extend_from_slice(piece))?;
    }
    Ok(all)
}

/// uᵀ W v, where the rows of W stand along this side of the weight.
fn spectral(values: &[f32], shape: &[usize], side: usize, u: &[f32], v: &[f32]) -> f64 {
    let window: usize = shape[2..].iter().product();
    let mut sum = 0f64;
    for (at, value) in values.iter().enumerate() {
        let (first, second, pixel) = (at / window / shape[1], at / window % shape[1], at % window);
        let (row, other) = if side == 0 { (first, second) } else { (second, first) };
        sum += f64::from(u[row]) * f64::from(*value) * f64::from(v[other * window + pixel]);
    }
    sum
}

/// Gives each row of `values` its length; `sides` is 1 where rows lie along a side of `shape`.
fn stretch(values: &mut [f32], shape: &[usize], lengths: &[f32], sides: &[usize]) {
    // How far to go in the lengths for a step along each side.
    let mut steps = vec![0usize; shape.len()];
    let mut step = 1;
    for (place, side) in steps.iter_mut().zip(sides).rev() {
        if *side > 1 {
            *place = step;
        }
        step *= side;
    }
    let row = |mut at: usize| {
        let mut row = 0;
        for (dim, step) in shape.iter().zip(&steps).rev() {
            row += at % dim * step;
            at /= dim;
        }
        row
    };
    let mut squares = vec![0f64; lengths.len()];
    for (at, value) in values.iter().enumerate() {
        squares[row(at)] += f64::from(*value).powi(2);
    }
    for (at, value) in values.iter_mut().enumerate() {
        let row = row(at);
        *value = (f64::from(*value) * f64::from(lengths[row]) / squares[row].sqrt()) as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(lines: &[(&str, &[usize])]) -> Vec<Named> {
        let one = |(at, (name, shape)): (usize, &(&str, &[usize]))| Named {
            name: (*name).into(),
            shape: shape.to_vec(),
            from: Origin::Plain(at),
        };
        lines.iter().enumerate().map(one).collect()
    }

    #[test]
    fn parts_become_a_weight_where_they_fit() {
        let all = folded(named(&[
            ("a.bias", &[4]),
            ("a.weight_orig", &[8, 4, 3, 3]),
            ("a.weight_u", &[4]),
            ("a.weight_v", &[72]),
            ("b.parametrizations.weight.original0", &[4, 1]),
            ("b.parametrizations.weight.original1", &[4, 7]),
            ("c.weight_orig", &[5, 5]),
            ("c.weight_u", &[3]),
            ("c.weight_v", &[5]),
            ("d.weight", &[5, 5]),
            ("d.weight_orig", &[5, 5]),
            ("d.weight_u", &[5]),
        ]));
        let names: Vec<_> = all.iter().map(|one| one.name.as_str()).collect();
        let kept = ["c.weight_orig", "c.weight_u", "c.weight_v", "d.weight"];
        assert_eq!(names, [&["a.bias", "a.weight", "b.weight"][..], &kept].concat());
        assert_eq!(all[1].from, Origin::Spectral { weight: 1, u: 2, v: 3 });
        assert_eq!(all[1].shape, [8, 4, 3, 3]);
        assert_eq!(all[2].from, Origin::Length { length: 4, direction: 5 });
        assert_eq!(all[2].shape, [4, 7]);
    }

    /// A matrix whose greatest singular value is known, along either side.
    #[test]
    fn the_vectors_measure_the_side_that_they_belong_to() {
        let weight = [3.0, 0.0, 0.0, 1.0, 0.0, 0.0];
        assert_eq!(spectral(&weight, &[2, 3], 0, &[1.0, 0.0], &[1.0, 0.0, 0.0]), 3.0);
        let square = [0.0, 2.0, 0.0, 0.0];
        let (u, v) = ([1.0, 0.0], [0.0, 1.0]);
        let of = |side, u: &[f32], v: &[f32]| spectral(&square, &[2, 2], side, u, v);
        assert_eq!((of(0, &u, &v), of(1, &u, &v)), (2.0, 0.0));
        assert_eq!((of(0, &v, &u), of(1, &v, &u)), (0.0, 2.0));
    }

    #[test]
    fn rows_are_given_their_lengths() {
        let mut values = [3.0, 4.0, 0.0, 5.0];
        stretch(&mut values, &[2, 2], &[10.0, 1.0], &[2, 1]);
        assert_eq!(values, [6.0, 8.0, 0.0, 1.0]);
        let mut values = [3.0, 0.0, 4.0, 5.0];
        stretch(&mut values, &[2, 2], &[10.0, 1.0], &[1, 2]);
        assert_eq!(values, [6.0, 0.0, 8.0, 1.0]);
        let mut values = [3.0, 4.0];
        stretch(&mut values, &[1, 2], &[1.0], &[]);
        assert_eq!(values, [0.6, 0.8]);
    }
}
