//! Python's pickles, read as data: the objects that one describes, without making or calling any.
//!
//! A pickle is a program for a small stack machine (Python's `pickletools` describes all 68 of its
//! instructions, protocols 0 to 5), and one of them calls any function there is. This machine has none
//! to call. It builds a table of plain values; what a pickle wants to import becomes its name, what it
//! wants to call becomes an [`Object`] that remembers the name and what would have been passed. The few
//! calls that every PyTorch file makes, to put a tensor together and to make an ordered dictionary, are
//! understood by [`torch`].
//!
//! Values refer to each other by their place in the table: cycles are no danger, and neither is depth.

mod machine;
mod reader;
mod torch;

use std::collections::BTreeMap;
use std::io::Read;

pub(super) use torch::{Storage, TensorAt};

/// Why a pickle cannot be read: the rest of a sentence about its file.
pub(super) type Why = String;

/// Most bytes of a pickle: a checkpoint of many thousand tensors has some megabytes.
pub(super) const MAX_BYTES: u64 = 128 << 20;
/// Most values of one pickle.
const MAX_VALUES: usize = 4 << 20;

/// A place in [`Pickle::values`].
pub(super) type Id = u32;

/// One value of a pickle.
#[derive(Debug, Clone)]
pub(super) enum Value {
    /// `None`, and whatever says nothing to us.
    Nothing,
    Bool(bool),
    /// Larger ones are cut to the largest there is.
    Int(i64),
    Float(f64),
    Text(Box<str>),
    /// Bytes, of which nobody wants to know.
    Bytes,
    List(Vec<Id>),
    Tuple(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    /// Something that was to be imported: `module.name`.
    Global(Box<str>),
    Storage(usize),
    Tensor(Box<TensorAt>),
    /// A tensor that cannot be as it says.
    Unsound(Box<str>),
    Object(Box<Object>),
}

/// What a pickle wanted made.
#[derive(Debug, Clone, Default)]
pub(super) struct Object {
    /// What was to be called or made.
    pub class: Box<str>,
    /// What was to be passed.
    pub args: Option<Id>,
    /// What its attributes were to be.
    pub state: Option<Id>,
    /// What was put into it, as into a list or a dictionary.
    pub items: Vec<Id>,
    pub pairs: Vec<(Id, Id)>,
}

/// How a name came up that means nothing here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Asked {
    /// To make an object of this class.
    Make,
    /// To call this.
    Call,
}

/// A pickle that was read.
#[derive(Debug, Default)]
pub(super) struct Pickle {
    pub values: Vec<Value>,
    pub root: Id,
    pub storages: Vec<Storage>,
    /// What it asked for in vain.
    pub asked: BTreeMap<Box<str>, Asked>,
}

impl Pickle {
    /// Reads one pickle, up to and with its end.
    ///
    /// # Errors
    /// If it is cut off, is none, or is too large.
    pub fn read(from: &mut dyn Read) -> Result<Self, Why> {
        machine::Machine::new(from).run()
    }

    pub fn value(&self, id: Id) -> &Value {
        self.values.get(id as usize).unwrap_or(&Value::Nothing)
    }

    /// The items of a list or a tuple.
    pub fn items(&self, id: Id) -> Option<&[Id]> {
        match self.value(id) {
            Value::List(items) | Value::Tuple(items) => Some(items),
            _ => None,
        }
    }

    pub fn text(&self, id: Id) -> Option<&str> {
        match self.value(id) {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn int(&self, id: Id) -> Option<i64> {
        match self.value(id) {
            Value::Int(value) => Some(*value),
            _ => None,
        }
    }

    /// What the dictionary `id` has under `key`.
    pub fn entry(&self, id: Id, key: &str) -> Option<Id> {
        let Value::Dict(pairs) = self.value(id) else { return None };
        pairs.iter().rev().find(|(k, _)| self.text(*k) == Some(key)).map(|(_, value)| *value)
    }
}

#[cfg(test)]
mod tests;
