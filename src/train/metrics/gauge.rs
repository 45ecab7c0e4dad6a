//! All measures of a set of generated pictures, against one set of real ones.

use candle_core::{Device, Tensor};

use super::Measures;
use super::diversity::mean_distance;
use super::features::Judge;
use super::ndb::Cells;
use super::pictures::{Pictures, place};
use super::prc::Manifold;
use super::swd::mean_over_levels;
use crate::error::Result;
use crate::model::ModelSpec;
use crate::random::{Purpose, stream};

/// Cells for NDB, as published.
const CELLS: usize = 100;
/// Real pictures in a cell on average, at least: fewer say nothing about shares.
const PER_CELL: usize = 10;

/// Real pictures, and what has to be known of them only once.
#[derive(Debug)]
pub struct Gauge {
    reals: Pictures,
    seed: u64,
    /// Mean distance between two of them.
    distance: f64,
    cells: Option<Cells>,
    neighbours: Option<(Judge, Manifold)>,
}

impl Gauge {
    /// Measures against `reals`; features are those of the discriminator of `spec`, computed on
    /// `device`.
    ///
    /// # Errors
    /// [`crate::Error::Tensor`] if the device fails, or the pictures are of another size than the
    /// networks'.
    pub fn new(reals: Pictures, spec: &ModelSpec, seed: u64, device: &Device) -> Result<Self> {
        let rows = reals.rows()?;
        let cells = match CELLS.min(reals.len() / PER_CELL) {
            0 | 1 => None,
            count => {
                let mut rng = stream(seed, Purpose::Metrics, place::CELLS);
                Some(Cells::new(&rows, count, &mut rng)?)
            }
        };
        let neighbours = match reals.len() >= Manifold::LEAST {
            true => {
                let judge = Judge::new(spec, &reals, seed, device)?;
                let manifold = Manifold::new(judge.features(&reals)?)?;
                Some((judge, manifold))
            }
            false => None,
        };
        Ok(Self { distance: mean_distance(&rows)?, reals, seed, cells, neighbours })
    }

    /// Real pictures that it measures against: as many generated ones should be drawn.
    pub fn pictures(&self) -> usize {
        self.reals.len()
    }

    /// Measures `fakes`, which must be as many as there are real ones; `images` is only noted.
    ///
    /// # Errors
    /// As [`Gauge::new`].
    pub fn measure(&self, fakes: &Pictures, images: u64) -> Result<Measures> {
        let swd = mean_over_levels(&self.reals, fakes, self.seed)?;
        let rows = fakes.rows()?;
        let diversity = match self.distance > 0.0 {
            true => Some((mean_distance(&rows)? / self.distance) as f32),
            false => None,
        };
        let (ndb, empty) = self.filling(&rows)?;
        let near = match &self.neighbours {
            Some((judge, manifold)) => {
                Some(manifold.resemblance(&Manifold::new(judge.features(fakes)?)?)?)
            }
            None => None,
        };
        Ok(Measures {
            images,
            pictures: fakes.len(),
            l1: None,
            swd,
            diversity,
            ndb,
            empty,
            precision: near.map(|near| near.precision as f32),
            recall: near.map(|near| near.recall as f32),
            density: near.map(|near| near.density as f32),
            coverage: near.map(|near| near.coverage as f32),
        })
    }

    fn filling(&self, rows: &Tensor) -> Result<(Option<f32>, Option<f32>)> {
        let Some(cells) = &self.cells else { return Ok((None, None)) };
        let filling = cells.fill(rows)?;
        let share = |count: usize| Some(count as f32 / filling.cells.max(1) as f32);
        Ok((share(filling.different), share(filling.empty)))
    }
}
