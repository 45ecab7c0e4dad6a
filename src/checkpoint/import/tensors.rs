//! The tensors of a file: a plain list of names, shapes and types, and their numbers on demand.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use super::container::Container;
use super::element::ElementType;
use super::pickle::TensorAt;
use super::source::Source;
use super::zip;
use crate::error::Result;

/// One tensor.
#[derive(Debug, Clone)]
pub struct Tensor {
    /// Where it stands in the file, `.` between the parts.
    pub name: String,
    /// Its dimensions.
    pub shape: Vec<usize>,
    /// The type of its numbers.
    pub element: ElementType,
    /// Place among [`Tensors::places`], first number and steps between numbers there.
    place: usize,
    offset: u64,
    strides: Vec<u64>,
}

/// Where a row of numbers lies.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// From this byte of the file on.
    At(u64),
    /// In a record of a zip archive.
    Record(zip::Entry),
}

/// A layer that a whole pickled module tells of, beside its tensors.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Module {
    /// Its class, `torch.nn.modules.activation.ReLU`.
    pub class: String,
    /// Its numbers: `stride`, `eps`, `negative_slope`.
    pub numbers: BTreeMap<String, Vec<f64>>,
}

/// What was found in a file.
pub struct Tensors {
    /// The kind of file.
    pub container: Container,
    /// In the order of the file.
    pub list: Vec<Tensor>,
    /// Layers by name, in order, where the file tells of any.
    pub modules: Vec<(String, Module)>,
    /// What was left out, and what was asked for and not done: a sentence each.
    pub notes: Vec<String>,
    /// What a safetensors file says about itself.
    pub metadata: HashMap<String, String>,
    pub(super) places: Vec<Place>,
    source: Source,
}

impl Tensor {
    pub(super) fn contiguous(
        name: String,
        shape: Vec<usize>,
        element: ElementType,
        place: usize,
    ) -> Self {
        let strides = contiguous(&shape);
        Self { name, shape, element, place, offset: 0, strides }
    }

    pub(super) fn strided(name: String, at: &TensorAt, place: usize) -> Self {
        let TensorAt { element, offset, shape, strides, .. } = at.clone();
        Self { name, shape, element, place, offset, strides }
    }

    /// How many numbers it has.
    pub fn count(&self) -> usize {
        self.shape.iter().product()
    }

    fn is_contiguous(&self) -> bool {
        let plain = contiguous(&self.shape);
        // A dimension of one is stepped over never, whatever its stride.
        (0..plain.len()).all(|i| self.shape[i] == 1 || plain[i] == self.strides[i])
    }
}

/// Steps of numbers that lie in order.
fn contiguous(shape: &[usize]) -> Vec<u64> {
    let mut strides = vec![1u64; shape.len()];
    for i in (1..shape.len()).rev() {
        strides[i - 1] = strides[i].saturating_mul(shape[i] as u64);
    }
    strides
}

impl Tensors {
    pub(super) fn new(source: Source, container: Container) -> Self {
        Self {
            container,
            list: Vec::new(),
            modules: Vec::new(),
            notes: Vec::new(),
            metadata: HashMap::new(),
            places: Vec::new(),
            source,
        }
    }

    /// Reads what is in the file at `path`, without its numbers; `None` if it is of no kind that holds
    /// tensors. Nothing in the file is run.
    ///
    /// # Errors
    /// [`crate::Error::Io`] if it cannot be read; [`crate::Error::BadModel`] if it is damaged.
    pub fn open(path: &Path) -> Result<Option<Self>> {
        Self::read(Source::open(path)?)
    }

    /// As [`Tensors::open`], for a file's content; `name` is only for messages.
    ///
    /// # Errors
    /// As there.
    pub fn from_bytes(name: &str, bytes: Vec<u8>) -> Result<Option<Self>> {
        Self::shared(name, &Arc::new(bytes))
    }

    /// As [`Tensors::from_bytes`], for bytes that are wanted afterwards.
    pub(in crate::checkpoint) fn shared(name: &str, bytes: &Arc<Vec<u8>>) -> Result<Option<Self>> {
        Self::read(Source::from_bytes(Path::new(name), bytes.clone()))
    }

    fn read(mut source: Source) -> Result<Option<Self>> {
        match Container::of(&mut source)? {
            Some(container) => container.read(source).map(Some),
            None => Ok(None),
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        self.source.path()
    }

    /// Its length.
    pub fn file_bytes(&self) -> u64 {
        self.source.len()
    }

    /// An [`crate::Error::BadModel`] about the file.
    pub fn bad(&self, why: impl Into<String>) -> crate::Error {
        self.source.bad(why)
    }

    /// Hands the numbers of the tensor at `index` of the list on to `take` in their order, piece by
    /// piece.
    ///
    /// # Errors
    /// [`crate::Error::BadModel`] if the file does not hold them.
    pub fn numbers(&mut self, index: usize, take: &mut dyn FnMut(&[f32])) -> Result<()> {
        let tensor = self.list[index].clone();
        let count = tensor.count() as u64;
        if count == 0 {
            return Ok(());
        }
        if tensor.is_contiguous() {
            let mut values = Vec::new();
            return self.pieces(&tensor, count, &mut |bytes| {
                values.clear();
                tensor.element.decode(bytes, &mut values);
                take(&values);
            });
        }
        // From the first number of it to the last, whatever lies between.
        let reach = |(dim, stride): (&usize, &u64)| (*dim as u64 - 1) * stride;
        let span = 1 + tensor.shape.iter().zip(&tensor.strides).map(reach).sum::<u64>();
        let mut all = Vec::new();
        self.pieces(&tensor, span, &mut |bytes| tensor.element.decode(bytes, &mut all))?;
        let mut row = Vec::new();
        let mut place = vec![0usize; tensor.shape.len()];
        for _ in 0..count {
            let at: u64 = place.iter().zip(&tensor.strides).map(|(i, s)| *i as u64 * s).sum();
            row.push(all[at as usize]);
            if row.len() == 1 << 16 {
                take(&row);
                row.clear();
            }
            for (i, dim) in place.iter_mut().zip(&tensor.shape).rev() {
                *i += 1;
                if *i < *dim {
                    break;
                }
                *i = 0;
            }
        }
        take(&row);
        Ok(())
    }

    /// The bytes of `count` numbers from the tensor's first on. Pieces hold whole numbers: their length
    /// is a power of two.
    fn pieces(&mut self, tensor: &Tensor, count: u64, take: &mut dyn FnMut(&[u8])) -> Result<()> {
        let width = tensor.element.bytes();
        let (from, len) = (tensor.offset * width, count * width);
        match self.places[tensor.place].clone() {
            Place::At(start) => self.source.pieces(start + from, len, take),
            Place::Record(entry) => entry.pieces(&mut self.source, from, len, take),
        }
    }
}
