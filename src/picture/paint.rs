//! Painting on [`Pixels`]: strokes of a round brush, and floods.
//!
//! Places are in pixels from the left top; the middle of the first pixel is (0.5, 0.5).

use super::Pixels;

/// A round brush.
#[derive(Debug, Clone, PartialEq)]
pub struct Brush {
    /// A byte for each channel.
    pub colour: Vec<u8>,
    /// Half its width in pixels.
    pub radius: f32,
    /// Whether every pixel is painted as a whole or not at all: label maps have no shades.
    pub is_hard: bool,
    /// Whether the left half of the picture is the mirror image of what is painted in the right one, and
    /// the other way round.
    pub is_mirrored: bool,
}

/// One stroke, from where the brush is put down until it is lifted.
///
/// A pixel is painted as much as the stroke has covered it at most: a brush that goes over its own
/// soft edge again does not harden it.
#[derive(Debug, Clone)]
pub struct Stroke {
    brush: Brush,
    before: Pixels,
    /// How much of each pixel is covered, 0 to 1.
    cover: Vec<f32>,
    last: (f32, f32),
}

impl Stroke {
    /// Puts the brush down at `at`.
    pub fn begin(pixels: &mut Pixels, brush: Brush, at: (f32, f32)) -> Self {
        let (width, height) = pixels.size();
        let cover = vec![0.0; width * height];
        let mut stroke = Self { brush, before: pixels.clone(), cover, last: at };
        stroke.go_on(pixels, at);
        stroke
    }

    /// Moves the brush on to `to`.
    pub fn go_on(&mut self, pixels: &mut Pixels, to: (f32, f32)) {
        let from = std::mem::replace(&mut self.last, to);
        self.segment(pixels, from, to);
        if self.brush.is_mirrored {
            let width = pixels.size().0 as f32;
            let mirrored = |(x, y): (f32, f32)| (width - x, y);
            self.segment(pixels, mirrored(from), mirrored(to));
        }
    }

    /// Takes everything back and draws a straight line from `from` to `to` instead.
    pub fn only(&mut self, pixels: &mut Pixels, from: (f32, f32), to: (f32, f32)) {
        pixels.clone_from(&self.before);
        self.cover.fill(0.0);
        self.last = from;
        self.go_on(pixels, to);
    }

    fn segment(&mut self, pixels: &mut Pixels, from: (f32, f32), to: (f32, f32)) {
        let (width, height) = pixels.size();
        let reach = self.brush.radius + 1.0;
        let range = |a: f32, b: f32, most: usize| {
            let first = (a.min(b) - reach).floor().clamp(0.0, most as f32) as usize;
            let last = (a.max(b) + reach).ceil().clamp(0.0, most as f32) as usize;
            first..last
        };
        for y in range(from.1, to.1, height) {
            for x in range(from.0, to.0, width) {
                let distance = distance((x as f32 + 0.5, y as f32 + 0.5), from, to);
                let share = (self.brush.radius + 0.5 - distance).clamp(0.0, 1.0);
                let share = if self.brush.is_hard { share.round() } else { share };
                let cover = &mut self.cover[y * width + x];
                if share > *cover {
                    *cover = share;
                    self.paint(pixels, (x, y), share);
                }
            }
        }
    }

    fn paint(&self, pixels: &mut Pixels, (x, y): (usize, usize), share: f32) {
        let (Some(to), Some(from)) = (pixels.get_mut(x, y), self.before.get(x, y)) else { return };
        for ((to, &from), &wanted) in to.iter_mut().zip(from).zip(&self.brush.colour) {
            let mixed = f32::from(from) + share * (f32::from(wanted) - f32::from(from));
            *to = mixed.round() as u8;
        }
    }
}

/// How far `point` is from the line between `a` and `b`.
fn distance(point: (f32, f32), a: (f32, f32), b: (f32, f32)) -> f32 {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let length = dx * dx + dy * dy;
    let along = match length > 0.0 {
        true => (((point.0 - a.0) * dx + (point.1 - a.1) * dy) / length).clamp(0.0, 1.0),
        false => 0.0,
    };
    (point.0 - a.0 - along * dx).hypot(point.1 - a.1 - along * dy)
}

