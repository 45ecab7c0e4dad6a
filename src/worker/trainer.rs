//! The thread that trains: [`train::run()`] with its events on their way to the window.
//!
//! It computes in a pool of its own and stands aside between two kernels while a slider is being
//! dragged. Events wait in one place, where newer ones take the place of those they make obsolete, so
//! that a window that looks away for a night finds a short list. The window is woken a few times a
//! second, not for every step.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::{Courtesy, Wake, cores, panic_message, pool};
use crate::device::DeviceChoice;
use crate::error::{Error, Result};
use crate::ops::breath::with_breath;
use crate::train::{self, Outcome, RunFolder, TrainConfig, TrainControl, TrainEvent};

/// The thread's name.
const NAME: &str = "trainer";
/// The longest that training stands still for a slider between two kernels: nine tenths of the time
/// are the slider's, and a run goes on, slowly, however long somebody plays.
const PATIENCE: Duration = Duration::from_millis(100);
/// Controls that may wait for the end of a step.
const CONTROLS: usize = 32;
/// Sheets that may wait for the window; older ones are on disk.
const SHEETS: usize = 8;

/// A run to start or to go on with.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Its settings.
    pub config: TrainConfig,
    /// Its folder.
    pub folder: RunFolder,
    /// Whether to go on with what is there.
    pub resume: bool,
    /// Where to compute.
    pub device: DeviceChoice,
}

/// What waits for the window.
#[derive(Default)]
struct Mail {
    events: Vec<TrainEvent>,
    outcome: Option<Result<Outcome>>,
}

impl Mail {
    fn put(&mut self, event: TrainEvent) {
        match (self.events.last_mut(), event) {
            (Some(TrainEvent::Steps(told)), TrainEvent::Steps(more)) => told.extend(more),
            (Some(last @ TrainEvent::Reading(..)), event @ TrainEvent::Reading(..)) => {
                *last = event;
            }
            (_, event) => {
                if matches!(event, TrainEvent::Weights { .. }) {
                    self.events.retain(|old| !matches!(old, TrainEvent::Weights { .. }));
                }
                self.events.push(event);
                self.forget_old_sheets();
            }
        }
    }

    fn forget_old_sheets(&mut self) {
        let is_sheet = |event: &TrainEvent| matches!(event, TrainEvent::Preview { .. });
        let surplus = self.events.iter().filter(|event| is_sheet(event)).count();
        let mut surplus = surplus.saturating_sub(SHEETS);
        self.events.retain(|event| {
            let goes = surplus > 0 && is_sheet(event);
            surplus -= usize::from(goes);
            !goes
        });
    }
}

/// What the two ends share.
#[derive(Default)]
struct Shared {
    mail: Mutex<Mail>,
    /// Milliseconds between two wakes for ordinary news.
    pace: AtomicU64,
}

impl Shared {
    /// A panic elsewhere leaves the mail in order: every change to it is whole.
    fn mail(&self) -> MutexGuard<'_, Mail> {
        self.mail.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A run in the background. Dropping it stops the run, saves it and waits for that.
pub struct Training {
    controls: Sender<TrainControl>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Training {
    /// Starts the thread; `wake` is called when there is something to [`Training::poll`]. While
    /// `courtesy` says that a slider moves, training makes way.
    ///
    /// # Errors
    /// [`Error::Worker`] if the system gives no thread.
    pub fn start(plan: Plan, courtesy: &Courtesy, wake: &Wake) -> Result<Self> {
        let (controls, heard) = bounded(CONTROLS);
        let shared = Arc::new(Shared::default());
        let mut teller = Teller { shared: shared.clone(), wake: wake.clone(), woken: None };
        let courtesy = courtesy.clone();
        let body = move || {
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                let breath = move || courtesy.give_way(PATIENCE, || false);
                let work = || with_breath(breath, || go(&plan, &heard, &mut teller));
                pool(NAME, cores())?.install(work)
            }));
            let outcome = outcome.unwrap_or_else(|panic| {
                Err(Error::Worker { thread: NAME, why: panic_message(&*panic) })
            });
            teller.shared.mail().outcome = Some(outcome);
            (teller.wake)();
        };
        let thread =
            std::thread::Builder::new().name(NAME.into()).spawn(body).map_err(|error| {
                Error::Worker { thread: NAME, why: format!("it could not be started ({error})") }
            })?;
        Ok(Self { controls, shared, thread: Some(thread) })
    }

    /// Tells the run something; it listens after each step. Returns false if it does not listen any
    /// more.
    pub fn control(&self, control: TrainControl) -> bool {
        self.controls.try_send(control).is_ok()
    }

    /// What happened since the last call.
    pub fn poll(&mut self) -> Vec<TrainEvent> {
        std::mem::take(&mut self.shared.mail().events)
    }

    /// How the run ended, once, as soon as it has. All events have to be polled before.
    pub fn outcome(&mut self) -> Option<Result<Outcome>> {
        let mut mail = self.shared.mail();
        if mail.events.is_empty() { mail.outcome.take() } else { None }
    }

    /// Wakes the window for ordinary news no more often than this.
    pub fn set_pace(&self, pace: Duration) {
        self.shared.pace.store(pace.as_millis() as u64, Ordering::Relaxed);
    }
}

impl Drop for Training {
    fn drop(&mut self) {
        // Cannot wait: a run that does not listen has ended, or is about to.
        let _ = self.controls.try_send(TrainControl::Stop { save: true });
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn go(plan: &Plan, heard: &Receiver<TrainControl>, teller: &mut Teller) -> Result<Outcome> {
    let device = plan.device.open()?;
    let Plan { config, folder, resume, .. } = plan;
    train::run(config, folder, *resume, &device, heard, &mut |event| teller.tell(event))
}

/// The thread's end.
struct Teller {
    shared: Arc<Shared>,
    wake: Wake,
    woken: Option<Instant>,
}

impl Teller {
    fn tell(&mut self, event: TrainEvent) {
        let is_ordinary = matches!(event, TrainEvent::Steps(_) | TrainEvent::Reading(..));
        self.shared.mail().put(event);
        let pace = Duration::from_millis(self.shared.pace.load(Ordering::Relaxed));
        if is_ordinary && self.woken.is_some_and(|woken| woken.elapsed() < pace) {
            return;
        }
        self.woken = Some(Instant::now());
        (self.wake)();
    }
}

#[cfg(test)]
mod tests;
