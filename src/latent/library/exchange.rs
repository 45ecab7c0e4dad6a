//! Entries in and out of files, to other libraries and to Python.

use std::path::Path;
use std::sync::Arc;

use super::{Entry, EntryId, Library, NewEntry, Origin, format, listed, store};
use crate::disk;
use crate::error::{Error, Result};
use crate::latent::expr::Lookup;
use crate::latent::{self, Latent};

/// What an import brought.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Imported {
    /// The new entries.
    pub added: Vec<EntryId>,
    /// Entries of the file that were in the library already.
    pub known: usize,
    /// Sentences about entries that got another name, or could not be taken in.
    pub problems: Vec<String>,
}

impl Library {
    /// Takes in a file: another library, or latents as `.json` or `.npy`, which are named after it.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read, [`Error::BadLatent`] or [`Error::BadLibrary`] if nothing in
    /// it can be used. The library is then as it was.
    pub fn import(&mut self, path: &Path) -> Result<Imported> {
        let bytes = disk::read_limited(path, store::MAX_BYTES)?;
        let is_library =
            bytes.windows(format::MARK.len()).take(4096).any(|w| w == format::MARK.as_bytes());
        if is_library { self.import_library(path) } else { self.import_latents(path) }
    }

    fn import_latents(&mut self, path: &Path) -> Result<Imported> {
        let latents = latent::read(path)?;
        for latent in &latents {
            latent.expect_dims(self.key.dims).map_err(|error| match error {
                Error::BadLatent(why) => Error::BadLatent(format!("{}: {why}", path.display())),
                other => other,
            })?;
        }
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let stem: String = stem.chars().filter(|c| !c.is_control()).take(80).collect();
        let stem = if stem.trim().is_empty() { "latent" } else { stem.trim() };
        let mut imported = Imported::default();
        let count = latents.len();
        for (row, latent) in latents.into_iter().enumerate() {
            let wish = if count == 1 { stem.to_owned() } else { format!("{stem} {}", row + 1) };
            let new = NewEntry {
                name: self.free_name(&wish),
                latent,
                origin: Origin::Imported { file: file.clone() },
                tags: Vec::new(),
            };
            imported.added.push(self.add(new)?);
        }
        Ok(imported)
    }

    fn import_library(&mut self, path: &Path) -> Result<Imported> {
        let content = store::load(path)?.unwrap_or_default();
        let mut imported = Imported::default();
        let mut misfits = Vec::new();
        let home = content.model.map_or_else(|| self.key.hash.clone(), |model| model.hash);
        for mut entry in content.entries {
            if entry.latent.dims() != self.key.dims {
                misfits.push(entry.name);
                continue;
            }
            let is_known = |ours: &Arc<Entry>| ours.latent == entry.latent;
            if self.get(entry.id).is_some_and(is_known)
                || self.by_name(&entry.name).is_some_and(is_known)
            {
                imported.known += 1;
                continue;
            }
            if self.get(entry.id).is_some() {
                entry.id = EntryId::fresh(&entry.name, &entry.latent);
            }
            let hash = entry.model.unwrap_or_else(|| home.clone());
            entry.model = (hash != self.home.hash).then_some(hash);
            let name = self.free_name(&entry.name);
            if name != entry.name {
                imported
                    .problems
                    .push(format!("\"{}\" is taken; it is now \"{name}\"", entry.name));
                entry.name = name;
            }
            // Later than a removal in this library: who imports it wants it back.
            entry.changed = self.now();
            imported.added.push(entry.id);
            self.insert(Arc::new(entry));
        }
        if !misfits.is_empty() {
            let names: Vec<&str> = misfits.iter().map(String::as_str).collect();
            let why = format!(
                "{} of {} {} not taken in: this model takes latents of {} dimensions",
                listed(&names),
                path.display(),
                if names.len() == 1 { "was" } else { "were" },
                self.key.dims
            );
            if imported.added.is_empty() && imported.known == 0 {
                return Err(Error::BadLatent(why));
            }
            imported.problems.push(why);
        }
        imported.problems.extend(content.aside.into_iter().map(|aside| aside.why));
        Ok(imported)
    }

    /// Writes the entries `ids`, or all for none, to `path`: `.npy` gets a float32 array `[N, z]`,
    /// anything else a library. Returns how many there were.
    ///
    /// # Errors
    /// [`Error::BadEntry`] if there is none; [`Error::BadLatent`] if they have different lengths and an
    /// array was asked for; [`Error::Io`] if it cannot be written.
    pub fn export(&self, ids: &[EntryId], path: &Path) -> Result<usize> {
        let chosen: Vec<&Arc<Entry>> = match ids {
            [] => self.entries(),
            ids => ids.iter().filter_map(|id| self.get(*id)).collect(),
        };
        if chosen.is_empty() {
            return Err(Error::BadEntry("there is nothing to export".into()));
        }
        let is_array = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("npy"));
        if is_array {
            let latents: Vec<Latent> = chosen.iter().map(|entry| entry.latent.clone()).collect();
            latent::write_npy(path, &latents)?;
        } else {
            let mut part = Self { home: self.home.clone(), ..Self::in_memory(self.key.clone()) };
            chosen.iter().for_each(|entry| part.insert((*entry).clone()));
            disk::write_atomic(path, part.to_text()?.as_bytes())?;
        }
        Ok(chosen.len())
    }

    /// The entries of these names, in their order.
    ///
    /// # Errors
    /// [`Error::BadEntry`] for a name that is not there, with the nearest that is.
    pub fn named<S: AsRef<str>>(&self, names: &[S]) -> Result<Vec<&Arc<Entry>>> {
        let find = |name: &S| {
            let name = name.as_ref();
            self.by_name(name).ok_or_else(|| {
                let hint = match self.nearest(name) {
                    Some(near) => format!("did you mean \"{near}\"?"),
                    None => "`latentscape library list` shows the names there are".to_owned(),
                };
                Error::BadEntry(format!("there is no latent called \"{name:.100}\"; {hint}"))
            })
        };
        names.iter().map(find).collect()
    }
}
