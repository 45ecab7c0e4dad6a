//! What is measured and diagnosed while a run goes on.

use std::sync::Arc;

use crate::data::Dataset;
use crate::error::Result;
use crate::train::events::StepReport;
use crate::train::metrics::{Gauge, Measures, Pictures, measure_outputs};
use crate::train::monitor::{Alert, Doctor, Facts};
use crate::train::pairs::HeldOut;
use crate::train::trainer::Trainer;
use crate::train::upkeep::Upkeep;

/// Seed of everything random in a measuring: the same for all runs, so that they can be compared.
const SEED: u64 = 0;

/// The doctor, and the measures so far.
pub(super) struct Watcher {
    dataset: Arc<Dataset>,
    /// Where pictures are made from pictures.
    held_out: Option<HeldOut>,
    upkeep: Upkeep,
    facts: Facts,
    doctor: Doctor,
    best: Option<Measures>,
    /// Real pictures shown before they had their size of now: measures from before do not compare.
    since: u64,
    /// Made at the first measuring.
    gauge: Option<Gauge>,
}

impl Watcher {
    pub(super) fn new(
        dataset: Arc<Dataset>,
        held_out: Option<HeldOut>,
        upkeep: Upkeep,
        since: u64,
    ) -> Result<Self> {
        let facts = Facts::of(&dataset)?;
        let doctor = Doctor::new(facts);
        Ok(Self { dataset, held_out, upkeep, facts, doctor, best: None, since, gauge: None })
    }

    /// The pairs that are not learnt from, if pictures are made from pictures.
    pub(super) fn held_out(&self) -> Option<&HeldOut> {
        self.held_out.as_ref()
    }

    /// Pictures have another size from now on, `since` pictures into the run.
    pub(super) fn grow(&mut self, dataset: Arc<Dataset>, since: u64) -> Result<()> {
        self.facts = Facts::of(&dataset)?;
        (self.dataset, self.since) = (dataset, since);
        (self.best, self.gauge) = (None, None);
        Ok(())
    }

    /// As if nothing had been heard.
    pub(super) fn forget(&mut self) {
        self.doctor = Doctor::new(self.facts);
        self.best = None;
    }

    /// Hears a step of an earlier session again.
    pub(super) fn recall(&mut self, report: &StepReport) {
        self.doctor.step(report);
    }

    /// Hears measures of an earlier session again.
    pub(super) fn recall_measures(&mut self, step: u64, measures: &Measures) {
        self.doctor.measured(step, measures);
        if measures.images > self.since && self.upkeep.is_best(measures, self.best.as_ref()) {
            self.best = Some(*measures);
        }
    }

    /// What the doctor says before the first step.
    pub(super) fn before(&mut self) -> Vec<Alert> {
        self.doctor.before()
    }

    /// What the doctor says of a step.
    pub(super) fn step(&mut self, report: &StepReport) -> Vec<Alert> {
        self.doctor.step(report)
    }

    /// Measures the averaged generator, and says whether it is the best so far.
    pub(super) fn measure(&mut self, trainer: &Trainer) -> Result<(Measures, bool, Vec<Alert>)> {
        let measures = match &self.held_out {
            Some(held_out) => {
                let generator = trainer.average().generator();
                let count = self.upkeep.measure_pictures;
                let pairs = held_out.translated(generator, count, trainer.device())?;
                measure_outputs(&pairs.outputs, &pairs.truths, SEED, trainer.images())?
            }
            None => self.measure_drawn(trainer)?,
        };
        let is_best = self.upkeep.is_best(&measures, self.best.as_ref());
        if is_best {
            self.best = Some(measures);
        }
        Ok((measures, is_best, self.doctor.measured(trainer.steps(), &measures)))
    }

    /// Measures pictures that are drawn from latents.
    fn measure_drawn(&mut self, trainer: &Trainer) -> Result<Measures> {
        let generator = trainer.average().generator();
        let gauge = match self.gauge.take() {
            Some(gauge) => gauge,
            None => {
                let count = self.upkeep.measure_pictures.min(self.dataset.len());
                let mut reals = Pictures::sample(&self.dataset, count, 1, SEED)?;
                // Features are the same whether or not a layer is being blended in.
                let spec = generator.spec().without_fade();
                Gauge::new(reals.swap_remove(0), &spec, SEED, trainer.device())?
            }
        };
        let fakes = Pictures::draw(generator, gauge.pictures(), SEED, trainer.device())?;
        let measures = gauge.measure(&fakes, trainer.images())?;
        self.gauge = Some(gauge);
        Ok(measures)
    }
}
