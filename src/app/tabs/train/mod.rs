//! The tab Train: a run that is set up, a run that goes on, and all runs.

mod alerts;
mod charts;
mod compare;
mod data;
mod preview;
mod questions;
mod run;
mod settings;
mod setup;

use eframe::egui::{CentralPanel, Color32, Frame, Margin, Panel, Rect, TextStyle, Ui};

pub use questions::ask;

use super::TabContext;
use crate::app::command::{AppCommand, TrainCommand};
use crate::app::theme::UNIT;
use crate::app::train::TrainPage;

/// Draws the tab.
pub fn show(ui: &mut Ui, context: &mut TabContext) {
    let panel = Frame::new().inner_margin(Margin::same(UNIT as i8));
    Panel::top("pages").resizable(false).frame(panel).show(ui, |ui| pages(ui, context));
    match context.state.train.page {
        TrainPage::New => setup::show(ui, context),
        TrainPage::Run => run::show(ui, context),
        TrainPage::Runs => {
            CentralPanel::default().frame(panel).show(ui, |ui| compare::show(ui, context));
        }
    }
}

fn pages(ui: &mut Ui, context: &mut TabContext) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = UNIT / 2.0;
        let train = &context.state.train;
        let run = match train.shown() {
            Some(run) => format!("Run {}", run.name()),
            None => "Run".into(),
        };
        for (page, name, about) in [
            (TrainPage::New, "New run", "Choose pictures and settings, and start"),
            (TrainPage::Run, run.as_str(), "Charts and pictures of the run"),
            (TrainPage::Runs, "All runs", "Runs made before: compare them, open them, go on"),
        ] {
            let is_shown = train.page == page;
            if ui.selectable_label(is_shown, name).on_hover_text(about).clicked() {
                context.commands.push(AppCommand::Train(TrainCommand::SetPage(page)));
            }
        }
    });
}

/// A sentence or two in the middle of `place`, in as many lines as they need.
fn words(ui: &Ui, place: Rect, text: &str, ink: Color32) {
    let font = TextStyle::Body.resolve(ui.style());
    let width = (place.width() - 4.0 * UNIT).max(8.0 * UNIT);
    let galley = ui.painter().layout(text.to_owned(), font, ink, width);
    ui.painter().galley(place.center() - galley.size() / 2.0, galley, ink);
}

/// Asks for something of this tab.
fn want(context: &mut TabContext, command: TrainCommand) {
    context.commands.push(AppCommand::Train(command));
}
