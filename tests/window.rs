//! The tab Explore and everything around it, through the window.

#![allow(clippy::unwrap_used)]

#[path = "support/window.rs"]
mod support;

use std::path::Path;
use std::sync::Arc;

use eframe::egui::accesskit::Role;
use eframe::egui::{Event, Key, Modifiers, Pos2, vec2};
use egui_kittest::kittest::{NodeT, Queryable};
use latentscape::app::Start;
use latentscape::app::tabs::TABS;
use latentscape::latent::{Latent, Prior};
use support::{Dropped, Window, write_model, write_translator};

#[test]
fn a_dragged_slider_draws_other_pixels_and_is_one_step() {
    let mut window = Window::open();
    let (before, latent) = (window.picture(), window.latent());
    let rect = window.harness.get_by_label("dimension 3").rect();
    let at = |part: f32| Pos2::new(rect.left() + rect.width() * part, rect.center().y);
    window.harness.drag_at(at(0.5));
    for i in 0..20 {
        window.harness.hover_at(at(0.5 + 0.02 * i as f32));
        window.frames(1);
    }
    let during = window.latent().get(3);
    window.harness.drop_at(at(0.9));
    window.frames(2);
    let after = window.latent();
    assert!(during > 0.5 && after.get(3) > 2.0, "{during} {}", after.get(3));
    assert_eq!(after.with(3, latent.get(3)), latent, "only one dimension moved");
    window.wait_for_another(&before);
    assert_eq!(window.state().explore.selected, 3);

    window.key(Modifiers::COMMAND, Key::Z);
    assert_eq!(window.latent(), latent, "a drag is one step");
    window.key(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    assert_eq!(window.latent(), after);
    window.key(Modifiers::COMMAND, Key::Z);
    let first = before.clone();
    window.wait("the first picture again", move |app| {
        app.state().explore.picture.as_ref().is_some_and(|p| p.as_raw() == &first)
    });
}

#[test]
fn a_screen_reader_can_set_a_slider() {
    let mut window = Window::open();
    window.harness.get_by_label("dimension 4").set_value_accesskit(1.25);
    window.frames(2);
    assert_eq!(window.latent().get(4), 1.25);
}

#[test]
fn random_leaves_locked_dimensions_alone_and_can_be_undone() {
    let mut window = Window::open();
    let (before, latent) = (window.picture(), window.latent());
    window.press("Lock dimension 2");
    window.press("Random");
    let after = window.latent();
    assert_eq!(after.get(2), latent.get(2));
    assert!((0..12).filter(|dim| *dim != 2).all(|dim| after.get(dim) != latent.get(dim)));
    window.wait_for_another(&before);
    window.press("Undo");
    assert_eq!(window.latent(), latent);
    window.press("Redo");
    assert_eq!(window.latent(), after);
    window.press("Mutate");
    assert_eq!(window.latent().get(2), latent.get(2));
    window.press("Reset");
    assert_eq!(window.latent(), Latent::zero(12).with(2, latent.get(2)));
    window.key(Modifiers::NONE, Key::R);
    assert_ne!(window.latent().get(0), 0.0);
}

#[test]
fn truncation_is_only_for_the_eye() {
    let mut window = Window::open();
    let (before, latent) = (window.picture(), window.latent());
    window.harness.get_by_role_and_label(Role::Slider, "Truncation").set_value_accesskit(0.0);
    window.frames(1);
    window.wait_for_another(&before);
    assert_eq!(window.latent(), latent);
    let average = window.picture();
    window.press("Random");
    window.frames(20);
    assert_eq!(window.picture(), average, "at ψ = 0 every latent gives the average picture");
}

#[test]
fn a_latent_travels_as_text() {
    let mut window = Window::open();
    let latent = window.latent();
    let other = Prior::Normal.from_seed(12, 77);
    window.paste(&other.to_text());
    assert_eq!(window.latent(), other);
    window.key(Modifiers::COMMAND, Key::Z);
    assert_eq!(window.latent(), latent);
    for (text, said) in [
        ("1, 2, 3", "3 dimensions"),
        ("hello", "\"hello\" is not a number"),
        ("1 2 3 4 5 6 7 8 9 10 11 NaN", "NaN"),
        ("", "no numbers"),
    ] {
        window.paste(text);
        let message = window.state().message.clone();
        assert!(message.is_error && message.text.contains(said), "{text:?} gave {message:?}");
        assert_eq!(window.latent(), latent, "{text:?}");
    }
}

#[test]
fn a_file_that_is_no_model_is_told_and_everything_goes_on() {
    let mut window = Window::open();
    std::fs::write(window.path("corrupt.safetensors"), [7u8; 1000]).unwrap();
    std::fs::write(window.path("empty.safetensors"), []).unwrap();
    std::fs::write(window.path("face.png"), b"\x89PNG\r\n\x1a\n").unwrap();
    for (name, said) in [
        ("corrupt.safetensors", "damaged"),
        ("empty.safetensors", "empty"),
        ("face.png", "PNG picture"),
        ("missing.safetensors", "No such file"),
    ] {
        window.key(Modifiers::COMMAND, Key::O);
        window.wait("question for a path", |app| app.state().path_box.is_some());
        let path = window.path(name);
        window.frames(2);
        let field = window.harness.get_by_label("Path of the file");
        field.focus();
        window.harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
        window.harness.event(Event::Text(path.display().to_string()));
        window.frames(2);
        window.harness.key_press(Key::Enter);
        window.wait_for_message(&[name, said]);
        let before = window.picture();
        window.press("Random");
        window.wait_for_another(&before);
    }
}

#[test]
fn files_can_be_dropped() {
    let mut window = Window::open();
    let (picture, model) = (window.path("holiday.png"), window.path("wide.safetensors"));
    std::fs::write(&picture, b"\x89PNG\r\n\x1a\n").unwrap();
    write_model(&model, 20);
    window.harness.input_mut().dropped_files.push(Arc::new(Dropped(picture)));
    window.wait_for_message(&["makes pictures from pictures", "sketch2face"]);
    assert_eq!(window.state().explore.dims(), 12);
    window.harness.input_mut().dropped_files.push(Arc::new(Dropped(model)));
    window.wait("dropped model", |app| app.state().explore.dims() == 20);
}

/// A model without latents leaves nothing to explore or to blend; the tabs say so, and where to go.
#[test]
fn a_model_that_takes_pictures_is_told_apart() {
    let mut window = Window::open();
    let model = window.path("translator.safetensors");
    write_translator(&model, 32);
    window.harness.input_mut().dropped_files.push(Arc::new(Dropped(model)));
    window.wait("dropped model", |app| app.state().takes_pictures().is_some());
    window.frames(3);
    for tab in ["Explore", "Blend"] {
        window.press(tab);
        window.frames(2);
        let told =
            window.harness.query_all_by_label_contains("Draw for it in the tab Translate").count();
        assert_eq!(told, 1, "{tab}");
    }
    assert!(window.state().latent_model().is_none() && !window.state().message.is_error);
    // Back to one with latents, everything is there again.
    let small = window.path("small.safetensors");
    window.harness.input_mut().dropped_files.push(Arc::new(Dropped(small)));
    window.wait("the small model", |app| app.state().explore.dims() == 12);
    window.press("Explore");
    window.wait("a picture", |app| app.state().explore.picture.is_some());
}

#[test]
fn another_model_can_be_opened() {
    let mut window = Window::open();
    let path = window.path("wide.safetensors");
    write_model(&path, 20);
    window.key(Modifiers::COMMAND, Key::O);
    window.frames(2);
    window.harness.get_by_label("Path of the file").focus();
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    window.harness.event(Event::Text(path.display().to_string()));
    window.frames(2);
    window.press("Open");
    window.wait("wider model", |app| app.state().explore.dims() == 20);
    window.wait("its picture", |app| app.state().explore.picture.is_some());
    assert!(window.state().settings.recent.contains(&path));
}

#[test]
fn a_model_that_cannot_be_opened_at_the_start_gives_way_to_the_bundled_one() {
    let folder = tempfile::tempdir().unwrap();
    let model = Some(folder.path().join("nowhere.safetensors"));
    let window = Window::start(folder, Start { model, ..Start::default() });
    let state = window.state();
    assert!(
        state.message.is_error && state.message.text.contains("nowhere"),
        "{:?}",
        state.message
    );
    assert_eq!(state.model.as_ref().unwrap().spec().size(), (64, 64));
}

#[test]
fn the_picture_is_saved_or_it_is_told_why_not() {
    let mut window = Window::open();
    let picture = window.picture();
    for (name, words) in [
        ("face.png", ["Saved", "face.png"]),
        ("no such folder/face.png", ["could not write", "face.png"]),
    ] {
        let path = window.path(name);
        window.key(Modifiers::COMMAND, Key::S);
        window.frames(2);
        window.harness.get_by_label("Path of the file").focus();
        window.harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
        window.harness.event(Event::Text(path.display().to_string()));
        window.frames(2);
        window.press("Save");
        window.wait_for_message(&words);
    }
    let saved = image::open(window.path("face.png")).unwrap().into_rgb8();
    assert_eq!(saved.into_raw(), picture);
}

#[test]
fn a_sweep_sheet_is_drawn_and_exported() {
    let mut window = Window::open();
    window.press("Sweep sheet");
    window.wait("sheet", |app| app.state().explore.sweep.sheet.is_some());
    let size = {
        let sheet = &window.state().explore.sweep.sheet.as_ref().unwrap().1;
        sheet.dimensions()
    };
    assert!(size.0 > 7 * 16 + 6 * 2, "names stand before the rows");
    window.frames(3);
    window.press("Export PNG");
    window.frames(2);
    let path = window.path("sheet.png");
    window.harness.get_by_label("Path of the file").focus();
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    window.harness.event(Event::Text(path.display().to_string()));
    window.frames(2);
    window.press("Save");
    window.wait_for_message(&["Saved", "sheet.png"]);
    assert_eq!(image::open(path).unwrap().into_rgb8().dimensions(), size);
}

#[test]
fn influence_orders_the_sliders() {
    let mut window = Window::open();
    window.wait("influence", |app| app.state().explore.influence.is_some());
    window.harness.remove_cursor();
    window.wait("order", |app| !app.state().explore.order_is_stale);
    let explore = &window.state().explore;
    let influence = explore.influence.as_ref().unwrap();
    assert!(influence.iter().all(|v| *v > 0.0));
    assert!(explore.order.windows(2).all(|w| influence[w[0]] >= influence[w[1]]));
}

#[test]
fn the_strip_sets_its_dimension() {
    let mut window = Window::open();
    window.wait("strip", |app| app.state().explore.strip.pictures.len() == 7);
    window.frames(2);
    let dim = window.state().explore.selected;
    window.press(&format!("set dimension {dim} to -2.0"));
    assert_eq!(window.latent().get(dim), -2.0);
    window.wait("the strip's picture", |app| {
        let explore = &app.state().explore;
        explore.picture.as_ref() == explore.strip.pictures.get(1)
    });
}

#[test]
fn the_palette_finds_and_does_things() {
    let mut window = Window::open();
    let latent = window.latent();
    window.key(Modifiers::COMMAND, Key::K);
    window.frames(2);
    window.harness.event(Event::Text("rand".into()));
    window.frames(2);
    window.harness.key_press(Key::Enter);
    window.frames(2);
    assert!(window.state().palette.is_none());
    assert_ne!(window.latent(), latent);
}

#[test]
fn what_was_open_is_there_again() {
    let folder = tempfile::tempdir().unwrap();
    let (model, settings) = (folder.path().join("m.safetensors"), folder.path().join("s.json"));
    write_model(&model, 12);
    let start = Start { settings: Some(settings.clone()), seed: 5, ..Start::default() };
    let first = Start { model: Some(model), ..start.clone() };
    let mut window = Window::start(folder, first);
    window.press("Random");
    window.press("Lock dimension 6");
    let latent = window.latent();
    eframe::App::on_exit(window.harness.state_mut(), None);
    assert!(settings.exists());
    let window = Window::start(window.folder, start);
    assert_eq!(window.latent(), latent);
    assert!(window.state().explore.locked[6]);
}

#[test]
fn every_tab_opens() {
    let mut window = Window::open();
    for (i, tab) in TABS.iter().enumerate() {
        window.harness.state_mut().show_tab(i);
        window.frames(5);
        assert!(window.harness.root().accesskit_node().children().count() > 0, "{}", tab.title);
    }
}

#[test]
fn everything_fits_the_smallest_window() {
    let mut window = Window::open();
    for size in [vec2(900.0, 600.0), vec2(3840.0, 2160.0), vec2(1280.0, 820.0)] {
        window.harness.set_size(size);
        window.frames(4);
        for name in ["Random", "Save PNG", "Paste latent", "Search dimensions", "Device", "Menu"] {
            let rect = window.harness.get_by_label(name).rect();
            let fits = rect.min.x >= 0.0 && rect.min.y >= 0.0;
            assert!(
                fits && rect.max.x <= size.x && rect.max.y <= size.y,
                "{name} {rect:?} {size:?}"
            );
        }
        let picture = window.harness.get_by_label("Picture").rect();
        assert!(picture.height() > size.y * 0.5 && picture.width() > size.x * 0.4, "{picture:?}");
    }
}

/// A generator that PyTorch has written is dropped on the window: its sliders move, what had to be guessed
/// is told, and what is said instead is kept beside the file.
#[test]
fn a_checkpoint_of_pytorch_opens_and_tells_what_was_guessed() {
    let mut window = Window::open();
    let theirs = window.path("netG.pth");
    let fixture = "tests/fixtures/import/tutorial-plain-f32.zip.pth";
    std::fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join(fixture), &theirs).unwrap();
    window.harness.input_mut().dropped_files.push(Arc::new(Dropped(theirs.clone())));
    let is_theirs = |app: &latentscape::app::App| {
        app.state().model.as_ref().is_some_and(|model| model.file.info().imported.is_some())
    };
    window.wait("the checkpoint", is_theirs);
    window.wait("its picture", |app| app.state().explore.picture.is_some());
    window.frames(3);
    assert!(window.state().shows_about);
    window.harness.get_by_label_contains("Nothing in it was run");
    window.harness.get_by_label_contains("latents are drawn");
    let before = window.picture();
    window.press("Random");
    window.wait_for_another(&before);
    assert_eq!(window.state().explore.prior(), Prior::Normal);
    window.press("Latents: uniform");
    window.wait("other latents", |app| app.state().explore.prior() == Prior::Uniform);
    let beside = window.path("netG.pth.latentscape.json");
    window.wait("the choice on disk", |_| beside.exists());
    window.frames(3);
    assert_eq!(window.harness.query_all_by_label_contains("• latents are drawn").count(), 0);
    // The picture follows what is chosen, of the same latent, and goes back.
    window.wait("its picture", |app| app.state().explore.picture.is_some());
    let (before, latent) = (window.picture(), window.latent());
    let place = window.harness.get_by_label("Output: tanh").rect();
    for name in ["Inner layers: leaky 0.2", "Output: sigmoid"] {
        let shown = window.picture();
        window.press(name);
        window.wait_for_another(&shown);
        window.frames(3);
    }
    assert_eq!(window.latent(), latent);
    assert_eq!(window.harness.query_all_by_label_contains("• tanh at the end").count(), 0);
    // Sentences come and go, and what is clicked next stays where it is.
    assert_eq!(window.harness.get_by_label("Output: tanh").rect(), place);
    window.press("Inner layers: ReLU");
    window.press("Output: tanh");
    window.wait("the picture of before", |app| {
        app.state().explore.picture.as_ref().is_some_and(|picture| *picture.as_raw() == before)
    });
    window.frames(3);
    window.press("Back to the defaults");
    window.wait("latents as they are usual", |app| app.state().explore.prior() == Prior::Normal);
    window.frames(3);
    assert_eq!(window.harness.query_all_by_label("Back to the defaults").count(), 0);
    window.harness.get_by_label_contains("• latents are drawn");
}

