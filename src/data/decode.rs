//! One picture file to pixels: any supported format, upright, without transparency, 8 bits.
//!
//! Sizes are checked from the header, before anything of the picture's size is allocated.

use std::any::Any;
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use image::error::LimitErrorKind;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, RgbImage};

use super::frame::{Cut, letterboxed};
use super::place::Place;
use super::resample::Sampling;
use super::{Framing, Target, jpeg, pairs, reading};
use crate::disk;
use crate::error::{Error, Result};

/// The longest side of a picture that is read, in pixels.
pub const MAX_SIDE: u32 = 16_384;
/// The most pixels of a picture that is read.
pub const MAX_PIXELS: u64 = 200_000_000;
/// The most bytes of a decoded picture: [`MAX_PIXELS`] with four channels.
const MAX_DECODED_BYTES: u64 = 1 << 30;
/// What a PNG decoder may take for its rows and the file's colour profile.
const MAX_PROFILE_BYTES: u64 = 32 << 20;
/// The largest file that is read.
const MAX_FILE_BYTES: u64 = 512 << 20;

/// Formats that are read, as told to the user.
pub(super) const FORMATS: &str = "PNG, JPEG, WebP, GIF and BMP";

/// The picture in a file: upright (EXIF), on white where it is transparent, 8 bits a channel. The
/// first frame of an animation.
///
/// # Errors
/// [`Error::Io`] if the file cannot be read; [`Error::BadPicture`] if it is no picture, damaged,
/// in a format that is not supported, or larger than [`MAX_SIDE`] a side or [`MAX_PIXELS`].
pub fn open_picture(path: &Path) -> Result<RgbImage> {
    let bytes = disk::read_limited(path, MAX_FILE_BYTES)?;
    let (image, orientation) = guarded(path, || {
        let mut header = header(path, &bytes)?;
        let orientation = orientation(&mut header);
        Ok((body(path, header)?, orientation))
    })?;
    let (width, height) = (image.width(), image.height());
    let pixels = flattened(image, 3);
    let picture = RgbImage::from_raw(width, height, pixels)
        .ok_or_else(|| Error::bad_picture(path, "it has no pixels"))?;
    let mut upright = DynamicImage::ImageRgb8(picture);
    upright.apply_orientation(orientation);
    Ok(upright.into_rgb8())
}

/// Whether the first bytes of a file (16 are enough) are those of a format that is read.
pub(super) fn is_supported(start: &[u8]) -> bool {
    image::guess_format(start).is_ok_and(supported)
}

fn supported(format: ImageFormat) -> bool {
    use ImageFormat::{Bmp, Gif, Jpeg, Png, WebP};
    matches!(format, Png | Jpeg | WebP | Gif | Bmp)
}

/// What a look at a picture file showed.
#[derive(Debug)]
pub(super) struct Looked {
    /// Width and height, upright; of the input, if it is a pair.
    pub size: (u32, u32),
    /// The kind of its pixels, in words.
    pub mode: String,
    /// Of its pixels in colour: equal pictures have equal ones, whatever their files.
    pub hash: blake3::Hash,
    /// How the network will see it, if that was asked for.
    pub framed: Option<Vec<u8>>,
}

/// Turns picture files into what a network wants.
#[derive(Debug, Clone, Copy)]
pub(super) struct Decoder {
    pub target: Target,
    pub framing: Framing,
}

impl Decoder {
    /// Reads several pictures side by side, the largest ones one after the other: `target.bytes()`
    /// interleaved bytes each. Results are in the order of `places`; from the moment `stop` is set
    /// they are [`Error::Cancelled`].
    pub fn read_many(&self, places: &[&Place], stop: &AtomicBool) -> Vec<Result<Vec<u8>>> {
        let read = |i: usize, budget: u64| self.read_within(places[i], budget);
        reading::side_by_side(places.len(), reading::share(), stop, read)
    }

    /// Looks at several pictures side by side: what each is, and, where `wanted` says so, how the
    /// network will see it. Results are in the order of `places`.
    pub fn look_at_many(
        &self,
        places: &[Place],
        wanted: impl Fn(usize) -> bool + Sync,
    ) -> Vec<Result<Looked>> {
        let look = |i: usize, budget: u64| match &places[i] {
            Place::Whole(path) => self.look_within(path, budget, wanted(i)),
            pair => pairs::look_within(pair, self, budget, wanted(i)),
        };
        let go_on = AtomicBool::new(false);
        reading::side_by_side(places.len(), reading::share(), &go_on, look)
    }

