//! The bar at the top, the line at the bottom, and the rail of tabs.

use eframe::egui::{
    Align, Button, Frame, Label, Layout, Margin, Panel, Popup, ProgressBar, RichText, ScrollArea,
    Ui, Vec2,
};
use egui_material_icons::MaterialIcon;
use egui_material_icons::icons::{
    ICON_BLUR_ON, ICON_DARK_MODE, ICON_EXPAND_MORE, ICON_FOLDER_OPEN, ICON_GRID_ON, ICON_HISTORY,
    ICON_LIGHT_MODE, ICON_MENU, ICON_REDO, ICON_SEARCH, ICON_UNDO,
};

use super::command::{ACTIONS, Action, AppCommand, TrainCommand};
use super::screen::Screen;
use super::settings::{Enlarge, Theme};
use super::state::State;
use super::tabs::TABS;
use super::theme::{self, UNIT};
use super::workers::Workers;
use super::{buttons, live, model_menu};
use crate::device::DeviceChoice;

/// The bar at the top: model, undo and redo, speed, device.
pub fn top(
    ui: &mut Ui,
    state: &State,
    screen: &mut Screen,
    device: DeviceChoice,
    commands: &mut Vec<AppCommand>,
) {
    let frame = Frame::new().inner_margin(Margin::symmetric(8, 6));
    Panel::top("top").resizable(false).frame(frame).show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = UNIT / 2.0;
            menu(ui, commands);
            model_menu::show(ui, state, screen, commands);
            icon(ui, ICON_FOLDER_OPEN, Action::Open, commands);
            for (image, action, what) in [
                (ICON_UNDO, Action::Undo, state.undo_label()),
                (ICON_REDO, Action::Redo, state.redo_label()),
            ] {
                let key = action.shortcut(ui.ctx()).unwrap_or_default();
                let tooltip = match what {
                    Some(what) => format!("{}: {what} ({key})", action.title()),
                    None => format!("Nothing to {} ({key})", action.title().to_lowercase()),
                };
                let enabled = what.is_some();
                if buttons::icon(ui, image, action, enabled, &tooltip).clicked() {
                    commands.push(AppCommand::Do(action));
                }
            }
            icon(ui, ICON_HISTORY, Action::History, commands);
            live::bar::switch(ui, state, commands);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let is_dark = ui.visuals().dark_mode;
                let image = if is_dark { ICON_LIGHT_MODE } else { ICON_DARK_MODE };
                icon(ui, image, Action::Theme, commands);
                let is_smooth = state.settings.enlarge == Enlarge::Smooth;
                let image = if is_smooth { ICON_GRID_ON } else { ICON_BLUR_ON };
                icon(ui, image, Action::Enlarge, commands);
                icon(ui, ICON_SEARCH, Action::Palette, commands);
                ui.add_space(UNIT);
                speed(ui, state);
                devices(ui, state, device, commands);
            });
        });
    });
}

fn icon(ui: &mut Ui, image: MaterialIcon, action: Action, commands: &mut Vec<AppCommand>) {
    let tooltip = action.tooltip(ui.ctx());
    if buttons::icon(ui, image, action, true, &tooltip).clicked() {
        commands.push(AppCommand::Do(action));
    }
}

fn menu(ui: &mut Ui, commands: &mut Vec<AppCommand>) {
    let icon = ICON_MENU.rich_text().size(18.0);
    let button = Button::new(icon).min_size(Vec2::splat(3.5 * UNIT)).frame_when_inactive(false);
    let response =
        ui.add(button).accessible_name("Menu").on_hover_text("Everything there is to do");
    Popup::menu(&response).show(|ui| {
        ui.set_min_width(30.0 * UNIT);
        // A low window shows a part of it.
        let most = (ui.ctx().content_rect().height() - 14.0 * UNIT).max(10.0 * UNIT);
        ScrollArea::vertical().max_height(most).show(ui, |ui| actions(ui, commands));
        ui.separator();
        ui.horizontal(|ui| {
            ui.label("Theme");
            for (theme, name) in
                [(Theme::System, "System"), (Theme::Light, "Light"), (Theme::Dark, "Dark")]
            {
                if ui.button(name).clicked() {
                    commands.push(AppCommand::SetTheme(theme));
                }
            }
        });
    });
}

fn actions(ui: &mut Ui, commands: &mut Vec<AppCommand>) {
    for entry in ACTIONS {
        let breaks = [
            Action::Import,
            Action::Undo,
            Action::Random,
            Action::Lock,
            Action::Fit,
            Action::Sweep,
        ];
        if breaks.contains(&entry.action) {
            ui.separator();
        }
        let is_key_only = [Action::Next, Action::Previous, Action::Increase, Action::Decrease];
        let action = entry.action;
        let has_its_place = action.is_for_train() || action.is_for_translate();
        if is_key_only.contains(&action) || has_its_place {
            continue;
        }
        let shortcut = entry.action.shortcut(ui.ctx()).unwrap_or_default();
        let button = Button::new(entry.title).shortcut_text(shortcut);
        if ui.add(button).on_hover_text(entry.about).clicked() {
            commands.push(AppCommand::Do(entry.action));
        }
    }
}

fn speed(ui: &mut Ui, state: &State) {
    let faint = theme::palette(ui).faint;
    let number = |value: Option<f32>| match value {
        Some(value) if value < 999.0 => format!("{value:5.1}"),
        Some(_) => "  999".into(),
        None => "    –".into(),
    };
    let rate =
        state.pacing.rate().map_or("  –".into(), |rate| format!("{:3.0}", rate.min(999.0)));
    let text = format!("{} ms {rate} fps", number(state.pacing.latest()));
    let label = Label::new(RichText::new(text).monospace().color(faint)).selectable(false);
    ui.add(label).on_hover_ui(|ui| {
        let all = state.pacing.all();
        ui.label("Time from a moved slider to its pixels, and frames per second.");
        if all.count() > 0 {
            let (half, most) = (all.percentile(50.0), all.percentile(95.0));
            ui.label(format!(
                "{} pictures: half within {half:.1} ms, 95 of 100 within {most:.1} ms",
                all.count()
            ));
        }
    });
}

