//! The options of `train` that decide a run's course, laid over a preset.

use clap::Args;
use clap::ValueEnum;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser, ValueParser};

use super::train_recipe::Recipe;
use crate::data::Framing;
use crate::error::{Error, Result};
use crate::latent::Prior;
use crate::model::{Network, NormKind, Preset};
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
    /// Pairs: share by which they are read larger than they are learnt at, from 0 to 0.5, to show
    /// another part each time (0.117: 286 pixels for 256)
    #[arg(long, value_name = "SHARE")]
    jitter: Option<f64>,
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
    /// Channels of the pictures that others are made from, 1 to 4 (pix2pix)
    #[arg(long, value_name = "N")]
    input_channels: Option<usize>,
    /// Over what both networks normalise (pix2pix)
    #[arg(long, value_enum)]
    norm: Option<NormChoice>,
    /// Probability with which inner layers leave values out, or 0 (pix2pix)
    #[arg(long, value_name = "P")]
    dropout: Option<f64>,
    /// Layers with stride 2 of the discriminator: more judge larger patches (pix2pix)
    #[arg(long, value_name = "N")]
    layers_d: Option<usize>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum NormChoice {
    /// The batch, and in use what was usual in training
    Batch,
    /// Each picture by itself
    Instance,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FramingChoice {
    /// The largest centred part
    Crop,
    /// The whole picture, on the colour of its border
    Fit,
}

/// How latents are drawn.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum PriorChoice {
    /// Mean 0, variance 1
    Normal,
    /// Between -1 and 1
    Uniform,
}

impl From<PriorChoice> for Prior {
    fn from(choice: PriorChoice) -> Self {
        match choice {
            PriorChoice::Normal => Self::Normal,
            PriorChoice::Uniform => Self::Uniform,
        }
    }
}

impl Settings {
    /// Lays what was given over `config`.
    ///
    /// # Errors
    /// [`Error::BadSetting`] if the preset's networks do not have what is to be set.
    pub fn apply(&self, config: &mut TrainConfig) -> Result<()> {
        // First what other settings follow from.
        self.network.apply(config)?;
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
        replace(&mut config.jitter, self.jitter);
        self.recipe.apply(config)
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
            jitter,
            pictures,
            recipe,
            network,
        } = self;
        let NetworkSettings {
            z,
            prior,
            resolution,
            channels,
            width,
            width_d,
            input_channels: _,
            norm: _,
            dropout: _,
            layers_d: _,
        } = network;
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
            ("--jitter", jitter.is_some()),
            ("--pictures", pictures.is_some()),
            ("--z", z.is_some()),
            ("--prior", prior.is_some()),
            ("--resolution", resolution.is_some()),
            ("--channels", channels.is_some()),
            ("--width", width.is_some()),
            ("--width-d", width_d.is_some()),
        ];
        let networks = network.of_pairs_given();
        let mut given = given.into_iter().chain(networks).chain(recipe.given());
        given.find(|(_, given)| *given).map(|(name, _)| name)
    }
}

impl NetworkSettings {
    fn apply(&self, config: &mut TrainConfig) -> Result<()> {
        if let Some(resolution) = self.resolution {
            config.choose_resolution(resolution);
        }
        let spec = &mut config.spec;
        replace(&mut spec.z_dim, self.z);
        replace(&mut spec.prior, self.prior.map(Prior::from));
        let mut of_pairs = self.of_pairs_given().into_iter();
        if let Some((name, _)) = of_pairs.find(|(_, given)| *given)
            && !spec.takes_pictures()
        {
            let why = "only the networks of the preset pix2pix have that";
            return Err(Error::bad_setting(name, why));
        }
        match &mut spec.network {
            Network::Mlp(mlp) => {
                if self.width.is_some() || self.width_d.is_some() {
                    return Err(Error::bad_setting(
                        "--width",
                        "the layers of fully connected networks do not follow from one width",
                    ));
                }
                replace(&mut mlp.channels, self.channels);
            }
            Network::Dcgan(dcgan) => {
                replace(&mut dcgan.channels, self.channels);
                if let Some(width) = self.width {
                    dcgan.generator = dcgan.generator.with_base(width);
                }
                if let Some(width) = self.width_d.or(self.width) {
                    dcgan.discriminator = dcgan.discriminator.with_base(width);
                }
            }
            Network::Pix2pix(net) => {
                replace(&mut net.channels, self.channels);
                replace(&mut net.inputs, self.input_channels);
                replace(&mut net.width, self.width);
                replace(&mut net.discriminator.width, self.width_d.or(self.width));
                replace(&mut net.discriminator.layers, self.layers_d);
                replace(&mut net.dropout, self.dropout);
                let norm = self.norm.map(|norm| match norm {
                    NormChoice::Batch => NormKind::Batch,
                    NormChoice::Instance => NormKind::Instance,
                });
                replace(&mut net.norm, norm);
            }
            Network::Stack(_) => {}
        }
        Ok(())
    }

