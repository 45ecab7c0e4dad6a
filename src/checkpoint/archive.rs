//! A safetensors file with one line of JSON about itself.

use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::disk;
use crate::error::{Error, Result};

/// Larger files are no models of ours.
const MAX_BYTES: u64 = 16 << 30;

/// An opened file whose structure has been checked: offsets inside the file, sizes that match shapes.
#[derive(Debug)]
pub struct Archive {
    path: PathBuf,
    bytes: Vec<u8>,
    metadata: HashMap<String, String>,
}

impl Archive {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read, [`Error::BadModel`] if it is not a sound safetensors file.
    pub fn open(path: &Path) -> Result<Self> {
        Self::from_bytes(path, disk::read_limited(path, MAX_BYTES)?)
    }

    /// Takes a file's content; `path` is only for messages.
    ///
    /// # Errors
    /// [`Error::BadModel`] if it is not a sound safetensors file.
    pub fn from_bytes(path: &Path, bytes: Vec<u8>) -> Result<Self> {
        if bytes.is_empty() {
            return Err(Error::bad_model(path, "the file is empty"));
        }
        let metadata = SafeTensors::read_metadata(&bytes)
            .and_then(|(_, header)| SafeTensors::deserialize(&bytes).map(|_| header))
            .map_err(|error| Error::bad_model(path, diagnosis(&bytes, &error)))?;
        let metadata = metadata.metadata().clone().unwrap_or_default();
        Ok(Self { path: path.to_owned(), bytes, metadata })
    }

    /// A file in memory with `about` as JSON under `key`, and tensors of `shapes`, whose numbers `fill`
    /// hands on for each of their places, piece by piece: they are never there twice.
    pub(super) fn filled<T: Serialize>(
        path: &Path,
        key: &str,
        about: &T,
        shapes: &[(String, Vec<usize>)],
        mut fill: impl FnMut(usize, &mut dyn FnMut(&[f32])) -> Result<()>,
    ) -> Result<Self> {
        let damaged = |error: serde_json::Error| Error::bad_model(path, error.to_string());
        let text = serde_json::to_string(about).map_err(damaged)?;
        let mut header = serde_json::Map::new();
        header.insert("__metadata__".into(), serde_json::json!({ key: text }));
        let mut end = 0usize;
        for (name, shape) in shapes {
            let start = end;
            end += 4 * shape.iter().product::<usize>();
            let about = serde_json::json!({
                "dtype": "F32", "shape": shape, "data_offsets": [start, end],
            });
            header.insert(name.clone(), about);
        }
        let mut header = serde_json::to_string(&header).map_err(damaged)?;
        header.push_str(&" ".repeat(header.len().next_multiple_of(8) - header.len()));
        let mut bytes = Vec::with_capacity(8 + header.len() + end);
        bytes.extend_from_slice(&(header.len() as u64).to_le_bytes());
        bytes.extend_from_slice(header.as_bytes());
        for place in 0..shapes.len() {
            let mut add = |values: &[f32]| {
                let start = bytes.len();
                bytes.resize(start + 4 * values.len(), 0);
                let (places, _) = bytes[start..].as_chunks_mut::<4>();
                for (place, value) in places.iter_mut().zip(values) {
                    *place = value.to_le_bytes();
                }
            };
            fill(place, &mut add)?;
        }
        Self::from_bytes(path, bytes)
    }

    /// The path it was opened from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Size of the file in bytes.
    pub fn file_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Whether the header has an entry `key`.
    pub fn has_metadata(&self, key: &str) -> bool {
        self.metadata.contains_key(key)
    }

    /// The JSON that is kept in the header under `key`, if there is any.
    ///
    /// # Errors
    /// [`Error::BadModel`] if it is there and does not describe a `T`.
    pub fn metadata<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>> {
        let Some(text) = self.metadata.get(key) else { return Ok(None) };
        serde_json::from_str(text).map(Some).map_err(|error| {
            Error::bad_model(
                &self.path,
                format!("its description is damaged or of a newer version ({error})"),
            )
        })
    }

    /// Names with shapes and types, sorted by name.
    ///
    /// # Errors
    /// [`Error::BadModel`] if the file is damaged.
    pub fn entries(&self) -> Result<Vec<(String, Vec<usize>, String)>> {
        let mut entries: Vec<_> = self
            .view()?
            .iter()
            .map(|(name, view)| {
                (name.to_owned(), view.shape().to_vec(), format!("{:?}", view.dtype()))
            })
            .collect();
        entries.sort();
        Ok(entries)
    }

    /// Says so if one of `expected` is missing, has another shape, or a type we do not read.
    /// Names are looked up with `prefix` before them.
    ///
    /// # Errors
    /// [`Error::BadModel`] naming the first that does not fit.
    pub fn check(&self, prefix: &str, expected: &[(String, Vec<usize>)]) -> Result<()> {
        let view = self.view()?;
        for (name, dims) in expected {
            let name = format!("{prefix}{name}");
            let Ok(tensor) = view.tensor(&name) else {
                return Err(self.bad(format!("the tensor {name} is missing")));
            };
            if tensor.shape() != dims {
                return Err(self.bad(format!(
                    "the tensor {name} has shape {:?} where its description needs {dims:?}",
                    tensor.shape()
                )));
            }
            if !matches!(tensor.dtype(), Dtype::F32 | Dtype::F16 | Dtype::BF16) {
                return Err(self.bad(format!(
                    "the tensor {name} is of type {:?}; F32, F16 and BF16 are read",
                    tensor.dtype()
                )));
            }
        }
        Ok(())
    }

