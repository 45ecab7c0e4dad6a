//! The one place that touches both what the window knows and the workers.

mod blend;
mod choice;
mod gallery;
mod library;
mod train;
mod translate;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use eframe::egui::{self, Context, OutputCommand, ViewportCommand};

use super::command::{Action, AppCommand, GalleryCommand, TrainCommand, TranslateCommand};
use super::dialog::{self, PathBox, Purpose};
use super::settings::{Enlarge, Theme};
use super::shown::Side;
use super::state::{Message, Source};
use super::window::App;
use super::{tabs, theme, workers};
use crate::checkpoint::Bundled;
use crate::data::DataSource;
use crate::error::{Error, Result};
use crate::latent::Latent;
use crate::train::TrainControl;
use crate::worker::Lane;

/// What one step of an arrow key moves, in parts of the slider's half.
const STEP: f32 = 1.0 / 30.0;

impl App {
    /// Does what was asked for.
    pub(super) fn dispatch(&mut self, ctx: &Context, command: AppCommand) {
        let is_still = matches!(command, AppCommand::GoToStep(_));
        let done = match command {
            AppCommand::Do(action) => self.act(ctx, action),
            AppCommand::SetValue { dim, value } => {
                self.state.settings.has_dragged = true;
                self.state.explore.set_value(dim, value);
                Ok(())
            }
            AppCommand::Select(dim) => {
                self.state.explore.select(dim);
                Ok(())
            }
            AppCommand::ToggleLock(dim) => {
                if let Some(locked) = self.state.explore.locked.get_mut(dim) {
                    *locked = !*locked;
                }
                Ok(())
            }
            AppCommand::SetPsi(psi) => {
                self.state.explore.set_psi(psi);
                Ok(())
            }
            AppCommand::SetMutation(amount) => {
                self.state.settings.mutation = amount.clamp(0.01, 1.0);
                Ok(())
            }
            AppCommand::Seed(seed) => {
                self.state.explore.set_seed(seed);
                Ok(())
            }
            AppCommand::PasteText(text) => self.paste(&text),
            AppCommand::OpenFile(path) => self.open_model(Source::File(path)),
            AppCommand::ForgetModel(path) => {
                self.state.settings.forget_model(&path);
                Ok(())
            }
            AppCommand::Gallery(command) => self.gallery(command),
            AppCommand::ImportFrom(paths) => self.import(paths),
            AppCommand::ExportTo(path) => self.export(path),
            AppCommand::SavePngTo(path) => self.save_picture(path),
            AppCommand::SaveSheetTo(path) => self.save_sheet(path),
            AppCommand::SaveSheet => self.ask(Purpose::SaveSheet),
            AppCommand::SetChoice(chosen) => self.choose(chosen),
            AppCommand::SetDevice(device) => {
                self.device = device;
                if let Some(model) = &self.state.model {
                    self.workers.load(model.file.clone(), model.source.clone(), device);
                }
                Ok(())
            }
            AppCommand::SetTheme(chosen) => {
                self.state.settings.theme = chosen;
                theme::apply(ctx, chosen);
                Ok(())
            }
            AppCommand::SetSort(sort) => {
                self.state.settings.sort = sort;
                self.state.explore.sort(sort);
                self.state.explore.settle();
                Ok(())
            }
            AppCommand::Retry => {
                self.state.explore.picture_error = None;
                self.workers.renderer.forget(Lane::Picture);
                Ok(())
            }
            AppCommand::Cancel => {
                self.cancel();
                Ok(())
            }
            AppCommand::GoToStep(to) => self.go_to_step(to),
            AppCommand::SetShelfOrder(order) => {
                self.state.settings.shelf_order = order;
                self.state.shelf.nearest_to = Some(self.state.explore.latent.clone());
                Ok(())
            }
            AppCommand::Show(id) => self.show_entry(id),
            AppCommand::Name { id, name, is_new } => self.rename(id, &name, is_new),
            AppCommand::Delete(ids) => self.delete(ctx, &ids),
            AppCommand::Tag { ids, common, tags } => self.tag(&ids, &common, &tags),
            AppCommand::Blend(command) => self.blend(command),
            AppCommand::SaveBlendTo(path) => self.save_blend(path),
            AppCommand::AskForDataFile => self.ask(Purpose::DataFile),
            AppCommand::AskForOutputs => self.ask(Purpose::OutputsFolder),
            AppCommand::Train(command) => self.train(ctx, command),
            AppCommand::Translate(command) => self.translate(command),
        };
        if let Some(note) = self.state.explore.noted.take().filter(|_| !is_still) {
            self.state.record(note, self.now);
        }
        self.tell(ctx, done);
    }

