//! The options of `train` about what is learnt from: the objective, changed pictures, growing.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser, ValueParser};
use clap::{Args, ValueEnum};

use super::train_settings::replace;
use crate::error::{Error, Result};
use crate::train::{Augment, Growth, Loss, TrainConfig};

/// What the networks want, and what they are shown.
#[derive(Debug, Args)]
#[command(next_help_heading = "Recipe (each has the preset's value if not given)")]
pub struct Recipe {
    /// What the networks are trained for
    #[arg(long, value_parser = loss_parser())]
    objective: Option<Loss>,
    /// What the discriminator is to say of real pictures: 1, or a little less; with bce and lsgan
    #[arg(long, value_name = "P")]
    real_label: Option<f64>,
    /// Weight of the discriminator's squared slope at real pictures; raise it when losses swing
    #[arg(long, value_name = "GAMMA")]
    r1: Option<f64>,
    /// The same at generated pictures
    #[arg(long, value_name = "GAMMA")]
    r2: Option<f64>,
    /// Noise by which slopes are measured, on pictures between -1 and 1
    #[arg(long, value_name = "SIGMA")]
    penalty_sigma: Option<f64>,
    /// Weight of the mean absolute difference of outputs from their truths, beside the objective
    /// (pix2pix)
    #[arg(long, value_name = "LAMBDA")]
    l1: Option<f64>,
    /// How pictures are changed before the discriminator judges them: for data of a few thousand
    /// pictures or less
    #[arg(long, value_enum, value_delimiter = ',', value_name = "CHANGE,…")]
    augment: Vec<Change>,
    /// Probability of each change
    #[arg(long, value_name = "P")]
    augment_p: Option<f64>,
    /// Let that probability follow from how sure the discriminator is, from 0 on and by up to 1 in so
    /// many thousand pictures
    #[arg(long, value_name = "KIMG", num_args = 0..=1, default_missing_value = "500")]
    ada: Option<f64>,
    /// Steps of the discriminator for each of the generator
    #[arg(long, value_name = "N")]
    d_steps: Option<usize>,
    /// Thousands of pictures at the start over which the learning rates rise from 0
    #[arg(long, value_name = "KIMG")]
    warm_up_kimg: Option<f64>,
    /// The longest gradient that is followed as it is; longer ones are shortened to it
    #[arg(long, value_name = "NORM")]
    clip: Option<f64>,
    /// Height and width up to which networks of constant width grow
    #[arg(long, value_name = "PIXELS")]
    grow_to: Option<usize>,
    /// Thousands of pictures at each resolution before they grow; 0: only by hand, in the window
    #[arg(long, value_name = "KIMG")]
    stage_kimg: Option<f64>,
    /// Thousands of pictures over which a new layer is blended in; 0 adds it at once
    #[arg(long, value_name = "KIMG")]
    fade_kimg: Option<f64>,
    /// Most values (channels × height × width) in a batch: large pictures come fewer at a time
    #[arg(long, value_name = "N")]
    batch_values: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Change {
    /// Brightness, saturation and contrast
    #[value(alias = "color")]
    Colour,
    /// A shift by up to an eighth of the picture
    Translation,
    /// A hole of half the picture's side
    Cutout,
    /// All three
    All,
}

fn loss_parser() -> ValueParser {
    let names = Loss::ALL.map(|loss| PossibleValue::new(loss.name()).help(loss.about()));
    PossibleValuesParser::new(names).try_map(|name| name.parse::<Loss>()).into()
}

impl Recipe {
    /// Lays what was given over `config`.
    ///
    /// # Errors
    /// [`Error::BadSetting`] if it is about growing, and the preset's networks do not grow.
    pub fn apply(&self, config: &mut TrainConfig) -> Result<()> {
        if let Some(loss) = self.objective {
            config.choose_loss(loss);
        }
        replace(&mut config.real_label, self.real_label);
        replace(&mut config.objective.r1, self.r1);
        replace(&mut config.objective.r2, self.r2);
        replace(&mut config.objective.sigma, self.penalty_sigma);
        replace(&mut config.l1, self.l1);
        if !self.augment.is_empty() {
            let has =
                |change| self.augment.contains(&change) || self.augment.contains(&Change::All);
            config.augment = Augment {
                colour: has(Change::Colour),
                translation: has(Change::Translation),
                cutout: has(Change::Cutout),
                ..config.augment
            };
        }
        if let Some(kimg) = self.ada {
            (config.augment.ada_kimg, config.augment.p) = (kimg, 0.0);
        }
        replace(&mut config.augment.p, self.augment_p);
        replace(&mut config.d_steps, self.d_steps);
        replace(&mut config.warm_up_kimg, self.warm_up_kimg);
        replace(&mut config.clip, self.clip);
        self.apply_growth(config)
    }

