//! The options of `train` that decide a run's course, laid over a preset.

use clap::Args;
use clap::ValueEnum;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser, ValueParser};

use super::train_recipe::Recipe;
use crate::data::Framing;
use crate::error::{Error, Result};
use crate::latent::Prior;
use crate::model::{ModelSpec, Network, Preset};
use crate::train::TrainConfig;

/// Reads a preset's name, and lists all of them in the help.
pub fn preset_parser() -> ValueParser {
    let names = Preset::ALL.map(|preset| PossibleValue::new(preset.name()).help(preset.about()));
    PossibleValuesParser::new(names).try_map(|name| name.parse::<Preset>()).into()
}

/// What is decided when a run starts and stays so.
#[derive(Debug, Args)]
#[command(next_help_heading = "Settings (each has the preset's value if not given)")]
pub struct Settings {
    /// Pictures per step
    #[arg(long, value_name = "N")]
    batch: Option<usize>,
    /// Learning rate of both networks
    #[arg(long, value_name = "RATE")]
    lr: Option<f64>,
    /// Learning rate of the generator
    #[arg(long, value_name = "RATE")]
    lr_g: Option<f64>,
    /// Learning rate of the discriminator
    #[arg(long, value_name = "RATE")]
    lr_d: Option<f64>,
    /// Last part of the run, as a share from 0 to 1, in which the learning rates fall to 0
    #[arg(long, value_name = "SHARE")]
    lr_decay: Option<f64>,
    /// Half-life of the averaged generator's memory, in thousands of pictures
    #[arg(long, value_name = "KIMG")]
    ema_kimg: Option<f64>,
    /// Where every random number of the run comes from
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Do not mirror half of the pictures
    #[arg(long)]
    no_flip: bool,
    /// How a picture of another shape is fitted
    #[arg(long, value_enum)]
    framing: Option<FramingChoice>,
    /// Use only so many pictures, the first of the data
    #[arg(long, value_name = "N")]
    pictures: Option<usize>,
    #[command(flatten)]
    recipe: Recipe,
    #[command(flatten)]
    network: NetworkSettings,
}

/// What the networks are.
#[derive(Debug, Args)]
#[command(next_help_heading = "Networks (each as in the preset if not given)")]
struct NetworkSettings {
    /// Dimensions of a latent
    #[arg(long, value_name = "N")]
    z: Option<usize>,
    /// Distribution of latents
    #[arg(long, value_enum)]
    prior: Option<PriorChoice>,
    /// Height and width of a picture
    #[arg(long, value_name = "PIXELS")]
    resolution: Option<usize>,
    /// 1 for grey, 3 for colour
    #[arg(long, value_name = "N")]
    channels: Option<usize>,
    /// Channels of both networks' layers next to the picture; the others follow from it
    #[arg(long, value_name = "N")]
    width: Option<usize>,
    /// The same for the discriminator alone
    #[arg(long, value_name = "N")]
    width_d: Option<usize>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FramingChoice {
    /// The largest centred part
    Crop,
    /// The whole picture, on the colour of its border
    Fit,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum PriorChoice {
    /// Mean 0, variance 1
    Normal,
    /// Between -1 and 1
    Uniform,
}

impl Settings {
    /// Lays what was given over `config`.
    ///
    /// # Errors
    /// [`Error::BadSetting`] if the preset's networks do not have what is to be set.
    pub fn apply(&self, config: &mut TrainConfig) -> Result<()> {
        replace(&mut config.batch, self.batch);
        replace(&mut config.generator.lr, self.lr_g.or(self.lr));
        replace(&mut config.discriminator.lr, self.lr_d.or(self.lr));
        replace(&mut config.lr_decay, self.lr_decay);
        replace(&mut config.ema_kimg, self.ema_kimg);
        replace(&mut config.seed, self.seed);
        replace(&mut config.pictures, self.pictures);
        config.flip &= !self.no_flip;
        if let Some(framing) = self.framing {
            config.framing = match framing {
                FramingChoice::Crop => Framing::Crop,
                FramingChoice::Fit => Framing::Fit,
            };
        }
        self.recipe.apply(config)?;
        self.network.apply(&mut config.spec)
    }

    /// The first option that was given, if any. Named one by one and without `..`, so that a new
    /// option cannot be forgotten here.
    pub fn first_given(&self) -> Option<&'static str> {
        let Self {
            batch,
            lr,
            lr_g,
            lr_d,
            lr_decay,
            ema_kimg,
            seed,
            no_flip,
            framing,
            pictures,
            recipe,
            network: NetworkSettings { z, prior, resolution, channels, width, width_d },
        } = self;
        let given = [
            ("--batch", batch.is_some()),
            ("--lr", lr.is_some()),
            ("--lr-g", lr_g.is_some()),
            ("--lr-d", lr_d.is_some()),
            ("--lr-decay", lr_decay.is_some()),
            ("--ema-kimg", ema_kimg.is_some()),
            ("--seed", seed.is_some()),
            ("--no-flip", *no_flip),
            ("--framing", framing.is_some()),
            ("--pictures", pictures.is_some()),
            ("--z", z.is_some()),
            ("--prior", prior.is_some()),
            ("--resolution", resolution.is_some()),
            ("--channels", channels.is_some()),
            ("--width", width.is_some()),
            ("--width-d", width_d.is_some()),
        ];
        let mut given = given.into_iter().chain(recipe.given());
        given.find(|(_, given)| *given).map(|(name, _)| name)
    }
}

impl NetworkSettings {
    fn apply(&self, spec: &mut ModelSpec) -> Result<()> {
        replace(&mut spec.z_dim, self.z);
        if let Some(prior) = self.prior {
            spec.prior = match prior {
                PriorChoice::Normal => Prior::Normal,
                PriorChoice::Uniform => Prior::Uniform,
            };
        }
        match &mut spec.network {
            Network::Mlp(mlp) => {
                if self.width.is_some() || self.width_d.is_some() {
                    return Err(Error::bad_setting(
                        "--width",
                        "the layers of fully connected networks do not follow from one width",
                    ));
                }
                replace(&mut mlp.size, self.resolution.map(|side| (side, side)));
                replace(&mut mlp.channels, self.channels);
            }
            Network::Dcgan(dcgan) => {
                replace(&mut dcgan.resolution, self.resolution);
                replace(&mut dcgan.channels, self.channels);
                if let Some(width) = self.width {
                    dcgan.generator = dcgan.generator.with_base(width);
                }
                if let Some(width) = self.width_d.or(self.width) {
                    dcgan.discriminator = dcgan.discriminator.with_base(width);
                }
            }
        }
        Ok(())
    }
}

/// Puts `given` in the place of what was there.
pub(super) fn replace<T>(slot: &mut T, given: Option<T>) {
    if let Some(value) = given {
        *slot = value;
    }
}
