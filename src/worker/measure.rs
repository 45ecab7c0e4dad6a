//! How long it takes from what a person does to new pixels, without a window.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded};
use image::{Rgb, RgbImage};

use super::Courtesy;
use super::renderer::{Given, Lane, Load, ModelId, RenderEvent, RenderRequest, Renderer};
use crate::checkpoint::ModelFile;
use crate::device::DeviceChoice;
use crate::error::{Error, Result};
use crate::latent::expr::{self, Lookup, Scope};
use crate::latent::{self, Latent, Library, Way};
use crate::model::ModelSpec;
use crate::picture::paint::{Brush, Stroke};
use crate::picture::{self, Pixels};
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

/// Milliseconds from what a person does to its pixels, in memory.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Latency {
    /// Half of all came faster.
    pub median: f32,
    /// 95 of 100 came faster.
    pub p95: f32,
    /// The slowest.
    pub most: f32,
    /// Answers per second.
    pub rate: f32,
    /// How many there were.
    pub count: u32,
}

impl Latency {
    fn of(all: &Percentiles, seconds: f32) -> Result<Self> {
        if all.count() == 0 {
            let why = "no picture was drawn in that time; give it more";
            return Err(Error::bad_setting("seconds", why));
        }
        Ok(Self {
            median: all.percentile(50.0),
            p95: all.percentile(95.0),
            most: all.percentile(100.0),
            rate: all.count() as f32 / seconds,
            count: all.count(),
        })
    }
}

/// A renderer with a model, as the window has it; asking and waiting are done by hand.
pub struct Stage {
    renderer: Renderer,
    woken: Receiver<()>,
    spec: ModelSpec,
}

impl Stage {
    /// The only model there is.
    const MODEL: ModelId = ModelId(1);

    /// Loads `file` on `device`, and draws one picture: what a window has done before anybody moves.
    ///
    /// # Errors
    /// Whatever loading and drawing return.
    pub fn start(file: Arc<ModelFile>, device: DeviceChoice) -> Result<Self> {
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
        let mut stage = Self { renderer, woken, spec };
        let first = match stage.spec.takes_pictures() {
            true => Given::Picture { input: Arc::new(stage.paper()), seeds: Vec::new() },
            false => Given::Latents(vec![stage.latent(0)]),
        };
        stage.ask(Lane::Picture, first);
        stage.wait_for(Lane::Picture)?;
        Ok(stage)
    }

    /// Draws curves on paper for `seconds`, as fast as a mouse tells its place, and measures how old each
    /// answer's wish is when the answer arrives.
    ///
    /// # Errors
    /// [`Error::WrongModel`] if the model takes no pictures, else whatever drawing returns.
    pub fn drag_brush(&mut self, seconds: f32) -> Result<Latency> {
        self.spec.expect_pictures()?;
        let mut paper = self.paper();
        let (width, height) = paper.size();
        let middle = (width as f32 / 2.0, height as f32 / 2.0);
        // A figure that goes all over the paper, and never the same way twice.
        let place = |phase: f32| {
            let (x, y) = ((1.7 * phase).sin(), (2.3 * phase).cos());
            (middle.0 * (1.0 + 0.9 * x), middle.1 * (1.0 + 0.9 * y))
        };
        let colour = paper.get(0, 0).map(|pixel| vec![0; pixel.len()]).unwrap_or_default();
        let brush = Brush { colour, radius: 1.0, is_hard: false, is_mirrored: false };
        let mut stroke = Stroke::begin(&mut paper, brush, place(0.0));
        let mut wish = |phase: f32| {
            stroke.go_on(&mut paper, place(phase));
            Given::Picture { input: Arc::new(paper.clone()), seeds: Vec::new() }
        };
        self.drag(Lane::Picture, seconds, &mut wish, &mut |_| {})
    }

    /// White paper, as the model takes it.
    fn paper(&self) -> Pixels {
        let (height, width) = self.spec.size();
        Pixels::plain(&vec![255; self.spec.inputs().max(1)], (width, height))
    }

    /// Drags one dimension to and fro for `seconds`, as fast as a mouse tells its place, and measures
    /// how old each picture's wish is when the picture arrives.
    ///
    /// # Errors
    /// Whatever drawing returns.
    pub fn drag_slider(&mut self, seconds: f32) -> Result<Latency> {
        let (mut z, range) = (self.latent(0), self.spec.prior.slider_range());
        let mut wish = |phase: f32| {
            z.set(0, phase.sin() * range);
            Given::Latents(vec![z.clone()])
        };
        self.drag(Lane::Picture, seconds, &mut wish, &mut |_| {})
    }

