//! Pictures on their way to the screen.

use eframe::egui::{Color32, ColorImage, Context, TextureHandle, TextureOptions};
use image::RgbImage;
use latentscape_resample::{Filter, Resampler, Window};

use super::settings::Enlarge;

/// Smooth pictures are brought to about this size by a good filter before the graphics card,
/// whose filter shows the grid, takes them further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// For the large picture.
    Large = 384,
    /// For small ones.
    Small = 192,
}

/// One picture on screen, whose texture is used again for the next one.
#[derive(Default)]
pub struct Shown {
    texture: Option<TextureHandle>,
    options: TextureOptions,
    size: [u32; 2],
    resampler: Resampler,
}

impl Shown {
    /// Shows `picture` from now on.
    pub fn set(&mut self, ctx: &Context, side: Side, picture: &RgbImage, enlarge: Enlarge) {
        self.size = [picture.width(), picture.height()];
        let options = match enlarge {
            Enlarge::Smooth => TextureOptions::LINEAR,
            Enlarge::Crisp => TextureOptions::NEAREST,
        };
        let image = match enlarge {
            Enlarge::Smooth => self.enlarged(picture, side),
            Enlarge::Crisp => None,
        };
        let image = image.unwrap_or_else(|| {
            let size = [picture.width() as usize, picture.height() as usize];
            ColorImage::from_rgb(size, picture.as_raw())
        });
        match &mut self.texture {
            // A texture of the same kind is overwritten; a new one each time costs more.
            Some(texture) if texture.size() == image.size && self.options == options => {
                texture.set_partial([0, 0], image, options);
            }
            Some(texture) => texture.set(image, options),
            None => self.texture = Some(ctx.load_texture("picture", image, options)),
        }
        self.options = options;
    }

    /// The texture, if there is a picture.
    pub fn texture(&self) -> Option<&TextureHandle> {
        self.texture.as_ref()
    }

    /// Width and height of the picture itself.
    pub fn size(&self) -> [u32; 2] {
        self.size
    }

    fn enlarged(&mut self, picture: &RgbImage, side: Side) -> Option<ColorImage> {
        let (width, height) = picture.dimensions();
        let factor = side as u32 / width.max(height).max(1);
        if factor < 2 {
            return None;
        }
        let window =
            Window { left: 0.0, top: 0.0, width: f64::from(width), height: f64::from(height) };
        let from = (width as usize, height as usize);
        let (width, height) = ((width * factor) as usize, (height * factor) as usize);
        let enlarged = self
            .resampler
            .resize(picture.as_raw(), (from, 3), window, (width, height), Filter::Mitchell)
            .ok()?;
        let pixels =
            enlarged.chunks_exact(3).map(|pixel| Color32::from_rgb(pixel[0], pixel[1], pixel[2]));
        Some(ColorImage::new([width, height], pixels.collect()))
    }
}
