//! What a run shows, measures and keeps on its way. Nothing of it changes what is learnt.

use serde::{Deserialize, Serialize};

use super::metrics::{Measure, Measures};
use crate::error::Result;

/// Sheets, measures and models in the course of a run of usual length.
const SHEETS: f64 = 125.0;
const MEASURINGS: f64 = 25.0;
const MODELS: f64 = 10.0;

/// How often a run looks back, and what it keeps.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Upkeep {
    /// Thousands of pictures between two sample sheets; a few more come at the start, when most happens.
    pub preview_kimg: f64,
    /// Thousands of pictures between two models that are kept for good; 0 keeps the newest alone.
    pub keep_kimg: f64,
    /// The measure by which the best model so far is kept beside the newest, if any.
    pub keep_best: Option<Measure>,
    /// Thousands of pictures between two measurings; 0 never measures.
    pub measure_kimg: f64,
    /// Generated, and real, pictures that are measured: more tell more and take longer.
    pub measure_pictures: usize,
}

impl Default for Upkeep {
    fn default() -> Self {
        Self::over(500.0)
    }
}

impl Upkeep {
    /// For a run of `kimg` thousand pictures.
    pub fn over(kimg: f64) -> Self {
        Self {
            preview_kimg: kimg / SHEETS,
            keep_kimg: kimg / MODELS,
            keep_best: Some(Measure::Swd),
            measure_kimg: kimg / MEASURINGS,
            measure_pictures: 1000,
        }
    }

    /// Checks every setting with `within`, which takes a name, a value and its limits.
    pub(super) fn validate(
        &self,
        within: impl Fn(&str, f64, f64, f64) -> Result<()>,
    ) -> Result<()> {
        within("--preview-kimg", self.preview_kimg, 0.001, 1e9)?;
        within("--keep-kimg", self.keep_kimg, 0.0, 1e9)?;
        within("--measure-kimg", self.measure_kimg, 0.0, 1e9)?;
        within("--measure-pictures", self.measure_pictures as f64, 16.0, 50_000.0)
    }

    /// Whether a sample sheet is due after the step from `before` to `now` pictures: every interval, and
    /// after an eighth, a quarter and half of the first.
    pub(super) fn is_sheet_due(&self, before: u64, now: u64) -> bool {
        let interval = self.preview_kimg * 1000.0;
        let passes = |place: f64| (before as f64) < place && now as f64 >= place;
        is_due(self.preview_kimg, before, now)
            || [8.0, 4.0, 2.0].into_iter().any(|part| passes(interval / part))
    }

    /// Whether `measures` are better than `best` by the rule that was set.
    pub(super) fn is_best(&self, measures: &Measures, best: Option<&Measures>) -> bool {
        let Some(measure) = self.keep_best else { return false };
        match (measure.of(measures), best.and_then(|best| measure.of(best))) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(new), Some(old)) if measure.is_better_low() => new < old,
            (Some(new), Some(old)) => new > old,
        }
    }
}

/// Whether a multiple of `kimg` thousand pictures lies after `before` and not after `now`.
pub(super) fn is_due(kimg: f64, before: u64, now: u64) -> bool {
    let passed = |images: u64| (images as f64 / (kimg * 1000.0)).floor();
    kimg > 0.0 && passed(now) > passed(before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_is_due_once() {
        let due: Vec<u64> =
            (1..=20).filter(|step| is_due(0.1, (step - 1) * 32, step * 32)).collect();
        assert_eq!(due, [4, 7, 10, 13, 16, 19]);
        assert!(is_due(0.064, 32, 64) && !is_due(0.064, 64, 96));
        assert!(!is_due(0.0, 0, 1_000_000));
    }

    #[test]
    fn the_best_is_low_or_high_as_the_measure_wants_it() {
        let mut upkeep = Upkeep { keep_best: Some(Measure::Swd), ..Upkeep::over(500.0) };
        let of = |swd, coverage| Measures { swd, coverage, ..Measures::default() };
        assert!(upkeep.is_best(&of(Some(20.0), None), None));
        assert!(upkeep.is_best(&of(Some(19.0), None), Some(&of(Some(20.0), None))));
        assert!(!upkeep.is_best(&of(Some(21.0), None), Some(&of(Some(20.0), None))));
        assert!(!upkeep.is_best(&of(None, Some(1.0)), None));
        upkeep.keep_best = Some(Measure::Coverage);
        assert!(upkeep.is_best(&of(None, Some(0.9)), Some(&of(None, Some(0.8)))));
        upkeep.keep_best = None;
        assert!(!upkeep.is_best(&of(Some(1.0), Some(1.0)), None));
    }
}
