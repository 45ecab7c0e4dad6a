//! Which step trains what: how many pictures, and at which resolution.
//!
//! All of it follows from the settings, so that a run that is gone on with needs to remember no more
//! than the number of its last step.

use serde::{Deserialize, Serialize};

use super::config::TrainConfig;
use crate::error::{Error, Result};

/// How the networks grow in the course of a run (Karras et al. 2018, "Progressive growing of GANs"):
/// from the resolution of the settings' networks, a factor 2 at a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Growth {
    /// Height and width at which it ends: a power of two up to 512.
    pub until: usize,
    /// Thousands of pictures at each resolution before the next layer is added, up to 1,000,000; 0
    /// adds layers by hand alone.
    pub stage_kimg: f64,
    /// Thousands of pictures over which a new layer is blended in, up to 1,000,000; 0 adds it at once.
    pub fade_kimg: f64,
    /// The most values (channels × height × width) that the pictures of a batch have together, 1,000
    /// to 1,000,000,000: where pictures are large, batches have fewer of them than the settings say,
    /// but 4 at least.
    pub batch_values: usize,
    /// Numbers of the steps after which a layer was added by hand.
    #[serde(default)]
    pub by_hand: Vec<u64>,
}

impl Growth {
    /// The fewest pictures that batch norm works with.
    const LEAST_BATCH: usize = 4;

    /// Up to 256×256 with a layer each 200 kimg, blended in over 50; batches of 64 up to 64×64, then
    /// 32 and 8.
    pub const USUAL: Self = Self {
        until: 256,
        stage_kimg: 200.0,
        fade_kimg: 50.0,
        batch_values: 3 << 19,
        by_hand: Vec::new(),
    };

    fn batch(&self, batch: usize, channels: usize, resolution: usize) -> usize {
        let most = self.batch_values / (channels * resolution * resolution).max(1);
        batch.min(most.max(Self::LEAST_BATCH))
    }

    /// Checks every setting with `within`, which takes a name, a value and its limits.
    pub(super) fn validate(
        &self,
        config: &TrainConfig,
        within: impl Fn(&str, f64, f64, f64) -> Result<()>,
    ) -> Result<()> {
        within("--stage-kimg", self.stage_kimg, 0.0, 1e6)?;
        within("--fade-kimg", self.fade_kimg, 0.0, 1e6)?;
        within("--batch-values", self.batch_values as f64, 1e3, 1e9)?;
        let spec = &config.spec;
        let (start, _) = spec.size();
        if !self.until.is_power_of_two() || self.until < start {
            return Err(Error::bad_setting(
                "--grow-to",
                format!("must be a power of two from {start} on, not {}", self.until),
            ));
        }
        let mut largest = spec.clone();
        while largest.size().0 < self.until {
            largest = largest.grown(false)?;
        }
        largest.validate()
    }
}

/// A part of a run in which pictures and batches keep their size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stage {
    /// Number of its first step, from 1.
    pub first_step: u64,
    /// Real pictures shown before it.
    pub images: u64,
    /// Layers added since the start of the run.
    pub layers: usize,
    /// Pictures in a batch.
    pub batch: usize,
    /// Real pictures shown in a step: a batch for each step of the discriminator.
    pub per_step: usize,
}

impl Stage {
    /// Whether `step`, of this stage, completes another `kimg` thousand pictures of it.
    pub fn completes(&self, step: u64, kimg: f64) -> bool {
        let every = (kimg * 1000.0 / self.per_step.max(1) as f64).ceil().max(1.0) as u64;
        (step + 1).saturating_sub(self.first_step).is_multiple_of(every)
    }
}

/// All stages of a run, one at least.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    stages: Vec<Stage>,
    last_step: u64,
}

impl Schedule {
    /// What `config` amounts to.
    pub fn new(config: &TrainConfig) -> Self {
        let steps_in = |kimg: f64, stage: &Stage| {
            (kimg * 1000.0 / stage.per_step.max(1) as f64).ceil().max(0.0) as u64
        };
        let (start, channels) = (config.spec.size().0, config.spec.channels());
        let mut stages = Vec::new();
        let (mut step, mut images) = (0, 0u64);
        loop {
            let layers = stages.len();
            let batch = match &config.growth {
                Some(growth) => growth.batch(config.batch, channels, start << layers),
                None => config.batch,
            };
            let per_step = batch * config.d_steps;
            let stage = Stage { first_step: step + 1, images, layers, batch, per_step };
            stages.push(stage);
            let last_step = step + steps_in(config.kimg - images as f64 / 1000.0, &stage);
            let next = config.growth.as_ref().filter(|g| start << layers < g.until).and_then(|g| {
                let planned =
                    (g.stage_kimg > 0.0).then(|| step + steps_in(g.stage_kimg, &stage).max(1));
                let by_hand = g.by_hand.iter().copied().filter(|at| *at > step).min();
                planned.into_iter().chain(by_hand).min()
            });
            match next {
                Some(next) if next < last_step => {
                    images += (next - step) * per_step as u64;
                    step = next;
                }
                _ => return Self { stages, last_step },
            }
        }
    }

