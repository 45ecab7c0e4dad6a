//! How fast the window is: milliseconds from a moved slider to its pixels, and frames per second.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::worker::Percentiles;

/// Frames further apart than this were not meant to be fluent.
const PAUSE: Duration = Duration::from_millis(200);
/// Frames that the rate is averaged over.
const FRAMES: usize = 60;

/// A grid changes no faster than this, and the frames between two of them show nothing new.
const SLOT: Duration = Duration::from_millis(16);
/// The longest that a frame is held back.
const LONGEST: Duration = Duration::from_millis(40);

/// Measures; the window tells it when frames begin and when pictures arrive.
#[derive(Debug)]
pub struct Pacing {
    frame: Instant,
    /// What the frame before took, in seconds, and how much of it was rest.
    cost: f32,
    rested: f32,
    frames: VecDeque<Instant>,
    /// Time from the input to the frame that uploads its picture, until that frame's own cost is known.
    arrived: Option<Duration>,
    latest: Option<f32>,
    all: Percentiles,
    rate: Option<f32>,
}

impl Default for Pacing {
    fn default() -> Self {
        Self {
            frame: Instant::now(),
            cost: 0.0,
            rested: 0.0,
            frames: VecDeque::with_capacity(FRAMES + 1),
            arrived: None,
            latest: None,
            all: Percentiles::default(),
            rate: None,
        }
    }
}

impl Pacing {
    /// A frame begins: its input has just come in. `cost` is the time that building, uploading and
    /// painting the frame before took, in seconds, without waiting for the screen.
    pub fn begin_frame(&mut self, cost: Option<f32>) {
        self.cost = (cost.unwrap_or(0.0) - std::mem::take(&mut self.rested)).max(0.0);
        self.frame = Instant::now();
        if let Some(waited) = self.arrived.take() {
            let millis = (waited.as_secs_f32() + self.cost) * 1e3;
            self.latest = Some(millis);
            self.all.add(millis);
        }
        if self.frames.back().is_some_and(|last| self.frame - *last > PAUSE) {
            self.frames.clear();
        }
        self.frames.push_back(self.frame);
        if self.frames.len() > FRAMES {
            self.frames.pop_front();
        }
        if let (Some(first), Some(last)) = (self.frames.front(), self.frames.back())
            && self.frames.len() > 8
            && last > first
        {
            self.rate = Some((self.frames.len() - 1) as f32 / (*last - *first).as_secs_f32());
        }
    }

    /// How long this frame may be held back so that frames leave the processor to the network: a
    /// window paints at every move of the pointer, several times, and would take half of a small
    /// machine for frames that show nothing new.
    pub fn rest(&self) -> Duration {
        let slot = SLOT.max(Duration::from_secs_f32(self.cost.clamp(0.0, 1.0) * 3.0)).min(LONGEST);
        let last = self.frames.iter().rev().nth(1);
        last.map_or(Duration::ZERO, |last| slot.saturating_sub(self.frame - *last))
    }

    /// The frame was held back for this long; it begins now.
    pub fn rested(&mut self, time: Duration) {
        self.rested += time.as_secs_f32();
        self.frame += time;
        if let Some(last) = self.frames.back_mut() {
            *last = self.frame;
        }
    }

    /// When this frame's input came in.
    pub fn input_time(&self) -> Instant {
        self.frame
    }

    /// This frame shows the picture that was asked for by the input at `asked`.
    pub fn shows_picture_of(&mut self, asked: Instant) {
        self.arrived = Some(self.frame.saturating_duration_since(asked));
    }

    /// Milliseconds from the newest picture's input to its pixels.
    pub fn latest(&self) -> Option<f32> {
        self.latest
    }

    /// All of them since the start.
    pub fn all(&self) -> &Percentiles {
        &self.all
    }

    /// Frames per second, while the window was moving last.
    pub fn rate(&self) -> Option<f32> {
        self.rate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_that_follow_at_once_are_held_back() {
        let mut pacing = Pacing::default();
        pacing.begin_frame(None);
        assert_eq!(pacing.rest(), Duration::ZERO, "the first begins at once");
        pacing.begin_frame(Some(0.001));
        let rest = pacing.rest();
        assert!(rest <= SLOT, "{rest:?}");
        // A window that paints slowly leaves more of the time to others.
        pacing.begin_frame(Some(0.012));
        let longer = pacing.rest();
        assert!(longer <= Duration::from_millis(36) && longer <= LONGEST, "{longer:?}");
        pacing.rested(longer);
        // What was rest is no cost.
        pacing.begin_frame(Some(0.012 + longer.as_secs_f32()));
        assert!((pacing.cost - 0.012).abs() < 1e-4, "{}", pacing.cost);
        std::thread::sleep(LONGEST);
        pacing.begin_frame(Some(0.012));
        assert_eq!(pacing.rest(), Duration::ZERO);
    }

    #[test]
    fn the_way_from_input_to_pixels_includes_the_frame_itself() {
        let mut pacing = Pacing::default();
        pacing.begin_frame(None);
        let asked = pacing.input_time();
        std::thread::sleep(Duration::from_millis(5));
        pacing.begin_frame(Some(0.0));
        pacing.shows_picture_of(asked);
        assert_eq!(pacing.latest(), None, "not before the frame is painted");
        pacing.begin_frame(Some(0.004));
        assert!(pacing.latest().is_some_and(|ms| ms >= 9.0), "{:?}", pacing.latest());
        assert_eq!(pacing.all().count(), 1);
    }
}
