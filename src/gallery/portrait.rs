//! What a model shows of itself: what it is, and pictures from latents that are always the same.

use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

use candle_core::Device;
use image::RgbImage;

use super::Album;
use crate::checkpoint::{Bundled, Choice, ModelFile};
use crate::data::demo_pairs;
use crate::error::{Error, Result};
use crate::picture;
use crate::train::held_out_inputs;

/// Pictures of each model.
pub const FACES: usize = 4;
/// Larger files are opened only when somebody asks for just them: bytes.
const MOST_BYTES: u64 = 2 << 30;
/// Another number where portraits are to be drawn anew.
const EDITION: &str = "portrait 1";

/// A model that is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sitter {
    /// It is part of the program.
    Bundled(Bundled),
    /// A file.
    File(PathBuf),
}

impl Hash for Sitter {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::Bundled(bundled) => bundled.name().hash(state),
            Self::File(path) => path.hash(state),
        }
    }
}

/// What a model shows of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Portrait {
    /// What it was saved as, else the file's name.
    pub name: String,
    /// The network in a line.
    pub summary: String,
    /// It makes pictures from pictures.
    pub takes_pictures: bool,
    /// [`FACES`] pictures of at most 128 pixels a side: from the seeds 0, 1, …, or answers to built-in
    /// pictures. None if it takes pictures of a kind that is not built in, or was too large to open.
    pub faces: Vec<RgbImage>,
}

/// What came of looking.
#[derive(Debug, PartialEq)]
pub enum Seen {
    /// It is what it was.
    Same,
    /// The stamp of its file, and what it shows.
    Drawn(String, Portrait),
}

/// Looks at a model. One whose stamp is `known` is not drawn again; one that is in `album` is taken from
/// there. `go_on` is told how much is done, from 0 to 1, and cancels with `false`.
///
/// # Errors
/// As [`ModelFile::open`]; [`Error::Cancelled`].
pub fn look(
    sitter: &Sitter,
    known: Option<&str>,
    album: &Album,
    go_on: &mut dyn FnMut(f32) -> bool,
) -> Result<Seen> {
    let path = match sitter {
        Sitter::Bundled(bundled) => {
            let stamp = bundled.name();
            return match known == Some(stamp) {
                true => Ok(Seen::Same),
                // Drawn as quickly as read.
                false => Ok(Seen::Drawn(stamp.into(), draw(&bundled.open()?, stamp, go_on)?)),
            };
        }
        Sitter::File(path) => path,
    };
    let (stamp, bytes) = stamp(path)?;
    if known == Some(stamp.as_str()) {
        return Ok(Seen::Same);
    }
    if let Some(portrait) = album.get(&stamp) {
        return Ok(Seen::Drawn(stamp, portrait));
    }
    if !go_on(0.0) {
        return Err(Error::Cancelled);
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    if bytes > MOST_BYTES {
        return Ok(Seen::Drawn(stamp, unseen(&stem, bytes)));
    }
    let file = ModelFile::open(path)?;
    let portrait = draw(&file, &stem, go_on)?;
    if let Err(error) = album.put(&stamp, &portrait) {
        // It is drawn again next time.
        tracing::debug!("a portrait is not kept: {error}");
    }
    Ok(Seen::Drawn(stamp, portrait))
}

/// A sentence about why a model cannot be opened, without the path: whoever reads it knows which one is
/// meant.
pub fn reason(error: &Error) -> String {
    let why = match error {
        Error::BadModel { why, .. } => why.clone(),
        Error::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
            "it is not there any more".into()
        }
        Error::Io { source, .. } => format!("it cannot be read: {source}"),
        other => other.to_string(),
    };
    let mut letters = why.trim_end_matches('.').chars();
    letters
        .next()
        .map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}

/// Names what is in the file at `path` as far as can be told without opening it: by where it lies, how
/// long it is, when it was written, and what was chosen for it. Returns its length, too.
fn stamp(path: &Path) -> Result<(String, u64)> {
    let about = fs::metadata(path).map_err(Error::io("read", path))?;
    // What is no plain file may be one that never ends.
    if !about.is_file() {
        return Err(Error::bad_model(path, "it is no file"));
    }
    let path = std::path::absolute(path).map_err(Error::io("read", path))?;
    let mut hasher = blake3::Hasher::new();
    for part in [
        EDITION.as_bytes(),
        env!("CARGO_PKG_VERSION").as_bytes(),
        path.as_os_str().as_encoded_bytes(),
        format!("{} {:?}", about.len(), about.modified().ok()).as_bytes(),
        format!("{:?}", Choice::read(&path)).as_bytes(),
    ] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    Ok((hasher.finalize().to_hex().chars().take(32).collect(), about.len()))
}

/// What stands in for a model of so many bytes.
fn unseen(stem: &str, bytes: u64) -> Portrait {
    Portrait {
        name: stem.to_owned(),
        summary: format!("{:.1} GB: too large for a glance", bytes as f64 / 1e9),
        takes_pictures: false,
        faces: Vec::new(),
    }
}

