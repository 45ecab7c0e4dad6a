//! The sweep sheet: rows are faces, columns are values of one dimension.

use std::sync::Arc;

use eframe::egui::{
    self, Checkbox, Color32, DragValue, Grid, Pos2, ProgressBar, Rect, Sense, Ui, Vec2, Window,
};
use image::RgbImage;

use super::TabContext;
use crate::app::command::AppCommand;
use crate::app::explore::Explore;
use crate::app::shelf::Shelf;
use crate::app::theme::{self, UNIT};
use crate::discover::sweep_values;
use crate::latent::Latent;

/// Largest sheet that can be asked for here.
const MAX_ROWS: usize = 32;
const MAX_COLUMNS: usize = 25;

/// What a sheet shows. Equal plans give equal sheets.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepPlan {
    /// The dimension.
    pub dim: usize,
    /// Its values, left to right, before truncation.
    pub values: Vec<f32>,
    /// The truncated midpoints, top to bottom.
    pub midpoints: Vec<Latent>,
    /// The values after truncation.
    pub shown: Vec<f32>,
    /// Whether the values stand above the columns, and the names before the rows.
    pub labels: bool,
    /// Names of the midpoints.
    pub names: Vec<String>,
}

/// The dialog.
#[derive(Debug, Clone)]
pub struct SweepState {
    /// Whether it is open.
    pub open: bool,
    /// Follow the selected dimension, or stay with this one.
    pub dim: usize,
    /// Columns.
    pub columns: usize,
    /// Rows with faces of seeds.
    pub rows: usize,
    /// First of those seeds.
    pub seed: u64,
    /// A row with the present latent comes first.
    pub with_present: bool,
    /// The chosen faces of the library have a row each.
    pub with_chosen: bool,
    /// Values stand above the columns, names before the rows.
    pub labels: bool,
    /// The newest sheet, and the plan it was drawn by.
    pub sheet: Option<(SweepPlan, Arc<RgbImage>)>,
    /// How far the next one is.
    pub progress: Option<f32>,
    /// Why there is none.
    pub error: Option<String>,
}

impl Default for SweepState {
    fn default() -> Self {
        Self {
            open: false,
            dim: 0,
            columns: 7,
            rows: 4,
            seed: 1,
            with_present: true,
            with_chosen: false,
            labels: true,
            sheet: None,
            progress: None,
            error: None,
        }
    }
}

impl SweepState {
    /// What to draw, as the dialog stands.
    pub fn plan(&self, explore: &Explore, shelf: &Shelf) -> SweepPlan {
        let prior = explore.prior();
        let present = self.with_present.then(|| ("now".to_owned(), explore.latent.clone()));
        let chosen = shelf.found().iter().filter(|entry| {
            let fits = entry.latent.dims() == explore.dims();
            self.with_chosen && fits && shelf.chosen.contains(&entry.id)
        });
        let chosen = chosen.take(MAX_ROWS).map(|e| (e.name.clone(), e.latent.clone()));
        let seeded = (0..self.rows as u64).map(|row| {
            let seed = self.seed.wrapping_add(row);
            (format!("seed {seed}"), prior.from_seed(explore.dims(), seed))
        });
        let rows = present.into_iter().chain(chosen).chain(seeded);
        let (names, midpoints): (Vec<String>, Vec<Latent>) = rows.unzip();
        let values = sweep_values(self.columns, prior.slider_range());
        SweepPlan {
            dim: self.dim,
            // The present latent's own value of the dimension does not matter: every column has its own.
            midpoints: midpoints
                .into_iter()
                .map(|z| z.truncated(explore.psi).with(self.dim, 0.0))
                .collect(),
            names,
            shown: values.iter().map(|value| value * explore.psi).collect(),
            values,
            labels: self.labels,
        }
    }
}

/// Draws the dialog, if it is open.
pub fn show(ctx: &egui::Context, context: &mut TabContext) {
    if !context.state.explore.sweep.open {
        return;
    }
    let mut open = true;
    let screen = ctx.content_rect();
    Window::new("Sweep sheet")
        .open(&mut open)
        .default_size(Vec2::new(70.0 * UNIT, 60.0 * UNIT))
        .max_size(screen.size() - Vec2::splat(4.0 * UNIT))
        .constrain(true)
        .show(ctx, |ui| {
            settings(ui, context);
            preview(ui, context);
        });
    context.state.explore.sweep.open &= open;
}

