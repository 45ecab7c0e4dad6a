//! The operations: a click each, and how far the ways go.

use eframe::egui::{Button, RichText, Ui, Vec2};
use egui_material_icons::icons::ICON_FUNCTION;

use super::TabContext;
use super::tiles::names;
use crate::app::blend::{Operation, Recipe};
use crate::app::command::{AppCommand, BlendCommand};
use crate::app::tabs::explore::Rail;
use crate::app::theme::{self, UNIT};

/// Draws them.
pub fn show(ui: &mut Ui, context: &mut TabContext) {
    let names = names(context);
    let names = names.each_ref().map(Option::as_deref);
    let blend = &context.state.blend;
    let is_there = |operation: Operation| {
        blend.inputs.items.iter().any(|item| item.recipe == Recipe::Operation(operation))
    };
    let mut wish = None;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = Vec2::splat(UNIT / 2.0);
        for operation in Operation::ALL {
            let words = operation.button(&names);
            let button = Button::selectable(is_there(operation), RichText::new(&words))
                .frame_when_inactive(true)
                .min_size(Vec2::new(8.0 * UNIT, 3.5 * UNIT));
            if ui.add(button).accessible_name(&words).on_hover_text(operation.about()).clicked() {
                wish = Some(BlendCommand::Add(operation));
            }
        }
        let label = (ICON_FUNCTION.rich_text(), "Formula");
        let button = Button::new(label).min_size(Vec2::new(8.0 * UNIT, 3.5 * UNIT));
        let about = "Put a result into the row whose formula you type";
        if ui.add(button).accessible_name("New formula").on_hover_text(about).clicked() {
            wish = Some(BlendCommand::AddFormula);
        }
        if let Some(t) = mix(ui, blend.inputs.t) {
            wish = Some(BlendCommand::SetT(t));
        }
    });
    let has_mix = Operation::ALL.into_iter().any(|op| op.is_mix() && is_there(op));
    if let Some(command) = wish {
        // Moving the slider says that a way is wanted.
        if matches!(command, BlendCommand::SetT(_)) && !has_mix {
            context.commands.push(AppCommand::Blend(BlendCommand::Add(Operation::Slerp)));
        }
        context.commands.push(AppCommand::Blend(command));
    }
}

/// The slider from the first slot to the second.
fn mix(ui: &mut Ui, t: f32) -> Option<f32> {
    let about = "How far lerp and slerp go from the first face to the second. Double-click for the \
                 middle.";
    let width = ui.available_width();
    let width = if width < 16.0 * UNIT { 26.0 * UNIT } else { width.min(32.0 * UNIT) };
    let size = Vec2::new(width, 3.5 * UNIT);
    ui.allocate_ui_with_layout(
        size,
        eframe::egui::Layout::left_to_right(eframe::egui::Align::Center),
        |ui| {
            let faint = theme::palette(ui).faint;
            ui.label(RichText::new("mix").color(faint)).on_hover_text(about);
            let number = 5.0 * UNIT;
            let rail = Rail {
                name: "Mix",
                value: t,
                low: 0.0,
                high: 1.0,
                origin: 0.0,
                usual: 0.5,
                dimmed: false,
            };
            let room = (ui.available_width() - number - UNIT).max(40.0);
            let (response, moved) = rail.show(ui, Vec2::new(room, 3.0 * UNIT));
            response.on_hover_text(about);
            ui.label(RichText::new(format!("{t:.2}")).monospace().color(faint));
            moved
        },
    )
    .inner
}