    /// The options that only networks from pictures to pictures have, each with whether it was given.
    fn of_pairs_given(&self) -> [(&'static str, bool); 4] {
        [
            ("--input-channels", self.input_channels.is_some()),
            ("--norm", self.norm.is_some()),
            ("--dropout", self.dropout.is_some()),
            ("--layers-d", self.layers_d.is_some()),
        ]
    }
}

/// Puts `given` in the place of what was there.
pub(super) fn replace<T>(slot: &mut T, given: Option<T>) {
    if let Some(value) = given {
        *slot = value;
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::data::DataSource;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        settings: Settings,
    }

    fn config(preset: Preset, words: &str) -> Result<TrainConfig> {
        let words = std::iter::once("train").chain(words.split_whitespace());
        let line = Line::try_parse_from(words).unwrap();
        let mut config = TrainConfig::new(preset, DataSource::Demo);
        line.settings.apply(&mut config)?;
        config.validate()?;
        Ok(config)
    }

    #[test]
    fn networks_of_pairs_have_their_own_options() {
        let told =
            "--resolution 64 --width 16 --norm instance --dropout 0 --input-channels 1 --l1 50";
        let config = config(Preset::Pix2pix, told).unwrap();
        let Network::Pix2pix(net) = &config.spec.network else { panic!("{config:?}") };
        assert_eq!((net.resolution, net.inputs, net.channels), (64, 1, 3));
        assert_eq!((net.width, net.norm, net.dropout), (16, NormKind::Instance, 0.0));
        assert_eq!((net.discriminator.width, net.discriminator.layers), (16, 2));
        assert_eq!((config.batch, config.l1), (16, 50.0));
    }

    #[test]
    fn what_was_given_counts_more_than_what_follows_from_it() {
        let told = "--resolution 64 --batch 1 --layers-d 3 --width 8 --width-d 4";
        let config = config(Preset::Pix2pix, told).unwrap();
        let Network::Pix2pix(net) = &config.spec.network else { panic!("{config:?}") };
        assert_eq!((config.batch, net.width), (1, 8));
        assert_eq!((net.discriminator.width, net.discriminator.layers), (4, 3));
    }

    #[test]
    fn options_of_other_networks_are_refused() {
        for (preset, words, said) in [
            (Preset::Dcgan64, "--norm instance", "preset pix2pix"),
            (Preset::MnistMlp, "--dropout 0.5", "preset pix2pix"),
            (Preset::Dcgan64, "--l1 100", "preset pix2pix"),
            (Preset::Pix2pix, "--z 100", "no latents"),
            (Preset::Pix2pix, "--dropout 1", "between 0 and 0.9"),
            (Preset::Pix2pix, "--layers-d 7", "between 1 and 6"),
            (Preset::Pix2pix, "--augment all", "--augment"),
            (Preset::Pix2pix, "--resolution 48", "32, 64, 128, 256 or 512"),
            (Preset::Pix2pix, "--input-channels 5", "between 1 and 4"),
        ] {
            let error = config(preset, words).unwrap_err().to_string();
            assert!(error.contains(said), "{words}: {error}");
        }
    }

    #[test]
    fn every_option_is_known_to_a_resume() {
        use clap::CommandFactory;
        for option in Line::command().get_arguments() {
            let (Some(name), takes) = (option.get_long(), option.get_num_args()) else { continue };
            if name == "help" {
                continue;
            }
            let value =
                option.get_possible_values().first().map(|value| value.get_name().to_owned());
            let mut words = vec!["train".to_owned(), format!("--{name}")];
            if takes.is_none_or(|takes| takes.takes_values()) && option.get_action().takes_values()
            {
                words.push(value.unwrap_or_else(|| "1".into()));
            }
            let line = Line::try_parse_from(&words).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(line.settings.first_given(), Some(format!("--{name}").as_str()));
        }
    }
}
