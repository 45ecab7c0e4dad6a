//! `latentscape evaluate`: how good a generator's pictures are, against real ones.

use clap::Args;
use serde_json::{Map, Value, json};

use super::console::{self, table, thousands};
use super::data_args::PairArgs;
use super::model_args::{ModelArgs, OpenModel};
use super::progress;
use crate::checkpoint::ModelInfo;
use crate::data::{Dataset, Framing, OpenOptions, Target};
use crate::error::{Error, Result};
use crate::train::held_out_of;
use crate::train::metrics::{Gauge, Manifold, Measure, Measures, Pictures, measure_outputs};
use crate::train::pairs::HeldOut;

/// Measure a generator against real pictures
///
/// As many generated pictures as real ones are compared: by their patches (sliced Wasserstein
/// distance, after Karras et al. 2018), by how unlike each other they are, by the kinds of pictures that
/// are missing or too common (NDB, Richardson & Weiss 2018), and by their neighbours among the features
/// of a discriminator with random weights (precision and recall, Kynkäänniemi et al. 2019; density and
/// coverage, Naeem et al. 2020). The column `real` has the same measures of other real pictures of the
/// data: what a perfect generator would get.
///
/// A model that makes pictures from pictures is measured with pairs, by how far its outputs are from
/// their truths (L1) and by their patches: those pairs that training holds out, or all of them.
#[derive(Debug, Args)]
pub struct EvaluateArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// The pictures it was trained on: a folder, an IDX file, or `demo` for the built-in faces; for a
    /// model that takes pictures, pairs as in `train`: `demo-sketches`, `demo-labels`, a folder
    #[arg(long, value_name = "SOURCE")]
    data: String,
    #[command(flatten)]
    pairs: PairArgs,
    /// Measure with all pairs, also those that training learns from
    #[arg(long)]
    all_pairs: bool,
    /// Pictures of each kind; numbers can only be compared between equal ones
    #[arg(long, default_value_t = 2048, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=50_000))]
    pictures: u32,
    /// Where every random number of the comparison comes from
    #[arg(long, default_value_t = 0, value_name = "N")]
    seed: u64,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Prints what `args` ask for.
pub fn run(args: &EvaluateArgs) -> Result<()> {
    let model = args.model.open_either()?;
    match model.file.info().spec.takes_pictures() {
        true => measure_translated(args, &model),
        false => measure_drawn(args, &model),
    }
}

/// Outputs against their truths.
fn measure_translated(args: &EvaluateArgs, model: &OpenModel) -> Result<()> {
    let info = model.file.info();
    let dataset = open(args, info)?;
    let total = dataset.len();
    let count = match (args.all_pairs, held_out_of(total)) {
        (false, held_out @ 1..) => held_out,
        _ => total,
    };
    let name = dataset.name().to_owned();
    let pairs = HeldOut::last_of(dataset, count)?;
    let count = count.min(args.pictures as usize);
    let translated = pairs.translated(&model.generator, count, &model.device.device)?;
    let images = (info.kimg * 1000.0).round() as u64;
    let measures = measure_outputs(&translated.outputs, &translated.truths, args.seed, images)?;
    let which = match args.all_pairs {
        true => "",
        false => ", which training holds out",
    };
    let of = format!("{} pairs of {}{which}", thousands(count), name);
    args.tell(info, &of, &[("generated", &measures)])
}

/// Pictures from latents against as many real ones.
fn measure_drawn(args: &EvaluateArgs, model: &OpenModel) -> Result<()> {
    let info = model.file.info();
    let dataset = open(args, info)?;
    let count = (args.pictures as usize).min(dataset.len() / 2);
    if count < Manifold::LEAST {
        let why = format!(
            "two sets of {} pictures at least are needed to compare them, and {} has {}",
            Manifold::LEAST,
            dataset.name(),
            dataset.len()
        );
        return Err(Error::bad_setting("--data", why));
    }
    if count < args.pictures as usize {
        console::note(&format!(
            "note: {} has {} pictures, so {} are compared with {} others",
            dataset.name(),
            thousands(dataset.len()),
            thousands(count),
            thousands(count)
        ));
    }
    let device = &model.device.device;
    let mut reals = Pictures::sample(&dataset, count, 2, args.seed)?;
    let others = reals.swap_remove(1);
    // Features are the same whether or not a layer is being blended in.
    let spec = info.spec.without_fade();
    let gauge = Gauge::new(reals.swap_remove(0), &spec, args.seed, device)?;
    let images = (info.kimg * 1000.0).round() as u64;
    let fakes = Pictures::draw(&model.generator, count, args.seed, device)?;
    let generated = gauge.measure(&fakes, images)?;
    let real = gauge.measure(&others, images)?;
    let of =
        format!("{} pictures against {} of {}", thousands(count), thousands(count), dataset.name());
    args.tell(info, &of, &[("generated", &generated), ("real", &real)])
}

/// The data that was asked for, as the generator's networks see it.
fn open(args: &EvaluateArgs, info: &ModelInfo) -> Result<Dataset> {
    let target = Target::of(&info.spec);
    let source = args.pairs.source(&args.data, target)?;
    let bar = progress::bar(0, "pictures read");
    let dataset = Dataset::open(
        &source,
        target,
        Framing::default(),
        OpenOptions::default(),
        &mut |done, total| {
            bar.set_length(total as u64);
            bar.set_position(done as u64);
            true
        },
    );
    bar.finish_and_clear();
    dataset
}

impl EvaluateArgs {
    /// Prints the measures, each column under its name.
    fn tell(&self, info: &ModelInfo, of: &str, columns: &[(&str, &Measures)]) -> Result<()> {
        if self.json {
            return console::result(&format!("{:#}", self.json_of(info, columns)));
        }
        let mut rows = vec![vec!["measure".to_owned(), "what it says".to_owned()]];
        rows[0].extend(columns.iter().map(|(name, _)| (*name).to_owned()));
        for measure in Measure::ALL {
            let number = |(_, measures): &(&str, &Measures)| match measure.of(measures) {
                Some(value) if measure == Measure::Swd => format!("{value:.2}"),
                Some(value) if measure == Measure::L1 => format!("{value:.4}"),
                Some(value) => format!("{value:.3}"),
                None => "-".to_owned(),
            };
            let numbers: Vec<String> = columns.iter().map(number).collect();
            if numbers.iter().all(|number| number == "-") {
                continue;
            }
            let mut row = vec![measure.name().to_owned(), measure.about().to_owned()];
            row.extend(numbers);
            rows.push(row);
        }
        let title = format!("{} after {} kimg, {of}", info.name, info.kimg.round());
        console::result(&format!("{title}\n\n{}", table(&rows, 2)))
    }

    fn json_of(&self, info: &ModelInfo, columns: &[(&str, &Measures)]) -> Value {
        let all = |measures: &Measures| -> Value {
            let value =
                |measure: Measure| Some((measure.name().to_owned(), json!(measure.of(measures)?)));
            Measure::ALL.into_iter().filter_map(value).collect::<Map<_, _>>().into()
        };
        let first = columns.first().map(|(_, measures)| (measures.images, measures.pictures));
        let (images, pictures) = first.unwrap_or_default();
        let mut told = json!({
            "model": info.name,
            "images": images,
            "data": self.data,
            "pictures": pictures,
            "seed": self.seed,
        });
        for (name, measures) in columns {
            told[*name] = all(measures);
        }
        told
    }
}
