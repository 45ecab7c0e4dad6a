//! One run: what it is doing, its charts, its pictures, its troubles.

use eframe::egui::{
    Align, Button, CentralPanel, DragValue, Frame, Label, Layout, Margin, Panel, ProgressBar,
    RichText, Ui, Vec2,
};
use egui_material_icons::MaterialIcon;
use egui_material_icons::icons::{
    ICON_ARROW_BACK, ICON_EXPLORE, ICON_FOLDER_OPEN, ICON_PAUSE, ICON_PLAY_ARROW, ICON_SAVE,
    ICON_SENSORS, ICON_STOP, ICON_ZOOM_OUT_MAP,
};

use super::TabContext;
use super::{alerts, charts, preview, want};
use crate::app::command::{Action, AppCommand, TrainCommand};
use crate::app::theme::{self, UNIT};
use crate::app::train::{End, Phase, Run, TrainPage};

/// Draws the page.
pub fn show(ui: &mut Ui, context: &mut TabContext) {
    let panel = Frame::new().inner_margin(Margin::same(UNIT as i8));
    if context.state.train.shown().is_none() {
        CentralPanel::default().frame(panel).show(ui, |ui| nothing(ui, context));
        return;
    }
    let head = Frame::new().inner_margin(Margin::same(UNIT as i8));
    Panel::top("run head").resizable(false).frame(head).show(ui, |ui| {
        buttons(ui, context);
        if let Some(run) = context.state.train.shown() {
            progress(ui, run);
        }
    });
    let size = ui.available_size();
    Panel::right("run pictures")
        .resizable(true)
        .default_size((size.x * 0.4).min(size.y - 10.0 * UNIT).max(32.0 * UNIT))
        .size_range(28.0 * UNIT..=(size.x * 0.65).max(28.0 * UNIT))
        .frame(panel)
        .show(ui, |ui| {
            let troubles = context.state.train.shown().is_some_and(alerts::has_any);
            if troubles {
                Panel::bottom("alerts")
                    .resizable(true)
                    .default_size((size.y * 0.25).max(10.0 * UNIT))
                    .size_range(6.0 * UNIT..=size.y * 0.6)
                    .frame(Frame::new().inner_margin(Margin { top: 8, ..Margin::ZERO }))
                    .show(ui, |ui| alerts::show(ui, context));
            }
            CentralPanel::no_frame().show(ui, |ui| preview::show(ui, context));
        });
    CentralPanel::default().frame(panel).show(ui, |ui| charts::show(ui, context));
}

/// What belongs here.
fn nothing(ui: &mut Ui, context: &mut TabContext) {
    ui.vertical_centered(|ui| {
        ui.add_space(ui.available_height() * 0.3);
        ui.label(RichText::new("No run yet").heading());
        ui.weak("Its losses, its pictures and what ails it will be shown here while it learns.");
        let new = Button::new((ICON_PLAY_ARROW.rich_text(), "Set up a run"));
        let new = ui.add(new).accessible_name("Set up a run");
        if new.on_hover_text("Choose pictures and settings").clicked() {
            want(context, TrainCommand::SetPage(TrainPage::New));
        }
        let last = context.state.settings.train.run.clone();
        if let Some(folder) = last.filter(|folder| folder.is_dir()) {
            let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let open = Button::new((ICON_FOLDER_OPEN.rich_text(), format!("Open {name}")));
            let open = ui.add(open).accessible_name(format!("Open {name}"));
            if open.on_hover_text("Charts and pictures of the last run").clicked() {
                want(context, TrainCommand::OpenRun(folder));
            }
        }
    });
}

