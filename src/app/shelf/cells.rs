//! The faces of the library. Only those in sight are built, so that their number does not matter.

use std::sync::Arc;

use eframe::egui::{
    self, Align2, Color32, CursorIcon, DragAndDrop, Event, Id, Key, LayerId, Modifiers, Order,
    Pos2, Rect, Role, ScrollArea, Sense, StrokeKind, TextEdit, TextStyle, Ui, UiBuilder, Vec2,
    WidgetInfo,
    scroll_area::{DragScroll, ScrollSource},
};

use super::view::Shape;
use crate::app::blend::LETTERS;
use crate::app::command::{AppCommand, BlendCommand};
use crate::app::screen::Screen;
use crate::app::tabs::TabContext;
use crate::app::theme::{self, UNIT};
use crate::latent::library::{Entry, EntryId, Fit};

/// Height of a name.
const NAME: f32 = 2.5 * UNIT;
/// Side of the large picture that comes up under the pointer.
const PEEK: f32 = 32.0 * UNIT;

/// Draws the faces that were found.
pub(super) fn show(ui: &mut Ui, context: &mut TabContext, shape: Shape) {
    let count = context.state.shelf.found().len();
    let place = ui.available_size();
    let gap = UNIT / 2.0;
    // Room for the scroll bar.
    let (columns, side) = match shape {
        Shape::Strip => (count, (place.y - NAME - UNIT).max(3.0 * UNIT)),
        Shape::Panel => {
            let columns = ((place.x - UNIT) / (9.5 * UNIT)).floor().max(2.0);
            (columns as usize, ((place.x - UNIT) / columns - gap).floor())
        }
    };
    let step = Vec2::new(side + gap, side + NAME + gap);
    let rows = count.div_ceil(columns);
    ui.style_mut().always_scroll_the_only_direction = true;
    let source = ScrollSource { drag: DragScroll::Never, ..ScrollSource::default() };
    let area = match shape {
        Shape::Strip => ScrollArea::horizontal(),
        Shape::Panel => ScrollArea::vertical(),
    };
    let sought = context.state.shelf.scroll_to.take();
    area.id_salt("shelf").auto_shrink(false).scroll_source(source).show_viewport(ui, |ui, view| {
        let size = Vec2::new(columns as f32 * step.x, rows as f32 * step.y);
        ui.set_min_size(size);
        let origin = ui.max_rect().min;
        let at = |i: usize| {
            let corner = Vec2::new((i % columns) as f32 * step.x, (i / columns) as f32 * step.y);
            Rect::from_min_size(origin + corner, Vec2::new(side, side + NAME))
        };
        let range = |low: f32, high: f32, step: f32, most: usize| {
            (low / step).max(0.0) as usize..((high / step).max(0.0) as usize + 1).min(most)
        };
        let shelf = &context.state.shelf;
        let visible: Vec<(usize, Arc<Entry>)> = range(view.min.y, view.max.y, step.y, rows)
            .flat_map(|row| {
                let columns_seen = range(view.min.x, view.max.x, step.x, columns);
                columns_seen.map(move |column| row * columns + column)
            })
            .filter_map(|i| Some((i, shelf.found().get(i)?.clone())))
            .collect();
        if let Some(sought) = sought
            && let Some(i) = shelf.found().iter().position(|entry| entry.id == sought)
        {
            ui.scroll_to_rect(at(i).expand(gap), None);
        }
        // The name that is being typed may be wider than its picture: it lies over its neighbours.
        let named = context.state.shelf.naming.as_ref().map(|naming| naming.id);
        let (last, first): (Vec<_>, Vec<_>) =
            visible.into_iter().partition(|(_, entry)| Some(entry.id) == named);
        for (i, entry) in first.into_iter().chain(last) {
            cell(ui, context, at(i), &entry, shape);
        }
    });
}

