//! The order of layers, where the file does not keep it: safetensors files are sorted by name.

use super::layers::{Kind, Layer, Named};

/// Steps of a search among layers of equal widths.
const MAX_STEPS: usize = 20_000;

/// The same tensors in an order in which 10 follows 9.
pub(super) fn natural(tensors: &[Named]) -> Vec<Named> {
    let mut sorted = tensors.to_vec();
    sorted.sort_by_cached_key(|tensor| words_and_numbers(&tensor.name));
    sorted
}

/// `t_conv10.0` comes after `t_conv9.1`.
fn words_and_numbers(name: &str) -> Vec<(String, u64)> {
    let mut parts = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let (word, after) = rest.split_at(digits);
        let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        let (number, after) = after.split_at(end);
        parts.push((word.to_owned(), number.parse().unwrap_or(u64::MAX)));
        rest = after;
    }
    parts
}

/// The layers that compute in an order in which each takes what the one before it gives, and a picture
/// comes out; norms before them all. Layers that are called alike but for their numbers stay in the
/// order of those, or a discriminator would be a generator backwards. Among several such orders, that
/// which is nearest to the given one.
pub(super) fn by_channels(layers: &[Layer]) -> Option<Vec<Layer>> {
    let is_norm = |layer: &&Layer| matches!(layer.kind, Kind::Norm { .. });
    let (mut ordered, kernels): (Vec<_>, Vec<_>) =
        layers.iter().cloned().partition(|layer| is_norm(&layer));
    let stem = |layer: &Layer| layer.name.replace(|c: char| c.is_ascii_digit(), "");
    let stems: Vec<_> = kernels.iter().map(stem).collect();
    let mut search = Search { kernels: &kernels, stems, path: Vec::new(), steps: 0 };
    for start in 0..kernels.len() {
        let inputs = match kernels[start].kind {
            Kind::Linear { inputs, .. } => inputs,
            Kind::Conv { first, .. } => first,
            Kind::Norm { channels } => channels,
        };
        if search.go(start, inputs) {
            ordered.extend(search.path.iter().map(|at| kernels[*at].clone()));
            return Some(ordered);
        }
    }
    None
}

struct Search<'a> {
    kernels: &'a [Layer],
    /// Their names without numbers.
    stems: Vec<String>,
    path: Vec<usize>,
    steps: usize,
}

impl Search<'_> {
    /// Goes on with the layer `at`, which is given `channels`; whether an end was reached.
    fn go(&mut self, at: usize, channels: usize) -> bool {
        self.steps += 1;
        if self.steps > MAX_STEPS || self.path.len() > 64 {
            return false;
        }
        let Some(given) = self.given(at, channels) else { return false };
        let comes_first = |other: &usize| self.stems[*other] == self.stems[at];
        if (0..at).filter(comes_first).any(|other| !self.path.contains(&other)) {
            return false;
        }
        self.path.push(at);
        if self.path.len() == self.kernels.len() && self.is_picture(at, given) {
            return true;
        }
        for next in 0..self.kernels.len() {
            if !self.path.contains(&next) && self.go(next, given) {
                return true;
            }
        }
        self.path.pop();
        false
    }

    /// What the layer `at` gives where `channels` come in.
    fn given(&self, at: usize, channels: usize) -> Option<usize> {
        let convolves = |kind| matches!(kind, Kind::Conv { .. });
        let before = self.path.last().map(|before| self.kernels[*before].kind);
        match self.kernels[at].kind {
            Kind::Linear { outputs, inputs } => {
                (!before.is_some_and(convolves) && inputs == channels).then_some(outputs)
            }
            Kind::Conv { first, second, kernel } => {
                // The numbers of a linear layer are a grid of these channels.
                let fits = |inputs: usize| match before {
                    Some(Kind::Linear { .. }) => inputs > 0 && channels.is_multiple_of(inputs),
                    _ => inputs == channels,
                };
                if fits(first) {
                    Some(second)
                } else {
                    (fits(second) && kernel % 2 == 1 && before.is_some()).then_some(first)
                }
            }
            Kind::Norm { .. } => None,
        }
    }

    fn is_picture(&self, last: usize, given: usize) -> bool {
        matches!(self.kernels[last].kind, Kind::Linear { .. }) || matches!(given, 1 | 3)
    }
}
