//! What a person can ask for: one table gives menus, tooltips, shortcuts and the palette their words.

mod asked;
mod table;
mod train;
mod translate;

use eframe::egui::{Context, KeyboardShortcut, Modifiers};

pub use self::table::ACTIONS;
use self::table::ALSO;
pub use super::gallery::GalleryCommand;
pub use asked::{AppCommand, BlendCommand};
pub use train::TrainCommand;
pub use translate::TranslateCommand;

/// Something to do that needs no further words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Choose a model file.
    Open,
    /// Choose a folder of models.
    OpenFolder,
    /// Back to the model that comes with the program.
    OpenBundled,
    /// Write the picture to a file.
    SavePng,
    /// The latent as text on the clipboard.
    Copy,
    /// A latent from the clipboard.
    Paste,
    /// Keep the latent in the library.
    Keep,
    /// Take faces in from a file.
    Import,
    /// Write faces to a file.
    Export,
    /// One step back.
    Undo,
    /// One step forward.
    Redo,
    /// Another picture.
    Random,
    /// A neighbour.
    Mutate,
    /// All unlocked dimensions to 0.
    Reset,
    /// The selected dimension to 0.
    ResetSelected,
    /// Lock or unlock the selected dimension.
    Lock,
    /// Unlock every dimension.
    UnlockAll,
    /// Go to the search field.
    Search,
    /// The next slider.
    Next,
    /// The slider before.
    Previous,
    /// Move the selected slider right.
    Increase,
    /// Move the selected slider left.
    Decrease,
    /// The whole picture, as large as it goes.
    Fit,
    /// Enlarge the picture.
    ZoomIn,
    /// Make the picture smaller.
    ZoomOut,
    /// Crisp or smooth pixels.
    Enlarge,
    /// The sweep sheet.
    Sweep,
    /// Measure influence again.
    Influence,
    /// The list of everything that was done.
    History,
    /// Draw with the weights of the run as they are learnt.
    Live,
    /// Choose pictures to train on.
    ChooseData,
    /// Train on the faces that come with the program.
    DemoData,
    /// Start the run that is set up.
    StartTraining,
    /// Pause the run, or go on.
    PauseTraining,
    /// Write a checkpoint.
    SaveCheckpoint,
    /// Add a layer to both networks.
    Grow,
    /// Stop the run.
    StopTraining,
    /// Open a run that was made before.
    OpenRun,
    /// What is known of the model on screen.
    About,
    /// Open the built-in model that turns line drawings into faces.
    OpenSketches,
    /// Show the tab Translate.
    GoToTranslate,
    /// Open a picture to translate.
    OpenPicture,
    /// Write drawing and answer to a file.
    SavePair,
    /// Write the drawing as it came to be to a file.
    SaveFilm,
    /// Draw freely.
    Brush,
    /// Paint with the colour of the paper.
    Eraser,
    /// Draw straight lines.
    Line,
    /// Fill areas.
    Fill,
    /// Make the brush smaller.
    Smaller,
    /// Make the brush larger.
    Larger,
    /// Draw on both halves at once.
    Mirror,
    /// Empty the drawing.
    Clear,
    /// Leave dropout on as noise.
    Noise,
    /// Another seed for the noise.
    Another,
    /// Light or dark.
    Theme,
    /// Search everything that can be done.
    Palette,
}

/// The words for an [`Action`].
#[derive(Debug)]
pub struct Entry {
    /// What it is.
    pub action: Action,
    /// Its name on buttons and in lists.
    pub title: &'static str,
    /// A sentence for the tooltip.
    pub about: &'static str,
    /// Its key.
    pub shortcut: Option<KeyboardShortcut>,
}

