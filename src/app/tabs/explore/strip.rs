//! The strip under the picture: the selected dimension from one end of its slider to the other.

use eframe::egui::{
    Align2, Color32, CursorIcon, Pos2, Rect, Role, Sense, StrokeKind, TextStyle, Ui, Vec2,
    WidgetInfo,
};
use image::RgbImage;

use super::TabContext;
use crate::app::command::AppCommand;
use crate::app::explore::Explore;
use crate::app::theme::{self, UNIT};
use crate::discover::sweep_values;
use crate::latent::{Latent, Prior};

/// Pictures in the strip: −3σ, −2σ, … +3σ.
pub const STRIP: usize = 7;

/// What the strip shows.
#[derive(Debug, Clone, Default)]
pub struct StripState {
    /// The newest pictures, left to right.
    pub pictures: Vec<RgbImage>,
    /// Why there are no newer ones.
    pub error: Option<String>,
}

/// Height of the strip in a place of this size.
pub fn height(place: Vec2) -> f32 {
    let by_width = (place.x - 46.0 * UNIT) / STRIP as f32 + 4.0 * UNIT;
    by_width.clamp(11.0 * UNIT, 18.0 * UNIT).min(place.y * 0.25).max(9.0 * UNIT)
}

/// The values of the strip, left to right.
pub fn strip_values(prior: Prior) -> Vec<f32> {
    sweep_values(STRIP, prior.slider_range())
}

/// The latents of the strip. They do not depend on the selected dimension's own value, so that the
/// strip stands still while that is dragged.
pub fn strip_latents(explore: &Explore) -> Vec<Latent> {
    let latent = &explore.latent;
    let at = |value: f32| latent.with(explore.selected, value).truncated(explore.psi);
    strip_values(explore.prior()).into_iter().map(at).collect()
}

/// Draws the strip; a click takes a picture's value.
pub fn show(ui: &mut Ui, context: &mut TabContext) {
    let explore = &context.state.explore;
    let dim = explore.selected;
    let now = explore.latent.get(dim);
    let values = strip_values(explore.prior());
    let colours = theme::palette(ui);
    let place = ui.available_rect_before_wrap();
    let font = TextStyle::Monospace.resolve(ui.style());
    let label_height = 2.0 * UNIT + 2.0;
    let title_width = 6.0 * UNIT;
    let gap = UNIT / 2.0;
    let side = ((place.width() - title_width) / STRIP as f32 - gap)
        .min(place.height() - label_height)
        .max(UNIT);
    let all = title_width + STRIP as f32 * (side + gap) - gap;
    let left = place.center().x - (all + title_width) / 2.0;
    let left = left.max(place.left()) + title_width;
    let top = place.center().y - (side + label_height) / 2.0;
    let step = values.get(1).map_or(1.0, |second| second - values[0]);
    ui.painter().text(
        Pos2::new(left - UNIT, top + side / 2.0),
        Align2::RIGHT_CENTER,
        format!("z{dim}"),
        font.clone(),
        colours.accent,
    );
    if let Some(error) = &explore.strip.error {
        let faint = colours.faint;
        ui.painter().text(place.center(), Align2::CENTER_CENTER, error, font, faint);
        return;
    }
    let mut clicked = None;
    for (i, value) in values.iter().enumerate() {
        let corner = Pos2::new(left + i as f32 * (side + gap), top);
        let rect = Rect::from_min_size(corner, Vec2::splat(side));
        let target = rect.with_max_y(rect.bottom() + label_height);
        let name = format!("set dimension {dim} to {value:.1}");
        let response = ui.interact(target, ui.scope_id().with(("strip", i)), Sense::click());
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
        let response = response.on_hover_cursor(CursorIcon::PointingHand);
        match context.screen.strip.get(i).and_then(|shown| shown.texture().zip(Some(shown.size())))
        {
            Some((texture, [width, height])) => {
                let size = Vec2::new(width as f32, height as f32);
                let fitted = size * (side / size.max_elem().max(1.0));
                let picture = Rect::from_center_size(rect.center(), fitted);
                let uv = Rect::from_min_max(Pos2::ZERO, Pos2::new(1.0, 1.0));
                ui.painter().image(texture.id(), picture, uv, Color32::WHITE);
            }
            None => {
                ui.painter().rect_filled(rect, 2.0, colours.raised);
            }
        }
        let is_near = (now - value).abs() <= step / 2.0;
        theme::outline(ui, &response, rect, is_near, StrokeKind::Outside);
        let ink = if is_near { colours.accent } else { colours.faint };
        let below = Pos2::new(rect.center().x, rect.bottom() + label_height / 2.0 + 1.0);
        ui.painter().text(below, Align2::CENTER_CENTER, label(*value), font.clone(), ink);
        if response.on_hover_text(format!("Set z{dim} to {}", label(*value))).clicked() {
            clicked = Some(*value);
        }
    }
    if let Some(value) = clicked {
        context.commands.push(AppCommand::SetValue { dim, value });
    }
}

/// `−3`, `0`, `+1.5`.
fn label(value: f32) -> String {
    match value {
        0.0 => "0".into(),
        v if v < 0.0 => format!("−{}", -v),
        v => format!("+{v}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strip_stands_still_while_its_dimension_is_dragged() {
        let mut explore = Explore::new(8, Prior::Normal, 1);
        explore.set_value(3, 0.5);
        let before = strip_latents(&explore);
        assert_eq!(
            before.iter().map(|z| z.get(3)).collect::<Vec<_>>(),
            strip_values(Prior::Normal)
        );
        explore.set_value(3, -1.5);
        assert_eq!(strip_latents(&explore), before);
        explore.set_value(4, -1.5);
        assert_ne!(strip_latents(&explore), before);
    }

    #[test]
    fn labels_are_short() {
        let labels: Vec<String> = strip_values(Prior::Normal).into_iter().map(label).collect();
        assert_eq!(labels, ["−3", "−2", "−1", "0", "+1", "+2", "+3"]);
        let labels: Vec<String> = strip_values(Prior::Uniform).into_iter().map(label).collect();
        assert_eq!(labels, ["−1.5", "−1", "−0.5", "0", "+0.5", "+1", "+1.5"]);
    }
}
