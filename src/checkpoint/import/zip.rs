//! What is in a zip archive, by its central directory (PKWARE, APPNOTE 6.3.10), with 64-bit sizes.
//!
//! PyTorch stores its records uncompressed. Compressed ones are read too, never further than said, and
//! not where they claim to hold more than their bytes can.

use std::io::Read;

use flate2::read::DeflateDecoder;

use super::source::Source;
use super::tree::printable;
use crate::error::{Error, Result};

/// Most bytes of a central directory; a large checkpoint has some thousand records.
const MAX_DIRECTORY: u64 = 64 << 20;
/// The end record with the longest comment.
const MAX_END: u64 = 22 + 65_535;
/// No byte of a deflated stream stands for more than these (RFC 1951: 258 for two bits).
const MOST_INFLATED: u64 = 1032;

const END: &[u8] = b"PK\x05\x06";
const END64: &[u8] = b"PK\x06\x06";
const END64_LOCATOR: &[u8] = b"PK\x06\x07";
const ENTRY: &[u8] = b"PK\x01\x02";
const LOCAL: &[u8] = b"PK\x03\x04";

/// One record.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// Its path in the archive.
    pub name: String,
    /// Bytes once unpacked, as the archive has it.
    pub size: u64,
    packed: u64,
    deflated: bool,
    header: u64,
}

/// Reads the list of records.
///
/// # Errors
/// [`Error::BadModel`] if there is none, or it contradicts the file.
pub(super) fn entries(source: &mut Source) -> Result<Vec<Entry>> {
    let tail = source.len().min(MAX_END);
    let tail_at = source.len() - tail;
    let bytes = source.bytes(tail_at, tail)?;
    let end = (0..bytes.len().saturating_sub(21)).rev().find(|&at| bytes[at..].starts_with(END));
    let Some(end) = end else {
        return Err(source.bad(
            "it is a zip archive, perhaps a PyTorch checkpoint, that is cut off or damaged; download \
             or copy it again",
        ));
    };
    let (mut size, mut at) =
        (u64::from(u32_at(&bytes, end + 12)), u64::from(u32_at(&bytes, end + 16)));
    if size == u64::from(u32::MAX)
        || at == u64::from(u32::MAX)
        || u16_at(&bytes, end + 10) == u16::MAX
    {
        let locator = (tail_at + end as u64).checked_sub(20);
        let locator = match locator {
            Some(at) => source.bytes(at, 20)?,
            None => Vec::new(),
        };
        if !locator.starts_with(END64_LOCATOR) {
            return Err(source.bad(DAMAGED));
        }
        let end64 = source.bytes(u64_at(&locator, 8), 56)?;
        if !end64.starts_with(END64) {
            return Err(source.bad(DAMAGED));
        }
        (size, at) = (u64_at(&end64, 40), u64_at(&end64, 48));
    }
    if size > MAX_DIRECTORY {
        return Err(source.bad(format!("its list of records claims to have {size} bytes")));
    }
    let directory = source.bytes(at, size)?;
    parse(&directory).map_err(|why| source.bad(why))
}

const DAMAGED: &str = "its zip archive is damaged; download or copy it again";

fn parse(mut rest: &[u8]) -> Result<Vec<Entry>, String> {
    let mut entries = Vec::new();
    while !rest.is_empty() {
        if rest.len() < 46 || !rest.starts_with(ENTRY) {
            return Err(DAMAGED.into());
        }
        let (name_len, extra_len, comment_len) =
            (u16_at(rest, 28) as usize, u16_at(rest, 30) as usize, u16_at(rest, 32) as usize);
        let end = 46 + name_len + extra_len + comment_len;
        if rest.len() < end {
            return Err(DAMAGED.into());
        }
        let name = printable(&String::from_utf8_lossy(&rest[46..46 + name_len]));
        let extra = &rest[46 + name_len..46 + name_len + extra_len];
        let mut sizes = [24, 20, 42].map(|at| u64::from(u32_at(rest, at)));
        widen(&mut sizes, extra)?;
        let [size, packed, header] = sizes;
        let deflated = match u16_at(rest, 10) {
            0 => false,
            8 => true,
            other => {
                return Err(format!("its record {name} is compressed in an unknown way ({other})"));
            }
        };
        if u16_at(rest, 8) & 1 != 0 {
            return Err(format!(
                "its record {name} is encrypted; unpack it with its password first"
            ));
        }
        let most = if deflated { packed.saturating_mul(MOST_INFLATED) } else { packed };
        if size > most {
            return Err(format!(
                "its record {name} claims {size} bytes where {packed} are in the file: it is damaged, or \
                 made to fill up the memory"
            ));
        }
        entries.push(Entry { name, size, packed, deflated, header });
        rest = &rest[end..];
    }
    Ok(entries)
}

