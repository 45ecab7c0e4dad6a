//! The large picture: as large as it goes, zoomed and moved by wheel and drag.

use eframe::egui::{
    self, Align2, Color32, CursorIcon, Pos2, Rect, RichText, Role, Sense, Ui, UiBuilder, Vec2,
    WidgetInfo,
};

use egui_material_icons::icons::ICON_ARROW_FORWARD;

use super::TabContext;
use crate::app::command::{Action, AppCommand};
use crate::app::theme::{self, UNIT};

/// Largest magnification beyond the fitting size.
const MAX_ZOOM: f32 = 32.0;

/// How the picture is looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct View {
    /// 1 fits the picture into its place.
    pub zoom: f32,
    /// Middle of the place, in the picture: (0, 0) is its left top, (1, 1) its right bottom.
    pub centre: Vec2,
}

impl Default for View {
    fn default() -> Self {
        Self { zoom: 1.0, centre: Vec2::splat(0.5) }
    }
}

impl View {
    /// Magnifies by `factor` around `focus`, given in the picture as [`View::centre`] is.
    pub fn magnify(&mut self, factor: f32, focus: Vec2) {
        let zoom = (self.zoom * factor).clamp(1.0, MAX_ZOOM);
        // What is under the pointer stays under the pointer.
        self.centre = focus + (self.centre - focus) * (self.zoom / zoom);
        self.zoom = zoom;
        self.keep_inside();
    }

    /// Moves the picture by `delta`, in parts of its size.
    pub fn pan(&mut self, delta: Vec2) {
        self.centre -= delta;
        self.keep_inside();
    }

    fn keep_inside(&mut self) {
        let half = Vec2::splat(0.5 / self.zoom);
        self.centre = self.centre.clamp(half, Vec2::splat(1.0) - half);
    }

    /// The whole picture's rectangle, where it fills `fitted` at zoom 1.
    fn rect(&self, fitted: Rect) -> Rect {
        let size = fitted.size() * self.zoom;
        Rect::from_min_size(fitted.center() - self.centre * size, size)
    }
}

/// Draws the picture, or why there is none.
pub fn show(ui: &mut Ui, context: &mut TabContext) {
    let all = ui.available_rect_before_wrap();
    let response = ui.allocate_rect(all, Sense::click_and_drag());
    let place = all.shrink(2.0 * UNIT);
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, "Picture"));
    if let Some(error) = context.state.explore.picture_error.clone() {
        ground(ui, Rect::NOTHING);
        failed(ui, place, &error, context);
        return;
    }
    let shown = &context.screen.picture;
    let Some(texture) = shown.texture() else {
        ground(ui, Rect::NOTHING);
        // Nothing for the first moments; then a word.
        if ui.input(|input| input.time) > 0.5 {
            let faint = theme::palette(ui).faint;
            let font = egui::TextStyle::Body.resolve(ui.style());
            ui.painter().text(
                place.center(),
                Align2::CENTER_CENTER,
                "Opening the model…",
                font,
                faint,
            );
        }
        return;
    };
    let [width, height] = shown.size();
    let picture = Vec2::new(width as f32, height as f32);
    let scale = (place.size() / picture).min_elem();
    let fitted = Rect::from_center_size(place.center(), picture * scale);

    let view = &mut context.state.explore.view;
    let before = view.rect(fitted);
    if let Some(pointer) = response.hover_pos() {
        let (wheel, pinch) = ui.input(|input| (input.smooth_scroll_delta().y, input.zoom_delta()));
        let factor = (wheel / 200.0).exp() * pinch;
        if factor != 1.0 {
            view.magnify(factor, (pointer - before.min) / before.size());
        }
    }
    if response.dragged() && view.zoom > 1.0 {
        view.pan(response.drag_delta() / before.size());
    }
    if response.double_clicked() {
        *view = View::default();
    }
    let rect = view.rect(fitted);
    let zoom = view.zoom;
    let uv = Rect::from_min_max(Pos2::ZERO, Pos2::new(1.0, 1.0));
    ground(ui, rect);
    ui.painter().with_clip_rect(all).image(texture.id(), rect, uv, Color32::WHITE);
    if zoom > 1.0 {
        response.clone().on_hover_cursor(CursorIcon::Grab);
        badge(ui, place, &format!("{:4.0} %", zoom * 100.0));
    }
    let actions = [Action::SavePng, Action::Copy, Action::Fit, Action::Enlarge, Action::Sweep];
    response.context_menu(|ui| {
        for action in actions {
            let shortcut = action.shortcut(ui.ctx()).unwrap_or_default();
            if ui.add(egui::Button::new(action.title()).shortcut_text(shortcut)).clicked() {
                context.commands.push(AppCommand::Do(action));
            }
        }
    });
    if !context.state.settings.has_dragged {
        hint(ui, place);
    }
}

