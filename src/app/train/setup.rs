//! A run that is not yet started: its pictures, its settings, its name.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::runs::folder_of_runs;
use crate::data::{DataSource, Survey};
use crate::model::Preset;
use crate::train::{Estimate, RunFolder, TrainConfig, Upkeep, pace};

/// Data sources and runs that are remembered.
const RECENT: usize = 8;

/// What is remembered of the tab between two starts. Settings are kept as text of their own, so that
/// those of another version cost no more than themselves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TrainPlace {
    /// The settings of the next run.
    pub config: Option<serde_json::Value>,
    /// The preset they began with.
    pub preset: String,
    /// Whether pictures were chosen.
    pub has_source: bool,
    /// Pictures that were trained on, the newest first.
    pub sources: Vec<DataSource>,
    /// Runs outside of their usual folder, the newest first.
    pub runs: Vec<PathBuf>,
    /// The run that was looked at last.
    pub run: Option<PathBuf>,
    /// Losses on a logarithmic scale.
    pub log: bool,
    /// How much of its past a smoothed value keeps.
    pub smoothing: f32,
}

impl Default for TrainPlace {
    fn default() -> Self {
        Self {
            config: None,
            preset: Preset::Dcgan64.name().into(),
            has_source: false,
            sources: Vec::new(),
            runs: Vec::new(),
            run: None,
            log: false,
            smoothing: 0.98,
        }
    }
}

impl TrainPlace {
    /// Puts `source` at the head of the recent ones.
    pub fn remember_source(&mut self, source: &DataSource) {
        self.sources.retain(|old| old != source);
        if source.path().is_some() {
            self.sources.insert(0, source.clone());
        }
        self.sources.truncate(RECENT);
    }

    /// Puts the run in `folder` at the head of the recent ones.
    pub fn remember_run(&mut self, folder: &Path) {
        self.run = Some(folder.to_owned());
        self.runs.retain(|old| old != folder);
        self.runs.insert(0, folder.to_owned());
        self.runs.truncate(RECENT);
    }
}

/// A line about the data, and whether it is something to look into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataLine {
    /// What is told.
    pub text: String,
    /// More of it, for a tooltip.
    pub more: String,
    /// Whether it may do harm.
    pub is_warning: bool,
}

/// What is known of the pictures.
#[derive(Debug, Default)]
pub enum Look {
    /// Nothing was looked at.
    #[default]
    None,
    /// So many of so many pictures were looked at; of none as long as a folder is being listed.
    Looking(usize, usize),
    /// All of it.
    Seen(Box<Survey>),
    /// Why the pictures cannot be used.
    Failed(String),
}

/// What a run will take.
#[derive(Debug, Default)]
pub enum Guess {
    /// Not known yet.
    #[default]
    None,
    /// Two steps are being timed.
    Timing,
    /// Known.
    Known(Estimate),
    /// Why it cannot be done.
    Failed(String),
}

/// The run to start.
#[derive(Debug)]
pub struct Setup {
    /// The pictures, once they are chosen.
    pub source: Option<DataSource>,
    /// The preset that settings go back to.
    pub preset: Preset,
    /// The settings.
    pub config: TrainConfig,
    /// The run's name: that of its folder.
    pub name: String,
    /// The name was typed, and stays when the pictures change.
    pub has_own_name: bool,
    /// What the pictures are like.
    pub look: Look,
    /// What the look was at, to see when it has to be done again.
    pub looked_at: Option<(DataSource, crate::data::Target, crate::data::Framing)>,
    /// What the run will take.
    pub guess: Guess,
    /// The settings that the guess is for, and since when (in seconds) they have been so.
    pub guessed_for: Option<(Box<TrainConfig>, f64)>,
    /// Folder in which runs are kept.
    folder: PathBuf,
}

impl Setup {
    /// As it was left, with runs below the folder `data`.
    pub fn new(place: &TrainPlace, data: Option<PathBuf>) -> Self {
        let preset = place.preset.parse().unwrap_or(Preset::Dcgan64);
        let kept = place.config.clone().and_then(|value| serde_json::from_value(value).ok());
        let config = kept.unwrap_or_else(|| TrainConfig::new(preset, DataSource::Demo));
        let source = place.has_source.then(|| config.data.clone());
        let mut setup = Self {
            source,
            preset,
            config,
            name: String::new(),
            has_own_name: false,
            look: Look::None,
            looked_at: None,
            guess: Guess::None,
            guessed_for: None,
            folder: folder_of_runs(data.as_deref()),
        };
        setup.suggest_name();
        setup
    }

