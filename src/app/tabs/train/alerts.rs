//! What ails the run: the doctor's findings with their reasons, and what went wrong by the way.

use eframe::egui::{Label, RichText, ScrollArea, Ui};
use egui_material_icons::icons::{ICON_STETHOSCOPE, ICON_WARNING};

use super::TabContext;
use crate::app::theme::{self, UNIT};
use crate::app::train::{self, Run};

/// Whether there is something to tell.
pub fn has_any(run: &Run) -> bool {
    !run.alerts.is_empty() || !run.warnings.is_empty()
}

/// Draws the list, the newest first.
pub fn show(ui: &mut Ui, context: &mut TabContext) {
    let Some(run) = context.state.train.shown() else { return };
    let colours = theme::palette(ui);
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = UNIT / 2.0;
        for alert in &run.alerts {
            ui.horizontal(|ui| {
                ui.label(ICON_STETHOSCOPE.rich_text().size(16.0).color(colours.bad));
                ui.label(RichText::new(train::title(alert.ailment)).strong());
                let kimg = run.curves.kimg_of(alert.step);
                let at = kimg.map_or_else(String::new, |kimg| format!("{kimg:.1} kimg, "));
                ui.weak(format!("{at}step {}", alert.step));
            });
            ui.add(Label::new(&alert.evidence).wrap());
            ui.add(Label::new(RichText::new(&alert.advice).color(colours.faint)).wrap());
            ui.add_space(UNIT / 2.0);
        }
        for warning in &run.warnings {
            ui.horizontal_top(|ui| {
                ui.label(ICON_WARNING.rich_text().size(16.0).color(colours.bad));
                ui.add(Label::new(warning).wrap());
            });
        }
    });
}
