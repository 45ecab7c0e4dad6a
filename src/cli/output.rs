//! Where drawn pictures go: a sheet, an array of floats, or a folder. The path's ending decides.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use candle_core::Tensor;
use image::Rgb;
use npyz::WriterBuilder;

use super::model_args::OpenModel;
use super::{console, progress};
use crate::discover::at_once;
use crate::disk;
use crate::error::{Error, Result};
use crate::latent::Latent;
use crate::model::ModelSpec;
use crate::picture;

/// Pixels between two pictures of a sheet, and their colour.
const GAP: u32 = 2;
const GROUND: Rgb<u8> = Rgb([255; 3]);
/// Largest side of a sheet, and most pixels: many viewers refuse more, and 300 MB are enough.
const MAX_SHEET_SIDE: usize = 32_768;
const MAX_SHEET_PIXELS: usize = 100_000_000;

/// Shape of one picture.
#[derive(Debug, Clone, Copy)]
pub struct PictureShape {
    pub channels: usize,
    pub height: usize,
    pub width: usize,
}

impl PictureShape {
    /// Of the pictures that networks of `spec` make.
    pub fn of(spec: &ModelSpec) -> Self {
        let (height, width) = spec.size();
        Self { channels: spec.channels(), height, width }
    }
}

/// What is written.
#[derive(Debug, PartialEq, Eq)]
pub enum Output {
    /// One PNG with all pictures in rows.
    Sheet {
        /// The file.
        path: PathBuf,
        /// Pictures in a row; `None` for about as many as rows.
        columns: Option<usize>,
    },
    /// A float32 array `[N, C, H, W]` in [-1, 1].
    Floats(PathBuf),
    /// A folder of PNGs named by number.
    Folder(PathBuf),
}

/// Pictures `[B, C, H, W]` in [-1, 1], batch by batch.
pub type Batches<'a> = dyn Iterator<Item = Result<Tensor>> + 'a;

impl Output {
    /// Understands a path by its ending.
    ///
    /// # Errors
    /// [`Error::BadSetting`] for the ending of another kind of file, and for 0 columns.
    pub fn parse(path: &Path, columns: Option<usize>) -> Result<Self> {
        const OTHERS: [&str; 12] = [
            "jpg",
            "jpeg",
            "gif",
            "webp",
            "bmp",
            "tif",
            "tiff",
            "npz",
            "json",
            "mp4",
            "pt",
            "safetensors",
        ];
        if columns == Some(0) {
            return Err(Error::bad_setting("--columns", "must be at least 1"));
        }
        let extension =
            path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
        let path = path.to_owned();
        match extension.as_str() {
            "png" => Ok(Self::Sheet { path, columns }),
            "npy" => Ok(Self::Floats(path)),
            other if OTHERS.contains(&other) => Err(Error::bad_setting(
                "--out",
                format!("{} must end in .png or .npy, or name a folder", path.display()),
            )),
            _ => Ok(Self::Folder(path)),
        }
    }

    /// Says what would fail after minutes of drawing: a folder that is not there, a sheet too large.
    ///
    /// # Errors
    /// [`Error::Io`] if the place cannot be written to; [`Error::BadSetting`] for the sheet.
    pub fn check(&self, count: usize, shape: PictureShape) -> Result<()> {
        match self {
            Self::Sheet { path, columns } => {
                check_parent(path)?;
                let columns = columns.unwrap_or(picture::square_columns(count)).clamp(1, count);
                check_sheet("--count", columns, count.div_ceil(columns), shape)
            }
            Self::Floats(path) => check_parent(path),
            Self::Folder(path) if path.exists() && !path.is_dir() => {
                Err(Error::io("write to the folder", path)(
                    std::io::ErrorKind::NotADirectory.into(),
                ))
            }
            Self::Folder(_) => Ok(()),
        }
    }

    /// Draws and writes a picture of each of `latents`; the answer says in words what was written.
    ///
    /// # Errors
    /// As [`Output::write`].
    pub fn draw(&self, latents: &[Latent], model: &OpenModel) -> Result<String> {
        let spec = &model.file.info().spec;
        let bar = progress::bar(latents.len(), "pictures");
        let mut batches = latents.chunks(at_once(spec)).map(|chunk| {
            let pictures = model.generator.draw(chunk, &model.device.device)?;
            bar.inc(chunk.len() as u64);
            Ok(pictures)
        });
        let written = self.write(latents.len(), PictureShape::of(spec), &mut batches);
        bar.finish_and_clear();
        written
    }

