//! The library and the tab Blend, through the window.

#![allow(clippy::unwrap_used)]

#[path = "support/window.rs"]
mod support;

use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable;
use latentscape::app::tabs::{BLEND, EXPLORE};
use latentscape::app::{Cell, Start};
use latentscape::checkpoint::{library_path, open_library};
use latentscape::latent::library::{Library, NewEntry, Origin};
use latentscape::latent::{Latent, Prior};
use support::{Window, write_model};

/// A window whose library holds G and D.
fn open_with_faces() -> Window {
    let folder = tempfile::tempdir().unwrap();
    let (model, data) = (folder.path().join("small.safetensors"), folder.path().join("data"));
    write_model(&model, 12);
    let mut library = library_at(&model, &data);
    for (name, seed) in [("G", 1), ("D", 2)] {
        let latent = Prior::Normal.from_seed(12, seed);
        let origin = Origin::Seed { seed };
        library.add(NewEntry { name: name.into(), latent, origin, tags: Vec::new() }).unwrap();
    }
    library.save().unwrap();
    let start = Start { model: Some(model), data: Some(data), seed: 5, ..Start::default() };
    let mut window = Window::start(folder, start);
    wait_for_library(&mut window);
    window
}

fn wait_for_library(window: &mut Window) {
    window.wait("library", |app| app.state().shelf.library.is_some());
    window.frames(3);
}

fn library_at(model: &std::path::Path, data: &std::path::Path) -> Library {
    let file = latentscape::checkpoint::ModelFile::open(model).unwrap();
    open_library(&library_path(data, file.key().unwrap()), &file).unwrap()
}

/// The library as another window would read it.
fn on_disk(window: &Window) -> Library {
    library_at(&window.path("small.safetensors"), &window.path("data"))
}

fn named(window: &Window, name: &str) -> Latent {
    let library = window.state().shelf.library.as_ref().unwrap();
    library.by_name(name).unwrap_or_else(|| panic!("no {name}")).latent.clone()
}

fn by_hand(a: &Latent, b: &Latent, f: impl Fn(f32, f32) -> f32) -> Latent {
    let pairs = a.values().iter().zip(b.values());
    Latent::new(pairs.map(|(a, b)| f(*a, *b)).collect()).unwrap()
}

/// The latents of the row's results, once all of them are drawn.
fn results(window: &mut Window, count: usize) -> Vec<Latent> {
    window.wait(&format!("{count} pictures of results"), |app| {
        let blend = &app.state().blend;
        let drawn = blend.outcomes.iter().filter(|outcome| {
            let picture = blend.pictures.get(&Cell::Result(outcome.id));
            picture.is_some_and(|(latent, _)| Some(latent) == outcome.shown(false))
        });
        drawn.count() == count && blend.outcomes.len() == count
    });
    let outcomes = &window.state().blend.outcomes;
    outcomes.iter().map(|outcome| outcome.shown(false).unwrap().clone()).collect()
}

#[test]
fn the_three_operations_of_the_articles_are_three_clicks_away() {
    // As a person meets it: the generator of the program, nothing kept yet.
    let folder = tempfile::tempdir().unwrap();
    let data = Some(folder.path().join("data"));
    let mut window = Window::start(folder, Start { data, ..Start::default() });
    wait_for_library(&mut window);
    let (g, d) = (named(&window, "G"), named(&window, "D"));
    window.press("Blend");
    window.press("|G − D|");
    window.press("G ⊙ D");
    let expected = [
        by_hand(&g, &d, |g, d| g + d),
        by_hand(&g, &d, |g, d| (g - d).abs()),
        by_hand(&g, &d, |g, d| g * d),
    ];
    assert_eq!(results(&mut window, 3), expected);
    for name in ["Slot A: G", "Slot B: D", "Result G + D", "Result |G − D|", "Result G ⊙ D"] {
        window.harness.get_by_label(name);
    }
    let blend = &window.state().blend;
    let picture = |cell| blend.pictures[&cell].1.clone();
    let all = [Cell::Slot(0), Cell::Slot(1), Cell::Result(1), Cell::Result(2), Cell::Result(3)];
    for (i, a) in all.iter().enumerate() {
        assert!(all[i + 1..].iter().all(|b| picture(*a) != picture(*b)), "{a:?} is there twice");
    }
}

