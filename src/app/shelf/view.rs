//! The library on screen: a strip under the picture, or a panel beside the blend.

use eframe::egui::{CentralPanel, Frame, Panel, Ui, Vec2};
use egui_material_icons::icons::ICON_BOOKMARK_ADD;

use super::{cells, head, questions};
use crate::app::command::{Action, AppCommand};
use crate::app::tabs::TabContext;
use crate::app::theme::UNIT;

/// Where the library is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// One row, scrolled sideways; a click shows the face in Explore.
    Strip,
    /// Rows as wide as the panel; a click puts the face into a slot.
    Panel,
}

/// Height of the strip in a place of this size.
pub fn height(place: Vec2) -> f32 {
    if place.y < 600.0 { 15.0 * UNIT } else { 18.0 * UNIT }
}

/// Draws the library as a strip.
pub fn strip(ui: &mut Ui, context: &mut TabContext) {
    show(ui, context, Shape::Strip);
}

/// Draws the library as a panel.
pub fn panel(ui: &mut Ui, context: &mut TabContext) {
    show(ui, context, Shape::Panel);
}

fn show(ui: &mut Ui, context: &mut TabContext, shape: Shape) {
    let order = context.state.settings.shelf_order;
    context.state.shelf.find(order);
    Panel::top("shelf head").resizable(false).show_separator_line(false).frame(Frame::NONE).show(
        ui,
        |ui| {
            head::show(ui, context, shape);
            ui.add_space(UNIT / 2.0);
        },
    );
    CentralPanel::no_frame().show(ui, |ui| {
        let shelf = &context.state.shelf;
        let is_open = shelf.library.is_some();
        if !shelf.found().is_empty() {
            cells::show(ui, context, shape);
        } else if is_open {
            empty(ui, context);
        }
    });
    questions::show(ui.ctx(), context);
    cells::ghost(ui, context);
}

/// What belongs here, and how it gets here.
fn empty(ui: &mut Ui, context: &mut TabContext) {
    let shelf = &mut context.state.shelf;
    let is_searching = !shelf.query.trim().is_empty() || shelf.tag.is_some();
    ui.vertical_centered(|ui| {
        ui.add_space((ui.available_height() / 2.0 - 4.0 * UNIT).clamp(0.0, 10.0 * UNIT));
        if is_searching {
            ui.weak("No face matches.");
            if ui.button("Show all faces").on_hover_text("Empty the search field").clicked() {
                shelf.query.clear();
                shelf.tag = None;
            }
        } else {
            ui.weak("Faces you keep stand here, with their names.");
            let label = (ICON_BOOKMARK_ADD.rich_text(), "Keep this face");
            let tooltip = Action::Keep.tooltip(ui.ctx());
            let button = ui.button(label).accessible_name("Keep this face");
            if button.on_hover_text(tooltip).clicked() {
                context.commands.push(AppCommand::Do(Action::Keep));
            }
        }
    });
}
