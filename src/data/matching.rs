//! Which pictures belong together: of two folders those of the same name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::folder::{self, Listing};
use super::place::{Place, Places};
use super::{DataSource, Direction, Skipped};
use crate::error::{Error, Result};

/// Names of folders that hold what goes in, where another one holds what comes out.
const INPUTS: [&str; 22] = [
    "a", "before", "edges", "grey", "in", "input", "inputs", "label", "labels", "lines", "low",
    "lr", "mask", "masks", "sketch", "sketches", "source", "sources", "train_a", "traina", "x",
    "xs",
];
/// Names of the parts of a data set; the first is the one to learn from.
const PARTS: [&str; 5] = ["train", "val", "valid", "validation", "test"];

/// Pairs the pictures of two folders by their names without ending, those in sub-folders by their
/// paths: `a/1.jpg` belongs to `a/1.png`. What has no counterpart is left out.
///
/// # Errors
/// [`Error::BadData`] if nothing matches; [`Error::Io`] if a folder cannot be listed;
/// [`Error::Cancelled`].
pub(super) fn list(
    inputs: &Path,
    outputs: &Path,
    found: &mut dyn FnMut(usize) -> bool,
) -> Result<Places> {
    if inputs == outputs {
        let why = "inputs and outputs are the same folder; give another one with --outputs";
        return Err(Error::bad_data(inputs, why));
    }
    let first = folder::list(inputs, found)?;
    let already = first.pictures.len();
    let second = folder::list(outputs, &mut |more| found(already + more))?;
    let others = first.others + second.others;
    let mut skipped = Vec::new();
    let first = without(first, inputs, outputs);
    let second = without(second, outputs, inputs);
    let mut inputs_by_name = by_name(first, inputs, &mut skipped);
    let mut outputs_by_name = by_name(second, outputs, &mut skipped);
    let (count_in, count_out) = (inputs_by_name.len(), outputs_by_name.len());
    let mut places = Vec::new();
    inputs_by_name.retain(|name, input| match outputs_by_name.remove(name) {
        Some(output) => {
            places.push(Place::Two(std::mem::take(input), output));
            false
        }
        None => true,
    });
    if places.is_empty() {
        let why = format!(
            "none of its {count_in} pictures has the name of one of the {count_out} in {}; pairs have \
             the same name, such as 1.jpg and 1.png",
            outputs.display()
        );
        return Err(Error::bad_data(inputs, why));
    }
    let alone = [(inputs_by_name, outputs), (outputs_by_name, inputs)];
    for (pictures, other) in alone {
        skipped.extend(pictures.into_values().map(|path| Skipped {
            path,
            why: format!("there is no picture of this name in {}", other.display()),
        }));
    }
    Ok(Places { places, skipped, others })
}

/// What lies in the folder `root` and not in `other`, which may be a folder in it.
fn without(mut listing: Listing, root: &Path, other: &Path) -> Listing {
    if other.starts_with(root) {
        listing.pictures.retain(|path| !path.starts_with(other));
        listing.skipped.retain(|skipped| !skipped.path.starts_with(other));
    }
    listing
}

/// The pictures of the folder `root` by their names.
fn by_name(
    listing: Listing,
    root: &Path,
    skipped: &mut Vec<Skipped>,
) -> BTreeMap<PathBuf, PathBuf> {
    skipped.extend(listing.skipped);
    let mut pictures: BTreeMap<PathBuf, PathBuf> = BTreeMap::new();
    for path in listing.pictures {
        let name = path.strip_prefix(root).unwrap_or(&path).with_extension("");
        let name = PathBuf::from(name.to_string_lossy().to_lowercase());
        if let Some(first) = pictures.get(&name) {
            let why = format!("{} has the same name", first.display());
            skipped.push(Skipped { path, why });
        } else {
            pictures.insert(name, path);
        }
    }
    pictures
}

/// What a folder of pairs is: pictures side by side, or two folders of inputs and outputs in it. Of
/// a folder that holds `train` beside `val` or `test`, the part to learn from is taken.
pub(super) fn recognise(folder: PathBuf, direction: Direction) -> DataSource {
    let (has_pictures, rooms) = folder::rooms(&folder);
    if !has_pictures {
        let train = rooms.iter().find(|room| name_of(room) == PARTS[0]);
        if let Some(train) = train
            && rooms.iter().all(|room| PARTS.contains(&name_of(room).as_str()))
        {
            return match recognise(train.clone(), direction) {
                // A folder called train in one called train is nobody's convention.
                DataSource::SideBySide { direction, .. } => {
                    DataSource::SideBySide { folder: train.clone(), direction }
                }
                two => two,
            };
        }
        if let [a, b] = rooms.as_slice()
            && is_matched(a, b)
        {
            let is_swapped = !is_input(a) && is_input(b);
            let (inputs, outputs) = match is_swapped != (direction == Direction::BToA) {
                true => (b.clone(), a.clone()),
                false => (a.clone(), b.clone()),
            };
            return DataSource::TwoFolders { inputs, outputs };
        }
    }
    DataSource::SideBySide { folder, direction }
}

