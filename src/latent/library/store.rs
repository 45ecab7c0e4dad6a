//! A library on disk: opening, saving, and taking in what others have written.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Content, Entry, EntryId, Library, ModelKey, Moment, format};
use crate::disk;
use crate::error::{Error, Result};

/// A larger file is no library: 256 MiB hold some 300,000 latents of 64 dimensions.
pub(super) const MAX_BYTES: u64 = 256 << 20;
/// How long another program may take to write.
const PATIENCE: Duration = Duration::from_secs(10);

/// What was taken in from the file at a save.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Merged {
    /// Entries that somebody else added.
    pub added: usize,
    /// Entries that somebody else renamed or retagged.
    pub changed: usize,
    /// Entries that somebody else removed.
    pub removed: usize,
}

impl Library {
    /// Opens the library at `path` for use with the model `key`; where there is no such file yet it is
    /// empty. What cannot be read in it is told by [`Library::problems`].
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read; [`Error::BadLibrary`] if it is something else, or of
    /// a later version.
    pub fn open(path: &Path, key: ModelKey) -> Result<Self> {
        let mut library = Self { path: Some(path.to_owned()), ..Self::in_memory(key) };
        if let Some(content) = load(path)? {
            library.take_in(content);
        }
        library.revision = 0;
        Ok(library)
    }

    /// Reads the text of a library, for use with `key`.
    ///
    /// # Errors
    /// [`Error::BadLibrary`], naming `name`, if it is something else.
    pub fn from_text(name: &str, text: &str, key: ModelKey) -> Result<Self> {
        let mut library = Self::in_memory(key);
        library.take_in(format::read(text).map_err(|why| Error::bad_library(name, why))?);
        library.revision = 0;
        Ok(library)
    }

    /// The whole library as text, as it stands in its file.
    ///
    /// # Errors
    /// [`Error::BadLibrary`], which does not happen with entries that came in through this type.
    pub fn to_text(&self) -> Result<String> {
        let entries = self.entries();
        let entries = entries.iter().map(|entry| entry.as_ref());
        format::write(&self.home, entries, &self.removed, &self.offered, &self.aside).map_err(
            |error| {
                let path = self.path.clone().unwrap_or_default();
                Error::bad_library(path, error.to_string())
            },
        )
    }

