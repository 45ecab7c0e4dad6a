//! The point in latent space that is looked at, and everything that can be done to it.

use image::RgbImage;
use rand_chacha::ChaCha8Rng;

use super::history::{Gesture, Note};
use super::settings::{Place, Sort};
use super::tabs::explore::{StripState, SweepState, View};
use crate::latent::library::Origin;
use crate::latent::{self, Latent, Prior};
use crate::random::{Purpose, stream};

/// Most that a typed value may be: far outside of what any generator was trained on.
pub const MAX_VALUE: f32 = 100.0;
/// Largest truncation.
pub const MAX_PSI: f32 = 1.5;

/// The point in latent space that is looked at, and everything around it.
#[derive(Debug, Clone)]
pub struct Explore {
    /// The latent before truncation.
    pub latent: Latent,
    /// Truncation: the picture is that of the latent times this.
    pub psi: f32,
    /// What random, mutate and reset leave alone.
    pub locked: Vec<bool>,
    /// The dimension that keys move and the strip shows.
    pub selected: usize,
    /// The seed that was used last.
    pub seed: u64,
    /// What was done last, until the history has noted it.
    pub noted: Option<Note>,
    /// What is in the search field.
    pub search: String,
    /// How much each dimension changes the picture, once it is measured.
    pub influence: Option<Vec<f32>>,
    /// Dimensions in the order of the list, without those that the search leaves out.
    pub order: Vec<usize>,
    /// The order is not what it should be; it is put right when nobody's pointer is in the list.
    pub order_is_stale: bool,
    /// The newest picture.
    pub picture: Option<RgbImage>,
    /// Why there is no newer one.
    pub picture_error: Option<String>,
    /// How the picture is looked at.
    pub view: View,
    /// The strip under it.
    pub strip: StripState,
    /// The sweep sheet.
    pub sweep: SweepState,
    /// The person has chosen a dimension, rather than the window.
    pub has_selected: bool,
    /// The list should scroll to the selected slider.
    pub scroll_to_selected: bool,
    /// How far the list is scrolled, in points.
    pub list_offset: f32,
    /// The search field should get the focus.
    pub focus_search: bool,
    prior: Prior,
    rng: ChaCha8Rng,
}

impl Explore {
    /// At the latent of `seed`.
    pub fn new(dims: usize, prior: Prior, seed: u64) -> Self {
        let latent = prior.from_seed(dims, seed);
        Self {
            latent,
            psi: 1.0,
            locked: vec![false; dims],
            selected: 0,
            seed,
            noted: None,
            search: String::new(),
            influence: None,
            order: (0..dims).collect(),
            order_is_stale: false,
            picture: None,
            picture_error: None,
            view: View::default(),
            strip: StripState::default(),
            sweep: SweepState::default(),
            has_selected: false,
            scroll_to_selected: false,
            list_offset: 0.0,
            focus_search: false,
            prior,
            rng: stream(seed, Purpose::Latents, 1),
        }
    }

    /// Number of dimensions.
    pub fn dims(&self) -> usize {
        self.latent.dims()
    }

    /// The prior of the model.
    pub fn prior(&self) -> Prior {
        self.prior
    }

    /// Where random numbers come from, as of now.
    pub fn reseed(&mut self, seed: u64) {
        self.rng = stream(seed, Purpose::Latents, 1);
    }

    /// What the generator gets to see.
    pub fn shown(&self) -> Latent {
        self.latent.truncated(self.psi)
    }

    /// Moves one dimension; a value that is no number changes nothing.
    pub fn set_value(&mut self, dim: usize, value: f32) {
        if !value.is_finite() || dim >= self.dims() {
            return;
        }
        self.select(dim);
        let value = value.clamp(-MAX_VALUE, MAX_VALUE);
        if value != self.latent.get(dim) {
            self.latent.set(dim, value);
            self.record(format!("z{dim}"), Some(Gesture::Dimension(dim)));
        }
    }

    /// Truncates.
    pub fn set_psi(&mut self, psi: f32) {
        if psi.is_finite() && psi != self.psi {
            self.psi = psi.clamp(0.0, MAX_PSI);
            self.record("Truncation".into(), Some(Gesture::Psi));
        }
    }

    /// Draws a new latent, under a new seed.
    pub fn randomize(&mut self) {
        use rand::RngExt;
        let seed = self.rng.random_range(0..1_000_000);
        self.set_seed(seed);
    }

    /// Takes the latent that `seed` names. Locked dimensions stay.
    pub fn set_seed(&mut self, seed: u64) {
        self.seed = seed;
        let drawn = self.prior.from_seed(self.dims(), seed);
        self.replace(&drawn, format!("Seed {seed}"));
    }

