//! Which files of a folder may be models.
//!
//! By name: what a file is, its content says when it is opened. A run of ours stands for its newest
//! model. A link to a file is a model like any other: download caches are made of them. Links to folders
//! are not followed, so that no folder comes twice and none leads out.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use walkdir::WalkDir;

use crate::checkpoint::ENDINGS;
use crate::error::{Error, Result};
use crate::train::RunFolder;

/// How many folders deep models are looked for.
pub const DEPTH: usize = 4;
/// Models that are listed.
pub const MOST_MODELS: usize = 200;
/// Files and folders that are looked at.
const MOST_ENTRIES: usize = 50_000;
/// Folders of programs, which hold no models of a person's own.
const PASSED_OVER: [&str; 4] = ["node_modules", "__pycache__", "site-packages", "lost+found"];

/// A file that may be a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The file.
    pub path: PathBuf,
    /// What it is called below the folder: a run by its own folder, others by their file.
    pub name: String,
    /// When it was written.
    pub modified: Option<SystemTime>,
}

/// What was found in a folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Files that may be models, sorted by path.
    pub models: Vec<Found>,
    /// Whether there is more than is looked at.
    pub is_cut: bool,
}

/// What somebody means who opens a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// This model.
    Model(PathBuf),
    /// The models of this folder.
    Folder(PathBuf),
}

impl Opened {
    /// A file is a model, and so is a run, by its newest model; any other folder may hold some.
    pub fn of(path: PathBuf) -> Self {
        let run = RunFolder::new(&path);
        match path.is_dir() {
            true if run.is_run() || run.model_path().is_file() => Self::Model(run.model_path()),
            true => Self::Folder(path),
            false => Self::Model(path),
        }
    }
}

/// Lists the models below `root`. `go_on` is called with their number so far, and cancels with `false`.
///
/// # Errors
/// [`Error::Io`] if the folder itself cannot be listed; [`Error::Cancelled`].
pub fn models_in(root: &Path, go_on: &mut dyn FnMut(usize) -> bool) -> Result<Listing> {
    within(root, (MOST_ENTRIES, MOST_MODELS), go_on)
}

fn within(
    root: &Path,
    (most_entries, most_models): (usize, usize),
    go_on: &mut dyn FnMut(usize) -> bool,
) -> Result<Listing> {
    std::fs::read_dir(root).map_err(Error::io("list", root))?;
    let mut listing = Listing::default();
    let walk = WalkDir::new(root).min_depth(1).max_depth(DEPTH).follow_links(false);
    let mut walk = walk.sort_by_file_name().into_iter();
    let mut seen = 0;
    while let Some(entry) = walk.next() {
        seen += 1;
        if seen > most_entries {
            listing.is_cut = true;
            break;
        }
        if seen % 256 == 0 && !go_on(listing.models.len()) {
            return Err(Error::Cancelled);
        }
        // A folder that cannot be opened keeps nobody from the others.
        let Ok(entry) = entry else { continue };
        let (kind, path) = (entry.file_type(), entry.path());
        let (file, named) = if kind.is_dir() {
            if is_passed_over(entry.file_name()) {
                walk.skip_current_dir();
                continue;
            }
            let run = RunFolder::new(path);
            if !is_run(&run) {
                continue;
            }
            walk.skip_current_dir();
            (run.model_path(), path)
        } else if is_model_name(path) && (kind.is_file() || kind.is_symlink() && path.is_file()) {
            (path.to_owned(), path)
        } else {
            continue;
        };
        if listing.models.len() == most_models {
            listing.is_cut = true;
            break;
        }
        listing.models.push(Found {
            name: named.strip_prefix(root).unwrap_or(named).display().to_string(),
            modified: std::fs::metadata(&file).and_then(|about| about.modified()).ok(),
            path: file,
        });
    }
    Ok(listing)
}

/// Others write a `config.json` beside their `model.safetensors`, too; none of them keeps our losses.
fn is_run(run: &RunFolder) -> bool {
    run.is_run() && run.losses_path().is_file() && run.model_path().is_file()
}

