//! The operations that are made by a click.

use serde::{Deserialize, Serialize};

use super::SLOTS;
use crate::latent::expr::quoted;

/// Names of the slots.
pub const LETTERS: [&str; SLOTS] = ["A", "B", "C", "D"];
/// Names longer than this stand in a formula as the letter of their slot.
const SHORT: usize = 6;

/// An operation on the slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// A + B
    Add,
    /// A − B
    Subtract,
    /// |A − B|
    Difference,
    /// A ⊙ B, component by component.
    Multiply,
    /// The mean of all filled slots.
    Mean,
    /// A − B + C
    Analogy,
    /// The straight way from A to B.
    Lerp,
    /// The great arc from A to B.
    Slerp,
}

impl Operation {
    /// All of them, as they are offered.
    pub const ALL: [Self; 8] = [
        Self::Add,
        Self::Subtract,
        Self::Difference,
        Self::Multiply,
        Self::Mean,
        Self::Analogy,
        Self::Lerp,
        Self::Slerp,
    ];

    /// A sentence for the tooltip.
    pub fn about(self) -> &'static str {
        match self {
            Self::Add => "The sum of the two latents.",
            Self::Subtract => "What the first has and the second has not.",
            Self::Difference => "How far the two lie apart, in each dimension.",
            Self::Multiply => "Dimension by dimension, one times the other.",
            Self::Mean => "The middle of all slots that hold a face.",
            Self::Analogy => {
                "The third face, changed as the second would have to be to give the first."
            }
            Self::Lerp => "The straight way from the first to the second; the slider says how far.",
            Self::Slerp => {
                "The way from the first to the second along the great arc, where faces keep their \
                 typical length; the slider says how far."
            }
        }
    }

    /// Whether the slider moves it.
    pub fn is_mix(self) -> bool {
        matches!(self, Self::Lerp | Self::Slerp)
    }

    /// Slots that must be filled, from the first.
    fn needs(self) -> usize {
        if self == Self::Analogy { 3 } else { 2 }
    }

    /// How it is printed, with the names of the slots where they are short.
    pub fn title(self, names: &[Option<&str>; SLOTS], t: f32) -> String {
        let name = |slot: usize| match names[slot] {
            Some(name) if name.chars().count() <= SHORT => name,
            _ => LETTERS[slot],
        };
        let (a, b) = (name(0), name(1));
        match self {
            Self::Add => format!("{a} + {b}"),
            Self::Subtract => format!("{a} − {b}"),
            Self::Difference => format!("|{a} − {b}|"),
            Self::Multiply => format!("{a} ⊙ {b}"),
            Self::Mean => "mean".into(),
            Self::Analogy => format!("{a} − {b} + {}", name(2)),
            Self::Lerp => format!("lerp {t:.2}"),
            Self::Slerp => format!("slerp {t:.2}"),
        }
    }

    /// The words of its button: [`Operation::title`] without a number that changes.
    pub fn button(self, names: &[Option<&str>; SLOTS]) -> String {
        match self {
            Self::Lerp => "lerp".into(),
            Self::Slerp => "slerp".into(),
            _ => self.title(names, 0.0),
        }
    }

    /// As the formula language writes it.
    ///
    /// # Errors
    /// The first slot that would have to be filled.
    pub fn formula(self, names: &[Option<&str>; SLOTS], t: f32) -> Result<String, usize> {
        if let Some(empty) = (0..self.needs()).find(|slot| names[*slot].is_none()) {
            return Err(empty);
        }
        let all: Vec<_> = names.iter().flatten().map(|name| quoted(name)).collect();
        let (a, b) = (&all[0], &all[1]);
        Ok(match self {
            Self::Add => format!("{a} + {b}"),
            Self::Subtract => format!("{a} - {b}"),
            Self::Difference => format!("abs({a} - {b})"),
            Self::Multiply => format!("{a} * {b}"),
            Self::Mean => format!("mean({})", all.join(", ")),
            Self::Analogy => format!("{a} - {b} + {}", all[2]),
            Self::Lerp => format!("lerp({a}, {b}, {t:.3})"),
            Self::Slerp => format!("slerp({a}, {b}, {t:.3})"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::latent::Formula;

    #[test]
    fn every_operation_writes_a_formula_that_can_be_read() {
        let names = [Some("G"), Some("two words"), Some("mean"), None];
        for operation in Operation::ALL {
            let text = operation.formula(&names, 0.25).unwrap();
            assert!(Formula::parse(&text).is_ok(), "{text}");
            assert_eq!(operation.formula(&[Some("G"), None, None, None], 0.5), Err(1));
        }
        assert_eq!(Operation::Analogy.formula(&[Some("G"), Some("D"), None, None], 0.0), Err(2));
    }

    #[test]
    fn titles_are_printed_as_in_a_book() {
        let names = [Some("G"), Some("D"), None, None];
        let titles: Vec<_> = Operation::ALL[..4].iter().map(|op| op.title(&names, 0.0)).collect();
        assert_eq!(titles, ["G + D", "G − D", "|G − D|", "G ⊙ D"]);
        let long = [Some("the old man"), Some("D"), None, None];
        assert_eq!(Operation::Add.title(&long, 0.0), "A + D");
    }
}
