//! What a whole pickled module tells of its layers beside their tensors.

use crate::checkpoint::import::tensors::Module;
use crate::model::{StackNorm, StackNormKind};
use crate::ops::Activation;

/// What may stand between a layer and its activation.
const SILENT: [&str; 5] = ["BatchNorm", "InstanceNorm", "GroupNorm", "LayerNorm", "Dropout"];

/// Layers by name, in the order of the module; empty where only a state dict was saved.
#[derive(Debug, Clone, Default)]
pub(super) struct Hints {
    modules: Vec<(String, Module)>,
}

impl Hints {
    /// Those of `modules` whose names begin with `prefix`, without it.
    pub fn below(modules: &[(String, Module)], prefix: &str) -> Self {
        let inner = modules.iter().filter_map(|(name, module)| {
            let name = name.strip_prefix(prefix)?;
            Some((name.to_owned(), module.clone()))
        });
        Self { modules: inner.collect() }
    }

    /// The number `key` of the layer `name`, the first of several.
    pub fn number(&self, name: &str, key: &str) -> Option<f64> {
        let (_, module) = self.modules.iter().find(|(layer, _)| layer == name)?;
        module.numbers.get(key)?.first().copied()
    }

    /// The last word of the class of the layer `name`.
    pub fn class(&self, name: &str) -> Option<String> {
        let (_, module) = self.modules.iter().find(|(layer, _)| layer == name)?;
        // In TorchScript classes of one name are told apart by a number, and modules are data only.
        let class = module.class.rsplit('.').next()?;
        ["Conv2d", "ConvTranspose2d"].contains(&class).then(|| class.to_owned())
    }

    /// What the norm `name` without statistics measures, where its class is told.
    ///
    /// # Errors
    /// A sentence about one that measures the batch.
    pub fn norm(&self, name: &str) -> Result<Option<StackNormKind>, String> {
        let Some((_, module)) = self.modules.iter().find(|(layer, _)| layer == name) else {
            return Ok(None);
        };
        let class = module.class.rsplit('.').next().unwrap_or_default();
        match class {
            "GroupNorm" => Ok(self.number(name, "num_groups").map(|groups| {
                // Whether the channels make so many groups is checked with the network.
                StackNormKind::Group(groups.clamp(0.0, 1e6) as usize)
            })),
            "LayerNorm" => Ok(Some(StackNormKind::Group(1))),
            _ if class.starts_with("InstanceNorm") => Ok(Some(StackNormKind::Instance)),
            _ if class.starts_with("BatchNorm") => {
                Err(format!("{name} is a batch norm that keeps no statistics"))
            }
            _ => Ok(None),
        }
    }

    /// What follows the layer `name`, where that is a module itself and no layer comes before it.
    pub fn activation(&self, name: &str) -> Option<Activation> {
        let at = self.modules.iter().position(|(layer, _)| layer == name)?;
        for (_, module) in &self.modules[at + 1..] {
            let class = module.class.rsplit('.').next().unwrap_or_default();
            let number = |key: &str| module.numbers.get(key).and_then(|all| all.first()).copied();
            match class {
                "ReLU" => return Some(Activation::Relu),
                "LeakyReLU" => {
                    let slope = number("negative_slope").unwrap_or(0.01);
                    return Some(Activation::LeakyRelu(slope as f32));
                }
                "Tanh" => return Some(Activation::Tanh),
                "Sigmoid" => return Some(Activation::Sigmoid),
                "ELU" if number("alpha").is_none_or(|alpha| alpha == 1.0) => {
                    return Some(Activation::Elu);
                }
                "SELU" => return Some(Activation::Selu),
                "Identity" => return Some(Activation::Linear),
                "Sequential" => {}
                _ if SILENT.iter().any(|known| class.starts_with(known)) => {}
                _ => return None,
            }
        }
        None
    }

    /// A norm that measures each picture and is not among `norms`: it has no weights, so nothing in a
    /// state dict tells of it.
    pub fn weightless_norm(&self, norms: &[&StackNorm]) -> Option<&str> {
        let measures = |class: &str| {
            let class = class.rsplit('.').next().unwrap_or_default();
            ["InstanceNorm", "GroupNorm", "LayerNorm"].iter().any(|known| class.starts_with(known))
        };
        let mut all = self.modules.iter().filter(|(_, module)| measures(&module.class));
        all.find(|(name, _)| norms.iter().all(|norm| norm.name != *name))
            .map(|(name, _)| name.as_str())
    }

    /// Whether a layer that we could not put down as one of ours is among them.
    pub fn unknown_activation(&self) -> Option<String> {
        const KNOWN: [&str; 6] = ["ReLU", "LeakyReLU", "Tanh", "Sigmoid", "ELU", "SELU"];
        let of_activations =
            |module: &Module| module.class.starts_with("torch.nn.modules.activation.");
        let last = |class: &str| class.rsplit('.').next().unwrap_or_default().to_owned();
        let mut classes = self.modules.iter().filter(|(_, module)| of_activations(module));
        classes.find_map(|(name, module)| {
            let class = last(&module.class);
            let alpha = module.numbers.get("alpha").and_then(|all| all.first());
            let is_other_elu = class == "ELU" && alpha.is_some_and(|alpha| *alpha != 1.0);
            let is_known = KNOWN.contains(&class.as_str()) && !is_other_elu;
            (!is_known).then(|| format!("{name} is {class}"))
        })
    }
}