    /// What is remembered.
    pub fn place(&self, before: &TrainPlace) -> TrainPlace {
        TrainPlace {
            config: serde_json::to_value(&self.config).ok(),
            preset: self.preset.name().into(),
            has_source: self.source.is_some(),
            ..before.clone()
        }
    }

    /// Takes these pictures.
    pub fn set_source(&mut self, source: DataSource) {
        self.config.data = source.clone();
        self.source = Some(source);
        self.suggest_name();
    }

    /// Begins with another preset; the pictures stay, but for the built-in ones: those are of the kind
    /// that it takes.
    pub fn set_preset(&mut self, preset: Preset) {
        self.preset = preset;
        self.config = self.usual();
        let data = match (self.config.data.clone(), self.takes_pairs()) {
            (DataSource::Demo, true) => DataSource::DemoSketches,
            (DataSource::DemoSketches | DataSource::DemoLabels, false) => DataSource::Demo,
            (DataSource::SideBySide { folder, .. }, false) => DataSource::Folder(folder),
            (other, _) => other,
        };
        self.source = self.source.is_some().then(|| data.clone());
        self.config.data = data;
        self.suggest_name();
    }

    /// Whether the network learns from pairs of pictures.
    pub fn takes_pairs(&self) -> bool {
        self.config.target().input > 0
    }

    /// The preset's own settings for these pictures.
    pub fn usual(&self) -> TrainConfig {
        TrainConfig::new(self.preset, self.config.data.clone())
    }

    /// Where runs are kept.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where this run would be kept.
    pub fn run_folder(&self) -> RunFolder {
        RunFolder::new(self.folder.join(self.name.trim()))
    }

    /// The settings as far as they decide what a step takes: equal ones need no second timing.
    pub fn step_settings(&self) -> TrainConfig {
        TrainConfig {
            data: DataSource::Demo,
            jitter: 0.0,
            kimg: 1.0,
            save_kimg: 1.0,
            samples: 1,
            seed: 0,
            lr_decay: 0.0,
            ema_kimg: 1.0,
            flip: false,
            upkeep: Upkeep::default(),
            ..self.config.clone()
        }
    }

    /// What the run will take, in words, and whether that is too much.
    pub fn takes(&self) -> (String, bool) {
        let gigabytes = |bytes: u64| format!("{:.1} GB", bytes as f64 / 1e9);
        match &self.guess {
            Guess::None => (String::new(), false),
            Guess::Timing => ("Timing two steps…".into(), false),
            Guess::Failed(why) => (why.clone(), true),
            Guess::Known(estimate) => {
                let rate = self.config.batch as f64 / estimate.seconds_per_step.max(1e-9);
                let is_short = estimate.free.is_some_and(|free| free < estimate.bytes);
                let free = match estimate.free {
                    Some(free) if is_short => format!(", only {} free", gigabytes(free)),
                    _ => String::new(),
                };
                let text = format!(
                    "About {} at {rate:.0} images/s; {} of memory{free}",
                    pace::time(estimate.seconds(&self.config)),
                    gigabytes(estimate.bytes),
                );
                (text, is_short)
            }
        }
    }

    /// What keeps the run from being started.
    pub fn obstacle(&self) -> Option<String> {
        let Some(source) = &self.source else {
            return Some("Choose pictures first.".into());
        };
        if let Err(error) = source.check_for(self.config.target()) {
            return Some(error.to_string());
        }
        if let Look::Failed(why) = &self.look {
            return Some(why.clone());
        }
        if let Err(error) = self.config.validate() {
            return Some(error.to_string());
        }
        if let Guess::Failed(why) = &self.guess {
            return Some(why.clone());
        }
        if self.name.trim().is_empty() {
            return Some("Give the run a name.".into());
        }
        if let Look::Seen(survey) = &self.look
            && survey.pictures < 2
        {
            return Some("One picture is too few to learn from.".into());
        }
        match self.run_folder().is_run() {
            true => Some("There is a run of this name already; take another name.".into()),
            false => None,
        }
    }

