//! The library as the window has it: what is searched for, chosen, named.

mod cells;
mod head;
mod questions;
mod view;

use std::collections::BTreeSet;
use std::sync::Arc;

use eframe::egui::Modifiers;

pub use cells::{line, text, whole};
pub use view::{height, panel, strip};

use super::history::Edit;
use super::settings::ShelfOrder;
use crate::error::{Error, Result};
use crate::latent::Latent;
use crate::latent::library::{Entry, EntryId, Library, NewEntry, Order};

/// A name that is being typed.
#[derive(Debug, Clone)]
pub struct Naming {
    /// Of which entry.
    pub id: EntryId,
    /// What is typed.
    pub text: String,
    /// The entry has just been kept: naming it is part of that.
    pub is_new: bool,
    /// The field is still to get the focus.
    pub is_fresh: bool,
}

/// Tags that are being typed, for all chosen entries.
#[derive(Debug, Clone)]
pub struct Tagging {
    /// Which entries.
    pub ids: Vec<EntryId>,
    /// The tags that all of them had.
    pub common: Vec<String>,
    /// What is typed, with commas between.
    pub text: String,
    /// The field is still to get the focus.
    pub is_fresh: bool,
}

/// What a list of entries was found for.
#[derive(Debug, Clone, PartialEq)]
struct Wish {
    revision: u64,
    query: String,
    order: ShelfOrder,
    tag: Option<String>,
    nearest_to: Option<Latent>,
}

/// The library of the model on screen, and how it is looked at.
#[derive(Debug, Default)]
pub struct Shelf {
    /// The library; none only until it is opened.
    pub library: Option<Library>,
    /// What is in the search field.
    pub query: String,
    /// The tag that entries must have.
    pub tag: Option<String>,
    /// Where "nearest" begins.
    pub nearest_to: Option<Latent>,
    /// Chosen entries.
    pub chosen: BTreeSet<EntryId>,
    /// The entry that was chosen last, from which Shift reaches.
    anchor: Option<EntryId>,
    /// The name that is being typed.
    pub naming: Option<Naming>,
    /// The tags that are being typed.
    pub tagging: Option<Tagging>,
    /// The problems of the file are shown.
    pub shows_problems: bool,
    /// Sentences about what is wrong with the file.
    pub problems: Vec<String>,
    /// An entry to bring into sight.
    pub scroll_to: Option<EntryId>,
    /// All tags there are.
    pub tags: Vec<String>,
    found: Vec<Arc<Entry>>,
    found_for: Option<Wish>,
}

impl Shelf {
    /// Opens another library.
    pub fn open(&mut self, library: Library) {
        *self = Self { problems: library.problems(), library: Some(library), ..Self::default() };
    }

    /// The library, or why nothing can be kept yet.
    ///
    /// # Errors
    /// [`Error::BadEntry`] while it is being opened.
    pub fn library_mut(&mut self) -> Result<&mut Library> {
        let why = "the library is still being opened; try again in a moment";
        self.library.as_mut().ok_or_else(|| Error::BadEntry(why.into()))
    }

    /// The entry `id`.
    pub fn get(&self, id: EntryId) -> Option<&Arc<Entry>> {
        self.library.as_ref()?.get(id)
    }

    /// Looks the entries up again if anything has changed.
    pub fn find(&mut self, order: ShelfOrder) {
        let Some(library) = &self.library else { return };
        let wish = Wish {
            revision: library.revision(),
            query: self.query.clone(),
            order,
            tag: self.tag.clone(),
            nearest_to: self.nearest_to.clone(),
        };
        if self.found_for.as_ref() == Some(&wish) {
            return;
        }
        if self.found_for.as_ref().is_none_or(|old| old.revision != wish.revision) {
            let all = library.entries();
            let tags: BTreeSet<&String> = all.iter().flat_map(|entry| &entry.tags).collect();
            self.tags = tags.into_iter().cloned().collect();
            self.tag = self.tag.take().filter(|tag| self.tags.contains(tag));
            self.chosen.retain(|id| library.get(*id).is_some());
            self.problems = library.problems();
        }
        let by = match (order, &self.nearest_to) {
            (ShelfOrder::Name, _) => Order::Name,
            (ShelfOrder::Nearest, Some(to)) => Order::Nearest(to.clone()),
            (ShelfOrder::Newest | ShelfOrder::Nearest, _) => Order::Newest,
        };
        let has_tag = |entry: &&Arc<Entry>| self.tag.iter().all(|tag| entry.tags.contains(tag));
        let found = library.find(&self.query, &by);
        self.found = found.into_iter().filter(has_tag).cloned().collect();
        self.found_for = Some(wish);
    }

