//! The grid between four corners, and the analogy: its fourth corner follows from three.

use eframe::egui::{
    Button, Color32, CursorIcon, DragValue, Pos2, Rect, Role, Sense, Stroke, StrokeKind, TextStyle,
    Ui, Vec2, WidgetInfo,
};
use egui_material_icons::icons::{ICON_BOOKMARK_ADD, ICON_SAVE};

use super::TabContext;
use super::tiles::{self, NAME};
use crate::app::blend::{LETTERS, MAX_GRID, Page, SLOTS};
use crate::app::command::{Action, AppCommand, BlendCommand};
use crate::app::shelf;
use crate::app::theme::{self, UNIT};

/// Side of the slots beside the grid.
const SLOT: f32 = 10.0 * UNIT;

/// Size, way and export of the grid, in the line of the pages.
pub fn settings(ui: &mut Ui, context: &mut TabContext) {
    let inputs = &context.state.blend.inputs;
    let (mut columns, mut rows) = (inputs.columns, inputs.rows);
    let range = 2..=MAX_GRID;
    let field = DragValue::new(&mut columns).range(range.clone()).speed(0.05);
    ui.add(field).accessible_name("Columns").on_hover_text("Pictures from left to right");
    ui.label("×");
    let field = DragValue::new(&mut rows).range(range).speed(0.05);
    ui.add(field).accessible_name("Rows").on_hover_text("Pictures from top to bottom");
    let mut commands = Vec::new();
    if (columns, rows) != (inputs.columns, inputs.rows) {
        commands.push(BlendCommand::SetGrid { columns, rows });
    }
    for (arc, name, about) in [
        (true, "Arcs", "Slerp: along great arcs, where faces keep their typical length"),
        (false, "Lines", "Bilinear: along straight lines"),
    ] {
        let label = ui.selectable_label(inputs.arc == arc, name).on_hover_text(about);
        if label.clicked() && inputs.arc != arc {
            commands.push(BlendCommand::SetArc(arc));
        }
    }
    let is_pulled = inputs.reach != [1.0; SLOTS];
    let about = "Put every corner back to its own face";
    if ui.add_enabled(is_pulled, Button::new("Reset corners")).on_hover_text(about).clicked() {
        commands.push(BlendCommand::ResetReach);
    }
    let is_drawn = !context.state.blend.drawn.pictures.is_empty();
    let icon = Button::new(ICON_SAVE.rich_text().size(16.0)).frame_when_inactive(false);
    let response = ui.add_enabled(is_drawn, icon).accessible_name("Save grid");
    if response.on_hover_text("Write the grid to one PNG file (Ctrl+S)").clicked() {
        context.commands.push(AppCommand::Do(Action::SavePng));
    }
    context.commands.extend(commands.into_iter().map(AppCommand::Blend));
}

/// Draws slots and grid.
pub fn show(ui: &mut Ui, context: &mut TabContext) {
    let is_analogy = context.state.blend.inputs.page == Page::Analogy;
    let place = ui.available_rect_before_wrap();
    // The slots stand where their corners are: A and C at the left, B and D at the right.
    let side = SLOT.min((place.height() / 2.0 - NAME - UNIT).max(5.0 * UNIT));
    let size = Vec2::new(side, side + NAME);
    let bottom = place.bottom() - size.y - UNIT / 2.0;
    let (left, right) = (place.left() + UNIT / 2.0, place.right() - side - UNIT / 2.0);
    let top = place.top() + UNIT / 2.0;
    let corners = [(left, top), (right, top), (left, bottom), (right, bottom)];
    for (slot, (x, y)) in corners.into_iter().enumerate() {
        let rect = Rect::from_min_size(Pos2::new(x, y), size);
        if slot == 3 && is_analogy {
            follows(ui, rect);
        } else {
            tiles::slot(ui, context, slot, rect);
        }
    }
    let between = place.shrink2(Vec2::new(side + 2.0 * UNIT, UNIT / 2.0));
    ui.allocate_rect(place, Sense::hover());
    let library = context.state.shelf.library.as_ref();
    let has_corners = library.is_some_and(|library| context.state.blend.corners(library).is_some());
    if !has_corners {
        missing(ui, context, between, is_analogy);
    } else if let Some(error) = &context.state.blend.error {
        let colours = theme::palette(ui);
        let font = TextStyle::Body.resolve(ui.style());
        shelf::text(ui, between, error, font, colours.bad);
    } else {
        pictures(ui, context, between);
    }
}

/// The place of the corner that follows from the others.
fn follows(ui: &Ui, rect: Rect) {
    let colours = theme::palette(ui);
    let picture = rect.with_max_y(rect.bottom() - NAME);
    ui.painter().rect_filled(picture, UNIT / 2.0, colours.raised);
    let font = TextStyle::Body.resolve(ui.style());
    shelf::text(ui, picture, "D", font.clone(), colours.faint);
    let words = rect.with_min_y(picture.bottom());
    shelf::text(ui, words, "C + (B − A)", font, colours.faint);
}

