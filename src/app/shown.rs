//! Pictures on their way to the screen.

use eframe::egui::{Color32, ColorImage, Context, TextureHandle, TextureOptions};
use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::U8x3;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use image::RgbImage;

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
    resizer: Resizer,
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
        // Typed: `resize` would bring the code for every kind of pixel into this crate, and minutes
        // of compilation with it.
        let source = TypedImageRef::<U8x3>::from_buffer(width, height, picture.as_raw()).ok()?;
        let (width, height) = (width * factor, height * factor);
        let mut target = TypedImage::<U8x3>::new(width, height);
        let filter = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Mitchell));
        self.resizer.resize_typed(&source, &mut target, &filter).ok()?;
        let pixels = target.pixels().iter().map(|pixel| {
            let [r, g, b] = pixel.0;
            Color32::from_rgb(r, g, b)
        });
        Some(ColorImage::new([width as usize, height as usize], pixels.collect()))
    }
}
