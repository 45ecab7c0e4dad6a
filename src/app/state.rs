//! What the window knows: plain data, changed only by [`super::dispatch`] and by the field or
//! slider that shows a value.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::blend::Blend;
use super::dialog::PathBox;
use super::explore::Explore;
use super::gallery::Gallery;
use super::history::{Edit, History, Note, Snapshot};
use super::live::Live;
use super::pacing::Pacing;
use super::palette::PaletteState;
use super::settings::{BlendPlace, Place, Settings};
use super::shelf::Shelf;
use super::tabs::{TABS, TRANSLATE};
use super::train::Train;
use super::translate::Translate;
use crate::checkpoint::{Bundled, ModelFile};
use crate::latent::Prior;
use crate::model::ModelSpec;
use crate::train::RunFolder;
use crate::worker::ModelId;

/// Where a model comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// It is part of the program.
    Bundled(Bundled),
    /// A file.
    File(PathBuf),
    /// The run in this folder, as it is learnt.
    Live(RunFolder),
}

/// The model on screen.
#[derive(Debug, Clone)]
pub struct OpenModel {
    /// Its name among the workers.
    pub id: ModelId,
    /// The opened file.
    pub file: Arc<ModelFile>,
    /// Where it comes from.
    pub source: Source,
    /// Where it is computed.
    pub device: String,
}

impl OpenModel {
    /// What it is.
    pub fn spec(&self) -> &ModelSpec {
        &self.file.info().spec
    }

    /// Its name for people: what it was saved as, else the file's name.
    pub fn name(&self) -> &str {
        let name = self.file.info().name.as_str();
        let stem = match &self.source {
            Source::File(path) => path.file_stem().and_then(|stem| stem.to_str()),
            Source::Bundled(_) | Source::Live(_) => None,
        };
        if name.is_empty() { stem.unwrap_or("model") } else { name }
    }
}

/// A line at the bottom of the window.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Message {
    /// What happened.
    pub text: String,
    /// Whether it went wrong.
    pub is_error: bool,
}

/// Name of a device, with what it is or why it cannot be used.
pub type DeviceLine = (String, Result<String, String>);

/// Everything.
#[derive(Debug)]
pub struct State {
    /// The model on screen; none only until the first one is ready.
    pub model: Option<OpenModel>,
    /// The tab Explore.
    pub explore: Explore,
    /// The tab Blend.
    pub blend: Blend,
    /// The library.
    pub shelf: Shelf,
    /// The tab Translate.
    pub translate: Translate,
    /// The tab Train.
    pub train: Train,
    /// The switch Explore live, while it is on.
    pub live: Option<Live>,
    /// Undo and redo.
    pub history: History,
    /// What is remembered.
    pub settings: Settings,
    /// A folder whose models are shown in the place of the tab.
    pub gallery: Option<Gallery>,
    /// Whether what is known of the model is shown.
    pub shows_about: bool,
    /// Index of the tab that is shown.
    pub tab: usize,
    /// What happened last.
    pub message: Message,
    /// How fast the window is.
    pub pacing: Pacing,
    /// The search over all commands, while it is open.
    pub palette: Option<PaletteState>,
    /// The question for a path, while it is open.
    pub path_box: Option<PathBox>,
    /// Devices, each with what it is or why it cannot be used; empty until they were looked for.
    pub devices: Vec<DeviceLine>,
    /// Whether wgpu paints the window.
    pub is_wgpu: bool,
}

impl State {
    /// Before a model is open. Runs are kept below the folder `data`.
    pub fn new(settings: Settings, data: Option<PathBuf>) -> Self {
        let explore = Explore::new(1, Prior::Normal, 0);
        Self {
            model: None,
            history: History::new(Snapshot {
                latent: explore.latent.clone(),
                psi: explore.psi,
                blend: Default::default(),
            }),
            explore,
            blend: Blend::default(),
            shelf: Shelf::default(),
            translate: Translate::new(&settings.translate),
            train: Train::new(&settings.train, data),
            live: None,
            settings,
            gallery: None,
            shows_about: false,
            tab: 0,
            message: Message::default(),
            pacing: Pacing::default(),
            palette: None,
            path_box: None,
            devices: Vec::new(),
            is_wgpu: false,
        }
    }

    /// The model on screen, if it draws from latents: what Explore and Blend are about.
    pub fn latent_model(&self) -> Option<&OpenModel> {
        self.model.as_ref().filter(|model| model.spec().expect_latents().is_ok())
    }

    /// Why Explore and Blend have nothing to do with the model on screen, if so.
    pub fn takes_pictures(&self) -> Option<String> {
        let name = self.translator()?.name();
        Some(format!(
            "{name} makes pictures from pictures and has no latents. Draw for it in the tab Translate, or \
             open a model that draws from latents."
        ))
    }

