//! An opened data set: pictures of one size, in memory as far as they fit.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rayon::prelude::*;

use super::decode::{self, Decoder};
use super::idx::Idx;
use super::{DataSource, Framing, Progress, Skipped, Target, demo, folder, frame};
use crate::error::{Error, Result};

/// How a data set is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenOptions {
    /// Bytes of decoded pictures that are kept in memory. What goes beyond is read again each
    /// time it is needed: slower, with the same pixels.
    pub memory_limit_bytes: u64,
    /// Pictures after this many are left out, in the order of the source; at least 1.
    pub most: usize,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self { memory_limit_bytes: 4 << 30, most: usize::MAX }
    }
}

/// Pictures of one size, in a fixed order.
#[derive(Debug)]
pub struct Dataset {
    name: String,
    origin: PathBuf,
    target: Target,
    /// The first pictures, one after the other, `target.bytes()` each.
    kept: Vec<u8>,
    /// Those that are read again each time.
    rest: Rest,
    skipped: Vec<Skipped>,
    /// Files that could be read when the set was opened, and not any more.
    lost: Mutex<BTreeMap<PathBuf, String>>,
}

/// Pictures that are not in memory.
#[derive(Debug)]
enum Rest {
    None,
    Files { decoder: Decoder, paths: Vec<PathBuf> },
    Idx { idx: Idx, framing: Framing },
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
        let OpenOptions { memory_limit_bytes: limit, most } = options;
        let opening = Opening { target, framing, limit, most };
        let (origin, found) = match source {
            DataSource::Demo => (PathBuf::from("<demo faces>"), opening.demo(progress)?),
            DataSource::Folder(path) => (path.clone(), opening.folder(path, progress)?),
            DataSource::Idx(path) => (path.clone(), opening.idx(path, progress)?),
        };
        let Found { kept, rest, skipped } = found;
        let lost = Mutex::default();
        Ok(Self { name: source.name(), origin, target, kept, rest, skipped, lost })
    }

    /// Number of pictures; at least 1.
    #[allow(clippy::len_without_is_empty)] // an empty set is an error at opening
    pub fn len(&self) -> usize {
        let kept = self.kept_len();
        match &self.rest {
            Rest::None => kept,
            Rest::Files { paths, .. } => kept + paths.len(),
            Rest::Idx { idx, .. } => idx.count,
        }
    }

    /// What every picture is.
    pub fn target(&self) -> Target {
        self.target
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

    /// The interleaved bytes `H·W·C` of a picture.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::BadPicture`] if its file cannot be read any more;
    /// [`Error::BadSetting`] if there is no such picture.
    pub fn pixels(&self, index: usize) -> Result<Cow<'_, [u8]>> {
        self.many(&[index], &AtomicBool::new(false)).swap_remove(0)
    }

    /// As [`Self::pixels`], for several at once; files are read side by side. From the moment
    /// `stop` is set the results are [`Error::Cancelled`].
    pub(super) fn many(&self, indices: &[usize], stop: &AtomicBool) -> Vec<Result<Cow<'_, [u8]>>> {
        let (bytes, kept) = (self.target.bytes(), self.kept_len());
        let absent = |index: usize| {
            let why = format!("there are {} pictures, none with number {index}", self.len());
            Error::bad_setting("picture", why)
        };
        match &self.rest {
            Rest::Files { decoder, paths } => {
                let wanted: Vec<&PathBuf> =
                    indices.iter().filter_map(|i| paths.get(i.checked_sub(kept)?)).collect();
                let mut read = decoder.read_many(&wanted, stop).into_iter();
                let one = |&index: &usize| match index.checked_sub(kept).map(|i| paths.get(i)) {
                    None => Ok(Cow::Borrowed(&self.kept[index * bytes..][..bytes])),
                    Some(None) => Err(absent(index)),
                    Some(Some(_)) => read.next().unwrap_or(Err(Error::Cancelled)).map(Cow::Owned),
                };
                indices.iter().map(one).collect()
            }
            rest => {
                let one = |&index: &usize| match (index < kept, rest) {
                    (true, _) => Ok(Cow::Borrowed(&self.kept[index * bytes..][..bytes])),
                    (false, Rest::Idx { idx, framing }) if index < idx.count => {
                        framed(&idx.read_one(index)?, idx, self.target, *framing).map(Cow::Owned)
                    }
                    _ => Err(absent(index)),
                };
                indices.iter().map(one).collect()
            }
        }
    }

    /// Notes that a picture could not be read again, once for each file.
    pub(super) fn note_lost(&self, index: usize, error: &Error) {
        let path = match &self.rest {
            Rest::Files { paths, .. } => {
                index.checked_sub(self.kept_len()).and_then(|index| paths.get(index))
            }
            _ => None,
        };
        let lost = Skipped::new(path.unwrap_or(&self.origin).clone(), error);
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
        self.kept.len() / self.target.bytes()
    }
}