/// The ground beside the picture. What the picture covers is left out: without a graphics card
/// every pixel that is painted twice costs.
fn ground(ui: &Ui, picture: Rect) {
    let colour = theme::palette(ui).ground;
    let all = ui.clip_rect();
    let picture = picture.intersect(all);
    let beside = [
        Rect::from_min_max(all.min, Pos2::new(all.right(), picture.top())),
        Rect::from_min_max(Pos2::new(all.left(), picture.bottom()), all.max),
        Rect::from_x_y_ranges(all.left()..=picture.left(), picture.y_range()),
        Rect::from_x_y_ranges(picture.right()..=all.right(), picture.y_range()),
    ];
    for rect in beside.into_iter().filter(Rect::is_positive) {
        ui.painter().rect_filled(rect, 0.0, colour);
    }
}

/// A small text in the corner.
fn badge(ui: &Ui, place: Rect, text: &str) {
    let colours = theme::palette(ui);
    let font = egui::TextStyle::Monospace.resolve(ui.style());
    let galley = ui.painter().layout_no_wrap(text.to_owned(), font, colours.ink);
    let size = galley.size() + Vec2::splat(UNIT);
    let rect = Align2::RIGHT_TOP.align_size_within_rect(size, place);
    ui.painter().rect_filled(rect, UNIT / 2.0, colours.panel.gamma_multiply(0.85));
    ui.painter().galley(rect.min + Vec2::splat(UNIT / 2.0), galley, colours.ink);
}

/// The one line that a newcomer needs.
fn hint(ui: &Ui, place: Rect) {
    let colours = theme::palette(ui);
    let font = egui::TextStyle::Body.resolve(ui.style());
    let text = format!("Drag a slider  {}", ICON_ARROW_FORWARD.codepoint);
    let galley = ui.painter().layout_no_wrap(text, font, colours.on_accent);
    let size = galley.size() + Vec2::new(3.0 * UNIT, 1.5 * UNIT);
    let rect = Align2::RIGHT_TOP.align_size_within_rect(size, place);
    ui.painter().rect_filled(rect, size.y / 2.0, colours.accent);
    let corner = rect.center() - galley.size() / 2.0;
    ui.painter().galley(corner, galley, colours.on_accent);
}

/// Why there is no picture, where the picture would be.
fn failed(ui: &mut Ui, place: Rect, error: &str, context: &mut TabContext) {
    let width = place.width().min(60.0 * UNIT);
    let inner = Rect::from_center_size(place.center(), Vec2::new(width, 16.0 * UNIT));
    ui.scope_builder(UiBuilder::new().max_rect(inner), |ui| {
        ui.vertical_centered(|ui| {
            let bad = theme::palette(ui).bad;
            ui.label(RichText::new("The picture could not be drawn").heading());
            ui.label(RichText::new(error).color(bad));
            if ui.button("Try again").on_hover_text("Draw the same latent again").clicked() {
                context.commands.push(AppCommand::Retry);
            }
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_under_the_pointer_stays_there() {
        let fitted = Rect::from_min_size(Pos2::new(100.0, 50.0), Vec2::splat(400.0));
        let mut view = View::default();
        assert_eq!(view.rect(fitted), fitted);
        let pointer = Pos2::new(250.0, 300.0);
        for factor in [1.5, 2.0, 0.8] {
            let before = view.rect(fitted);
            let focus = (pointer - before.min) / before.size();
            view.magnify(factor, focus);
            let after = view.rect(fitted);
            let now = (pointer - after.min) / after.size();
            assert!((now - focus).length() < 1e-4, "{focus:?} became {now:?}");
        }
        view.pan(Vec2::splat(10.0));
        let rect = view.rect(fitted);
        assert!(rect.contains_rect(fitted), "the picture covers its place however far it is moved");
        view.magnify(1e-9, Vec2::splat(0.2));
        assert_eq!(view.rect(fitted), fitted);
    }
}
