//! A slider for every dimension: search, order, lock, typed values. Only rows in sight are built,
//! so that the number of dimensions does not matter.

use eframe::egui::{
    Button, ComboBox, DragValue, Rect, RichText, ScrollArea, Sense, TextEdit, TextStyle, Ui,
    UiBuilder, Vec2, pos2, scroll_area::ScrollSource,
};
use egui_material_icons::icons::{ICON_LOCK, ICON_LOCK_OPEN};

use super::TabContext;
use super::rail::Rail;
use crate::app::command::{Action, AppCommand};
use crate::app::explore::MAX_VALUE;
use crate::app::settings::Sort;
use crate::app::theme::{self, UNIT};

/// Height of a row.
const ROW: f32 = 4.0 * UNIT;
/// Width of the number, of the influence bar, of the value and of the lock.
const NUMBER: f32 = 4.5 * UNIT;
const BAR: f32 = 4.0 * UNIT;
const VALUE: f32 = 8.0 * UNIT;
const LOCK: f32 = 3.5 * UNIT;

/// Draws search field, order and list.
pub fn show(ui: &mut Ui, context: &mut TabContext) {
    head(ui, context);
    ui.add_space(UNIT / 2.0);
    let list = ui.available_rect_before_wrap();
    let explore = &mut context.state.explore;
    if explore.order_is_stale && !ui.rect_contains_pointer(list) {
        explore.sort(context.state.settings.sort);
        explore.settle();
    }
    if explore.order.is_empty() {
        ui.add_space(2.0 * UNIT);
        ui.vertical_centered(|ui| {
            ui.weak(format!("No dimension matches \"{}\".", explore.search));
            if ui.button("Show all").on_hover_text("Empty the search field").clicked() {
                explore.search.clear();
                explore.order_is_stale = true;
            }
        });
        return;
    }
    // With Alt the wheel moves the slider under the pointer instead of the list.
    let alt = ui.input(|input| input.modifiers.alt);
    let source = ScrollSource { mouse_wheel: !alt, ..ScrollSource::default() };
    let mut area = ScrollArea::vertical().auto_shrink(false).scroll_source(source);
    ui.spacing_mut().item_spacing.y = 0.0;
    if std::mem::take(&mut explore.scroll_to_selected)
        && let Some(row) = explore.order.iter().position(|dim| *dim == explore.selected)
    {
        area = area.vertical_scroll_offset(scroll_for(row, list.height(), explore.list_offset));
    }
    let rows = explore.order.len();
    let output = area.show_rows(ui, ROW, rows, |ui, range| {
        let visible: Vec<usize> = range.map(|row| context.state.explore.order[row]).collect();
        for dim in visible {
            row(ui, context, dim);
        }
    });
    context.state.explore.list_offset = output.state.clamped_offset().y;
}

/// The offset at which `row` is in sight, as close as possible to the present one.
fn scroll_for(row: usize, height: f32, now: f32) -> f32 {
    let top = row as f32 * ROW;
    // One row above and below stays in sight too, where there is room.
    let least = (top + 2.0 * ROW - height).max(0.0);
    let most = (top - ROW).max(least);
    now.clamp(least, most)
}

fn head(ui: &mut Ui, context: &mut TabContext) {
    ui.horizontal(|ui| {
        let explore = &mut context.state.explore;
        let order_width = 17.0 * UNIT;
        let field = ui
            .add(
                TextEdit::singleline(&mut explore.search)
                    .hint_text("Search: 28, 10-20, locked…")
                    .desired_width((ui.available_width() - order_width - UNIT).max(10.0 * UNIT)),
            )
            .accessible_name("Search dimensions")
            .on_hover_text(Action::Search.tooltip(ui.ctx()));
        if std::mem::take(&mut explore.focus_search) {
            field.request_focus();
        }
        if field.changed() {
            explore.sort(context.state.settings.sort);
        }
        let mut sort = context.state.settings.sort;
        let name = |sort| match sort {
            Sort::Influence => "by influence",
            Sort::Number => "by number",
        };
        let combo = ComboBox::from_id_salt("order")
            .width(order_width)
            .selected_text(name(sort))
            .show_ui(ui, |ui| {
                for choice in [Sort::Influence, Sort::Number] {
                    ui.selectable_value(&mut sort, choice, name(choice));
                }
            });
        combo.response.accessible_name("Order of the dimensions").on_hover_text(
            "Influence is how much the picture changes when a dimension moves from −1σ to +1σ, \
             measured over several faces.",
        );
        if sort != context.state.settings.sort {
            context.commands.push(AppCommand::SetSort(sort));
        }
    });
}

