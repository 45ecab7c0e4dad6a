//! The threads that the window talks to: the renderer, and at most one job of each kind.

mod choices;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use image::RgbImage;

use choices::Choices;

use super::dialog::{Answer, Purpose};
use super::gallery::GalleryJobs;
use super::keeper::modified;
use super::live;
use super::state::{DeviceLine, OpenModel, Source};
use super::tabs::explore::SweepPlan;
use super::train_jobs::TrainJobs;
use super::translate::TranslateJobs;
use crate::checkpoint::{self, ModelFile};
use crate::device::{self, DeviceChoice};
use crate::discover::{self, Influence};
use crate::error::{Error, Result};
use crate::latent::Library;
use crate::latent::library::{Entry, EntryId};
use crate::model::ModelSpec;
use crate::picture;
use crate::worker::{Courtesy, Job, Load, ModelId, Plan, Progress, Renderer, Training, Wake};

/// Longest side of a sheet as it is shown; every graphics card has textures of this size.
const PREVIEW: u32 = 2048;

/// A model whose file is open and which the renderer is loading.
pub struct Pending {
    /// Its name among the workers.
    pub id: ModelId,
    /// The opened file.
    pub file: Arc<ModelFile>,
    /// Where it comes from.
    pub source: Source,
}

impl Pending {
    /// The model on screen, now that it is loaded on `device`.
    pub fn open_on(self, device: String) -> OpenModel {
        OpenModel { id: self.id, file: self.file, source: self.source, device }
    }
}

/// Weights of a run, after so many pictures.
pub type Weights = (u64, Arc<ModelFile>);

/// A sheet that is drawn, and what of it fits on a screen.
pub struct Sheet {
    /// As it is exported.
    pub full: Arc<RgbImage>,
    /// As it is shown.
    pub preview: RgbImage,
}

/// A library that was saved or read again.
pub struct Kept {
    /// As it is now.
    pub library: Library,
    /// When its file was written.
    pub time: Option<SystemTime>,
}

/// Faces that were read from files, on their way into the library.
#[derive(Default)]
pub struct Brought {
    /// The new ones.
    pub entries: Vec<Arc<Entry>>,
    /// How many were there already.
    pub known: usize,
    /// Sentences about what could not be taken in.
    pub problems: Vec<String>,
}

/// All of them.
pub struct Workers {
    /// Draws.
    pub renderer: Renderer,
    /// Wakes the window.
    pub wake: Wake,
    /// The model that is on its way.
    pub pending: Option<Pending>,
    /// Reads a model file.
    pub opening: Option<(Source, Job<Arc<ModelFile>>)>,
    /// What was chosen about models that do not say it.
    choices: Choices,
    /// Measures the influence of the dimensions.
    pub influence: Option<(ModelId, Job<Vec<f32>>)>,
    /// Draws the sweep sheet.
    pub sweep: Option<(SweepPlan, Job<Sheet>)>,
    /// Opens the library of a model.
    pub shelving: Option<(ModelId, Job<Library>)>,
    /// Saves the library.
    pub keeping: Option<Job<Kept>>,
    /// Reads the library again.
    pub looking: Option<Job<Kept>>,
    /// Reads faces from files.
    pub importing: Option<Job<Brought>>,
    /// Writes faces to a file; says how many.
    pub exporting: Option<Job<(PathBuf, usize)>>,
    /// Keeps the cache of small pictures from growing for ever.
    pub trimming: Option<Job<usize>>,
    /// Writes a picture.
    pub saving: Option<Job<PathBuf>>,
    /// Waits for the system's file dialog.
    pub dialog: Option<(Purpose, Job<Answer>)>,
    /// Looks which devices there are.
    pub devices: Option<Job<Vec<DeviceLine>>>,
    /// Trains.
    pub training: Option<Training>,
    /// What the gallery has at work.
    pub gallery: GalleryJobs,
    /// What the tab Translate has at work.
    pub translate: TranslateJobs,
    /// What else the tab Train has at work.
    pub train: TrainJobs,
    courtesy: Courtesy,
    loaded: u64,
}

impl Workers {
    /// Starts the renderer.
    ///
    /// # Errors
    /// [`Error::Worker`] if the system gives no thread.
    pub fn start(wake: Wake) -> Result<Self> {
        let renderer = Renderer::start(wake.clone())?;
        Ok(Self {
            courtesy: renderer.courtesy().clone(),
            renderer,
            wake,
            pending: None,
            opening: None,
            choices: Choices::default(),
            influence: None,
            sweep: None,
            shelving: None,
            keeping: None,
            looking: None,
            importing: None,
            exporting: None,
            trimming: None,
            saving: None,
            dialog: None,
            devices: None,
            training: None,
            gallery: GalleryJobs::default(),
            translate: TranslateJobs::default(),
            train: TrainJobs::default(),
            loaded: 0,
        })
    }

