//! What the workers have to tell the tab Translate, and what it asks them for.

use std::path::PathBuf;
use std::sync::Arc;

use eframe::egui::Context;

use crate::app::settings::Enlarge;
use crate::app::shown::{Shown, Side};
use crate::app::translate::{Canvas, Taking, Templates};
use crate::app::window::App;
use crate::app::{tabs, workers};
use crate::disk;
use crate::worker::{Given, Lane, RenderRequest, Rendered};

impl App {
    /// Takes in what the jobs of the tab Translate have to tell.
    pub(super) fn hear_translate(&mut self, ctx: &Context) {
        if let Some((taking, result)) = workers::finished(&mut self.workers.translate.taking) {
            match (result, taking) {
                // Whoever began to draw at once keeps that.
                (Ok(intake), Taking::Left) => {
                    let pixels = Arc::new(intake.pixels);
                    self.state.translate.change(|canvas| {
                        if canvas.is_empty() {
                            canvas.replace(pixels, "As it was left".into());
                        }
                    });
                }
                (Err(error), Taking::Left) => tracing::info!("the drawing of before: {error}"),
                (Ok(intake), taking) => {
                    let name = match taking {
                        Taking::File(name) => name,
                        _ => "the clipboard".into(),
                    };
                    let pixels = Arc::new(intake.pixels);
                    let label = format!("Picture from {name}");
                    self.state.translate.change(|canvas| canvas.replace(pixels, label));
                    self.state.translate.doubt = intake.doubt.map(|why| format!("{name}: {why}"));
                    self.state.show_tab(tabs::TRANSLATE);
                }
                (Err(error), _) => self.tell(ctx, Err(error)),
            }
        }
        if let Some((model, result)) = workers::finished(&mut self.workers.translate.templates)
            && self.state.model.as_ref().is_some_and(|open| open.id == model)
        {
            self.state.translate.templates = match result {
                Ok(pictures) => {
                    self.screen.templates.clear();
                    for pixels in &pictures {
                        let mut shown = Shown::default();
                        shown.set(ctx, Side::Small, &pixels.to_rgb(), Enlarge::Smooth);
                        self.screen.templates.push(shown);
                    }
                    Templates::Here(pictures.into_iter().map(Arc::new).collect())
                }
                Err(error) => Templates::Failed(error.to_string()),
            };
        }
        if let Some((path, result)) = workers::finished(&mut self.workers.translate.film) {
            match result {
                Ok(frames) => {
                    let text = format!("Saved {}: {frames} frames", path.display());
                    self.announce(ctx, text, false);
                }
                Err(error) => self.tell(ctx, Err(error)),
            }
        }
    }

    /// Gets the tab ready for the model that has come on screen.
    pub(super) fn ready_to_translate(&mut self, ctx: &Context, is_new: bool) {
        let Some(model) = self.state.model.as_ref().filter(|model| model.spec().takes_pictures())
        else {
            return;
        };
        let info = model.file.info();
        self.state.translate.adopt(model.name(), &info.spec, info.input.as_ref());
        if !is_new {
            return;
        }
        let is_left = self.state.settings.translate.drawing_of == model.name();
        if let Some(path) = self.drawing_path().filter(|_| is_left)
            && self.state.translate.canvas.as_ref().is_some_and(Canvas::is_empty)
        {
            let begun = self.workers.take_picture(model, path, Taking::Left);
            self.tell(ctx, begun);
        }
        let Some(model) = self.state.translator() else { return };
        self.screen.templates.clear();
        let begun = self.workers.read_templates(model);
        self.state.translate.templates = match begun {
            Ok(true) => Templates::Awaited,
            Ok(false) => Templates::None,
            Err(error) => {
                self.tell(ctx, Err(error));
                Templates::None
            }
        };
    }

    /// Where the drawing is kept between two starts, if anything is.
    fn drawing_path(&self) -> Option<PathBuf> {
        Some(self.settings_path.as_ref()?.with_file_name("drawing.png"))
    }

    /// Keeps the drawing for the next start.
    pub(in crate::app) fn keep_drawing(&mut self) {
        let translate = &self.state.translate;
        let (Some(path), Some(canvas)) = (self.drawing_path(), &translate.canvas) else { return };
        if canvas.is_empty() || self.saved_drawing == translate.revision {
            return;
        }
        let kept = canvas.pixels().to_png().and_then(|png| disk::write_atomic(&path, &png));
        if let Err(error) = kept {
            // Said once for each drawing; a window that cannot remember still works.
            tracing::warn!("the drawing is not kept: {error}");
        }
        self.saved_drawing = translate.revision;
    }

    /// Asks for answers to the drawing. Returns how many were asked for that may come within the frame.
    pub(super) fn ask_for_answer(&mut self, ctx: &Context) -> usize {
        let Some(model) = self.state.translator().map(|model| model.id) else { return 0 };
        let translate = &mut self.state.translate;
        let Some(canvas) = &translate.canvas else { return 0 };
        if self.screen.canvas_of != Some(translate.revision) {
            // What is drawn shows every pixel: where the brush is, there the paint is.
            self.screen.canvas.set(ctx, Side::Large, &canvas.pixels().to_rgb(), Enlarge::Crisp);
            self.screen.canvas_of = Some(translate.revision);
        }
        if canvas.is_empty() {
            // Nothing to answer, and an answer that is still to come is to nothing.
            translate.answers.clear();
            self.workers.renderer.forget(Lane::Picture);
            return 0;
        }
        let given = Given::Picture { input: canvas.pixels().clone(), seeds: translate.seeds() };
        let asked = self.state.pacing.input_time();
        let request = RenderRequest { model, given };
        usize::from(self.workers.renderer.request(Lane::Picture, request, asked))
    }

    /// Shows answers.
    pub(super) fn answered(&mut self, ctx: &Context, rendered: Rendered) {
        let translate = &mut self.state.translate;
        if translate.canvas.as_ref().is_none_or(Canvas::is_empty) {
            return;
        }
        match rendered.result {
            Ok(pictures) => {
                translate.error = None;
                let enlarge = self.state.settings.enlarge;
                self.screen.answers.resize_with(pictures.len(), Default::default);
                for (shown, picture) in self.screen.answers.iter_mut().zip(&pictures) {
                    shown.set(ctx, Side::Large, picture, enlarge);
                }
                translate.answers = pictures;
                self.network_millis += 0.2 * (rendered.millis - self.network_millis);
                self.state.pacing.shows_picture_of(rendered.asked);
            }
            Err(error) => translate.error = Some(error.to_string()),
        }
    }
}
