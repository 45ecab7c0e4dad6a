//! `latentscape convert`: a generator from one kind of file to another.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::console;
use super::model_args;
use super::train_settings::PriorChoice;
use crate::checkpoint::{Choice, Format, Imported, ModelFile};
use crate::error::{Error, Result};
use crate::model::Output;
use crate::ops::Activation;

/// Write a generator as safetensors, for PyTorch, or as ONNX, and print the Python that loads it
///
/// IN is a model file or a run's folder, of PyTorch too: a .pth is read without running what is in it.
/// What its file did not say and was taken for granted is told. Where that was otherwise, --prior, --hidden
/// and --output put it right; what was chosen in the window (NAME.latentscape.json beside IN) holds too.
#[derive(Debug, Args)]
pub struct ConvertArgs {
    /// A model file of ours, safetensors or PyTorch checkpoint, or a run's folder
    #[arg(value_name = "IN")]
    input: PathBuf,
    /// What to write: NAME.safetensors (a model of ours, which load_state_dict takes too), NAME.pth (a
    /// state dict as torch.save writes it) or NAME.onnx (opset 17)
    #[arg(value_name = "OUT")]
    out: PathBuf,
    /// How latents are drawn, where the file of IN does not say it
    #[arg(long, value_enum)]
    prior: Option<PriorChoice>,
    /// What follows inner layers, where the file of IN does not say it
    #[arg(long, value_enum)]
    hidden: Option<HiddenChoice>,
    /// How the generator ends, where the file of IN does not say it
    #[arg(long, value_enum)]
    output: Option<OutputChoice>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum HiddenChoice {
    /// ReLU
    Relu,
    /// Leaky ReLU of slope 0.2
    LeakyRelu,
    /// ELU
    Elu,
    /// SELU
    Selu,
    /// Hyperbolic tangent
    Tanh,
}

impl From<HiddenChoice> for Activation {
    fn from(choice: HiddenChoice) -> Self {
        match choice {
            HiddenChoice::Relu => Self::Relu,
            HiddenChoice::LeakyRelu => Self::LeakyRelu(0.2),
            HiddenChoice::Elu => Self::Elu,
            HiddenChoice::Selu => Self::Selu,
            HiddenChoice::Tanh => Self::Tanh,
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum OutputChoice {
    /// With tanh: between -1 and 1
    Tanh,
    /// With a sigmoid: between 0 and 1
    Sigmoid,
    /// With numbers between -1 and 1
    Linear,
    /// With numbers between 0 and 1
    Unit,
    /// With numbers between 0 and 255
    Bytes,
}

impl From<OutputChoice> for Output {
    fn from(choice: OutputChoice) -> Self {
        match choice {
            OutputChoice::Tanh => Self::Tanh,
            OutputChoice::Sigmoid => Self::Sigmoid,
            OutputChoice::Linear => Self::Linear,
            OutputChoice::Unit => Self::Unit,
            OutputChoice::Bytes => Self::Bytes,
        }
    }
}

/// Reads, writes, and prints what `args` ask for.
pub fn run(args: &ConvertArgs) -> Result<()> {
    let format = Format::of(&args.out)?;
    let input = model_args::file_of(&args.input);
    let is_same = |a: &PathBuf| std::fs::canonicalize(a).ok();
    if is_same(&input).is_some_and(|path| is_same(&args.out) == Some(path)) {
        let why = "is the file that is read: name another";
        return Err(Error::bad_setting("OUT", why));
    }
    let mut model = ModelFile::open(&input)?;
    choose(args, &mut model)?;
    if let Some(imported) = &model.info().imported {
        tell(imported);
    }
    format.write(&model, &args.out)?;
    let (out, name, summary) = (args.out.display(), format.name(), model.info().spec.summary());
    console::note(&format!("wrote {out}: {summary} as {name}"));
    console::result(format.snippet(&model, &args.out)?.trim_end())
}

/// Takes what `args` say for what the file does not.
fn choose(args: &ConvertArgs, model: &mut ModelFile) -> Result<()> {
    if let Some(prior) = args.prior {
        model.set_prior(prior.into())?;
    }
    let said = Choice {
        hidden: args.hidden.map(Into::into),
        output: args.output.map(Into::into),
        ..Choice::default()
    };
    if said == Choice::default() {
        return Ok(());
    }
    let (defaults, chosen) = match &model.info().imported {
        Some(imported) => (imported.defaults, imported.chosen),
        None => Default::default(),
    };
    let known = |setting| {
        let why = "what this model computes there is known, and cannot be chosen";
        Err(Error::bad_setting(setting, why))
    };
    match said.within(defaults) {
        within if within.hidden != said.hidden => known("--hidden"),
        within if within.output != said.output => known("--output"),
        within => model.choose(within.or(chosen)),
    }
}

/// What somebody should know of a file that did not say everything.
fn tell(imported: &Imported) {
    for assumed in &imported.assumed {
        console::note(&format!("assumed: {assumed}"));
    }
    for chosen in imported.chosen.words() {
        console::note(&format!("chosen: {chosen}"));
    }
    for left_out in imported.folded.iter().chain(&imported.left_out) {
        console::note(&format!("note: {left_out}"));
    }
}
