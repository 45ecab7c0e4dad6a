//! The kinds of files that tensors come in, known by their first bytes, whatever the file is called.

use std::collections::HashMap;
use std::io::{Cursor, Read};

use safetensors::tensor::Metadata;

use super::element::ElementType;
use super::pickle::{self, Pickle, Value};
use super::source::Source;
use super::tensors::{Place, Tensor, Tensors};
use super::{tree, zip};
use crate::error::Result;

/// A kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Container {
    /// A zip archive, as PyTorch writes since 1.6.
    Zip,
    /// Pickles and numbers in a row, as PyTorch wrote before.
    Legacy,
    /// A safetensors file.
    Safetensors,
}

/// How a legacy file begins, behind its protocol: the number 0x1950a86a20f9469cfc6c.
const MAGIC: &[u8] = b"\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.";
/// As long as the safetensors library allows.
const MAX_HEADER: u64 = 100_000_000;
/// What is in the archive's record of that name; more would be none.
const MAX_WORD: u64 = 1 << 10;

const BIG_ENDIAN: &str = "its numbers are big-endian, and only little-endian ones are read: load and save \
                          it again with PyTorch on the machine it comes from, as safetensors";

impl Container {
    /// Which of them the file is, if it is one.
    ///
    /// # Errors
    /// [`crate::Error::Io`] if it cannot be read; [`crate::Error::BadModel`] for what is near but cannot
    /// be opened, with what to do.
    pub(super) fn of(source: &mut Source) -> Result<Option<Self>> {
        let head = source.up_to(0, 512)?;
        if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
            return Ok(Some(Self::Zip));
        }
        let start = &head[..head.len().min(32)];
        if head.first() == Some(&0x80) && start.windows(MAGIC.len()).any(|bytes| bytes == MAGIC) {
            return Ok(Some(Self::Legacy));
        }
        if head.len() > 8 && head[8] == b'{' {
            return Ok(Some(Self::Safetensors));
        }
        let near = if head.get(257..262) == Some(b"ustar") {
            "it is a tar archive: unpack it and open what is in it (a .pth.tar that PyTorch wrote is none)"
        } else if matches!(head.as_slice(), [0x80, 2..=5, ..]) {
            "it is a Python pickle that torch.save did not write: load it in Python and save its state \
             dict with torch.save, or as safetensors"
        } else if head.starts_with(b"\x1f\x8b") {
            "it is compressed with gzip: unpack it first"
        } else {
            return Ok(None);
        };
        Err(source.bad(near))
    }

    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Zip => "PyTorch checkpoint (zip)",
            Self::Legacy => "PyTorch checkpoint (before 1.6)",
            Self::Safetensors => "safetensors",
        }
    }

    pub(super) fn read(self, source: Source) -> Result<Tensors> {
        match self {
            Self::Zip => from_zip(source),
            Self::Legacy => from_legacy(source),
            Self::Safetensors => from_safetensors(source),
        }
    }
}

fn from_zip(mut source: Source) -> Result<Tensors> {
    let entries = zip::entries(&mut source)?;
    let root = |entry: &zip::Entry| {
        let root = entry.name.strip_suffix("data.pkl")?;
        (root.is_empty() || root.ends_with('/')).then(|| root.to_owned())
    };
    let Some(root) = entries.iter().filter_map(root).min_by_key(String::len) else {
        return Err(source.bad(
            "it is a zip archive, but no PyTorch checkpoint: it has no data.pkl. If a checkpoint is in \
             it, unpack it first",
        ));
    };
    let by_name: HashMap<_, _> =
        entries.into_iter().map(|entry| (entry.name.clone(), entry)).collect();
    let word = by_name.get(&format!("{root}byteorder"));
    if let Some(word) = word
        && word.read(&mut source, MAX_WORD)? != b"little"
    {
        return Err(source.bad(BIG_ENDIAN));
    }
    let pickled = &by_name[&format!("{root}data.pkl")];
    let pickled = pickled.read(&mut source, pickle::MAX_BYTES)?;
    let pickle = Pickle::read(&mut Cursor::new(pickled)).map_err(|why| source.bad(why))?;
    let places = pickle.storages.iter().map(|storage| {
        let bytes = storage.count.checked_mul(storage.element.bytes());
        match by_name.get(&format!("{root}data/{}", storage.key)) {
            None => Err(format!("its storage {} is not in the file", storage.key)),
            Some(entry) if bytes.is_none_or(|bytes| bytes > entry.size) => Err(format!(
                "its storage {} claims {} numbers where the file has {} bytes",
                storage.key, storage.count, entry.size
            )),
            Some(entry) => Ok(Place::Record(entry.clone())),
        }
    });
    let places = places.collect();
    Ok(tree::tensors(source, Container::Zip, &pickle, places))
}

