//! The tab Translate, through the window.

#![allow(clippy::unwrap_used)]

#[path = "support/window.rs"]
mod support;

use std::sync::Arc;

use candle_core::Device;
use eframe::App as _;
use eframe::egui::{Color32, ColorImage, Event, Key, Modifiers, Pos2, vec2};
use egui_kittest::kittest::Queryable;
use image::{Rgb, RgbImage};
use latentscape::app::tabs::TRANSLATE;
use latentscape::app::{Start, Templates, Tool};
use latentscape::picture;
use support::{Dropped, Window, write_translator};

/// The window with a small model from drawings to pictures, in the tab Translate.
fn open(resolution: usize) -> Window {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("small.safetensors");
    write_translator(&model, resolution);
    let start = Start {
        model: Some(model),
        settings: Some(folder.path().join("settings.json")),
        ..Start::default()
    };
    let mut window = Window::begin(folder, start);
    window.wait("model", |app| app.state().translator().is_some());
    window.press("Translate");
    window
}

/// Where something lies in the drawing, in parts of its sides.
fn at(window: &Window, x: f32, y: f32) -> Pos2 {
    let rect = window.harness.get_by_label("Drawing").rect();
    rect.min + rect.size() * vec2(x, y)
}

/// Draws a line with whatever is chosen.
fn draw(window: &mut Window, from: (f32, f32), to: (f32, f32)) {
    let place = |window: &Window, t: f32| {
        at(window, from.0 + t * (to.0 - from.0), from.1 + t * (to.1 - from.1))
    };
    let begin = place(window, 0.0);
    window.harness.drag_at(begin);
    window.frames(1);
    for i in 1..=10 {
        let next = place(window, i as f32 / 10.0);
        window.harness.hover_at(next);
        window.frames(1);
    }
    let end = place(window, 1.0);
    window.harness.drop_at(end);
    window.frames(2);
}

/// Waits for the answer to the drawing as it is, computed here a second time.
fn wait_for_answer(window: &mut Window) -> RgbImage {
    let state = window.state();
    let generator = state.translator().unwrap().file.generator(&Device::Cpu).unwrap();
    let translate = &state.translate;
    let drawing = translate.canvas.as_ref().unwrap().pixels().clone();
    let answers = generator.answers(&drawing, &translate.seeds(), &Device::Cpu).unwrap();
    let expected = picture::from_tensor(&answers).unwrap();
    let first = expected[0].clone();
    window.wait("answer", move |app| app.state().translate.answers == expected);
    window.frames(2);
    first
}

fn wait_for_another(window: &mut Window, than: &RgbImage) -> RgbImage {
    let answer = wait_for_answer(window);
    assert!(answer != *than, "the answer is the same");
    answer
}

/// Ink on the paper, in pixels.
fn ink(window: &Window) -> usize {
    let canvas = window.state().translate.canvas.as_ref().unwrap();
    canvas.pixels().iter().filter(|pixel| pixel[0] < 128).count()
}

#[test]
fn a_stroke_changes_the_answer_and_can_be_undone() {
    let mut window = open(32);
    assert!(window.state().translate.answers.is_empty());
    window.harness.get_by_label_contains("The answer follows your brush");
    draw(&mut window, (0.2, 0.2), (0.8, 0.3));
    let first = wait_for_answer(&mut window);
    let one_line = ink(&window);
    assert!(one_line >= 8, "{one_line} pixels");
    draw(&mut window, (0.2, 0.8), (0.8, 0.8));
    let second = wait_for_another(&mut window, &first);
    assert!(ink(&window) > one_line);
    // While the brush is down the answer follows.
    let begin = at(&window, 0.5, 0.1);
    window.harness.drag_at(begin);
    window.frames(1);
    let on = at(&window, 0.5, 0.9);
    window.harness.hover_at(on);
    window.frames(2);
    wait_for_another(&mut window, &second);
    assert!(window.state().translate.canvas.as_ref().unwrap().is_held());
    window.harness.drop_at(on);
    window.frames(2);
    window.key(Modifiers::COMMAND, Key::Z);
    window.key(Modifiers::COMMAND, Key::Z);
    assert_eq!(ink(&window), one_line);
    assert_eq!(wait_for_answer(&mut window), first);
    window.press("Redo stroke");
    assert!(ink(&window) > one_line);
    window.press("Clear drawing");
    assert!(ink(&window) == 0 && window.state().translate.answers.is_empty());
    window.key(Modifiers::COMMAND, Key::Z);
    wait_for_answer(&mut window);
}

