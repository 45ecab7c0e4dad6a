//! Undo and redo: the list of what was done to the latent, with names for people.

use crate::latent::Latent;

/// Steps that are kept.
const LIMIT: usize = 500;
/// Two steps of the same kind that follow each other this fast, in seconds, are one.
const BREATH: f64 = 0.6;

/// What a step leads to.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// The latent before truncation.
    pub latent: Latent,
    /// The truncation.
    pub psi: f32,
}

/// Steps that melt into one while they go on: a drag, turns of the wheel, repeated keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gesture {
    /// Moving one dimension.
    Dimension(usize),
    /// Moving the truncation.
    Psi,
}

#[derive(Debug, Clone)]
struct Step {
    snapshot: Snapshot,
    label: String,
    gesture: Option<Gesture>,
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
        let step = Step { snapshot: start, label: "start".into(), gesture: None };
        Self { steps: vec![step], at: 0, held: false, touched: f64::NEG_INFINITY }
    }

    /// Notes a step at time `now` (in seconds); whatever was undone is gone. A step of the same
    /// `gesture` as the one before, while it goes on, replaces it.
    pub fn record(
        &mut self,
        snapshot: Snapshot,
        label: String,
        gesture: Option<Gesture>,
        now: f64,
    ) {
        let newest = self.at + 1 == self.steps.len();
        let goes_on = self.held_since(now);
        self.steps.truncate(self.at + 1);
        match self.steps.last_mut() {
            Some(last) if newest && goes_on && gesture.is_some() && last.gesture == gesture => {
                *last = Step { snapshot, label, gesture };
            }
            _ => self.steps.push(Step { snapshot, label, gesture }),
        }
        if self.steps.len() > LIMIT {
            self.steps.remove(0);
        }
        self.at = self.steps.len() - 1;
        self.touched = now;
    }

    /// Tells whether a mouse button is down at time `now`: a drag is one step however long it takes.
    pub fn set_held(&mut self, held: bool, now: f64) {
        if self.held && !held && self.touched > f64::NEG_INFINITY {
            self.touched = self.touched.max(now - BREATH / 2.0);
        }
        self.held = held;
    }

    /// The snapshot before the newest step, if there is one.
    pub fn undo(&mut self) -> Option<&Snapshot> {
        self.at = self.at.checked_sub(1)?;
        self.touched = f64::NEG_INFINITY;
        Some(&self.steps[self.at].snapshot)
    }

    /// The snapshot after the last undone step, if there is one.
    pub fn redo(&mut self) -> Option<&Snapshot> {
        let next = self.steps.get(self.at + 1)?;
        self.at += 1;
        self.touched = f64::NEG_INFINITY;
        Some(&next.snapshot)
    }

    /// What undo would undo.
    pub fn undo_label(&self) -> Option<&str> {
        (self.at > 0).then(|| self.steps[self.at].label.as_str())
    }

    /// What redo would do again.
    pub fn redo_label(&self) -> Option<&str> {
        self.steps.get(self.at + 1).map(|step| step.label.as_str())
    }

    fn held_since(&self, now: f64) -> bool {
        self.held || now - self.touched < BREATH
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(value: f32) -> Snapshot {
        Snapshot { latent: Latent::zero(2).with(0, value), psi: 1.0 }
    }

    fn value(snapshot: Option<&Snapshot>) -> Option<f32> {
        snapshot.map(|s| s.latent.get(0))
    }

    #[test]
    fn a_drag_is_one_step() {
        let mut history = History::new(at(0.0));
        history.set_held(true, 0.0);
        for i in 1..=50 {
            // Standing still for a while with the button down does not end the drag.
            let now = if i > 25 { 100.0 } else { 0.0 } + f64::from(i);
            history.record(at(i as f32), "z0".into(), Some(Gesture::Dimension(0)), now);
        }
        history.set_held(false, 151.0);
        assert_eq!(history.undo_label(), Some("z0"));
        assert_eq!(value(history.undo()), Some(0.0));
        assert_eq!(history.undo(), None);
        assert_eq!(history.redo_label(), Some("z0"));
        assert_eq!(value(history.redo()), Some(50.0));
        assert_eq!(history.redo(), None);
    }

    #[test]
    fn other_gestures_and_pauses_are_steps_of_their_own() {
        let mut history = History::new(at(0.0));
        history.record(at(1.0), "z0".into(), Some(Gesture::Dimension(0)), 0.0);
        history.record(at(2.0), "z1".into(), Some(Gesture::Dimension(1)), 0.1);
        history.record(at(3.0), "z1".into(), Some(Gesture::Dimension(1)), 0.2);
        history.record(at(4.0), "z1".into(), Some(Gesture::Dimension(1)), 5.0);
        history.record(at(5.0), "random".into(), None, 5.1);
        history.record(at(6.0), "random".into(), None, 5.2);
        let mut seen = Vec::new();
        while let Some(snapshot) = history.undo() {
            seen.push(snapshot.latent.get(0));
        }
        assert_eq!(seen, [5.0, 4.0, 3.0, 1.0, 0.0]);
    }

    #[test]
    fn a_new_step_forgets_what_was_undone() {
        let mut history = History::new(at(0.0));
        history.record(at(1.0), "z0".into(), Some(Gesture::Dimension(0)), 0.0);
        history.undo();
        history.record(at(2.0), "z0".into(), Some(Gesture::Dimension(0)), 0.1);
        assert_eq!(history.redo_label(), None);
        assert_eq!(value(history.undo()), Some(0.0));
        for i in 0..2 * LIMIT {
            history.record(at(i as f32), "random".into(), None, 1.0);
        }
        assert_eq!(history.steps.len(), LIMIT);
    }
}
