//! One frame of the window: hear the workers, draw, do what was asked for, ask for pictures.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use eframe::egui::{self, CentralPanel, Context, Event, Frame, Ui, ViewportCommand};

use super::command::{self, Action, AppCommand, GalleryCommand, TrainCommand, TranslateCommand};
use super::dialog::{self, PathWish};
use super::notices::Notices;
use super::palette::{self, PaletteWish};
use super::screen::Screen;
use super::settings::Settings;
use super::state::{Source, State};
use super::tabs::explore::SweepPlan;
use super::tabs::{self, TABS, TabContext};
use super::train::Question;
use super::workers::Workers;
use super::{about, bars, gallery, history_panel, live, theme};
use crate::device::DeviceChoice;
use crate::error::Result;
use crate::gallery::{Album, Opened};
use crate::train::RunFolder;
use crate::worker::Lane;

/// Milliseconds that a network may take to be waited for: by laying the frame out twice, and then for
/// as long as this.
const QUICK: f32 = 4.0;

/// How a window starts.
#[derive(Debug, Clone)]
pub struct Start {
    /// The model to open; without one, the one that was open last.
    pub model: Option<PathBuf>,
    /// Where to compute; without one, where it was computed last.
    pub device: Option<DeviceChoice>,
    /// File that keeps the settings, if they are to be kept.
    pub settings: Option<PathBuf>,
    /// Folder that keeps the libraries, if they are to be kept.
    pub data: Option<PathBuf>,
    /// Folder that keeps portraits of models, if they are to be kept.
    pub cache: Option<PathBuf>,
    /// A folder whose models are shown first.
    pub gallery: Option<PathBuf>,
    /// Where random latents begin.
    pub seed: u64,
    /// Whether to use the system's file dialogs where there are any.
    pub native_dialogs: bool,
    /// When the program began.
    pub time: Instant,
}

impl Default for Start {
    fn default() -> Self {
        Self {
            model: None,
            device: None,
            settings: None,
            data: None,
            cache: None,
            gallery: None,
            seed: 0,
            native_dialogs: false,
            time: Instant::now(),
        }
    }
}

/// The window.
pub struct App {
    pub(super) state: State,
    pub(super) workers: Workers,
    pub(super) screen: Screen,
    pub(super) notices: Notices,
    pub(super) device: DeviceChoice,
    /// When the program opened the window.
    pub(super) started: Instant,
    /// What the network takes for a picture, smoothed.
    pub(super) network_millis: f32,
    /// Time of this frame, in seconds.
    pub(super) now: f64,
    /// Seed of the first latent of a model that was never open before.
    pub(super) first_seed: u64,
    /// The model asked for could not be opened, and the bundled one was tried.
    pub(super) fell_back: bool,
    /// A sheet that could not be drawn is not tried again and again.
    pub(super) failed_sweep: Option<SweepPlan>,
    pub(super) native_dialogs: bool,
    /// Folder that keeps the libraries.
    pub(super) data: Option<PathBuf>,
    /// When the library's file was written, as far as is known.
    pub(super) library_time: Option<SystemTime>,
    /// A library that could not be saved is not tried again before it changes.
    pub(super) failed_save: Option<u64>,
    /// When the library's file was looked at last.
    pub(super) last_look: f64,
    pub(super) was_focused: bool,
    /// A quick network is about to give what this frame asked for.
    awaits: bool,
    /// File of the settings, if they are kept.
    pub(super) settings_path: Option<PathBuf>,
    /// The drawing that was kept last.
    pub(super) saved_drawing: u64,
    saved: Settings,
}

impl App {
    /// Sets the window up and begins to open the model.
    ///
    /// # Errors
    /// [`crate::Error::Worker`] if the system gives no threads.
    pub fn new(ctx: &Context, start: Start, is_wgpu: bool) -> Result<Self> {
        theme::install(ctx);
        let settings = start.settings.as_deref().map(Settings::load).unwrap_or_default();
        theme::apply(ctx, settings.theme);
        let waking = ctx.clone();
        let mut workers = Workers::start(Arc::new(move || waking.request_repaint()))?;
        let wanted = start.model.or_else(|| settings.model.clone());
        workers.open(wanted.map_or(Source::Bundled(settings.bundled), Source::File))?;
        workers.list_devices()?;
        workers.gallery.album = Album::new(start.cache.as_deref());
        let mut state = State::new(settings.clone(), start.data.clone());
        state.is_wgpu = is_wgpu;
        state.train.device = start.device.unwrap_or(settings.device);
        let mut app = Self {
            device: start.device.unwrap_or(settings.device),
            state,
            workers,
            screen: Screen::default(),
            notices: Notices::default(),
            started: start.time,
            network_millis: QUICK,
            now: 0.0,
            first_seed: start.seed,
            fell_back: false,
            failed_sweep: None,
            native_dialogs: start.native_dialogs,
            data: start.data,
            library_time: None,
            failed_save: None,
            last_look: 0.0,
            was_focused: false,
            awaits: false,
            settings_path: start.settings,
            saved_drawing: 0,
            saved: settings,
        };
        if let Some(folder) = start.gallery {
            app.open_gallery(folder)?;
        }
        Ok(app)
    }

