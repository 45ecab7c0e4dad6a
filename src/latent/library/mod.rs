//! Named latents that are kept between starts: the library of one model.
//!
//! A library is one file that people can read (its text is described in `format`). Every change is
//! made in memory; [`Library::save`] takes in what other windows have written meanwhile, under a
//! lock, and writes the whole anew. Of an entry that was changed at two places the later version
//! counts; what was removed leaves its id behind, so that it does not come back from elsewhere.

mod entry;
mod exchange;
mod format;
mod index;
mod moment;
mod search;
mod store;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use entry::{Entry, EntryId, MAX_NAME, ModelKey, NewEntry, Origin, Parent, checked_name};
pub use exchange::Imported;
pub use moment::Moment;
pub use search::Order;
pub use store::Merged;

use super::Latent;
use super::expr::{Formula, Lookup, nearest};
use crate::error::{Error, Result};
use entry::checked_tags;
use format::{Aside, Content};
use index::Index;

/// The named latents of one model. Cloning is cheap: entries are shared.
#[derive(Debug, Clone)]
pub struct Library {
    path: Option<PathBuf>,
    /// The model that is used now.
    key: ModelKey,
    /// The model that the file was made for.
    home: ModelKey,
    entries: BTreeMap<EntryId, Arc<Entry>>,
    names: HashMap<String, EntryId>,
    index: Index,
    removed: BTreeMap<EntryId, Moment>,
    /// Bundled entries that were given once: a person who deletes them does not get them back.
    offered: BTreeSet<EntryId>,
    aside: Vec<Aside>,
    /// What was wrong with the file, and was put right.
    notes: Vec<String>,
    /// The latest change of any entry, also of removed ones.
    latest: Moment,
    /// Counts changes.
    revision: u64,
    saved: u64,
    /// The revision that the last save began with, before it took in what others had written.
    basis: u64,
}

/// Whether an entry can be used with the model at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// It belongs to it.
    Fits,
    /// It was made for another model with latents of the same size: it can be used, and draws
    /// something else.
    OtherModel,
    /// It has another number of dimensions.
    OtherSize,
}

impl Library {
    /// An empty library of `key` that is kept nowhere.
    pub fn in_memory(key: ModelKey) -> Self {
        Self {
            path: None,
            home: key.clone(),
            key,
            entries: BTreeMap::new(),
            names: HashMap::new(),
            index: Index::default(),
            removed: BTreeMap::new(),
            offered: BTreeSet::new(),
            aside: Vec::new(),
            notes: Vec::new(),
            latest: Moment::default(),
            revision: 0,
            saved: 0,
            basis: 0,
        }
    }