    fn act(&mut self, ctx: &Context, action: Action) -> Result<()> {
        let is_blend = self.state.tab == tabs::BLEND;
        let is_translate = self.state.tab == tabs::TRANSLATE;
        let is_covered = self.state.gallery.is_some();
        let is_elsewhere = ((self.state.tab != tabs::EXPLORE || is_covered)
            && action.is_for_explore())
            || ((!is_translate || is_covered) && action.is_for_translate());
        if is_elsewhere {
            return Ok(());
        }
        let explore = &mut self.state.explore;
        match action {
            Action::Open => return self.ask(Purpose::OpenModel),
            Action::OpenFolder => return self.ask(Purpose::ModelsFolder),
            Action::OpenBundled => return self.open_model(Source::Bundled(Bundled::Faces64)),
            Action::OpenSketches => {
                self.state.show_tab(tabs::TRANSLATE);
                return self.open_model(Source::Bundled(Bundled::Sketch2face));
            }
            Action::GoToTranslate => self.state.show_tab(tabs::TRANSLATE),
            Action::OpenPicture => return self.ask(Purpose::OpenPicture),
            Action::SavePair => return self.ask(Purpose::SavePair),
            Action::SaveFilm => return self.ask(Purpose::SaveFilm),
            Action::SavePng if is_translate => return self.ask(Purpose::SaveAnswer),
            Action::Undo | Action::Redo if is_translate => {
                self.undo_drawing(action == Action::Undo);
            }
            Action::Brush
            | Action::Eraser
            | Action::Line
            | Action::Fill
            | Action::Smaller
            | Action::Larger
            | Action::Mirror
            | Action::Clear
            | Action::Noise
            | Action::Another => return self.act_on_drawing(action),
            Action::SavePng if is_blend => return self.ask(Purpose::SaveBlend),
            Action::SavePng => return self.ask(Purpose::SavePicture),
            Action::Keep => return self.keep(),
            Action::Import => return self.ask(Purpose::ImportFaces),
            Action::Export => return self.ask(Purpose::ExportFaces),
            Action::Copy if is_blend => return self.copy_result(ctx),
            Action::Copy => {
                ctx.send_cmd(OutputCommand::CopyText(explore.latent.to_text()));
                self.say(format!("Copied {} values", self.state.explore.dims()));
            }
            Action::Paste => ctx.send_viewport_cmd(ViewportCommand::RequestPaste),
            Action::Undo | Action::Redo => return self.undo_or_redo(action == Action::Undo),
            Action::History => {
                let shows = &mut self.state.settings.shows_history;
                *shows = !*shows;
            }
            Action::Random => explore.randomize(),
            Action::Mutate => explore.mutate(self.state.settings.mutation),
            Action::Reset => explore.reset(),
            Action::ResetSelected => explore.set_value(explore.selected, 0.0),
            Action::Lock => {
                let dim = explore.selected;
                explore.locked[dim] = !explore.locked[dim];
            }
            Action::UnlockAll => explore.locked.fill(false),
            Action::Search => explore.focus_search = true,
            Action::Next => explore.select_by(1),
            Action::Previous => explore.select_by(-1),
            Action::Increase | Action::Decrease => self.step(ctx, action == Action::Increase),
            Action::Fit => explore.view = Default::default(),
            Action::ZoomIn => explore.view.magnify(1.25, explore.view.centre),
            Action::ZoomOut => explore.view.magnify(0.8, explore.view.centre),
            Action::Enlarge => {
                self.state.settings.enlarge = match self.state.settings.enlarge {
                    Enlarge::Smooth => Enlarge::Crisp,
                    Enlarge::Crisp => Enlarge::Smooth,
                };
                self.show_again(ctx);
            }
            Action::Sweep => {
                explore.sweep.open = !explore.sweep.open;
                explore.sweep.dim = explore.selected;
            }
            Action::Influence => {
                if let Some(model) = &self.state.model {
                    return self.workers.measure_influence(model, self.device);
                }
            }
            Action::Live => return self.toggle_live(),
            Action::ChooseData => return self.ask(Purpose::DataFolder),
            Action::DemoData => {
                let demo = match self.state.train.setup.takes_pairs() {
                    true => DataSource::DemoSketches,
                    false => DataSource::Demo,
                };
                return self.train(ctx, TrainCommand::SetSource(demo));
            }
            Action::StartTraining => return self.train(ctx, TrainCommand::Start),
            Action::PauseTraining => return self.pause_or_go_on(),
            Action::SaveCheckpoint => self.control(TrainControl::SaveNow),
            Action::Grow => self.control(TrainControl::Grow),
            Action::StopTraining => self.ask_to_stop(),
            Action::OpenRun => return self.ask(Purpose::OpenRun),
            Action::About => self.state.shows_about = !self.state.shows_about,
            Action::Theme => {
                let is_dark = ctx.theme() == egui::Theme::Dark;
                let other = if is_dark { Theme::Light } else { Theme::Dark };
                self.dispatch(ctx, AppCommand::SetTheme(other));
            }
            Action::Palette => self.state.palette = Some(Default::default()),
        }
        Ok(())
    }

