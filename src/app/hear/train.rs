//! What the run and the jobs of the tab Train have to tell.

use std::time::Duration;

use eframe::egui::{Context, Theme, ViewportCommand};
use image::Rgb;

use crate::app::command::{AppCommand, TrainCommand};
use crate::app::live::Age;
use crate::app::settings::Enlarge;
use crate::app::shown::Side;
use crate::app::state::Source;
use crate::app::train::{self, Guess, Look, Question, Run, TrainPage};
use crate::app::train_jobs::Reading;
use crate::app::window::App;
use crate::app::{tabs, theme, workers};
use crate::error::{Error, Result};
use crate::picture;
use crate::train::{Outcome, TrainControl, TrainEvent};

/// How often the window is drawn for the news of a run: where they are all there is to see, and where
/// only a line at the bottom tells of them.
const IN_SIGHT: Duration = Duration::from_millis(250);
const ELSEWHERE: Duration = Duration::from_millis(1000);
/// Columns of the page of samples.
pub const COLUMNS: usize = 12;
/// Seconds without a change after which steps are timed.
const CALM: f64 = 0.7;
/// Seconds between two drawings of all small pictures with weights that are being learnt.
const THUMBS: f64 = 5.0;

impl App {
    /// Takes in whatever there is to tell. Called when a frame begins.
    pub(super) fn hear_training(&mut self, ctx: &Context) {
        self.hear_run(ctx);
        self.renew_live();
        self.hear_data(ctx);
        self.guess(ctx);
        self.hear_runs(ctx);
        if let Some((age, result)) = workers::finished(&mut self.workers.train.aging) {
            let live = self.state.live.as_ref().filter(|live| live.age == Some(age));
            let images = live.and_then(|live| live.ages.get(age)).map(|age| age.images);
            match (images, result) {
                (Some(images), Ok(file)) => {
                    // Whatever was on its way is outdated.
                    self.workers.pending = None;
                    self.load_live((images, file));
                }
                (None, _) => {}
                (_, Err(error)) => self.tell(ctx, Err(error)),
            }
        }
        self.show_sheet(ctx);
    }

    fn hear_run(&mut self, ctx: &Context) {
        let Some(training) = &mut self.workers.training else { return };
        let is_in_sight = self.state.tab == tabs::TRAIN;
        training.set_pace(if is_in_sight { IN_SIGHT } else { ELSEWHERE });
        let events = training.poll();
        let outcome = training.outcome();
        for event in events {
            match &event {
                TrainEvent::Started { .. } => {
                    let is_live = self.state.live.is_some();
                    if let Some(training) = self.workers.training.as_ref().filter(|_| is_live) {
                        training.control(TrainControl::ShowWeights(true));
                    }
                }
                TrainEvent::Alert(alert) => {
                    let title = train::title(alert.ailment);
                    self.announce(
                        ctx,
                        format!("{title}. {} {}", alert.evidence, alert.advice),
                        true,
                    );
                }
                TrainEvent::Warning(text) => self.announce(ctx, text.clone(), true),
                TrainEvent::RolledBack { from, to, .. } => {
                    let text = format!("The run went back from step {from} to step {to}");
                    self.announce(ctx, text, true);
                }
                TrainEvent::Weights { images, model } => {
                    let newest = (*images, model.clone());
                    if let Some(live) = &mut self.state.live {
                        live.newest = Some(newest);
                    }
                }
                _ => {}
            }
            if let Some(run) = &mut self.state.train.run {
                run.hear(event);
            }
        }
        if let Some(outcome) = outcome {
            self.run_ended(ctx, outcome);
        }
    }

    /// Draws with the newest weights, if they are not drawn with yet.
    fn renew_live(&mut self) {
        let Some(live) = &self.state.live else { return };
        let newest = live.newest.clone().filter(|_| live.age.is_none());
        if let Some(newest) = newest.filter(|(images, _)| *images != live.images) {
            self.load_live(newest);
        }
    }

