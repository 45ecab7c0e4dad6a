//! A run's folder: everything it writes, in one place that can be copied to another machine.
//!
//! ```text
//! runs/NAME/
//!   config.json        the settings
//!   losses.jsonl       one line a step
//!   samples/           a sheet each epoch, from the same latents
//!   model.safetensors  the newest generator
//!   state.safetensors  what a resume needs
//! ```

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::config::TrainConfig;
use super::events::StepReport;
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

    /// Its newest generator.
    pub fn model_path(&self) -> PathBuf {
        self.0.join("model.safetensors")
    }

    /// What a resume needs.
    pub fn state_path(&self) -> PathBuf {
        self.0.join("state.safetensors")
    }

    /// Its losses.
    pub fn losses_path(&self) -> PathBuf {
        self.0.join("losses.jsonl")
    }

    /// The sample sheet of an epoch.
    pub fn sample_path(&self, epoch: u64) -> PathBuf {
        self.0.join("samples").join(format!("epoch_{epoch:04}.png"))
    }

    /// Makes the folder for a new run and keeps `config` in it.
    ///
    /// # Errors
    /// [`Error::BadRun`] if there is a run already, [`Error::Io`] if it cannot be written.
    pub fn create(&self, config: &TrainConfig) -> Result<()> {
        self.check_free()?;
        let samples = self.0.join("samples");
        fs::create_dir_all(&samples).map_err(Error::io("create", &samples))?;
        self.write_config(config)
    }

    /// Says so if a new run cannot start here, before minutes are spent on reading data.
    ///
    /// # Errors
    /// [`Error::BadRun`] if there is a run already.
    pub fn check_free(&self) -> Result<()> {
        if self.config_path().exists() {
            return Err(Error::bad_run(
                &self.0,
                "there is a run in this folder already; go on with it with --resume, or choose another --out",
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

    /// Opens the list of losses to go on after `step`: lines of later steps, which a killed run wrote
    /// after its last checkpoint, and a line cut off in the middle, are dropped.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read or written.
    pub fn open_losses(&self, step: u64) -> Result<LossLog> {
        let path = self.losses_path();
        let kept = match File::open(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(Error::io("read", &path)(error)),
            Ok(file) => {
                lines_up_to(BufReader::new(file), step).map_err(Error::io("read", &path))?
            }
        };
        disk::write_atomic(&path, &kept)?;
        let file =
            OpenOptions::new().append(true).open(&path).map_err(Error::io("write", &path))?;
        Ok(LossLog { file: BufWriter::new(file), path })
    }
}

fn lines_up_to(file: impl BufRead, step: u64) -> std::io::Result<Vec<u8>> {
    let mut kept = Vec::new();
    for line in file.split(b'\n') {
        let line = line?;
        match serde_json::from_slice::<StepReport>(&line) {
            Ok(report) if report.step <= step => {
                kept.extend(line);
                kept.push(b'\n');
            }
            _ => break,
        }
    }
    Ok(kept)
}

/// The list of losses, open for writing at its end.
#[derive(Debug)]
pub struct LossLog {
    file: BufWriter<File>,
    path: PathBuf,
}

impl LossLog {
    /// Adds lines, and hands them to the operating system.
    ///
    /// # Errors
    /// [`Error::Io`] if the disk is full or gone.
    pub fn append(&mut self, reports: &[StepReport]) -> Result<()> {
        let mut write = || -> std::io::Result<()> {
            for report in reports {
                serde_json::to_writer(&mut self.file, report)?;
                self.file.write_all(b"\n")?;
            }
            self.file.flush()
        };
        write().map_err(Error::io("write", &self.path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::DataSource;
    use crate::model::Preset;

    fn report(step: u64) -> StepReport {
        StepReport {
            step,
            images: step * 64,
            loss_d: 1.25,
            loss_g: 0.1,
            d_real: 0.7,
            d_fake: 0.3,
            grad_d: 2.0,
            grad_g: 0.5,
            sign_real: 0.6,
        }
    }

    #[test]
    fn a_killed_runs_surplus_is_dropped() {
        let root = tempfile::tempdir().unwrap();
        let run = RunFolder::new(root.path());
        let mut log = run.open_losses(0).unwrap();
        log.append(&[report(1), report(2), report(3)]).unwrap();
        drop(log);
        let mut file = OpenOptions::new().append(true).open(run.losses_path()).unwrap();
        file.write_all(b"{\"step\":4,\"ima").unwrap();
        run.open_losses(2).unwrap().append(&[report(3)]).unwrap();
        let text = fs::read_to_string(run.losses_path()).unwrap();
        let steps: Vec<u64> =
            text.lines().map(|l| serde_json::from_str::<StepReport>(l).unwrap().step).collect();
        assert_eq!(steps, [1, 2, 3]);
    }

    #[test]
    fn lines_of_earlier_versions_are_kept() {
        let line = r#"{"step":1,"images":64,"loss_d":1.25,"loss_g":0.5,"d_real":0.7,"d_fake":0.3}"#;
        let kept = lines_up_to(format!("{line}\n").as_bytes(), 1).unwrap();
        assert_eq!(kept, format!("{line}\n").as_bytes());
    }

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
}
