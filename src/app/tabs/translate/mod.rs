//! The tab Translate: a picture goes in at the left, what the network makes of it stands at the right.

mod answer;
mod drawing;
mod templates;
mod tools;

use eframe::egui::{CentralPanel, Frame, Margin, Panel, Ui};

use super::{TabContext, refuse};
use crate::app::command::{Action, AppCommand, TranslateCommand};
use crate::app::theme::UNIT;

/// Draws the tab.
pub fn show(ui: &mut Ui, context: &mut TabContext) {
    if let Some(why) = context.state.takes_latents() {
        refuse(ui, context, &why, &[Action::OpenSketches, Action::Open]);
        return;
    }
    if context.state.translate.canvas.is_none() {
        ui.centered_and_justified(|ui| ui.weak("Opening the model…"));
        return;
    }
    let panel = Frame::new().inner_margin(Margin::same(UNIT as i8));
    Panel::left("drawing tools")
        .resizable(false)
        .exact_size(tools::WIDTH)
        .frame(panel)
        .show(ui, |ui| tools::show(ui, context));
    Panel::bottom("templates")
        .resizable(false)
        .exact_size(templates::HEIGHT)
        .frame(panel)
        .show(ui, |ui| templates::show(ui, context));
    CentralPanel::default().frame(panel).show(ui, |ui| {
        ui.columns_const(|[left, right]| {
            drawing::show(left, context);
            answer::show(right, context);
        });
    });
}

/// Asks for something of this tab.
fn want(context: &mut TabContext, command: TranslateCommand) {
    context.commands.push(AppCommand::Translate(command));
}
