//! What the tab Train has at work beside the run itself: at most one job of each kind.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use image::RgbImage;

use super::train::{self as tab, Listed, OpenedRun};
use super::workers::Workers;
use crate::checkpoint::ModelFile;
use crate::data::{self, DataSource, Direction, Framing, Survey, Target};
use crate::device::DeviceChoice;
use crate::error::Result;
use crate::train::{Estimate, TrainConfig, estimate};
use crate::worker::{Job, cores};

/// Pictures of the data that are shown.
pub const SAMPLES: usize = 96;

/// What a run is read for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reading {
    /// To be looked at.
    Show,
    /// To go on with, for a new length in thousands of pictures if there is one.
    Resume(Option<f64>),
    /// For the chart of all runs.
    Compare,
}

/// Files read and files in all, as the job counts them.
#[derive(Debug, Clone, Default)]
pub struct Count(Arc<[AtomicUsize; 2]>);

impl Count {
    /// So many of so many.
    pub fn get(&self) -> (usize, usize) {
        (self.0[0].load(Ordering::Relaxed), self.0[1].load(Ordering::Relaxed))
    }

    fn set(&self, done: usize, total: usize) {
        self.0[0].store(done, Ordering::Relaxed);
        self.0[1].store(total, Ordering::Relaxed);
    }
}

/// All of them.
#[derive(Default)]
pub struct TrainJobs {
    /// Finds out what lies at a path.
    pub finding: Option<Job<DataSource>>,
    /// Looks at the pictures.
    pub looking: Option<(Count, Job<Survey>)>,
    /// Reads a sheet.
    pub sheet: Option<(PathBuf, Job<RgbImage>)>,
    /// Lists runs.
    pub listing: Option<Job<Vec<Listed>>>,
    /// Reads a run.
    pub reading: Option<((PathBuf, Reading), Job<OpenedRun>)>,
    /// Times two steps of these settings.
    pub timing: Option<(Box<TrainConfig>, Job<Estimate>)>,
    /// Reads a checkpoint of the run that is explored.
    pub aging: Option<(usize, Job<Arc<ModelFile>>)>,
}

impl Workers {
    /// Finds out what kind of data lies at `path`, for a network that learns from pairs or from single
    /// pictures.
    ///
    /// # Errors
    /// [`crate::Error::Worker`] if the system gives no thread.
    pub fn find_data(&mut self, path: PathBuf, takes_pairs: bool) -> Result<()> {
        let job = self.job("data finder", move |_| match DataSource::from_path(&path)? {
            source if takes_pairs => source.paired(Direction::default()),
            source => Ok(source),
        })?;
        self.train.finding = Some(job);
        Ok(())
    }

    /// Finds the pictures in `outputs` that belong to those of `inputs`.
    ///
    /// # Errors
    /// [`crate::Error::Worker`] if the system gives no thread.
    pub fn find_outputs(&mut self, inputs: DataSource, outputs: PathBuf) -> Result<()> {
        let job = self.job("data finder", move |_| inputs.with_outputs(&outputs))?;
        self.train.finding = Some(job);
        Ok(())
    }

    /// Looks at the pictures of `source`.
    ///
    /// # Errors
    /// [`crate::Error::Worker`] if the system gives no thread.
    pub fn look_at_data(
        &mut self,
        source: DataSource,
        target: Target,
        framing: Framing,
    ) -> Result<()> {
        let count = Count::default();
        let told = count.clone();
        let job = self.job("data reader", move |progress| {
            data::survey(&source, target, framing, SAMPLES, &mut |done, total| {
                told.set(done, total);
                progress.report(done as f32 / total.max(1) as f32)
            })
        })?;
        self.train.looking = Some((count, job));
        Ok(())
    }

    /// Times two steps of `config`.
    ///
    /// # Errors
    /// [`crate::Error::Worker`] if the system gives no thread.
    pub fn time_steps(&mut self, config: TrainConfig, device: DeviceChoice) -> Result<()> {
        let key = Box::new(config.clone());
        // On all cores, as the run itself.
        let job = Job::start_on("timer", cores(), self.courtesy(), &self.wake, move |_| {
            estimate(&config, &device.open()?.device)
        })?;
        self.train.timing = Some((key, job));
        Ok(())
    }

    /// Reads the sheet at `path`.
    ///
    /// # Errors
    /// [`crate::Error::Worker`] if the system gives no thread.
    pub fn read_sheet(&mut self, path: PathBuf) -> Result<()> {
        let wanted = path.clone();
        let job = self.job("sheet reader", move |_| data::open_picture(&wanted))?;
        self.train.sheet = Some((path, job));
        Ok(())
    }

    /// Lists the runs in `root` and `others` elsewhere.
    ///
    /// # Errors
    /// [`crate::Error::Worker`] if the system gives no thread.
    pub fn list_runs(&mut self, root: PathBuf, others: Vec<PathBuf>) -> Result<()> {
        self.train.listing =
            Some(self.job("run finder", move |_| Ok(tab::list_runs(&root, &others)))?);
        Ok(())
    }

    /// Reads the run in `folder`.
    ///
    /// # Errors
    /// [`crate::Error::Worker`] if the system gives no thread.
    pub fn read_run(&mut self, folder: PathBuf, purpose: Reading) -> Result<()> {
        let wanted = folder.clone();
        let job = self.job("run reader", move |progress| {
            tab::open_run(&wanted, &mut |done| progress.report(done))
        })?;
        self.train.reading = Some(((folder, purpose), job));
        Ok(())
    }

    /// Reads the checkpoint at `path`, the one with this number.
    ///
    /// # Errors
    /// [`crate::Error::Worker`] if the system gives no thread.
    pub fn read_checkpoint(&mut self, number: usize, path: PathBuf) -> Result<()> {
        let job = self.job("checkpoint reader", move |_| Ok(Arc::new(ModelFile::open(&path)?)))?;
        self.train.aging = Some((number, job));
        Ok(())
    }
}
