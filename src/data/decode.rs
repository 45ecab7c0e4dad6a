//! One picture file to pixels: any supported format, upright, without transparency, 8 bits.
//!
//! Sizes are checked from the header, before anything of the picture's size is allocated.

use std::any::Any;
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use image::error::LimitErrorKind;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, RgbImage};
use rayon::prelude::*;

use super::{Framing, Target, frame, jpeg};
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
/// What the pictures that are being decoded side by side may take. Larger ones wait for their turn.
const PARALLEL_BYTES: u64 = 2 << 30;

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
    /// Width and height, upright.
    pub size: (u32, u32),
    /// The kind of its pixels, in words.
    pub mode: &'static str,
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
    /// The framed picture in a file: `target.bytes()` interleaved bytes.
    pub fn read(&self, path: &Path) -> Result<Vec<u8>> {
        match self.read_within(path, u64::MAX)? {
            Some(pixels) => Ok(pixels),
            None => Err(Error::bad_picture(path, "it is too large")),
        }
    }

    /// Reads several files side by side, the largest ones one after the other. Results are in the
    /// order of `paths`; from the moment `stop` is set they are [`Error::Cancelled`].
    pub fn read_many<P: AsRef<Path> + Sync>(
        &self,
        paths: &[P],
        stop: &AtomicBool,
    ) -> Vec<Result<Vec<u8>>> {
        self.read_many_within(paths, share(), stop)
    }

    /// Looks at several files side by side: what each is, and, where `wanted` says so, how the network
    /// will see it. Results are in the order of `paths`.
    pub fn look_at_many<P: AsRef<Path> + Sync>(
        &self,
        paths: &[P],
        wanted: impl Fn(usize) -> bool + Sync,
    ) -> Vec<Result<Looked>> {
        let share = share();
        let look = |i: usize, budget: u64| -> Result<Option<Looked>> {
            let path = paths[i].as_ref();
            let Some((image, orientation)) = decoded_within(path, budget)? else { return Ok(None) };
            let mode = mode(&image);
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
            let framed = wanted(i).then(|| self.framed(image, orientation)).transpose()?;
            Ok(Some(Looked { size, mode, hash: hash.finalize(), framed }))
        };
        let first: Vec<Option<Result<Looked>>> =
            (0..paths.len()).into_par_iter().map(|i| look(i, share).transpose()).collect();
        let again = |i: usize| match look(i, u64::MAX) {
            Ok(Some(looked)) => Ok(looked),
            Ok(None) => Err(Error::bad_picture(paths[i].as_ref(), "it is too large")),
            Err(error) => Err(error),
        };
        first.into_iter().enumerate().map(|(i, one)| one.unwrap_or_else(|| again(i))).collect()
    }

    /// As [`Self::read_many`]: side by side as long as one takes no more than `share` bytes.
    fn read_many_within<P: AsRef<Path> + Sync>(
        &self,
        paths: &[P],
        share: u64,
        stop: &AtomicBool,
    ) -> Vec<Result<Vec<u8>>> {
        let stopped = || stop.load(Ordering::Relaxed);
        let first_pass: Vec<Option<Result<Vec<u8>>>> = paths
            .par_iter()
            .map(|path| {
                if stopped() {
                    return Some(Err(Error::Cancelled));
                }
                self.read_within(path.as_ref(), share).transpose()
            })
            .collect();
        let second_pass = |(result, path): (Option<Result<Vec<u8>>>, &P)| match result {
            Some(result) => result,
            None if stopped() => Err(Error::Cancelled),
            None => self.read(path.as_ref()),
        };
        first_pass.into_iter().zip(paths).map(second_pass).collect()
    }

    /// As [`Self::read`]; `None` if decoding would take more than `budget` bytes of memory.
    fn read_within(&self, path: &Path, budget: u64) -> Result<Option<Vec<u8>>> {
        let Some((image, orientation)) = decoded_within(path, budget)? else { return Ok(None) };
        self.framed(image, orientation).map(Some)
    }

    /// Checks a file's header, without decoding it.
    pub fn check(&self, path: &Path) -> Result<()> {
        let bytes = disk::read_limited(path, MAX_FILE_BYTES)?;
        guarded(path, || header(path, &bytes).map(|_| ()))
    }

    /// Crops and resizes first, then turns: a small picture is turned in no time.
    fn framed(&self, image: DynamicImage, orientation: Orientation) -> Result<Vec<u8>> {
        let target = self.target;
        let lying = if is_on_its_side(orientation) {
            Target { height: target.width, width: target.height, ..target }
        } else {
            target
        };
        let size = (image.width() as usize, image.height() as usize);
        let pixels = flattened(image, target.channels);
        let (pixels, size) = frame::resized(&pixels, size, lying, self.framing)?;
        if orientation == Orientation::NoTransforms {
            return Ok(frame::letterboxed(pixels, size, target));
        }
        let (width, height) = (size.0 as u32, size.1 as u32);
        let picture = if target.channels == 1 {
            image::GrayImage::from_raw(width, height, pixels).map(DynamicImage::ImageLuma8)
        } else {
            RgbImage::from_raw(width, height, pixels).map(DynamicImage::ImageRgb8)
        };
        let mut picture =
            picture.ok_or_else(|| Error::bad_setting("picture", "its bytes do not fit"))?;
        picture.apply_orientation(orientation);
        let size = (picture.width() as usize, picture.height() as usize);
        Ok(frame::letterboxed(picture.into_bytes(), size, target))
    }
}

/// The decoded picture in a file, and how the camera was held; `None` if decoding would take more
/// than `budget` bytes of memory.
fn decoded_within(path: &Path, budget: u64) -> Result<Option<(DynamicImage, Orientation)>> {
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

/// What decoding one of several files side by side may take.
fn share() -> u64 {
    PARALLEL_BYTES / rayon::current_num_threads().max(1) as u64
}

/// The kind of a picture's pixels, in words.
fn mode(image: &DynamicImage) -> &'static str {
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

/// Interleaved bytes of `channels` (1 or 3), transparency laid on white.
fn flattened(image: DynamicImage, channels: usize) -> Vec<u8> {
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
        let mut paths = Vec::new();
        for (number, side) in [8u32, 200, 9, 300].into_iter().enumerate() {
            let picture = RgbImage::from_pixel(side, side, Rgb([number as u8 * 50, 1, 2]));
            paths.push(folder.path().join(format!("{number}.png")));
            picture.save(&paths[number]).unwrap();
        }
        let share = 50_000;
        assert!(DECODER.read_within(&paths[1], share).unwrap().is_none());
        assert!(DECODER.read_within(&paths[2], share).unwrap().is_some());
        let go_on = AtomicBool::new(false);
        let results = DECODER.read_many_within(&paths, share, &go_on);
        for (number, pixels) in results.into_iter().enumerate() {
            assert_eq!(pixels.unwrap(), [number as u8 * 50, 1, 2].repeat(4));
        }
        let stop = AtomicBool::new(true);
        let results = DECODER.read_many_within(&paths, share, &stop);
        assert!(results.iter().all(|result| matches!(result, Err(Error::Cancelled))));
    }

    #[test]
    fn a_panic_becomes_an_error() {
        let result: Result<()> = guarded(Path::new("a.png"), || panic!("index out of bounds"));
        assert!(matches!(result, Err(Error::BadPicture { .. })));
    }
}
