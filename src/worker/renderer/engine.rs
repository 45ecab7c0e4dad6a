//! What the renderer's thread computes with.

use image::RgbImage;

use super::wish::{Lane, Load, LoadedOn, ModelId, Part};
use crate::device::OpenDevice;
use crate::error::{Error, Result};
use crate::latent::Latent;
use crate::model::Generator;
use crate::picture::{self, PictureCache};

/// Small pictures larger than this are read from the cache: of others a new one is as quick.
const CACHED_PIXELS: usize = 128 * 128;
/// What the thread computes with; a test puts something else in its place.
pub(super) trait Engine: Send {
    fn load(&mut self, load: &Load) -> Result<LoadedOn>;
    /// One picture each; `Error::Cancelled` if `model` is not there any more.
    fn draw(&mut self, model: ModelId, part: Part, lane: Lane) -> Result<Vec<RgbImage>>;
    /// Pictures that fit into one go of `lane`.
    fn batch(&self, lane: Lane) -> usize;
}

/// The real engine: one generator on its device.
#[derive(Default)]
pub(super) struct Models {
    current: Option<Current>,
}

struct Current {
    model: ModelId,
    generator: Generator,
    open: OpenDevice,
    cache: Option<PictureCache>,
}

impl Current {
    fn draw(&self, part: Part) -> Result<Vec<RgbImage>> {
        let device = &self.open.device;
        let pictures = match part {
            Part::Latents(latents) => self.generator.draw(latents, device)?,
            Part::Picture { input, seeds } => self.generator.answers(input, seeds, device)?,
        };
        picture::from_tensor(&pictures)
    }

    /// From the cache where there is one and it pays.
    fn thumbnail(&self, latent: &Latent, cache: &PictureCache) -> Result<Vec<RgbImage>> {
        let name = latent.fingerprint();
        if let Some(picture) = cache.get(&name) {
            return Ok(vec![picture]);
        }
        let pictures = self.draw(Part::Latents(std::slice::from_ref(latent)))?;
        for picture in &pictures {
            // A picture that cannot be kept is drawn again next time.
            let _ = cache.put(&name, picture);
        }
        Ok(pictures)
    }
}

impl Engine for Models {
    fn load(&mut self, load: &Load) -> Result<LoadedOn> {
        let open = load.device.open()?;
        let generator = load.file.generator(&open.device)?;
        let on = LoadedOn { device: open.name.clone(), note: open.note.clone() };
        let (height, width) = generator.spec().size();
        let cache = load.cache.clone().filter(|_| height * width > CACHED_PIXELS);
        self.current = Some(Current { model: load.model, generator, open, cache });
        Ok(on)
    }

    fn draw(&mut self, model: ModelId, part: Part, lane: Lane) -> Result<Vec<RgbImage>> {
        match &self.current {
            Some(current) if current.model == model => match (&current.cache, part) {
                (Some(cache), Part::Latents([latent])) if lane == Lane::Thumbnails => {
                    current.thumbnail(latent, cache)
                }
                _ => current.draw(part),
            },
            // A wish for a model that has just been replaced: nobody looks at it any more.
            _ => Err(Error::Cancelled),
        }
    }

    fn batch(&self, lane: Lane) -> usize {
        let (pictures, floats) = lane.batch();
        self.current.as_ref().map_or(1, |current| match &current.cache {
            // One by one, as the cache keeps them.
            Some(_) if lane == Lane::Thumbnails => 1,
            _ => current.generator.spec().pictures_in(floats).min(pictures),
        })
    }
}
