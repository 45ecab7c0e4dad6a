//! A waiting room with room for one in each lane: whoever comes later takes the place of who waits.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// `LANES` places for values on their way to a thread. A new value replaces the one that waits in
/// its lane, so nothing queues; lane 0 is served first.
#[derive(Debug)]
pub struct Latest<T, const LANES: usize> {
    room: Mutex<Room<T, LANES>>,
    changed: Condvar,
}

#[derive(Debug)]
struct Room<T, const LANES: usize> {
    waiting: [Option<T>; LANES],
    closed: bool,
}

impl<T, const LANES: usize> Default for Latest<T, LANES> {
    fn default() -> Self {
        let room = Room { waiting: std::array::from_fn(|_| None), closed: false };
        Self { room: Mutex::new(room), changed: Condvar::new() }
    }
}

impl<T, const LANES: usize> Latest<T, LANES> {
    /// Puts `value` into `lane` and returns the one it replaced. A lane that is not there, or a
    /// closed room, hands the value back.
    pub fn put(&self, lane: usize, value: T) -> Option<T> {
        let mut room = self.lock();
        if room.closed || lane >= LANES {
            return Some(value);
        }
        let replaced = room.waiting[lane].replace(value);
        self.changed.notify_all();
        replaced
    }

    /// Waits for a value and takes the one of the lowest lane. `None` once the room is closed.
    pub fn take(&self) -> Option<(usize, T)> {
        let mut room = self.lock();
        loop {
            if room.closed {
                return None;
            }
            if let Some(first) = room.first_below(LANES) {
                return Some(first);
            }
            room = self.changed.wait(room).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Takes a value that waits in a lane before `lane`, without waiting for one.
    pub fn take_before(&self, lane: usize) -> Option<(usize, T)> {
        let mut room = self.lock();
        if room.closed { None } else { room.first_below(lane.min(LANES)) }
    }

    /// Whether work on a value of `lane` has become pointless: a newer one waits, or the room is closed.
    pub fn is_outdated(&self, lane: usize) -> bool {
        let room = self.lock();
        room.closed || room.waiting.get(lane).is_some_and(Option::is_some)
    }

    /// Throws away what waits and lets nobody in any more.
    pub fn close(&self) {
        let mut room = self.lock();
        room.closed = true;
        room.waiting.iter_mut().for_each(|place| *place = None);
        self.changed.notify_all();
    }

    /// A panic elsewhere leaves the room in order: every change to it is one assignment.
    fn lock(&self) -> MutexGuard<'_, Room<T, LANES>> {
        self.room.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T, const LANES: usize> Room<T, LANES> {
    fn first_below(&mut self, lane: usize) -> Option<(usize, T)> {
        let places = self.waiting.iter_mut().take(lane).enumerate();
        places.into_iter().find_map(|(lane, place)| place.take().map(|value| (lane, value)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn the_newest_wins_and_lower_lanes_go_first() {
        let room = Latest::<_, 2>::default();
        assert_eq!(room.put(1, "old strip"), None);
        assert_eq!(room.put(1, "strip"), Some("old strip"));
        for i in 0..100 {
            room.put(0, if i == 99 { "newest" } else { "older" });
        }
        assert_eq!(room.take(), Some((0, "newest")));
        assert_eq!(room.take_before(1), None);
        assert!(room.is_outdated(1) && !room.is_outdated(0));
        assert_eq!(room.take(), Some((1, "strip")));
    }

    #[test]
    fn closing_wakes_who_waits() {
        let room = Arc::new(Latest::<u8, 1>::default());
        let waiter = {
            let room = room.clone();
            std::thread::Builder::new().name("waiter".into()).spawn(move || room.take()).unwrap()
        };
        room.close();
        assert_eq!(waiter.join().unwrap(), None);
        assert_eq!(room.put(0, 3), Some(3));
        assert!(room.is_outdated(0));
    }
}
