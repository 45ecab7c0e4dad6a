//! What is done in the tab Blend, each a step that can be undone.

use std::path::PathBuf;
use std::sync::Arc;

use eframe::egui::{Context, OutputCommand};
use image::RgbImage;

use crate::app::blend::{Cell, LETTERS, MAX_GRID, MAX_REACH, Page, Recipe, SLOTS};
use crate::app::command::BlendCommand;
use crate::app::history::{Gesture, Note};
use crate::app::tabs;
use crate::app::window::App;
use crate::error::{Error, Result};
use crate::latent::expr::Scope;
use crate::latent::library::{EntryId, MAX_NAME, Origin};
use crate::latent::{Formula, Latent};
use crate::picture::{self, Labels};

impl App {
    /// Does it, and notes it unless it is only a way of looking.
    pub(super) fn blend(&mut self, command: BlendCommand) -> Result<()> {
        let inputs = &mut self.state.blend.inputs;
        let before = inputs.clone();
        let mut face = None;
        let (label, gesture) = match command {
            BlendCommand::Fill { slot, id } => {
                let waiting = self.state.blend.waiting.take();
                let slot = match slot.or(waiting) {
                    Some(slot) if slot < SLOTS => {
                        inputs.slots[slot] = Some(id);
                        slot
                    }
                    _ => inputs.fill_next(id),
                };
                face = Some(id);
                (format!("{} into slot {}", self.name_of(id), LETTERS[slot]), None)
            }
            BlendCommand::Clear(slot) => {
                inputs.slots[slot] = None;
                (format!("Empty slot {}", LETTERS[slot]), None)
            }
            BlendCommand::KeepInto(slot) => {
                let id = self.keep_present()?;
                return self.blend(BlendCommand::Fill { slot: Some(slot), id });
            }
            BlendCommand::Add(operation) => {
                inputs.add(Recipe::Operation(operation));
                ("Blend".into(), None)
            }
            BlendCommand::AddFormula => {
                inputs.add(Recipe::Typed(String::new()));
                self.state.blend.focus_field = true;
                ("Formula".into(), None)
            }
            BlendCommand::Type(text) => {
                if inputs.item().is_none() {
                    inputs.add(Recipe::Typed(text.clone()));
                }
                if let Some(item) = inputs.item() {
                    item.recipe = Recipe::Typed(text);
                }
                ("Formula".into(), Some(Gesture::Formula(inputs.selected)))
            }
            BlendCommand::Select(id) => {
                inputs.selected = id;
                return Ok(());
            }
            BlendCommand::Drop(id) => {
                inputs.drop_item(id);
                ("Take out a result".into(), None)
            }
            BlendCommand::SetT(t) if t.is_finite() => {
                inputs.t = t.clamp(0.0, 1.0);
                ("Mix".into(), Some(Gesture::Mix))
            }
            BlendCommand::SetT(_) => return Ok(()),
            BlendCommand::SetTypical(typical) => {
                inputs.typical = typical;
                (if typical { "Typical length" } else { "As computed" }.into(), None)
            }
            BlendCommand::SetPage(page) => {
                inputs.page = page;
                (page.title().into(), Some(Gesture::Page))
            }
            BlendCommand::SetGrid { columns, rows } => {
                inputs.columns = columns.clamp(2, MAX_GRID);
                inputs.rows = rows.clamp(2, MAX_GRID);
                (format!("Grid {} × {}", inputs.columns, inputs.rows), Some(Gesture::GridSize))
            }
            BlendCommand::SetArc(arc) => {
                inputs.arc = arc;
                (if arc { "Great arcs" } else { "Straight lines" }.into(), None)
            }
            BlendCommand::SetReach { corner, reach } => {
                if !reach.is_finite() {
                    return Ok(());
                }
                inputs.reach[corner.min(SLOTS - 1)] = reach.clamp(0.0, MAX_REACH);
                let label = format!("Pull corner {}", LETTERS[corner.min(SLOTS - 1)]);
                (label, Some(Gesture::Reach(corner)))
            }
            BlendCommand::ResetReach => {
                inputs.reach = [1.0; SLOTS];
                ("Reset corners".into(), None)
            }
            BlendCommand::Send => return self.send(),
            BlendCommand::SendCell(cell) => {
                let latent = self.grid_cell(cell)?;
                self.send_latent(latent, "Picture of a grid".into());
                return Ok(());
            }
            BlendCommand::KeepCell(cell) => return self.keep_cell(cell),
        };
        if self.state.blend.inputs == before {
            return Ok(());
        }
        let picture = self.pictured(gesture, face);
        let title = self.state.blend.selected().map(|outcome| outcome.title.clone());
        let label = match (label.as_str(), title) {
            ("Blend", Some(title)) => title,
            ("Formula", Some(title)) if !title.trim().is_empty() => title,
            _ => label,
        };
        self.state.record(Note { gesture, picture, ..Note::new(label) }, self.now);
        Ok(())
    }

    /// What the small picture of a step shows: what it has changed, of what is in sight.
    fn pictured(&mut self, gesture: Option<Gesture>, face: Option<EntryId>) -> Option<Latent> {
        let blend = &self.state.blend;
        let drawn = match (blend.inputs.page, gesture) {
            (Page::Row, _) => self.computed(),
            _ if face.is_some() => None,
            (page, gesture) => {
                let library = self.state.shelf.library.as_ref()?;
                let corner = match (page, gesture) {
                    (_, Some(Gesture::Reach(corner))) => Some(corner),
                    (Page::Analogy, Some(Gesture::Page)) => Some(SLOTS - 1),
                    _ => None,
                };
                match corner {
                    Some(corner) => blend.corners(library).map(|corners| corners[corner].clone()),
                    None => blend.middle(library),
                }
            }
        };
        drawn.or_else(|| Some(self.state.shelf.get(face?)?.latent.clone()))
    }

