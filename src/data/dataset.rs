//! An opened data set: pictures of one size, in memory as far as they fit.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, PoisonError};

use super::decode::Decoder;
use super::demo_pairs::{DemoPairs, Input};
use super::idx::Idx;
use super::opening::{Found, Opening, framed};
use super::place::Place;
use super::{DataSource, Framing, Progress, Skipped, Target};
use crate::error::{Error, Result};

/// How a data set is opened.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OpenOptions {
    /// Bytes of decoded pictures that are kept in memory. What goes beyond is read again each
    /// time it is needed: slower, with the same pixels.
    pub memory_limit_bytes: u64,
    /// Share of height and width by which pairs are kept larger than the target, 0 to 0.5: a
    /// [`super::Loader`] takes another part of them each time. 0 for plain pictures.
    pub jitter: f64,
    /// Pictures after this many are left out, in the order of the source; at least 1.
    pub most: usize,
}

impl OpenOptions {
    /// The most jitter.
    pub const MAX_JITTER: f64 = 0.5;
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self { memory_limit_bytes: 4 << 30, jitter: 0.0, most: usize::MAX }
    }
}

/// Pictures of one size, in a fixed order.
#[derive(Debug)]
pub struct Dataset {
    name: String,
    origin: PathBuf,
    target: Target,
    /// What is kept: the target, or larger.
    stored: Target,
    framing: Framing,
    options: OpenOptions,
    /// The first pictures, one after the other, `stored.bytes()` each.
    kept: Vec<u8>,
    /// Those that are read again each time.
    rest: Rest,
    /// Where all of them are, if they are kept larger than the target.
    anew: Anew,
    skipped: Vec<Skipped>,
    /// Files that could be read when the set was opened, and not any more.
    lost: Mutex<BTreeMap<PathBuf, String>>,
}

/// Pictures that are not in memory.
#[derive(Debug)]
pub(super) enum Rest {
    None,
    Files {
        decoder: Decoder,
        places: Vec<Place>,
    },
    /// The `count` pictures from number `first` on, those in memory among them.
    Idx {
        idx: Idx,
        framing: Framing,
        first: usize,
        count: usize,
    },
}

/// Where pictures can be read once more, in another size.
#[derive(Debug)]
pub(super) enum Anew {
    /// There is no need for it.
    Never,
    Files(Vec<Place>),
    /// Decoded already, until some are held out.
    Demo(Input, Option<Box<DemoPairs>>),
}

impl Dataset {
    /// Opens a source: lists, decodes, frames and resizes its pictures, side by side in the rayon
    /// pool of the caller. Files that cannot be read are left out and named in [`Self::skipped`].
    ///
    /// Pictures beyond the memory limit are only looked at (format and size); if one of them turns
    /// out to be damaged later, it is named in [`Self::lost`].
    ///
    /// # Errors
    /// [`Error::BadData`] if there is no picture that can be read, or the source is damaged;
    /// [`Error::BadSetting`] for a target outside its ranges; [`Error::Io`] if the folder or file
    /// cannot be opened; [`Error::Cancelled`] if `progress` says so.
    pub fn open(
        source: &DataSource,
        target: Target,
        framing: Framing,
        options: OpenOptions,
        progress: &mut Progress,
    ) -> Result<Self> {
        target.validate()?;
        source.check_for(target)?;
        let most_jitter = if source.is_pairs() { OpenOptions::MAX_JITTER } else { 0.0 };
        if !(0.0..=most_jitter).contains(&options.jitter) {
            let why = format!("0 to {most_jitter} for these pictures, not {}", options.jitter);
            return Err(Error::bad_setting("--jitter", why));
        }
        let stored = target.enlarged(options.jitter);
        stored.validate()?;
        let OpenOptions { memory_limit_bytes: limit, most, .. } = options;
        let opening = Opening { target: stored, framing, limit, most };
        let Found { kept, rest, anew, skipped } = opening.open(source, progress)?;
        let anew = if stored == target { Anew::Never } else { anew };
        let built_in = || PathBuf::from(format!("<{}>", source.name()));
        let origin = source.path().map_or_else(built_in, Path::to_owned);
        let (name, lost) = (source.name(), Mutex::default());
        Ok(Self { name, origin, target, stored, framing, options, kept, rest, anew, skipped, lost })
    }

