//! The large picture of a kept face under the pointer. Small pictures of a generator with many pixels
//! are smaller than its own: they stand in until the true one is drawn.

use eframe::egui::{Context, TextureHandle};
use image::RgbImage;

use super::settings::Enlarge;
use super::shown::{Shown, Side};
use crate::error::Result;
use crate::latent::Latent;

/// One picture: there is one pointer.
#[derive(Default)]
pub struct Peek {
    shown: Shown,
    of: Option<Latent>,
    wanted: Option<Latent>,
}

impl Peek {
    /// The picture of `latent`, whose small picture is `small`; a generator draws `(height, width)`
    /// pixels. What is smaller than that is asked for.
    pub fn show(
        &mut self,
        ctx: &Context,
        latent: &Latent,
        small: Option<&RgbImage>,
        (height, width): (usize, usize),
        enlarge: Enlarge,
    ) -> Option<(&TextureHandle, [u32; 2])> {
        if self.of.as_ref() != Some(latent) {
            // The face before must not stand there under another name.
            let small = small?;
            self.shown.set(ctx, Side::Large, small, enlarge);
            self.of = Some(latent.clone());
            let (w, h) = small.dimensions();
            let is_whole = (h as usize, w as usize) == (height, width);
            self.wanted = (!is_whole).then(|| latent.clone());
        }
        Some((self.shown.texture()?, self.shown.size()))
    }

    /// What to draw, if anything; said once.
    pub fn wish(&mut self) -> Option<Latent> {
        self.wanted.take()
    }

    /// Takes in what was asked for. Where it could not be drawn the small picture stays.
    pub fn take(
        &mut self,
        ctx: &Context,
        latents: &[Latent],
        result: Result<Vec<RgbImage>>,
        enlarge: Enlarge,
    ) {
        if let (Some(of), [latent]) = (&self.of, latents)
            && of == latent
            && let Some(picture) = result.ok().and_then(|mut pictures| pictures.pop())
        {
            self.shown.set(ctx, Side::Large, &picture, enlarge);
        }
    }

    /// Shows the next picture anew, in another way or of another model.
    pub fn forget(&mut self) {
        self.of = None;
        self.wanted = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_small_picture_stands_in_until_the_true_one_comes() {
        let ctx = Context::default();
        let (z, other) = (Latent::zero(2), Latent::zero(3));
        let (small, whole) = (RgbImage::new(128, 128), RgbImage::new(256, 256));
        let mut peek = Peek::default();
        let size = |peek: &mut Peek, z: &Latent, small: Option<&RgbImage>| {
            let shown = peek.show(&ctx, z, small, (256, 256), Enlarge::Smooth);
            shown.map(|(_, size)| size)
        };
        assert_eq!(size(&mut peek, &z, None), None);
        assert_eq!(size(&mut peek, &z, Some(&small)), Some([128, 128]));
        assert_eq!(peek.wish(), Some(z.clone()));
        assert_eq!(peek.wish(), None);
        // An answer for a face that the pointer has left.
        peek.take(&ctx, std::slice::from_ref(&other), Ok(vec![whole.clone()]), Enlarge::Smooth);
        assert_eq!(size(&mut peek, &z, Some(&small)), Some([128, 128]));
        peek.take(&ctx, std::slice::from_ref(&z), Ok(vec![whole.clone()]), Enlarge::Smooth);
        assert_eq!(size(&mut peek, &z, Some(&small)), Some([256, 256]));
        assert_eq!(size(&mut peek, &other, Some(&whole)), Some([256, 256]));
        assert_eq!(peek.wish(), None, "there is nothing larger");
    }
}
