//! Pictures of the blend: what is asked for, and what comes.

use eframe::egui::Context;
use image::{Rgb, RgbImage};

use crate::app::blend::{Cell, Drawn, Page};
use crate::app::settings::Enlarge;
use crate::app::shown::Side;
use crate::app::tabs;
use crate::app::window::App;
use crate::picture;
use crate::worker::{Lane, RenderRequest, Rendered};

impl App {
    /// Asks for the row or the grid, if the tab is shown. Returns how many pictures were asked for that
    /// may come within this frame.
    pub(super) fn ask_for_blend(&mut self) -> usize {
        let (Some(model), Some(library)) = (&self.state.model, &self.state.shelf.library) else {
            return 0;
        };
        let blend = &mut self.state.blend;
        blend.update(library);
        if self.state.tab != tabs::BLEND || library.key().dims != self.state.explore.dims() {
            return 0;
        }
        let asked = self.state.pacing.input_time();
        let renderer = &mut self.workers.renderer;
        if blend.inputs.page != Page::Row {
            let latents = blend.grid(library).unwrap_or_default();
            if latents.is_empty() {
                blend.drawn = Drawn::default();
                renderer.forget(Lane::Grid);
            } else {
                renderer.request(Lane::Grid, RenderRequest::latents(model.id, latents), asked);
            }
            // However it is drawn, no frame waits for so many.
            return 0;
        }
        let row = blend.row(library);
        let lasting: Vec<Cell> =
            blend.pictures.keys().copied().filter(|cell| blend.lasts(*cell)).collect();
        blend
            .pictures
            .retain(|cell, _| row.iter().any(|(shown, _)| shown == cell) || lasting.contains(cell));
        let (cells, latents) = blend.undrawn(row);
        if latents.is_empty() {
            return 0;
        }
        let request = RenderRequest::latents(model.id, latents);
        if blend.is_settled() && blend.error.is_none() {
            // Cells that went and came back: the same wish may have to be sent again.
            renderer.forget(Lane::Row);
        }
        if !renderer.request(Lane::Row, request.clone(), asked) {
            return 0;
        }
        let count = cells.len();
        blend.note_asked(request.given.latents().to_vec(), cells);
        count
    }

    /// Shows what was drawn for the row.
    pub(super) fn row_rendered(&mut self, ctx: &Context, rendered: Rendered) {
        let enlarge = self.state.settings.enlarge;
        let blend = &mut self.state.blend;
        let Some(cells) = blend.cells_of(rendered.given.latents()) else { return };
        match rendered.result {
            Ok(pictures) => {
                blend.error = None;
                let each = rendered.millis / pictures.len().max(1) as f32;
                self.network_millis += 0.2 * (each - self.network_millis);
                for ((cell, latent), picture) in
                    cells.into_iter().zip(rendered.given.latents()).zip(pictures)
                {
                    let is_same = blend.pictures.get(&cell).is_some_and(|(_, old)| *old == picture);
                    if !is_same || !self.screen.row.contains_key(&cell) {
                        let shown = self.screen.row.entry(cell).or_default();
                        shown.set(ctx, Side::Large, &picture, enlarge);
                    }
                    blend.pictures.insert(cell, (latent.clone(), picture));
                }
                self.state.pacing.shows_picture_of(rendered.asked);
            }
            Err(error) => blend.error = Some(error.to_string()),
        }
    }

    /// Shows what was drawn for the grid.
    pub(super) fn grid_rendered(&mut self, ctx: &Context, rendered: Rendered) {
        let blend = &mut self.state.blend;
        match rendered.result {
            Ok(pictures) => {
                blend.error = None;
                // The size may have been changed since: then the next one is on its way.
                let columns = match blend.inputs.columns * blend.inputs.rows == pictures.len() {
                    true => blend.inputs.columns,
                    false if blend.drawn.pictures.len() == pictures.len() => blend.drawn.columns,
                    false => return,
                };
                let sheet = picture::sheet(&pictures, columns, 0, Rgb([0; 3]));
                self.screen.grid.set(ctx, Side::Large, &fitting(sheet), Enlarge::Smooth);
                let latents = rendered.given.latents().to_vec();
                blend.drawn = Drawn { latents, pictures, columns };
                self.state.pacing.shows_picture_of(rendered.asked);
            }
            Err(error) => blend.error = Some(error.to_string()),
        }
    }
}

/// The sheet, made smaller if it is too large for a texture.
fn fitting(sheet: RgbImage) -> RgbImage {
    const MOST: u32 = 4096;
    let longest = sheet.width().max(sheet.height());
    if longest <= MOST {
        return sheet;
    }
    let size = |side: u32| (side * MOST / longest).max(1);
    image::imageops::thumbnail(&sheet, size(sheet.width()), size(sheet.height()))
}
