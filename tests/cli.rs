//! The command line from outside: what it writes, where, and with which exit code.

#![allow(clippy::unwrap_used)]

mod support;

use std::path::Path;

use image::GenericImageView;
use predicates::prelude::*;
use predicates::str::contains;
use support::{latentscape, small_model, small_translator};

/// A folder with a small model in it.
fn place() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    small_model(&folder.path().join("m.safetensors"));
    folder
}

/// Runs the program in `folder` and says what it wrote to standard output.
fn run(folder: &Path, line: &str) -> String {
    let output = latentscape(line.split_whitespace()).current_dir(folder).assert().success();
    String::from_utf8(output.get_output().stdout.clone()).unwrap()
}

fn bytes(folder: &Path, name: &str) -> Vec<u8> {
    std::fs::read(folder.join(name)).unwrap()
}

#[test]
fn a_seed_gives_the_same_sheet_every_time() {
    let folder = place();
    let at = folder.path();
    run(at, "generate -m m.safetensors --seed 3 -n 5 --columns 3 --out a.png");
    run(at, "generate -m m.safetensors --seed 3 -n 5 --columns 3 --out b.png");
    run(at, "generate -m m.safetensors --seed 4 -n 5 --columns 3 --out c.png");
    assert_eq!(bytes(at, "a.png"), bytes(at, "b.png"));
    assert_ne!(bytes(at, "a.png"), bytes(at, "c.png"));
    let sheet = image::open(at.join("a.png")).unwrap();
    // Three pictures of 16 pixels and two gaps, two rows and one gap.
    assert_eq!(sheet.dimensions(), (3 * 16 + 2 * 2, 2 * 16 + 2));
}

