//! Tensors by name, out of the objects of a pickle: dictionaries and lists by their keys, whole modules
//! by what `nn.Module` keeps its tensors in.

use std::collections::{BTreeMap, BTreeSet};

use super::container::Container;
use super::pickle::{Asked, Id, Object, Pickle, Value};
use super::source::Source;
use super::tensors::{Module, Place, Tensor, Tensors};

/// Objects within objects: no checkpoint has a tenth of it.
const MAX_DEPTH: usize = 64;
/// Objects that are looked at, those that are there twice each time: a file of knots has no end.
const MAX_VISITS: usize = 1 << 20;
/// Most tensors, and longest name.
const MAX_TENSORS: usize = 50_000;
const MAX_NAME: usize = 400;
/// Notes of a kind that are told one by one.
const MAX_NOTES: usize = 8;

/// Attributes of a module that are no part of its tensors' names.
const TRANSPARENT: [&str; 3] = ["_parameters", "_buffers", "_modules"];

/// All tensors of `pickle`. `places`: where the numbers of each of its storages are, or what is wrong
/// with them.
pub(super) fn tensors(
    source: Source,
    container: Container,
    pickle: &Pickle,
    places: Vec<Result<Place, String>>,
) -> Tensors {
    let mut found = Tensors::new(source, container);
    let mut walk = Walk {
        pickle,
        places: &places,
        name: Vec::new(),
        above: BTreeSet::new(),
        visits: 0,
        tensors: Vec::new(),
        modules: Vec::new(),
        unsound: Vec::new(),
        stopped: None,
    };
    walk.visit(pickle.root);
    found.list = walk.tensors;
    found.modules = walk.modules;
    found.notes = told(pickle, walk.unsound, walk.stopped);
    found.places = places.into_iter().map(|place| place.unwrap_or(Place::At(u64::MAX))).collect();
    found
}

/// What the pickle asked for in vain, and what of it cannot be.
fn told(pickle: &Pickle, unsound: Vec<String>, stopped: Option<String>) -> Vec<String> {
    let names = |wanted: Asked| {
        let asked = pickle.asked.iter().filter(move |(_, asked)| **asked == wanted);
        asked.map(|(name, _)| printable(name)).collect::<Vec<_>>()
    };
    let mut notes = Vec::new();
    let (calls, classes) = (names(Asked::Call), names(Asked::Make));
    for name in calls.iter().take(MAX_NOTES) {
        notes.push(format!("this file asks to call `{name}`; it was not called"));
    }
    if let Some(more) = calls.get(MAX_NOTES..).filter(|more| !more.is_empty()) {
        notes.push(format!("it asks to call {} other functions; none was called", more.len()));
    }
    // PyTorch's own layers are what a saved module consists of.
    let (own, others): (Vec<_>, Vec<_>) =
        classes.into_iter().partition(|name| name.starts_with("torch.nn.modules."));
    if !others.is_empty() || !own.is_empty() {
        let mut named: Vec<_> =
            others.iter().take(MAX_NOTES).map(|name| format!("`{name}`")).collect();
        let rest = others.len() - named.len() + own.len();
        if rest > 0 {
            let what = if others.len() > MAX_NOTES { "other classes" } else { "layers of PyTorch" };
            named.push(format!("{rest} {what}"));
        }
        notes.push(format!(
            "it holds objects of {}; none was made, and their tensors were taken out by structure",
            named.join(", ")
        ));
    }
    let more = unsound.len().saturating_sub(MAX_NOTES);
    notes.extend(unsound.into_iter().take(MAX_NOTES));
    if more > 0 {
        notes.push(format!("{more} other tensors were left out for such reasons"));
    }
    notes.extend(stopped);
    // Names and keys of the file are in them.
    notes.iter().map(|note| without_controls(note)).collect()
}

fn without_controls(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// A name that does nothing to a terminal.
pub(super) fn printable(name: &str) -> String {
    without_controls(name).chars().take(MAX_NAME).collect()
}

struct Walk<'a> {
    pickle: &'a Pickle,
    places: &'a [Result<Place, String>],
    name: Vec<String>,
    /// The objects that hold the one that is looked at.
    above: BTreeSet<Id>,
    visits: usize,
    tensors: Vec<Tensor>,
    modules: Vec<(String, Module)>,
    unsound: Vec<String>,
    stopped: Option<String>,
}

