//! Which files of a folder are pictures.
//!
//! By name where the name is plain (`.jpg`), by content where it says nothing. Captions, tables and
//! hidden files beside the pictures are ignored; a picture that cannot be used is named.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use super::{Skipped, decode, idx};
use crate::error::{Error, Result};

/// Names of pictures that are read.
const PICTURES: [&str; 9] = ["png", "jpg", "jpeg", "jpe", "jfif", "webp", "gif", "bmp", "dib"];
/// Names of pictures that are not read: they are named, so that nobody wonders where they went.
const FOREIGN: [&str; 22] = [
    "arw", "avif", "cr2", "cr3", "dds", "dng", "exr", "hdr", "heic", "heif", "ico", "jp2", "jxl",
    "nef", "pgm", "ppm", "psd", "qoi", "svg", "tga", "tif", "tiff",
];
/// Names of files that lie beside pictures; they are not even opened.
const UNRELATED: [&str; 24] = [
    "csv",
    "db",
    "docx",
    "gz",
    "htm",
    "html",
    "ini",
    "json",
    "jsonl",
    "log",
    "md",
    "npy",
    "npz",
    "pdf",
    "pt",
    "py",
    "safetensors",
    "tar",
    "toml",
    "tsv",
    "txt",
    "xml",
    "yaml",
    "yml",
];
/// How many folders deep an IDX file is looked for (`MNIST/raw/train-images-idx3-ubyte`).
const IDX_DEPTH: usize = 3;

/// What was found in a folder and its sub-folders.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// Files that should be pictures, sorted by path.
    pub pictures: Vec<PathBuf>,
    /// Pictures in formats that are not read, and folders that could not be opened.
    pub skipped: Vec<Skipped>,
    /// Number of other files.
    pub others: usize,
}

/// Lists a folder. `found` is called with the number of pictures so far, and cancels with `false`.
///
/// # Errors
/// [`Error::Io`] if the folder itself cannot be listed; [`Error::Cancelled`].
pub(super) fn list(root: &Path, found: &mut dyn FnMut(usize) -> bool) -> Result<Listing> {
    std::fs::read_dir(root).map_err(Error::io("list", root))?;
    let mut listing = Listing::default();
    for (seen, entry) in walk(root).enumerate() {
        if seen % 256 == 0 && !found(listing.pictures.len()) {
            return Err(Error::Cancelled);
        }
        match entry {
            Ok(entry) if entry.file_type().is_file() => match role(entry.path()) {
                Role::Picture => listing.pictures.push(entry.into_path()),
                Role::Foreign(why) => {
                    listing.skipped.push(Skipped { path: entry.into_path(), why })
                }
                Role::Other => listing.others += 1,
            },
            Ok(_) => {}
            Err(error) => listing.skipped.extend(unreadable(error)),
        }
    }
    Ok(listing)
}

/// The pictures of a folder and its sub-folders, sorted by path, and what looks like one but is of a kind
/// that is not read.
///
/// # Errors
/// [`Error::Io`] if the folder cannot be listed.
pub fn pictures_in(root: &Path) -> Result<(Vec<PathBuf>, Vec<Skipped>)> {
    let listing = list(root, &mut |_| true)?;
    Ok((listing.pictures, listing.skipped))
}

/// Whether pictures lie in a folder itself, and those of its sub-folders that hold some, sorted.
pub(super) fn rooms(root: &Path) -> (bool, Vec<PathBuf>) {
    let entries = WalkDir::new(root).max_depth(1).min_depth(1).follow_links(true);
    let entries = entries.sort_by_file_name().into_iter().flatten().filter(|e| !is_hidden(e));
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|e| e.file_type().is_dir());
    let has_pictures = files
        .iter()
        .any(|file| file.file_type().is_file() && matches!(role(file.path()), Role::Picture));
    let folders = folders.into_iter().map(DirEntry::into_path);
    (has_pictures, folders.filter(|folder| holds_pictures(folder)).collect())
}

/// Whether there is at least one picture in a folder or its sub-folders.
pub(super) fn holds_pictures(root: &Path) -> bool {
    walk(root)
        .flatten()
        .any(|entry| entry.file_type().is_file() && matches!(role(entry.path()), Role::Picture))
}

/// The IDX file of pictures in a folder that is one of MNIST's kind; the training part if there are
/// several.
pub(super) fn idx_file(root: &Path) -> Option<PathBuf> {
    let mut files: Vec<PathBuf> = WalkDir::new(root)
        .max_depth(IDX_DEPTH)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| !is_hidden(entry))
        .flatten()
        .filter(|entry| entry.file_type().is_file() && is_idx_name(entry.file_name()))
        .map(DirEntry::into_path)
        .filter(|path| idx::Idx::open(path).is_ok())
        .collect();
    files.sort_by_key(|path| !name(path).contains("train"));
    files.into_iter().next()
}

/// `train-images-idx3-ubyte`, `t10k-images.idx3-ubyte.gz` and the like.
fn is_idx_name(file_name: &OsStr) -> bool {
    let name = file_name.to_string_lossy().to_ascii_lowercase();
    name.contains("images") && name.contains("idx3")
}

/// The last part of a path, for matching and showing.
fn name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Every entry below `root` that is not hidden, sorted by path. Links are followed, each linked
/// folder once, and never back into what is walked anyway.
fn walk(root: &Path) -> impl Iterator<Item = walkdir::Result<DirEntry>> {
    let real_root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    let mut linked = HashSet::new();
    WalkDir::new(root).follow_links(true).sort_by_file_name().into_iter().filter_entry(
        move |entry| {
            if is_hidden(entry) {
                return false;
            }
            if entry.depth() == 0 || !entry.path_is_symlink() || !entry.file_type().is_dir() {
                return true;
            }
            entry
                .path()
                .canonicalize()
                .is_ok_and(|real| !real.starts_with(&real_root) && linked.insert(real))
        },
    )
}

