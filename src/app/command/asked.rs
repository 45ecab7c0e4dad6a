//! What panels ask for.

use std::path::PathBuf;

use super::{Action, GalleryCommand, TrainCommand, TranslateCommand};
use crate::app::blend::{Operation, Page};
use crate::app::settings::{ShelfOrder, Sort, Theme};
use crate::checkpoint::Choice;
use crate::device::DeviceChoice;
use crate::latent::library::EntryId;

/// What a panel asks for; only `dispatch` acts on it.
#[derive(Debug, Clone, PartialEq)]
pub enum AppCommand {
    /// An action.
    Do(Action),
    /// Move a slider.
    SetValue {
        /// Which.
        dim: usize,
        /// Where to.
        value: f32,
    },
    /// Select a dimension.
    Select(usize),
    /// Lock or unlock a dimension.
    ToggleLock(usize),
    /// Truncate.
    SetPsi(f32),
    /// How far Mutate goes.
    SetMutation(f32),
    /// The latent that a seed names.
    Seed(u64),
    /// A latent as text.
    PasteText(String),
    /// Open the model in this file.
    OpenFile(PathBuf),
    /// Take this model off the recent ones.
    ForgetModel(PathBuf),
    /// Anything of the gallery.
    Gallery(GalleryCommand),
    /// Take faces in from these files.
    ImportFrom(Vec<PathBuf>),
    /// Write the chosen faces, or all, to this file.
    ExportTo(PathBuf),
    /// Write the picture to this file.
    SavePngTo(PathBuf),
    /// Write the sweep sheet to this file.
    SaveSheetTo(PathBuf),
    /// What the file of an imported model does not say.
    SetChoice(Choice),
    /// Compute here.
    SetDevice(DeviceChoice),
    /// Light or dark.
    SetTheme(Theme),
    /// Order of the sliders.
    SetSort(Sort),
    /// Draw the picture again after an error.
    Retry,
    /// Save the sweep sheet.
    SaveSheet,
    /// Stop what runs in the background.
    Cancel,
    /// Go to a step of the history.
    GoToStep(usize),
    /// Order of the library.
    SetShelfOrder(ShelfOrder),
    /// Show a kept face in Explore.
    Show(EntryId),
    /// Call a kept face something else.
    Name {
        /// Which.
        id: EntryId,
        /// How.
        name: String,
        /// It has just been kept: naming it is part of that.
        is_new: bool,
    },
    /// Take faces out of the library.
    Delete(Vec<EntryId>),
    /// Give faces other tags.
    Tag {
        /// Which.
        ids: Vec<EntryId>,
        /// The tags that all of them had.
        common: Vec<String>,
        /// The tags that stand in their place.
        tags: Vec<String>,
    },
    /// Anything of the tab Blend.
    Blend(BlendCommand),
    /// Write the row, or the grid, to this file.
    SaveBlendTo(PathBuf),
    /// Choose an IDX file of pictures to train on.
    AskForDataFile,
    /// Choose the folder of what should come out, where pairs lie in two.
    AskForOutputs,
    /// Anything of the tab Translate.
    Translate(TranslateCommand),
    /// Anything of the tab Train.
    Train(TrainCommand),
}

/// What the tab Blend asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum BlendCommand {
    /// Put a kept face into a slot.
    Fill {
        /// Which; without one, the slot that waits for a face, else the first empty one.
        slot: Option<usize>,
        /// The face.
        id: EntryId,
    },
    /// Empty a slot.
    Clear(usize),
    /// Keep the face of Explore, and put it into this slot.
    KeepInto(usize),
    /// Put an operation into the row.
    Add(Operation),
    /// Put an empty formula into the row.
    AddFormula,
    /// The formula of the selected result.
    Type(String),
    /// Look at a result.
    Select(u64),
    /// Take a result out of the row.
    Drop(u64),
    /// How far lerp and slerp go.
    SetT(f32),
    /// Bring results back to the typical length, or not.
    SetTypical(bool),
    /// What the tab shows.
    SetPage(Page),
    /// Size of the grid.
    SetGrid {
        /// From left to right.
        columns: usize,
        /// From top to bottom.
        rows: usize,
    },
    /// Great arcs or straight lines.
    SetArc(bool),
    /// How far a corner of the grid is pulled away from the middle.
    SetReach {
        /// Which, in reading order.
        corner: usize,
        /// How far; 1 leaves it where it is.
        reach: f32,
    },
    /// Put every corner of the grid back to its own face.
    ResetReach,
    /// Show the selected result in Explore.
    Send,
    /// Show a picture of the grid in Explore.
    SendCell(usize),
    /// Keep a picture of the grid.
    KeepCell(usize),
}