    /// What the window knows.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Goes to another tab.
    pub fn show_tab(&mut self, tab: usize) {
        self.state.show_tab(tab);
    }

    /// Holds the frame back while a grid is drawn, until it is there: the network needs the cores more
    /// than frames that show nothing new.
    fn make_way_for_grid(&mut self) {
        let rest = self.state.pacing.rest();
        if !rest.is_zero() && self.workers.renderer.is_awaited(Lane::Grid) {
            let begun = Instant::now();
            self.workers.renderer.rest(rest);
            self.state.pacing.rested(begun.elapsed());
        }
    }

    /// Waits a little for a picture that is due any moment: painting this frame without it, and another
    /// one with it, takes longer than that.
    fn wait_for_quick(&mut self) {
        let renderer = &mut self.workers.renderer;
        if renderer.is_awaited(Lane::Picture) || renderer.is_awaited(Lane::Row) {
            renderer.rest(Duration::from_secs_f32(QUICK / 1e3));
        }
    }

    /// Shortcuts, text from the clipboard, files that are dropped.
    fn read_input(&mut self, ctx: &Context, commands: &mut Vec<AppCommand>) {
        let dropped: Vec<PathBuf> = ctx.input(|input| {
            input.raw.dropped_files.iter().map(|file| file.path().to_owned()).collect()
        });
        let is_faces = |path: &PathBuf| {
            path.extension()
                .is_some_and(|e| e.eq_ignore_ascii_case("json") || e.eq_ignore_ascii_case("npy"))
        };
        let (faces, others): (Vec<_>, Vec<_>) = dropped.into_iter().partition(is_faces);
        if !faces.is_empty() {
            commands.push(AppCommand::ImportFrom(faces));
        }
        let is_covered = self.state.gallery.is_some();
        // One at a time: there is one model on screen, and one set of pictures.
        if let Some(path) = others.into_iter().next_back() {
            let ending = path.extension().map(|end| end.to_string_lossy().to_ascii_lowercase());
            // A .bin or a .tar may be data as well.
            let is_model = matches!(ending.as_deref(), Some("safetensors" | "pth" | "pt" | "ckpt"));
            commands.push(match self.state.tab {
                tabs::TRAIN if !is_model && !is_covered => match RunFolder::new(&path).is_run() {
                    true => AppCommand::Train(TrainCommand::OpenRun(path)),
                    false => AppCommand::Train(TrainCommand::TakeData(path)),
                },
                // A picture can only be something to translate.
                _ if is_picture(&path) => AppCommand::Translate(TranslateCommand::Take(path)),
                _ => match Opened::of(path) {
                    Opened::Model(path) => AppCommand::OpenFile(path),
                    Opened::Folder(path) => AppCommand::Gallery(GalleryCommand::Open(path)),
                },
            });
        }
        if self.state.is_asking() || egui::Popup::is_any_open(ctx) {
            return;
        }
        for (action, count) in command::pressed(ctx) {
            if is_covered && !action.is_for_gallery() {
                continue;
            }
            commands.extend(std::iter::repeat_n(AppCommand::Do(action), count));
        }
        if !is_covered && !ctx.text_edit_focused() {
            ctx.input(|input| {
                commands.extend(input.events.iter().filter_map(|event| match event {
                    Event::Copy => Some(AppCommand::Do(Action::Copy)),
                    Event::Paste(text) => Some(AppCommand::PasteText(text.clone())),
                    Event::PasteImage(image) => {
                        Some(AppCommand::Translate(TranslateCommand::Paste(image.clone())))
                    }
                    _ => None,
                }));
            });
        }
    }

    fn show_questions(&mut self, ctx: &Context, commands: &mut Vec<AppCommand>) {
        if let Some(palette) = &mut self.state.palette {
            match palette::show(ctx, palette) {
                PaletteWish::Stay => {}
                PaletteWish::Close => self.state.palette = None,
                PaletteWish::Do(action) => {
                    self.state.palette = None;
                    commands.push(AppCommand::Do(action));
                }
            }
        }
        if let Some(asked) = &mut self.state.path_box {
            let purpose = asked.purpose;
            match dialog::show(ctx, asked) {
                PathWish::Stay => {}
                PathWish::Close => self.state.path_box = None,
                PathWish::Take(path) => {
                    self.state.path_box = None;
                    self.take_path(ctx, purpose, path);
                }
            }
        }
    }

