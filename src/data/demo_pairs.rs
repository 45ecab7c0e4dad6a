//! The pairs built into the program: the same drawn face as line drawing, as flat label map, and in
//! colour.
//!
//! `assets/faces/README.md` says how they are made. Pair `i` of the data sets `demo-sketches` and
//! `demo-labels` has the same face as its output.

use std::ops::Range;

use rayon::prelude::*;

use super::atlas::{Atlas, Layout};
use super::frame::Cut;
use super::opening::advance;
use super::pairs::interleaved;
use super::resample::Sampling;
use super::{DataSource, Framing, Progress, Target};
use crate::error::Result;
use crate::picture::{InputKind, Label};

static LINES: &[u8] = include_bytes!("../../assets/demo-pairs/lines.webp");
static MAPS: &[u8] = include_bytes!("../../assets/demo-pairs/labels.webp");
static FACES: &[u8] = include_bytes!("../../assets/demo-pairs/faces.webp");
static COLOURS: &[u8] = include_bytes!("../../assets/demo-pairs/colours.webp");
static LAYOUT: &str = include_str!("../../assets/demo-pairs/layout.json");
/// The most colours of a face.
const MOST_COLOURS: usize = 64;
/// The embedded files' name in messages.
const ORIGIN: &str = "<demo pairs>";

/// The labels of the built-in label maps, each with its colour (red, green, blue). Every pixel of a
/// map as it is kept, 128 × 128, has one of them.
pub const LABELS: [(&str, [u8; 3]); 12] = [
    ("background", [0x2f, 0x3e, 0x5c]),
    ("skin", [0xf6, 0xd2, 0xa9]),
    ("neck", [0xd1, 0x9a, 0x62]),
    ("hair", [0x7a, 0x4a, 0x24]),
    ("brows", [0x1d, 0x1a, 0x17]),
    ("eyes", [0x4f, 0xa8, 0xe0]),
    ("nose", [0xf0, 0x8a, 0x6c]),
    ("mouth", [0xd2, 0x3c, 0x4e]),
    ("beard", [0xa8, 0x55, 0x9c]),
    ("glasses", [0xa9, 0xb4, 0xc2]),
    ("clothes", [0x5a, 0x9e, 0x5f]),
    ("hat", [0xec, 0xc5, 0x3c]),
];

/// Whether each of `labels` has the colour of one of [`LABELS`].
pub(super) fn are_ours(labels: &[Label]) -> bool {
    labels.iter().all(|label| LABELS.iter().any(|(_, colour)| label.colour == colour))
}

/// The built-in pairs whose inputs are of this kind, if there are any.
pub fn source_for(kind: &InputKind) -> Option<DataSource> {
    match kind {
        InputKind::Drawing => Some(DataSource::DemoSketches),
        InputKind::Labels(labels) => are_ours(labels).then_some(DataSource::DemoLabels),
        InputKind::Picture => None,
    }
}

/// What goes into the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Input {
    /// Black lines on white.
    Sketches,
    /// Label maps in the colours of [`LABELS`].
    Labels,
}

/// Pixels of a picture as it is kept, a side.
pub(super) fn tile() -> Result<usize> {
    Ok(layout()?.tile)
}

fn layout() -> Result<Layout> {
    Layout::read(LAYOUT, ORIGIN)
}

/// The decoded pairs: as much memory as all of them take at the size in which they are kept.
#[derive(Debug)]
pub(super) struct DemoPairs {
    layout: Layout,
    inputs: Atlas,
    /// How inputs are resized.
    sampling: Sampling,
    outputs: Atlas,
    colours: Atlas,
}

impl DemoPairs {
    /// Decodes all of them; `progress` hears of the first `most`.
    pub fn decode(input: Input, most: usize, progress: &mut Progress) -> Result<Self> {
        let layout = layout()?;
        let count = most.min(layout.count);
        advance(progress, 0, count)?;
        let (inputs, sampling) = match input {
            Input::Sketches => (LINES, Sampling::Smooth),
            Input::Labels => (MAPS, Sampling::Nearest),
        };
        let inputs = Atlas::decode(inputs, layout, ORIGIN)?;
        advance(progress, 0, count)?;
        let outputs = Atlas::decode(FACES, layout, ORIGIN)?;
        let colours = Atlas::decode_colours(COLOURS, MOST_COLOURS, layout, ORIGIN)?;
        Ok(Self { layout, inputs, sampling, outputs, colours })
    }

