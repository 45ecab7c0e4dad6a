//! State dicts as `torch.save` writes them since PyTorch 1.6: a zip archive of a pickle and of the
//! numbers of each tensor, uncompressed and aligned, so that they can be mapped.

use std::io::{Error as IoError, Result as IoResult, Write};
use std::path::Path;

use candle_core::Tensor;
use flate2::Crc;

use crate::checkpoint::ModelFile;
use crate::disk;
use crate::error::Result;

/// PyTorch's own alignment of numbers.
const ALIGN: u64 = 64;

/// One tensor of the state dict.
enum Value<'a> {
    Weights(&'a Tensor),
    /// What batch norm counts, a 64-bit number without dimensions.
    Batches(u64),
}

/// Writes the averaged generator of `model`, its tensors in the order of its layers.
pub(super) fn write(model: &ModelFile, path: &Path) -> Result<()> {
    let weights = model.weights()?;
    let info = model.info();
    let mut entries = Vec::new();
    for (name, _) in info.spec.generator_shapes()? {
        let layer = name.strip_suffix("running_var").map(str::to_owned);
        if let Some(tensor) = weights.get(&name) {
            entries.push((name, Value::Weights(tensor)));
        }
        if let Some(layer) = layer {
            entries.push((format!("{layer}num_batches_tracked"), Value::Batches(info.steps)));
        }
    }
    let root = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let root = root.filter(|stem| !stem.is_empty()).unwrap_or_else(|| "archive".into());
    disk::write_atomic_with(path, |file| {
        let mut archive = Archive { file, at: 0, directory: Vec::new(), records: 0 };
        archive.record(&format!("{root}/data.pkl"), &pickle(&entries))?;
        archive.record(&format!("{root}/byteorder"), b"little")?;
        for (key, (_, value)) in entries.iter().enumerate() {
            archive.record(&format!("{root}/data/{key}"), &value.bytes()?)?;
        }
        archive.record(&format!("{root}/version"), b"3\n")?;
        archive.finish()
    })
}

impl Value<'_> {
    fn dims(&self) -> &[usize] {
        match self {
            Self::Weights(tensor) => tensor.dims(),
            Self::Batches(_) => &[],
        }
    }

    fn storage(&self) -> &'static str {
        match self {
            Self::Weights(_) => "FloatStorage",
            Self::Batches(_) => "LongStorage",
        }
    }

    fn bytes(&self) -> IoResult<Vec<u8>> {
        match self {
            Self::Weights(tensor) => {
                let values = tensor.flatten_all().and_then(|flat| flat.to_vec1::<f32>());
                let values = values.map_err(IoError::other)?;
                Ok(values.iter().flat_map(|value| value.to_le_bytes()).collect())
            }
            Self::Batches(count) => Ok(count.to_le_bytes().to_vec()),
        }
    }
}

/// An ordered dictionary of tensors, protocol 2.
fn pickle(entries: &[(String, Value)]) -> Vec<u8> {
    let mut to = Pickle(b"\x80\x02".to_vec());
    to.ordered_dict();
    to.0.push(b'(');
    for (key, (name, value)) in entries.iter().enumerate() {
        to.text(name);
        to.tensor(key, value);
    }
    to.0.extend(b"u.");
    to.0
}

struct Pickle(Vec<u8>);

impl Pickle {
    fn global(&mut self, module: &str, name: &str) {
        self.0.extend(format!("c{module}\n{name}\n").bytes());
    }

    fn ordered_dict(&mut self) {
        self.global("collections", "OrderedDict");
        self.0.extend(b")R");
    }

    fn text(&mut self, text: &str) {
        self.0.push(b'X');
        self.0.extend((text.len() as u32).to_le_bytes());
        self.0.extend(text.bytes());
    }

    fn number(&mut self, number: usize) {
        // Eight bytes hold all that a tensor can have.
        self.0.extend(b"\x8a\x08");
        self.0.extend((number as i64).to_le_bytes());
    }

    fn tuple(&mut self, numbers: &[usize]) {
        self.0.push(b'(');
        numbers.iter().for_each(|number| self.number(*number));
        self.0.push(b't');
    }