#[test]
fn tools_draw_what_they_are_called() {
    let mut window = open(32);
    window.press("Line");
    window.press("Mirror");
    draw(&mut window, (0.1, 0.1), (0.3, 0.9));
    let canvas = window.state().translate.canvas.as_ref().unwrap().pixels().clone();
    for y in 0..32 {
        for x in 0..32 {
            assert_eq!(canvas.get(x, y), canvas.get(31 - x, y), "{x} {y}");
        }
    }
    let lines = ink(&window);
    // What lies between the lines and the edges is one area: the lines do not reach them.
    window.key(Modifiers::NONE, Key::G);
    assert_eq!(window.state().translate.tool, Tool::Fill);
    draw(&mut window, (0.5, 0.5), (0.5, 0.5));
    assert!(ink(&window) > 20 * 32, "{} pixels", ink(&window));
    window.press("Undo stroke");
    assert_eq!(ink(&window), lines);
    window.key(Modifiers::NONE, Key::X);
    for _ in 0..12 {
        window.key(Modifiers::NONE, Key::CloseBracket);
    }
    draw(&mut window, (0.0, 0.0), (0.5, 1.0));
    draw(&mut window, (0.5, 0.0), (0.0, 1.0));
    assert!(ink(&window) < lines / 2, "{} of {lines}", ink(&window));
}

#[test]
fn templates_are_there_to_start_from() {
    let mut window = open(32);
    window.wait(
        "templates",
        |app| matches!(&app.state().translate.templates, Templates::Here(t) if t.len() == 12),
    );
    window.frames(2);
    window.press("Template 2");
    assert!(ink(&window) > 10);
    let first = wait_for_answer(&mut window);
    window.press("Template 3");
    wait_for_another(&mut window, &first);
    // What is drawn on it stays on it.
    draw(&mut window, (0.1, 0.9), (0.9, 0.9));
    window.press("Undo stroke");
    window.press("Undo stroke");
    assert_eq!(wait_for_answer(&mut window), first);
}

#[test]
fn pictures_are_dropped_and_pasted() {
    let mut window = open(32);
    let map = window.path("map.png");
    let colour = |x: u32| if x < 30 { [200, 0, 0] } else { [0, 0, 200] };
    RgbImage::from_fn(90, 45, |x, _| Rgb(colour(x))).save(&map).unwrap();
    window.harness.input_mut().dropped_files.push(Arc::new(Dropped(map)));
    window.wait("the picture", |app| app.state().translate.doubt.is_some());
    let doubt = window.state().translate.doubt.clone().unwrap();
    assert!(doubt.contains("map.png") && doubt.contains("line drawings"), "{doubt}");
    let first = wait_for_answer(&mut window);
    let pasted = ColorImage::new([8, 8], (0..64).map(|i| Color32::from_gray(i * 4)).collect());
    window.harness.event(Event::PasteImage(Arc::new(pasted)));
    window.wait("what was pasted", |app| {
        let canvas = app.state().translate.canvas.as_ref();
        canvas.and_then(|canvas| canvas.undo_label()).is_some_and(|l| l.contains("clipboard"))
    });
    wait_for_another(&mut window, &first);
    let broken = window.path("broken.png");
    std::fs::write(&broken, "no picture").unwrap();
    window.harness.input_mut().dropped_files.push(Arc::new(Dropped(broken)));
    window.wait_for_message(&["broken.png", "not that of a picture"]);
    assert!(!window.state().translate.canvas.as_ref().unwrap().is_empty(), "nothing is lost");
}

#[test]
fn answers_pairs_and_films_are_saved() {
    let mut window = open(32);
    draw(&mut window, (0.2, 0.2), (0.8, 0.3));
    draw(&mut window, (0.2, 0.6), (0.8, 0.7));
    let answer = wait_for_answer(&mut window);
    for (button, name) in
        [("Save PNG…", "answer.png"), ("Save pair…", "pair"), ("Save film…", "film.gif")]
    {
        window.press(button);
        let path = window.path(name);
        window.type_into("Path of the file", path.to_str().unwrap());
        window.press("Save");
        let written = if name == "pair" { path.with_extension("png") } else { path };
        window.wait_for_message(&["Saved", written.to_str().unwrap()]);
    }
    let saved = image::open(window.path("answer.png")).unwrap().into_rgb8();
    assert_eq!(saved, answer);
    let pair = image::open(window.path("pair.png")).unwrap().into_rgb8();
    assert_eq!(pair.dimensions(), (32 + 2 + 32, 32));
    assert_eq!(pair.get_pixel(34 + 5, 7), answer.get_pixel(5, 7));
    use image::AnimationDecoder;
    let film = std::io::BufReader::new(std::fs::File::open(window.path("film.gif")).unwrap());
    let film = image::codecs::gif::GifDecoder::new(film).unwrap();
    assert!(film.into_frames().count() > 4);
}