/// Fills the area around column `x` and row `y` with `colour`: all pixels that hang together, side by
/// side, and whose channels differ by `tolerance` at most from the one at that place. Returns how many
/// there are; none outside the picture.
pub fn flood(pixels: &mut Pixels, (x, y): (usize, usize), colour: &[u8], tolerance: u8) -> usize {
    let (width, height) = pixels.size();
    let Some(start) = pixels.get(x, y).map(<[u8]>::to_vec) else { return 0 };
    let is_like = |pixel: &[u8]| pixel.iter().zip(&start).all(|(a, b)| a.abs_diff(*b) <= tolerance);
    let mut seen = vec![false; width * height];
    let mut waiting = vec![(x, y)];
    let mut count = 0;
    while let Some((x, y)) = waiting.pop() {
        let Some(pixel) = pixels.get_mut(x, y) else { continue };
        if std::mem::replace(&mut seen[y * width + x], true) || !is_like(pixel) {
            continue;
        }
        for (to, from) in pixel.iter_mut().zip(colour) {
            *to = *from;
        }
        count += 1;
        let beside = [(x.wrapping_sub(1), y), (x + 1, y), (x, y.wrapping_sub(1)), (x, y + 1)];
        waiting.extend(beside.into_iter().filter(|&(x, y)| x < width && y < height));
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brush(radius: f32) -> Brush {
        Brush { colour: vec![0], radius, is_hard: false, is_mirrored: false }
    }

    /// How much ink is on white paper, in pixels.
    fn ink(pixels: &Pixels) -> f32 {
        pixels.iter().map(|pixel| f32::from(255 - pixel[0]) / 255.0).sum()
    }

    #[test]
    fn a_stroke_has_the_area_of_its_shape() {
        let mut pixels = Pixels::plain(&[255], (64, 48));
        let mut stroke = Stroke::begin(&mut pixels, brush(3.0), (10.3, 20.7));
        // A round dot.
        assert!((ink(&pixels) - std::f32::consts::PI * 9.0).abs() < 0.8, "{}", ink(&pixels));
        stroke.go_on(&mut pixels, (40.3, 20.7));
        let line = std::f32::consts::PI * 9.0 + 30.0 * 6.0;
        assert!((ink(&pixels) - line).abs() < 2.0, "{} instead of {line}", ink(&pixels));
        // Going over it again changes nothing, however many small steps that takes.
        let once = pixels.clone();
        for x in (0..30).rev() {
            stroke.go_on(&mut pixels, (10.3 + x as f32, 20.7));
        }
        let differs = once.iter().zip(pixels.iter()).filter(|(a, b)| a[0].abs_diff(b[0]) > 1);
        assert_eq!(differs.count(), 0);
        assert!(stroke.before.is_plain());
        stroke.only(&mut pixels, (5.0, 5.0), (5.0, 5.0));
        assert!((ink(&pixels) - std::f32::consts::PI * 9.0).abs() < 0.8);
    }

    #[test]
    fn labels_have_no_shades_and_mirrors_are_exact() {
        let mut pixels = Pixels::plain(&[9, 9, 9], (33, 20));
        let colour = vec![200, 100, 50];
        let brush = Brush { colour, radius: 2.3, is_hard: true, is_mirrored: true };
        let mut stroke = Stroke::begin(&mut pixels, brush, (3.0, 4.0));
        stroke.go_on(&mut pixels, (9.0, 14.5));
        // Beyond the edge there is nothing to paint on.
        stroke.go_on(&mut pixels, (-50.0, 400.0));
        assert!(pixels.iter().all(|p| p == [9, 9, 9] || p == [200, 100, 50]));
        assert!(!pixels.is_plain());
        for y in 0..20 {
            for x in 0..33 {
                assert_eq!(pixels.get(x, y), pixels.get(32 - x, y), "{x} {y}");
            }
        }
    }

    #[test]
    fn a_flood_stops_at_lines() {
        let mut pixels = Pixels::plain(&[255], (20, 20));
        let mut stroke = Stroke::begin(&mut pixels, brush(0.6), (10.5, 0.5));
        stroke.go_on(&mut pixels, (10.5, 19.5));
        let mut filled = pixels.clone();
        let left = flood(&mut filled, (2, 2), &[77], 40);
        assert_eq!(left, 10 * 20, "all that is left of the line");
        assert_eq!(
            (filled.get(9, 9), filled.get(12, 9)),
            (Some([77].as_slice()), Some([255].as_slice()))
        );
        // The same colour again, and a place that is not there.
        assert_eq!(flood(&mut filled, (2, 2), &[77], 0), left);
        assert_eq!(flood(&mut filled, (20, 2), &[0], 0), 0);
    }
}
