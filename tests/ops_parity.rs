//! The kernels of `latentscape::ops` against numbers from PyTorch, in double precision:
//! `tests/pytorch/ops.py` made them.

#![allow(clippy::unwrap_used)]

use candle_core::{Device, Tensor, Var};
use latentscape::ops::{self, Activation, ConvGeometry, update};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// Largest error allowed, relative to the largest expected value of the tensor.
const TOLERANCE: f64 = 1e-5;

#[derive(Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
enum Case {
    Conv {
        transposed: bool,
        stride: (usize, usize),
        padding: (usize, usize),
        output_padding: (usize, usize),
    },
    BatchNorm {
        activation: String,
        eps: f64,
        momentum: f64,
    },
    ScaleShift {
        activation: String,
    },
    Adam {
        lr: f64,
        beta1: f64,
        beta2: f64,
        eps: f64,
        steps: u64,
    },
}

/// The expected numbers of one case.
struct Expected<'a> {
    name: &'a str,
    tensors: &'a HashMap<String, Tensor>,
}

impl Expected<'_> {
    fn tensor(&self, key: &str) -> &Tensor {
        &self.tensors[&format!("{}.{key}", self.name)]
    }

    fn var(&self, key: &str) -> Var {
        Var::from_tensor(self.tensor(key)).unwrap()
    }

    fn check(&self, key: &str, got: &Tensor) {
        let expected = self.tensor(key);
        assert_eq!(got.dims(), expected.dims(), "shape of {}.{key}", self.name);
        let values = |tensor: &Tensor| tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let (got, expected) = (values(got), values(expected));
        let size = expected.iter().fold(0.0, |size: f64, value| size.max(f64::from(value.abs())));
        let error = got
            .iter()
            .zip(&expected)
            .map(|(got, expected)| (f64::from(*got) - f64::from(*expected)).abs())
            .fold(0.0, |worst: f64, error| if error >= worst { error } else { worst.max(error) });
        assert!(got.iter().all(|value| value.is_finite()), "{}.{key} is not finite", self.name);
        assert!(error <= TOLERANCE * size, "{}.{key}: off by {error} of {size}", self.name);
    }

    /// Backpropagates the case's `grad` through `y`; checks `y` and `d…` of each variable.
    fn check_backward(&self, y: &Tensor, variables: &[(&str, &Var)]) {
        self.check("y", y);
        let loss = y.mul(self.tensor("grad")).unwrap().sum_all().unwrap();
        let gradients = loss.backward().unwrap();
        for (key, variable) in variables {
            self.check(&format!("d{key}"), gradients.get(variable).unwrap());
        }
    }
}

/// PyTorch's `[B, C, H, W]` as `[B, H, W, C]`; `[B, C]` as it is.
fn channels_last(x: &Tensor) -> Tensor {
    if x.rank() == 4 { x.permute((0, 2, 3, 1)).unwrap() } else { x.clone() }
}

/// The reverse of [`channels_last`].
fn channels_first(x: &Tensor) -> Tensor {
    if x.rank() == 4 { x.permute((0, 3, 1, 2)).unwrap() } else { x.clone() }
}

fn activation(name: &str) -> Activation {
    match name {
        "linear" => Activation::Linear,
        "relu" => Activation::Relu,
        "leaky_relu" => Activation::LeakyRelu(0.2),
        "tanh" => Activation::Tanh,
        "sigmoid" => Activation::Sigmoid,
        other => panic!("no activation {other}"),
    }
}

fn check(case: &Case, expected: &Expected) {
    match case {
        Case::Conv { transposed, stride, padding, output_padding } => {
            let (x, w) = (expected.var("x"), expected.var("w"));
            let geometry = ConvGeometry { stride: *stride, padding: *padding };
            let pictures = channels_last(&x);
            let y = if *transposed {
                ops::conv_transpose2d(&pictures, &w, geometry, *output_padding)
            } else {
                ops::conv2d(&pictures, &w, geometry)
            };
            expected.check_backward(&channels_first(&y.unwrap()), &[("x", &x), ("w", &w)]);
        }
        Case::BatchNorm { activation: name, eps, momentum } => {
            let [x, weight, bias] = ["x", "weight", "bias"].map(|key| expected.var(key));
            let f = activation(name);
            let (y, stats) = ops::batch_norm(&channels_last(&x), &weight, &bias, *eps, f).unwrap();
            let variables = [("x", &x), ("weight", &weight), ("bias", &bias)];
            expected.check_backward(&channels_first(&y), &variables);
            let mean = stats.mean.zeros_like().unwrap();
            update::lerp(&mean, &stats.mean, *momentum).unwrap();
            expected.check("running_mean", &mean);
            let variance = stats.mean.ones_like().unwrap();
            update::lerp(&variance, &stats.var_unbiased, *momentum).unwrap();
            expected.check("running_var", &variance);
        }
        Case::ScaleShift { activation: name } => {
            let [x, scale, shift] = ["x", "scale", "shift"].map(|key| expected.var(key));
            let (f, pictures) = (activation(name), channels_last(&x));
            let y = ops::scale_shift(&pictures, Some(&scale), Some(&shift), f).unwrap();
            let variables = [("x", &x), ("scale", &scale), ("shift", &shift)];
            expected.check_backward(&channels_first(&y), &variables);
        }
        Case::Adam { lr, beta1, beta2, eps, steps } => {
            let param = expected.var("start");
            let moments =
                Tensor::zeros((2, param.elem_count()), param.dtype(), param.device()).unwrap();
            for step in 0..*steps {
                let hyper = update::AdamHyper {
                    lr: *lr,
                    beta1: *beta1,
                    beta2: *beta2,
                    eps: *eps,
                    step: step + 1,
                };
                let grad = expected.tensor(&format!("grad{step}"));
                update::adam(&param, grad, &moments, hyper).unwrap();
                expected.check(&format!("param{step}"), &param);
            }
            let moment = |index| moments.get(index).unwrap().reshape(param.shape()).unwrap();
            expected.check("first", &moment(0));
            expected.check("second", &moment(1));
        }
    }
}

#[test]
fn kernels_match_pytorch() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pytorch/ops.safetensors");
    let file = std::fs::read(path).unwrap();
    let (_, header) = safetensors::SafeTensors::read_metadata(&file).unwrap();
    let metadata = header.metadata().as_ref().unwrap();
    let cases: BTreeMap<String, Case> = serde_json::from_str(&metadata["cases"]).unwrap();
    let tensors = candle_core::safetensors::load_buffer(&file, &Device::Cpu).unwrap();
    assert!(cases.len() >= 25, "all cases are there");
    for (name, case) in &cases {
        check(case, &Expected { name, tensors: &tensors });
    }
}
