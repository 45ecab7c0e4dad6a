//! Resizing: a separable convolution whose kernel is stretched to cover what it shrinks.
//!
//! An axis that shrinks uses Lanczos-3 (sharp, no aliasing), one that grows Catmull-Rom (R. Keys,
//! "Cubic convolution interpolation for digital image processing", 1981, a = -1/2: less ringing).
//! Both work on the stored values, as the field's tools do; `tests/data_formats.rs` compares with
//! Pillow. Sums are in a fixed order: the same bytes on every machine.

/// A part of a picture, in pixels of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Window {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
}

/// Resizes a `window` of interleaved `pixels` (`width` × `height`, 1 or 3 channels) to `size`
/// (width, height). The window lies within the picture.
pub(super) fn resample(
    pixels: &[u8],
    (width, height): (usize, usize),
    window: Window,
    size: (usize, usize),
    channels: usize,
) -> Vec<u8> {
    let columns = taps(width, window.left, window.width, size.0);
    let rows = taps(height, window.top, window.height, size.1);
    if channels == 1 {
        convolve::<1>(pixels, width, &columns, &rows)
    } else {
        convolve::<3>(pixels, width, &columns, &rows)
    }
}

/// What one output position is made of: the weights of the positions from `start` on.
struct Taps {
    start: usize,
    weights: Vec<f32>,
}

/// The taps of `count` positions spread over `extent` of an axis of `size` pixels.
fn taps(size: usize, from: f64, extent: f64, count: usize) -> Vec<Taps> {
    let scale = extent / count as f64;
    let (kernel, radius): (fn(f64) -> f64, f64) =
        if scale > 1.0 { (lanczos3, 3.0) } else { (catmull_rom, 2.0) };
    let stretch = scale.max(1.0);
    let one = |position: usize| {
        let centre = from + (position as f64 + 0.5) * scale;
        let start = ((centre - radius * stretch).floor().max(0.0) as usize).min(size - 1);
        let end = ((centre + radius * stretch).ceil() as usize).clamp(start + 1, size);
        let weights: Vec<f64> =
            (start..end).map(|i| kernel((i as f64 + 0.5 - centre) / stretch)).collect();
        let sum: f64 = weights.iter().sum();
        Taps { start, weights: weights.iter().map(|weight| (weight / sum) as f32).collect() }
    };
    (0..count).map(one).collect()
}

fn lanczos3(x: f64) -> f64 {
    let sinc = |x: f64| {
        let x = x * std::f64::consts::PI;
        if x == 0.0 { 1.0 } else { x.sin() / x }
    };
    if x.abs() < 3.0 { sinc(x) * sinc(x / 3.0) } else { 0.0 }
}

fn catmull_rom(x: f64) -> f64 {
    let x = x.abs();
    if x < 1.0 {
        (1.5 * x - 2.5) * x * x + 1.0
    } else if x < 2.0 {
        ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    } else {
        0.0
    }
}

/// First down the columns, which runs over whole rows, then along what is left of them. One row at
/// a time: memory for a row is all it takes.
fn convolve<const C: usize>(
    pixels: &[u8],
    width: usize,
    columns: &[Taps],
    rows: &[Taps],
) -> Vec<u8> {
    let mut resized = Vec::with_capacity(columns.len() * rows.len() * C);
    let mut line = vec![0f32; width * C];
    for taps in rows {
        line.fill(0.0);
        let sources = pixels[taps.start * width * C..].chunks_exact(width * C);
        for (&weight, source) in taps.weights.iter().zip(sources) {
            for (sum, &value) in line.iter_mut().zip(source) {
                *sum += weight * f32::from(value);
            }
        }
        for taps in columns {
            let mut sums = [0f32; C];
            let sources = line[taps.start * C..].chunks_exact(C);
            for (&weight, source) in taps.weights.iter().zip(sources) {
                for (sum, &value) in sums.iter_mut().zip(source) {
                    *sum += weight * value;
                }
            }
            // `as` clips what a kernel overshoots.
            resized.extend(sums.map(|sum| sum.round() as u8));
        }
    }
    resized
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(width: usize, height: usize) -> Window {
        Window { left: 0.0, top: 0.0, width: width as f64, height: height as f64 }
    }

    #[test]
    fn kernels_are_one_at_the_centre_and_zero_at_the_neighbours() {
        for kernel in [lanczos3, catmull_rom] {
            assert_eq!(kernel(0.0), 1.0);
            for n in 1..5 {
                assert!(kernel(n as f64).abs() < 1e-15 && kernel(-n as f64).abs() < 1e-15);
            }
        }
        // Keys' cubic half-way: 9/16 and -1/16.
        assert_eq!((catmull_rom(0.5), catmull_rom(1.5)), (0.5625, -0.0625));
    }

    #[test]
    fn the_same_size_is_the_same_picture() {
        let pixels: Vec<u8> = (0..5 * 4 * 3).map(|i| (i * 83 % 256) as u8).collect();
        assert_eq!(resample(&pixels, (5, 4), whole(5, 4), (5, 4), 3), pixels);
    }

    #[test]
    fn a_ramp_stays_a_ramp() {
        // 256 columns of 0..=255 on two rows, halved: the mean of each pair, away from the ends.
        let pixels: Vec<u8> = (0..512).map(|i| i as u8).collect();
        let halved = resample(&pixels, (256, 2), whole(256, 2), (128, 2), 1);
        for (i, &value) in halved[..128].iter().enumerate().skip(3).take(122) {
            assert!(value.abs_diff((2 * i) as u8) <= 1, "{i}: {value}");
        }
    }

    #[test]
    fn fine_stripes_become_grey_not_coarse_stripes() {
        // One-pixel stripes have no place in a picture of a third of the size.
        let pixels: Vec<u8> = (0..300 * 3).map(|i| if i % 2 == 0 { 0 } else { 255 }).collect();
        let small = resample(&pixels, (300, 3), whole(300, 3), (97, 1), 1);
        assert!(small[4..93].iter().all(|value| value.abs_diff(128) <= 12), "{small:?}");
    }

    #[test]
    fn windows_take_their_part_only() {
        let pixels = [0, 10, 20, 30, 40, 50];
        let window = Window { left: 2.0, top: 0.0, width: 3.0, height: 1.0 };
        assert_eq!(resample(&pixels, (6, 1), window, (3, 1), 1), [20, 30, 40]);
    }
}
