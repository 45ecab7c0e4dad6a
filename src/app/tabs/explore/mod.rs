//! The tab Explore: the picture, its strip, a slider for every dimension, and what can be done.

mod actions;
mod picture;
mod rail;
mod sliders;
mod strip;
mod sweep;

use eframe::egui::{CentralPanel, Frame, Margin, Panel, Ui};

pub use picture::View;
pub use rail::Rail;
pub use strip::{STRIP, StripState, strip_latents, strip_values};
pub use sweep::{SweepPlan, SweepState};

use super::TabContext;
use crate::app::shelf;
use crate::app::theme::UNIT;

/// Draws the tab.
pub fn show(ui: &mut Ui, context: &mut TabContext) {
    if super::refuses(ui, context) {
        return;
    }
    let width = ui.available_width();
    // The window is cleared with the panels' colour: painting it again would only cost.
    let panel = Frame::new().inner_margin(Margin::same(UNIT as i8));
    Panel::right("dimensions")
        .resizable(true)
        .default_size((width * 0.32).clamp(42.0 * UNIT, 60.0 * UNIT))
        .size_range(40.0 * UNIT..=(width * 0.5).max(40.0 * UNIT))
        .frame(panel)
        .show(ui, |ui| {
            Panel::bottom("actions")
                .resizable(false)
                .frame(Frame::new().inner_margin(Margin { top: UNIT as i8, ..Margin::ZERO }))
                .show(ui, |ui| actions::show(ui, context));
            CentralPanel::no_frame().show(ui, |ui| sliders::show(ui, context));
        });
    Panel::bottom("shelf")
        .resizable(false)
        .exact_size(shelf::height(ui.available_size()))
        .frame(panel)
        .show(ui, |ui| shelf::strip(ui, context));
    Panel::bottom("strip")
        .resizable(false)
        .exact_size(strip::height(ui.available_size()))
        .frame(panel)
        .show(ui, |ui| strip::show(ui, context));
    CentralPanel::default().frame(Frame::NONE).show(ui, |ui| picture::show(ui, context));
    sweep::show(ui.ctx(), context);
}
