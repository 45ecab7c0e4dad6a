//! Formulas over named latents: `abs(G - D)`, `lerp(anna, "the old man", 0.3)`, `G - mean(a, b) + D`.
//!
//! | written | gives |
//! |---|---|
//! | `G`, `"two words"` | the latent of that name |
//! | `0.5`, `1e-3` | a number |
//! | `a + b`, `a - b`, `a * b` | componentwise; with a number, every component with it |
//! | `a / 2`, `-a` | every component |
//! | `abs(a)`, `\|a\|` | every component without its sign |
//! | `mean(a, b, …)` | their sum, divided by how many they are |
//! | `lerp(a, b, t)`, `slerp(a, b, t)` | the way from `a` at 0 to `b` at 1: straight, or along the great arc |
//! | `normalize(a)` | `a` with the length that the generator was trained with |
//! | `clamp(a, low, high)` | every component moved into that range |
//! | `truncate(a, psi)` | every component times `psi` |
//! | `random(seed)` | the latent of that seed |
//! | `zero` | the origin |
//!
//! Latents are computed with plain 32-bit arithmetic, one component after the other; numbers among
//! themselves in 64 bits. Signs as they are printed (`−`, `×`, `⊙`, `·`, `÷`) work too.
//!
//! A formula is parsed into steps for a stack, not into a tree: whatever its length, neither
//! computing nor dropping it needs more than a loop.

mod complete;
mod evaluate;
mod function;
mod lexer;
mod parser;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

pub use complete::completions;
pub use evaluate::Scope;
pub use function::Function;

use super::Latent;
use crate::error::{Error, Result};
pub(crate) use complete::nearest;
use parser::{Op, Step};

/// Longest formula in bytes: far more than anybody types.
pub const MAX_BYTES: usize = 16 << 10;

/// What is wrong with a formula, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// The place, in bytes of the formula's text; it begins and ends between two characters.
    pub at: Range<usize>,
    /// One sentence without a full stop: what is wrong there, and what to do.
    pub message: String,
}

impl Flaw {
    fn new(at: Range<usize>, message: impl Into<String>) -> Self {
        Self { at, message: message.into() }
    }

    /// This flaw as an error that remembers the formula's text.
    pub fn of(self, text: &str) -> Error {
        Error::BadFormula { text: text.to_owned(), at: self.at, why: self.message }
    }
}

/// A formula that has been read; its names are looked up when it is computed.
#[derive(Debug, Clone, PartialEq)]
pub struct Formula {
    text: String,
    steps: Vec<Step>,
}

impl Formula {
    /// Reads `text`.
    ///
    /// # Errors
    /// A [`Flaw`] at the first place that cannot be understood.
    pub fn parse(text: &str) -> Result<Self, Flaw> {
        if text.len() > MAX_BYTES {
            let why =
                format!("a formula has at most {MAX_BYTES} bytes, and this has {}", text.len());
            return Err(Flaw::new(0..0, why));
        }
        Ok(Self { text: text.to_owned(), steps: parser::parse(text)? })
    }

    /// The text as it was given.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The names it mentions, in order of appearance, each once.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for step in &self.steps {
            if let Op::Name(name) = &step.op
                && !names.contains(&name.as_str())
            {
                names.push(name);
            }
        }
        names
    }

    /// The seed, if it is no more than `random(seed)`.
    pub fn seed(&self) -> Option<u64> {
        match self.steps.as_slice() {
            [Step { op: Op::Number(seed), .. }, Step { op: Op::Call(Function::Random, 1), .. }] => {
                evaluate::seed(*seed)
            }
            _ => None,
        }
    }

    /// Computes it with the latents of `scope`.
    ///
    /// # Errors
    /// A [`Flaw`] at the name that is not there, the division by zero, the value that is not finite,
    /// or whatever else has no result.
    pub fn evaluate(&self, scope: &Scope) -> Result<Latent, Flaw> {
        evaluate::evaluate(&self.steps, self.text.len(), scope)
    }
}

/// Reads and computes `text` in one go.
///
/// # Errors
/// [`Error::BadFormula`].
pub fn evaluate(text: &str, scope: &Scope) -> Result<Latent> {
    Formula::parse(text).and_then(|formula| formula.evaluate(scope)).map_err(|flaw| flaw.of(text))
}

/// Where a formula finds its names.
pub trait Lookup {
    /// The latent called `name`.
    fn latent(&self, name: &str) -> Option<&Latent>;

    /// The name that was probably meant by `word`, which is none.
    fn nearest(&self, word: &str) -> Option<&str>;

    /// Whether there is no name at all.
    fn is_empty(&self) -> bool;
}

impl Lookup for BTreeMap<String, Latent> {
    fn latent(&self, name: &str) -> Option<&Latent> {
        self.get(name)
    }

    fn nearest(&self, word: &str) -> Option<&str> {
        nearest(word, self.keys().map(|name| (name.as_str(), name.to_lowercase())))
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }
}

/// How `name` is written in a formula: as it is, or in quotes where it would be read as something else.
pub fn quoted(name: &str) -> Cow<'_, str> {
    if lexer::is_plain(name) {
        return Cow::Borrowed(name);
    }
    let mut text = String::with_capacity(name.len() + 2);
    text.push('"');
    for c in name.chars() {
        if matches!(c, '"' | '\\') {
            text.push('\\');
        }
        text.push(c);
    }
    text.push('"');
    Cow::Owned(text)
}

#[cfg(test)]
mod tests;
