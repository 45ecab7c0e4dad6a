//! What the tab Translate has at work: at most one job of each kind.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use eframe::egui::ColorImage;
use image::{DynamicImage, RgbaImage};

use crate::app::live;
use crate::app::state::{OpenModel, Source};
use crate::app::workers::Workers;
use crate::data::{DataSource, Intake, demo_pairs};
use crate::device::DeviceChoice;
use crate::error::{Error, Result};
use crate::export::save_gif;
use crate::picture::{self, Pixels};
use crate::train::{RunFolder, held_out_inputs};
use crate::worker::{Job, ModelId};

/// Templates of a model.
const TEMPLATES: usize = 12;
/// How long a frame of a film is shown, and its last one.
const EACH: Duration = Duration::from_millis(60);
const LAST: Duration = Duration::from_secs(2);

/// Where a picture comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taking {
    /// A file of this name.
    File(String),
    /// The clipboard.
    Clipboard,
    /// It is the drawing of before the window was closed.
    Left,
}

/// All of them.
#[derive(Default)]
pub struct TranslateJobs {
    /// Reads a picture to translate.
    pub taking: Option<(Taking, Job<Intake>)>,
    /// Reads templates.
    pub templates: Option<(ModelId, Job<Vec<Pixels>>)>,
    /// Writes a film; says how many frames it has.
    pub film: Option<(PathBuf, Job<usize>)>,
}

impl Workers {
    /// Reads the picture at `path` as `model` takes it.
    ///
    /// # Errors
    /// [`Error::Worker`] if the system gives no thread.
    pub fn take_picture(&mut self, model: &OpenModel, path: PathBuf, taking: Taking) -> Result<()> {
        let file = model.file.clone();
        let job = self.job("picture reader", move |_| {
            Intake::read(&path, &file.info().spec, file.info().input.as_ref())
        })?;
        self.translate.taking = Some((taking, job));
        Ok(())
    }

    /// Takes a picture from the clipboard.
    ///
    /// # Errors
    /// [`Error::Worker`] if the system gives no thread.
    pub fn take_pasted(&mut self, model: &OpenModel, image: Arc<ColorImage>) -> Result<()> {
        let file = model.file.clone();
        let job = self.job("picture reader", move |_| {
            let [width, height] = image.size.map(|side| side as u32);
            let bytes = image.pixels.iter().flat_map(|pixel| pixel.to_srgba_unmultiplied());
            let picture = RgbaImage::from_raw(width, height, bytes.collect())
                .ok_or_else(|| Error::bad_setting("Paste", "the picture has no pixels"))?;
            let picture = DynamicImage::ImageRgba8(picture);
            Intake::of(picture, &file.info().spec, file.info().input.as_ref())
        })?;
        self.translate.taking = Some((Taking::Clipboard, job));
        Ok(())
    }

    /// Reads pictures to start from: those that the run of `model` did not learn from, or built-in ones
    /// of its kind. False if there are none.
    ///
    /// # Errors
    /// [`Error::Worker`] if the system gives no thread.
    pub fn read_templates(&mut self, model: &OpenModel) -> Result<bool> {
        let Some(source) = source_of(model) else { return Ok(false) };
        let spec = model.spec().clone();
        let job = self.job("template reader", move |progress| {
            held_out_inputs(&source, &spec, TEMPLATES, &mut |done, total| {
                progress.report(done as f32 / total.max(1) as f32)
            })
        })?;
        self.translate.templates = Some((model.id, job));
        Ok(true)
    }

    /// Writes a film of `drawing` and what `model` makes of it, with the noise of `seed` if there is one.
    ///
    /// # Errors
    /// [`Error::Worker`] if the system gives no thread.
    pub fn save_film(
        &mut self,
        model: &OpenModel,
        device: DeviceChoice,
        drawing: Vec<Arc<Pixels>>,
        seed: Option<u64>,
        path: PathBuf,
    ) -> Result<()> {
        let (file, wanted) = (model.file.clone(), path.clone());
        let job = self.job("film writer", move |progress| {
            let open = device.open()?;
            let generator = file.generator(&open.device)?;
            let seeds: Vec<u64> = seed.into_iter().collect();
            let total = drawing.len();
            let frames = drawing.iter().enumerate().map(|(i, pixels)| {
                if !progress.report(i as f32 / total.max(1) as f32) {
                    return Err(Error::Cancelled);
                }
                let answer = generator.answers(pixels, &seeds, &open.device)?;
                let mut pair = vec![pixels.to_rgb()];
                pair.extend(picture::from_tensor(&answer)?);
                Ok(picture::together(&pair, pair.len()))
            });
            save_gif(&wanted, frames, EACH, LAST)
        })?;
        self.translate.film = Some((path, job));
        Ok(())
    }
}

/// Where pictures of the kind that `model` takes come from.
fn source_of(model: &OpenModel) -> Option<DataSource> {
    let run = match &model.source {
        Source::Bundled(_) => None,
        Source::Live(run) => Some(run.clone()),
        Source::File(path) => live::folders_above(path).map(RunFolder::new).find(RunFolder::is_run),
    };
    if let Some(config) = run.and_then(|run| run.read_config().ok()) {
        return Some(config.data);
    }
    model.file.info().input.as_ref().and_then(demo_pairs::source_for)
}