    /// Writes `count` pictures; the answer says in words what was written.
    ///
    /// # Errors
    /// [`Error::Io`] if the disk is full or gone, and whatever `batches` returns.
    pub fn write(
        &self,
        count: usize,
        shape: PictureShape,
        batches: &mut Batches,
    ) -> Result<String> {
        let PictureShape { channels, height, width } = shape;
        let pictures = format!("{} of {width}×{height}", counted(count, "picture"));
        match self {
            Self::Sheet { path, columns } => {
                let mut all = Vec::with_capacity(count);
                for batch in batches {
                    all.extend(picture::from_tensor(&batch?)?);
                }
                let columns = columns.unwrap_or(picture::square_columns(count));
                picture::save_png(path, &picture::sheet(&all, columns, GAP, GROUND))?;
                Ok(format!("{}: {pictures}", path.display()))
            }
            Self::Floats(path) => {
                write_floats(path, [count, channels, height, width], batches)?;
                Ok(format!(
                    "{}: {pictures}, float32 [{count}, {channels}, {height}, {width}]",
                    path.display()
                ))
            }
            Self::Folder(path) => {
                std::fs::create_dir_all(path).map_err(Error::io("create", path))?;
                let digits = count.saturating_sub(1).to_string().len().max(4);
                let mut number = 0usize;
                for batch in batches {
                    for picture in picture::from_tensor(&batch?)? {
                        let name = format!("{number:0digits$}.png");
                        picture::save_png(&path.join(name), &picture)?;
                        number += 1;
                    }
                }
                Ok(format!("{}: {pictures}", path.join("").display()))
            }
        }
    }
}

/// Says so if a sheet would be too large; `setting` is what to make smaller.
///
/// # Errors
/// [`Error::BadSetting`] with the size.
pub fn check_sheet(setting: &str, columns: usize, rows: usize, shape: PictureShape) -> Result<()> {
    let side = |pictures: usize, pixels: usize| pictures.saturating_mul(pixels + GAP as usize);
    let (width, height) = (side(columns, shape.width), side(rows, shape.height));
    if width.max(height) <= MAX_SHEET_SIDE && width.saturating_mul(height) <= MAX_SHEET_PIXELS {
        return Ok(());
    }
    Err(Error::bad_setting(
        setting,
        format!(
            "a sheet of {columns} × {rows} pictures would have {width} × {height} pixels, and the \
             most is {MAX_SHEET_SIDE} a side, {MAX_SHEET_PIXELS} in all; take fewer, or write a \
             folder or .npy"
        ),
    ))
}

/// Says so if the folder of a file to be written is not there.
///
/// # Errors
/// [`Error::Io`].
pub fn check_parent(path: &Path) -> Result<()> {
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let kind = match std::fs::metadata(parent) {
        Ok(about) if about.is_dir() && !path.is_dir() => return Ok(()),
        Ok(about) if about.is_dir() => std::io::ErrorKind::IsADirectory,
        Ok(_) => std::io::ErrorKind::NotADirectory,
        Err(error) => return Err(Error::io("write", path)(error)),
    };
    Err(Error::io("write", path)(kind.into()))
}

/// `1 picture`, `12,000 pictures`.
pub fn counted(count: usize, thing: &str) -> String {
    format!("{} {thing}{}", console::thousands(count), if count == 1 { "" } else { "s" })
}

fn write_floats(path: &Path, shape: [usize; 4], batches: &mut Batches) -> Result<()> {
    // The file's writer can only return the system's errors; one of the network waits here.
    let mut failed = None;
    let written = disk::write_atomic_with(path, |file| {
        fill_npy(file, &shape.map(|n| n as u64), batches).map_err(|error| match error {
            Error::Io { source, .. } => source,
            other => {
                failed = Some(other);
                std::io::ErrorKind::Other.into()
            }
        })
    });
    match failed {
        Some(error) => Err(error),
        None => written,
    }
}

fn fill_npy(file: &mut File, shape: &[u64], batches: &mut Batches) -> Result<()> {
    let io = |error| Error::io("write", "the array")(error);
    let mut file = BufWriter::new(file);
    let mut writer = npyz::WriteOptions::<f32>::new()
        .default_dtype()
        .shape(shape)
        .writer(&mut file)
        .begin_nd()
        .map_err(io)?;
    for batch in batches {
        let values = batch?.flatten_all()?.to_vec1::<f32>()?;
        writer.extend(values).map_err(io)?;
    }
    writer.finish().map_err(io)?;
    file.flush().map_err(io)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_decides() {
        let parse = |path: &str| Output::parse(Path::new(path), None);
        assert_eq!(
            parse("a/b.PNG").unwrap(),
            Output::Sheet { path: "a/b.PNG".into(), columns: None }
        );
        assert_eq!(parse("b.npy").unwrap(), Output::Floats("b.npy".into()));
        assert_eq!(parse("faces").unwrap(), Output::Folder("faces".into()));
        assert_eq!(parse("run.v2").unwrap(), Output::Folder("run.v2".into()));
        assert!(parse("b.jpg").unwrap_err().to_string().contains(".png or .npy"));
    }

    #[test]
    fn a_sheet_nobody_can_open_is_refused() {
        let shape = PictureShape { channels: 3, height: 64, width: 64 };
        assert!(check_sheet("--count", 150, 150, shape).is_ok());
        let error = check_sheet("--count", 1000, 1, shape).unwrap_err().to_string();
        assert!(error.contains("66000 × 66 pixels"), "{error}");
    }

    #[test]
    fn one_is_not_many() {
        assert_eq!([counted(1, "latent"), counted(1200, "latent")], ["1 latent", "1,200 latents"]);
    }

    #[test]
    fn a_failing_network_leaves_no_array() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        let mut batches = std::iter::once(Err(Error::Cancelled));
        let shape = PictureShape { channels: 1, height: 2, width: 2 };
        let error = Output::Floats(path).write(1, shape, &mut batches).unwrap_err();
        assert!(matches!(error, Error::Cancelled), "{error}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
