//! Where training pictures come from, as a user types it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{decode, folder, idx};
use crate::error::{Error, Result};

/// Where training pictures come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DataSource {
    /// The faces built into the program.
    Demo,
    /// A folder of pictures, with its sub-folders.
    Folder(PathBuf),
    /// An IDX file of pictures (MNIST and its relatives), plain or gzipped.
    Idx(PathBuf),
}

impl DataSource {
    /// Understands `demo`, a folder (also one which holds MNIST's files), or an IDX file. A folder
    /// that is called `demo` is meant by `./demo`. Paths become absolute, so that a run can go on
    /// from another working folder.
    ///
    /// # Errors
    /// [`Error::BadData`] if there is no such file or folder, or the file is of another kind.
    pub fn parse(text: &str) -> Result<Self> {
        if text.eq_ignore_ascii_case("demo") {
            return Ok(Self::Demo);
        }
        Self::from_path(Path::new(text))
    }

    /// As [`Self::parse`], for a path: one that was dropped on the window, say.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn from_path(path: &Path) -> Result<Self> {
        if path.as_os_str().is_empty() {
            return Err(Error::bad_data("<nothing>", format!("give {WANTED}")));
        }
        let path = std::path::absolute(path).map_err(Error::io("find", path))?;
        let about = match std::fs::metadata(&path) {
            Ok(about) => about,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let why = format!("there is no such file or folder; give {WANTED}");
                return Err(Error::bad_data(&path, why));
            }
            Err(error) => return Err(Error::io("read", &path)(error)),
        };
        if about.is_dir() {
            return Ok(Self::from_folder(path));
        }
        if idx::kind(&path)? == idx::Kind::Idx {
            idx::Idx::open(&path)?;
            return Ok(Self::Idx(path));
        }
        let why = if about.len() == 0 {
            "the file is empty".into()
        } else if decode::open_picture(&path).is_ok() {
            "it is a single picture; give the folder that holds it".into()
        } else if is_archive(&path) {
            "it is an archive; unpack it and give the folder".into()
        } else {
            format!("it is not an IDX file; give {WANTED}")
        };
        Err(Error::bad_data(&path, why))
    }

    /// A folder of MNIST's files is taken as the file it is about.
    fn from_folder(path: PathBuf) -> Self {
        match folder::idx_file(&path) {
            Some(file) if !folder::holds_pictures(&path) => Self::Idx(file),
            _ => Self::Folder(path),
        }
    }

    /// A short name: `demo`, or that of the folder or file.
    pub fn name(&self) -> String {
        match self {
            Self::Demo => "demo".into(),
            Self::Folder(path) | Self::Idx(path) => path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_else(|| path.display().to_string()),
        }
    }
}

/// What can be given, as told to the user.
const WANTED: &str = "a folder of pictures, an IDX file such as train-images-idx3-ubyte.gz, or \
                      `demo` for the built-in faces";

fn is_archive(path: &Path) -> bool {
    path.extension().is_some_and(|extension| {
        let extension = extension.to_string_lossy().to_ascii_lowercase();
        ["zip", "tar", "gz", "tgz", "bz2", "xz", "zst", "7z", "rar"].contains(&extension.as_str())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDX: [u8; 17] = [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 9];

    #[test]
    fn demo_folders_and_idx_files_are_told_apart() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        let parse = |path: PathBuf| DataSource::parse(path.to_str().unwrap()).unwrap();
        assert_eq!(DataSource::parse("demo").unwrap(), DataSource::Demo);
        std::fs::create_dir(at("faces")).unwrap();
        assert_eq!(parse(at("faces")), DataSource::Folder(at("faces")));
        assert_eq!(parse(at("faces")).name(), "faces");
        // By content: the name says nothing.
        std::fs::write(at("digits"), IDX).unwrap();
        assert_eq!(parse(at("digits")), DataSource::Idx(at("digits")));
        // A folder of MNIST's is its file, until there are pictures in it.
        std::fs::write(at("faces/train-images-idx3-ubyte"), IDX).unwrap();
        let file = at("faces/train-images-idx3-ubyte");
        assert_eq!(parse(at("faces")), DataSource::Idx(file));
        std::fs::write(at("faces/a.png"), b"").unwrap();
        assert_eq!(parse(at("faces")), DataSource::Folder(at("faces")));
    }

    #[test]
    fn what_cannot_be_used_is_told_in_one_sentence() {
        let root = tempfile::tempdir().unwrap();
        let picture = image::RgbImage::new(2, 2);
        picture.save(root.path().join("one.png")).unwrap();
        std::fs::write(root.path().join("labels"), [0, 0, 8, 1, 0, 0, 0, 1, 9]).unwrap();
        std::fs::write(root.path().join("all.zip"), b"PK\x03\x04 and so on").unwrap();
        std::fs::write(root.path().join("empty"), b"").unwrap();
        std::fs::write(root.path().join("notes.txt"), b"some words").unwrap();
        for (name, expected) in [
            ("missing", "no such file"),
            ("one.png", "single picture"),
            ("labels", "labels"),
            ("all.zip", "archive"),
            ("empty", "empty"),
            ("notes.txt", "not an IDX file"),
        ] {
            let path = root.path().join(name);
            let error = DataSource::parse(path.to_str().unwrap()).unwrap_err().to_string();
            assert!(error.contains(expected), "{name}: {error}");
        }
        assert!(DataSource::parse("").is_err());
    }

    #[test]
    fn a_source_survives_being_saved() {
        for source in [DataSource::Demo, DataSource::Folder("/a/b".into())] {
            let text = serde_json::to_string(&source).unwrap();
            assert_eq!(serde_json::from_str::<DataSource>(&text).unwrap(), source);
        }
        assert_eq!(serde_json::to_string(&DataSource::Demo).unwrap(), "\"demo\"");
    }
}
