//! Above the library: keep, search, order, tags, and what can be done with chosen faces.

use eframe::egui::{
    Align, Button, ComboBox, Layout, Popup, RichText, ScrollArea, TextEdit, Ui, Vec2,
};
use egui_material_icons::MaterialIcon;
use egui_material_icons::icons::{
    ICON_BOOKMARK_ADD, ICON_DELETE, ICON_EDIT, ICON_FILTER_LIST, ICON_SELL, ICON_WARNING,
};

use super::view::Shape;
use crate::app::command::{Action, AppCommand};
use crate::app::settings::ShelfOrder;
use crate::app::tabs::TabContext;
use crate::app::theme::{self, UNIT};

const ORDERS: [(ShelfOrder, &str); 3] = [
    (ShelfOrder::Newest, "newest"),
    (ShelfOrder::Name, "by name"),
    (ShelfOrder::Nearest, "nearest"),
];

/// Draws it in one line, or in two where there is little width.
pub(super) fn show(ui: &mut Ui, context: &mut TabContext, shape: Shape) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = UNIT / 2.0;
        match shape {
            Shape::Strip => {
                let room = ui.available_width();
                keep(ui, context);
                if room > 50.0 * UNIT {
                    search(ui, context, (room * 0.2).min(30.0 * UNIT));
                    filters(ui, context, 11.0 * UNIT);
                } else {
                    search(ui, context, (room - 25.0 * UNIT).clamp(5.0 * UNIT, 20.0 * UNIT));
                    filter_menu(ui, context);
                }
                changes(ui, context);
            }
            Shape::Panel => {
                search(ui, context, (ui.available_width() - 14.0 * UNIT).max(8.0 * UNIT));
                changes(ui, context);
            }
        }
    });
    if shape == Shape::Panel {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = UNIT / 2.0;
            let width = (ui.available_width() / 2.0 - UNIT).min(16.0 * UNIT);
            filters(ui, context, width);
        });
    }
}

fn keep(ui: &mut Ui, context: &mut TabContext) {
    let is_narrow = ui.available_width() < 56.0 * UNIT;
    let words = if is_narrow { "" } else { "Keep" };
    let label = (ICON_BOOKMARK_ADD.rich_text().size(16.0), RichText::new(words));
    let tooltip = Action::Keep.tooltip(ui.ctx());
    let enabled = context.state.shelf.library.is_some();
    let response = ui.add_enabled(enabled, Button::new(label)).accessible_name("Keep");
    if response.on_hover_text(tooltip).clicked() {
        context.commands.push(AppCommand::Do(Action::Keep));
    }
}

fn search(ui: &mut Ui, context: &mut TabContext, width: f32) {
    let shelf = &mut context.state.shelf;
    let count = shelf.library.as_ref().map_or(0, |library| library.len());
    let hint = match count {
        1 => "Search 1 face…".to_owned(),
        count => format!("Search {count} faces…"),
    };
    let field = TextEdit::singleline(&mut shelf.query).hint_text(hint).desired_width(width);
    ui.add(field)
        .accessible_name("Search kept faces")
        .on_hover_text("Find kept faces by name, tag or formula");
}

/// Order and tags, a box each.
fn filters(ui: &mut Ui, context: &mut TabContext, width: f32) {
    let order = context.state.settings.shelf_order;
    let name = |order| ORDERS.iter().find(|(o, _)| *o == order).map_or("", |(_, name)| name);
    let combo = ComboBox::from_id_salt("shelf order").width(width).selected_text(name(order));
    let response = combo.show_ui(ui, |ui| {
        for (choice, name) in ORDERS {
            if ui.selectable_label(order == choice, name).clicked() {
                context.commands.push(AppCommand::SetShelfOrder(choice));
            }
        }
    });
    response.response.accessible_name("Order of the kept faces").on_hover_text(
        "Nearest puts those first whose latents point the same way as the picture in Explore",
    );
    let shelf = &mut context.state.shelf;
    if shelf.tags.is_empty() {
        return;
    }
    let shown = shelf.tag.clone().unwrap_or_else(|| "any tag".into());
    let combo = ComboBox::from_id_salt("shelf tag").width(width).truncate().selected_text(shown);
    let tags = shelf.tags.clone();
    let response = combo.show_ui(ui, |ui| {
        ui.selectable_value(&mut shelf.tag, None, "any tag");
        for tag in tags {
            ui.selectable_value(&mut shelf.tag, Some(tag.clone()), tag);
        }
    });
    response.response.accessible_name("Tag").on_hover_text("Show only faces with this tag");
}

