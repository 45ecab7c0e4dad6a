//! Latents: the plain vectors that a generator turns into pictures.
//!
//! Nothing here knows tensors: a latent is `z_dim` finite 32-bit floats, small enough to copy
//! between threads, print, compare and put on the clipboard.

pub mod expr;
mod file;
mod interpolate;
pub mod library;
mod prior;

use serde::{Deserialize, Serialize};

pub use expr::Formula;
pub use file::{read, write_json, write_npy};
pub use interpolate::{Way, grid, lerp, mutate, slerp};
pub use library::{Library, ModelKey};
pub use prior::Prior;

use crate::error::{Error, Result};

/// One point of a generator's latent space. All values are finite.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<f32>", into = "Vec<f32>")]
pub struct Latent(Vec<f32>);

impl Latent {
    /// The origin, with `dims` dimensions.
    pub fn zero(dims: usize) -> Self {
        Self(vec![0.0; dims])
    }

    /// Takes `values` if they are all finite.
    ///
    /// # Errors
    /// [`Error::BadLatent`] if there are no values, or one is NaN or infinite.
    pub fn new(values: Vec<f32>) -> Result<Self> {
        if values.is_empty() {
            return Err(Error::BadLatent("it holds no numbers".into()));
        }
        match values.iter().position(|v| !v.is_finite()) {
            Some(at) => {
                Err(Error::BadLatent(format!("value {at} is {}, not a number", values[at])))
            }
            None => Ok(Self(values)),
        }
    }

    /// Says so if this latent does not have the `dims` dimensions a generator takes.
    ///
    /// # Errors
    /// [`Error::BadLatent`] with both lengths.
    pub fn expect_dims(&self, dims: usize) -> Result<()> {
        if self.0.len() == dims {
            return Ok(());
        }
        Err(Error::BadLatent(format!(
            "it has {} dimensions, and this generator takes {dims}",
            self.0.len()
        )))
    }

    /// Number of dimensions.
    pub fn dims(&self) -> usize {
        self.0.len()
    }

    /// The values.
    pub fn values(&self) -> &[f32] {
        &self.0
    }

    /// The value of dimension `dim`, or 0 where there is none.
    pub fn get(&self, dim: usize) -> f32 {
        self.0.get(dim).copied().unwrap_or(0.0)
    }

    /// Sets dimension `dim`. A value that is not finite, or a dimension that is not there, changes nothing.
    pub fn set(&mut self, dim: usize, value: f32) {
        if let Some(slot) = self.0.get_mut(dim)
            && value.is_finite()
        {
            *slot = value;
        }
    }

    /// A copy with dimension `dim` set to `value`.
    pub fn with(&self, dim: usize, value: f32) -> Self {
        let mut copy = self.clone();
        copy.set(dim, value);
        copy
    }

    /// Euclidean length.
    pub fn norm(&self) -> f32 {
        self.0.iter().map(|v| v * v).sum::<f32>().sqrt()
    }

    /// Names these values, bit for bit: 32 hexadecimal digits.
    pub fn fingerprint(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        self.0.iter().for_each(|value| {
            hasher.update(&value.to_le_bytes());
        });
        hasher.finalize().to_hex()[..32].to_owned()
    }

    /// Every value times `psi`: 1 leaves the latent as it is, 0 gives the origin, the generator's
    /// "average" picture. Below 1 pictures are more typical and less varied.
    pub fn truncated(&self, psi: f32) -> Self {
        Self(self.0.iter().map(|v| v * psi).collect())
    }

    /// Reads what [`Latent::to_text`] wrote, and any list of numbers separated by commas or
    /// blanks, with or without brackets.
    ///
    /// # Errors
    /// [`Error::BadLatent`] naming the first word that is no number.
    pub fn from_text(text: &str) -> Result<Self> {
        let words = text
            .split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '[' | ']' | '(' | ')'))
            .filter(|word| !word.is_empty());
        let mut values = Vec::new();
        for word in words {
            let value = word.parse::<f32>().map_err(|_| {
                let short: String = word.chars().take(24).collect();
                Error::BadLatent(format!("\"{short}\" is not a number"))
            })?;
            values.push(value);
        }
        Self::new(values)
    }

    /// The values as text for a clipboard or a file: a JSON list that reads back to the same bits.
    pub fn to_text(&self) -> String {
        let numbers: Vec<String> = self.0.iter().map(f32::to_string).collect();
        format!("[{}]", numbers.join(", "))
    }
}

impl TryFrom<Vec<f32>> for Latent {
    type Error = Error;

    fn try_from(values: Vec<f32>) -> Result<Self> {
        Self::new(values)
    }
}

impl From<Latent> for Vec<f32> {
    fn from(latent: Latent) -> Self {
        latent.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_in_many_shapes_is_read() {
        for text in ["[1, -2.5, 3e-1]", "1 -2.5 0.3", "1,-2.5\n0.3", "(1; -2.5; .3)"] {
            assert_eq!(Latent::from_text(text).unwrap().values(), [1.0, -2.5, 0.3], "{text}");
        }
    }

    #[test]
    fn bad_text_is_named() {
        for (text, said) in [
            ("", "no numbers"),
            ("[]", "no numbers"),
            ("1, two, 3", "\"two\" is not a number"),
            ("1, NaN", "value 1 is NaN"),
            ("inf", "value 0 is inf"),
            ("1e999", "value 0 is inf"),
        ] {
            let error = Latent::from_text(text).unwrap_err().to_string();
            assert!(error.contains(said), "{text:?} gave {error:?}");
        }
    }

    #[test]
    fn a_value_that_is_not_finite_cannot_be_set() {
        let mut z = Latent::zero(2);
        z.set(0, f32::NAN);
        z.set(7, 1.0);
        z.set(1, 0.5);
        assert_eq!(z.values(), [0.0, 0.5]);
    }

    proptest! {
        #[test]
        fn text_keeps_every_bit(values in prop::collection::vec(-1e30f32..1e30, 1..80)) {
            let latent = Latent::new(values).unwrap();
            prop_assert_eq!(Latent::from_text(&latent.to_text()).unwrap(), latent);
        }

        #[test]
        fn no_text_panics(text in ".{0,200}") {
            let _ = Latent::from_text(&text);
        }
    }
}
