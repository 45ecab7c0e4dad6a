//! Undo and redo: one list of everything that was done to the latent, the library and the blend, with
//! names for people.

use std::sync::Arc;

use super::blend::Inputs;
use crate::latent::Latent;
use crate::latent::library::{Entry, EntryId};

/// Steps that are kept.
const LIMIT: usize = 500;
/// Two steps of the same kind that follow each other this fast, in seconds, are one.
const BREATH: f64 = 0.6;

/// Where a step leads to. The library is not in it: of that, steps keep what they changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// The latent before truncation.
    pub latent: Latent,
    /// The truncation.
    pub psi: f32,
    /// What is blended.
    pub blend: Inputs,
}

/// A change of one entry of the library: `None` stands for "not there".
#[derive(Debug, Clone, PartialEq)]
pub struct Edit {
    /// As it was.
    pub before: Option<Arc<Entry>>,
    /// As it is.
    pub after: Option<Arc<Entry>>,
}

impl Edit {
    fn reversed(&self) -> Self {
        Self { before: self.after.clone(), after: self.before.clone() }
    }
}

/// Steps that melt into one while they go on: a drag, turns of the wheel, repeated keys, typing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gesture {
    /// Moving one dimension.
    Dimension(usize),
    /// Moving the truncation.
    Psi,
    /// Typing the formula of a result.
    Formula(u64),
    /// Moving between two latents.
    Mix,
    /// Pulling a corner of the grid.
    Reach(usize),
    /// Changing the size of the grid.
    GridSize,
    /// Turning from page to page of Blend.
    Page,
    /// Keeping a latent and naming it, however long that takes.
    Naming(EntryId),
}

/// What is told of a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Note {
    /// Its name for people.
    pub label: String,
    /// What it may melt into.
    pub gesture: Option<Gesture>,
    /// What it changed in the library.
    pub edits: Vec<Edit>,
    /// What its small picture shows; without one, the picture of Explore.
    pub picture: Option<Latent>,
}

impl Note {
    /// A step of its own, outside the library.
    pub fn new(label: impl Into<String>) -> Self {
        Self { label: label.into(), gesture: None, edits: Vec::new(), picture: None }
    }
}

/// One line of the list.
#[derive(Debug, Clone)]
pub struct Step {
    /// Its name for people.
    pub label: String,
    /// What its small picture shows.
    pub picture: Latent,
    snapshot: Snapshot,
    gesture: Option<Gesture>,
    edits: Vec<Edit>,
}

/// What has to be done to get to another step.
#[derive(Debug, Clone, PartialEq)]
pub struct Move {
    /// Where everything but the library goes.
    pub snapshot: Snapshot,
    /// What to do to the library, in this order.
    pub edits: Vec<Edit>,
}

/// All steps since the model was opened, and where in them the person is.
#[derive(Debug, Clone)]
pub struct History {
    steps: Vec<Step>,
    at: usize,
    /// Whether a mouse button is down, and when the newest step was changed last.
    held: bool,
    touched: f64,
}

impl History {
    /// Begins with `start`.
    pub fn new(start: Snapshot) -> Self {
        let picture = start.latent.truncated(start.psi);
        let (label, gesture) = ("Start".into(), None);
        let step = Step { label, picture, snapshot: start, gesture, edits: Vec::new() };
        Self { steps: vec![step], at: 0, held: false, touched: f64::NEG_INFINITY }
    }

    /// Notes a step at time `now` (in seconds); whatever was undone is gone. A step of the same
    /// gesture as the one before, while it goes on, replaces it.
    pub fn record(&mut self, snapshot: Snapshot, note: Note, now: f64) {
        let newest = self.at + 1 == self.steps.len();
        let goes_on = self.held_since(now) || matches!(note.gesture, Some(Gesture::Naming(_)));
        self.steps.truncate(self.at + 1);
        let picture = note.picture.unwrap_or_else(|| snapshot.latent.truncated(snapshot.psi));
        let Note { label, gesture, mut edits, .. } = note;
        let same = |last: &Step| gesture.is_some() && last.gesture == gesture;
        match self.steps.last_mut() {
            Some(last) if newest && goes_on && same(last) => {
                if let ([new], [old]) = (edits.as_mut_slice(), last.edits.as_slice()) {
                    new.before = old.before.clone();
                }
                *last = Step { label, picture, snapshot, gesture, edits };
            }
            _ => self.steps.push(Step { label, picture, snapshot, gesture, edits }),
        }
        if self.steps.len() > LIMIT {
            self.steps.remove(0);
        }
        self.at = self.steps.len() - 1;
        self.touched = now;
    }

    /// Says what the blend was all the time: it is known only after the library is open.
    pub fn begin_blend(&mut self, blend: &Inputs) {
        self.steps.iter_mut().for_each(|step| step.snapshot.blend = blend.clone());
    }

    /// Tells whether a mouse button is down at time `now`: a drag is one step however long it takes.
    pub fn set_held(&mut self, held: bool, now: f64) {
        if self.held && !held && self.touched > f64::NEG_INFINITY {
            self.touched = self.touched.max(now - BREATH / 2.0);
        }
        self.held = held;
    }

    /// Goes to step `to`; says what there is to do for it. `None` if there is no such step.
    pub fn go_to(&mut self, to: usize) -> Option<Move> {
        let snapshot = self.steps.get(to)?.snapshot.clone();
        let edits = if to < self.at {
            let undone = self.steps[to + 1..=self.at].iter().rev();
            undone.flat_map(|step| step.edits.iter().rev().map(Edit::reversed)).collect()
        } else {
            let done = self.steps[self.at + 1..=to.max(self.at)].iter();
            done.flat_map(|step| step.edits.iter().cloned()).collect()
        };
        self.at = to;
        self.touched = f64::NEG_INFINITY;
        Some(Move { snapshot, edits })
    }