    fn tensor(&mut self, key: usize, value: &Value) {
        let dims = value.dims();
        let mut strides = vec![1; dims.len()];
        for i in (1..dims.len()).rev() {
            strides[i - 1] = strides[i] * dims[i];
        }
        self.global("torch._utils", "_rebuild_tensor_v2");
        self.0.extend(b"((");
        self.text("storage");
        self.global("torch", value.storage());
        self.text(&key.to_string());
        self.text("cpu");
        self.number(dims.iter().product());
        // What it is begins at its storage's first number, needs no gradient and has no hooks.
        self.0.extend(b"tQ");
        self.number(0);
        self.tuple(dims);
        self.tuple(&strides);
        self.0.push(0x89);
        self.ordered_dict();
        self.0.extend(b"tR");
    }
}

/// A zip archive on its way to a file. Below four gigabytes, as all networks of ours are.
struct Archive<'a> {
    file: &'a mut std::fs::File,
    at: u64,
    directory: Vec<u8>,
    records: u16,
}

impl Archive<'_> {
    fn put(&mut self, bytes: &[u8]) -> IoResult<()> {
        self.at += bytes.len() as u64;
        self.file.write_all(bytes)
    }

    fn record(&mut self, name: &str, bytes: &[u8]) -> IoResult<()> {
        let too_large = || IoError::other("the archive would have more than four gigabytes");
        let size = u32::try_from(bytes.len()).map_err(|_| too_large())?;
        let header_at = u32::try_from(self.at).map_err(|_| too_large())?;
        let mut crc = Crc::new();
        crc.update(bytes);
        // Version 2.0, names in UTF-8, stored, the first day that zip knows, and what was measured.
        let mut about = Vec::new();
        about.extend([20, 0, 0, 8, 0, 0, 0, 0, 0x21, 0]);
        about.extend(crc.sum().to_le_bytes());
        about.extend(size.to_le_bytes());
        about.extend(size.to_le_bytes());
        about.extend((name.len() as u16).to_le_bytes());
        // A field of zeros brings the numbers to a multiple of the alignment.
        let start = self.at + 30 + name.len() as u64 + 4;
        let filler = (start.next_multiple_of(ALIGN) - start) as u16;
        let mut head = b"PK\x03\x04".to_vec();
        head.extend(&about);
        head.extend((filler + 4).to_le_bytes());
        head.extend(name.bytes());
        head.extend(b"FB");
        head.extend(filler.to_le_bytes());
        head.resize(head.len() + usize::from(filler), 0);
        self.put(&head)?;
        self.put(bytes)?;
        self.directory.extend(b"PK\x01\x02\x14\x00");
        self.directory.extend(&about);
        self.directory.extend([0; 12]);
        self.directory.extend(header_at.to_le_bytes());
        self.directory.extend(name.bytes());
        self.records += 1;
        Ok(())
    }

    fn finish(mut self) -> IoResult<()> {
        let too_large = || IoError::other("the archive would have more than four gigabytes");
        let (start, size) =
            (u32::try_from(self.at).map_err(|_| too_large())?, self.directory.len());
        let directory = std::mem::take(&mut self.directory);
        self.put(&directory)?;
        let mut end = b"PK\x05\x06\0\0\0\0".to_vec();
        end.extend(self.records.to_le_bytes());
        end.extend(self.records.to_le_bytes());
        end.extend((size as u32).to_le_bytes());
        end.extend(start.to_le_bytes());
        end.extend([0, 0]);
        self.put(&end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::{Bundled, Contents};

    /// What is written is read back to the same weights; `tests/pytorch_loads.rs` has PyTorch read it.
    #[test]
    fn a_state_dict_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("faces.pth");
        let faces = Bundled::Faces64.open().unwrap();
        write(&faces, &path).unwrap();
        let Contents::Model(back) = Contents::open(&path).unwrap() else { panic!("no model") };
        assert_eq!(back.key().unwrap().hash, faces.key().unwrap().hash);
        assert_eq!(
            back.info().spec.generator_shapes().unwrap(),
            faces.info().spec.generator_shapes().unwrap()
        );
        let tensors = back.weights().unwrap();
        assert_eq!(tensors.len(), faces.weights().unwrap().len());
    }
}
