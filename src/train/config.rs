//! Everything that decides the course of a run, as it is kept in its folder.

use serde::{Deserialize, Serialize};

use super::adam::AdamSettings;
use super::augment::Augment;
use super::metrics::Measure;
use super::objective::{Loss, Objective};
use super::pairs::held_out_of;
use super::schedule::{Growth, Schedule};
use super::upkeep::Upkeep;
use crate::data::{DataSource, Framing, OpenOptions, Target};
use crate::error::{Error, Result};
use crate::model::{ModelSpec, Network, PatchGan, Preset, Takes};

/// Settings of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// The networks.
    pub spec: ModelSpec,
    /// The pictures.
    pub data: DataSource,
    /// How a picture of another shape is fitted.
    pub framing: Framing,
    /// Only so many pictures are used, the first in the order of the source; 0: all.
    #[serde(default)]
    pub pictures: usize,
    /// Whether half of the pictures are mirrored.
    pub flip: bool,
    /// Share by which pairs are read larger than they are learnt at, 0 to 0.5; another part of each, the
    /// same of both halves, is shown every time. 0 for plain pictures.
    #[serde(default)]
    pub jitter: f64,
    /// Pictures in a batch, 2 to 65,536, or from 1 on where pictures are made from pictures; fewer where
    /// they have grown large.
    pub batch: usize,
    /// What the networks are trained for.
    #[serde(default)]
    pub objective: Objective,
    /// Weight λ of the mean absolute difference of an output from its truth, both in [-1, 1], in the
    /// generator's loss, 0 to 10,000 (Isola et al. 2017 take 100). Only where pictures are made from
    /// pictures.
    #[serde(default)]
    pub l1: f64,
    /// How pictures are changed before the discriminator judges them.
    #[serde(default)]
    pub augment: Augment,
    /// How the networks grow, if they do.
    #[serde(default)]
    pub growth: Option<Growth>,
    /// Steps of the discriminator for each of the generator, 1 to 100, every one with fresh real and
    /// generated pictures: more where the discriminator cannot follow.
    #[serde(default = "one")]
    pub d_steps: usize,
    /// The generator's optimiser.
    pub generator: AdamSettings,
    /// The discriminator's optimiser.
    pub discriminator: AdamSettings,
    /// Thousands of pictures at the start of the run over which the learning rates rise linearly from
    /// 0, 0 to 1,000,000: for large batches and rates that would go astray at first.
    #[serde(default)]
    pub warm_up_kimg: f64,
    /// The longest gradient (L2 norm over all parameters of a network) that is followed as it is;
    /// longer ones are shortened to it. 0 to 1,000,000, where 0 never shortens.
    #[serde(default)]
    pub clip: f64,
    /// What the discriminator is to say of real pictures, 0.5 to 1: 1, or a little less so that it does
    /// not grow too sure of itself (one-sided label smoothing, Salimans et al. 2016). Only with the
    /// objectives that have labels.
    pub real_label: f64,
    /// Length of the run in thousands of real pictures.
    pub kimg: f64,
    /// Last part of the run, as a share, in which the learning rates fall linearly to 0.
    pub lr_decay: f64,
    /// Half-life of the averaged generator's memory, in thousands of pictures.
    pub ema_kimg: f64,
    /// Thousands of pictures between two checkpoints.
    pub save_kimg: f64,
    /// Pictures on a sample sheet.
    pub samples: usize,
    /// Where every random number comes from.
    pub seed: u64,
    /// What is shown, measured and kept on the way.
    #[serde(default)]
    pub upkeep: Upkeep,
}

