//! Batches ready before the training step asks for them.
//!
//! One thread, `loader`, keeps a short queue filled. Pictures that are not in memory are read by a
//! few threads of its own, so that reading never waits behind a training step's kernels.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded};
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::{Batches, Dataset, Pick, Plan, Target};
use crate::error::{Error, Result};
use crate::picture;

/// Batches that wait for the step.
const QUEUE: usize = 4;
/// What one batch may take in memory.
const MAX_BATCH_BYTES: u64 = 4 << 30;
/// Threads that read pictures which are not in memory.
const MAX_READERS: usize = 8;
/// Pictures tried in the place of one that cannot be read any more, before giving up.
const MAX_TRIES: usize = 64;

/// What batches are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoaderConfig {
    /// Pictures in a batch.
    pub batch: usize,
    /// Seed of the order and the flips.
    pub seed: u64,
    /// Whether half of the pictures are mirrored left to right.
    pub flip: bool,
    /// Number of the first batch: 0, or where a run goes on.
    pub first_batch: u64,
    /// Pictures in all batches before it.
    pub first_picture: u64,
}

/// A batch of pictures, in main memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// Its number in the run, from 0.
    pub number: u64,
    /// Epoch of its first picture, from 0.
    pub epoch: u64,
    /// `[B, C, H, W]` in [-1, 1], row-major.
    pub pixels: Vec<f32>,
    /// B.
    pub size: usize,
}

/// An endless row of batches, prepared ahead. Dropping it stops its threads.
#[derive(Debug)]
pub struct Loader {
    /// `None` only while being dropped.
    ready: Option<Receiver<Result<Batch>>>,
    thread: Option<JoinHandle<()>>,
    stop: Arc<AtomicBool>,
}

impl Loader {
    /// Starts preparing batches.
    ///
    /// # Errors
    /// [`Error::BadSetting`] if a batch is empty or too large for memory; [`Error::Worker`] if the
    /// system gives no thread.
    pub fn start(dataset: Arc<Dataset>, config: LoaderConfig) -> Result<Self> {
        let (stored, target) = (dataset.stored(), dataset.target());
        let batches = Batches::new(dataset.len(), config.batch, config.seed, config.flip)?
            .starting(config.first_batch, config.first_picture)
            .cropping((stored.width - target.width, stored.height - target.height));
        let bytes = (config.batch as u64).saturating_mul(4 * target.bytes() as u64);
        if bytes > MAX_BATCH_BYTES {
            return Err(Error::bad_setting(
                "batch",
                format!(
                    "{} pictures of this size take {} GB of memory; {} is the largest batch",
                    config.batch,
                    bytes >> 30,
                    MAX_BATCH_BYTES / (4 * target.bytes() as u64)
                ),
            ));
        }
        let stop = Arc::new(AtomicBool::new(false));
        let (sender, ready) = bounded(QUEUE);
        let work = Work { dataset, batches, stop: stop.clone() };
        let thread = std::thread::Builder::new()
            .name(THREAD.into())
            .spawn(move || work.run(config.first_batch, &sender))
            .map_err(|error| Error::Worker { thread: THREAD, why: error.to_string() })?;
        Ok(Self { ready: Some(ready), thread: Some(thread), stop })
    }

    /// The next batch; waits until it is ready.
    ///
    /// # Errors
    /// [`Error::BadData`] if the pictures have become unreadable, a whole row of them: after that
    /// no batch will come. [`Error::Worker`] if the thread broke down.
    #[allow(clippy::should_implement_trait)] // endless: an iterator's `Option` would be noise
    pub fn next(&mut self) -> Result<Batch> {
        match self.ready.as_ref().map(Receiver::recv) {
            Some(Ok(batch)) => batch,
            _ => Err(self.broken()),
        }
    }

    /// Why no batches come any more.
    fn broken(&mut self) -> Error {
        let why = match self.thread.take().map(JoinHandle::join) {
            Some(Err(panic)) => panic
                .downcast_ref::<String>()
                .cloned()
                .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
                .unwrap_or_else(|| "it panicked".into()),
            _ => "it had already reported an error".into(),
        };
        Error::Worker { thread: THREAD, why }
    }
}

impl Drop for Loader {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Without a receiver a full queue lets go of the thread.
        self.ready = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

const THREAD: &str = "loader";

/// What the thread works with.
struct Work {
    dataset: Arc<Dataset>,
    batches: Batches,
    stop: Arc<AtomicBool>,
}

impl Work {
    /// Sends batches until nobody listens any more, or an error was sent.
    fn run(mut self, first_batch: u64, sender: &Sender<Result<Batch>>) {
        let readers = if self.dataset.is_in_memory() { None } else { readers() };
        for number in first_batch..=u64::MAX {
            let plan = self.batches.plan(number);
            let batch = match &readers {
                Some(pool) => pool.install(|| self.batch(&plan)),
                None => self.batch(&plan),
            };
            let last = batch.is_err();
            if sender.send(batch).is_err() || last {
                return;
            }
        }
    }

