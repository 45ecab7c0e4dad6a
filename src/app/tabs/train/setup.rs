//! The page of a run that is not yet started: pictures in the middle, settings at the side, and the
//! button that starts it.

use eframe::egui::{
    Align, Button, CentralPanel, ComboBox, Frame, Label, Layout, Margin, Panel, RichText,
    ScrollArea, TextEdit, Ui, Vec2,
};
use egui_material_icons::icons::ICON_PLAY_ARROW;

use super::TabContext;
use super::{data, settings, want};
use crate::app::command::{Action, AppCommand, TrainCommand};
use crate::app::theme::{self, UNIT};
use crate::device::DeviceChoice;

/// Draws the page.
pub fn show(ui: &mut Ui, context: &mut TabContext) {
    let panel = Frame::new().inner_margin(Margin::same(UNIT as i8));
    let width = ui.available_width();
    Panel::right("run settings")
        .resizable(true)
        .default_size((width * 0.34).clamp(40.0 * UNIT, 56.0 * UNIT))
        .size_range(36.0 * UNIT..=(width * 0.5).max(36.0 * UNIT))
        .frame(panel)
        .show(ui, |ui| {
            Panel::bottom("start")
                .resizable(false)
                .frame(Frame::new().inner_margin(Margin { top: 8, ..Margin::ZERO }))
                .show(ui, |ui| start(ui, context));
            CentralPanel::no_frame().show(ui, |ui| {
                ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
                    // Room for the scroll bar, so that nothing lies under it.
                    ui.set_width(ui.available_width() - 1.5 * UNIT);
                    settings::show(ui, context);
                });
            });
        });
    CentralPanel::default().frame(panel).show(ui, |ui| data::show(ui, context));
}

/// Name, device, and the button.
fn start(ui: &mut Ui, context: &mut TabContext) {
    let colours = theme::palette(ui);
    ui.horizontal(|ui| {
        let about = format!(
            "The run's folder in {}. A whole path puts it elsewhere.",
            context.state.train.setup.folder().display()
        );
        ui.label("Name").on_hover_text(&about);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let mut name = context.state.train.setup.name.clone();
            let field = TextEdit::singleline(&mut name).desired_width(ui.available_width() - UNIT);
            let field = ui.add(field).accessible_name("Name of the run").on_hover_text(about);
            if field.changed() {
                want(context, TrainCommand::SetName(name));
            }
        });
    });
    device(ui, context);
    let obstacle = context.state.train.setup.obstacle();
    let is_running = context.state.train.is_running();
    let why = match (&obstacle, is_running) {
        (_, true) => Some("Another run goes on; stop it first.".to_owned()),
        (Some(why), _) => Some(why.clone()),
        _ => None,
    };
    // Its place is kept when there is nothing to say, so that nothing jumps.
    let (takes, is_too_much) = context.state.train.setup.takes();
    let (text, is_bad) = match &why {
        Some(why) => {
            (why.clone(), obstacle.is_some() && context.state.train.setup.source.is_some())
        }
        None => (takes, is_too_much),
    };
    let ink = if is_bad { colours.bad } else { colours.faint };
    ui.add(Label::new(RichText::new(&text).color(ink)).truncate()).on_hover_text(
        "What the run will take: two steps were timed on this device, as it is now, and the memory \
         counted.",
    );
    let words = (
        ICON_PLAY_ARROW.rich_text().size(16.0).color(colours.on_accent),
        RichText::new("Start training").color(colours.on_accent),
    );
    let button = Button::new(words)
        .fill(colours.accent)
        .min_size(Vec2::new(ui.available_width(), 4.5 * UNIT));
    let tooltip = Action::StartTraining.tooltip(ui.ctx());
    let response = ui
        .add_enabled(why.is_none(), button)
        .accessible_name("Start training")
        .on_hover_text(tooltip)
        .on_disabled_hover_text(why.unwrap_or_default());
    if response.clicked() {
        context.commands.push(AppCommand::Do(Action::StartTraining));
    }
}

fn device(ui: &mut Ui, context: &mut TabContext) {
    let chosen = context.state.train.device;
    ui.horizontal(|ui| {
        let about = "Where the run is computed; the window's own pictures stay where they are.";
        ui.label("Device").on_hover_text(about);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let combo = ComboBox::from_id_salt("train device").selected_text(chosen.to_string());
            let response = combo.show_ui(ui, |ui| {
                let auto = ui.selectable_label(chosen == DeviceChoice::Auto, "auto");
                if auto.on_hover_text("The first GPU there is, else the processor").clicked() {
                    want(context, TrainCommand::SetDevice(DeviceChoice::Auto));
                }
                for (name, what) in context.state.devices.clone() {
                    let Ok(choice) = name.parse::<DeviceChoice>() else { continue };
                    let label = Button::selectable(choice == chosen, name.as_str());
                    let label = ui.add_enabled(what.is_ok(), label);
                    let text = what.unwrap_or_else(|why| why);
                    if label.on_hover_text(&text).on_disabled_hover_text(text).clicked() {
                        want(context, TrainCommand::SetDevice(choice));
                    }
                }
            });
            response.response.accessible_name("Device for training").on_hover_text(about);
        });
    });
}
