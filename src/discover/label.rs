//! Numbers drawn into a picture, with a tiny typeface of our own: 3×5 pixels and one between.

use image::{Rgb, RgbImage};

/// Width of "+0.00" with a margin, and height of a line, in pixels at scale 1.
pub(super) const WIDTH: u32 = 5 * 4 + 4;
pub(super) const HEIGHT: u32 = 5;

/// Rows of a glyph from the top, three bits each.
fn glyph(c: char) -> [u8; 5] {
    match c {
        '0' => [0b111, 0b101, 0b101, 0b101, 0b111],
        '1' => [0b010, 0b110, 0b010, 0b010, 0b111],
        '2' => [0b111, 0b001, 0b111, 0b100, 0b111],
        '3' => [0b111, 0b001, 0b111, 0b001, 0b111],
        '4' => [0b101, 0b101, 0b111, 0b001, 0b001],
        '5' => [0b111, 0b100, 0b111, 0b001, 0b111],
        '6' => [0b111, 0b100, 0b111, 0b101, 0b111],
        '7' => [0b111, 0b001, 0b010, 0b010, 0b010],
        '8' => [0b111, 0b101, 0b111, 0b101, 0b111],
        '9' => [0b111, 0b101, 0b111, 0b001, 0b111],
        '+' => [0b000, 0b010, 0b111, 0b010, 0b000],
        '-' => [0b000, 0b000, 0b111, 0b000, 0b000],
        '.' => [0b000, 0b000, 0b000, 0b000, 0b010],
        _ => [0; 5],
    }
}

/// Draws `text` in black, its top at `y` and its middle at `x`; what lies outside is left out.
pub(super) fn draw(picture: &mut RgbImage, text: &str, (x, y): (u32, u32), scale: u32) {
    let width = (text.chars().count() as u32 * 4).saturating_sub(1) * scale;
    let left = x.saturating_sub(width / 2);
    for (i, c) in (0u32..).zip(text.chars()) {
        for (row, bits) in (0u32..).zip(glyph(c)) {
            for column in (0..3u32).filter(|column| bits & (0b100 >> column) != 0) {
                for (dx, dy) in (0..scale).flat_map(|dy| (0..scale).map(move |dx| (dx, dy))) {
                    let at = (left + (i * 4 + column) * scale + dx, y + row * scale + dy);
                    if let Some(pixel) = picture.get_pixel_mut_checked(at.0, at.1) {
                        *pixel = Rgb([0; 3]);
                    }
                }
            }
        }
    }
}
