//! The formula of the selected result: typed with completions, its flaw marked where it is.

use std::ops::Range;

use eframe::egui::text::{CCursor, CCursorRange, LayoutJob, TextFormat};
use eframe::egui::{
    self, Button, EventFilter, Id, Key, Modifiers, Popup, PopupCloseBehavior, Pos2, Rect, Response,
    Sense, Shape, Stroke, TextBuffer, TextEdit, TextStyle, Ui, Vec2,
};

use super::TabContext;
use crate::app::blend::{Blend, Offers};
use crate::app::command::{AppCommand, BlendCommand};
use crate::app::theme::{self, UNIT};
use crate::latent::expr::completions;
use crate::latent::library::Library;

/// What the box says while there is nothing wrong.
const HELP: &str = "abs(a), mean(a, b), lerp(a, b, 0.5), slerp(a, b, 0.5), normalize(a), random(7)";

/// Draws the box and the line under it.
pub fn show(ui: &mut Ui, context: &mut TabContext) {
    let Some(library) = &context.state.shelf.library else { return };
    let blend = &mut context.state.blend;
    let outcome = blend.selected().cloned();
    let text = outcome.as_ref().map_or("", |outcome| outcome.text.as_str());
    if blend.field != text {
        text.clone_into(&mut blend.field);
    }
    let trouble = outcome.as_ref().and_then(|outcome| outcome.computed.as_ref().err());
    let flaw = trouble.and_then(|trouble| trouble.at.clone());
    let id = Id::unique("formula");
    let offers = offers(ui, id, blend, library);
    let chosen = chosen_by_key(ui, &offers, blend);
    let mut layouter = |ui: &Ui, text: &dyn TextBuffer, _: f32| {
        let job = marked(ui, text.as_str(), flaw.as_ref());
        ui.fonts_mut(|fonts| fonts.layout_job(job))
    };
    let mut output = TextEdit::singleline(&mut blend.field)
        .id(id)
        .hint_text("Formula, such as G - mean(G, D)")
        .desired_width(f32::INFINITY)
        .layouter(&mut layouter)
        .show(ui);
    let response = output.response.response.clone().accessible_name("Formula");
    if std::mem::take(&mut blend.focus_field) {
        response.request_focus();
    }
    let mut is_changed = response.changed();
    if is_changed {
        blend.offer = 0;
        blend.hides_offers = false;
    }
    if !offers.words.is_empty() {
        // Escape and Tab are for the offers, not for leaving the box.
        let keys =
            EventFilter { tab: true, horizontal_arrows: true, vertical_arrows: true, escape: true };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(id, keys));
    }
    let clicked = popup(ui, &response, &offers, blend.offer);
    if let Some(word) = chosen.or(clicked).and_then(|i| offers.words.get(i)) {
        // What was typed in this frame is not what the offers were for.
        if !is_changed && blend.field.get(offers.replaces.clone()).is_some() {
            blend.field.replace_range(offers.replaces.clone(), word);
            let end = offers.replaces.start + word.len();
            let at = CCursor::new(blend.field[..end].chars().count());
            output.state.cursor.set_char_range(Some(CCursorRange::one(at)));
            output.state.clone().store(ui.ctx(), id);
            response.request_focus();
            is_changed = true;
        }
    }
    if is_changed {
        let command = BlendCommand::Type(blend.field.clone());
        context.commands.push(AppCommand::Blend(command));
    }
    let at = flaw.map(|flaw| {
        let before = blend.field.get(..flaw.start).unwrap_or(&blend.field).chars().count();
        let cursor = output.galley.pos_from_cursor(CCursor::new(before));
        output.galley_pos.x + cursor.min.x
    });
    let said = trouble.map(|trouble| trouble.message.clone());
    // What is said belongs to what is shown: not to the text of this very frame.
    told(ui, said.filter(|_| !blend.field.is_empty()).as_deref(), at);
}

/// What is wrong, with a mark under the place; or a word of help. Takes the same room either way.
fn told(ui: &mut Ui, trouble: Option<&str>, at: Option<f32>) {
    let colours = theme::palette(ui);
    let size = Vec2::new(ui.available_width(), 2.5 * UNIT);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    let font = TextStyle::Body.resolve(ui.style());
    let (text, ink) = match trouble {
        Some(trouble) => (trouble, colours.bad),
        None => (HELP, colours.faint),
    };
    let mut job = LayoutJob::simple_singleline(text.to_owned(), font, ink);
    job.wrap = egui::text::TextWrapping::truncate_at_width(rect.width());
    let galley = ui.painter().layout_job(job);
    let mut left = rect.left() + UNIT / 2.0;
    if let Some(at) = at.filter(|_| trouble.is_some()) {
        let tip = Pos2::new(at.clamp(rect.left() + 4.0, rect.right() - 4.0), rect.top() - 6.0);
        let mark = vec![tip, tip + Vec2::new(5.0, 7.0), tip + Vec2::new(-5.0, 7.0)];
        ui.painter().add(Shape::convex_polygon(mark, colours.bad, Stroke::NONE));
        left = (tip.x - 5.0).min(rect.right() - galley.size().x).max(left);
    }
    let place = Pos2::new(left, rect.center().y - galley.size().y / 2.0);
    ui.painter().galley(place, galley, ink);
    if let Some(trouble) = trouble {
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, trouble));
        response.on_hover_text(trouble);
    }
}

