//! Reading a source: what fits into memory, and what has to be read again each time.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use rayon::prelude::*;

use super::dataset::{Anew, Rest};
use super::decode::{self, Decoder};
use super::demo_pairs::{DemoPairs, Input};
use super::idx::Idx;
use super::pairs::NOT_BESIDE;
use super::place::{self, Place};
use super::{DataSource, Framing, Progress, Skipped, Target, demo, frame};
use crate::error::{Error, Result};

/// What opening a source yields.
pub(super) struct Found {
    /// The first pictures, one after the other.
    pub kept: Vec<u8>,
    /// Those beyond.
    pub rest: Rest,
    /// Where all of them are.
    pub anew: Anew,
    pub skipped: Vec<Skipped>,
}

impl Default for Found {
    fn default() -> Self {
        Self { kept: Vec::new(), rest: Rest::None, anew: Anew::Never, skipped: Vec::new() }
    }
}

impl Found {
    /// An error if there is no picture; `root` is where they were looked for, and `others` the number
    /// of other files there.
    pub fn or_nothing(self, root: &Path, others: usize) -> Result<Self> {
        match self.kept.is_empty() && matches!(self.rest, Rest::None) {
            true => Err(nothing_found(root, others, &self.skipped)),
            false => Ok(self),
        }
    }
}

/// How the pictures of a source are to be read.
pub(super) struct Opening {
    pub target: Target,
    pub framing: Framing,
    /// Bytes of pictures that are kept in memory.
    pub limit: u64,
    /// Pictures after this many are left out.
    pub most: usize,
}

impl Opening {
    /// Reads `source`. Files that cannot be read are left out and named.
    pub fn open(&self, source: &DataSource, progress: &mut Progress) -> Result<Found> {
        match source {
            DataSource::Demo => {
                let mut kept = demo::faces(self.target, self.framing, progress)?;
                kept.truncate(self.most.saturating_mul(self.target.bytes()));
                kept.shrink_to_fit();
                Ok(Found { kept, ..Found::default() })
            }
            DataSource::DemoSketches => self.demo_pairs(Input::Sketches, progress),
            DataSource::DemoLabels => self.demo_pairs(Input::Labels, progress),
            DataSource::Idx(path) => self.idx(path, progress),
            DataSource::Folder(root)
            | DataSource::SideBySide { folder: root, .. }
            | DataSource::TwoFolders { inputs: root, .. } => {
                let mut listed = place::list(source, &mut |found| progress(found, 0))?;
                listed.places.truncate(self.most);
                let mut found = self.files(listed.places, progress)?;
                found.skipped.splice(0..0, listed.skipped);
                found.or_nothing(root, listed.others)
            }
        }
    }

    /// The pictures of files: decoded until the memory is full, and only looked at from there on.
    pub fn files(&self, all: Vec<Place>, progress: &mut Progress) -> Result<Found> {
        let decoder = Decoder { target: self.target, framing: self.framing };
        let total = all.len();
        let mut found =
            Found { kept: room_for(total, self.target, self.limit), ..Found::default() };
        let limit = self.places();
        let (mut good, mut rest) = (Vec::new(), Vec::new());
        let mut pace = Pace::new();
        let mut all = all.into_iter();
        while all.len() > 0 {
            advance(progress, total - all.len(), total)?;
            let free = limit - found.kept.len() / self.target.bytes();
            let most = if free > 0 { pace.pictures().min(free) } else { pace.pictures() };
            let places: Vec<Place> = all.by_ref().take(most).collect();
            if free == 0 {
                let results: Vec<Result<()>> =
                    pace.time(|| places.par_iter().map(|place| decoder.check(place)).collect());
                for (place, result) in places.into_iter().zip(results) {
                    match result {
                        Ok(()) => rest.push(place),
                        Err(error) => found.skipped.push(place.skipped(&error)),
                    }
                }
                continue;
            }
            let wanted: Vec<&Place> = places.iter().collect();
            let results = pace.time(|| decoder.read_many(&wanted, &AtomicBool::new(false)));
            for (place, result) in places.into_iter().zip(results) {
                match result {
                    Ok(pixels) => {
                        found.kept.extend_from_slice(&pixels);
                        good.push(place);
                    }
                    Err(error) => found.skipped.push(place.skipped(&error)),
                }
            }
        }
        found.kept.shrink_to_fit();
        advance(progress, total, total)?;
        if !rest.is_empty() {
            good.extend_from_slice(&rest);
            found.rest = Rest::Files { decoder, places: rest };
        }
        found.anew = Anew::Files(good);
        Ok(found)
    }

    fn demo_pairs(&self, input: Input, progress: &mut Progress) -> Result<Found> {
        let pairs = DemoPairs::decode(input, self.most, progress)?;
        let kept = pairs.framed(self.target, self.framing, 0..self.most, progress)?;
        Ok(Found { kept, anew: Anew::Demo(input, Some(Box::new(pairs))), ..Found::default() })
    }

    fn idx(&self, path: &Path, progress: &mut Progress) -> Result<Found> {
        let idx = Idx::open(path)?;
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
        let rest = match count < total {
            true => Rest::Idx { idx, framing: self.framing, first: 0, count: total },
            false => Rest::None,
        };
        Ok(Found { kept, rest, ..Found::default() })
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
        [first, ..] if skipped.iter().all(|skipped| skipped.why.ends_with(NOT_BESIDE)) => format!(
            "its {} pictures are single ones, not two side by side in each file; if what they belong \
             to lies in a second folder, give that too with --outputs (the first is {}: {})",
            skipped.len(),
            first.path.display(),
            first.why
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