    /// Where it is kept.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// The model it is used with.
    pub fn key(&self) -> &ModelKey {
        &self.key
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// A number that grows with every change, for whoever keeps something computed from it.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Whether something has changed since the last save.
    pub fn is_unsaved(&self) -> bool {
        self.revision != self.saved
    }

    /// All entries, the oldest first.
    pub fn entries(&self) -> Vec<&Arc<Entry>> {
        self.index.oldest_first().map(|row| &row.entry).collect()
    }

    /// The entry with this id.
    pub fn get(&self, id: EntryId) -> Option<&Arc<Entry>> {
        self.entries.get(&id)
    }

    /// The entry of this name.
    pub fn by_name(&self, name: &str) -> Option<&Arc<Entry>> {
        self.names.get(name).and_then(|id| self.entries.get(id))
    }

    /// Whether `entry` can be used with the model at hand.
    pub fn fit(&self, entry: &Entry) -> Fit {
        let hash = entry.model.as_ref().unwrap_or(&self.home.hash);
        match (entry.latent.dims() == self.key.dims, *hash == self.key.hash) {
            (false, _) => Fit::OtherSize,
            (true, false) => Fit::OtherModel,
            (true, true) => Fit::Fits,
        }
    }

    /// `wish` if it is free, else with the first number behind it that makes it so: "anna 2".
    pub fn free_name(&self, wish: &str) -> String {
        if !self.names.contains_key(wish) {
            return wish.to_owned();
        }
        // A number behind the name goes on counting.
        let base = match wish.rsplit_once(' ') {
            Some((base, number)) if !base.is_empty() && number.parse::<u32>().is_ok() => base,
            _ => wish,
        };
        let base: String = base.chars().take(MAX_NAME - 8).collect();
        let names = (2u64..).map(|number| format!("{base} {number}"));
        names.into_iter().find(|name| !self.names.contains_key(name)).unwrap_or_default()
    }

    /// Takes in a latent.
    ///
    /// # Errors
    /// [`Error::BadEntry`] if the name is taken or none; [`Error::BadLatent`] if the latent has
    /// another number of dimensions than the model takes.
    pub fn add(&mut self, new: NewEntry) -> Result<EntryId> {
        let name = checked_name(&new.name)?;
        self.expect_free(&name)?;
        new.latent.expect_dims(self.key.dims)?;
        let id = EntryId::fresh(&name, &new.latent);
        let is_at_home = self.home.hash == self.key.hash;
        let entry = Entry {
            id,
            name,
            tags: checked_tags(&new.tags)?,
            created: self.now(),
            changed: Moment::default(),
            origin: new.origin,
            model: (!is_at_home).then(|| self.key.hash.clone()),
            latent: new.latent,
        };
        self.insert(Arc::new(entry));
        Ok(id)
    }

    /// Takes in a latent that `formula` gave, with its lineage.
    ///
    /// # Errors
    /// As [`Library::add`].
    pub fn add_result(
        &mut self,
        name: &str,
        formula: &Formula,
        latent: Latent,
        tags: &[String],
    ) -> Result<EntryId> {
        let origin = self.lineage(formula);
        self.add(NewEntry { name: name.to_owned(), latent, origin, tags: tags.to_vec() })
    }

    /// The origin of what `formula` gives: its text and the entries that it names, or its seed.
    pub fn lineage(&self, formula: &Formula) -> Origin {
        if let Some(seed) = formula.seed() {
            return Origin::Seed { seed };
        }
        let parents = formula.names().into_iter().filter_map(|name| self.by_name(name));
        let parents = parents.map(|entry| Parent { name: entry.name.clone(), id: entry.id });
        Origin::Formula { text: formula.text().to_owned(), parents: parents.collect() }
    }

    /// Gives an entry another name.
    ///
    /// # Errors
    /// [`Error::BadEntry`] if the name is taken or none, or the entry is not there.
    pub fn rename(&mut self, id: EntryId, name: &str) -> Result<()> {
        let name = checked_name(name)?;
        if self.expect(id)?.name == name {
            return Ok(());
        }
        self.expect_free(&name)?;
        self.change(id, |entry| entry.name = name)
    }

    /// Gives an entry other tags.
    ///
    /// # Errors
    /// [`Error::BadEntry`] if a tag is none, or the entry is not there.
    pub fn retag(&mut self, id: EntryId, tags: &[String]) -> Result<()> {
        let tags = checked_tags(tags)?;
        if self.expect(id)?.tags == tags {
            return Ok(());
        }
        self.change(id, |entry| entry.tags = tags)
    }

    /// Takes an entry out; [`Library::restore`] puts it back.
    pub fn remove(&mut self, id: EntryId) -> Option<Arc<Entry>> {
        let entry = self.entries.get(&id)?.clone();
        let now = self.now();
        self.take_out(id);
        self.note_removal(id, now);
        Some(entry)
    }

    /// Puts back what was removed. Where its name is taken meanwhile it gets a number.
    pub fn restore(&mut self, entry: Arc<Entry>) -> EntryId {
        let mut entry = entry;
        let (now, id) = (self.now(), entry.id);
        let restored = Arc::make_mut(&mut entry);
        restored.changed = now;
        if self.by_name(&restored.name).is_some_and(|other| other.id != id) {
            restored.name = self.free_name(&restored.name);
        }
        self.insert(entry);
        id
    }

    /// Sentences about what does not fit this model, could not be read, or was put right.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = self.notes.clone();
        problems.extend(self.aside.iter().map(|aside| aside.why.clone()));
        let size = format!("of {} dimensions, which this model takes", self.key.dims);
        for (fit, what) in [
            (Fit::OtherSize, format!("not {size}")),
            (Fit::OtherModel, "made for another model and will draw something else".to_owned()),
        ] {
            let names: Vec<&str> = self
                .entries()
                .into_iter()
                .filter(|entry| self.fit(entry) == fit)
                .map(|entry| entry.name.as_str())
                .collect();
            if !names.is_empty() {
                let is = if names.len() == 1 { "is" } else { "are" };
                problems.push(format!("{} {is} {what}", listed(&names)));
            }
        }
        problems
    }

