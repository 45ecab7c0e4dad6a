//! The search over everything that can be done.

use eframe::egui::{self, Align2, Key, Modifiers, RichText, ScrollArea, TextEdit, Vec2};

use super::command::{ACTIONS, Action, Entry};
use super::theme::{self, UNIT};

/// The open palette.
#[derive(Debug, Clone, Default)]
pub struct PaletteState {
    /// What is typed.
    pub query: String,
    /// The chosen row.
    pub row: usize,
}

/// What the palette wants after a frame.
#[derive(Debug, PartialEq, Eq)]
pub enum PaletteWish {
    /// Go on.
    Stay,
    /// Close without doing anything.
    Close,
    /// Close and do this.
    Do(Action),
}

/// Shows the palette over the window.
pub fn show(ctx: &egui::Context, state: &mut PaletteState) -> PaletteWish {
    let found = matches(&state.query);
    let (up, down, enter) = ctx.input_mut(|input| {
        (
            input.count_and_consume_key(Modifiers::NONE, Key::ArrowUp),
            input.count_and_consume_key(Modifiers::NONE, Key::ArrowDown),
            input.consume_key(Modifiers::NONE, Key::Enter),
        )
    });
    state.row = (state.row + down).saturating_sub(up).min(found.len().saturating_sub(1));
    let mut wish = match found.get(state.row) {
        Some(entry) if enter => PaletteWish::Do(entry.action),
        _ => PaletteWish::Stay,
    };
    let area = egui::Modal::default_area(egui::Id::unique("palette"))
        .anchor(Align2::CENTER_TOP, Vec2::new(0.0, 10.0 * UNIT));
    let modal = egui::Modal::new(egui::Id::unique("palette")).area(area).show(ctx, |ui| {
        ui.set_width(55.0 * UNIT);
        let field = ui
            .add(
                TextEdit::singleline(&mut state.query)
                    .hint_text("What do you want to do?")
                    .desired_width(f32::INFINITY),
            )
            .accessible_name("Search commands");
        field.request_focus();
        if field.changed() {
            state.row = 0;
        }
        ScrollArea::vertical().max_height(45.0 * UNIT).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            for (row, entry) in found.iter().enumerate() {
                let shortcut = entry.action.shortcut(ui.ctx()).unwrap_or_default();
                let faint = theme::palette(ui).faint;
                let button = egui::Button::selectable(row == state.row, entry.title)
                    .right_text(RichText::new(shortcut).color(faint))
                    .min_size(Vec2::new(ui.available_width(), 3.5 * UNIT));
                let response = ui.add(button).on_hover_text(entry.about);
                if response.clicked() {
                    wish = PaletteWish::Do(entry.action);
                }
                if row == state.row && up + down > 0 {
                    response.scroll_to_me(None);
                }
            }
            if found.is_empty() {
                ui.label("Nothing is called that.");
            }
        });
    });
    if wish == PaletteWish::Stay && modal.should_close() { PaletteWish::Close } else { wish }
}

/// The entries that fit `query`, best first.
fn matches(query: &str) -> Vec<&'static Entry> {
    let offered = ACTIONS.iter().filter(|entry| entry.action != Action::Palette);
    let mut found: Vec<_> =
        offered.filter_map(|entry| Some((score(query, entry.title)?, entry))).collect();
    found.sort_by_key(|(score, _)| *score);
    found.into_iter().map(|(_, entry)| entry).collect()
}

/// How far `title` is from `query`, whose letters must all be there in order; less is better.
fn score(query: &str, title: &str) -> Option<usize> {
    let title: Vec<char> = title.to_lowercase().chars().collect();
    let (mut at, mut score) = (0, 0);
    for letter in query.to_lowercase().chars().filter(|c| !c.is_whitespace()) {
        let skipped = title[at..].iter().position(|c| *c == letter)?;
        at += skipped + 1;
        let is_word_start = at < 2 || !title[at - 2].is_alphanumeric();
        score += if is_word_start { skipped.min(1) } else { 3 * skipped };
    }
    Some(score)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_find_commands() {
        let first = |query: &str| matches(query).first().map(|entry| entry.action);
        assert_eq!(first("rand"), Some(Action::Random));
        assert_eq!(first("sp"), Some(Action::SavePng));
        assert_eq!(first("open b"), Some(Action::OpenBundled));
        assert_eq!(first("xyzzy"), None);
        assert_eq!(matches("").len(), ACTIONS.len() - 1);
    }
}
