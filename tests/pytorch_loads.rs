//! PyTorch loads the generators that we write, and draws the same pictures with them; so does ONNX Runtime.
//!
//! Runs where `LATENTSCAPE_PYTHON` names a Python with torch, numpy and safetensors, and, for ONNX,
//! onnxruntime.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod support;

use std::path::Path;
use std::process::Command;

use support::{latentscape, small_model};

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

/// Each file of the matrix of `import_matrix.rs`, and those of `import_choices.rs` with what is said of them,
/// comes back to Python by the lines that `convert` prints.
#[test]
fn what_was_converted_draws_the_same() {
    let Some(python) = std::env::var_os("LATENTSCAPE_PYTHON") else {
        eprintln!("skipped: LATENTSCAPE_PYTHON does not name a Python with torch");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let has_onnx = {
        let asked = Command::new(&python).args(["-c", "import onnxruntime"]).output().unwrap();
        asked.status.success()
    };
    if !has_onnx {
        eprintln!("ONNX is skipped: LATENTSCAPE_PYTHON has no onnxruntime");
    }
    let cases = [
        ("import/mlp-plain-f32.zip.pth", "mlp.f32", ""),
        ("import/tutorial-ema-f16.old.pth", "tutorial.f16", ""),
        ("import/wide-lightning-bf16.safetensors", "wide.bf16", ""),
        ("import/unet-plain-f32.zip.pth", "unet.f32", ""),
        ("import/told.pth", "told", ""),
        ("import/repeated.pth", "repeated", ""),
        ("choices/sigmoid.safetensors", "sigmoid", "--output sigmoid"),
        ("choices/bytes.safetensors", "bytes", "--output bytes"),
        ("choices/selu.safetensors", "selu", "--hidden selu"),
        ("choices/instance.safetensors", "instance", ""),
        ("choices/told.pth", "told-elu", ""),
        ("choices/layer.safetensors", "layer", ""),
        ("choices/spectral-new.safetensors", "spectral-new", ""),
    ];
    for (name, case, said) in cases {
        for ending in ["pth", "safetensors", "onnx"] {
            if ending == "onnx" && !has_onnx {
                continue;
            }
            let out = format!("{case}.{ending}");
            let printed = latentscape(["convert"])
                .arg(root.join("tests/fixtures").join(name))
                .arg(&out)
                .args(said.split_whitespace())
                .current_dir(folder.path())
                .output()
                .unwrap();
            assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
            let snippet = folder.path().join(format!("{out}.py"));
            std::fs::write(&snippet, printed.stdout).unwrap();
            let output = Command::new(&python)
                .arg(root.join("tests/pytorch/load_converted.py"))
                .arg(&snippet)
                .arg(case)
                .current_dir(folder.path())
                .output()
                .unwrap();
            assert!(
                output.status.success(),
                "{out}: {}\n{}",
                String::from_utf8_lossy(&output.stderr),
                std::fs::read_to_string(&snippet).unwrap()
            );
        }
    }
}

/// The way of `docs/pytorch.md`: to PyTorch, on there on two processes, and back.
#[test]
fn a_run_goes_on_in_pytorch_and_comes_back() {
    let Some(python) = std::env::var_os("LATENTSCAPE_PYTHON") else {
        eprintln!("skipped: LATENTSCAPE_PYTHON does not name a Python with torch");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    small_model(&at("small.safetensors"));
    let run = |words: &str| {
        let output = latentscape(words.split(' ')).current_dir(folder.path()).output().unwrap();
        assert!(output.status.success(), "{words}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    run("convert small.safetensors start.pth");
    run("generate -n 24 -o pictures.npy -m small.safetensors");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/pytorch/go_on.py");
    let output = Command::new(python)
        .args(["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"])
        .arg(script)
        .args(["start.pth", "pictures.npy", "further.pth", "--steps", "6", "--batch", "4"])
        .args(["--lr", "0.01"])
        .env("OMP_NUM_THREADS", "1")
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let json: serde_json::Value = serde_json::from_str(&run("inspect further.pth --json")).unwrap();
    assert_eq!(json["model"]["imported"]["place"], "g_ema");
    assert_eq!(json["model"]["spec"]["network"]["resolution"], 16);
    // It draws, and not what it did before.
    run("generate -n 4 -o before.npy -m small.safetensors");
    run("generate -n 4 -o after.npy -m further.pth");
    let ((shape, before), (other, after)) = (read(&at("before.npy")), read(&at("after.npy")));
    assert_eq!(shape, other);
    assert!(before.iter().zip(&after).any(|(a, b)| (a - b).abs() > 1e-4));
}