    /// The time, but later than everything that is in the library: of two changes the second counts
    /// even where a clock stands still or goes back.
    fn now(&self) -> Moment {
        Moment::now().max(Moment(self.latest.0.saturating_add(1)))
    }

    fn expect(&self, id: EntryId) -> Result<&Arc<Entry>> {
        let gone = || Error::BadEntry("it is not in the library any more".into());
        self.entries.get(&id).ok_or_else(gone)
    }

    fn expect_free(&self, name: &str) -> Result<()> {
        match self.names.contains_key(name) {
            true => Err(Error::BadEntry(format!(
                "\"{name}\" is taken; \"{}\" would be free",
                self.free_name(name)
            ))),
            false => Ok(()),
        }
    }

    fn change(&mut self, id: EntryId, change: impl FnOnce(&mut Entry)) -> Result<()> {
        let (mut entry, now) = (self.expect(id)?.clone(), self.now());
        let changed = Arc::make_mut(&mut entry);
        change(changed);
        changed.changed = now;
        self.insert(entry);
        Ok(())
    }

    /// Puts an entry in its place, over an older version of itself. Its name must be free.
    fn insert(&mut self, entry: Arc<Entry>) {
        self.put(entry);
        self.revision += 1;
    }

    /// As [`Library::insert`], for what is no change.
    fn put(&mut self, entry: Arc<Entry>) {
        self.take_out(entry.id);
        self.removed.remove(&entry.id);
        self.latest = self.latest.max(entry.stamp());
        self.names.insert(entry.name.clone(), entry.id);
        self.index.insert(entry.clone());
        self.entries.insert(entry.id, entry);
    }

    fn note_removal(&mut self, id: EntryId, at: Moment) {
        self.latest = self.latest.max(at);
        self.removed.insert(id, at);
        self.revision += 1;
    }

    fn take_out(&mut self, id: EntryId) {
        if let Some(entry) = self.entries.remove(&id) {
            self.names.remove(&entry.name);
            self.index.remove(&entry);
        }
    }
}

impl Lookup for Library {
    fn latent(&self, name: &str) -> Option<&Latent> {
        self.by_name(name).map(|entry| &entry.latent)
    }

    fn nearest(&self, word: &str) -> Option<&str> {
        nearest(word, self.names())
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }
}

/// `"a", "b" and 7 others`.
fn listed(names: &[&str]) -> String {
    const SHOWN: usize = 5;
    let quoted: Vec<String> = names.iter().take(SHOWN).map(|name| format!("\"{name}\"")).collect();
    match (quoted.split_last(), names.len().saturating_sub(SHOWN)) {
        (None, _) => String::new(),
        (Some((last, [])), 0) => last.clone(),
        (Some((last, rest)), 0) => format!("{} and {last}", rest.join(", ")),
        (_, 1) => format!("{} and another", quoted.join(", ")),
        (_, more) => format!("{} and {more} others", quoted.join(", ")),
    }
}

#[cfg(test)]
mod tests;
