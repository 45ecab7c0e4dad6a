//! What a run does between its steps.

use crate::train::trainer::Trainer;
use crate::train::upkeep::is_due;

/// What is to be done after a step.
pub(super) struct Due {
    /// The run ends.
    pub is_last: bool,
    pub measure: bool,
    pub preview: bool,
    /// A model is kept for good.
    pub keep: bool,
    pub save: bool,
    /// The next step is one of other networks.
    pub grow: bool,
}

impl Due {
    /// After the last step of `trainer`, if an earlier save is still to be made or not.
    pub fn after(trainer: &Trainer, owes_a_save: bool) -> Self {
        let (step, images, config) = (trainer.steps(), trainer.images(), trainer.config());
        let stage = trainer.schedule().stage_of(step);
        let before = images - stage.per_step as u64;
        let due = |kimg| is_due(kimg, before, images);
        Self {
            is_last: step >= trainer.schedule().last_step(),
            measure: due(config.upkeep.measure_kimg),
            preview: config.upkeep.is_sheet_due(before, images),
            keep: due(config.upkeep.keep_kimg),
            save: stage.completes(step, config.save_kimg) || owes_a_save,
            grow: trainer.stage() != stage,
        }
    }

    /// Whether there is anything to do.
    pub fn anything(&self) -> bool {
        let Self { is_last, measure, preview, keep, save, grow } = *self;
        is_last || measure || preview || keep || save || grow
    }
}
