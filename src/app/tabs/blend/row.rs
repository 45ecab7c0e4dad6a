//! Operands and results in one row, with their names under them.

use eframe::egui::{
    CursorIcon, DragAndDrop, Pos2, Rect, Role, ScrollArea, Sense, StrokeKind, TextStyle, Ui, Vec2,
    WidgetInfo,
};

use super::TabContext;
use super::tiles::{self, NAME};
use crate::app::blend::{Cell, Outcome, SLOTS};
use crate::app::command::{Action, AppCommand, BlendCommand};
use crate::app::shelf;
use crate::app::theme::{self, UNIT};
use crate::latent::library::EntryId;

/// Smallest side of a picture; if there are more, the row is scrolled.
const LEAST: f32 = 10.0 * UNIT;

/// Slots that are shown: all up to the last filled one, and an empty one.
fn slots_shown(slots: &[Option<EntryId>; SLOTS]) -> usize {
    let filled = slots.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
    (filled + 1).clamp(2, SLOTS)
}

/// Draws the row.
pub fn show(ui: &mut Ui, context: &mut TabContext) {
    let outcomes = context.state.blend.outcomes.clone();
    if let Some(error) = &context.state.blend.error {
        ui.colored_label(theme::palette(ui).bad, error);
    }
    // While a face hangs at the pointer, every slot it could go to is there.
    let is_dragging = DragAndDrop::payload::<EntryId>(ui.ctx()).is_some();
    let slots = match is_dragging {
        true => SLOTS,
        false => slots_shown(&context.state.blend.inputs.slots),
    };
    let place = ui.available_size();
    let (gap, divider) = (UNIT, 2.0 * UNIT);
    // Room for one more, so that the next result does not make the others smaller at once.
    let count = (slots + outcomes.len().max(1)).max(6) as f32;
    let fitting = (place.x - divider - gap * (count + 1.0)) / count;
    let side = fitting.min(place.y * 0.5 - NAME).clamp(LEAST, 32.0 * UNIT).floor();
    let size = Vec2::new(side, side + NAME);
    let height = size.y + 2.0 * UNIT;
    ui.style_mut().always_scroll_the_only_direction = true;
    ScrollArea::horizontal().id_salt("row").auto_shrink([false, true]).show(ui, |ui| {
        let shown = (slots + outcomes.len()) as f32;
        let width = shown * (side + gap) + divider;
        let (all, _) = ui.allocate_exact_size(Vec2::new(width, height), Sense::hover());
        let mut corner = all.min + Vec2::splat(UNIT / 2.0);
        let mut next = |skip: f32| -> Rect {
            let rect = Rect::from_min_size(corner, size);
            corner.x += side + gap + skip;
            rect
        };
        for slot in 0..slots {
            let skip = if slot + 1 == slots { divider } else { 0.0 };
            let rect = next(skip);
            tiles::slot(ui, context, slot, rect);
        }
        for outcome in &outcomes {
            result(ui, context, outcome, next(0.0));
        }
        if !outcomes.is_empty() {
            let x = all.left() + slots as f32 * (side + gap) + divider / 2.0 - gap / 2.0;
            let line = eframe::egui::Stroke::new(1.0, theme::palette(ui).line);
            let (top, bottom) = (all.top() + UNIT, all.top() + side);
            ui.painter().line_segment([Pos2::new(x, top), Pos2::new(x, bottom)], line);
        }
    });
}

fn result(ui: &mut Ui, context: &mut TabContext, outcome: &Outcome, rect: Rect) {
    let colours = theme::palette(ui);
    let id = ui.scope_id().with(("result", outcome.id));
    let response = ui.interact(rect, id, Sense::click());
    let is_selected = context.state.blend.inputs.selected == outcome.id;
    let title = if outcome.title.trim().is_empty() { "formula" } else { &outcome.title };
    let name = format!("Result {title}");
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, is_selected, &name));
    let picture = rect.with_max_y(rect.bottom() - NAME);
    match &outcome.computed {
        Ok(_) => tiles::paint(ui, context, Cell::Result(outcome.id), picture),
        Err(_) if context.state.blend.pictures.contains_key(&Cell::Result(outcome.id)) => {
            // The newest good one, faintly: the formula's own line says what is wrong.
            ui.scope(|ui| {
                ui.multiply_opacity(0.3);
                tiles::paint(ui, context, Cell::Result(outcome.id), picture);
            });
        }
        Err(trouble) => {
            ui.painter().rect_filled(picture, 2.0, colours.raised);
            let font = TextStyle::Body.resolve(ui.style());
            let width = picture.width() - UNIT;
            let galley = ui.painter().layout(trouble.message.clone(), font, colours.faint, width);
            let clip = picture.shrink(UNIT / 2.0);
            let corner = Pos2::new(
                clip.left(),
                (picture.center().y - galley.size().y / 2.0).max(clip.top()),
            );
            ui.painter().with_clip_rect(clip).galley(corner, galley, colours.faint);
        }
    }
    let ink = if is_selected { colours.accent } else { colours.ink };
    let words = rect.with_min_y(picture.bottom()).with_max_x(rect.right() - 2.5 * UNIT);
    shelf::text(ui, words, title, TextStyle::Body.resolve(ui.style()), ink);
    if tiles::close(ui, rect, &format!("Take out {title}")) {
        context.commands.push(AppCommand::Blend(BlendCommand::Drop(outcome.id)));
    }
    theme::outline(ui, &response, picture, is_selected, StrokeKind::Outside);
    if response.clicked() {
        context.commands.push(AppCommand::Blend(BlendCommand::Select(outcome.id)));
    }
    if response.double_clicked() {
        context.commands.push(AppCommand::Blend(BlendCommand::Send));
    }
    let response = response.on_hover_cursor(CursorIcon::PointingHand);
    response.context_menu(|ui| {
        let mut select = Some(AppCommand::Blend(BlendCommand::Select(outcome.id)));
        for (words, command) in [
            ("Show in Explore", AppCommand::Blend(BlendCommand::Send)),
            ("Keep", AppCommand::Do(Action::Keep)),
            ("Copy latent", AppCommand::Do(Action::Copy)),
            ("Take out of the row", AppCommand::Blend(BlendCommand::Drop(outcome.id))),
        ] {
            if ui.button(words).clicked() {
                context.commands.extend(select.take());
                context.commands.push(command);
            }
        }
    });
    response.on_hover_text(match &outcome.computed {
        Ok(_) => format!("{}\nDouble-click to show it in Explore", outcome.text),
        Err(trouble) => trouble.message.clone(),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_always_a_slot_to_fill() {
        let id = Some(EntryId(1));
        assert_eq!(slots_shown(&[None; SLOTS]), 2);
        assert_eq!(slots_shown(&[id, id, None, None]), 3);
        assert_eq!(slots_shown(&[None, None, id, None]), 4);
        assert_eq!(slots_shown(&[id; SLOTS]), 4);
    }
}
