//! What is blended: the slots, the results beside them, the grid between corners.

mod corners;
mod operation;
mod outcome;

use std::collections::{HashMap, VecDeque};
use std::ops::Range;

use image::RgbImage;
use serde::{Deserialize, Serialize};

pub use operation::{LETTERS, Operation};
pub use outcome::Outcome;

use crate::latent::Latent;
use crate::latent::library::{EntryId, Library};

/// Faces that can be blended with one another.
pub const SLOTS: usize = 4;
/// Most results in the row.
pub const MAX_RESULTS: usize = 12;
/// Largest grid that can be asked for.
pub const MAX_GRID: usize = 24;
/// How far a corner can be pulled: 1 leaves it where it is, 0 is the middle.
pub const MAX_REACH: f32 = 3.0;

/// How a result comes to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recipe {
    /// An operation on whatever the slots hold.
    Operation(Operation),
    /// A formula as it was typed.
    Typed(String),
}

/// One result of the row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// Tells it from the others.
    pub id: u64,
    /// How it comes to be.
    pub recipe: Recipe,
}

/// What the tab shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Page {
    /// Operands and results.
    #[default]
    Row,
    /// A grid between the four slots.
    Grid,
    /// A grid whose fourth corner follows from three.
    Analogy,
}

impl Page {
    /// All of them, as they are offered.
    pub const ALL: [Self; 3] = [Self::Row, Self::Grid, Self::Analogy];

    /// Its name.
    pub fn title(self) -> &'static str {
        match self {
            Self::Row => "Row",
            Self::Grid => "Grid",
            Self::Analogy => "Analogy",
        }
    }
}

/// Everything that a person decides here; it is undone and remembered as a whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Inputs {
    /// The entries in the slots.
    pub slots: [Option<EntryId>; SLOTS],
    /// The results, left to right.
    pub items: Vec<Item>,
    /// Id of the result that is looked at.
    pub selected: u64,
    /// How far lerp and slerp go, from 0 to 1.
    pub t: f32,
    /// Whether results are brought back to the length of latents in training.
    pub typical: bool,
    /// What the tab shows.
    pub page: Page,
    /// Size of the grid.
    pub columns: usize,
    /// Size of the grid.
    pub rows: usize,
    /// Along great arcs rather than straight lines.
    pub arc: bool,
    /// How far each corner is pulled away from the middle.
    pub reach: [f32; SLOTS],
}

impl Default for Inputs {
    fn default() -> Self {
        Self {
            slots: [None; SLOTS],
            items: vec![Item { id: 1, recipe: Recipe::Operation(Operation::Add) }],
            selected: 1,
            t: 0.5,
            typical: false,
            page: Page::default(),
            columns: 8,
            rows: 8,
            arc: true,
            reach: [1.0; SLOTS],
        }
    }
}

impl Inputs {
    /// The same, with everything inside its range: settings come from a file.
    pub fn checked(mut self) -> Self {
        self.items.truncate(MAX_RESULTS);
        let usual = Self::default();
        if !(0.0..=1.0).contains(&self.t) {
            self.t = usual.t;
        }
        self.columns = self.columns.clamp(2, MAX_GRID);
        self.rows = self.rows.clamp(2, MAX_GRID);
        for reach in &mut self.reach {
            *reach = if reach.is_finite() { reach.clamp(0.0, MAX_REACH) } else { 1.0 };
        }
        self
    }

    /// The selected result.
    pub fn item(&mut self) -> Option<&mut Item> {
        let selected = self.selected;
        self.items.iter_mut().find(|item| item.id == selected)
    }

    /// Puts a result at the end of the row and selects it. One that is there already is only
    /// selected.
    pub fn add(&mut self, recipe: Recipe) {
        if let Some(item) = self.items.iter().find(|item| item.recipe == recipe) {
            self.selected = item.id;
            return;
        }
        let id = self.items.iter().map(|item| item.id).max().unwrap_or(0) + 1;
        if self.items.len() >= MAX_RESULTS {
            self.items.remove(0);
        }
        self.items.push(Item { id, recipe });
        self.selected = id;
    }

    /// Takes a result out of the row.
    pub fn drop_item(&mut self, id: u64) {
        let Some(at) = self.items.iter().position(|item| item.id == id) else { return };
        self.items.remove(at);
        if self.selected == id {
            let next = self.items.get(at).or(self.items.last());
            self.selected = next.map_or(0, |item| item.id);
        }
    }

    /// Puts `id` into the first empty slot, else into the last; returns which.
    pub fn fill_next(&mut self, id: EntryId) -> usize {
        let slot = self.slots.iter().position(Option::is_none).unwrap_or(SLOTS - 1);
        self.slots[slot] = Some(id);
        slot
    }
}

/// What a picture of the tab is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cell {
    /// The entry in a slot.
    Slot(usize),
    /// A result, by its id.
    Result(u64),
    /// The selected result in the length that it is not shown in.
    Other,
}

