//! Pictures to start from: inputs of pairs that the network has not learnt from.

use eframe::egui::{
    Color32, Label, Pos2, Rect, RichText, Role, ScrollArea, Sense, StrokeKind, Ui, Vec2, WidgetInfo,
};

use super::{TabContext, want};
use crate::app::command::TranslateCommand;
use crate::app::theme::{self, UNIT};
use crate::app::translate::Templates;

/// Height of the strip.
pub const HEIGHT: f32 = 12.0 * UNIT;

/// Draws the strip.
pub fn show(ui: &mut Ui, context: &mut TabContext) {
    let words = match &context.state.translate.templates {
        Templates::Here(pictures) if !pictures.is_empty() => return strip(ui, context),
        Templates::Awaited => "Reading pictures to start from…".to_owned(),
        Templates::Failed(why) => format!("There are no pictures to start from: {why}"),
        Templates::Here(_) | Templates::None => {
            "Draw, drop a picture on the window, or paste one: there are no pictures to start from for \
             this model."
                .into()
        }
    };
    let text = RichText::new(words).color(theme::palette(ui).faint);
    ui.centered_and_justified(|ui| ui.add(Label::new(text).wrap()));
}

fn strip(ui: &mut Ui, context: &mut TabContext) {
    let side = ui.available_height() - UNIT;
    let uv = Rect::from_min_max(Pos2::ZERO, Pos2::new(1.0, 1.0));
    ScrollArea::horizontal().auto_shrink(false).show(ui, |ui| {
        ui.horizontal(|ui| {
            for i in 0..context.screen.templates.len() {
                let (rect, response) = ui.allocate_exact_size(Vec2::splat(side), Sense::click());
                let name = format!("Template {}", i + 1);
                response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
                if let Some(texture) = context.screen.templates[i].texture() {
                    ui.painter().image(texture.id(), rect, uv, Color32::WHITE);
                }
                theme::outline(ui, &response, rect, false, StrokeKind::Outside);
                if response.on_hover_text("Start from this picture").clicked() {
                    want(context, TranslateCommand::Template(i));
                }
            }
        });
    });
}
