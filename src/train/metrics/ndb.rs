//! The number of statistically different bins (Richardson & Weiss 2018, "On GANs and GMMs").
//!
//! Real pictures are sorted into cells of like ones by k-means on their pixels. A generator that
//! draws from the same distribution fills the cells in the same shares; where the shares of real and
//! generated pictures differ by more than chance allows (a two-proportion z-test at 5 %), something
//! is too rare, too common, or missing.

use candle_core::{Device, Tensor};
use rand_chacha::ChaCha8Rng;

use super::distances::squared_distances;
use super::pictures::below;
use crate::error::Result;

/// Rounds of k-means, if it does not settle before.
const ROUNDS: usize = 30;
/// Two-sided 5 % of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// Cells of like real pictures.
#[derive(Debug)]
pub struct Cells {
    /// `[K, D]`.
    centres: Tensor,
    /// Real pictures in each.
    reals: Vec<usize>,
}

/// How a set of pictures fills the cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filling {
    /// Cells.
    pub cells: usize,
    /// Cells whose share differs significantly from that of the real pictures.
    pub different: usize,
    /// Cells without any picture.
    pub empty: usize,
}

impl Cells {
    /// Sorts the rows of `reals` `[N, D]` into `count` cells, starting from random ones of them.
    ///
    /// # Errors
    /// [`crate::Error::Tensor`] if memory runs out.
    pub fn new(reals: &Tensor, count: usize, rng: &mut ChaCha8Rng) -> Result<Self> {
        let total = reals.dim(0)?;
        let mut order: Vec<usize> = (0..total).collect();
        for place in 0..count.min(total) {
            order.swap(place, place + below(rng, total - place));
        }
        order.truncate(count);
        Self::from_seeds(reals, &order)
    }

    /// As [`Cells::new`], starting from the rows numbered `seeds` (Lloyd's algorithm).
    ///
    /// # Errors
    /// As there, and if there is no such row.
    pub fn from_seeds(reals: &Tensor, seeds: &[usize]) -> Result<Self> {
        let numbers: Vec<u32> = seeds.iter().map(|&seed| seed as u32).collect();
        let numbers = Tensor::new(numbers, &Device::Cpu)?;
        let mut centres = reals.index_select(&numbers, 0)?;
        let mut nearest = Vec::new();
        for _ in 0..ROUNDS {
            let now = nearest_centre(reals, &centres)?;
            if now == nearest {
                break;
            }
            nearest = now;
            centres = means(reals, &nearest, &centres)?;
        }
        let reals = counts(&nearest_centre(reals, &centres)?, seeds.len());
        Ok(Self { centres, reals })
    }

    /// Real pictures in each cell.
    pub fn reals(&self) -> &[usize] {
        &self.reals
    }

    /// Sorts the rows of `fakes` `[M, D]` into the cells.
    ///
    /// # Errors
    /// [`crate::Error::Tensor`] if the rows have another length.
    pub fn fill(&self, fakes: &Tensor) -> Result<Filling> {
        let fakes = counts(&nearest_centre(fakes, &self.centres)?, self.reals.len());
        let total = |counts: &[usize]| counts.iter().sum::<usize>().max(1) as f64;
        let (all_real, all_fake) = (total(&self.reals), total(&fakes));
        let differs = |real: usize, fake: usize| {
            let (real, fake) = (real as f64, fake as f64);
            let pooled = (real + fake) / (all_real + all_fake);
            let deviation = (pooled * (1.0 - pooled) * (1.0 / all_real + 1.0 / all_fake)).sqrt();
            (real / all_real - fake / all_fake).abs() > Z * deviation
        };
        Ok(Filling {
            cells: fakes.len(),
            different: self.reals.iter().zip(&fakes).filter(|(r, f)| differs(**r, **f)).count(),
            empty: self.reals.iter().zip(&fakes).filter(|(r, f)| **r > 0 && **f == 0).count(),
        })
    }
}

/// For each row of `rows` the number of the centre next to it; of several, the first.
fn nearest_centre(rows: &Tensor, centres: &Tensor) -> Result<Vec<usize>> {
    let nearest = |distances: Vec<f32>| {
        let better = |best: (usize, f32), (index, d): (usize, f32)| match d < best.1 {
            true => (index, d),
            false => best,
        };
        distances.into_iter().enumerate().fold((0, f32::INFINITY), better).0
    };
    Ok(squared_distances(rows, centres)?.into_iter().map(nearest).collect())
}

fn counts(nearest: &[usize], cells: usize) -> Vec<usize> {
    let mut counts = vec![0; cells];
    for &cell in nearest {
        counts[cell] += 1;
    }
    counts
}

/// The mean of the rows in each cell; a cell without any keeps its centre.
fn means(rows: &Tensor, nearest: &[usize], centres: &Tensor) -> Result<Tensor> {
    let (cells, dims) = centres.dims2()?;
    let counts = counts(nearest, cells);
    // A product with the matrix that says which row is where.
    let mut shares = vec![0f32; cells * nearest.len()];
    for (row, &cell) in nearest.iter().enumerate() {
        shares[cell * nearest.len() + row] = 1.0 / counts[cell] as f32;
    }
    let shares = Tensor::from_vec(shares, (cells, nearest.len()), &Device::Cpu)?;
    let mut means = shares.matmul(rows)?.flatten_all()?.to_vec1::<f32>()?;
    let old = centres.flatten_all()?.to_vec1::<f32>()?;
    for (cell, _) in counts.iter().enumerate().filter(|(_, count)| **count == 0) {
        means[cell * dims..][..dims].copy_from_slice(&old[cell * dims..][..dims]);
    }
    Ok(Tensor::from_vec(means, (cells, dims), &Device::Cpu)?)
}