    fn run_ended(&mut self, ctx: &Context, outcome: Result<Outcome>) {
        self.workers.training = None;
        self.state.train.runs.listed = None;
        let told = outcome.as_ref().map(Clone::clone).map_err(ToString::to_string);
        let Some(run) = &mut self.state.train.run else { return };
        let name = run.name();
        let is_closing = std::mem::take(&mut self.state.train.is_closing);
        match outcome {
            Ok(ended) => {
                run.end(told);
                let words = if ended.finished { "is finished" } else { "has stopped" };
                let text = format!("{name} {words} after {} steps", ended.steps);
                self.announce(ctx, text, false);
                if is_closing {
                    ctx.send_viewport_cmd(ViewportCommand::Close);
                }
            }
            Err(Error::Cancelled) => {
                run.end(Err("Stopped before the first step; nothing was trained.".into()));
                if is_closing {
                    ctx.send_viewport_cmd(ViewportCommand::Close);
                }
            }
            Err(error) => {
                run.end(told);
                self.tell(ctx, Err(error));
                if is_closing {
                    // The person should know before everything is gone.
                    self.state.train.question = Some(Question::Close);
                }
            }
        }
    }

    fn hear_data(&mut self, ctx: &Context) {
        if let Some(result) = workers::done(&mut self.workers.train.finding) {
            match result {
                Ok(source) => {
                    let taken = AppCommand::Train(TrainCommand::SetSource(source));
                    self.dispatch(ctx, taken);
                }
                Err(error) => {
                    self.state.train.setup.look = Look::Failed(error.to_string());
                    self.tell(ctx, Err(error));
                }
            }
        }
        let setup = &self.state.train.setup;
        let is_in_sight = self.state.tab == tabs::TRAIN && self.state.train.page == TrainPage::New;
        if is_in_sight && setup.source.is_some() && setup.looked_at.is_none() {
            // Chosen before the window was closed last.
            self.dispatch(ctx, AppCommand::Train(TrainCommand::Look));
        }
        if let Some((count, _)) = &self.workers.train.looking {
            let (done, total) = count.get();
            self.state.train.setup.look = Look::Looking(done, total);
        }
        if let Some((_, result)) = workers::finished(&mut self.workers.train.looking) {
            let setup = &mut self.state.train.setup;
            let [r, g, b, _] = theme::of(ctx.theme() == Theme::Dark).panel.to_array();
            let between = Rgb([r, g, b]);
            setup.look = match result {
                Ok(survey) => {
                    // Two halves are twice as wide.
                    let columns = if survey.target.input > 0 { COLUMNS / 2 } else { COLUMNS };
                    let sheet = picture::sheet(&survey.samples, columns, 2, between);
                    self.screen.samples.set(
                        ctx,
                        Side::Large,
                        &workers::fitting(&sheet),
                        Enlarge::Smooth,
                    );
                    Look::Seen(Box::new(survey))
                }
                Err(error) if workers::is_news(&error) => Look::Failed(error.to_string()),
                Err(_) => Look::None,
            };
        }
    }

    /// Times two steps of what is set up, once nobody has changed it for a moment.
    fn guess(&mut self, ctx: &Context) {
        if let Some((config, result)) = workers::finished(&mut self.workers.train.timing) {
            let setup = &mut self.state.train.setup;
            if *config == setup.step_settings() {
                setup.guess = match result {
                    Ok(estimate) => Guess::Known(estimate),
                    Err(error) => Guess::Failed(error.to_string()),
                };
            }
        }
        let is_in_sight = self.state.tab == tabs::TRAIN && self.state.train.page == TrainPage::New;
        let jobs = &self.workers.train;
        let is_busy = self.workers.training.is_some() || jobs.looking.is_some();
        let setup = &mut self.state.train.setup;
        if !is_in_sight || is_busy || setup.source.is_none() {
            return;
        }
        let config = setup.step_settings();
        if config.validate().is_err() {
            (setup.guess, setup.guessed_for) = (Guess::None, None);
            return;
        }
        match &setup.guessed_for {
            Some((guessed, since)) if **guessed == config => {
                let is_open = matches!(setup.guess, Guess::None) && jobs.timing.is_none();
                if is_open && self.now - since >= CALM {
                    setup.guess = Guess::Timing;
                    let begun = self.workers.time_steps(config, self.state.train.device);
                    self.tell(ctx, begun);
                } else if is_open {
                    ctx.request_repaint_after_secs(CALM as f32);
                }
            }
            _ => {
                setup.guess = Guess::None;
                setup.guessed_for = Some((Box::new(config), self.now));
                ctx.request_repaint_after_secs(CALM as f32);
            }
        }
    }