    fn look_within(&self, path: &Path, budget: u64, wanted: bool) -> Result<Option<Looked>> {
        let Some((image, orientation)) = decoded_within(path, budget)? else { return Ok(None) };
        let mode = mode(&image).to_owned();
        let mut hash = blake3::Hasher::new();
        let mut size = (image.width(), image.height());
        for number in [size.0, size.1, u32::from(orientation.to_exif())] {
            hash.update(&number.to_le_bytes());
        }
        let image = DynamicImage::ImageRgb8(
            RgbImage::from_raw(size.0, size.1, flattened(image, 3))
                .ok_or_else(|| Error::bad_picture(path, "it has no pixels"))?,
        );
        hash.update(image.as_bytes());
        if is_on_its_side(orientation) {
            size = (size.1, size.0);
        }
        let framed = wanted.then(|| self.framed(image, orientation)).transpose()?;
        Ok(Some(Looked { size, mode, hash: hash.finalize(), framed }))
    }

    /// The framed picture of a place; `None` if decoding would take more than `budget` bytes of
    /// memory.
    pub(super) fn read_within(&self, place: &Place, budget: u64) -> Result<Option<Vec<u8>>> {
        match place {
            Place::Whole(path) => match decoded_within(path, budget)? {
                Some((image, orientation)) => self.framed(image, orientation).map(Some),
                None => Ok(None),
            },
            pair => pairs::read_within(pair, self, budget),
        }
    }

    /// Checks what the headers of its files say, without decoding them.
    pub fn check(&self, place: &Place) -> Result<()> {
        match place {
            Place::Whole(path) => size_within(path).map(|_| ()),
            pair => pairs::check(pair),
        }
    }

    /// Crops and resizes first, then turns: a small picture is turned in no time.
    fn framed(&self, image: DynamicImage, orientation: Orientation) -> Result<Vec<u8>> {
        let Target { channels, height, width, .. } = self.target;
        let wanted = (width, height);
        let lying = if is_on_its_side(orientation) { (height, width) } else { wanted };
        let size = (image.width() as usize, image.height() as usize);
        let pixels = flattened(image, channels);
        let cut = Cut::new(size, lying, self.framing);
        if orientation == Orientation::NoTransforms {
            return cut.take(&pixels, channels, Sampling::Smooth);
        }
        let pixels = cut.resized(&pixels, channels, Sampling::Smooth)?;
        let (across, down) = (cut.size.0 as u32, cut.size.1 as u32);
        let picture = if channels == 1 {
            image::GrayImage::from_raw(across, down, pixels).map(DynamicImage::ImageLuma8)
        } else {
            RgbImage::from_raw(across, down, pixels).map(DynamicImage::ImageRgb8)
        };
        let mut picture =
            picture.ok_or_else(|| Error::bad_setting("picture", "its bytes do not fit"))?;
        picture.apply_orientation(orientation);
        let size = (picture.width() as usize, picture.height() as usize);
        Ok(letterboxed(picture.into_bytes(), size, wanted, channels, Sampling::Smooth))
    }
}

/// Width and height of the picture in a file, upright, as its header says; its pixels are not decoded.
pub(super) fn size_within(path: &Path) -> Result<(u32, u32)> {
    let bytes = disk::read_limited(path, MAX_FILE_BYTES)?;
    guarded(path, || {
        let mut header = header(path, &bytes)?;
        let (width, height) = header.dimensions();
        Ok(if is_on_its_side(orientation(&mut header)) { (height, width) } else { (width, height) })
    })
}

/// The decoded picture in a file, and how the camera was held; `None` if decoding would take more
/// than `budget` bytes of memory.
pub(super) fn decoded_within(
    path: &Path,
    budget: u64,
) -> Result<Option<(DynamicImage, Orientation)>> {
    let file_bytes = std::fs::metadata(path).map_err(Error::io("read", path))?.len();
    if file_bytes > budget {
        return Ok(None);
    }
    let bytes = disk::read_limited(path, MAX_FILE_BYTES)?;
    guarded(path, || {
        let mut header = header(path, &bytes)?;
        // Decoded, and once more while it is converted.
        if file_bytes.saturating_add(header.total_bytes().saturating_mul(2)) > budget {
            return Ok(None);
        }
        let orientation = orientation(&mut header);
        Ok(Some((body(path, header)?, orientation)))
    })
}

