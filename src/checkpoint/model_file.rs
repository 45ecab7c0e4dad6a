//! One trained generator in one file.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use candle_core::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::archive::{Archive, ArchiveWriter};
use super::choice::Choice;
use super::contents::Contents;
use super::import::{self, Imported, Tensors};
use crate::error::Result;
use crate::latent::{ModelKey, Prior};
use crate::model::{Builder, Generator, ModelSpec, Network};
use crate::picture::InputKind;

/// Key of the description in the file's header.
pub(super) const KEY: &str = "latentscape.model";
/// Prefix of the weights that were not averaged.
pub const RAW: &str = "raw.";

/// What a model file says about itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelInfo {
    /// The networks.
    pub spec: ModelSpec,
    /// Name of the model for people, e.g. `faces-64`.
    pub name: String,
    /// Name of the data it was trained on.
    pub data: String,
    /// Training steps taken.
    pub steps: u64,
    /// Real pictures shown to the discriminator, in thousands.
    pub kimg: f64,
    /// What kind of pictures it was trained to take, if it takes pictures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<InputKind>,
    /// Version of the program that wrote the file.
    pub program: String,
    /// Where it comes from, if this program did not train it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported: Option<Imported>,
}

/// An opened model file. Its header is checked against its tensors; weights are read on demand.
///
/// A copy shares the weights.
#[derive(Debug, Clone)]
pub struct ModelFile {
    archive: Arc<Archive>,
    info: ModelInfo,
    shapes: Vec<(String, Vec<usize>)>,
    key: OnceLock<ModelKey>,
}

impl ModelFile {
    /// Opens the model at `path`: one of ours, or a generator that PyTorch or others have written, as far
    /// as it is known ([`ModelInfo::imported`]). Nothing in the file is run.
    ///
    /// # Errors
    /// [`crate::Error::Io`] if the file cannot be read; [`crate::Error::BadModel`] if it is damaged,
    /// of an unknown kind, of a newer version, or does not hold the tensors that its description needs.
    pub fn open(path: &Path) -> Result<Self> {
        match Contents::open(path)? {
            Contents::Model(model) => Ok(*model),
            Contents::State(archive) => Err(archive.bad(
                "it is the training state of a run: open the model.safetensors beside it, or the folder",
            )),
            Contents::Other(other) => Err(other.error()),
        }
    }

    pub(super) fn import(tensors: &mut Tensors, part: import::Part) -> Result<Self> {
        Self::from_archive(import::model(tensors, part)?)
    }

    /// Opens a model that is already in memory; `name` is only for messages.
    ///
    /// # Errors
    /// As [`ModelFile::open`].
    pub fn from_bytes(name: &str, bytes: Vec<u8>) -> Result<Self> {
        Self::from_archive(Archive::from_bytes(Path::new(name), bytes)?)
    }

    pub(super) fn from_archive(archive: Archive) -> Result<Self> {
        let mut info: ModelInfo = archive.metadata(KEY)?.ok_or_else(|| {
            archive.bad("it is a safetensors file without Latentscape's description of a model")
        })?;
        info.spec.validate().map_err(|error| archive.bad(error.to_string()))?;
        let shapes = info.spec.generator_shapes()?;
        archive.check("", &shapes)?;
        // Written before choices were taken down: how latents are drawn can always be chosen.
        if let Some(imported) = &mut info.imported
            && info.spec.z_dim > 0
        {
            imported.defaults.prior.get_or_insert(info.spec.prior);
        }
        Ok(Self { archive: Arc::new(archive), info, shapes, key: OnceLock::new() })
    }

    /// What the file says about itself.
    pub fn info(&self) -> &ModelInfo {
        &self.info
    }

    /// Says how the latents of an imported generator were drawn, which its file could not.
    ///
    /// # Errors
    /// [`crate::Error::WrongModel`] if it has no latents; [`crate::Error::BadSetting`] if its file says it.
    pub fn set_prior(&mut self, prior: Prior) -> Result<()> {
        self.info.spec.expect_latents()?;
        let Some(imported) = &self.info.imported else {
            let why = "how this model's latents are drawn is known from its training";
            return Err(crate::Error::bad_setting("--prior", why));
        };
        let chosen = Choice { prior: Some(prior), ..imported.chosen };
        self.choose(chosen)
    }

    /// Says of an imported generator what its file could not, as far as it leaves that open
    /// ([`Imported::defaults`]); what `chosen` does not answer is as usual.
    ///
    /// # Errors
    /// [`crate::Error::BadSetting`] if the model was not imported, or cannot be so.
    pub fn choose(&mut self, chosen: Choice) -> Result<()> {
        let Some(imported) = &self.info.imported else {
            let why = "everything about this model is known from its training";
            return Err(crate::Error::bad_setting("choice", why));
        };
        let chosen = chosen.within(imported.defaults);
        let answers = chosen.or(imported.defaults);
        let mut spec = self.info.spec.clone();
        if let Some(prior) = answers.prior {
            spec.prior = prior;
        }
        if let (Network::Pix2pix(net), Some(output)) = (&mut spec.network, answers.output) {
            net.output = output;
        }
        if let Some(mut stack) = spec.as_stack()? {
            answers.apply(&mut stack)?;
            let alike = stack.alike();
            spec.network = Network::Stack(stack);
            // A network of ours, where the weights already have the names that they have there.
            if let Some(network) = alike {
                let ours = ModelSpec { network, ..spec.clone() };
                if ours.generator_shapes()? == self.shapes {
                    spec = ours;
                }
            }
        }
        spec.validate()?;
        if spec.generator_shapes()? != self.shapes {
            let why = "it would make a generator of other weights";
            return Err(crate::Error::bad_setting("choice", why));
        }
        self.info.spec = spec;
        if let Some(imported) = &mut self.info.imported {
            imported.choose(chosen);
        }
        self.key = OnceLock::new();
        Ok(())
    }

