//! What is done in the tab Train.

use std::path::PathBuf;

use eframe::egui::{Context, OpenUrl, ViewportCommand};

use crate::app::command::TrainCommand;
use crate::app::dialog::Purpose;
use crate::app::live::Live;
use crate::app::state::Source;
use crate::app::train::{Look, OpenedRun, Phase, Question, Run, TrainPage};
use crate::app::train_jobs::Reading;
use crate::app::window::App;
use crate::app::{tabs, workers};
use crate::data::DataSource;
use crate::error::{Error, Result};
use crate::train::{RunFolder, TrainConfig, TrainControl};
use crate::worker::Plan;

impl App {
    /// Does it.
    pub(super) fn train(&mut self, ctx: &Context, command: TrainCommand) -> Result<()> {
        let train = &mut self.state.train;
        match command {
            TrainCommand::SetPage(page) => {
                train.page = page;
                if page == TrainPage::New {
                    train.setup.suggest_name();
                }
                if page == TrainPage::Runs && train.runs.listed.is_none() {
                    return self.list_runs();
                }
            }
            TrainCommand::SetSource(source) => {
                self.state.settings.train.remember_source(&source);
                train.setup.set_source(source);
                train.page = TrainPage::New;
                self.state.show_tab(tabs::TRAIN);
                return self.look();
            }
            TrainCommand::TakeData(path) => {
                train.page = TrainPage::New;
                let takes_pairs = train.setup.takes_pairs();
                self.state.show_tab(tabs::TRAIN);
                return self.workers.find_data(path, takes_pairs);
            }
            TrainCommand::TakeOutputs(path) => {
                train.page = TrainPage::New;
                let inputs = train.setup.source.clone();
                self.state.show_tab(tabs::TRAIN);
                let Some(inputs) = inputs else { return Ok(()) };
                return self.workers.find_outputs(inputs, path);
            }
            TrainCommand::Look => return self.look(),
            TrainCommand::StopLooking => {
                self.workers.train.looking = None;
                train.setup.look = Look::None;
            }
            TrainCommand::SetPreset(preset) => {
                let before = train.setup.source.clone();
                train.setup.set_preset(preset);
                match &train.setup.source {
                    // Where the other halves are has to be found out.
                    Some(DataSource::Folder(path)) if train.setup.takes_pairs() => {
                        return self.workers.find_data(path.clone(), true);
                    }
                    after if *after != before => return self.look(),
                    _ => {}
                }
            }
            TrainCommand::Set(config) => train.setup.config = *config,
            TrainCommand::SetName(name) => {
                train.setup.has_own_name = !name.trim().is_empty();
                train.setup.name = name;
            }
            TrainCommand::SetDevice(device) => {
                train.device = device;
                train.setup.guessed_for = None;
            }
            TrainCommand::Start => return self.start_training(),
            TrainCommand::Stop { save } => {
                train.question = None;
                self.control(TrainControl::Stop { save });
            }
            TrainCommand::SaveAndClose => {
                train.question = None;
                train.is_closing = true;
                self.control(TrainControl::Stop { save: true });
            }
            TrainCommand::CloseAnyway => {
                train.question = None;
                train.is_leaving = true;
                self.control(TrainControl::Stop { save: false });
                ctx.send_viewport_cmd(ViewportCommand::Close);
            }
            TrainCommand::Dismiss => train.question = None,
            TrainCommand::GoToSheet(at) => {
                if let Some(run) = train.shown_mut() {
                    run.previews.go_to(at);
                }
            }
            TrainCommand::SetLog(log) => train.charts.log = log,
            TrainCommand::SetSmoothing(smoothing) => train.set_smoothing(smoothing),
            TrainCommand::FitCharts => train.charts.fit = true,
            TrainCommand::ListRuns => return self.list_runs(),
            TrainCommand::SelectRun(folder) => train.runs.selected = Some(folder),
            TrainCommand::OpenRun(folder) => {
                if train.run.as_ref().is_some_and(|run| run.folder.root() == folder) {
                    train.other = None;
                    train.page = TrainPage::Run;
                    self.state.show_tab(tabs::TRAIN);
                    return Ok(());
                }
                return self.workers.read_run(folder, Reading::Show);
            }
            TrainCommand::ResumeRun { folder, kimg } => {
                if train.is_running() {
                    return Err(Error::bad_run(&folder, BUSY));
                }
                return self.workers.read_run(folder, Reading::Resume(kimg));
            }
            TrainCommand::SetLength(kimg) => {
                if let Some(run) = train.shown_mut() {
                    run.config.kimg = kimg;
                }
            }
            TrainCommand::ShowFolder(folder) => {
                let path = folder.display().to_string().replace('%', "%25").replace(' ', "%20");
                let url = format!("file://{path}");
                ctx.open_url(OpenUrl::new_tab(url));
                self.say(format!("The run is kept in {}", folder.display()));
            }
            TrainCommand::Compare(folder, is_in) => {
                if !is_in {
                    train.runs.compared.remove(&folder);
                    return Ok(());
                }
                train.runs.compared.insert(folder, None);
                return self.read_next_compared();
            }
            TrainCommand::CompareSeries(series) => train.runs.series = series,
            TrainCommand::SetAge(age) => return self.set_age(age),
        }
        Ok(())
    }

