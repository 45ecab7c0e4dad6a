//! Losses and measures for TensorBoard.
//!
//! An event file is a row of records: the length (u64), a masked CRC-32C of those eight bytes, the
//! data, a masked CRC-32C of the data, all little-endian (TensorFlow's `tf_record`). The data is a
//! protocol buffer, `Event { 1: double wall_time, 2: int64 step, 3: string file_version,
//! 5: Summary { 1: Value { 1: string tag, 2: float simple_value } } }`. That is all there is to it,
//! so it is written here, without a library.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use super::log::Tail;
use crate::disk;
use crate::error::Result;

/// What the first record of every file says.
const VERSION: &str = "brain.Event:2";
/// Larger files are not read again; ten million steps are a quarter of it.
const MAX_BYTES: u64 = 4 << 30;

/// An event file, open for writing at its end.
#[derive(Debug)]
pub(super) struct EventFile(Tail);

/// Numbers of one step under their names.
#[derive(Debug, Clone, PartialEq)]
pub struct Scalars {
    /// The step.
    pub step: u64,
    /// Names such as `loss/discriminator`, each with its value.
    pub values: Vec<(String, f32)>,
}

impl EventFile {
    /// Opens the file at `path` to go on after `step`: later records, and one that was cut off, are
    /// dropped.
    ///
    /// # Errors
    /// [`crate::Error::Io`] if the file cannot be read or written.
    pub(super) fn open(path: &Path, step: u64) -> Result<Self> {
        let old = match path.exists() {
            true => disk::read_limited(path, MAX_BYTES)?,
            false => Vec::new(),
        };
        let mut kept = 0;
        for (data, end) in Records(&old, 0) {
            match scalars(data) {
                Some(scalars) if scalars.step > step => break,
                _ => kept = end,
            }
        }
        let mut start = old;
        start.truncate(kept);
        if start.is_empty() {
            let mut version = Vec::new();
            field(&mut version, 1, &seconds().to_le_bytes());
            text(&mut version, 3, VERSION.as_bytes());
            record(&mut start, &version);
        }
        Ok(Self(Tail::starting_with(path, &start)?))
    }

    /// Adds the numbers of some steps.
    ///
    /// # Errors
    /// As [`Tail::add`].
    pub(super) fn add<'a>(
        &mut self,
        all: impl IntoIterator<Item = (u64, Vec<(&'a str, f32)>)>,
    ) -> Result<()> {
        let mut bytes = Vec::new();
        let now = seconds();
        for (step, values) in all {
            record(&mut bytes, &event(now, step, &values));
        }
        self.0.add(&bytes)
    }
}

/// What the event file at `path` holds, up to a record that is cut off or damaged.
///
/// # Errors
/// [`crate::Error::Io`] if it cannot be read.
pub fn read_events(path: &Path) -> Result<Vec<Scalars>> {
    let bytes = disk::read_limited(path, MAX_BYTES)?;
    let with_values = |scalars: &Scalars| !scalars.values.is_empty();
    Ok(Records(&bytes, 0).filter_map(|(data, _)| scalars(data)).filter(with_values).collect())
}

/// Seconds since 1970, by which TensorBoard draws its time axes. The only thing in a run's folder
/// that depends on the clock.
fn seconds() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

fn event(wall_time: f64, step: u64, values: &[(&str, f32)]) -> Vec<u8> {
    let mut summary = Vec::new();
    for (tag, number) in values {
        let mut value = Vec::new();
        text(&mut value, 1, tag.as_bytes());
        value.push(2 << 3 | 5);
        value.extend(number.to_le_bytes());
        text(&mut summary, 1, &value);
    }
    let mut event = Vec::new();
    field(&mut event, 1, &wall_time.to_le_bytes());
    event.push(2 << 3);
    varint(&mut event, step);
    text(&mut event, 5, &summary);
    event
}

/// A field of eight fixed bytes.
fn field(out: &mut Vec<u8>, number: u8, bytes: &[u8; 8]) {
    out.push(number << 3 | 1);
    out.extend(bytes);
}

/// A field of so many bytes: text, or another message.
fn text(out: &mut Vec<u8>, number: u8, bytes: &[u8]) {
    out.push(number << 3 | 2);
    varint(out, bytes.len() as u64);
    out.extend(bytes);
}

fn varint(out: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        out.push(number as u8 & 0x7f | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn record(out: &mut Vec<u8>, data: &[u8]) {
    let length = (data.len() as u64).to_le_bytes();
    out.extend(length);
    out.extend(masked_crc(&length).to_le_bytes());
    out.extend(data);
    out.extend(masked_crc(data).to_le_bytes());
}

/// CRC-32C, turned and shifted so that a checksum over checksums still tells something.
fn masked_crc(bytes: &[u8]) -> u32 {
    crc(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// CRC-32C (Castagnoli's polynomial, bits reversed).
fn crc(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = table();
    !bytes.iter().fold(!0, |crc, &byte| crc >> 8 ^ TABLE[usize::from(crc as u8 ^ byte)])
}

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut crc = index as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0x82f6_3b78 } else { crc >> 1 };
            bit += 1;
        }
        table[index] = crc;
        index += 1;
    }
    table
}

/// The data of each sound record, with the place behind it.
struct Records<'a>(&'a [u8], usize);

