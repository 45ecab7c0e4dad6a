//! The tab Train, through the window: a real run is set up, watched, explored while it learns,
//! stopped, and its model opened.

#![allow(clippy::unwrap_used)]

#[path = "support/window.rs"]
mod support;

use std::path::Path;

use eframe::egui::accesskit::Role;
use eframe::egui::{ViewportCommand, ViewportEvent, ViewportId};
use egui_kittest::kittest::{NodeT, Queryable};
use latentscape::app::tabs::{EXPLORE, TRAIN};
use latentscape::app::{End, Look, Phase, Question, Series, Settings, Source, Start, TrainPage};
use latentscape::data::DataSource;
use latentscape::latent::Prior;
use latentscape::model::{Network, Preset};
use latentscape::train::TrainConfig;
use support::{Window, write_model};

/// A network that a slow machine trains in seconds, on pictures of 16×16 pixels.
fn small(data: DataSource) -> TrainConfig {
    let mut config = TrainConfig::new(Preset::Faces32, data);
    if let Network::Dcgan(net) = &mut config.spec.network {
        net.resolution = 16;
        net.generator = net.generator.with_base(4);
        net.discriminator = net.discriminator.with_base(4);
    }
    (config.spec.z_dim, config.spec.prior) = (12, Prior::Normal);
    config.batch = 64;
    config.samples = 9;
    config.kimg = 1e5;
    config.save_kimg = 1e5;
    config.upkeep.preview_kimg = 0.5;
    config.upkeep.keep_kimg = 1.0;
    config.upkeep.measure_kimg = 0.0;
    config
}

/// A window in the tab Train whose next run has these settings.
fn open(config: TrainConfig, has_source: bool) -> Window {
    let folder = tempfile::tempdir().unwrap();
    open_in(folder, config, has_source)
}

fn open_in(folder: tempfile::TempDir, config: TrainConfig, has_source: bool) -> Window {
    let model = folder.path().join("small.safetensors");
    write_model(&model, 12);
    let mut settings = Settings::default();
    settings.train.preset = "faces-32".into();
    settings.train.config = Some(serde_json::to_value(&config).unwrap());
    settings.train.has_source = has_source;
    let path = folder.path().join("settings.json");
    settings.save(&path).unwrap();
    let start = Start {
        model: Some(model),
        settings: Some(path),
        data: Some(folder.path().join("data")),
        seed: 5,
        ..Start::default()
    };
    let mut window = Window::start(folder, start);
    window.press("Train");
    assert_eq!(window.state().tab, TRAIN);
    window
}

/// Pictures of two shapes on different grounds.
fn pictures(folder: &Path, count: u32) {
    std::fs::create_dir_all(folder).unwrap();
    for i in 0..count {
        let ground = image::Rgb([(i * 37 % 256) as u8, (i * 91 % 256) as u8, 90]);
        let mut picture = image::RgbImage::from_pixel(16, 16, ground);
        for x in 4..12 {
            picture.put_pixel(x, if i % 2 == 0 { 8 } else { x }, image::Rgb([255; 3]));
        }
        picture.save(folder.join(format!("{i}.png"))).unwrap();
    }
}

fn steps(window: &Window) -> usize {
    window.state().train.run.as_ref().map_or(0, |run| run.curves.len())
}

fn wait_for_steps(window: &mut Window, more_than: usize) {
    window.wait("losses", move |app| {
        app.state().train.run.as_ref().is_some_and(|run| run.curves.len() > more_than)
    });
}

fn wait_for_phase(window: &mut Window, phase: Phase) {
    window.wait(&format!("{phase:?}"), move |app| {
        app.state().train.run.as_ref().is_some_and(|run| run.phase == phase)
    });
}

fn wait_for_end(window: &mut Window) {
    window.wait("end of the run", |app| !app.state().train.is_running());
    window.frames(3);
}

