//! The model's name in the bar at the top; a click shows what can be opened instead, with a picture each.

use std::path::Path;

use eframe::egui::{
    Button, Label, Popup, PopupCloseBehavior, Rect, Response, RichText, Role, ScrollArea, Sense,
    TextStyle, Ui, Vec2, WidgetInfo,
};
use egui_material_icons::icons::{ICON_CLOSE, ICON_EXPAND_MORE};

use super::command::{Action, AppCommand};
use super::gallery::{folder_of, paint};
use super::portraits::{Known, Portraits};
use super::screen::Screen;
use super::shelf::line;
use super::state::State;
use super::theme::{self, UNIT};
use crate::checkpoint::Bundled;
use crate::gallery::Sitter;

const WIDTH: f32 = 44.0 * UNIT;
/// Height of a model in the list.
const ROW: f32 = 6.0 * UNIT;

/// Draws the name and, after a click, the menu.
pub fn show(ui: &mut Ui, state: &State, screen: &mut Screen, commands: &mut Vec<AppCommand>) {
    let name = state.model.as_ref().map_or("…", |model| model.name());
    let short: String = name.chars().take(28).collect();
    let label = (RichText::new(short).heading(), ICON_EXPAND_MORE.rich_text());
    let response = ui.add(Button::new(label).frame_when_inactive(false)).accessible_name("Model");
    let response = match &state.model {
        Some(model) => {
            let info = model.file.info();
            let trained = match info.steps {
                0 => String::new(),
                steps => {
                    format!("\ntrained on {} for {steps} steps, {:.0} kimg", info.data, info.kimg)
                }
            };
            response.on_hover_text(format!("{}{trained}", model.spec().summary()))
        }
        None => response,
    };
    if response.clicked() {
        // Files may have gone, or be others, since the menu was open last.
        screen.portraits.renew();
    }
    // It stays while somebody takes models off the list.
    let popup = Popup::menu(&response).close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    popup.show(|ui| {
        ui.set_width(WIDTH.min(ui.ctx().content_rect().width() - 4.0 * UNIT));
        for action in [Action::Open, Action::OpenFolder, Action::About] {
            let shortcut = action.shortcut(ui.ctx()).unwrap_or_default();
            let button = Button::new(action.title()).shortcut_text(shortcut);
            if ui.add(button).on_hover_text(action.entry().about).clicked() {
                commands.push(AppCommand::Do(action));
                ui.close();
            }
        }
        ui.separator();
        let most = (ui.ctx().content_rect().height() - 28.0 * UNIT).max(2.0 * ROW);
        ScrollArea::vertical().max_height(most).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = UNIT / 4.0;
            if !state.settings.recent.is_empty() {
                ui.weak("Recent");
            }
            for path in &state.settings.recent {
                recent(ui, &mut screen.portraits, path, commands);
            }
            ui.weak("Part of the program");
            for (bundled, action) in [
                (Bundled::Faces64, Action::OpenBundled),
                (Bundled::Sketch2face, Action::OpenSketches),
            ] {
                let known = screen.portraits.get(&Sitter::Bundled(bundled));
                let summary = match &known {
                    Known::Card(card) => card.summary.clone(),
                    Known::Nothing | Known::Not(_) => String::new(),
                };
                let response = row(ui, &known, [bundled.name(), &summary], action.title(), 0.0);
                if response.on_hover_text(action.entry().about).clicked() {
                    commands.push(AppCommand::Do(action));
                    ui.close();
                }
            }
        });
    });
}

/// A model that was open before. One that cannot be opened any more says so, and can be taken off.
fn recent(ui: &mut Ui, portraits: &mut Portraits, path: &Path, commands: &mut Vec<AppCommand>) {
    let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let known = portraits.get(&Sitter::File(path.to_owned()));
    let why = match &known {
        Known::Not(why) => Some((*why).to_owned()),
        Known::Card(_) | Known::Nothing => None,
    };
    let name = match &known {
        // Half of all models are called `model.safetensors`.
        Known::Card(card) => &card.name,
        Known::Nothing | Known::Not(_) => &file,
    };
    let below = why.clone().unwrap_or_else(|| folder_of(path));
    let spoken = match &why {
        Some(why) => format!("Open {}: {why}", path.display()),
        None => format!("Open {}", path.display()),
    };
    let room = if why.is_some() { 4.0 * UNIT } else { 0.0 };
    let response = row(ui, &known, [name, &below], &spoken, room);
    if why.is_some() {
        let button = Rect::from_min_max(response.rect.right_top(), response.rect.right_bottom());
        let button = button.with_max_x(response.rect.right() + room);
        let icon = Button::new(ICON_CLOSE.rich_text()).frame_when_inactive(false);
        let remove = ui.put(button, icon).accessible_name(format!("Remove {}", path.display()));
        if remove.on_hover_text("Take it off this list; the file is not touched").clicked() {
            commands.push(AppCommand::ForgetModel(path.to_owned()));
        }
    }
    let response = response.on_hover_ui(|ui| {
        ui.label(path.display().to_string());
        if let Some(why) = &why {
            ui.add(Label::new(RichText::new(why).color(theme::palette(ui).bad)).wrap());
        }
    });
    if response.clicked() {
        commands.push(AppCommand::OpenFile(path.to_owned()));
        ui.close();
    }
}

/// One model: its first picture, a name, and a line below; `room` is left free at its end.
fn row(ui: &mut Ui, known: &Known, words: [&str; 2], name: &str, room: f32) -> Response {
    let colours = theme::palette(ui);
    let size = Vec2::new(ui.available_width(), ROW);
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    let rect = rect.with_max_x(rect.right() - room);
    let response = ui.interact(rect, ui.scope_id().with(("model", name)), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, name));
    if !ui.is_rect_visible(rect) {
        return response;
    }
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, UNIT / 2.0, colours.hovered);
    }
    let inside = rect.shrink(UNIT / 2.0);
    let picture = inside.with_max_x(inside.left() + inside.height());
    paint(ui, known, picture, 1);
    let beside = inside.with_min_x(picture.right() + UNIT);
    let ink = if matches!(known, Known::Not(_)) { colours.faint } else { colours.ink };
    let font = TextStyle::Body.resolve(ui.style());
    let [above, below] = words;
    line(ui, beside.with_max_y(beside.center().y), above, font.clone(), ink);
    line(ui, beside.with_min_y(beside.center().y), below, font, colours.faint);
    response
}
