//! How long it takes from a moved slider to new pixels, without a window.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::bounded;

use super::renderer::{Lane, Load, ModelId, RenderEvent, RenderRequest, Renderer};
use crate::checkpoint::ModelFile;
use crate::device::DeviceChoice;
use crate::error::{Error, Result};
use crate::random::{Purpose, stream};

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
    let (sender, woken) = bounded(1);
    let wake = Arc::new(move || {
        let _ = sender.try_send(());
    });
    let spec = file.info().spec.clone();
    let model = ModelId(1);
    let mut renderer = Renderer::start(wake)?;
    renderer.load(Load { model, file, device, cache: None });
    loop {
        let _ = woken.recv_timeout(Duration::from_millis(100));
        match renderer.poll() {
            Some(RenderEvent::Loaded(loaded)) => break loaded.result.map(|_| ())?,
            Some(RenderEvent::Rendered(_)) | None => {}
        }
    }

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
            let request = RenderRequest { model, latents: vec![z.clone()] };
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