#[test]
fn a_run_is_started_watched_explored_and_stopped() {
    let mut window = open(small(DataSource::Demo), false);
    assert!(window.state().train.setup.obstacle().unwrap().contains("Choose pictures"));
    window.press("Demo faces");
    window
        .wait("look at the pictures", |app| matches!(app.state().train.setup.look, Look::Seen(_)));
    window.frames(2);
    window.harness.get_by_label("Samples of the data");

    window.press("Start training");
    assert_eq!(window.state().train.page, TrainPage::Run);
    wait_for_steps(&mut window, 0);
    let loss = |window: &Window| {
        window.state().train.run.as_ref().unwrap().curves.newest(Series::LossD).unwrap()
    };
    let (first, so_far) = (loss(&window), steps(&window));
    wait_for_steps(&mut window, so_far);
    assert!(first.is_finite() && loss(&window) != first);
    // The newest gives way to newer ones: two that stay are older.
    window.wait("three sheets", |app| {
        app.state().train.run.as_ref().is_some_and(|run| run.previews.len() > 2)
    });
    let sheet = |window: &mut Window, at: usize| {
        let slider = window.harness.get_by_role_and_label(Role::Slider, "Sheet");
        slider.set_value_accesskit(at as f64);
        window.frames(3);
        let previews = &window.state().train.run.as_ref().unwrap().previews;
        assert_eq!(previews.at(), at);
        image::open(&previews.sheet().unwrap().path).unwrap().into_rgb8()
    };
    assert_ne!(sheet(&mut window, 0), sheet(&mut window, 1), "the preview has changed");

    window.press("Pause");
    wait_for_phase(&mut window, Phase::Paused);
    let paused = steps(&window);
    window.frames(20);
    assert_eq!(steps(&window), paused);
    window.press("Go on");
    wait_for_steps(&mut window, paused);

    // The sliders work on the weights as they are learnt.
    let before = window.picture();
    let latent = window.latent();
    window.press("Explore live");
    window.wait("weights of the run", |app| {
        app.state().model.as_ref().is_some_and(|model| matches!(model.source, Source::Live(_)))
    });
    window.press("Explore");
    window.wait_for_another(&before);
    assert_eq!(window.latent(), latent, "the latent goes on with the run");
    let live = window.picture();
    window.wait_for_another(&live);
    let drawn = window.picture();
    window.harness.get_by_role_and_label(Role::Slider, "dimension 3").set_value_accesskit(2.5);
    window.frames(2);
    window.wait_for_another(&drawn);
    assert_eq!(window.latent().get(3), 2.5);

    // The same latent at an earlier age of the run.
    window.wait("ages", |app| app.state().live.as_ref().is_some_and(|live| live.ages.len() > 1));
    window.frames(2);
    let drawn = window.picture();
    window.harness.get_by_role_and_label(Role::Slider, "Age").set_value_accesskit(0.0);
    window.wait("the first age", |app| {
        let live = app.state().live.as_ref().unwrap();
        live.age == Some(0) && live.images == live.ages[0].images
    });
    window.wait_for_another(&drawn);
    assert_eq!(window.latent().get(3), 2.5);

    // Off again, everything is as it was.
    window.press("Explore live");
    window.wait("the model before", |app| app.state().live.is_none());
    assert_eq!(window.latent(), latent);
    window.wait("its picture", |app| {
        app.state().explore.picture.as_ref().is_some_and(|picture| *picture.as_raw() == before)
    });

    window.press("Train");
    window.press("Stop");
    window.press("Stop and save");
    wait_for_end(&mut window);
    let before = window.picture();
    window.press("Open model");
    window.wait("the saved model", |app| {
        let run = app.state().train.run.as_ref().unwrap();
        let path = run.model().unwrap();
        app.state().model.as_ref().is_some_and(|model| model.source == Source::File(path.clone()))
    });
    window.press("Explore");
    assert_eq!(window.state().tab, EXPLORE);
    window.wait_for_another(&before);
}

#[test]
fn pictures_that_cannot_be_used_are_told_and_others_taken_by_a_path() {
    let mut config = small(DataSource::Demo);
    config.batch = 8;
    let mut window = open(config, false);
    let take = |window: &mut Window, path: &Path| {
        window.press("Folder of pictures");
        window.type_into("Path of the file", &path.display().to_string());
        window.press("Take");
    };
    let empty = window.path("empty");
    std::fs::create_dir(&empty).unwrap();
    take(&mut window, &empty);
    window.wait("reason", |app| matches!(app.state().train.setup.look, Look::Failed(_)));
    window.frames(2);
    assert!(window.harness.query_all_by_label_contains("no pictures").next().is_some());
    let start = window.harness.get_by_label("Start training");
    assert!(start.accesskit_node().is_disabled());

    let folder = window.path("mine");
    pictures(&folder, 6);
    std::fs::copy(folder.join("0.png"), folder.join("copy.png")).unwrap();
    std::fs::write(folder.join("broken.png"), b"no picture").unwrap();
    take(&mut window, &folder);
    window.wait("look", |app| matches!(app.state().train.setup.look, Look::Seen(_)));
    window.frames(2);
    for words in ["7 pictures", "all 16×16", "1 duplicate", "1 left out", "fewer than a batch of 8"]
    {
        window.harness.get_by_label(words);
    }
    assert_eq!(window.state().train.setup.name, "mine-faces-32");
    // A setting out of range says so where it stands, and keeps the run from starting.
    window.type_into("Batch", "1");
    window.harness.key_press(eframe::egui::Key::Enter);
    window.frames(3);
    assert!(window.state().train.setup.obstacle().unwrap().contains("--batch"));
    assert!(window.harness.query_all_by_label_contains("must lie between").next().is_some());
    window.harness.get_by_label("Start training");
    assert!(window.harness.get_by_label("Start training").accesskit_node().is_disabled());
}

