//! Where training pictures come from, as a user types it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Target, decode, folder, idx, matching};
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
    /// Pairs: a folder of files that each hold two pictures side by side, A|B.
    SideBySide {
        /// The folder, with its sub-folders.
        folder: PathBuf,
        /// Which half goes in.
        direction: Direction,
    },
    /// Pairs: two folders with pictures of the same names.
    TwoFolders {
        /// What goes in.
        inputs: PathBuf,
        /// What should come out.
        outputs: PathBuf,
    },
    /// The pairs of line drawings and faces built into the program.
    DemoSketches,
    /// The pairs of label maps and faces built into the program.
    DemoLabels,
}

/// Which of two pictures A|B goes in, and which should come out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// The left one goes in, the right one should come out.
    #[default]
    AToB,
    /// The right one goes in.
    BToA,
}

impl Direction {
    /// The other one.
    #[must_use]
    pub fn reversed(self) -> Self {
        match self {
            Self::AToB => Self::BToA,
            Self::BToA => Self::AToB,
        }
    }
}

impl DataSource {
    /// Understands `demo`, `demo-sketches`, `demo-labels`, a folder (also one which holds MNIST's
    /// files), or an IDX file. A folder that is called `demo` is meant by `./demo`. Paths become
    /// absolute, so that a run can go on from another working folder. A folder is taken as one of
    /// plain pictures until [`Self::paired`] is asked.
    ///
    /// # Errors
    /// [`Error::BadData`] if there is no such file or folder, or the file is of another kind.
    pub fn parse(text: &str) -> Result<Self> {
        let built_in = [Self::Demo, Self::DemoSketches, Self::DemoLabels];
        let named = built_in.into_iter().find(|source| text.eq_ignore_ascii_case(&source.name()));
        named.map_or_else(|| Self::from_path(Path::new(text)), Ok)
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

    /// A folder as one of pairs: of two pictures side by side in each file, or with two folders in it
    /// (`A` and `B`, `input` and `output`, …) whose pictures have the same names. Where there are
    /// `train` and `test`, the former is taken. Sources that hold pairs already stay what they are,
    /// but for the direction of pictures side by side.
    ///
    /// # Errors
    /// [`Error::BadData`] if it holds plain pictures only.
    pub fn paired(self, direction: Direction) -> Result<Self> {
        match self {
            Self::Folder(folder) => Ok(matching::recognise(folder, direction)),
            Self::SideBySide { folder, .. } => Ok(Self::SideBySide { folder, direction }),
            Self::Demo | Self::Idx(_) => Err(self.no_pairs()),
            pairs => Ok(pairs),
        }
    }

    /// This folder's pictures go in, and those of the same names in the folder `outputs` should come
    /// out.
    ///
    /// # Errors
    /// [`Error::BadData`] if either is no folder of pictures.
    pub fn with_outputs(&self, outputs: &Path) -> Result<Self> {
        let folder = |source: &Self| match source {
            Self::Folder(path) | Self::SideBySide { folder: path, .. } => Ok(path.clone()),
            Self::TwoFolders { inputs, .. } => Ok(inputs.clone()),
            other => Err(other.unusable(
                "it is not a folder of pictures, and --outputs is for the second of two",
            )),
        };
        Ok(Self::TwoFolders { inputs: folder(self)?, outputs: folder(&Self::from_path(outputs)?)? })
    }

    /// With input and output exchanged. Plain pictures and the built-in pairs stay as they are.
    #[must_use]
    pub fn reversed(self) -> Self {
        match self {
            Self::SideBySide { folder, direction } => {
                Self::SideBySide { folder, direction: direction.reversed() }
            }
            Self::TwoFolders { inputs, outputs } => {
                Self::TwoFolders { inputs: outputs, outputs: inputs }
            }
            other => other,
        }
    }

    /// Whether it holds pairs: what goes into a network, and what should come out.
    pub fn is_pairs(&self) -> bool {
        match self {
            Self::Demo | Self::Folder(_) | Self::Idx(_) => false,
            Self::SideBySide { .. }
            | Self::TwoFolders { .. }
            | Self::DemoSketches
            | Self::DemoLabels => true,
        }
    }

    /// Checks that a network that takes pictures gets pairs, and any other plain pictures.
    ///
    /// # Errors
    /// [`Error::BadData`] that says what is wanted.
    pub fn check_for(&self, target: Target) -> Result<()> {
        match (self.is_pairs(), target.input > 0) {
            (false, true) => Err(self.no_pairs()),
            (true, false) => Err(self.unusable(
                "it holds pairs of pictures, and this network learns from single ones; take the \
                 preset pix2pix, or give a folder of plain pictures",
            )),
            _ => Ok(()),
        }
    }

    fn no_pairs(&self) -> Error {
        self.unusable(&format!(
            "it holds single pictures, and this network learns from pairs of them; give {PAIRS}"
        ))
    }

    fn unusable(&self, why: &str) -> Error {
        Error::bad_data(self.path().map_or_else(|| self.name().into(), Path::to_owned), why)
    }

    /// The folder or file; of two folders that of the inputs.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Demo | Self::DemoSketches | Self::DemoLabels => None,
            Self::Folder(path) | Self::Idx(path) | Self::SideBySide { folder: path, .. } => {
                Some(path)
            }
            Self::TwoFolders { inputs, .. } => Some(inputs),
        }
    }

    /// A short name: `demo`, or that of the folder or file. Two folders in one have its name.
    pub fn name(&self) -> String {
        let path = match self {
            Self::Demo => return "demo".into(),
            Self::DemoSketches => return "demo-sketches".into(),
            Self::DemoLabels => return "demo-labels".into(),
            Self::Folder(path) | Self::Idx(path) | Self::SideBySide { folder: path, .. } => {
                path.as_path()
            }
            Self::TwoFolders { inputs, outputs } => match (inputs.parent(), outputs.parent()) {
                (Some(a), Some(b)) if a == b && a.file_name().is_some() => a,
                _ => inputs.as_path(),
            },
        };
        path.file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_else(|| path.display().to_string())
    }

    /// Where it is, in full: one path, or two, the inputs' first.
    pub fn place(&self) -> String {
        match self {
            Self::TwoFolders { inputs, outputs } => {
                format!("{} → {}", inputs.display(), outputs.display())
            }
            other => other.path().map_or_else(|| other.name(), |path| path.display().to_string()),
        }
    }
}

