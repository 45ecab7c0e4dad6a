//! What comes out: the answer, or several, and what can be done with them.

use eframe::egui::{
    Button, Color32, DragValue, Pos2, Rect, RichText, Role, Sense, Stroke, StrokeKind, Ui,
    UiBuilder, Vec2, WidgetInfo,
};
use egui_material_icons::icons::{
    ICON_ANIMATED_IMAGES, ICON_CASINO, ICON_COMPARE, ICON_GRAIN, ICON_GRID_VIEW, ICON_SAVE,
};

use super::drawing::{place, under};
use super::{TabContext, want};
use crate::app::buttons;
use crate::app::command::{Action, AppCommand, TranslateCommand};
use crate::app::theme::{self, UNIT};
use crate::picture;

/// Draws them.
pub fn show(ui: &mut Ui, context: &mut TabContext) {
    let place = place(ui);
    let response = ui.allocate_rect(place, Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, "Answer"));
    let colours = theme::palette(ui);
    let translate = &context.state.translate;
    let is_empty = translate.canvas.as_ref().is_none_or(|canvas| canvas.is_empty());
    if let Some(error) = translate.error.clone() {
        ui.painter().rect_filled(place, 0.0, colours.ground);
        failed(ui, context, place, &error);
    } else if is_empty || translate.answers.is_empty() {
        ui.painter().rect_filled(place, 0.0, colours.ground);
        let words = if is_empty { "The answer follows your brush" } else { "Drawing…" };
        let mut ui = ui.new_child(UiBuilder::new().max_rect(place));
        ui.centered_and_justified(|ui| ui.weak(words));
    } else {
        pictures(ui, context, place);
    }
    ui.painter().rect_stroke(place, 0.0, Stroke::new(1.0, colours.line), StrokeKind::Outside);
    foot(ui, context, place);
}

/// One answer, or several in a square.
fn pictures(ui: &mut Ui, context: &mut TabContext, place: Rect) {
    let count = context.screen.answers.len().min(context.state.translate.answers.len());
    let columns = picture::square_columns(count);
    let side = place.width() / columns as f32;
    let uv = Rect::from_min_max(Pos2::ZERO, Pos2::new(1.0, 1.0));
    for (i, shown) in context.screen.answers.iter().take(count).enumerate() {
        let Some(texture) = shown.texture() else { continue };
        let corner = Vec2::new((i % columns) as f32, (i / columns) as f32) * side;
        let cell = Rect::from_min_size(place.min + corner, Vec2::splat(side));
        ui.painter().image(texture.id(), cell, uv, Color32::WHITE);
        if count > 1 {
            let seed = context.state.translate.seed.wrapping_add(i as u64);
            let response = ui.interact(cell, ui.scope_id().with(("answer", i)), Sense::click());
            let name = format!("Answer {seed}");
            response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
            theme::outline(ui, &response, cell, false, StrokeKind::Inside);
            if response.on_hover_text(format!("Seed {seed}: show this one alone")).clicked() {
                context.commands.push(AppCommand::Translate(TranslateCommand::SetSeed(seed)));
                context.commands.push(AppCommand::Translate(TranslateCommand::SetSeveral(false)));
            }
        }
    }
}

/// Noise and its seed; ways to keep what was made.
fn foot(ui: &mut Ui, context: &mut TabContext, place: Rect) {
    let mut ui = under(ui, place);
    ui.horizontal_centered(|ui| {
        ui.spacing_mut().item_spacing.x = UNIT / 2.0;
        let has_answer = !context.state.translate.answers.is_empty();
        for (icon, action) in [
            (ICON_SAVE, Action::SavePng),
            (ICON_COMPARE, Action::SavePair),
            (ICON_ANIMATED_IMAGES, Action::SaveFilm),
        ] {
            let tooltip = action.tooltip(ui.ctx());
            if buttons::icon(ui, icon, action, has_answer, &tooltip).clicked() {
                context.commands.push(AppCommand::Do(action));
            }
        }
        let has_noise = context.state.translator().is_some_and(|model| model.spec().has_noise());
        if !has_noise {
            return;
        }
        let is_noisy = context.state.translate.is_noisy;
        let label = (ICON_GRAIN.rich_text().size(16.0), Action::Noise.title());
        let tooltip = Action::Noise.tooltip(ui.ctx());
        let button = Button::selectable(is_noisy, label);
        if ui.add(button).accessible_name("Noise").on_hover_text(tooltip).clicked() {
            context.commands.push(AppCommand::Do(Action::Noise));
        }
        if is_noisy {
            noise(ui, context);
        }
    });
}

fn noise(ui: &mut Ui, context: &mut TabContext) {
    let mut seed = context.state.translate.seed;
    let value = DragValue::new(&mut seed).speed(0.1);
    let response = ui.add(value).accessible_name("Noise seed");
    if response
        .on_hover_text("Seed of the noise: the same drawing and seed give the same answer")
        .changed()
    {
        want(context, TranslateCommand::SetSeed(seed));
    }
    let tooltip = Action::Another.tooltip(ui.ctx());
    if buttons::icon(ui, ICON_CASINO, Action::Another, true, &tooltip).clicked() {
        context.commands.push(AppCommand::Do(Action::Another));
    }
    let several = context.state.translate.shows_several;
    let button = Button::selectable(several, ICON_GRID_VIEW.rich_text().size(16.0));
    let response = ui.add(button).accessible_name("Several answers");
    if response.on_hover_text("Show the answers of four seeds at once").clicked() {
        want(context, TranslateCommand::SetSeveral(!several));
    }
}

/// Why there is no answer.
fn failed(ui: &mut Ui, context: &mut TabContext, place: Rect, error: &str) {
    let inner = place.shrink(2.0 * UNIT);
    let mut ui = ui.new_child(UiBuilder::new().max_rect(inner));
    ui.vertical_centered(|ui| {
        ui.add_space(inner.height() / 3.0);
        ui.label(RichText::new("The drawing could not be translated").heading());
        ui.label(RichText::new(error).color(theme::palette(ui).bad));
        if ui.button("Try again").on_hover_text("Translate the same drawing again").clicked() {
            want(context, TranslateCommand::Retry);
        }
    });
}