#[test]
fn the_drawing_is_there_at_the_next_start() {
    let mut window = open(32);
    window.press("Line");
    draw(&mut window, (0.2, 0.2), (0.8, 0.3));
    let drawn = window.state().translate.canvas.as_ref().unwrap().pixels().clone();
    window.harness.state_mut().on_exit(None);
    let Window { folder, .. } = window;
    let start = Start { settings: Some(folder.path().join("settings.json")), ..Start::default() };
    let mut window = Window::begin(folder, start);
    window.press("Translate");
    window.wait("the drawing", move |app| {
        app.state().translate.canvas.as_ref().is_some_and(|canvas| *canvas.pixels() == drawn)
    });
    assert_eq!(window.state().translate.tool, Tool::Line);
    wait_for_answer(&mut window);
}

#[test]
fn noise_gives_several_answers() {
    let mut window = open(64);
    draw(&mut window, (0.2, 0.2), (0.8, 0.8));
    let plain = wait_for_answer(&mut window);
    window.press("Noise");
    let noisy = wait_for_another(&mut window, &plain);
    window.press("Another answer");
    let other = wait_for_another(&mut window, &noisy);
    assert_eq!(window.state().translate.seed, 1);
    window.press("Several answers");
    assert_eq!(wait_for_answer(&mut window), other, "a seed is an answer");
    assert_eq!(window.state().translate.answers.len(), 4);
    window.press("Answer 3");
    wait_for_answer(&mut window);
    assert_eq!((window.state().translate.seed, window.state().translate.shows_several), (3, false));
    window.press("Noise");
    assert_eq!(wait_for_answer(&mut window), plain);
}

#[test]
fn each_kind_of_model_has_its_tabs() {
    let mut window = Window::open();
    window.press("Translate");
    window.harness.get_by_label_contains("draws from latents and takes no pictures");
    assert!(window.state().translator().is_none());
    window.press("Open bundled sketch2face");
    window.wait("the built-in model", |app| app.state().translator().is_some());
    window.wait(
        "templates",
        |app| matches!(&app.state().translate.templates, Templates::Here(t) if !t.is_empty()),
    );
    window.frames(2);
    window.press("Template 1");
    let answer = wait_for_answer(&mut window);
    assert_eq!(answer.dimensions(), (128, 128));
    window.press("Explore");
    window.press("Go to Translate");
    assert_eq!(window.harness.state().state().tab, TRANSLATE);
    // Keys of other tabs do nothing here, and those of this one nothing there.
    window.key(Modifiers::NONE, Key::R);
    assert_eq!(window.state().translate.answers[0], answer);
    window.press("Blend");
    window.key(Modifiers::NONE, Key::N);
    assert_eq!(window.state().translate.tool, Tool::Brush);
}

#[test]
fn the_tab_fits_the_smallest_window() {
    let mut window = open(64);
    window.harness.set_size(vec2(900.0, 600.0));
    window.frames(3);
    window.press("Noise");
    draw(&mut window, (0.2, 0.2), (0.8, 0.8));
    wait_for_answer(&mut window);
    window.frames(3);
    for name in
        ["Brush", "Clear drawing", "Brush size", "Save film…", "Noise seed", "Several answers"]
    {
        let rect = window.harness.get_by_label(name).rect();
        assert!(rect.right() <= 900.0 && rect.bottom() <= 600.0, "{name} lies at {rect:?}");
    }
    let drawing = window.harness.get_by_label("Drawing").rect();
    let answer = window.harness.get_by_label("Answer").rect();
    assert!(drawing.right() <= answer.left() && (drawing.size() - answer.size()).length() < 1.0);
    assert!(drawing.width() > 250.0, "{drawing:?}");
}
