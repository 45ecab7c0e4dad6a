//! `latentscape evaluate`: how good a generator's pictures are, against real ones.

use clap::Args;
use serde_json::{Map, Value, json};

use super::console::{self, table, thousands};
use super::model_args::ModelArgs;
use super::progress;
use crate::data::{DataSource, Dataset, Framing, OpenOptions, Target};
use crate::error::{Error, Result};
use crate::train::metrics::{Gauge, Manifold, Measure, Measures, Pictures};

/// Measure a generator against real pictures
///
/// As many generated pictures as real ones are compared: by their patches (sliced Wasserstein
/// distance, after Karras et al. 2018), by how unlike each other they are, by the kinds of pictures that
/// are missing or too common (NDB, Richardson & Weiss 2018), and by their neighbours among the features
/// of a discriminator with random weights (precision and recall, Kynkäänniemi et al. 2019; density and
/// coverage, Naeem et al. 2020). The column `real` has the same measures of other real pictures of the
/// data: what a perfect generator would get.
#[derive(Debug, Args)]
pub struct EvaluateArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// The pictures it was trained on: a folder, an IDX file, or `demo` for the built-in faces
    #[arg(long, value_name = "SOURCE")]
    data: String,
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
    let model = args.model.open()?;
    let info = model.file.info();
    let (height, width) = info.spec.size();
    let target = Target { input: 0, channels: info.spec.channels(), height, width };
    let dataset = open(args, target)?;
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
    if args.json {
        return console::result(&format!("{:#}", args.json(&info.name, &generated, &real)));
    }
    let mut rows = vec![["measure", "what it says", "generated", "real"].map(str::to_owned)];
    for measure in Measure::ALL {
        let number = |measures: &Measures| match measure.of(measures) {
            Some(value) if measure == Measure::Swd => format!("{value:.2}"),
            Some(value) => format!("{value:.3}"),
            None => "-".to_owned(),
        };
        let [generated, real] = [&generated, &real].map(number);
        rows.push([measure.name().to_owned(), measure.about().to_owned(), generated, real]);
    }
    let rows: Vec<Vec<String>> = rows.into_iter().map(Vec::from).collect();
    console::result(&format!(
        "{} after {} kimg, {} pictures against {} of {}\n\n{}",
        info.name,
        info.kimg.round(),
        thousands(count),
        thousands(count),
        dataset.name(),
        table(&rows, 2)
    ))
}

fn open(args: &EvaluateArgs, target: Target) -> Result<Dataset> {
    let source = DataSource::parse(&args.data)?;
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
    fn json(&self, name: &str, generated: &Measures, real: &Measures) -> Value {
        let all = |measures: &Measures| -> Value {
            let value =
                |measure: Measure| Some((measure.name().to_owned(), json!(measure.of(measures)?)));
            Measure::ALL.into_iter().filter_map(value).collect::<Map<_, _>>().into()
        };
        json!({
            "model": name,
            "images": generated.images,
            "data": self.data,
            "pictures": generated.pictures,
            "seed": self.seed,
            "generated": all(generated),
            "real": all(real),
        })
    }
}
