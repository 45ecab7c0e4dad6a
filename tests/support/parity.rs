//! What the tests of parity with PyTorch share: the twins of `tests/pytorch/models.py`.

use std::collections::BTreeMap;

use candle_core::{Device, Tensor};
use latentscape::model::{Params, Shape};
use serde::Deserialize;

/// With the usual eps of 1e-8, Adam's first step is the bare sign of each gradient, and rounding alone
/// decides it where a gradient is nearly 0. These make the step proportional to the gradient;
/// `ops_parity.rs` has the usual one.
pub const LR: f64 = 2e-3;
pub const EPS: f64 = 1.0;

/// Some values of a tensor, with their places in it.
#[derive(Deserialize)]
pub struct Some {
    at: Vec<usize>,
    is: Vec<f32>,
}

/// As `zlib.crc32`.
fn crc32(text: &str) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(text.as_bytes());
    crc.sum()
}

/// The twin of `fill` in `models.py`.
pub fn fill(name: &str, dims: &[usize], low: f64, high: f64) -> Tensor {
    let seed = crc32(name);
    let values: Vec<f32> = (0..dims.iter().product::<usize>() as u32)
        .map(|i| {
            let mut x = i ^ seed;
            x ^= x >> 16;
            x = x.wrapping_mul(0x7feb_352d);
            x ^= x >> 15;
            x = x.wrapping_mul(0x846c_a68b);
            x ^= x >> 16;
            (low + (high - low) * f64::from(x) / 4_294_967_296.0) as f32
        })
        .collect();
    Tensor::from_vec(values, dims, &Device::Cpu).unwrap()
}

/// The twin of `weights` in `models.py`.
pub fn weights(prefix: &str, shapes: Vec<Shape>) -> BTreeMap<String, Tensor> {
    let tensor = |(name, dims): Shape| {
        let (low, high) = if name.ends_with("running_var") {
            (0.8, 1.2)
        } else if name.ends_with("running_mean") {
            (-0.1, 0.1)
        } else if dims.len() == 1 && name.ends_with("weight") {
            (0.95, 1.05)
        } else if dims.len() == 1 {
            (-0.05, 0.05)
        } else {
            let bound = (3.0 / dims[1..].iter().product::<usize>() as f64).sqrt();
            (-bound, bound)
        };
        let tensor = fill(&format!("{prefix}{name}"), &dims, low, high);
        (name, tensor)
    };
    shapes.into_iter().map(tensor).collect()
}

/// Says so if a value is further than 1e-4 from PyTorch's.
pub fn compare(what: &str, got: &Tensor, expected: &Some) {
    let got = got.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    assert!(!expected.at.is_empty(), "{what}: nothing to compare");
    for (&at, &is) in expected.at.iter().zip(&expected.is) {
        assert!((got[at] - is).abs() < 1e-4, "{what}[{at}] is {}, PyTorch has {is}", got[at]);
    }
}

/// Puts `weights` into `params`.
pub fn set(params: &Params, weights: &BTreeMap<String, Tensor>) {
    for param in params.iter() {
        param.var.set(&weights[&param.name]).unwrap();
    }
}
