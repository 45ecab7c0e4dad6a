//! The library through the window: kept, found, swept, undone, from files and into files.

#![allow(clippy::unwrap_used)]

#[path = "support/faces.rs"]
mod faces;
#[path = "support/window.rs"]
mod support;

use eframe::egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable;
use faces::{named, names, on_disk, open_with_faces, wait_for_library};
use latentscape::app::{Page, Start};
use latentscape::latent::Prior;
use latentscape::latent::library::Origin;
use support::Window;

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
fn what_is_done_to_a_grid_is_undone_step_by_step() {
    let mut window = open_with_faces();
    window.press("Blend");
    window.press("Grid");
    for (slot, face) in [
        ("Slot A: G", "Kept face D"),
        ("Slot B: D", "Kept face G"),
        ("Slot C: empty", "Kept face G"),
        ("Slot D: empty", "Kept face D"),
    ] {
        window.press(slot);
        window.press(face);
    }
    window.wait("grid", |app| app.state().blend.drawn.pictures.len() == 64);
    let place = window.harness.get_by_label("Picture 8 in row 8").rect().center();
    window.harness.drag_at(place);
    for away in [10.0, 25.0, 40.0] {
        window.harness.hover_at(place + eframe::egui::Vec2::splat(away));
        window.frames(2);
    }
    window.harness.drop_at(place + eframe::egui::Vec2::splat(40.0));
    window.frames(2);
    let corners = |window: &Window| {
        let library = window.state().shelf.library.as_ref().unwrap();
        window.state().blend.corners(library).unwrap()
    };
    let (pulled, reach) = (corners(&window)[3].clone(), window.state().blend.inputs.reach);
    assert!(reach[3] > 1.05 && reach[..3] == [1.0; 3], "{reach:?}");
    window.press("Lines");
    window.press("Reset corners");
    assert_eq!(window.state().blend.inputs.reach, [1.0; 4]);
    window.press("Analogy");
    let labels: Vec<&str> =
        window.state().history.steps().iter().map(|step| step.label.as_str()).collect();
    let expected = [
        "Start",
        "Grid",
        "D into slot A",
        "G into slot B",
        "G into slot C",
        "D into slot D",
        "Pull corner D",
        "Straight lines",
        "Reset corners",
        "Analogy",
    ];
    assert_eq!(labels, expected);
    // Each step shows what it has changed.
    let steps = window.state().history.steps();
    let d = steps[2].picture.clone();
    assert_eq!(d, named(&window, "D"));
    assert_eq!(steps[6].picture, pulled);
    assert_ne!(steps[7].picture, d);
    let undo = |window: &mut Window| window.key(Modifiers::COMMAND, Key::Z);
    undo(&mut window);
    assert_eq!(window.state().blend.inputs.page, Page::Grid);
    undo(&mut window);
    assert_eq!(window.state().blend.inputs.reach, reach);
    undo(&mut window);
    undo(&mut window);
    assert_eq!(window.state().blend.inputs.reach, [1.0; 4]);
    assert_eq!(window.state().blend.inputs.page, Page::Grid, "the page stays where it happened");
    // A picture between the corners is kept with the way it came to be.
    window.wait("grid as it was", |app| {
        let state = app.state();
        let library = state.shelf.library.as_ref().unwrap();
        state.blend.grid(library).as_ref() == Some(&state.blend.drawn.latents)
    });
    window.frames(2);
    let middle = window.harness.get_by_label("Picture 4 in row 2");
    middle.click_secondary();
    window.frames(3);
    window.press("Keep");
    window.frames(2);
    let library = window.state().shelf.library.as_ref().unwrap();
    let entry = library.by_name("grid 1").unwrap();
    let Origin::Formula { text, parents } = &entry.origin else { panic!("{:?}", entry.origin) };
    assert!(text.starts_with("slerp(slerp(D, G, ") && parents.len() == 2, "{text}");
}