/// Where nothing can be written beside the file, that is said, and the choice holds nevertheless.
#[test]
fn a_choice_that_cannot_be_kept_holds_while_the_window_is_open() {
    let mut window = Window::open();
    let theirs = window.path("netG.pth");
    let fixture = "tests/fixtures/import/tutorial-plain-f32.zip.pth";
    std::fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join(fixture), &theirs).unwrap();
    // Not even an administrator writes a file where a folder is.
    std::fs::create_dir(window.path("netG.pth.latentscape.json")).unwrap();
    let open = |window: &mut Window, path: &Path, is_theirs: bool| {
        window.harness.input_mut().dropped_files.push(Arc::new(Dropped(path.to_owned())));
        window.wait("the model", |app| {
            let model = app.state().model.as_ref();
            model.is_some_and(|model| model.file.info().imported.is_some() == is_theirs)
        });
        window.wait("its picture", |app| app.state().explore.picture.is_some());
        window.frames(3);
    };
    open(&mut window, &theirs, true);
    assert_eq!(window.state().explore.prior(), Prior::Normal);
    window.press("Latents: uniform");
    window.wait("other latents", |app| app.state().explore.prior() == Prior::Uniform);
    window.wait_for_message(&["holds until"]);
    let ours = window.path("small.safetensors");
    open(&mut window, &ours, false);
    assert_eq!(window.state().explore.prior(), Prior::Normal);
    open(&mut window, &theirs, true);
    assert_eq!(window.state().explore.prior(), Prior::Uniform);
}