/// Asks the window to close; returns whether it does so by itself within this frame.
fn ask_to_close(window: &mut Window) -> bool {
    let viewports = &mut window.harness.input_mut().viewports;
    viewports.entry(ViewportId::ROOT).or_default().events.push(ViewportEvent::Close);
    window.harness.step();
    let mut viewports = window.harness.output().viewport_output.values();
    let is_cancelled = viewports.any(|it| it.commands.contains(&ViewportCommand::CancelClose));
    window.harness.input_mut().viewports.entry(ViewportId::ROOT).or_default().events.clear();
    window.frames(2);
    !is_cancelled
}

#[test]
fn a_window_that_is_closed_while_training_saves_and_the_run_goes_on_in_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("mine");
    pictures(&data, 20);
    let mut config = small(DataSource::Folder(data));
    config.batch = 4;
    let mut window = open_in(folder, config.clone(), true);
    assert!(ask_to_close(&mut window), "without a run nothing is asked");
    window.press("Start training");
    wait_for_steps(&mut window, 3);
    assert!(!ask_to_close(&mut window));
    assert_eq!(window.state().train.question, Some(Question::Close));
    window.press("Keep training");
    assert!(window.state().train.is_running());
    assert!(!ask_to_close(&mut window));
    assert!(!window.is_closed);
    window.press("Save and close");
    wait_for_end(&mut window);
    assert!(window.is_closed, "the window closes once the run has saved");
    let run = window.state().train.run.as_ref().unwrap();
    let (name, done, root) = (run.name(), run.curves.len(), run.folder.root().to_owned());
    assert!(run.folder.state_path().exists());
    let losses = std::fs::read_to_string(run.folder.losses_path()).unwrap();
    assert_eq!(losses.lines().count(), done);

    let mut window = open_in(window.folder, config, true);
    assert!(window.state().train.setup.name.ends_with("-2"), "{}", window.state().train.setup.name);
    window.press("All runs");
    window.wait("list", |app| app.state().train.runs.listed.is_some());
    window.frames(2);
    window.press(&format!("Compare {name}"));
    window.wait("curves", |app| app.state().train.runs.compared.values().all(Option::is_some));
    window.press(&format!("Show {name}"));
    window.wait("run", |app| app.state().train.run.is_some());
    window.frames(2);
    assert_eq!((steps(&window), window.state().train.page), (done, TrainPage::Run));
    assert!(!window.state().train.is_running());
    window.press("Resume");
    wait_for_steps(&mut window, done);
    window.press("Stop");
    window.press("Stop without saving");
    wait_for_end(&mut window);
    let text = std::fs::read_to_string(root.join("losses.jsonl")).unwrap();
    assert!(text.starts_with(&losses), "what was learnt before is still there");
}

#[test]
fn the_tab_fits_the_smallest_window_and_every_page_has_its_buttons() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("mine");
    pictures(&data, 12);
    let mut config = small(DataSource::Folder(data));
    (config.batch, config.kimg) = (4, 0.2);
    let mut window = open_in(folder, config, true);
    let fits = |window: &mut Window, names: &[&str]| {
        for size in [[900.0, 600.0], [3840.0, 2160.0], [1280.0, 820.0]] {
            window.harness.set_size(size.into());
            window.frames(4);
            for name in names {
                let rect = window.harness.get_by_label(name).rect();
                let fits = rect.min.x >= 0.0
                    && rect.min.y >= 0.0
                    && rect.max.x <= size[0]
                    && rect.max.y <= size[1];
                assert!(fits, "{name} {rect:?} {size:?}");
            }
        }
    };
    fits(&mut window, &["Start training", "Name of the run", "Demo faces", "Length", "IDX file"]);
    window.press("Start training");
    fits(&mut window, &["Explore live", "Folder", "Sheet", "Log", "Smoothing", "Fit"]);
    wait_for_end(&mut window);
    let run = window.state().train.run.as_ref().unwrap();
    assert_eq!(run.phase, Phase::Ended(End::Finished));
    assert_eq!(run.curves.len(), 50);
    window.press("All runs");
    window.wait("list", |app| app.state().train.runs.listed.is_some());
    fits(&mut window, &["Open run", "Look again", "D(G(z))"]);
}
