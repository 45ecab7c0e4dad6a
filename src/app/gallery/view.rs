//! The gallery on screen: a cell for each model, and those that cannot be opened at the end.

use std::path::Path;

use eframe::egui::{
    Align, Align2, Button, Color32, CursorIcon, Frame, Key, Label, Layout, Margin, Modifiers,
    Popup, ProgressBar, Rect, RichText, Role, ScrollArea, Sense, Spinner, StrokeKind, TextEdit,
    TextStyle, Ui, Vec2, WidgetInfo,
};
use egui_material_icons::icons::ICON_BRUSH;

use super::{GalleryCommand, GalleryOrder};
use crate::app::command::{Action, AppCommand};
use crate::app::portraits::Known;
use crate::app::shelf::{line, whole};
use crate::app::tabs::TabContext;
use crate::app::theme::{self, UNIT};
use crate::checkpoint::ENDINGS;
use crate::gallery::{DEPTH, FACES, Found, MOST_MODELS, Sitter};

/// The least width of a cell.
const CELL: f32 = 34.0 * UNIT;
/// Between cells.
const GAP: f32 = UNIT;
/// Height of a line of words in a cell.
const LINE: f32 = 2.5 * UNIT;
const ORDERS: [(GalleryOrder, &str, &str); 2] = [
    (GalleryOrder::Name, "Name", "By name, numbers by their value"),
    (GalleryOrder::Newest, "Newest", "What was written last comes first"),
];

/// Draws the gallery, if a folder is open.
pub fn show(ui: &mut Ui, context: &mut TabContext) {
    let order = context.state.settings.gallery_order;
    let Some(gallery) = &context.state.gallery else { return };
    let found = gallery.found(order);
    let listing = gallery.listing.clone();
    let is_stopped = gallery.is_stopped;
    close_by_key(ui, context);
    let frame = Frame::new().inner_margin(Margin::same(2 * UNIT as i8));
    frame.show(ui, |ui| {
        title(ui, context);
        let listing = match &listing {
            Some(Ok(listing)) => listing,
            Some(Err(why)) => return note(ui, &format!("This folder cannot be shown. {why}")),
            None => {
                ui.horizontal(|ui| {
                    ui.add(Spinner::new().size(2.0 * UNIT));
                    ui.weak("Looking for models…");
                });
                return;
            }
        };
        if listing.models.is_empty() {
            let endings = ENDINGS.map(|ending| format!(".{ending}")).join(", ");
            let more = match listing.is_cut {
                true => " It holds more files than are looked at.",
                false => "",
            };
            let why = format!(
                "There are no models in this folder. Files that end in {endings} are looked for, down to \
                 {DEPTH} folders deep; hidden folders and links are left out.{more}"
            );
            return note(ui, &why);
        }
        controls(ui, context, &found, &listing.models);
        ScrollArea::vertical().id_salt("gallery").auto_shrink(false).show(ui, |ui| {
            // Room for the scroll bar.
            ui.set_max_width(ui.available_width() - UNIT);
            let portraits = &context.screen.portraits;
            let is_refused = |found: &Found| matches!(portraits.glance(&sitter(found)), Known::Not(_));
            let (refused, shown): (Vec<Found>, Vec<Found>) = found.into_iter().partition(is_refused);
            cells(ui, context, &shown);
            refusals(ui, context, &refused);
            if shown.is_empty() && refused.is_empty() {
                ui.weak("No model here is called that.");
            }
            if listing.is_cut {
                let words = format!(
                    "Not everything in this folder is shown: {MOST_MODELS} models are the most. A folder \
                     further in has the others."
                );
                note(ui, &words);
            }
        });
        if !is_stopped {
            // Those in sight were asked for first.
            for found in &listing.models {
                context.screen.portraits.get(&sitter(found));
            }
        }
    });
}

fn sitter(found: &Found) -> Sitter {
    Sitter::File(found.path.clone())
}

fn want(context: &mut TabContext, command: GalleryCommand) {
    context.commands.push(AppCommand::Gallery(command));
}

fn choose(context: &mut TabContext, path: &Path) {
    want(context, GalleryCommand::Choose(path.to_owned()));
}

fn note(ui: &mut Ui, words: &str) {
    ui.add_space(UNIT);
    ui.add(Label::new(RichText::new(words).color(theme::palette(ui).faint)).wrap());
}

