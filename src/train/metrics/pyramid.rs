//! The Laplacian pyramid (Burt & Adelson 1983, "The Laplacian pyramid as a compact image code"):
//! what each scale adds to the next coarser one.

/// The binomial filter of five taps, over 16.
const TAPS: [f32; 5] = [1.0 / 16.0, 4.0 / 16.0, 6.0 / 16.0, 4.0 / 16.0, 1.0 / 16.0];
/// No level has fewer pixels a side, but the first.
const LEAST_SIDE: usize = 16;

/// Planes `[C, H, W]` of one level.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Level {
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) planes: Vec<f32>,
}

/// Height and width of each level of a pyramid over pictures of `height` × `width`.
pub(super) fn sizes(mut height: usize, mut width: usize) -> Vec<(usize, usize)> {
    let mut sizes = vec![(height, width)];
    while height.is_multiple_of(2) && width.is_multiple_of(2) && height.min(width) / 2 >= LEAST_SIDE
    {
        (height, width) = (height / 2, width / 2);
        sizes.push((height, width));
    }
    sizes
}

/// The pyramid over `level`, finest first; the last level is what is left of the picture itself.
pub(super) fn laplacian(mut level: Level) -> Vec<Level> {
    let sizes = sizes(level.height, level.width);
    let mut levels = Vec::with_capacity(sizes.len());
    for _ in 1..sizes.len() {
        let coarse = level.halved();
        level.subtract_doubled(&coarse);
        levels.push(level);
        level = coarse;
    }
    levels.push(level);
    levels
}

impl Level {
    /// Blurred, and every second pixel of every second row of it.
    fn halved(&self) -> Self {
        let (height, width) = (self.height / 2, self.width / 2);
        let mut planes = Vec::with_capacity(self.planes.len() / 4);
        for plane in self.planes.chunks_exact(self.height * self.width) {
            let mut narrow = vec![0.0; self.height * width];
            for (row, out) in plane.chunks_exact(self.width).zip(narrow.chunks_exact_mut(width)) {
                for (x, value) in out.iter_mut().enumerate() {
                    *value = taps(2 * x, self.width, |x| row[x]);
                }
            }
            for y in 0..height {
                for x in 0..width {
                    planes.push(taps(2 * y, self.height, |y| narrow[y * width + x]));
                }
            }
        }
        Self { height, width, planes }
    }

    /// Takes away `coarse`, spread over twice as many pixels a side with zeros between and blurred
    /// with four times the weight.
    fn subtract_doubled(&mut self, coarse: &Self) {
        let (height, width) = (self.height, self.width);
        let planes = self.planes.chunks_exact_mut(height * width);
        let coarse_planes = coarse.planes.chunks_exact(coarse.height * coarse.width);
        for (plane, small) in planes.zip(coarse_planes) {
            let mut wide = vec![0.0; coarse.height * width];
            for (row, out) in small.chunks_exact(coarse.width).zip(wide.chunks_exact_mut(width)) {
                for (x, value) in out.iter_mut().enumerate() {
                    let at = |x: usize| if x.is_multiple_of(2) { row[x / 2] } else { 0.0 };
                    *value = 2.0 * taps(x, width, at);
                }
            }
            for (y, out) in plane.chunks_exact_mut(width).enumerate() {
                for (x, value) in out.iter_mut().enumerate() {
                    let at =
                        |y: usize| if y.is_multiple_of(2) { wide[y / 2 * width + x] } else { 0.0 };
                    *value -= 2.0 * taps(y, height, at);
                }
            }
        }
    }
}

/// The filter around `place` of a row of `length` values, which goes on mirrored at its ends without
/// repeating the last value.
fn taps(place: usize, length: usize, value: impl Fn(usize) -> f32) -> f32 {
    let mut sum = 0.0;
    for (tap, weight) in TAPS.iter().enumerate() {
        let at = (place + tap).abs_diff(2);
        let at = if at >= length { 2 * (length - 1) - at } else { at };
        sum += weight * value(at);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_go_down_to_sixteen() {
        assert_eq!(sizes(64, 64), [(64, 64), (32, 32), (16, 16)]);
        assert_eq!(sizes(28, 28), [(28, 28)]);
        assert_eq!(sizes(100, 100), [(100, 100), (50, 50), (25, 25)]);
        assert_eq!(sizes(8, 8), [(8, 8)]);
    }

    #[test]
    fn an_even_picture_has_no_detail() {
        let flat = Level { height: 64, width: 32, planes: vec![0.75; 3 * 64 * 32] };
        let levels = laplacian(flat);
        assert_eq!(levels.len(), 2);
        assert!(levels[0].planes.iter().all(|value| value.abs() < 1e-6));
        assert!(levels[1].planes.iter().all(|value| (value - 0.75).abs() < 1e-6));
    }
}
