//! A folder of models as a gallery, and the list of recent models, through the window.

#![allow(clippy::unwrap_used)]

#[path = "support/window.rs"]
mod support;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use eframe::egui::{Key, Modifiers, vec2};
use egui_kittest::kittest::Queryable;
use latentscape::app::tabs::{EXPLORE, TRAIN, TRANSLATE};
use latentscape::app::{GalleryOrder, Settings, Start};
use support::{Dropped, Window, write_model, write_translator};

/// A folder with a model from latents, one from drawings, a run, and a file that is none.
fn write_models(window_folder: &Path) -> PathBuf {
    let models = window_folder.join("models");
    let run = models.join("runs/first");
    std::fs::create_dir_all(&run).unwrap();
    write_model(&models.join("wide.safetensors"), 20);
    write_translator(&models.join("sketches.safetensors"), 32);
    std::fs::write(models.join("broken.safetensors"), [7u8; 1000]).unwrap();
    std::fs::write(models.join("notes.txt"), "no model").unwrap();
    write_model(&run.join("model.safetensors"), 9);
    write_model(&run.join("best.safetensors"), 9);
    for name in ["config.json", "losses.jsonl"] {
        std::fs::write(run.join(name), "").unwrap();
    }
    models
}

/// Draws frames until a widget is called, or says, just `label`.
fn wait_for_label(window: &mut Window, label: &str) {
    let begun = Instant::now();
    while window.harness.query_by_label(label).is_none() {
        assert!(begun.elapsed() < Duration::from_secs(60), "nothing is called {label}");
        window.frames(1);
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn drop_on(window: &mut Window, path: &Path) {
    window.harness.input_mut().dropped_files.push(Arc::new(Dropped(path.to_owned())));
}

/// The window with the gallery of [`write_models`], when all models were looked at.
fn open() -> (Window, PathBuf) {
    let mut window = Window::open();
    let models = write_models(window.folder.path());
    drop_on(&mut window, &models);
    window.wait("gallery", |app| app.state().gallery.is_some());
    wait_for_label(&mut window, "4 models");
    window.frames(2);
    (window, models)
}

fn has(window: &Window, label: &str) -> bool {
    window.harness.query_by_label(label).is_some()
}

#[test]
fn a_dropped_folder_is_a_gallery_and_a_click_opens_a_model() {
    let (mut window, models) = open();
    let top = |window: &Window, label: &str| window.harness.get_by_label(label).rect().top();
    for name in ["Model wide.safetensors", "Model sketches.safetensors"] {
        assert!(top(&window, name) < top(&window, "Cannot be opened"), "{name}");
    }
    // Its other models are the run's own.
    let run = format!("Model {}", Path::new("runs").join("first").display());
    assert!(has(&window, &run));
    assert!(top(&window, "Model broken.safetensors") > top(&window, "Cannot be opened"));
    window.harness.get_by_label_contains("damaged");
    assert_eq!(window.state().settings.models.as_ref(), Some(&models));

    for size in [vec2(900.0, 600.0), vec2(1280.0, 820.0)] {
        window.harness.set_size(size);
        window.frames(4);
        for name in
            ["Close the gallery", "Find models", "Newest", "4 models", "Model wide.safetensors"]
        {
            let rect = window.harness.get_by_label(name).rect();
            assert!(rect.min.x >= 0.0 && rect.max.x <= size.x, "{name} {rect:?} {size:?}");
        }
    }

    window.press("Model wide.safetensors");
    assert!(window.state().gallery.is_none(), "it made way for the model");
    window.wait("the model", |app| app.state().explore.dims() == 20);
    assert_eq!(window.state().settings.recent[0], models.join("wide.safetensors"));

    // A model shows where it can be used.
    drop_on(&mut window, &models);
    wait_for_label(&mut window, "4 models");
    window.press("Model sketches.safetensors");
    window.wait("the other", |app| app.state().translator().is_some());
    assert_eq!(window.state().tab, TRANSLATE);
}

#[test]
fn models_are_found_by_typing_and_escape_leads_back() {
    let (mut window, _) = open();
    let latent = window.latent();
    // The field has the focus from the beginning: letters are no shortcuts.
    window.write("wid");
    assert!(has(&window, "Model wide.safetensors") && !has(&window, "Model sketches.safetensors"));
    assert!(!has(&window, "Cannot be opened"));
    window.write("th");
    window.harness.get_by_label("No model here is called that.");
    window.key(Modifiers::NONE, Key::Escape);
    assert!(has(&window, "Model sketches.safetensors"));
    // What the tab below would do is not done unseen.
    window.key(Modifiers::NONE, Key::R);
    assert_eq!(window.latent(), latent);
    window.press("Newest");
    assert_eq!(window.state().settings.gallery_order, GalleryOrder::Newest);
    window.key(Modifiers::NONE, Key::Escape);
    assert!(window.state().gallery.is_none());
    window.key(Modifiers::NONE, Key::R);
    assert_ne!(window.latent(), latent);
}

#[test]
fn a_folder_is_asked_for_and_enter_opens_the_first_model() {
    let mut window = Window::open();
    let models = write_models(window.folder.path());
    window.key(Modifiers::COMMAND | Modifiers::SHIFT, Key::O);
    window.wait("question for a path", |app| app.state().path_box.is_some());
    window.type_into("Path of the file", &models.display().to_string());
    window.press("Open");
    wait_for_label(&mut window, "4 models");
    window.frames(2);
    window.write("wide");
    window.key(Modifiers::NONE, Key::Enter);
    window.wait("the model", |app| app.state().explore.dims() == 20);
    assert!(window.state().gallery.is_none());
    // A tab leads back from the gallery, also the one that it lies over.
    drop_on(&mut window, &models);
    window.wait("gallery", |app| app.state().gallery.is_some());
    window.press("Explore");
    assert!(window.state().gallery.is_none());
    assert_eq!(window.state().tab, EXPLORE);
}

#[test]
fn a_dropped_run_opens_its_model_and_data_stays_data() {
    let mut window = Window::open();
    let models = write_models(window.folder.path());
    drop_on(&mut window, &models.join("runs/first"));
    window.wait("the run's model", |app| app.state().explore.dims() == 9);
    assert!(window.state().gallery.is_none());
    window.press("Train");
    drop_on(&mut window, &models);
    window.frames(3);
    assert!(window.state().gallery.is_none());
    assert_eq!(window.state().tab, TRAIN);
}

#[test]
fn a_folder_without_models_says_what_is_looked_for() {
    let mut window = Window::open();
    let empty = window.path("empty");
    std::fs::create_dir(&empty).unwrap();
    drop_on(&mut window, &empty);
    window.wait("listing", |app| {
        app.state().gallery.as_ref().is_some_and(|gallery| gallery.listing.is_some())
    });
    window.frames(2);
    window.harness.get_by_label_contains(".safetensors, .pth");
}

#[test]
fn portraits_are_kept_for_the_next_time() {
    let folder = tempfile::tempdir().unwrap();
    let (model, cache) = (folder.path().join("small.safetensors"), folder.path().join("cache"));
    write_model(&model, 12);
    let models = write_models(folder.path());
    let start = Start {
        model: Some(model),
        cache: Some(cache.clone()),
        gallery: Some(models),
        ..Start::default()
    };
    let mut window = Window::begin(folder, start.clone());
    wait_for_label(&mut window, "4 models");
    let files = |ending: &str| {
        let files = walkdir::WalkDir::new(&cache).into_iter().map(Result::unwrap);
        files.filter(|file| file.path().extension().is_some_and(|e| e == ending)).count()
    };
    // Three can be opened, each with four faces.
    assert_eq!((files("json"), files("png")), (3, 12));
    let mut window = Window::begin(window.folder, start);
    wait_for_label(&mut window, "4 models");
    assert_eq!((files("json"), files("png")), (3, 12));
}

#[test]
fn a_recent_model_that_is_gone_says_so_and_can_be_taken_off() {
    let folder = tempfile::tempdir().unwrap();
    let (small, wide) =
        (folder.path().join("small.safetensors"), folder.path().join("wide.safetensors"));
    let (gone, settings) = (folder.path().join("gone.pth"), folder.path().join("s.json"));
    write_model(&small, 12);
    write_model(&wide, 20);
    let recent = vec![small.clone(), gone.clone(), wide.clone()];
    Settings { recent, ..Settings::default() }.save(&settings).unwrap();
    let start = Start { model: Some(small), settings: Some(settings), ..Start::default() };
    let mut window = Window::start(folder, start);
    window.press("Model");
    let gone_now = format!("Open {}: It is not there any more.", gone.display());
    wait_for_label(&mut window, &gone_now);
    window.press(&format!("Remove {}", gone.display()));
    assert!(!window.state().settings.recent.contains(&gone));
    assert!(!has(&window, &gone_now), "the menu is still open, without it");
    window.press(&format!("Open {}", wide.display()));
    window.wait("the wide model", |app| app.state().explore.dims() == 20);
    window.frames(2);
    assert!(!has(&window, &format!("Open {}", wide.display())), "the menu has closed");
}
