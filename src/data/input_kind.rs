//! What kind of pictures go into a network that learns from pairs.

use super::demo_pairs::{LABELS, are_ours};
use super::{Dataset, Target};
use crate::picture::{InputKind, Label, Pixels};

/// Pairs that are looked at.
const LOOKED_AT: usize = 64;

/// The input of a pair, as it stands in a data set: interleaved with the output.
pub fn input_of(pair: &[u8], target: Target) -> Option<Pixels> {
    let pixels = pair.chunks_exact(target.planes().max(1));
    let bytes = pixels.flat_map(|pixel| &pixel[..target.input]).copied().collect();
    Pixels::new(target.input, (target.width, target.height), bytes).ok()
}

/// What the inputs of some pairs, spread over the data, have in common; `None` if it holds no pairs.
pub fn input_kind(dataset: &Dataset) -> Option<InputKind> {
    let target = dataset.target();
    if target.input == 0 {
        return None;
    }
    let step = dataset.len().div_ceil(LOOKED_AT).max(1);
    // One that has gone since is the loader's concern.
    let inputs: Vec<Pixels> = (0..dataset.len())
        .step_by(step)
        .filter_map(|index| input_of(&dataset.pixels(index).ok()?, target))
        .collect();
    Some(named(InputKind::common(&inputs)))
}

/// With names and order of the built-in labels, where it is those.
fn named(kind: InputKind) -> InputKind {
    let InputKind::Labels(labels) = kind else { return kind };
    if !are_ours(&labels) {
        return InputKind::Labels(labels);
    }
    let label = |(name, colour): &(&str, [u8; 3])| Label {
        name: (*name).to_owned(),
        colour: colour.to_vec(),
    };
    InputKind::Labels(LABELS.iter().map(label).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{DataSource, Framing, OpenOptions};

    #[test]
    fn the_built_in_pairs_are_known() {
        let open = |source: DataSource, input: usize, side: usize, jitter: f64| {
            let target = Target { input, channels: 3, height: side, width: side };
            let options = OpenOptions { jitter, most: 80, ..OpenOptions::default() };
            Dataset::open(&source, target, Framing::Crop, options, &mut |_, _| true).unwrap()
        };
        for (side, jitter) in [(128, 0.0), (64, 0.0), (128, 0.117), (32, 0.0)] {
            let kind = input_kind(&open(DataSource::DemoSketches, 1, side, jitter));
            assert_eq!(kind, Some(InputKind::Drawing), "{side} {jitter}");
            let kind = input_kind(&open(DataSource::DemoLabels, 3, side, jitter));
            let Some(InputKind::Labels(labels)) = kind else { panic!("{kind:?} at {side}") };
            assert_eq!((labels.len(), labels[3].name.as_str()), (12, "hair"));
        }
        assert_eq!(input_kind(&open(DataSource::Demo, 0, 32, 0.0)), None);
    }

    #[test]
    fn an_input_is_taken_out_of_its_pair() {
        let target = Target { input: 2, channels: 1, height: 1, width: 2 };
        let input = input_of(&[1, 2, 9, 3, 4, 9], target).unwrap();
        assert_eq!(input.bytes(), [1, 2, 3, 4]);
        assert!(input_of(&[1, 2, 9], target).is_none());
        let labels = vec![Label { name: String::new(), colour: vec![1, 2, 3] }];
        assert_eq!(named(InputKind::Labels(labels.clone())), InputKind::Labels(labels));
    }
}