/// Whether at least half of the pictures of the smaller of two folders have a counterpart.
fn is_matched(a: &Path, b: &Path) -> bool {
    let names = |root: &Path| {
        let listing = folder::list(root, &mut |_| true).unwrap_or_default();
        by_name(listing, root, &mut Vec::new())
    };
    let (a, b) = (names(a), names(b));
    let common = a.keys().filter(|name| b.contains_key(*name)).count();
    common > 0 && 2 * common >= a.len().min(b.len())
}

fn is_input(folder: &Path) -> bool {
    INPUTS.contains(&name_of(folder).as_str())
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with empty files of these names.
    fn tree(files: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for file in files {
            let path = root.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, b"").unwrap();
        }
        root
    }

    fn pairs(root: &Path, inputs: &str, outputs: &str) -> Result<Places> {
        list(&root.join(inputs), &root.join(outputs), &mut |_| true)
    }

    #[test]
    fn pictures_of_the_same_name_belong_together() {
        let root = tree(&[
            "in/1.png",
            "in/2.PNG",
            "in/deep/3.jpg",
            "in/alone.png",
            "in/twice.jpg",
            "in/twice.png",
            "in/notes.txt",
            "out/1.jpg",
            "out/2.png",
            "out/deep/3.png",
            "out/3.png",
            "out/twice.bmp",
            "out/raw.heic",
        ]);
        let found = pairs(root.path(), "in", "out").unwrap();
        let at = |name: &str| root.path().join(name);
        let two = |a: &str, b: &str| Place::Two(at(a), at(b));
        let expected = [
            two("in/1.png", "out/1.jpg"),
            two("in/2.PNG", "out/2.png"),
            two("in/deep/3.jpg", "out/deep/3.png"),
            two("in/twice.jpg", "out/twice.bmp"),
        ];
        assert_eq!(found.places, expected);
        let skipped: Vec<_> = found.skipped.iter().map(|s| (s.path.clone(), &*s.why)).collect();
        let why = |name: &str| skipped.iter().find(|(path, _)| *path == at(name)).unwrap().1;
        assert_eq!((skipped.len(), found.others), (4, 1));
        assert!(why("in/alone.png").contains("no picture of this name in"));
        assert!(why("out/3.png").contains("no picture of this name in"));
        assert!(why("in/twice.png").contains("the same name"));
        assert!(why("out/raw.heic").contains("HEIC"));
    }

    #[test]
    fn folders_without_pairs_are_an_error() {
        let root = tree(&["a/1.png", "b/2.png"]);
        let error = pairs(root.path(), "a", "b").unwrap_err().to_string();
        assert!(error.contains("same name"), "{error}");
        let error = pairs(root.path(), "a", "a").unwrap_err().to_string();
        assert!(error.contains("the same folder"), "{error}");
        assert!(matches!(pairs(root.path(), "a", "c"), Err(Error::Io { .. })));
    }

    #[test]
    fn outputs_may_lie_among_the_inputs() {
        let root = tree(&["1.png", "truth/1.png", "2.png", "truth/2.png"]);
        let found = pairs(root.path(), "", "truth").unwrap();
        assert_eq!((found.places.len(), found.skipped.len()), (2, 0));
    }

    #[test]
    fn folders_of_pairs_are_recognised() {
        let recognised = |files: &[&str], direction| {
            let root = tree(files);
            let below = |path: &Path| {
                path.strip_prefix(root.path()).unwrap().to_string_lossy().into_owned()
            };
            match recognise(root.path().to_owned(), direction) {
                DataSource::TwoFolders { inputs, outputs } => {
                    format!("{} to {}", below(&inputs), below(&outputs))
                }
                DataSource::SideBySide { folder, .. } => format!("[{}]", below(&folder)),
                other => panic!("{other:?}"),
            }
        };
        use Direction::{AToB, BToA};
        for (files, direction, expected) in [
            (&["A/1.png", "B/1.jpg"][..], AToB, "A to B"),
            (&["A/1.png", "B/1.jpg"], BToA, "B to A"),
            (&["photos/1.png", "sketches/1.png"], AToB, "sketches to photos"),
            (&["photos/1.png", "sketches/1.png"], BToA, "photos to sketches"),
            (&["summer/1.png", "winter/1.png"], AToB, "summer to winter"),
            (&["A/train/1.png", "B/train/1.png"], AToB, "A to B"),
            (&["train/1.png", "val/1.png", "test/1.png"], AToB, "[train]"),
            (&["train/1.png", "val/1.png"], AToB, "[train]"),
            (&["train/A/1.png", "train/B/1.png", "test/A/2.png"], AToB, "train/A to train/B"),
            // Nothing in common: sub-folders of pictures side by side.
            (&["cats/1.png", "dogs/2.png"], AToB, "[]"),
            (&["A/1.png", "B/1.png", "0.png"], AToB, "[]"),
            (&["1.png", "2.png"], BToA, "[]"),
        ] {
            assert_eq!(recognised(files, direction), expected, "{files:?}");
        }
    }
}
