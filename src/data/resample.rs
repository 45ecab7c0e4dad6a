//! Resizing. A picture that shrinks is filtered by Lanczos-3 (sharp, no aliasing), one that grows by
//! Catmull-Rom (less ringing). Both work on the stored values, as the field's tools do;
//! `tests/data_formats.rs` compares with Pillow. Label maps are not filtered: what lies between two
//! labels is no label.

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::{InnerPixel, U8, U8x2, U8x3, U8x4};
use fast_image_resize::{FilterType, PixelTrait, ResizeAlg, ResizeOptions, Resizer};

use crate::error::{Error, Result};

/// A part of a picture, in pixels of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Window {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
}

/// How new pixels come from old ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sampling {
    /// Filtered.
    Smooth,
    /// Each the nearest old one: no new colours.
    Nearest,
}

/// Resizes a `window` of interleaved `pixels` (`width` × `height`, 1 to 4 channels) to `size`
/// (width, height). The window lies within the picture.
///
/// # Errors
/// [`Error::BadSetting`] if the pixels are not those of such a picture.
pub(super) fn resample(
    pixels: &[u8],
    from: (usize, usize),
    window: Window,
    size: (usize, usize),
    channels: usize,
    sampling: Sampling,
) -> Result<Vec<u8>> {
    let resized = match channels {
        1 => typed::<U8>(pixels, from, window, size, sampling),
        2 => typed::<U8x2>(pixels, from, window, size, sampling),
        3 => typed::<U8x3>(pixels, from, window, size, sampling),
        _ => typed::<U8x4>(pixels, from, window, size, sampling),
    };
    resized.map_err(|why| Error::bad_setting("picture", format!("it cannot be resized: {why}")))
}

/// [`resample`] for one kind of pixel.
fn typed<P: PixelTrait + InnerPixel>(
    pixels: &[u8],
    (width, height): (usize, usize),
    window: Window,
    size: (usize, usize),
    sampling: Sampling,
) -> std::result::Result<Vec<u8>, Box<dyn std::error::Error>> {
    let source = TypedImageRef::<P>::from_buffer(width.try_into()?, height.try_into()?, pixels)?;
    let mut resized = vec![0; size.0 * size.1 * P::size()];
    let (across, down) = (size.0.try_into()?, size.1.try_into()?);
    let mut target = TypedImage::<P>::from_buffer(across, down, &mut resized)?;
    let shrinks = window.width > size.0 as f64 || window.height > size.1 as f64;
    let algorithm = match sampling {
        Sampling::Nearest => ResizeAlg::Nearest,
        Sampling::Smooth if shrinks => ResizeAlg::Convolution(FilterType::Lanczos3),
        Sampling::Smooth => ResizeAlg::Convolution(FilterType::CatmullRom),
    };
    // Rounding must not carry the window over the edge.
    let (left, top) = (window.left.max(0.0), window.top.max(0.0));
    let options = ResizeOptions::new().resize_alg(algorithm).crop(
        left,
        top,
        window.width.min(width as f64 - left),
        window.height.min(height as f64 - top),
    );
    Resizer::new().resize_typed(&source, &mut target, &options)?;
    Ok(resized)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(width: usize, height: usize) -> Window {
        Window { left: 0.0, top: 0.0, width: width as f64, height: height as f64 }
    }

    #[test]
    fn the_same_size_is_the_same_picture() {
        let pixels: Vec<u8> = (0..5 * 4 * 3).map(|i| (i * 83 % 256) as u8).collect();
        assert_eq!(
            resample(&pixels, (5, 4), whole(5, 4), (5, 4), 3, Sampling::Smooth).unwrap(),
            pixels
        );
    }

    #[test]
    fn a_ramp_stays_a_ramp() {
        // 256 columns of 0..=255 on two rows, halved: the mean of each pair, away from the ends.
        let pixels: Vec<u8> = (0..512).map(|i| i as u8).collect();
        let halved =
            resample(&pixels, (256, 2), whole(256, 2), (128, 2), 1, Sampling::Smooth).unwrap();
        for (i, &value) in halved[..128].iter().enumerate().skip(3).take(122) {
            assert!(value.abs_diff((2 * i) as u8) <= 1, "{i}: {value}");
        }
    }

    #[test]
    fn fine_stripes_become_grey_not_coarse_stripes() {
        // One-pixel stripes have no place in a picture of a third of the size.
        let pixels: Vec<u8> = (0..300 * 3).map(|i| if i % 2 == 0 { 0 } else { 255 }).collect();
        let small =
            resample(&pixels, (300, 3), whole(300, 3), (97, 1), 1, Sampling::Smooth).unwrap();
        assert!(small[4..93].iter().all(|value| value.abs_diff(128) <= 12), "{small:?}");
    }

    #[test]
    fn windows_take_their_part_only() {
        let pixels = [0, 10, 20, 30, 40, 50];
        let window = Window { left: 2.0, top: 0.0, width: 3.0, height: 1.0 };
        assert_eq!(
            resample(&pixels, (6, 1), window, (3, 1), 1, Sampling::Smooth).unwrap(),
            [20, 30, 40]
        );
    }

    #[test]
    fn nearest_pixels_bring_no_new_colours() {
        let pixels = [0, 9, 200, 77, 9, 0].repeat(7);
        for size in [(3, 5), (5, 8), (14, 3), (100, 1)] {
            let sampled = resample(&pixels, (6, 7), whole(6, 7), size, 1, Sampling::Nearest);
            let sampled = sampled.unwrap();
            assert!(sampled.iter().all(|value| pixels.contains(value)), "{size:?}");
        }
        let twice = resample(&pixels, (6, 7), whole(6, 7), (12, 7), 1, Sampling::Nearest).unwrap();
        assert_eq!(twice[..12], [0, 0, 9, 9, 200, 200, 77, 77, 9, 9, 0, 0]);
    }
}
