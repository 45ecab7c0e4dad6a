//! Buttons for actions: icon, words, tooltip with the key, and a name for screen readers.

use eframe::egui::{Button, Response, RichText, Ui, Vec2};
use egui_material_icons::MaterialIcon;

use super::command::Action;
use super::theme::UNIT;

/// An icon without words, with a tooltip of its own.
pub fn icon(
    ui: &mut Ui,
    icon: MaterialIcon,
    action: Action,
    enabled: bool,
    tooltip: &str,
) -> Response {
    let text = icon.rich_text().size(18.0);
    let button = Button::new(text).min_size(Vec2::splat(3.5 * UNIT)).frame_when_inactive(false);
    ui.add_enabled(enabled, button)
        .accessible_name(action.title())
        .on_hover_text(tooltip)
        .on_disabled_hover_text(tooltip)
}

/// An icon and the action's name, as wide as its place.
pub fn wide(ui: &mut Ui, icon: MaterialIcon, action: Action, enabled: bool) -> Response {
    let words = action.title().trim_end_matches('…');
    let size = Vec2::new(ui.available_width(), 4.0 * UNIT);
    let button = Button::new((icon.rich_text().size(16.0), RichText::new(words))).min_size(size);
    let tooltip = action.tooltip(ui.ctx());
    ui.add_enabled(enabled, button)
        .accessible_name(words)
        .on_hover_text(&tooltip)
        .on_disabled_hover_text(tooltip)
}
