//! A run as it is told on the terminal: a bar where there is one, else a line now and then.

use std::time::{Duration, Instant};

use indicatif::ProgressBar;

use super::console::{self, size, thousands};
use super::output::counted;
use super::progress;
use crate::train::metrics::{Measure, Measures};
use crate::train::monitor::Alert;
use crate::train::pace::{self, Speed};
use crate::train::{RunFolder, StepReport, TrainConfig, TrainEvent};

/// Between two lines where no bar can be drawn: a log file is read, not watched.
const LINE_EVERY: Duration = Duration::from_secs(10);
/// Files that were left out and are named; the others are counted.
const SKIPPED_NAMED: usize = 5;

/// Turns events into words.
pub struct TrainView {
    bar: ProgressBar,
    start: Instant,
    /// When the last line was written, where no bar can be drawn.
    line: Option<Instant>,
    speed: Speed,
    summary: String,
    data: String,
    out: String,
    kimg: f64,
    last_image: u64,
    steps_seen: u64,
    reading: bool,
}

impl TrainView {
    /// A view of a run of `config` in `folder`.
    pub fn new(config: &TrainConfig, folder: &RunFolder) -> Self {
        Self {
            bar: progress::worded_bar(),
            start: Instant::now(),
            line: None,
            speed: Speed::default(),
            summary: config.spec.summary(),
            data: config.data.name(),
            out: folder.root().display().to_string(),
            kimg: config.kimg,
            last_image: config.schedule().images_after(config.last_step()),
            steps_seen: 0,
            reading: false,
        }
    }

    /// The bar, for whoever else has to write a line.
    pub fn bar(&self) -> ProgressBar {
        self.bar.clone()
    }

    /// Steps that were told.
    pub fn steps_seen(&self) -> u64 {
        self.steps_seen
    }

    /// Takes the bar away.
    pub fn close(&self) {
        self.bar.finish_and_clear();
    }

    /// Shows what happened.
    pub fn tell(&mut self, event: TrainEvent) {
        match event {
            TrainEvent::Reading(done, total) => self.reading(done, total),
            TrainEvent::Started {
                pictures,
                held_out,
                skipped,
                first_step,
                last_step,
                batch,
                device,
                parameters,
            } => {
                self.started(
                    (pictures, held_out),
                    &skipped,
                    (first_step, last_step, batch),
                    &device,
                    parameters,
                );
            }
            TrainEvent::Steps(reports) => self.steps(&reports),
            TrainEvent::Preview { path, .. } => self.line(&format!("sheet   {}", path.display())),
            TrainEvent::Saved { step, path } => {
                let bytes = std::fs::metadata(&path).map_or(0, |about| about.len());
                self.line(&format!(
                    "saved   {} at step {} ({})",
                    path.display(),
                    thousands(step as usize),
                    size(bytes)
                ));
            }
            TrainEvent::Weights { .. } => {}
            TrainEvent::Measured(measures) => self.line(&measured(&measures)),
            TrainEvent::Alert(Alert { evidence, advice, .. }) => {
                self.line(&format!("alert   {evidence} {advice}"));
            }
            TrainEvent::Grown { step, resolution } => self.line(&format!(
                "grown   to {resolution}x{resolution} at step {}",
                thousands(step as usize)
            )),
            TrainEvent::RolledBack { from, to, lr_factor } => self.line(&format!(
                "back    from step {} to step {}; learning rates are now {lr_factor} times the set ones",
                thousands(from as usize),
                thousands(to as usize)
            )),
            TrainEvent::Warning(text) => self.line(&format!("warning: {text}")),
            TrainEvent::Paused => {
                self.speed.reset();
                self.line("paused");
            }
        }
    }

    fn reading(&mut self, done: usize, total: usize) {
        if !self.reading {
            self.reading = true;
            self.line(&format!("reading {}", self.data));
        }
        self.bar.set_length(total as u64);
        self.bar.set_position(done as u64);
        self.bar.set_message(match total {
            0 => format!("{} found", counted(done, "file")),
            _ => format!("{}/{} pictures read", thousands(done), thousands(total)),
        });
    }

