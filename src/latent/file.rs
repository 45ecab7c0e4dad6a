//! Latents in and out of files: `.json` (one list of numbers, a list of lists, or a library) and NumPy's
//! `.npy` (`[N, z]` or `[z]`, float32 or float64, either byte order, C or Fortran order).

use std::path::Path;

use npyz::{DType, Order, WriterBuilder};
use serde::Deserialize;

use super::Latent;
use crate::disk;
use crate::error::{Error, Result};

/// Files above this are not read: 256 MiB holds a million latents of 64 dimensions.
const MAX_BYTES: u64 = 256 << 20;

/// Reads all latents of a `.json` or `.npy` file, told apart by their content.
///
/// # Errors
/// [`Error::Io`] if the file cannot be read; [`Error::BadLatent`], naming the file, if it holds
/// something else or a value that is not finite.
pub fn read(path: &Path) -> Result<Vec<Latent>> {
    let bytes = disk::read_limited(path, MAX_BYTES)?;
    let parsed = if bytes.starts_with(b"\x93NUMPY") { from_npy(&bytes) } else { from_json(&bytes) };
    let latents = parsed.map_err(|error| match error {
        Error::BadLatent(why) => Error::BadLatent(format!("{}: {why}", path.display())),
        other => other,
    })?;
    if latents.is_empty() {
        return Err(Error::BadLatent(format!("{} holds no latent", path.display())));
    }
    Ok(latents)
}

/// Writes `latents` as a JSON list of lists.
///
/// # Errors
/// [`Error::Io`] if the file cannot be written.
pub fn write_json(path: &Path, latents: &[Latent]) -> Result<()> {
    let rows: Vec<String> = latents.iter().map(Latent::to_text).collect();
    disk::write_atomic(path, format!("[\n{}\n]\n", rows.join(",\n")).as_bytes())
}

/// Writes `latents` as a float32 array `[N, z]`.
///
/// # Errors
/// [`Error::BadLatent`] if their lengths differ; [`Error::Io`] if the file cannot be written.
pub fn write_npy(path: &Path, latents: &[Latent]) -> Result<()> {
    let dims = latents.first().map_or(0, Latent::dims);
    for latent in latents {
        latent.expect_dims(dims)?;
    }
    let values = latents.iter().flat_map(|latent| latent.values().iter().copied());
    let bytes = npy_bytes(&[latents.len() as u64, dims as u64], values)
        .map_err(Error::io("write", path))?;
    disk::write_atomic(path, &bytes)
}

/// A float32 `.npy` file with the given shape and as many values.
pub(crate) fn npy_bytes(
    shape: &[u64],
    values: impl IntoIterator<Item = f32>,
) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut writer =
        npyz::WriteOptions::new().default_dtype().shape(shape).writer(&mut bytes).begin_nd()?;
    writer.extend(values)?;
    writer.finish()?;
    Ok(bytes)
}

fn from_json(bytes: &[u8]) -> Result<Vec<Latent>> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(Vec<f64>),
        Many(Vec<Vec<f64>>),
    }
    if let Some(latents) = from_library(bytes) {
        return Ok(latents);
    }
    let rows = match serde_json::from_slice(bytes) {
        Ok(OneOrMany::One(row)) => vec![row],
        Ok(OneOrMany::Many(rows)) => rows,
        Err(_) => {
            return Err(Error::BadLatent(
                "it is neither NumPy's .npy nor a JSON list of numbers (or of such lists)".into(),
            ));
        }
    };
    rows.into_iter().map(|row| Latent::new(row.into_iter().map(|v| v as f32).collect())).collect()
}

/// The latents of a library, in its order; `None` if it is something else.
fn from_library(bytes: &[u8]) -> Option<Vec<Latent>> {
    #[derive(Deserialize)]
    struct Library {
        #[serde(rename = "latentscape-library")]
        _format: u32,
        entries: Vec<Entry>,
    }
    #[derive(Deserialize)]
    struct Entry {
        z: Latent,
    }
    let library: Library = serde_json::from_slice(bytes).ok()?;
    Some(library.entries.into_iter().map(|entry| entry.z).collect())
}

