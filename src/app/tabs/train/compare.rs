//! All runs: a list, and a chart that compares some of them.

use std::path::PathBuf;

use eframe::egui::{
    Button, CentralPanel, Checkbox, Color32, Frame, Label, Margin, Panel, RichText, ScrollArea, Ui,
    Vec2,
};
use egui_material_icons::icons::{
    ICON_EXPLORE, ICON_FOLDER_OPEN, ICON_PLAY_ARROW, ICON_REFRESH, ICON_TRENDING_UP,
};

use super::TabContext;
use super::charts::{Chart, Curve};
use super::want;
use crate::app::command::{Action, AppCommand, TrainCommand};
use crate::app::theme::{self, UNIT};
use crate::app::train::{Listed, Series, TrainPage};

/// Draws the page.
pub fn show(ui: &mut Ui, context: &mut TabContext) {
    let size = ui.available_size();
    Panel::left("runs")
        .resizable(true)
        .default_size((size.x * 0.45).clamp(36.0 * UNIT, 70.0 * UNIT))
        .size_range(30.0 * UNIT..=(size.x * 0.7).max(30.0 * UNIT))
        .frame(Frame::new().inner_margin(Margin { right: 8, ..Margin::ZERO }))
        .show(ui, |ui| list(ui, context));
    let frame = Frame::new().inner_margin(Margin { left: 8, ..Margin::ZERO });
    CentralPanel::default().frame(frame).show(ui, |ui| chart(ui, context));
}

fn list(ui: &mut Ui, context: &mut TabContext) {
    ui.horizontal(|ui| {
        let open = Button::new((ICON_FOLDER_OPEN.rich_text(), "Open run…"));
        let tooltip = Action::OpenRun.tooltip(ui.ctx());
        if ui.add(open).accessible_name("Open run").on_hover_text(tooltip).clicked() {
            context.commands.push(AppCommand::Do(Action::OpenRun));
        }
        let refresh = Button::new(ICON_REFRESH.rich_text().size(16.0)).frame_when_inactive(false);
        let refresh = ui.add(refresh).accessible_name("Look again");
        if refresh.on_hover_text("Look again which runs there are").clicked() {
            want(context, TrainCommand::ListRuns);
        }
    });
    let Some(listed) = context.state.train.runs.listed.clone() else {
        want(context, TrainCommand::ListRuns);
        ui.weak("Looking for runs…");
        return;
    };
    if listed.is_empty() {
        ui.add_space(4.0 * UNIT);
        ui.label("No run has been made yet.");
        ui.weak(format!("Runs are kept in {}.", context.state.train.setup.folder().display()));
        let new = Button::new((ICON_PLAY_ARROW.rich_text(), "Set up a run"));
        let new = ui.add(new).accessible_name("Set up a run");
        if new.on_hover_text("Choose pictures and settings").clicked() {
            want(context, TrainCommand::SetPage(TrainPage::New));
        }
        return;
    }
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        for run in &listed {
            row(ui, context, run);
        }
    });
}

