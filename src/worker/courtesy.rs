//! How background work makes way for the person at the sliders.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Who moved a slider less than this ago is probably still moving it.
const MOVING: Duration = Duration::from_millis(120);

/// Remembers when the picture was last asked for; jobs let the renderer go first.
#[derive(Debug, Clone)]
pub struct Courtesy {
    start: Instant,
    /// Milliseconds from `start`, plus one; 0 is "never".
    asked: Arc<AtomicU64>,
}

impl Default for Courtesy {
    fn default() -> Self {
        Self { start: Instant::now(), asked: Arc::default() }
    }
}

impl Courtesy {
    /// Notes that somebody waits for a picture now.
    pub fn touch(&self) {
        self.asked.store(self.now() + 1, Ordering::Relaxed);
    }

    /// Stands still while a slider is being moved, but not when `stop` says so, and no longer than
    /// `patience` at one go: background work is to end some day.
    pub fn give_way(&self, patience: Duration, stop: impl Fn() -> bool) {
        let begun = Instant::now();
        while self.is_moving() && begun.elapsed() < patience && !stop() {
            std::thread::sleep(Duration::from_millis(8));
        }
    }

    fn is_moving(&self) -> bool {
        let asked = self.asked.load(Ordering::Relaxed);
        asked > 0 && self.now() < asked - 1 + MOVING.as_millis() as u64
    }

    fn now(&self) -> u64 {
        self.start.elapsed().as_millis() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moving_slider_is_noticed_and_forgotten() {
        let courtesy = Courtesy::default();
        assert!(!courtesy.is_moving());
        courtesy.clone().touch();
        assert!(courtesy.is_moving());
        let patience = Duration::from_secs(10);
        courtesy.give_way(patience, || true);
        courtesy.give_way(Duration::ZERO, || false);
        assert!(courtesy.is_moving());
        courtesy.give_way(patience, || false);
        assert!(!courtesy.is_moving());
    }
}
