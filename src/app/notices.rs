//! Toasts: what happened, in a sentence, for a while.

use std::time::Duration;

use eframe::egui::{Context, RichText, Vec2};
use egui_material_icons::icons::{ICON_CHECK_CIRCLE, ICON_ERROR};
use egui_notify::{Anchor, Toast, ToastLevel, Toasts};

use super::theme;

/// Letters in a line of a toast.
const LINE: usize = 56;

/// The toasts on screen.
pub struct Notices {
    toasts: Toasts,
}

impl Default for Notices {
    fn default() -> Self {
        let margin = Vec2::new(2.0 * theme::UNIT, 6.0 * theme::UNIT);
        Self { toasts: Toasts::default().with_anchor(Anchor::BottomLeft).with_margin(margin) }
    }
}

impl Notices {
    /// Shows a sentence: an error until it has surely been read, good news for a moment.
    pub fn add(&mut self, ctx: &Context, text: &str, is_error: bool) {
        let palette = theme::of(ctx.theme() == eframe::egui::Theme::Dark);
        let (icon, colour, seconds) = match is_error {
            true => (ICON_ERROR, palette.bad, 6.0 + text.len() as f32 / 15.0),
            false => (ICON_CHECK_CIRCLE, palette.accent, 3.0),
        };
        let level = ToastLevel::Custom(icon.codepoint.into(), colour);
        let caption = RichText::new(wrapped(text)).color(palette.ink);
        if self.toasts.len() > 3 {
            self.toasts.dismiss_oldest_toast();
        }
        let mut toast = Toast::custom(caption, level);
        toast.closable(false).show_progress_bar(false).duration(Duration::from_secs_f32(seconds));
        self.toasts.add(toast);
    }

    /// Paints them over everything else.
    pub fn show(&mut self, ctx: &Context) {
        self.toasts.show(ctx);
    }
}

/// The text in lines of at most [`LINE`] letters, broken between words where there are any.
fn wrapped(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let letters: Vec<char> = word.chars().collect();
        for (i, piece) in letters.chunks(LINE).enumerate() {
            let piece: String = piece.iter().collect();
            let Some(line) = lines.last_mut() else { continue };
            let length = line.chars().count();
            if length > 0 && (i > 0 || length + 1 + piece.chars().count() > LINE) {
                lines.push(piece);
            } else {
                if length > 0 {
                    line.push(' ');
                }
                line.push_str(&piece);
            }
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_sentences_and_long_paths_are_broken() {
        let path = format!("/home/{}/model.safetensors", "x".repeat(100));
        let text = format!("{path} cannot be opened as a model: it is cut off, damaged or foreign");
        let lines = wrapped(&text);
        assert!(lines.lines().all(|line| line.chars().count() <= LINE), "{lines}");
        assert_eq!(lines.replace(['\n', ' '], ""), text.replace(' ', ""));
        assert_eq!(wrapped("short"), "short");
    }
}