    fn apply_growth(&self, config: &mut TrainConfig) -> Result<()> {
        let given = self.growth_given();
        let Some((name, _)) = given.iter().find(|(_, given)| *given) else { return Ok(()) };
        let Some(growth) = &mut config.growth else {
            return Err(Error::bad_setting(*name, "only the networks of the preset grow can grow"));
        };
        let Growth { until, stage_kimg, fade_kimg, batch_values, .. } = growth;
        replace(until, self.grow_to);
        replace(stage_kimg, self.stage_kimg);
        replace(fade_kimg, self.fade_kimg);
        replace(batch_values, self.batch_values);
        Ok(())
    }

    fn growth_given(&self) -> [(&'static str, bool); 4] {
        [
            ("--grow-to", self.grow_to.is_some()),
            ("--stage-kimg", self.stage_kimg.is_some()),
            ("--fade-kimg", self.fade_kimg.is_some()),
            ("--batch-values", self.batch_values.is_some()),
        ]
    }

    /// All options, each with whether it was given. Named one by one and without `..`, so that a new
    /// one cannot be forgotten here.
    pub fn given(&self) -> Vec<(&'static str, bool)> {
        let Self {
            objective,
            real_label,
            r1,
            r2,
            penalty_sigma,
            l1,
            augment,
            augment_p,
            ada,
            d_steps,
            warm_up_kimg,
            clip,
            grow_to: _,
            stage_kimg: _,
            fade_kimg: _,
            batch_values: _,
        } = self;
        let mut given = vec![
            ("--objective", objective.is_some()),
            ("--real-label", real_label.is_some()),
            ("--r1", r1.is_some()),
            ("--r2", r2.is_some()),
            ("--penalty-sigma", penalty_sigma.is_some()),
            ("--l1", l1.is_some()),
            ("--augment", !augment.is_empty()),
            ("--augment-p", augment_p.is_some()),
            ("--ada", ada.is_some()),
            ("--d-steps", d_steps.is_some()),
            ("--warm-up-kimg", warm_up_kimg.is_some()),
            ("--clip", clip.is_some()),
        ];
        given.extend(self.growth_given());
        given
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::data::DataSource;
    use crate::model::Preset;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        recipe: Recipe,
    }

    fn config(preset: Preset, words: &str) -> Result<TrainConfig> {
        let words = std::iter::once("train").chain(words.split_whitespace());
        let line = Line::try_parse_from(words).unwrap();
        let mut config = TrainConfig::new(preset, DataSource::Demo);
        line.recipe.apply(&mut config)?;
        config.validate()?;
        Ok(config)
    }

    #[test]
    fn options_are_laid_over_the_preset() {
        let plain = TrainConfig::new(Preset::Dcgan64, DataSource::Demo);
        assert_eq!(config(Preset::Dcgan64, "").unwrap(), plain);
        let told = "--objective relativistic --r1 0.2 --augment color,cutout --ada --d-steps 2";
        let recipe = config(Preset::Dcgan64, told).unwrap();
        assert_eq!((recipe.objective.loss, recipe.objective.r1), (Loss::Relativistic, 0.2));
        // There is no label to smooth.
        assert_eq!((recipe.real_label, recipe.d_steps), (1.0, 2));
        let Augment { colour, translation, cutout, p, ada_kimg } = recipe.augment;
        assert_eq!((colour, translation, cutout, p, ada_kimg), (true, false, true, 0.0, 500.0));
        let recipe = config(Preset::Dcgan64, "--augment all --ada 100 --augment-p 0.3").unwrap();
        assert_eq!(recipe.augment, Augment { p: 0.3, ada_kimg: 100.0, ..Augment::ALL });
        let growing = config(Preset::Grow, "--grow-to 64 --fade-kimg 0").unwrap().growth.unwrap();
        assert_eq!(growing, Growth { until: 64, fade_kimg: 0.0, ..Growth::USUAL });
    }

    #[test]
    fn what_does_not_go_together_is_said() {
        for (words, said) in [
            ("--objective hinge --real-label 0.9", "choose bce or lsgan"),
            ("--ada", "--augment"),
            ("--fade-kimg 5", "preset grow"),
            ("--d-steps 0", "--d-steps"),
        ] {
            let error = config(Preset::Dcgan64, words).unwrap_err().to_string();
            assert!(error.contains(said), "{words}: {error}");
        }
    }

    #[test]
    fn every_option_is_known_to_a_resume() {
        use clap::CommandFactory;
        let line = Line::try_parse_from(["train"]).unwrap();
        let known = line.recipe.given();
        for option in Line::command().get_arguments().filter_map(|a| a.get_long()) {
            let name = format!("--{option}");
            assert!(name == "--help" || known.iter().any(|(known, _)| *known == name), "{name}");
        }
    }
}
