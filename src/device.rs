//! Where networks are computed: processor, NVIDIA or Apple GPU.

use std::fmt;
use std::str::FromStr;

use candle_core::Device;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// A device as a person names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum DeviceChoice {
    /// The first GPU there is, else the processor.
    #[default]
    Auto,
    /// The processor.
    Cpu,
    /// An NVIDIA GPU by number.
    Cuda(usize),
    /// The Apple GPU.
    Metal,
}

/// What became of a [`DeviceChoice`].
#[derive(Debug, Clone)]
pub struct OpenDevice {
    /// For tensors.
    pub device: Device,
    /// Its name as a [`DeviceChoice`] would be written.
    pub name: String,
    /// Why `auto` took the processor, where that is worth saying.
    pub note: Option<String>,
}

impl DeviceChoice {
    /// Opens the device.
    ///
    /// # Errors
    /// [`Error::NoDevice`] if it was asked for by name and is not in this build or this machine.
    pub fn open(self) -> Result<OpenDevice> {
        let opened = |device, note| OpenDevice { device, name: self.to_string(), note };
        match self {
            Self::Cpu => Ok(opened(Device::Cpu, None)),
            Self::Cuda(index) => Ok(opened(cuda(index)?, None)),
            Self::Metal => Ok(opened(metal()?, None)),
            Self::Auto => {
                let first = match (cfg!(feature = "cuda"), cfg!(feature = "metal")) {
                    (true, _) => Some(Self::Cuda(0)),
                    (_, true) => Some(Self::Metal),
                    _ => None,
                };
                let note = match first.map(Self::open) {
                    Some(Ok(open)) => return Ok(open),
                    Some(Err(error)) => Some(format!("computing on the processor: {error}")),
                    None => None,
                };
                Ok(OpenDevice { device: Device::Cpu, name: Self::Cpu.to_string(), note })
            }
        }
    }
}

/// A line for each kind of device: its name, and what it is or why it cannot be used.
pub fn list() -> Vec<(String, Result<String>)> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut lines = vec![("cpu".to_owned(), Ok(format!("{cores} cores")))];
    for index in 0..16 {
        let choice = DeviceChoice::Cuda(index);
        match choice.open() {
            Ok(_) => lines.push((choice.to_string(), Ok("NVIDIA GPU".to_owned()))),
            Err(error) if index == 0 => lines.push((choice.to_string(), Err(error))),
            Err(_) => break,
        }
    }
    let metal = DeviceChoice::Metal.open().map(|_| "Apple GPU".to_owned());
    lines.push(("metal".to_owned(), metal));
    lines
}

fn cuda(index: usize) -> Result<Device> {
    let asked = DeviceChoice::Cuda(index).to_string();
    if !cfg!(feature = "cuda") {
        let why = "this build has no CUDA support; build with --features cuda, or use cpu";
        return Err(Error::NoDevice { asked, why: why.into() });
    }
    // The driver's binding panics instead of returning an error where a library is missing.
    match std::panic::catch_unwind(|| Device::new_cuda(index)) {
        Ok(Ok(device)) => Ok(device),
        Ok(Err(error)) => Err(Error::NoDevice {
            asked,
            why: format!("no such NVIDIA GPU answers ({error}); `latentscape devices` lists what there is"),
        }),
        Err(_) => Err(Error::NoDevice {
            asked,
            why: "the CUDA libraries could not be loaded; install the NVIDIA driver and CUDA, or use cpu".into(),
        }),
    }
}

fn metal() -> Result<Device> {
    let asked = DeviceChoice::Metal.to_string();
    if !cfg!(feature = "metal") {
        let why =
            "this build has no Metal support; build with --features metal on a Mac, or use cpu";
        return Err(Error::NoDevice { asked, why: why.into() });
    }
    Device::new_metal(0).map_err(|error| Error::NoDevice {
        asked,
        why: format!("no Apple GPU answers ({error}); use cpu"),
    })
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(index) => write!(f, "cuda:{index}"),
            Self::Metal => f.write_str("metal"),
        }
    }
}

impl FromStr for DeviceChoice {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(0)),
            "metal" => Ok(Self::Metal),
            other => other
                .strip_prefix("cuda:")
                .and_then(|index| index.parse().ok())
                .map(Self::Cuda)
                .ok_or_else(|| Error::NoDevice {
                    asked: format!("\"{other}\""),
                    why: "the choices are auto, cpu, cuda:N and metal".into(),
                }),
        }
    }
}

impl TryFrom<String> for DeviceChoice {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<DeviceChoice> for String {
    fn from(choice: DeviceChoice) -> Self {
        choice.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for text in ["auto", "cpu", "cuda:0", "cuda:7", "metal"] {
            assert_eq!(text.parse::<DeviceChoice>().unwrap().to_string(), text);
        }
        for text in ["", "gpu", "cuda:", "cuda:-1", "cuda:x"] {
            assert!(text.parse::<DeviceChoice>().is_err(), "{text}");
        }
    }

    #[test]
    fn auto_always_finds_one() {
        assert!(DeviceChoice::Auto.open().is_ok());
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn a_device_that_is_not_there_gets_a_sentence() {
        let error = DeviceChoice::Cuda(3).open().unwrap_err().to_string();
        assert!(error.contains("cuda:3") && error.contains("--features cuda"), "{error}");
    }
}
