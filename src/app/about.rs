//! What is known of the model on screen: what it is and, of one that somebody else has written, what was
//! recognised, taken for granted and left out.

use eframe::egui::{Align2, Context, Grid, Label, RichText, ScrollArea, Ui, Vec2, Window};

use super::command::AppCommand;
use super::state::{OpenModel, Source, State};
use super::theme::{self, UNIT};
use crate::checkpoint::{Choice, Imported};
use crate::latent::Prior;
use crate::model::{Network, Output, StackNormKind};
use crate::ops::Activation;

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
                // In a low window half of the picture is still to be seen.
                let most = (0.55 * all.height() - 18.0 * UNIT).clamp(16.0 * UNIT, 40.0 * UNIT);
                // An answer takes a sentence away; what is clicked next must not move for that.
                let shrinks = imported.defaults == Choice::default();
                let area = ScrollArea::vertical().max_height(most).auto_shrink([true, shrinks]);
                area.show(ui, |ui| {
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
    form(ui, model, imported, commands);
    sentences(ui, "Taken for granted, because the file does not say", &imported.assumed);
    sentences(ui, "Computed into the weights", &imported.folded);
    sentences(ui, "Left out", &imported.left_out);
}

/// What the file does not say, to be said: a row for each question that it leaves open.
fn form(ui: &mut Ui, model: &OpenModel, imported: &Imported, commands: &mut Vec<AppCommand>) {
    let open = imported.defaults;
    if open == Choice::default() {
        return;
    }
    ui.add_space(UNIT);
    ui.label(RichText::new("What the file does not say, and you may").strong());
    let now = imported.chosen.or(open);
    let mut said = now;
    row(ui, "Latents", &mut said.prior, &PRIORS);
    row(ui, "Inner layers", &mut said.hidden, &hidden(open, now));
    row(ui, "Output", &mut said.output, &OUTPUTS);
    row(ui, "Norms", &mut said.norm, &norms(model));
    if said != now {
        commands.push(AppCommand::SetChoice(said.apart_from(open)));
    }
    ui.horizontal_wrapped(|ui| {
        if matches!(model.source, Source::File(_)) {
            ui.weak("What you choose is kept beside the file.");
        }
        if imported.chosen.apart_from(open) != Choice::default()
            && ui.button("Back to the defaults").clicked()
        {
            commands.push(AppCommand::SetChoice(Choice::default()));
        }
    });
}

/// An answer, its name, and what it means.
type Answer<T> = (T, &'static str, &'static str);

const PRIORS: [Answer<Prior>; 2] = [
    (Prior::Normal, "normal", "From a normal distribution: the usual way"),
    (Prior::Uniform, "uniform", "Evenly between −1 and 1"),
];

const OUTPUTS: [Answer<Output>; 5] = [
    (Output::Tanh, "tanh", "Between −1 and 1: the usual way"),
    (Output::Sigmoid, "sigmoid", "Between 0 and 1, where ends are reached slowly"),
    (Output::Linear, "−1 to 1", "No activation at the end; what lies beyond −1 and 1 is cut off"),
    (Output::Unit, "0 to 1", "No activation at the end; what lies beyond 0 and 1 is cut off"),
    (Output::Bytes, "0 to 255", "No activation at the end; what lies beyond 0 and 255 is cut off"),
];

/// What may follow inner layers. Another slope than the two usual ones stands here if it is in use.
fn hidden(open: Choice, now: Choice) -> Vec<Answer<Activation>> {
    const ABOUT: &str = "What lies below zero counts less: after inner layers";
    let mut all = vec![
        (Activation::Relu, "ReLU", "What lies below zero counts nothing: usual in DCGANs"),
        (Activation::LeakyRelu(0.2), "leaky 0.2", "Below zero a fifth counts: usual in MLPs"),
        (Activation::LeakyRelu(0.01), "leaky 0.01", "Below zero a hundredth counts"),
        (Activation::Elu, "ELU", "Below zero a bend down to −1"),
        (Activation::Selu, "SELU", "As ELU, with factors that keep mean and variance"),
        (Activation::Tanh, "tanh", "Everything is bent to between −1 and 1"),
    ];
    for other in [open.hidden, now.hidden].into_iter().flatten() {
        if all.iter().all(|(known, ..)| *known != other) {
            all.push((other, "as it is", ABOUT));
        }
    }
    all
}

/// Into how many groups norms without statistics may divide their channels.
fn norms(model: &OpenModel) -> Vec<Answer<StackNormKind>> {
    const GROUPS: [(usize, &str); 5] =
        [(2, "2 groups"), (4, "4 groups"), (8, "8 groups"), (16, "16 groups"), (32, "32 groups")];
    let mut all = vec![
        (StackNormKind::Instance, "instance", "Each channel of a picture is normalised by itself"),
        (StackNormKind::Group(1), "layer", "All channels of a picture are normalised together"),
    ];
    let Network::Stack(stack) = &model.spec().network else { return all };
    let divides = |groups: usize| {
        let measured = stack.layers.iter().filter(|layer| {
            layer.norm.as_ref().is_some_and(|norm| norm.kind != StackNormKind::Batch)
        });
        measured.into_iter().all(|layer| {
            let channels = layer.kernel.channels();
            channels > groups && channels.is_multiple_of(groups)
        })
    };
    for (groups, name) in GROUPS.into_iter().filter(|(groups, _)| divides(*groups)) {
        all.push((
            StackNormKind::Group(groups),
            name,
            "Groups of channels are normalised together",
        ));
    }
    all
}

/// A question with its answers, of which one is chosen; nothing where the file answers it.
fn row<T: Copy + PartialEq>(
    ui: &mut Ui,
    question: &str,
    answer: &mut Option<T>,
    answers: &[Answer<T>],
) {
    let Some(now) = answer else { return };
    ui.horizontal_wrapped(|ui| {
        ui.weak(question);
        for (value, name, about) in answers {
            // Two questions may have an answer of the same name.
            let label = ui.selectable_label(now == value, *name).on_hover_text(*about);
            if label.accessible_name(format!("{question}: {name}")).clicked() {
                *now = *value;
            }
        }
    });
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
