//! The runs there are, and reading one that was made before.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{Curves, Series, Sheet};
use crate::error::{Error, Result};
use crate::train::{RunFolder, StepReport, TrainConfig};

/// Runs that are listed.
const MOST: usize = 500;
/// The end of a list of losses: some lines.
const TAIL_BYTES: u64 = 4096;

/// A run in the list.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// Its folder.
    pub folder: PathBuf,
    /// Its name.
    pub name: String,
    /// Its settings, or why they cannot be read.
    pub config: Result<Box<TrainConfig>, String>,
    /// Thousands of pictures shown so far.
    pub kimg: f64,
    /// When its losses were written last.
    pub time: Option<SystemTime>,
    /// Whether it can be gone on with.
    pub has_state: bool,
    /// Whether there is a model to explore.
    pub has_model: bool,
}

/// The list, and what is compared.
#[derive(Debug, Default)]
pub struct Runs {
    /// All runs, the newest first; none until they were looked for.
    pub listed: Option<Vec<Listed>>,
    /// The selected one.
    pub selected: Option<PathBuf>,
    /// Runs in the chart.
    pub compared: BTreeMap<PathBuf, Option<Curves>>,
    /// What of them is compared.
    pub series: Series,
}

/// A run that was read.
#[derive(Debug)]
pub struct OpenedRun {
    /// Where it is kept.
    pub folder: RunFolder,
    /// Its settings.
    pub config: TrainConfig,
    /// Its steps.
    pub reports: Vec<StepReport>,
    /// Its sheets.
    pub sheets: Vec<Sheet>,
}

/// Where new runs are kept, if the user's data lies in `data`.
pub fn folder_of_runs(data: Option<&Path>) -> PathBuf {
    data.map_or_else(|| PathBuf::from("runs"), |data| data.join("runs"))
}

/// The runs in `root`, and `others` elsewhere.
pub fn list(root: &Path, others: &[PathBuf]) -> Vec<Listed> {
    let own = std::fs::read_dir(root).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut folders: Vec<PathBuf> = own.filter(|path| path.is_dir()).collect();
    folders.extend(others.iter().filter(|path| path.parent() != Some(root)).cloned());
    let mut runs: Vec<Listed> = folders.into_iter().filter_map(look_at).collect();
    runs.sort_by(|a, b| b.time.cmp(&a.time).then_with(|| a.name.cmp(&b.name)));
    runs.truncate(MOST);
    runs
}

/// The run in a folder, if there is one.
fn look_at(path: PathBuf) -> Option<Listed> {
    let folder = RunFolder::new(&path);
    if !folder.config_path().exists() {
        return None;
    }
    let losses = std::fs::metadata(folder.losses_path());
    let time = losses.or_else(|_| std::fs::metadata(folder.config_path()));
    Some(Listed {
        name: folder.name(),
        config: folder.read_config().map(Box::new).map_err(|error| error.to_string()),
        kimg: last_step(&folder.losses_path()).map_or(0.0, |last| last.images as f64 / 1e3),
        time: time.and_then(|about| about.modified()).ok(),
        has_state: folder.state_path().exists(),
        has_model: folder.model_path().exists(),
        folder: path,
    })
}

/// The last whole line of a list of losses.
fn last_step(path: &Path) -> Option<StepReport> {
    let mut file = File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES))).ok()?;
    let mut tail = Vec::new();
    file.take(TAIL_BYTES).read_to_end(&mut tail).ok()?;
    tail.rsplit(|byte| *byte == b'\n').find_map(|line| serde_json::from_slice(line).ok())
}

/// Reads a run; `go_on` hears how far it is, and gives up with `false`.
///
/// # Errors
/// [`Error::BadRun`] if there is none, or its settings are damaged; [`Error::Io`] if it cannot be
/// read; [`Error::Cancelled`].
pub fn open(path: &Path, go_on: &mut dyn FnMut(f32) -> bool) -> Result<OpenedRun> {
    let folder = RunFolder::new(path);
    let config = folder.read_config()?;
    let reports = read_losses(&folder.losses_path(), go_on)?;
    let sheets = sheets(&folder, &config, &reports);
    Ok(OpenedRun { folder, config, reports, sheets })
}

fn read_losses(path: &Path, go_on: &mut dyn FnMut(f32) -> bool) -> Result<Vec<StepReport>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(Error::io("read", path))?,
    };
    let length = file.metadata().map_or(1, |about| about.len().max(1));
    let (mut reports, mut read) = (Vec::new(), 0u64);
    for line in BufReader::new(file).split(b'\n') {
        let line = line.map_err(Error::io("read", path))?;
        read += line.len() as u64 + 1;
        // A line that was cut off by a power cut ends the list.
        let Ok(report) = serde_json::from_slice::<StepReport>(&line) else { break };
        reports.push(report);
        if reports.len() % 4096 == 0 && !go_on(read as f32 / length as f32) {
            return Err(Error::Cancelled);
        }
    }
    Ok(reports)
}

/// The sheets of a run, the oldest first. Their names tell the epoch, and what came before the first
/// of them how many pictures that is.
fn sheets(folder: &RunFolder, config: &TrainConfig, reports: &[StepReport]) -> Vec<Sheet> {
    let samples = folder.root().join("samples");
    let files = std::fs::read_dir(samples).into_iter().flatten().flatten();
    let epoch =
        |path: &Path| path.file_stem()?.to_str()?.strip_prefix("epoch_")?.parse::<u64>().ok();
    let mut found: Vec<(u64, PathBuf)> =
        files.filter_map(|file| Some((epoch(&file.path())?, file.path()))).collect();
    found.sort();
    let last = reports.last().map_or(0, |report| report.images);
    let most = found.last().map_or(1, |(epoch, _)| (*epoch).max(1));
    let _ = config;
    found.into_iter().map(|(epoch, path)| Sheet { images: last * epoch / most, path }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::DataSource;
    use crate::model::Preset;

    #[test]
    fn runs_are_listed_with_how_far_they_are() {
        let root = tempfile::tempdir().unwrap();
        let config = TrainConfig::new(Preset::Dcgan64, DataSource::Demo);
        for name in ["a", "b"] {
            RunFolder::new(root.path().join(name)).create(&config).unwrap();
        }
        std::fs::create_dir(root.path().join("no run")).unwrap();
        let a = RunFolder::new(root.path().join("a"));
        std::fs::write(b_config(root.path()), "{").unwrap();
        let line = |step: u64| {
            format!(
                "{{\"step\":{step},\"images\":{},\"loss_d\":1.0,\"loss_g\":2.0,\"d_real\":0.5,\
                 \"d_fake\":0.5}}\n",
                step * 64
            )
        };
        let lines: String = (1..=500).map(line).collect();
        std::fs::write(a.losses_path(), lines + "{\"step\":501,\"ima").unwrap();
        let runs = list(root.path(), &[root.path().join("gone")]);
        let by_name = |name: &str| runs.iter().find(|run| run.name == name).unwrap();
        assert_eq!(runs.len(), 2);
        assert_eq!(by_name("a").kimg, 32.0);
        assert!(by_name("a").config.is_ok() && !by_name("a").has_state);
        assert!(by_name("b").config.as_ref().unwrap_err().contains("damaged"));
        let opened = open(&root.path().join("a"), &mut |_| true).unwrap();
        assert_eq!(opened.reports.len(), 500);
        assert!(open(&root.path().join("no run"), &mut |_| true).is_err());
    }

    fn b_config(root: &Path) -> PathBuf {
        RunFolder::new(root.join("b")).config_path()
    }
}
