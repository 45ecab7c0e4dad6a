//! IDX files, the format of MNIST and its relatives (<http://yann.lecun.com/exdb/mnist/>), plain or
//! gzipped.
//!
//! A header of big-endian numbers: two zero bytes, the type of a value (8 = unsigned byte), the
//! number of dimensions, then each dimension. Pictures have three: count, rows, columns. Whatever a
//! header claims is checked against the file's size before anything is allocated, and inflating
//! stops where the header says that the pictures end.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

use super::decode::{MAX_PIXELS, MAX_SIDE};
use crate::error::{Error, Result};

/// Bytes of the header of a file of pictures.
const HEADER_BYTES: u64 = 16;
/// Deflate cannot make more than this many bytes out of one.
const MAX_INFLATION: u64 = 1032;
/// Type of a value: unsigned byte.
const UNSIGNED_BYTE: u8 = 0x08;

/// What the first bytes of a file say about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An IDX file of any content, perhaps gzipped.
    Idx,
    /// Something else.
    Other,
}

/// A file of pictures whose header has been read and checked.
#[derive(Debug, Clone)]
pub(super) struct Idx {
    path: PathBuf,
    gzipped: bool,
    /// Number of pictures, at least 1.
    pub count: usize,
    /// Rows of a picture.
    pub height: usize,
    /// Columns of a picture.
    pub width: usize,
}

impl Idx {
    /// Reads and checks the header.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read; [`Error::BadData`] if it is not an IDX file of
    /// pictures, or its size cannot hold what the header claims.
    pub fn open(path: &Path) -> Result<Self> {
        let bad = |why: String| Error::bad_data(path, why);
        let file_bytes = file_length(path)?;
        let gzipped = is_gzip(path)?;
        let mut start = Vec::new();
        reader(path, gzipped)?
            .take(HEADER_BYTES)
            .read_to_end(&mut start)
            .map_err(|error| bad(why(&error)))?;
        if start.is_empty() {
            return Err(bad("the file is empty".into()));
        }
        let &[0, 0, kind, dimensions, ..] = start.as_slice() else {
            return Err(
                bad("it is not an IDX file (MNIST's format): it starts differently".into()),
            );
        };
        match dimensions {
            1 => {
                return Err(bad(
                    "it holds labels, not pictures; choose the file whose name has `images` in it"
                        .into(),
                ));
            }
            3 => {}
            n => {
                return Err(bad(format!(
                    "pictures in an IDX file have 3 dimensions (count, rows, columns), not {n}"
                )));
            }
        }
        if kind != UNSIGNED_BYTE {
            return Err(bad(format!(
                "its values are of type 0x{kind:02x}; only unsigned bytes (0x08) are pictures"
            )));
        }
        let Some(numbers) = start.get(4..16) else {
            return Err(bad("its header is truncated; get the file again".into()));
        };
        let mut numbers = numbers
            .chunks_exact(4)
            .map(|n| u64::from(u32::from_be_bytes([n[0], n[1], n[2], n[3]])));
        let mut next = || numbers.next().unwrap_or(0);
        let (count, height, width) = (next(), next(), next());
        if count == 0 {
            return Err(bad("its header says that it holds no pictures".into()));
        }
        let side = u64::from(MAX_SIDE);
        if height == 0 || width == 0 || height.max(width) > side || height * width > MAX_PIXELS {
            return Err(bad(format!(
                "its header claims pictures of {width}×{height} pixels; from 1 to {MAX_SIDE} a \
                 side can be used"
            )));
        }
        let claimed = u128::from(count) * u128::from(height * width) + u128::from(HEADER_BYTES);
        let possible = u128::from(file_bytes) * if gzipped { u128::from(MAX_INFLATION) } else { 1 };
        let exact = !gzipped;
        if claimed > possible || (exact && claimed < possible) {
            return Err(bad(format!(
                "its header claims {count} pictures of {width}×{height} pixels, {claimed} bytes, \
                 but the file has {file_bytes}{}; get it again",
                if gzipped { " compressed ones" } else { "" },
            )));
        }
        Ok(Self {
            path: path.to_owned(),
            gzipped,
            count: count as usize,
            height: height as usize,
            width: width as usize,
        })
    }

    /// Whether single pictures can be read without reading all before them.
    pub fn is_seekable(&self) -> bool {
        !self.gzipped
    }

    /// Bytes of one picture as stored.
    fn item(&self) -> usize {
        self.height * self.width
    }

