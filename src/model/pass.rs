//! How a network is run: which statistics its norms use, and what its dropout leaves out.

use rand_chacha::ChaCha8Rng;

use crate::random::{Purpose, stream};

/// What a forward pass is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Batch norm uses the batch's own statistics and updates the running ones.
    Train,
    /// Batch norm uses the running statistics: each picture depends on its own input alone.
    Eval,
}

/// A forward pass. A [`Mode`] alone is one without dropout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pass<'a> {
    /// What it is for.
    pub mode: Mode,
    /// A seed for each picture of the batch, from which follows what its dropout leaves out: the same
    /// picture and seed give the same result, whatever is in the batch beside it. Without seeds
    /// nothing is left out.
    pub dropout: Option<&'a [u64]>,
}

impl Mode {
    /// This mode with dropout; see [`Pass::dropout`].
    pub fn dropping(self, seeds: &[u64]) -> Pass<'_> {
        Pass { mode: self, dropout: Some(seeds) }
    }
}

impl From<Mode> for Pass<'_> {
    fn from(mode: Mode) -> Self {
        Self { mode, dropout: None }
    }
}

/// Where each picture's draws for the `layer`-th dropout come from.
pub(super) fn draws(seeds: &[u64], layer: u64) -> impl Iterator<Item = ChaCha8Rng> {
    seeds.iter().map(move |seed| stream(*seed, Purpose::Dropout, layer))
}
