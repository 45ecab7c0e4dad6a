//! Between tensors in [-1, 1] and pictures people can look at.

mod cache;
mod labels;
pub mod paint;
mod pixels;
mod text;

use std::io::Cursor;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use image::{ImageFormat, Rgb, RgbImage};
use rayon::prelude::*;

pub use cache::{PictureCache, small};
pub use labels::{Labels, labelled};
pub use pixels::{InputKind, Label, Pixels, is_label_map, to_rgb};

use crate::disk;
use crate::error::{Error, Result};

/// One picture for each item of `batch` `[B, C, H, W]` in [-1, 1]; a grey one (C = 1) gets three
/// equal channels. Values outside the range are clipped, NaN becomes black.
///
/// # Errors
/// [`Error::Tensor`] if the shape is another or the device fails.
pub fn from_tensor(batch: &Tensor) -> Result<Vec<RgbImage>> {
    let (count, channels, height, width) = batch.dims4()?;
    if !matches!(channels, 1 | 3) {
        return Err(message(format!("a picture has 1 or 3 channels, not {channels}")));
    }
    let values = interleaved(batch)?;
    let picture = |item: usize| {
        let values = &values[item * channels * height * width..][..channels * height * width];
        let bytes = match channels {
            1 => values.iter().flat_map(|value| [byte(*value); 3]).collect(),
            _ => values.iter().map(|value| byte(*value)).collect(),
        };
        RgbImage::from_raw(width as u32, height as u32, bytes)
            .ok_or_else(|| message("a picture without pixels".into()))
    };
    (0..count).into_par_iter().with_min_len(8).map(picture).collect()
}

/// The interleaved bytes H·W·C of each picture of `batch` `[B, C, H, W]` in [-1, 1], one after the
/// other: the reverse of [`to_tensor`].
///
/// # Errors
/// [`Error::Tensor`] if the shape is another or the device fails.
pub fn to_bytes(batch: &Tensor) -> Result<Vec<u8>> {
    Ok(interleaved(batch)?.into_iter().map(byte).collect())
}

/// The values of `batch` `[B, C, H, W]` in the order `[B, H, W, C]`.
fn interleaved(batch: &Tensor) -> Result<Vec<f32>> {
    // A generator's pictures lie in memory with channels last already.
    let values = batch.to_dtype(DType::F32)?.permute((0, 2, 3, 1))?.flatten_all()?;
    Ok(values.to_vec1()?)
}

fn message(text: String) -> Error {
    candle_core::Error::Msg(text).into()
}

/// The nearest byte for a value in [-1, 1].
pub fn byte(value: f32) -> u8 {
    // `as` cuts off what is behind the point, clips, and turns NaN into 0.
    ((value + 1.0) * 127.5 + 0.5) as u8
}

/// The value in [-1, 1] of a byte.
pub fn value(byte: u8) -> f32 {
    f32::from(byte) / 127.5 - 1.0
}

/// A batch `[B, C, H, W]` in [-1, 1] from interleaved bytes: each of `items` holds H·W·C of them.
///
/// # Errors
/// [`Error::Tensor`] if an item has another length or the device fails.
pub fn to_tensor(
    items: &[&[u8]],
    (channels, height, width): (usize, usize, usize),
    device: &Device,
) -> Result<Tensor> {
    let plane = height * width;
    let mut values = vec![0f32; items.len() * channels * plane];
    for (item, planes) in items.iter().zip(values.chunks_mut((channels * plane).max(1))) {
        if item.len() != channels * plane {
            let expected = channels * plane;
            return Err(message(format!(
                "a picture has {} bytes instead of {expected}",
                item.len()
            )));
        }
        for (pixel, bytes) in item.chunks_exact(channels).enumerate() {
            for (channel, &byte) in bytes.iter().enumerate() {
                planes[channel * plane + pixel] = value(byte);
            }
        }
    }
    Ok(Tensor::from_vec(values, (items.len(), channels, height, width), device)?)
}

/// Pictures of one size in rows of `columns`, `gap` pixels apart on `ground`.
pub fn sheet(pictures: &[RgbImage], columns: usize, gap: u32, ground: Rgb<u8>) -> RgbImage {
    let Some(first) = pictures.first() else {
        return RgbImage::new(1, 1);
    };
    let (width, height) = first.dimensions();
    let columns = columns.clamp(1, pictures.len()) as u32;
    let rows = (pictures.len() as u32).div_ceil(columns);
    let mut sheet =
        RgbImage::from_pixel(columns * (width + gap) - gap, rows * (height + gap) - gap, ground);
    for (i, picture) in (0u32..).zip(pictures) {
        paste(&mut sheet, picture, i % columns * (width + gap), i / columns * (height + gap));
    }
    sheet
}