/// The kind of a picture's pixels, in words.
pub(super) fn mode(image: &DynamicImage) -> &'static str {
    let color = image.color();
    match (
        color.has_color(),
        color.has_alpha(),
        color.bytes_per_pixel() / color.channel_count() > 1,
    ) {
        (false, false, false) => "grey",
        (false, false, true) => "grey, 16 bits",
        (false, true, _) => "grey, transparent",
        (true, false, false) => "colour",
        (true, false, true) => "colour, 16 bits",
        (true, true, _) => "colour, transparent",
    }
}

fn is_on_its_side(orientation: Orientation) -> bool {
    use Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
    matches!(orientation, Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH)
}

/// Checks format and size of a picture file's `bytes`.
fn header<'a>(path: &Path, bytes: &'a [u8]) -> Result<impl ImageDecoder + 'a> {
    let bad = |why: String| Error::bad_picture(path, why);
    if bytes.is_empty() {
        return Err(bad("the file is empty".into()));
    }
    let format = image::guess_format(bytes)
        .map_err(|_| bad(format!("its content is not that of a picture ({FORMATS} are read)")))?;
    if !supported(format) {
        return Err(bad(format!("the format {format:?} is not supported; save it as PNG or JPEG")));
    }
    if format == ImageFormat::Jpeg && !jpeg::is_complete(bytes) {
        return Err(bad("the file is truncated".into()));
    }
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits(format));
    let header = reader.into_decoder().map_err(|error| bad(why(&error)))?;
    let (width, height) = header.dimensions();
    if width == 0 || height == 0 {
        return Err(bad(format!("it has {width}×{height} pixels")));
    }
    let too_large = width.max(height) > MAX_SIDE
        || u64::from(width) * u64::from(height) > MAX_PIXELS
        || header.total_bytes() > MAX_DECODED_BYTES;
    if too_large {
        return Err(bad(format!("{width}×{height} pixels are too many; {}", largest())));
    }
    Ok(header)
}

/// Decodes what [`header`] has found to be of a sane size.
fn body(path: &Path, header: impl ImageDecoder) -> Result<DynamicImage> {
    DynamicImage::from_decoder(header).map_err(|error| Error::bad_picture(path, why(&error)))
}

/// How the camera was held. A damaged note about it is no reason to lose the picture.
fn orientation(header: &mut impl ImageDecoder) -> Orientation {
    header.orientation().unwrap_or(Orientation::NoTransforms)
}

/// What a decoder may take beside the picture itself.
fn limits(format: ImageFormat) -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    // PNG needs a few rows; the rest of its limit is for compressed colour profiles, which can be
    // bombs. The others put frames together and need the picture's size again.
    limits.max_alloc =
        Some(if format == ImageFormat::Png { MAX_PROFILE_BYTES } else { MAX_DECODED_BYTES });
    limits
}

/// The largest size, as told to the user.
fn largest() -> String {
    format!("the largest are {MAX_SIDE} a side and {} million in all", MAX_PIXELS / 1_000_000)
}

/// A decoder's error in a few words.
fn why(error: &ImageError) -> String {
    match error {
        ImageError::Limits(limit) if matches!(limit.kind(), LimitErrorKind::DimensionError) => {
            format!("it has too many pixels; {}", largest())
        }
        ImageError::Limits(_) => "decoding it would take too much memory".into(),
        ImageError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            "the file is truncated".into()
        }
        ImageError::Unsupported(error) => {
            format!("it uses something unsupported ({})", one_line(error))
        }
        error => format!("the file is damaged ({})", one_line(error)),
    }
}

