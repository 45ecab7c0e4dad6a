//! What is asked about the library, and what is told of it, over the window.

use eframe::egui::{self, Button, Context, Key, Modifiers, RichText, ScrollArea, TextEdit, Vec2};

use crate::app::command::AppCommand;
use crate::app::tabs::TabContext;
use crate::app::theme::{self, UNIT};

/// Shows whatever is open.
pub(super) fn show(ctx: &Context, context: &mut TabContext) {
    tags(ctx, context);
    problems(ctx, context);
}

/// The tags of the chosen faces, to type.
fn tags(ctx: &Context, context: &mut TabContext) {
    let Some(tagging) = &mut context.state.shelf.tagging else { return };
    let (mut accepted, mut closed) = (false, false);
    let modal = egui::Modal::new(egui::Id::unique("tags")).show(ctx, |ui| {
        ui.set_width(44.0 * UNIT);
        let title = match tagging.ids.len() {
            1 => "Tags".to_owned(),
            count => format!("Tags of {count} faces"),
        };
        ui.label(RichText::new(title).heading());
        let enter = ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Enter));
        let field = TextEdit::singleline(&mut tagging.text)
            .hint_text("smile, glasses")
            .desired_width(f32::INFINITY);
        let field = ui.add(field).accessible_name("Tags, with commas between");
        if std::mem::take(&mut tagging.is_fresh) {
            field.request_focus();
        }
        ui.weak("Words to find faces by, with commas between.");
        ui.horizontal(|ui| {
            let colours = theme::palette(ui);
            let words = RichText::new("Set tags").color(colours.on_accent);
            let button = Button::new(words).fill(colours.accent);
            accepted = ui.add(button).on_hover_text("Take these tags (Enter)").clicked() || enter;
            closed = ui.button("Cancel").on_hover_text("Change nothing (Esc)").clicked();
        });
    });
    if accepted {
        let tags = tagging.text.split(',').map(|tag| tag.trim().to_owned());
        context.commands.push(AppCommand::Tag {
            ids: tagging.ids.clone(),
            common: tagging.common.clone(),
            tags: tags.filter(|tag| !tag.is_empty()).collect(),
        });
    }
    if accepted || closed || modal.should_close() {
        context.state.shelf.tagging = None;
    }
}

/// What is wrong with the library's file.
fn problems(ctx: &Context, context: &mut TabContext) {
    let shelf = &mut context.state.shelf;
    let mut open = shelf.shows_problems;
    egui::Window::new("Problems of the library")
        .open(&mut open)
        .default_size(Vec2::new(60.0 * UNIT, 30.0 * UNIT))
        .max_size(ctx.content_rect().size() - Vec2::splat(4.0 * UNIT))
        .show(ctx, |ui| {
            if let Some(path) = shelf.library.as_ref().and_then(|library| library.path()) {
                ui.weak(path.display().to_string());
            }
            ScrollArea::vertical().auto_shrink([false, true]).show(ui, |ui| {
                for problem in &shelf.problems {
                    ui.label(format!("• {problem}"));
                }
            });
        });
    shelf.shows_problems = open;
}