    /// The set without its last `count` pictures, and one of these: to compare with what was never
    /// learnt from. They are of the target's size, also where the others are kept larger.
    ///
    /// # Errors
    /// [`Error::BadData`] if that leaves one of them empty, or pictures that have to be read again
    /// cannot be.
    pub fn split_off_last(mut self, count: usize) -> Result<(Self, Self)> {
        let len = self.len();
        if count == 0 || count >= len {
            let why = format!("{count} of its {len} pictures cannot be held back from training");
            return Err(Error::bad_data(&self.origin, why));
        }
        let (first, kept_len) = (len - count, self.kept_len());
        let bytes = self.stored.bytes();
        let kept = match first < kept_len {
            true => self.kept.split_off(first * bytes),
            false => Vec::new(),
        };
        let rest = self.rest.split_off(first, kept_len);
        let limit = self.options.memory_limit_bytes;
        let most = usize::MAX;
        let opening = Opening { target: self.target, framing: self.framing, limit, most };
        let found = match &mut self.anew {
            Anew::Never => Found { kept, rest, ..Found::default() },
            Anew::Files(places) => {
                let places = places.split_off(first);
                opening.files(places, &mut |_, _| true)?.or_nothing(&self.origin, 0)?
            }
            Anew::Demo(input, decoded) => {
                let go_on = &mut |_, _| true;
                let pairs = match decoded.take() {
                    Some(pairs) => pairs,
                    None => Box::new(DemoPairs::decode(*input, len, go_on)?),
                };
                let kept = pairs.framed(self.target, self.framing, first..len, go_on)?;
                Found { kept, ..Found::default() }
            }
        };
        let last = Self {
            name: self.name.clone(),
            origin: self.origin.clone(),
            target: self.target,
            stored: self.target,
            framing: self.framing,
            options: OpenOptions { jitter: 0.0, ..self.options },
            kept: found.kept,
            rest: found.rest,
            anew: Anew::Never,
            skipped: found.skipped,
            lost: Mutex::default(),
        };
        Ok((self, last))
    }

    /// A set of pictures that are in memory already.
    #[cfg(test)]
    pub(crate) fn in_memory(name: &str, target: Target, kept: Vec<u8>) -> Self {
        Self {
            name: name.to_owned(),
            origin: PathBuf::from(name),
            target,
            stored: target,
            framing: Framing::default(),
            options: OpenOptions::default(),
            kept,
            rest: Rest::None,
            anew: Anew::Never,
            skipped: Vec::new(),
            lost: Mutex::default(),
        }
    }

    /// Number of pictures; at least 1.
    #[allow(clippy::len_without_is_empty)] // an empty set is an error at opening
    pub fn len(&self) -> usize {
        let kept = self.kept_len();
        match &self.rest {
            Rest::None => kept,
            Rest::Files { places, .. } => kept + places.len(),
            Rest::Idx { count, .. } => *count,
        }
    }

    /// What every picture is.
    pub fn target(&self) -> Target {
        self.target
    }

    /// What every picture is as [`Self::many`] returns it: the target, or larger.
    pub(super) fn stored(&self) -> Target {
        self.stored
    }

    /// Files that were left out at opening.
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// Files that could not be read any more, or turned out to be damaged, after opening.
    pub fn lost(&self) -> Vec<Skipped> {
        let lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        lost.iter().map(|(path, why)| Skipped { path: path.clone(), why: why.clone() }).collect()
    }

    /// A short name for people: `demo`, or that of the folder or file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether every picture is in memory.
    pub fn is_in_memory(&self) -> bool {
        matches!(self.rest, Rest::None)
    }

