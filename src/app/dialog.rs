//! Asking for a path: by the system's file dialog where there is one, else by a field to type it in.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

use eframe::egui::{self, Key, Modifiers, RichText, TextEdit};

use super::theme::{self, UNIT};
use crate::checkpoint;

/// Endings of pictures that the window opens.
pub const PICTURES: [&str; 6] = ["png", "jpg", "jpeg", "webp", "gif", "bmp"];

/// What the path is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A model to open.
    OpenModel,
    /// A folder of models.
    ModelsFolder,
    /// A library, or latents, to take in.
    ImportFaces,
    /// Where to write faces of the library.
    ExportFaces,
    /// Where to write the picture.
    SavePicture,
    /// Where to write the sweep sheet.
    SaveSheet,
    /// Where to write the row or the grid of the blend.
    SaveBlend,
    /// A folder of pictures.
    DataFolder,
    /// The folder of what should come out, where pairs lie in two.
    OutputsFolder,
    /// An IDX file of pictures.
    DataFile,
    /// The folder of a run.
    OpenRun,
    /// A picture to translate.
    OpenPicture,
    /// Where to write what answers a drawing.
    SaveAnswer,
    /// Where to write drawing and answer.
    SavePair,
    /// Where to write the film of a drawing.
    SaveFilm,
}

impl Purpose {
    /// Heading of the question.
    pub fn title(self) -> &'static str {
        match self {
            Self::OpenModel => "Open model",
            Self::ModelsFolder => "Folder of models",
            Self::ImportFaces => "Import faces",
            Self::ExportFaces => "Export faces",
            Self::SavePicture => "Save picture",
            Self::SaveSheet => "Save sweep sheet",
            Self::SaveBlend => "Save blend",
            Self::DataFolder => "Folder of pictures",
            Self::OutputsFolder => "Folder of outputs",
            Self::DataFile => "IDX file of pictures",
            Self::OpenRun => "Folder of a run",
            Self::OpenPicture => "Open picture",
            Self::SaveAnswer => "Save answer",
            Self::SavePair => "Save pair",
            Self::SaveFilm => "Save film",
        }
    }

    fn verb(self) -> &'static str {
        match self {
            Self::OpenModel | Self::ModelsFolder | Self::OpenRun | Self::OpenPicture => "Open",
            Self::DataFolder | Self::OutputsFolder | Self::DataFile => "Take",
            Self::ImportFaces => "Import",
            Self::ExportFaces => "Export",
            Self::SavePicture
            | Self::SaveSheet
            | Self::SaveBlend
            | Self::SaveAnswer
            | Self::SavePair
            | Self::SaveFilm => "Save",
        }
    }

    fn filter(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::OpenModel => ("Models", &checkpoint::ENDINGS),
            Self::ImportFaces | Self::ExportFaces => ("Libraries and latents", &["json", "npy"]),
            Self::SavePicture
            | Self::SaveSheet
            | Self::SaveBlend
            | Self::SaveAnswer
            | Self::SavePair => ("PNG pictures", &["png"]),
            Self::SaveFilm => ("Animated GIFs", &["gif"]),
            Self::OpenPicture => ("Pictures", &PICTURES),
            // IDX files are known by their content.
            Self::ModelsFolder
            | Self::DataFolder
            | Self::OutputsFolder
            | Self::DataFile
            | Self::OpenRun => ("All files", &["*"]),
        }
    }
}

/// The question for a path, with a field to type it in.
#[derive(Debug, Clone)]
pub struct PathBox {
    /// What for.
    pub purpose: Purpose,
    /// What is typed.
    pub text: String,
    is_new: bool,
}

impl PathBox {
    /// Asks, with `path` already in the field.
    pub fn new(purpose: Purpose, path: &Path) -> Self {
        Self { purpose, text: path.display().to_string(), is_new: true }
    }
}

/// What the box wants after a frame.
#[derive(Debug, PartialEq, Eq)]
pub enum PathWish {
    /// Go on.
    Stay,
    /// Close without doing anything.
    Close,
    /// Take this path.
    Take(PathBuf),
}