    /// Number of the last step.
    pub fn last_step(&self) -> u64 {
        self.last_step
    }

    /// All stages in order.
    pub fn stages(&self) -> &[Stage] {
        &self.stages
    }

    /// The stage that `step` is in.
    pub fn stage_of(&self, step: u64) -> Stage {
        let after = self.stages.partition_point(|stage| stage.first_step <= step);
        self.stages[after.saturating_sub(1)]
    }

    /// Real pictures shown in the first `steps` steps.
    pub fn images_after(&self, steps: u64) -> u64 {
        let stage = self.stage_of(steps);
        stage.images + (steps + 1).saturating_sub(stage.first_step) * stage.per_step as u64
    }
}

impl TrainConfig {
    /// How far the newest layer is blended in for `step`: 0 is not at all, and 1, or `None`, entirely.
    pub fn fade(&self, schedule: &Schedule, step: u64) -> Option<f64> {
        let fade_kimg = self.growth.as_ref()?.fade_kimg;
        let stage = schedule.stage_of(step);
        if stage.layers == 0 || fade_kimg <= 0.0 {
            return None;
        }
        let shown = schedule.images_after(step.saturating_sub(1)).saturating_sub(stage.images);
        let share = shown as f64 / (fade_kimg * 1000.0);
        (share < 1.0).then_some(share)
    }

    /// Adds a layer after `steps` steps, by hand. `false` if the networks do not grow, are as large as
    /// they are to be, or have only just grown.
    pub fn grow_by_hand(&mut self, steps: u64) -> bool {
        let before = Schedule::new(self);
        let Some(growth) = &mut self.growth else { return false };
        growth.by_hand.push(steps);
        let grown = Schedule::new(self);
        let happens = before.stage_of(steps + 1).layers < grown.stage_of(steps + 1).layers;
        if !happens && let Some(growth) = &mut self.growth {
            growth.by_hand.pop();
        }
        happens
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::DataSource;
    use crate::model::Preset;

    fn config() -> TrainConfig {
        let mut config = TrainConfig::new(Preset::Grow, DataSource::Demo);
        config.batch = 64;
        config.growth = Some(Growth {
            until: 256,
            stage_kimg: 6.4,
            fade_kimg: 3.2,
            batch_values: 3 << 19,
            by_hand: Vec::new(),
        });
        config.kimg = 32.0;
        config
    }

    #[test]
    fn stages_follow_from_the_settings() {
        let config = config();
        let schedule = Schedule::new(&config);
        let told: Vec<_> =
            schedule.stages().iter().map(|s| (s.first_step, s.images, s.batch)).collect();
        assert_eq!(told, [(1, 0, 64), (101, 6_400, 64), (201, 12_800, 32), (401, 19_200, 8)]);
        assert_eq!(schedule.last_step(), 400 + 12_800 / 8);
        assert_eq!(schedule.images_after(schedule.last_step()), 32_000);
        for (steps, images) in [(0, 0), (1, 64), (100, 6_400), (101, 6_464), (201, 12_832)] {
            assert_eq!(schedule.images_after(steps), images, "{steps}");
        }
        let fades = [1, 101, 126, 150, 151, 201].map(|step| config.fade(&schedule, step));
        assert_eq!(fades, [None, Some(0.0), Some(0.5), Some(0.98), None, Some(0.0)]);
    }

    #[test]
    fn a_layer_added_by_hand_leaves_the_past_alone() {
        let mut config = config();
        let planned = Schedule::new(&config);
        assert!(config.grow_by_hand(130));
        assert!(!config.grow_by_hand(130), "twice at once");
        let schedule = Schedule::new(&config);
        for step in 1..=130 {
            assert_eq!(schedule.stage_of(step), planned.stage_of(step));
        }
        let stage = schedule.stage_of(131);
        assert_eq!((stage.first_step, stage.layers, stage.images), (131, 2, 130 * 64));
        assert_eq!(schedule.stages().len(), 4);
        assert!(!config.grow_by_hand(schedule.last_step() - 1), "it is as large as it gets");
        let mut still = TrainConfig::new(Preset::Dcgan64, DataSource::Demo);
        assert!(!still.grow_by_hand(10));
    }

    #[test]
    fn several_steps_of_the_discriminator_count_their_pictures() {
        let mut config = TrainConfig::new(Preset::Dcgan64, DataSource::Demo);
        (config.batch, config.d_steps, config.kimg) = (50, 3, 1.0);
        let schedule = Schedule::new(&config);
        assert_eq!((schedule.last_step(), schedule.images_after(7)), (7, 1050));
    }
}
