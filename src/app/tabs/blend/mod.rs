//! The tab Blend: arithmetic with kept faces. Operands and results stand in one row; grids between
//! corners are pages of their own.

mod detail;
mod formula;
mod grid;
mod operations;
mod row;
mod tiles;

use eframe::egui::{CentralPanel, Frame, Margin, Panel, Ui};

use super::TabContext;
use crate::app::blend::Page;
use crate::app::command::{AppCommand, BlendCommand};
use crate::app::shelf;
use crate::app::theme::UNIT;

/// Draws the tab.
pub fn show(ui: &mut Ui, context: &mut TabContext) {
    if super::refuses(ui, context) {
        return;
    }
    let width = ui.available_width();
    let panel = Frame::new().inner_margin(Margin::same(UNIT as i8));
    Panel::right("kept faces")
        .resizable(true)
        .default_size((width * 0.27).clamp(30.0 * UNIT, 50.0 * UNIT))
        .size_range(28.0 * UNIT..=(width * 0.5).max(28.0 * UNIT))
        .frame(panel)
        .show(ui, |ui| shelf::panel(ui, context));
    CentralPanel::default().frame(panel).show(ui, |ui| {
        pages(ui, context);
        if context.state.shelf.library.is_none() {
            ui.centered_and_justified(|ui| ui.weak("Opening the library…"));
            return;
        }
        match context.state.blend.inputs.page {
            Page::Row => {
                operations::show(ui, context);
                formula::show(ui, context);
                row::show(ui, context);
                detail::show(ui, context);
            }
            Page::Grid | Page::Analogy => grid::show(ui, context),
        }
    });
}

fn pages(ui: &mut Ui, context: &mut TabContext) {
    // Wrapped: a line that is too long would widen the page under its neighbours.
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = UNIT / 2.0;
        for page in Page::ALL {
            let about = match page {
                Page::Row => "Operands and results side by side",
                Page::Grid => "Everything between four faces, one in each corner",
                Page::Analogy => "A grid whose fourth corner follows from three: C + (B − A)",
            };
            let is_shown = context.state.blend.inputs.page == page;
            if ui.selectable_label(is_shown, page.title()).on_hover_text(about).clicked() {
                context.commands.push(AppCommand::Blend(BlendCommand::SetPage(page)));
            }
        }
        if context.state.blend.inputs.page != Page::Row {
            ui.separator();
            grid::settings(ui, context);
        }
    });
}
