//! How long it takes from a moved slider to new pixels, without a window.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded};

use super::renderer::{Lane, Load, ModelId, RenderEvent, RenderRequest, Renderer};
use super::{Plan, Training, Wake};
use crate::checkpoint::ModelFile;
use crate::device::DeviceChoice;
use crate::error::{Error, Result};
use crate::model::ModelSpec;
use crate::random::{Purpose, stream};
use crate::train::TrainEvent;

/// A mouse tells its place 125 times a second.
const MOUSE: Duration = Duration::from_millis(8);

/// Durations in milliseconds, kept as counts, so that it never grows.
#[derive(Debug, Clone)]
pub struct Percentiles {
    /// Tenths of a millisecond; the last place collects everything longer.
    counts: Vec<u32>,
    total: u32,
}

impl Default for Percentiles {
    fn default() -> Self {
        Self { counts: vec![0; 10_000], total: 0 }
    }
}

impl Percentiles {
    /// Adds one duration.
    pub fn add(&mut self, millis: f32) {
        let place = ((millis * 10.0).max(0.0) as usize).min(self.counts.len() - 1);
        self.counts[place] += 1;
        self.total += 1;
    }

    /// How many were added.
    pub fn count(&self) -> u32 {
        self.total
    }

    /// The duration that `percent` (0 to 100) of all do not exceed, in milliseconds; 0 if there
    /// are none.
    pub fn percentile(&self, percent: f32) -> f32 {
        let wanted = (self.total as f32 * percent / 100.0).ceil().max(1.0) as u32;
        let mut seen = 0;
        for (place, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return (place + 1) as f32 / 10.0;
            }
        }
        0.0
    }
}

/// Milliseconds from a moved slider to its pixels, in memory.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Latency {
    /// Half of all pictures came faster.
    pub median: f32,
    /// 95 of 100 came faster.
    pub p95: f32,
    /// Pictures per second.
    pub rate: f32,
    /// Pictures drawn.
    pub pictures: u32,
}

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

/// Drags one dimension of `file`'s generator to and fro for `seconds`, as fast as a mouse tells its
/// place, and measures how old each picture's wish is when the picture arrives.
///
/// # Errors
/// Whatever loading and drawing return.
pub fn measure_latency(
    file: Arc<ModelFile>,
    device: DeviceChoice,
    seconds: f32,
) -> Result<Latency> {
    Hand::at(file, device)?.drag(seconds)
}

/// As [`measure_latency`], while `plan` is trained in the background; the run is watched for as long
/// without the slider before.
///
/// # Errors
/// As [`measure_latency`], and what starting the run returns.
pub fn measure_beside_training(
    file: Arc<ModelFile>,
    device: DeviceChoice,
    plan: Plan,
    seconds: f32,
) -> Result<Beside> {
    let mut hand = Hand::at(file, device)?;
    let wake: Wake = Arc::new(|| {});
    let mut training = Training::start(plan, hand.renderer.courtesy(), &wake)?;
    // The first steps find memory and wake threads.
    watch(&mut training, seconds.min(3.0))?;
    let undisturbed = watch(&mut training, seconds)?;
    let begun = Instant::now();
    let slider = hand.drag(seconds)?;
    let learnt = images(&mut training)?;
    let dragged = learnt as f32 / begun.elapsed().as_secs_f32();
    Ok(Beside { slider, undisturbed, dragged })
}

/// Pictures per second that a run learns from, over `seconds` that begin with a step.
fn watch(training: &mut Training, seconds: f32) -> Result<f32> {
    while images(training)? == 0 {
        std::thread::sleep(MOUSE);
    }
    let (begun, mut learnt) = (Instant::now(), 0);
    loop {
        std::thread::sleep(MOUSE);
        let more = images(training)?;
        learnt += more;
        // Ends with a step too.
        if more > 0 && begun.elapsed().as_secs_f32() >= seconds {
            return Ok(learnt as f32 / begun.elapsed().as_secs_f32());
        }
    }
}