    /// Index of the step before, if there is one.
    pub fn before(&self) -> Option<usize> {
        self.at.checked_sub(1)
    }

    /// Index of the step that was undone last, if there is one.
    pub fn after(&self) -> Option<usize> {
        (self.at + 1 < self.steps.len()).then_some(self.at + 1)
    }

    /// What undo would undo.
    pub fn undo_label(&self) -> Option<&str> {
        (self.at > 0).then(|| self.steps[self.at].label.as_str())
    }

    /// What redo would do again.
    pub fn redo_label(&self) -> Option<&str> {
        self.steps.get(self.at + 1).map(|step| step.label.as_str())
    }

    /// All steps, the oldest first.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Index of the step that is on screen.
    pub fn at(&self) -> usize {
        self.at
    }

    fn held_since(&self, now: f64) -> bool {
        self.held || now - self.touched < BREATH
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::latent::Prior;
    use crate::latent::library::{Library, ModelKey, NewEntry, Origin};

    fn at(value: f32) -> Snapshot {
        let latent = Latent::zero(2).with(0, value);
        Snapshot { latent, psi: 1.0, blend: Inputs::default() }
    }

    fn note(label: &str, gesture: Option<Gesture>) -> Note {
        Note { gesture, ..Note::new(label) }
    }

    fn undo(history: &mut History) -> Option<f32> {
        let to = history.before()?;
        history.go_to(to).map(|step| step.snapshot.latent.get(0))
    }

    fn redo(history: &mut History) -> Option<f32> {
        let to = history.after()?;
        history.go_to(to).map(|step| step.snapshot.latent.get(0))
    }

    #[test]
    fn a_drag_is_one_step() {
        let mut history = History::new(at(0.0));
        history.set_held(true, 0.0);
        for i in 1..=50 {
            // Standing still for a while with the button down does not end the drag.
            let now = if i > 25 { 100.0 } else { 0.0 } + f64::from(i);
            history.record(at(i as f32), note("z0", Some(Gesture::Dimension(0))), now);
        }
        history.set_held(false, 151.0);
        assert_eq!(history.undo_label(), Some("z0"));
        assert_eq!(undo(&mut history), Some(0.0));
        assert_eq!(undo(&mut history), None);
        assert_eq!(history.redo_label(), Some("z0"));
        assert_eq!(redo(&mut history), Some(50.0));
        assert_eq!(redo(&mut history), None);
    }

    #[test]
    fn other_gestures_and_pauses_are_steps_of_their_own() {
        let mut history = History::new(at(0.0));
        let (zero, one) = (Gesture::Dimension(0), Gesture::Dimension(1));
        history.record(at(1.0), note("z0", Some(zero)), 0.0);
        history.record(at(2.0), note("z1", Some(one)), 0.1);
        history.record(at(3.0), note("z1", Some(one)), 0.2);
        history.record(at(4.0), note("z1", Some(one)), 5.0);
        history.record(at(5.0), note("random", None), 5.1);
        history.record(at(6.0), note("random", None), 5.2);
        let seen: Vec<f32> = std::iter::from_fn(|| undo(&mut history)).collect();
        assert_eq!(seen, [5.0, 4.0, 3.0, 1.0, 0.0]);
    }

    #[test]
    fn a_new_step_forgets_what_was_undone() {
        let mut history = History::new(at(0.0));
        history.record(at(1.0), note("z0", Some(Gesture::Dimension(0))), 0.0);
        undo(&mut history);
        history.record(at(2.0), note("z0", Some(Gesture::Dimension(0))), 0.1);
        assert_eq!(history.redo_label(), None);
        assert_eq!(undo(&mut history), Some(0.0));
        for i in 0..2 * LIMIT {
            history.record(at(i as f32), note("random", None), 1.0);
        }
        assert_eq!(history.steps.len(), LIMIT);
    }

    #[test]
    fn changes_of_the_library_are_done_and_undone_in_order() {
        let (dims, prior) = (2, Prior::Normal);
        let mut library =
            Library::in_memory(ModelKey { name: "m".into(), hash: "h".into(), dims, prior });
        let new = |name: &str| NewEntry {
            name: name.into(),
            latent: Latent::zero(2),
            origin: Origin::Unknown,
            tags: Vec::new(),
        };
        let id = library.add(new("face 1")).unwrap();
        let first = library.get(id).cloned();
        library.rename(id, "anna").unwrap();
        let named = library.get(id).cloned();
        let mut history = History::new(at(0.0));
        let step = |before: &Option<Arc<Entry>>, after: &Option<Arc<Entry>>, gesture| Note {
            edits: vec![Edit { before: before.clone(), after: after.clone() }],
            ..note("keep", gesture)
        };
        let naming = Some(Gesture::Naming(id));
        history.record(at(0.0), step(&None, &first, naming), 0.0);
        history.record(at(0.0), step(&first, &named, naming), 900.0);
        history.record(at(0.0), step(&named, &None, None), 901.0);
        assert_eq!(history.steps().len(), 3, "keeping and naming are one step");
        let back = history.go_to(0).unwrap().edits;
        let entries: Vec<_> = back.iter().map(|edit| (&edit.before, &edit.after)).collect();
        assert_eq!(entries, [(&None, &named), (&named, &None)]);
        let again = history.go_to(2).unwrap().edits;
        let entries: Vec<_> = again.iter().map(|edit| (&edit.before, &edit.after)).collect();
        assert_eq!(entries, [(&None, &named), (&named, &None)]);
        assert_eq!(history.go_to(2).map(|step| step.edits.len()), Some(0));
        assert_eq!(history.go_to(3), None);
    }
}