impl TrainConfig {
    /// The settings under which a preset was published, for `data`.
    pub fn new(preset: Preset, data: DataSource) -> Self {
        let (batch, kimg, flip) = match preset {
            Preset::MnistMlp => (64, 2_000.0, false),
            Preset::Faces32 => (256, 1_000.0, true),
            Preset::Dcgan64 => (64, 500.0, true),
            Preset::Cars256 => (16, 500.0, true),
            Preset::Grow => (64, 1_000.0, true),
            Preset::Pix2pix => (1, 200.0, true),
        };
        let usual = Self {
            spec: preset.spec(),
            data,
            framing: Framing::default(),
            pictures: 0,
            flip,
            jitter: 0.0,
            batch,
            objective: Objective::default(),
            l1: 0.0,
            augment: Augment::default(),
            growth: None,
            d_steps: 1,
            generator: AdamSettings::GAN,
            discriminator: AdamSettings::GAN,
            warm_up_kimg: 0.0,
            clip: 0.0,
            real_label: 0.9,
            kimg,
            lr_decay: 0.0,
            ema_kimg: 10.0,
            save_kimg: 20.0,
            samples: 64,
            seed: 0,
            upkeep: Upkeep::over(kimg),
        };
        match preset {
            Preset::MnistMlp | Preset::Faces32 | Preset::Dcgan64 | Preset::Cars256 => usual,
            Preset::Grow => Self { growth: Some(Growth::USUAL), ..usual },
            Preset::Pix2pix => Self {
                jitter: 0.117,
                l1: 100.0,
                real_label: 1.0,
                lr_decay: 0.5,
                ema_kimg: 2.0,
                save_kimg: 5.0,
                samples: 12,
                upkeep: Upkeep { keep_best: Some(Measure::L1), ..usual.upkeep },
                ..usual
            },
        }
    }

    /// Chooses an objective, and with it whether the label of real pictures is smoothed.
    pub fn choose_loss(&mut self, loss: Loss) {
        if !loss.has_labels() {
            self.real_label = 1.0;
        }
        self.objective.loss = loss;
    }

    /// Chooses height and width of the pictures. Where pictures are made from pictures, batches and the
    /// discriminator's patches that were as usual for the size before are so for the new one.
    pub fn choose_resolution(&mut self, resolution: usize) {
        match &mut self.spec.network {
            Network::Mlp(mlp) => mlp.size = (resolution, resolution),
            Network::Dcgan(dcgan) => dcgan.resolution = resolution,
            Network::Pix2pix(net) => {
                let usual = |resolution| {
                    (usual_batch_of_pairs(resolution), PatchGan::usual_layers(resolution))
                };
                let ((batch, layers), (new_batch, new_layers)) =
                    (usual(net.resolution), usual(resolution));
                if self.batch == batch {
                    self.batch = new_batch;
                }
                if net.discriminator.layers == layers {
                    net.discriminator.layers = new_layers;
                }
                net.resolution = resolution;
            }
            // Of one size by its layers, and without a discriminator: `validate` says so.
            Network::Stack(_) => {}
        }
    }

    /// How many of a data set's pictures are not learnt from but measured with: see
    /// [`held_out_of`]. None where pictures are drawn from latents.
    pub fn held_out(&self, pictures: usize) -> usize {
        match self.spec.takes() {
            Takes::Latent { .. } => 0,
            Takes::Picture { .. } => held_out_of(pictures),
        }
    }

    /// Shape of the pictures that the networks take at the start of the run.
    pub fn target(&self) -> Target {
        self.target_in(0)
    }

    /// Shape of the pictures after `layers` layers were added.
    pub fn target_in(&self, layers: usize) -> Target {
        let target = Target::of(&self.spec);
        Target { height: target.height << layers, width: target.width << layers, ..target }
    }

    /// Which step trains what.
    pub fn schedule(&self) -> Schedule {
        Schedule::new(self)
    }

    /// Number of the last step.
    pub fn last_step(&self) -> u64 {
        self.schedule().last_step()
    }

    /// What the learning rates are multiplied with in a step from `images` to `images_after` real
    /// pictures shown.
    pub fn lr_factor(&self, images: u64, images_after: u64) -> f64 {
        let part_of = |count: f64, kimg: f64| match kimg > 0.0 {
            true => (count / (kimg * 1000.0)).clamp(0.0, 1.0),
            false => 1.0,
        };
        let left = self.kimg * 1000.0 - images as f64;
        part_of(left, self.kimg * self.lr_decay) * part_of(images_after as f64, self.warm_up_kimg)
    }

