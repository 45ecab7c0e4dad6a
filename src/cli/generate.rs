//! `latentscape generate`: pictures from seeds or from latents of a file.

use std::path::PathBuf;

use clap::Args;

use super::console;
use super::latent_file::LatentFile;
use super::model_args::{LatentArgs, ModelArgs};
use super::output::{Output, PictureShape, counted};
use crate::error::{Error, Result};

/// Most pictures of one command: they are named by number in a folder.
const MAX_COUNT: usize = 1_000_000;

/// Draw pictures: a PNG sheet, a folder of PNGs, or floats for NumPy
///
/// The same model, seed and options give the same file, byte for byte.
#[derive(Debug, Args)]
pub struct GenerateArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// What to write: NAME.png is one sheet; NAME.npy is float32 of shape [N, C, H, W] in [-1, 1];
    /// anything else is a folder that gets 0000.png, 0001.png, …
    #[arg(long, short, value_name = "PATH")]
    out: PathBuf,
    /// How many pictures to draw
    #[arg(long, short = 'n', default_value_t = 16, value_name = "N")]
    #[arg(conflicts_with = "latents")]
    count: usize,
    #[command(flatten)]
    latents: LatentArgs,
    /// Pictures in a row of the sheet; about square if not given
    #[arg(long, value_name = "N")]
    columns: Option<usize>,
    /// Also write the latents, to a .json or .npy file that --latents takes
    #[arg(long, value_name = "FILE")]
    save_latents: Option<PathBuf>,
}

/// Draws and writes what `args` ask for.
pub fn run(args: &GenerateArgs) -> Result<()> {
    if !args.latents.are_in_a_file() && !(1..=MAX_COUNT).contains(&args.count) {
        return Err(Error::bad_setting(
            "--count",
            format!("must lie between 1 and {MAX_COUNT}, and {} was given", args.count),
        ));
    }
    let output = Output::parse(&args.out, args.columns)?;
    let save_latents = args.save_latents.as_deref();
    let save_latents = save_latents
        .map(|path| LatentFile::parse("--save-latents", path, ".json or .npy"))
        .transpose()?;
    let model = args.model.open()?;
    let spec = &model.file.info().spec;
    let latents = args.latents.latents(spec, args.count)?;

    output.check(latents.len(), PictureShape::of(spec))?;
    console::note(&format!("wrote {}", output.draw(&latents, &model)?));
    if let Some(file) = save_latents {
        file.write(&latents)?;
        let latents = counted(latents.len(), "latent");
        console::note(&format!("wrote {}: {latents}", file.path().display()));
    }
    Ok(())
}
