//! One layer more in each network, with the weights of all others kept.
//!
//! The new layer comes where the picture is near: in the generator before the last two layers (2w → w
//! and w → picture, in a stack of constant width), in the discriminator behind the first. So every old
//! layer fits where it comes to, and those far from the picture go on doing what they did.
//!
//! At the moment of growth the pictures would fall apart, since what stands behind the new layer is not
//! used to it. With a fade, networks hold what was next to the picture twice, and go over from one to
//! the other: at 0 they compute what they did before, on pictures twice as large (Karras et al. 2018,
//! "Progressive growing of GANs for improved quality, stability, and variation").

use std::collections::BTreeMap;

use candle_core::Tensor;

use super::spec::{Dcgan, Ends, ModelSpec, Network, Widths};
use crate::error::{Error, Result};

/// Prefix of the parameters of what was there before the newest layer.
pub(super) const OLD: &str = "old.";
/// The generator's layers behind a new one.
pub(super) const GENERATOR_TAIL: usize = 2;
/// The discriminator's layers before a new one.
pub(super) const DISCRIMINATOR_HEAD: usize = 1;
/// The smallest pictures from which, and to which, networks grow.
const SMALLEST: usize = 16;

/// One of the two networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// From latents to pictures.
    Generator,
    /// From pictures to verdicts.
    Discriminator,
}

impl Dcgan {
    /// What it was before its newest layer.
    pub(super) fn before_growth(&self) -> Self {
        Self { resolution: self.resolution / 2, fade: None, ..self.clone() }
    }

    fn can_grow(&self) -> bool {
        let constant = |widths| matches!(widths, Widths::Constant { .. });
        self.ends == Ends::Conv
            && constant(self.generator)
            && constant(self.discriminator)
            && self.resolution >= SMALLEST
    }

    pub(super) fn validate_fade(&self) -> Result<()> {
        let Some(share) = self.fade else { return Ok(()) };
        if !(0.0..=1.0).contains(&share) || !self.before_growth().can_grow() {
            return Err(Error::bad_setting(
                "fade",
                format!("no layer of these networks can be blended in, and not by {share}"),
            ));
        }
        Ok(())
    }
}

impl ModelSpec {
    /// How far the newest layer is blended in, if one is.
    pub fn fade(&self) -> Option<f64> {
        match &self.network {
            Network::Dcgan(dcgan) => dcgan.fade,
            _ => None,
        }
    }

    /// The same with the newest layer blended in as far as `share` says, where one is.
    pub fn set_fade(&mut self, share: f64) {
        if let Network::Dcgan(Dcgan { fade: Some(fade), .. }) = &mut self.network {
            *fade = share;
        }
    }

    /// The same without what was there before the newest layer.
    pub fn without_fade(&self) -> Self {
        let mut spec = self.clone();
        if let Network::Dcgan(dcgan) = &mut spec.network {
            dcgan.fade = None;
        }
        spec
    }

    /// Networks with one layer more, which is there at once, or still to be blended in.
    ///
    /// # Errors
    /// [`Error::BadSetting`] if these networks cannot grow.
    pub fn grown(&self, fade: bool) -> Result<Self> {
        let mut spec = self.clone();
        match &mut spec.network {
            Network::Dcgan(dcgan) if dcgan.can_grow() => {
                dcgan.resolution *= 2;
                dcgan.fade = fade.then_some(0.0);
            }
            _ => {
                return Err(Error::bad_setting(
                    "growing",
                    format!(
                        "only networks of constant width for pictures from {SMALLEST}×{SMALLEST} on can grow; take the preset grow"
                    ),
                ));
            }
        }
        spec.check_sizes()?;
        Ok(spec)
    }
}

/// What `grown`, which [`ModelSpec::grown`] made of a spec, takes over from `tensors`, the parameters
/// of that network before: under its own names. The new layer's are missing.
pub fn inherited(
    grown: &ModelSpec,
    side: Side,
    tensors: &BTreeMap<String, Tensor>,
) -> BTreeMap<String, Tensor> {
    let Network::Dcgan(after) = &grown.network else { return BTreeMap::new() };
    let before = after.before_growth();
    let (old, mut new) = (before.layer_names(side), after.layer_names(side));
    let (added, doubled) = match side {
        Side::Generator => (new.len() - 1 - GENERATOR_TAIL, old.len() - GENERATOR_TAIL..old.len()),
        Side::Discriminator => (DISCRIMINATOR_HEAD, 0..DISCRIMINATOR_HEAD),
    };
    new.remove(added);
    let mut inherited = BTreeMap::new();
    // All parameters whose layer is `from`, with the layer called `to`.
    let mut take = |from: &str, to: &str| {
        for (name, tensor) in tensors {
            if let Some((layer, last)) = name.rsplit_once('.')
                && layer == from
            {
                inherited.insert(format!("{to}.{last}"), tensor.clone());
            }
        }
    };
    for ((layer, norm), (new_layer, new_norm)) in old.iter().zip(&new) {
        take(layer, new_layer);
        if let (Some(norm), Some(new_norm)) = (norm, new_norm) {
            take(norm, new_norm);
        }
    }
    if after.fade.is_some() {
        for (layer, norm) in &old[doubled] {
            take(layer, &format!("{OLD}{layer}"));
            if let Some(norm) = norm {
                take(norm, &format!("{OLD}{norm}"));
            }
        }
    }
    inherited
}

#[cfg(test)]
mod tests;