    /// Tells the run something.
    pub(in crate::app) fn control(&mut self, control: TrainControl) {
        let Some(training) = &self.workers.training else { return };
        training.control(control);
        let Some(run) = &mut self.state.train.run else { return };
        match control {
            TrainControl::Pause if run.phase == Phase::Training => run.phase = Phase::Pausing,
            TrainControl::Resume if matches!(run.phase, Phase::Paused | Phase::Pausing) => {
                run.phase = Phase::Training;
            }
            TrainControl::Stop { .. } => run.phase = Phase::Stopping,
            _ => {}
        }
    }

    /// Pauses, or goes on.
    pub(super) fn pause_or_go_on(&mut self) -> Result<()> {
        let phase = self.state.train.running().map(|run| run.phase.clone());
        match phase {
            Some(Phase::Paused | Phase::Pausing) => self.control(TrainControl::Resume),
            Some(Phase::Training) => self.control(TrainControl::Pause),
            Some(_) => {}
            None => self.say("No run goes on".into()),
        }
        Ok(())
    }

    /// Asks whether to save before stopping.
    pub(super) fn ask_to_stop(&mut self) {
        match self.state.train.running().map(|run| &run.phase) {
            // Nothing was learnt yet.
            Some(Phase::Reading(..)) => self.control(TrainControl::Stop { save: false }),
            Some(_) => self.state.train.question = Some(Question::Stop),
            None => self.say("No run goes on".into()),
        }
    }

    fn start_training(&mut self) -> Result<()> {
        let setup = &self.state.train.setup;
        if let Some(why) = setup.obstacle() {
            self.state.show_tab(tabs::TRAIN);
            self.state.train.page = TrainPage::New;
            return Err(Error::bad_setting("Start training", why));
        }
        let (config, folder) = (setup.config.clone(), setup.run_folder());
        self.begin(folder, config, None)?;
        self.state.train.setup.has_own_name = false;
        Ok(())
    }

    /// Starts a run, or goes on with one that was read.
    pub(in crate::app) fn begin(
        &mut self,
        folder: RunFolder,
        config: TrainConfig,
        before: Option<OpenedRun>,
    ) -> Result<()> {
        if self.state.train.is_running() {
            return Err(Error::bad_run(folder.root(), BUSY));
        }
        if self.state.live.as_ref().is_some_and(|live| live.run != folder) {
            self.live_off();
        }
        self.workers.train.looking = None;
        let plan = Plan {
            config: config.clone(),
            folder: folder.clone(),
            resume: before.is_some(),
            device: self.state.train.device,
        };
        self.workers.start_training(plan)?;
        let train = &mut self.state.train;
        train.run = Some(match before {
            Some(before) => Run::going_on(before),
            None => Run::new(folder.clone(), config),
        });
        train.other = None;
        train.page = TrainPage::Run;
        train.set_smoothing(train.charts.smoothing);
        train.runs.listed = None;
        let is_elsewhere = folder.root().parent() != Some(train.setup.folder());
        let settings = &mut self.state.settings.train;
        settings.run = Some(folder.root().to_owned());
        if is_elsewhere {
            settings.remember_run(folder.root());
        }
        self.state.show_tab(tabs::TRAIN);
        Ok(())
    }