#[test]
fn a_sweep_has_a_row_for_each_chosen_face() {
    let mut window = open_with_faces();
    window.press("Kept face G");
    window.harness.get_by_label("Kept face D").click_modifiers(Modifiers::COMMAND);
    window.frames(3);
    window.press("Sweep sheet");
    window.press("The 2 chosen faces of the library");
    window.press("The present face first");
    window.wait("sheet of two faces and four seeds", |app| {
        let sweep = &app.state().explore.sweep;
        let names = sweep.sheet.as_ref().map(|(plan, _)| plan.names.clone());
        names.is_some_and(|names| names == ["D", "G", "seed 1", "seed 2", "seed 3", "seed 4"])
    });
    let dim = window.state().explore.sweep.dim;
    window.frames(3);
    window.press("Export PNG");
    let path = window.path("sheet.png");
    window.type_into("Path of the file", &path.display().to_string());
    window.press("Save");
    window.wait_for_message(&["Saved", "sheet.png"]);
    let sheet = image::open(path).unwrap().into_rgb8();
    // Names stand before the rows, values above the columns.
    let (side, gap) = (16, 2);
    let (left, head) =
        (sheet.width() - 7 * (side + gap) + gap, sheet.height() - 6 * (side + gap) + gap);
    assert!(left > 8 && head > 8, "{left} {head}");
    let has_ink = |x: u32, y: u32, width: u32, height: u32| {
        let words = image::imageops::crop_imm(&sheet, x, y, width, height).to_image();
        words.pixels().any(|pixel| pixel.0[0] < 128)
    };
    assert!((0..6).all(|row| has_ink(0, head + row * (side + gap), left, side)));
    assert!((0..7).all(|column| has_ink(left + column * (side + gap), 0, side, head)));
    // What is swept are the faces.
    let file = latentscape::checkpoint::ModelFile::open(&window.path("small.safetensors")).unwrap();
    let cpu = candle_core::Device::Cpu;
    let generator = file.generator(&cpu).unwrap();
    for (row, name) in [(0, "D"), (1, "G")] {
        for (column, value) in [(0, -3.0), (3, 0.0), (6, 3.0)] {
            let z = named(&window, name).with(dim, value);
            let drawn = generator.draw(&[z], &cpu).unwrap();
            let expected = latentscape::picture::from_tensor(&drawn).unwrap().remove(0);
            let (x, y) = (left + column * (side + gap), head + row * (side + gap));
            let found = image::imageops::crop_imm(&sheet, x, y, side, side).to_image();
            let off = expected.iter().zip(found.iter()).map(|(a, b)| a.abs_diff(*b)).max();
            assert!(off <= Some(1), "{name} at {value}: {off:?}");
        }
    }
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
fn the_librarys_head_fits_beside_an_open_history() {
    let mut window = open_with_faces();
    window.press("History");
    window.harness.set_size([900.0, 600.0].into());
    window.frames(4);
    for name in ["Keep", "Search kept faces", "Order and tags", "Rename", "Tags", "Delete"] {
        let rect = window.harness.get_by_label(name).rect();
        let panel = window.harness.get_by_label("Random").rect();
        assert!(rect.min.x >= 0.0 && rect.max.x <= panel.min.x, "{name} {rect:?} {panel:?}");
        assert!(rect.max.y <= 600.0, "{name} {rect:?}");
    }
    window.press("Order and tags");
    window.press("by name");
    let names: Vec<&str> =
        window.state().shelf.found().iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(names, ["D", "G"]);
}

#[test]
fn faces_come_from_files_and_go_into_files() {
    let mut window = open_with_faces();
    let from = window.path("two.npy");
    let latents = [3, 4].map(|seed| Prior::Normal.from_seed(12, seed));
    latentscape::latent::write_npy(&from, &latents).unwrap();
    let with_command = |window: &mut Window, command: &str, path: &std::path::Path, verb: &str| {
        window.press("Menu");
        window.harness.get_by_label_contains(command).click();
        window.frames(3);
        window.type_into("Path of the file", &path.display().to_string());
        window.press(verb);
    };
    with_command(&mut window, "Import faces…", &from, "Import");
    window.wait_for_message(&["Took in 2 faces"]);
    assert_eq!(names(&window), ["G", "D", "two 1", "two 2"]);
    assert_eq!(named(&window, "two 2"), latents[1]);
    window.frames(2);
    window.key(Modifiers::COMMAND, Key::Z);
    assert_eq!(names(&window), ["G", "D"], "an import is one step");
    window.key(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    window.frames(2);
    window.press("Kept face two 1");
    let to = window.path("one.npy");
    with_command(&mut window, "Export faces…", &to, "Export");
    window.wait_for_message(&["Exported 1 face to", "one.npy"]);
    assert_eq!(latentscape::latent::read(&to).unwrap(), latents[..1]);
    // What does not fit is told, and nothing is taken in.
    latentscape::latent::write_npy(&from, &[Prior::Normal.from_seed(5, 1)]).unwrap();
    with_command(&mut window, "Import faces…", &from, "Import");
    window.wait_for_message(&["5 dimensions", "12"]);
    assert_eq!(names(&window).len(), 4);
}