impl Action {
    /// Its words.
    pub fn entry(self) -> &'static Entry {
        ACTIONS.iter().find(|entry| entry.action == self).unwrap_or(&ACTIONS[0])
    }

    /// Whether it moves what only Explore shows.
    pub fn is_for_explore(self) -> bool {
        matches!(
            self,
            Self::Random
                | Self::Mutate
                | Self::Reset
                | Self::ResetSelected
                | Self::Lock
                | Self::Search
                | Self::Next
                | Self::Previous
                | Self::Increase
                | Self::Decrease
                | Self::Fit
                | Self::ZoomIn
                | Self::ZoomOut
                | Self::Sweep
        )
    }

    /// Whether it belongs to the tab Train, which has a button for it.
    pub fn is_for_train(self) -> bool {
        matches!(
            self,
            Self::ChooseData
                | Self::DemoData
                | Self::StartTraining
                | Self::PauseTraining
                | Self::SaveCheckpoint
                | Self::Grow
                | Self::StopTraining
                | Self::OpenRun
        )
    }

    /// Whether it belongs to the tab Translate.
    pub fn is_for_translate(self) -> bool {
        matches!(
            self,
            Self::OpenPicture
                | Self::SavePair
                | Self::SaveFilm
                | Self::Brush
                | Self::Eraser
                | Self::Line
                | Self::Fill
                | Self::Smaller
                | Self::Larger
                | Self::Mirror
                | Self::Clear
                | Self::Noise
                | Self::Another
        )
    }

    /// Whether it can be asked for by its key while the gallery lies over the tab.
    pub fn is_for_gallery(self) -> bool {
        matches!(
            self,
            Self::Open | Self::OpenFolder | Self::Theme | Self::Palette | Self::PauseTraining
        )
    }

    /// Its name.
    pub fn title(self) -> &'static str {
        self.entry().title
    }

    /// The tooltip: what it does, and its key.
    pub fn tooltip(self, ctx: &Context) -> String {
        match self.shortcut(ctx) {
            Some(key) => format!("{} ({key})", self.entry().about),
            None => self.entry().about.to_owned(),
        }
    }

    /// Its key as this system writes it.
    pub fn shortcut(self, ctx: &Context) -> Option<String> {
        self.entry().shortcut.as_ref().map(|shortcut| ctx.format_shortcut(shortcut))
    }
}

/// The actions whose keys were pressed in this frame, and how often. Keys without Ctrl are left
/// to a text field that has the focus; copying and pasting come as events of their own.
pub fn pressed(ctx: &Context) -> Vec<(Action, usize)> {
    let typing = ctx.text_edit_focused();
    let by_event = [Action::Copy, Action::Paste];
    let own = ACTIONS.iter().filter_map(|entry| Some((entry.action, entry.shortcut?)));
    let mut all: Vec<_> = own.chain(ALSO.iter().copied()).collect();
    // Ctrl+Shift+Z is not Ctrl+Z.
    all.sort_by_key(|(_, shortcut)| !shortcut.modifiers.shift);
    let mut found = Vec::new();
    ctx.input_mut(|input| {
        for (action, shortcut) in all {
            let plain = shortcut.modifiers.is_none();
            let is_edit = matches!(action, Action::Undo | Action::Redo);
            if by_event.contains(&action) || (typing && (plain || is_edit)) {
                continue;
            }
            let mut count = input.count_and_consume_key(shortcut.modifiers, shortcut.logical_key);
            if matches!(action, Action::Increase | Action::Decrease) {
                count += input.count_and_consume_key(Modifiers::SHIFT, shortcut.logical_key);
            }
            if count > 0 {
                found.push((action, count));
            }
        }
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_means_one_thing() {
        let own = ACTIONS.iter().filter_map(|entry| entry.shortcut);
        let all: Vec<_> = own.chain(ALSO.iter().map(|(_, shortcut)| *shortcut)).collect();
        for (i, shortcut) in all.iter().enumerate() {
            assert!(!all[i + 1..].contains(shortcut), "{shortcut:?} is taken twice");
        }
    }

    #[test]
    fn every_action_has_its_own_words() {
        for (i, entry) in ACTIONS.iter().enumerate() {
            assert_eq!(entry.action.title(), entry.title, "{:?} is there twice", entry.action);
            assert!(entry.about.ends_with('.'), "{}", entry.title);
            assert!(ACTIONS[i + 1..].iter().all(|other| other.title != entry.title));
        }
    }
}
