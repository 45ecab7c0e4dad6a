//! Pictures of the tab: slots that take faces, and results.

use eframe::egui::{
    Button, Color32, CursorIcon, Rect, Role, Sense, Stroke, StrokeKind, TextStyle, Ui, Vec2,
    WidgetInfo,
};
use egui_material_icons::icons::{ICON_ADD, ICON_CLOSE};

use super::TabContext;
use crate::app::blend::{Cell, LETTERS, SLOTS};
use crate::app::command::{AppCommand, BlendCommand};
use crate::app::shelf;
use crate::app::theme::{self, UNIT};
use crate::latent::Latent;
use crate::latent::library::EntryId;

/// Height of the name under a picture.
pub const NAME: f32 = 3.0 * UNIT;

/// Names of the faces in the slots.
pub fn names(context: &TabContext) -> [Option<String>; SLOTS] {
    let shelf = &context.state.shelf;
    context.state.blend.inputs.slots.map(|id| shelf.get(id?).map(|entry| entry.name.clone()))
}

/// Paints the picture of a cell, or an empty place.
pub fn paint(ui: &Ui, context: &TabContext, cell: Cell, rect: Rect) {
    let shown = context.screen.row.get(&cell);
    let is_drawn = context.state.blend.pictures.contains_key(&cell);
    match shown.filter(|_| is_drawn).and_then(|shown| Some((shown.texture()?, shown.size()))) {
        Some((texture, [width, height])) => {
            let size = Vec2::new(width as f32, height as f32);
            let fitted = size * (rect.size() / size.max(Vec2::splat(1.0))).min_elem();
            let place = Rect::from_center_size(rect.center(), fitted);
            ui.painter().image(texture.id(), place, shelf::whole(), Color32::WHITE);
        }
        None => {
            ui.painter().rect_filled(rect, 2.0, theme::palette(ui).raised);
        }
    }
}

/// Paints the small picture of a latent, as the library has it.
fn small(ui: &Ui, context: &mut TabContext, latent: &Latent, rect: Rect) {
    match context.screen.thumbs.get(latent) {
        Some((_, texture)) => {
            ui.painter().image(texture.id(), rect, shelf::whole(), Color32::WHITE);
        }
        None => {
            ui.painter().rect_filled(rect, 2.0, theme::palette(ui).raised);
        }
    }
}

/// A slot: takes a face that is dropped on it, waits for one that is clicked.
pub fn slot(ui: &mut Ui, context: &mut TabContext, slot: usize, rect: Rect) {
    let colours = theme::palette(ui);
    let letter = LETTERS[slot];
    let entry = context.state.blend.inputs.slots[slot];
    let entry = entry.and_then(|id| context.state.shelf.get(id)).cloned();
    let id = ui.scope_id().with(("slot", slot));
    let response = ui.interact(rect, id, Sense::click_and_drag());
    let name = match &entry {
        Some(entry) => format!("Slot {letter}: {}", entry.name),
        None => format!("Slot {letter}: empty"),
    };
    let is_waiting = context.state.blend.waiting == Some(slot);
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, is_waiting, &name));
    let picture = rect.with_max_y(rect.bottom() - NAME);
    let font = TextStyle::Body.resolve(ui.style());
    match &entry {
        Some(entry) => {
            response.dnd_set_drag_payload(entry.id);
            let cell = Cell::Slot(slot);
            let drawn = context.state.blend.pictures.get(&cell);
            if drawn.is_some_and(|(latent, _)| *latent == entry.latent) {
                paint(ui, context, cell, picture);
            } else {
                // The row is not drawn on the other pages.
                small(ui, context, &entry.latent, picture);
            }
            badge(ui, picture, letter);
            let words = rect.with_min_y(picture.bottom()).with_max_x(rect.right() - 2.5 * UNIT);
            shelf::text(ui, words, &entry.name, font, colours.ink);
            if close(ui, rect, &format!("Empty slot {letter}")) {
                context.commands.push(AppCommand::Blend(BlendCommand::Clear(slot)));
            }
        }
        None => {
            let line = Stroke::new(1.0, colours.line);
            ui.painter().rect_stroke(picture, UNIT / 2.0, line, StrokeKind::Inside);
            let middle = Rect::from_center_size(picture.center(), Vec2::splat(4.0 * UNIT));
            let icon = eframe::egui::FontId::proportional(20.0);
            shelf::text(ui, middle, ICON_ADD.codepoint, icon, colours.faint);
            badge(ui, picture, letter);
            let words = rect.with_min_y(picture.bottom());
            let text = if is_waiting { "click a face" } else { "drop a face" };
            shelf::text(ui, words, text, font, colours.faint);
        }
    }
    let is_target = response.dnd_hover_payload::<EntryId>().is_some();
    theme::outline(ui, &response, picture, is_waiting || is_target, StrokeKind::Outside);
    if let Some(dropped) = response.dnd_release_payload::<EntryId>() {
        let fill = BlendCommand::Fill { slot: Some(slot), id: *dropped };
        context.commands.push(AppCommand::Blend(fill));
    }
    if response.clicked() {
        context.state.blend.waiting = (!is_waiting).then_some(slot);
    }
    let response = response.on_hover_cursor(CursorIcon::PointingHand);
    response.context_menu(|ui| {
        if ui.button("Keep the face of Explore here").clicked() {
            context.commands.push(AppCommand::Blend(BlendCommand::KeepInto(slot)));
        }
        let Some(entry) = &entry else { return };
        if ui.button("Show in Explore").clicked() {
            context.commands.push(AppCommand::Show(entry.id));
        }
        if ui.button("Empty this slot").clicked() {
            context.commands.push(AppCommand::Blend(BlendCommand::Clear(slot)));
        }
    });
    response.on_hover_text(format!(
        "Slot {letter}: drag a face of the library here, or click and then click a face"
    ));
}

/// A letter in the corner of a picture.
fn badge(ui: &Ui, picture: Rect, letter: &str) {
    let colours = theme::palette(ui);
    let rect = Rect::from_min_size(picture.min, Vec2::splat(2.5 * UNIT));
    ui.painter().rect_filled(rect, 2.0, colours.panel.gamma_multiply(0.85));
    let font = TextStyle::Body.resolve(ui.style());
    shelf::text(ui, rect, letter, font, colours.ink);
}

/// A small cross at the right end of the name. Returns whether it was clicked.
pub fn close(ui: &mut Ui, tile: Rect, name: &str) -> bool {
    let side = 2.5 * UNIT;
    let corner = tile.max - Vec2::new(side, NAME - (NAME - side) / 2.0);
    let place = Rect::from_min_size(corner, Vec2::splat(side));
    let icon = ICON_CLOSE.rich_text().size(14.0).color(theme::palette(ui).faint);
    let button = Button::new(icon).frame_when_inactive(false);
    ui.put(place, button).accessible_name(name).on_hover_text(name).clicked()
}
