//! Files that grow line by line while a run goes on.
//!
//! A disk that is full, or gone for a while, loses nothing: what could not be written waits in
//! memory, and the file goes on at the byte where it stopped.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::disk;
use crate::error::{Error, Result};

/// A file that is written at its end.
#[derive(Debug)]
pub(super) struct Tail<W = File> {
    file: W,
    path: PathBuf,
    /// What the system has not taken yet.
    waiting: Vec<u8>,
}

impl Tail {
    /// Replaces what is at `path` by `start`, and goes on behind it.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be written.
    pub(super) fn starting_with(path: &Path, start: &[u8]) -> Result<Self> {
        disk::write_atomic(path, start)?;
        let file = OpenOptions::new().append(true).open(path).map_err(Error::io("write", path))?;
        Ok(Self { file, path: path.to_owned(), waiting: Vec::new() })
    }

    /// Waits until everything is on the disk itself.
    ///
    /// # Errors
    /// As [`Tail::add`].
    pub(super) fn sync(&mut self) -> Result<()> {
        self.add(&[])?;
        self.file.sync_data().map_err(Error::io("write", &self.path))
    }
}

impl<W: Write> Tail<W> {
    /// Adds `bytes`, and whatever waits before them.
    ///
    /// # Errors
    /// [`Error::Io`] if the disk is full or gone; what was not written is tried again with the next
    /// bytes.
    pub(super) fn add(&mut self, bytes: &[u8]) -> Result<()> {
        self.waiting.extend_from_slice(bytes);
        let mut done = 0;
        let mut write = || -> std::io::Result<()> {
            while done < self.waiting.len() {
                match self.file.write(&self.waiting[done..]) {
                    Ok(0) => return Err(std::io::ErrorKind::WriteZero.into()),
                    Ok(written) => done += written,
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(())
        };
        let outcome = write();
        self.waiting.drain(..done);
        outcome.map_err(Error::io("write", &self.path))
    }
}

/// One line of JSON for each `T`.
#[derive(Debug)]
pub(super) struct Log<T> {
    tail: Tail,
    lines: PhantomData<T>,
}

impl<T: Serialize + DeserializeOwned> Log<T> {
    /// Opens the list at `path` to go on with it. `keep` hears what is there in order; the first
    /// that it refuses, and a line cut off in the middle, are dropped with all that follow.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read or written.
    pub(super) fn open(path: &Path, mut keep: impl FnMut(&T) -> bool) -> Result<Self> {
        let kept = match File::open(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(Error::io("read", path)(error)),
            Ok(file) => {
                lines_kept(BufReader::new(file), &mut keep).map_err(Error::io("read", path))?
            }
        };
        Ok(Self { tail: Tail::starting_with(path, &kept)?, lines: PhantomData })
    }

    /// Adds lines, and hands them to the operating system.
    ///
    /// # Errors
    /// As [`Tail::add`].
    pub(super) fn add(&mut self, items: &[T]) -> Result<()> {
        let mut lines = Vec::new();
        for item in items {
            serde_json::to_writer(&mut lines, item)
                .map_err(|error| Error::io("write", &self.tail.path)(error.into()))?;
            lines.push(b'\n');
        }
        self.tail.add(&lines)
    }

    /// As [`Tail::sync`].
    pub(super) fn sync(&mut self) -> Result<()> {
        self.tail.sync()
    }
}

/// Reads the list at `path`, up to a line that is cut off or damaged; empty if there is none.
///
/// # Errors
/// [`Error::Io`] if it cannot be read.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(Error::io("read", path))?,
    };
    let mut items = Vec::new();
    for line in BufReader::new(file).split(b'\n') {
        match serde_json::from_slice(&line.map_err(Error::io("read", path))?) {
            Ok(item) => items.push(item),
            Err(_) => break,
        }
    }
    Ok(items)
}

fn lines_kept<T: DeserializeOwned>(
    file: impl BufRead,
    keep: &mut impl FnMut(&T) -> bool,
) -> std::io::Result<Vec<u8>> {
    let mut kept = Vec::new();
    for line in file.split(b'\n') {
        let line = line?;
        match serde_json::from_slice::<T>(&line) {
            Ok(item) if keep(&item) => {
                kept.extend(line);
                kept.push(b'\n');
            }
            _ => break,
        }
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::StepReport;

    fn report(step: u64) -> StepReport {
        StepReport {
            step,
            images: step * 64,
            loss_d: 1.25,
            loss_g: 0.1,
            d_real: 0.7,
            d_fake: 0.3,
            grad_d: 2.0,
            grad_g: 0.5,
            sign_real: 0.6,
            l1: 0.0,
        }
    }

    #[test]
    fn a_killed_runs_surplus_is_dropped() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("losses.jsonl");
        let mut log = Log::open(&path, |_: &StepReport| true).unwrap();
        log.add(&[report(1), report(2), report(3)]).unwrap();
        drop(log);
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"{\"step\":4,\"ima").unwrap();
        let steps = |path| -> Vec<u64> {
            read::<StepReport>(path).unwrap().iter().map(|report| report.step).collect()
        };
        assert_eq!(steps(&path), [1, 2, 3]);
        let mut heard = Vec::new();
        let keep = |report: &StepReport| {
            heard.push(report.step);
            report.step <= 2
        };
        Log::open(&path, keep).unwrap().add(&[report(3)]).unwrap();
        assert_eq!((steps(&path), heard), (vec![1, 2, 3], vec![1, 2, 3]));
        assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 3);
    }

    #[test]
    fn lines_of_earlier_versions_are_kept() {
        let line = r#"{"step":1,"images":64,"loss_d":1.25,"loss_g":0.5,"d_real":0.7,"d_fake":0.3}"#;
        let line = format!("{line}\n");
        let kept = lines_kept(line.as_bytes(), &mut |report: &StepReport| report.step == 1);
        assert_eq!(kept.unwrap(), line.as_bytes());
    }

    /// A disk with room for so many bytes; what it took stays.
    struct Small {
        taken: Vec<u8>,
        room: usize,
    }

    impl Write for Small {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let count = bytes.len().min(self.room - self.taken.len()).min(5);
            if count == 0 {
                return Err(std::io::ErrorKind::StorageFull.into());
            }
            self.taken.extend_from_slice(&bytes[..count]);
            Ok(count)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_loses_nothing() {
        let file = Small { taken: Vec::new(), room: 12 };
        let mut tail = Tail { file, path: "losses".into(), waiting: Vec::new() };
        tail.add(b"first line\n").unwrap();
        assert!(tail.add(b"second line\n").unwrap_err().to_string().contains("losses"));
        assert!(tail.add(b"third line\n").is_err());
        assert_eq!(tail.file.taken, b"first line\ns");
        tail.file.room = 100;
        tail.add(b"fourth line\n").unwrap();
        assert_eq!(tail.file.taken, b"first line\nsecond line\nthird line\nfourth line\n");
    }
}