impl<'a> Iterator for Records<'a> {
    type Item = (&'a [u8], usize);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.0.get(self.1..)?;
        let (length, rest) = rest.split_first_chunk::<8>()?;
        let (length_crc, rest) = rest.split_first_chunk::<4>()?;
        if u32::from_le_bytes(*length_crc) != masked_crc(length) {
            return None;
        }
        let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
        let (data, rest) = rest.split_at_checked(length)?;
        let (data_crc, _) = rest.split_first_chunk::<4>()?;
        if u32::from_le_bytes(*data_crc) != masked_crc(data) {
            return None;
        }
        self.1 += length + 16;
        Some((data, self.1))
    }
}

/// What a field of a protocol buffer holds.
enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// The next field of `bytes`, with its number.
fn next_field<'a>(bytes: &mut &'a [u8]) -> Option<(u64, Field<'a>)> {
    let key = read_varint(bytes)?;
    let field = match key & 7 {
        0 => Field::Number(read_varint(bytes)?),
        1 => Field::Bytes(take(bytes, 8)?),
        2 => {
            let length = usize::try_from(read_varint(bytes)?).ok()?;
            Field::Bytes(take(bytes, length)?)
        }
        5 => Field::Bytes(take(bytes, 4)?),
        _ => return None,
    };
    Some((key >> 3, field))
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(taken)
}

fn read_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = take(bytes, 1)?[0];
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// The step and numbers of an event.
fn scalars(mut event: &[u8]) -> Option<Scalars> {
    let mut found = Scalars { step: 0, values: Vec::new() };
    while !event.is_empty() {
        match next_field(&mut event)? {
            (2, Field::Number(step)) => found.step = step,
            (5, Field::Bytes(mut summary)) => {
                while !summary.is_empty() {
                    if let (1, Field::Bytes(value)) = next_field(&mut summary)? {
                        found.values.push(scalar(value)?);
                    }
                }
            }
            _ => {}
        }
    }
    Some(found)
}

fn scalar(mut value: &[u8]) -> Option<(String, f32)> {
    let (mut tag, mut number) = (String::new(), None);
    while !value.is_empty() {
        match next_field(&mut value)? {
            (1, Field::Bytes(text)) => tag = String::from_utf8_lossy(text).into_owned(),
            (2, Field::Bytes(bytes)) => number = Some(f32::from_le_bytes(bytes.try_into().ok()?)),
            _ => {}
        }
    }
    Some((tag, number?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3720, appendix B.4, and the usual check value.
    #[test]
    fn the_checksum_is_the_published_one() {
        assert_eq!(crc(b"123456789"), 0xe306_9283);
        assert_eq!(crc(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc(&[0xff; 32]), 0x62a8_ab43);
    }

    /// As `tests/pytorch/events.py` makes it from the format's description alone.
    #[test]
    fn a_record_has_the_bytes_of_the_format() {
        const EXPECTED: &str = "3a000000000000001295eae20900000000004a934010ac022a2c0a150a0e6c6f73732f67656e65726174\
                          6f72150000c0bf0a130a0c766572646963742f7265616c150000403ff137e736";
        let values = [("loss/generator", -1.5), ("verdict/real", 0.75)];
        let mut bytes = Vec::new();
        record(&mut bytes, &event(1234.5, 300, &values));
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, EXPECTED);
    }

    fn numbers(step: u64) -> (u64, Vec<(&'static str, f32)>) {
        (step, vec![("loss/discriminator", 0.5 * step as f32), ("loss/generator", -1.5)])
    }

    #[test]
    fn what_is_written_is_read_and_a_resume_repeats_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.out.tfevents.test");
        let steps = |path| read_events(path).unwrap().iter().map(|s| s.step).collect::<Vec<_>>();
        let mut file = EventFile::open(&path, 0).unwrap();
        file.add([numbers(1), numbers(2)]).unwrap();
        file.add([numbers(300)]).unwrap();
        drop(file);
        let events = read_events(&path).unwrap();
        assert_eq!(steps(&path), [1, 2, 300]);
        assert_eq!(events[2].values[0], ("loss/discriminator".to_owned(), 150.0));
        // Killed in the middle of a record, and gone on with from step 2.
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - 3]).unwrap();
        assert_eq!(steps(&path), [1, 2]);
        std::fs::write(&path, &bytes).unwrap();
        EventFile::open(&path, 2).unwrap().add([numbers(3)]).unwrap();
        assert_eq!(steps(&path), [1, 2, 3]);
        // A damaged record ends what can be read, and nothing panics whatever is in the file.
        let mut bytes = std::fs::read(&path).unwrap();
        for at in 0..bytes.len() {
            bytes[at] ^= 0x41;
            std::fs::write(&path, &bytes).unwrap();
            assert!(read_events(&path).unwrap().len() < 3, "byte {at}");
            bytes[at] ^= 0x41;
        }
    }
}
