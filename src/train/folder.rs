//! A run's folder: everything it writes, in one place that can be copied to another machine.
//!
//! ```text
//! runs/NAME/
//!   config.json        the settings
//!   losses.jsonl       one line a step
//!   measures.jsonl     one line a measuring
//!   alerts.jsonl       what the doctor found
//!   events.out.tfevents.latentscape   losses and measures for TensorBoard
//!   samples/           sheets from the same latents: kimg_00012.288.png after 12,288 pictures
//!   checkpoints/       models that are kept: kimg_00050.016.safetensors
//!   model.safetensors  the newest generator
//!   best.safetensors   the one that measured best
//!   state.safetensors  what a resume needs
//! ```

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use super::config::TrainConfig;
use super::events::StepReport;
use super::log;
use super::metrics::Measures;
use super::monitor::Alert;
use crate::disk;
use crate::error::{Error, Result};

/// Paths inside a run's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFolder(PathBuf);

impl RunFolder {
    /// The run kept in `root`, which need not exist yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self(root.into())
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.0
    }

    /// The run's name: the folder's.
    pub fn name(&self) -> String {
        let full = fs::canonicalize(&self.0).unwrap_or_else(|_| self.0.clone());
        full.file_name()
            .map_or_else(|| "run".to_owned(), |name| name.to_string_lossy().into_owned())
    }

    /// Its settings.
    pub fn config_path(&self) -> PathBuf {
        self.0.join("config.json")
    }

    /// Whether there is a run.
    pub fn is_run(&self) -> bool {
        self.config_path().exists()
    }

    /// Its newest generator.
    pub fn model_path(&self) -> PathBuf {
        self.0.join("model.safetensors")
    }

    /// The generator that measured best.
    pub fn best_path(&self) -> PathBuf {
        self.0.join("best.safetensors")
    }

    /// What a resume needs.
    pub fn state_path(&self) -> PathBuf {
        self.0.join("state.safetensors")
    }

    /// Its losses.
    pub fn losses_path(&self) -> PathBuf {
        self.0.join("losses.jsonl")
    }

    /// Its measures.
    pub fn measures_path(&self) -> PathBuf {
        self.0.join("measures.jsonl")
    }

    /// What the doctor found.
    pub fn alerts_path(&self) -> PathBuf {
        self.0.join("alerts.jsonl")
    }

    /// Losses and measures for TensorBoard, which looks for `tfevents` in a file's name.
    pub fn event_path(&self) -> PathBuf {
        self.0.join("events.out.tfevents.latentscape")
    }

    /// The sample sheet after `images` pictures.
    pub fn sample_path(&self, images: u64) -> PathBuf {
        self.0.join("samples").join(format!("{}.png", age(images)))
    }

    /// The model that is kept from after `images` pictures.
    pub fn checkpoint_path(&self, images: u64) -> PathBuf {
        self.0.join("checkpoints").join(format!("{}.safetensors", age(images)))
    }

    /// Its sample sheets with the number of pictures that they were drawn after, oldest first.
    ///
    /// Sheets of earlier versions are named after epochs (`epoch_0007.png`); they are told
    /// with an equal share of the run each.
    pub fn previews(&self) -> Vec<(u64, PathBuf)> {
        let samples = self.0.join("samples");
        let mut sheets = aged(&samples, ".png");
        let epochs = numbered(&samples, |name| {
            name.strip_prefix("epoch_")?.strip_suffix(".png")?.parse().ok()
        });
        if let Some((last, _)) = epochs.last() {
            let images = self.read_losses().ok().and_then(|losses| Some(losses.last()?.images));
            let share = images.unwrap_or(0) / (*last).max(1);
            sheets.extend(epochs.into_iter().map(|(epoch, path)| (epoch * share.max(1), path)));
            sheets.sort();
        }
        sheets
    }

    /// The models that are kept from its course, with the number of pictures that they were shown,
    /// oldest first.
    pub fn checkpoints(&self) -> Vec<(u64, PathBuf)> {
        aged(&self.0.join("checkpoints"), ".safetensors")
    }

    /// Its losses, step by step.
    ///
    /// # Errors
    /// [`Error::Io`] if they cannot be read.
    pub fn read_losses(&self) -> Result<Vec<StepReport>> {
        log::read(&self.losses_path())
    }

    /// What was measured.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read.
    pub fn read_measures(&self) -> Result<Vec<Measures>> {
        log::read(&self.measures_path())
    }

    /// What the doctor found.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read.
    pub fn read_alerts(&self) -> Result<Vec<Alert>> {
        log::read(&self.alerts_path())
    }

    /// Takes the folder for the program that trains in it, and makes it if need be. Gives it back
    /// when dropped, or when the program ends in whatever way.
    ///
    /// # Errors
    /// [`Error::BadRun`] if another program, or another window of this one, trains in it;
    /// [`Error::Io`] if it cannot be written.
    pub fn lock(&self) -> Result<RunLock> {
        fs::create_dir_all(&self.0).map_err(Error::io("create", &self.0))?;
        let file = self.lock_file().map_err(Error::io("open", &self.0))?;
        match file.try_lock() {
            Ok(()) => Ok(RunLock(file)),
            Err(TryLockError::WouldBlock) => Err(Error::bad_run(
                &self.0,
                "another program is training in this folder; stop it there, or choose another folder",
            )),
            // A file system without locks: better to train unguarded than not at all.
            Err(TryLockError::Error(error)) => {
                tracing::warn!("{} cannot be locked: {error}", self.0.display());
                Ok(RunLock(file))
            }
        }
    }

    /// What is locked: the folder itself, which leaves nothing behind.
    #[cfg(unix)]
    fn lock_file(&self) -> std::io::Result<File> {
        File::open(&self.0)
    }

    /// What is locked where folders cannot be opened.
    #[cfg(not(unix))]
    fn lock_file(&self) -> std::io::Result<File> {
        File::options().create(true).truncate(false).write(true).open(self.0.join("run.lock"))
    }

    /// Makes the folder for a new run and keeps `config` in it.
    ///
    /// # Errors
    /// [`Error::BadRun`] if there is a run already, [`Error::Io`] if it cannot be written.
    pub fn create(&self, config: &TrainConfig) -> Result<()> {
        self.check_free()?;
        self.make_rooms()?;
        self.write_config(config)
    }

    /// Makes the folders inside it that are not there.
    ///
    /// # Errors
    /// [`Error::Io`] if one cannot be made.
    pub fn make_rooms(&self) -> Result<()> {
        for name in ["samples", "checkpoints"] {
            let room = self.0.join(name);
            fs::create_dir_all(&room).map_err(Error::io("create", &room))?;
        }
        Ok(())
    }

    /// Says so if a new run cannot start here, before minutes are spent on reading data.
    ///
    /// # Errors
    /// [`Error::BadRun`] if there is a run already.
    pub fn check_free(&self) -> Result<()> {
        if self.is_run() {
            return Err(Error::bad_run(
                &self.0,
                "there is a run in this folder already; go on with it (--resume), or choose another folder",
            ));
        }
        Ok(())
    }

    /// Replaces the settings.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be written.
    pub fn write_config(&self, config: &TrainConfig) -> Result<()> {
        let mut text = serde_json::to_string_pretty(config)
            .map_err(|error| Error::bad_run(&self.0, error.to_string()))?;
        text.push('\n');
        disk::write_atomic(&self.config_path(), text.as_bytes())
    }

    /// Reads the settings of a run that was started before.
    ///
    /// # Errors
    /// [`Error::BadRun`] if there is none, or its settings are damaged.
    pub fn read_config(&self) -> Result<TrainConfig> {
        let path = self.config_path();
        if !path.exists() {
            return Err(Error::bad_run(
                &self.0,
                "there is no run in this folder; start one without --resume",
            ));
        }
        let text = disk::read_limited(&path, 1 << 20)?;
        serde_json::from_slice(&text).map_err(|error| {
            Error::bad_run(&self.0, format!("its config.json is damaged: {error}"))
        })
    }
}

