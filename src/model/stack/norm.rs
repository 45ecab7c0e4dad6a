//! The norms of a stack, of which each layer may have its own.

use serde::{Deserialize, Serialize};

use super::{Flow, STYLE};
use crate::error::{Error, Result};
use crate::model::norm::Norm;
use crate::model::params::Builder;

/// The norm of a [`StackLayer`](super::StackLayer).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StackNorm {
    /// What its parameters stand under.
    pub name: String,
    /// The number that it adds to the variance.
    pub eps: f64,
    /// Behind a linear layer: whether the channels of its grid are normalised, and not every number.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub over_grid: bool,
    /// Which norm it is.
    #[serde(default, skip_serializing_if = "StackNormKind::is_batch")]
    pub kind: StackNormKind,
}

/// Over what a [`StackNorm`] has measured mean and variance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StackNormKind {
    /// Over the batches of its training.
    #[default]
    Batch,
    /// Each channel of each picture by itself.
    Instance,
    /// So many groups of channels of each picture; a single one is a layer norm.
    Group(usize),
}

impl StackNormKind {
    pub(super) fn is_batch(&self) -> bool {
        *self == Self::Batch
    }

    /// Into how many groups it divides `channels`, where it measures each picture.
    pub fn groups(self, channels: usize) -> Option<usize> {
        match self {
            Self::Batch => None,
            Self::Instance => Some(channels),
            Self::Group(groups) => Some(groups),
        }
    }
}

impl StackNorm {
    /// Channels that it knows, and how many values of a row behind a linear layer belong to each.
    fn channels(&self, out: Flow, is_flat: bool) -> (usize, usize) {
        let area = out.size.0 * out.size.1;
        match (is_flat, self.over_grid) {
            (true, true) => (out.channels, area),
            (true, false) => (out.channels * area, 1),
            (false, _) => (out.channels, 1),
        }
    }

    pub(super) fn check(&self, out: Flow, is_flat: bool) -> Result<()> {
        if !(self.eps > 0.0 && self.eps <= 1.0) {
            return Err(Error::bad_setting("norm_eps", "must lie between 0 and 1"));
        }
        let (channels, _) = self.channels(out, is_flat);
        let sound = self.kind.groups(channels).is_none_or(|groups| {
            let values = out.features().unwrap_or_default();
            groups > 0 && channels.is_multiple_of(groups) && values / groups > 1
        });
        match sound {
            true => Ok(()),
            false => Err(Error::bad_setting(
                self.name.clone(),
                format!("{channels} channels cannot be normalised in such groups"),
            )),
        }
    }

    pub(super) fn build(&self, out: Flow, is_flat: bool, builder: &mut Builder) -> Result<Norm> {
        let (channels, times) = self.channels(out, is_flat);
        let norm = match self.kind.groups(channels) {
            None => Norm::batch(&self.name, channels, self.eps, STYLE, builder)?,
            Some(groups) => Norm::group((&self.name, groups), channels, self.eps, STYLE, builder)?,
        };
        if times > 1 { norm.spread(times) } else { Ok(norm) }
    }
}
