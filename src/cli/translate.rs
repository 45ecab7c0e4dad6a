//! `latentscape translate`: pictures from pictures.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use image::RgbImage;

use super::console;
use super::model_args::{OpenModel, TranslatorArgs};
use super::output::counted;
use super::progress;
use crate::data::{self, Intake, Skipped};
use crate::error::{Error, Result};
use crate::picture;

/// Answers to one picture that are drawn at once.
const AT_ONCE: usize = 16;
/// Endings of picture files that are not written.
const NOT_PNG: [&str; 7] = ["jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff"];

/// Translate pictures: a drawing to a face, a map to a street, …
///
/// A picture of any size and kind is fitted into what the model takes, on the colour of its border, and
/// its answer is cropped again. With one file in, one file comes out; with several, or a folder, a folder
/// of PNGs with the same names.
#[derive(Debug, Args)]
pub struct TranslateArgs {
    #[command(flatten)]
    model: TranslatorArgs,
    /// Pictures to translate: files, or folders with pictures in them
    #[arg(long = "in", short, value_name = "PATH", required = true, num_args = 1..)]
    input: Vec<PathBuf>,
    /// What to write: NAME.png for a single picture, else a folder
    #[arg(long, short, value_name = "PATH")]
    out: PathBuf,
    /// Size of the answers: the model's own, or that of the picture
    #[arg(long, value_enum, default_value = "model")]
    size: Size,
    /// Leave dropout on as noise, with this seed: another seed is another answer
    #[arg(long, value_name = "SEED")]
    noise: Option<u64>,
    /// Answers to each picture, side by side: those of --noise and the seeds after it
    #[arg(long, default_value_t = 1, value_name = "N",
          value_parser = clap::value_parser!(u16).range(1..=64))]
    answers: u16,
    /// Put what went in at the left of the answers
    #[arg(long)]
    pair: bool,
}

/// How large an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Size {
    /// As the model draws it
    Model,
    /// As large as the picture that went in
    Input,
}

