//! The stack machine that a pickle is a program for, without its one dangerous instruction.

use std::collections::HashMap;
use std::io::Read;

use super::reader::{Reader, text};
use super::{Asked, Id, MAX_VALUES, Object, Pickle, Value, Why};

const UNSOUND: &str = "its pickle is damaged: it takes more from its stack than it has put there";

pub(super) struct Machine<'a> {
    reader: Reader<'a>,
    stack: Vec<Id>,
    /// Heights of the stack at its marks.
    marks: Vec<usize>,
    memo: HashMap<u64, Id>,
    pub(super) made: Pickle,
    /// Storages by their key, so that all tensors of one share it.
    pub(super) storage_ids: HashMap<String, usize>,
}

impl<'a> Machine<'a> {
    pub fn new(from: &'a mut dyn Read) -> Self {
        Self {
            reader: Reader::new(from),
            stack: Vec::new(),
            marks: Vec::new(),
            memo: HashMap::new(),
            made: Pickle::default(),
            storage_ids: HashMap::new(),
        }
    }

    /// Runs the program to its end.
    pub fn run(mut self) -> Result<Pickle, Why> {
        loop {
            let code = self.reader.u8()?;
            if code == b'.' {
                self.made.root = self.pop()?;
                return Ok(self.made);
            }
            self.step(code)?;
        }
    }

