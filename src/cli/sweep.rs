//! `latentscape sweep`: what one latent dimension does, as a sheet.

use std::path::PathBuf;

use clap::Args;

use super::console;
use super::library_args::{LibraryArgs, scope};
use super::model_args::{LatentArgs, ModelArgs};
use super::output::{Output, PictureShape, check_sheet, counted};
use super::progress;
use crate::checkpoint::ModelFile;
use crate::discover;
use crate::error::{Error, Result};
use crate::latent::expr::Lookup;
use crate::latent::{Latent, expr};
use crate::model::ModelSpec;
use crate::picture;

/// Most values of the dimension, and most latents.
const MAX_SIDE: usize = 512;

/// Draw what one latent dimension does
///
/// Each row starts from a latent of its own, the same dimension takes the same values from left to
/// right.
#[derive(Debug, Args)]
pub struct SweepArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// The sheet to write, NAME.png
    #[arg(long, short, value_name = "FILE")]
    out: PathBuf,
    /// The dimension, counted from 0
    #[arg(long, value_name = "N")]
    dim: usize,
    /// Its value at the left; the lower end of the model's range if not given
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    from: Option<f32>,
    /// Its value at the right; the upper end of the model's range if not given
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    to: Option<f32>,
    /// How many values
    #[arg(long, default_value_t = 7, value_name = "N")]
    columns: usize,
    /// How many latents
    #[arg(long, default_value_t = 4, value_name = "N", conflicts_with = "latents")]
    rows: usize,
    /// Write the values above their columns, and the names before their rows
    #[arg(long)]
    labels: bool,
    #[command(flatten)]
    latents: LatentArgs,
    /// A latent of the library for a row, by name or as a formula; once for each row
    #[arg(long = "entry", value_name = "NAME", conflicts_with_all = ["latents", "seed", "rows"])]
    #[arg(allow_hyphen_values = true)]
    entries: Vec<String>,
    #[command(flatten)]
    library: LibraryArgs,
}

/// Draws and writes what `args` ask for.
pub fn run(args: &SweepArgs) -> Result<()> {
    let output = Output::parse(&args.out, None)?;
    let Output::Sheet { path, .. } = &output else {
        let why = format!("{} must end in .png", args.out.display());
        return Err(Error::bad_setting("--out", why));
    };
    for (name, given) in [("--columns", args.columns), ("--rows", args.rows)] {
        if !(1..=MAX_SIDE).contains(&given) {
            let why = format!("must lie between 1 and {MAX_SIDE}, and {given} was given");
            return Err(Error::bad_setting(name, why));
        }
    }
    let model = args.model.open()?;
    let spec = &model.file.info().spec;
    let values = args.values(spec)?;
    let midpoints = args.midpoints(&model.file)?;
    let shape = PictureShape::of(spec);
    check_sheet("--columns", values.len(), midpoints.len(), shape)?;
    output.check(midpoints.len(), shape)?;

    let count = midpoints.len() * values.len();
    let bar = progress::bar(count, "pictures");
    let rows = discover::sweep(
        &model.generator,
        &model.device.device,
        &midpoints,
        args.dim,
        &values,
        &mut |share| {
            bar.set_position((f64::from(share) * count as f64) as u64);
            true
        },
    );
    bar.finish_and_clear();
    let sheet = match args.labels {
        true => discover::named_sheet(&rows?, &args.entries, &values),
        false => discover::sheet(&rows?, None),
    };
    picture::save_png(path, &sheet)?;
    console::note(&format!(
        "wrote {}: {} of dimension {} from {} to {}",
        path.display(),
        counted(count, "picture"),
        args.dim,
        values.first().copied().unwrap_or_default(),
        values.last().copied().unwrap_or_default(),
    ));
    Ok(())
}

impl SweepArgs {
    /// A latent for each row.
    fn midpoints(&self, file: &ModelFile) -> Result<Vec<Latent>> {
        let spec = &file.info().spec;
        if self.entries.is_empty() {
            return self.latents.latents(spec, self.rows);
        }
        let library = self.library.open(file)?;
        let scope = scope(file, &library);
        // A name that would be read as a formula is still a name.
        let find = |text: &String| match library.latent(text) {
            Some(latent) if latent.dims() == spec.z_dim => Ok(latent.clone()),
            _ => expr::evaluate(text, &scope),
        };
        let latents = self.entries.iter().map(find).collect::<Result<Vec<_>>>()?;
        self.latents.truncated(latents)
    }

    /// The dimension's values from left to right, after a look at whether the dimension is there.
    fn values(&self, spec: &ModelSpec) -> Result<Vec<f32>> {
        if self.dim >= spec.z_dim {
            return Err(Error::bad_setting(
                "--dim",
                format!("this model has dimensions 0 to {}, not {}", spec.z_dim - 1, self.dim),
            ));
        }
        let range = spec.prior.slider_range();
        let (from, to) = (self.from.unwrap_or(-range), self.to.unwrap_or(range));
        for (name, end) in [("--from", from), ("--to", to)] {
            if !end.is_finite() {
                return Err(Error::bad_setting(name, format!("must be a number, not {end}")));
            }
        }
        let last = self.columns.saturating_sub(1).max(1) as f64;
        // In double precision, so that the whole numbers between whole ends are met exactly.
        let (from, to) = (f64::from(from), f64::from(to));
        let at = |i: usize| from + (to - from) * i as f64 / last;
        Ok((0..self.columns).map(|i| at(i) as f32).collect())
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::model::Preset;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        sweep: SweepArgs,
    }

    fn values(words: &[&str], preset: Preset) -> Result<Vec<f32>> {
        let line = ["sweep", "--out", "a.png"].iter().chain(words);
        Line::parse_from(line).sweep.values(&preset.spec())
    }

    #[test]
    fn both_ends_are_met() {
        let seven = values(&["--dim", "28"], Preset::Dcgan64).unwrap();
        assert_eq!(seven, [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0]);
        let uniform = values(&["--dim", "0", "--columns", "3"], Preset::Faces32).unwrap();
        assert_eq!(uniform, [-1.5, 0.0, 1.5]);
        let words = ["--dim", "0", "--from", "-0.5", "--to", "2", "--columns", "1"];
        assert_eq!(values(&words, Preset::Dcgan64).unwrap(), [-0.5]);
    }

    #[test]
    fn a_dimension_that_is_not_there_is_named() {
        let error = values(&["--dim", "100"], Preset::Dcgan64).unwrap_err().to_string();
        assert!(error.contains("0 to 99"), "{error}");
        assert!(values(&["--dim", "0", "--from", "nan"], Preset::Dcgan64).is_err());
    }
}
