//! Reading training pictures: folders, IDX files (MNIST and its relatives), the demo faces, and
//! pictures in pairs: what goes into a network and what should come out.
//!
//! A [`DataSource`] says where pictures come from, a [`Target`] what the network wants. Together
//! they open a [`Dataset`]: every picture decoded, framed and resized once, kept as interleaved
//! bytes `H·W·C`. A pair is one picture whose pixels hold the channels of the input, then those of
//! the output: whatever is done to a picture on its way into a batch is done to both alike. A
//! [`Loader`] prepares batches `[B, C, H, W]` in [-1, 1] ahead of the training
//! step. Which picture is in which batch follows from the seed and the batch's number alone
//! ([`Batches`]), so that a run resumed at step 812 goes on exactly where it stopped.
//!
//! A file that cannot be read never ends a run: it is skipped and named ([`Dataset::skipped`]).

mod atlas;
mod batches;
mod dataset;
mod decode;
pub mod demo;
pub mod demo_pairs;
mod folder;
mod frame;
mod idx;
mod input_kind;
mod intake;
mod jpeg;
mod loader;
mod matching;
mod opening;
mod pairs;
mod place;
mod reading;
mod resample;
mod source;
mod survey;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use batches::{Batches, Pick, Plan, batches_per_epoch};
pub use dataset::{Dataset, OpenOptions};
pub use decode::{MAX_PIXELS, MAX_SIDE, open_picture};
pub use folder::pictures_in;
pub use frame::frame;
pub use input_kind::{input_kind, input_of};
pub use intake::Intake;
pub use loader::{Batch, Loader, LoaderConfig};
pub use pairs::beside;
pub use source::{DataSource, Direction};
pub use survey::{Survey, survey};

use crate::error::{Error, Result};
use crate::model::ModelSpec;

/// Called with (pictures done, pictures in all) while a data set opens; the second number is 0 as
/// long as a folder is still being listed. Returning `false` cancels with [`Error::Cancelled`].
pub type Progress<'a> = dyn FnMut(usize, usize) -> bool + 'a;

/// What the network wants a picture to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Target {
    /// Channels of what goes into a network that takes pictures, the first of each pixel: 1 (grey),
    /// 2 (grey and opacity), 3 (red, green, blue) or 4 (with opacity). 0 for plain pictures.
    #[serde(default)]
    pub input: usize,
    /// Channels of what should come out, or of a plain picture: 1 (grey) or 3 (red, green, blue).
    pub channels: usize,
    /// Pixels from top to bottom, 1 to 4,096.
    pub height: usize,
    /// Pixels from left to right, 1 to 4,096.
    pub width: usize,
}

impl Target {
    /// The largest height and width.
    pub const MAX_SIDE: usize = 4096;

    /// The most channels of an input.
    pub const MAX_INPUT: usize = 4;

    /// What the networks of `spec` take.
    pub fn of(spec: &ModelSpec) -> Self {
        let (height, width) = spec.size();
        Self { input: spec.inputs(), channels: spec.channels(), height, width }
    }

    /// Channels of one picture as it is kept and as it stands in a batch: those of both halves of a
    /// pair.
    pub fn planes(&self) -> usize {
        self.input + self.channels
    }

    /// Bytes of one picture: H·W·C, where C counts both halves of a pair.
    pub fn bytes(&self) -> usize {
        self.planes() * self.height * self.width
    }

    /// Larger by `jitter`, a share of height and width.
    #[must_use]
    pub fn enlarged(&self, jitter: f64) -> Self {
        let side = |side: usize| (side as f64 * (1.0 + jitter)).round() as usize;
        Self { height: side(self.height), width: side(self.width), ..*self }
    }

    /// Checks the ranges given at the fields.
    ///
    /// # Errors
    /// [`Error::BadSetting`] if a number is outside its range.
    pub fn validate(&self) -> Result<()> {
        if !matches!(self.channels, 1 | 3) {
            return Err(Error::bad_setting(
                "channels",
                format!("pictures have 1 (grey) or 3 (colour), not {}", self.channels),
            ));
        }
        if self.input > Self::MAX_INPUT {
            let why = format!("a picture has 1 to {} of them, not {}", Self::MAX_INPUT, self.input);
            return Err(Error::bad_setting("input channels", why));
        }
        for side in [self.height, self.width] {
            if !(1..=Self::MAX_SIDE).contains(&side) {
                return Err(Error::bad_setting(
                    "size",
                    format!("pictures have 1 to {} pixels a side, not {side}", Self::MAX_SIDE),
                ));
            }
        }
        Ok(())
    }
}

/// How a picture of another shape becomes one of the target's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Framing {
    /// The largest centred part of the target's shape; what sticks out on two sides is lost.
    #[default]
    Crop,
    /// The whole picture, centred, on the mean colour of its border.
    Fit,
}

/// A file or folder that was left out of a data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Which.
    pub path: PathBuf,
    /// Why, in a few words without the path.
    pub why: String,
}

impl Skipped {
    /// What `error` says about `path`, the path itself left out.
    fn new(path: PathBuf, error: &Error) -> Self {
        let why = match error {
            Error::BadPicture { why, .. } | Error::BadData { why, .. } => why.clone(),
            Error::Io { source, .. } => source.to_string(),
            other => other.to_string(),
        };
        Self { path, why }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_outside_the_ranges_are_refused() {
        let ok = Target { input: 0, channels: 3, height: 64, width: 64 };
        assert!(ok.validate().is_ok());
        for bad in [
            Target { channels: 2, ..ok },
            Target { height: 0, ..ok },
            Target { width: 4097, ..ok },
            Target { input: 5, ..ok },
            Target { input: 0, channels: usize::MAX, height: usize::MAX, width: usize::MAX },
        ] {
            assert!(matches!(bad.validate(), Err(Error::BadSetting { .. })), "{bad:?}");
        }
    }

    #[test]
    fn both_halves_of_a_pair_count() {
        let pair = Target { input: 1, channels: 3, height: 10, width: 20 };
        assert_eq!((pair.planes(), pair.bytes()), (4, 800));
        let larger = pair.enlarged(0.117);
        assert_eq!((larger.height, larger.width, larger.planes()), (11, 22, 4));
        assert_eq!(Target { height: 256, width: 256, ..pair }.enlarged(0.117).height, 286);
        assert_eq!(pair.enlarged(0.0), pair);
    }

    #[test]
    fn framings_are_written_in_kebab_case() {
        assert_eq!(serde_json::to_string(&Framing::Crop).unwrap(), "\"crop\"");
        assert_eq!(serde_json::from_str::<Framing>("\"fit\"").unwrap(), Framing::Fit);
        assert_eq!(Framing::default(), Framing::Crop);
    }
}
