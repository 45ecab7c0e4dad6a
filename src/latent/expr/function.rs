//! The functions of a formula, and how many arguments each takes.

use std::ops::RangeInclusive;

/// A function by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// Every component without its sign.
    Abs,
    /// The sum of all arguments, divided by how many they are.
    Mean,
    /// The straight way between two latents.
    Lerp,
    /// The great arc between two latents.
    Slerp,
    /// The length that the generator was trained with.
    Normalize,
    /// Every component moved into a range.
    Clamp,
    /// Every component times a number.
    Truncate,
    /// The latent of a seed.
    Random,
}

impl Function {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 8] = [
        Self::Abs,
        Self::Mean,
        Self::Lerp,
        Self::Slerp,
        Self::Normalize,
        Self::Clamp,
        Self::Truncate,
        Self::Random,
    ];

    /// How it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Abs => "abs",
            Self::Mean => "mean",
            Self::Lerp => "lerp",
            Self::Slerp => "slerp",
            Self::Normalize => "normalize",
            Self::Clamp => "clamp",
            Self::Truncate => "truncate",
            Self::Random => "random",
        }
    }

    /// How it is called, with its arguments.
    pub fn signature(self) -> &'static str {
        match self {
            Self::Abs => "abs(x)",
            Self::Mean => "mean(a, b, …)",
            Self::Lerp => "lerp(a, b, t)",
            Self::Slerp => "slerp(a, b, t)",
            Self::Normalize => "normalize(x)",
            Self::Clamp => "clamp(x, low, high)",
            Self::Truncate => "truncate(x, psi)",
            Self::Random => "random(seed)",
        }
    }

    /// How many arguments it takes.
    pub(super) fn arity(self) -> RangeInclusive<usize> {
        match self {
            Self::Abs | Self::Normalize | Self::Random => 1..=1,
            Self::Truncate => 2..=2,
            Self::Lerp | Self::Slerp | Self::Clamp => 3..=3,
            Self::Mean => 1..=usize::MAX,
        }
    }

    pub(super) fn called(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|function| function.name() == name)
    }
}
