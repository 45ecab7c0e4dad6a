//! Generators in ONNX (onnx.ai, IR version 8, opset 17): what they compute in use, with the weights.
//!
//! Input `latents` `[batch, z]`, or `pictures_in` `[batch, C, H, W]`; output `pictures`
//! `[batch, C, H, W]` in [-1, 1]. Field numbers are those of `onnx.proto3`.

use std::io::Write;
use std::path::Path;

use candle_core::{Device, Tensor};

use super::protobuf::Message;
use crate::checkpoint::ModelFile;
use crate::checkpoint::model_file::KEY;
use crate::disk;
use crate::error::{Error, Result};
use crate::model::{Operation, Takes};
use crate::ops::Activation;

const IR_VERSION: i64 = 8;
const OPSET: i64 = 17;
/// Types of numbers, and of attributes.
const FLOAT: i64 = 1;
const INT64: i64 = 7;
const ATTRIBUTE: [i64; 4] = [1, 2, 3, 7];

/// What stands at a node.
enum Attribute<'a> {
    Float(f64),
    Int(i64),
    Text(&'a str),
    Ints(Vec<usize>),
}

/// The graph as it is written: nodes and weights with names that count up.
#[derive(Default)]
struct Graph {
    body: Message,
    values: usize,
    weights: usize,
}

/// Writes the averaged generator of `model`.
pub(super) fn write(model: &ModelFile, path: &Path) -> Result<()> {
    let info = model.info();
    let generator = model.generator(&Device::Cpu)?;
    let (height, width) = info.spec.size();
    let (input, dims) = match info.spec.takes() {
        Takes::Latent { dims } => ("latents", vec![dims]),
        Takes::Picture { channels, height, width } => {
            ("pictures_in", vec![channels, height, width])
        }
    };
    let mut graph = Graph::default();
    let last = graph.row(&generator.operations()?, input.to_owned())?;
    let last = graph.node("Identity", &[&last], "pictures", &[]);
    let body = std::mem::take(&mut graph.body)
        .bytes(2, &info.name)
        .message(11, value(input, &dims))
        .message(12, value(&last, &[info.spec.channels(), height, width]));
    let about = serde_json::to_string(info)
        .map_err(|error| Error::bad_model(path, format!("its description: {error}")))?;
    let bytes = Message::default()
        .int(1, IR_VERSION)
        .bytes(2, "latentscape")
        .bytes(3, env!("CARGO_PKG_VERSION"))
        .message(7, body)
        .message(8, Message::default().bytes(1, "").int(2, OPSET))
        .message(14, Message::default().bytes(1, KEY).bytes(2, about))
        .into_bytes();
    disk::write_atomic_with(path, |file| file.write_all(&bytes))
}

/// Name and dimensions of what goes in or comes out, behind the batch's.
fn value(name: &str, dims: &[usize]) -> Message {
    let batch = Message::default().bytes(2, "batch");
    let shape = dims.iter().fold(Message::default().message(1, batch), |shape, dim| {
        shape.message(1, Message::default().int(1, *dim as i64))
    });
    let tensor = Message::default().int(1, FLOAT).message(2, shape);
    Message::default().bytes(1, name).message(2, Message::default().message(1, tensor))
}

impl Graph {
    fn next(&mut self) -> String {
        self.values += 1;
        format!("value{}", self.values)
    }

    /// Adds a node; its output is called `output`.
    fn node(
        &mut self,
        operator: &str,
        inputs: &[&str],
        output: &str,
        attributes: &[(&str, Attribute)],
    ) -> String {
        let node = inputs.iter().fold(Message::default(), |node, input| node.bytes(1, input));
        let node =
            node.bytes(2, output).bytes(3, format!("{operator}_{output}")).bytes(4, operator);
        let node = attributes.iter().fold(node, |node, (name, attribute)| {
            let named = Message::default().bytes(1, name);
            let [float, int, text, ints] = ATTRIBUTE;
            node.message(
                5,
                match attribute {
                    Attribute::Float(value) => named.float(2, *value as f32).int(20, float),
                    Attribute::Int(value) => named.int(3, *value).int(20, int),
                    Attribute::Text(value) => named.bytes(4, value).int(20, text),
                    Attribute::Ints(values) => {
                        named.ints(8, values.iter().map(|value| *value as i64)).int(20, ints)
                    }
                },
            )
        });
        self.body = std::mem::take(&mut self.body).message(1, node);
        output.to_owned()
    }