    /// Reads the model at `source`; a reading that is under way is given up.
    ///
    /// # Errors
    /// [`Error::Worker`] if the system gives no thread.
    pub fn open(&mut self, source: Source) -> Result<()> {
        let wanted = source.clone();
        let chosen = match &source {
            Source::File(path) => self.choices.of(path),
            _ => None,
        };
        let job = self.job("model reader", move |_| {
            let mut file = match &wanted {
                Source::Bundled(bundled) => bundled.open()?,
                Source::File(path) => ModelFile::open(path)?,
                Source::Live(folder) => ModelFile::open(&folder.model_path())?,
            };
            if let Some(chosen) = chosen {
                // Of another file by now, it is no choice.
                let _ = file.choose(chosen);
            }
            Ok(Arc::new(file))
        })?;
        self.opening = Some((source, job));
        Ok(())
    }

    /// Hands an opened model to the renderer.
    pub fn load(&mut self, file: Arc<ModelFile>, source: Source, device: DeviceChoice) {
        self.loaded += 1;
        let id = ModelId(self.loaded);
        // Weights that live for half a second leave nothing behind.
        let is_passing = matches!(source, Source::Live(_));
        let cache = if is_passing { None } else { checkpoint::user_pictures(&file) };
        self.renderer.load(Load { model: id, file: file.clone(), device, cache });
        // Nobody waits for it: where no thread is to be had, the next start does it.
        let album = self.gallery.album.clone();
        let trim = move |_: &Progress| Ok(checkpoint::trim_pictures() + album.trim());
        self.trimming = self.job("picture cache", trim).ok();
        self.pending = Some(Pending { id, file, source });
    }

    /// Measures the influence of `model`'s dimensions.
    ///
    /// # Errors
    /// [`Error::Worker`] if the system gives no thread.
    pub fn measure_influence(&mut self, model: &OpenModel, device: DeviceChoice) -> Result<()> {
        let file = model.file.clone();
        let settings = Influence { midpoints: midpoints(model.spec()), ..Influence::default() };
        let job = self.job("influence", move |progress| {
            let open = device.open()?;
            let generator = file.generator(&open.device)?;
            discover::influence(&generator, &open.device, settings, &mut |done| {
                progress.report(done)
            })
        })?;
        self.influence = Some((model.id, job));
        Ok(())
    }

    /// Draws a sweep sheet.
    ///
    /// # Errors
    /// [`Error::Worker`] if the system gives no thread.
    pub fn draw_sweep(
        &mut self,
        model: &OpenModel,
        device: DeviceChoice,
        plan: SweepPlan,
    ) -> Result<()> {
        let (file, wanted) = (model.file.clone(), plan.clone());
        let job = self.job("sweep sheet", move |progress| {
            let open = device.open()?;
            let generator = file.generator(&open.device)?;
            let rows = discover::sweep(
                &generator,
                &open.device,
                &wanted.midpoints,
                wanted.dim,
                &wanted.shown,
                &mut |done| progress.report(done),
            )?;
            let full = Arc::new(match wanted.labels {
                true => discover::named_sheet(&rows, &wanted.names, &wanted.values),
                false => discover::sheet(&rows, None),
            });
            Ok(Sheet { preview: fitting(&full), full })
        })?;
        self.sweep = Some((plan, job));
        Ok(())
    }

    /// Opens the library of `model`: that of its run, if it has one, else its own in the folder `data`.
    ///
    /// # Errors
    /// [`Error::Worker`] if the system gives no thread.
    pub fn open_library(&mut self, model: &OpenModel, data: Option<PathBuf>) -> Result<()> {
        let (file, source) = (model.file.clone(), model.source.clone());
        let job = self.job("library reader", move |_| match live::run_of(&source) {
            Some(run) => live::library(&run, &file),
            None => checkpoint::library_in(data.as_deref(), &file),
        })?;
        self.shelving = Some((model.id, job));
        Ok(())
    }

    /// Saves `library`, with what others have changed.
    ///
    /// # Errors
    /// [`Error::Worker`] if the system gives no thread.
    pub fn save_library(&mut self, mut library: Library) -> Result<()> {
        self.keeping = Some(self.job("library writer", move |_| {
            library.save()?;
            Ok(Kept { time: library.path().and_then(modified), library })
        })?);
        Ok(())
    }

    /// Takes what others have changed into `library`.
    ///
    /// # Errors
    /// [`Error::Worker`] if the system gives no thread.
    pub fn look_at_library(&mut self, mut library: Library) -> Result<()> {
        self.looking = Some(self.job("library reader", move |_| {
            let time = library.path().and_then(modified);
            library.refresh()?;
            Ok(Kept { library, time })
        })?);
        Ok(())
    }

