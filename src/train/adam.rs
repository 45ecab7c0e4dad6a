//! Adam (Kingma & Ba 2015), with moments that can be saved and loaded.

use std::collections::BTreeMap;

use candle_core::{DType, Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::model::{Gradients, Params, Shape};
use crate::ops::update::{self, AdamHyper};

/// Numbers of an optimiser.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdamSettings {
    /// Learning rate.
    pub lr: f64,
    /// Decay of the mean of gradients.
    pub beta1: f64,
    /// Decay of the mean of squared gradients.
    pub beta2: f64,
    /// What is added to the root of the mean square. Far below it, gradients no longer count by
    /// their sign alone.
    pub eps: f64,
}

impl AdamSettings {
    /// The usual ones for GANs (Radford et al. 2016).
    pub const GAN: Self = Self { lr: 2e-4, beta1: 0.5, beta2: 0.999, eps: 1e-8 };
}

/// The optimiser of one network.
#[derive(Debug)]
pub struct Adam {
    settings: AdamSettings,
    /// First and second moment of each trained parameter, `[2, n]`, under its name.
    moments: BTreeMap<String, Tensor>,
}

impl Adam {
    /// A fresh optimiser: all moments are 0.
    ///
    /// # Errors
    /// [`crate::Error::Tensor`] if the device is out of memory.
    pub fn new(settings: AdamSettings, params: &Params, device: &Device) -> Result<Self> {
        let zero = |(name, dims): Shape| Ok((name, Tensor::zeros(dims, DType::F32, device)?));
        let moments = Self::shapes(params).into_iter().map(zero).collect::<Result<_>>()?;
        Ok(Self { settings, moments })
    }

    /// An optimiser that goes on with `moments`, whose shapes must be [`Adam::shapes`].
    pub fn with_moments(settings: AdamSettings, moments: BTreeMap<String, Tensor>) -> Self {
        Self { settings, moments }
    }

    /// Names and shapes of the moments for `params`.
    pub fn shapes(params: &Params) -> Vec<Shape> {
        params.trained().map(|p| (p.name.clone(), vec![2, p.var.elem_count()])).collect()
    }

    /// The moments, for saving.
    pub fn moments(&self) -> &BTreeMap<String, Tensor> {
        &self.moments
    }

    /// Forgets all but `params`.
    pub fn keep(&mut self, params: &Params) {
        self.moments.retain(|name, _| params.get(name).is_some());
    }

    /// Moves `params` against `grads`. `step` counts from 1; `lr_factor` scales the learning rate.
    ///
    /// # Errors
    /// [`crate::Error::Tensor`] if the device fails.
    pub fn step(
        &mut self,
        params: &Params,
        grads: &Gradients,
        step: u64,
        lr_factor: f64,
    ) -> Result<()> {
        let AdamSettings { lr, beta1, beta2, eps } = self.settings;
        let hyper = AdamHyper { lr: lr * lr_factor, beta1, beta2, eps, step };
        for param in params.trained() {
            if let (Some(grad), Some(moments)) =
                (grads.get(param.var.as_tensor()), self.moments.get(&param.name))
            {
                update::adam(&param.var, grad, moments, hyper)?;
            }
        }
        Ok(())
    }
}
