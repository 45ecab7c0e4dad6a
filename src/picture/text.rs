//! Words drawn into a picture, in the typeface of the window.

use ab_glyph_rasterizer::{Point, Rasterizer, point};
use image::{Rgb, RgbImage};
use skrifa::instance::{LocationRef, Size};
use skrifa::outline::{DrawSettings, OutlinePen};
use skrifa::{FontRef, MetadataProvider};

/// A typeface at one size.
pub(super) struct Pen<'a> {
    font: FontRef<'a>,
    size: Size,
    /// Above and below the base line, in pixels.
    ascent: f32,
    descent: f32,
}

impl Pen<'static> {
    /// Letters for lines `height` pixels high.
    pub fn new(height: u32) -> Option<Self> {
        let font = FontRef::new(epaint_default_fonts::HACK_REGULAR).ok()?;
        let unit = font.metrics(Size::new(1.0), LocationRef::default());
        let pixels = height as f32 / (unit.ascent - unit.descent).max(0.1);
        let (ascent, descent) = (unit.ascent * pixels, -unit.descent * pixels);
        Some(Self { font, size: Size::new(pixels), ascent, descent })
    }

    /// Pixels from one line to the next.
    pub fn height(&self) -> u32 {
        (self.ascent + self.descent).ceil() as u32
    }

    /// Pixels that `text` takes from left to right.
    pub fn width(&self, text: &str) -> u32 {
        text.chars().map(|c| self.advance(c)).sum::<f32>().ceil() as u32
    }

    fn advance(&self, c: char) -> f32 {
        let glyph = self.font.charmap().map(c).unwrap_or_default();
        let metrics = self.font.glyph_metrics(self.size, LocationRef::default());
        metrics.advance_width(glyph).unwrap_or(0.0)
    }

    /// `text`, or as much of its beginning as fits into `width` pixels, with "…" behind it.
    pub fn cut(&self, text: &str, width: u32) -> String {
        if self.width(text) <= width {
            return text.to_owned();
        }
        let mut left = width as f32 - self.advance('…');
        let mut cut = String::new();
        for c in text.chars() {
            left -= self.advance(c);
            if left < 0.0 {
                break;
            }
            cut.push(c);
        }
        cut.truncate(cut.trim_end().len());
        cut.push('…');
        cut
    }

    /// Draws `text` in `ink` with its upper left corner at `(x, y)`; what lies outside is left out.
    pub fn draw(&self, picture: &mut RgbImage, text: &str, (x, y): (u32, u32), ink: Rgb<u8>) {
        let (width, height) = (self.width(text) as usize + 2, self.height() as usize + 2);
        let mut outline = Outline {
            raster: Rasterizer::new(width, height),
            left: 0.0,
            base: self.ascent,
            start: point(0.0, 0.0),
            last: point(0.0, 0.0),
        };
        for c in text.chars() {
            let glyph = self.font.charmap().map(c).unwrap_or_default();
            if let Some(glyph) = self.font.outline_glyphs().get(glyph) {
                let settings = DrawSettings::unhinted(self.size, LocationRef::default());
                // A letter that the typeface has broken is a gap in a label.
                let _ = glyph.draw(settings, &mut outline);
            }
            outline.left += self.advance(c);
        }
        outline.raster.for_each_pixel_2d(|dx, dy, cover| {
            if let Some(pixel) = picture.get_pixel_mut_checked(x + dx, y + dy) {
                let cover = cover.clamp(0.0, 1.0);
                for (channel, ink) in pixel.0.iter_mut().zip(ink.0) {
                    let (ground, ink) = (f32::from(*channel), f32::from(ink));
                    *channel = (ground + (ink - ground) * cover).round() as u8;
                }
            }
        });
    }
}

/// Takes a letter's outline, whose y points up, to the rasteriser, whose y points down.
struct Outline {
    raster: Rasterizer,
    left: f32,
    base: f32,
    start: Point,
    last: Point,
}

impl Outline {
    fn at(&self, x: f32, y: f32) -> Point {
        let (width, height) = self.raster.dimensions();
        point(
            (self.left + x).clamp(0.0, width as f32 - 1.0),
            (self.base - y).clamp(0.0, height as f32 - 1.0),
        )
    }
}

impl OutlinePen for Outline {
    fn move_to(&mut self, x: f32, y: f32) {
        self.start = self.at(x, y);
        self.last = self.start;
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let to = self.at(x, y);
        self.raster.draw_line(self.last, to);
        self.last = to;
    }

    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        let to = self.at(x, y);
        self.raster.draw_quad(self.last, self.at(cx, cy), to);
        self.last = to;
    }

    fn curve_to(&mut self, cx: f32, cy: f32, dx: f32, dy: f32, x: f32, y: f32) {
        let to = self.at(x, y);
        self.raster.draw_cubic(self.last, self.at(cx, cy), self.at(dx, dy), to);
        self.last = to;
    }

    fn close(&mut self) {
        self.raster.draw_line(self.last, self.start);
        self.last = self.start;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_leave_ink_where_they_stand() {
        let pen = Pen::new(14).unwrap();
        let mut picture = RgbImage::from_pixel(100, 20, Rgb([255; 3]));
        pen.draw(&mut picture, "G − D é", (5, 2), Rgb([0; 3]));
        let dark: Vec<_> = picture.enumerate_pixels().filter(|(_, _, p)| p.0[0] < 100).collect();
        assert!(dark.len() > 40, "{} dark pixels", dark.len());
        let right = 5 + pen.width("G − D é");
        assert!(dark.iter().all(|(x, y, _)| (5..right).contains(x) && (2..18).contains(y)));
    }

    #[test]
    fn what_does_not_fit_is_cut() {
        let pen = Pen::new(14).unwrap();
        assert_eq!(pen.cut("short", 200), "short");
        let cut = pen.cut("a very long name indeed", 60);
        assert!(cut.ends_with('…') && cut.starts_with('a') && pen.width(&cut) <= 60, "{cut}");
        assert_eq!(pen.cut("name", 0), "…");
    }
}
