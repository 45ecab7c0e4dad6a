//! Two pictures that belong together, to what a network learns from: the input's channels of each
//! pixel, then the output's.
//!
//! Both halves are framed alike: the part that is taken follows from the input, and is the same part
//! of the output. An input that is a label map keeps its colours: it is resized to the nearest pixel.

use std::path::Path;

use image::metadata::Orientation;
use image::{DynamicImage, RgbImage};

use super::decode::{self, Decoder, Looked};
use super::frame::Cut;
use super::place::Place;
use super::resample::Sampling;
use super::{Direction, Framing, Target};
use crate::error::{Error, Result};
use crate::picture::{is_label_map, to_rgb};

/// How the reason ends for a file that holds but one picture.
pub(super) const NOT_BESIDE: &str = "it is not two pictures side by side";

/// The framed pair of a place; `None` if decoding would take more than `budget` bytes of memory.
pub(super) fn read_within(
    place: &Place,
    decoder: &Decoder,
    budget: u64,
) -> Result<Option<Vec<u8>>> {
    match halves(place, budget)? {
        Some([input, output]) => framed(input, output, decoder.target, decoder.framing).map(Some),
        None => Ok(None),
    }
}

/// What a pair is, and, where `wanted` says so, how the network will see it.
pub(super) fn look_within(
    place: &Place,
    decoder: &Decoder,
    budget: u64,
    wanted: bool,
) -> Result<Option<Looked>> {
    let Some([input, output]) = halves(place, budget)? else { return Ok(None) };
    let modes = [&input, &output].map(decode::mode);
    let mode = if modes[0] == modes[1] { modes[0].to_owned() } else { modes.join(" → ") };
    let mut hash = blake3::Hasher::new();
    for half in [&input, &output] {
        hash.update(&half.width().to_le_bytes());
        hash.update(&half.height().to_le_bytes());
        hash.update(&decode::flattened(half.clone(), 3));
    }
    let size = (input.width(), input.height());
    let framed = wanted.then(|| framed(input, output, decoder.target, decoder.framing));
    Ok(Some(Looked { size, mode, hash: hash.finalize(), framed: framed.transpose()? }))
}

/// Checks what the headers of a pair say, without decoding it.
pub(super) fn check(place: &Place) -> Result<()> {
    match place {
        Place::Two(input, output) => {
            same_shape(input, decode::size_within(input)?, decode::size_within(output)?)
        }
        place => half_width(place.path(), decode::size_within(place.path())?).map(|_| ()),
    }
}

/// Input and output, upright.
fn halves(place: &Place, budget: u64) -> Result<Option<[DynamicImage; 2]>> {
    match place {
        Place::Whole(path) => Err(Error::bad_picture(path, "it is not a pair")),
        Place::Halves(path, direction) => {
            let Some(image) = upright(path, budget)? else { return Ok(None) };
            let height = image.height();
            let width = half_width(path, (image.width(), height))?;
            let [a, b] = [0, width].map(|left| image.crop_imm(left, 0, width, height));
            Ok(Some(match direction {
                Direction::AToB => [a, b],
                Direction::BToA => [b, a],
            }))
        }
        Place::Two(input, output) => {
            let Some(a) = upright(input, budget / 2)? else { return Ok(None) };
            let Some(b) = upright(output, budget / 2)? else { return Ok(None) };
            same_shape(input, (a.width(), a.height()), (b.width(), b.height()))?;
            Ok(Some([a, b]))
        }
    }
}

/// The picture in a file, turned as the camera was held; `None` if decoding would take more than
/// `budget` bytes of memory.
pub(super) fn upright(path: &Path, budget: u64) -> Result<Option<DynamicImage>> {
    let Some((mut image, orientation)) = decode::decoded_within(path, budget)? else {
        return Ok(None);
    };
    if orientation != Orientation::NoTransforms {
        image.apply_orientation(orientation);
    }
    Ok(Some(image))
}

/// The width of each of two pictures in one of `width` × `height`.
fn half_width(path: &Path, (width, height): (u32, u32)) -> Result<u32> {
    let why = if width <= height {
        format!("it has {width}×{height} pixels, and is no wider than high: {NOT_BESIDE}")
    } else if !width.is_multiple_of(2) {
        format!("its {width} pixels across cannot be two pictures of the same width")
    } else {
        return Ok(width / 2);
    };
    Err(Error::bad_picture(path, why))
}