fn settings(ui: &mut Ui, context: &mut TabContext) {
    let last = context.state.explore.dims().saturating_sub(1);
    let sweep = &mut context.state.explore.sweep;
    Grid::new("sweep settings").num_columns(4).spacing(Vec2::splat(UNIT)).show(ui, |ui| {
        let label = ui.label("Dimension").id;
        ui.add(DragValue::new(&mut sweep.dim).range(0..=last).speed(0.1)).labelled_by(label);
        let label = ui.label("Columns").id;
        let columns = DragValue::new(&mut sweep.columns).range(2..=MAX_COLUMNS).speed(0.1);
        ui.add(columns).labelled_by(label);
        ui.end_row();
        let label = ui.label("Rows").id;
        ui.add(DragValue::new(&mut sweep.rows).range(0..=MAX_ROWS).speed(0.1)).labelled_by(label);
        let label = ui.label("First seed").id;
        ui.add(DragValue::new(&mut sweep.seed).speed(0.1)).labelled_by(label);
        ui.end_row();
    });
    ui.horizontal(|ui| {
        ui.add(Checkbox::new(&mut sweep.with_present, "The present face first"));
        ui.add(Checkbox::new(&mut sweep.labels, "Names and values at the edges"));
    });
    let chosen = context.state.shelf.chosen.len();
    let words = match chosen {
        1 => "The chosen face of the library".to_owned(),
        count => format!("The {count} chosen faces of the library"),
    };
    let about = "A row for each face that is chosen in the library; Ctrl and Shift choose several";
    ui.add(Checkbox::new(&mut sweep.with_chosen, words)).on_hover_text(about);
    if sweep.rows == 0 && !(sweep.with_chosen && chosen > 0) {
        sweep.with_present = true;
    }
    ui.horizontal(|ui| {
        let is_ready = sweep.sheet.is_some() && sweep.progress.is_none() && sweep.error.is_none();
        let colours = theme::palette(ui);
        let words = egui::RichText::new("Export PNG…").color(colours.on_accent);
        let button = egui::Button::new(words).fill(colours.accent);
        let response = ui.add_enabled(is_ready, button).accessible_name("Export PNG");
        if response.on_hover_text("Write the sheet to a PNG file").clicked() {
            context.commands.push(AppCommand::SaveSheet);
        }
        match sweep.progress {
            Some(progress) => {
                ui.add(ProgressBar::new(progress).desired_width(20.0 * UNIT));
                if ui.button("Cancel").on_hover_text("Stop drawing the sheet").clicked() {
                    context.commands.push(AppCommand::Cancel);
                }
            }
            None => {
                if let Some((_, sheet)) = &sweep.sheet {
                    ui.weak(format!("{} × {} pixels", sheet.width(), sheet.height()));
                }
            }
        }
    });
}

fn preview(ui: &mut Ui, context: &mut TabContext) {
    let size = ui.available_size().max(Vec2::splat(20.0 * UNIT));
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    let colours = theme::palette(ui);
    ui.painter().rect_filled(rect, UNIT / 2.0, colours.ground);
    if let Some(error) = &context.state.explore.sweep.error {
        let font = egui::TextStyle::Body.resolve(ui.style());
        let galley = ui.painter().layout(error.clone(), font, colours.bad, size.x - 4.0 * UNIT);
        let corner = rect.center() - galley.size() / 2.0;
        ui.painter().galley(corner, galley, colours.bad);
        return;
    }
    let Some(texture) = context.screen.sheet.texture() else { return };
    let [width, height] = context.screen.sheet.size();
    let picture = Vec2::new(width as f32, height as f32);
    let fitted = picture * ((rect.size() - Vec2::splat(UNIT)) / picture).min_elem();
    let uv = Rect::from_min_max(Pos2::ZERO, Pos2::new(1.0, 1.0));
    let place = Rect::from_center_size(rect.center(), fitted);
    ui.painter().image(texture.id(), place, uv, Color32::WHITE);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::latent::Prior;

    #[test]
    fn a_plan_has_a_row_for_each_face() {
        let shelf = Shelf::default();
        let mut explore = Explore::new(8, Prior::Normal, 3);
        explore.set_psi(0.5);
        let sweep = SweepState { dim: 2, ..SweepState::default() };
        let plan = sweep.plan(&explore, &shelf);
        assert_eq!(plan.midpoints.len(), 5);
        assert_eq!(plan.names, ["now", "seed 1", "seed 2", "seed 3", "seed 4"]);
        assert_eq!(plan.midpoints[0].get(1), explore.latent.get(1) * 0.5);
        assert_eq!(plan.values, sweep_values(7, 3.0));
        assert_eq!(plan.shown[0], -1.5);
        explore.set_value(2, 1.0);
        assert_eq!(
            sweep.plan(&explore, &shelf),
            plan,
            "the swept dimension's own value does not matter"
        );
        explore.set_value(1, 1.0);
        assert_ne!(sweep.plan(&explore, &shelf), plan);
    }
}
