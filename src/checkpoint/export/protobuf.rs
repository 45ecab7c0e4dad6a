//! The little of protocol buffers that a file in ONNX needs: numbers, and bytes with their length.

/// A message that is being written.
#[derive(Debug, Clone, Default)]
pub(super) struct Message(Vec<u8>);

impl Message {
    /// Its bytes.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn tag(&mut self, field: u64, wire: u64) {
        self.varint(field << 3 | wire);
    }

    /// A whole number.
    #[must_use]
    pub fn int(mut self, field: u64, value: i64) -> Self {
        self.tag(field, 0);
        self.varint(value as u64);
        self
    }

    /// A float of 32 bits.
    #[must_use]
    pub fn float(mut self, field: u64, value: f32) -> Self {
        self.tag(field, 5);
        self.0.extend(value.to_le_bytes());
        self
    }

    /// Text, or anything else that is bytes.
    #[must_use]
    pub fn bytes(mut self, field: u64, bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref();
        self.tag(field, 2);
        self.varint(bytes.len() as u64);
        self.0.extend(bytes);
        self
    }

    /// A message within this one.
    #[must_use]
    pub fn message(self, field: u64, inner: Self) -> Self {
        self.bytes(field, inner.0)
    }

    /// Whole numbers in a row.
    #[must_use]
    pub fn ints(self, field: u64, values: impl IntoIterator<Item = i64>) -> Self {
        let mut row = Self::default();
        values.into_iter().for_each(|value| row.varint(value as u64));
        self.bytes(field, row.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of the format's own documentation (protobuf.dev, "Encoding").
    #[test]
    fn messages_are_those_of_the_documentation() {
        assert_eq!(Message::default().int(1, 150).into_bytes(), [0x08, 0x96, 0x01]);
        let text = Message::default().bytes(2, "testing").into_bytes();
        assert_eq!(text, b"\x12\x07testing");
        let inner = Message::default().message(3, Message::default().int(1, 150)).into_bytes();
        assert_eq!(inner, [0x1a, 0x03, 0x08, 0x96, 0x01]);
        let row = Message::default().ints(6, [3, 270, 86_942]).into_bytes();
        assert_eq!(row, [0x32, 0x06, 0x03, 0x8e, 0x02, 0x9e, 0xa7, 0x05]);
        assert_eq!(Message::default().int(1, -2).into_bytes().len(), 11);
    }
}
