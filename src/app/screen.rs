//! The textures on screen. The pictures themselves are in the state.

use std::collections::HashMap;
use std::path::PathBuf;

use super::blend::Cell;
use super::peek::Peek;
use super::portraits::Portraits;
use super::shown::Shown;
use super::thumbs::Thumbs;

/// One texture for each picture that is shown.
#[derive(Default)]
pub struct Screen {
    /// The large picture.
    pub picture: Shown,
    /// The strip, left to right.
    pub strip: Vec<Shown>,
    /// The sweep sheet.
    pub sheet: Shown,
    /// The row of the blend.
    pub row: HashMap<Cell, Shown>,
    /// The grid of the blend, as one picture.
    pub grid: Shown,
    /// The drawing.
    pub canvas: Shown,
    /// Which drawing that is.
    pub canvas_of: Option<u64>,
    /// What answers it.
    pub answers: Vec<Shown>,
    /// Pictures to start from.
    pub templates: Vec<Shown>,
    /// Samples of the data to train on, as one picture.
    pub samples: Shown,
    /// The sheet of a run.
    pub preview: Shown,
    /// Which sheet that is, and after how many pictures it was drawn.
    pub preview_of: Option<(PathBuf, u64)>,
    /// Small pictures.
    pub thumbs: Thumbs,
    /// The large picture of a kept face under the pointer.
    pub peek: Peek,
    /// Models with their faces.
    pub portraits: Portraits,
}