/// Order and tags behind one small button, where there is little room.
fn filter_menu(ui: &mut Ui, context: &mut TabContext) {
    let image = ICON_FILTER_LIST.rich_text().size(16.0);
    let is_filtered = context.state.shelf.tag.is_some();
    let button = Button::selectable(is_filtered, image).min_size(Vec2::splat(3.0 * UNIT));
    let response = ui.add(button).accessible_name("Order and tags");
    let response = response.on_hover_text("Order of the kept faces, and the tag they must have");
    let order = context.state.settings.shelf_order;
    Popup::menu(&response).show(|ui| {
        for (choice, name) in ORDERS {
            if ui.add(Button::selectable(order == choice, name)).clicked() {
                context.commands.push(AppCommand::SetShelfOrder(choice));
            }
        }
        let shelf = &mut context.state.shelf;
        if shelf.tags.is_empty() {
            return;
        }
        ui.separator();
        ScrollArea::vertical().max_height(40.0 * UNIT).show(ui, |ui| {
            let all = std::iter::once(None).chain(shelf.tags.iter().cloned().map(Some));
            for choice in all.collect::<Vec<_>>() {
                let name = choice.clone().unwrap_or_else(|| "any tag".into());
                if ui.add(Button::selectable(shelf.tag == choice, name)).clicked() {
                    shelf.tag = choice;
                }
            }
        });
    });
}

/// What can be done with chosen faces.
fn changes(ui: &mut Ui, context: &mut TabContext) {
    let shelf = &mut context.state.shelf;
    let chosen: Vec<_> = shelf.chosen.iter().copied().collect();
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        let many = match chosen.len() {
            1 => "the chosen face".to_owned(),
            count => format!("{count} chosen faces"),
        };
        let enabled = !chosen.is_empty();
        if icon(ui, ICON_DELETE, "Delete", enabled, &format!("Delete {many}; undo brings back")) {
            context.commands.push(AppCommand::Delete(chosen.clone()));
        }
        if icon(ui, ICON_SELL, "Tags", enabled, &format!("Change the tags of {many}")) {
            shelf.begin_tagging(chosen.clone());
        }
        let is_one = chosen.len() == 1;
        if icon(ui, ICON_EDIT, "Rename", is_one, "Rename the chosen face") {
            shelf.begin_naming(chosen[0], false);
        }
        if !shelf.problems.is_empty() {
            let bad = theme::palette(ui).bad;
            let warning = ICON_WARNING.rich_text().size(18.0).color(bad);
            let button = Button::new(warning).frame_when_inactive(false);
            let about = "What could not be read of the library, or does not fit this model";
            if ui.add(button).accessible_name("Problems").on_hover_text(about).clicked() {
                shelf.shows_problems = !shelf.shows_problems;
            }
        }
    });
}

fn icon(ui: &mut Ui, image: MaterialIcon, name: &str, enabled: bool, tooltip: &str) -> bool {
    let text = image.rich_text().size(16.0);
    let button = Button::new(text).min_size(Vec2::splat(3.0 * UNIT)).frame_when_inactive(false);
    ui.add_enabled(enabled, button)
        .accessible_name(name)
        .on_hover_text(tooltip)
        .on_disabled_hover_text("Choose faces first; Ctrl and Shift choose several")
        .clicked()
}
