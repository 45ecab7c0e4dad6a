//! Work that takes a while and isn't drawing: a named thread with progress and a way to cancel it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, TryRecvError, bounded};

use super::{Courtesy, Wake, cores, panic_message, pool};
use crate::error::{Error, Result};

/// The longest that a job stands still for a slider each time it reports.
const PATIENCE: Duration = Duration::from_millis(600);

/// Shared by a job's two ends.
#[derive(Default)]
struct Shared {
    /// Bits of an f32 from 0 to 1.
    fraction: AtomicU32,
    cancelled: AtomicBool,
}

/// The job's own end: tells how far it is, and hears that it should stop.
pub struct Progress {
    shared: Arc<Shared>,
    courtesy: Courtesy,
    wake: Wake,
}

impl Progress {
    /// Tells that `fraction` (0 to 1) is done, makes way for a moving slider, and says whether to
    /// go on.
    pub fn report(&self, fraction: f32) -> bool {
        self.shared.fraction.store(fraction.to_bits(), Ordering::Relaxed);
        (self.wake)();
        self.courtesy.give_way(PATIENCE, || self.is_cancelled());
        !self.is_cancelled()
    }

    /// Whether nobody wants the result any more.
    pub fn is_cancelled(&self) -> bool {
        self.shared.cancelled.load(Ordering::Relaxed)
    }
}

/// The other end: a running job whose result is a `T`. Dropping it cancels the job.
pub struct Job<T> {
    name: &'static str,
    started: Instant,
    shared: Arc<Shared>,
    result: Receiver<Result<T>>,
}

impl<T: Send + 'static> Job<T> {
    /// Starts `work` on a thread called `name`. It computes on all cores but one, with
    /// `courtesy` towards the renderer; `wake` is called at every progress and at the end.
    ///
    /// # Errors
    /// [`Error::Worker`] if the system gives no thread.
    pub fn start(
        name: &'static str,
        courtesy: &Courtesy,
        wake: &Wake,
        work: impl FnOnce(&Progress) -> Result<T> + Send + 'static,
    ) -> Result<Self> {
        Self::start_on(name, cores() - 1, courtesy, wake, work)
    }

    /// As [`Job::start`], on `threads` cores.
    ///
    /// # Errors
    /// As [`Job::start`].
    pub fn start_on(
        name: &'static str,
        threads: usize,
        courtesy: &Courtesy,
        wake: &Wake,
        work: impl FnOnce(&Progress) -> Result<T> + Send + 'static,
    ) -> Result<Self> {
        let shared = Arc::new(Shared::default());
        let (sender, result) = bounded(1);
        let progress =
            Progress { shared: shared.clone(), courtesy: courtesy.clone(), wake: wake.clone() };
        let body = move || {
            let outcome =
                catch_unwind(AssertUnwindSafe(|| pool(name, threads)?.install(|| work(&progress))));
            let outcome = outcome.unwrap_or_else(|panic| {
                Err(Error::Worker { thread: name, why: panic_message(&*panic) })
            });
            // Nobody listens any more once the job is dropped.
            let _ = sender.send(outcome);
            (progress.wake)();
        };
        std::thread::Builder::new().name(name.into()).spawn(body).map_err(|error| {
            Error::Worker { thread: name, why: format!("it could not be started ({error})") }
        })?;
        Ok(Self { name, started: Instant::now(), shared, result })
    }

    /// The result, once, as soon as it is there. A cancelled job ends with [`Error::Cancelled`].
    pub fn poll(&mut self) -> Option<Result<T>> {
        match self.result.try_recv() {
            Ok(_) if self.is_cancelled() => Some(Err(Error::Cancelled)),
            Ok(result) => Some(result),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Err(Error::Cancelled)),
        }
    }
}

impl<T> Job<T> {
    /// Name of the job and its thread.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// How much is done, from 0 to 1.
    pub fn progress(&self) -> f32 {
        f32::from_bits(self.shared.fraction.load(Ordering::Relaxed))
    }

    /// How long it has been running.
    pub fn age(&self) -> Duration {
        self.started.elapsed()
    }

    /// Asks the job to stop at its next report.
    pub fn cancel(&self) {
        self.shared.cancelled.store(true, Ordering::Relaxed);
    }

    fn is_cancelled(&self) -> bool {
        self.shared.cancelled.load(Ordering::Relaxed)
    }
}

impl<T> Drop for Job<T> {
    fn drop(&mut self) {
        self.cancel();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start<T: Send + 'static>(
        work: impl FnOnce(&Progress) -> Result<T> + Send + 'static,
    ) -> Job<T> {
        let wake: Wake = Arc::new(|| {});
        Job::start("test job", &Courtesy::default(), &wake, work).unwrap()
    }

    fn wait<T: Send + 'static>(job: &mut Job<T>) -> Result<T> {
        loop {
            if let Some(result) = job.poll() {
                return result;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn a_job_tells_how_far_it_is_and_returns_its_result() {
        let mut job = start(|progress| {
            assert!(progress.report(0.5));
            let thread = std::thread::current().name().map(str::to_owned);
            Ok(thread.is_some_and(|name| name.starts_with("test job")))
        });
        assert!(wait(&mut job).unwrap(), "the work's threads carry the job's name");
        assert_eq!(job.progress(), 0.5);
    }

    #[test]
    fn a_cancelled_job_stops() {
        let mut job = start(|progress| {
            while progress.report(0.1) {
                std::thread::sleep(Duration::from_millis(1));
            }
            Ok(())
        });
        job.cancel();
        assert!(matches!(wait(&mut job), Err(Error::Cancelled)));
    }

    #[test]
    fn a_panic_is_told_in_words() {
        let mut job = start(|_| -> Result<()> { panic!("the cat sat on it") });
        let error = wait(&mut job).unwrap_err().to_string();
        assert!(error.contains("test job") && error.contains("the cat sat on it"), "{error}");
    }
}
