//! The tab Blend, through the window.

#![allow(clippy::unwrap_used)]

#[path = "support/faces.rs"]
mod faces;
#[path = "support/window.rs"]
mod support;

use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable;
use faces::{by_hand, named, names, on_disk, open_with_faces, wait_for_library};
use latentscape::app::tabs::{BLEND, EXPLORE};
use latentscape::app::{Cell, Start};
use latentscape::latent::library::{NewEntry, Origin};
use latentscape::latent::{Latent, Prior};
use support::Window;

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
    // By a click, too; Escape sends the offers away, and what is typed then still goes into the box.
    window.type_into("Formula", "2 * norm");
    window.press("normalize(");
    assert_eq!(window.state().blend.field, "2 * normalize(");
    window.write("G) + me");
    window.harness.get_by_label("mean(");
    window.harness.key_press(Key::Escape);
    window.frames(3);
    assert!(window.harness.query_by_label("mean(").is_none());
    window.write("an(D)");
    assert_eq!(window.state().blend.field, "2 * normalize(G) + mean(D)");
    results(&mut window, 1);
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
fn the_tab_fits_the_smallest_window() {
    let mut window = open_with_faces();
    window.press("Blend");
    window.press("|G − D|");
    window.press("G ⊙ D");
    results(&mut window, 3);
    for size in [[900.0, 600.0], [3840.0, 2160.0], [1280.0, 820.0]] {
        window.harness.set_size(size.into());
        for history in ["closed", "open"] {
            window.frames(4);
            let panel = window.harness.get_by_label("Search kept faces").rect();
            for name in ["Slot A: G", "Formula", "Show in Explore", "Save row", "Mix"] {
                let rect = window.harness.get_by_label(name).rect();
                let fits = rect.min.x >= 0.0 && rect.min.y >= 0.0;
                assert!(
                    fits && rect.max.x <= panel.min.x && rect.max.y <= size[1],
                    "{name} {rect:?} {size:?}, history {history}"
                );
            }
            let rect = window.harness.get_by_label("Delete").rect();
            assert!(rect.max.x <= size[0] && rect.max.y <= size[1], "{rect:?} {size:?}");
            window.key(Modifiers::NONE, Key::H);
        }
    }
    window.harness.set_size([900.0, 600.0].into());
    window.press("Grid");
    for history in ["closed", "open"] {
        window.frames(4);
        let panel = window.harness.get_by_label("Search kept faces").rect();
        for name in ["Slot B: D", "Slot D: empty", "Rows", "Lines", "Reset corners", "Save grid"] {
            let rect = window.harness.get_by_label(name).rect();
            let fits = rect.max.x <= panel.min.x && rect.max.y <= 600.0;
            assert!(fits, "{name} {rect:?}, history {history}");
        }
        window.key(Modifiers::NONE, Key::H);
    }
}
