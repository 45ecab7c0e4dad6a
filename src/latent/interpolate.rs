//! Ways from one latent to another.

use rand_chacha::ChaCha8Rng;

use super::{Latent, Prior};

/// The straight line: `a` at t = 0, `b` at t = 1. Both must have the same length; the result has
/// the shorter one's.
pub fn lerp(a: &Latent, b: &Latent, t: f32) -> Latent {
    Latent(a.0.iter().zip(&b.0).map(|(a, b)| a + (b - a) * t).collect())
}

/// The great arc (Shoemake 1985, "Animating rotation with quaternion curves"): turns from `a` to
/// `b` at constant speed while the length goes linearly from one's to the other's. High-dimensional
/// normal latents all have about the same length, and the straight line leaves it (White 2016,
/// "Sampling Generative Networks"). Near-parallel and zero vectors fall back to the line.
pub fn slerp(a: &Latent, b: &Latent, t: f32) -> Latent {
    let (norm_a, norm_b) = (a.norm(), b.norm());
    if norm_a < 1e-6 || norm_b < 1e-6 {
        return lerp(a, b, t);
    }
    let dot: f32 = a.0.iter().zip(&b.0).map(|(x, y)| (x / norm_a) * (y / norm_b)).sum();
    let angle = dot.clamp(-1.0, 1.0).acos();
    let sine = angle.sin();
    if sine < 1e-4 {
        return lerp(a, b, t);
    }
    let length = norm_a + (norm_b - norm_a) * t;
    let weight_a = ((1.0 - t) * angle).sin() / sine * length / norm_a;
    let weight_b = (t * angle).sin() / sine * length / norm_b;
    Latent(a.0.iter().zip(&b.0).map(|(x, y)| x * weight_a + y * weight_b).collect())
}

/// A way from one latent to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Way {
    /// [`lerp`].
    #[default]
    Straight,
    /// [`slerp`].
    Arc,
}

impl Way {
    /// The point at `t`, from `a` at 0 to `b` at 1.
    pub fn between(self, a: &Latent, b: &Latent, t: f32) -> Latent {
        match self {
            Self::Straight => lerp(a, b, t),
            Self::Arc => slerp(a, b, t),
        }
    }
}

/// A grid between four corners, in reading order: `columns` × `rows` latents. The corners are top
/// left, top right, bottom left and bottom right; each row goes from its left end to its right one,
/// and the ends go from top to bottom. A single column or row lies half way. All corners must have
/// the same length.
pub fn grid(corners: [&Latent; 4], columns: usize, rows: usize, way: Way) -> Vec<Latent> {
    let at = |i: usize, count: usize| match count {
        0 | 1 => 0.5,
        count => i as f32 / (count - 1) as f32,
    };
    let [top_left, top_right, bottom_left, bottom_right] = corners;
    let mut grid = Vec::with_capacity(columns * rows);
    for row in 0..rows {
        let left = way.between(top_left, bottom_left, at(row, rows));
        let right = way.between(top_right, bottom_right, at(row, rows));
        grid.extend((0..columns).map(|column| way.between(&left, &right, at(column, columns))));
    }
    grid
}

/// A neighbour of `z`: turned towards a fresh draw by `amount` (0 keeps it, 1 is a new latent).
/// cos²+sin² = 1 keeps the variance, so that mutating again and again stays typical.
pub fn mutate(z: &Latent, amount: f32, prior: Prior, rng: &mut ChaCha8Rng) -> Latent {
    let angle = amount.clamp(0.0, 1.0) * std::f32::consts::FRAC_PI_2;
    let fresh = prior.sample(z.dims(), rng);
    let (keep, take) = (angle.cos(), angle.sin());
    Latent(z.0.iter().zip(&fresh.0).map(|(z, n)| z * keep + n * take).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, stream};

    fn close(a: &Latent, b: &Latent) {
        for (x, y) in a.values().iter().zip(b.values()) {
            assert!((x - y).abs() < 1e-4, "{a:?} is not {b:?}");
        }
    }

    #[test]
    fn ends_are_kept() {
        let (a, b) = (Prior::Normal.from_seed(64, 1), Prior::Normal.from_seed(64, 2));
        for way in [lerp, slerp] {
            close(&way(&a, &b, 0.0), &a);
            close(&way(&a, &b, 1.0), &b);
        }
    }

    #[test]
    fn a_grid_meets_its_corners() {
        let corners: Vec<_> = (0..4).map(|seed| Prior::Normal.from_seed(16, seed)).collect();
        let [a, b, c, d] = &corners[..] else { panic!() };
        for way in [Way::Straight, Way::Arc] {
            let grid = grid([a, b, c, d], 3, 5, way);
            assert_eq!(grid.len(), 15);
            for (place, corner) in [(0, a), (2, b), (12, c), (14, d)] {
                close(&grid[place], corner);
            }
        }
        let straight = grid([a, b, c, d], 3, 3, Way::Straight);
        let mean = |i| (a.get(i) + b.get(i) + c.get(i) + d.get(i)) / 4.0;
        close(&straight[4], &Latent::new((0..16).map(mean).collect()).unwrap());
        close(&grid([a, b, c, d], 1, 1, Way::Straight)[0], &straight[4]);
        assert!(grid([a, b, c, d], 0, 3, Way::Arc).is_empty());
    }

    #[test]
    fn slerp_halves_a_right_angle() {
        let a = Latent::new(vec![2.0, 0.0]).unwrap();
        let b = Latent::new(vec![0.0, 2.0]).unwrap();
        close(&slerp(&a, &b, 0.5), &Latent::new(vec![2f32.sqrt(), 2f32.sqrt()]).unwrap());
        assert!((slerp(&a, &b, 0.3).norm() - 2.0).abs() < 1e-5);
    }

    #[test]
    fn degenerate_pairs_take_the_line() {
        let zero = Latent::zero(3);
        let a = Latent::new(vec![1.0, 2.0, 3.0]).unwrap();
        let minus = a.truncated(-1.0);
        for (x, y) in [(&zero, &a), (&a, &zero), (&a, &a), (&a, &minus)] {
            assert!(slerp(x, y, 0.4).values().iter().all(|v| v.is_finite()));
        }
    }

    #[test]
    fn mutation_keeps_the_typical_length() {
        let mut rng = stream(5, Purpose::Latents, 1);
        let mut z = Prior::Normal.from_seed(512, 1);
        for _ in 0..200 {
            z = mutate(&z, 0.2, Prior::Normal, &mut rng);
        }
        let ratio = z.norm() / Prior::Normal.typical_norm(512);
        assert!((ratio - 1.0).abs() < 0.15, "{ratio}");
        assert_eq!(mutate(&z, 0.0, Prior::Normal, &mut rng), z);
    }
}
