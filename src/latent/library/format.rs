//! The text of a library: JSON with one entry a line, so that it can be read, compared and edited.
//!
//! ```json
//! {
//! "latentscape-library": 1,
//! "model": {"name":"faces-64","hash":"…","dims":64,"prior":"normal"},
//! "entries": [
//! {"id":"…","name":"G","tags":["smile"],"created":"…","origin":{"kind":"seed","seed":3},"z":[…]}
//! ],
//! "removed": [
//! ],
//! "offered": [
//! ],
//! "aside": [
//! ]
//! }
//! ```
//!
//! An entry needs no more than `name` and `z`. What cannot be read as an entry is kept aside as it
//! stands and tried again at the next opening. A file that is no JSON as a whole, cut off or
//! mistyped, is read line by line.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::entry::{checked_name, checked_tags};
use super::{Entry, EntryId, ModelKey, Moment};

/// What every library says of itself.
pub(super) const MARK: &str = "\"latentscape-library\"";
/// Version of the format that this program writes. It reads this one and all before.
const FORMAT: u32 = 1;

/// Text that was meant to be an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Aside {
    /// As it stands in the file.
    pub text: String,
    /// One sentence: which it is, and what is wrong with it.
    pub why: String,
}

/// What a library's file holds.
#[derive(Debug, Clone, Default)]
pub(super) struct Content {
    /// The model that the library was made for.
    pub model: Option<ModelKey>,
    pub entries: Vec<Entry>,
    pub removed: BTreeMap<EntryId, Moment>,
    pub offered: BTreeSet<EntryId>,
    pub aside: Vec<Aside>,
    /// Whether the file was no JSON as a whole.
    pub damaged: bool,
}

#[derive(Deserialize)]
struct Whole<'a> {
    #[serde(rename = "latentscape-library")]
    format: u32,
    #[serde(default)]
    model: Option<ModelKey>,
    #[serde(default, borrow)]
    entries: Vec<&'a RawValue>,
    #[serde(default)]
    removed: Vec<Removed>,
    #[serde(default)]
    offered: BTreeSet<EntryId>,
    #[serde(default, borrow)]
    aside: Vec<&'a RawValue>,
}

#[derive(Serialize, Deserialize)]
struct Removed {
    id: EntryId,
    at: Moment,
}

/// Reads a library's text.
///
/// # Errors
/// A sentence, if it is no library at all, or one of a later version.
pub(super) fn read(text: &str) -> Result<Content, String> {
    let whole: Result<Whole, _> = serde_json::from_str(text);
    let content = match whole {
        Ok(whole) => {
            check_format(whole.format)?;
            let mut content = Content {
                model: whole.model,
                removed: whole.removed.into_iter().map(|r| (r.id, r.at)).collect(),
                offered: whole.offered,
                ..Content::default()
            };
            whole.entries.iter().for_each(|raw| content.take(raw.get()));
            for raw in whole.aside {
                // What is no JSON itself is kept as a string.
                match serde_json::from_str::<String>(raw.get()) {
                    Ok(text) => content.take(&text),
                    Err(_) => content.take(raw.get()),
                }
            }
            content
        }
        Err(error) if text.contains(MARK) => by_line(text, &error.to_string())?,
        Err(error) => {
            return Err(format!("it is not a library of Latentscape ({error})"));
        }
    };
    Ok(content)
}

fn check_format(format: u32) -> Result<(), String> {
    match format {
        1..=FORMAT => Ok(()),
        newer => Err(format!(
            "it was written by a newer Latentscape (format {newer}, and this one reads up to \
             {FORMAT}); update the program"
        )),
    }
}

