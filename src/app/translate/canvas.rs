//! What is drawn on: the picture that goes into the network, with every step that led to it.

use std::sync::Arc;

use crate::picture::Pixels;
use crate::picture::paint::{Brush, Stroke, flood};

/// Steps that can be taken back.
const STEPS: usize = 200;
/// Bytes of the pictures behind them.
const BYTES: usize = 128 << 20;
/// Frames of a film, of which each second one goes when there are more.
const FRAMES: usize = 240;
/// How far the brush goes between two frames of a film, as a share of the picture's width.
const FRAME_EVERY: f32 = 0.05;

/// The picture after something was done to it.
#[derive(Debug, Clone)]
struct Step {
    label: String,
    pixels: Arc<Pixels>,
    /// What it looked like on the way here, for the film.
    frames: Vec<Arc<Pixels>>,
}

/// A stroke that goes on.
#[derive(Debug)]
struct Held {
    stroke: Stroke,
    label: &'static str,
    /// Where it began, if it is a straight line.
    from: Option<(f32, f32)>,
    last: (f32, f32),
    /// Way of the brush since the last frame.
    gone: f32,
    frames: Vec<Arc<Pixels>>,
}

/// A picture to draw on.
#[derive(Debug)]
pub struct Canvas {
    pixels: Arc<Pixels>,
    paper: Vec<u8>,
    held: Option<Held>,
    /// Never empty; `at` is the one on screen.
    steps: Vec<Step>,
    at: usize,
}

impl Canvas {
    /// Empty paper of this colour and size.
    pub fn new(paper: &[u8], size: (usize, usize)) -> Self {
        let pixels = Arc::new(Pixels::plain(paper, size));
        let first = Step { label: "Empty".into(), pixels: pixels.clone(), frames: Vec::new() };
        Self { pixels, paper: paper.to_vec(), held: None, steps: vec![first], at: 0 }
    }

    /// The picture as it is now.
    pub fn pixels(&self) -> &Arc<Pixels> {
        &self.pixels
    }

    /// Whether there is nothing on it.
    pub fn is_empty(&self) -> bool {
        self.pixels.is_plain()
    }

    /// Whether a stroke is under way.
    pub fn is_held(&self) -> bool {
        self.held.is_some()
    }

    /// Colour of the paper.
    pub fn paper(&self) -> &[u8] {
        &self.paper
    }

    /// Puts a brush down. A straight line follows the pointer with its end.
    pub fn press(&mut self, brush: Brush, at: (f32, f32), is_line: bool, label: &'static str) {
        self.release();
        let stroke = Stroke::begin(Arc::make_mut(&mut self.pixels), brush, at);
        let from = is_line.then_some(at);
        self.held = Some(Held { stroke, label, from, last: at, gone: 0.0, frames: Vec::new() });
    }

    /// Moves the brush on.
    pub fn drag(&mut self, to: (f32, f32)) {
        let Some(held) = &mut self.held else { return };
        let pixels = Arc::make_mut(&mut self.pixels);
        match held.from {
            Some(from) => held.stroke.only(pixels, from, to),
            None => held.stroke.go_on(pixels, to),
        }
        held.gone += (to.0 - held.last.0).hypot(to.1 - held.last.1);
        held.last = to;
        if held.from.is_none() && held.gone > FRAME_EVERY * pixels.size().0 as f32 {
            held.gone = 0.0;
            held.frames.push(self.pixels.clone());
        }
    }

    /// Lifts the brush.
    pub fn release(&mut self) {
        let Some(held) = self.held.take() else { return };
        self.note(held.label.into(), held.frames);
    }

    /// Fills the area around `at`.
    pub fn fill(&mut self, at: (f32, f32), colour: &[u8], tolerance: u8) {
        self.release();
        if at.0 < 0.0 || at.1 < 0.0 {
            return;
        }
        let place = (at.0 as usize, at.1 as usize);
        if flood(Arc::make_mut(&mut self.pixels), place, colour, tolerance) > 0 {
            self.note("Fill".into(), Vec::new());
        }
    }

    /// Puts another picture in the place of this one. It must be of the same size and channels; another
    /// one is left out.
    pub fn replace(&mut self, pixels: Arc<Pixels>, label: String) {
        self.release();
        let is_alike =
            pixels.size() == self.pixels.size() && pixels.channels() == self.pixels.channels();
        if is_alike && *pixels != *self.pixels {
            self.pixels = pixels;
            self.note(label, Vec::new());
        }
    }

    /// Empty paper again.
    pub fn clear(&mut self) {
        let empty = Pixels::plain(&self.paper, self.pixels.size());
        self.replace(Arc::new(empty), "Clear".into());
    }

    /// What the last step was, if it can be taken back.
    pub fn undo_label(&self) -> Option<&str> {
        (self.at > 0).then(|| self.steps[self.at].label.as_str())
    }