/// Picture `i` is that of seed `seed + i`, whatever the form in which it is written.
#[test]
fn all_forms_hold_the_same_pictures() {
    let folder = place();
    let at = folder.path();
    run(at, "generate -m m.safetensors --seed 10 -n 3 --out many");
    run(at, "generate -m m.safetensors --seed 12 -n 1 --out one.png");
    run(at, "generate -m m.safetensors --seed 10 -n 3 --out all.npy --save-latents z.json");
    run(at, "generate -m m.safetensors --latents z.json --out again.npy --save-latents z.npy");
    run(at, "generate -m m.safetensors --latents z.npy --out folder/");
    let mut names: Vec<_> = std::fs::read_dir(at.join("many"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["0000.png", "0001.png", "0002.png"]);
    let third = image::open(at.join("many/0002.png")).unwrap().to_rgb8();
    assert_eq!(third, image::open(at.join("one.png")).unwrap().to_rgb8());
    assert_eq!(bytes(at, "all.npy"), bytes(at, "again.npy"));
    assert_eq!(bytes(at, "many/0001.png"), bytes(at, "folder/0001.png"));

    let floats = floats(&bytes(at, "all.npy"), "'shape': (3, 3, 16, 16, )");
    let (picture, plane) = (2 * 3 * 16 * 16, 16 * 16);
    for (x, y, pixel) in third.enumerate_pixels() {
        for channel in 0..3 {
            let value = floats[picture + channel * plane + (y * 16 + x) as usize];
            assert!((-1.0..=1.0).contains(&value), "{value}");
            assert_eq!(((value + 1.0) * 127.5).round() as u8, pixel.0[channel]);
        }
    }
}

/// The values of a `.npy` file of little-endian float32, after a look at its header.
fn floats(file: &[u8], shape: &str) -> Vec<f32> {
    assert_eq!(&file[..8], b"\x93NUMPY\x01\x00");
    let data = 10 + usize::from(u16::from_le_bytes([file[8], file[9]]));
    let header = std::str::from_utf8(&file[10..data]).unwrap();
    for part in ["'descr': '<f4'", "'fortran_order': False", shape] {
        assert!(header.contains(part), "{header}");
    }
    file[data..].chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect()
}

#[test]
fn truncation_0_makes_all_pictures_the_same() {
    let folder = place();
    let at = folder.path();
    run(at, "generate -m m.safetensors -n 2 --truncation 0 --out t");
    assert_eq!(bytes(at, "t/0000.png"), bytes(at, "t/0001.png"));
    run(at, "generate -m m.safetensors -n 2 --truncation 0.5 --out t");
    assert_ne!(bytes(at, "t/0000.png"), bytes(at, "t/0001.png"));
}

/// A row's picture at value x is the one that its latent gives with the dimension set to x.
#[test]
fn a_sweep_moves_one_dimension() {
    let folder = place();
    let at = folder.path();
    run(at, "generate -m m.safetensors --seed 5 -n 2 --out z.npy --save-latents z.json");
    run(
        at,
        "sweep -m m.safetensors --seed 5 --rows 2 --dim 6 --from -2 --to 2 --columns 3 -o s.png",
    );
    run(
        at,
        "sweep -m m.safetensors --latents z.json --dim 6 --from -2 --to 2 --columns 3 -o t.png",
    );
    assert_eq!(bytes(at, "s.png"), bytes(at, "t.png"));
    let sheet = image::open(at.join("s.png")).unwrap().to_rgb8();
    assert_eq!(sheet.dimensions(), (3 * 16 + 2 * 2, 2 * 16 + 2));

    let mut latents: Vec<Vec<f32>> = serde_json::from_slice(&bytes(at, "z.json")).unwrap();
    latents[1][6] = 2.0;
    std::fs::write(at.join("one.json"), serde_json::to_vec(&latents[1..]).unwrap()).unwrap();
    run(at, "generate -m m.safetensors --latents one.json -o one.png");
    let wanted = image::open(at.join("one.png")).unwrap().to_rgb8();
    let last = image::imageops::crop_imm(&sheet, 2 * 18, 18, 16, 16).to_image();
    assert_eq!(last, wanted);
    run(at, "sweep -m m.safetensors --dim 6 --labels -o labelled.png");
    let labelled = image::open(at.join("labelled.png")).unwrap();
    assert!(labelled.height() > 4 * 16 + 3 * 2 && labelled.width() == 7 * 16 + 6 * 2);
}

#[test]
fn bench_prints_its_figures() {
    let folder = place();
    let json = run(folder.path(), "bench -m m.safetensors --seconds 0.3 --json");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    for key in [
        "start_to_first_picture_ms",
        "slider_p50_ms",
        "batch_pictures_per_second",
        "library_open_ms",
        "formula_most_ms",
        "search_p50_ms",
        "grids_8x8_per_second",
    ] {
        assert!(json[key].as_f64().unwrap() > 0.0, "{json}");
    }
    assert!(json["slider_p95_ms"].as_f64() >= json["slider_p50_ms"].as_f64(), "{json}");
    let text = run(folder.path(), "bench -m m.safetensors --seconds 0.1");
    assert!(text.contains("p50") && text.contains("p95"), "{text}");
}

#[test]
fn a_model_in_the_program_needs_no_file() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), "generate -n 1 --out face.png");
    assert_eq!(image::open(folder.path().join("face.png")).unwrap().dimensions(), (64, 64));
}

#[test]
fn results_go_to_stdout_and_notes_to_stderr() {
    let folder = place();
    latentscape(["generate", "-m", "m.safetensors", "--out", "a.npy"])
        .current_dir(folder.path())
        .assert()
        .success()
        .stdout("")
        .stderr(contains("wrote a.npy: 16 pictures of 16×16, float32 [16, 3, 16, 16]"));
    latentscape(["inspect", "m.safetensors"])
        .current_dir(folder.path())
        .assert()
        .success()
        .stderr("")
        .stdout(contains("DCGAN 16×16 colour, z = 8 (normal)"));
}

