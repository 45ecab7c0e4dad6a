//! Reading and writing whole files safely.
//!
//! A file is written beside its final place, synced, then renamed: whoever looks at any moment,
//! also after a power cut, finds the old file or the new one, never half of one.
//!
//! The folders that the system gives each user for this program are named here too.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Replaces the file at `path` with `bytes`, all or nothing.
///
/// # Errors
/// [`Error::Io`] if the folder does not exist, is read-only or full. The old file is then untouched.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<()> {
    write_atomic_with(path, |file| file.write_all(bytes))
}

/// As [`write_atomic`], for content that is written piece by piece.
///
/// # Errors
/// As [`write_atomic`], and whatever `fill` returns.
pub fn write_atomic_with(
    path: &Path,
    fill: impl FnOnce(&mut File) -> std::io::Result<()>,
) -> Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let write = || -> std::io::Result<()> {
        let mut file = tempfile::Builder::new()
            .prefix(".latentscape-")
            .suffix(".tmp")
            .permissions_like_a_new_file()
            .tempfile_in(folder)?;
        fill(file.as_file_mut())?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        // The rename itself is durable once the folder is synced; not every system can do that.
        if let Ok(folder) = File::open(folder) {
            let _ = folder.sync_all();
        }
        Ok(())
    };
    write().map_err(Error::io("write", path))
}

/// Reads a file of at most `limit` bytes.
///
/// # Errors
/// [`Error::Io`] if it cannot be read or is larger.
pub fn read_limited(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let read = || -> std::io::Result<Vec<u8>> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        let too_large = || std::io::Error::other(format!("it has more than {limit} bytes"));
        if length > limit {
            return Err(too_large());
        }
        let mut bytes = Vec::with_capacity(length as usize);
        file.take(limit + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limit { Err(too_large()) } else { Ok(bytes) }
    };
    read().map_err(Error::io("read", path))
}

/// Where this system keeps the user's settings for this program, if it has such a place.
pub fn config_folder() -> Option<PathBuf> {
    project().map(|dirs| dirs.config_dir().to_owned())
}

/// Where this system keeps what the user made with this program, if it has such a place.
pub fn data_folder() -> Option<PathBuf> {
    project().map(|dirs| dirs.data_dir().to_owned())
}

/// Where this system keeps what can be computed again, if it has such a place.
pub fn cache_folder() -> Option<PathBuf> {
    project().map(|dirs| dirs.cache_dir().to_owned())
}

fn project() -> Option<directories::ProjectDirs> {
    directories::ProjectDirs::from("", "", "latentscape")
}

/// Temporary files are private (0600) by default; the files we keep get what the user's umask says.
trait LikeANewFile {
    fn permissions_like_a_new_file(&mut self) -> &mut Self;
}

impl LikeANewFile for tempfile::Builder<'_, '_> {
    #[cfg(unix)]
    fn permissions_like_a_new_file(&mut self) -> &mut Self {
        use std::os::unix::fs::PermissionsExt;
        self.permissions(std::fs::Permissions::from_mode(0o666))
    }

    #[cfg(not(unix))]
    fn permissions_like_a_new_file(&mut self) -> &mut Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_file_and_no_rubbish() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kept");
        write_atomic(&path, b"old").unwrap();
        let error = write_atomic_with(&path, |file| {
            file.write_all(b"half of the ne")?;
            Err(std::io::Error::from(std::io::ErrorKind::StorageFull))
        })
        .unwrap_err();
        assert!(error.to_string().contains("kept"), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn the_limit_holds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        write_atomic(&path, b"12345").unwrap();
        assert_eq!(read_limited(&path, 5).unwrap(), b"12345");
        assert!(read_limited(&path, 4).is_err());
        assert!(read_limited(folder.path(), 4).is_err(), "a folder is no file");
    }
}
