//! Resizing. A picture that shrinks is filtered by Lanczos-3 (sharp, no aliasing), one that grows by
//! Catmull-Rom (less ringing). Both work on the stored values, as the field's tools do;
//! `tests/data_formats.rs` compares with Pillow. Label maps are not filtered: what lies between two
//! labels is no label.

pub(super) use latentscape_resample::Window;
use latentscape_resample::{Filter, Resampler};

use crate::error::{Error, Result};

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
    let shrinks = window.width > size.0 as f64 || window.height > size.1 as f64;
    let filter = match sampling {
        Sampling::Nearest => Filter::Nearest,
        Sampling::Smooth if shrinks => Filter::Lanczos3,
        Sampling::Smooth => Filter::CatmullRom,
    };
    Resampler::default()
        .resize(pixels, (from, channels), window, size, filter)
        .map_err(|why| Error::bad_setting("picture", format!("it cannot be resized: {why}")))
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