#[test]
fn inspect_counts_what_is_in_a_model() {
    let folder = place();
    let at = folder.path();
    let json: serde_json::Value =
        serde_json::from_str(&run(at, "inspect m.safetensors --json")).unwrap();
    assert_eq!(json["kind"], "model");
    assert_eq!(json["model"]["name"], "small");
    assert_eq!(json["model"]["spec"]["z_dim"], 8);
    // 8→8 (4×4), 8→4, 4→3 kernels of 16, and weight and bias of two batch norms.
    let parameters = 16 * (8 * 8 + 8 * 4 + 4 * 3) + 2 * (8 + 4);
    assert_eq!(json["model"]["parameters"], parameters);
    assert_eq!(json["bytes"], bytes(at, "m.safetensors").len());
    let tensors = json["tensors"].as_array().unwrap();
    assert_eq!(tensors[0]["shape"], serde_json::json!([8, 8, 4, 4]));
    assert_eq!(tensors[0]["dtype"], "F32");
    let text = run(at, "inspect m.safetensors");
    assert!(text.contains("1,752") && text.contains("[8, 8, 4, 4]  F32     1,024"), "{text}");
}

#[test]
fn inspect_says_what_a_model_takes() {
    let folder = place();
    let at = folder.path();
    small_translator(&at.join("t.safetensors"));
    let latents = run(at, "inspect m.safetensors");
    assert!(latents.contains("latents of 8 numbers"), "{latents}");
    let pictures = run(at, "inspect t.safetensors");
    assert!(pictures.contains("pictures of 32×32 pixels, 1 channel"), "{pictures}");
    let json: serde_json::Value =
        serde_json::from_str(&run(at, "inspect t.safetensors --json")).unwrap();
    assert_eq!(json["model"]["takes"], "picture");
}

#[test]
fn inspect_lists_a_foreign_file_and_says_what_it_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let data = safetensors::tensor::TensorView::new(safetensors::Dtype::U8, vec![2], &[1, 2]);
    let file = safetensors::serialize([("theirs", data.unwrap())], None).unwrap();
    std::fs::write(folder.path().join("f.safetensors"), file).unwrap();
    let text = run(folder.path(), "inspect f.safetensors");
    assert!(text.contains("not a model of Latentscape") && text.contains("theirs"), "{text}");
}

#[test]
fn devices_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    let text = run(folder.path(), "devices");
    for name in ["auto", "cpu", "cuda:0", "metal"] {
        assert!(text.contains(name), "{text}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&run(folder.path(), "devices --json")).unwrap();
    assert_eq!(json["devices"][0]["name"], "cpu");
    assert_eq!(json["devices"][0]["usable"], true);
}

#[test]
fn help_names_every_command_and_the_exit_codes() {
    let names = [
        "generate", "sweep", "blend", "grid", "library", "train", "evaluate", "inspect", "devices",
        "bench", "130",
    ];
    let all = names.iter().map(|name| contains(*name).boxed());
    let all = all.reduce(|a, b| a.and(b).boxed()).unwrap();
    latentscape(["--help"]).assert().success().stdout(all);
    latentscape(["--version"]).assert().success().stdout(contains(env!("CARGO_PKG_VERSION")));
}

/// A reader who goes away early (`| head -1`) is no reason to panic.
#[cfg(unix)]
#[test]
fn a_closed_pipe_is_no_error() {
    let folder = place();
    let line =
        format!("'{}' inspect m.safetensors | true; exit ${{PIPESTATUS[0]}}", support::PROGRAM);
    assert_cmd::Command::new("bash")
        .args(["-c", &line])
        .current_dir(folder.path())
        .assert()
        .success()
        .stderr("");
}

/// What lies in `models/` opens, and is what its card says.
#[test]
fn the_shipped_models_are_what_they_say() {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    for (name, network) in [
        ("faces-64", "DCGAN 64×64 colour, z = 64 (normal)"),
        ("digits-28", "MLP 28×28 grey, z = 100 (normal)"),
    ] {
        let text = run(&models, &format!("inspect {name}.safetensors"));
        assert!(text.contains(name) && text.contains(network), "{text}");
        let card = String::from_utf8(bytes(&models, &format!("{name}.md"))).unwrap();
        for part in ["Licence of the data", "Licence of the weights", "latentscape train", "kimg"] {
            assert!(card.contains(part), "{name}.md says nothing of {part}");
        }
    }
}
