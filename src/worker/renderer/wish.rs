//! What the window asks the renderer for, and what it hears of it.

use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use image::RgbImage;

use crate::checkpoint::ModelFile;
use crate::device::DeviceChoice;
use crate::error::Result;
use crate::latent::Latent;
use crate::picture::{PictureCache, Pixels};

/// Floats of the pictures that are drawn at once: 42 of 64×64 in colour, large ones one by one.
const BATCH_FLOATS: usize = 1 << 19;
/// Of a grid more: what a dragged corner waits for is the whole of it. 85 of 64×64 in colour.
const GRID_FLOATS: usize = 1 << 20;

/// Names one loaded model. A later model has a higher number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ModelId(pub u64);

/// What a wish is for; the first is the most urgent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// The large picture, or what answers a drawing.
    Picture = 1,
    /// The row of a blend: what it is made of, and what it gives.
    Row = 2,
    /// A kept face under the pointer, in the generator's own size.
    Peek = 3,
    /// The strip of one dimension.
    Strip = 4,
    /// A grid between corners.
    Grid = 5,
    /// Small pictures of anything else.
    Thumbnails = 6,
}

impl Lane {
    pub(super) const ALL: [Self; 6] =
        [Self::Picture, Self::Row, Self::Peek, Self::Strip, Self::Grid, Self::Thumbnails];

    /// Most pictures of one go, and most floats. The strip is what a dragged slider waits for most
    /// often: one by one. An 8×8 grid is one go.
    pub(super) fn batch(self) -> (usize, usize) {
        match self {
            Self::Picture | Self::Peek | Self::Strip => (1, BATCH_FLOATS),
            Self::Row | Self::Thumbnails => (8, BATCH_FLOATS),
            Self::Grid => (64, GRID_FLOATS),
        }
    }
}

/// What pictures are made from.
#[derive(Debug, Clone, PartialEq)]
pub enum Given {
    /// One picture from each latent.
    Latents(Vec<Latent>),
    /// Answers to one picture.
    Picture {
        /// What goes in.
        input: Arc<Pixels>,
        /// One answer for each, with the noise of that seed; a single one without noise if there are
        /// none.
        seeds: Vec<u64>,
    },
}

impl Given {
    /// The latents, if it is those.
    pub fn latents(&self) -> &[Latent] {
        match self {
            Self::Latents(latents) => latents,
            Self::Picture { .. } => &[],
        }
    }

    /// Pictures that come of it.
    pub(super) fn count(&self) -> usize {
        match self {
            Self::Latents(latents) => latents.len(),
            Self::Picture { seeds, .. } => seeds.len().max(1),
        }
    }

    /// A part of it, in order.
    pub(super) fn part(&self, range: Range<usize>) -> Part<'_> {
        match self {
            Self::Latents(latents) => Part::Latents(latents.get(range).unwrap_or_default()),
            Self::Picture { input, seeds } => {
                Part::Picture { input, seeds: seeds.get(range).unwrap_or_default() }
            }
        }
    }
}

/// What is drawn in one go.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part<'a> {
    Latents(&'a [Latent]),
    Picture { input: &'a Pixels, seeds: &'a [u64] },
}

/// Pictures the window wants to see. Equal wishes give equal pictures.
#[derive(Debug, Clone, PartialEq)]
pub struct RenderRequest {
    /// The generator to draw with.
    pub model: ModelId,
    /// What to draw from.
    pub given: Given,
}

impl RenderRequest {
    /// One picture from each latent.
    pub fn latents(model: ModelId, latents: Vec<Latent>) -> Self {
        Self { model, given: Given::Latents(latents) }
    }
}

/// A model for the renderer to draw with from now on.
#[derive(Debug, Clone)]
pub struct Load {
    /// Its new name.
    pub model: ModelId,
    /// The opened file.
    pub file: Arc<ModelFile>,
    /// Where to compute.
    pub device: DeviceChoice,
    /// Where its small pictures are kept, if they are.
    pub cache: Option<PictureCache>,
}

/// What became of a [`Load`].
#[derive(Debug)]
pub struct Loaded {
    /// The model's name.
    pub model: ModelId,
    /// The device that is used, or why the model before it stays.
    pub result: Result<LoadedOn>,
}

/// Where a model is computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadedOn {
    /// Name of the device.
    pub device: String,
    /// Why `auto` took the processor, where that is worth saying.
    pub note: Option<String>,
}

/// The answer to a [`RenderRequest`].
#[derive(Debug)]
pub struct Rendered {
    /// What it was for.
    pub lane: Lane,
    /// What was asked for.
    pub given: Given,
    /// The model that drew it.
    pub model: ModelId,
    /// When it was asked for.
    pub asked: Instant,
    /// Time the network took, in milliseconds.
    pub millis: f32,
    /// One picture for each that was asked for, or why there are none.
    pub result: Result<Vec<RgbImage>>,
}

/// What the renderer has to tell.
#[derive(Debug)]
pub enum RenderEvent {
    /// A model is ready, or could not be loaded.
    Loaded(Loaded),
    /// Pictures.
    Rendered(Rendered),
}
