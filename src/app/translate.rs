//! What the tab Translate knows: the drawing, the tools, the answers.

mod canvas;
mod jobs;

use std::sync::Arc;

use image::RgbImage;
use serde::{Deserialize, Serialize};

pub use canvas::Canvas;
pub use jobs::{Taking, TranslateJobs};

use super::state::{OpenModel, State};
use crate::model::ModelSpec;
use crate::picture::paint::Brush;
use crate::picture::{InputKind, Label, Pixels};

/// Answers to one drawing that are shown at once.
pub const SEVERAL: u64 = 4;
/// Width of a brush as a share of the picture's: the least and the most.
pub const SIZES: (f32, f32) = (0.005, 0.3);
/// How unlike a colour may be that a flood still covers, where there are soft edges.
const TOLERANCE: u8 = 96;

/// What the pointer does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tool {
    /// Draws freely.
    #[default]
    Brush,
    /// Paints with the colour of the paper.
    Eraser,
    /// Draws a straight line.
    Line,
    /// Fills an area.
    Fill,
}

/// What is remembered between two starts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TranslatePlace {
    /// What the pointer does.
    pub tool: Tool,
    /// Whether both halves are drawn at once.
    pub is_mirrored: bool,
    /// Name of the model that the drawing was for; empty if there was none.
    pub drawing_of: String,
}

/// Pictures to start from.
#[derive(Debug, Clone, Default)]
pub enum Templates {
    /// None for this model.
    #[default]
    None,
    /// They are being read.
    Awaited,
    /// These.
    Here(Vec<Arc<Pixels>>),
    /// They cannot be read, because of this.
    Failed(String),
}

/// The tab Translate.
#[derive(Debug, Default)]
pub struct Translate {
    /// What is drawn on, if the model on screen takes pictures.
    pub canvas: Option<Canvas>,
    /// What the model that the drawing is for was trained to take.
    pub kind: Option<InputKind>,
    /// That model's name.
    pub model: String,
    /// What the pointer does.
    pub tool: Tool,
    /// Width of the brush as a share of the picture's.
    pub size: f32,
    /// Width of the eraser.
    pub eraser: f32,
    /// A byte for each channel.
    pub colour: Vec<u8>,
    /// Whether both halves are drawn at once.
    pub is_mirrored: bool,
    /// Whether dropout stays on as noise.
    pub is_noisy: bool,
    /// Whether several answers are shown.
    pub shows_several: bool,
    /// Seed of the noise.
    pub seed: u64,
    /// What the network answers.
    pub answers: Vec<RgbImage>,
    /// Why it does not.
    pub error: Option<String>,
    /// Why the answer may be of no use.
    pub doubt: Option<String>,
    /// Pictures to start from.
    pub templates: Templates,
    /// Counts the drawings: one that was shown is not uploaded again.
    pub revision: u64,
}

impl Translate {
    /// As it was left, but for the drawing.
    pub fn new(place: &TranslatePlace) -> Self {
        Self { tool: place.tool, is_mirrored: place.is_mirrored, ..Self::default() }
    }

    /// For the next start.
    pub fn place(&self, before: &TranslatePlace) -> TranslatePlace {
        let drawing_of = match &self.canvas {
            Some(canvas) if canvas.is_empty() => String::new(),
            Some(_) => self.model.clone(),
            // No model with a drawing was open: there may still be the one of before.
            None => before.drawing_of.clone(),
        };
        TranslatePlace { tool: self.tool, is_mirrored: self.is_mirrored, drawing_of }
    }

    /// Gets ready for a model; a drawing that fits it stays.
    pub fn adopt(&mut self, name: &str, spec: &ModelSpec, kind: Option<&InputKind>) {
        if !spec.takes_pictures() {
            return;
        }
        self.model = name.to_owned();
        let (height, width) = spec.size();
        let fits = self.kind.as_ref() == kind
            && self.canvas.as_ref().is_some_and(|canvas| {
                let pixels = canvas.pixels();
                pixels.size() == (width, height) && pixels.channels() == spec.inputs()
            });
        self.error = None;
        self.is_noisy &= spec.has_noise();
        if fits {
            return;
        }
        self.kind = kind.cloned();
        let (paper, ink) = self.colours(spec.inputs());
        self.canvas = Some(Canvas::new(&paper, (width, height)));
        self.colour = ink;
        self.size = match kind {
            // As the built-in drawings have it.
            Some(InputKind::Drawing) => 0.014,
            Some(InputKind::Labels(_)) => 0.06,
            Some(InputKind::Picture) | None => 0.03,
        };
        self.eraser = 0.08;
        (self.answers, self.doubt) = (Vec::new(), None);
        self.revision += 1;
    }

    /// Paper and ink for pictures of so many channels.
    fn colours(&self, channels: usize) -> (Vec<u8>, Vec<u8>) {
        if let [first, rest @ ..] = self.labels() {
            let ink = rest.first().unwrap_or(first);
            return (first.colour.clone(), ink.colour.clone());
        }
        let mut ink = vec![0; channels];
        if matches!(channels, 2 | 4) {
            // Opaque.
            ink[channels - 1] = 255;
        }
        (vec![255; channels], ink)
    }

    /// The labels to paint with; none where any colour will do.
    pub fn labels(&self) -> &[Label] {
        match &self.kind {
            Some(InputKind::Labels(labels)) => labels,
            _ => &[],
        }
    }