    fn started(
        &mut self,
        (pictures, held_out): (usize, usize),
        skipped: &[String],
        (first, last, batch): (u64, u64, usize),
        device: &str,
        (generator, discriminator): (usize, usize),
    ) {
        self.line(&match first {
            0 => format!("run     {}: new", self.out),
            step => {
                format!("run     {}: goes on after step {}", self.out, thousands(step as usize))
            }
        });
        self.line(&format!(
            "network {}; {} + {} parameters, on {device}",
            self.summary,
            thousands(generator),
            thousands(discriminator)
        ));
        let data = match held_out {
            0 => counted(pictures, "picture"),
            _ => format!(
                "{}, and {} more to measure with",
                counted(pictures, "pair"),
                thousands(held_out)
            ),
        };
        self.line(&format!("data    {}: {data}", self.data));
        for text in skipped.iter().take(SKIPPED_NAMED) {
            self.line(&format!("skipped {text}"));
        }
        if skipped.len() > SKIPPED_NAMED {
            self.line(&format!("skipped {} more", thousands(skipped.len() - SKIPPED_NAMED)));
        }
        self.line(&format!(
            "length  {} kimg: {} of {batch} pictures",
            self.kimg,
            counted(last as usize, "step")
        ));
        self.speed.at(self.start.elapsed().as_secs_f64(), first * batch as u64);
        self.bar.reset();
        self.bar.set_length(last);
        self.bar.set_position(first);
        self.bar.set_message("the first step is on its way");
        self.line = Some(Instant::now());
    }

    fn steps(&mut self, reports: &[StepReport]) {
        let Some(newest) = reports.last() else { return };
        self.steps_seen += reports.len() as u64;
        let speed = self.speed.at(self.start.elapsed().as_secs_f64(), newest.images);
        let words = words(newest, speed, self.kimg, self.last_image);
        self.bar.set_position(newest.step);
        self.bar.set_message(words.clone());
        let due = self.line.is_none_or(|line| line.elapsed() >= LINE_EVERY);
        if self.bar.is_hidden() && (due || newest.images >= self.last_image) {
            self.line = Some(Instant::now());
            console::note(&format!("step    {} · {words}", thousands(newest.step as usize)));
        }
    }

    fn line(&self, text: &str) {
        self.bar.suspend(|| console::note(text));
    }
}

/// `7.7/500 kimg · 61 images/s · D 1.234 G 0.987 · 24 min left`
fn words(newest: &StepReport, speed: Option<f64>, kimg: f64, last_image: u64) -> String {
    let mut words = format!("{:.1}/{kimg} kimg", newest.images as f64 / 1000.0);
    if let Some(speed) = speed {
        words += &match speed {
            s if s < 10.0 => format!(" · {s:.1} images/s"),
            s => format!(" · {s:.0} images/s"),
        };
    }
    words += &format!(" · D {:.3} G {:.3}", newest.loss_d, newest.loss_g);
    if newest.l1 != 0.0 {
        words += &format!(" L1 {:.4}", newest.l1);
    }
    if let Some(speed) = speed {
        let left = last_image.saturating_sub(newest.images) as f64 / speed;
        words += &format!(" · {} left", pace::time(left));
    }
    words
}

/// Those measures that were taken, in a line.
fn measured(measures: &Measures) -> String {
    let value = |measure: Measure| Some((measure.name(), measure.of(measures)?));
    let taken = Measure::ALL.into_iter().filter_map(value);
    let words = taken.map(|(name, value)| match value {
        small if small < 0.1 => format!("{name} {small:.4}"),
        value => format!("{name} {value:.3}"),
    });
    format!("measure {}", words.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_speed_losses_and_time_left() {
        let report = StepReport {
            step: 120,
            images: 7_680,
            loss_d: 1.2341,
            loss_g: 0.9872,
            d_real: 0.7,
            d_fake: 0.3,
            grad_d: 2.0,
            grad_g: 0.5,
            sign_real: 0.6,
            l1: 0.0,
        };
        let text = words(&report, Some(61.2), 500.0, 500_000);
        assert_eq!(text, "7.7/500 kimg · 61 images/s · D 1.234 G 0.987 · 2 h 14 min left");
        let text = words(&report, None, 500.0, 500_000);
        assert_eq!(text, "7.7/500 kimg · D 1.234 G 0.987");
        let text = words(&StepReport { l1: 0.0831, ..report }, None, 500.0, 500_000);
        assert_eq!(text, "7.7/500 kimg · D 1.234 G 0.987 L1 0.0831");
    }
}
