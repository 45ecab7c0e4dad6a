//! What a file does not say about its generator and somebody can: what is usual, what was chosen, and
//! the small file beside it that keeps the choice.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::disk;
use crate::error::{Error, Result};
use crate::latent::Prior;
use crate::model::{Output, Stack, StackNormKind};
use crate::ops::Activation;

/// A larger file is not ours.
const MAX_BYTES: u64 = 1 << 16;

/// An answer to each question that a file may leave open; `None` where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Choice {
    /// How latents are drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prior: Option<Prior>,
    /// What follows each inner layer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hidden: Option<Activation>,
    /// What follows the last layer, and the range of its values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Output>,
    /// Over what norms without statistics measure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub norm: Option<StackNormKind>,
}

impl Choice {
    /// What was chosen for the file at `model`; `None` if that was never kept, or cannot be read.
    pub fn read(model: &Path) -> Option<Self> {
        let bytes = disk::read_limited(&path(model), MAX_BYTES).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Keeps it for the next time that `model` is opened.
    ///
    /// # Errors
    /// [`Error::Io`] if the file beside it cannot be written.
    pub fn save(&self, model: &Path) -> Result<()> {
        let text = serde_json::to_string(self)
            .map_err(|error| Error::bad_setting("choice", error.to_string()))?;
        disk::write_atomic(&path(model), text.as_bytes())
    }

    /// Its answers, and those of `other` where it has none.
    pub fn or(self, other: Self) -> Self {
        Self {
            prior: self.prior.or(other.prior),
            hidden: self.hidden.or(other.hidden),
            output: self.output.or(other.output),
            norm: self.norm.or(other.norm),
        }
    }

    /// Its answers to the questions that `open` answers too.
    pub fn within(self, open: Self) -> Self {
        Self {
            prior: self.prior.filter(|_| open.prior.is_some()),
            hidden: self.hidden.filter(|_| open.hidden.is_some()),
            output: self.output.filter(|_| open.output.is_some()),
            norm: self.norm.filter(|_| open.norm.is_some()),
        }
    }

    /// Its answers but for those that `usual` gives as well: what somebody has changed.
    pub fn apart_from(self, usual: Self) -> Self {
        Self {
            prior: self.prior.filter(|_| self.prior != usual.prior),
            hidden: self.hidden.filter(|_| self.hidden != usual.hidden),
            output: self.output.filter(|_| self.output != usual.output),
            norm: self.norm.filter(|_| self.norm != usual.norm),
        }
    }

    /// What becomes of `newest` where somebody who saw `seen` says this: answers that they left as they
    /// were stay as they are by now.
    pub fn said_of(self, seen: Self, newest: Self) -> Self {
        fn one<T: PartialEq>(said: T, seen: T, newest: T) -> T {
            if said == seen { newest } else { said }
        }
        Self {
            prior: one(self.prior, seen.prior, newest.prior),
            hidden: one(self.hidden, seen.hidden, newest.hidden),
            output: one(self.output, seen.output, newest.output),
            norm: one(self.norm, seen.norm, newest.norm),
        }
    }

    /// A sentence for each answer that is taken for granted.
    pub(super) fn sentences(self) -> [Option<String>; 4] {
        let prior = self.prior.map(|prior| match prior {
            Prior::Normal => {
                "latents are drawn from a normal distribution of mean 0 and variance 1".into()
            }
            // Only where the names are those of code that draws them so.
            Prior::Uniform => {
                "latents are drawn uniformly between -1 and 1, as in the published code \
                               with these names"
                    .into()
            }
        });
        let norm = self.norm.map(|kind| match kind {
            StackNormKind::Group(1) => "layer norm where norms have no statistics".into(),
            StackNormKind::Group(groups) => {
                format!("group norm of {groups} groups where norms have no statistics")
            }
            _ => "instance norm where norms have no statistics".into(),
        });
        let hidden = self.hidden.map(|inner| format!("{} after each inner layer", inner.words()));
        [prior, hidden, self.output.map(|output| output.words().into()), norm]
    }

    /// Its answers in words.
    pub fn words(self) -> Vec<String> {
        let [_, hidden, output, norm] = self.sentences();
        let prior = self.prior.map(|prior| match prior {
            Prior::Normal => "latents of mean 0 and variance 1".to_owned(),
            Prior::Uniform => "latents uniform between -1 and 1".to_owned(),
        });
        [prior, hidden, output, norm].into_iter().flatten().collect()
    }

    /// Brings its answers into `stack`.
    ///
    /// # Errors
    /// [`Error::BadSetting`] for inner layers that nothing would follow: they would be one layer.
    pub(super) fn apply(self, stack: &mut Stack) -> Result<()> {
        if self.hidden == Some(Activation::Linear) {
            let why = "something must follow inner layers, or they are one layer";
            return Err(Error::bad_setting("hidden", why));
        }
        for norm in stack.layers.iter_mut().filter_map(|layer| layer.norm.as_mut()) {
            if let Some(kind) = self.norm
                && norm.kind != StackNormKind::Batch
            {
                norm.kind = kind;
            }
        }
        let Some((last, inner)) = stack.layers.split_last_mut() else { return Ok(()) };
        if let Some(hidden) = self.hidden {
            let active = inner.iter_mut().filter(|layer| layer.activation != Activation::Linear);
            active.for_each(|layer| layer.activation = hidden);
        }
        if let Some(output) = self.output {
            (last.activation, stack.range) = output.parts();
        }
        Ok(())
    }
}

/// `netG.pth` has `netG.pth.latentscape.json`.
fn path(model: &Path) -> PathBuf {
    let mut name = model.file_name().unwrap_or_default().to_owned();
    name.push(".latentscape.json");
    model.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_lies_beside_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let model = folder.path().join("netG.pth");
        let beside = folder.path().join("netG.pth.latentscape.json");
        assert_eq!(Choice::read(&model), None);
        let choice = Choice {
            prior: Some(Prior::Uniform),
            hidden: Some(Activation::LeakyRelu(0.2)),
            output: Some(Output::Sigmoid),
            norm: Some(StackNormKind::Group(2)),
        };
        for choice in [choice, Choice::default()] {
            choice.save(&model).unwrap();
            assert_eq!(Choice::read(&model), Some(choice));
        }
        std::fs::write(&beside, r#"{"prior":"uniform"}"#).unwrap();
        let prior = Choice { prior: Some(Prior::Uniform), ..Choice::default() };
        assert_eq!(Choice::read(&model), Some(prior));
        std::fs::write(&beside, "{{").unwrap();
        assert_eq!(Choice::read(&model), None);
    }

    #[test]
    fn answers_are_laid_over_each_other() {
        let usual = Choice {
            prior: Some(Prior::Normal),
            hidden: Some(Activation::Relu),
            ..Choice::default()
        };
        let said = Choice {
            hidden: Some(Activation::Elu),
            output: Some(Output::Sigmoid),
            ..Choice::default()
        };
        let open = said.within(usual);
        assert_eq!(open, Choice { hidden: Some(Activation::Elu), ..Choice::default() });
        assert_eq!(open.or(usual), Choice { hidden: Some(Activation::Elu), ..usual });
        assert_eq!(open.or(usual).apart_from(usual), open);
        assert_eq!(usual.apart_from(usual), Choice::default());
        // One says ELU while what was said before, a sigmoid, is on its way.
        let newest = Choice { output: Some(Output::Sigmoid), ..Choice::default() };
        assert_eq!(open.said_of(Choice::default(), newest), said);
        assert_eq!(Choice::default().said_of(open, said), newest);
    }
}