/// What can be done with the run.
fn buttons(ui: &mut Ui, context: &mut TabContext) {
    let Some(run) = context.state.train.shown() else { return };
    let (phase, folder) = (run.phase.clone(), run.folder.root().to_owned());
    let (model, can_grow) = (run.model(), grows(run));
    let has_state = run.folder.state_path().exists();
    let (done, length) = (run.kimg(), run.config.kimg);
    let is_running = phase.is_running();
    let is_stopping = phase == Phase::Stopping;
    let is_live = context.state.live.as_ref().is_some_and(|live| live.run.root() == folder);
    let mut commands = Vec::new();
    ui.horizontal_wrapped(|ui| {
        let action = |ui: &mut Ui, icon: MaterialIcon, words: &str, action: Action, enabled| {
            let tooltip = action.tooltip(ui.ctx());
            let button = Button::new((icon.rich_text().size(16.0), RichText::new(words)));
            ui.add_enabled(enabled, button.min_size(Vec2::new(0.0, 3.5 * UNIT)))
                .accessible_name(words)
                .on_hover_text(&tooltip)
                .on_disabled_hover_text(tooltip)
                .clicked()
                .then_some(AppCommand::Do(action))
        };
        let plain = |ui: &mut Ui, icon: MaterialIcon, words: &str, about: &str, enabled| {
            let button = Button::new((icon.rich_text().size(16.0), RichText::new(words)));
            ui.add_enabled(enabled, button.min_size(Vec2::new(0.0, 3.5 * UNIT)))
                .accessible_name(words)
                .on_hover_text(about)
                .on_disabled_hover_text(about)
                .clicked()
        };
        if context.state.train.other.is_some() {
            let about = "Back to the run that goes on";
            if plain(ui, ICON_ARROW_BACK, "Back", about, true)
                && let Some(run) = &context.state.train.run
            {
                let own = run.folder.root().to_owned();
                commands.push(AppCommand::Train(TrainCommand::OpenRun(own)));
            }
        }
        if is_running {
            let can_pause = !matches!(phase, Phase::Reading(..) | Phase::Stopping);
            let (icon, words) = match phase {
                Phase::Paused | Phase::Pausing => (ICON_PLAY_ARROW, "Go on"),
                _ => (ICON_PAUSE, "Pause"),
            };
            commands.extend(action(ui, icon, words, Action::PauseTraining, can_pause));
            commands.extend(action(ui, ICON_STOP, "Stop", Action::StopTraining, !is_stopping));
            commands.extend(action(ui, ICON_SAVE, "Save now", Action::SaveCheckpoint, can_pause));
            if can_grow {
                commands.extend(action(ui, ICON_ZOOM_OUT_MAP, "Grow", Action::Grow, can_pause));
            }
        } else {
            let is_done = done >= length;
            let about = match is_done {
                true => "This run has its length; give it a larger one to go on",
                false => "Go on with this run exactly where it stopped",
            };
            let can = has_state && !context.state.train.is_running() && !is_done;
            if plain(ui, ICON_PLAY_ARROW, "Resume", about, can) {
                let (folder, kimg) = (folder.clone(), Some(length));
                commands.push(AppCommand::Train(TrainCommand::ResumeRun { folder, kimg }));
            }
            let mut kimg = length;
            let field = DragValue::new(&mut kimg)
                .speed(1.0)
                .range(0.001..=1e9)
                .prefix("to ")
                .suffix(" kimg");
            let field = ui.add(field).accessible_name("Length of the run");
            if field.on_hover_text("How long the run is to be when it goes on").changed() {
                commands.push(AppCommand::Train(TrainCommand::SetLength(kimg)));
            }
        }
        ui.separator();
        let refused = context
            .state
            .train
            .shown()
            .and_then(|run| Some(run.config.spec.expect_latents().err()?.to_string()));
        let has_latents = refused.is_none();
        let tooltip = refused.unwrap_or_else(|| Action::Live.tooltip(ui.ctx()));
        let label = (ICON_SENSORS.rich_text().size(16.0), RichText::new("Explore live"));
        let button = Button::selectable(is_live, label).min_size(Vec2::new(0.0, 3.5 * UNIT));
        let can_live = is_live || (has_latents && (is_running || model.is_some()));
        let switch = ui.add_enabled(can_live, button).accessible_name("Explore live");
        if switch.on_hover_text(&tooltip).on_disabled_hover_text(tooltip).clicked() {
            commands.push(AppCommand::Do(Action::Live));
        }
        let about = "Open the newest saved model in Explore";
        if plain(ui, ICON_EXPLORE, "Open model", about, model.is_some())
            && let Some(model) = model
        {
            commands.push(AppCommand::OpenFile(model));
        }
        let about = format!("Show the run's folder: {}", folder.display());
        if plain(ui, ICON_FOLDER_OPEN, "Folder", &about, true) {
            commands.push(AppCommand::Train(TrainCommand::ShowFolder(folder.clone())));
        }
    });
    context.commands.extend(commands);
}

/// How far the run is, and how fast.
fn progress(ui: &mut Ui, run: &Run) {
    let colours = theme::palette(ui);
    ui.horizontal(|ui| {
        let words = match &run.phase {
            Phase::Reading(done, total) if *total > 0 => format!("Reading data: {done} of {total}"),
            phase => phase.title().to_owned(),
        };
        let colour = match run.phase {
            Phase::Ended(End::Failed(_)) => colours.bad,
            Phase::Training => colours.accent,
            _ => colours.ink,
        };
        ui.add(Label::new(RichText::new(words).color(colour).strong()).selectable(false));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let faint = |ui: &mut Ui, text: String, about: &str| {
                let text = RichText::new(text).monospace().color(colours.faint);
                ui.add(Label::new(text).selectable(false)).on_hover_text(about);
            };
            let left = run.time_left().map_or_else(String::new, |left| format!("{left} left"));
            faint(ui, format!("{left:>16}"), "Time left at the speed of the last seconds");
            let rate = run.rate.map_or_else(String::new, |rate| format!("{rate:.0} images/s"));
            faint(
                ui,
                format!("{rate:>13}"),
                "Pictures that the discriminator learns from in a second",
            );
            let kimg = format!("{:.1} of {} kimg", run.kimg(), run.config.kimg);
            faint(ui, kimg, "Thousands of real pictures shown so far, of those that are planned");
            let width = ui.available_width().max(6.0 * UNIT);
            let bar = ProgressBar::new(run.progress()).desired_width(width).desired_height(UNIT);
            ui.add(bar).on_hover_text(format!("{:.1} %", run.progress() * 100.0));
        });
    });
    if let Phase::Ended(End::Failed(why)) = &run.phase {
        ui.label(RichText::new(why).color(colours.bad));
    }
}

/// Whether the networks of this run can grow.
fn grows(run: &Run) -> bool {
    run.config.growth.is_some()
}
