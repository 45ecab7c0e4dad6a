//! From a picture of any shape to the target's: centre crop or letterbox, then one resize.

use std::collections::BTreeMap;

use super::resample::{Sampling, Window, resample};
use super::{Framing, Target};
use crate::error::{Error, Result};

/// Frames interleaved `pixels` (`width` × `height`, `target.channels` bytes each) for `target`.
/// Returns `target.bytes()` bytes.
///
/// # Errors
/// [`Error::BadSetting`] if the picture is empty, its bytes don't match its size, or the target is
/// outside its ranges.
pub fn frame(
    pixels: &[u8],
    (width, height): (usize, usize),
    target: Target,
    framing: Framing,
) -> Result<Vec<u8>> {
    target.validate()?;
    let expected = width.checked_mul(height).and_then(|n| n.checked_mul(target.channels));
    if pixels.is_empty() || expected != Some(pixels.len()) {
        return Err(Error::bad_setting(
            "picture",
            format!(
                "{} bytes cannot be {width}×{height} pixels of {} channels",
                pixels.len(),
                target.channels
            ),
        ));
    }
    let cut = Cut::new((width, height), (target.width, target.height), framing);
    cut.take(pixels, target.channels, Sampling::Smooth)
}

/// Which part of a picture is taken, and how large it becomes. All sizes are width and height.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut {
    /// The size of the whole picture.
    from: (usize, usize),
    window: Window,
    /// What the part is resized to: as wanted, unless the framing is [`Framing::Fit`].
    pub size: (usize, usize),
    wanted: (usize, usize),
}

impl Cut {
    /// From a picture of the size `from`, at least one pixel, for one of the size `wanted`.
    pub fn new(from: (usize, usize), wanted: (usize, usize), framing: Framing) -> Self {
        let (window, size) = match framing {
            Framing::Crop => (centred_window(from, wanted), wanted),
            Framing::Fit => {
                let (width, height) = (from.0 as f64, from.1 as f64);
                (Window { left: 0.0, top: 0.0, width, height }, fitted_size(from, wanted))
            }
        };
        Self { from, window, size, wanted }
    }

    /// The same part of a picture of the same shape, but of the size `other`.
    pub fn of(self, other: (usize, usize)) -> Self {
        let (across, down) =
            (other.0 as f64 / self.from.0 as f64, other.1 as f64 / self.from.1 as f64);
        let window = Window {
            left: self.window.left * across,
            top: self.window.top * down,
            width: self.window.width * across,
            height: self.window.height * down,
        };
        Self { from: other, window, ..self }
    }

    /// The part as it is wanted: resized, and on its ground.
    ///
    /// # Errors
    /// As [`Cut::resized`].
    pub fn take(&self, pixels: &[u8], channels: usize, sampling: Sampling) -> Result<Vec<u8>> {
        let inner = self.resized(pixels, channels, sampling)?;
        Ok(letterboxed(inner, self.size, self.wanted, channels, sampling))
    }

    /// The part, resized but not yet on its ground. What has its size already is left alone.
    ///
    /// # Errors
    /// [`Error::BadSetting`] if the bytes are not those of such a picture.
    pub fn resized(&self, pixels: &[u8], channels: usize, sampling: Sampling) -> Result<Vec<u8>> {
        let &Self { from, window, size, .. } = self;
        if from == size && window.width == from.0 as f64 && window.height == from.1 as f64 {
            return Ok(pixels.to_vec());
        }
        resample(pixels, from, window, size, channels, sampling)
    }
}

/// The largest centred window of a picture that has the shape of `to`.
fn centred_window(from: (usize, usize), to: (usize, usize)) -> Window {
    let (from_width, from_height) = (from.0 as f64, from.1 as f64);
    let (to_width, to_height) = (to.0 as f64, to.1 as f64);
    // Cross products instead of quotients: equal shapes compare equal.
    let (width, height) = if from_width * to_height > from_height * to_width {
        (from_height * to_width / to_height, from_height)
    } else {
        (from_width, from_width * to_height / to_width)
    };
    let centre = |whole: f64, part: f64| {
        let part = part.min(whole);
        let start = (whole - part) / 2.0;
        // Rounding must not push the far edge over the picture's.
        let part = if start + part > whole { part - (start + part - whole) * 2.0 } else { part };
        (start, part)
    };
    let (left, width) = centre(from_width, width);
    let (top, height) = centre(from_height, height);
    Window { left, top, width, height }
}

/// The largest size of the shape of `from` that fits into `to`; at least one pixel a side.
fn fitted_size(from: (usize, usize), to: (usize, usize)) -> (usize, usize) {
    let scaled = |side: usize, num: usize, den: usize| {
        (side as f64 * num as f64 / den as f64).round().max(1.0) as usize
    };
    if from.0 * to.1 > from.1 * to.0 {
        (to.0, scaled(from.1, to.0, from.0).min(to.1))
    } else {
        (scaled(from.0, to.1, from.1).min(to.0), to.1)
    }
}

/// The second half of framing: a picture of `size` no larger than `wanted` (widths and heights),
/// centred on a ground of the mean colour of its outermost pixels, or of their commonest where pixels
/// are labels.
pub(super) fn letterboxed(
    inner: Vec<u8>,
    (width, height): (usize, usize),
    wanted: (usize, usize),
    channels: usize,
    sampling: Sampling,
) -> Vec<u8> {
    if (width, height) == wanted {
        return inner;
    }
    let border = border(&inner, (width, height), channels);
    let colour = match sampling {
        Sampling::Smooth => mean(border, channels),
        Sampling::Nearest => commonest(border),
    };
    let mut framed = colour.repeat(wanted.0 * wanted.1);
    let (left, top) = ((wanted.0 - width) / 2, (wanted.1 - height) / 2);
    for (y, row) in inner.chunks_exact(width * channels).enumerate() {
        let start = ((top + y) * wanted.0 + left) * channels;
        framed[start..start + row.len()].copy_from_slice(row);
    }
    framed
}