    /// The latent of the selected result, computed anew.
    fn computed(&mut self) -> Option<Latent> {
        let library = self.state.shelf.library.as_ref()?;
        self.state.blend.update(library);
        let typical = self.state.blend.inputs.typical;
        self.state.blend.selected()?.shown(typical).cloned()
    }

    /// The selected result and its formula, or why there is none.
    fn result(&mut self) -> Result<(String, Latent)> {
        let latent = self.computed();
        let blend = &self.state.blend;
        let formula = blend.selected().map(|outcome| outcome.formula(blend.inputs.typical));
        let why = "there is no result yet; click an operation or type a formula";
        formula.zip(latent).ok_or_else(|| Error::BadEntry(why.into()))
    }

    pub(super) fn keep_result(&mut self) -> Result<()> {
        if self.state.blend.inputs.page != Page::Row {
            let why = "right-click a picture of the grid to keep it";
            return Err(Error::BadEntry(why.into()));
        }
        let (text, latent) = self.result()?;
        let formula = Formula::parse(&text).map_err(|flaw| flaw.of(&text))?;
        let origin = self.state.shelf.library_mut()?.lineage(&formula);
        let wish: String = text.chars().filter(|c| !c.is_control()).take(MAX_NAME - 8).collect();
        let id = self.keep_as(wish.trim(), latent, origin)?;
        self.state.shelf.begin_naming(id, true);
        Ok(())
    }

    pub(super) fn copy_result(&mut self, ctx: &Context) -> Result<()> {
        let (text, latent) = self.result()?;
        ctx.send_cmd(OutputCommand::CopyText(latent.to_text()));
        self.say(format!("Copied {} values of {text}", latent.dims()));
        Ok(())
    }

    fn send(&mut self) -> Result<()> {
        let (text, latent) = self.result()?;
        self.send_latent(latent, text);
        Ok(())
    }

    fn send_latent(&mut self, latent: Latent, label: String) {
        self.state.explore.show(latent, label);
        self.state.show_tab(tabs::EXPLORE);
    }

    fn grid_cell(&self, cell: usize) -> Result<Latent> {
        let latent = self.state.blend.drawn.latents.get(cell).cloned();
        latent.ok_or_else(|| Error::BadEntry("this picture is not drawn yet".into()))
    }

    /// Keeps a picture of the grid, with the faces it lies between.
    fn keep_cell(&mut self, cell: usize) -> Result<()> {
        let mut latent = self.grid_cell(cell)?;
        let mut origin = Origin::Unknown;
        let library = self.state.shelf.library_mut()?;
        let scope = Scope { dims: library.key().dims, prior: library.key().prior, names: library };
        let formula = self.state.blend.cell_formula(library, cell);
        let formula = formula.and_then(|text| Formula::parse(&text).ok());
        let computed = formula.and_then(|formula| Some((formula.evaluate(&scope).ok()?, formula)));
        // The corners may have been moved since this picture was drawn.
        if let Some((exact, formula)) = computed.filter(|(exact, _)| is_near(exact, &latent)) {
            origin = library.lineage(&formula);
            latent = exact;
        }
        let id = self.keep_as("grid 1", latent, origin)?;
        self.state.shelf.begin_naming(id, true);
        Ok(())
    }

    /// The row, or the grid, as one picture with names.
    fn blend_sheet(&self) -> Option<RgbImage> {
        let blend = &self.state.blend;
        if blend.inputs.page != Page::Row {
            let drawn = &blend.drawn;
            let is_whole = !drawn.pictures.is_empty();
            return is_whole
                .then(|| picture::labelled(&drawn.pictures, drawn.columns, &Labels::default()));
        }
        let picture = |cell: Cell| blend.pictures.get(&cell).map(|(_, picture)| picture.clone());
        let slots = blend
            .inputs
            .slots
            .iter()
            .enumerate()
            .filter_map(|(slot, id)| Some((self.name_of((*id)?), picture(Cell::Slot(slot))?)));
        let results = blend.outcomes.iter().filter_map(|outcome| {
            outcome.computed.as_ref().ok()?;
            Some((outcome.title.clone(), picture(Cell::Result(outcome.id))?))
        });
        let (columns, pictures): (Vec<String>, Vec<RgbImage>) = slots.chain(results).unzip();
        let labels = Labels { columns, ..Labels::default() };
        (!pictures.is_empty()).then(|| picture::labelled(&pictures, pictures.len(), &labels))
    }

    pub(super) fn save_blend(&mut self, path: PathBuf) -> Result<()> {
        match self.blend_sheet() {
            Some(sheet) => self.workers.save_png(Arc::new(sheet), path),
            None => Err(Error::bad_setting("Save row", "there is nothing to save yet")),
        }
    }
}

/// Whether the two differ by no more than rounding.
fn is_near(a: &Latent, b: &Latent) -> bool {
    a.dims() == b.dims() && (0..a.dims()).all(|i| (a.get(i) - b.get(i)).abs() < 1e-3)
}