/// Two sizes may differ, two shapes may not: but for what rounding does to one pixel.
fn same_shape(path: &Path, a: (u32, u32), b: (u32, u32)) -> Result<()> {
    let [(aw, ah), (bw, bh)] = [a, b].map(|(w, h)| (f64::from(w), f64::from(h)));
    let is_close = |side: f64, other: f64| (side - other).abs() <= 1.0;
    // The larger picture as large as the smaller one.
    let same = match aw * ah >= bw * bh {
        true => is_close(ah * bw / aw, bh) || is_close(aw * bh / ah, bw),
        false => is_close(bh * aw / bw, ah) || is_close(bw * ah / bh, aw),
    };
    if same {
        return Ok(());
    }
    let why = format!(
        "its {}×{} pixels and the {}×{} of its counterpart are of different shapes",
        a.0, a.1, b.0, b.1
    );
    Err(Error::bad_picture(path, why))
}

/// Both halves as `target` wants them, interleaved: `target.bytes()` bytes.
fn framed(
    input: DynamicImage,
    output: DynamicImage,
    target: Target,
    framing: Framing,
) -> Result<Vec<u8>> {
    let [from, other] =
        [&input, &output].map(|half| (half.width() as usize, half.height() as usize));
    let cut = Cut::new(from, (target.width, target.height), framing);
    let input = decode::flattened(input, target.input);
    let sampling = sampling_of(&input, target.input);
    let input = cut.take(&input, target.input, sampling)?;
    let output = decode::flattened(output, target.channels);
    let output = cut.of(other).take(&output, target.channels, Sampling::Smooth)?;
    Ok(interleaved(&input, &output, target))
}

/// One picture of two of the same size: the pixels of the one and of the other by turns.
pub(super) fn interleaved(input: &[u8], output: &[u8], target: Target) -> Vec<u8> {
    let mut both = Vec::with_capacity(target.bytes());
    let pixels = input.chunks_exact(target.input).zip(output.chunks_exact(target.channels));
    for (input, output) in pixels {
        both.extend_from_slice(input);
        both.extend_from_slice(output);
    }
    both
}

/// How an input is resized: pixels of a label map must not be blended.
pub(super) fn sampling_of(pixels: &[u8], channels: usize) -> Sampling {
    if is_label_map(pixels, channels) { Sampling::Nearest } else { Sampling::Smooth }
}

/// A picture as a network sees it, for people: grey as grey, what is see-through on white, and of a
/// pair both halves, the input at the left. `pixels` holds `target.bytes()` bytes.
pub fn beside(pixels: &[u8], target: Target) -> Option<RgbImage> {
    let halves = if target.input > 0 { 2 } else { 1 };
    let (width, height) = (target.width, target.height);
    let mut picture = RgbImage::new((halves * width) as u32, height as u32);
    if pixels.len() != target.bytes() {
        return None;
    }
    for (i, pixel) in pixels.chunks_exact(target.planes()).enumerate() {
        let (x, y) = ((i % width) as u32, (i / width) as u32);
        let (input, output) = pixel.split_at(target.input);
        if halves == 2 {
            picture.put_pixel(x, y, image::Rgb(to_rgb(input)));
        }
        picture.put_pixel(x + ((halves - 1) * width) as u32, y, image::Rgb(to_rgb(output)));
    }
    Some(picture)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_may_differ_by_what_rounding_does() {
        let path = Path::new("a.png");
        for (a, b) in [((4, 4), (4, 4)), ((500, 333), (250, 167)), ((250, 166), (500, 333))] {
            assert!(same_shape(path, a, b).is_ok(), "{a:?} {b:?}");
        }
        for (a, b) in [((40, 40), (40, 44)), ((500, 333), (250, 150)), ((16_384, 1), (1, 16_384))] {
            let error = same_shape(path, a, b).unwrap_err().to_string();
            assert!(error.contains("different shapes"), "{error}");
        }
    }

    #[test]
    fn people_see_both_halves() {
        let target = Target { input: 1, channels: 3, height: 1, width: 2 };
        let picture = beside(&[9, 1, 2, 3, 8, 4, 5, 6], target).unwrap();
        assert_eq!(picture.as_raw(), &[9, 9, 9, 8, 8, 8, 1, 2, 3, 4, 5, 6]);
        let plain = Target { input: 0, channels: 1, height: 1, width: 2 };
        assert_eq!(beside(&[7, 9], plain).unwrap().as_raw(), &[7, 7, 7, 9, 9, 9]);
        let clear = Target { input: 2, ..plain };
        assert_eq!(
            beside(&[9, 0, 7, 9, 255, 8], clear).unwrap().as_raw()[..6],
            [255, 255, 255, 9, 9, 9]
        );
        assert!(beside(&[7], plain).is_none());
    }
}
