//! What the window knows: plain data, changed only by [`super::dispatch`] and by the field or
//! slider that shows a value.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use image::RgbImage;
use rand_chacha::ChaCha8Rng;

use super::dialog::PathBox;
use super::history::{Gesture, History, Snapshot};
use super::pacing::Pacing;
use super::palette::PaletteState;
use super::settings::{Place, Settings, Sort};
use super::tabs::explore::{StripState, SweepState, View};
use crate::checkpoint::ModelFile;
use crate::latent::{self, Latent, Prior};
use crate::model::ModelSpec;
use crate::random::{Purpose, stream};
use crate::worker::ModelId;

/// Most that a typed value may be: far outside of what any generator was trained on.
pub const MAX_VALUE: f32 = 100.0;
/// Largest truncation.
pub const MAX_PSI: f32 = 1.5;

/// Where a model comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// It is part of the program.
    Bundled,
    /// A file.
    File(PathBuf),
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
            Source::Bundled => None,
        };
        if name.is_empty() { stem.unwrap_or("model") } else { name }
    }
}

/// The point in latent space that is looked at, and everything around it.
#[derive(Debug)]
pub struct Explore {
    /// The latent before truncation.
    pub latent: Latent,
    /// Truncation: the picture is that of the latent times this.
    pub psi: f32,
    /// What random, mutate and reset leave alone.
    pub locked: Vec<bool>,
    /// The dimension that keys move and the strip shows.
    pub selected: usize,
    /// The seed that was used last.
    pub seed: u64,
    /// Undo and redo.
    pub history: History,
    /// What is in the search field.
    pub search: String,
    /// How much each dimension changes the picture, once it is measured.
    pub influence: Option<Vec<f32>>,
    /// Dimensions in the order of the list, without those that the search leaves out.
    pub order: Vec<usize>,
    /// The order is not what it should be; it is put right when nobody's pointer is in the list.
    pub order_is_stale: bool,
    /// The newest picture.
    pub picture: Option<RgbImage>,
    /// Why there is no newer one.
    pub picture_error: Option<String>,
    /// How the picture is looked at.
    pub view: View,
    /// The strip under it.
    pub strip: StripState,
    /// The sweep sheet.
    pub sweep: SweepState,
    /// The person has chosen a dimension, rather than the window.
    pub has_selected: bool,
    /// The list should scroll to the selected slider.
    pub scroll_to_selected: bool,
    /// How far the list is scrolled, in points.
    pub list_offset: f32,
    /// The search field should get the focus.
    pub focus_search: bool,
    prior: Prior,
    rng: ChaCha8Rng,
}

impl Explore {
    /// At the latent of `seed`.
    pub fn new(dims: usize, prior: Prior, seed: u64) -> Self {
        let latent = prior.from_seed(dims, seed);
        let snapshot = Snapshot { latent: latent.clone(), psi: 1.0 };
        Self {
            latent,
            psi: 1.0,
            locked: vec![false; dims],
            selected: 0,
            seed,
            history: History::new(snapshot),
            search: String::new(),
            influence: None,
            order: (0..dims).collect(),
            order_is_stale: false,
            picture: None,
            picture_error: None,
            view: View::default(),
            strip: StripState::default(),
            sweep: SweepState::default(),
            has_selected: false,
            scroll_to_selected: false,
            list_offset: 0.0,
            focus_search: false,
            prior,
            rng: stream(seed, Purpose::Latents, 1),
        }
    }

    /// Number of dimensions.
    pub fn dims(&self) -> usize {
        self.latent.dims()
    }

    /// The prior of the model.
    pub fn prior(&self) -> Prior {
        self.prior
    }

    /// Where random numbers come from, as of now.
    pub fn reseed(&mut self, seed: u64) {
        self.rng = stream(seed, Purpose::Latents, 1);
    }

    /// What the generator gets to see.
    pub fn shown(&self) -> Latent {
        self.latent.truncated(self.psi)
    }

    /// Moves one dimension; a value that is no number changes nothing.
    pub fn set_value(&mut self, dim: usize, value: f32, now: f64) {
        if !value.is_finite() || dim >= self.dims() {
            return;
        }
        self.select(dim);
        let value = value.clamp(-MAX_VALUE, MAX_VALUE);
        if value != self.latent.get(dim) {
            self.latent.set(dim, value);
            self.record(format!("z{dim}"), Some(Gesture::Dimension(dim)), now);
        }
    }

    /// Truncates.
    pub fn set_psi(&mut self, psi: f32, now: f64) {
        if psi.is_finite() && psi != self.psi {
            self.psi = psi.clamp(0.0, MAX_PSI);
            self.record("truncation".into(), Some(Gesture::Psi), now);
        }
    }

    /// Draws a new latent, under a new seed.
    pub fn randomize(&mut self, now: f64) {
        use rand::RngExt;
        let seed = self.rng.random_range(0..1_000_000);
        self.set_seed(seed, now);
    }

    /// Takes the latent that `seed` names. Locked dimensions stay.
    pub fn set_seed(&mut self, seed: u64, now: f64) {
        self.seed = seed;
        let drawn = self.prior.from_seed(self.dims(), seed);
        self.replace(&drawn, format!("seed {seed}"), now);
    }

    /// Steps to a neighbour. Locked dimensions stay.
    pub fn mutate(&mut self, amount: f32, now: f64) {
        let drawn = latent::mutate(&self.latent, amount, self.prior, &mut self.rng);
        self.replace(&drawn, "mutation".into(), now);
    }

    /// Sets everything that is not locked to 0.
    pub fn reset(&mut self, now: f64) {
        self.replace(&Latent::zero(self.dims()), "reset".into(), now);
    }