fn is_passed_over(folder: &OsStr) -> bool {
    is_hidden(folder) || PASSED_OVER.iter().any(|name| folder == *name)
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

/// Whether the file at `path` is called like a model. The state of a run is none.
fn is_model_name(path: &Path) -> bool {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    let is_state = path.file_name() == Some(OsStr::new("state.safetensors"));
    path.file_name().is_some_and(|name| !is_hidden(name))
        && !is_state
        && ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with these files, each of them empty.
    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, []).unwrap();
        }
        folder
    }

    fn names(listing: &Listing) -> Vec<String> {
        listing.models.iter().map(|found| found.name.replace('\\', "/")).collect()
    }

    #[test]
    fn models_are_found_in_order_and_junk_is_not() {
        let folder = folder(&[
            "b.pth",
            "a.safetensors",
            "notes.txt",
            "face.png",
            "netG.pth.latentscape.json",
            "nets/c.PTH.TAR",
            "nets/d.bin",
            "nets/.hidden.pt",
            ".cache/e.pt",
            "node_modules/f.bin",
            "1/2/3/g.ckpt",
            "1/2/3/4/too-deep.ckpt",
        ]);
        let listing = models_in(folder.path(), &mut |_| true).unwrap();
        let expected = ["1/2/3/g.ckpt", "a.safetensors", "b.pth", "nets/c.PTH.TAR", "nets/d.bin"];
        assert_eq!(names(&listing), expected);
        assert!(!listing.is_cut);
        assert!(
            listing.models.iter().all(|found| found.path.is_file() && found.modified.is_some())
        );
    }

    #[test]
    fn a_run_stands_for_its_newest_model() {
        let folder = folder(&[
            "runs/one/config.json",
            "runs/one/losses.jsonl",
            "runs/one/model.safetensors",
            "runs/one/best.safetensors",
            "runs/one/state.safetensors",
            "runs/one/checkpoints/kimg_00001.000.safetensors",
            "theirs/config.json",
            "theirs/model.safetensors",
            "theirs/pytorch_model.bin",
        ]);
        let listing = models_in(folder.path(), &mut |_| true).unwrap();
        let expected = ["runs/one", "theirs/model.safetensors", "theirs/pytorch_model.bin"];
        assert_eq!(names(&listing), expected);
        assert!(listing.models[0].path.ends_with("runs/one/model.safetensors"));
        // Who opens the run itself wants to see what it has left on its way.
        let run = models_in(&folder.path().join("runs/one"), &mut |_| true).unwrap();
        let expected =
            ["best.safetensors", "checkpoints/kimg_00001.000.safetensors", "model.safetensors"];
        assert_eq!(names(&run), expected);
    }

    #[cfg(unix)]
    #[test]
    fn links_to_models_are_taken_and_those_to_folders_are_not_followed() {
        let (folder, outside) = (folder(&["in/a.pt"]), folder(&["far/b.pt"]));
        let link = |from: &Path, to: &str| {
            std::os::unix::fs::symlink(from, folder.path().join(to)).unwrap();
        };
        link(&outside.path().join("far"), "out");
        link(&outside.path().join("far/b.pt"), "b.pt");
        link(&outside.path().join("far/nowhere.pt"), "dangling.pt");
        link(&outside.path().join("far"), "folder.pt");
        link(folder.path(), "in/round");
        let listing = models_in(folder.path(), &mut |_| true).unwrap();
        assert_eq!(names(&listing), ["b.pt", "in/a.pt"]);
    }

    #[test]
    fn there_is_an_end_to_it() {
        let folder = folder(&["a.pt", "b.pt", "c.pt", "d.txt"]);
        let within = |limits| within(folder.path(), limits, &mut |_| true).unwrap();
        assert!(!within((4, 3)).is_cut);
        let few = within((100, 2));
        assert!(few.is_cut && names(&few) == ["a.pt", "b.pt"]);
        let few = within((1, 100));
        assert!(few.is_cut && names(&few) == ["a.pt"]);
        let many: Vec<String> = (0..300).map(|i| format!("{i}.txt")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let cancelled = models_in(super::tests::folder(&many).path(), &mut |_| false);
        assert!(matches!(cancelled, Err(Error::Cancelled)));
        let error = models_in(&folder.path().join("nowhere"), &mut |_| true).unwrap_err();
        assert!(error.to_string().contains("nowhere"), "{error}");
    }
}