/// What opening a source yields.
struct Found {
    kept: Vec<u8>,
    rest: Rest,
    skipped: Vec<Skipped>,
}

/// How the pictures of a source are to be read.
struct Opening {
    target: Target,
    framing: Framing,
    limit: u64,
    most: usize,
}

impl Opening {
    fn demo(&self, progress: &mut Progress) -> Result<Found> {
        let mut kept = demo::faces(self.target, self.framing, progress)?;
        kept.truncate(self.most.saturating_mul(self.target.bytes()));
        kept.shrink_to_fit();
        Ok(Found { kept, rest: Rest::None, skipped: Vec::new() })
    }

    fn folder(&self, root: &Path, progress: &mut Progress) -> Result<Found> {
        let mut listing = folder::list(root, &mut |found| progress(found, 0))?;
        listing.pictures.truncate(self.most);
        let decoder = Decoder { target: self.target, framing: self.framing };
        let total = listing.pictures.len();
        let mut skipped = listing.skipped;
        let mut kept = room_for(total, self.target, self.limit);
        let places = self.places();
        let mut pace = Pace::new();
        let mut done = 0;
        // Decoded until the memory is full ...
        while done < total && kept.len() / self.target.bytes() < places {
            advance(progress, done, total)?;
            let free = places - kept.len() / self.target.bytes();
            let paths = &listing.pictures[done..][..pace.pictures().min(total - done).min(free)];
            let results = pace.time(|| decoder.read_many(paths, &AtomicBool::new(false)));
            for (path, result) in paths.iter().zip(results) {
                match result {
                    Ok(pixels) => kept.extend_from_slice(&pixels),
                    Err(error) => skipped.push(Skipped::new(path.clone(), &error)),
                }
            }
            done += paths.len();
        }
        // ... and only looked at from there on.
        let mut rest = Vec::new();
        while done < total {
            advance(progress, done, total)?;
            let paths = &listing.pictures[done..][..pace.pictures().min(total - done)];
            let results: Vec<Result<()>> =
                pace.time(|| paths.par_iter().map(|path| decoder.check(path)).collect());
            for (path, result) in paths.iter().zip(results) {
                match result {
                    Ok(()) => rest.push(path.clone()),
                    Err(error) => skipped.push(Skipped::new(path.clone(), &error)),
                }
            }
            done += paths.len();
        }
        if kept.is_empty() && rest.is_empty() {
            return Err(nothing_found(root, listing.others, &skipped));
        }
        kept.shrink_to_fit();
        advance(progress, total, total)?;
        let rest = if rest.is_empty() { Rest::None } else { Rest::Files { decoder, paths: rest } };
        Ok(Found { kept, rest, skipped })
    }

