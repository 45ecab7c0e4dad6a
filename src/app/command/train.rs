//! What the tab Train asks for.

use std::path::PathBuf;

use crate::app::train::{Series, TrainPage};
use crate::data::DataSource;
use crate::device::DeviceChoice;
use crate::model::Preset;
use crate::train::TrainConfig;

/// What the tab Train asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum TrainCommand {
    /// Show this page.
    SetPage(TrainPage),
    /// Learn from these pictures.
    SetSource(DataSource),
    /// Learn from what is at this path.
    TakeData(PathBuf),
    /// What should come out of the network is in this folder; what goes in is set up.
    TakeOutputs(PathBuf),
    /// Look at the pictures again.
    Look,
    /// Give up looking at them.
    StopLooking,
    /// Begin with these settings.
    SetPreset(Preset),
    /// These settings.
    Set(Box<TrainConfig>),
    /// Call the run so.
    SetName(String),
    /// Compute here.
    SetDevice(DeviceChoice),
    /// Start the run that is set up.
    Start,
    /// Stop the run.
    Stop {
        /// Whether to write a checkpoint first.
        save: bool,
    },
    /// Stop the run and save it, then close the window.
    SaveAndClose,
    /// Close the window whatever happens to the run.
    CloseAnyway,
    /// Do nothing of what was asked about.
    Dismiss,
    /// Look at a sheet.
    GoToSheet(usize),
    /// Losses on a logarithmic scale, or not.
    SetLog(bool),
    /// How much of its past a smoothed value keeps.
    SetSmoothing(f32),
    /// Show the whole of every chart.
    FitCharts,
    /// Look for runs.
    ListRuns,
    /// Select a run of the list.
    SelectRun(PathBuf),
    /// Show charts and sheets of a run.
    OpenRun(PathBuf),
    /// Go on with a run.
    ResumeRun {
        /// Its folder.
        folder: PathBuf,
        /// Its new length in thousands of pictures, if that changes.
        kimg: Option<f64>,
    },
    /// The length that the run on screen is to have when it goes on, in thousands of pictures.
    SetLength(f64),
    /// Show a run's folder in the system's file manager.
    ShowFolder(PathBuf),
    /// Put a run into the chart of all runs, or take it out.
    Compare(PathBuf, bool),
    /// What of the runs is compared.
    CompareSeries(Series),
    /// Show the latent of Explore as the run at this age draws it; none is the newest.
    SetAge(Option<usize>),
}
