//! The run's sheet: pictures from latents that never change, and a slider through all earlier ones.

use eframe::egui::{Color32, Pos2, Rect, RichText, Role, Sense, Slider, Ui, Vec2, WidgetInfo};

use super::TabContext;
use super::want;
use crate::app::command::TrainCommand;
use crate::app::theme::{self, UNIT};

/// Draws the sheet and the slider under it.
pub fn show(ui: &mut Ui, context: &mut TabContext) {
    let Some(run) = context.state.train.shown() else { return };
    let colours = theme::palette(ui);
    let foot = 5.0 * UNIT;
    let size = ui.available_size() - Vec2::new(0.0, foot + UNIT);
    let (place, response) =
        ui.allocate_exact_size(size.max(Vec2::splat(8.0 * UNIT)), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, "Preview"));
    let previews = &run.previews;
    let is_here = context.screen.preview_of.as_ref().map(|(path, _)| path.as_path())
        == previews.sheet().map(|sheet| sheet.path.as_path());
    match context.screen.preview.texture().filter(|_| is_here || !previews.is_empty()) {
        Some(texture) if !previews.is_lost() => {
            let [width, height] = context.screen.preview.size();
            let sheet = Vec2::new(width as f32, height as f32);
            let fitted = sheet * (place.size() / sheet).min_elem();
            let rect = Rect::from_center_size(place.center(), fitted);
            let uv = Rect::from_min_max(Pos2::ZERO, Pos2::new(1.0, 1.0));
            ui.painter().image(texture.id(), rect, uv, Color32::WHITE);
        }
        _ => {
            ui.painter().rect_filled(place, UNIT / 2.0, colours.ground);
            let words = match (previews.is_lost(), previews.is_empty(), run.phase.is_running()) {
                (true, ..) => "This sheet cannot be read any more.",
                (_, true, true) => {
                    "The first pictures come after the first epoch, when every picture was seen once."
                }
                (_, true, false) => "This run has no sheets.",
                _ => "Reading the sheet…",
            };
            super::words(ui, place, words, colours.faint);
        }
    }
    let count = previews.len();
    let mut at = previews.at();
    let images = previews.sheet().map(|sheet| sheet.images as f64 / 1e3);
    let follows = previews.follows();
    ui.horizontal(|ui| {
        let text = match images {
            Some(kimg) => format!("{kimg:>8.1} kimg"),
            None => "     no sheet".into(),
        };
        ui.label(RichText::new(text).monospace().color(colours.faint))
            .on_hover_text("Thousands of real pictures shown before this sheet was drawn");
        let is_newest = ui.add_enabled_ui(count > 0, |ui| {
            ui.selectable_label(follows, "Newest")
                .on_hover_text("Follow the run: show each new sheet")
        });
        if is_newest.inner.clicked() && count > 0 {
            want(context, TrainCommand::GoToSheet(count - 1));
        }
        ui.spacing_mut().slider_width = (ui.available_width() - UNIT).max(4.0 * UNIT);
        let slider = Slider::new(&mut at, 0..=count.saturating_sub(1).max(1)).show_value(false);
        let response = ui
            .add_enabled(count > 1, slider)
            .accessible_name("Sheet")
            .on_hover_text("Go through all sheets of the run, from the first to the newest");
        if response.changed() && at < count {
            want(context, TrainCommand::GoToSheet(at));
        }
    });
}
