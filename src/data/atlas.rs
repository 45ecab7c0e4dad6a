//! Many small pictures in one embedded file: from left to right, then from top to bottom.

use std::io::Cursor;

use image::{ImageReader, Limits, RgbImage};
use serde::Deserialize;

use super::decode::luma;
use crate::error::{Error, Result};

/// How an atlas is laid out.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Layout {
    /// Pixels of a picture, a side.
    pub tile: usize,
    /// Pictures in a row.
    pub across: usize,
    /// Pictures in all.
    pub count: usize,
}

impl Layout {
    /// Reads a description; `origin` names it in messages.
    pub fn read(text: &str, origin: &str) -> Result<Self> {
        let layout: Self = serde_json::from_str(text).map_err(|error| damaged(origin, error))?;
        if layout.tile == 0 || layout.across == 0 || layout.count == 0 {
            return Err(damaged(origin, "its table describes no pictures"));
        }
        Ok(layout)
    }
}

/// A decoded atlas.
#[derive(Debug)]
pub(super) struct Atlas {
    layout: Layout,
    pixels: RgbImage,
}

impl Atlas {
    /// Decodes the file's `bytes`; `origin` names it in messages.
    pub fn decode(bytes: &[u8], layout: Layout, origin: &str) -> Result<Self> {
        let damaged = |error: &dyn std::fmt::Display| damaged(origin, error);
        let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format();
        let mut reader = reader.map_err(|error| damaged(&error))?;
        // Our own file: known to be large, and to be sound.
        reader.limits(Limits::no_limits());
        let pixels = reader.decode().map_err(|error| damaged(&error))?.into_rgb8();
        let Layout { tile, across, count } = layout;
        Self { layout, pixels }.at_least(across * tile, count.div_ceil(across) * tile, origin)
    }

    /// The colours of an atlas of places: rows of `most` colours, one for each picture of `layout`.
    pub fn decode_colours(bytes: &[u8], most: usize, layout: Layout, origin: &str) -> Result<Self> {
        let whole = Layout { tile: 1, across: 1, count: 1 };
        let Self { pixels, .. } = Self::decode(bytes, whole, origin)?;
        let rows = Layout { tile: most, across: 1, count: layout.count };
        if pixels.width() as usize != most {
            return Err(damaged(origin, "its colours are not as many as its table says"));
        }
        Self { layout: rows, pixels }.at_least(most, layout.count, origin)
    }

    fn at_least(self, width: usize, height: usize, origin: &str) -> Result<Self> {
        if (self.pixels.width() as usize) < width || (self.pixels.height() as usize) < height {
            return Err(damaged(origin, "its picture is smaller than its table says"));
        }
        Ok(self)
    }

    /// As [`Self::tile`] for an atlas whose pixels are places in a row of colours: row `number` of
    /// `colours`, an atlas of one row a picture.
    pub fn coloured_tile(&self, colours: &Self, number: usize, channels: usize) -> Vec<u8> {
        let most = colours.layout.tile;
        let row = &colours.pixels.as_raw()[number * most * 3..][..most * 3];
        let places = self.tile(number, 1);
        let pixels = places.into_iter().map(|place| {
            let at = usize::from(place).min(most - 1) * 3;
            [row[at], row[at + 1], row[at + 2]]
        });
        interleaved(pixels, self.layout.tile.pow(2), channels)
    }

    /// The picture with this number, which is less than the count: interleaved bytes of `channels`,
    /// 1 to 4 (grey, grey and opacity, colour, colour and opacity).
    pub fn tile(&self, number: usize, channels: usize) -> Vec<u8> {
        let Layout { tile, across, .. } = self.layout;
        let width = self.pixels.width() as usize * 3;
        let (left, top) = (number % across * tile, number / across * tile);
        let rows = self.pixels.as_raw().chunks_exact(width).skip(top).take(tile);
        let pixels = rows.flat_map(|row| row[left * 3..][..tile * 3].chunks_exact(3));
        interleaved(pixels.map(|rgb| [rgb[0], rgb[1], rgb[2]]), tile * tile, channels)
    }
}

/// The red, green and blue of `count` pixels as bytes of `channels`.
fn interleaved(pixels: impl Iterator<Item = [u8; 3]>, count: usize, channels: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(count * channels);
    for rgb in pixels {
        match channels {
            1 | 2 => bytes.push(luma(rgb)),
            _ => bytes.extend_from_slice(&rgb),
        }
        if channels.is_multiple_of(2) {
            bytes.push(255);
        }
    }
    bytes
}

/// An embedded file that is not what it was when the program was built.
pub(super) fn damaged(origin: &str, why: impl std::fmt::Display) -> Error {
    Error::bad_data(origin, format!("{why}; this copy of the program is damaged, get it again"))
}