/// Reads what is left of a damaged file.
fn by_line(text: &str, error: &str) -> Result<Content, String> {
    let mut content = Content { damaged: true, ..Content::default() };
    let mut section = String::new();
    for line in text.lines() {
        let line = line.trim();
        let bare = line.strip_suffix(',').unwrap_or(line);
        if let Some((key, rest)) = header(bare) {
            match key {
                "latentscape-library" => {
                    check_format(rest.trim_end_matches('}').trim().parse().unwrap_or(FORMAT))?;
                }
                "model" => content.model = serde_json::from_str(rest).ok(),
                _ => section = key.to_owned(),
            }
            continue;
        }
        if bare.chars().all(|c| matches!(c, '{' | '}' | '[' | ']' | ',' | ' ')) {
            continue;
        }
        match section.as_str() {
            "removed" => {
                if let Ok(removed) = serde_json::from_str::<Removed>(bare) {
                    content.removed.insert(removed.id, removed.at);
                }
            }
            "offered" => content.offered.extend(serde_json::from_str::<EntryId>(bare)),
            "aside" => match serde_json::from_str::<String>(bare) {
                Ok(text) => content.take(&text),
                Err(_) => content.take(bare),
            },
            _ => content.take(bare),
        }
    }
    if content.entries.is_empty() && content.aside.is_empty() && content.model.is_none() {
        return Err(format!("nothing in it can be read ({error})"));
    }
    Ok(content)
}

/// `"key": rest` of a line that opens a part of the file.
fn header(line: &str) -> Option<(&str, &str)> {
    let (key, rest) = line.strip_prefix('"')?.split_once('"')?;
    let rest = rest.trim_start().strip_prefix(':')?;
    let known = ["latentscape-library", "model", "entries", "removed", "offered", "aside"];
    known.contains(&key).then(|| (key, rest.trim()))
}

impl Content {
    /// Takes one entry, or puts its text aside.
    fn take(&mut self, text: &str) {
        match entry(text) {
            Ok(entry) => self.entries.push(entry),
            Err(why) => {
                let why = format!("{}: {why}; it is kept aside in the file", label(text));
                self.aside.push(Aside { text: text.to_owned(), why });
            }
        }
    }
}

/// Reads one entry.
fn entry(text: &str) -> Result<Entry, String> {
    let mut entry: Entry = serde_json::from_str(text).map_err(|error| {
        // The place within the entry's own text; its line is always the first.
        error.to_string().replace("at line 1 column", "at its character")
    })?;
    let inner = |error: crate::Error| error.to_string();
    entry.name = checked_name(&entry.name).map_err(inner)?;
    entry.tags = checked_tags(&entry.tags).map_err(inner)?;
    if entry.id == EntryId::default() {
        entry.id = EntryId::of_content(&entry.name, &entry.latent);
    }
    Ok(entry)
}

/// How text that is no entry is called in a sentence.
fn label(text: &str) -> String {
    let name = text.split_once("\"name\"").and_then(|(_, rest)| {
        let rest = rest.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
        Some(rest.split('"').next().unwrap_or_default())
    });
    let short = |text: &str| text.chars().take(40).collect::<String>();
    match name {
        Some(name) if !name.is_empty() => format!("the entry \"{}\" cannot be read", short(name)),
        _ => format!("the line that begins with {:?} is no entry", short(text)),
    }
}

/// Writes a library's text.
pub(super) fn write<'a>(
    model: &ModelKey,
    entries: impl Iterator<Item = &'a Entry>,
    removed: &BTreeMap<EntryId, Moment>,
    offered: &BTreeSet<EntryId>,
    aside: &[Aside],
) -> Result<String, serde_json::Error> {
    let mut text =
        format!("{{\n{MARK}: {FORMAT},\n\"model\": {},\n", serde_json::to_string(model)?);
    let mut list = |name: &str, lines: Vec<String>, end: &str| {
        text.push_str(&format!("\"{name}\": [\n"));
        text.push_str(&lines.join(",\n"));
        text.push_str(if lines.is_empty() { "]" } else { "\n]" });
        text.push_str(end);
    };
    list("entries", entries.map(serde_json::to_string).collect::<Result<_, _>>()?, ",\n");
    let removed =
        removed.iter().map(|(id, at)| serde_json::to_string(&Removed { id: *id, at: *at }));
    list("removed", removed.collect::<Result<_, _>>()?, ",\n");
    list("offered", offered.iter().map(serde_json::to_string).collect::<Result<_, _>>()?, ",\n");
    let aside = aside.iter().map(|aside| {
        let is_one_line = !aside.text.contains('\n');
        match serde_json::from_str::<&RawValue>(&aside.text) {
            Ok(raw) if is_one_line && raw.get().starts_with('{') => Ok(raw.get().to_owned()),
            _ => serde_json::to_string(&aside.text),
        }
    });
    list("aside", aside.collect::<Result<_, _>>()?, "\n}\n");
    Ok(text)
}

#[cfg(test)]
mod tests;