    fn step(&mut self, code: u8) -> Result<(), Why> {
        match code {
            // Protocol and frames: nothing to do.
            0x80 => {
                let protocol = self.reader.u8()?;
                if protocol > 5 {
                    return Err(format!(
                        "its pickle is of protocol {protocol}, and 5 is the newest known"
                    ));
                }
                Ok(())
            }
            0x95 => self.reader.u64().map(|_| ()),
            // The stack itself.
            b'(' => {
                self.marks.push(self.stack.len());
                if self.marks.len() > MAX_VALUES { Err(too_many()) } else { Ok(()) }
            }
            b'0' => match self.marks.last() == Some(&self.stack.len()) {
                true => self.marked().map(|_| ()),
                false => self.pop().map(|_| ()),
            },
            b'1' => self.marked().map(|_| ()),
            b'2' => {
                let top = self.top()?;
                self.push_id(top)
            }
            // Constants.
            b'N' => self.push(Value::Nothing),
            0x88 => self.push(Value::Bool(true)),
            0x89 => self.push(Value::Bool(false)),
            b'I' | b'L' => {
                let line = self.reader.line()?;
                self.push(match line.as_str() {
                    "01" => Value::Bool(true),
                    "00" => Value::Bool(false),
                    digits => decimal(digits)?,
                })
            }
            b'J' => self.reader.i32().and_then(|v| self.push(Value::Int(v.into()))),
            b'K' => self.reader.u8().and_then(|v| self.push(Value::Int(v.into()))),
            b'M' => self.reader.u16().and_then(|v| self.push(Value::Int(v.into()))),
            0x8a => {
                let len = self.reader.u8()?;
                self.reader.long(len.into()).and_then(|v| self.push(Value::Int(v)))
            }
            0x8b => {
                let len = self.reader.u32()?;
                self.reader.long(len.into()).and_then(|v| self.push(Value::Int(v)))
            }
            b'F' => {
                let line = self.reader.line()?;
                let value = line.trim().parse().map_err(|_| DIGITS.to_owned())?;
                self.push(Value::Float(value))
            }
            b'G' => self.reader.f64().and_then(|v| self.push(Value::Float(v))),
            // Text and bytes.
            b'S' | b'V' => {
                let line = self.reader.line()?;
                let quoted = |q: char| line.strip_prefix(q).and_then(|rest| rest.strip_suffix(q));
                let plain = quoted('\'').or_else(|| quoted('"')).unwrap_or(&line);
                self.push(Value::Text(plain.into()))
            }
            b'T' | b'X' => self.reader.u32().and_then(|len| self.push_text(len.into())),
            b'U' | 0x8c => self.reader.u8().and_then(|len| self.push_text(len.into())),
            0x8d => self.reader.u64().and_then(|len| self.push_text(len)),
            b'B' => self.reader.u32().and_then(|len| self.push_bytes(len.into())),
            b'C' => self.reader.u8().and_then(|len| self.push_bytes(len.into())),
            0x8e | 0x96 => self.reader.u64().and_then(|len| self.push_bytes(len)),
            // Buffers beside the file: none of PyTorch's has any.
            0x97 => self.push(Value::Bytes),
            0x98 => Ok(()),
            // Containers.
            b']' | 0x8f => self.push(Value::List(Vec::new())),
            b')' => self.push(Value::Tuple(Vec::new())),
            b'}' => self.push(Value::Dict(Vec::new())),
            b'l' | 0x91 => self.marked().and_then(|items| self.push(Value::List(items))),
            b't' => self.marked().and_then(|items| self.push(Value::Tuple(items))),
            b'd' => {
                let pairs = pairs(&self.marked()?);
                self.push(Value::Dict(pairs))
            }
            0x85..=0x87 => {
                let from = self.stack.len().checked_sub(usize::from(code - 0x84));
                let from = from.filter(|from| self.marks.last().is_none_or(|mark| mark <= from));
                let items = self.stack.split_off(from.ok_or(UNSOUND)?);
                self.push(Value::Tuple(items))
            }
            b'a' => {
                let item = self.pop()?;
                self.extend(&[item])
            }
            b'e' | 0x90 => {
                let items = self.marked()?;
                self.extend(&items)
            }
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.set(&[key, value])
            }
            b'u' => {
                let items = self.marked()?;
                self.set(&items)
            }
            // What was seen before.
            b'p' => {
                let key = self.place()?;
                self.remember(key)
            }
            b'q' => self.reader.u8().and_then(|key| self.remember(key.into())),
            b'r' => self.reader.u32().and_then(|key| self.remember(key.into())),
            0x94 => self.remember(self.memo.len() as u64),
            b'g' => {
                let key = self.place()?;
                self.recall(key)
            }
            b'h' => self.reader.u8().and_then(|key| self.recall(key.into())),
            b'j' => self.reader.u32().and_then(|key| self.recall(key.into())),
            _ => self.objects(code),
        }
    }

    /// What is imported, made and called in Python.
    fn objects(&mut self, code: u8) -> Result<(), Why> {
        match code {
            b'c' => {
                let (module, name) = (self.reader.line()?, self.reader.line()?);
                self.push(global(&module, &name))
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                let part = |id| self.made.text(id).unwrap_or("?").to_owned();
                let (module, name) = (part(module), part(name));
                self.push(global(&module, &name))
            }
            // A class by number, from a table that each program keeps for itself.
            0x82 => self.reader.u8().and_then(|n| self.push(extension(n.into()))),
            0x83 => self.reader.u16().and_then(|n| self.push(extension(n.into()))),
            0x84 => self.reader.u32().and_then(|n| self.push(extension(n))),
            b'R' => {
                let (args, callee) = (self.pop()?, self.pop()?);
                let made = self.called(callee, args)?;
                self.push(made)
            }
            0x81 => {
                let (args, class) = (self.pop()?, self.pop()?);
                let made = self.object(class, Some(args), Asked::Make)?;
                self.push(made)
            }
            0x92 => {
                let (_, args, class) = (self.pop()?, self.pop()?, self.pop()?);
                let made = self.object(class, Some(args), Asked::Make)?;
                self.push(made)
            }
            b'i' => {
                let (module, name) = (self.reader.line()?, self.reader.line()?);
                let args = self.marked()?;
                let callee = self.add(global(&module, &name))?;
                let args = self.add(Value::Tuple(args))?;
                let made = self.called(callee, args)?;
                self.push(made)
            }
            b'o' => {
                let mut args = self.marked()?;
                if args.is_empty() {
                    return Err(UNSOUND.into());
                }
                let callee = args.remove(0);
                let args = self.add(Value::Tuple(args))?;
                let made = self.called(callee, args)?;
                self.push(made)
            }
            b'b' => {
                let (state, to) = (self.pop()?, self.top()?);
                if let Value::Object(object) = self.value_mut(to) {
                    object.state = Some(state);
                }
                Ok(())
            }
            b'P' => {
                let line = self.reader.line()?;
                let id = self.add(Value::Text(line.into()))?;
                let stored = self.persistent(id)?;
                self.push(stored)
            }
            b'Q' => {
                let id = self.pop()?;
                let stored = self.persistent(id)?;
                self.push(stored)
            }
            other => Err(format!("its pickle is damaged: there is no instruction {other:#04x}")),
        }
    }

    /// An object that is not made, noted.
    pub(super) fn object(
        &mut self,
        class: Id,
        args: Option<Id>,
        asked: Asked,
    ) -> Result<Value, Why> {
        let class: Box<str> = match self.made.value(class) {
            Value::Global(name) => name.clone(),
            Value::Object(object) => format!("what {} gives", object.class).into(),
            _ => "something without a name".into(),
        };
        // A name is not longer than a line, whatever it is made of.
        let class: Box<str> = class.chars().take(200).collect::<String>().into();
        let noted = self.made.asked.entry(class.clone()).or_insert(asked);
        *noted = (*noted).max(asked);
        if self.made.asked.len() > 10_000 {
            return Err(
                "its pickle asks for more than 10,000 different functions and classes".into()
            );
        }
        Ok(Value::Object(Box::new(Object { class, args, ..Object::default() })))
    }

    pub(super) fn add(&mut self, value: Value) -> Result<Id, Why> {
        let id = self.made.values.len();
        if id >= MAX_VALUES {
            return Err(too_many());
        }
        self.made.values.push(value);
        Ok(id as Id)
    }

    fn value_mut(&mut self, id: Id) -> &mut Value {
        // Ids are only made by `add`.
        &mut self.made.values[id as usize]
    }

    fn push(&mut self, value: Value) -> Result<(), Why> {
        let id = self.add(value)?;
        self.push_id(id)
    }

    fn push_id(&mut self, id: Id) -> Result<(), Why> {
        self.stack.push(id);
        if self.stack.len() > MAX_VALUES { Err(too_many()) } else { Ok(()) }
    }

    fn push_text(&mut self, len: u64) -> Result<(), Why> {
        let bytes = self.reader.bytes(len)?;
        self.push(Value::Text(text(bytes)))
    }

    fn push_bytes(&mut self, len: u64) -> Result<(), Why> {
        self.reader.bytes(len)?;
        self.push(Value::Bytes)
    }

    fn top(&self) -> Result<Id, Why> {
        let at_mark = self.marks.last() == Some(&self.stack.len());
        self.stack.last().filter(|_| !at_mark).copied().ok_or_else(|| UNSOUND.into())
    }

    fn pop(&mut self) -> Result<Id, Why> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    /// All above the last mark, which goes too.
    fn marked(&mut self) -> Result<Vec<Id>, Why> {
        let mark = self.marks.pop().ok_or(UNSOUND)?;
        Ok(self.stack.split_off(mark))
    }

    fn extend(&mut self, more: &[Id]) -> Result<(), Why> {
        let to = self.top()?;
        match self.value_mut(to) {
            Value::List(items) => items.extend_from_slice(more),
            Value::Object(object) => object.items.extend_from_slice(more),
            _ => return Err("its pickle is damaged: it adds an item to what is no list".into()),
        }
        Ok(())
    }

    fn set(&mut self, more: &[Id]) -> Result<(), Why> {
        let to = self.top()?;
        match self.value_mut(to) {
            Value::Dict(entries) => entries.extend(pairs(more)),
            Value::Object(object) => object.pairs.extend(pairs(more)),
            _ => {
                return Err(
                    "its pickle is damaged: it adds an entry to what is no dictionary".into()
                );
            }
        }
        Ok(())
    }

    fn place(&mut self) -> Result<u64, Why> {
        self.reader.line()?.trim().parse().map_err(|_| DIGITS.into())
    }

    fn remember(&mut self, key: u64) -> Result<(), Why> {
        let top = self.top()?;
        self.memo.insert(key, top);
        if self.memo.len() > MAX_VALUES { Err(too_many()) } else { Ok(()) }
    }

    fn recall(&mut self, key: u64) -> Result<(), Why> {
        let id = self.memo.get(&key).copied();
        self.push_id(id.ok_or("its pickle is damaged: it recalls what it has never seen")?)
    }
}

const DIGITS: &str = "its pickle is damaged: a number in it is none";

fn too_many() -> Why {
    format!("its pickle holds more than {MAX_VALUES} values")
}

fn global(module: &str, name: &str) -> Value {
    // What the module `os` is called inside.
    let module = if matches!(module, "posix" | "nt") { "os" } else { module };
    Value::Global(format!("{module}.{name}").into())
}

fn extension(number: u32) -> Value {
    Value::Global(format!("extension {number}").into())
}

/// A number as text; Python 2 ends long ones with an L.
fn decimal(text: &str) -> Result<Value, Why> {
    let digits = text.trim().trim_end_matches('L');
    let sound = digits.trim_start_matches(['-', '+']).chars().all(|c| c.is_ascii_digit());
    if digits.is_empty() || !sound {
        return Err(DIGITS.into());
    }
    let largest = if digits.starts_with('-') { i64::MIN } else { i64::MAX };
    Ok(Value::Int(digits.parse().unwrap_or(largest)))
}

fn pairs(items: &[Id]) -> Vec<(Id, Id)> {
    let (pairs, _) = items.as_chunks::<2>();
    pairs.iter().map(|[key, value]| (*key, *value)).collect()
}