    /// Reads the faces in `paths`, as they would come into `library`.
    ///
    /// # Errors
    /// [`Error::Worker`] if the system gives no thread.
    pub fn import_faces(&mut self, mut library: Library, paths: Vec<PathBuf>) -> Result<()> {
        self.importing = Some(self.job("library reader", move |_| {
            let mut brought = Brought::default();
            for path in &paths {
                let imported = library.import(path)?;
                let added = imported.added.iter().filter_map(|id| library.get(*id).cloned());
                brought.entries.extend(added);
                brought.known += imported.known;
                brought.problems.extend(imported.problems);
            }
            Ok(brought)
        })?);
        Ok(())
    }

    /// Writes the entries `ids` of `library`, or all for none.
    ///
    /// # Errors
    /// [`Error::Worker`] if the system gives no thread.
    pub fn export_faces(
        &mut self,
        library: Library,
        ids: Vec<EntryId>,
        path: PathBuf,
    ) -> Result<()> {
        self.exporting = Some(self.job("library writer", move |_| {
            let count = library.export(&ids, &path)?;
            Ok((path, count))
        })?);
        Ok(())
    }

    /// Writes `picture` as PNG.
    ///
    /// # Errors
    /// [`Error::Worker`] if the system gives no thread.
    pub fn save_png(&mut self, picture: Arc<RgbImage>, path: PathBuf) -> Result<()> {
        self.saving = Some(self.job("picture writer", move |_| {
            picture::save_png(&path, &picture)?;
            Ok(path)
        })?);
        Ok(())
    }

    /// Waits for `dialog`, a file dialog, on a thread of its own.
    ///
    /// # Errors
    /// [`Error::Worker`] if the system gives no thread.
    pub fn ask(
        &mut self,
        purpose: Purpose,
        dialog: impl FnOnce() -> Answer + Send + 'static,
    ) -> Result<()> {
        self.dialog = Some((purpose, self.job("file dialog", move |_| Ok(dialog()))?));
        Ok(())
    }

    /// Looks which devices there are.
    ///
    /// # Errors
    /// [`Error::Worker`] if the system gives no thread.
    pub fn list_devices(&mut self) -> Result<()> {
        self.devices = Some(self.job("device list", |_| {
            let told = |result: Result<String>| result.map_err(|error| error.to_string());
            Ok(device::list().into_iter().map(|(name, what)| (name, told(what))).collect())
        })?);
        Ok(())
    }

    /// Starts a run, or goes on with one.
    ///
    /// # Errors
    /// [`Error::Worker`] if the system gives no thread.
    pub fn start_training(&mut self, plan: Plan) -> Result<()> {
        self.training = Some(Training::start(plan, &self.courtesy, &self.wake)?);
        Ok(())
    }

    /// What jobs use to make way for the renderer.
    pub fn courtesy(&self) -> &Courtesy {
        &self.courtesy
    }

    pub(super) fn job<T: Send + 'static>(
        &self,
        name: &'static str,
        work: impl FnOnce(&Progress) -> Result<T> + Send + 'static,
    ) -> Result<Job<T>> {
        Job::start(name, &self.courtesy, &self.wake, work)
    }
}

/// Takes the result of a job that is done, and forgets the job.
pub fn finished<K, T: Send + 'static>(slot: &mut Option<(K, Job<T>)>) -> Option<(K, Result<T>)> {
    let result = slot.as_mut()?.1.poll()?;
    slot.take().map(|(key, _)| (key, result))
}

/// As [`finished`], for a job that needs no further words.
pub fn done<T: Send + 'static>(slot: &mut Option<Job<T>>) -> Option<Result<T>> {
    let result = slot.as_mut()?.poll()?;
    *slot = None;
    Some(result)
}

/// The picture, made smaller if it is too large for a texture.
pub fn fitting(picture: &RgbImage) -> RgbImage {
    let (width, height) = picture.dimensions();
    let factor = (PREVIEW as f32 / width.max(height).max(1) as f32).min(1.0);
    if factor == 1.0 {
        return picture.clone();
    }
    let size = |side: u32| ((side as f32 * factor) as u32).max(1);
    image::imageops::thumbnail(picture, size(width), size(height))
}

/// Midpoints that influence is averaged over: fewer for large pictures, which take longer.
fn midpoints(spec: &ModelSpec) -> usize {
    let (height, width) = spec.size();
    match height * width {
        0..=4_096 => 8,
        4_097..=16_384 => 4,
        _ => 2,
    }
}

/// Whether `error` needs to be told: what the person cancelled does not.
pub fn is_news(error: &Error) -> bool {
    !matches!(error, Error::Cancelled)
}
