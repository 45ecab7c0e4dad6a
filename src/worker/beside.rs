//! How a slider and training get along on one machine.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Latency, Plan, Stage, Training, Wake};
use crate::error::{Error, Result};
use crate::train::TrainEvent;

/// How often the run is looked at.
const LOOK: Duration = Duration::from_millis(8);

/// A slider and training on one machine.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Beside {
    /// The slider while a run goes on.
    pub slider: Latency,
    /// Pictures per second that the run learns from with nobody at the slider.
    pub undisturbed: f32,
    /// The same while the slider is dragged without pause.
    pub dragged: f32,
}

/// Drags a slider of `stage` for `seconds` while `plan` is trained in the background; the run is
/// watched for as long without the slider before.
///
/// # Errors
/// What drawing and starting the run return.
pub fn measure_beside_training(stage: &mut Stage, plan: Plan, seconds: f32) -> Result<Beside> {
    let wake: Wake = Arc::new(|| {});
    let mut watched = Watched { run: Training::start(plan, stage.courtesy(), &wake)?, images: 0 };
    // The first steps find memory and wake threads.
    watched.speed(seconds.min(3.0))?;
    let undisturbed = watched.speed(seconds)?;
    let begun = Instant::now();
    let slider = stage.drag_slider(seconds)?;
    let dragged = watched.learnt()? as f32 / begun.elapsed().as_secs_f32();
    Ok(Beside { slider, undisturbed, dragged })
}

/// A run whose pictures are counted.
struct Watched {
    run: Training,
    /// Real pictures shown so far.
    images: u64,
}

impl Watched {
    /// Pictures per second that the run learns from, over `seconds` that begin and end with a step.
    fn speed(&mut self, seconds: f32) -> Result<f32> {
        while self.learnt()? == 0 {
            std::thread::sleep(LOOK);
        }
        let (begun, mut learnt) = (Instant::now(), 0);
        loop {
            std::thread::sleep(LOOK);
            let more = self.learnt()?;
            learnt += more;
            if more > 0 && begun.elapsed().as_secs_f32() >= seconds {
                return Ok(learnt as f32 / begun.elapsed().as_secs_f32());
            }
        }
    }

    /// Pictures learnt from since the last call.
    fn learnt(&mut self) -> Result<u64> {
        let before = self.images;
        for event in self.run.poll() {
            if let TrainEvent::Steps(reports) = event {
                self.images = reports.last().map_or(self.images, |report| report.images);
            }
        }
        match self.run.outcome() {
            Some(Err(error)) => Err(error),
            Some(Ok(_)) => Err(Error::bad_setting("--kimg", "the run ended too soon")),
            None => Ok(self.images - before),
        }
    }
}