/// Pictures learnt from since the last call.
fn images(training: &mut Training) -> Result<u64> {
    let mut images = 0;
    for event in training.poll() {
        if let TrainEvent::Steps(reports) = event {
            let ends = reports.first().zip(reports.last());
            let batch = ends.map_or(0, |(first, _)| first.images / first.step.max(1));
            images += reports.len() as u64 * batch;
        }
    }
    match training.outcome() {
        Some(Err(error)) => Err(error),
        Some(Ok(_)) => Err(Error::bad_setting("--kimg", "the run ended too soon")),
        None => Ok(images),
    }
}

/// A renderer with somebody's hand at a slider.
struct Hand {
    renderer: Renderer,
    woken: Receiver<()>,
    spec: ModelSpec,
}

impl Hand {
    const MODEL: ModelId = ModelId(1);

    fn at(file: Arc<ModelFile>, device: DeviceChoice) -> Result<Self> {
        let (sender, woken) = bounded(1);
        let wake = Arc::new(move || {
            let _ = sender.try_send(());
        });
        let spec = file.info().spec.clone();
        let mut renderer = Renderer::start(wake)?;
        renderer.load(Load { model: Self::MODEL, file, device, cache: None });
        loop {
            let _ = woken.recv_timeout(Duration::from_millis(100));
            match renderer.poll() {
                Some(RenderEvent::Loaded(loaded)) => break loaded.result.map(|_| ())?,
                Some(RenderEvent::Rendered(_)) | None => {}
            }
        }
        Ok(Self { renderer, woken, spec })
    }

    fn drag(&mut self, seconds: f32) -> Result<Latency> {
        let Self { renderer, woken, spec } = self;
        let mut z = spec.prior.sample(spec.z_dim, &mut stream(0, Purpose::Measure, 0));
        let mut latencies = Percentiles::default();
        let begun = Instant::now();
        let mut next_move = begun;
        let mut failed = None;
        while begun.elapsed().as_secs_f32() < seconds && failed.is_none() {
            let now = Instant::now();
            if now >= next_move {
                next_move = now + MOUSE;
                let phase = (now - begun).as_secs_f32() * 2.0;
                z.set(0, phase.sin() * spec.prior.slider_range());
                let request = RenderRequest { model: Self::MODEL, latents: vec![z.clone()] };
                renderer.request(Lane::Picture, request, now);
            }
            let _ = woken.recv_timeout(next_move.saturating_duration_since(Instant::now()));
            while let Some(event) = renderer.poll() {
                let RenderEvent::Rendered(rendered) = event else { continue };
                match rendered.result {
                    Ok(_) => latencies.add(rendered.asked.elapsed().as_secs_f32() * 1e3),
                    Err(error) => failed = Some(error),
                }
            }
        }
        if let Some(error) = failed {
            return Err(error);
        }
        if latencies.count() == 0 {
            return Err(Error::bad_setting(
                "seconds",
                "no picture was drawn in that time; give it more",
            ));
        }
        Ok(Latency {
            median: latencies.percentile(50.0),
            p95: latencies.percentile(95.0),
            rate: latencies.count() as f32 / begun.elapsed().as_secs_f32(),
            pictures: latencies.count(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_of_known_numbers() {
        let mut p = Percentiles::default();
        assert_eq!(p.percentile(95.0), 0.0);
        for i in 0..100 {
            p.add(i as f32 + 0.05);
        }
        assert_eq!(p.count(), 100);
        assert!((p.percentile(50.0) - 49.1).abs() < 1e-3, "{}", p.percentile(50.0));
        assert!((p.percentile(95.0) - 94.1).abs() < 1e-3, "{}", p.percentile(95.0));
        p.add(f32::INFINITY);
        p.add(f32::NAN);
        assert_eq!(p.percentile(100.0), 1000.0);
    }
}
