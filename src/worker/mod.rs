//! Every thread of the program: the renderer that draws what the window wants to see, the trainer,
//! and jobs.
//!
//! Threads carry names and compute in rayon pools of their own, so that a dragged slider never
//! queues behind anything else. Only plain data crosses between threads: latents, pictures, the
//! bytes of model files; each thread makes the tensors it needs. A panic is caught where the
//! thread's work begins and told as [`crate::Error::Worker`].

mod beside;
mod courtesy;
mod job;
mod latest;
mod measure;
mod renderer;
mod trainer;

use std::any::Any;
use std::sync::Arc;

pub use beside::{Beside, measure_beside_training};
pub use courtesy::Courtesy;
pub use job::{Job, Progress};
pub use latest::Latest;
pub use measure::{Latency, Percentiles, Stage};
pub use renderer::{
    Given, Lane, Load, Loaded, ModelId, RenderEvent, RenderRequest, Rendered, Renderer,
};
pub use trainer::{Plan, Training};

/// Called by a worker when it has something to show; wakes the window.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// What a caught panic said.
fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".into())
}

/// A rayon pool with `threads` threads called `name-0`, `name-1`, ….
fn pool(name: &'static str, threads: usize) -> crate::Result<rayon::ThreadPool> {
    let why = |error: rayon::ThreadPoolBuildError| crate::Error::Worker {
        thread: name,
        why: format!("its threads could not be started ({error})"),
    };
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads.max(1))
        .thread_name(move |index| format!("{name}-{index}"))
        .build()
        .map_err(why)
}

/// Cores of this machine that the program may use.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
