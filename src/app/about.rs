//! What is known of the model on screen: what it is and, of one that somebody else has written, what was
//! recognised, taken for granted and left out.

use eframe::egui::{Align2, Context, Grid, Label, RichText, ScrollArea, Ui, Vec2, Window};

use super::command::AppCommand;
use super::state::{OpenModel, Source, State};
use super::theme::{self, UNIT};
use crate::checkpoint::Imported;
use crate::latent::Prior;

/// Draws it, if it is open.
pub fn show(ctx: &Context, state: &mut State, commands: &mut Vec<AppCommand>) {
    let (true, Some(model)) = (state.shows_about, &state.model) else { return };
    let mut is_open = true;
    let all = ctx.content_rect();
    let width = (all.width() - 8.0 * UNIT).min(64.0 * UNIT);
    // Beside the tabs and over the lines at the bottom: the picture stays in sight.
    let corner = all.left_bottom() + Vec2::new(17.0 * UNIT, -5.0 * UNIT);
    Window::new(format!("About {}", model.name()))
        .id(eframe::egui::Id::unique("about the model"))
        .open(&mut is_open)
        .pivot(Align2::LEFT_BOTTOM)
        .default_pos(corner)
        .collapsible(false)
        .resizable(false)
        .default_width(width)
        .max_height(all.height() - 12.0 * UNIT)
        .show(ctx, |ui| {
            ui.set_max_width(width);
            facts(ui, model);
            if let Some(imported) = &model.file.info().imported {
                ScrollArea::vertical().max_height(40.0 * UNIT).show(ui, |ui| {
                    recognised(ui, model, imported, commands);
                });
            }
        });
    state.shows_about = is_open;
}

fn facts(ui: &mut Ui, model: &OpenModel) {
    let info = model.file.info();
    let trained = match info.steps {
        0 => String::new(),
        steps => format!("{steps} steps, {:.0} kimg", info.kimg),
    };
    let place = match &model.source {
        Source::Bundled(_) => "part of the program".to_owned(),
        Source::File(path) => path.display().to_string(),
        Source::Live(run) => run.root().display().to_string(),
    };
    let data = if info.imported.is_some() { String::new() } else { info.data.clone() };
    let rows = [
        ("Network", info.spec.summary()),
        ("Data", data),
        ("Trained for", trained),
        ("File", place),
        ("Computed on", model.device.clone()),
    ];
    Grid::new("facts").num_columns(2).spacing([2.0 * UNIT, UNIT / 2.0]).show(ui, |ui| {
        for (name, text) in rows.into_iter().filter(|(_, text)| !text.is_empty()) {
            ui.weak(name);
            ui.add(Label::new(text).wrap());
            ui.end_row();
        }
    });
}

fn recognised(ui: &mut Ui, model: &OpenModel, imported: &Imported, commands: &mut Vec<AppCommand>) {
    ui.add_space(UNIT);
    let place = match imported.place.is_empty() {
        true => String::new(),
        false => format!(", found at `{}`", imported.place),
    };
    ui.add(
        Label::new(format!("Opened from {}{place}. Nothing in it was run.", imported.from)).wrap(),
    );
    sentences(ui, "Taken for granted, because the file does not say", &imported.assumed);
    if model.spec().z_dim > 0 {
        ui.horizontal(|ui| {
            ui.weak("Latents are drawn");
            for (prior, name, about) in [
                (Prior::Normal, "normal", "From a normal distribution: the usual way"),
                (Prior::Uniform, "uniform", "Evenly between −1 and 1"),
            ] {
                let is_chosen = model.spec().prior == prior;
                let response = ui.selectable_label(is_chosen, name).on_hover_text(about);
                if response.clicked() && !is_chosen {
                    commands.push(AppCommand::SetPrior(prior));
                }
            }
        });
        ui.weak("What you choose is kept beside the file.");
    }
    sentences(ui, "Left out", &imported.left_out);
}

/// A list under a heading; nothing if it is empty.
fn sentences(ui: &mut Ui, heading: &str, sentences: &[String]) {
    if sentences.is_empty() {
        return;
    }
    ui.add_space(UNIT);
    ui.label(RichText::new(heading).strong());
    let faint = theme::palette(ui).faint;
    for sentence in sentences {
        ui.add(Label::new(RichText::new(format!("• {sentence}")).color(faint)).wrap());
    }
}