/// Shows the question over the window.
pub fn show(ctx: &egui::Context, state: &mut PathBox) -> PathWish {
    let mut wish = PathWish::Stay;
    let modal = egui::Modal::new(egui::Id::unique("path box")).show(ctx, |ui| {
        ui.set_width(ui.ctx().content_rect().width().min(70.0 * UNIT) - 4.0 * UNIT);
        ui.label(RichText::new(state.purpose.title()).heading());
        let enter = ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Enter));
        let field = ui
            .add(
                TextEdit::singleline(&mut state.text)
                    .hint_text("Path of the file")
                    .desired_width(f32::INFINITY),
            )
            .accessible_name("Path of the file");
        if std::mem::take(&mut state.is_new) {
            field.request_focus();
        }
        let typed = state.text.trim();
        ui.horizontal(|ui| {
            let colours = theme::palette(ui);
            let verb = RichText::new(state.purpose.verb()).color(colours.on_accent);
            let accept = egui::Button::new(verb).fill(colours.accent);
            let accepted = ui
                .add_enabled(!typed.is_empty(), accept)
                .on_hover_text("Take this path (Enter)")
                .clicked();
            if accepted || (enter && !typed.is_empty()) {
                wish = PathWish::Take(with_home(typed));
            }
            if ui.button("Cancel").on_hover_text("Do nothing (Esc)").clicked() {
                wish = PathWish::Close;
            }
        });
    });
    if wish == PathWish::Stay && modal.should_close() { PathWish::Close } else { wish }
}

/// The path with `~` replaced by the home folder, as people type it.
fn with_home(typed: &str) -> PathBuf {
    match (typed.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(typed),
    }
}

/// What the system's dialog said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A path.
    Path(PathBuf),
    /// The person closed the dialog.
    Nothing,
    /// There is no dialog on this system.
    Unavailable,
}

/// The system's file dialog, as a closure to run on a thread of its own. It has to be made on the
/// window's thread, because macOS wants it so.
pub fn native(
    purpose: Purpose,
    folder: &Path,
    name: &str,
) -> impl FnOnce() -> Answer + Send + use<> {
    let (filter, extensions) = purpose.filter();
    let dialog = rfd::AsyncFileDialog::new()
        .set_title(purpose.title())
        .set_directory(folder)
        .add_filter(filter, extensions);
    let available = has_native();
    type Chosen = std::pin::Pin<Box<dyn Future<Output = Option<rfd::FileHandle>> + Send>>;
    let chosen: Option<Chosen> = available.then(|| match purpose {
        Purpose::OpenModel | Purpose::ImportFaces | Purpose::DataFile | Purpose::OpenPicture => {
            Box::pin(dialog.pick_file()) as Chosen
        }
        Purpose::ModelsFolder | Purpose::DataFolder | Purpose::OutputsFolder | Purpose::OpenRun => {
            Box::pin(dialog.pick_folder())
        }
        Purpose::ExportFaces
        | Purpose::SavePicture
        | Purpose::SaveSheet
        | Purpose::SaveBlend
        | Purpose::SaveAnswer
        | Purpose::SavePair
        | Purpose::SaveFilm => Box::pin(dialog.set_file_name(name).save_file()),
    });
    move || {
        let Some(chosen) = chosen else { return Answer::Unavailable };
        let begun = Instant::now();
        match block_on(chosen) {
            Some(file) => Answer::Path(file.path().to_owned()),
            // Nobody closes a dialog this fast: it never came up.
            None if begun.elapsed() < Duration::from_millis(300) => Answer::Unavailable,
            None => Answer::Nothing,
        }
    }
}

/// On Linux a dialog needs a session bus with a portal, or the program zenity.
fn has_native() -> bool {
    if !cfg!(target_os = "linux") {
        return true;
    }
    let bus = std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some()
        || std::env::var_os("XDG_RUNTIME_DIR")
            .is_some_and(|dir| Path::new(&dir).join("bus").exists());
    let zenity = || {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).any(|folder| folder.join("zenity").is_file())
    };
    bus || zenity()
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for a future on this thread.
pub(super) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::park(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn home_is_written_with_a_tilde() {
        let home = std::env::home_dir().unwrap();
        assert_eq!(with_home("~/a.png"), home.join("a.png"));
        assert_eq!(with_home("a~/b.png"), Path::new("a~/b.png"));
    }

    #[test]
    fn waiting_for_a_future() {
        let mut polls = 0;
        let value = block_on(std::future::poll_fn(|context| {
            polls += 1;
            context.waker().wake_by_ref();
            if polls < 3 { Poll::Pending } else { Poll::Ready(7) }
        }));
        assert_eq!(value, 7);
    }
}