    /// Checks every setting.
    ///
    /// # Errors
    /// [`Error::BadSetting`] naming the first that is out of range.
    pub fn validate(&self) -> Result<()> {
        self.spec.validate()?;
        within("--jitter", self.jitter, 0.0, OpenOptions::MAX_JITTER)?;
        let from_pictures = self.spec.takes_pictures();
        if self.jitter > 0.0 && !from_pictures {
            let why = "only pairs are read larger and cropped at random; it must be 0 here";
            return Err(Error::bad_setting("--jitter", why));
        }
        let fewest = if from_pictures { 1.0 } else { 2.0 };
        within("--batch", self.batch as f64, fewest, 65_536.0)?;
        within("--pictures", self.pictures as f64, 0.0, 1e9)?;
        within("--kimg", self.kimg, 0.001, 1e9)?;
        within("--real-label", self.real_label, 0.5, 1.0)?;
        within("--d-steps", self.d_steps as f64, 1.0, 100.0)?;
        within("--warm-up-kimg", self.warm_up_kimg, 0.0, 1e6)?;
        within("--clip", self.clip, 0.0, 1e6)?;
        self.objective.validate(self.real_label, within)?;
        within("--l1", self.l1, 0.0, 10_000.0)?;
        if self.l1 != 0.0 && !from_pictures {
            let why = "only networks that make pictures from pictures, as in the preset pix2pix, have \
                       a truth to be near to";
            return Err(Error::bad_setting("--l1", why));
        }
        self.augment.validate(within)?;
        if self.augment.is_on() && from_pictures {
            let why = "changes one picture at a time and would tear pairs apart; leave it out";
            return Err(Error::bad_setting("--augment", why));
        }
        if let Some(growth) = &self.growth {
            if from_pictures {
                self.spec.grown(false)?;
            }
            growth.validate(self, within)?;
        }
        within("--lr-decay", self.lr_decay, 0.0, 1.0)?;
        within("--ema-kimg", self.ema_kimg, 0.0, 1e6)?;
        within("--save-kimg", self.save_kimg, 0.001, 1e9)?;
        within("--samples", self.samples as f64, 1.0, 1024.0)?;
        self.upkeep.validate(within)?;
        for adam in [&self.generator, &self.discriminator] {
            within("--lr", adam.lr, 1e-9, 1.0)?;
            within("--beta1", adam.beta1, 0.0, 0.999_999)?;
            within("--beta2", adam.beta2, 0.0, 0.999_999)?;
            within("--eps", adam.eps, 1e-12, 1.0)?;
        }
        Ok(())
    }
}

/// Pairs in a batch: one of 256×256, as published, and about as many pixels of smaller ones.
fn usual_batch_of_pairs(resolution: usize) -> usize {
    (256 / resolution.max(1)).pow(2).clamp(1, 16)
}

/// Whether a setting lies in its range.
fn within(name: &str, value: f64, lo: f64, hi: f64) -> Result<()> {
    if (lo..=hi).contains(&value) {
        return Ok(());
    }
    let why = format!("must lie between {lo} and {hi}, and {value} was given");
    Err(Error::bad_setting(name, why))
}