    /// Hands `take` the first `count` pictures in pieces of about `piece_bytes`: each piece holds
    /// one or more whole pictures. If `count` is all of them, the end of the file is checked too.
    ///
    /// # Errors
    /// [`Error::BadData`] if the file is damaged or has another length than its header claims, and
    /// whatever `take` returns.
    pub fn read_pieces(
        &self,
        count: usize,
        piece_bytes: usize,
        mut take: impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        let mut reader = reader(&self.path, self.gzipped)?;
        let bad = |error: io::Error| Error::bad_data(&self.path, why(&error));
        reader.read_exact(&mut [0; HEADER_BYTES as usize]).map_err(bad)?;
        let per_piece = (piece_bytes / self.item()).clamp(1, count.max(1));
        let mut piece = vec![0; per_piece * self.item()];
        let mut done = 0;
        while done < count {
            let pictures = per_piece.min(count - done);
            let piece = &mut piece[..pictures * self.item()];
            reader.read_exact(piece).map_err(|error| {
                if error.kind() == io::ErrorKind::UnexpectedEof {
                    Error::bad_data(
                        &self.path,
                        format!(
                            "it is truncated: its header claims {} pictures, it ends after about \
                             {done}; get it again",
                            self.count
                        ),
                    )
                } else {
                    bad(error)
                }
            })?;
            take(piece)?;
            done += pictures;
        }
        // Reading on to the end also makes gzip compare its checksum.
        if count == self.count && reader.read(&mut [0]).map_err(bad)? > 0 {
            return Err(Error::bad_data(
                &self.path,
                format!("it goes on after the {} pictures its header claims", self.count),
            ));
        }
        Ok(())
    }

    /// The stored bytes of one picture of a file that [is seekable](Self::is_seekable).
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read any more.
    pub fn read_one(&self, index: usize) -> Result<Vec<u8>> {
        let read = || -> io::Result<Vec<u8>> {
            let mut file = File::open(&self.path)?;
            file.seek(SeekFrom::Start(HEADER_BYTES + index as u64 * self.item() as u64))?;
            let mut pixels = vec![0; self.item()];
            file.read_exact(&mut pixels)?;
            Ok(pixels)
        };
        read().map_err(Error::io("read", &self.path))
    }
}

/// Recognises an IDX file by its content.
///
/// # Errors
/// [`Error::Io`] if the file cannot be read.
pub(super) fn kind(path: &Path) -> Result<Kind> {
    let mut start = [0; 4];
    let filled = file_length(path)? > 0
        && match reader(path, is_gzip(path)?)?.read_exact(&mut start) {
            Ok(()) => true,
            // Too short, or no gzip stream after all: something else.
            Err(error) if error.raw_os_error().is_none() => false,
            Err(error) => return Err(Error::io("read", path)(error)),
        };
    let known = matches!(start, [0, 0, 0x08 | 0x09 | 0x0B..=0x0E, 1..=8]);
    Ok(if filled && known { Kind::Idx } else { Kind::Other })
}

/// The length of a regular file. A pipe or a device has none, and could block forever.
fn file_length(path: &Path) -> Result<u64> {
    let about = std::fs::metadata(path).map_err(Error::io("read", path))?;
    if about.is_file() {
        Ok(about.len())
    } else {
        Err(Error::bad_data(path, "it is not a regular file"))
    }
}

fn is_gzip(path: &Path) -> Result<bool> {
    let mut start = Vec::new();
    let file = File::open(path).map_err(Error::io("read", path))?;
    file.take(2).read_to_end(&mut start).map_err(Error::io("read", path))?;
    Ok(start == [0x1F, 0x8B])
}

fn reader(path: &Path, gzipped: bool) -> Result<Box<dyn Read>> {
    let file = BufReader::new(File::open(path).map_err(Error::io("read", path))?);
    Ok(if gzipped { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) })
}

