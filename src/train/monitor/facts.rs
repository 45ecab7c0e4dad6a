//! What the doctor knows of the data.

use crate::data::Dataset;
use crate::error::Result;

/// Pictures that are looked at.
const LOOKED_AT: usize = 64;
/// Mean difference from the first picture, of 255 shades, below which there is nothing to tell apart.
const ALIKE: f32 = 0.5;

/// A few numbers about the data.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Facts {
    /// Pictures in it, or pairs.
    pub pictures: usize,
    /// Whether they are pairs: then there is a truth that holds the generator to its inputs, whatever
    /// the discriminator does.
    pub are_pairs: bool,
    /// Pictures that were compared with the first.
    pub compared: usize,
    /// The largest mean difference of one of them from the first, in shades of 255.
    pub difference: f32,
}

impl Facts {
    /// Looks at some pictures spread over the data.
    ///
    /// # Errors
    /// [`crate::Error::Io`] or [`crate::Error::BadPicture`] if the first cannot be read any more.
    pub fn of(dataset: &Dataset) -> Result<Self> {
        let (pictures, first) = (dataset.len(), dataset.pixels(0)?);
        let are_pairs = dataset.target().input > 0;
        let mut facts = Self { pictures, are_pairs, compared: 0, difference: 0.0 };
        for index in (1..pictures).step_by(pictures.div_ceil(LOOKED_AT)) {
            // One that has gone since is the loader's concern.
            let Ok(other) = dataset.pixels(index) else { continue };
            let sum: u64 = first.iter().zip(&*other).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
            facts.compared += 1;
            facts.difference = facts.difference.max(sum as f32 / first.len().max(1) as f32);
        }
        Ok(facts)
    }

    /// Why there is nothing to learn from the data, if so.
    pub(super) fn sameness(&self) -> Option<String> {
        if self.pictures < 2 {
            return Some("The data is a single picture.".into());
        }
        (self.difference < ALIKE).then(|| {
            format!(
                "The {} pictures that were compared with the first differ from it by {:.2} of 255 \
                 shades at most.",
                self.compared, self.difference
            )
        })
    }
}
