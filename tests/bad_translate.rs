//! Wrong input of models that make pictures from pictures: one line that says what is wrong.

#![allow(clippy::unwrap_used)]

mod support;
#[path = "support/wrong.rs"]
mod wrong;

use support::{pictures, small_model, small_translator};
use wrong::{case, check};

/// A model that makes pictures from pictures has no latents: every command that needs some says so.
#[test]
fn models_of_the_other_kind() {
    let folder = tempfile::tempdir().unwrap();
    small_translator(&folder.path().join("t.safetensors"));
    pictures(&folder.path().join("data"), 8);
    const SAYS: &[&str] = &["U-Net 32×32, grey to colour", "no latents", "latentscape translate"];
    let lines = [
        "generate -o x.png -m t.safetensors",
        "sweep --dim 0 -o x.png -m t.safetensors",
        "blend random(1) -o x.png -m t.safetensors",
        "library list -m t.safetensors",
    ];
    check(folder.path(), &lines.map(|line| case(line, 1, SAYS)));
    check(folder.path(), &[case("evaluate --data demo -m t.safetensors", 1, &["pairs of them"])]);
}

/// What cannot be translated.
#[test]
fn pictures_that_cannot_go_in() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    small_translator(&at("t.safetensors"));
    small_model(&at("faces.safetensors"));
    pictures(&at("data"), 3);
    std::fs::create_dir(at("empty")).unwrap();
    std::fs::write(at("text.png"), "some words").unwrap();
    // A header that claims 20,000 pixels a side, and nothing behind it.
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x4e\x20\0\0\x4e\x20\x08\x02\0\0\0".to_vec();
    png.extend_from_slice(&crc32(&png[12..]).to_be_bytes());
    std::fs::write(at("huge.png"), png).unwrap();
    let cases = [
        case("translate -m faces.safetensors -i data/000.png -o x.png", 1, &["takes no pictures"]),
        case(
            "translate -m t.safetensors -i missing.png -o x.png",
            1,
            &["missing.png", "could not"],
        ),
        case(
            "translate -m t.safetensors -i text.png -o x.png",
            1,
            &["text.png", "not that of a picture"],
        ),
        case(
            "translate -m t.safetensors -i huge.png -o x.png",
            1,
            &["huge.png", "too many pixels"],
        ),
        case("translate -m t.safetensors -i empty -o x", 2, &["--in", "no picture was found"]),
        case("translate -m t.safetensors -i data -o x.png", 2, &["name a folder", "3 go in"]),
        case("translate -m t.safetensors -i data/000.png -o x.jpg", 2, &["must end in .png"]),
        case("translate -m t.safetensors -i data -o x --answers 3", 2, &["no dropout"]),
        case("translate -m t.safetensors -o x", 2, &["--in"]),
        case("bench -m t.safetensors --training", 2, &["leave it out"]),
    ];
    check(folder.path(), &cases);
}

/// As PNG files have it (ISO 3309).
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    };
    !bytes.iter().fold(u32::MAX, step)
}