fn draw(file: &ModelFile, stem: &str, go_on: &mut dyn FnMut(f32) -> bool) -> Result<Portrait> {
    let info = file.info();
    let spec = &info.spec;
    let mut portrait = Portrait {
        name: if info.name.is_empty() { stem.to_owned() } else { info.name.clone() },
        summary: spec.summary(),
        takes_pictures: spec.takes_pictures(),
        faces: Vec::with_capacity(FACES),
    };
    // On the processor, wherever the model on screen is computed: its memory is not for a glance.
    let device = Device::Cpu;
    let inputs = match info.input.as_ref().and_then(demo_pairs::source_for) {
        Some(source) if portrait.takes_pictures => {
            held_out_inputs(&source, spec, FACES, &mut |_, _| go_on(0.0))?
        }
        _ if portrait.takes_pictures => return Ok(portrait),
        _ => Vec::new(),
    };
    let generator = file.generator(&device)?;
    for i in 0..FACES {
        if !go_on(i as f32 / FACES as f32) {
            return Err(Error::Cancelled);
        }
        let drawn = match portrait.takes_pictures {
            true => match inputs.get(i) {
                Some(input) => generator.answers(input, &[], &device)?,
                None => break,
            },
            false => generator.draw(&[spec.prior.from_seed(spec.z_dim, i as u64)], &device)?,
        };
        let drawn = picture::from_tensor(&drawn)?;
        portrait.faces.extend(drawn.iter().map(|face| picture::small(face).into_owned()));
    }
    Ok(portrait)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::latent::Prior;

    #[test]
    fn a_portrait_is_drawn_from_the_first_seeds() {
        let sitter = Sitter::Bundled(Bundled::Faces64);
        let album = Album::new(None);
        let Seen::Drawn(stamp, portrait) = look(&sitter, None, &album, &mut |_| true).unwrap()
        else {
            panic!("nothing was known of it");
        };
        let file = Bundled::Faces64.open().unwrap();
        assert_eq!(portrait.name, "faces-64");
        assert_eq!(portrait.summary, file.info().spec.summary());
        assert_eq!(portrait.faces.len(), FACES);
        let key = file.key().unwrap();
        let third = key.prior.from_seed(key.dims, 2);
        let drawn = file.generator(&Device::Cpu).unwrap().draw(&[third], &Device::Cpu).unwrap();
        assert_eq!(portrait.faces[2], picture::from_tensor(&drawn).unwrap()[0]);
        assert_eq!(look(&sitter, Some(&stamp), &album, &mut |_| true).unwrap(), Seen::Same);
        let cancelled = look(&sitter, None, &album, &mut |_| false);
        assert!(matches!(cancelled, Err(Error::Cancelled)));
    }

    #[test]
    fn what_takes_sketches_answers_some() {
        let sitter = Sitter::Bundled(Bundled::Sketch2face);
        let seen = look(&sitter, None, &Album::new(None), &mut |_| true).unwrap();
        let Seen::Drawn(_, portrait) = seen else { panic!("nothing was known of it") };
        assert!(portrait.takes_pictures);
        let sizes: Vec<_> = portrait.faces.iter().map(RgbImage::dimensions).collect();
        assert_eq!(sizes, [(128, 128); FACES]);
        assert!(portrait.faces[0] != portrait.faces[1], "two sketches, two answers");
    }

    #[test]
    fn a_stamp_is_another_when_the_file_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("netG.pth");
        let write = |bytes: &[u8], seconds: u64| {
            fs::write(&path, bytes).unwrap();
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
            stamp(&path).unwrap().0
        };
        let first = write(b"one", 1000);
        assert!(first.len() == 32 && first.bytes().all(|b| b.is_ascii_hexdigit()));
        assert_eq!(write(b"one", 1000), first);
        assert_ne!(write(b"one", 1001), first, "written later");
        assert_ne!(write(b"longer", 1000), first, "longer");
        assert_eq!(write(b"one", 1000), first);
        Choice { prior: Some(Prior::Uniform), ..Choice::default() }.save(&path).unwrap();
        assert_ne!(stamp(&path).unwrap().0, first, "its latents are drawn otherwise");
        let copy = folder.path().join("copy.pth");
        fs::copy(&path, &copy).unwrap();
        assert_ne!(stamp(&copy).unwrap().0, first);
        assert_eq!(stamp(&copy).unwrap().1, 3);
        assert!(reason(&stamp(folder.path()).unwrap_err()).contains("no file"));
        let gone = stamp(&folder.path().join("gone.pth")).unwrap_err();
        assert_eq!(reason(&gone), "It is not there any more.");
    }

    #[test]
    fn the_reason_leaves_the_path_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("broken.safetensors");
        fs::write(&path, [7; 1000]).unwrap();
        let error = look(&Sitter::File(path), None, &Album::new(None), &mut |_| true).unwrap_err();
        let why = reason(&error);
        assert!(why.len() > 10 && !why.contains("broken.safetensors"), "{why}");
        let rest = &why[1..why.len() - 1];
        assert!(error.to_string().ends_with(rest), "{error}");
    }
}
