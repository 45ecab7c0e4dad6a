//! PyTorch loads the generators that we write, and draws the same pictures with them.
//!
//! Runs where `LATENTSCAPE_PYTHON` names a Python with torch, numpy and safetensors.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod support;

use std::path::Path;
use std::process::Command;

use support::latentscape;

/// The values of a NumPy file of `f32`, with its shape.
fn read(path: &Path) -> (Vec<u64>, Vec<f32>) {
    let bytes = std::fs::read(path).unwrap();
    let file = npyz::NpyFile::new(&bytes[..]).unwrap();
    (file.shape().to_vec(), file.into_vec().unwrap())
}

#[test]
fn pytorch_draws_the_same_faces() {
    let Some(python) = std::env::var_os("LATENTSCAPE_PYTHON") else {
        eprintln!("skipped: LATENTSCAPE_PYTHON does not name a Python with torch");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let model = root.join("models/faces-64.safetensors");
    let at = |name: &str| folder.path().join(name);
    latentscape(["generate", "--count", "9", "--seed", "5", "--out", "ours.npy"])
        .args(["--save-latents", "z.npy", "--model"])
        .arg(&model)
        .current_dir(folder.path())
        .assert()
        .success();
    let script = root.join("tests/pytorch/load_generator.py");
    let output = Command::new(python)
        .arg(script)
        .args([&model, &at("z.npy"), &at("theirs.npy")])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let ((shape, ours), (other, theirs)) = (read(&at("ours.npy")), read(&at("theirs.npy")));
    assert_eq!(shape, other);
    assert_eq!(shape, [9, 3, 64, 64]);
    let worst = ours.iter().zip(&theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst < 1e-4, "off by {worst}");
}