    /// Takes in what others have written since, then writes everything, all or nothing. Does nothing
    /// for a library in memory.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be written; [`Error::BadLibrary`] if something else lies there now,
    /// or another program holds the file. The file is then as it was, and so is the library in memory.
    pub fn save(&mut self) -> Result<Merged> {
        let Some(path) = self.path.clone() else {
            (self.basis, self.saved) = (self.revision, self.revision);
            return Ok(Merged::default());
        };
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(Error::io("make the folder", folder))?;
        }
        let _lock = lock(&path)?;
        let theirs = load(&path)?;
        if theirs.as_ref().is_some_and(|content| content.damaged) {
            keep_damaged(&path)?;
        }
        let mut merged = self.clone();
        let news = theirs.map(|content| merged.take_in(content)).unwrap_or_default();
        disk::write_atomic(&path, merged.to_text()?.as_bytes())?;
        (merged.basis, merged.saved) = (self.revision, merged.revision);
        *self = merged;
        Ok(news)
    }

    /// Takes in what others have written, without writing.
    ///
    /// # Errors
    /// As [`Library::open`].
    pub fn refresh(&mut self) -> Result<Merged> {
        match &self.path {
            Some(path) => Ok(load(path)?.map(|content| self.take_in(content)).unwrap_or_default()),
            None => Ok(Merged::default()),
        }
    }

    /// Takes in a copy of this library that was saved elsewhere, in a background thread. The copy must
    /// not have been changed between.
    pub fn adopt(&mut self, saved: &Library) -> Merged {
        // Nearly all of them are the very ones that are here.
        let is_news = |entry: &&Arc<Entry>| {
            !self.entries.get(&entry.id).is_some_and(|ours| Arc::ptr_eq(ours, entry))
        };
        let news = saved.entries.values().filter(is_news);
        let content = Content {
            model: None,
            entries: news.map(|entry| entry.as_ref().clone()).collect(),
            removed: saved.removed.clone(),
            offered: saved.offered.clone(),
            aside: saved.aside.clone(),
            damaged: false,
        };
        let before = self.revision;
        let merged = self.take_in(content);
        // What has changed here since the copy was made is still to be saved.
        if before == saved.basis {
            self.saved = self.revision;
        }
        merged
    }

    /// Gives the entries of `bundled` that this library was never given before. They are written with
    /// the next change.
    pub fn offer(&mut self, bundled: &Library) {
        let unsaved = self.is_unsaved();
        for entry in bundled.entries() {
            if !self.offered.insert(entry.id) || self.removed.contains_key(&entry.id) {
                continue;
            }
            if !self.entries.contains_key(&entry.id) {
                let mut entry = entry.as_ref().clone();
                entry.name = self.free_name(&entry.name);
                self.insert(Arc::new(entry));
            }
        }
        if !unsaved {
            self.saved = self.revision;
        }
    }

    /// Merges: of each entry the latest version, unless it was removed later.
    fn take_in(&mut self, content: Content) -> Merged {
        if let Some(model) = content.model
            && self.entries.is_empty()
        {
            self.home = model;
        }
        let mut merged = Merged::default();
        self.offered.extend(content.offered);
        for (id, at) in content.removed {
            let known = self.removed.get(&id).copied().unwrap_or_default();
            match self.entries.get(&id) {
                Some(entry) if entry.stamp() > at => continue,
                Some(_) => {
                    self.take_out(id);
                    merged.removed += 1;
                }
                None if known >= at => continue,
                None => {}
            }
            self.note_removal(id, at);
        }
        let mut seen = BTreeSet::new();
        for mut entry in content.entries {
            // A line copied by hand has the id of the one it was copied from.
            if !seen.insert(entry.id) {
                entry.id = EntryId::of_content(&entry.name, &entry.latent);
                seen.insert(entry.id);
            }
            self.take_in_entry(entry, &mut merged);
        }
        if content.damaged {
            for aside in content.aside {
                if !self.aside.contains(&aside) {
                    self.aside.push(aside);
                }
            }
        } else {
            // The file is whole: what is no longer aside there was put right.
            self.aside = content.aside;
        }
        merged
    }

    fn take_in_entry(&mut self, mut entry: Entry, merged: &mut Merged) {
        let stamp = entry.stamp();
        if self.removed.get(&entry.id).is_some_and(|at: &Moment| *at >= stamp) {
            return;
        }
        let ours = self.entries.get(&entry.id).cloned();
        // Of two that are as old as each other, the file's: it was edited by hand.
        if ours.as_ref().is_some_and(|ours| ours.stamp() > stamp || **ours == entry) {
            return;
        }
        self.take_out(entry.id);
        let wish = entry.name.clone();
        if let Some(other) = self.by_name(&wish).cloned() {
            // The later one gives way, in every window alike.
            if (other.created, other.id) > (entry.created, entry.id) {
                let mut other = other;
                self.take_out(other.id);
                self.put(Arc::new(entry.clone()));
                Arc::make_mut(&mut other).name = self.free_name(&wish);
                self.insert(other);
            } else {
                entry.name = self.free_name(&wish);
            }
        }
        let entry = Arc::new(entry);
        self.put(entry.clone());
        match ours {
            // It had given way before.
            Some(ours) if ours == entry => return,
            Some(_) => merged.changed += 1,
            None => merged.added += 1,
        }
        self.revision += 1;
        if entry.name != wish {
            let name = &entry.name;
            self.notes
                .push(format!("there were two entries called \"{wish}\"; one is now \"{name}\""));
        }
    }
}

/// What the file at `path` holds; `None` where there is none.
pub(super) fn load(path: &Path) -> Result<Option<Content>> {
    let bytes = match disk::read_limited(path, MAX_BYTES) {
        Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            return Ok(None);
        }
        other => other?,
    };
    // A file of nothing, or of zeros, is what some systems leave after a power cut.
    if bytes.iter().all(|byte| byte.is_ascii_whitespace() || *byte == 0) {
        return Ok(Some(Content { damaged: !bytes.is_empty(), ..Content::default() }));
    }
    let text = String::from_utf8_lossy(&bytes);
    format::read(&text).map(Some).map_err(|why| Error::bad_library(path, why))
}

/// Holds the library at `path` for this program until it is dropped. The lock lies in a file beside
/// it, since the library itself is replaced at every save.
fn lock(path: &Path) -> Result<File> {
    let lock = beside(path, "lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&lock)
        .map_err(Error::io("write", &lock))?;
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if begun.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(10));
            }
            Err(TryLockError::WouldBlock) => {
                let why =
                    "another program has been writing it for too long; close that and try again";
                return Err(Error::bad_library(path, why));
            }
            // Some network drives have no locks. Merging alone then loses only what two windows
            // write within the same few milliseconds.
            Err(TryLockError::Error(error)) if error.kind() == std::io::ErrorKind::Unsupported => {
                return Ok(file);
            }
            Err(TryLockError::Error(error)) => return Err(Error::io("lock", &lock)(error)),
        }
    }
}

/// Keeps a copy of a damaged file before it is written over.
fn keep_damaged(path: &Path) -> Result<()> {
    let bytes = disk::read_limited(path, MAX_BYTES)?;
    let copies = (1..).map(|n: u32| beside(path, &format!("damaged-{n}")));
    for copy in copies {
        match std::fs::read(&copy) {
            Ok(old) if old == bytes => return Ok(()),
            Ok(_) => {}
            Err(_) => return disk::write_atomic(&copy, &bytes),
        }
    }
    Ok(())
}

/// `path` with another ending behind its own.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}