/// A run's folder, taken. The lock is the operating system's: it ends with the program, however
/// that ends.
#[derive(Debug)]
pub struct RunLock(#[allow(dead_code)] File);

/// The name of what was made after `images` pictures; names sort by age.
fn age(images: u64) -> String {
    format!("kimg_{:05}.{:03}", images / 1000, images % 1000)
}

/// The files in `folder` whose name is an [`age`] before `ending`, by age.
fn aged(folder: &Path, ending: &str) -> Vec<(u64, PathBuf)> {
    numbered(folder, |name| {
        let (kimg, rest) = name.strip_prefix("kimg_")?.strip_suffix(ending)?.split_once('.')?;
        let digits = rest.len() == 3 && !kimg.is_empty();
        let images = kimg.parse::<u64>().ok()?.checked_mul(1000)?.checked_add(rest.parse().ok()?);
        images.filter(|_| digits)
    })
}

/// The files in `folder` to whose name `number` gives one, in its order.
fn numbered(folder: &Path, number: impl Fn(&str) -> Option<u64>) -> Vec<(u64, PathBuf)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut found: Vec<_> = entries
        .flatten()
        .filter_map(|entry| Some((number(entry.file_name().to_str()?)?, entry.path())))
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::DataSource;
    use crate::model::Preset;

    #[test]
    fn a_folder_holds_one_run() {
        let root = tempfile::tempdir().unwrap();
        let run = RunFolder::new(root.path().join("new"));
        assert!(run.read_config().unwrap_err().to_string().contains("without --resume"));
        let config = TrainConfig::new(Preset::Dcgan64, DataSource::Demo);
        run.create(&config).unwrap();
        assert_eq!(run.read_config().unwrap(), config);
        assert!(run.create(&config).unwrap_err().to_string().contains("--resume"));
        fs::write(run.config_path(), "{").unwrap();
        assert!(run.read_config().unwrap_err().to_string().contains("damaged"));
    }

    #[test]
    fn a_folder_is_trained_in_by_one_program() {
        let root = tempfile::tempdir().unwrap();
        let run = RunFolder::new(root.path().join("new"));
        let lock = run.lock().unwrap();
        let error = run.lock().unwrap_err().to_string();
        assert!(error.contains("another program is training"), "{error}");
        drop(lock);
        run.lock().unwrap();
    }

    #[test]
    fn sheets_and_models_are_listed_by_age() {
        let root = tempfile::tempdir().unwrap();
        let run = RunFolder::new(root.path());
        run.make_rooms().unwrap();
        assert!(run.previews().is_empty() && run.checkpoints().is_empty());
        for images in [200_192, 512, 99_968, 123_456_789] {
            fs::write(run.sample_path(images), "").unwrap();
            fs::write(run.checkpoint_path(images), "").unwrap();
        }
        for foreign in ["samples/kimg_1.2.png", "samples/notes.txt", "checkpoints/kimg_x.001"] {
            fs::write(root.path().join(foreign), "").unwrap();
        }
        let images = [512, 99_968, 200_192, 123_456_789];
        assert!(run.previews().iter().map(|sheet| sheet.0).eq(images));
        assert_eq!(run.checkpoints(), images.map(|images| (images, run.checkpoint_path(images))));
        assert!(run.checkpoint_path(200_192).ends_with("checkpoints/kimg_00200.192.safetensors"));
    }

    #[test]
    fn sheets_of_old_runs_share_its_length() {
        let root = tempfile::tempdir().unwrap();
        let run = RunFolder::new(root.path());
        run.make_rooms().unwrap();
        for epoch in [1, 2, 4] {
            fs::write(root.path().join(format!("samples/epoch_{epoch:04}.png")), "").unwrap();
        }
        let line = r#"{"step":9,"images":8000,"loss_d":1,"loss_g":1,"d_real":1,"d_fake":0}"#;
        fs::write(run.losses_path(), line).unwrap();
        assert!(run.previews().iter().map(|sheet| sheet.0).eq([2000, 4000, 8000]));
    }
}
