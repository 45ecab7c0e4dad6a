//! The bytes of a pickle, one argument after the other.

use std::io::Read;

use super::{MAX_BYTES, Why};

/// Reads arguments of instructions; never more than [`MAX_BYTES`] together.
pub(super) struct Reader<'a> {
    from: &'a mut dyn Read,
    left: u64,
}

impl<'a> Reader<'a> {
    pub fn new(from: &'a mut dyn Read) -> Self {
        Self { from, left: MAX_BYTES }
    }

    /// `len` bytes.
    pub fn bytes(&mut self, len: u64) -> Result<Vec<u8>, Why> {
        if len > self.left {
            return Err(format!("its pickle claims to have more than {MAX_BYTES} bytes"));
        }
        self.left -= len;
        // Memory is asked for as the bytes arrive, not as they are announced.
        let mut bytes = Vec::new();
        let read = (&mut *self.from).take(len).read_to_end(&mut bytes).map_err(cut)?;
        if (read as u64) < len { Err(CUT.into()) } else { Ok(bytes) }
    }

    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Why> {
        if (N as u64) > self.left {
            return Err(format!("its pickle has more than {MAX_BYTES} bytes"));
        }
        self.left -= N as u64;
        let mut bytes = [0; N];
        self.from.read_exact(&mut bytes).map_err(cut)?;
        Ok(bytes)
    }

    pub fn u8(&mut self) -> Result<u8, Why> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub fn u16(&mut self) -> Result<u16, Why> {
        self.array().map(u16::from_le_bytes)
    }

    pub fn u32(&mut self) -> Result<u32, Why> {
        self.array().map(u32::from_le_bytes)
    }

    pub fn i32(&mut self) -> Result<i32, Why> {
        self.array().map(i32::from_le_bytes)
    }

    pub fn u64(&mut self) -> Result<u64, Why> {
        self.array().map(u64::from_le_bytes)
    }

    /// Floats alone are big-endian.
    pub fn f64(&mut self) -> Result<f64, Why> {
        self.array().map(f64::from_be_bytes)
    }

    /// Up to the end of the line, without it.
    pub fn line(&mut self) -> Result<String, Why> {
        let mut line = Vec::new();
        loop {
            match self.u8()? {
                b'\n' => break,
                byte => line.push(byte),
            }
        }
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Ok(text(line).into())
    }

    /// A whole number in `len` bytes, two's complement; what is too large becomes the largest.
    pub fn long(&mut self, len: u64) -> Result<i64, Why> {
        let bytes = self.bytes(len)?;
        let negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
        let filler = if negative { 0xff } else { 0 };
        if bytes.iter().skip(8).any(|byte| *byte != filler) {
            return Ok(if negative { i64::MIN } else { i64::MAX });
        }
        let mut value = [filler; 8];
        for (to, from) in value.iter_mut().zip(&bytes) {
            *to = *from;
        }
        let value = i64::from_le_bytes(value);
        // Eight bytes of which the sign did not fit.
        Ok(if (value < 0) == negative {
            value
        } else if negative {
            i64::MIN
        } else {
            i64::MAX
        })
    }
}

/// Text that may come from Python 2, where it was bytes.
pub(super) fn text(bytes: Vec<u8>) -> Box<str> {
    match String::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(error) => {
            error.as_bytes().iter().map(|byte| char::from(*byte)).collect::<String>().into()
        }
    }
}

const CUT: &str = "its pickle is cut off; download or copy it again";

fn cut(error: std::io::Error) -> Why {
    match error.kind() {
        std::io::ErrorKind::UnexpectedEof => CUT.into(),
        _ => format!("its pickle cannot be read: {error}"),
    }
}
