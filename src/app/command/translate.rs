//! What the tab Translate asks for.

use std::path::PathBuf;
use std::sync::Arc;

use eframe::egui::ColorImage;

/// What the tab Translate asks for. Places are in pixels of the drawing.
#[derive(Debug, Clone, PartialEq)]
pub enum TranslateCommand {
    /// Put the pointer down here.
    Press((f32, f32)),
    /// Move it along these places.
    Drag(Vec<(f32, f32)>),
    /// Lift it.
    Release,
    /// Width of what is drawn with, as a share of the picture's.
    SetSize(f32),
    /// A byte for each channel.
    SetColour(Vec<u8>),
    /// Begin with this template.
    Template(usize),
    /// Take the picture at this path.
    Take(PathBuf),
    /// Take a picture of the clipboard.
    Paste(Arc<ColorImage>),
    /// Seed of the noise.
    SetSeed(u64),
    /// Show several answers, or one.
    SetSeveral(bool),
    /// Ask the network again after an error.
    Retry,
    /// Write drawing and answer, side by side, to this file.
    SavePairTo(PathBuf),
    /// Write the drawing as it came to be, with its answers, to this file.
    SaveFilmTo(PathBuf),
}
