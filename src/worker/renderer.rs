//! The thread that draws what the window wants to see.
//!
//! The window writes down a wish per [`Lane`]; the renderer works on the newest wish of the most
//! urgent lane and forgets the ones in between. Less urgent lanes are drawn a few pictures at a time,
//! so that a moved slider never waits for more than one small batch.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};
use image::RgbImage;

use super::{Courtesy, Latest, Wake, cores, panic_message, pool};
use crate::checkpoint::ModelFile;
use crate::device::{DeviceChoice, OpenDevice};
use crate::error::{Error, Result};
use crate::latent::Latent;
use crate::model::Generator;
use crate::ops::memory;
use crate::picture::{self, PictureCache};

/// The thread's name.
const NAME: &str = "renderer";
/// Loading a model goes before everything.
const LOAD: usize = 0;
const LANES: usize = 7;
/// Events that may wait for the window. Lanes hold one wish each, so a few are enough.
const EVENTS: usize = 32;
/// Floats of the pictures that are drawn at once: 42 of 64×64 in colour, large ones one by one.
const BATCH_FLOATS: usize = 1 << 19;
/// Of a grid more: what a dragged corner waits for is the whole of it. 85 of 64×64 in colour.
const GRID_FLOATS: usize = 1 << 20;
/// Small pictures larger than this are read from the cache: of others a new one is as quick.
const CACHED_PIXELS: usize = 128 * 128;
/// Pictures that take longer than this are given up for newer ones.
const PATIENCE_MILLIS: f32 = 500.0;

/// Names one loaded model. A later model has a higher number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ModelId(pub u64);

/// What a wish is for; the first is the most urgent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// The large picture.
    Picture = 1,
    /// The row of a blend: what it is made of, and what it gives.
    Row = 2,
    /// A kept face under the pointer, in the generator's own size.
    Peek = 3,
    /// The strip of one dimension.
    Strip = 4,
    /// A grid between corners.
    Grid = 5,
    /// Small pictures of anything else.
    Thumbnails = 6,
}

impl Lane {
    const ALL: [Self; LANES - 1] =
        [Self::Picture, Self::Row, Self::Peek, Self::Strip, Self::Grid, Self::Thumbnails];

    /// Most pictures of one go, and most floats. The strip is what a dragged slider waits for most
    /// often: one by one. An 8×8 grid is one go.
    fn batch(self) -> (usize, usize) {
        match self {
            Self::Picture | Self::Peek | Self::Strip => (1, BATCH_FLOATS),
            Self::Row | Self::Thumbnails => (8, BATCH_FLOATS),
            Self::Grid => (64, GRID_FLOATS),
        }
    }
}

/// Pictures the window wants to see. Equal wishes give equal pictures.
#[derive(Debug, Clone, PartialEq)]
pub struct RenderRequest {
    /// The generator to draw with.
    pub model: ModelId,
    /// One picture each.
    pub latents: Vec<Latent>,
}

/// A model for the renderer to draw with from now on.
#[derive(Debug, Clone)]
pub struct Load {
    /// Its new name.
    pub model: ModelId,
    /// The opened file.
    pub file: Arc<ModelFile>,
    /// Where to compute.
    pub device: DeviceChoice,
    /// Where its small pictures are kept, if they are.
    pub cache: Option<PictureCache>,
}

/// What became of a [`Load`].
#[derive(Debug)]
pub struct Loaded {
    /// The model's name.
    pub model: ModelId,
    /// The device that is used, or why the model before it stays.
    pub result: Result<LoadedOn>,
}

/// Where a model is computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadedOn {
    /// Name of the device.
    pub device: String,
    /// Why `auto` took the processor, where that is worth saying.
    pub note: Option<String>,
}

