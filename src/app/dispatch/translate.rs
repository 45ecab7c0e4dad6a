//! What the tab Translate asks for.

use std::path::PathBuf;
use std::sync::Arc;

use image::RgbImage;

use super::undone;
use crate::app::command::{Action, TranslateCommand};
use crate::app::translate::{Canvas, Taking, Templates, Tool};
use crate::app::window::App;
use crate::error::{Error, Result};
use crate::picture;
use crate::worker::Lane;

/// How much larger or smaller a key makes the brush.
const SIZE_STEP: f32 = 1.25;

impl App {
    /// Does what the tab Translate asked for.
    pub(super) fn translate(&mut self, command: TranslateCommand) -> Result<()> {
        let translate = &mut self.state.translate;
        match command {
            TranslateCommand::Press(at) => translate.press(at),
            TranslateCommand::Drag(places) => {
                translate.change(|canvas| places.into_iter().for_each(|place| canvas.drag(place)));
            }
            TranslateCommand::Release => {
                translate.change(Canvas::release);
            }
            TranslateCommand::SetSize(size) => translate.set_size(size),
            TranslateCommand::SetColour(colour) => {
                translate.colour = colour;
                if translate.tool == Tool::Eraser {
                    translate.tool = Tool::Brush;
                }
            }
            TranslateCommand::Template(number) => {
                if let Templates::Here(pictures) = &translate.templates
                    && let Some(template) = pictures.get(number).cloned()
                {
                    let label = format!("Template {}", number + 1);
                    translate.change(|canvas| canvas.replace(template, label));
                }
            }
            TranslateCommand::Take(path) => {
                let model = self.state.translator().ok_or_else(no_translator)?;
                let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
                let taking = Taking::File(name.into_owned());
                return self.workers.take_picture(model, path, taking);
            }
            TranslateCommand::Paste(image) => {
                let model = self.state.translator().ok_or_else(no_translator)?;
                return self.workers.take_pasted(model, image);
            }
            TranslateCommand::SetSeed(seed) => translate.seed = seed,
            TranslateCommand::SetSeveral(several) => translate.shows_several = several,
            TranslateCommand::Retry => {
                translate.error = None;
                self.workers.renderer.forget(Lane::Picture);
            }
            TranslateCommand::SavePairTo(path) => return self.save_pair(path),
            TranslateCommand::SaveFilmTo(path) => return self.save_film(path),
        }
        Ok(())
    }

    /// The actions of the tab Translate.
    pub(super) fn act_on_drawing(&mut self, action: Action) -> Result<()> {
        let translate = &mut self.state.translate;
        match action {
            Action::Brush => translate.tool = Tool::Brush,
            Action::Eraser => translate.tool = Tool::Eraser,
            Action::Line => translate.tool = Tool::Line,
            Action::Fill => translate.tool = Tool::Fill,
            Action::Smaller | Action::Larger => {
                let factor = if action == Action::Larger { SIZE_STEP } else { 1.0 / SIZE_STEP };
                translate.set_size(translate.size_in_use() * factor);
            }
            Action::Mirror => translate.is_mirrored = !translate.is_mirrored,
            Action::Clear => {
                translate.change(Canvas::clear);
            }
            Action::Noise => {
                let has_noise =
                    self.state.translator().is_some_and(|model| model.spec().has_noise());
                if !has_noise {
                    let why = "this model has no dropout: it has one answer to every drawing";
                    return Err(Error::bad_setting("Noise", why));
                }
                let translate = &mut self.state.translate;
                translate.is_noisy = !translate.is_noisy;
            }
            Action::Another => translate.seed = translate.seed.wrapping_add(1),
            _ => {}
        }
        Ok(())
    }

    /// Takes a step of the drawing back, or does it again.
    pub(super) fn undo_drawing(&mut self, is_undo: bool) {
        let translate = &mut self.state.translate;
        let canvas = translate.canvas.as_ref();
        let label = match is_undo {
            true => canvas.and_then(Canvas::undo_label),
            false => canvas.and_then(Canvas::redo_label),
        };
        let said = undone(label, is_undo);
        translate.change(|canvas| if is_undo { canvas.undo() } else { canvas.redo() });
        self.say(said);
    }

    /// The answers as one picture.
    fn answer(&self) -> Result<RgbImage> {
        match self.state.translate.answers.as_slice() {
            [] => Err(Error::bad_setting("Save", "there is no answer yet; draw something first")),
            [answer] => Ok(answer.clone()),
            answers => {
                let columns = picture::square_columns(answers.len());
                Ok(picture::together(answers, columns))
            }
        }
    }

    /// Writes the answer.
    pub(super) fn save_answer(&mut self, path: PathBuf) -> Result<()> {
        let answer = self.answer()?;
        self.workers.save_png(Arc::new(answer), path)
    }

    fn save_pair(&mut self, path: PathBuf) -> Result<()> {
        let translate = &self.state.translate;
        let drawing = translate.canvas.as_ref().map(|canvas| canvas.pixels().to_rgb());
        let mut pair: Vec<RgbImage> = drawing.into_iter().collect();
        self.answer()?;
        pair.extend(translate.answers.iter().cloned());
        let sheet = picture::together(&pair, pair.len());
        self.workers.save_png(Arc::new(sheet), path)
    }

    fn save_film(&mut self, path: PathBuf) -> Result<()> {
        let model = self.state.translator().ok_or_else(no_translator)?;
        let translate = &self.state.translate;
        let film = translate.canvas.as_ref().map(Canvas::film).unwrap_or_default();
        if film.len() < 2 {
            let why = "nothing was drawn yet, so that there is nothing to show";
            return Err(Error::bad_setting("Save film", why));
        }
        let seed = translate.seeds().first().copied();
        self.workers.save_film(model, self.device, film, seed, path)
    }
}

fn no_translator() -> Error {
    let why =
        "open a model that makes pictures from pictures first, such as the bundled sketch2face";
    Error::bad_setting("Translate", why)
}