fn row(ui: &mut Ui, context: &mut TabContext, dim: usize) {
    let explore = &context.state.explore;
    let (value, locked) = (explore.latent.get(dim), explore.locked[dim]);
    let is_selected = explore.selected == dim;
    let share = explore.influence.as_ref().map(|influence| {
        let most = influence.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
        (influence[dim], influence[dim] / most)
    });
    let range = explore.prior().slider_range();
    let colours = theme::palette(ui);
    let (rect, background) =
        ui.allocate_exact_size(Vec2::new(ui.available_width(), ROW), Sense::click());
    if is_selected {
        ui.painter().rect_filled(rect, UNIT / 2.0, colours.selected);
    }
    if background.clicked() {
        context.commands.push(AppCommand::Select(dim));
    }
    let inner = rect.shrink2(Vec2::new(UNIT / 2.0, 0.0));
    let mut set = None;
    ui.scope_builder(UiBuilder::new().max_rect(inner).id_salt(dim), |ui| {
        ui.spacing_mut().item_spacing.x = UNIT / 2.0;
        ui.horizontal_centered(|ui| {
            number(ui, dim, is_selected);
            bar(ui, share);
            let rail_width = ui.available_width() - VALUE - LOCK - UNIT;
            let name = format!("dimension {dim}");
            let rail = Rail {
                name: &name,
                value,
                low: -range,
                high: range,
                origin: 0.0,
                usual: 0.0,
                dimmed: locked,
            };
            let (response, moved) = rail.show(ui, Vec2::new(rail_width.max(40.0), ROW));
            set = moved;
            if response.is_pointer_button_down_on() || response.gained_focus() {
                context.commands.push(AppCommand::Select(dim));
            }
            let mut typed = value;
            let field = DragValue::new(&mut typed)
                .speed(0.01)
                .range(-MAX_VALUE..=MAX_VALUE)
                .fixed_decimals(2)
                .update_while_editing(false)
                .min_size(Vec2::new(VALUE, 3.0 * UNIT));
            let field = ui
                .add_sized(Vec2::new(VALUE, 3.0 * UNIT), field)
                .accessible_name(format!("value of dimension {dim}"))
                .on_hover_text("Click to type a value, drag to change it");
            if field.changed() && typed != value {
                set = Some(typed);
            }
            let (icon, verb) = match locked {
                true => (ICON_LOCK.rich_text().color(colours.accent), "Unlock"),
                false => (ICON_LOCK_OPEN.rich_text().color(colours.faint), "Lock"),
            };
            let lock = Button::new(icon).frame(false).min_size(Vec2::new(LOCK, 3.0 * UNIT));
            let lock = ui
                .add_sized(Vec2::new(LOCK, 3.0 * UNIT), lock)
                .accessible_name(format!("{verb} dimension {dim}"))
                .on_hover_text(Action::Lock.tooltip(ui.ctx()));
            if lock.clicked() {
                context.commands.push(AppCommand::ToggleLock(dim));
            }
        });
    });
    if ui.rect_contains_pointer(rect) {
        let turned = alt_wheel(ui);
        if turned != 0.0 {
            set = Some(value + turned * range / 60.0);
        }
    }
    if let Some(value) = set {
        context.commands.push(AppCommand::SetValue { dim, value });
    }
}

fn number(ui: &mut Ui, dim: usize, is_selected: bool) {
    let colours = theme::palette(ui);
    let (rect, _) = ui.allocate_exact_size(Vec2::new(NUMBER, ROW), Sense::empty());
    let font = TextStyle::Monospace.resolve(ui.style());
    let colour = if is_selected { colours.accent } else { colours.ink };
    let place = pos2(rect.right() - UNIT / 2.0, rect.center().y);
    let align = eframe::egui::Align2::RIGHT_CENTER;
    ui.painter().text(place, align, format!("z{dim}"), font, colour);
}

/// How much the dimension matters, against the one that matters most.
fn bar(ui: &mut Ui, share: Option<(f32, f32)>) {
    let colours = theme::palette(ui);
    let (rect, response) = ui.allocate_exact_size(Vec2::new(BAR, ROW), Sense::hover());
    let track = Rect::from_center_size(rect.center(), Vec2::new(BAR, UNIT / 2.0));
    ui.painter().rect_filled(track, 2.0, colours.raised);
    let Some((influence, share)) = share else { return };
    let filled = Rect::from_min_size(track.min, Vec2::new(BAR * share, track.height()));
    ui.painter().rect_filled(filled, 2.0, colours.faint);
    response.on_hover_ui(|ui| {
        ui.label(RichText::new(format!("Influence {influence:.3}")).strong());
        ui.label(
            "Mean change of a pixel, of 2 at most, when this dimension moves from −1σ to +1σ.",
        );
    });
}

/// Turns of the wheel while Alt is held; up is positive.
fn alt_wheel(ui: &Ui) -> f32 {
    ui.input(|input| {
        let turns = input.events.iter().filter_map(|event| match event {
            eframe::egui::Event::MouseWheel { delta, modifiers, unit, .. } if modifiers.alt => {
                let points = matches!(unit, eframe::egui::MouseWheelUnit::Point);
                Some((delta.y + delta.x) / if points { 40.0 } else { 1.0 })
            }
            _ => None,
        });
        turns.sum()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_scrolls_no_further_than_it_must() {
        let height = 10.0 * ROW;
        assert_eq!(scroll_for(5, height, 0.0), 0.0);
        assert_eq!(scroll_for(20, height, 0.0), 12.0 * ROW);
        assert_eq!(scroll_for(20, height, 15.0 * ROW), 15.0 * ROW);
        assert_eq!(scroll_for(20, height, 40.0 * ROW), 19.0 * ROW);
        assert_eq!(scroll_for(0, height, 40.0 * ROW), 0.0);
        assert_eq!(scroll_for(9, ROW, 3.0 * ROW), 10.0 * ROW, "a list of one row");
    }
}
