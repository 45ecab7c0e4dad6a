//! The calls that PyTorch's own files make, as `torch/_utils.py` and `torch/serialization.py` define
//! them: a tensor is a storage, where in it the tensor begins, its shape and its strides.

use super::machine::Machine;
use super::{Asked, Id, Pickle, Value, Why};
use crate::checkpoint::import::element::ElementType;

/// Most dimensions of a tensor; PyTorch itself stops at 64.
const MAX_RANK: usize = 16;
/// A tensor may repeat a storage's numbers (stride 0) up to this many.
const MOST_REPEATED: u64 = 1 << 20;

/// Numbers that stand in the file beside the pickle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::checkpoint::import) struct Storage {
    /// Its name in the file.
    pub key: String,
    pub element: ElementType,
    /// How many numbers the pickle says it has.
    pub count: u64,
}

/// A tensor that a pickle describes; all numbers in elements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::checkpoint::import) struct TensorAt {
    /// Place in [`Pickle::storages`].
    pub storage: usize,
    pub element: ElementType,
    pub offset: u64,
    pub shape: Vec<usize>,
    pub strides: Vec<u64>,
}

impl Machine<'_> {
    /// What calling `callee` with `args` gives, where that is known.
    pub(super) fn called(&mut self, callee: Id, args: Id) -> Result<Value, Why> {
        let Value::Global(name) = self.made.value(callee) else {
            return self.object(callee, Some(args), Asked::Call);
        };
        let name = name.clone();
        let items = self.made.items(args).unwrap_or_default().to_vec();
        let first = items.first().copied();
        Ok(match &*name {
            "torch._utils._rebuild_tensor"
            | "torch._utils._rebuild_tensor_v2"
            | "torch._utils._rebuild_tensor_v3" => match tensor(&self.made, &name, &items) {
                Ok(tensor) => Value::Tensor(Box::new(tensor)),
                Err(why) => Value::Unsound(why.into()),
            },
            // The tensor itself, and something about it.
            "torch._utils._rebuild_parameter" | "torch._utils._rebuild_parameter_with_state" => {
                self.copy_of(first)
            }
            "torch._tensor._rebuild_from_type_v2" | "torch._tensor._rebuild_from_type" => {
                let inner = items.iter().find_map(|id| match self.made.value(*id) {
                    Value::Tuple(_) => Some(*id),
                    _ => None,
                });
                match (first, inner) {
                    (Some(rebuild), Some(inner)) if is_rebuilding(self.made.value(rebuild)) => {
                        self.called(rebuild, inner)?
                    }
                    _ => self.object(callee, Some(args), Asked::Call)?,
                }
            }
            "collections.OrderedDict" | "builtins.dict" | "__builtin__.dict" => {
                let given = first.and_then(|id| self.made.items(id)).unwrap_or_default();
                let pair = |id: &Id| match self.made.items(*id) {
                    Some([key, value]) => Some((*key, *value)),
                    _ => None,
                };
                Value::Dict(given.iter().filter_map(pair).collect())
            }
            "collections.defaultdict" | "collections.Counter" => Value::Dict(Vec::new()),
            "torch.Size" | "builtins.tuple" | "__builtin__.tuple" => self.copy_of(first),
            "builtins.list"
            | "__builtin__.list"
            | "builtins.set"
            | "__builtin__.set"
            | "builtins.frozenset"
            | "__builtin__.frozenset" => {
                Value::List(first.and_then(|id| self.made.items(id)).unwrap_or_default().to_vec())
            }
            // Where it was computed, in TorchScript what it is a list of: nothing for us.
            "torch.device" => Value::Nothing,
            name if name.starts_with("torch.jit._pickle.") => self.copy_of(first),
            // How Python 2 makes objects, and Python 3 some.
            "copy_reg._reconstructor"
            | "copyreg._reconstructor"
            | "copyreg.__newobj__"
            | "copy_reg.__newobj__" => self.object(first.unwrap_or(callee), None, Asked::Make)?,
            _ => self.object(callee, Some(args), Asked::Call)?,
        })
    }

    fn copy_of(&self, id: Option<Id>) -> Value {
        id.map_or(Value::Nothing, |id| match self.made.value(id) {
            // Only what is small, or bound by what stands in the file.
            value @ (Value::Tensor(_) | Value::Unsound(_) | Value::Global(_)) => value.clone(),
            Value::Tuple(items) | Value::List(items) if items.len() <= 4 * MAX_RANK => {
                Value::Tuple(items.clone())
            }
            _ => Value::Nothing,
        })
    }

    /// What a persistent id stands for: a storage, or the class of a module.
    pub(super) fn persistent(&mut self, id: Id) -> Result<Value, Why> {
        let items = self.made.items(id).unwrap_or_default();
        let kind = items.first().and_then(|id| self.made.text(*id));
        match (kind, items) {
            (Some("module"), [_, class, ..]) => Ok(self.made.value(*class).clone()),
            (Some("storage"), [_, class, key, _, count, rest @ ..]) => {
                let (class, key, count, view) = (*class, *key, *count, rest.first().copied());
                if view.is_some_and(|view| !matches!(self.made.value(view), Value::Nothing)) {
                    let why = "a storage that is part of another, as PyTorch 0.4 wrote it";
                    return Ok(Value::Unsound(why.into()));
                }
                match storage(&self.made, class, key, count) {
                    Ok(storage) => Ok(Value::Storage(self.stored(storage))),
                    Err(why) => Ok(Value::Unsound(why.into())),
                }
            }
            _ => Ok(Value::Unsound("something beside the file, of an unknown kind".into())),
        }
    }

    fn stored(&mut self, storage: Storage) -> usize {
        let storages = &mut self.made.storages;
        // One key with two types would be two views of the same bytes.
        let name = format!("{} {:?} {}", storage.key, storage.element, storage.count);
        *self.storage_ids.entry(name).or_insert_with(|| {
            storages.push(storage);
            storages.len() - 1
        })
    }
}