fn row(ui: &mut Ui, context: &mut TabContext, run: &Listed) {
    let colours = theme::palette(ui);
    let hue = context
        .state
        .train
        .runs
        .compared
        .keys()
        .position(|folder| *folder == run.folder)
        .map(|i| theme::hue(ui, i));
    let is_running = context.state.train.is_running();
    let is_this = context.state.train.running().is_some_and(|now| now.folder.root() == run.folder);
    let frame = Frame::new().fill(colours.raised).corner_radius(6).inner_margin(Margin::same(8));
    frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.horizontal(|ui| {
            let mut compared = hue.is_some();
            let about = "Show this run in the chart, beside others";
            let check = Checkbox::without_text(&mut compared);
            let check = ui.add(check).accessible_name(format!("Compare {}", run.name));
            if check.on_hover_text(about).changed() {
                want(context, TrainCommand::Compare(run.folder.clone(), compared));
            }
            let name = RichText::new(&run.name).strong().color(hue.unwrap_or(colours.ink));
            ui.add(Label::new(name).truncate()).on_hover_text(run.folder.display().to_string());
        });
        match &run.config {
            Ok(config) => {
                let name = crate::app::train::name_of(&config.data);
                let data = if config.data.path().is_some() { name } else { name.to_lowercase() };
                let text = format!("{:.1} of {} kimg · {data}", run.kimg, config.kimg);
                ui.add(Label::new(RichText::new(text).color(colours.faint)).truncate());
                let text = RichText::new(config.spec.summary()).color(colours.faint);
                ui.add(Label::new(text).truncate());
            }
            Err(why) => {
                ui.add(Label::new(RichText::new(why).color(colours.bad)).wrap());
            }
        }
        ui.horizontal_wrapped(|ui| {
            let button = |ui: &mut Ui,
                          icon: egui_material_icons::MaterialIcon,
                          words: &str,
                          about: &str,
                          can| {
                let button = Button::new((icon.rich_text(), words));
                ui.add_enabled(can, button)
                    .accessible_name(format!("{words} {}", run.name))
                    .on_hover_text(about)
                    .on_disabled_hover_text(about)
                    .clicked()
            };
            let is_sound = run.config.is_ok();
            let about = "Charts and pictures of this run";
            if button(ui, ICON_TRENDING_UP, "Show", about, is_sound) {
                want(context, TrainCommand::OpenRun(run.folder.clone()));
            }
            let (can, about) = match (is_this, is_running, run.has_state) {
                (true, ..) => (false, "This run goes on"),
                (_, true, _) => (false, "Another run goes on; stop it first"),
                (.., false) => (false, "It has not saved a state to go on from"),
                _ => (is_sound, "Go on with this run exactly where it stopped"),
            };
            if button(ui, ICON_PLAY_ARROW, "Resume", about, can) {
                want(context, TrainCommand::ResumeRun { folder: run.folder.clone(), kimg: None });
            }
            let about = "Open its newest model in Explore";
            if button(ui, ICON_EXPLORE, "Explore", about, run.has_model) {
                let model = crate::train::RunFolder::new(&run.folder).model_path();
                context.commands.push(AppCommand::OpenFile(model));
            }
            if button(ui, ICON_FOLDER_OPEN, "Folder", "Show its folder", true) {
                want(context, TrainCommand::ShowFolder(run.folder.clone()));
            }
        });
    });
}

fn chart(ui: &mut Ui, context: &mut TabContext) {
    let chosen = context.state.train.runs.series;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = UNIT / 2.0;
        for series in Series::ALL {
            let label = ui.selectable_label(chosen == series, series.title());
            if label.on_hover_text("Compare the runs by this").clicked() {
                want(context, TrainCommand::CompareSeries(series));
            }
        }
    });
    let runs = &context.state.train.runs;
    let place = ui.available_rect_before_wrap();
    if runs.compared.is_empty() {
        let words = "Tick runs in the list to compare them in one chart.";
        super::words(ui, place, words, theme::palette(ui).faint);
        return;
    }
    let named: Vec<(PathBuf, Color32)> = runs
        .compared
        .keys()
        .enumerate()
        .map(|(i, folder)| (folder.clone(), theme::hue(ui, i)))
        .collect();
    let chart = Chart {
        title: "Comparison",
        height: (place.height() - UNIT).max(10.0 * UNIT),
        is_log: context.state.train.charts.log && matches!(chosen, Series::LossD | Series::LossG),
        unit: None,
        view: context.state.train.charts,
        group: "all runs",
    };
    let response = chart.show(ui, &[], |range| {
        let lines = named.into_iter().filter_map(|(folder, colour)| {
            let curves = runs.compared.get(&folder)?.as_ref()?;
            let name = folder.file_name()?.to_string_lossy().into_owned();
            let points = curves.line(chosen, true, range, 500);
            Some(Curve { name, points, colour, is_faint: false, dots: false })
        });
        lines.collect()
    });
    if runs.compared.values().any(Option::is_none) {
        let spinner = eframe::egui::Spinner::new().size(2.0 * UNIT);
        ui.put(
            eframe::egui::Rect::from_center_size(response.rect.center(), Vec2::splat(3.0 * UNIT)),
            spinner,
        );
    }
}
