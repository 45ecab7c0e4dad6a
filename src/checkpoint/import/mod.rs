//! PyTorch's files, opened without running them.
//!
//! | step | where |
//! |---|---|
//! | which kind of file it is, by its first bytes | [`container`] |
//! | the objects it describes, none of which is made | [`pickle`] |
//! | its tensors by name, with what was left out | [`tree`], [`tensors`] |
//! | which of them are the generator, and weights out of their parts | [`find`], [`fold`] |
//! | what that is | [`recognise`] |
//!
//! Everything is checked before memory is asked for: what the file says against what it has, and both
//! against limits. Numbers are read last, only those of the generator, straight to where they stay.

mod container;
mod element;
pub(super) mod find;
mod fold;
mod pickle;
mod recognise;
mod source;
mod tensors;
mod tree;
mod zip;

use std::path::Path;

use serde::{Deserialize, Serialize};

pub use container::Container;
pub use element::ElementType;
pub(super) use find::Part;
use fold::Origin;
pub use recognise::Nearest;
pub use tensors::{Module, Tensor, Tensors};

use super::ENDINGS;
use super::archive::Archive;
use super::choice::Choice;
use super::model_file::{KEY, ModelInfo};
use crate::error::Result;

/// How a model came here that this program did not train.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Imported {
    /// The kind of file.
    pub from: String,
    /// Where in it the generator stood; empty where it was all of it.
    pub place: String,
    /// What the file does not say and was taken for granted: a sentence each.
    pub assumed: Vec<String>,
    /// What was left out, and what the file asked for and was not done: a sentence each.
    pub left_out: Vec<String>,
    /// What was computed into the weights: a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub folded: Vec<String>,
    /// Of what is taken for granted, that which can be chosen, as it is usual.
    #[serde(default)]
    pub defaults: Choice,
    /// What somebody has chosen of it.
    #[serde(default)]
    pub chosen: Choice,
}

impl Imported {
    /// Takes `chosen` down: what is chosen is not taken for granted.
    pub(super) fn choose(&mut self, chosen: Choice) {
        let usual: Vec<_> = self.defaults.sentences().into_iter().flatten().collect();
        self.assumed.retain(|text| !usual.contains(text));
        // What has the answer that is usual keeps its sentence, where nobody has given it.
        let asked = [
            chosen.prior.is_none(),
            chosen.hidden.is_none(),
            chosen.output.is_none(),
            chosen.norm.is_none(),
        ];
        let still = self.defaults.sentences().into_iter().zip(asked);
        let still = still.filter_map(|(text, asked)| text.filter(|_| asked));
        self.assumed = still.chain(std::mem::take(&mut self.assumed)).collect();
        self.chosen = chosen;
    }
}

impl Tensors {
    /// The generator that these tensors are, as opening the file would describe it; none of their
    /// numbers is read.
    ///
    /// # Errors
    /// What comes nearest, where they are no generator that is known.
    pub fn generator(&self) -> std::result::Result<ModelInfo, Nearest> {
        find::generator(self).map(|part| described(self, part).0)
    }
}

/// What `part` of `tensors` is, and where the tensors of each of its parameters are.
fn described(tensors: &Tensors, part: Part) -> (ModelInfo, Vec<(String, Origin)>) {
    let Part { recognised, place, beside } = part;
    let recognise::Recognised { spec, tensors: list, assumed, defaults } = recognised;
    let mut left_out = tensors.notes.clone();
    left_out.extend(beside);
    let from = tensors.container.name().to_owned();
    let info = ModelInfo {
        spec,
        name: name_of(tensors.path()),
        data: "not told by its file".into(),
        steps: 0,
        kimg: 0.0,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        input: None,
        imported: Some(Imported {
            from,
            place,
            assumed,
            left_out,
            folded: told(&list),
            defaults,
            chosen: Choice::default(),
        }),
    };
    (info, list)
}

/// A sentence for each kind of parts that weights are made of.
fn told(list: &[(String, Origin)]) -> Vec<String> {
    let count = |is: fn(&Origin) -> bool| list.iter().filter(|(_, origin)| is(origin)).count();
    let kinds = [
        ("spectral norm", count(|origin| matches!(origin, Origin::Spectral { .. }))),
        ("weight norm", count(|origin| matches!(origin, Origin::Length { .. }))),
    ];
    let kinds = kinds.into_iter().filter(|(_, layers)| *layers > 0);
    kinds
        .map(|(kind, layers)| {
            let layers = if layers == 1 { "1 layer".into() } else { format!("{layers} layers") };
            format!("the {kind} of {layers} was computed into the weights")
        })
        .collect()
}

/// The generator in `tensors`, which [`find::generator`] has found there, as a model of ours in memory.
///
/// # Errors
/// [`crate::Error::BadModel`] if the file is damaged.
pub(super) fn model(tensors: &mut Tensors, part: Part) -> Result<Archive> {
    let (info, mut list) = described(tensors, part);
    list.sort_by(|a, b| a.0.cmp(&b.0));
    let shape = |origin: &Origin| match origin {
        Origin::Plain(at)
        | Origin::Spectral { weight: at, .. }
        | Origin::Length { direction: at, .. } => tensors.list[*at].shape.clone(),
    };
    let shapes: Vec<_> = list.iter().map(|(name, origin)| (name.clone(), shape(origin))).collect();
    let path = tensors.path().to_owned();
    Archive::filled(&path, KEY, &info, &shapes, |i, take| list[i].1.numbers(tensors, take))
}

/// Tensors that are no generator we know.
pub struct Other {
    /// The file, and what is in it.
    pub tensors: Tensors,
    /// What comes nearest.
    pub nearest: Nearest,
}

impl Other {
    /// Why it is no model, in one sentence.
    pub fn error(&self) -> crate::Error {
        self.tensors.bad(unknown(&self.tensors, &self.nearest))
    }
}

fn unknown(tensors: &Tensors, Nearest { kind, departs, layers }: &Nearest) -> String {
    if tensors.list.is_empty() {
        let notes = tensors.notes.join("; ");
        return match notes.is_empty() {
            true => "it holds no tensors".into(),
            false => format!("it holds no tensors that can be used: {notes}"),
        };
    }
    let after = match layers {
        0 => String::new(),
        1 => " after its first layer".into(),
        n => format!(" after {n} layers"),
    };
    let mut why = format!(
        "it holds {} tensors, but no generator that is known here; nearest comes a {kind}, from which it \
         departs{after}: {departs}",
        tensors.list.len()
    );
    if !tensors.notes.is_empty() {
        let told: Vec<_> = tensors.notes.iter().take(2).map(String::as_str).collect();
        why.push_str(&format!(" ({})", told.join("; ")));
    }
    why.push_str("; latentscape inspect lists its layers");
    why
}

/// `mine.pth.tar` is `mine`.
fn name_of(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut stem = name.trim_matches(['<', '>']);
    while let Some((before, ending)) = stem.rsplit_once('.')
        && ENDINGS.contains(&ending.to_ascii_lowercase().as_str())
        && !before.is_empty()
    {
        stem = before;
    }
    tree::printable(stem)
}
