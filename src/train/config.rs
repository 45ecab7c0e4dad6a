//! Everything that decides the course of a run, as it is kept in its folder.

use serde::{Deserialize, Serialize};

use super::adam::AdamSettings;
use super::upkeep::Upkeep;
use crate::data::{DataSource, Framing, Target};
use crate::error::{Error, Result};
use crate::model::{ModelSpec, Preset};

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
    /// Whether half of the pictures are mirrored.
    pub flip: bool,
    /// Pictures per step.
    pub batch: usize,
    /// The generator's optimiser.
    pub generator: AdamSettings,
    /// The discriminator's optimiser.
    pub discriminator: AdamSettings,
    /// What the discriminator is to say of real pictures: 1, or a little less so that it does not
    /// grow too sure of itself (one-sided label smoothing, Salimans et al. 2016).
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
        };
        Self {
            spec: preset.spec(),
            data,
            framing: Framing::default(),
            flip,
            batch,
            generator: AdamSettings::GAN,
            discriminator: AdamSettings::GAN,
            real_label: 0.9,
            kimg,
            lr_decay: 0.0,
            ema_kimg: 10.0,
            save_kimg: 20.0,
            samples: 64,
            seed: 0,
            upkeep: Upkeep::over(kimg),
        }
    }

    /// Shape of the pictures that the networks take.
    pub fn target(&self) -> Target {
        let (height, width) = self.spec.size();
        Target { channels: self.spec.channels(), height, width }
    }

    /// Number of the last step.
    pub fn last_step(&self) -> u64 {
        (self.kimg * 1000.0 / self.batch as f64).ceil() as u64
    }

    /// Steps between two checkpoints.
    pub fn save_steps(&self) -> u64 {
        ((self.save_kimg * 1000.0 / self.batch as f64).ceil() as u64).max(1)
    }

    /// What the learning rates are multiplied with in `step`.
    pub fn lr_factor(&self, step: u64) -> f64 {
        let last = self.last_step() as f64;
        let decay = self.lr_decay * last;
        if decay <= 0.0 {
            return 1.0;
        }
        ((last - step as f64 + 1.0) / decay).clamp(0.0, 1.0)
    }

    /// Checks every setting.
    ///
    /// # Errors
    /// [`Error::BadSetting`] naming the first that is out of range.
    pub fn validate(&self) -> Result<()> {
        self.spec.validate()?;
        let within = |name: &str, value: f64, lo: f64, hi: f64| match (lo..=hi).contains(&value) {
            true => Ok(()),
            false => Err(Error::bad_setting(
                name,
                format!("must lie between {lo} and {hi}, and {value} was given"),
            )),
        };
        within("--batch", self.batch as f64, 2.0, 65_536.0)?;
        within("--kimg", self.kimg, 0.001, 1e9)?;
        within("--real-label", self.real_label, 0.5, 1.0)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_learning_rate_falls_in_the_last_part_only() {
        let mut config = TrainConfig::new(Preset::Dcgan64, DataSource::Demo);
        config.kimg = 6.4;
        assert_eq!(config.last_step(), 100);
        assert_eq!(config.lr_factor(100), 1.0);
        config.lr_decay = 0.5;
        assert_eq!(config.lr_factor(50), 1.0);
        assert_eq!(config.lr_factor(76), 0.5);
        assert!((config.lr_factor(100) - 0.02).abs() < 1e-12);
    }

    #[test]
    fn settings_out_of_range_are_named() {
        type Change = fn(&mut TrainConfig);
        let cases: [(Change, &str); 6] = [
            (|c| c.kimg = 0.0, "--kimg"),
            (|c| c.kimg = f64::NAN, "--kimg"),
            (|c| c.batch = 0, "--batch"),
            (|c| c.real_label = 2.0, "--real-label"),
            (|c| c.generator.lr = -1.0, "--lr"),
            (|c| c.spec.z_dim = 0, "z"),
        ];
        for (change, name) in cases {
            let mut config = TrainConfig::new(Preset::Dcgan64, DataSource::Demo);
            change(&mut config);
            let error = config.validate().unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
    }
}