/// Pictures that belong together, such as a drawing and its answers, in rows of `columns`.
pub fn together(pictures: &[RgbImage], columns: usize) -> RgbImage {
    const GAP: u32 = 2;
    const GROUND: Rgb<u8> = Rgb([128; 3]);
    sheet(pictures, columns, GAP, GROUND)
}

/// Puts `picture` into `sheet` with its corner at `x` and `y`, as far as it fits: row by row, since
/// the sheet of a grid is put together at every move of a corner.
fn paste(sheet: &mut RgbImage, picture: &RgbImage, x: u32, y: u32) {
    let bytes = |pixels: u32| pixels as usize * 3;
    let (width, across) = (bytes(picture.width()), bytes(sheet.width()));
    let Some(room) = across.checked_sub(bytes(x)) else { return };
    let taken = width.min(room);
    if taken == 0 {
        return;
    }
    let to = sheet.chunks_exact_mut(across).skip(y as usize);
    for (row, to) in picture.as_raw().chunks_exact(width).zip(to) {
        to[bytes(x)..bytes(x) + taken].copy_from_slice(&row[..taken]);
    }
}

/// Columns that make a sheet of `count` pictures about square.
pub fn square_columns(count: usize) -> usize {
    (count as f64).sqrt().ceil().max(1.0) as usize
}

/// The picture as a PNG file's bytes.
///
/// # Errors
/// [`Error::BadPicture`] if it has no pixels.
pub fn png(picture: &RgbImage) -> Result<Vec<u8>> {
    let mut bytes = Cursor::new(Vec::new());
    picture
        .write_to(&mut bytes, ImageFormat::Png)
        .map_err(|error| Error::bad_picture("<picture>", error.to_string()))?;
    Ok(bytes.into_inner())
}

/// Writes `picture` to `path` as PNG, all or nothing.
///
/// # Errors
/// [`Error::Io`] if the file cannot be written.
pub fn save_png(path: &Path, picture: &RgbImage) -> Result<()> {
    disk::write_atomic(path, &png(picture)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_survive_the_way_there_and_back() {
        for b in 0..=255 {
            assert_eq!(byte(value(b)), b);
        }
        assert_eq!([byte(-7.0), byte(7.0), byte(f32::NAN)], [0, 255, 0]);
    }

    #[test]
    fn channels_and_rows_keep_their_place() {
        // One 2×3 picture (height 2, width 3), interleaved.
        let bytes: Vec<u8> = (0..18).map(|i| i * 10).collect();
        let batch = to_tensor(&[&bytes], (3, 2, 3), &Device::Cpu).unwrap();
        let picture = &from_tensor(&batch).unwrap()[0];
        assert_eq!(picture.dimensions(), (3, 2));
        assert_eq!(picture.as_raw(), &bytes);
        assert_eq!(to_bytes(&batch).unwrap(), bytes);
        let grey = to_tensor(&[&bytes[..6]], (1, 2, 3), &Device::Cpu).unwrap();
        assert_eq!(from_tensor(&grey).unwrap()[0].get_pixel(1, 1).0, [40; 3]);
    }

    #[test]
    fn wrong_shapes_are_errors() {
        assert!(to_tensor(&[&[0; 5]], (1, 2, 3), &Device::Cpu).is_err());
        let two = Tensor::zeros((1, 2, 4, 4), DType::F32, &Device::Cpu).unwrap();
        assert!(from_tensor(&two).is_err());
    }

    #[test]
    fn a_sheet_has_its_pictures_in_reading_order() {
        let pictures: Vec<_> =
            (0..5u8).map(|i| RgbImage::from_pixel(4, 2, Rgb([i, i, i]))).collect();
        let sheet = sheet(&pictures, 3, 1, Rgb([99; 3]));
        assert_eq!(sheet.dimensions(), (14, 5));
        assert_eq!(sheet.get_pixel(0, 0).0, [0; 3]);
        assert_eq!(sheet.get_pixel(10, 1).0, [2; 3]);
        assert_eq!(sheet.get_pixel(5, 3).0, [4; 3]);
        assert_eq!(sheet.get_pixel(4, 0).0, [99; 3]);
        assert_eq!(sheet.get_pixel(13, 4).0, [99; 3]);
    }
}