    /// The file itself: names, shapes, size.
    pub fn archive(&self) -> &Archive {
        &self.archive
    }

    /// Names this generator by its averaged weights, whatever its file is called. Computed at the first
    /// call, a millisecond for some megabytes.
    ///
    /// # Errors
    /// [`crate::Error::BadModel`] if the file is damaged.
    pub fn key(&self) -> Result<&ModelKey> {
        if let Some(key) = self.key.get() {
            return Ok(key);
        }
        let ModelInfo { spec, name, .. } = &self.info;
        let hash = self.archive.hash(&self.shapes)?;
        let key = ModelKey { name: name.clone(), hash, dims: spec.z_dim, prior: spec.prior };
        Ok(self.key.get_or_init(|| key))
    }

    /// The averaged weights under their names.
    ///
    /// # Errors
    /// [`crate::Error::BadModel`] if one is not finite.
    pub fn weights(&self) -> Result<BTreeMap<String, Tensor>> {
        self.archive.tensors("", &self.shapes, &Device::Cpu)
    }

    /// The generator with the averaged weights, on `device`.
    ///
    /// # Errors
    /// [`crate::Error::BadModel`] if a weight is not finite, [`crate::Error::Tensor`] if the device
    /// is out of memory.
    pub fn generator(&self, device: &Device) -> Result<Generator> {
        let tensors = self.archive.tensors("", &self.shapes, device)?;
        Generator::build(&self.info.spec, &mut Builder::given(&tensors, device))?.prepare()
    }
}

/// Writes a model: `average` under the names of its PyTorch twin, so that `load_state_dict` takes it,
/// and `raw`, the weights as trained, if given.
///
/// # Errors
/// [`crate::Error::Io`] if the file cannot be written; an older file is then untouched.
pub fn save_model(
    path: &Path,
    info: &ModelInfo,
    average: &BTreeMap<String, Tensor>,
    raw: Option<&BTreeMap<String, Tensor>>,
) -> Result<()> {
    packed(info, average, raw)?.write(path, KEY, info)
}

/// The model that [`save_model`] would write without `raw`, in memory.
///
/// # Errors
/// [`crate::Error::Tensor`] if a device fails.
pub fn model_in_memory(info: &ModelInfo, average: &BTreeMap<String, Tensor>) -> Result<ModelFile> {
    let path = Path::new(&info.name);
    let bytes = packed(info, average, None)?.into_bytes(path, KEY, info)?;
    ModelFile::from_archive(Archive::from_bytes(path, bytes)?)
}

fn packed(
    info: &ModelInfo,
    average: &BTreeMap<String, Tensor>,
    raw: Option<&BTreeMap<String, Tensor>>,
) -> Result<ArchiveWriter> {
    let mut writer = ArchiveWriter::new();
    writer.add("", average)?;
    for name in average.keys() {
        if let Some(layer) = name.strip_suffix("running_var") {
            writer.add_count(format!("{layer}num_batches_tracked"), info.steps);
        }
    }
    if let Some(raw) = raw {
        writer.add(RAW, raw)?;
    }
    Ok(writer)
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::checkpoint::Bundled;
    use crate::random::{Purpose, stream};

    /// What is beside the averaged generator, its name or its file, changes nothing; a weight does.
    #[test]
    fn a_model_is_known_by_its_weights() {
        let info = Bundled::Faces64.open().unwrap().info().clone();
        let mut rng = stream(1, Purpose::Weights, 0);
        let mut builder = Builder::random(&mut rng, &Device::Cpu);
        Generator::build(&info.spec, &mut builder).unwrap();
        let weights = builder.finish().tensors();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m");
        let key = |info: &ModelInfo, weights: &BTreeMap<String, Tensor>, raw| {
            save_model(&path, info, weights, raw).unwrap();
            ModelFile::open(&path).unwrap().key().unwrap().clone()
        };
        let first = key(&info, &weights, None);
        let memory = model_in_memory(&info, &weights).unwrap();
        assert_eq!((memory.key().unwrap(), memory.info()), (&first, &info));
        assert_eq!(memory.archive().file_bytes() as u64, std::fs::metadata(&path).unwrap().len());
        assert_eq!((first.hash.len(), first.dims), (32, info.spec.z_dim));
        let renamed = ModelInfo { name: "other".into(), steps: 9, ..info.clone() };
        let second = key(&renamed, &weights, Some(&weights));
        assert_eq!((first.hash.as_str(), "other"), (second.hash.as_str(), second.name.as_str()));
        let mut changed = weights.clone();
        let (name, tensor) = weights.iter().next().unwrap();
        changed.insert(name.clone(), (tensor + 1e-3).unwrap());
        assert_ne!(key(&info, &changed, None).hash, first.hash);
    }
}
