//! The textures on screen. The pictures themselves are in the state.

use std::collections::HashMap;

use super::blend::Cell;
use super::peek::Peek;
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
    /// Small pictures.
    pub thumbs: Thumbs,
    /// The large picture of a kept face under the pointer.
    pub peek: Peek,
}