/// What could stand at the cursor of the formula box.
#[derive(Debug, Clone, Default)]
pub struct Offers {
    /// The part of the text that an offer replaces, in bytes.
    pub replaces: Range<usize>,
    /// The offers, the likeliest first.
    pub words: Vec<String>,
}

/// The grid that is on screen.
#[derive(Debug, Clone, Default)]
pub struct Drawn {
    /// Its latents, in reading order.
    pub latents: Vec<Latent>,
    /// Its pictures.
    pub pictures: Vec<RgbImage>,
    /// Its size.
    pub columns: usize,
}

/// The tab Blend.
#[derive(Debug, Default)]
pub struct Blend {
    /// What the person decides.
    pub inputs: Inputs,
    /// What follows from it, one a result.
    pub outcomes: Vec<Outcome>,
    /// The selected result as it was before its formula went wrong: half-typed words should not
    /// empty the page.
    pub last_good: Option<Outcome>,
    /// The newest picture of each cell, and what it shows.
    pub pictures: HashMap<Cell, (Latent, RgbImage)>,
    /// Why there are no newer ones.
    pub error: Option<String>,
    /// The newest grid.
    pub drawn: Drawn,
    /// What is in the formula box.
    pub field: String,
    /// Which completion is chosen, while they are offered.
    pub offer: usize,
    /// What is offered, and for which text, place and library.
    pub offers: (Option<(String, usize, u64)>, Offers),
    /// The offers were sent away; typing brings them back.
    pub hides_offers: bool,
    /// The formula box should get the focus.
    pub focus_field: bool,
    /// The slot that the next clicked face goes into.
    pub waiting: Option<usize>,
    /// What was asked for, to know an answer's cells.
    asked: VecDeque<(Vec<Latent>, Vec<Cell>)>,
    /// What the outcomes were computed from.
    of: Option<(Inputs, u64)>,
}

impl Blend {
    /// Computes the outcomes anew if anything has changed.
    pub fn update(&mut self, library: &Library) {
        let of = (self.inputs.clone(), library.revision());
        if self.of.as_ref() != Some(&of) {
            self.outcomes = outcome::outcomes(&self.inputs, library);
            self.of = Some(of);
            let selected = self.selected();
            match selected.map(|outcome| outcome.computed.is_ok()) {
                Some(true) => self.last_good = selected.cloned(),
                Some(false) => {
                    let id = self.inputs.selected;
                    self.last_good = self.last_good.take().filter(|good| good.id == id);
                }
                None => self.last_good = None,
            }
        }
    }

    /// Whether the picture of `cell` is still wanted while there is no new one for it.
    pub fn lasts(&self, cell: Cell) -> bool {
        match cell {
            Cell::Slot(_) => false,
            Cell::Result(id) => self.outcomes.iter().any(|o| o.id == id && o.computed.is_err()),
            Cell::Other => self.selected().is_some_and(|outcome| outcome.computed.is_err()),
        }
    }

    /// The outcome that is looked at.
    pub fn selected(&self) -> Option<&Outcome> {
        self.outcomes.iter().find(|outcome| outcome.id == self.inputs.selected)
    }

    /// Everything that the row shows: cells, and the latent of each.
    pub fn row(&self, library: &Library) -> Vec<(Cell, Latent)> {
        let dims = library.key().dims;
        let slots = self.inputs.slots.iter().enumerate().filter_map(|(slot, id)| {
            let entry = library.get((*id)?)?;
            (entry.latent.dims() == dims).then(|| (Cell::Slot(slot), entry.latent.clone()))
        });
        let typical = self.inputs.typical;
        let results = self.outcomes.iter().filter_map(|outcome| {
            Some((Cell::Result(outcome.id), outcome.shown(typical)?.clone()))
        });
        let other = self.selected().and_then(|outcome| outcome.other(typical));
        slots.chain(results).chain(other.map(|latent| (Cell::Other, latent.clone()))).collect()
    }

    /// The cells of `row` whose picture is still another one, and what they should show.
    pub fn undrawn(&self, row: Vec<(Cell, Latent)>) -> (Vec<Cell>, Vec<Latent>) {
        let is_drawn = |(cell, latent): &(Cell, Latent)| {
            self.pictures.get(cell).is_some_and(|(shown, _)| shown == latent)
        };
        row.into_iter().filter(|wanted| !is_drawn(wanted)).unzip()
    }

    /// Notes that `latents` were asked for, to be shown in `cells`.
    pub fn note_asked(&mut self, latents: Vec<Latent>, cells: Vec<Cell>) {
        self.asked.push_back((latents, cells));
    }

    /// Whether everything that was asked for has come.
    pub fn is_settled(&self) -> bool {
        self.asked.is_empty()
    }

    /// The cells that `latents` were asked for; what was asked for before is forgotten.
    pub fn cells_of(&mut self, latents: &[Latent]) -> Option<Vec<Cell>> {
        while let Some((asked, cells)) = self.asked.pop_front() {
            if asked == latents {
                return Some(cells);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests;
