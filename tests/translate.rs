//! `latentscape translate`, from outside.

#![allow(clippy::unwrap_used)]

mod support;

use std::path::Path;

use image::{GrayImage, Luma, Rgb, RgbImage, Rgba, RgbaImage};
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use support::{latentscape, small_translator};

fn place() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    small_translator(&folder.path().join("t.safetensors"));
    folder
}

fn run(folder: &Path, line: &str) -> String {
    let output = latentscape(line.split_whitespace()).current_dir(folder).assert().success();
    String::from_utf8(output.get_output().stderr.clone()).unwrap()
}

fn size(folder: &Path, name: &str) -> (u32, u32) {
    image::image_dimensions(folder.join(name)).unwrap()
}

/// Lines on white paper.
fn drawing(width: u32, height: u32) -> GrayImage {
    GrayImage::from_fn(width, height, |x, y| Luma([if x == y || x == 5 { 0 } else { 255 }]))
}

#[test]
fn pictures_of_any_size_and_kind_are_translated_and_cropped_back() {
    let folder = place();
    let at = folder.path();
    let pictures = at.join("in/deep");
    std::fs::create_dir_all(&pictures).unwrap();
    drawing(64, 32).save(at.join("in/wide.png")).unwrap();
    drawing(40, 120).save(at.join("in/tall.jpg")).unwrap();
    RgbaImage::from_fn(9, 9, |x, _| Rgba([x as u8, 3, 4, 100]))
        .save(pictures.join("clear.png"))
        .unwrap();
    drawing(64, 32).save(at.join("in/wide.bmp")).unwrap();
    std::fs::write(at.join("in/bad.png"), "no picture").unwrap();
    std::fs::write(at.join("in/notes.txt"), "nor this").unwrap();
    let said = run(at, "translate -m t.safetensors --in in --out out");
    assert!(
        said.contains("left out: in/bad.png") && said.contains("wrote out: 4 pictures"),
        "{said}"
    );
    for (name, expected) in [
        ("out/wide.png", (32, 16)),
        ("out/wide-2.png", (32, 16)),
        ("out/tall.png", (11, 32)),
        ("out/deep/clear.png", (32, 32)),
    ] {
        assert_eq!(size(at, name), expected, "{name}");
    }
    run(at, "translate -m t.safetensors --in in/tall.jpg --out one.png --size input");
    assert_eq!(size(at, "one.png"), (40, 120));
    run(at, "translate -m t.safetensors --in in/wide.png --out pair.png --pair");
    assert_eq!(size(at, "pair.png"), (32 + 2 + 32, 16));
    // The same bytes every time, whether alone or among others.
    run(at, "translate -m t.safetensors --in in/wide.png --out again.png");
    let bytes = |name: &str| std::fs::read(at.join(name)).unwrap();
    assert_eq!(bytes("again.png"), bytes("out/wide-2.png"));
    assert_eq!(bytes("again.png"), bytes("out/wide.png"), "BMP and PNG hold the same picture");
}

#[test]
fn the_built_in_model_draws_faces_from_drawings() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    drawing(128, 128).save(at.join("lines.png")).unwrap();
    let map = RgbImage::from_fn(50, 50, |x, _| Rgb(if x < 25 { [200, 0, 0] } else { [0, 90, 0] }));
    map.save(at.join("map.png")).unwrap();
    GrayImage::from_pixel(20, 20, Luma([255])).save(at.join("empty.png")).unwrap();
    let said = run(at, "translate -i lines.png -o face.png");
    assert!(!said.contains("note:"), "{said}");
    assert_eq!(size(at, "face.png"), (128, 128));
    for (name, doubt) in [("map.png", "it looks like a label map"), ("empty.png", "it is empty")] {
        latentscape(["translate", "-i", name, "-o", "x.png"])
            .current_dir(at)
            .assert()
            .success()
            .stderr(contains(name).and(contains(doubt)));
    }
    // A seed is an answer: those of 3 and 4 stand side by side.
    run(at, "translate -i lines.png -o three.png --noise 3");
    run(at, "translate -i lines.png -o two.png --noise 3 --answers 2");
    let [three, two, plain] = ["three.png", "two.png", "face.png"]
        .map(|name| image::open(at.join(name)).unwrap().into_rgb8());
    assert_eq!(two.dimensions(), (128 + 2 + 128, 128));
    let part = |left: u32| image::imageops::crop_imm(&two, left, 0, 128, 128).to_image();
    assert!(part(0) == three && part(130) != three && three != plain);
}

#[test]
fn held_out_pairs_are_measured() {
    let folder = place();
    let line = "evaluate -m t.safetensors --data demo-sketches --json";
    let output = latentscape(line.split_whitespace()).current_dir(folder.path()).assert().success();
    let told: serde_json::Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
    assert_eq!(told["pictures"], 72);
    let l1 = told["generated"]["l1"].as_f64().unwrap();
    assert!((0.1..0.9).contains(&l1), "a network that has learnt nothing: {l1}");
    assert!(told["real"].is_null() && told["generated"]["swd"].as_f64().unwrap() > 0.0);
}
