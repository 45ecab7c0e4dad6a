//! How good generated pictures are, measured against real ones, without any network from elsewhere.
//!
//! | measure | file | source |
//! |---|---|---|
//! | sliced Wasserstein distance | `swd` | Karras et al. 2018, "Progressive growing of GANs" |
//! | diversity | `diversity` | mean pairwise distance |
//! | NDB, empty cells | `ndb` | Richardson & Weiss 2018, "On GANs and GMMs" |
//! | precision, recall | `prc` | Kynkäänniemi et al. 2019, "Improved precision and recall metric" |
//! | density, coverage | `prc` | Naeem et al. 2020, "Reliable fidelity and diversity metrics" |
//! | L1 | `outputs` | mean absolute difference from the truth, where there is one |
//!
//! Every random number follows from a seed, so that two models, or one model at two moments, are
//! measured with the same patches, directions and cells.

mod distances;
mod diversity;
mod features;
mod gauge;
mod ndb;
mod outputs;
mod pictures;
mod prc;
mod pyramid;
mod swd;

use serde::{Deserialize, Serialize};

pub use distances::squared_distances;
pub use diversity::mean_distance;
pub use features::Judge;
pub use gauge::Gauge;
pub use ndb::{Cells, Filling};
pub use outputs::{mean_difference, measure_outputs};
pub use pictures::Pictures;
pub(super) use pictures::VALUES_AT_ONCE;
pub use prc::{Manifold, Resemblance};
pub use swd::{Draws, sliced_wasserstein};

/// Measures of one generator at one moment; those that were not taken are `None`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Measures {
    /// Real pictures shown so far.
    pub images: u64,
    /// Generated pictures that were measured, against as many real ones.
    pub pictures: usize,
    /// Mean absolute difference of outputs from their truths, of values in [0, 1], where pictures are
    /// made from pictures. Lower is better.
    pub l1: Option<f32>,
    /// Sliced Wasserstein distance, mean over the levels of the pyramid, times 1000. Lower is better.
    pub swd: Option<f32>,
    /// Mean distance between generated pictures over that between real ones. 1 is as diverse as the data.
    pub diversity: Option<f32>,
    /// Share of cells in which real and generated pictures differ significantly. Lower is better.
    pub ndb: Option<f32>,
    /// Share of cells with real pictures in which there is no generated one.
    pub empty: Option<f32>,
    /// Share of generated pictures that lie among real ones.
    pub precision: Option<f32>,
    /// Share of real pictures that lie among generated ones.
    pub recall: Option<f32>,
    /// How many real neighbourhoods a generated picture lies in, over how many it should: 1 is like
    /// the data, and more is possible.
    pub density: Option<f32>,
    /// Share of real pictures that have a generated one near them.
    pub coverage: Option<f32>,
}

/// One of the measures, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// [`Measures::l1`].
    L1,
    /// [`Measures::swd`].
    Swd,
    /// [`Measures::diversity`].
    Diversity,
    /// [`Measures::ndb`].
    Ndb,
    /// [`Measures::empty`].
    Empty,
    /// [`Measures::precision`].
    Precision,
    /// [`Measures::recall`].
    Recall,
    /// [`Measures::density`].
    Density,
    /// [`Measures::coverage`].
    Coverage,
}

impl Measure {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 9] = [
        Self::L1,
        Self::Swd,
        Self::Diversity,
        Self::Ndb,
        Self::Empty,
        Self::Precision,
        Self::Recall,
        Self::Density,
        Self::Coverage,
    ];

    /// Its name in files and options.
    pub fn name(self) -> &'static str {
        match self {
            Self::L1 => "l1",
            Self::Swd => "swd",
            Self::Diversity => "diversity",
            Self::Ndb => "ndb",
            Self::Empty => "empty",
            Self::Precision => "precision",
            Self::Recall => "recall",
            Self::Density => "density",
            Self::Coverage => "coverage",
        }
    }

    /// Its name in TensorBoard.
    pub(super) fn tag(self) -> &'static str {
        match self {
            Self::L1 => "measure/l1",
            Self::Swd => "measure/swd",
            Self::Diversity => "measure/diversity",
            Self::Ndb => "measure/ndb",
            Self::Empty => "measure/empty",
            Self::Precision => "measure/precision",
            Self::Recall => "measure/recall",
            Self::Density => "measure/density",
            Self::Coverage => "measure/coverage",
        }
    }

    /// What it says, in a few words.
    pub fn about(self) -> &'static str {
        match self {
            Self::L1 => "how far outputs are from their truths; lower is better",
            Self::Swd => "how unlike their patches are, on all scales; lower is better",
            Self::Diversity => "how unlike each other they are; 1 is like the data",
            Self::Ndb => "kinds of pictures that are too rare or too common; lower is better",
            Self::Empty => "kinds of pictures that are missing; lower is better",
            Self::Precision => "share that lies among real ones; higher is better",
            Self::Recall => "share of real ones that lie among them; higher is better",
            Self::Density => "how deep among real ones they lie; 1 is like the data",
            Self::Coverage => "share of real ones that have one near; higher is better",
        }
    }

    /// Its value in `measures`.
    pub fn of(self, measures: &Measures) -> Option<f32> {
        match self {
            Self::L1 => measures.l1,
            Self::Swd => measures.swd,
            Self::Diversity => measures.diversity,
            Self::Ndb => measures.ndb,
            Self::Empty => measures.empty,
            Self::Precision => measures.precision,
            Self::Recall => measures.recall,
            Self::Density => measures.density,
            Self::Coverage => measures.coverage,
        }
    }

    /// Whether a lower value is the better one.
    pub fn is_better_low(self) -> bool {
        matches!(self, Self::L1 | Self::Swd | Self::Ndb | Self::Empty)
    }
}