    /// Takes `latent` as it is, locked or not.
    pub fn take(&mut self, latent: Latent, label: &str, now: f64) {
        self.latent = latent;
        self.record(label.into(), None, now);
    }

    /// One step back; returns what was undone.
    pub fn undo(&mut self) -> Option<String> {
        let label = self.history.undo_label()?.to_owned();
        let snapshot = self.history.undo()?.clone();
        self.restore(snapshot);
        Some(label)
    }

    /// One step forward; returns what was done again.
    pub fn redo(&mut self) -> Option<String> {
        let label = self.history.redo_label()?.to_owned();
        let snapshot = self.history.redo()?.clone();
        self.restore(snapshot);
        Some(label)
    }

    /// Puts the list in order.
    pub fn sort(&mut self, sort: Sort) {
        let mut order: Vec<usize> = (0..self.dims()).filter(|dim| self.matches(*dim)).collect();
        if let (Sort::Influence, Some(influence)) = (sort, &self.influence) {
            order.sort_by(|a, b| influence[*b].total_cmp(&influence[*a]));
        }
        self.order = order;
        self.order_is_stale = false;
    }

    /// After the list got another order: the selected slider stays in sight; if nobody has selected
    /// one, it is the first.
    pub fn settle(&mut self) {
        if let Some(first) = self.order.first().filter(|_| !self.has_selected) {
            self.selected = *first;
        }
        self.scroll_to_selected = true;
    }

    /// Selects a dimension.
    pub fn select(&mut self, dim: usize) {
        self.selected = dim.min(self.dims() - 1);
        self.has_selected = true;
    }

    /// Selects the dimension that is `step` rows further down the list.
    pub fn select_by(&mut self, step: isize) {
        let at = self.order.iter().position(|dim| *dim == self.selected);
        let next = match at {
            Some(at) => at.saturating_add_signed(step).min(self.order.len().saturating_sub(1)),
            None => 0,
        };
        if let Some(dim) = self.order.get(next) {
            self.select(*dim);
            self.scroll_to_selected = true;
        }
    }

    /// Where the person is, for the next start.
    pub fn place(&self, model: &str) -> Place {
        Place {
            model: model.to_owned(),
            latent: self.latent.clone(),
            psi: self.psi,
            selected: self.selected,
            locked: (0..self.dims()).filter(|dim| self.locked[*dim]).collect(),
        }
    }

    /// Goes back to `place`, if it fits this model.
    pub fn go_to(&mut self, place: &Place) {
        if place.latent.dims() != self.dims() || !place.psi.is_finite() {
            return;
        }
        self.latent = place.latent.clone();
        self.psi = place.psi.clamp(0.0, MAX_PSI);
        self.select(place.selected);
        for dim in &place.locked {
            if let Some(locked) = self.locked.get_mut(*dim) {
                *locked = true;
            }
        }
        self.history = History::new(self.snapshot());
    }

    fn matches(&self, dim: usize) -> bool {
        let mut words = self.search.split([' ', ',']).filter(|word| !word.is_empty()).peekable();
        if words.peek().is_none() {
            return true;
        }
        words.any(|word| {
            let word = word.to_lowercase();
            if "locked".starts_with(&word) {
                return self.locked[dim];
            }
            if "changed".starts_with(&word) {
                return self.latent.get(dim) != 0.0;
            }
            let number = word.trim_start_matches('z');
            if let Some((from, to)) = number.split_once('-')
                && let (Ok(from), Ok(to)) = (from.parse::<usize>(), to.parse::<usize>())
            {
                return (from..=to).contains(&dim);
            }
            !number.is_empty() && dim.to_string().starts_with(number)
        })
    }

    fn replace(&mut self, drawn: &Latent, label: String, now: f64) {
        for dim in (0..self.dims()).filter(|dim| !self.locked[*dim]) {
            self.latent.set(dim, drawn.get(dim));
        }
        self.record(label, None, now);
    }

    fn record(&mut self, label: String, gesture: Option<Gesture>, now: f64) {
        self.history.record(self.snapshot(), label, gesture, now);
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot { latent: self.latent.clone(), psi: self.psi }
    }

    fn restore(&mut self, snapshot: Snapshot) {
        self.latent = snapshot.latent;
        self.psi = snapshot.psi;
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
    /// What is remembered.
    pub settings: Settings,
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
    /// Before a model is open.
    pub fn new(settings: Settings) -> Self {
        Self {
            model: None,
            explore: Explore::new(1, Prior::Normal, 0),
            settings,
            tab: 0,
            message: Message::default(),
            pacing: Pacing::default(),
            palette: None,
            path_box: None,
            devices: Vec::new(),
            is_wgpu: false,
        }
    }

    /// Puts `model` on screen. A latent that fits it stays; a place that was kept for a model of
    /// this name is gone back to.
    pub fn adopt(&mut self, model: OpenModel, seed: u64) {
        let spec = model.spec();
        let fits = self.model.is_some()
            && self.explore.dims() == spec.z_dim
            && self.explore.prior() == spec.prior;
        let same = self.model.as_ref().is_some_and(|old| Arc::ptr_eq(&old.file, &model.file));
        if !fits {
            self.explore = Explore::new(spec.z_dim, spec.prior, seed);
            if let Some(place) = self.settings.place.as_ref().filter(|p| p.model == model.name()) {
                self.explore.go_to(place);
            }
        } else if !same {
            self.explore.influence = None;
            self.explore.sweep.sheet = None;
        }
        self.explore.picture_error = None;
        self.explore.sort(self.settings.sort);
        if let Source::File(path) = &model.source {
            self.settings.remember_model(path);
            self.settings.model = Some(path.clone());
        } else {
            self.settings.model = None;
        }
        self.model = Some(model);
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

#[cfg(test)]
mod tests;