/// Translates what `args` ask for.
///
/// # Errors
/// [`Error::WrongModel`] for a model that takes no pictures; [`Error::BadPicture`] or [`Error::BadData`] if
/// nothing could be translated.
pub fn run(args: &TranslateArgs) -> Result<()> {
    let (places, mut left_out) = args.places()?;
    let model = args.model.open()?;
    let info = model.file.info();
    if args.seeds().len() > 1 && !info.spec.has_noise() {
        return Err(Error::bad_setting(
            "--answers",
            "this model has no dropout, so that all answers would be the same",
        ));
    }
    let bar = progress::bar(places.len(), "pictures");
    let mut written = 0;
    for Place { from, to } in &places {
        match Intake::read(from, &info.spec, info.input.as_ref()) {
            Ok(intake) => {
                if let Some(doubt) = &intake.doubt {
                    bar.suspend(|| console::note(&format!("note: {}: {doubt}", from.display())));
                }
                let answer = args.answer(&model, &intake)?;
                if let Some(folder) = to.parent() {
                    std::fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
                }
                picture::save_png(to, &answer)?;
                written += 1;
            }
            Err(error) if places.len() == 1 => return Err(error),
            Err(error) => left_out.push(error.to_string()),
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    for why in &left_out {
        console::note(&format!("left out: {why}"));
    }
    if written == 0 {
        let why = "no picture was found that can be used; PNG, JPEG, WebP, GIF and BMP are read";
        return Err(Error::bad_setting("--in", why));
    }
    console::note(&format!("wrote {}: {}", args.out.display(), counted(written, "picture")));
    Ok(())
}

/// A picture, and where its answer goes.
#[derive(Debug)]
struct Place {
    from: PathBuf,
    to: PathBuf,
}

impl TranslateArgs {
    /// Seeds of the answers; none for a single one without noise.
    fn seeds(&self) -> Vec<u64> {
        match (self.noise, self.answers) {
            (None, 1) => Vec::new(),
            (first, count) => {
                (0..u64::from(count)).map(|i| first.unwrap_or(0).wrapping_add(i)).collect()
            }
        }
    }

    /// What is translated to where, and sentences about what cannot be.
    fn places(&self) -> Result<(Vec<Place>, Vec<String>)> {
        let (mut files, mut left_out) = (Vec::new(), Vec::new());
        for path in &self.input {
            match path.is_dir() {
                true => {
                    let (found, skipped) = data::pictures_in(path)?;
                    let told = |file: Skipped| format!("{}: {}", file.path.display(), file.why);
                    left_out.extend(skipped.into_iter().map(told));
                    files.extend(found.into_iter().map(|file| {
                        // Where it lies below the folder, there its answer lies.
                        let below = file.strip_prefix(path).unwrap_or(&file).to_owned();
                        (file, below)
                    }));
                }
                false => {
                    let name = path.file_name().unwrap_or(path.as_os_str());
                    files.push((path.clone(), PathBuf::from(name)));
                }
            }
        }
        let ending = self.out.extension().map(|ending| ending.to_string_lossy().to_lowercase());
        let bad = |why: String| Err(Error::bad_setting("--out", why));
        let out = self.out.display();
        match (ending.as_deref(), files.as_slice()) {
            (Some(other), _) if NOT_PNG.contains(&other) => {
                bad(format!("{out} must end in .png, or name a folder"))
            }
            (Some("png"), [(from, _)]) => {
                Ok((vec![Place { from: from.clone(), to: self.out.clone() }], left_out))
            }
            (Some("png"), _) => {
                bad(format!("{out} is one picture, and {} go in; name a folder", files.len()))
            }
            _ => {
                let mut taken = BTreeSet::new();
                let place = |(from, below): (PathBuf, PathBuf)| {
                    let to = self.out.join(unlike(&mut taken, &below));
                    Place { from, to }
                };
                Ok((files.into_iter().map(place).collect(), left_out))
            }
        }
    }

    /// The answer to a picture, or several side by side.
    fn answer(&self, model: &OpenModel, intake: &Intake) -> Result<RgbImage> {
        let is_enlarged = self.size == Size::Input;
        let mut row = Vec::new();
        if self.pair {
            row.push(intake.cropped(&intake.pixels.to_rgb(), is_enlarged)?);
        }
        let seeds = self.seeds();
        let batches: Vec<&[u64]> = match seeds.as_slice() {
            [] => vec![&[]],
            seeds => seeds.chunks(AT_ONCE).collect(),
        };
        for seeds in batches {
            let batch = model.generator.answers(&intake.pixels, seeds, &model.device.device)?;
            for answer in picture::from_tensor(&batch)? {
                row.push(intake.cropped(&answer, is_enlarged)?);
            }
        }
        match row.len() {
            1 => Ok(row.swap_remove(0)),
            count => Ok(picture::together(&row, count)),
        }
    }
}

/// The path with the ending `.png`, unlike all in `taken`: `a.jpg` and `a.png` have answers of their
/// own.
fn unlike(taken: &mut BTreeSet<PathBuf>, path: &Path) -> PathBuf {
    let stem = path.with_extension("");
    let name = |i: usize| match i {
        1 => stem.with_added_extension("png"),
        i => {
            let mut name = stem.clone().into_os_string();
            name.push(format!("-{i}.png"));
            PathBuf::from(name)
        }
    };
    let free = (1..).map(name).find(|name| !taken.contains(name)).unwrap_or_else(|| name(1));
    taken.insert(free.clone());
    free
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_have_names_of_their_own() {
        let mut taken = Default::default();
        let names = ["a.jpg", "a.png", "b/a.webp", "a.gif", "v1.2.png"];
        let got: Vec<_> = names.iter().map(|name| unlike(&mut taken, Path::new(name))).collect();
        let wanted = ["a.png", "a-2.png", "b/a.png", "a-3.png", "v1.2.png"].map(PathBuf::from);
        assert_eq!(got, wanted);
    }
}