/// Escape empties the field to type in, then leads back to the tab.
fn close_by_key(ui: &mut Ui, context: &mut TabContext) {
    if context.state.is_asking() || Popup::is_any_open(ui.ctx()) {
        return;
    }
    let Some(gallery) = &mut context.state.gallery else { return };
    if ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape)) {
        if gallery.query.is_empty() {
            want(context, GalleryCommand::Close);
        } else {
            gallery.query.clear();
        }
    }
}

fn title(ui: &mut Ui, context: &mut TabContext) {
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let close = ui.button("Close").on_hover_text("Back to the tab (Esc)");
            if close.accessible_name("Close the gallery").clicked() {
                want(context, GalleryCommand::Close);
            }
            let tooltip = Action::OpenFolder.tooltip(ui.ctx());
            if ui.button("Another folder…").on_hover_text(tooltip).clicked() {
                context.commands.push(AppCommand::Do(Action::OpenFolder));
            }
            let Some(gallery) = &context.state.gallery else { return };
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let heading = RichText::new(format!("Models in {}", gallery.name())).heading();
                ui.add(Label::new(heading).truncate().selectable(false))
                    .on_hover_text(gallery.folder.display().to_string());
            });
        });
    });
}

/// What is typed, the order, and how far it is.
fn controls(ui: &mut Ui, context: &mut TabContext, found: &[Found], all: &[Found]) {
    ui.horizontal(|ui| {
        let Some(gallery) = &mut context.state.gallery else { return };
        let field = TextEdit::singleline(&mut gallery.query)
            .hint_text("Find by name…")
            .desired_width(20.0 * UNIT);
        let field = ui.add(field).accessible_name("Find models");
        // A question that has just been closed may keep the focus for one frame more.
        gallery.is_fresh &= !field.has_focus();
        if gallery.is_fresh {
            field.request_focus();
        }
        let is_taken = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        field.on_hover_text("Find models by their names; Enter opens the first one");
        if let Some(first) = found.first().filter(|_| is_taken) {
            choose(context, &first.path);
        }
        for (order, name, about) in ORDERS {
            let is_chosen = context.state.settings.gallery_order == order;
            if ui.selectable_label(is_chosen, name).on_hover_text(about).clicked() {
                want(context, GalleryCommand::SetOrder(order));
            }
        }
        progress(ui, context, all);
    });
}

fn progress(ui: &mut Ui, context: &mut TabContext, all: &[Found]) {
    let Some(gallery) = &mut context.state.gallery else { return };
    let portraits = &context.screen.portraits;
    let done = all.iter().filter(|found| portraits.is_settled(&sitter(found))).count();
    if done == all.len() {
        ui.weak(match done {
            1 => "1 model".to_owned(),
            count => format!("{count} models"),
        });
        return;
    }
    ui.weak(format!("{done} of {}", all.len()));
    let bar = ProgressBar::new(done as f32 / all.len() as f32).desired_width(12.0 * UNIT);
    ui.add(bar.desired_height(UNIT));
    let (words, about) = match gallery.is_stopped {
        false => ("Cancel", "Look at no more models"),
        true => ("Go on", "Look at the others, too"),
    };
    if ui.small_button(words).on_hover_text(about).clicked() {
        gallery.is_stopped = !gallery.is_stopped;
    }
}

fn cells(ui: &mut Ui, context: &mut TabContext, shown: &[Found]) {
    let width = ui.available_width();
    let columns = ((width + GAP) / (CELL + GAP)).floor().max(1.0);
    let side = (width - (columns - 1.0) * GAP) / columns;
    let faces = (side - 2.0 * UNIT - (FACES - 1) as f32 * UNIT / 2.0) / FACES as f32;
    let size = Vec2::new(side, faces + 2.0 * LINE + 2.5 * UNIT);
    let columns = columns as usize;
    let rows = shown.len().div_ceil(columns) as f32;
    let (place, _) =
        ui.allocate_exact_size(Vec2::new(width, rows * (size.y + GAP)), Sense::hover());
    for (i, found) in shown.iter().enumerate() {
        let at = Vec2::new((i % columns) as f32, (i / columns) as f32) * (size + Vec2::splat(GAP));
        cell(ui, context, Rect::from_min_size(place.min + at, size), found);
    }
}

