//! The runs there are, and reading one that was made before.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{Curves, Series, Sheet};
use crate::error::{Error, Result};
use crate::train::metrics::Measures;
use crate::train::monitor::Alert;
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
    /// What was measured.
    pub measures: Vec<Measures>,
    /// What the doctor found.
    pub alerts: Vec<Alert>,
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
    if !folder.is_run() {
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
    let reports = folder.read_losses()?;
    if !go_on(0.8) {
        return Err(Error::Cancelled);
    }
    let sheet = |(images, path)| Sheet { images, path };
    Ok(OpenedRun {
        sheets: folder.previews().into_iter().map(sheet).collect(),
        measures: folder.read_measures()?,
        alerts: folder.read_alerts()?,
        folder,
        config,
        reports,
    })
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