fn is_rebuilding(value: &Value) -> bool {
    matches!(value, Value::Global(name) if name.starts_with("torch._utils._rebuild_tensor"))
}

fn storage(made: &Pickle, class: Id, key: Id, count: Id) -> Result<Storage, Why> {
    let Value::Global(class) = made.value(class) else {
        return Err("a storage without a type".into());
    };
    let class = class.rsplit('.').next().unwrap_or_default();
    let element = ElementType::from_storage(class)
        .ok_or_else(|| format!("a {class}, and floats of 16, 32 and 64 bits are read"))?;
    let key = match made.value(key) {
        Value::Text(key) => key.to_string(),
        Value::Int(key) => key.to_string(),
        _ => return Err("a storage without a key".into()),
    };
    let count = made.int(count).and_then(|count| u64::try_from(count).ok());
    let count = count.ok_or("a storage without a size")?;
    Ok(Storage { key, element, count })
}

/// `(storage, offset, size, stride, …)`; the third version has the type of its numbers behind.
fn tensor(made: &Pickle, rebuild: &str, items: &[Id]) -> Result<TensorAt, Why> {
    let [storage, offset, shape, strides, rest @ ..] = items else {
        return Err("a tensor of which something is missing".into());
    };
    let storage = match made.value(*storage) {
        Value::Storage(storage) => *storage,
        Value::Unsound(why) => return Err(why.to_string()),
        _ => return Err("a tensor without a storage".into()),
    };
    let Storage { mut element, mut count, .. } = made.storages[storage].clone();
    if rebuild.ends_with("v3") {
        let named = rest.iter().find_map(|id| match made.value(*id) {
            Value::Global(name) => name.strip_prefix("torch."),
            _ => None,
        });
        let named = named.ok_or("a tensor without a type")?;
        let bytes = count.saturating_mul(element.bytes());
        element = ElementType::from_torch(named)
            .ok_or_else(|| format!("a tensor of {named}, and floats are read"))?;
        count = bytes / element.bytes();
    }
    let sizes = |id: Id| -> Option<Vec<u64>> {
        made.items(id)?.iter().map(|id| u64::try_from(made.int(*id)?).ok()).collect()
    };
    let unreadable = "a tensor whose shape or strides cannot be read";
    let offset = made.int(*offset).and_then(|n| u64::try_from(n).ok()).ok_or(unreadable)?;
    let (shape, strides) = (sizes(*shape).ok_or(unreadable)?, sizes(*strides).ok_or(unreadable)?);
    if shape.len() != strides.len() || shape.len() > MAX_RANK {
        return Err(unreadable.into());
    }
    let claims = |what: &str| {
        Err(format!(
            "a tensor that claims {what} of a storage with {count} numbers (shape {shape:?})"
        ))
    };
    let Some(numbers) = shape.iter().try_fold(1u64, |n, dim| n.checked_mul(*dim)) else {
        return claims("more numbers than can be counted");
    };
    if numbers > count.max(MOST_REPEATED) {
        return claims(&format!("{numbers} numbers"));
    }
    let reach = |(dim, stride): (&u64, &u64)| (dim.saturating_sub(1)).checked_mul(*stride);
    let last = shape.iter().zip(&strides).try_fold(offset, |at, of| at.checked_add(reach(of)?));
    if numbers > 0 && last.is_none_or(|last| last >= count) {
        return claims("numbers beyond the end");
    }
    let shape = shape.iter().map(|dim| *dim as usize).collect();
    Ok(TensorAt { storage, element, offset, shape, strides })
}