    /// Looks at the pictures that are set up.
    fn look(&mut self) -> Result<()> {
        let setup = &mut self.state.train.setup;
        let Some(source) = setup.source.clone() else { return Ok(()) };
        let (target, framing) = (setup.config.target(), setup.config.framing);
        setup.looked_at = Some((source.clone(), target, framing));
        if let Err(error) = setup.config.validate() {
            setup.look = Look::Failed(error.to_string());
            return Ok(());
        }
        setup.look = Look::Looking(0, 0);
        self.workers.look_at_data(source, target, framing)
    }

    pub(super) fn list_runs(&mut self) -> Result<()> {
        let root = self.state.train.setup.folder().to_owned();
        let others = self.state.settings.train.runs.clone();
        self.workers.list_runs(root, others)
    }

    /// Reads the next run of the chart of all runs, one after the other.
    pub(in crate::app) fn read_next_compared(&mut self) -> Result<()> {
        if self.workers.train.reading.is_some() {
            return Ok(());
        }
        let compared = &self.state.train.runs.compared;
        let next = compared.iter().find(|(_, curves)| curves.is_none());
        match next.map(|(folder, _)| folder.clone()) {
            Some(folder) => self.workers.read_run(folder, Reading::Compare),
            None => Ok(()),
        }
    }

    /// Turns Explore live on or off.
    pub(super) fn toggle_live(&mut self) -> Result<()> {
        if self.state.live.is_some() {
            self.live_off();
            return Ok(());
        }
        let Some(run) = self.state.train.shown() else {
            let why =
                "start a run in Train first; then its weights are drawn with as they are learnt";
            return Err(Error::bad_setting("Explore live", why));
        };
        let (folder, is_running) = (run.folder.clone(), run.phase.is_running());
        self.state.live = Some(Live::new(folder.clone()));
        if is_running && self.state.train.other.is_none() {
            self.control(TrainControl::ShowWeights(true));
            self.say(format!("Waiting for the first weights of {}", folder.name()));
        } else if folder.model_path().exists() {
            return self.workers.open(Source::Live(folder));
        } else {
            self.state.live = None;
            return Err(Error::bad_run(folder.root(), "it has not saved a model yet"));
        }
        Ok(())
    }

    /// Back to the model that was on screen before.
    pub(super) fn live_off(&mut self) {
        self.control(TrainControl::ShowWeights(false));
        self.workers.train.aging = None;
        let Some(live) = &self.state.live else { return };
        match &live.aside {
            Some(aside) => {
                let (file, source) = (aside.model.file.clone(), aside.model.source.clone());
                self.workers.load(file, source, self.device);
            }
            None => self.state.live = None,
        }
    }

    fn set_age(&mut self, age: Option<usize>) -> Result<()> {
        let Some(live) = &mut self.state.live else { return Ok(()) };
        if live.age == age {
            return Ok(());
        }
        live.age = age;
        match age.and_then(|age| live.ages.get(age).map(|at| (age, at.path.clone()))) {
            Some((age, path)) => self.workers.read_checkpoint(age, path),
            None => {
                live.age = None;
                self.workers.train.aging = None;
                match live.newest.clone() {
                    Some(newest) => self.load_live(newest),
                    None => return self.workers.open(Source::Live(live.run.clone())),
                }
                Ok(())
            }
        }
    }

    /// Where a dialog for `purpose` begins.
    pub(super) fn folder_for(&self, purpose: Purpose) -> PathBuf {
        let data = || self.state.settings.train.sources.first()?.path()?.parent();
        let own = match purpose {
            Purpose::DataFolder | Purpose::DataFile | Purpose::OutputsFolder => {
                data().map(PathBuf::from)
            }
            Purpose::OpenRun => Some(self.state.train.setup.folder().to_owned()),
            Purpose::ModelsFolder => self.state.settings.models.clone(),
            _ => None,
        };
        own.filter(|folder| folder.is_dir()).unwrap_or_else(|| self.state.folder())
    }

    /// Draws with newer weights of the run, unless others are on their way.
    pub(in crate::app) fn load_live(&mut self, newest: workers::Weights) {
        let (images, file) = newest;
        let Some(live) = &mut self.state.live else { return };
        if self.workers.pending.is_some() {
            return;
        }
        live.images = images;
        let source = Source::Live(live.run.clone());
        self.workers.load(file, source, self.device);
    }
}

/// Why a second run has to wait.
const BUSY: &str = "another run goes on in this window; stop it first";