fn from_npy(bytes: &[u8]) -> Result<Vec<Latent>> {
    let broken = |why: std::io::Error| Error::BadLatent(format!("its .npy data is damaged: {why}"));
    let file = npyz::NpyFile::new(bytes).map_err(broken)?;
    let (rows, dims) = match *file.shape() {
        [dims] => (1, dims),
        [rows, dims] => (rows, dims),
        ref other => {
            return Err(Error::BadLatent(format!(
                "its array has shape {other:?}; [N, z] or [z] was expected"
            )));
        }
    };
    let count = rows.saturating_mul(dims);
    if count == 0 || count > bytes.len() as u64 {
        return Err(Error::BadLatent(format!(
            "its array claims {rows} × {dims} values, which the file does not hold"
        )));
    }
    let fortran = file.order() == Order::Fortran;
    let wide = match file.dtype() {
        DType::Plain(kind) => kind.size_field() == 8,
        _ => false,
    };
    let wrong_kind = |_| Error::BadLatent("its array must be of float32 or float64".into());
    let values: Vec<f32> = if wide {
        let data = file.data::<f64>().map_err(wrong_kind)?;
        data.map(|v| v.map(|v| v as f32)).collect::<std::io::Result<_>>().map_err(broken)?
    } else {
        let data = file.data::<f32>().map_err(wrong_kind)?;
        data.collect::<std::io::Result<_>>().map_err(broken)?
    };
    let (rows, dims) = (rows as usize, dims as usize);
    let at =
        |row: usize, dim: usize| values[if fortran { dim * rows + row } else { row * dims + dim }];
    (0..rows).map(|row| Latent::new((0..dims).map(|dim| at(row, dim)).collect())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::latent::Prior;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    #[test]
    fn both_formats_give_back_the_same_bits() {
        let folder = folder();
        let latents: Vec<_> = (0..5).map(|seed| Prior::Normal.from_seed(12, seed)).collect();
        let (json, npy) = (folder.path().join("z.json"), folder.path().join("z.npy"));
        write_json(&json, &latents).unwrap();
        write_npy(&npy, &latents).unwrap();
        assert_eq!(read(&json).unwrap(), latents);
        assert_eq!(read(&npy).unwrap(), latents);
    }

    /// Headers as NumPy 2 writes them: float64, Fortran order, big-endian.
    #[test]
    fn numpy_in_other_shapes_is_read() {
        let folder = folder();
        let path = folder.path().join("z.npy");
        let file = |header: &str, data: &[u8]| {
            let mut text = format!("{header} ");
            while (10 + text.len() + 1) % 64 != 0 {
                text.push(' ');
            }
            text.push('\n');
            let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
            bytes.extend((text.len() as u16).to_le_bytes());
            bytes.extend(text.as_bytes());
            bytes.extend(data);
            bytes
        };
        let numbers = [1.0f64, 2.0, 3.0, 4.0, 5.0, 6.0];
        let little: Vec<u8> = numbers.iter().flat_map(|v| v.to_le_bytes()).collect();
        let big: Vec<u8> = numbers.iter().flat_map(|v| (*v as f32).to_be_bytes()).collect();
        let rows = |path: &Path| -> Vec<Vec<f32>> {
            read(path).unwrap().into_iter().map(Vec::from).collect()
        };
        std::fs::write(
            &path,
            file("{'descr': '<f8', 'fortran_order': True, 'shape': (2, 3), }", &little),
        )
        .unwrap();
        assert_eq!(rows(&path), [[1.0, 3.0, 5.0], [2.0, 4.0, 6.0]]);
        std::fs::write(
            &path,
            file("{'descr': '>f4', 'fortran_order': False, 'shape': (6,), }", &big),
        )
        .unwrap();
        assert_eq!(rows(&path), [[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]]);
        for (header, said) in [
            ("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000, 1000000), }", "claims"),
            ("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 4), }", "damaged"),
            ("{'descr': '<i8', 'fortran_order': False, 'shape': (2, 3), }", "float32 or float64"),
            ("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2, 3), }", "shape"),
            ("{'descr': '<f8', 'fortran_order': False, 'shape': (0, 3), }", "claims"),
            ("{'descr': ", "damaged"),
        ] {
            std::fs::write(&path, file(header, &little)).unwrap();
            let error = read(&path).unwrap_err().to_string();
            assert!(error.contains(said), "{header} gave {error}");
        }
    }

    #[test]
    fn json_that_is_no_latent_is_refused() {
        let folder = folder();
        let path = folder.path().join("z.json");
        for text in
            ["", "{}", "[]", "[[]]", "[1, \"a\"]", "[[1, 2], [3, null]]", "[1e400]", "\u{0}"]
        {
            std::fs::write(&path, text).unwrap();
            let error = read(&path).unwrap_err().to_string();
            assert!(error.contains("z.json"), "{text:?} gave {error}");
        }
    }
}
