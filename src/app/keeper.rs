//! The library's way from and to its file: opened with its model, saved after every change, read again
//! when another window has written it. All of it in the background.

use std::path::Path;
use std::time::SystemTime;

use eframe::egui::Context;

use super::blend::Inputs;
use super::window::App;
use super::workers::{self, Kept};
use crate::error::Result;
use crate::latent::Library;
use crate::latent::library::Merged;

/// Seconds between two looks at the library's file.
const LOOK: f64 = 2.0;

impl App {
    /// Begins to open the library of the model on screen, unless it is open.
    pub(super) fn open_library(&mut self) -> Result<()> {
        if self.workers.keeping.is_none() {
            // What is not saved yet is saved by a job that nobody waits for.
            self.save_library()?;
        }
        self.workers.keeping = None;
        self.workers.looking = None;
        if let Some(library) = &self.state.shelf.library {
            let model = self.state.model.as_ref();
            let key = model.and_then(|model| model.file.key().ok());
            if key == Some(library.key()) {
                // It was put aside, and is back.
                self.library_time = library.path().and_then(modified);
                self.failed_save = None;
                return Ok(());
            }
        }
        self.state.shelf = Default::default();
        let Some(model) = self.state.latent_model() else { return Ok(()) };
        self.workers.open_library(model, self.data.clone())
    }

    /// Takes in what the jobs have to tell.
    pub(super) fn hear_library(&mut self, ctx: &Context) {
        let age = self.workers.shelving.as_ref().map(|(_, job)| job.age().as_secs_f32() * 1e3);
        if let Some((model, result)) = workers::finished(&mut self.workers.shelving)
            && self.state.model.as_ref().is_some_and(|open| open.id == model)
        {
            let library = result.or_else(|error| {
                self.announce(ctx, format!("Nothing you keep will be saved: {error}"), true);
                let file = self.state.model.as_ref().map(|model| model.file.clone());
                file.map_or(Err(error), |file| crate::checkpoint::library_in(None, &file))
            });
            match library {
                Ok(library) => {
                    let count = library.len();
                    tracing::info!("library of {count} opened in {:.0} ms", age.unwrap_or(0.0));
                    self.library_opened(ctx, library);
                }
                Err(error) => self.tell(ctx, Err(error)),
            }
        }
        if let Some(result) = workers::done(&mut self.workers.importing) {
            let taken = result.and_then(|brought| self.take_in(ctx, brought));
            self.tell(ctx, taken);
        }
        if let Some(result) = workers::done(&mut self.workers.exporting) {
            match result {
                Ok((path, count)) => {
                    let text = format!("Exported {} to {}", faces(count), path.display());
                    self.announce(ctx, text, false);
                }
                Err(error) => self.tell(ctx, Err(error)),
            }
        }
        let jobs = [&mut self.workers.keeping, &mut self.workers.looking];
        let done = jobs.map(workers::done);
        let [saved, looked] = done;
        for (result, was_save) in [(saved, true), (looked, false)] {
            let Some(library) = self.state.shelf.library.as_mut() else { continue };
            match result {
                Some(Ok(Kept { library: kept, time })) => {
                    let news = library.adopt(&kept);
                    self.library_time = time;
                    self.tell_news(news);
                }
                Some(Err(error)) => {
                    if was_save {
                        self.failed_save = Some(library.revision());
                    }
                    self.tell(ctx, Err(error));
                }
                None => {}
            }
        }
    }

    /// Saves what has changed, and looks now and then whether another window has. Called when a frame
    /// ends.
    pub(super) fn keep_library(&mut self, ctx: &Context) {
        let saved = self.save_library();
        self.tell(ctx, saved);
        let path = self.state.shelf.library.as_ref().and_then(|library| library.path());
        let Some(path) = path else { return };
        let is_idle = self.workers.keeping.is_none() && self.workers.looking.is_none();
        let is_focused = ctx.input(|input| input.focused);
        let came_back = is_focused && !std::mem::replace(&mut self.was_focused, is_focused);
        if !is_idle || !is_focused || (self.now - self.last_look < LOOK && !came_back) {
            return;
        }
        self.last_look = self.now;
        ctx.request_repaint_after_secs(LOOK as f32);
        if modified(path) != self.library_time {
            let library = self.state.shelf.library.clone();
            let begun = library.map_or(Ok(()), |library| self.workers.look_at_library(library));
            self.tell(ctx, begun);
        }
    }

    /// Writes what is not yet written, before the window closes.
    pub(super) fn save_library_now(&mut self) {
        if let Some(library) = &mut self.state.shelf.library
            && library.is_unsaved()
            && let Err(error) = library.save()
        {
            tracing::error!("the library could not be saved: {error}");
        }
    }

    pub(super) fn save_library(&mut self) -> Result<()> {
        let Some(library) = &mut self.state.shelf.library else { return Ok(()) };
        let is_tried = self.failed_save == Some(library.revision());
        if !library.is_unsaved() || is_tried || self.workers.keeping.is_some() {
            return Ok(());
        }
        if library.path().is_none() {
            // Kept in memory: nothing is written.
            return library.save().map(|_| ());
        }
        let copy = library.clone();
        self.workers.save_library(copy)
    }

    fn library_opened(&mut self, ctx: &Context, library: Library) {
        self.library_time = library.path().and_then(modified);
        self.failed_save = None;
        let inputs = &mut self.state.blend.inputs;
        if inputs.slots == Inputs::default().slots {
            for (slot, name) in inputs.slots.iter_mut().zip(["G", "D"]) {
                *slot = library.by_name(name).map(|entry| entry.id);
            }
            self.state.history.begin_blend(&self.state.blend.inputs);
        }
        let problems = library.problems();
        self.state.shelf.open(library);
        if let [first, rest @ ..] = problems.as_slice() {
            let more = match rest.len() {
                0 => String::new(),
                count => {
                    format!(" There are {count} more problems; the library's sign shows them.")
                }
            };
            self.announce(ctx, format!("The library: {first}.{more}"), true);
        }
    }

    fn tell_news(&mut self, news: Merged) {
        let count = news.added + news.changed + news.removed;
        if count > 0 {
            // Said in the line at the bottom alone: a toast would cover the very faces.
            self.say(format!("Another window changed {}", faces(count)));
        }
    }
}

/// `1 face`, `2 faces`.
pub fn faces(count: usize) -> String {
    format!("{count} {}", if count == 1 { "face" } else { "faces" })
}

/// When the file was written last.
pub fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|data| data.modified()).ok()
}
