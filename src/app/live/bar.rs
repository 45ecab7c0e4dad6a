//! The switch in the bar at the top, and the line that says what is drawn with while it is on.

use eframe::egui::{Button, Frame, Label, Margin, Panel, RichText, Slider, Ui};
use egui_material_icons::icons::{ICON_SENSORS, ICON_SENSORS_OFF};

use crate::app::command::{Action, AppCommand, TrainCommand};
use crate::app::state::State;
use crate::app::tabs;
use crate::app::theme::{self, UNIT};

/// The switch, where there is a run to explore.
pub fn switch(ui: &mut Ui, state: &State, commands: &mut Vec<AppCommand>) {
    // The tab Train has one of its own.
    let has_run = state.train.shown().is_some() || state.live.is_some();
    if state.tab == tabs::TRAIN || !has_run {
        return;
    }
    let is_on = state.live.is_some();
    let label = (ICON_SENSORS.rich_text().size(16.0), RichText::new("Explore live"));
    let button = Button::selectable(is_on, label).frame_when_inactive(false);
    let tooltip = Action::Live.tooltip(ui.ctx());
    if ui.add(button).accessible_name("Explore live").on_hover_text(tooltip).clicked() {
        commands.push(AppCommand::Do(Action::Live));
    }
}

/// What is drawn with, and a slider through what the run has been.
pub fn show(ui: &mut Ui, state: &State, commands: &mut Vec<AppCommand>) {
    let Some(live) = state.live.as_ref().filter(|_| state.tab != tabs::TRAIN) else { return };
    let colours = theme::palette(ui);
    let frame = Frame::new().fill(colours.selected).inner_margin(Margin::symmetric(12, 4));
    Panel::top("live").resizable(false).exact_size(4.0 * UNIT).frame(frame).show(ui, |ui| {
        ui.horizontal_centered(|ui| {
            ui.label(ICON_SENSORS.rich_text().size(16.0).color(colours.accent));
            let is_here = live.aside.is_some();
            let words = match is_here {
                true => live.run.name(),
                false => format!("Waiting for the first weights of {}", live.run.name()),
            };
            ui.add(Label::new(RichText::new(words).strong()).selectable(false));
            if is_here {
                let kimg = format!("{:>8.1} kimg", live.images as f64 / 1e3);
                let label = Label::new(RichText::new(kimg).monospace()).selectable(false);
                ui.add(label).on_hover_text("Thousands of pictures behind the weights that draw");
                ages(ui, state, commands);
                ui.weak("Faces you keep now belong to the run.").on_hover_text(
                    "They are kept in the run's folder, and every model of this run can draw them, \
                     younger or older. Your other faces are back when Explore live is off.",
                );
            }
            let off = Button::new((ICON_SENSORS_OFF.rich_text(), "Off")).frame_when_inactive(false);
            let off = ui.add(off).accessible_name("Turn Explore live off");
            if off.on_hover_text("Back to the model that was open before (E)").clicked() {
                commands.push(AppCommand::Do(Action::Live));
            }
        });
    });
}

fn ages(ui: &mut Ui, state: &State, commands: &mut Vec<AppCommand>) {
    let Some(live) = state.live.as_ref().filter(|live| !live.ages.is_empty()) else { return };
    let newest = live.ages.len();
    let mut at = live.age.unwrap_or(newest).min(newest);
    ui.spacing_mut().slider_width = (ui.available_width() * 0.4).clamp(10.0 * UNIT, 40.0 * UNIT);
    let slider = Slider::new(&mut at, 0..=newest).show_value(false);
    let response = ui.add(slider).accessible_name("Age").on_hover_text(
        "The same latent as the run drew it earlier, checkpoint by checkpoint; at the right end, the \
         newest weights.",
    );
    if response.changed() {
        let age = (at < newest).then_some(at);
        commands.push(AppCommand::Train(TrainCommand::SetAge(age)));
    }
}