    fn add(&mut self, operator: &str, inputs: &[&str], attributes: &[(&str, Attribute)]) -> String {
        let output = self.next();
        self.node(operator, inputs, &output, attributes)
    }

    fn constant(&mut self, what: &str, dims: &[usize], kind: i64, bytes: Vec<u8>) -> String {
        self.weights += 1;
        let name = format!("{what}{}", self.weights);
        let tensor = Message::default()
            .ints(1, dims.iter().map(|dim| *dim as i64))
            .int(2, kind)
            .bytes(8, &name)
            .bytes(9, bytes);
        self.body = std::mem::take(&mut self.body).message(5, tensor);
        name
    }

    fn floats(&mut self, what: &str, dims: &[usize], values: &[f32]) -> String {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.constant(what, dims, FLOAT, bytes)
    }

    fn weight(&mut self, what: &str, tensor: &Tensor) -> Result<String> {
        let values = tensor.flatten_all()?.to_vec1::<f32>()?;
        Ok(self.floats(what, tensor.dims(), &values))
    }

    fn row(&mut self, row: &[Operation], given: String) -> Result<String> {
        row.iter().try_fold(given, |given, operation| self.operation(operation, &given))
    }

    fn operation(&mut self, operation: &Operation, given: &str) -> Result<String> {
        Ok(match operation {
            Operation::Reshape(dims) => {
                // A zero leaves the batch's dimension as it is.
                let all = std::iter::once(0).chain(dims.iter().map(|dim| *dim as i64));
                let bytes = all.flat_map(i64::to_le_bytes).collect();
                let shape = self.constant("shape", &[dims.len() + 1], INT64, bytes);
                self.add("Reshape", &[given, &shape], &[])
            }
            Operation::Linear { weight, bias } => {
                let mut inputs = vec![given.to_owned(), self.weight("weight", weight)?];
                if let Some(bias) = bias {
                    inputs.push(self.weight("bias", bias)?);
                }
                let inputs: Vec<_> = inputs.iter().map(String::as_str).collect();
                self.add("Gemm", &inputs, &[("transB", Attribute::Int(1))])
            }
            Operation::Conv { weight, bias, geometry, transposed } => {
                let mut inputs = vec![given.to_owned(), self.weight("weight", weight)?];
                if let Some(bias) = bias {
                    inputs.push(self.weight("bias", bias)?);
                }
                let inputs: Vec<_> = inputs.iter().map(String::as_str).collect();
                let ((down, right), (above, left)) = (geometry.stride, geometry.padding);
                let attributes = [
                    ("kernel_shape", Attribute::Ints(weight.dims()[2..].to_vec())),
                    ("strides", Attribute::Ints(vec![down, right])),
                    ("pads", Attribute::Ints(vec![above, left, above, left])),
                ];
                self.add(if *transposed { "ConvTranspose" } else { "Conv" }, &inputs, &attributes)
            }
            Operation::BatchNorm { tensors, eps } => {
                let mut inputs = vec![given.to_owned()];
                for (what, tensor) in ["scale", "shift", "mean", "variance"].iter().zip(tensors) {
                    inputs.push(self.weight(what, tensor)?);
                }
                let inputs: Vec<_> = inputs.iter().map(String::as_str).collect();
                self.add("BatchNormalization", &inputs, &[("epsilon", Attribute::Float(*eps))])
            }
            Operation::InstanceNorm { channels, eps } => {
                let scale = self.floats("scale", &[*channels], &vec![1.0; *channels]);
                let shift = self.floats("shift", &[*channels], &vec![0.0; *channels]);
                let epsilon = [("epsilon", Attribute::Float(*eps))];
                self.add("InstanceNormalization", &[given, &scale, &shift], &epsilon)
            }
            Operation::GroupNorm { groups, tensors: [weight, bias], eps, is_flat } => {
                // As the norm of each channel of a row of values: each group is a channel there.
                let zero_groups_rest = [0i64, *groups as i64, -1];
                let bytes = zero_groups_rest.into_iter().flat_map(i64::to_le_bytes).collect();
                let shape = self.constant("shape", &[3], INT64, bytes);
                let rows = self.add("Reshape", &[given, &shape], &[]);
                let one = self.floats("scale", &[*groups], &vec![1.0; *groups]);
                let zero = self.floats("shift", &[*groups], &vec![0.0; *groups]);
                let epsilon = [("epsilon", Attribute::Float(*eps))];
                let rows = self.add("InstanceNormalization", &[&rows, &one, &zero], &epsilon);
                let shape = self.add("Shape", &[given], &[]);
                let normed = self.add("Reshape", &[&rows, &shape], &[]);
                let channels = weight.elem_count();
                let dims = if *is_flat { vec![channels] } else { vec![channels, 1, 1] };
                let weight = self.weight("weight", &weight.reshape(dims.as_slice())?)?;
                let bias = self.weight("bias", &bias.reshape(dims.as_slice())?)?;
                let scaled = self.add("Mul", &[&normed, &weight], &[]);
                self.add("Add", &[&scaled, &bias], &[])
            }
            Operation::Bounded { scale, shift } => {
                let [scale, shift] = [scale, shift].map(|value| [*value as f32]);
                let factor = self.floats("factor", &[], &scale);
                let summand = self.floats("summand", &[], &shift);
                let [low, high] = [[-1.0], [1.0]].map(|bound| self.floats("bound", &[], &bound));
                let scaled = self.add("Mul", &[given, &factor], &[]);
                let shifted = self.add("Add", &[&scaled, &summand], &[]);
                self.add("Clip", &[&shifted, &low, &high], &[])
            }
            Operation::Activate(activation) => match activation {
                Activation::Linear => given.to_owned(),
                Activation::Relu => self.add("Relu", &[given], &[]),
                Activation::LeakyRelu(slope) => {
                    let slope = Attribute::Float(f64::from(*slope));
                    self.add("LeakyRelu", &[given], &[("alpha", slope)])
                }
                Activation::Tanh => self.add("Tanh", &[given], &[]),
                Activation::Sigmoid => self.add("Sigmoid", &[given], &[]),
                Activation::Elu => self.add("Elu", &[given], &[]),
                Activation::Selu => self.add("Selu", &[given], &[]),
            },
            Operation::Enlarge => {
                let scales = self.floats("scales", &[4], &[1.0, 1.0, 2.0, 2.0]);
                let attributes = [
                    ("mode", Attribute::Text("nearest")),
                    ("coordinate_transformation_mode", Attribute::Text("asymmetric")),
                    ("nearest_mode", Attribute::Text("floor")),
                ];
                self.add("Resize", &[given, "", &scales], &attributes)
            }
            Operation::Skip(inner) => {
                let own = self.add("Relu", &[given], &[]);
                let made = self.row(inner, given.to_owned())?;
                self.add("Concat", &[&own, &made], &[("axis", Attribute::Int(1))])
            }
            Operation::Blend { ways: [first, second], share } => {
                let mut parts = Vec::new();
                for (way, share) in [(first, 1.0 - share), (second, *share)] {
                    let made = self.row(way, given.to_owned())?;
                    let factor = self.floats("share", &[], &[share as f32]);
                    parts.push(self.add("Mul", &[&made, &factor], &[]));
                }
                self.add("Add", &[&parts[0], &parts[1]], &[])
            }
        })
    }
}
