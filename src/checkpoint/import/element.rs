//! Types of numbers in files, and how they become `f32`.

use half::{bf16, f16};

/// The type of a tensor's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ElementType {
    /// 64-bit float.
    F64,
    /// 32-bit float.
    F32,
    /// 16-bit float of IEEE 754.
    F16,
    /// The upper half of a 32-bit float.
    Bf16,
    /// Whole number.
    I64,
    /// Whole number.
    I32,
    /// Whole number.
    I16,
    /// Whole number.
    I8,
    /// Whole number from 0 on.
    U8,
    /// True or false.
    Bool,
}

impl ElementType {
    const ALL: [(Self, &'static str, &'static str, &'static str); 10] = [
        (Self::F64, "F64", "DoubleStorage", "float64"),
        (Self::F32, "F32", "FloatStorage", "float32"),
        (Self::F16, "F16", "HalfStorage", "float16"),
        (Self::Bf16, "BF16", "BFloat16Storage", "bfloat16"),
        (Self::I64, "I64", "LongStorage", "int64"),
        (Self::I32, "I32", "IntStorage", "int32"),
        (Self::I16, "I16", "ShortStorage", "int16"),
        (Self::I8, "I8", "CharStorage", "int8"),
        (Self::U8, "U8", "ByteStorage", "uint8"),
        (Self::Bool, "BOOL", "BoolStorage", "bool"),
    ];

    /// The short name that safetensors files use.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|row| row.0 == self).map_or("", |row| row.1)
    }

    /// The type of that short name.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|row| row.1 == name).map(|row| row.0)
    }

    /// The type of a PyTorch storage class, `FloatStorage`.
    pub(super) fn from_storage(class: &str) -> Option<Self> {
        if class == "UntypedStorage" {
            return Some(Self::U8);
        }
        Self::ALL.iter().find(|row| row.2 == class).map(|row| row.0)
    }

    /// The type of PyTorch's `float32`.
    pub(super) fn from_torch(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|row| row.3 == name).map(|row| row.0)
    }

    /// Bytes of one number.
    pub fn bytes(self) -> u64 {
        match self {
            Self::F64 | Self::I64 => 8,
            Self::F32 | Self::I32 => 4,
            Self::F16 | Self::Bf16 | Self::I16 => 2,
            Self::I8 | Self::U8 | Self::Bool => 1,
        }
    }

    /// Whether it is a float: weights are.
    pub fn is_float(self) -> bool {
        matches!(self, Self::F64 | Self::F32 | Self::F16 | Self::Bf16)
    }

    /// The numbers in `bytes`, little-endian, behind those of `to`.
    pub(super) fn decode(self, bytes: &[u8], to: &mut Vec<f32>) {
        fn all<const N: usize>(bytes: &[u8], to: &mut Vec<f32>, one: impl Fn([u8; N]) -> f32) {
            let (numbers, _) = bytes.as_chunks::<N>();
            to.extend(numbers.iter().map(|number| one(*number)));
        }
        match self {
            Self::F64 => all(bytes, to, |b| f64::from_le_bytes(b) as f32),
            Self::F32 => all(bytes, to, f32::from_le_bytes),
            Self::F16 => all(bytes, to, |b| f16::from_le_bytes(b).to_f32()),
            Self::Bf16 => all(bytes, to, |b| bf16::from_le_bytes(b).to_f32()),
            Self::I64 => all(bytes, to, |b| i64::from_le_bytes(b) as f32),
            Self::I32 => all(bytes, to, |b| i32::from_le_bytes(b) as f32),
            Self::I16 => all(bytes, to, |b| f32::from(i16::from_le_bytes(b))),
            Self::I8 => all(bytes, to, |b| f32::from(i8::from_le_bytes(b))),
            Self::U8 => all(bytes, to, |b| f32::from(u8::from_le_bytes(b))),
            Self::Bool => all(bytes, to, |b: [u8; 1]| f32::from(u8::from(b[0] != 0))),
        }
    }
}