    fn hear_runs(&mut self, ctx: &Context) {
        if let Some(result) = workers::done(&mut self.workers.train.listing) {
            match result {
                Ok(listed) => self.state.train.runs.listed = Some(listed),
                Err(error) => self.tell(ctx, Err(error)),
            }
        }
        let Some(((folder, purpose), result)) = workers::finished(&mut self.workers.train.reading)
        else {
            return;
        };
        let train = &mut self.state.train;
        let done = match (purpose, result) {
            (Reading::Compare, Ok(run)) => {
                if let Some(slot) = train.runs.compared.get_mut(&folder) {
                    *slot = Some(Run::of(run).curves);
                    train.set_smoothing(train.charts.smoothing);
                }
                Ok(())
            }
            (Reading::Compare, Err(error)) => {
                train.runs.compared.remove(&folder);
                Err(error)
            }
            (Reading::Show, Ok(run)) => {
                train.look_at(Run::of(run));
                self.state.show_tab(tabs::TRAIN);
                self.state.settings.train.run = Some(folder.clone());
                if folder.parent() != Some(self.state.train.setup.folder()) {
                    self.state.settings.train.remember_run(&folder);
                }
                Ok(())
            }
            (Reading::Resume(kimg), Ok(mut run)) => {
                run.config.kimg = kimg.unwrap_or(run.config.kimg);
                self.begin(run.folder.clone(), run.config.clone(), Some(run))
            }
            (_, Err(error)) => Err(error),
        };
        self.tell(ctx, done);
        let begun = self.read_next_compared();
        self.tell(ctx, begun);
    }

    /// Uploads the sheet that is looked at, or has it read.
    fn show_sheet(&mut self, ctx: &Context) {
        if let Some((path, result)) = workers::finished(&mut self.workers.train.sheet)
            && let Some(run) = self.state.train.shown_mut()
        {
            run.previews.take(path, result.ok());
        }
        if self.state.tab != tabs::TRAIN {
            return;
        }
        let Some(run) = self.state.train.shown_mut() else { return };
        let images = run.previews.sheet().map(|sheet| sheet.images);
        if let Some((path, picture)) = run.previews.picture() {
            let now = (path.to_owned(), images.unwrap_or(0));
            if self.screen.preview_of.as_ref() != Some(&now) {
                let fitted = workers::fitting(&picture);
                self.screen.preview.set(ctx, Side::Large, &fitted, Enlarge::Smooth);
                self.screen.preview_of = Some(now);
            }
        } else if let Some(path) = run.previews.wanted()
            && self.workers.train.sheet.is_none()
        {
            let path = path.to_owned();
            let begun = self.workers.read_sheet(path);
            self.tell(ctx, begun);
        }
    }

    /// Newer weights of the run are on screen.
    pub(super) fn live_renewed(&mut self) {
        let Some((model, live)) = self.state.model.as_ref().zip(self.state.live.as_mut()) else {
            return;
        };
        let all_again = self.now - live.thumbs_at > THUMBS;
        if all_again {
            live.thumbs_at = self.now;
        }
        self.screen.thumbs.renew(model.id, all_again);
        if !matches!(model.source, Source::Live(_)) {
            return;
        }
        // Some of what was kept since the last look is older than these weights.
        let age = |(images, path)| Age { images, path };
        live.ages = live.run.checkpoints().into_iter().map(age).collect();
        if live.newest.is_none() && live.age.is_none() {
            live.images = (model.file.info().kimg * 1e3) as u64;
        }
    }
}