#[test]
fn s_keeps_the_face_under_the_name_that_is_typed() {
    let mut window = open_with_faces();
    let latent = window.latent();
    window.key(Modifiers::NONE, Key::S);
    window.frames(3);
    window.write("anna");
    window.harness.key_press(Key::Enter);
    window.frames(3);
    assert_eq!(named(&window, "anna"), latent);
    window.harness.get_by_label("Kept face anna");
    window.wait("saved library", |app| {
        app.state().shelf.library.as_ref().is_some_and(|library| !library.is_unsaved())
    });
    let entry = on_disk(&window).by_name("anna").cloned().unwrap();
    assert_eq!((&entry.latent, &entry.origin), (&latent, &Origin::Seed { seed: 5 }));

    window.key(Modifiers::COMMAND, Key::Z);
    assert!(!names(&window).contains(&"anna".into()), "keeping and naming are one step");
    window.key(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    assert_eq!(named(&window, "anna"), latent);
}

fn names(window: &Window) -> Vec<String> {
    let library = window.state().shelf.library.as_ref().unwrap();
    library.entries().into_iter().map(|entry| entry.name.clone()).collect()
}

#[test]
fn faces_are_found_shown_deleted_and_brought_back() {
    let mut window = open_with_faces();
    window.type_into("Search kept faces", "g");
    assert!(window.harness.query_by_label("Kept face D").is_none());
    window.press("Kept face G");
    assert_eq!(window.latent(), named(&window, "G"));
    window.type_into("Search kept faces", "");
    window.type_into("Search kept faces", "nobody");
    window.press("Show all faces");
    window.press("Kept face D");
    assert_eq!(window.latent(), named(&window, "D"));
    let before = names(&window);
    window.press("Delete");
    assert_eq!(names(&window), ["G"]);
    window.key(Modifiers::COMMAND, Key::Z);
    assert_eq!(names(&window), before);
    window.press("Kept face D");
    window.press("Tags");
    window.type_into("Tags, with commas between", "smile, old");
    window.press("Set tags");
    let library = window.state().shelf.library.as_ref().unwrap();
    assert_eq!(library.by_name("D").unwrap().tags, ["smile", "old"]);
    window.type_into("Search kept faces", "smile");
    assert!(window.harness.query_by_label("Kept face G").is_none());
    window.harness.get_by_label("Kept face D");
}

#[test]
fn a_formula_gives_its_result_or_says_what_is_wrong_where() {
    let mut window = open_with_faces();
    let (g, d) = (named(&window, "G"), named(&window, "D"));
    window.press("Blend");
    assert_eq!(window.state().tab, BLEND);
    window.type_into("Formula", "2 * G - D");
    assert_eq!(results(&mut window, 1), [by_hand(&g, &d, |g, d| 2.0 * g - d)]);
    window.type_into("Formula", "G + nobody");
    let trouble = window.state().blend.outcomes[0].computed.clone().unwrap_err();
    assert_eq!(trouble.at, Some(4..10));
    window.frames(2);
    window.harness.get_by_label(&trouble.message);
    // A word that was begun is completed.
    window.type_into("Formula", "mean(G, D) + le");
    window.harness.key_press(Key::Tab);
    window.frames(3);
    assert_eq!(window.state().blend.field, "mean(G, D) + lerp(");
    window.write("G, D, 0)");
    let expected = by_hand(&g, &d, |g, d| (g + d) / 2.0 + (g + (d - g) * 0.0));
    assert_eq!(results(&mut window, 1), [expected]);
}

#[test]
fn a_result_is_kept_with_its_formula_and_shown_in_explore() {
    let mut window = open_with_faces();
    let sum = by_hand(&named(&window, "G"), &named(&window, "D"), |g, d| g + d);
    window.press("Blend");
    window.press("Keep result");
    window.frames(2);
    window.write("twins");
    window.harness.key_press(Key::Enter);
    window.frames(3);
    let library = window.state().shelf.library.as_ref().unwrap();
    let entry = library.by_name("twins").unwrap();
    assert_eq!(entry.latent, sum);
    assert!(matches!(&entry.origin, Origin::Formula { text, parents } if text == "G + D"
        && parents.len() == 2));
    window.press("Typical length");
    assert!(window.state().blend.inputs.typical);
    window.press("Show in Explore");
    assert_eq!(window.state().tab, EXPLORE);
    assert!((window.latent().norm() - Prior::Normal.typical_norm(12)).abs() < 1e-3);
    // Undo goes back through Explore, the switch and the library alike.
    for _ in 0..3 {
        window.key(Modifiers::COMMAND, Key::Z);
    }
    assert!(!names(&window).contains(&"twins".into()));
    assert!(!window.state().blend.inputs.typical);
}

#[test]
fn slots_take_faces_by_click_and_by_drag() {
    let mut window = open_with_faces();
    window.press("Blend");
    window.press("Empty slot B");
    assert!(window.state().blend.outcomes[0].computed.is_err());
    let from = window.harness.get_by_label("Kept face G").rect().center();
    let to = window.harness.get_by_label("Slot B: empty").rect().center();
    window.harness.drag_at(from);
    for part in [0.3f32, 0.7, 1.0] {
        window.harness.hover_at(from.lerp(to, part));
        window.frames(2);
    }
    window.harness.drop_at(to);
    window.frames(3);
    window.harness.get_by_label("Slot B: G");
    window.press("Slot A: G");
    window.press("Kept face D");
    window.harness.get_by_label("Slot A: D");
}

#[test]
fn the_slider_morphs_and_the_grid_follows_its_corners() {
    let mut window = open_with_faces();
    let (g, d) = (named(&window, "G"), named(&window, "D"));
    window.press("Blend");
    window.press("lerp");
    window.harness.get_by_role_and_label(Role::Slider, "Mix").set_value_accesskit(0.25);
    window.frames(3);
    let expected = by_hand(&g, &d, |g, d| g + (d - g) * 0.25);
    assert_eq!(results(&mut window, 2)[1], expected);

    window.press("Analogy");
    window.press("Keep the face of Explore in slot C");
    window.wait("grid", |app| app.state().blend.drawn.pictures.len() == 64);
    let corner = window.state().blend.drawn.latents[63].clone();
    let c = named(&window, "face 1");
    let sum = by_hand(&by_hand(&d, &g, |d, g| d - g), &c, |way, c| c + way);
    let apart = by_hand(&corner, &sum, |a, b| (a - b).abs()).norm();
    assert!(apart < 1e-4, "{apart}");
    let before = window.state().blend.drawn.pictures.clone();
    let place = window.harness.get_by_label("Picture 1 in row 1").rect().center();
    window.harness.drag_at(place);
    window.harness.hover_at(place - eframe::egui::vec2(40.0, 40.0));
    window.frames(3);
    window.harness.drop_at(place - eframe::egui::vec2(40.0, 40.0));
    assert!(window.state().blend.inputs.reach[0] > 1.05);
    window.wait("another grid", move |app| app.state().blend.drawn.pictures != before);
}

#[test]
fn the_history_lists_what_was_done_and_goes_back_to_it() {
    let mut window = open_with_faces();
    let latent = window.latent();
    window.press("History");
    window.press("Random");
    window.press("Kept face G");
    window.press("Delete");
    window.frames(2);
    for step in ["Step 0: Start", "Step 2: Show G", "Step 3: Delete G"] {
        window.harness.get_by_label(step);
    }
    window.press("Step 0: Start");
    assert_eq!(window.latent(), latent);
    assert!(names(&window).contains(&"G".into()));
    window.press("Step 3: Delete G");
    assert!(!names(&window).contains(&"G".into()));
    assert_ne!(window.latent(), latent);
}

#[test]
fn the_row_is_saved_as_one_picture() {
    let mut window = open_with_faces();
    window.press("Blend");
    results(&mut window, 1);
    let path = window.path("row.png");
    window.press("Save row");
    window.type_into("Path of the file", &path.display().to_string());
    window.press("Save");
    window.wait_for_message(&["Saved", "row.png"]);
    let row = image::open(path).unwrap();
    assert!(row.width() >= 3 * 16 && row.height() > 16, "{}x{}", row.width(), row.height());
}

#[test]
fn what_was_blended_is_there_again_and_so_is_what_another_window_kept() {
    let mut window = open_with_faces();
    window.press("Blend");
    window.press("G ⊙ D");
    window.press("Slot A: G");
    window.press("Kept face D");
    let inputs = window.state().blend.inputs.clone();
    let settings = window.path("settings.json");
    let (model, data) = (window.path("small.safetensors"), window.path("data"));
    let place = window.state().blend_place();
    let kept = latentscape::app::Settings { blend: place, ..Default::default() };
    kept.save(&settings).unwrap();
    let start = Start {
        model: Some(model),
        data: Some(data),
        settings: Some(settings),
        ..Start::default()
    };
    let mut window = Window::start(window.folder, start);
    wait_for_library(&mut window);
    assert_eq!(window.state().blend.inputs, inputs);

    let mut other = on_disk(&window);
    let latent = Prior::Normal.from_seed(12, 77);
    let new = NewEntry { name: "zoe".into(), latent, origin: Origin::Unknown, tags: Vec::new() };
    other.add(new).unwrap();
    other.save().unwrap();
    window.wait("the other window's face", |app| {
        app.state().shelf.library.as_ref().is_some_and(|library| library.by_name("zoe").is_some())
    });
}

#[test]
fn what_is_wrong_with_a_library_is_told() {
    let window = open_with_faces();
    let path = on_disk(&window).path().unwrap().to_owned();
    let (model, data) = (window.path("small.safetensors"), window.path("data"));
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("\"name\":\"D\"", "\"name\":7")).unwrap();
    let start = Start { model: Some(model), data: Some(data), ..Start::default() };
    let mut window = Window::start(window.folder, start);
    wait_for_library(&mut window);
    assert!(window.state().message.is_error, "{:?}", window.state().message);
    window.press("Problems");
    window.frames(2);
    assert_eq!(window.state().shelf.problems.len(), 1);
    let said = window.state().shelf.problems[0].clone();
    assert!(window.harness.query_all_by_label_contains(&said).next().is_some());
}

#[test]
fn the_tab_fits_the_smallest_window() {
    let mut window = open_with_faces();
    window.press("Blend");
    window.press("|G − D|");
    window.press("G ⊙ D");
    results(&mut window, 3);
    for size in [[900.0, 600.0], [3840.0, 2160.0], [1280.0, 820.0]] {
        window.harness.set_size(size.into());
        window.frames(4);
        for name in
            ["Slot A: G", "Result G ⊙ D", "Formula", "Show in Explore", "Save row", "Mix", "Delete"]
        {
            let rect = window.harness.get_by_label(name).rect();
            let fits = rect.min.x >= 0.0 && rect.min.y >= 0.0;
            assert!(
                fits && rect.max.x <= size[0] && rect.max.y <= size[1],
                "{name} {rect:?} {size:?}"
            );
        }
    }
}