    fn undo_or_redo(&mut self, is_undo: bool) -> Result<()> {
        let history = &self.state.history;
        let (to, what) = match is_undo {
            true => (history.before(), history.undo_label()),
            false => (history.after(), history.redo_label()),
        };
        let (Some(to), Some(what)) = (to, what) else {
            self.say(undone(None, is_undo));
            return Ok(());
        };
        self.say(undone(Some(what), is_undo));
        self.go_to_step(to)
    }

    fn step(&mut self, ctx: &Context, up: bool) {
        let fine = ctx.input(|input| input.modifiers.shift);
        let explore = &mut self.state.explore;
        let step = explore.prior().slider_range() * STEP * if fine { 0.1 } else { 1.0 };
        let value = explore.latent.get(explore.selected) + if up { step } else { -step };
        explore.set_value(explore.selected, value);
        self.state.settings.has_dragged = true;
    }

    fn paste(&mut self, text: &str) -> Result<()> {
        let latent = Latent::from_text(text)?;
        latent.expect_dims(self.state.explore.dims())?;
        self.state.explore.take(latent, "Paste");
        self.state.show_tab(tabs::EXPLORE);
        self.say("Pasted".into());
        Ok(())
    }

    /// Asks for a path.
    fn ask(&mut self, purpose: Purpose) -> Result<()> {
        if self.workers.dialog.is_some() {
            return Ok(());
        }
        let folder = self.folder_for(purpose);
        let name = self.suggested_name(purpose);
        if self.native_dialogs {
            self.workers.ask(purpose, dialog::native(purpose, &folder, &name))
        } else {
            self.ask_in_window(purpose);
            Ok(())
        }
    }

    pub(super) fn ask_in_window(&mut self, purpose: Purpose) {
        let path = self.folder_for(purpose).join(self.suggested_name(purpose));
        self.state.path_box = Some(PathBox::new(purpose, &path));
    }

    fn suggested_name(&self, purpose: Purpose) -> String {
        let model = self.state.model.as_ref().map_or("picture", |model| model.name());
        match purpose {
            Purpose::OpenModel
            | Purpose::ModelsFolder
            | Purpose::ImportFaces
            | Purpose::DataFolder
            | Purpose::OutputsFolder
            | Purpose::DataFile
            | Purpose::OpenRun
            | Purpose::OpenPicture => String::new(),
            Purpose::ExportFaces => format!("{model}-faces.json"),
            Purpose::SavePicture => format!("{model}-{}.png", self.state.explore.seed),
            Purpose::SaveSheet => format!("{model}-z{}.png", self.state.explore.sweep.dim),
            Purpose::SaveBlend => format!("{model}-blend.png"),
            Purpose::SaveAnswer => format!("{model}-answer.png"),
            Purpose::SavePair => format!("{model}-pair.png"),
            Purpose::SaveFilm => format!("{model}.gif"),
        }
    }

