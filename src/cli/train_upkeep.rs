//! The options of `train` that decide what is shown, measured and kept, and nothing of what is learnt.

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser, ValueParser};

use crate::train::Upkeep;
use crate::train::metrics::Measure;

/// What can be changed at any time.
#[derive(Debug, Args)]
#[command(next_help_heading = "On the way (also with --resume)")]
pub struct UpkeepArgs {
    /// Thousands of pictures between two sample sheets
    #[arg(long, value_name = "KIMG", allow_negative_numbers = true)]
    preview_kimg: Option<f64>,
    /// Thousands of pictures between two models that are kept for good; 0 keeps the newest alone
    #[arg(long, value_name = "KIMG", allow_negative_numbers = true)]
    keep_kimg: Option<f64>,
    /// The measure by which the best model is kept beside the newest, or none
    #[arg(long, value_name = "MEASURE", value_parser = best_parser())]
    keep_best: Option<Best>,
    /// Thousands of pictures between two measurings; 0 never measures
    #[arg(long, value_name = "KIMG", allow_negative_numbers = true)]
    measure_kimg: Option<f64>,
    /// Pictures that are measured: more tell more and take longer
    #[arg(long, value_name = "N")]
    measure_pictures: Option<usize>,
}

/// A measure, or none.
#[derive(Debug, Clone, Copy)]
struct Best(Option<Measure>);

fn best_parser() -> ValueParser {
    let measures = Measure::ALL.map(|measure| (measure.name(), measure.about()));
    let names = measures.into_iter().chain([("none", "keep the newest alone")]);
    let values = names.map(|(name, about)| PossibleValue::new(name).help(about));
    PossibleValuesParser::new(values)
        .map(|name| Best(Measure::ALL.into_iter().find(|measure| measure.name() == name)))
        .into()
}

impl UpkeepArgs {
    /// Lays what was given over `upkeep`.
    pub fn apply(&self, upkeep: &mut Upkeep) {
        upkeep.preview_kimg = self.preview_kimg.unwrap_or(upkeep.preview_kimg);
        upkeep.keep_kimg = self.keep_kimg.unwrap_or(upkeep.keep_kimg);
        upkeep.keep_best = self.keep_best.map_or(upkeep.keep_best, |best| best.0);
        upkeep.measure_kimg = self.measure_kimg.unwrap_or(upkeep.measure_kimg);
        upkeep.measure_pictures = self.measure_pictures.unwrap_or(upkeep.measure_pictures);
    }
}
