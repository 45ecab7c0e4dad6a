//! Wrong input of every kind: one line that says what is wrong, an exit code other than 0, no panic,
//! and nothing half-written.

#![allow(clippy::unwrap_used)]

mod support;
#[path = "support/wrong.rs"]
mod wrong;

use std::collections::HashMap;
use std::path::Path;

use support::{latentscape, pictures, small_model};
use wrong::{case, check};

#[test]
fn models_that_are_none() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    small_model(&at("good.safetensors"));
    let good = std::fs::read(at("good.safetensors")).unwrap();
    std::fs::write(at("empty.safetensors"), b"").unwrap();
    std::fs::write(at("cut.safetensors"), &good[..good.len() / 2]).unwrap();
    std::fs::write(at("stub.safetensors"), &good[..9]).unwrap();
    std::fs::write(at("torch.pt"), b"PK\x03\x04archive/data.pkl").unwrap();
    std::fs::write(at("noise.bin"), (0..=255u8).cycle().take(4000).collect::<Vec<_>>()).unwrap();
    // A header that claims to be longer than any file.
    let mut huge = good.clone();
    huge[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    std::fs::write(at("huge.safetensors"), huge).unwrap();
    // Descriptions that the tensors, or the program, do not bear out.
    rewrite(&good, &at("wide.safetensors"), |d| replace(d, r#""z_dim":8"#, r#""z_dim":9"#));
    rewrite(&good, &at("giant.safetensors"), |d| {
        replace(d, r#""z_dim":8"#, r#""z_dim":80000000000"#)
    });
    rewrite(&good, &at("newer.safetensors"), |d| replace(d, r#""format":1"#, r#""format":99"#));
    rewrite(&good, &at("kind.safetensors"), |d| replace(d, r#""dcgan""#, r#""diffusion""#));
    rewrite(&good, &at("garbled.safetensors"), |d| d[..d.len() / 2].to_owned());
    let nothing: [(&str, safetensors::tensor::TensorView); 0] = [];
    let foreign = safetensors::serialize(nothing, None).unwrap();
    std::fs::write(at("foreign.safetensors"), foreign).unwrap();
    // A weight that is not a number: the last value of the last float tensor.
    let mut nan = good.clone();
    let weights = 8 + u64::from_le_bytes(good[..8].try_into().unwrap()) as usize;
    nan[weights..].chunks_exact_mut(4).for_each(|b| b.copy_from_slice(&f32::NAN.to_le_bytes()));
    std::fs::write(at("nan.safetensors"), nan).unwrap();
    std::fs::create_dir(at("folder")).unwrap();

    let cases = [
        case("generate -o x.png -m missing.safetensors", 1, &["missing.safetensors", "could not"]),
        case("generate -o x.png -m empty.safetensors", 1, &["the file is empty"]),
        case("generate -o x.png -m cut.safetensors", 1, &["cut off"]),
        case("generate -o x.png -m stub.safetensors", 1, &["cut off"]),
        case("generate -o x.png -m torch.pt", 1, &["PyTorch checkpoint", "cut off"]),
        case("generate -o x.png -m noise.bin", 1, &["noise.bin", "not a safetensors file"]),
        case("generate -o x.png -m huge.safetensors", 1, &["huge.safetensors"]),
        case("generate -o x.png -m wide.safetensors", 1, &["main.0.weight has shape"]),
        case("generate -o x.png -m giant.safetensors", 1, &["z: must lie between"]),
        case("generate -o x.png -m newer.safetensors", 1, &["newer Latentscape"]),
        case("generate -o x.png -m kind.safetensors", 1, &["damaged or of a newer version"]),
        case("generate -o x.png -m garbled.safetensors", 1, &["description is damaged"]),
        case("generate -o x.png -m foreign.safetensors", 1, &["holds no tensors"]),
        case("generate -o x.png -m nan.safetensors", 1, &["NaN", "main."]),
        case("generate -o x.png -m folder", 1, &["model.safetensors"]),
        case("convert torch.pt x.onnx", 1, &["PyTorch checkpoint", "cut off"]),
        case("convert good.safetensors x.gif", 2, &["OUT", ".safetensors, .pth or .onnx"]),
        case("convert good.safetensors good.safetensors", 2, &["OUT", "name another"]),
        case(
            "convert good.safetensors x.pth --prior uniform",
            2,
            &["--prior", "from its training"],
        ),
        case("inspect cut.safetensors", 1, &["cut off"]),
        case("inspect missing.safetensors", 1, &["missing.safetensors"]),
        case("inspect wide.safetensors", 1, &["main.0.weight has shape"]),
        case("genrate", 1, &["no command of that name"]),
    ];
    check(folder.path(), &cases);
}

/// Writes `file` to `path` with another description.
fn rewrite(file: &[u8], path: &Path, change: impl Fn(&str) -> String) {
    const KEY: &str = "latentscape.model";
    let (_, header) = safetensors::SafeTensors::read_metadata(file).unwrap();
    let description = header.metadata().as_ref().unwrap()[KEY].clone();
    let tensors = safetensors::SafeTensors::deserialize(file).unwrap();
    let about = HashMap::from([(KEY.to_owned(), change(&description))]);
    let bytes = safetensors::serialize(tensors.tensors(), Some(about)).unwrap();
    std::fs::write(path, bytes).unwrap();
}

fn replace(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from} is not in {text}");
    text.replace(from, to)
}

#[test]
fn latents_and_outputs_that_cannot_be() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    small_model(&at("m"));
    std::fs::write(at("short.json"), "[[1, 2, 3]]").unwrap();
    std::fs::write(at("null.json"), "[0, 0, 0, null, 0, 0, 0, 0]").unwrap();
    std::fs::write(at("inf.json"), "[0, 0, 0, 1e300, 0, 0, 0, 0]").unwrap();
    std::fs::write(at("prose.json"), "some words").unwrap();
    latentscape("generate -m m -n 2 --out x.npy --save-latents z.npy".split(' '))
        .current_dir(folder.path())
        .assert()
        .success();
    let mut nan = std::fs::read(at("z.npy")).unwrap();
    let end = nan.len() - 4;
    nan[end..].copy_from_slice(&f32::NAN.to_le_bytes());
    std::fs::write(at("nan.npy"), &nan).unwrap();
    std::fs::write(at("cut.npy"), &nan[..end]).unwrap();
    std::fs::write(at("file"), "no folder").unwrap();

    let cases = [
        case(
            "generate -m m -o x.png --latents short.json",
            1,
            &["short.json", "3 dimensions", "takes 8"],
        ),
        case("generate -m m -o x.png --latents null.json", 1, &["null.json"]),
        case("generate -m m -o x.png --latents inf.json", 1, &["value 3 is inf"]),
        case("generate -m m -o x.png --latents prose.json", 1, &["neither"]),
        case("generate -m m -o x.png --latents nan.npy", 1, &["nan.npy", "value 7 is NaN"]),
        case("generate -m m -o x.png --latents cut.npy", 1, &["damaged"]),
        case("generate -m m -o x.png --latents nowhere.npy", 1, &["nowhere.npy"]),
        case("generate -m m -o x.png --latents z.npy --seed 3", 2, &["cannot be used with"]),
        case("generate -m m -o x.png -n 0", 2, &["--count: must lie between"]),
        case("generate -m m -o x.png -n -1", 2, &["-1"]),
        case("generate -m m -o x.png -n 1000000", 2, &["pixels", "folder"]),
        case("generate -m m -o x.png --columns 0", 2, &["--columns"]),
        case("generate -m m -o x.png --truncation -1", 2, &["-1"]),
        case("generate -m m -o x.png --truncation nan", 2, &["--truncation: must lie"]),
        case("generate -m m -o x.jpg", 2, &[".png or .npy"]),
        case("generate -m m -o x.png --save-latents z.txt", 2, &[".json or .npy"]),
        case("generate -m m -o none/x.png", 1, &["could not write none/x.png"]),
        case("generate -m m -o file/x.npy", 1, &["could not write file/x.npy"]),
        case("generate -m m -o file", 1, &["could not", "file"]),
        case("generate -m m -o file/below", 1, &["could not", "file/below"]),
        case("generate -m m", 2, &["--out"]),
        case("generate -m m -o x.png --device gpu", 2, &["auto, cpu, cuda:N and metal"]),
        case("sweep -m m -o x.png --dim 8", 2, &["dimensions 0 to 7"]),
        case("sweep -m m -o x.npy --dim 1", 2, &["must end in .png"]),
        case("sweep -m m -o x.png --dim 1 --columns 0", 2, &["--columns"]),
        case("sweep -m m -o x.png --dim 1 --from inf", 2, &["--from"]),
        case("sweep -m m -o none/x.png --dim 1", 1, &["could not write none/x.png"]),
        case("--frobnicate", 2, &["--frobnicate"]),
    ];
    check(folder.path(), &cases);
    #[cfg(not(feature = "cuda"))]
    check(
        folder.path(),
        &[case("generate -m m -o x.png --device cuda:3", 1, &["cuda:3", "--features cuda"])],
    );
    #[cfg(not(feature = "metal"))]
    check(
        folder.path(),
        &[case("train --preset dcgan-64 --data demo --out r --device metal", 1, &["metal"])],
    );
}

#[test]
fn formulas_and_libraries_that_cannot_be() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    small_model(&at("m"));
    for (name, seed) in [("G", 1), ("Dora", 2)] {
        let line = format!("blend -m m --library l random({seed}) --keep {name}");
        latentscape(line.split(' ')).current_dir(folder.path()).assert().success();
    }
    let library = std::fs::read_to_string(at("l")).unwrap();
    std::fs::write(at("newer"), library.replace("library\": 1", "library\": 9")).unwrap();
    std::fs::write(at("prose"), "some words").unwrap();
    // Of eight dimensions, G gets eleven.
    let longer = library.replacen("\"z\":[", "\"z\":[9,9,9,", 1);
    std::fs::write(at("other"), longer).unwrap();
    std::fs::write(at("short.json"), "[[1, 2, 3]]").unwrap();
    std::fs::write(at("int.npy"), npy("<i8", "(1, 8)", 64)).unwrap();
    std::fs::write(at("cube.npy"), npy("<f8", "(1, 2, 4)", 64)).unwrap();
    std::fs::write(at("wide.npy"), npy("<f8", "(1, 9)", 72)).unwrap();
    std::fs::write(at("cut.npy"), npy("<f4", "(4, 8)", 50)).unwrap();
    let _ = std::fs::remove_file(at("l.lock"));

    let cases = [
        case(
            "blend -m m --library l G-Dore -o x.png",
            1,
            &["called Dore; did you mean Dora?", "    ^^^^"],
        ),
        case(
            "blend -m m --library l lerp(G,Dora) -o x.png",
            1,
            &["takes 3 arguments, and 2 were given"],
        ),
        case("blend -m m --library l G/0 -o x.png", 1, &["divides by zero"]),
        case("blend -m m --library l G*1e38*1e38 -o x.png", 1, &["becomes inf"]),
        case("blend -m m --library l G+ -o x.png", 1, &["ends too early"]),
        case("blend -m m --library l 2+3 -o x.png", 1, &["gives the number 5"]),
        case(
            "blend -m m --library other G -o x.png",
            1,
            &["11 dimensions, and this generator takes 8"],
        ),
        case("blend -m m --library none G -o x.png", 1, &["could not read none"]),
        case("blend -m m --library prose G -o x.png", 1, &["prose", "not a library"]),
        case("blend -m m --library newer G -o x.png", 1, &["newer Latentscape", "update"]),
        case("blend -m m --library l G -o x.txt", 2, &[".png, .json or .npy"]),
        case("blend -m m --library l G -o x.npy --row", 2, &["--row"]),
        case("blend -m m --library l G -o none/x.png", 1, &["could not write none/x.png"]),
        case("blend -m m --library l G", 2, &["--out"]),
        case("library list -m m --library prose", 1, &["not a library"]),
        case("library export Dore -m m --library l -o x.npy", 1, &["did you mean \"Dora\"?"]),
        case("library export -m m --library l -o x.txt", 2, &[".json or .npy"]),
        case("grid G Dora G -m m --library l -o x.png", 2, &["4 values"]),
        case("grid G Dora G Dore -m m --library l -o x.png", 1, &["did you mean Dora?"]),
        case("grid -m m --columns 0 -o x.png", 2, &["--columns"]),
        case("grid -m m --rows 513 -o x.png", 2, &["--rows"]),
        case("grid -m m -o x.jpg", 2, &[".png or .npy"]),
        case("sweep -m m --dim 1 --library l --entry Dore -o x.png", 1, &["did you mean Dora?"]),
        case(
            "sweep -m m --dim 1 --library l --entry G --rows 2 -o x.png",
            2,
            &["cannot be used with"],
        ),
        case("library import short.json -m m --library l", 1, &["short.json", "3 dimensions"]),
        case("library import int.npy -m m --library l", 1, &["int.npy", "float32 or float64"]),
        case("library import cube.npy -m m --library l", 1, &["cube.npy", "shape"]),
        case("library import wide.npy -m m --library l", 1, &["wide.npy", "9 dimensions"]),
        case("library import cut.npy -m m --library l", 1, &["cut.npy", "damaged"]),
        case("library import none.npy -m m --library l", 1, &["none.npy"]),
        case("library import prose -m m --library l", 1, &["prose", "neither"]),
        case("library import newer -m m --library l", 1, &["newer Latentscape"]),
        case("library import other short.json -m m --library l", 1, &["short.json"]),
    ];
    check(folder.path(), &cases);
    // A formula of a megabyte comes through a file system, not a command line; 100 kB through both.
    let long = "G+".repeat(50_000);
    let deep = format!("{}G{}", "(".repeat(5000), ")".repeat(5000));
    for (formula, says) in [(long, "at most"), (deep, "nested more than")] {
        let line = format!("blend -m m --library l {formula} -o x.png");
        check(folder.path(), &[case(line.leak(), 1, vec![says].leak())]);
    }
    for (line, says) in [
        ("library rename G Dora", "\"Dora\" is taken"),
        ("library remove Gretel", "no latent called"),
        ("blend G --keep Dora", "\"Dora\" is taken"),
    ] {
        let line = format!("{line} -m m --library l");
        check(folder.path(), &[case(line.leak(), 1, vec![says].leak())]);
    }
    assert_eq!(std::fs::read_to_string(at("l")).unwrap(), library);
}

/// A NumPy file whose header says `descr` and `shape`, with `bytes` of ones.
fn npy(descr: &str, shape: &str, bytes: usize) -> Vec<u8> {
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((header.len() as u16).to_le_bytes());
    file.extend(header.as_bytes());
    file.extend(std::iter::repeat_n(1, bytes));
    file
}

#[test]
fn runs_that_cannot_start() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    pictures(&at("data"), 3);
    std::fs::create_dir(at("void")).unwrap();
    std::fs::create_dir(at("prose")).unwrap();
    std::fs::write(at("prose/notes.txt"), "no picture").unwrap();
    std::fs::create_dir(at("broken")).unwrap();
    std::fs::write(at("broken/a.png"), b"\x89PNG\r\n\x1a\nand then nothing").unwrap();
    std::fs::write(at("file"), "no folder").unwrap();
    std::fs::create_dir(at("damaged")).unwrap();
    std::fs::write(at("damaged/config.json"), "{").unwrap();
    let line = "train --preset dcgan-64 --data data --out run --resolution 8 --width 2 --batch 2 \
                --kimg 0.002 --samples 1";
    latentscape(line.split_whitespace()).current_dir(folder.path()).assert().success();
    std::fs::create_dir(at("lost")).unwrap();
    std::fs::copy(at("run/config.json"), at("lost/config.json")).unwrap();
    std::fs::write(at("lost/state.safetensors"), b"not a state at all").unwrap();

    // The run's data, its state, and what it was told of it, each from elsewhere.
    for name in ["moved", "other", "model"] {
        std::fs::create_dir(at(name)).unwrap();
        std::fs::copy(at("run/config.json"), at(name).join("config.json")).unwrap();
    }
    let config = std::fs::read_to_string(at("run/config.json")).unwrap();
    let moved = replace(&config, at("data").to_str().unwrap(), at("away").to_str().unwrap());
    std::fs::write(at("moved/config.json"), moved).unwrap();
    let line = "train --preset dcgan-64 --data data --out larger --resolution 16 --width 2 \
                --batch 2 --kimg 0.002 --samples 1";
    latentscape(line.split_whitespace()).current_dir(folder.path()).assert().success();
    std::fs::copy(at("larger/state.safetensors"), at("other/state.safetensors")).unwrap();
    std::fs::copy(at("run/model.safetensors"), at("model/state.safetensors")).unwrap();

    const NEW: &str = "train --preset dcgan-64 --out new --data data";
    let cases = [
        case("train --preset dcgan-64 --out new --data void", 1, &["void", "training data"]),
        case("train --preset dcgan-64 --out new --data prose", 1, &["prose", "training data"]),
        case("train --preset dcgan-64 --out new --data broken", 1, &["broken", "training data"]),
        case(
            "train --preset dcgan-64 --out new --data none",
            1,
            &["no such file or folder", "demo"],
        ),
        case("train --preset dcgan-64 --out new --data file", 1, &["not an IDX file"]),
        case("train --preset dcgan-64 --out file/new --data data --resolution 8", 1, &["file/new"]),
        case("train --preset dcgan-64 --out run --data data", 1, &["--resume"]),
        case("train --preset dcgan-46 --out new --data data", 2, &["dcgan-46", "cars-256"]),
        case("train --preset dcgan-64 --out new", 2, &["--data"]),
        case("train --out new --data data", 2, &["--preset"]),
        case("train --preset dcgan-64 --data data", 2, &["--out"]),
        case("train --out new --resume", 1, &["no run in this folder"]),
        case("train --out damaged --resume", 1, &["config.json is damaged"]),
        case("train --out lost --resume --kimg 0.004", 1, &["state.safetensors"]),
        case("train --out run --resume --batch 4", 2, &["--batch: a run goes on with its own"]),
        case("train --out run --resume --data none", 1, &["no such file or folder"]),
        case("train --out moved --resume", 1, &["the run in moved", "away", "with --data"]),
        case("train --out other --resume --kimg 0.004", 1, &["the run in", "16×16", "8×8"]),
        case("train --out model --resume --kimg 0.004", 1, &["it is no training state"]),
        case("evaluate --data void", 1, &["void", "training data"]),
        case("evaluate --data data", 2, &["--data: two sets of 20 pictures"]),
        case("evaluate --data demo --pictures 0", 2, &["--pictures"]),
        case(
            "train --preset cars-256 --out new --data data --batch 60000",
            2,
            &["--batch: batches of 60000 need about", "GB of memory", "smaller --batch"],
        ),
        case("train --out run --resume --width-d 4", 2, &["--width-d: a run goes on"]),
    ];
    check(folder.path(), &cases);
    for (words, says) in [
        ("--kimg 0", "--kimg: must lie"),
        ("--kimg nan", "--kimg: must lie"),
        ("--batch 0", "--batch: must lie"),
        ("--lr 7", "--lr: must lie"),
        ("--real-label 2", "--real-label: must lie"),
        ("--lr-decay 2", "--lr-decay: must lie"),
        ("--samples 0", "--samples: must lie"),
        ("--save-kimg 0", "--save-kimg: must lie"),
        ("--preview-kimg 0", "--preview-kimg: must lie"),
        ("--keep-kimg -1", "--keep-kimg"),
        ("--measure-pictures 3", "--measure-pictures: must lie"),
        ("--keep-best beauty", "beauty"),
        ("--z 0", "z: must lie"),
        ("--resolution 48", "resolution: must be"),
        ("--channels 2", "channels: must be"),
        ("--width 0", "width: must lie"),
        ("--width 8000", "parameters"),
        ("--prior cauchy", "cauchy"),
        ("--kimg many", "many"),
    ] {
        let line = format!("{NEW} {words}");
        check(folder.path(), &[case(line.leak(), 2, vec![says].leak())]);
    }
}

/// Without a display the window is refused in a sentence that names the way out.
#[cfg(target_os = "linux")]
#[test]
fn no_display_is_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    check(folder.path(), &[case("", 1, &["no window can be opened", "--help"])]);
}

/// `/dev/full` takes no byte: results that cannot be written are an error, not a panic.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told() {
    let folder = tempfile::tempdir().unwrap();
    small_model(&folder.path().join("m"));
    for line in ["inspect m", "devices"] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = std::process::Command::new(support::PROGRAM)
            .args(line.split(' '))
            .current_dir(folder.path())
            .stdout(full)
            .stderr(std::process::Stdio::piped())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{line}: {said}");
        assert!(said.starts_with("error: could not write <standard output>"), "{line}: {said}");
    }
}
