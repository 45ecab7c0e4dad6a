//! `latentscape grid`: a sheet of latents between four corners.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::console;
use super::library_args::{LibraryArgs, scope};
use super::model_args::ModelArgs;
use super::output::{Output, PictureShape, check_sheet};
use crate::error::{Error, Result};
use crate::latent::{self, Latent, expr};

/// Most pictures of a side.
const MAX_SIDE: usize = 512;

/// Draw a grid between four latents
///
/// The corners are formulas: a name of the library, random(7), "(-G)". Without any they are the latents
/// of --seed and the three seeds after it.
#[derive(Debug, Args)]
pub struct GridArgs {
    /// The corners: top left, top right, bottom left, bottom right
    #[arg(value_name = "CORNER", num_args = 4)]
    corners: Vec<String>,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    library: LibraryArgs,
    /// What to write: NAME.png is one sheet; NAME.npy is float32 of shape [N, C, H, W] in [-1, 1];
    /// anything else is a folder that gets 0000.png, 0001.png, …
    #[arg(long, short, value_name = "PATH")]
    out: PathBuf,
    /// Pictures from left to right
    #[arg(long, default_value_t = 8, value_name = "N")]
    columns: usize,
    /// Pictures from top to bottom; as many as columns if not given
    #[arg(long, value_name = "N")]
    rows: Option<usize>,
    /// The way from one corner to the next
    #[arg(long, value_enum, default_value = "slerp")]
    way: Way,
    /// The first corner's seed, where no corners are given
    #[arg(long, default_value_t = 0, value_name = "N", conflicts_with = "corners")]
    seed: u64,
}

/// How the grid goes from corner to corner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Way {
    /// Straight lines: bilinear
    Lerp,
    /// Great arcs, which keep the length that latents were drawn with
    Slerp,
}

/// Draws and writes what `args` ask for.
pub fn run(args: &GridArgs) -> Result<()> {
    let (columns, rows) = (args.columns, args.rows.unwrap_or(args.columns));
    for (name, given) in [("--columns", columns), ("--rows", rows)] {
        if !(1..=MAX_SIDE).contains(&given) {
            let why = format!("must lie between 1 and {MAX_SIDE}, and {given} was given");
            return Err(Error::bad_setting(name, why));
        }
    }
    let output = Output::parse(&args.out, Some(columns))?;
    let file = args.model.file()?;
    let spec = &file.info().spec;
    let shape = PictureShape::of(spec);
    let count = columns * rows;
    if matches!(output, Output::Sheet { .. }) {
        check_sheet("--columns", columns, rows, shape)?;
    }
    output.check(count, shape)?;
    let corners: Vec<Latent> = if args.corners.is_empty() {
        let seed = |i| spec.prior.from_seed(spec.z_dim, args.seed.wrapping_add(i));
        (0..4).map(seed).collect()
    } else {
        let library = args.library.open(&file)?;
        let scope = scope(&file, &library);
        args.corners.iter().map(|text| expr::evaluate(text, &scope)).collect::<Result<_>>()?
    };
    let [a, b, c, d] = corners.as_slice() else {
        let why = format!("a grid has four corners, and {} were given", corners.len());
        return Err(Error::bad_setting("CORNER", why));
    };
    let way = match args.way {
        Way::Lerp => latent::Way::Straight,
        Way::Slerp => latent::Way::Arc,
    };
    let latents = latent::grid([a, b, c, d], columns, rows, way);
    let model = args.model.open_file(file)?;
    let written = output.draw(&latents, &model)?;
    console::note(&format!("wrote {written}, {columns} × {rows}"));
    Ok(())
}