    /// What to tell of the pictures.
    pub fn lines(&self) -> Vec<DataLine> {
        let Look::Seen(survey) = &self.look else { return Vec::new() };
        let line = |text: String, more: String| DataLine { text, more, is_warning: false };
        let warning = |text: String, more: String| DataLine { text, more, is_warning: true };
        let is_pairs = survey.target.input > 0;
        let mut lines = vec![line(
            counted(survey.pictures, if is_pairs { "pair" } else { "picture" }),
            "All that can be read; each is shown to the discriminator once an epoch.".into(),
        )];
        if survey.pictures < self.config.batch {
            lines.push(warning(
                format!("fewer than a batch of {}", self.config.batch),
                "A batch then holds some pictures more than once; a smaller batch is better."
                    .into(),
            ));
        }
        let sizes = few(&survey.sizes, |((w, h), count)| format!("{w}×{h}: {count}"));
        lines.push(match survey.sizes.as_slice() {
            [((w, h), _)] => line(format!("all {w}×{h}"), sizes),
            many => line(format!("{} sizes", many.len()), sizes),
        });
        let modes: Vec<String> =
            survey.modes.iter().map(|(mode, count)| format!("{mode}: {count}")).collect();
        lines.push(match survey.modes.as_slice() {
            [(mode, _)] => line(mode.clone(), modes.join("\n")),
            _ => line(
                modes.join(", "),
                match is_pairs {
                    true => "Kinds of pixels: what goes in → what should come out.".into(),
                    false => "Grey pictures become colour ones, transparency becomes white.".into(),
                },
            ),
        });
        if survey.enlarged > 0 {
            lines.push(warning(
                format!("{} are enlarged", survey.enlarged),
                "They are smaller than what the network draws, and will look soft; a smaller \
                 resolution would suit them."
                    .into(),
            ));
        }
        if survey.surplus() > 0 {
            let groups =
                few(&survey.duplicates, |group| few(group, String::clone).replace('\n', " = "));
            lines.push(warning(counted(survey.surplus(), "duplicate"), groups));
        }
        if !survey.skipped.is_empty() {
            let named = few(&survey.skipped, |skipped| {
                format!("{}: {}", skipped.path.display(), skipped.why)
            });
            lines.push(warning(format!("{} left out", survey.skipped.len()), named));
        }
        if survey.others > 0 {
            let about = "Captions, tables and the like lie beside the pictures; they are ignored.";
            lines.push(line(counted(survey.others, "other file"), about.into()));
        }
        lines
    }

    /// A name that no run has yet.
    pub fn suggest_name(&mut self) {
        if self.has_own_name {
            return;
        }
        let data = match &self.source {
            Some(DataSource::Demo) => "faces".to_owned(),
            Some(DataSource::DemoSketches) => "sketches".to_owned(),
            Some(DataSource::DemoLabels) => "labels".to_owned(),
            Some(source) => super::name_of(source),
            None => "run".to_owned(),
        };
        let plain = |c: char| if c.is_alphanumeric() || matches!(c, '-' | '_') { c } else { '-' };
        let data: String =
            data.split('.').next().unwrap_or("run").chars().take(30).map(plain).collect();
        let base = format!("{data}-{}", self.preset.name());
        let names = std::iter::once(base.clone()).chain((2..).map(|i| format!("{base}-{i}")));
        let free = names.take(10_000).find(|name| !self.folder.join(name).exists());
        self.name = free.unwrap_or(base);
    }
}

/// `1 picture`, `2 pictures`.
fn counted(count: usize, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}

/// A line for each of the first few things, and how many more there are.
fn few<T>(things: &[T], line: impl Fn(&T) -> String) -> String {
    const MOST: usize = 12;
    let mut lines: Vec<String> = things.iter().take(MOST).map(line).collect();
    if things.len() > MOST {
        lines.push(format!("and {} more", things.len() - MOST));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_keeps_a_run_from_starting_is_told() {
        let root = tempfile::tempdir().unwrap();
        let data = Some(root.path().to_owned());
        let mut setup = Setup::new(&TrainPlace::default(), data.clone());
        let obstacle = |setup: &Setup| setup.obstacle().unwrap_or_default();
        assert!(obstacle(&setup).contains("Choose pictures"));
        setup.set_source(DataSource::Demo);
        assert_eq!((setup.obstacle(), setup.name.as_str()), (None, "faces-dcgan-64"));
        setup.config.batch = 0;
        assert!(obstacle(&setup).contains("batch"));
        setup.set_preset(Preset::Faces32);
        assert_eq!(setup.obstacle(), None, "a preset brings its own settings");
        setup.run_folder().create(&setup.config).unwrap();
        assert!(obstacle(&setup).contains("already"));
        setup.suggest_name();
        assert_eq!((setup.obstacle(), setup.name.as_str()), (None, "faces-faces-32-2"));
        setup.look = Look::Failed("no pictures".into());
        assert_eq!(obstacle(&setup), "no pictures");

        setup.config.kimg = 7.0;
        let kept = setup.place(&TrainPlace::default());
        let again = Setup::new(&kept, data);
        assert_eq!((again.config, again.source), (setup.config, setup.source));
        let foreign = TrainPlace { config: Some(serde_json::json!({"a": 1})), ..kept };
        assert_eq!(Setup::new(&foreign, None).config.kimg, 1000.0);
    }
}
