//! The thread that draws what the window wants to see.
//!
//! The window writes down a wish per [`Lane`]; the renderer works on the newest wish of the most
//! urgent lane and forgets the ones in between. Less urgent lanes are drawn a few pictures at a time,
//! so that a moved slider never waits for more than one small batch.

mod engine;
mod wish;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use self::engine::{Engine, Models};
pub use self::wish::{Given, Lane, Load, Loaded, ModelId, RenderEvent, RenderRequest, Rendered};
use super::{Courtesy, Latest, Wake, cores, panic_message, pool};
use crate::error::{Error, Result};
use crate::ops::memory;
use crossbeam_channel::{Receiver, Sender, bounded};

/// The thread's name.
const NAME: &str = "renderer";
/// Loading a model goes before everything.
const LOAD: usize = 0;
const LANES: usize = 1 + Lane::ALL.len();
/// Events that may wait for the window. Lanes hold one wish each, so a few are enough.
const EVENTS: usize = 32;
/// Pictures that take longer than this are given up for newer ones.
const PATIENCE_MILLIS: f32 = 500.0;

/// A wish on its way.
struct Wish {
    stamp: u64,
    asked: Instant,
    request: RenderRequest,
}

enum Work {
    Load(Load),
    Draw(Wish),
}

enum Answer {
    Loaded(Loaded),
    Rendered { stamp: u64, rendered: Rendered },
}

/// What was asked for and shown in one lane.
#[derive(Default)]
struct LaneState {
    last: Option<RenderRequest>,
    asked: u64,
    shown: u64,
}

/// Handle of the renderer thread; dropping it ends the thread.
pub struct Renderer {
    room: Arc<Latest<Work, LANES>>,
    answers: Option<Receiver<Answer>>,
    /// An answer that came during a [`Renderer::rest`].
    early: Option<Answer>,
    lanes: [LaneState; LANES],
    courtesy: Courtesy,
    thread: Option<JoinHandle<()>>,
}

impl Renderer {
    /// Starts the thread; `wake` is called whenever there is something to [`Renderer::poll`].
    ///
    /// # Errors
    /// [`Error::Worker`] if the system gives no thread.
    pub fn start(wake: Wake) -> Result<Self> {
        Self::start_with(Models::default(), wake)
    }

    fn start_with(engine: impl Engine + 'static, wake: Wake) -> Result<Self> {
        memory::keep_freed(memory::FOR_DRAWING);
        let room = Arc::new(Latest::default());
        let (sender, answers) = bounded(EVENTS);
        let mut worker = Worker { room: room.clone(), engine, answers: sender, wake };
        let pool = pool(NAME, cores())?;
        let thread = std::thread::Builder::new()
            .name(NAME.into())
            .spawn(move || pool.install(|| worker.run()))
            .map_err(|error| Error::Worker {
                thread: NAME,
                why: format!("it could not be started ({error})"),
            })?;
        Ok(Self {
            room,
            answers: Some(answers),
            early: None,
            lanes: Default::default(),
            courtesy: Courtesy::default(),
            thread: Some(thread),
        })
    }

    /// Makes the renderer draw with another model. The one before stays until this one is ready.
    pub fn load(&mut self, load: Load) {
        self.room.put(LOAD, Work::Load(load));
    }

    /// Asks for pictures, in place of whatever was asked for in this lane before; `asked` is when the
    /// person did. Returns false, and does nothing, if just this was asked for last.
    pub fn request(&mut self, lane: Lane, request: RenderRequest, asked: Instant) -> bool {
        let state = &mut self.lanes[lane as usize];
        if state.last.as_ref() == Some(&request) {
            return false;
        }
        // The same drawn by a newer model is nobody's hand at a slider.
        let is_moved = state.last.as_ref().is_none_or(|last| last.given != request.given);
        if is_moved && matches!(lane, Lane::Picture | Lane::Row | Lane::Grid) {
            self.courtesy.touch();
        }
        state.asked += 1;
        state.last = Some(request.clone());
        let wish = Wish { stamp: state.asked, asked, request };
        self.room.put(lane as usize, Work::Draw(wish));
        true
    }

    /// Forgets what was asked for last in `lane`, so that the same can be asked for again.
    pub fn forget(&mut self, lane: Lane) {
        self.lanes[lane as usize].last = None;
    }