/// Some decoders end their messages with an empty line.
fn one_line(error: &impl std::fmt::Display) -> String {
    error.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Runs a decoder; its panic over a hostile file becomes an error like any other.
fn guarded<T>(path: &Path, decode: impl FnOnce() -> Result<T>) -> Result<T> {
    let panicked = |panic: Box<dyn Any + Send>| {
        let message = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("no message");
        tracing::debug!("decoder panicked over {}: {message}", path.display());
        Error::bad_picture(PathBuf::from(path), "the file is damaged (its decoder gave up)")
    };
    catch_unwind(AssertUnwindSafe(decode)).unwrap_or_else(|panic| Err(panicked(panic)))
}

/// Interleaved bytes of `channels` (1 or 3), transparency laid on white; 2 and 4 keep it as their
/// last channel.
pub(super) fn flattened(image: DynamicImage, channels: usize) -> Vec<u8> {
    if matches!(channels, 2 | 4) {
        let image = image.into_rgba8();
        let grey = |[r, g, b, alpha]: [u8; 4]| [luma([r, g, b]), alpha];
        return match channels {
            2 => image.pixels().flat_map(|pixel| grey(pixel.0)).collect(),
            _ => image.into_raw(),
        };
    }
    let image = if image.color().has_alpha() { on_white(image) } else { image };
    match (channels, image) {
        (1, DynamicImage::ImageLuma8(grey)) => grey.into_raw(),
        (1, image) => image.into_rgb8().pixels().map(|pixel| luma(pixel.0)).collect(),
        (_, image) => image.into_rgb8().into_raw(),
    }
}

fn on_white(image: DynamicImage) -> DynamicImage {
    let image = image.into_rgba8();
    let mut flat = RgbImage::new(image.width(), image.height());
    for (to, from) in flat.pixels_mut().zip(image.pixels()) {
        let [red, green, blue, alpha] = from.0.map(u32::from);
        let mix = |value: u32| ((value * alpha + 255 * (255 - alpha) + 127) / 255) as u8;
        to.0 = [red, green, blue].map(mix);
    }
    DynamicImage::ImageRgb8(flat)
}

/// ITU-R BT.601 luma of a stored colour, what image tools call grey: 0.299 R + 0.587 G + 0.114 B.
pub(super) fn luma([red, green, blue]: [u8; 3]) -> u8 {
    // Sixteen-bit fractions that add up to one, so that white stays white.
    let sum = 19_595 * u32::from(red) + 38_470 * u32::from(green) + 7_471 * u32::from(blue);
    ((sum + 0x8000) >> 16) as u8
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    const DECODER: Decoder = Decoder {
        target: Target { input: 0, channels: 3, height: 2, width: 2 },
        framing: Framing::Crop,
    };

    #[test]
    fn grey_is_the_luma_of_other_tools() {
        // python -c "from PIL import Image; print(Image.new('RGB', (1, 1), COLOUR).convert('L').getpixel((0, 0)))"
        for (colour, grey) in [
            ([255, 0, 0], 76),
            ([0, 255, 0], 150),
            ([0, 0, 255], 29),
            ([10, 200, 99], 132),
            ([255, 255, 255], 255),
            ([77, 77, 77], 77),
        ] {
            assert_eq!(luma(colour), grey, "{colour:?}");
        }
    }

    #[test]
    fn pictures_that_wait_for_their_turn_keep_their_place() {
        let folder = tempfile::tempdir().unwrap();
        let mut places = Vec::new();
        for (number, side) in [8u32, 200, 9, 300].into_iter().enumerate() {
            let picture = RgbImage::from_pixel(side, side, Rgb([number as u8 * 50, 1, 2]));
            let path = folder.path().join(format!("{number}.png"));
            picture.save(&path).unwrap();
            places.push(Place::Whole(path));
        }
        let share = 50_000;
        assert!(DECODER.read_within(&places[1], share).unwrap().is_none());
        assert!(DECODER.read_within(&places[2], share).unwrap().is_some());
        let read = |i: usize, budget| DECODER.read_within(&places[i], budget);
        let go_on = AtomicBool::new(false);
        let results = reading::side_by_side(places.len(), share, &go_on, read);
        for (number, pixels) in results.into_iter().enumerate() {
            assert_eq!(pixels.unwrap(), [number as u8 * 50, 1, 2].repeat(4));
        }
        let stop = AtomicBool::new(true);
        let results = reading::side_by_side(places.len(), share, &stop, read);
        assert!(results.iter().all(|result| matches!(result, Err(Error::Cancelled))));
    }

    #[test]
    fn a_panic_becomes_an_error() {
        let result: Result<()> = guarded(Path::new("a.png"), || panic!("index out of bounds"));
        assert!(matches!(result, Err(Error::BadPicture { .. })));
    }
}