/// What can be given, as told to the user.
const WANTED: &str = "a folder of pictures, an IDX file such as train-images-idx3-ubyte.gz, `demo` \
                      for the built-in faces, or `demo-sketches` or `demo-labels` for built-in pairs";

/// What holds pairs, as told to the user.
const PAIRS: &str = "a folder of pictures side by side (A|B), two folders with pictures of the same \
                     names (--data INPUTS --outputs OUTPUTS), `demo-sketches` or `demo-labels`";

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
        let two = DataSource::TwoFolders { inputs: "/p/a".into(), outputs: "/p/b".into() };
        assert_eq!(two.name(), "p");
        let direction = Direction::BToA;
        let beside = DataSource::SideBySide { folder: "/a/b".into(), direction };
        let built_in = [DataSource::Demo, DataSource::DemoSketches, DataSource::DemoLabels];
        let others = [DataSource::Folder("/a/b".into()), two, beside];
        for source in built_in.into_iter().chain(others) {
            let text = serde_json::to_string(&source).unwrap();
            assert_eq!(serde_json::from_str::<DataSource>(&text).unwrap(), source);
        }
        assert_eq!(serde_json::to_string(&DataSource::Demo).unwrap(), "\"demo\"");
        assert_eq!(serde_json::to_string(&direction).unwrap(), "\"b-to-a\"");
    }

    #[test]
    fn built_in_pairs_and_folders_of_pairs_are_understood() {
        assert_eq!(DataSource::parse("Demo-Sketches").unwrap(), DataSource::DemoSketches);
        assert_eq!(DataSource::parse("demo-labels").unwrap(), DataSource::DemoLabels);
        let folder = DataSource::Folder("/a".into());
        let pairs = folder.clone().paired(Direction::BToA).unwrap();
        let expected = DataSource::SideBySide { folder: "/a".into(), direction: Direction::BToA };
        assert_eq!(pairs, expected);
        assert_eq!(pairs.clone().reversed().reversed(), pairs);
        assert_ne!(pairs.clone().reversed(), pairs);
        assert!(!folder.is_pairs() && pairs.is_pairs());
        let root = tempfile::tempdir().unwrap();
        let two = folder.with_outputs(root.path()).unwrap();
        let DataSource::TwoFolders { inputs, outputs } = &two else { panic!("{two:?}") };
        assert_eq!((inputs.as_path(), outputs.as_path()), (Path::new("/a"), root.path()));
        let error = DataSource::Demo.with_outputs(root.path()).unwrap_err().to_string();
        assert!(error.contains("--outputs is for the second of two"), "{error}");
        let error = folder.with_outputs(&root.path().join("gone")).unwrap_err().to_string();
        assert!(error.contains("no such file or folder"), "{error}");
    }

    #[test]
    fn pairs_and_plain_pictures_are_not_mixed_up() {
        let plain = Target { input: 0, channels: 3, height: 8, width: 8 };
        let pairs = Target { input: 1, ..plain };
        assert!(DataSource::Demo.check_for(plain).is_ok());
        assert!(DataSource::DemoLabels.check_for(pairs).is_ok());
        let error = DataSource::DemoLabels.check_for(plain).unwrap_err().to_string();
        assert!(error.contains("preset pix2pix"), "{error}");
        let error = DataSource::Folder("/a".into()).check_for(pairs).unwrap_err().to_string();
        assert!(error.contains("--outputs"), "{error}");
        assert!(DataSource::Demo.paired(Direction::AToB).is_err());
    }
}