/// A read error in a few words.
fn why(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "the file is truncated; get it again".into(),
        _ => format!("the file is damaged ({error}); get it again"),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    /// An IDX file of bytes: header for `dimensions`, then `body`.
    fn idx(dimensions: &[u32], body: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0, 0, UNSIGNED_BYTE, dimensions.len() as u8];
        bytes.extend(dimensions.iter().flat_map(|n| n.to_be_bytes()));
        bytes.extend(body);
        bytes
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    fn all(path: &Path) -> Result<Vec<u8>> {
        let idx = Idx::open(path)?;
        let mut pixels = Vec::new();
        idx.read_pieces(idx.count, 10, |piece| {
            pixels.extend_from_slice(piece);
            Ok(())
        })?;
        Ok(pixels)
    }

    #[test]
    fn plain_and_gzipped_files_hold_the_same() {
        let body: Vec<u8> = (0..60).collect();
        let plain = idx(&[5, 3, 4], &body);
        for bytes in [plain.clone(), gzip(&plain)] {
            let file = file(&bytes);
            assert_eq!(kind(file.path()).unwrap(), Kind::Idx);
            let idx = Idx::open(file.path()).unwrap();
            assert_eq!((idx.count, idx.height, idx.width), (5, 3, 4));
            assert_eq!(all(file.path()).unwrap(), body);
            if idx.is_seekable() {
                assert_eq!(idx.read_one(3).unwrap(), body[36..48]);
            }
        }
    }

    #[test]
    fn wrong_files_are_told_apart_in_one_sentence() {
        let good = idx(&[5, 3, 4], &[7; 60]);
        let mut floats = good.clone();
        floats[2] = 0x0D;
        let rows: [(&str, Vec<u8>, &str); 14] = [
            ("empty", vec![], "empty"),
            ("text", b"hello, this is not a data set".to_vec(), "not an IDX file"),
            ("labels", idx(&[5], &[0, 1, 2, 3, 4]), "labels"),
            ("labels, gzipped", gzip(&idx(&[5], &[0, 1, 2, 3, 4])), "labels"),
            ("two dimensions", idx(&[5, 12], &[7; 60]), "3 dimensions"),
            ("floats", floats, "0x0d"),
            ("half a header", good[..9].to_vec(), "truncated"),
            ("no pictures", idx(&[0, 3, 4], &[]), "no pictures"),
            ("no pixels", idx(&[5, 0, 4], &[]), "4×0"),
            ("huge pictures", idx(&[1, 60_000, 60_000], &[7; 60]), "60000×60000"),
            ("huge count", idx(&[u32::MAX, 3, 4], &[7; 60]), "4294967295"),
            ("truncated", good[..50].to_vec(), "76 bytes, but the file has 50"),
            ("too long", [good.clone(), vec![1]].concat(), "77"),
            ("huge count, gzipped", gzip(&idx(&[u32::MAX, 999, 999], &[7; 60])), "compressed"),
        ];
        for (name, bytes, expected) in rows {
            let error = all(file(&bytes).path()).unwrap_err().to_string();
            assert!(error.contains(expected), "{name}: {error}");
        }
    }

    #[test]
    fn a_lying_gzip_is_noticed_while_it_is_read() {
        let good = idx(&[5, 3, 4], &[7; 60]);
        let compressed = gzip(&good);
        let mut wrong_checksum = compressed.clone();
        let at = wrong_checksum.len() - 6;
        wrong_checksum[at] ^= 1;
        let rows = [
            ("truncated stream", compressed[..compressed.len() - 12].to_vec(), ""),
            ("checksum", wrong_checksum, "damaged"),
            ("truncated content", gzip(&good[..50]), "truncated"),
            ("more content", gzip(&[good, vec![1]].concat()), "goes on"),
        ];
        for (name, bytes, expected) in rows {
            let error = all(file(&bytes).path()).unwrap_err().to_string();
            assert!(error.contains(expected), "{name}: {error}");
        }
    }

    #[test]
    fn a_bomb_is_inflated_only_as_far_as_its_header_says() {
        // 64 MiB of zeros in 64 KB, with an honest-looking header for 10 bytes.
        let bomb = gzip(&idx(&[10, 1, 1], &vec![0; 64 << 20]));
        assert!(bomb.len() < 200_000);
        let error = all(file(&bomb).path()).unwrap_err().to_string();
        assert!(error.contains("goes on"), "{error}");
    }

    #[test]
    fn other_files_are_no_idx() {
        for bytes in [&b""[..], b"ab", b"\x1f\x8b", b"\x89PNG\r\n\x1a\n", &gzip(b"hello there")] {
            assert_eq!(kind(file(bytes).path()).unwrap(), Kind::Other, "{bytes:?}");
        }
        let folder = tempfile::tempdir().unwrap();
        assert!(kind(folder.path()).is_err());
        assert!(kind(&folder.path().join("missing")).is_err());
    }
}
