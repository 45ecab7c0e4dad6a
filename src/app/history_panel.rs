//! The list of everything that was done, with a small picture each; a click goes to a step.

use eframe::egui::{
    Color32, CursorIcon, Frame, Label, Margin, Panel, Rect, RichText, Role, ScrollArea, Sense,
    TextStyle, Ui, Vec2, WidgetInfo,
};

use super::command::{Action, AppCommand};
use super::screen::Screen;
use super::shelf::{line, whole};
use super::state::State;
use super::tabs::TRANSLATE;
use super::theme::{self, UNIT};

/// Height of a step.
const ROW: f32 = 6.0 * UNIT;
const WIDTH: f32 = 24.0 * UNIT;

/// Draws the list, if it is open.
pub fn show(ui: &mut Ui, state: &mut State, screen: &mut Screen, commands: &mut Vec<AppCommand>) {
    // Strokes are not steps of it.
    if !state.settings.shows_history || state.tab == TRANSLATE {
        return;
    }
    let frame = Frame::new().inner_margin(Margin::same(UNIT as i8));
    Panel::left("history").resizable(false).exact_size(WIDTH).frame(frame).show(ui, |ui| {
        ui.horizontal(|ui| {
            let tooltip = Action::History.tooltip(ui.ctx());
            ui.add(Label::new(RichText::new("History").heading()).selectable(false))
                .on_hover_text(tooltip);
        });
        ui.spacing_mut().item_spacing.y = 0.0;
        let count = state.history.steps().len();
        // The newest stays in sight while steps are added.
        ScrollArea::vertical().auto_shrink(false).stick_to_bottom(true).show_rows(
            ui,
            ROW,
            count,
            |ui, range| range.for_each(|i| row(ui, state, screen, i, commands)),
        );
    });
}

fn row(ui: &mut Ui, state: &State, screen: &mut Screen, i: usize, commands: &mut Vec<AppCommand>) {
    let colours = theme::palette(ui);
    let Some(step) = state.history.steps().get(i) else { return };
    let (is_now, is_undone) = (i == state.history.at(), i > state.history.at());
    let (rect, response) =
        ui.allocate_exact_size(Vec2::new(ui.available_width(), ROW), Sense::click());
    let name = format!("Step {i}: {}", step.label);
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, is_now, &name));
    if is_now || response.hovered() || response.has_focus() {
        let fill = if is_now { colours.selected } else { colours.hovered };
        ui.painter().rect_filled(rect, UNIT / 2.0, fill);
    }
    let side = ROW - UNIT;
    let picture = Rect::from_min_size(rect.min + Vec2::splat(UNIT / 2.0), Vec2::splat(side));
    let tint = if is_undone { Color32::from_white_alpha(110) } else { Color32::WHITE };
    match screen.thumbs.get(&step.picture) {
        Some((_, texture)) => {
            ui.painter().image(texture.id(), picture, whole(), tint);
        }
        None => {
            ui.painter().rect_filled(picture, 2.0, colours.raised);
        }
    }
    let words = rect.with_min_x(picture.right() + UNIT).with_max_x(rect.right() - UNIT / 2.0);
    let ink = match (is_now, is_undone) {
        (true, _) => colours.accent,
        (false, true) => colours.faint,
        (false, false) => colours.ink,
    };
    let font = TextStyle::Body.resolve(ui.style());
    line(ui, words, &step.label, font, ink);
    let response = response.on_hover_cursor(CursorIcon::PointingHand);
    if response.on_hover_text(&step.label).clicked() {
        commands.push(AppCommand::GoToStep(i));
    }
}