    fn idx(&self, path: &Path, progress: &mut Progress) -> Result<Found> {
        let mut idx = Idx::open(path)?;
        let total = idx.count.min(self.most);
        let places = self.places();
        if places < total && !idx.is_seekable() {
            let bytes = self.target.bytes() as u64 * total as u64;
            let why = format!(
                "its {} pictures take {} MB of memory, more than the limit of {} MB; unpack the \
                 file (gunzip), then it is read piece by piece",
                total,
                bytes >> 20,
                self.limit >> 20,
            );
            return Err(Error::bad_data(path, why));
        }
        let count = total.min(places);
        let mut kept = room_for(count, self.target, self.limit);
        let item = idx.height * idx.width;
        idx.read_pieces(count, PIECE_BYTES, |piece| {
            advance(progress, kept.len() / self.target.bytes(), count)?;
            let framed: Vec<Result<Vec<u8>>> = piece
                .par_chunks(item)
                .map(|pixels| framed(pixels, &idx, self.target, self.framing))
                .collect();
            for pixels in framed {
                kept.extend_from_slice(&pixels?);
            }
            Ok(())
        })?;
        advance(progress, count, count)?;
        idx.count = total;
        let rest =
            if count < total { Rest::Idx { idx, framing: self.framing } } else { Rest::None };
        Ok(Found { kept, rest, skipped: Vec::new() })
    }

    /// Pictures that fit into memory.
    fn places(&self) -> usize {
        usize::try_from(self.limit / self.target.bytes() as u64).unwrap_or(usize::MAX)
    }
}

/// Stored bytes of IDX pictures that are framed side by side.
pub(super) const PIECE_BYTES: usize = 4 << 20;

/// One stored grey picture of an IDX file as the target's.
pub(super) fn framed(grey: &[u8], idx: &Idx, target: Target, framing: Framing) -> Result<Vec<u8>> {
    let pixels = frame(grey, (idx.width, idx.height), Target { channels: 1, ..target }, framing)?;
    Ok(if target.channels == 1 {
        pixels
    } else {
        pixels.into_iter().flat_map(|value| [value; 3]).collect()
    })
}

/// An empty vector with room for `count` pictures, as far as the limit goes. Room the system does
/// not have is found one picture at a time.
fn room_for(count: usize, target: Target, limit: u64) -> Vec<u8> {
    let bytes = (count as u64).saturating_mul(target.bytes() as u64).min(limit);
    let mut kept = Vec::new();
    let _ = kept.try_reserve_exact(usize::try_from(bytes).unwrap_or(0));
    kept
}

pub(super) fn advance(progress: &mut Progress, done: usize, total: usize) -> Result<()> {
    if progress(done, total) { Ok(()) } else { Err(Error::Cancelled) }
}

pub(super) fn nothing_found(root: &Path, others: usize, skipped: &[Skipped]) -> Error {
    let formats = decode::FORMATS;
    let why = match skipped {
        [] => format!(
            "no pictures were found in it or its sub-folders; {formats} files were looked for, \
             {others} files of other kinds are there"
        ),
        [first, ..] => format!(
            "none of its {} pictures can be read ({formats} files were looked for); the first is \
             {}: {}",
            skipped.len(),
            first.path.display(),
            first.why
        ),
    };
    Error::bad_data(root, why)
}

/// How many files are read between two calls of `progress`: as many as take about a fifth of a
/// second, so that Cancel answers at once with large photos and small pictures keep all cores busy.
/// It decides about the pace only, never about the result.
pub(super) struct Pace {
    pictures: usize,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self { pictures: 2 * rayon::current_num_threads().max(1) }
    }

    pub(super) fn pictures(&self) -> usize {
        self.pictures
    }

    pub(super) fn time<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = work();
        let took = start.elapsed();
        if took < Duration::from_millis(100) {
            self.pictures = (self.pictures * 2).min(4096);
        } else if took > Duration::from_millis(300) {
            self.pictures = (self.pictures / 2).max(rayon::current_num_threads().max(1));
        }
        result
    }
}
