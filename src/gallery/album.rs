//! Portraits that were drawn once, kept in the user's cache: some pictures and a line of JSON for each
//! model. What is missing or damaged is drawn again; nothing else depends on them.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use walkdir::WalkDir;

use super::portrait::{FACES, Portrait};
use crate::disk;
use crate::error::{Error, Result};
use crate::picture::PictureCache;

/// Name of the folder in the user's cache.
const FOLDER: &str = "portraits";
/// Portraits that are kept.
const MOST: usize = 500;
/// What their pictures may take on disk.
const MOST_PICTURE_BYTES: u64 = 64 << 20;
/// A larger note is not ours.
const MAX_NOTE_BYTES: u64 = 1 << 16;

/// A folder of portraits, by the stamps of their files.
#[derive(Debug, Clone, Default)]
pub struct Album {
    folder: Option<PathBuf>,
}

/// What is known of a portrait beside its pictures.
#[derive(Serialize, Deserialize)]
struct Note {
    name: String,
    summary: String,
    takes_pictures: bool,
    faces: usize,
}

impl Album {
    /// The portraits in the folder `cache`; without one, none are kept.
    pub fn new(cache: Option<&Path>) -> Self {
        Self { folder: cache.map(|cache| cache.join(FOLDER)) }
    }

    /// The portrait with this stamp, if it was kept.
    pub fn get(&self, stamp: &str) -> Option<Portrait> {
        let folder = self.folder.as_ref()?;
        let bytes = disk::read_limited(&note_path(folder, stamp)?, MAX_NOTE_BYTES).ok()?;
        let note: Note = serde_json::from_slice(&bytes).ok()?;
        let pictures = PictureCache::new(folder.clone());
        let faces = (0..note.faces.min(FACES)).map(|i| pictures.get(&face(stamp, i)));
        Some(Portrait {
            name: note.name,
            summary: note.summary,
            takes_pictures: note.takes_pictures,
            faces: faces.collect::<Option<_>>()?,
        })
    }

    /// Keeps `portrait`.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be written.
    pub fn put(&self, stamp: &str, portrait: &Portrait) -> Result<()> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let Some(path) = note_path(folder, stamp) else { return Ok(()) };
        let pictures = PictureCache::new(folder.clone());
        for (i, picture) in portrait.faces.iter().enumerate() {
            pictures.put(&face(stamp, i), picture)?;
        }
        let note = Note {
            name: portrait.name.clone(),
            summary: portrait.summary.clone(),
            takes_pictures: portrait.takes_pictures,
            faces: portrait.faces.len(),
        };
        let text = serde_json::to_vec(&note)
            .map_err(|error| Error::bad_setting("portrait", error.to_string()))?;
        let room = path.parent().unwrap_or(folder);
        std::fs::create_dir_all(room).map_err(Error::io("make the folder", room))?;
        // Last: whoever finds it finds the pictures.
        disk::write_atomic(&path, &text)
    }

    /// Forgets the oldest portraits where there are too many. Returns how many files went.
    pub fn trim(&self) -> usize {
        self.trim_to(MOST)
    }

    fn trim_to(&self, most: usize) -> usize {
        let Some(folder) = &self.folder else { return 0 };
        let files = WalkDir::new(folder).min_depth(2).max_depth(2).into_iter().flatten();
        let mut notes: Vec<(SystemTime, PathBuf)> = files
            .filter(|file| file.path().extension().is_some_and(|ending| ending == "json"))
            .filter_map(|file| Some((file.metadata().ok()?.modified().ok()?, file.into_path())))
            .collect();
        notes.sort_unstable();
        let pictures = PictureCache::new(folder.clone());
        let mut gone = 0;
        for (_, path) in &notes[..notes.len().saturating_sub(most)] {
            if std::fs::remove_file(path).is_ok() {
                gone += 1;
                let stamp = stamp_of(path);
                (0..FACES).for_each(|i| pictures.remove(&face(&stamp, i)));
            }
        }
        gone + PictureCache::trim(folder, MOST_PICTURE_BYTES)
    }
}

/// The name of picture `i` among the others.
fn face(stamp: &str, i: usize) -> String {
    format!("{stamp}{i}")
}

/// Beside the pictures, whose names begin alike. `None` for a stamp that could lead out of the folder.
fn note_path(folder: &Path, stamp: &str) -> Option<PathBuf> {
    let fits = stamp.len() >= 3 && stamp.bytes().all(|b| b.is_ascii_alphanumeric());
    fits.then(|| folder.join(&stamp[..2]).join(format!("{}.json", &stamp[2..])))
}

/// The stamp that leads to the note at `path`.
fn stamp_of(path: &Path) -> String {
    let text =
        |part: Option<&std::ffi::OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
    text(path.parent().and_then(Path::file_name)) + &text(path.file_stem())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use image::{Rgb, RgbImage};

    use super::*;

    fn portrait(shade: u8, faces: usize) -> Portrait {
        Portrait {
            name: format!("model {shade}"),
            summary: "MLP 8×8".into(),
            takes_pictures: faces == 0,
            faces: vec![RgbImage::from_pixel(8, 8, Rgb([shade; 3])); faces],
        }
    }

    #[test]
    fn what_is_kept_comes_back() {
        let cache = tempfile::tempdir().unwrap();
        let album = Album::new(Some(cache.path()));
        assert_eq!(album.get("0123abcd"), None);
        for (stamp, faces) in [("0123abcd", FACES), ("0123abce", 0)] {
            album.put(stamp, &portrait(9, faces)).unwrap();
            assert_eq!(album.get(stamp), Some(portrait(9, faces)));
        }
        // One picture is gone: it is all drawn again.
        PictureCache::new(cache.path().join(FOLDER)).remove("0123abcd2");
        assert_eq!(album.get("0123abcd"), None);
        std::fs::write(cache.path().join(FOLDER).join("01/23abce.json"), "{{").unwrap();
        assert_eq!(album.get("0123abce"), None);
        for odd in ["", "ab", "../../etc", "é123"] {
            album.put(odd, &portrait(1, 1)).unwrap();
            assert_eq!(album.get(odd), None, "{odd}");
        }
    }

    #[test]
    fn without_a_folder_nothing_is_kept() {
        let album = Album::new(None);
        album.put("0123abcd", &portrait(9, FACES)).unwrap();
        assert_eq!((album.get("0123abcd"), album.trim()), (None, 0));
    }

    #[test]
    fn the_oldest_go_when_there_are_too_many() {
        let cache = tempfile::tempdir().unwrap();
        let album = Album::new(Some(cache.path()));
        let folder = cache.path().join(FOLDER);
        let stamp = |i: u64| format!("{i:02}abcd");
        for i in 0..6 {
            album.put(&stamp(i), &portrait(i as u8, FACES)).unwrap();
            let note =
                std::fs::File::options().write(true).open(note_path(&folder, &stamp(i)).unwrap());
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1000 + i);
            note.unwrap().set_modified(time).unwrap();
        }
        assert_eq!(album.trim_to(6), 0);
        assert_eq!(album.trim_to(4), 2);
        for i in 0..6 {
            assert_eq!(album.get(&stamp(i)).is_some(), i >= 2, "portrait {i}");
        }
        let files = WalkDir::new(&folder).into_iter().flatten().filter(|f| f.file_type().is_file());
        assert_eq!(files.count(), 4 * (1 + FACES), "their pictures went with them");
    }
}
