//! What a person can ask for: one table gives menus, tooltips, shortcuts and the palette their words.

mod asked;
mod train;

use eframe::egui::{Context, Key, KeyboardShortcut, Modifiers};

pub use asked::{AppCommand, BlendCommand};
pub use train::TrainCommand;

/// Something to do that needs no further words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Choose a model file.
    Open,
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

const fn key(key: Key) -> Option<KeyboardShortcut> {
    Some(KeyboardShortcut::new(Modifiers::NONE, key))
}

const fn ctrl(key: Key) -> Option<KeyboardShortcut> {
    Some(KeyboardShortcut::new(Modifiers::COMMAND, key))
}

const fn entry(
    action: Action,
    title: &'static str,
    shortcut: Option<KeyboardShortcut>,
    about: &'static str,
) -> Entry {
    Entry { action, title, about, shortcut }
}

/// Everything in the order of menus and palette.
pub const ACTIONS: &[Entry] = &[
    entry(
        Action::Open,
        "Open model…",
        ctrl(Key::O),
        "Open a trained generator (.safetensors). A file can also be dropped into the window.",
    ),
    entry(
        Action::OpenBundled,
        "Open bundled faces",
        None,
        "Back to the generator that comes with the program.",
    ),
    entry(
        Action::SavePng,
        "Save PNG…",
        ctrl(Key::S),
        "Write the picture to a PNG file, in the generator's own size; in Blend, the whole row.",
    ),
    entry(Action::Copy, "Copy latent", ctrl(Key::C), "Copy all values as text."),
    entry(
        Action::Paste,
        "Paste latent",
        ctrl(Key::V),
        "Take values from text on the clipboard: a list of numbers, as many as there are dimensions.",
    ),
    entry(
        Action::Keep,
        "Keep",
        key(Key::S),
        "Keep this face in the library. Its name can be typed at once.",
    ),
    entry(
        Action::Import,
        "Import faces…",
        None,
        "Take faces in: another library, or latents as .json or .npy. Files can also be dropped here.",
    ),
    entry(
        Action::Export,
        "Export faces…",
        None,
        "Write the chosen faces, or all: .json with names and origins, .npy as numbers for Python.",
    ),
    entry(Action::Undo, "Undo", ctrl(Key::Z), "Take the last change back."),
    entry(
        Action::Redo,
        "Redo",
        Some(KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::Z)),
        "Do again what was taken back.",
    ),
    entry(Action::Random, "Random", key(Key::R), "Draw a new latent. Locked dimensions stay."),
    entry(Action::Mutate, "Mutate", key(Key::M), "Step to a neighbour. Locked dimensions stay."),
    entry(
        Action::Reset,
        "Reset",
        key(Key::Num0),
        "Set every dimension that is not locked to 0: the average picture.",
    ),
    entry(
        Action::ResetSelected,
        "Reset dimension",
        key(Key::Backspace),
        "Set the selected dimension to 0. Double-clicking a slider does the same.",
    ),
    entry(
        Action::Lock,
        "Lock dimension",
        key(Key::L),
        "Lock or unlock the selected dimension. Random, mutate and reset leave locked ones alone.",
    ),
    entry(Action::UnlockAll, "Unlock all", None, "Unlock every dimension."),
    entry(
        Action::Search,
        "Search dimensions",
        key(Key::Slash),
        "Find dimensions by number: 28, 10-20, locked, changed.",
    ),
    entry(Action::Next, "Next dimension", key(Key::ArrowDown), "Select the slider below."),
    entry(Action::Previous, "Previous dimension", key(Key::ArrowUp), "Select the slider above."),
    entry(
        Action::Increase,
        "Increase",
        key(Key::ArrowRight),
        "Move the selected slider right; with Shift a tenth as far.",
    ),
    entry(
        Action::Decrease,
        "Decrease",
        key(Key::ArrowLeft),
        "Move the selected slider left; with Shift a tenth as far.",
    ),
    entry(Action::Fit, "Fit picture", key(Key::F), "Show the whole picture, as large as it goes."),
    entry(
        Action::ZoomIn,
        "Zoom in",
        key(Key::Plus),
        "Enlarge the picture. The wheel does it around the pointer; drag to move it.",
    ),
    entry(Action::ZoomOut, "Zoom out", key(Key::Minus), "Make the picture smaller."),
    entry(
        Action::Enlarge,
        "Crisp pixels",
        key(Key::P),
        "Show every pixel as a square, or enlarge smoothly.",
    ),
    entry(
        Action::Sweep,
        "Sweep sheet…",
        key(Key::W),
        "A sheet of pictures: rows are faces, columns are values of one dimension.",
    ),
    entry(
        Action::Influence,
        "Measure influence",
        key(Key::I),
        "Measure again how much each dimension changes the picture.",
    ),
    entry(
        Action::History,
        "History",
        key(Key::H),
        "Show or hide the list of everything that was done; a click goes back to a step.",
    ),
    entry(
        Action::Live,
        "Explore live",
        key(Key::E),
        "Draw with the newest weights of the run while it trains; off goes back to the model before. \
         What you keep meanwhile belongs to the run.",
    ),
    entry(
        Action::ChooseData,
        "Choose pictures…",
        None,
        "Train on a folder of pictures or an IDX file (MNIST). Both can also be dropped on the tab.",
    ),
    entry(
        Action::DemoData,
        "Use the demo faces",
        None,
        "Train on the faces that come with the program.",
    ),
    entry(
        Action::StartTraining,
        "Start training",
        ctrl(Key::Enter),
        "Start the run that is set up. It goes on in the background, in every tab.",
    ),
    entry(
        Action::PauseTraining,
        "Pause or go on",
        ctrl(Key::B),
        "Pause the run after this step, or go on with it. A paused run keeps its memory.",
    ),
    entry(
        Action::SaveCheckpoint,
        "Save checkpoint",
        Some(KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::S)),
        "Write the model and everything that going on needs, now.",
    ),
    entry(
        Action::Grow,
        "Grow",
        ctrl(Key::G),
        "Add one layer to both networks now: pictures of twice the size. For presets that grow.",
    ),
    entry(
        Action::StopTraining,
        "Stop training…",
        ctrl(Key::Period),
        "Stop the run, saved or not. A saved run can be gone on with.",
    ),
    entry(
        Action::OpenRun,
        "Open run…",
        None,
        "Show charts and pictures of a run that was made before, from its folder.",
    ),
    entry(Action::Theme, "Light or dark", key(Key::T), "Switch between light and dark."),
    entry(Action::Palette, "All commands…", ctrl(Key::K), "Search everything that can be done."),
];

/// Further keys for actions that are known under two.
const ALSO: &[(Action, KeyboardShortcut)] = &[
    (Action::Redo, KeyboardShortcut::new(Modifiers::COMMAND, Key::Y)),
    (Action::Palette, KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::P)),
    (Action::ResetSelected, KeyboardShortcut::new(Modifiers::NONE, Key::Delete)),
    (Action::ZoomIn, KeyboardShortcut::new(Modifiers::NONE, Key::Equals)),
];

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