    /// Those of a `range` for `target`, one after the other.
    pub fn framed(
        &self,
        target: Target,
        framing: Framing,
        range: Range<usize>,
        progress: &mut Progress,
    ) -> Result<Vec<u8>> {
        let Layout { tile, across, count } = self.layout;
        let range = range.start.min(count)..range.end.min(count);
        let count = range.len();
        let cut = Cut::new((tile, tile), (target.width, target.height), framing);
        let pair = |i: usize| -> Result<Vec<u8>> {
            let input = self.inputs.tile(i, target.input);
            let input = cut.take(&input, target.input, self.sampling)?;
            let output = self.outputs.coloured_tile(&self.colours, i, target.channels);
            let output = cut.take(&output, target.channels, Sampling::Smooth)?;
            Ok(interleaved(&input, &output, target))
        };
        let mut pairs = Vec::with_capacity(count * target.bytes());
        for first in range.clone().step_by(across) {
            advance(progress, first - range.start, count)?;
            let framed: Vec<Result<Vec<u8>>> =
                (first..range.end.min(first + across)).into_par_iter().map(pair).collect();
            for pair in framed {
                pairs.extend_from_slice(&pair?);
            }
        }
        advance(progress, count, count)?;
        Ok(pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first pairs, as they are kept.
    fn kept(input: Input, channels: usize) -> Vec<Vec<u8>> {
        let side = tile().unwrap();
        let target = Target { input: channels, channels: 3, height: side, width: side };
        let all = DemoPairs::decode(input, 64, &mut |_, _| true).unwrap();
        let pairs = all.framed(target, Framing::Crop, 0..64, &mut |_, _| true).unwrap();
        pairs.chunks_exact(target.bytes()).map(<[u8]>::to_vec).collect()
    }

    #[test]
    fn maps_have_their_labels_and_no_other_colours() {
        let mut seen = [0; LABELS.len()];
        let maps = kept(Input::Labels, 3);
        for pixel in maps.iter().flat_map(|map| map.chunks_exact(6)) {
            let label = LABELS.iter().position(|(_, colour)| *colour == pixel[..3]);
            seen[label.unwrap_or_else(|| panic!("{:?} is no label", &pixel[..3]))] += 1;
        }
        // Each label can be learnt: even brows cover some pixels of every face.
        for ((name, _), count) in LABELS.iter().zip(seen) {
            assert!(count > 20 * maps.len(), "{name}: {count} pixels");
        }
        assert_eq!(tile().unwrap(), 128);
        assert!(layout().unwrap().count >= 1000);
    }

    #[test]
    fn drawings_are_thin_black_lines_on_white() {
        for drawing in kept(Input::Sketches, 1) {
            let ink = drawing.chunks_exact(4).filter(|pixel| pixel[0] == 0).count();
            let paper = drawing.chunks_exact(4).filter(|pixel| pixel[0] == 255).count();
            assert_eq!(ink + paper, 128 * 128);
            assert!((400..3000).contains(&ink), "{ink} black pixels");
        }
    }

    /// Where the map says hair, clothes or skin, the face has one colour for each.
    #[test]
    fn maps_and_faces_show_the_same_person() {
        let ground = LABELS[0].1;
        for pair in kept(Input::Labels, 3) {
            let backdrop: Vec<&[u8]> =
                pair.chunks_exact(6).filter(|p| p[..3] == ground).map(|p| &p[3..]).collect();
            let same = backdrop.iter().filter(|colour| **colour == backdrop[0]).count();
            assert!(same * 10 > backdrop.len() * 9, "{same} of {}", backdrop.len());
        }
    }
}