/// The outermost ring of pixels.
fn border(
    pixels: &[u8],
    (width, height): (usize, usize),
    channels: usize,
) -> impl Iterator<Item = &[u8]> {
    let is_outermost = move |i: usize| {
        let (x, y) = (i % width, i / width);
        x == 0 || y == 0 || x + 1 == width || y + 1 == height
    };
    let pixels = pixels.chunks_exact(channels).enumerate();
    pixels.filter(move |(i, _)| is_outermost(*i)).map(|(_, pixel)| pixel)
}

/// The mean of some pixels, channel by channel.
fn mean<'a>(pixels: impl Iterator<Item = &'a [u8]>, channels: usize) -> Vec<u8> {
    let mut sums = vec![0u64; channels];
    let mut count = 0;
    for pixel in pixels {
        count += 1;
        for (sum, &value) in sums.iter_mut().zip(pixel) {
            *sum += u64::from(value);
        }
    }
    sums.into_iter().map(|sum| ((sum + count / 2) / count.max(1)) as u8).collect()
}

/// The colour that most of some pixels have; the darkest of several.
fn commonest<'a>(pixels: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut counts: BTreeMap<&[u8], usize> = BTreeMap::new();
    for pixel in pixels {
        *counts.entry(pixel).or_default() += 1;
    }
    let most = counts.into_iter().rev().max_by_key(|(_, count)| *count);
    most.map(|(pixel, _)| pixel.to_vec()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GREY: Target = Target { input: 0, channels: 1, height: 2, width: 2 };

    #[test]
    fn the_right_size_is_left_alone() {
        let pixels: Vec<u8> = (0..12).collect();
        let target = Target { input: 0, channels: 3, height: 2, width: 2 };
        for framing in [Framing::Crop, Framing::Fit] {
            assert_eq!(frame(&pixels, (2, 2), target, framing).unwrap(), pixels);
        }
    }

    #[test]
    fn crop_takes_the_middle() {
        // Six columns of two rows; columns 2 and 3 are the centre and need no resizing.
        let pixels = [0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15];
        assert_eq!(frame(&pixels, (6, 2), GREY, Framing::Crop).unwrap(), [2, 3, 12, 13]);
        let tall = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
        assert_eq!(frame(&tall, (2, 6), GREY, Framing::Crop).unwrap(), [4, 5, 6, 7]);
    }

    #[test]
    fn fit_keeps_everything_on_the_border_colour() {
        // A 4×2 picture, top row 40 and bottom row 60, in a 4×4 target: one row of ground (their
        // mean) above and below.
        let pixels = [40, 40, 40, 40, 60, 60, 60, 60];
        let target = Target { input: 0, channels: 1, height: 4, width: 4 };
        let framed = frame(&pixels, (4, 2), target, Framing::Fit).unwrap();
        assert_eq!(framed, [[50; 4], [40; 4], [60; 4], [50; 4]].concat());
    }

    #[test]
    fn labels_stand_on_a_label() {
        // Two labels: the border is mostly 9, and the mean of both would be neither.
        let map = [200, 9, 9, 9, 9, 200, 9, 9];
        let framed = letterboxed(map.to_vec(), (4, 2), (4, 4), 1, Sampling::Nearest);
        assert_eq!(framed, [[9; 4], [200, 9, 9, 9], [9, 200, 9, 9], [9; 4]].concat());
    }

    #[test]
    fn a_plain_colour_stays_plain() {
        let target = Target { input: 0, channels: 3, height: 5, width: 7 };
        for size in [(1, 1), (1, 16_384), (16_384, 1), (3, 2), (640, 481)] {
            for framing in [Framing::Crop, Framing::Fit] {
                let pixels = [200, 100, 7].repeat(size.0 * size.1);
                let framed = frame(&pixels, size, target, framing).unwrap();
                assert_eq!(framed, [200, 100, 7].repeat(35), "{size:?} {framing:?}");
            }
        }
    }

    #[test]
    fn windows_never_leave_the_picture() {
        for width in (1..200).chain([4095, 10_007, 16_384]) {
            for height in (1..50).chain([333, 16_383]) {
                for to in [(64, 64), (28, 28), (7, 5), (5, 7), (4096, 1), (1, 4096), (3, 1)] {
                    let window = centred_window((width, height), to);
                    assert!(window.left >= 0.0 && window.top >= 0.0);
                    assert!(window.width > 0.0 && window.height > 0.0);
                    assert!(window.left + window.width <= width as f64, "{width} {to:?}");
                    assert!(window.top + window.height <= height as f64, "{height} {to:?}");
                    let (w, h) = fitted_size((width, height), to);
                    assert!((1..=to.0).contains(&w) && (1..=to.1).contains(&h));
                    assert!(w == to.0 || h == to.1);
                }
            }
        }
    }

    #[test]
    fn bytes_that_do_not_match_are_an_error() {
        assert!(frame(&[0; 5], (2, 2), GREY, Framing::Crop).is_err());
        assert!(frame(&[], (0, 2), GREY, Framing::Crop).is_err());
        assert!(frame(&[0; 4], (usize::MAX, 2), GREY, Framing::Fit).is_err());
    }
}