    fn batch(&self, plan: &Plan) -> Result<Batch> {
        let (stored, target) = (self.dataset.stored(), self.dataset.target());
        let indices: Vec<usize> = plan.picks.iter().map(|pick| pick.index).collect();
        let pictures = self.dataset.many(&indices, &self.stop);
        let mut pixels = vec![0.0; plan.picks.len() * target.bytes()];
        let places = pixels.chunks_exact_mut(target.bytes());
        for ((picture, pick), place) in pictures.into_iter().zip(&plan.picks).zip(places) {
            let picture = match picture {
                Ok(picture) => picture,
                Err(error) => self.substitute(pick.index, error)?,
            };
            to_planes(&picture, stored, target, *pick, place);
        }
        Ok(Batch { number: plan.number, epoch: plan.epoch, pixels, size: plan.picks.len() })
    }

    /// The next picture that can be read, in the place of one that cannot.
    fn substitute(&self, index: usize, error: Error) -> Result<Cow<'_, [u8]>> {
        let mut error = error;
        for step in 1..=MAX_TRIES {
            if matches!(error, Error::Cancelled) {
                return Err(error);
            }
            let next = (index + step) % self.dataset.len();
            self.dataset.note_lost((index + step - 1) % self.dataset.len(), &error);
            match self.dataset.many(&[next], &self.stop).swap_remove(0) {
                Ok(picture) => return Ok(picture),
                Err(another) => error = another,
            }
        }
        Err(Error::bad_data(
            self.dataset.origin(),
            format!("its pictures cannot be read any more; is the drive still there? ({error})"),
        ))
    }
}

/// Threads that read files. Without them the loader's own thread does it.
fn readers() -> Option<ThreadPool> {
    let count = std::thread::available_parallelism().map_or(1, usize::from).min(MAX_READERS);
    let builder = ThreadPoolBuilder::new().num_threads(count);
    builder.thread_name(|number| format!("{THREAD}-{number}")).build().ok()
}

/// The part of a `stored` picture that `pick` shows: interleaved bytes to planes `[C, H, W]` of
/// `target` in [-1, 1].
fn to_planes(bytes: &[u8], stored: Target, target: Target, pick: Pick, planes: &mut [f32]) {
    let (channels, width) = (target.planes(), target.width);
    let (left, top) = pick.crop;
    for (channel, plane) in planes.chunks_exact_mut(target.height * width).enumerate() {
        let rows = bytes.chunks_exact(stored.width * channels).skip(top);
        for (from, to) in rows.zip(plane.chunks_exact_mut(width)) {
            let from = &from[left * channels..][..width * channels];
            let values = from.iter().skip(channel).step_by(channels).map(|&b| picture::value(b));
            if pick.flip {
                to.iter_mut().rev().zip(values).for_each(|(to, value)| *to = value);
            } else {
                to.iter_mut().zip(values).for_each(|(to, value)| *to = value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planes_are_those_of_the_tensor_and_flips_mirror_rows() {
        let target = Target { input: 0, channels: 3, height: 2, width: 3 };
        let bytes: Vec<u8> = (0..18).map(|i| i * 14).collect();
        let mut planes = [0.0; 18];
        let pick = Pick { index: 0, flip: false, crop: (0, 0) };
        to_planes(&bytes, target, target, pick, &mut planes);
        let device = candle_core::Device::Cpu;
        let tensor = picture::to_tensor(&[&bytes], (3, 2, 3), &device).unwrap();
        assert_eq!(tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap(), planes);

        let mut mirrored = [0.0; 18];
        to_planes(&bytes, target, target, Pick { flip: true, ..pick }, &mut mirrored);
        for (row, mirror) in planes.chunks_exact(3).zip(mirrored.chunks_exact(3)) {
            assert!(row.iter().rev().eq(mirror));
        }
    }

    #[test]
    fn a_crop_is_a_part_of_all_channels() {
        let stored = Target { input: 1, channels: 1, height: 3, width: 4 };
        let target = Target { height: 2, width: 2, ..stored };
        // The place of a pixel, then the same from 100 on.
        let bytes: Vec<u8> = (0..12).flat_map(|i| [i, 100 + i]).collect();
        let mut planes = [0.0; 8];
        let cropped = |flip, planes: &mut [f32]| {
            to_planes(&bytes, stored, target, Pick { index: 0, flip, crop: (1, 1) }, planes);
            planes.iter().map(|value| picture::byte(*value)).collect::<Vec<_>>()
        };
        assert_eq!(cropped(false, &mut planes), [5, 6, 9, 10, 105, 106, 109, 110]);
        assert_eq!(cropped(true, &mut planes), [6, 5, 10, 9, 106, 105, 110, 109]);
    }
}
