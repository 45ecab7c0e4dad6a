//! What the recipes of the row give.

use std::ops::Range;

use super::{Inputs, LETTERS, Recipe, SLOTS};
use crate::latent::expr::{Flaw, Formula, Scope};
use crate::latent::library::Library;
use crate::latent::{Latent, Prior};

/// Two lengths that differ less than this, in parts of them, are one.
const SAME: f32 = 1e-3;

/// Why there is no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// The place in the formula, in bytes, if it is there.
    pub at: Option<Range<usize>>,
    /// One sentence: what is wrong, and what to do.
    pub message: String,
}

/// A latent, as computed and in the length of training.
#[derive(Debug, Clone, PartialEq)]
pub struct Computed {
    /// As the formula gives it.
    pub plain: Latent,
    /// Its length.
    pub norm: f32,
    /// Brought back to the typical length, where that is another.
    pub typical: Option<Latent>,
}

/// One result.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Id of the item that gives it.
    pub id: u64,
    /// As it is printed under its picture.
    pub title: String,
    /// As the formula language writes it.
    pub text: String,
    /// The latent, or why there is none.
    pub computed: Result<Computed, Trouble>,
}

impl Outcome {
    /// The latent that is shown.
    pub fn shown(&self, typical: bool) -> Option<&Latent> {
        let computed = self.computed.as_ref().ok()?;
        match &computed.typical {
            Some(latent) if typical => Some(latent),
            _ => Some(&computed.plain),
        }
    }

    /// The latent in the length that is not shown, where that is another.
    pub fn other(&self, typical: bool) -> Option<&Latent> {
        let computed = self.computed.as_ref().ok()?;
        let other = computed.typical.as_ref()?;
        Some(if typical { &computed.plain } else { other })
    }

    /// The formula of what is shown.
    pub fn formula(&self, typical: bool) -> String {
        match &self.computed {
            Ok(computed) if typical && computed.typical.is_some() => {
                format!("normalize({})", self.text)
            }
            _ => self.text.clone(),
        }
    }
}

/// One outcome for each item.
pub(super) fn outcomes(inputs: &Inputs, library: &Library) -> Vec<Outcome> {
    let names: [Option<&str>; SLOTS] = inputs
        .slots
        .map(|slot| slot.and_then(|id| library.get(id)).map(|entry| entry.name.as_str()));
    let key = library.key();
    let scope = Scope { dims: key.dims, prior: key.prior, names: library };
    let outcome = |item: &super::Item| {
        let (title, text) = match &item.recipe {
            Recipe::Operation(operation) => {
                (operation.title(&names, inputs.t), operation.formula(&names, inputs.t))
            }
            Recipe::Typed(text) => (text.clone(), Ok(text.clone())),
        };
        let (text, computed) = match text {
            Ok(text) => {
                let computed = compute(&text, &scope);
                (text, computed)
            }
            Err(empty) => {
                let message = format!(
                    "slot {} is empty: click a face of the library, or drag one into it",
                    LETTERS[empty]
                );
                (String::new(), Err(Trouble { at: None, message }))
            }
        };
        Outcome { id: item.id, title, text, computed }
    };
    inputs.items.iter().map(outcome).collect()
}

fn compute(text: &str, scope: &Scope) -> Result<Computed, Trouble> {
    if text.trim().is_empty() {
        let message = "type a formula, such as G - mean(G, D)".to_owned();
        return Err(Trouble { at: None, message });
    }
    let flawed = |flaw: Flaw| Trouble { at: Some(flaw.at), message: flaw.message };
    let plain = Formula::parse(text).and_then(|formula| formula.evaluate(scope)).map_err(flawed)?;
    let norm = plain.norm();
    let typical = brought_back(&plain, scope.prior);
    Ok(Computed { plain, norm, typical })
}

/// The latent in the typical length, unless it has that already or is zero.
fn brought_back(latent: &Latent, prior: Prior) -> Option<Latent> {
    let (norm, typical) = (latent.norm(), prior.typical_norm(latent.dims()));
    if norm <= 0.0 || !norm.is_finite() || (norm / typical - 1.0).abs() < SAME {
        return None;
    }
    let scale = typical / norm;
    Latent::new(latent.values().iter().map(|v| v * scale).collect()).ok()
}