/// Dot files, and what macOS and Windows leave in folders and archives. The root is never hidden.
fn is_hidden(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    entry.depth() > 0 && (name.starts_with('.') || name == "__MACOSX")
}

enum Role {
    Picture,
    Foreign(String),
    Other,
}

fn role(path: &Path) -> Role {
    let extension = path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
    let extension = extension.as_deref().unwrap_or_default();
    if PICTURES.contains(&extension) {
        return Role::Picture;
    }
    if UNRELATED.contains(&extension) {
        return Role::Other;
    }
    if has_picture_content(path) {
        Role::Picture
    } else if FOREIGN.contains(&extension) {
        Role::Foreign(format!(
            "{} files are not supported; save it as PNG or JPEG",
            extension.to_ascii_uppercase()
        ))
    } else {
        Role::Other
    }
}

fn has_picture_content(path: &Path) -> bool {
    let mut start = Vec::new();
    File::open(path).and_then(|file| file.take(16).read_to_end(&mut start)).is_ok()
        && decode::is_supported(&start)
}

/// An entry that could not be visited. A link back to a folder above it is not worth a word.
fn unreadable(error: walkdir::Error) -> Option<Skipped> {
    if error.loop_ancestor().is_some() {
        return None;
    }
    let path = error.path()?.to_owned();
    let why = error.io_error().map_or_else(
        || "it cannot be listed".into(),
        |error| format!("it cannot be read: {error}"),
    );
    Some(Skipped { path, why })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG_START: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

    fn tree(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, bytes) in files {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        root
    }

    fn names(root: &Path) -> Vec<String> {
        let listing = list(root, &mut |_| true).unwrap();
        let relative = |path: &PathBuf| path.strip_prefix(root).unwrap().display().to_string();
        listing.pictures.iter().map(relative).collect()
    }

    #[test]
    fn pictures_are_found_by_name_or_content_in_a_fixed_order() {
        let root = tree(&[
            ("b.JPG", b""),
            ("a/2.png", b""),
            ("a/10.webp", b""),
            ("noname", PNG_START),
            ("caption.txt", PNG_START),
            ("data.bin", b"something else"),
            (".hidden.png", PNG_START),
            (".git/x.png", PNG_START),
            ("__MACOSX/._b.jpg", PNG_START),
            ("photo.heic", b"ftypheic"),
            ("really-a-png.tif", PNG_START),
        ]);
        let expected = ["a/10.webp", "a/2.png", "b.JPG", "noname", "really-a-png.tif"];
        assert_eq!(names(root.path()), expected);
        let listing = list(root.path(), &mut |_| true).unwrap();
        assert_eq!(listing.others, 2);
        assert_eq!(listing.skipped.len(), 1);
        assert!(listing.skipped[0].path.ends_with("photo.heic"));
        assert!(listing.skipped[0].why.contains("HEIC"));
    }

    #[test]
    fn a_hidden_folder_that_was_asked_for_is_listed() {
        let root = tree(&[(".faces/a.png", b"")]);
        assert_eq!(names(&root.path().join(".faces")), ["a.png"]);
        assert!(!holds_pictures(root.path()));
        assert!(holds_pictures(&root.path().join(".faces")));
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_once_and_loops_end() {
        use std::os::unix::fs::symlink;
        let outside = tree(&[("o.png", b"")]);
        let root = tree(&[("a/x.png", b""), ("b/y.png", b"")]);
        let at = |path: &str| root.path().join(path);
        symlink(root.path(), at("a/loop")).unwrap();
        symlink(at("b"), at("a/sideways")).unwrap();
        symlink(outside.path(), at("a/out")).unwrap();
        symlink(outside.path(), at("b/out")).unwrap();
        symlink(at("b"), outside.path().join("back")).unwrap();
        symlink(at("nowhere"), at("dead.png")).unwrap();
        symlink(at("a/x.png"), at("z.png")).unwrap();
        assert_eq!(names(root.path()), ["a/out/o.png", "a/x.png", "b/y.png", "z.png"]);
        let skipped = list(root.path(), &mut |_| true).unwrap().skipped;
        assert_eq!(skipped.len(), 1);
        assert!(skipped[0].path.ends_with("dead.png"));
    }

    #[test]
    fn listing_can_be_cancelled_and_a_missing_folder_is_an_error() {
        let root = tree(&[("a.png", b"")]);
        assert!(matches!(list(root.path(), &mut |_| false), Err(Error::Cancelled)));
        let error = list(&root.path().join("no"), &mut |_| true).unwrap_err();
        assert!(matches!(error, Error::Io { .. }));
    }

    #[test]
    fn the_training_part_of_mnist_is_preferred() {
        let idx: &[u8] = &[0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 9];
        let labels: &[u8] = &[0, 0, 8, 1, 0, 0, 0, 1, 9];
        let root = tree(&[
            ("MNIST/raw/t10k-images-idx3-ubyte", idx),
            ("MNIST/raw/train-images-idx3-ubyte", idx),
            ("MNIST/raw/train-labels-idx1-ubyte", labels),
        ]);
        let found = idx_file(root.path()).unwrap();
        assert!(found.ends_with("train-images-idx3-ubyte"), "{found:?}");
        assert!(!holds_pictures(root.path()));
        std::fs::write(&found, b"damaged").unwrap();
        assert!(idx_file(root.path()).unwrap().ends_with("t10k-images-idx3-ubyte"));
    }
}
