//! The renderer thread keeps its promises, whatever it is asked to draw.

use image::RgbImage;

use super::wish::LoadedOn;
use super::wish::Part;
use super::*;
use crate::latent::Latent;

const MODEL: ModelId = ModelId(1);

/// Paints one pixel with the latent's first value. 13 panics, 14 fails; each picture waits for
/// one permit, if there is a gate.
struct Pixel {
    gate: Option<Receiver<()>>,
    drawn: Sender<f32>,
}

impl Engine for Pixel {
    fn load(&mut self, _: &Load) -> Result<LoadedOn> {
        Err(Error::Cancelled)
    }

    fn draw(&mut self, _: ModelId, part: Part, _: Lane) -> Result<Vec<RgbImage>> {
        let Part::Latents(latents) = part else { return Err(Error::Cancelled) };
        latents.iter().map(|latent| self.pixel(latent.get(0))).collect()
    }

    fn batch(&self, lane: Lane) -> usize {
        lane.batch().0.min(4)
    }
}

impl Pixel {
    fn pixel(&self, value: f32) -> Result<RgbImage> {
        if let Some(gate) = &self.gate {
            gate.recv().map_err(|_| Error::Cancelled)?;
        }
        let _ = self.drawn.send(value);
        match value as u8 {
            13 => panic!("unlucky"),
            14 => Err(Error::BadLatent("fourteen".into())),
            v => Ok(RgbImage::from_pixel(1, 1, image::Rgb([v; 3]))),
        }
    }
}

fn start(gate: Option<Receiver<()>>) -> (Renderer, Receiver<f32>) {
    let (drawn, log) = bounded(100);
    let wake: Wake = Arc::new(|| {});
    (Renderer::start_with(Pixel { gate, drawn }, wake).unwrap(), log)
}

fn wish(values: &[f32]) -> RenderRequest {
    let latents = values.iter().map(|v| Latent::new(vec![*v]).unwrap()).collect();
    RenderRequest::latents(MODEL, latents)
}

fn ask(renderer: &mut Renderer, lane: Lane, request: RenderRequest) -> bool {
    renderer.request(lane, request, Instant::now())
}

fn next(renderer: &mut Renderer) -> Rendered {
    let begun = Instant::now();
    loop {
        match renderer.poll() {
            Some(RenderEvent::Rendered(rendered)) => return rendered,
            Some(other) => panic!("{other:?}"),
            None => std::thread::sleep(Duration::from_millis(1)),
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "no answer");
    }
}

#[test]
fn dragging_never_queues() {
    let (permits, gate) = bounded(1000);
    let (mut renderer, log) = start(Some(gate));
    ask(&mut renderer, Lane::Picture, wish(&[0.0]));
    // The renderer is busy with the first wish, or about to be; a hundred more come by.
    for i in 1..=100 {
        ask(&mut renderer, Lane::Picture, wish(&[i as f32]));
    }
    for _ in 0..2 {
        permits.send(()).unwrap();
    }
    let newest = loop {
        let rendered = next(&mut renderer);
        let value = rendered.result.unwrap()[0].get_pixel(0, 0).0[0];
        if value == 100 {
            break value;
        }
    };
    assert_eq!(newest, 100);
    assert!(log.try_iter().count() <= 2, "wishes in between were drawn");
}

#[test]
fn who_rests_wakes_when_something_comes() {
    let (permits, gate) = bounded(10);
    let (mut renderer, _log) = start(Some(gate));
    assert!(!renderer.is_awaited(Lane::Grid));
    renderer.rest(Duration::from_millis(1));
    ask(&mut renderer, Lane::Grid, wish(&[5.0]));
    assert!(renderer.is_awaited(Lane::Grid));
    permits.send(()).unwrap();
    // Longer than any test may take: it ends because the answer is there.
    renderer.rest(Duration::from_secs(600));
    assert_eq!(next(&mut renderer).lane, Lane::Grid);
    assert!(!renderer.is_awaited(Lane::Grid));
}

#[test]
fn an_equal_wish_is_not_sent_twice() {
    let (mut renderer, _log) = start(None);
    assert!(ask(&mut renderer, Lane::Picture, wish(&[1.0])));
    assert!(!ask(&mut renderer, Lane::Picture, wish(&[1.0])));
    assert!(ask(&mut renderer, Lane::Strip, wish(&[1.0])), "lanes are apart");
    assert!(ask(&mut renderer, Lane::Picture, wish(&[2.0])));
}