fn cell(ui: &mut Ui, context: &mut TabContext, rect: Rect, entry: &Arc<Entry>, shape: Shape) {
    let colours = theme::palette(ui);
    let id = entry.id;
    let response = ui.interact(rect, ui.scope_id().with(("kept", id.0)), Sense::click_and_drag());
    let is_chosen = context.state.shelf.chosen.contains(&id);
    let name = format!("Kept face {}", entry.name);
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, is_chosen, &name));
    let response = response.on_hover_cursor(CursorIcon::PointingHand);
    response.dnd_set_drag_payload(id);
    let picture = rect.with_max_y(rect.bottom() - NAME);
    paint(ui, context, picture, entry);
    theme::outline(ui, &response, picture, is_chosen, StrokeKind::Inside);
    let below = rect.with_min_y(picture.bottom());
    if context.state.shelf.naming.as_ref().is_some_and(|naming| naming.id == id) {
        name_field(ui, context, below);
    } else {
        let ink = if is_chosen { colours.accent } else { colours.faint };
        let font = TextStyle::Body.resolve(ui.style());
        text(ui, below, &entry.name, font, ink);
    }
    if response.clicked() {
        let keys = keys_of_click(ui);
        if context.state.shelf.choose(id, keys) {
            context.commands.push(match shape {
                Shape::Strip => AppCommand::Show(id),
                Shape::Panel => AppCommand::Blend(BlendCommand::Fill { slot: None, id }),
            });
        }
    }
    if response.double_clicked() && shape == Shape::Strip {
        context.state.shelf.begin_naming(id, false);
    }
    response.context_menu(|ui| cell_menu(ui, context, id));
    if DragAndDrop::payload::<EntryId>(ui.ctx()).is_none() {
        response.on_hover_ui(|ui| peek(ui, context, entry));
    }
}

/// The keys that were held when the button was let go: in a slow frame they may be up already.
fn keys_of_click(ui: &Ui) -> Modifiers {
    ui.input(|input| {
        let released = input.events.iter().rev().find_map(|event| match event {
            Event::PointerButton { pressed: false, modifiers, .. } => Some(*modifiers),
            _ => None,
        });
        released.unwrap_or(input.modifiers)
    })
}

/// What can be done with one face, or with all chosen ones if it is one of them.
pub fn cell_menu(ui: &mut Ui, context: &mut TabContext, id: EntryId) {
    let shelf = &mut context.state.shelf;
    if ui.button("Show in Explore").clicked() {
        context.commands.push(AppCommand::Show(id));
    }
    for (slot, letter) in LETTERS.iter().enumerate() {
        if ui.button(format!("Put into slot {letter}")).clicked() {
            context.commands.push(AppCommand::Blend(BlendCommand::Fill { slot: Some(slot), id }));
        }
    }
    ui.separator();
    if ui.button("Rename").clicked() {
        shelf.begin_naming(id, false);
    }
    let ids = shelf.with_chosen(id);
    let many = if ids.len() > 1 { format!(" {} faces", ids.len()) } else { String::new() };
    let tags = if ids.len() > 1 { format!("Tags of{many}…") } else { "Tags…".into() };
    if ui.button(tags).clicked() {
        shelf.begin_tagging(ids.clone());
    }
    if ui.button("Choose all").clicked() {
        shelf.choose_all();
    }
    if ui.button(format!("Delete{many}")).clicked() {
        context.commands.push(AppCommand::Delete(ids));
    }
}

fn name_field(ui: &mut Ui, context: &mut TabContext, place: Rect) {
    let Some(naming) = &mut context.state.shelf.naming else { return };
    let place = place.with_max_x(place.right().max(place.left() + 12.0 * UNIT));
    let field = TextEdit::singleline(&mut naming.text)
        .desired_width(place.width())
        .margin(Vec2::new(2.0, 1.0));
    let mut output = ui.scope_builder(UiBuilder::new().max_rect(place), |ui| field.show(ui)).inner;
    let response = output.response.response.clone().accessible_name("Name of the face");
    if std::mem::take(&mut naming.is_fresh) {
        response.request_focus();
        // The name that was proposed goes with the first letter.
        let all = egui::text::CCursorRange::select_all(&output.galley);
        output.state.cursor.set_char_range(Some(all));
        output.state.store(ui.ctx(), response.id);
        return;
    }
    if response.lost_focus() {
        let naming = naming.clone();
        context.state.shelf.naming = None;
        if !ui.input(|input| input.key_pressed(Key::Escape)) {
            let (id, name, is_new) = (naming.id, naming.text, naming.is_new);
            context.commands.push(AppCommand::Name { id, name, is_new });
        }
    }
}

