//! What the numbers that come out of a network stand for, and how a picture in [-1, 1] is made of them:
//! here alone.

use serde::{Deserialize, Serialize};

use crate::ops::Activation;

/// Between which numbers a network's pictures lie as it draws them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Range {
    /// Between −1 and 1.
    #[default]
    Symmetric,
    /// Between 0 and 1.
    Unit,
    /// Between 0 and 255.
    Bytes,
}

impl Range {
    pub(super) fn is_symmetric(&self) -> bool {
        *self == Self::Symmetric
    }

    /// Factor and summand that bring what comes after `last` to [-1, 1], where the rest is cut off;
    /// `None` where it lies there as it is.
    pub fn to_picture(self, last: Activation) -> Option<(f64, f64)> {
        match self {
            Self::Symmetric => {
                let lies_there = matches!(last, Activation::Tanh | Activation::Sigmoid);
                (!lies_there).then_some((1.0, 0.0))
            }
            Self::Unit => Some((2.0, -1.0)),
            Self::Bytes => Some((1.0 / 127.5, -1.0)),
        }
    }
}

/// How a network from elsewhere ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Output {
    /// With tanh.
    #[default]
    Tanh,
    /// With a sigmoid: between 0 and 1.
    Sigmoid,
    /// With numbers between −1 and 1.
    Linear,
    /// With numbers between 0 and 1.
    Unit,
    /// With numbers between 0 and 255.
    Bytes,
}

impl Output {
    /// All of them, the usual ones first.
    pub const ALL: [Self; 5] = [Self::Tanh, Self::Sigmoid, Self::Linear, Self::Unit, Self::Bytes];

    pub(super) fn is_usual(&self) -> bool {
        *self == Self::default()
    }

    /// The last activation, and what its values stand for.
    pub fn parts(self) -> (Activation, Range) {
        match self {
            Self::Tanh => (Activation::Tanh, Range::Symmetric),
            Self::Sigmoid => (Activation::Sigmoid, Range::Unit),
            Self::Linear => (Activation::Linear, Range::Symmetric),
            Self::Unit => (Activation::Linear, Range::Unit),
            Self::Bytes => (Activation::Linear, Range::Bytes),
        }
    }

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Tanh => "tanh at the end: pictures between -1 and 1",
            Self::Sigmoid => "a sigmoid at the end: pictures between 0 and 1",
            Self::Linear => "no activation at the end: pictures between -1 and 1",
            Self::Unit => "no activation at the end: pictures between 0 and 1",
            Self::Bytes => "no activation at the end: pictures between 0 and 255",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::bounded;
    use candle_core::{Device, Tensor};

    /// The darkest and the brightest that each way to end can mean are black and white; beyond is cut off.
    #[test]
    fn every_output_reaches_black_and_white() {
        for (output, darkest, brightest) in [
            (Output::Sigmoid, 0.0, 1.0),
            (Output::Linear, -1.0, 1.0),
            (Output::Unit, 0.0, 1.0),
            (Output::Bytes, 0.0, 255.0),
        ] {
            let (last, range) = output.parts();
            let (scale, shift) = range.to_picture(last).unwrap();
            let middle = 0.5 * (darkest + brightest);
            let given = [darkest, middle, brightest, darkest - 300.0, brightest + 300.0];
            let x = Tensor::new(&given.map(|value: f64| value as f32), &Device::Cpu).unwrap();
            let picture = bounded(&x, scale, shift).unwrap().to_vec1::<f32>().unwrap();
            for (got, expected) in picture.iter().zip([-1.0, 0.0, 1.0, -1.0, 1.0]) {
                assert!((got - expected).abs() < 1e-6, "{output:?}: {picture:?}");
            }
        }
        let (last, range) = Output::Tanh.parts();
        assert_eq!(range.to_picture(last), None);
    }
}
