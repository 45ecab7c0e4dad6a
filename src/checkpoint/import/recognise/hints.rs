//! What a whole pickled module tells of its layers beside their tensors.

use crate::checkpoint::import::tensors::Module;
use crate::ops::Activation;

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
                "Identity" => return Some(Activation::Linear),
                "Sequential" => {}
                _ if class.starts_with("BatchNorm") || class.starts_with("Dropout") => {}
                _ => return None,
            }
        }
        None
    }

    /// Whether a layer that we could not put down as one of ours is among them.
    pub fn unknown_activation(&self) -> Option<String> {
        const KNOWN: [&str; 5] = ["ReLU", "LeakyReLU", "Tanh", "Identity", "Sequential"];
        let of_activations =
            |module: &Module| module.class.starts_with("torch.nn.modules.activation.");
        let last = |class: &str| class.rsplit('.').next().unwrap_or_default().to_owned();
        let mut classes = self.modules.iter().filter(|(_, module)| of_activations(module));
        classes.find_map(|(name, module)| {
            let class = last(&module.class);
            (!KNOWN.contains(&class.as_str())).then(|| format!("{name} is {class}"))
        })
    }
}