impl Walk<'_> {
    fn visit(&mut self, id: Id) {
        self.visits += 1;
        if self.stopped.is_some() {
            return;
        }
        if self.visits > MAX_VISITS || self.tensors.len() >= MAX_TENSORS {
            self.stopped =
                Some("it holds more objects than any checkpoint; the rest was left out".into());
            return;
        }
        match self.pickle.value(id) {
            Value::Tensor(tensor) => match &self.places[tensor.storage] {
                Ok(_) => {
                    let name = self.full_name();
                    self.tensors.push(Tensor::strided(name, tensor, tensor.storage));
                }
                Err(why) => self.leave_out(why.clone()),
            },
            Value::Unsound(why) => self.leave_out(why.to_string()),
            Value::List(_) | Value::Tuple(_) | Value::Dict(_) | Value::Object(_) => {
                if self.above.len() >= MAX_DEPTH {
                    let name = self.full_name();
                    let why = format!(
                        "what lies deeper than {name:.60}… was left out: it is nested too deeply"
                    );
                    self.stopped = Some(why);
                    return;
                }
                if self.above.insert(id) {
                    self.inside(id);
                    self.above.remove(&id);
                }
            }
            _ => {}
        }
    }

    fn inside(&mut self, id: Id) {
        match self.pickle.value(id) {
            Value::List(items) | Value::Tuple(items) => self.row(items),
            Value::Dict(pairs) => self.entries(pairs, false),
            Value::Object(object) => self.object(object),
            _ => {}
        }
    }

    fn row(&mut self, items: &[Id]) {
        for (i, item) in items.iter().enumerate() {
            self.named(i.to_string(), *item);
        }
    }

    fn entries(&mut self, pairs: &[(Id, Id)], is_module: bool) {
        for (key, value) in pairs {
            match self.pickle.value(*key) {
                Value::Text(key) if is_module && TRANSPARENT.contains(&&**key) => {
                    self.visit(*value)
                }
                Value::Text(key) => self.named(printable(key), *value),
                Value::Int(key) => self.named(key.to_string(), *value),
                _ => {}
            }
        }
    }

    fn named(&mut self, name: String, value: Id) {
        self.name.push(name);
        self.visit(value);
        self.name.pop();
    }

    fn object(&mut self, object: &Object) {
        // Attributes, or a pair of those that have a dictionary and those that have slots.
        let states = match object.state.map(|id| (id, self.pickle.items(id))) {
            Some((_, Some(parts))) => parts.to_vec(),
            Some((id, None)) => vec![id],
            None => Vec::new(),
        };
        for state in states {
            let Value::Dict(pairs) = self.pickle.value(state) else {
                self.visit(state);
                continue;
            };
            let is_module = self.pickle.entry(state, "_modules").is_some();
            if is_module {
                let module = self.module(object, pairs);
                self.modules.push((self.full_name(), module));
            }
            self.entries(pairs, true);
        }
        if let Some(args) = object.args {
            self.visit(args);
        }
        self.row(&object.items);
        self.entries(&object.pairs, false);
    }

    fn module(&self, object: &Object, attributes: &[(Id, Id)]) -> Module {
        let number = |id: Id| match self.pickle.value(id) {
            Value::Int(value) => Some(*value as f64),
            Value::Float(value) => Some(*value),
            _ => None,
        };
        let mut numbers = BTreeMap::new();
        for (key, value) in attributes.iter().take(100) {
            let Some(key) = self.pickle.text(*key) else { continue };
            let all = match self.pickle.items(*value) {
                Some(items) => items.iter().take(4).map(|id| number(*id)).collect(),
                None => number(*value).map(|number| vec![number]),
            };
            if let Some(all) = all {
                numbers.insert(printable(key), all);
            }
        }
        Module { class: printable(&object.class), numbers }
    }

    fn leave_out(&mut self, why: String) {
        // Where there is no end of them, they are counted only.
        let name = if self.unsound.len() < MAX_NOTES { self.full_name() } else { String::new() };
        self.unsound.push(format!("{name} was left out: {why}"));
    }

    fn full_name(&self) -> String {
        let full = self.name.join(".");
        if full.chars().count() > MAX_NAME { printable(&full) } else { full }
    }
}
