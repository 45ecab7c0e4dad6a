//! The tab Train: what is set up, the run that goes on or is looked at, and the runs there are.

mod curves;
mod previews;
mod run;
mod runs;
mod setup;

use std::path::PathBuf;

pub use curves::{Curves, Series};
pub use previews::{Previews, Sheet};
pub use run::{End, Mark, MarkKind, Phase, Run, title};
pub use runs::{Listed, OpenedRun, Runs, list as list_runs, open as open_run};
pub use setup::{Guess, Look, Setup, TrainPlace};

use crate::data::DataSource;
use crate::device::DeviceChoice;

/// What the tab shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TrainPage {
    /// A run that is not yet started.
    #[default]
    New,
    /// One run.
    Run,
    /// All runs.
    Runs,
}

/// What has to be answered before anything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// Save before stopping?
    Stop,
    /// The window is to be closed while a run goes on.
    Close,
}

/// How charts are drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChartView {
    /// Losses on a logarithmic scale.
    pub log: bool,
    /// How much of its past a smoothed value keeps.
    pub smoothing: f32,
    /// Show everything again.
    pub fit: bool,
}

/// Everything of the tab.
#[derive(Debug)]
pub struct Train {
    /// What it shows.
    pub page: TrainPage,
    /// The run to start.
    pub setup: Setup,
    /// The run that goes on, or that was looked at last.
    pub run: Option<Run>,
    /// Another run that is looked at while that one goes on.
    pub other: Option<Run>,
    /// All runs.
    pub runs: Runs,
    /// Where the next run is computed.
    pub device: DeviceChoice,
    /// What has to be answered.
    pub question: Option<Question>,
    /// Charts.
    pub charts: ChartView,
    /// The window closes as soon as the run has saved.
    pub is_closing: bool,
    /// The window closes now.
    pub is_leaving: bool,
}

impl Train {
    /// With what was set up last, and runs in `folder`.
    pub fn new(place: &TrainPlace, folder: Option<PathBuf>) -> Self {
        let smoothing = place.smoothing.clamp(0.0, 0.999);
        Self {
            page: TrainPage::New,
            setup: Setup::new(place, folder),
            run: None,
            other: None,
            runs: Runs::default(),
            device: DeviceChoice::default(),
            question: None,
            charts: ChartView { log: place.log, smoothing, fit: false },
            is_closing: false,
            is_leaving: false,
        }
    }

    /// What is remembered.
    pub fn place(&self, before: &TrainPlace) -> TrainPlace {
        TrainPlace {
            log: self.charts.log,
            smoothing: self.charts.smoothing,
            ..self.setup.place(before)
        }
    }

    /// Smooths every curve so.
    pub fn set_smoothing(&mut self, smoothing: f32) {
        self.charts.smoothing = smoothing;
        let runs = self.run.iter_mut().chain(self.other.iter_mut()).map(|run| &mut run.curves);
        let compared = self.runs.compared.values_mut().flatten();
        runs.chain(compared).for_each(|curves| curves.set_smoothing(smoothing));
    }

    /// The run, if it goes on.
    pub fn running(&self) -> Option<&Run> {
        self.run.as_ref().filter(|run| run.phase.is_running())
    }

    /// Whether a run goes on.
    pub fn is_running(&self) -> bool {
        self.running().is_some()
    }

    /// The run on screen.
    pub fn shown(&self) -> Option<&Run> {
        self.other.as_ref().or(self.run.as_ref())
    }

    /// The run on screen.
    pub fn shown_mut(&mut self) -> Option<&mut Run> {
        self.other.as_mut().or(self.run.as_mut())
    }

    /// Shows a run that was read.
    pub fn look_at(&mut self, run: Run) {
        if self.is_running() {
            self.other = Some(run);
        } else {
            (self.run, self.other) = (Some(run), None);
        }
        self.page = TrainPage::Run;
        self.set_smoothing(self.charts.smoothing);
    }
}

/// A data source as a short name.
pub fn name_of(source: &DataSource) -> String {
    match source {
        DataSource::Demo => "Demo faces".into(),
        DataSource::DemoSketches => "Demo sketches".into(),
        DataSource::DemoLabels => "Demo label maps".into(),
        other => other.name(),
    }
}
