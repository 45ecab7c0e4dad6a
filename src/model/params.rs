//! Named parameters of a network, and the builder that hands them to its layers.
//!
//! A network asks a [`Builder`] for each of its tensors by name and shape. Where they come from is
//! the builder's affair: drawn at random, taken from a file, or not there at all when only names and
//! shapes are wanted.

use std::collections::BTreeMap;

use candle_core::{DType, Device, Tensor, Var};
use rand_chacha::ChaCha8Rng;

use crate::error::{Error, Result};
use crate::ops::init;

/// Name and dimensions of one parameter.
pub type Shape = (String, Vec<usize>);

/// How a parameter starts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Init {
    /// All values alike.
    Constant(f32),
    /// Normal with this mean and standard deviation.
    Normal(f32, f32),
    /// Uniform between minus and plus this.
    Uniform(f32),
}

/// One named tensor of a network.
#[derive(Debug, Clone)]
pub struct Param {
    /// Name in the state dict, e.g. `main.0.weight`.
    pub name: String,
    /// The values; layers hold the same storage.
    pub var: Var,
    /// Whether the optimiser changes it. Running statistics are not trained.
    pub trained: bool,
}

/// All parameters of one network, in the order in which its layers asked for them.
#[derive(Debug, Clone, Default)]
pub struct Params(Vec<Param>);

impl Params {
    /// The parameters in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Param> {
        self.0.iter()
    }

    /// Those that the optimiser changes.
    pub fn trained(&self) -> impl Iterator<Item = &Param> {
        self.0.iter().filter(|param| param.trained)
    }

    /// The parameter called `name`.
    pub fn get(&self, name: &str) -> Option<&Param> {
        self.0.iter().find(|param| param.name == name)
    }

    /// How many numbers all of them hold.
    pub fn count(&self) -> usize {
        self.0.iter().map(|param| param.var.elem_count()).sum()
    }

    /// Names with tensors, sorted by name.
    pub fn tensors(&self) -> BTreeMap<String, Tensor> {
        self.0.iter().map(|param| (param.name.clone(), param.var.as_tensor().clone())).collect()
    }

    /// Copies every value into fresh storage.
    ///
    /// # Errors
    /// [`Error::Tensor`] if the device is out of memory.
    pub fn snapshot(&self) -> Result<BTreeMap<String, Tensor>> {
        let copy = |param: &Param| Ok((param.name.clone(), param.var.as_tensor().copy()?));
        self.0.iter().map(copy).collect()
    }
}

enum Source<'a> {
    Random(&'a mut ChaCha8Rng),
    Given(&'a BTreeMap<String, Tensor>),
    /// Given where there is one of that name, else drawn.
    Completed(&'a BTreeMap<String, Tensor>, &'a mut ChaCha8Rng),
    Shapes(Vec<Shape>),
}

/// Gives layers their tensors, by name and shape.
pub struct Builder<'a> {
    source: Source<'a>,
    device: Device,
    params: Params,
}

impl<'a> Builder<'a> {
    /// New parameters, drawn from `rng`.
    pub fn random(rng: &'a mut ChaCha8Rng, device: &Device) -> Self {
        Self { source: Source::Random(rng), device: device.clone(), params: Params::default() }
    }

    /// Copies of `tensors`, each of which must be there with the right shape.
    pub fn given(tensors: &'a BTreeMap<String, Tensor>, device: &Device) -> Self {
        Self { source: Source::Given(tensors), device: device.clone(), params: Params::default() }
    }

    /// Copies of `tensors`, and new parameters, drawn from `rng`, where there is none of that name.
    pub fn completed(
        tensors: &'a BTreeMap<String, Tensor>,
        rng: &'a mut ChaCha8Rng,
        device: &Device,
    ) -> Self {
        let source = Source::Completed(tensors, rng);
        Self { source, device: device.clone(), params: Params::default() }
    }

    /// Names and shapes of all parameters that `build` asks for, without allocating any.
    ///
    /// # Errors
    /// Whatever `build` returns.
    pub fn shapes<N>(build: impl FnOnce(&mut Builder) -> Result<N>) -> Result<Vec<Shape>> {
        let mut builder = Builder {
            source: Source::Shapes(Vec::new()),
            device: Device::Cpu,
            params: Params::default(),
        };
        build(&mut builder)?;
        match builder.source {
            Source::Shapes(shapes) => Ok(shapes),
            _ => Ok(Vec::new()),
        }
    }

    /// All parameters that were asked for.
    pub fn finish(self) -> Params {
        self.params
    }

    /// A tensor that is trained.
    pub(super) fn weight(&mut self, name: &str, dims: &[usize], init: Init) -> Result<Tensor> {
        self.tensor(name, dims, init, true)
    }

    /// A running statistic `[dims]`, which starts at `value`.
    pub(super) fn statistic(&mut self, name: &str, dims: usize, value: f32) -> Result<Tensor> {
        self.tensor(name, &[dims], Init::Constant(value), false)
    }

    fn tensor(&mut self, name: &str, dims: &[usize], start: Init, trained: bool) -> Result<Tensor> {
        let device = &self.device;
        let var = match &mut self.source {
            Source::Random(rng) => drawn(start, dims, rng, device)?,
            Source::Given(tensors) => {
                copied(name, tensors.get(name).ok_or_else(|| missing(name))?, dims, device)?
            }
            Source::Completed(tensors, rng) => match tensors.get(name) {
                Some(given) => copied(name, given, dims, device)?,
                None => drawn(start, dims, rng, device)?,
            },
            Source::Shapes(shapes) => {
                shapes.push((name.to_owned(), dims.to_vec()));
                return Ok(Tensor::zeros(0, DType::F32, device)?);
            }
        };
        let tensor = var.as_tensor().clone();
        self.params.0.push(Param { name: name.to_owned(), var, trained });
        Ok(tensor)
    }
}

fn drawn(start: Init, dims: &[usize], rng: &mut ChaCha8Rng, device: &Device) -> Result<Var> {
    Ok(Var::from_tensor(&match start {
        Init::Constant(value) => Tensor::full(value, dims, device)?,
        Init::Normal(mean, std) => init::normal(dims, mean, std, rng, device)?,
        Init::Uniform(bound) => init::uniform(dims, -bound, bound, rng, device)?,
    })?)
}

fn copied(name: &str, given: &Tensor, dims: &[usize], device: &Device) -> Result<Var> {
    if given.dims() != dims {
        return Err(Error::bad_setting(
            name,
            format!("has shape {:?}, and {dims:?} is needed", given.dims()),
        ));
    }
    Ok(Var::from_tensor(&given.to_device(device)?.to_dtype(DType::F32)?.copy()?)?)
}

fn missing(name: &str) -> Error {
    Error::bad_setting(name, "this parameter is missing")
}
