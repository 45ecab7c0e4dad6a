//! Everything that can be done, with its words and keys.

use eframe::egui::{Key, KeyboardShortcut, Modifiers};

use super::{Action, Entry};

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
        Action::OpenFolder,
        "Open a folder of models…",
        Some(KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::O)),
        "Show all models of a folder, each with four of its faces. A folder can also be dropped into the \
         window.",
    ),
    entry(
        Action::OpenBundled,
        "Open bundled faces",
        None,
        "Back to the generator that comes with the program.",
    ),
    entry(
        Action::OpenSketches,
        "Open bundled sketch2face",
        None,
        "Open the generator that turns line drawings into faces, for the tab Translate.",
    ),
    entry(
        Action::About,
        "About this model…",
        None,
        "What the model on screen is, where it comes from, and what had to be taken for granted.",
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
    entry(
        Action::GoToTranslate,
        "Go to Translate",
        None,
        "Draw, and see what a network makes of it.",
    ),
    entry(
        Action::OpenPicture,
        "Open picture…",
        None,
        "Translate a picture from a file. Files can also be dropped here, and pictures pasted.",
    ),
    entry(
        Action::SavePair,
        "Save pair…",
        None,
        "Write the drawing and its answer, side by side, to a PNG file.",
    ),
    entry(
        Action::SaveFilm,
        "Save film…",
        None,
        "Write the drawing as it came to be, stroke by stroke with its answers, to an animated GIF.",
    ),
    entry(Action::Brush, "Brush", key(Key::B), "Draw freely."),
    entry(Action::Eraser, "Eraser", key(Key::X), "Paint with the colour of the paper."),
    entry(Action::Line, "Line", key(Key::N), "Draw straight lines."),
    entry(Action::Fill, "Fill", key(Key::G), "Fill an area that is closed all around."),
    entry(
        Action::Smaller,
        "Smaller brush",
        key(Key::OpenBracket),
        "Make what you draw with smaller.",
    ),
    entry(
        Action::Larger,
        "Larger brush",
        key(Key::CloseBracket),
        "Make what you draw with larger.",
    ),
    entry(
        Action::Mirror,
        "Mirror",
        key(Key::Y),
        "Draw on both halves at once, the one the mirror image of the other.",
    ),
    entry(
        Action::Clear,
        "Clear drawing",
        ctrl(Key::Backspace),
        "Begin with empty paper. It can be undone.",
    ),
    entry(
        Action::Noise,
        "Noise",
        key(Key::D),
        "Leave dropout on as noise: the same drawing then has as many answers as there are seeds.",
    ),
    entry(Action::Another, "Another answer", key(Key::A), "Take the next seed of the noise."),
    entry(Action::Theme, "Light or dark", key(Key::T), "Switch between light and dark."),
    entry(Action::Palette, "All commands…", ctrl(Key::K), "Search everything that can be done."),
];

/// Further keys for actions that are known under two.
pub(super) const ALSO: &[(Action, KeyboardShortcut)] = &[
    (Action::Redo, KeyboardShortcut::new(Modifiers::COMMAND, Key::Y)),
    (Action::Palette, KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::P)),
    (Action::ResetSelected, KeyboardShortcut::new(Modifiers::NONE, Key::Delete)),
    (Action::ZoomIn, KeyboardShortcut::new(Modifiers::NONE, Key::Equals)),
];