/// The picture of an entry, or why it has none.
fn paint(ui: &Ui, context: &mut TabContext, rect: Rect, entry: &Entry) {
    let colours = theme::palette(ui);
    let library = context.state.shelf.library.as_ref();
    if library.is_some_and(|library| library.fit(entry) == Fit::OtherSize) {
        ui.painter().rect_filled(rect, 2.0, colours.raised);
        let font = TextStyle::Body.resolve(ui.style());
        let text = format!("z {}", entry.latent.dims());
        ui.painter().text(rect.center(), Align2::CENTER_CENTER, text, font, colours.faint);
        return;
    }
    match context.screen.thumbs.get(&entry.latent) {
        Some((picture, texture)) => {
            let size = Vec2::new(picture.width() as f32, picture.height() as f32);
            let fitted = size * (rect.width() / size.max_elem().max(1.0));
            let place = Rect::from_center_size(rect.center(), fitted);
            ui.painter().image(texture.id(), place, whole(), Color32::WHITE);
        }
        None => {
            ui.painter().rect_filled(rect, 2.0, colours.raised);
        }
    }
}

/// The whole of a texture.
pub fn whole() -> Rect {
    Rect::from_min_max(Pos2::ZERO, Pos2::new(1.0, 1.0))
}

/// One line in the middle of `place`, cut where it is too long.
pub fn text(ui: &Ui, place: Rect, text: &str, font: egui::FontId, ink: Color32) {
    aligned(ui, place, text, font, ink, Align2::CENTER_CENTER);
}

/// One line from the left end of `place`, cut where it is too long.
pub fn line(ui: &Ui, place: Rect, text: &str, font: egui::FontId, ink: Color32) {
    aligned(ui, place, text, font, ink, Align2::LEFT_CENTER);
}

fn aligned(ui: &Ui, place: Rect, text: &str, font: egui::FontId, ink: Color32, align: Align2) {
    let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), font, ink);
    job.wrap = egui::text::TextWrapping::truncate_at_width(place.width());
    let galley = ui.painter().layout_job(job);
    let corner = align.align_size_within_rect(galley.size(), place).min;
    ui.painter().galley(corner, galley, ink);
}

/// The large picture of an entry and what is known of it.
pub fn peek(ui: &mut Ui, context: &mut TabContext, entry: &Entry) {
    ui.set_max_width(PEEK);
    large(ui, context, entry);
    ui.label(egui::RichText::new(&entry.name).strong());
    ui.label(entry.origin.to_string());
    if !entry.tags.is_empty() {
        ui.label(format!("Tags: {}", entry.tags.join(", ")));
    }
    let kept = entry.created.to_string();
    ui.weak(format!("|z| {:.2} · kept {}", entry.latent.norm(), &kept[..kept.len().min(10)]));
}

fn large(ui: &mut Ui, context: &mut TabContext, entry: &Entry) {
    let Some(model) = &context.state.model else { return };
    let (size, enlarge) = (model.spec().size(), context.state.settings.enlarge);
    let Screen { thumbs, peek, .. } = &mut *context.screen;
    let small = thumbs.get(&entry.latent).map(|(picture, _)| picture);
    let shown = peek.show(ui.ctx(), &entry.latent, small, size, enlarge);
    if let Some((texture, [width, height])) = shown {
        let size = Vec2::new(width as f32, height as f32);
        let fitted = size * (PEEK / size.max_elem().max(1.0));
        let (rect, _) = ui.allocate_exact_size(fitted, Sense::hover());
        ui.painter().image(texture.id(), rect, whole(), Color32::WHITE);
    }
}

/// The face that hangs at the pointer while it is dragged.
pub(super) fn ghost(ui: &Ui, context: &mut TabContext) {
    let Some(id) = DragAndDrop::payload::<EntryId>(ui.ctx()) else { return };
    let Some(entry) = context.state.shelf.get(*id).cloned() else { return };
    let Some(pointer) = ui.ctx().pointer_interact_pos() else { return };
    let Some((_, texture)) = context.screen.thumbs.get(&entry.latent) else { return };
    let layer = LayerId::new(Order::Tooltip, Id::unique("dragged face"));
    let rect = Rect::from_center_size(pointer, Vec2::splat(8.0 * UNIT));
    let painter = ui.ctx().layer_painter(layer);
    painter.image(texture.id(), rect, whole(), Color32::from_white_alpha(200));
}
