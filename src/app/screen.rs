//! The textures on screen. The pictures themselves are in the state.

use super::shown::Shown;

/// One texture for each picture that is shown.
#[derive(Default)]
pub struct Screen {
    /// The large picture.
    pub picture: Shown,
    /// The strip, left to right.
    pub strip: Vec<Shown>,
    /// The sweep sheet.
    pub sheet: Shown,
}
