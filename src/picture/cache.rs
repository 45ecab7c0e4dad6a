//! Small pictures that were drawn once, kept in the user's cache: one PNG each, named by what it
//! shows. A file that is missing or damaged is drawn again; nothing else depends on them.

use std::borrow::Cow;
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use image::RgbImage;
use image::imageops::FilterType;
use walkdir::WalkDir;

use super::png;
use crate::error::{Error, Result};

/// Longest side of a kept picture.
const SIDE: u32 = 128;
/// A larger file is not one of ours.
const MAX_BYTES: u64 = 1 << 20;

/// The picture, scaled down to 128 pixels a side if it is larger: as it would come out of the cache.
pub fn small(picture: &RgbImage) -> Cow<'_, RgbImage> {
    let (width, height) = picture.dimensions();
    let longest = width.max(height);
    if longest <= SIDE {
        return Cow::Borrowed(picture);
    }
    let scaled = |side: u32| (side * SIDE / longest).max(1);
    let filter = FilterType::Triangle;
    Cow::Owned(image::imageops::resize(picture, scaled(width), scaled(height), filter))
}

/// A folder of small pictures.
#[derive(Debug, Clone)]
pub struct PictureCache {
    folder: PathBuf,
}

impl PictureCache {
    /// The pictures below `folder`, which is made when the first is kept. Nothing is read yet: opening
    /// takes no time, however many there are.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The picture called `name`, if it was kept.
    pub fn get(&self, name: &str) -> Option<RgbImage> {
        let bytes = crate::disk::read_limited(&self.path(name)?, MAX_BYTES).ok()?;
        let format = image::ImageFormat::Png;
        let mut reader = image::ImageReader::with_format(std::io::Cursor::new(bytes), format);
        let mut limits = image::Limits::default();
        limits.max_image_width = Some(SIDE);
        limits.max_image_height = Some(SIDE);
        reader.limits(limits);
        reader.decode().ok().map(image::DynamicImage::into_rgb8)
    }

    /// Keeps `picture` under `name`, scaled down if it is large. Not synced: after a power cut it is
    /// drawn again.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be written.
    pub fn put(&self, name: &str, picture: &RgbImage) -> Result<()> {
        let Some(path) = self.path(name) else { return Ok(()) };
        let bytes = png(&small(picture))?;
        let folder = path.parent().unwrap_or(&self.folder);
        std::fs::create_dir_all(folder).map_err(Error::io("make the folder", folder))?;
        let write = || -> std::io::Result<()> {
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            std::io::Write::write_all(&mut file, &bytes)?;
            file.persist(&path).map_err(|error| error.error)?;
            Ok(())
        };
        write().map_err(Error::io("write", &path))
    }

    /// Forgets the picture called `name`.
    pub fn remove(&self, name: &str) {
        if let Some(path) = self.path(name) {
            // One that is not there is forgotten already.
            let _ = std::fs::remove_file(path);
        }
    }

    /// Makes room in `root`, a folder of such folders: where its pictures take more than `most` bytes,
    /// those that were kept first are forgotten until nine tenths of that are left. Returns how many
    /// went. What is not one of our pictures is left alone; what cannot be read or removed, because
    /// another window is at it, is left for the next time.
    pub fn trim(root: &Path, most: u64) -> usize {
        let files = WalkDir::new(root).min_depth(2).follow_links(false).into_iter().flatten();
        let mut files: Vec<(SystemTime, u64, PathBuf)> = files
            .filter(|file| file.path().extension().is_some_and(|extension| extension == "png"))
            .filter_map(|file| {
                let data = file.metadata().ok().filter(Metadata::is_file)?;
                Some((data.modified().ok()?, data.len(), file.into_path()))
            })
            .collect();
        let mut total: u64 = files.iter().map(|(_, size, _)| size).sum();
        if total <= most {
            return 0;
        }
        files.sort_unstable();
        let mut gone = 0;
        for (_, size, path) in files {
            if total <= most / 10 * 9 {
                break;
            }
            if std::fs::remove_file(path).is_ok() {
                total -= size;
                gone += 1;
            }
        }
        gone
    }

    /// Two letters of the name are a folder of their own: some systems are slow with large ones.
    /// `None` for a name that could lead out of the folder.
    fn path(&self, name: &str) -> Option<PathBuf> {
        let fits = name.len() >= 3 && name.bytes().all(|b| b.is_ascii_alphanumeric());
        fits.then(|| self.folder.join(&name[..2]).join(format!("{}.png", &name[2..])))
    }
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    #[test]
    fn what_is_kept_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let cache = PictureCache::new(folder.path().join("pictures"));
        let picture = RgbImage::from_fn(40, 30, |x, y| Rgb([x as u8, y as u8, 7]));
        assert_eq!(cache.get("0123abc"), None);
        cache.put("0123abc", &picture).unwrap();
        assert_eq!(cache.get("0123abc"), Some(picture));
        let large = RgbImage::new(512, 256);
        cache.put("ffff", &large).unwrap();
        assert_eq!(cache.get("ffff").unwrap().dimensions(), (128, 64));
        cache.remove("ffff");
        assert_eq!(cache.get("ffff"), None);
    }

    #[test]
    fn damage_and_odd_names_are_no_matter() {
        let folder = tempfile::tempdir().unwrap();
        let cache = PictureCache::new(folder.path().into());
        let picture = RgbImage::new(4, 4);
        for name in ["", "ab", "../../etc", "a/b/c", "é123"] {
            cache.put(name, &picture).unwrap();
            assert_eq!(cache.get(name), None, "{name}");
        }
        cache.put("abcdef", &picture).unwrap();
        std::fs::write(folder.path().join("ab/cdef.png"), b"\x89PNG cut").unwrap();
        assert_eq!(cache.get("abcdef"), None);
    }

    #[test]
    fn what_was_kept_first_goes_when_there_is_too_much() {
        let root = tempfile::tempdir().unwrap();
        let models = ["one", "two"].map(|model| PictureCache::new(root.path().join(model)));
        let picture = RgbImage::from_fn(32, 32, |x, y| Rgb([(x * 7) as u8, (y * 5) as u8, 9]));
        let size = png(&picture).unwrap().len() as u64;
        let name = |i: u64| format!("{i:02}abc");
        for i in 0..20 {
            let cache = &models[i as usize % 2];
            cache.put(&name(i), &picture).unwrap();
            let file = std::fs::File::options().write(true).open(cache.path(&name(i)).unwrap());
            let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1000 + i);
            file.unwrap().set_modified(time).unwrap();
        }
        let other = root.path().join("one/notes.txt");
        std::fs::write(&other, vec![0; 10_000]).unwrap();
        assert_eq!(PictureCache::trim(root.path(), 20 * size), 0, "as much as there may be");
        assert_eq!(PictureCache::trim(root.path(), 10 * size), 11);
        for i in 0..20 {
            let is_kept = models[i as usize % 2].get(&name(i)).is_some();
            assert_eq!(is_kept, i >= 11, "picture {i}");
        }
        assert!(other.exists());
        assert_eq!(PictureCache::trim(&root.path().join("nowhere"), 1), 0);
    }
}
