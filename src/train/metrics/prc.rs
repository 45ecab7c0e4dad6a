//! Precision and recall (Kynkäänniemi et al. 2019, "Improved precision and recall metric for
//! assessing generative models"), density and coverage (Naeem et al. 2020, "Reliable fidelity and
//! diversity metrics for generative models").
//!
//! In a space of features every picture has a ball that reaches to its k-th nearest neighbour of the
//! same set. Generated pictures inside balls of real ones are precise; real ones inside balls of
//! generated ones are recalled; real ones whose own ball holds a generated one are covered.

use candle_core::Tensor;
use rayon::prelude::*;

use super::distances::squared_distances;
use crate::error::Result;

/// Neighbours that a ball holds, for precision and recall, as published.
const NEAR: usize = 3;
/// The same for density and coverage.
const WIDE: usize = 5;

/// A set of pictures in the space of features, with its balls.
#[derive(Debug)]
pub struct Manifold {
    /// `[N, D]`.
    features: Tensor,
    /// Squared radii with 3 and with 5 neighbours.
    near: Vec<f32>,
    wide: Vec<f32>,
}

/// How generated pictures lie to real ones; each about 1 for two sets of one kind, or a little less.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Resemblance {
    /// Share of generated pictures inside a ball of a real one.
    pub precision: f64,
    /// Share of real pictures inside a ball of a generated one.
    pub recall: f64,
    /// Real balls around a generated picture, on average, over the neighbours of a ball.
    pub density: f64,
    /// Share of real balls with a generated picture in them.
    pub coverage: f64,
}

impl Manifold {
    /// Fewer pictures than this have no neighbourhoods worth the name.
    pub const LEAST: usize = 4 * WIDE;

    /// Of pictures with `features` `[N, D]`, [`Manifold::LEAST`] at least.
    ///
    /// # Errors
    /// [`crate::Error::Tensor`] if memory runs out.
    pub fn new(features: Tensor) -> Result<Self> {
        let distances = squared_distances(&features, &features)?;
        let radii = |k: usize| {
            let radius = |(index, row): (usize, &Vec<f32>)| {
                let mut others: Vec<f32> = row[..index].to_vec();
                others.extend_from_slice(&row[index + 1..]);
                let last = others.len().saturating_sub(1);
                match others.is_empty() {
                    true => 0.0,
                    false => *others.select_nth_unstable_by(last.min(k - 1), f32::total_cmp).1,
                }
            };
            distances.par_iter().enumerate().map(radius).collect()
        };
        let (near, wide) = (radii(NEAR), radii(WIDE));
        Ok(Self { features, near, wide })
    }

    /// How `fakes` lie to these, the real ones.
    ///
    /// # Errors
    /// [`crate::Error::Tensor`] if their features are others.
    pub fn resemblance(&self, fakes: &Self) -> Result<Resemblance> {
        // A row for each generated picture, a column for each real one.
        let distances = squared_distances(&fakes.features, &self.features)?;
        let mut covered = vec![false; self.near.len()];
        let mut recalled = vec![false; self.near.len()];
        let (mut precise, mut around) = (0usize, 0usize);
        for (row, radius) in distances.iter().zip(&fakes.near) {
            precise += usize::from(row.iter().zip(&self.near).any(|(d, r)| d <= r));
            for (index, distance) in row.iter().enumerate() {
                recalled[index] |= distance <= radius;
                if distance <= &self.wide[index] {
                    covered[index] = true;
                    around += 1;
                }
            }
        }
        let count = |hits: &[bool]| hits.iter().filter(|hit| **hit).count();
        let share = |count: usize, of: usize| count as f64 / of.max(1) as f64;
        Ok(Resemblance {
            precision: share(precise, distances.len()),
            recall: share(count(&recalled), recalled.len()),
            density: share(around, WIDE * distances.len()),
            coverage: share(count(&covered), covered.len()),
        })
    }
}