fn devices(ui: &mut Ui, state: &State, device: DeviceChoice, commands: &mut Vec<AppCommand>) {
    let name =
        state.model.as_ref().map_or_else(|| device.to_string(), |model| model.device.clone());
    let label = (RichText::new(name), ICON_EXPAND_MORE.rich_text());
    let response = ui
        .add(Button::new(label).frame_when_inactive(false))
        .accessible_name("Device")
        .on_hover_text("Where the network is computed");
    Popup::menu(&response).show(|ui| {
        ui.set_min_width(30.0 * UNIT);
        let auto = Button::selectable(device == DeviceChoice::Auto, "auto");
        if ui.add(auto).on_hover_text("The first GPU there is, else the processor").clicked() {
            commands.push(AppCommand::SetDevice(DeviceChoice::Auto));
        }
        if state.devices.is_empty() {
            ui.weak("Looking for devices…");
        }
        for (name, what) in &state.devices {
            let Ok(choice) = name.parse::<DeviceChoice>() else { continue };
            let about = what.as_ref().map_or("", String::as_str);
            let button = Button::selectable(choice == device, name.as_str()).right_text(about);
            let response = ui.add_enabled(what.is_ok(), button);
            let response = match what {
                Err(why) => response.on_disabled_hover_text(why),
                Ok(_) => response,
            };
            if response.clicked() {
                commands.push(AppCommand::SetDevice(choice));
            }
        }
    });
}

/// The line at the bottom: what happened last, and what is at work.
pub fn bottom(ui: &mut Ui, state: &State, workers: &Workers, commands: &mut Vec<AppCommand>) {
    let colours = theme::palette(ui);
    let frame = Frame::new().inner_margin(Margin::symmetric(12, 2));
    Panel::bottom("bottom").resizable(false).exact_size(3.5 * UNIT).frame(frame).show(ui, |ui| {
        ui.horizontal_centered(|ui| {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if let Some(work) = at_work(workers) {
                    if ui.small_button("Cancel").on_hover_text("Stop this").clicked() {
                        commands.push(AppCommand::Cancel);
                    }
                    if let Some(progress) = work.progress {
                        let bar = ProgressBar::new(progress).desired_width(12.0 * UNIT);
                        ui.add(bar.desired_height(UNIT));
                    } else {
                        ui.add(eframe::egui::Spinner::new().size(2.0 * UNIT));
                    }
                    ui.weak(work.what);
                } else if let Some(model) = &state.model {
                    ui.weak(model.spec().summary());
                }
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    training(ui, state, commands);
                    let message = &state.message;
                    let colour = if message.is_error { colours.bad } else { colours.faint };
                    let text = RichText::new(&message.text).color(colour);
                    ui.add(Label::new(text).truncate());
                });
            });
        });
    });
}

/// The run that goes on, from any tab; a click goes to it.
fn training(ui: &mut Ui, state: &State, commands: &mut Vec<AppCommand>) {
    let Some(run) = state.train.running() else { return };
    let button = Button::new(run.line()).frame_when_inactive(false).small();
    if ui.add(button).accessible_name("Running run").on_hover_text("Show this run").clicked() {
        let folder = run.folder.root().to_owned();
        commands.push(AppCommand::Train(TrainCommand::OpenRun(folder)));
    }
    let bar = ProgressBar::new(run.progress()).desired_width(12.0 * UNIT);
    ui.add(bar.desired_height(UNIT));
    ui.add_space(UNIT);
}

struct Work {
    what: &'static str,
    progress: Option<f32>,
}

/// What takes long enough to be told.
fn at_work(workers: &Workers) -> Option<Work> {
    if let Some((_, job)) = &workers.translate.film {
        return Some(Work { what: "Writing the film", progress: Some(job.progress()) });
    }
    let slow = std::time::Duration::from_millis(100);
    if workers.opening.as_ref().is_some_and(|(_, job)| job.age() > slow) {
        return Some(Work { what: "Opening a model", progress: None });
    }
    if let Some((_, job)) = workers.sweep.as_ref().filter(|(_, job)| job.age() > slow) {
        return Some(Work { what: "Drawing the sweep sheet", progress: Some(job.progress()) });
    }
    if let Some((_, job)) = workers.influence.as_ref().filter(|(_, job)| job.age() > slow) {
        return Some(Work { what: "Measuring influence", progress: Some(job.progress()) });
    }
    None
}

/// The rail of tabs at the left, where there is more than one.
pub fn tabs(ui: &mut Ui, state: &mut State) {
    if TABS.len() < 2 {
        return;
    }
    let frame = Frame::new().inner_margin(Margin::same(UNIT as i8));
    Panel::left("tabs").resizable(false).frame(frame).show(ui, |ui| {
        for (i, tab) in TABS.iter().enumerate() {
            let label = (tab.icon.rich_text().size(18.0), tab.title);
            let is_shown = state.tab == i && state.gallery.is_none();
            let button =
                Button::selectable(is_shown, label).min_size(Vec2::new(14.0 * UNIT, 4.0 * UNIT));
            if ui.add(button).accessible_name(tab.title).on_hover_text(tab.about).clicked() {
                state.show_tab(i);
            }
        }
    });
}
