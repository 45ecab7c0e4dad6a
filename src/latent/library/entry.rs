//! One named latent: what it is called, where it came from, which model it belongs to.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Moment;
use crate::error::{Error, Result};
use crate::latent::{Latent, Prior};

/// Longest name and tag, in characters.
pub const MAX_NAME: usize = 100;
/// Most tags of an entry.
const MAX_TAGS: usize = 64;

/// One trained generator, named by its weights.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelKey {
    /// What people call it, e.g. `faces-64`. Two models may share a name.
    pub name: String,
    /// Hash of the generator's weights, 32 hexadecimal digits. No two models share it.
    pub hash: String,
    /// Dimensions of a latent.
    pub dims: usize,
    /// How its latents were drawn in training.
    pub prior: Prior,
}

/// Names an entry for good, whatever it is called.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(try_from = "String", into = "String")]
pub struct EntryId(pub u64);

impl EntryId {
    /// An id that nobody else has: of the content, the time and the process that asked for it.
    pub(super) fn fresh(name: &str, z: &Latent) -> Self {
        use std::sync::atomic::{AtomicU64, Ordering};
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let mut hasher = hasher(name, z);
        let time = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        hasher.update(&time.unwrap_or_default().as_nanos().to_le_bytes());
        hasher.update(&std::process::id().to_le_bytes());
        hasher.update(&COUNT.fetch_add(1, Ordering::Relaxed).to_le_bytes());
        Self::of(&hasher)
    }

    /// The id of an entry that was written by hand, without one: the same at every reading.
    pub(super) fn of_content(name: &str, z: &Latent) -> Self {
        Self::of(&hasher(name, z))
    }

    fn of(hasher: &blake3::Hasher) -> Self {
        let hash = hasher.finalize();
        let mut first = [0; 8];
        first.copy_from_slice(&hash.as_bytes()[..8]);
        Self(u64::from_le_bytes(first))
    }
}

fn hasher(name: &str, z: &Latent) -> blake3::Hasher {
    let mut hasher = blake3::Hasher::new();
    hasher.update(name.as_bytes());
    hasher.update(&[0]);
    for value in z.values() {
        hasher.update(&value.to_le_bytes());
    }
    hasher
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl From<EntryId> for String {
    fn from(id: EntryId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for EntryId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match u64::from_str_radix(&text, 16) {
            Ok(id) if text.len() == 16 => Ok(Self(id)),
            _ => Err(format!("\"{text:.40}\" is not an id of 16 hexadecimal digits")),
        }
    }
}

/// How a latent came to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Origin {
    /// Nobody noted it.
    #[default]
    Unknown,
    /// Drawn by a seed.
    Seed {
        /// The seed.
        seed: u64,
    },
    /// Set by hand.
    Sliders {
        /// The seed that the sliders started from, if it was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seed: Option<u64>,
    },
    /// Computed from others.
    Formula {
        /// The formula.
        text: String,
        /// The entries it names, as they were called then.
        parents: Vec<Parent>,
    },
    /// Read from a file.
    Imported {
        /// The file's name, without its folder.
        file: String,
    },
}

/// An entry that a formula was computed from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parent {
    /// Its name then.
    pub name: String,
    /// Its id.
    pub id: EntryId,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("unknown"),
            Self::Seed { seed } => write!(f, "seed {seed}"),
            Self::Sliders { seed: None } => f.write_str("sliders"),
            Self::Sliders { seed: Some(seed) } => write!(f, "sliders from seed {seed}"),
            Self::Formula { text, .. } => f.write_str(text),
            Self::Imported { file } => write!(f, "imported from {file}"),
        }
    }
}

/// One named latent of a library.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Names it for good.
    #[serde(default)]
    pub id: EntryId,
    /// What it is called; unique within its library.
    pub name: String,
    /// Words to find it by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// When it was kept.
    #[serde(default)]
    pub created: Moment,
    /// When its name or tags were last changed; 1970 stands for never.
    #[serde(default, skip_serializing_if = "is_never")]
    pub changed: Moment,
    /// How it came to be.
    #[serde(default)]
    pub origin: Origin,
    /// Hash of the model it belongs to, where that is not the library's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The latent. It never changes: another latent is another entry.
    #[serde(rename = "z")]
    pub latent: Latent,
}

fn is_never(moment: &Moment) -> bool {
    *moment == Moment::default()
}

impl Entry {
    /// When it was last touched: of two versions, the later counts.
    pub(super) fn stamp(&self) -> Moment {
        self.created.max(self.changed)
    }
}

/// A latent on its way into a library.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEntry {
    /// What it shall be called.
    pub name: String,
    /// The latent.
    pub latent: Latent,
    /// How it came to be.
    pub origin: Origin,
    /// Words to find it by.
    pub tags: Vec<String>,
}

/// `name` without blanks at its ends, if entries can be called so.
///
/// # Errors
/// [`Error::BadEntry`] for an empty name, one that is too long, or one with control characters.
pub fn checked_name(name: &str) -> Result<String> {
    let name = name.trim();
    let why = if name.is_empty() {
        "a name needs at least one character".to_owned()
    } else if name.chars().count() > MAX_NAME {
        format!("a name has at most {MAX_NAME} characters")
    } else if name.chars().any(char::is_control) {
        "a name has no line breaks or other control characters".to_owned()
    } else {
        return Ok(name.to_owned());
    };
    Err(Error::BadEntry(why))
}

/// `tags` trimmed, each once, without empty ones.
///
/// # Errors
/// As [`checked_name`], and if there are too many.
pub fn checked_tags(tags: &[String]) -> Result<Vec<String>> {
    let mut checked: Vec<String> = Vec::new();
    for tag in tags.iter().filter(|tag| !tag.trim().is_empty()) {
        let tag = checked_name(tag)?;
        if !checked.contains(&tag) {
            checked.push(tag);
        }
    }
    match checked.len() {
        0..=MAX_TAGS => Ok(checked),
        _ => Err(Error::BadEntry(format!("an entry has at most {MAX_TAGS} tags"))),
    }
}