/// Sizes that stand in the extra field because they need 64 bits.
fn widen(sizes: &mut [u64; 3], mut extra: &[u8]) -> Result<(), String> {
    while extra.len() >= 4 {
        let (kind, len) = (u16_at(extra, 0), u16_at(extra, 2) as usize);
        let Some(mut field) = extra.get(4..4 + len) else { return Err(DAMAGED.into()) };
        if kind == 1 {
            for size in sizes.iter_mut().filter(|size| **size == u64::from(u32::MAX)) {
                if field.len() < 8 {
                    return Err(DAMAGED.into());
                }
                *size = u64_at(field, 0);
                field = &field[8..];
            }
        }
        extra = &extra[4 + len..];
    }
    Ok(())
}

impl Entry {
    /// Where its bytes begin.
    fn start(&self, source: &mut Source) -> Result<u64> {
        let head = source.bytes(self.header, 30)?;
        if !head.starts_with(LOCAL) {
            return Err(source.bad(DAMAGED));
        }
        let names = u64::from(u16_at(&head, 26)) + u64::from(u16_at(&head, 28));
        Ok(self.header + 30 + names)
    }

    /// All of it, if it has at most `limit` bytes.
    ///
    /// # Errors
    /// [`Error::BadModel`] if it has more, or fewer than it says.
    pub fn read(&self, source: &mut Source, limit: u64) -> Result<Vec<u8>> {
        if self.size > limit {
            let why = format!(
                "its record {} has {} bytes, and {limit} is the most",
                self.name, self.size
            );
            return Err(source.bad(why));
        }
        let mut bytes = Vec::new();
        self.pieces(source, 0, self.size, &mut |piece| bytes.extend_from_slice(piece))?;
        Ok(bytes)
    }

    /// Hands `len` of its bytes from `from` on to `take`, piece by piece.
    ///
    /// # Errors
    /// [`Error::BadModel`] if it has fewer.
    pub fn pieces(
        &self,
        source: &mut Source,
        from: u64,
        len: u64,
        take: &mut dyn FnMut(&[u8]),
    ) -> Result<()> {
        let start = self.start(source)?;
        if from.checked_add(len).is_none_or(|end| end > self.size) {
            return Err(source.bad(DAMAGED));
        }
        if !self.deflated {
            return source.pieces(start + from, len, take);
        }
        let path = source.path().to_owned();
        let mut stream = DeflateDecoder::new(source.stream(start, self.packed)?);
        let mut inflate = || -> std::io::Result<()> {
            std::io::copy(&mut stream.by_ref().take(from), &mut std::io::sink())?;
            let mut left = len;
            let mut piece = vec![0; 1 << 16];
            while left > 0 {
                let wanted = left.min(piece.len() as u64) as usize;
                stream.read_exact(&mut piece[..wanted])?;
                take(&piece[..wanted]);
                left -= wanted as u64;
            }
            Ok(())
        };
        inflate().map_err(|error| {
            Error::bad_model(path, format!("its record {} cannot be unpacked: {error}", self.name))
        })
    }
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from(u16_at(bytes, at)) | u32::from(u16_at(bytes, at + 2)) << 16
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}
