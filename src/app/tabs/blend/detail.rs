//! The selected result: its length, as computed and brought back, and what can be done with it.

use eframe::egui::{
    Button, Rect, RichText, Role, Sense, StrokeKind, TextStyle, Ui, Vec2, WidgetInfo,
};
use egui_material_icons::MaterialIcon;
use egui_material_icons::icons::{ICON_BOOKMARK_ADD, ICON_CONTENT_COPY, ICON_EXPLORE, ICON_SAVE};

use super::TabContext;
use super::tiles;
use crate::app::blend::Cell;
use crate::app::command::{Action, AppCommand, BlendCommand};
use crate::app::shelf;
use crate::app::theme::{self, UNIT};

/// Width of the buttons, and of those without words where there is little room.
const BUTTONS: f32 = 20.0 * UNIT;
const ICONS: f32 = 4.0 * UNIT;
/// Least width of a picture with its words.
const LEAST: f32 = 13.0 * UNIT;

/// Draws it.
pub fn show(ui: &mut Ui, context: &mut TabContext) {
    let Some(outcome) = context.state.blend.selected().cloned() else {
        ui.add_space(UNIT);
        ui.weak("Click an operation above, or type a formula: its result stands in the row.");
        return;
    };
    let is_stale = outcome.computed.is_err();
    let good = if is_stale { context.state.blend.last_good.clone() } else { Some(outcome) };
    let Some((outcome, computed)) = good.and_then(|outcome| {
        let computed = outcome.computed.clone().ok()?;
        Some((outcome, computed))
    }) else {
        return;
    };
    if is_stale {
        // A formula that is being typed: the result before stays, faintly, in its place.
        ui.disable();
    }
    let prior = context.state.explore.prior();
    let length = prior.typical_norm(computed.plain.dims());
    let typical = context.state.blend.inputs.typical;
    let place = ui.available_size();
    let words = 5.5 * UNIT;
    let is_narrow = place.x < 2.0 * LEAST + BUTTONS + 4.0 * UNIT;
    let width = if is_narrow { ICONS } else { BUTTONS };
    let room = (place.x - width - 4.0 * UNIT) / 2.0;
    let side = room.min(place.y - words - UNIT).clamp(6.0 * UNIT, 48.0 * UNIT);
    ui.horizontal_top(|ui| {
        let differs = computed.typical.is_some();
        let result = Cell::Result(outcome.id);
        let plain_cell = if typical && differs { Cell::Other } else { result };
        let typical_cell = if typical || !differs { result } else { Cell::Other };
        let versions = [
            (
                plain_cell,
                "As computed",
                computed.norm,
                false,
                "The latent as the formula gives it.",
            ),
            (
                typical_cell,
                "Typical length",
                length,
                true,
                "Brought back to the length of the latents that the generator was trained with: \
                 longer or shorter ones draw less likely faces.",
            ),
        ];
        for (cell, name, norm, is_typical, about) in versions {
            if is_typical && !differs {
                continue;
            }
            let is_on = !differs || typical == is_typical;
            let version = Version { cell, name, norm, about, is_on };
            if version.show(ui, context, side) && differs {
                let set = BlendCommand::SetTypical(is_typical);
                context.commands.push(AppCommand::Blend(set));
            }
        }
        ui.vertical(|ui| {
            ui.set_width(width);
            buttons(ui, context, width, is_narrow);
            let faint = theme::palette(ui).faint;
            let times = computed.norm / length;
            let text = match (differs, is_narrow) {
                (_, true) => format!("{times:.2} ×"),
                (true, _) => format!("{times:.2} × the typical length"),
                (false, _) => "of typical length".to_owned(),
            };
            ui.label(RichText::new(text).color(faint)).on_hover_text(format!(
                "Latents that the generator was trained with are about {length:.2} long."
            ));
        });
    });
}

/// The result in one of its two lengths.
struct Version<'a> {
    cell: Cell,
    name: &'a str,
    norm: f32,
    about: &'a str,
    is_on: bool,
}

impl Version<'_> {
    /// Draws it; returns whether it was clicked.
    fn show(self, ui: &mut Ui, context: &mut TabContext, side: f32) -> bool {
        let colours = theme::palette(ui);
        let line = 2.5 * UNIT;
        let size = Vec2::new(side.max(LEAST), side + 2.0 * line);
        let (rect, response) = ui.allocate_exact_size(size, Sense::click());
        response.widget_info(|| WidgetInfo::selected(Role::Button, true, self.is_on, self.name));
        let picture = Rect::from_min_size(
            rect.min + Vec2::new((size.x - side) / 2.0, 0.0),
            Vec2::splat(side),
        );
        tiles::paint(ui, context, self.cell, picture);
        theme::outline(ui, &response, picture, self.is_on, StrokeKind::Outside);
        let ink = if self.is_on { colours.accent } else { colours.faint };
        let body = TextStyle::Body.resolve(ui.style());
        let words = Rect::from_min_size(
            rect.left_bottom() - Vec2::new(0.0, 2.0 * line),
            Vec2::new(size.x, line),
        );
        shelf::text(ui, words, self.name, body, ink);
        let mono = TextStyle::Monospace.resolve(ui.style());
        let norm = format!("|z| {:.2}", self.norm);
        shelf::text(ui, words.translate(Vec2::new(0.0, line - 2.0)), &norm, mono, ink);
        response.on_hover_text(self.about).clicked()
    }
}

fn buttons(ui: &mut Ui, context: &mut TabContext, width: f32, is_narrow: bool) {
    ui.spacing_mut().item_spacing.y = UNIT / 2.0;
    let mut add = |ui: &mut Ui, icon: MaterialIcon, words: &str, about: &str, command| {
        let size = Vec2::new(width, 3.5 * UNIT);
        let shown = if is_narrow { "" } else { words };
        let button =
            Button::new((icon.rich_text().size(16.0), RichText::new(shown))).min_size(size);
        if ui.add(button).accessible_name(words).on_hover_text(about).clicked() {
            context.commands.push(command);
        }
    };
    let send = AppCommand::Blend(BlendCommand::Send);
    add(ui, ICON_EXPLORE, "Show in Explore", "Go on with its sliders", send);
    let about = Action::Keep.shortcut(ui.ctx()).unwrap_or_default();
    let about = format!("Keep the result in the library, with its formula ({about})");
    add(ui, ICON_BOOKMARK_ADD, "Keep result", &about, AppCommand::Do(Action::Keep));
    let about = Action::Copy.tooltip(ui.ctx());
    add(ui, ICON_CONTENT_COPY, "Copy latent", &about, AppCommand::Do(Action::Copy));
    let key = Action::SavePng.shortcut(ui.ctx()).unwrap_or_default();
    let about = format!("Write the row with its names to one PNG file ({key})");
    add(ui, ICON_SAVE, "Save row", &about, AppCommand::Do(Action::SavePng));
}
