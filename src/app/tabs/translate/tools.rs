//! What is drawn with: tool, size, colour. Everything is large enough for a finger, and nothing needs a
//! pointer to hover.

use eframe::egui::{
    Button, Color32, Label, RichText, ScrollArea, Slider, Stroke, StrokeKind, Ui, Vec2,
};
use egui_material_icons::MaterialIcon;
use egui_material_icons::icons::{
    ICON_BRUSH, ICON_DELETE, ICON_DIAGONAL_LINE, ICON_FLIP, ICON_FORMAT_COLOR_FILL, ICON_INK_ERASER,
};

use super::{TabContext, want};
use crate::app::buttons;
use crate::app::command::{Action, AppCommand, TranslateCommand};
use crate::app::theme::{self, UNIT};
use crate::app::translate::{SIZES, Tool};
use crate::picture::{self, InputKind};

/// Width of the panel.
pub const WIDTH: f32 = 18.0 * UNIT;
/// Height of a button.
const HEIGHT: f32 = 4.5 * UNIT;

const TOOLS: [(Tool, Action, MaterialIcon); 4] = [
    (Tool::Brush, Action::Brush, ICON_BRUSH),
    (Tool::Eraser, Action::Eraser, ICON_INK_ERASER),
    (Tool::Line, Action::Line, ICON_DIAGONAL_LINE),
    (Tool::Fill, Action::Fill, ICON_FORMAT_COLOR_FILL),
];

/// Draws them.
pub fn show(ui: &mut Ui, context: &mut TabContext) {
    ui.spacing_mut().item_spacing.y = UNIT / 2.0;
    for (tool, action, icon) in TOOLS {
        let is_chosen = context.state.translate.tool == tool;
        toggle(ui, context, action, icon, is_chosen);
    }
    let is_mirrored = context.state.translate.is_mirrored;
    toggle(ui, context, Action::Mirror, ICON_FLIP, is_mirrored);
    size(ui, context);
    let is_empty = context.state.translate.canvas.as_ref().is_none_or(|c| c.is_empty());
    if buttons::wide(ui, ICON_DELETE, Action::Clear, !is_empty).clicked() {
        context.commands.push(AppCommand::Do(Action::Clear));
    }
    ui.add_space(UNIT);
    match &context.state.translate.kind {
        Some(InputKind::Labels(_)) => palette(ui, context),
        // Black on white, and nothing else.
        Some(InputKind::Drawing) => {}
        Some(InputKind::Picture) | None => colour(ui, context),
    }
}

/// A button that stays pressed while its tool is chosen.
fn toggle(
    ui: &mut Ui,
    context: &mut TabContext,
    action: Action,
    icon: MaterialIcon,
    is_chosen: bool,
) {
    let label = (icon.rich_text().size(18.0), action.title());
    let size = Vec2::new(ui.available_width(), HEIGHT);
    let button = Button::selectable(is_chosen, label).min_size(size);
    let tooltip = action.tooltip(ui.ctx());
    if ui.add(button).accessible_name(action.title()).on_hover_text(tooltip).clicked() {
        context.commands.push(AppCommand::Do(action));
    }
}

fn size(ui: &mut Ui, context: &mut TabContext) {
    let translate = &context.state.translate;
    let width = translate.canvas.as_ref().map_or(1, |canvas| canvas.pixels().size().0) as f32;
    let mut size = translate.size_in_use();
    let pixels = size * width;
    let words = RichText::new(format!("Size {pixels:>5.1} px")).color(theme::palette(ui).faint);
    ui.add(Label::new(words).selectable(false));
    ui.spacing_mut().slider_width = ui.available_width();
    let slider = Slider::new(&mut size, SIZES.0..=SIZES.1).logarithmic(true).show_value(false);
    let tooltip = format!(
        "Width of what you draw with, in pixels of the picture ({} and {})",
        Action::Smaller.shortcut(ui.ctx()).unwrap_or_default(),
        Action::Larger.shortcut(ui.ctx()).unwrap_or_default(),
    );
    if ui.add(slider).accessible_name("Brush size").on_hover_text(tooltip).changed() {
        want(context, TranslateCommand::SetSize(size));
    }
}

/// The labels of the model, each with its colour and its name.
fn palette(ui: &mut Ui, context: &mut TabContext) {
    let labels = context.state.translate.labels().to_vec();
    let chosen = context.state.translate.colour.clone();
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        for (i, label) in labels.iter().enumerate() {
            let name = match label.name.is_empty() {
                true => format!("label {}", i + 1),
                false => label.name.clone(),
            };
            let [r, g, b] = picture::to_rgb(&label.colour);
            let size = Vec2::new(ui.available_width(), 3.5 * UNIT);
            let text = RichText::new(format!("       {name}"));
            let is_chosen = label.colour == chosen;
            let button = Button::selectable(is_chosen, text).min_size(size);
            let response = ui.add(button).accessible_name(&name);
            let mut swatch = response.rect.shrink(UNIT / 2.0);
            swatch.set_width(2.5 * UNIT);
            ui.painter().rect_filled(swatch, 3.0, Color32::from_rgb(r, g, b));
            let line = Stroke::new(1.0, theme::palette(ui).line);
            ui.painter().rect_stroke(swatch, 3.0, line, StrokeKind::Inside);
            if response.on_hover_text(format!("Paint {name}")).clicked() {
                want(context, TranslateCommand::SetColour(label.colour.clone()));
            }
        }
    });
}

/// Any colour, where the model takes colours.
fn colour(ui: &mut Ui, context: &mut TabContext) {
    let colour = context.state.translate.colour.clone();
    let &[r, g, b, ref rest @ ..] = colour.as_slice() else { return };
    let mut rgb = [r, g, b];
    ui.horizontal(|ui| {
        let response = ui.color_edit_button_srgb(&mut rgb);
        ui.add(Label::new("Colour").selectable(false));
        if response.on_hover_text("What you draw with").changed() {
            want(context, TranslateCommand::SetColour([&rgb, rest].concat()));
        }
    });
}
