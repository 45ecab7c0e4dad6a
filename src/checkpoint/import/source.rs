//! The bytes of a file that nobody has vouched for: read where they are needed, never beyond the end.

use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{Error, Result};

trait Bytes: Read + Seek + Send {}
impl<T: Read + Seek + Send> Bytes for T {}

/// A file's content that somebody else may hold too.
struct Shared(Arc<Vec<u8>>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// Values are read in pieces of this many bytes.
const PIECE: usize = 1 << 20;

/// A file, or bytes in memory, with its length.
pub(super) struct Source {
    path: PathBuf,
    bytes: Box<dyn Bytes>,
    len: u64,
}

impl Source {
    /// Opens the file at `path`.
    ///
    /// # Errors
    /// [`Error::Io`] if there is none that can be read.
    pub fn open(path: &Path) -> Result<Self> {
        let open = || -> std::io::Result<_> {
            let file = File::open(path)?;
            let about = file.metadata()?;
            if about.is_dir() {
                return Err(std::io::Error::other("it is a folder"));
            }
            Ok((file, about.len()))
        };
        let (file, len) = open().map_err(Error::io("read", path))?;
        Ok(Self { path: path.to_owned(), bytes: Box::new(file), len })
    }

    /// Takes a file's content; `path` is only for messages.
    pub fn from_bytes(path: &Path, bytes: Arc<Vec<u8>>) -> Self {
        let len = bytes.len() as u64;
        Self { path: path.to_owned(), bytes: Box::new(Cursor::new(Shared(bytes))), len }
    }

    /// Length in bytes.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// An [`Error::BadModel`] about this file.
    pub fn bad(&self, why: impl Into<String>) -> Error {
        Error::bad_model(&self.path, why)
    }

    /// `len` bytes from `at` on.
    ///
    /// # Errors
    /// [`Error::BadModel`] where the file is shorter, [`Error::Io`] if it cannot be read.
    pub fn bytes(&mut self, at: u64, len: u64) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.pieces(at, len, &mut |piece| bytes.extend_from_slice(piece))?;
        Ok(bytes)
    }

    /// Up to `len` bytes from `at` on: as many as there are.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read.
    pub fn up_to(&mut self, at: u64, len: u64) -> Result<Vec<u8>> {
        self.bytes(at.min(self.len), len.min(self.len.saturating_sub(at)))
    }

    /// Hands `len` bytes from `at` on to `take`, piece by piece.
    ///
    /// # Errors
    /// As [`Source::bytes`].
    pub fn pieces(&mut self, at: u64, len: u64, take: &mut dyn FnMut(&[u8])) -> Result<()> {
        if at.checked_add(len).is_none_or(|end| end > self.len) {
            return Err(self.bad("it is cut off: something it speaks of lies beyond its end"));
        }
        let mut piece = vec![0; PIECE.min(len as usize)];
        let mut read = || -> std::io::Result<()> {
            self.bytes.seek(SeekFrom::Start(at))?;
            let mut left = len;
            while left > 0 {
                let piece = &mut piece[..(left.min(PIECE as u64)) as usize];
                self.bytes.read_exact(piece)?;
                take(piece);
                left -= piece.len() as u64;
            }
            Ok(())
        };
        read().map_err(Error::io("read", &self.path))
    }

    /// What lies between `at` and `at + len`, to be read from front to back.
    ///
    /// # Errors
    /// As [`Source::bytes`].
    pub fn stream(&mut self, at: u64, len: u64) -> Result<impl Read> {
        if at.checked_add(len).is_none_or(|end| end > self.len) {
            return Err(self.bad("it is cut off: something it speaks of lies beyond its end"));
        }
        self.bytes.seek(SeekFrom::Start(at)).map_err(Error::io("read", &self.path))?;
        Ok(BufReader::with_capacity(1 << 16, &mut self.bytes).take(len))
    }
}
