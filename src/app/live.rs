//! Explore live: Explore and Blend draw with the weights of a run as they are learnt.
//!
//! What was on screen before is put aside as a whole, and comes back as it was. The latent goes on with
//! the run where it fits. A run has one library for all its models, kept in its folder: a latent that
//! was kept early in the run is drawn by whatever the run has become.

pub mod bar;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::blend::Blend;
use super::explore::Explore;
use super::history::History;
use super::settings::Place;
use super::shelf::Shelf;
use super::state::{OpenModel, Source, State};
use crate::checkpoint::ModelFile;
use crate::error::Result;
use crate::latent::{Library, ModelKey};
use crate::train::RunFolder;

/// What was on screen before.
#[derive(Debug)]
pub struct Aside {
    /// The model.
    pub model: OpenModel,
    explore: Explore,
    blend: Blend,
    shelf: Shelf,
    history: History,
}

impl Aside {
    /// Where the person was.
    pub fn place(&self) -> Place {
        self.explore.place(self.model.name())
    }
}

/// A model that a run has left on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Age {
    /// Real pictures shown before it.
    pub images: u64,
    /// Its file.
    pub path: PathBuf,
}

/// The switch, while it is on.
#[derive(Debug)]
pub struct Live {
    /// The run.
    pub run: RunFolder,
    /// The newest weights, and how many pictures they have learnt from.
    pub newest: Option<(u64, Arc<ModelFile>)>,
    /// Pictures behind the weights that are drawn with.
    pub images: u64,
    /// Models of earlier ages, the oldest first.
    pub ages: Vec<Age>,
    /// The age that is looked at; none is the newest.
    pub age: Option<usize>,
    /// What comes back when the switch is off.
    pub aside: Option<Box<Aside>>,
    /// Small pictures were drawn anew at this time, in seconds.
    pub thumbs_at: f64,
}

impl Live {
    /// On, for this run.
    pub fn new(run: RunFolder) -> Self {
        Self {
            run,
            newest: None,
            images: 0,
            ages: Vec::new(),
            age: None,
            aside: None,
            thumbs_at: f64::NEG_INFINITY,
        }
    }
}

/// The run that `source` belongs to, if it keeps a library: all models of a run share it.
pub fn run_of(source: &Source) -> Option<RunFolder> {
    match source {
        Source::Bundled(_) => None,
        Source::Live(run) => Some(run.clone()),
        Source::File(path) => folders_above(path)
            .map(RunFolder::new)
            .find(|run| run.is_run() && library_path(run).exists()),
    }
}

/// Folders that are a run's, if `path` is a model of one: the run's own, or that of its checkpoints.
pub fn folders_above(path: &Path) -> impl Iterator<Item = &Path> {
    path.ancestors().skip(1).take(2)
}

/// The library of `run`, for use with one of its models.
///
/// # Errors
/// As [`Library::open`].
pub fn library(run: &RunFolder, model: &ModelFile) -> Result<Library> {
    let spec = &model.info().spec;
    // The same for every model of the run, and for copies of its folder.
    let hash = blake3::hash(format!("{} {:?}", model.info().data, spec.prior).as_bytes());
    let hash = hash.to_hex().chars().take(32).collect();
    let key = ModelKey { name: run.name(), hash, dims: spec.z_dim, prior: spec.prior };
    Library::open(&library_path(run), key)
}

fn library_path(run: &RunFolder) -> PathBuf {
    run.root().join("library.json")
}

impl State {
    /// Takes `model` if it belongs to the switch, on its way in or out; else hands it back.
    pub(super) fn adopt_live(&mut self, model: OpenModel) -> Option<OpenModel> {
        let Some(live) = &mut self.live else { return Some(model) };
        let Source::Live(run) = &model.source else {
            // Off again, or another model was opened.
            let aside = self.live.take().and_then(|live| live.aside);
            let back = aside.filter(|aside| Arc::ptr_eq(&aside.model.file, &model.file));
            let Some(aside) = back else { return Some(model) };
            let Aside { explore, blend, shelf, history, .. } = *aside;
            (self.explore, self.blend, self.shelf, self.history) = (explore, blend, shelf, history);
            self.explore.picture_error = None;
            self.model = Some(model);
            return None;
        };
        if *run != live.run {
            return Some(model);
        }
        self.explore.picture_error = None;
        if live.aside.is_some() {
            // Newer weights: nothing else changes.
            let fits = self.model.as_ref().is_some_and(|old| old.spec() == model.spec());
            if !fits {
                self.explore.sweep.sheet = None;
            }
            self.model = Some(model);
            return None;
        }
        let spec = model.spec();
        let fits = self.explore.dims() == spec.z_dim && self.explore.prior() == spec.prior;
        let mut explore = match fits {
            true => self.explore.clone(),
            // Without latents nothing is explored: that run is drawn for.
            false => Explore::new(spec.z_dim.max(1), spec.prior, self.explore.seed),
        };
        explore.influence = None;
        explore.sweep.sheet = None;
        explore.sort(self.settings.sort);
        if let Some(before) = self.model.replace(model) {
            live.aside = Some(Box::new(Aside {
                model: before,
                explore: std::mem::replace(&mut self.explore, explore),
                blend: std::mem::take(&mut self.blend),
                shelf: std::mem::take(&mut self.shelf),
                history: self.history.clone(),
            }));
        }
        self.history = History::new(self.snapshot());
        None
    }
}