#[test]
fn the_picture_goes_before_the_rest_of_the_strip() {
    let (permits, gate) = bounded(1000);
    let (mut renderer, log) = start(Some(gate));
    ask(&mut renderer, Lane::Strip, wish(&[1.0, 2.0, 3.0]));
    permits.send(()).unwrap();
    assert_eq!(log.recv().unwrap(), 1.0);
    ask(&mut renderer, Lane::Picture, wish(&[9.0]));
    for _ in 0..3 {
        permits.send(()).unwrap();
    }
    let order: Vec<f32> = (0..3).map(|_| log.recv().unwrap()).collect();
    // The second of the strip may already have been begun.
    assert!(order == [9.0, 2.0, 3.0] || order == [2.0, 9.0, 3.0], "{order:?}");
    assert_eq!(next(&mut renderer).lane, Lane::Picture);
    assert_eq!(next(&mut renderer).result.unwrap().len(), 3);
}

#[test]
fn a_stale_answer_is_not_shown() {
    let (mut renderer, _log) = start(None);
    // Answers that overtook each other, as two threads might send them.
    let (sender, answers) = bounded(8);
    renderer.answers = Some(answers);
    for stamp in [2, 1, 3, 3] {
        let rendered = Rendered {
            lane: Lane::Picture,
            given: Given::Latents(Vec::new()),
            model: MODEL,
            asked: Instant::now(),
            millis: stamp as f32,
            result: Ok(Vec::new()),
        };
        sender.send(Answer::Rendered { stamp, rendered }).unwrap();
    }
    let mut shown = Vec::new();
    while let Some(RenderEvent::Rendered(rendered)) = renderer.poll() {
        shown.push(rendered.millis);
    }
    assert_eq!(shown, [2.0, 3.0]);
}

#[test]
fn after_a_panic_or_an_error_the_renderer_goes_on() {
    let (mut renderer, _log) = start(None);
    ask(&mut renderer, Lane::Picture, wish(&[13.0]));
    let error = next(&mut renderer).result.unwrap_err().to_string();
    assert!(error.contains("renderer") && error.contains("unlucky"), "{error}");
    assert!(!ask(&mut renderer, Lane::Picture, wish(&[13.0])), "nothing fails over and over");
    renderer.forget(Lane::Picture);
    assert!(ask(&mut renderer, Lane::Picture, wish(&[13.0])));
    next(&mut renderer).result.unwrap_err();
    ask(&mut renderer, Lane::Picture, wish(&[14.0]));
    assert!(next(&mut renderer).result.unwrap_err().to_string().contains("fourteen"));
    ask(&mut renderer, Lane::Picture, wish(&[15.0]));
    assert_eq!(next(&mut renderer).result.unwrap()[0].get_pixel(0, 0).0, [15; 3]);
}

#[test]
fn a_grid_comes_in_batches_and_lets_the_picture_go_first() {
    let (permits, gate) = bounded(1000);
    let (mut renderer, log) = start(Some(gate));
    let values: Vec<f32> = (20..30).map(|v| v as f32).collect();
    ask(&mut renderer, Lane::Grid, wish(&values));
    permits.send(()).unwrap();
    assert_eq!(log.recv().unwrap(), 20.0);
    ask(&mut renderer, Lane::Picture, wish(&[9.0]));
    // A newer wish does not keep this one from being shown.
    ask(&mut renderer, Lane::Grid, wish(&[30.0]));
    for _ in 0..11 {
        permits.send(()).unwrap();
    }
    let order: Vec<f32> = (0..4).map(|_| log.recv().unwrap()).collect();
    assert_eq!(order, [21.0, 22.0, 23.0, 9.0], "a batch is drawn as a whole, then the picture");
    assert_eq!(next(&mut renderer).lane, Lane::Picture);
    let grid = next(&mut renderer);
    assert_eq!((grid.lane, grid.given.latents().len()), (Lane::Grid, 10));
    assert_eq!(grid.result.unwrap().len(), 10);
    assert_eq!(next(&mut renderer).given.latents().len(), 1);
}