    /// The interleaved bytes `H·W·C` of a picture; its middle, if it is kept larger.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::BadPicture`] if its file cannot be read any more;
    /// [`Error::BadSetting`] if there is no such picture.
    pub fn pixels(&self, index: usize) -> Result<Cow<'_, [u8]>> {
        let pixels = self.many(&[index], &AtomicBool::new(false)).swap_remove(0)?;
        if self.stored == self.target {
            return Ok(pixels);
        }
        let planes = self.target.planes();
        let left = (self.stored.width - self.target.width) / 2 * planes;
        let top = (self.stored.height - self.target.height) / 2;
        let rows = pixels.chunks_exact(self.stored.width * planes).skip(top);
        let rows = rows.take(self.target.height);
        let middle = rows.flat_map(|row| &row[left..][..self.target.width * planes]);
        Ok(Cow::Owned(middle.copied().collect()))
    }

    /// Several pictures as they are stored; files are read side by side. From the moment `stop` is set
    /// the results are [`Error::Cancelled`].
    pub(super) fn many(&self, indices: &[usize], stop: &AtomicBool) -> Vec<Result<Cow<'_, [u8]>>> {
        let (bytes, kept) = (self.stored.bytes(), self.kept_len());
        let absent = |index: usize| {
            let why = format!("there are {} pictures, none with number {index}", self.len());
            Error::bad_setting("picture", why)
        };
        match &self.rest {
            Rest::Files { decoder, places } => {
                let wanted: Vec<&Place> =
                    indices.iter().filter_map(|i| places.get(i.checked_sub(kept)?)).collect();
                let mut read = decoder.read_many(&wanted, stop).into_iter();
                let one = |&index: &usize| match index.checked_sub(kept).map(|i| places.get(i)) {
                    None => Ok(Cow::Borrowed(&self.kept[index * bytes..][..bytes])),
                    Some(None) => Err(absent(index)),
                    Some(Some(_)) => read.next().unwrap_or(Err(Error::Cancelled)).map(Cow::Owned),
                };
                indices.iter().map(one).collect()
            }
            rest => {
                let one = |&index: &usize| match (index < kept, rest) {
                    (true, _) => Ok(Cow::Borrowed(&self.kept[index * bytes..][..bytes])),
                    (false, Rest::Idx { idx, framing, first, count }) if index < *count => {
                        let grey = idx.read_one(first + index)?;
                        framed(&grey, idx, self.target, *framing).map(Cow::Owned)
                    }
                    _ => Err(absent(index)),
                };
                indices.iter().map(one).collect()
            }
        }
    }

    /// Notes that a picture could not be read again, once for each file.
    pub(super) fn note_lost(&self, index: usize, error: &Error) {
        let place = match &self.rest {
            Rest::Files { places, .. } => {
                index.checked_sub(self.kept_len()).and_then(|index| places.get(index))
            }
            _ => None,
        };
        let lost = match place {
            Some(place) => place.skipped(error),
            None => Skipped::new(self.origin.clone(), error),
        };
        let mut known = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Vacant(entry) = known.entry(lost.path) {
            tracing::warn!("{} is left out from now on: {}", entry.key().display(), lost.why);
            entry.insert(lost.why);
        }
    }

    /// Where the pictures are, for messages.
    pub(super) fn origin(&self) -> &Path {
        &self.origin
    }

    fn kept_len(&self) -> usize {
        self.kept.len() / self.stored.bytes()
    }
}

impl Rest {
    /// Takes away what does not belong to the `first` pictures, of which `kept` or fewer were in memory.
    fn split_off(&mut self, first: usize, kept: usize) -> Self {
        match self {
            Self::None => Self::None,
            Self::Files { decoder, places } => {
                let decoder = *decoder;
                let last = places.split_off(first.saturating_sub(kept).min(places.len()));
                if places.is_empty() {
                    *self = Self::None;
                }
                match last.is_empty() {
                    true => Self::None,
                    false => Self::Files { decoder, places: last },
                }
            }
            Self::Idx { idx, framing, first: from, count } => {
                let (idx, framing) = (idx.clone(), *framing);
                let last = Self::Idx { idx, framing, first: *from + first, count: *count - first };
                *count = first;
                if kept >= first {
                    *self = Self::None;
                }
                last
            }
        }
    }
}