/// What is missing, and how it gets here.
fn missing(ui: &mut Ui, context: &mut TabContext, place: Rect, is_analogy: bool) {
    let needed = if is_analogy { 3 } else { SLOTS };
    let shelf = &context.state.shelf;
    let is_empty = |slot: &usize| {
        let id = context.state.blend.inputs.slots[*slot];
        id.and_then(|id| shelf.get(id)).is_none()
    };
    let Some(empty) = (0..needed).find(is_empty) else { return };
    let inner = Rect::from_center_size(place.center(), Vec2::new(place.width(), 14.0 * UNIT));
    ui.scope_builder(eframe::egui::UiBuilder::new().max_rect(inner), |ui| {
        ui.vertical_centered(|ui| {
            ui.label(match is_analogy {
                true => "An analogy needs faces in the slots A, B and C.",
                false => "A grid needs a face in each of the four slots.",
            });
            ui.weak("Click faces of the library, or drag them into the slots.");
            let letter = LETTERS[empty];
            let words = format!("Keep the face of Explore in slot {letter}");
            let label = (ICON_BOOKMARK_ADD.rich_text(), words.as_str());
            let about = "Keep what Explore shows in the library, and put it into this slot";
            if ui.button(label).accessible_name(&words).on_hover_text(about).clicked() {
                context.commands.push(AppCommand::Blend(BlendCommand::KeepInto(empty)));
            }
        });
    });
}

fn pictures(ui: &mut Ui, context: &mut TabContext, place: Rect) {
    let colours = theme::palette(ui);
    let drawn = &context.state.blend.drawn;
    let Some(first) = drawn.pictures.first() else { return };
    let (columns, rows) = (drawn.columns, drawn.pictures.len() / drawn.columns.max(1));
    let Some(texture) = context.screen.grid.texture() else { return };
    let one = Vec2::new(first.width() as f32, first.height() as f32);
    let whole = one * Vec2::new(columns as f32, rows as f32);
    let all = Rect::from_center_size(place.center(), whole * (place.size() / whole).min_elem());
    ui.painter().image(texture.id(), all, shelf::whole(), Color32::WHITE);
    let cell = all.size() / Vec2::new(columns as f32, rows as f32);
    let mut commands = Vec::new();
    for i in 0..columns * rows {
        let (column, row) = (i % columns, i / columns);
        let corner = all.min + cell * Vec2::new(column as f32, row as f32);
        let rect = Rect::from_min_size(corner, cell);
        let at = |edge: usize, last: usize| match edge {
            0 => Some(0),
            edge if edge == last => Some(1),
            _ => None,
        };
        let corner = at(column, columns - 1).zip(at(row, rows - 1)).map(|(x, y)| x + 2 * y);
        let sense = if corner.is_some() { Sense::click_and_drag() } else { Sense::click() };
        let response = ui.interact(rect, ui.scope_id().with(("grid", i)), sense);
        let name = format!("Picture {} in row {}", column + 1, row + 1);
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
        if let Some(corner) = corner {
            let line = Stroke::new(2.0, colours.accent);
            ui.painter().rect_stroke(rect.shrink(1.0), 2.0, line, StrokeKind::Inside);
            if response.dragged()
                && let Some(pointer) = response.interact_pointer_pos()
            {
                let reach = reach(all, rect.center(), pointer);
                commands.push(AppCommand::Blend(BlendCommand::SetReach { corner, reach }));
            } else if response.double_clicked() {
                let back = BlendCommand::SetReach { corner, reach: 1.0 };
                commands.push(AppCommand::Blend(back));
            }
        } else if response.hovered() || response.has_focus() {
            let line = Stroke::new(1.0, colours.ink);
            ui.painter().rect_stroke(rect, 0.0, line, StrokeKind::Inside);
        }
        if response.clicked() && corner.is_none() {
            commands.push(AppCommand::Blend(BlendCommand::SendCell(i)));
        }
        response.context_menu(|ui| {
            if ui.button("Show in Explore").clicked() {
                commands.push(AppCommand::Blend(BlendCommand::SendCell(i)));
            }
            if ui.button("Keep").clicked() {
                commands.push(AppCommand::Blend(BlendCommand::KeepCell(i)));
            }
        });
        match corner {
            Some(corner) => {
                let reach = context.state.blend.inputs.reach[corner];
                let letter = LETTERS[corner];
                response.on_hover_cursor(CursorIcon::Grab).on_hover_text(format!(
                    "Corner {letter}, {reach:.2} × as far from the middle. Drag it outwards for \
                     more of it, inwards for less; double-click puts it back."
                ));
            }
            None => {
                response
                    .on_hover_cursor(CursorIcon::PointingHand)
                    .on_hover_text("Click to show this face in Explore; right-click to keep it");
            }
        }
    }
    context.commands.extend(commands);
}

/// How far the corner at `own` is pulled when the pointer is at `pointer`.
fn reach(all: Rect, own: Pos2, pointer: Pos2) -> f32 {
    let arm = own - all.center();
    (pointer - all.center()).dot(arm) / arm.length_sq().max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_corner_follows_the_pointer_along_its_diagonal() {
        let all = Rect::from_min_size(Pos2::ZERO, Vec2::splat(100.0));
        let own = Pos2::new(95.0, 5.0);
        assert!((reach(all, own, own) - 1.0).abs() < 1e-5);
        assert!(reach(all, own, all.center()).abs() < 1e-5);
        assert!((reach(all, own, Pos2::new(140.0, -40.0)) - 2.0).abs() < 1e-5);
        assert!(reach(all, own, Pos2::new(0.0, 100.0)) < 0.0);
    }
}