    /// A veil over the window while a file hangs over it.
    fn show_drop_target(&self, ctx: &Context) {
        if ctx.input(|input| input.raw.hovered_files.is_empty()) {
            return;
        }
        let colours = theme::of(ctx.theme() == egui::Theme::Dark);
        let layer = egui::LayerId::new(egui::Order::Foreground, egui::Id::unique("drop target"));
        let painter = ctx.layer_painter(layer);
        let rect = ctx.content_rect();
        painter.rect_filled(rect, 0.0, colours.ground.gamma_multiply(0.85));
        let font = egui::FontId::proportional(18.0);
        let is_covered = self.state.gallery.is_some();
        let text = match self.state.tab {
            tabs::TRAIN if !is_covered => "Drop a folder of pictures or an IDX file to train on it",
            tabs::TRANSLATE => {
                "Drop a picture to translate it, a model (.safetensors) to open it, or a folder of models"
            }
            _ => {
                "Drop a model (.safetensors) or a folder of models to open it, or faces (.json, .npy) to \
                 keep them"
            }
        };
        painter.text(rect.center(), egui::Align2::CENTER_CENTER, text, font, colours.ink);
    }

    /// A window that is closed while a run goes on asks first.
    fn keep_open_while_training(&mut self, ctx: &Context) {
        let is_asked = ctx.input(|input| input.viewport().close_requested());
        if is_asked && self.state.train.is_running() && !self.state.train.is_leaving {
            ctx.send_viewport_cmd(ViewportCommand::CancelClose);
            if !self.state.train.is_closing {
                self.state.train.question = Some(Question::Close);
            }
        }
    }

    fn remember(&mut self) {
        self.keep_drawing();
        let Some(path) = &self.settings_path else { return };
        self.state.settings.device = self.device;
        if let Some(place) = self.state.place() {
            self.state.settings.place = Some(place);
        }
        if self.state.shelf.library.is_some() && self.state.live.is_none() {
            self.state.settings.blend = self.state.blend_place();
        }
        let drawing = self.state.translate.place(&self.state.settings.translate);
        self.state.settings.translate = drawing;
        self.state.settings.train = self.state.train.place(&self.state.settings.train);
        if self.state.settings == self.saved {
            return;
        }
        match self.state.settings.save(path) {
            Ok(()) => self.saved = self.state.settings.clone(),
            // Said once; a window that cannot remember still works.
            Err(error) => {
                self.settings_path = None;
                self.state.message.text = format!("Settings are not kept: {error}");
                self.state.message.is_error = true;
            }
        }
    }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &Context, frame: &mut eframe::Frame) {
        if ctx.current_pass_index() == 0 {
            self.state.pacing.begin_frame(frame.info().cpu_usage);
            self.make_way_for_grid();
        }
        self.now = ctx.input(|input| input.time);
        let held = ctx.input(|input| input.pointer.any_down());
        self.state.history.set_held(held, self.now);
        self.hear(ctx);
        self.keep_open_while_training(ctx);
    }

    fn ui(&mut self, ui: &mut Ui, _: &mut eframe::Frame) {
        let ctx = ui.ctx().clone();
        let mut commands = Vec::new();
        self.read_input(&ctx, &mut commands);
        bars::top(ui, &self.state, &mut self.screen, self.device, &mut commands);
        bars::bottom(ui, &self.state, &self.workers, &mut commands);
        bars::tabs(ui, &mut self.state);
        let is_covered = self.state.gallery.is_some();
        if !is_covered {
            live::bar::show(ui, &self.state, &mut commands);
            history_panel::show(ui, &mut self.state, &mut self.screen, &mut commands);
        }
        let tab = &TABS[self.state.tab.min(TABS.len() - 1)];
        CentralPanel::default().frame(Frame::NONE).show(ui, |ui| {
            let mut context = TabContext {
                state: &mut self.state,
                screen: &mut self.screen,
                commands: &mut commands,
            };
            match is_covered {
                true => gallery::show(ui, &mut context),
                false => (tab.show)(ui, &mut context),
            }
        });
        self.show_questions(&ctx, &mut commands);
        tabs::train::ask(&ctx, &self.state, &mut commands);
        about::show(&ctx, &mut self.state, &mut commands);
        for command in commands {
            self.dispatch(&ctx, command);
        }
        self.ask_for_portraits(&ctx);
        let awaited = self.ask_for_pictures(&ctx);
        self.keep_library(&ctx);
        self.show_drop_target(&ctx);
        self.notices.show(&ctx);
        if awaited > 0 && self.network_millis * (awaited as f32) < QUICK {
            // A quick network is done by the time the frame is laid out a second time; its picture
            // then needs no frame of its own.
            ctx.request_discard("the picture asked for is about to come");
            self.awaits = true;
        }
        if !ctx.will_discard() && std::mem::take(&mut self.awaits) {
            self.wait_for_quick();
        }
        // Textures are uploaded after this, so a picture that has just come is still in time.
        self.hear(&ctx);
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        visuals.panel_fill.to_normalized_gamma_f32()
    }

    fn save(&mut self, _: &mut dyn eframe::Storage) {
        self.remember();
    }

    fn on_exit(&mut self, _: Option<&eframe::glow::Context>) {
        self.save_library_now();
        self.remember();
    }
}

/// Whether a file is a picture by its name.
fn is_picture(path: &Path) -> bool {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    ending.is_some_and(|ending| dialog::PICTURES.contains(&ending.as_str()))
}