    /// What the pointer paints with.
    pub fn brush(&self) -> Option<Brush> {
        let canvas = self.canvas.as_ref()?;
        let width = canvas.pixels().size().0 as f32;
        let colour = match self.tool {
            Tool::Eraser => canvas.paper().to_vec(),
            _ => self.colour.clone(),
        };
        Some(Brush {
            colour,
            radius: self.size_in_use() * width / 2.0,
            is_hard: !self.labels().is_empty(),
            is_mirrored: self.is_mirrored,
        })
    }

    /// Width of what the pointer paints with, as a share of the picture's.
    pub fn size_in_use(&self) -> f32 {
        if self.tool == Tool::Eraser { self.eraser } else { self.size }
    }

    /// Makes what the pointer paints with so wide, within what a brush may have.
    pub fn set_size(&mut self, size: f32) {
        let place = if self.tool == Tool::Eraser { &mut self.eraser } else { &mut self.size };
        *place = size.clamp(SIZES.0, SIZES.1);
    }

    /// Puts the pointer down at `at`.
    pub fn press(&mut self, at: (f32, f32)) {
        let (Some(brush), tool) = (self.brush(), self.tool) else { return };
        let tolerance = if brush.is_hard { 0 } else { TOLERANCE };
        let Some(canvas) = &mut self.canvas else { return };
        match tool {
            Tool::Brush => canvas.press(brush, at, false, "Stroke"),
            Tool::Eraser => canvas.press(brush, at, false, "Eraser"),
            Tool::Line => canvas.press(brush, at, true, "Line"),
            Tool::Fill => canvas.fill(at, &brush.colour, tolerance),
        }
        self.changed();
    }

    /// Does something to the drawing.
    pub fn change<T>(&mut self, change: impl FnOnce(&mut Canvas) -> T) -> Option<T> {
        let done = self.canvas.as_mut().map(change);
        self.changed();
        done
    }

    /// Seeds of the answers that are to be shown; none without noise.
    pub fn seeds(&self) -> Vec<u64> {
        match (self.is_noisy, self.shows_several) {
            (false, _) => Vec::new(),
            (true, false) => vec![self.seed],
            (true, true) => (0..SEVERAL).map(|i| self.seed.wrapping_add(i)).collect(),
        }
    }

    fn changed(&mut self) {
        self.revision += 1;
        self.doubt = None;
    }
}

impl State {
    /// The model on screen, if it makes pictures from pictures.
    pub fn translator(&self) -> Option<&OpenModel> {
        self.model.as_ref().filter(|model| model.spec().takes_pictures())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Network, Preset};

    fn spec(inputs: usize, resolution: usize) -> ModelSpec {
        let mut spec = Preset::Pix2pix.spec();
        if let Network::Pix2pix(net) = &mut spec.network {
            (net.inputs, net.resolution) = (inputs, resolution);
        }
        spec
    }

    #[test]
    fn a_drawing_stays_where_it_fits() {
        let mut translate = Translate::new(&TranslatePlace::default());
        translate.press((1.0, 1.0));
        translate.adopt("m", &spec(1, 64), Some(&InputKind::Drawing));
        assert_eq!(
            (translate.colour.as_slice(), translate.canvas.as_ref().unwrap().paper()),
            ([0].as_slice(), [255].as_slice())
        );
        translate.press((20.0, 20.0));
        translate.change(Canvas::release);
        let drawn = translate.canvas.as_ref().unwrap().pixels().clone();
        assert!(!drawn.is_plain());
        translate.adopt("m", &spec(1, 64), Some(&InputKind::Drawing));
        assert_eq!(translate.canvas.as_ref().unwrap().pixels(), &drawn);
        translate.adopt("m", &Preset::Dcgan64.spec(), None);
        assert_eq!(translate.canvas.as_ref().unwrap().pixels(), &drawn, "it waits for its model");
        translate.adopt("m", &spec(1, 128), Some(&InputKind::Drawing));
        assert!(translate.canvas.as_ref().unwrap().is_empty());
        translate.adopt("m", &spec(4, 32), None);
        assert_eq!(translate.colour, [0, 0, 0, 255]);
    }

    #[test]
    fn labels_are_painted_with_labels_only() {
        let label = |colour: [u8; 3]| Label { name: "a".into(), colour: colour.to_vec() };
        let kind = InputKind::Labels(vec![label([1, 2, 3]), label([9, 9, 0])]);
        let place = TranslatePlace { tool: Tool::Line, is_mirrored: true, ..Default::default() };
        let mut translate = Translate::new(&place);
        translate.adopt("m", &spec(3, 32), Some(&kind));
        translate.press((3.0, 3.0));
        translate.change(|canvas| canvas.drag((20.0, 28.0)));
        let canvas = translate.canvas.as_ref().unwrap();
        let colours = [[1, 2, 3], [9, 9, 0]];
        assert!(canvas.pixels().iter().all(|pixel| colours.iter().any(|colour| colour == pixel)));
        assert!(!canvas.is_empty());
        translate.tool = Tool::Eraser;
        assert_eq!(translate.brush().unwrap().colour, [1, 2, 3]);
        let left = translate.place(&place);
        assert_eq!(
            (left.tool, left.is_mirrored, left.drawing_of.as_str()),
            (Tool::Eraser, true, "m")
        );
    }

    #[test]
    fn noise_has_seeds() {
        let mut translate = Translate::default();
        assert!(translate.seeds().is_empty());
        (translate.is_noisy, translate.seed) = (true, 7);
        assert_eq!(translate.seeds(), [7]);
        translate.shows_several = true;
        assert_eq!(translate.seeds(), [7, 8, 9, 10]);
        translate.adopt("m", &spec(1, 32), None);
        assert!(!translate.is_noisy, "a network without dropout has one answer");
    }
}