fn from_legacy(mut source: Source) -> Result<Tensors> {
    let (file_len, mut at) = (source.len(), 0);
    let mut next = |source: &mut Source| -> Result<Pickle> {
        let (made, read) = {
            let mut stream = source.stream(at, file_len - at)?;
            let mut counted = Counted { inner: &mut stream, read: 0 };
            (Pickle::read(&mut counted), counted.read)
        };
        at += read;
        made.map_err(|why| source.bad(why))
    };
    let _magic = next(&mut source)?;
    let _protocol = next(&mut source)?;
    let system = next(&mut source)?;
    let little = system.entry(system.root, "little_endian").map(|id| system.value(id).clone());
    if matches!(little, Some(Value::Bool(false))) {
        return Err(source.bad(BIG_ENDIAN));
    }
    let pickle = next(&mut source)?;
    let keys = next(&mut source)?;
    // Behind the pickles: of each storage how many numbers it has, and those.
    let mut found = HashMap::new();
    for key in keys.items(keys.root).unwrap_or_default() {
        let Some(key) = keys.text(*key) else { continue };
        let Some(storage) = pickle.storages.iter().find(|storage| storage.key == key) else {
            break;
        };
        let head = source.up_to(at, 8)?;
        let Ok(head) = <[u8; 8]>::try_from(head) else { break };
        let count = u64::from_le_bytes(head);
        let end = count.checked_mul(storage.element.bytes()).and_then(|n| n.checked_add(at + 8));
        let Some(end) = end.filter(|end| *end <= file_len) else { break };
        found.insert(key.to_owned(), (at + 8, count));
        at = end;
    }
    let places = pickle.storages.iter().map(|storage| match found.get(&storage.key) {
        None => Err(format!("its storage {} lies beyond the end of the file", storage.key)),
        Some((_, count)) if *count < storage.count => Err(format!(
            "its storage {} claims {} numbers where the file has {count}",
            storage.key, storage.count
        )),
        Some((at, _)) => Ok(Place::At(*at)),
    });
    let places = places.collect();
    Ok(tree::tensors(source, Container::Legacy, &pickle, places))
}

/// Counts what is read.
struct Counted<'a> {
    inner: &'a mut dyn Read,
    read: u64,
}

impl Read for Counted<'_> {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(to)?;
        self.read += read as u64;
        Ok(read)
    }
}

fn from_safetensors(mut source: Source) -> Result<Tensors> {
    let damaged = |source: &Source, what: &str| {
        source.bad(format!("it is cut off, damaged or not a safetensors file ({what})"))
    };
    let Ok(len) = <[u8; 8]>::try_from(source.up_to(0, 8)?) else {
        return Err(damaged(&source, "too short"));
    };
    let len = u64::from_le_bytes(len);
    if len > MAX_HEADER || len + 8 > source.len() {
        return Err(damaged(&source, "its header is longer than the file"));
    }
    let header = source.bytes(8, len)?;
    let header: Metadata =
        serde_json::from_slice(&header).map_err(|error| damaged(&source, &error.to_string()))?;
    if header.data_len() as u64 != source.len() - 8 - len {
        return Err(damaged(&source, "its numbers are not as many as it says"));
    }
    let mut tensors = Tensors::new(source, Container::Safetensors);
    tensors.metadata = header.metadata().clone().unwrap_or_default();
    for name in header.offset_keys() {
        let Some(info) = header.info(&name) else { continue };
        let name = tree::printable(&name);
        let dtype = format!("{:?}", info.dtype);
        let Some(element) = ElementType::from_name(&dtype) else {
            tensors.notes.push(format!("{name} was left out: its numbers are of the type {dtype}"));
            continue;
        };
        tensors.places.push(Place::At(8 + len + info.data_offsets.0 as u64));
        let shape = info.shape.clone();
        tensors.list.push(Tensor::contiguous(name, shape, element, tensors.places.len() - 1));
    }
    Ok(tensors)
}