    /// Drags a corner of a grid of `side` × `side` in the same way. Picture, strip and small pictures
    /// are asked for as the window does, and every grid is put together to be shown.
    ///
    /// # Errors
    /// Whatever drawing returns.
    pub fn drag_corner(&mut self, side: usize, seconds: f32) -> Result<Latency> {
        let corners = [1, 2, 3, 4].map(|seed| self.latent(seed));
        let strip = (0..7u8).map(|i| corners[0].with(0, f32::from(i) - 3.0)).collect();
        let small = corners.to_vec();
        self.ask(Lane::Strip, Given::Latents(strip));
        self.ask(Lane::Thumbnails, Given::Latents(small));
        self.wait_for(Lane::Thumbnails)?;
        let [a, b, c, d] = &corners;
        let mut wish = |phase: f32| {
            let pulled = latent::lerp(d, a, 1.5 + phase.sin());
            Given::Latents(latent::grid([&pulled, b, c, d], side, side, Way::Arc))
        };
        let mut put_together = |pictures: Vec<RgbImage>| {
            std::hint::black_box(picture::sheet(&pictures, side, 0, Rgb([0; 3])));
        };
        self.drag(Lane::Grid, seconds, &mut wish, &mut put_together)
    }

    /// Types `text` letter by letter: after each, looks for completions in `library`, computes the
    /// formula and draws what it gives, as computed and in its typical length.
    ///
    /// # Errors
    /// Whatever drawing returns.
    pub fn type_formula(&mut self, library: &Library, text: &str) -> Result<Latency> {
        let scope =
            Scope { dims: self.spec.z_dim, prior: self.spec.prior, names: library as &dyn Lookup };
        let mut all = Percentiles::default();
        let begun = Instant::now();
        let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
        for typed in ends.filter_map(|end| text.get(..end)) {
            let pressed = Instant::now();
            std::hint::black_box(expr::completions(typed, typed.len(), library.names()));
            if let Ok(z) = expr::evaluate(typed, &scope) {
                let typical = expr::evaluate(&format!("normalize({typed})"), &scope);
                self.renderer.forget(Lane::Row);
                let row = std::iter::once(z).chain(typical).collect();
                self.ask(Lane::Row, Given::Latents(row));
                self.wait_for(Lane::Row)?;
            }
            all.add(pressed.elapsed().as_secs_f32() * 1e3);
        }
        Latency::of(&all, begun.elapsed().as_secs_f32())
    }

    /// What others use to make way for this renderer.
    pub(super) fn courtesy(&self) -> &Courtesy {
        self.renderer.courtesy()
    }

    fn latent(&self, seed: u64) -> Latent {
        self.spec.prior.sample(self.spec.z_dim, &mut stream(seed, Purpose::Measure, 0))
    }

    fn ask(&mut self, lane: Lane, given: Given) {
        let request = RenderRequest { model: Self::MODEL, given };
        self.renderer.request(lane, request, Instant::now());
    }

    fn wait_for(&mut self, lane: Lane) -> Result<()> {
        loop {
            let _ = self.woken.recv_timeout(Duration::from_millis(100));
            while let Some(event) = self.renderer.poll() {
                let RenderEvent::Rendered(rendered) = event else { continue };
                let found = rendered.lane;
                rendered.result?;
                if found == lane {
                    return Ok(());
                }
            }
        }
    }

    fn drag(
        &mut self,
        lane: Lane,
        seconds: f32,
        wish: &mut dyn FnMut(f32) -> Given,
        show: &mut dyn FnMut(Vec<RgbImage>),
    ) -> Result<Latency> {
        let mut all = Percentiles::default();
        let begun = Instant::now();
        let mut next_move = begun;
        while begun.elapsed().as_secs_f32() < seconds {
            let now = Instant::now();
            if now >= next_move {
                next_move = now + MOUSE;
                self.ask(lane, wish((now - begun).as_secs_f32() * 2.0));
            }
            let _ = self.woken.recv_timeout(next_move.saturating_duration_since(Instant::now()));
            while let Some(event) = self.renderer.poll() {
                let RenderEvent::Rendered(rendered) = event else { continue };
                let (found, asked) = (rendered.lane, rendered.asked);
                let pictures = rendered.result?;
                if found == lane {
                    show(pictures);
                    all.add(asked.elapsed().as_secs_f32() * 1e3);
                }
            }
        }
        Latency::of(&all, begun.elapsed().as_secs_f32())
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