/// The text, with the flaw underlined.
fn marked(ui: &Ui, text: &str, flaw: Option<&Range<usize>>) -> LayoutJob {
    let colours = theme::palette(ui);
    let font = TextStyle::Monospace.resolve(ui.style());
    let plain = TextFormat::simple(font.clone(), colours.ink);
    let bad = TextFormat {
        underline: Stroke::new(1.5, colours.bad),
        ..TextFormat::simple(font, colours.bad)
    };
    let mut job = LayoutJob { break_on_newline: false, ..LayoutJob::default() };
    job.wrap.max_width = f32::INFINITY;
    let parts = flaw.and_then(|flaw| {
        Some((text.get(..flaw.start)?, text.get(flaw.clone())?, text.get(flaw.end..)?))
    });
    match parts {
        Some((before, flawed, after)) => {
            job.append(before, 0.0, plain.clone());
            job.append(flawed, 0.0, bad);
            job.append(after, 0.0, plain);
        }
        None => job.append(text, 0.0, plain),
    }
    job
}

/// What could stand at the cursor, while somebody types a word.
fn offers(ui: &Ui, id: Id, blend: &mut Blend, library: &Library) -> Offers {
    let ctx = ui.ctx();
    // A click on an offer takes the focus from the box. (One question to the context after the other:
    // one within the other would wait for itself.)
    let popup = ctx.data(|data| data.get_temp::<Rect>(id));
    let pointer = ctx.pointer_interact_pos();
    let is_over = popup.zip(pointer).is_some_and(|(popup, pointer)| popup.contains(pointer));
    let is_in = is_over || ctx.memory(|memory| memory.has_focus(id));
    if !is_in || blend.hides_offers || blend.field.is_empty() {
        return Offers::default();
    }
    let Some(range) = TextEdit::load_state(ctx, id).and_then(|state| state.cursor.char_range())
    else {
        return Offers::default();
    };
    if range.primary != range.secondary {
        return Offers::default();
    }
    let at = range.primary.index.0;
    let cursor = blend.field.char_indices().nth(at).map_or(blend.field.len(), |(byte, _)| byte);
    let wish = (blend.field.clone(), cursor, library.revision());
    if blend.offers.0.as_ref() != Some(&wish) {
        blend.offers = (Some(wish), offers_at(&blend.field, cursor, library));
    }
    blend.offers.1.clone()
}

fn offers_at(text: &str, cursor: usize, library: &Library) -> Offers {
    let (replaces, words) = completions(text, cursor, library.names());
    // Nothing is offered where nothing was begun, or where the word is there already.
    let typed = &text[replaces.clone()];
    match typed.is_empty() || library.by_name(typed).is_some() {
        true => Offers::default(),
        false => Offers { replaces, words },
    }
}

/// The offer that a key takes; the arrows choose, Escape sends them away.
fn chosen_by_key(ui: &Ui, offers: &Offers, blend: &mut Blend) -> Option<usize> {
    if offers.words.is_empty() {
        return None;
    }
    let last = offers.words.len() - 1;
    ui.input_mut(|input| {
        let down = input.count_and_consume_key(Modifiers::NONE, Key::ArrowDown);
        let up = input.count_and_consume_key(Modifiers::NONE, Key::ArrowUp);
        blend.offer = (blend.offer + down).saturating_sub(up).min(last);
        blend.hides_offers = input.consume_key(Modifiers::NONE, Key::Escape);
        let taken = input.consume_key(Modifiers::NONE, Key::Tab)
            || input.consume_key(Modifiers::NONE, Key::Enter);
        taken.then_some(blend.offer)
    })
}

/// The offers under the box; returns the one that was clicked.
fn popup(ui: &Ui, response: &Response, offers: &Offers, offer: usize) -> Option<usize> {
    let id = response.id;
    if offers.words.is_empty() {
        ui.data_mut(|data| data.remove::<Rect>(id));
        return None;
    }
    let mut clicked = None;
    // As wide as the box at most, with its own edges.
    let frame = eframe::egui::Frame::popup(ui.style());
    let (width, around) = (response.rect.width(), frame.total_margin().sum().x);
    let shown = Popup::from_response(response)
        .id(id.with("offers"))
        .open(true)
        .close_behavior(PopupCloseBehavior::IgnoreClicks)
        .gap(2.0)
        .show(|ui| {
            ui.set_width((width - around).min(40.0 * UNIT));
            ui.spacing_mut().item_spacing.y = 0.0;
            for (i, word) in offers.words.iter().enumerate() {
                let size = Vec2::new(ui.available_width(), 3.0 * UNIT);
                let button = Button::selectable(i == offer, word).truncate().min_size(size);
                if ui.add(button).on_hover_text("Take this (Tab)").clicked() {
                    clicked = Some(i);
                }
            }
        });
    if let Some(shown) = shown {
        ui.data_mut(|data| data.insert_temp(id, shown.response.rect));
    }
    clicked
}
