//! Small pictures of latents: drawn in the background when they are first in sight, kept for as long
//! as they are looked at now and then.

use std::collections::HashMap;

use eframe::egui::{ColorImage, Context, TextureHandle, TextureOptions};
use image::RgbImage;

use crate::error::Result;
use crate::latent::Latent;
use crate::worker::ModelId;

/// Pictures that are asked for at once.
const BATCH: usize = 8;
/// Pictures that are kept.
const KEPT: usize = 1500;

/// A picture that was drawn.
struct Thumb {
    /// None if it could not be drawn: then nobody tries again.
    drawn: Option<(RgbImage, TextureHandle)>,
    /// The frame in which it was looked at last.
    seen: u64,
    /// By which weights it was drawn.
    edition: u64,
}

/// All of one model.
#[derive(Default)]
pub struct Thumbs {
    model: Option<ModelId>,
    kept: HashMap<String, Thumb>,
    wanted: Vec<(String, Latent)>,
    asked: Vec<String>,
    frame: u64,
    edition: u64,
}

impl Thumbs {
    /// The picture of `latent`, or nothing yet: then it is asked for.
    pub fn get(&mut self, latent: &Latent) -> Option<(&RgbImage, &TextureHandle)> {
        let name = latent.fingerprint();
        let is_new = self.kept.get(&name).is_some_and(|thumb| thumb.edition == self.edition);
        let is_asked = self.asked.contains(&name);
        if !is_new && !is_asked && self.wanted.len() < 4 * BATCH {
            self.wanted.push((name.clone(), latent.clone()));
        }
        let thumb = self.kept.get_mut(&name)?;
        thumb.seen = self.frame;
        thumb.drawn.as_ref().map(|(picture, texture)| (picture, texture))
    }

    /// Newer weights of the same model are drawn with from now on. Pictures stay until, with
    /// `all_again`, newer ones take their places.
    pub fn renew(&mut self, model: ModelId, all_again: bool) {
        self.model = Some(model);
        self.asked.clear();
        self.edition += u64::from(all_again);
    }

    /// What to ask `model` for, if anything: the first few that were in sight in this frame. The next
    /// ones come when these have arrived.
    pub fn wish(&mut self, model: ModelId) -> Option<Vec<Latent>> {
        self.frame += 1;
        if self.model != Some(model) {
            *self = Self { model: Some(model), ..Self::default() };
        }
        let mut wanted = std::mem::take(&mut self.wanted);
        if !self.asked.is_empty() || wanted.is_empty() {
            return None;
        }
        let mut latents = Vec::with_capacity(BATCH);
        for (name, latent) in wanted.drain(..) {
            if latents.len() < BATCH && !self.asked.contains(&name) {
                self.asked.push(name);
                latents.push(latent);
            }
        }
        Some(latents)
    }

    /// Takes in what was asked for.
    pub fn take(&mut self, ctx: &Context, latents: &[Latent], result: Result<Vec<RgbImage>>) {
        self.asked.clear();
        let mut pictures = result.unwrap_or_default().into_iter();
        for latent in latents {
            let drawn = pictures.next().map(|picture| {
                let size = [picture.width() as usize, picture.height() as usize];
                let image = ColorImage::from_rgb(size, picture.as_raw());
                let texture = ctx.load_texture("small picture", image, TextureOptions::LINEAR);
                (picture, texture)
            });
            let (seen, edition) = (self.frame, self.edition);
            self.kept.insert(latent.fingerprint(), Thumb { drawn, seen, edition });
        }
        if self.kept.len() > KEPT {
            let mut seen: Vec<u64> = self.kept.values().map(|thumb| thumb.seen).collect();
            let middle = seen.len() / 2;
            let (_, median, _) = seen.select_nth_unstable(middle);
            let (median, frame) = (*median, self.frame);
            self.kept.retain(|_, thumb| thumb.seen > median || thumb.seen + 1 >= frame);
        }
    }

    /// How many there are.
    #[cfg(test)]
    fn len(&self) -> usize {
        self.kept.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_sight_is_asked_for_once() {
        let (ctx, model) = (Context::default(), ModelId(1));
        let mut thumbs = Thumbs::default();
        thumbs.wish(model);
        let latents: Vec<_> = (0..20).map(|i| Latent::zero(2).with(0, i as f32)).collect();
        let look = |thumbs: &mut Thumbs| {
            latents.iter().filter(|latent| thumbs.get(latent).is_some()).count()
        };
        assert_eq!(look(&mut thumbs), 0);
        let first = thumbs.wish(model).unwrap();
        assert_eq!(first, latents[..BATCH]);
        look(&mut thumbs);
        assert_eq!(thumbs.wish(model), None, "one batch at a time");
        let pictures = |n| Ok(vec![RgbImage::new(2, 2); n]);
        thumbs.take(&ctx, &first, pictures(BATCH));
        assert_eq!(look(&mut thumbs), BATCH);
        let second = thumbs.wish(model).unwrap();
        assert_eq!(second, latents[BATCH..2 * BATCH]);
        thumbs.take(&ctx, &second, Err(crate::Error::Cancelled));
        look(&mut thumbs);
        let third = thumbs.wish(model).unwrap();
        assert_eq!(third, latents[2 * BATCH..], "what failed is not tried again");
        assert_eq!(thumbs.len(), 2 * BATCH);
        look(&mut thumbs);
        thumbs.renew(ModelId(2), true);
        assert_eq!(look(&mut thumbs), BATCH, "the older pictures stay");
        let again = thumbs.wish(ModelId(2)).unwrap();
        assert_eq!(again, latents[..BATCH], "and are drawn again");
        look(&mut thumbs);
        thumbs.wish(ModelId(3));
        assert_eq!(thumbs.len(), 0, "another model draws other pictures");
    }

    #[test]
    fn not_everything_is_kept_for_ever() {
        let (ctx, model) = (Context::default(), ModelId(1));
        let mut thumbs = Thumbs::default();
        thumbs.wish(model);
        for i in 0..2 * KEPT {
            let latent = Latent::zero(2).with(0, i as f32);
            thumbs.get(&latent);
            let asked = thumbs.wish(model).unwrap();
            thumbs.take(&ctx, &asked, Ok(vec![RgbImage::new(1, 1)]));
        }
        assert!((KEPT / 4..=KEPT).contains(&thumbs.len()), "{}", thumbs.len());
        assert!(thumbs.get(&Latent::zero(2).with(0, 2.0 * KEPT as f32 - 1.0)).is_some());
    }
}