    /// The entries that were found, in order.
    pub fn found(&self) -> &[Arc<Entry>] {
        &self.found
    }

    /// Chooses `id` as a click with these keys does. Returns whether it is a plain click.
    pub fn choose(&mut self, id: EntryId, keys: Modifiers) -> bool {
        let position = |id| self.found.iter().position(|entry| entry.id == id);
        if keys.shift
            && let (Some(from), Some(to)) = (self.anchor.and_then(position), position(id))
        {
            let range = &self.found[from.min(to)..=from.max(to)];
            self.chosen.extend(range.iter().map(|entry| entry.id));
            return false;
        }
        self.anchor = Some(id);
        if keys.command {
            if !self.chosen.remove(&id) {
                self.chosen.insert(id);
            }
            return false;
        }
        self.chosen = BTreeSet::from([id]);
        true
    }

    /// Chooses everything that was found.
    pub fn choose_all(&mut self) {
        self.chosen = self.found.iter().map(|entry| entry.id).collect();
    }

    /// The chosen entries if `id` is one of them, else `id` alone.
    pub fn with_chosen(&self, id: EntryId) -> Vec<EntryId> {
        match self.chosen.contains(&id) {
            true => self.chosen.iter().copied().collect(),
            false => vec![id],
        }
    }

    /// Begins to type a name.
    pub fn begin_naming(&mut self, id: EntryId, is_new: bool) {
        let Some(name) = self.get(id).map(|entry| entry.name.clone()) else { return };
        self.naming = Some(Naming { id, text: name, is_new, is_fresh: true });
        self.scroll_to = Some(id);
    }

    /// Begins to type tags for `ids`.
    pub fn begin_tagging(&mut self, ids: Vec<EntryId>) {
        let mut entries = ids.iter().filter_map(|id| self.get(*id));
        let Some(first) = entries.next() else { return };
        let mut common = first.tags.clone();
        entries.for_each(|entry| common.retain(|tag| entry.tags.contains(tag)));
        let text = common.join(", ");
        self.tagging = Some(Tagging { ids, common, text, is_fresh: true });
    }

    /// Takes a latent in, under a name like `wish` that is free; brings it into sight and chooses it.
    ///
    /// # Errors
    /// As [`Library::add`], and while the library is being opened.
    pub fn add(&mut self, wish: &str, new: NewEntry) -> Result<(EntryId, Edit)> {
        let library = self.library_mut()?;
        let name = library.free_name(wish);
        let id = library.add(NewEntry { name, ..new })?;
        let after = library.get(id).cloned();
        self.query.clear();
        self.tag = None;
        self.chosen = BTreeSet::from([id]);
        self.anchor = Some(id);
        self.scroll_to = Some(id);
        Ok((id, Edit { before: None, after }))
    }

    /// Takes in an entry that was read from a file, and chooses nothing.
    ///
    /// # Errors
    /// While the library is being opened.
    pub fn take_in(&mut self, entry: Arc<Entry>) -> Result<Edit> {
        let library = self.library_mut()?;
        let id = library.restore(entry);
        let after = library.get(id).cloned();
        self.scroll_to = Some(id);
        Ok(Edit { before: None, after })
    }

    /// Changes an entry by `change`; what became of it is what there is to undo.
    ///
    /// # Errors
    /// Whatever `change` says, and while the library is being opened.
    pub fn edit(
        &mut self,
        id: EntryId,
        change: impl FnOnce(&mut Library) -> Result<()>,
    ) -> Result<Option<Edit>> {
        let library = self.library_mut()?;
        let before = library.get(id).cloned();
        change(library)?;
        let after = library.get(id).cloned();
        Ok((before != after).then_some(Edit { before, after }))
    }

    /// Does what `edit` says, as undo and redo want it.
    ///
    /// # Errors
    /// As [`Library::rename`], where somebody else has taken the name meanwhile.
    pub fn apply(&mut self, edit: &Edit) -> Result<()> {
        let library = self.library_mut()?;
        match (&edit.before, &edit.after) {
            (_, Some(entry)) if library.get(entry.id).is_none() => {
                library.restore(entry.clone());
            }
            (_, Some(entry)) => {
                library.rename(entry.id, &entry.name)?;
                library.retag(entry.id, &entry.tags)?;
            }
            (Some(entry), None) => {
                library.remove(entry.id);
            }
            (None, None) => {}
        }
        Ok(())
    }
}