    /// The tensors called `prefix` + name for each expected name, as f32, under their names without
    /// the prefix.
    ///
    /// # Errors
    /// As [`Archive::check`], and if a value is not finite.
    pub fn tensors(
        &self,
        prefix: &str,
        expected: &[(String, Vec<usize>)],
        device: &Device,
    ) -> Result<BTreeMap<String, Tensor>> {
        self.check(prefix, expected)?;
        let view = self.view()?;
        let mut tensors = BTreeMap::new();
        for (name, dims) in expected {
            let full = format!("{prefix}{name}");
            let data = view.tensor(&full).map_err(|error| self.bad(error.to_string()))?;
            let values = floats(&data);
            if let Some(at) = values.iter().position(|v| !v.is_finite()) {
                return Err(self.bad(format!("value {at} of the tensor {full} is {}", values[at])));
            }
            tensors.insert(name.clone(), Tensor::from_vec(values, dims.as_slice(), device)?);
        }
        Ok(tensors)
    }

    /// Hash of the tensors called `expected`, in this order: their names, shapes, types and bytes.
    /// Neither the description nor other tensors count. 32 hexadecimal digits.
    ///
    /// # Errors
    /// As [`Archive::check`].
    pub fn hash(&self, expected: &[(String, Vec<usize>)]) -> Result<String> {
        let view = self.view()?;
        let mut hasher = blake3::Hasher::new();
        for (name, _) in expected {
            let tensor = view.tensor(name).map_err(|error| self.bad(error.to_string()))?;
            let head = format!("{name} {:?} {:?}\n", tensor.dtype(), tensor.shape());
            hasher.update(head.as_bytes()).update(tensor.data());
        }
        let mut digits = hasher.finalize().to_hex().to_string();
        digits.truncate(32);
        Ok(digits)
    }

    /// An [`Error::BadModel`] about this file.
    pub fn bad(&self, why: impl Into<String>) -> Error {
        Error::bad_model(&self.path, why)
    }

    fn view(&self) -> Result<SafeTensors<'_>> {
        SafeTensors::deserialize(&self.bytes).map_err(|error| self.bad(error.to_string()))
    }
}

/// What is probably wrong with a file that is not safetensors.
fn diagnosis(bytes: &[u8], error: &safetensors::SafeTensorError) -> String {
    let known: [(&[u8], &str); 3] = [
        (b"\x89PNG", "it is a PNG picture"),
        (b"\xff\xd8\xff", "it is a JPEG picture"),
        (b"\x93NUMPY", "it is a NumPy array"),
    ];
    match known.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        Some((_, what)) => format!("{what}; a safetensors file or a PyTorch checkpoint is needed"),
        None => format!(
            "it is cut off, damaged or not a safetensors file ({error}); try to copy or train it again"
        ),
    }
}

fn floats(view: &TensorView) -> Vec<f32> {
    let data = view.data();
    match view.dtype() {
        Dtype::F16 => {
            data.chunks_exact(2).map(|b| half::f16::from_le_bytes([b[0], b[1]]).to_f32()).collect()
        }
        Dtype::BF16 => {
            data.chunks_exact(2).map(|b| half::bf16::from_le_bytes([b[0], b[1]]).to_f32()).collect()
        }
        _ => data.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect(),
    }
}

/// One tensor on its way to a file.
struct Entry {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl safetensors::View for &Entry {
    fn dtype(&self) -> Dtype {
        self.dtype
    }
    fn shape(&self) -> &[usize] {
        &self.shape
    }
    fn data(&self) -> std::borrow::Cow<'_, [u8]> {
        self.bytes.as_slice().into()
    }
    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

/// Collects tensors, then writes them all at once.
pub(super) struct ArchiveWriter {
    entries: BTreeMap<String, Entry>,
}

impl ArchiveWriter {
    pub(super) fn new() -> Self {
        Self { entries: BTreeMap::new() }
    }

    /// Adds `tensors` as f32, each under `prefix` + its name.
    pub(super) fn add(&mut self, prefix: &str, tensors: &BTreeMap<String, Tensor>) -> Result<()> {
        for (name, tensor) in tensors {
            let values = tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>()?;
            let mut bytes = Vec::with_capacity(4 * values.len());
            for value in values {
                bytes.extend_from_slice(&value.to_le_bytes());
            }
            let shape = tensor.dims().to_vec();
            self.entries
                .insert(format!("{prefix}{name}"), Entry { dtype: Dtype::F32, shape, bytes });
        }
        Ok(())
    }

    /// Adds a whole number, as PyTorch keeps `num_batches_tracked`.
    pub(super) fn add_count(&mut self, name: String, count: u64) {
        let bytes = (count as i64).to_le_bytes().to_vec();
        self.entries.insert(name, Entry { dtype: Dtype::I64, shape: Vec::new(), bytes });
    }

    /// Writes the file, all or nothing, with `about` as JSON under `key` in its header.
    pub(super) fn write<T: Serialize>(self, path: &Path, key: &str, about: &T) -> Result<()> {
        let bytes = self.into_bytes(path, key, about)?;
        disk::write_atomic_with(path, |file| file.write_all(&bytes))
    }

    /// The file's content; `path` is only for messages.
    pub(super) fn into_bytes<T: Serialize>(
        self,
        path: &Path,
        key: &str,
        about: &T,
    ) -> Result<Vec<u8>> {
        let text = serde_json::to_string(about)
            .map_err(|error| Error::bad_model(path, format!("its description: {error}")))?;
        // One key only: the header is then the same bytes every time.
        let metadata = HashMap::from([(key.to_owned(), text)]);
        let views = self.entries.iter().map(|(name, entry)| (name.as_str(), entry));
        safetensors::serialize(views, Some(metadata))
            .map_err(|error| Error::bad_model(path, error.to_string()))
    }
}
