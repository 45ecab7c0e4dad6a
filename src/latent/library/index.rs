//! The entries of a library by age, each with its words in small letters: kept with every change, so
//! that looking for something reads these and computes nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Entry, EntryId, Moment};

/// All entries.
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    rows: BTreeMap<(Moment, EntryId), Row>,
}

/// One entry, and what is looked for in it.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub entry: Arc<Entry>,
    /// Name, tags and origin in small letters, a line each.
    text: Arc<str>,
    /// Bytes of the name in it.
    name: usize,
}

impl Row {
    fn new(entry: Arc<Entry>) -> Self {
        let name = entry.name.to_lowercase();
        let rest = format!("{}\n{}", entry.tags.join("\n"), entry.origin).to_lowercase();
        let text = format!("{name}\n{rest}").into();
        Self { entry, text, name: name.len() }
    }

    /// Name, tags and origin in small letters.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The name in small letters.
    pub fn name(&self) -> &str {
        self.text.get(..self.name).unwrap_or_default()
    }
}

impl Index {
    pub fn insert(&mut self, entry: Arc<Entry>) {
        self.rows.insert((entry.created, entry.id), Row::new(entry));
    }

    pub fn remove(&mut self, entry: &Entry) {
        self.rows.remove(&(entry.created, entry.id));
    }

    /// All of them; turn it round for the newest.
    pub fn oldest_first(&self) -> impl DoubleEndedIterator<Item = &Row> {
        self.rows.values()
    }
}
