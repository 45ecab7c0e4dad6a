//! What has to be answered before a run is stopped or the window closed.

use eframe::egui::{Button, Context, Id, Modal, RichText};

use crate::app::command::{AppCommand, TrainCommand};
use crate::app::state::State;
use crate::app::theme::{self, UNIT};
use crate::app::train::Question;

/// Asks, if there is something to ask.
pub fn ask(ctx: &Context, state: &State, commands: &mut Vec<AppCommand>) {
    let Some(question) = state.train.question else { return };
    let name = state.train.run.as_ref().map(|run| run.name()).unwrap_or_default();
    let is_running = state.train.is_running();
    let (title, about, answers): (String, &str, &[(&str, &str, TrainCommand)]) = match question {
        Question::Stop => (
            format!("Stop {name}?"),
            "A saved run can be gone on with later, exactly where it stopped.",
            &[
                (
                    "Stop and save",
                    "Write a checkpoint, then stop",
                    TrainCommand::Stop { save: true },
                ),
                (
                    "Stop without saving",
                    "What was learnt since the last checkpoint is lost",
                    TrainCommand::Stop { save: false },
                ),
                ("Go on training", "Do not stop (Esc)", TrainCommand::Dismiss),
            ],
        ),
        Question::Close if is_running => (
            format!("{name} is still training"),
            "The window closes as soon as the run has saved. It can be gone on with later, here or \
             on the command line.",
            &[
                (
                    "Save and close",
                    "Write a checkpoint, then close the window",
                    TrainCommand::SaveAndClose,
                ),
                ("Keep training", "Leave the window open (Esc)", TrainCommand::Dismiss),
            ],
        ),
        Question::Close => (
            format!("{name} could not be saved"),
            "The last checkpoint on disk is whole. Free some room and go on with the run, or close \
             the window.",
            &[
                ("Keep the window open", "Do not close (Esc)", TrainCommand::Dismiss),
                ("Close anyway", "What was learnt since is lost", TrainCommand::CloseAnyway),
            ],
        ),
    };
    let modal = Modal::new(Id::unique("train question")).show(ctx, |ui| {
        ui.set_width(52.0 * UNIT);
        ui.label(RichText::new(title).heading());
        ui.label(about);
        ui.add_space(UNIT);
        ui.horizontal_wrapped(|ui| {
            let colours = theme::palette(ui);
            for (i, (words, tooltip, command)) in answers.iter().enumerate() {
                let button = match i {
                    0 => Button::new(RichText::new(*words).color(colours.on_accent))
                        .fill(colours.accent),
                    _ => Button::new(*words),
                };
                if ui.add(button).on_hover_text(*tooltip).clicked() {
                    commands.push(AppCommand::Train(command.clone()));
                }
            }
        });
    });
    if modal.should_close() {
        commands.push(AppCommand::Train(TrainCommand::Dismiss));
    }
}
