//! What goes in: the drawing, under the pointer.

use eframe::egui::{
    Color32, CursorIcon, Event, Label, Pos2, Rect, Response, RichText, Role, Sense, Stroke,
    StrokeKind, TextStyle, Ui, UiBuilder, Vec2, WidgetInfo,
};
use egui_material_icons::icons::{ICON_FILE_OPEN, ICON_REDO, ICON_UNDO};

use super::{TabContext, want};
use crate::app::buttons;
use crate::app::command::{Action, AppCommand, TranslateCommand};
use crate::app::theme::{self, UNIT};
use crate::app::translate::Tool;

/// Height of the row under a picture.
const FOOT: f32 = 5.0 * UNIT;

/// Where a square picture goes, with room for a row under it; both sides of the tab share it.
pub fn place(ui: &Ui) -> Rect {
    let all = ui.available_rect_before_wrap();
    let side = all.width().min(all.height() - FOOT).max(8.0 * UNIT);
    let top = all.top() + ((all.height() - FOOT - side) / 2.0).max(0.0);
    let left = all.left() + (all.width() - side) / 2.0;
    Rect::from_min_size(Pos2::new(left, top), Vec2::splat(side))
}

/// The row under the picture at `place`.
pub fn under(ui: &mut Ui, place: Rect) -> Ui {
    let row = Rect::from_min_size(
        Pos2::new(place.left(), place.bottom() + UNIT),
        Vec2::new(place.width(), FOOT - UNIT),
    );
    ui.new_child(UiBuilder::new().max_rect(row))
}

/// Draws it.
pub fn show(ui: &mut Ui, context: &mut TabContext) {
    let place = place(ui);
    let response = ui.allocate_rect(place, Sense::drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Canvas, true, "Drawing"));
    let Some(canvas) = &context.state.translate.canvas else { return };
    let size = canvas.pixels().size();
    let (width, height) = (size.0 as f32, size.1 as f32);
    let scale = (place.width() / width).min(place.height() / height);
    let rect = Rect::from_center_size(place.center(), Vec2::new(width, height) * scale);
    let is_held = canvas.is_held();
    let is_empty = canvas.is_empty();
    if let Some(texture) = context.screen.canvas.texture() {
        let uv = Rect::from_min_max(Pos2::ZERO, Pos2::new(1.0, 1.0));
        ui.painter().image(texture.id(), rect, uv, Color32::WHITE);
    }
    let colours = theme::palette(ui);
    let frame = if response.has_focus() { colours.accent } else { colours.line };
    ui.painter().rect_stroke(rect, 0.0, Stroke::new(1.0, frame), StrokeKind::Outside);
    if is_empty && !is_held {
        // On white paper, whatever the theme.
        let words = "Draw here, or start from a picture below";
        let ink = Color32::from_gray(0x60);
        let font = TextStyle::Body.resolve(ui.style());
        let galley = ui.painter().layout(words.into(), font, ink, rect.width() - 2.0 * UNIT);
        ui.painter().galley(rect.center() - galley.size() / 2.0, galley, ink);
    }
    draw(ui, context, &response, rect, scale);
    cursor(ui, context, &response, scale);
    foot(ui, context, place);
}

/// Turns what the pointer does into strokes. Every place it was at since the last frame counts: a quick
/// hand draws curves, not polygons.
fn draw(ui: &Ui, context: &mut TabContext, response: &Response, rect: Rect, scale: f32) {
    let to_pixels = |at: Pos2| ((at.x - rect.left()) / scale, (at.y - rect.top()) / scale);
    let is_held = context.state.translate.canvas.as_ref().is_some_and(|canvas| canvas.is_held());
    let is_down = response.is_pointer_button_down_on();
    match (is_held, is_down) {
        (false, true) if response.drag_started() => {
            let origin = ui.input(|input| input.pointer.press_origin());
            if let Some(at) = origin.or(response.interact_pointer_pos()) {
                want(context, TranslateCommand::Press(to_pixels(at)));
                let now = response.interact_pointer_pos().filter(|now| *now != at);
                if let Some(now) = now {
                    want(context, TranslateCommand::Drag(vec![to_pixels(now)]));
                }
            }
        }
        (true, true) => {
            let places: Vec<_> = ui.input(|input| {
                let moves = input.events.iter().filter_map(|event| match event {
                    Event::PointerMoved(at) => Some(to_pixels(*at)),
                    _ => None,
                });
                moves.collect()
            });
            if !places.is_empty() {
                want(context, TranslateCommand::Drag(places));
            }
        }
        (true, false) => {
            let last = response.interact_pointer_pos().map(to_pixels);
            if let Some(last) = last {
                want(context, TranslateCommand::Drag(vec![last]));
            }
            want(context, TranslateCommand::Release);
        }
        _ => {}
    }
}

/// A ring as large as the brush, where there is a pointer that hovers.
fn cursor(ui: &Ui, context: &mut TabContext, response: &Response, scale: f32) {
    let Some(at) = response.hover_pos() else { return };
    ui.set_cursor_icon(CursorIcon::Crosshair);
    let translate = &context.state.translate;
    let Some(brush) = translate.brush().filter(|_| translate.tool != Tool::Fill) else { return };
    let radius = brush.radius * scale;
    if radius > 3.0 {
        // To be seen on any colour.
        for (more, colour) in [(1.0, Color32::WHITE), (0.0, Color32::BLACK)] {
            ui.painter().circle_stroke(at, radius + more, Stroke::new(1.0, colour));
        }
    }
}

/// What can be done with the drawing, or why it may be of no use.
fn foot(ui: &mut Ui, context: &mut TabContext, place: Rect) {
    let mut ui = under(ui, place);
    ui.horizontal_centered(|ui| {
        let canvas = context.state.translate.canvas.as_ref();
        let steps = [
            (ICON_UNDO, Action::Undo, canvas.and_then(|canvas| canvas.undo_label())),
            (ICON_REDO, Action::Redo, canvas.and_then(|canvas| canvas.redo_label())),
        ];
        for (icon, action, label) in steps {
            let tooltip = action.tooltip(ui.ctx());
            let response = buttons::icon(ui, icon, action, label.is_some(), &tooltip);
            if response.accessible_name(format!("{} stroke", action.title())).clicked() {
                context.commands.push(AppCommand::Do(action));
            }
        }
        let tooltip = Action::OpenPicture.tooltip(ui.ctx());
        if buttons::icon(ui, ICON_FILE_OPEN, Action::OpenPicture, true, &tooltip).clicked() {
            context.commands.push(AppCommand::Do(Action::OpenPicture));
        }
        if let Some(doubt) = &context.state.translate.doubt {
            let text = RichText::new(doubt).color(theme::palette(ui).bad);
            ui.add(Label::new(text).truncate()).on_hover_text(doubt);
        }
    });
}