    /// Whether something that was asked for in `lane` is still to come.
    pub fn is_awaited(&self, lane: Lane) -> bool {
        let state = &self.lanes[lane as usize];
        state.shown < state.asked
    }

    /// Leaves the processor to the thread until there is something to [`Renderer::poll`], or `most` is
    /// over.
    pub fn rest(&mut self, most: Duration) {
        if self.early.is_none() {
            self.early = self.answers.as_ref().and_then(|answers| answers.recv_timeout(most).ok());
        }
    }

    /// What jobs use to make way for this renderer.
    pub fn courtesy(&self) -> &Courtesy {
        &self.courtesy
    }

    /// The next thing to show. An answer that is older than one shown before is left out.
    pub fn poll(&mut self) -> Option<RenderEvent> {
        loop {
            let early = self.early.take();
            match early.or_else(|| self.answers.as_ref()?.try_recv().ok())? {
                Answer::Loaded(loaded) => return Some(RenderEvent::Loaded(loaded)),
                Answer::Rendered { stamp, rendered } => {
                    let state = &mut self.lanes[rendered.lane as usize];
                    if stamp > state.shown {
                        state.shown = stamp;
                        return Some(RenderEvent::Rendered(rendered));
                    }
                }
            }
        }
    }
}

impl Drop for Renderer {
    fn drop(&mut self) {
        self.room.close();
        // Without a receiver the thread cannot block on a full channel.
        self.answers = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The thread's side.
struct Worker<E> {
    room: Arc<Latest<Work, LANES>>,
    engine: E,
    answers: Sender<Answer>,
    wake: Wake,
}

impl<E: Engine> Worker<E> {
    fn run(&mut self) {
        while let Some((lane, work)) = self.room.take() {
            self.serve(lane, work);
        }
    }

    fn serve(&mut self, lane: usize, work: Work) {
        match work {
            Work::Load(load) => {
                let result = guarded(|| self.engine.load(&load));
                self.tell(Answer::Loaded(Loaded { model: load.model, result }));
            }
            Work::Draw(wish) => self.draw(lane, wish),
        }
    }

    /// Draws one batch after the other; between two of them whatever is more urgent goes first,
    /// and a newer wish in the same lane ends this one.
    fn draw(&mut self, lane: usize, wish: Wish) {
        let Some(name) = Lane::ALL.into_iter().find(|name| *name as usize == lane) else { return };
        let RenderRequest { model, given } = wish.request;
        let count = given.count();
        let mut pictures = Vec::with_capacity(count);
        let mut millis = 0.0;
        let mut failed = None;
        let at_once = self.engine.batch(name).max(1);
        for start in (0..count).step_by(at_once) {
            let part = given.part(start..count.min(start + at_once));
            while let Some((urgent, work)) = self.room.take_before(lane) {
                self.serve(urgent, work);
            }
            // What follows the hand is finished, unless it takes long: while it moves, every picture
            // counts.
            let follows = match name {
                Lane::Picture => true,
                Lane::Row | Lane::Grid => millis < PATIENCE_MILLIS,
                Lane::Peek | Lane::Strip | Lane::Thumbnails => false,
            };
            if !follows && self.room.is_outdated(lane) {
                return;
            }
            let begun = Instant::now();
            match guarded(|| self.engine.draw(model, part, name)) {
                Ok(drawn) => pictures.extend(drawn),
                Err(Error::Cancelled) => return,
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
            millis += begun.elapsed().as_secs_f32() * 1e3;
        }
        let result = failed.map_or(Ok(pictures), Err);
        let rendered = Rendered { lane: name, given, model, asked: wish.asked, millis, result };
        self.tell(Answer::Rendered { stamp: wish.stamp, rendered });
    }

    fn tell(&self, answer: Answer) {
        // Fails only when the handle is gone, and then nobody wants to know.
        if self.answers.send(answer).is_ok() {
            (self.wake)();
        }
    }
}

/// Runs `work`; a panic becomes an error, and the thread goes on with the next wish.
fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|panic| Err(Error::Worker { thread: NAME, why: panic_message(&*panic) }))
}

#[cfg(test)]
mod tests;
