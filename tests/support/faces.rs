//! A window whose library holds two faces.

#![allow(dead_code)] // every test file uses its own part of it

use latentscape::app::Start;
use latentscape::checkpoint::{library_path, open_library};
use latentscape::latent::library::{Library, NewEntry, Origin};
use latentscape::latent::{Latent, Prior};

use crate::support::{Window, write_model};

/// A window whose library holds G and D.
pub fn open_with_faces() -> Window {
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

pub fn wait_for_library(window: &mut Window) {
    window.wait("library", |app| app.state().shelf.library.is_some());
    window.frames(3);
}

pub fn library_at(model: &std::path::Path, data: &std::path::Path) -> Library {
    let file = latentscape::checkpoint::ModelFile::open(model).unwrap();
    open_library(&library_path(data, file.key().unwrap()), &file).unwrap()
}

/// The library as another window would read it.
pub fn on_disk(window: &Window) -> Library {
    library_at(&window.path("small.safetensors"), &window.path("data"))
}

pub fn named(window: &Window, name: &str) -> Latent {
    let library = window.state().shelf.library.as_ref().unwrap();
    library.by_name(name).unwrap_or_else(|| panic!("no {name}")).latent.clone()
}

pub fn by_hand(a: &Latent, b: &Latent, f: impl Fn(f32, f32) -> f32) -> Latent {
    let pairs = a.values().iter().zip(b.values());
    Latent::new(pairs.map(|(a, b)| f(*a, *b)).collect()).unwrap()
}

pub fn names(window: &Window) -> Vec<String> {
    let library = window.state().shelf.library.as_ref().unwrap();
    library.entries().into_iter().map(|entry| entry.name.clone()).collect()
}