fn cell(ui: &mut Ui, context: &mut TabContext, rect: Rect, found: &Found) {
    let colours = theme::palette(ui);
    let id = ui.scope_id().with(("model", &found.path));
    let response = ui.interact(rect, id, Sense::click());
    let name = format!("Model {}", found.name);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
    if response.gained_focus() {
        response.scroll_to_me(None);
    }
    if response.clicked() {
        choose(context, &found.path);
    }
    if !ui.is_rect_visible(rect) {
        return;
    }
    let is_stopped = context.state.gallery.as_ref().is_some_and(|gallery| gallery.is_stopped);
    let known = match is_stopped {
        true => context.screen.portraits.glance(&sitter(found)),
        false => context.screen.portraits.get(&sitter(found)),
    };
    let is_lit = response.hovered() || response.has_focus();
    let ground = if is_lit { colours.hovered } else { colours.raised };
    ui.painter().rect_filled(rect, UNIT / 2.0, ground);
    theme::outline(ui, &response, rect, false, StrokeKind::Inside);
    let inside = rect.shrink(UNIT);
    let words = inside.with_min_y(inside.bottom() - 2.0 * LINE);
    paint(ui, &known, inside.with_max_y(words.top() - UNIT / 2.0), FACES);
    let font = TextStyle::Body.resolve(ui.style());
    line(ui, words.with_max_y(words.center().y), &found.name, font.clone(), colours.ink);
    let (summary, saved_as) = match known {
        Known::Card(card) => (card.summary.clone(), Some(card.name.clone())),
        Known::Nothing | Known::Not(_) => (String::new(), None),
    };
    line(ui, words.with_min_y(words.center().y), &summary, font, colours.faint);
    response.on_hover_cursor(CursorIcon::PointingHand).on_hover_ui(|ui| {
        ui.label(RichText::new(&found.name).strong());
        ui.label(summary);
        if let Some(saved_as) = saved_as {
            ui.label(format!("Saved as {saved_as}"));
        }
        ui.weak(found.path.display().to_string());
    });
}

/// Those that cannot be opened, each with the reason. A click looks again.
fn refusals(ui: &mut Ui, context: &mut TabContext, refused: &[Found]) {
    if refused.is_empty() {
        return;
    }
    let faint = theme::palette(ui).faint;
    ui.add_space(UNIT);
    ui.label(RichText::new("Cannot be opened").strong());
    for found in refused {
        let why = match context.screen.portraits.glance(&sitter(found)) {
            Known::Not(why) => why.to_owned(),
            Known::Nothing | Known::Card(_) => continue,
        };
        let button = Button::new(&found.name).frame_when_inactive(false).truncate();
        let response = ui.add(button).accessible_name(format!("Model {}", found.name));
        let about = format!("{}\nA click looks at it again", found.path.display());
        if response.on_hover_text(about).clicked() {
            context.screen.portraits.forget(&sitter(found));
        }
        ui.indent(("why", &found.path), |ui| {
            ui.add(Label::new(RichText::new(why).color(faint)).wrap());
        });
    }
}

/// Draws `count` pictures of a model side by side, or what stands in for them.
pub fn paint(ui: &Ui, known: &Known, place: Rect, count: usize) {
    let colours = theme::palette(ui);
    let gap = UNIT / 2.0;
    let side = ((place.width() - (count - 1) as f32 * gap) / count as f32).min(place.height());
    let faces = match known {
        Known::Card(card) if card.faces.is_empty() && card.takes_pictures => {
            ui.painter().rect_filled(place, 2.0, colours.ground);
            let font = TextStyle::Body.resolve(ui.style());
            let (text, font) = match place.width() > 14.0 * UNIT {
                true => ("takes pictures".to_owned(), font),
                false => (ICON_BRUSH.codepoint.to_owned(), font),
            };
            let (middle, align) = (place.center(), Align2::CENTER_CENTER);
            ui.painter().text(middle, align, text, font, colours.faint);
            return;
        }
        Known::Card(card) => card.faces.as_slice(),
        Known::Nothing | Known::Not(_) => &[],
    };
    for i in 0..count {
        let corner = place.min + Vec2::new(i as f32 * (side + gap), 0.0);
        let square = Rect::from_min_size(corner, Vec2::splat(side));
        match faces.get(i) {
            Some((texture, size)) => {
                let fitted = *size * (side / size.max_elem().max(1.0));
                let rect = Rect::from_center_size(square.center(), fitted);
                ui.painter().image(texture.id(), rect, whole(), Color32::WHITE);
            }
            None => {
                ui.painter().rect_filled(square, 2.0, colours.ground);
            }
        }
    }
}