    /// Does what `purpose` wanted a path for.
    pub(super) fn take_path(&mut self, ctx: &Context, purpose: Purpose, path: PathBuf) {
        let is_for_train = matches!(
            purpose,
            Purpose::DataFolder | Purpose::OutputsFolder | Purpose::DataFile | Purpose::OpenRun
        );
        if !is_for_train && purpose != Purpose::ModelsFolder {
            self.state.settings.folder = path.parent().map(Path::to_owned);
        }
        let command = match purpose {
            Purpose::DataFolder | Purpose::DataFile => {
                AppCommand::Train(TrainCommand::TakeData(path))
            }
            Purpose::OutputsFolder => AppCommand::Train(TrainCommand::TakeOutputs(path)),
            Purpose::OpenRun => AppCommand::Train(TrainCommand::OpenRun(path)),
            Purpose::OpenModel => AppCommand::OpenFile(path),
            Purpose::ModelsFolder => AppCommand::Gallery(GalleryCommand::Open(path)),
            Purpose::ImportFaces => AppCommand::ImportFrom(vec![path]),
            Purpose::ExportFaces => AppCommand::ExportTo(ending(path, "json")),
            Purpose::SavePicture => AppCommand::SavePngTo(ending(path, "png")),
            Purpose::SaveSheet => AppCommand::SaveSheetTo(ending(path, "png")),
            Purpose::SaveBlend => AppCommand::SaveBlendTo(ending(path, "png")),
            Purpose::OpenPicture => AppCommand::Translate(TranslateCommand::Take(path)),
            Purpose::SaveAnswer => AppCommand::SavePngTo(ending(path, "png")),
            Purpose::SavePair => {
                AppCommand::Translate(TranslateCommand::SavePairTo(ending(path, "png")))
            }
            Purpose::SaveFilm => {
                AppCommand::Translate(TranslateCommand::SaveFilmTo(ending(path, "gif")))
            }
        };
        self.dispatch(ctx, command);
    }

    fn save_picture(&mut self, path: PathBuf) -> Result<()> {
        if self.state.tab == tabs::TRANSLATE {
            return self.save_answer(path);
        }
        match &self.state.explore.picture {
            Some(picture) => self.workers.save_png(Arc::new(picture.clone()), path),
            None => Err(Error::bad_setting("Save PNG", "there is no picture yet")),
        }
    }

    fn save_sheet(&mut self, path: PathBuf) -> Result<()> {
        match &self.state.explore.sweep.sheet {
            Some((_, sheet)) => self.workers.save_png(sheet.clone(), path),
            None => Err(Error::bad_setting("Export PNG", "the sheet is not drawn yet")),
        }
    }

    fn cancel(&mut self) {
        if let Some((plan, job)) = &self.workers.sweep {
            job.cancel();
            self.failed_sweep = Some(plan.clone());
            let why = "Stopped. Change a setting, and the sheet is drawn again.";
            self.state.explore.sweep.error = Some(why.into());
        } else if let Some((_, job)) = &self.workers.influence {
            job.cancel();
        } else if let Some((_, job)) = &self.workers.translate.film {
            job.cancel();
        } else if self.workers.opening.take().is_some() {
            self.say("Gave up opening".into());
        }
    }

    /// Uploads every picture again, after it is to be enlarged in another way.
    fn show_again(&mut self, ctx: &Context) {
        let enlarge = self.state.settings.enlarge;
        if let Some(picture) = &self.state.explore.picture {
            self.screen.picture.set(ctx, Side::Large, picture, enlarge);
        }
        let strip = self.screen.strip.iter_mut().zip(&self.state.explore.strip.pictures);
        for (shown, picture) in strip {
            shown.set(ctx, Side::Small, picture, enlarge);
        }
        for (cell, (_, picture)) in &self.state.blend.pictures {
            self.screen.row.entry(*cell).or_default().set(ctx, Side::Large, picture, enlarge);
        }
        self.screen.peek.forget();
    }

    /// Tells an error, unless it is that the person cancelled.
    pub(super) fn tell(&mut self, ctx: &Context, result: Result<()>) {
        match result {
            Err(error) if workers::is_news(&error) => self.announce(ctx, error.to_string(), true),
            _ => {}
        }
    }

    /// Says something in the line at the bottom, and in a toast.
    pub(super) fn announce(&mut self, ctx: &Context, text: String, is_error: bool) {
        self.notices.add(ctx, &text, is_error);
        self.state.message = Message { text, is_error };
    }

    /// Says something in the line at the bottom.
    pub(super) fn say(&mut self, text: String) {
        self.state.message = Message { text, is_error: false };
    }
}

/// What was taken back, or done again; none if there was nothing.
fn undone(what: Option<&str>, is_undo: bool) -> String {
    match (what, is_undo) {
        (Some(what), true) => format!("Undid: {what}"),
        (Some(what), false) => format!("Did again: {what}"),
        (None, true) => "Nothing to undo".into(),
        (None, false) => "Nothing to do again".into(),
    }
}

/// The path with an ending, as whoever types a bare name means it.
fn ending(path: PathBuf, ending: &str) -> PathBuf {
    if path.extension().is_some() { path } else { path.with_extension(ending) }
}
