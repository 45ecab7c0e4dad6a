//! How good generated pictures are, measured against real ones, without any network from elsewhere.

use serde::{Deserialize, Serialize};

/// Measures of one generator at one moment; those that were not taken are `None`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Measures {
    /// Real pictures shown so far.
    pub images: u64,
    /// Sliced Wasserstein distance, mean over the levels of the pyramid, times 1000. Lower is better.
    pub swd: Option<f32>,
    /// Mean distance between generated pictures over that between real ones. 1 is as diverse as the data.
    pub diversity: Option<f32>,
    /// Share of cells in which real and generated pictures differ significantly. Lower is better.
    pub ndb: Option<f32>,
    /// Share of generated pictures that lie among real ones.
    pub precision: Option<f32>,
    /// Share of real pictures that lie among generated ones.
    pub recall: Option<f32>,
    /// Share of real pictures that have a generated one near them.
    pub coverage: Option<f32>,
}