/// The answer to a [`RenderRequest`].
#[derive(Debug)]
pub struct Rendered {
    /// What it was for.
    pub lane: Lane,
    /// What was asked for.
    pub latents: Vec<Latent>,
    /// The model that drew it.
    pub model: ModelId,
    /// When it was asked for.
    pub asked: Instant,
    /// Time the network took, in milliseconds.
    pub millis: f32,
    /// One picture per latent, or why there are none.
    pub result: Result<Vec<RgbImage>>,
}

/// What the renderer has to tell.
#[derive(Debug)]
pub enum RenderEvent {
    /// A model is ready, or could not be loaded.
    Loaded(Loaded),
    /// Pictures.
    Rendered(Rendered),
}

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
        // The same latents drawn by a newer model are nobody's hand at a slider.
        let is_moved = state.last.as_ref().is_none_or(|last| last.latents != request.latents);
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

/// What the thread computes with; a test puts something else in its place.
trait Engine: Send {
    fn load(&mut self, load: &Load) -> Result<LoadedOn>;
    /// One picture each; `Error::Cancelled` if `model` is not there any more.
    fn draw(&mut self, model: ModelId, latents: &[Latent], lane: Lane) -> Result<Vec<RgbImage>>;
    /// Pictures that fit into one go of `lane`.
    fn batch(&self, lane: Lane) -> usize;
}

/// The real engine: one generator on its device.
#[derive(Default)]
struct Models {
    current: Option<Current>,
}

struct Current {
    model: ModelId,
    generator: Generator,
    open: OpenDevice,
    cache: Option<PictureCache>,
}

impl Current {
    fn draw(&self, latents: &[Latent]) -> Result<Vec<RgbImage>> {
        picture::from_tensor(&self.generator.draw(latents, &self.open.device)?)
    }

    /// From the cache where there is one and it pays.
    fn thumbnail(&self, latent: &Latent, cache: &PictureCache) -> Result<Vec<RgbImage>> {
        let name = latent.fingerprint();
        if let Some(picture) = cache.get(&name) {
            return Ok(vec![picture]);
        }
        let pictures = self.draw(std::slice::from_ref(latent))?;
        for picture in &pictures {
            // A picture that cannot be kept is drawn again next time.
            let _ = cache.put(&name, picture);
        }
        Ok(pictures)
    }
}

impl Engine for Models {
    fn load(&mut self, load: &Load) -> Result<LoadedOn> {
        let open = load.device.open()?;
        let generator = load.file.generator(&open.device)?;
        let on = LoadedOn { device: open.name.clone(), note: open.note.clone() };
        let (height, width) = generator.spec().size();
        let cache = load.cache.clone().filter(|_| height * width > CACHED_PIXELS);
        self.current = Some(Current { model: load.model, generator, open, cache });
        Ok(on)
    }

    fn draw(&mut self, model: ModelId, latents: &[Latent], lane: Lane) -> Result<Vec<RgbImage>> {
        match &self.current {
            Some(current) if current.model == model => match (&current.cache, latents) {
                (Some(cache), [latent]) if lane == Lane::Thumbnails => {
                    current.thumbnail(latent, cache)
                }
                _ => current.draw(latents),
            },
            // A wish for a model that has just been replaced: nobody looks at it any more.
            _ => Err(Error::Cancelled),
        }
    }

    fn batch(&self, lane: Lane) -> usize {
        let (pictures, floats) = lane.batch();
        self.current.as_ref().map_or(1, |current| match &current.cache {
            // One by one, as the cache keeps them.
            Some(_) if lane == Lane::Thumbnails => 1,
            _ => current.generator.spec().pictures_in(floats).min(pictures),
        })
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
        let mut pictures = Vec::with_capacity(wish.request.latents.len());
        let mut millis = 0.0;
        let mut failed = None;
        for batch in wish.request.latents.chunks(self.engine.batch(name).max(1)) {
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
            match guarded(|| self.engine.draw(wish.request.model, batch, name)) {
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
        let RenderRequest { model, latents } = wish.request;
        let rendered = Rendered { lane: name, latents, model, asked: wish.asked, millis, result };
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