    /// Why Translate has nothing to do with it, if so.
    pub fn takes_latents(&self) -> Option<String> {
        let name = self.latent_model()?.name();
        Some(format!(
            "{name} draws from latents and takes no pictures. Open a model that makes pictures from \
             pictures, and it answers while you draw."
        ))
    }

    /// Puts `model` on screen. A latent that fits it stays; a place that was kept for a model of
    /// this name is gone back to.
    pub fn adopt(&mut self, model: OpenModel, seed: u64) {
        let model = match self.adopt_live(model) {
            Some(model) => model,
            None => return,
        };
        let spec = model.spec();
        let fits = self.model.is_some()
            && self.explore.dims() == spec.z_dim
            && self.explore.prior() == spec.prior;
        let same = self.model.as_ref().is_some_and(|old| Arc::ptr_eq(&old.file, &model.file));
        if !fits {
            // Without latents nothing is explored, and the tab says so; the sliders have a place.
            self.explore = Explore::new(spec.z_dim.max(1), spec.prior, seed);
            if let Some(place) = self.settings.place.as_ref().filter(|p| p.model == model.name()) {
                self.explore.go_to(place);
            }
        } else if !same {
            self.explore.influence = None;
            self.explore.sweep.sheet = None;
        }
        if !same {
            // Another model has another library.
            self.blend = Blend::default();
            let kept = self.settings.blend.as_ref().filter(|kept| kept.model == model.name());
            if let Some(kept) = kept {
                self.blend.inputs = kept.inputs.clone().checked();
            }
            self.history = History::new(self.snapshot());
        }
        self.explore.picture_error = None;
        self.explore.sort(self.settings.sort);
        if let Source::File(path) = &model.source {
            self.settings.remember_model(path);
            self.settings.model = Some(path.clone());
        } else if let Source::Bundled(bundled) = model.source {
            (self.settings.model, self.settings.bundled) = (None, bundled);
        }
        // Of a file that had to be guessed at, people should know.
        self.shows_about = match same {
            true => self.shows_about,
            false => model.file.info().imported.is_some(),
        };
        self.model = Some(model);
    }

    /// Goes to another tab, or back to it from what lies over it.
    pub fn show_tab(&mut self, tab: usize) {
        self.tab = tab.min(TABS.len() - 1);
        self.gallery = None;
    }

    /// Whether a question is open, which keys are for.
    pub fn is_asking(&self) -> bool {
        self.palette.is_some() || self.path_box.is_some() || self.train.question.is_some()
    }

    /// Notes what was done.
    pub fn record(&mut self, note: Note, now: f64) {
        let snapshot = self.snapshot();
        self.history.record(snapshot, note, now);
    }

    /// Goes to step `to` of the history: everything but the library, for which the changes to make
    /// are returned.
    pub fn go_to(&mut self, to: usize) -> Vec<Edit> {
        let Some(step) = self.history.go_to(to) else { return Vec::new() };
        self.explore.latent = step.snapshot.latent;
        self.explore.psi = step.snapshot.psi;
        self.blend.inputs = step.snapshot.blend;
        step.edits
    }

    /// Where the person is, for the next start; while a run is explored, where they were before.
    pub fn place(&self) -> Option<Place> {
        match self.live.as_ref().and_then(|live| live.aside.as_ref()) {
            Some(aside) => Some(aside.place()),
            None => Some(self.explore.place(self.model.as_ref()?.name())),
        }
    }

    /// What was blended, for the next start.
    pub fn blend_place(&self) -> Option<BlendPlace> {
        let model = self.model.as_ref()?.name().to_owned();
        Some(BlendPlace { model, inputs: self.blend.inputs.clone() })
    }

    /// What Undo takes back in the tab on screen.
    pub fn undo_label(&self) -> Option<&str> {
        match self.tab == TRANSLATE {
            true => self.translate.canvas.as_ref()?.undo_label(),
            false => self.history.undo_label(),
        }
    }

    /// What Redo does again there.
    pub fn redo_label(&self) -> Option<&str> {
        match self.tab == TRANSLATE {
            true => self.translate.canvas.as_ref()?.redo_label(),
            false => self.history.redo_label(),
        }
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        Snapshot {
            latent: self.explore.latent.clone(),
            psi: self.explore.psi,
            blend: self.blend.inputs.clone(),
        }
    }

    /// Folder in which a file dialog begins.
    pub fn folder(&self) -> PathBuf {
        let model = self.settings.model.as_deref().and_then(Path::parent);
        let kept = self.settings.folder.clone().or_else(|| model.map(Path::to_owned));
        kept.filter(|folder| folder.is_dir())
            .or_else(|| std::env::current_dir().ok())
            .unwrap_or_default()
    }
}