fn one() -> usize {
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn learning_rates_rise_at_the_start_and_fall_at_the_end() {
        let mut config = TrainConfig::new(Preset::Dcgan64, DataSource::Demo);
        config.kimg = 6.4;
        assert_eq!(config.last_step(), 100);
        let factor = |config: &TrainConfig, step: u64| config.lr_factor((step - 1) * 64, step * 64);
        assert_eq!([factor(&config, 1), factor(&config, 100)], [1.0, 1.0]);
        config.lr_decay = 0.5;
        assert_eq!([factor(&config, 50), factor(&config, 76)], [1.0, 0.5]);
        assert!((factor(&config, 100) - 0.02).abs() < 1e-12);
        config.warm_up_kimg = 1.28;
        assert_eq!([1, 10, 20, 21].map(|step| factor(&config, step)), [0.05, 0.5, 1.0, 1.0]);
    }

    fn grow(change: impl FnOnce(&mut Growth)) -> TrainConfig {
        let mut config = TrainConfig::new(Preset::Grow, DataSource::Demo);
        change(config.growth.as_mut().unwrap());
        config
    }

    fn pix2pix(change: impl FnOnce(&mut TrainConfig)) -> TrainConfig {
        let mut config = TrainConfig::new(Preset::Pix2pix, DataSource::Demo);
        change(&mut config);
        config
    }

    #[test]
    fn a_smaller_size_has_larger_batches_and_smaller_patches() {
        let told = |config: &TrainConfig| match &config.spec.network {
            Network::Pix2pix(net) => (net.resolution, config.batch, net.discriminator.layers),
            other => panic!("{other:?}"),
        };
        let mut config = pix2pix(|_| ());
        assert_eq!(told(&config), (256, 1, 3));
        for usual in [(64, 16, 2), (32, 16, 1), (128, 4, 3), (512, 1, 3)] {
            config.choose_resolution(usual.0);
            assert_eq!(told(&config), usual);
            config.validate().unwrap();
        }
        // What was chosen stays.
        config.batch = 5;
        config.choose_resolution(64);
        assert_eq!(told(&config), (64, 5, 2));
    }

    #[test]
    fn some_pairs_are_held_out() {
        let config = pix2pix(|_| ());
        let held = [1, 2, 10, 16, 100, 400, 20_000].map(|pictures| config.held_out(pictures));
        assert_eq!(held, [0, 1, 5, 8, 8, 20, 512]);
        assert_eq!(TrainConfig::new(Preset::Dcgan64, DataSource::Demo).held_out(400), 0);
    }

    /// Runs of earlier versions go on as they were.
    #[test]
    fn settings_that_came_later_may_be_missing() {
        let config = TrainConfig::new(Preset::Dcgan64, DataSource::Demo);
        let mut json = serde_json::to_value(&config).unwrap();
        let fields = json.as_object_mut().unwrap();
        let later =
            ["objective", "l1", "augment", "growth", "jitter", "d_steps", "warm_up_kimg", "clip"];
        for name in later {
            assert!(fields.remove(name).is_some(), "{name}");
        }
        assert_eq!(serde_json::from_value::<TrainConfig>(json).unwrap(), config);
    }

    #[test]
    fn settings_out_of_range_are_named() {
        type Change = fn(&mut TrainConfig);
        let cases: [(Change, &str); 24] = [
            (|c| c.kimg = 0.0, "--kimg"),
            (|c| c.kimg = f64::NAN, "--kimg"),
            (|c| c.batch = 0, "--batch"),
            (|c| c.jitter = 0.1, "only pairs"),
            (|c| c.jitter = -0.1, "--jitter"),
            (|c| c.real_label = 2.0, "--real-label"),
            (|c| c.generator.lr = -1.0, "--lr"),
            (|c| c.spec.z_dim = 0, "z"),
            (|c| c.d_steps = 0, "--d-steps"),
            (|c| c.warm_up_kimg = f64::INFINITY, "--warm-up-kimg"),
            (|c| c.clip = -1.0, "--clip"),
            (|c| c.objective.r1 = -1.0, "--r1"),
            (|c| c.objective.sigma = 0.0, "--penalty-sigma"),
            (|c| c.objective.loss = Loss::Hinge, "no label that could be 0.9"),
            (|c| c.augment.p = 1.5, "--augment-p"),
            (|c| c.augment.ada_kimg = 500.0, "--augment"),
            (|c| c.growth = Some(Growth::USUAL), "constant width"),
            (|c| *c = grow(|g| g.until = 100), "--grow-to"),
            (|c| *c = grow(|g| g.until = 1024), "resolution"),
            (|c| *c = grow(|g| g.batch_values = 1), "--batch-values"),
            (|c| c.l1 = 100.0, "--l1"),
            (|c| *c = pix2pix(|c| c.augment = Augment::ALL), "--augment"),
            (|c| *c = pix2pix(|c| c.spec.z_dim = 1), "no latents"),
            (|c| *c = pix2pix(|c| c.growth = Some(Growth::USUAL)), "constant width"),
        ];
        for (change, name) in cases {
            let mut config = TrainConfig::new(Preset::Dcgan64, DataSource::Demo);
            change(&mut config);
            let error = config.validate().unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
    }
}