    /// Steps to a neighbour. Locked dimensions stay.
    pub fn mutate(&mut self, amount: f32) {
        let drawn = latent::mutate(&self.latent, amount, self.prior, &mut self.rng);
        self.replace(&drawn, "Mutation".into());
    }

    /// Sets everything that is not locked to 0.
    pub fn reset(&mut self) {
        self.replace(&Latent::zero(self.dims()), "Reset".into());
    }

    /// Takes `latent` as it is, locked or not.
    pub fn take(&mut self, latent: Latent, label: &str) {
        self.latent = latent;
        self.record(label.into(), None);
    }

    /// Shows `latent` as it is, without truncation.
    pub fn show(&mut self, latent: Latent, label: String) {
        if self.latent != latent || self.psi != 1.0 {
            self.latent = latent;
            self.psi = 1.0;
            self.record(label, None);
        }
    }

    /// How the picture on screen came to be.
    pub fn origin(&self) -> Origin {
        let is_drawn = self.latent == self.prior.from_seed(self.dims(), self.seed);
        match is_drawn && self.psi == 1.0 {
            true => Origin::Seed { seed: self.seed },
            false => Origin::Sliders { seed: is_drawn.then_some(self.seed) },
        }
    }

    /// Puts the list in order.
    pub fn sort(&mut self, sort: Sort) {
        let mut order: Vec<usize> = (0..self.dims()).filter(|dim| self.matches(*dim)).collect();
        if let (Sort::Influence, Some(influence)) = (sort, &self.influence) {
            order.sort_by(|a, b| influence[*b].total_cmp(&influence[*a]));
        }
        self.order = order;
        self.order_is_stale = false;
    }

    /// After the list got another order: the selected slider stays in sight; if nobody has selected
    /// one, it is the first.
    pub fn settle(&mut self) {
        if let Some(first) = self.order.first().filter(|_| !self.has_selected) {
            self.selected = *first;
        }
        self.scroll_to_selected = true;
    }

    /// Selects a dimension.
    pub fn select(&mut self, dim: usize) {
        self.selected = dim.min(self.dims() - 1);
        self.has_selected = true;
    }

    /// Selects the dimension that is `step` rows further down the list.
    pub fn select_by(&mut self, step: isize) {
        let at = self.order.iter().position(|dim| *dim == self.selected);
        let next = match at {
            Some(at) => at.saturating_add_signed(step).min(self.order.len().saturating_sub(1)),
            None => 0,
        };
        if let Some(dim) = self.order.get(next) {
            self.select(*dim);
            self.scroll_to_selected = true;
        }
    }

    /// Where the person is, for the next start.
    pub fn place(&self, model: &str) -> Place {
        Place {
            model: model.to_owned(),
            latent: self.latent.clone(),
            psi: self.psi,
            selected: self.selected,
            locked: (0..self.dims()).filter(|dim| self.locked[*dim]).collect(),
        }
    }

    /// Goes back to `place`, if it fits this model.
    pub fn go_to(&mut self, place: &Place) {
        if place.latent.dims() != self.dims() || !place.psi.is_finite() {
            return;
        }
        self.latent = place.latent.clone();
        self.psi = place.psi.clamp(0.0, MAX_PSI);
        self.select(place.selected);
        for dim in &place.locked {
            if let Some(locked) = self.locked.get_mut(*dim) {
                *locked = true;
            }
        }
    }

    fn matches(&self, dim: usize) -> bool {
        let mut words = self.search.split([' ', ',']).filter(|word| !word.is_empty()).peekable();
        if words.peek().is_none() {
            return true;
        }
        words.any(|word| {
            let word = word.to_lowercase();
            if "locked".starts_with(&word) {
                return self.locked[dim];
            }
            if "changed".starts_with(&word) {
                return self.latent.get(dim) != 0.0;
            }
            let number = word.trim_start_matches('z');
            if let Some((from, to)) = number.split_once('-')
                && let (Ok(from), Ok(to)) = (from.parse::<usize>(), to.parse::<usize>())
            {
                return (from..=to).contains(&dim);
            }
            !number.is_empty() && dim.to_string().starts_with(number)
        })
    }

    fn replace(&mut self, drawn: &Latent, label: String) {
        for dim in (0..self.dims()).filter(|dim| !self.locked[*dim]) {
            self.latent.set(dim, drawn.get(dim));
        }
        self.record(label, None);
    }

    fn record(&mut self, label: String, gesture: Option<Gesture>) {
        self.noted = Some(Note { gesture, ..Note::new(label) });
    }
}

#[cfg(test)]
mod tests;
