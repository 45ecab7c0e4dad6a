//! How fast a run goes, and how long it will take, for people.

use std::collections::VecDeque;

/// How fast a count grows, over the last while.
#[derive(Debug, Default)]
pub struct Speed {
    seen: VecDeque<(f64, u64)>,
}

impl Speed {
    /// Long enough to be calm, short enough to follow a machine that gets other work.
    const WINDOW_SECS: f64 = 20.0;

    /// Notes that `count` was reached at `secs`, and returns what was done per second.
    pub fn at(&mut self, secs: f64, count: u64) -> Option<f64> {
        if self.has_slept(secs) {
            self.seen.clear();
        }
        while self.seen.len() > 1
            && self.seen.front().is_some_and(|(t, _)| secs - t > Self::WINDOW_SECS)
        {
            self.seen.pop_front();
        }
        let speed = self.seen.front().and_then(|(t, c)| {
            (secs - t > 0.05).then(|| count.saturating_sub(*c) as f64 / (secs - t))
        });
        self.seen.push_back((secs, count));
        speed.filter(|speed| *speed > 0.0)
    }

    /// Whether the machine, or the process, was asleep since the last look: nothing was seen for
    /// far longer than ever before.
    fn has_slept(&self, secs: f64) -> bool {
        let steps = self.seen.iter().zip(self.seen.iter().skip(1)).map(|(a, b)| b.0 - a.0);
        let longest = steps.fold(0.0, f64::max);
        let now = self.seen.back().map_or(0.0, |(t, _)| secs - t);
        longest > 0.0 && now > Self::WINDOW_SECS.max(10.0 * longest)
    }

    /// Forgets what it saw: after a pause.
    pub fn reset(&mut self) {
        self.seen.clear();
    }
}

/// `35 s`, `24 min`, `2 h 05 min`, `3 d 4 h`.
pub fn time(secs: f64) -> String {
    let secs = secs.max(0.0).round() as u64;
    let (minutes, hours) = (secs.div_ceil(60), secs / 3600);
    match secs {
        0..90 => format!("{secs} s"),
        90..5_400 => format!("{minutes} min"),
        5_400..172_800 => format!("{hours} h {:02} min", secs % 3600 / 60),
        _ => format!("{} d {} h", hours / 24, hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speed_is_that_of_the_last_while() {
        let mut speed = Speed::default();
        assert_eq!(speed.at(0.0, 1000), None, "what was done before does not count");
        assert_eq!(speed.at(1.0, 1100), Some(100.0));
        for second in 2..60 {
            speed.at(f64::from(second), 1100 + 10 * u64::try_from(second).unwrap());
        }
        assert_eq!(speed.at(60.0, 1700), Some(10.0));
        speed.reset();
        assert_eq!(speed.at(100.0, 1700), None);
    }

    #[test]
    fn a_sleeping_machine_does_not_count() {
        let mut speed = Speed::default();
        for second in 0..10 {
            speed.at(f64::from(second), 100 * u64::try_from(second).unwrap());
        }
        assert_eq!(speed.at(40_000.0, 1000), None, "the night is not part of the speed");
        assert_eq!(speed.at(40_001.0, 1100), Some(100.0));
        let mut slow = Speed::default();
        slow.at(0.0, 0);
        assert_eq!(slow.at(60.0, 6), Some(0.1), "a slow step is no sleep");
    }

    #[test]
    fn times_read_well() {
        for (secs, text) in [
            (0.4, "0 s"),
            (89.0, "89 s"),
            (91.0, "2 min"),
            (3_600.0, "60 min"),
            (7_500.0, "2 h 05 min"),
            (273_600.0, "3 d 4 h"),
        ] {
            assert_eq!(time(secs), text);
        }
    }
}
