//! Many pictures in as few goes as fit in memory.

use candle_core::Device;
use image::RgbImage;

use crate::error::{Error, Result};
use crate::latent::Latent;
use crate::model::{Generator, ModelSpec};
use crate::picture;

/// Floats of the pictures that are drawn at once: 16 MiB, so that large pictures go one by one.
const BATCH_FLOATS: usize = 4 << 20;
/// More at once are no faster.
const MAX_BATCH: usize = 64;
/// Most pixels of all pictures together: a hundred million are 300 MB.
const MAX_PIXELS: u64 = 100_000_000;

/// How many pictures of a generator of `spec` are drawn at once.
pub fn at_once(spec: &ModelSpec) -> usize {
    spec.pictures_in(BATCH_FLOATS).min(MAX_BATCH)
}

/// One picture for each of `latents`. `progress` hears the fraction that is done and says whether to
/// go on.
///
/// # Errors
/// [`Error::BadSetting`] if they would take far too much memory; [`Error::BadLatent`] if one has the
/// wrong length; [`Error::Cancelled`] if `progress` said so; [`Error::Tensor`] if the device fails.
pub fn pictures(
    generator: &Generator,
    device: &Device,
    latents: &[Latent],
    progress: &mut dyn FnMut(f32) -> bool,
) -> Result<Vec<RgbImage>> {
    let spec = generator.spec();
    let (height, width) = spec.size();
    let pixels = (latents.len() as u64).saturating_mul((height * width) as u64);
    if pixels > MAX_PIXELS {
        let why = format!("has at most {MAX_PIXELS} pixels in all; take fewer pictures");
        return Err(Error::bad_setting("sheet", why));
    }
    let mut pictures = Vec::with_capacity(latents.len());
    for batch in latents.chunks(at_once(spec)) {
        if !progress(pictures.len() as f32 / latents.len() as f32) {
            return Err(Error::Cancelled);
        }
        pictures.extend(picture::from_tensor(&generator.draw(batch, device)?)?);
    }
    Ok(pictures)
}
