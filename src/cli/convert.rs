//! `latentscape convert`: a generator from one kind of file to another.

use std::path::PathBuf;

use clap::Args;

use super::console;
use super::model_args;
use super::train_settings::PriorChoice;
use crate::checkpoint::{Format, Imported, ModelFile};
use crate::error::{Error, Result};

/// Write a generator as safetensors, for PyTorch, or as ONNX, and print the Python that loads it
///
/// IN is a model file or a run's folder, of PyTorch too: a .pth is read without running what is in it.
/// What its file did not say and was taken for granted is told; --prior puts the latents right where they
/// were drawn otherwise.
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
    if let Some(prior) = args.prior {
        model.set_prior(prior.into())?;
    }
    if let Some(imported) = &model.info().imported {
        tell(imported);
    }
    format.write(&model, &args.out)?;
    let (out, name, summary) = (args.out.display(), format.name(), model.info().spec.summary());
    console::note(&format!("wrote {out}: {summary} as {name}"));
    console::result(format.snippet(&model, &args.out)?.trim_end())
}

/// What somebody should know of a file that did not say everything.
fn tell(imported: &Imported) {
    for assumed in &imported.assumed {
        console::note(&format!("assumed: {assumed}"));
    }
    for left_out in &imported.left_out {
        console::note(&format!("note: {left_out}"));
    }
}