    /// What was taken back last.
    pub fn redo_label(&self) -> Option<&str> {
        self.steps.get(self.at + 1).map(|step| step.label.as_str())
    }

    /// One step back; false at the first.
    pub fn undo(&mut self) -> bool {
        self.release();
        self.at > 0 && self.go_to(self.at - 1)
    }

    /// One step forward; false at the last.
    pub fn redo(&mut self) -> bool {
        self.release();
        self.go_to(self.at + 1)
    }

    /// The drawing as it came to be, up to now.
    pub fn film(&self) -> Vec<Arc<Pixels>> {
        let steps = &self.steps[..=self.at];
        let all = steps.iter().flat_map(|step| step.frames.iter().chain([&step.pixels]));
        let mut film: Vec<Arc<Pixels>> = all.cloned().collect();
        film.dedup_by(|a, b| Arc::ptr_eq(a, b) || a == b);
        // The last one always stays.
        while film.len() > FRAMES {
            let last = film.len() - 1;
            let mut i = 0..;
            film.retain(|_| i.next().is_some_and(|i: usize| (last - i).is_multiple_of(2)));
        }
        film
    }

    fn go_to(&mut self, to: usize) -> bool {
        let Some(step) = self.steps.get(to) else { return false };
        self.pixels = step.pixels.clone();
        self.at = to;
        true
    }

    fn note(&mut self, label: String, frames: Vec<Arc<Pixels>>) {
        self.steps.truncate(self.at + 1);
        self.steps.push(Step { label, pixels: self.pixels.clone(), frames });
        let each = self.pixels.bytes().len().max(1);
        let pictures = |step: &Step| 1 + step.frames.len();
        while self.steps.len() > 2
            && (self.steps.len() > STEPS
                || self.steps.iter().map(pictures).sum::<usize>() * each > BYTES)
        {
            self.steps.remove(0);
        }
        self.at = self.steps.len() - 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brush() -> Brush {
        Brush { colour: vec![0], radius: 1.0, is_hard: false, is_mirrored: false }
    }

    #[test]
    fn every_stroke_is_one_step() {
        let mut canvas = Canvas::new(&[255], (40, 40));
        assert!(canvas.is_empty() && !canvas.undo() && canvas.undo_label().is_none());
        canvas.press(brush(), (5.0, 5.0), false, "Brush");
        for i in 0..20 {
            canvas.drag((5.0 + i as f32, 9.0));
        }
        assert!(canvas.is_held());
        canvas.release();
        let drawn = canvas.pixels().clone();
        canvas.press(brush(), (30.0, 5.0), true, "Line");
        canvas.drag((10.0, 35.0));
        canvas.drag((30.0, 35.0));
        canvas.release();
        assert_eq!(canvas.pixels().get(20, 20), Some([255].as_slice()), "only the last line stays");
        assert_eq!(canvas.undo_label(), Some("Line"));
        assert!(canvas.undo());
        assert_eq!((canvas.pixels(), canvas.redo_label()), (&drawn, Some("Line")));
        assert!(canvas.redo() && !canvas.redo());
        canvas.clear();
        assert!(canvas.is_empty());
        canvas.undo();
        canvas.undo();
        canvas.fill((1.5, 1.5), &[7], 0);
        assert_eq!(canvas.redo_label(), None, "what was taken back gives way to what is done now");
        canvas.fill((-1.5, 1.5), &[9], 0);
        assert_eq!(canvas.undo_label(), Some("Fill"));
        canvas.replace(Arc::new(Pixels::plain(&[3], (10, 10))), "Template".into());
        assert_eq!(canvas.pixels().size(), (40, 40), "another size is left out");
    }

    #[test]
    fn a_film_shows_how_it_was_drawn() {
        let mut canvas = Canvas::new(&[255], (40, 40));
        canvas.press(brush(), (2.0, 20.0), false, "Brush");
        for i in 2..38 {
            canvas.drag((i as f32, 20.0));
        }
        canvas.release();
        let film = canvas.film();
        assert!((10..30).contains(&film.len()), "{}", film.len());
        assert!(film[0].is_plain() && film.last() == Some(canvas.pixels()));
        let ink = |pixels: &Pixels| pixels.iter().filter(|pixel| pixel[0] < 128).count();
        assert!(film.windows(2).all(|pair| ink(&pair[0]) < ink(&pair[1])));
        for i in 0..400 {
            canvas.fill((1.0, 1.0), &[(i % 200) as u8], 0);
        }
        let film = canvas.film();
        assert!(film.len() <= FRAMES && film.last() == Some(canvas.pixels()), "{}", film.len());
        assert!(canvas.undo() && canvas.steps.len() <= STEPS);
    }
}
