//! `latentscape blend`: the picture of a formula over named latents.

use std::path::{Path, PathBuf};

use clap::Args;

use super::console;
use super::latent_file::LatentFile;
use super::library_args::{LibraryArgs, scope};
use super::model_args::ModelArgs;
use super::output::{check_parent, counted};
use crate::discover;
use crate::error::{Error, Result};
use crate::latent::expr::Formula;
use crate::latent::library::Library;
use crate::latent::{Latent, expr};
use crate::picture::{self, Labels};

/// Most operands of a row.
const MAX_OPERANDS: usize = 64;

/// Draw the result of a formula over named latents
///
/// The formula knows + - * / with numbers, * of two latents component by component, |x|, and abs(x),
/// mean(a, b, …), lerp(a, b, t), slerp(a, b, t), normalize(x), clamp(x, low, high), truncate(x, psi),
/// random(seed), zero. Names that hold blanks or signs stand in quotes.
#[derive(Debug, Args)]
pub struct BlendArgs {
    /// The formula, e.g. "abs(G - D)" or "-G + D"
    #[arg(value_name = "FORMULA", allow_hyphen_values = true)]
    formula: String,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    library: LibraryArgs,
    /// What to write: NAME.png is the picture, NAME.json or NAME.npy the latent
    #[arg(long, short, value_name = "FILE", required_unless_present = "keep")]
    out: Option<PathBuf>,
    /// Draw the operands too, side by side with the result and with their names (.png only)
    #[arg(long)]
    row: bool,
    /// Keep the result in the library under this name
    #[arg(long, value_name = "NAME")]
    keep: Option<String>,
    /// A tag for what is kept; once for each tag
    #[arg(long = "tag", value_name = "TAG", requires = "keep")]
    tags: Vec<String>,
}

/// Where the result goes.
enum Out {
    Picture(PathBuf),
    Latent(LatentFile),
}

/// Computes, draws and writes what `args` ask for.
pub fn run(args: &BlendArgs) -> Result<()> {
    let out = args.out.as_deref().map(|path| args.target(path)).transpose()?;
    if args.row && !matches!(out, Some(Out::Picture(_))) {
        return Err(Error::bad_setting("--row", "needs --out NAME.png"));
    }
    let formula = Formula::parse(&args.formula).map_err(|flaw| flaw.of(&args.formula))?;
    let file = args.model.file()?;
    let mut library = match args.keep {
        Some(_) => args.library.open_or_new(&file)?,
        None => args.library.open(&file)?,
    };
    let scope = scope(&file, &library);
    let z = expr::evaluate(&args.formula, &scope)?;
    let typical = scope.prior.typical_norm(scope.dims);
    match &out {
        None => {}
        Some(Out::Latent(to)) => to.write(std::slice::from_ref(&z))?,
        Some(Out::Picture(path)) => {
            let latents =
                if args.row { operands(&formula, &library, &z)? } else { vec![z.clone()] };
            let model = args.model.open_file(file)?;
            let device = &model.device.device;
            let pictures = discover::pictures(&model.generator, device, &latents, &mut |_| true)?;
            let labels = if args.row { labels(&formula) } else { Labels::default() };
            let page = picture::labelled(&pictures, pictures.len(), &labels);
            picture::save_png(path, &page)?;
        }
    }
    if let Some(path) = &args.out {
        let norm = format!("norm {:.2}, and {typical:.2} is typical", z.norm());
        let what = if args.row {
            counted(formula.names().len() + 1, "picture")
        } else {
            "1 picture".into()
        };
        let what = if matches!(out, Some(Out::Picture(_))) { what } else { "1 latent".into() };
        console::note(&format!("wrote {}: {what}, {norm}", path.display()));
    }
    if let Some(name) = &args.keep {
        library.add_result(name, &formula, z, &args.tags)?;
        library.save()?;
        console::note(&format!("kept \"{}\"", name.trim()));
    }
    Ok(())
}

impl BlendArgs {
    fn target(&self, path: &Path) -> Result<Out> {
        check_parent(path)?;
        match path.extension() {
            Some(extension) if extension.eq_ignore_ascii_case("png") => {
                Ok(Out::Picture(path.to_owned()))
            }
            _ => LatentFile::parse("--out", path, ".png, .json or .npy").map(Out::Latent),
        }
    }
}

/// The latents that the formula names, and its result.
fn operands(formula: &Formula, library: &Library, z: &Latent) -> Result<Vec<Latent>> {
    let names = formula.names();
    if names.len() > MAX_OPERANDS {
        let why = format!("draws at most {MAX_OPERANDS} operands, and there are {}", names.len());
        return Err(Error::bad_setting("--row", why));
    }
    let mut latents: Vec<Latent> =
        library.named(&names)?.into_iter().map(|entry| entry.latent.clone()).collect();
    latents.push(z.clone());
    Ok(latents)
}

/// The formula above everything, its names above the operands.
fn labels(formula: &Formula) -> Labels {
    let mut columns: Vec<String> = formula.names().into_iter().map(str::to_owned).collect();
    columns.push("=".into());
    Labels { title: formula.text().to_owned(), columns, rows: Vec::new() }
}
