//! Resizing of interleaved 8-bit pictures.
//!
//! A crate of its own for one reason: `fast_image_resize` is generic over pixels and pictures, and
//! whoever calls it compiles its kernels for every processor and number of channels, a quarter of all
//! code there was. Here that is done once, and not again with every change of the program.

use std::error::Error;

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::{InnerPixel, U8, U8x2, U8x3, U8x4};
use fast_image_resize::{FilterType, PixelTrait, ResizeAlg, ResizeOptions, Resizer};

/// How new pixels come from old ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// Each the nearest old one: no new colours.
    Nearest,
    /// Lanczos with three lobes: sharp, for making pictures smaller.
    Lanczos3,
    /// Catmull and Rom's cubic: sharp, for making pictures larger.
    CatmullRom,
    /// Mitchell and Netravali's cubic: soft, without rings.
    Mitchell,
}

impl Filter {
    fn algorithm(self) -> ResizeAlg {
        match self {
            Self::Nearest => ResizeAlg::Nearest,
            Self::Lanczos3 => ResizeAlg::Convolution(FilterType::Lanczos3),
            Self::CatmullRom => ResizeAlg::Convolution(FilterType::CatmullRom),
            Self::Mitchell => ResizeAlg::Convolution(FilterType::Mitchell),
        }
    }
}

/// A part of a picture, in pixels of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// Pixels left of it.
    pub left: f64,
    /// Pixels above it.
    pub top: f64,
    /// Pixels across.
    pub width: f64,
    /// Pixels down.
    pub height: f64,
}

/// Resizes pictures; its buffers are used again for the next one.
#[derive(Debug, Clone, Default)]
pub struct Resampler(Resizer);

impl Resampler {
    /// Resizes a `window` of interleaved `pixels` of 1 to 4 `channels`, `from` is their width and
    /// height, to the size `to`. The window lies within the picture.
    ///
    /// # Errors
    /// If the pixels are not those of such a picture.
    pub fn resize(
        &mut self,
        pixels: &[u8],
        (from, channels): ((usize, usize), usize),
        window: Window,
        to: (usize, usize),
        filter: Filter,
    ) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
        match channels {
            1 => self.typed::<U8>(pixels, from, window, to, filter),
            2 => self.typed::<U8x2>(pixels, from, window, to, filter),
            3 => self.typed::<U8x3>(pixels, from, window, to, filter),
            4 => self.typed::<U8x4>(pixels, from, window, to, filter),
            other => Err(format!("a picture has 1 to 4 channels, not {other}").into()),
        }
    }

    fn typed<P: PixelTrait + InnerPixel>(
        &mut self,
        pixels: &[u8],
        (width, height): (usize, usize),
        window: Window,
        to: (usize, usize),
        filter: Filter,
    ) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
        let source =
            TypedImageRef::<P>::from_buffer(width.try_into()?, height.try_into()?, pixels)?;
        let mut resized = vec![0; to.0 * to.1 * P::size()];
        let (across, down) = (to.0.try_into()?, to.1.try_into()?);
        let mut target = TypedImage::<P>::from_buffer(across, down, &mut resized)?;
        // Rounding must not carry the window over the edge.
        let (left, top) = (window.left.max(0.0), window.top.max(0.0));
        let options = ResizeOptions::new().resize_alg(filter.algorithm()).crop(
            left,
            top,
            window.width.min(width as f64 - left),
            window.height.min(height as f64 - top),
        );
        self.0.resize_typed(&source, &mut target, &options)?;
        Ok(resized)
    }
}
