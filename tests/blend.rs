//! Formulas, libraries and grids from outside: what the commands write, and what they leave.

#![allow(clippy::unwrap_used)]

mod support;

use std::path::Path;

use image::GenericImageView;
use latentscape::latent::{self, Latent, Prior};
use support::{PROGRAM, latentscape, small_model};

/// A folder with a small model and a library in which `G`, `D` and `old man` have seeds 1, 2 and 3.
fn place() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    small_model(&folder.path().join("m"));
    for (name, seed) in [("G", 1), ("D", 2), ("old man", 3)] {
        let formula = format!("random({seed})");
        let line = ["blend", &formula, "-m", "m", "--library", "l.json", "--keep", name];
        latentscape(line).current_dir(folder.path()).assert().success();
    }
    folder
}

/// Runs the program in `folder` and says what it wrote to standard output and standard error.
fn run(folder: &Path, words: &[&str]) -> (String, String) {
    let output = latentscape(words).current_dir(folder).assert().success();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.get_output().stdout), text(&output.get_output().stderr))
}

/// With the model and the library of [`place`].
fn with_library(folder: &Path, words: &[&str]) -> (String, String) {
    run(folder, &[words, &["-m", "m", "--library", "l.json"]].concat())
}

fn by_hand(f: impl Fn(f32, f32) -> f32) -> Latent {
    let (g, d) = (Prior::Normal.from_seed(8, 1), Prior::Normal.from_seed(8, 2));
    Latent::new(g.values().iter().zip(d.values()).map(|(g, d)| f(*g, *d)).collect()).unwrap()
}

#[test]
fn a_formula_gives_what_the_same_arithmetic_gives_by_hand() {
    let folder = place();
    let at = |name: &str| folder.path().join(name);
    let (_, said) = with_library(folder.path(), &["blend", "abs(G - D)", "-o", "z.npy"]);
    assert!(said.contains("wrote z.npy: 1 latent, norm"), "{said}");
    assert_eq!(latent::read(&at("z.npy")).unwrap(), [by_hand(|g, d| (g - d).abs())]);
    with_library(folder.path(), &["blend", "G * D / 2", "-o", "z.json"]);
    assert_eq!(latent::read(&at("z.json")).unwrap(), [by_hand(|g, d| g * d / 2.0)]);
    // The picture is that of the latent.
    with_library(folder.path(), &["blend", "G * D / 2", "-o", "a.png"]);
    run(folder.path(), &["generate", "-m", "m", "--latents", "z.json", "-o", "b.png"]);
    assert_eq!(std::fs::read(at("a.png")).unwrap(), std::fs::read(at("b.png")).unwrap());
    // A row: three operands, the result, and words above.
    let words = ["blend", "(-G) + D * \"old man\"", "--row", "-o", "row.png"];
    with_library(folder.path(), &words);
    let row = image::open(at("row.png")).unwrap();
    assert!(row.width() == 4 * 16 + 3 * 2 && row.height() > 16 + 10, "{:?}", row.dimensions());
}

#[test]
fn results_are_kept_with_their_lineage() {
    let folder = place();
    let words = ["blend", "mean(G, \"old man\")", "--keep", "both", "--tag", "mixed"];
    with_library(folder.path(), &words);
    let (json, _) = with_library(folder.path(), &["library", "list", "mixed", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let entry = &json["entries"][0];
    assert_eq!(entry["name"], "both");
    assert_eq!(entry["origin"]["text"], "mean(G, \"old man\")");
    assert_eq!(entry["origin"]["parents"][1]["name"], "old man");
    let (text, _) = with_library(folder.path(), &["library", "list"]);
    assert_eq!(text.lines().count(), 4, "{text}");
    assert!(text.contains("seed 3") && text.contains("mixed"), "{text}");
}

#[test]
fn libraries_travel() {
    let folder = place();
    let at = folder.path();
    with_library(at, &["library", "export", "-o", "all.npy"]);
    assert_eq!(latent::read(&at.join("all.npy")).unwrap().len(), 3);
    with_library(at, &["library", "export", "old man", "G", "-o", "some.json"]);
    let into = ["library", "import", "some.json", "all.npy", "-m", "m", "--library", "new.json"];
    let (_, said) = run(at, &into);
    assert!(said.contains("took 5 latents into"), "{said}");
    let (list, _) = run(at, &["library", "list", "-m", "m", "--library", "new.json"]);
    for name in ["old man", "G", "all 1", "all 2", "all 3", "imported from all.npy"] {
        assert!(list.contains(name), "{list}");
    }
    // Drawing takes a library for a file of latents.
    run(at, &["generate", "-m", "m", "--latents", "some.json", "-o", "two.png", "--columns", "2"]);
    assert_eq!(image::open(at.join("two.png")).unwrap().width(), 2 * 16 + 2);
    with_library(at, &["library", "rename", "G", "Gerda"]);
    with_library(at, &["library", "remove", "D", "old man"]);
    let (list, _) = with_library(at, &["library", "list"]);
    assert!(list.starts_with("Gerda") && list.lines().count() == 1, "{list}");
}

#[test]
fn a_grid_has_its_corners_at_its_corners() {
    let folder = place();
    let at = folder.path();
    let words = ["grid", "G", "D", "(-G)", "random(9)", "--columns", "3", "--rows", "2"];
    with_library(at, &[&words[..], &["-o", "g.png"]].concat());
    let sheet = image::open(at.join("g.png")).unwrap().to_rgb8();
    assert_eq!(sheet.dimensions(), (3 * 16 + 2 * 2, 2 * 16 + 2));
    for (formula, x, y) in [("G", 0, 0), ("D", 36, 0), ("(-G)", 0, 18), ("random(9)", 36, 18)] {
        with_library(at, &["blend", formula, "-o", "one.png"]);
        let wanted = image::open(at.join("one.png")).unwrap().to_rgb8();
        let found = image::imageops::crop_imm(&sheet, x, y, 16, 16).to_image();
        // The way to a corner ends there but for the last bits.
        let off = wanted.iter().zip(found.iter()).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(off <= Some(1), "{formula}: {off:?}");
    }
    run(at, &["grid", "-m", "m", "--seed", "4", "--way", "lerp", "--columns", "5", "-o", "s.npy"]);
    let bytes = std::fs::read(at.join("s.npy")).unwrap();
    assert!(bytes.len() >= 25 * 3 * 16 * 16 * 4);
}

#[test]
fn a_sweep_takes_latents_of_the_library() {
    let folder = place();
    let at = folder.path();
    let words = ["sweep", "--dim", "2", "--entry", "old man", "--entry", "G - D", "-o"];
    with_library(at, &[&words[..], &["plain.png"]].concat());
    with_library(at, &[&words[..], &["words.png", "--labels"]].concat());
    let size = |name: &str| image::open(at.join(name)).unwrap().dimensions();
    assert_eq!(size("plain.png"), (7 * 16 + 6 * 2, 2 * 16 + 2));
    let (width, height) = size("words.png");
    assert!(width > 7 * 16 + 6 * 2 + 20 && height > 2 * 16 + 2 + 8, "{width} × {height}");
}

/// The built-in model starts with faces, among them G and D; a deleted one stays away.
#[cfg(target_os = "linux")]
#[test]
fn a_fresh_start_has_faces() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let run = |words: &[&str]| {
        let mut command = latentscape(words);
        let output =
            command.current_dir(at).env("XDG_DATA_HOME", at.join("data")).assert().success();
        String::from_utf8(output.get_output().stdout.clone()).unwrap()
    };
    let list = run(&["library", "list"]);
    assert!(list.lines().count() >= 8, "{list}");
    assert!(!at.join("data").exists(), "looking writes nothing");
    run(&["blend", "abs(G - D)", "-o", "x.png"]);
    assert_eq!(image::open(at.join("x.png")).unwrap().dimensions(), (64, 64));
    run(&["library", "remove", "G"]);
    let list = run(&["library", "list"]);
    assert!(!list.lines().any(|line| line.starts_with("G ")), "{list}");
    assert!(list.lines().any(|line| line.starts_with("D ")), "{list}");
    // Another model has a library of its own.
    small_model(&at.join("m"));
    assert_eq!(run(&["library", "list", "-m", "m"]), "");
}

/// A formula may begin with a minus sign, wherever it stands among the options.
#[test]
fn formulas_begin_with_a_minus() {
    let folder = place();
    let at = folder.path();
    let expected = [by_hand(|g, d| -g + d)];
    for words in [["blend", "-G + D", "-o", "z.npy"], ["blend", "-o", "z.npy", "-G + D"]] {
        with_library(at, &words);
        assert_eq!(latent::read(&at.join("z.npy")).unwrap(), expected);
        std::fs::remove_file(at.join("z.npy")).unwrap();
    }
    // An option that is none is still told.
    let line = ["blend", "G", "--outt", "x.png", "-m", "m", "--library", "l.json"];
    latentscape(line).current_dir(at).assert().failure();
}

/// Two programs that write one library at the same time, again and again.
#[test]
fn two_programs_at_once_lose_nothing_of_each_other() {
    const ROUNDS: u64 = 8;
    let folder = place();
    let at = folder.path();
    let start = |words: &[&str]| {
        std::process::Command::new(PROGRAM)
            .args(words)
            .args(["-m", "m", "--library", "l.json"])
            .current_dir(at)
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap()
    };
    for round in 0..ROUNDS {
        for (side, seed) in [("left", round), ("right", 100 + round)] {
            let values: Vec<f32> = Prior::Normal.from_seed(8, seed).into();
            let name = format!("{side}-{round}.json");
            std::fs::write(at.join(name), serde_json::to_vec(&values).unwrap()).unwrap();
        }
        let mut both = [
            start(&["library", "import", &format!("left-{round}.json")]),
            start(&["library", "import", &format!("right-{round}.json")]),
        ];
        assert!(both.iter_mut().all(|child| child.wait().unwrap().success()), "round {round}");
    }
    // One takes out and renames what the other leaves alone.
    let mut all = [
        start(&["library", "remove", "left-0", "D"]),
        start(&["library", "rename", "right-0", "renamed"]),
        start(&["blend", "G * 2", "--keep", "twice"]),
    ];
    assert!(all.iter_mut().all(|child| child.wait().unwrap().success()));
    let (list, said) = with_library(at, &["library", "list", "--json"]);
    assert_eq!(said, "");
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    let names = list["entries"].as_array().unwrap().iter().map(|e| e["name"].as_str().unwrap());
    let mut names: Vec<String> = names.map(str::to_owned).collect();
    let mut expected: Vec<String> =
        (1..ROUNDS).flat_map(|i| [format!("left-{i}"), format!("right-{i}")]).collect();
    expected.extend(["G", "old man", "renamed", "twice"].map(String::from));
    names.sort();
    expected.sort();
    assert_eq!(names, expected);
}

/// Killed at any moment of a write, the library is the old one or the new one.
#[test]
fn a_kill_in_the_middle_of_a_write_loses_nothing() {
    let folder = place();
    let at = folder.path();
    let many: Vec<Vec<f32>> = (0..3000).map(|i| Prior::Normal.from_seed(8, i).into()).collect();
    std::fs::write(at.join("many.json"), serde_json::to_vec(&many).unwrap()).unwrap();
    for delay in [0, 5, 10, 15, 20, 30, 40, 60, 80, 120, 200] {
        let mut child = std::process::Command::new(PROGRAM)
            .args(["library", "import", "many.json", "-m", "m", "--library", "l.json"])
            .current_dir(at)
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(delay));
        child.kill().unwrap();
        child.wait().unwrap();
        let (list, said) = with_library(at, &["library", "list"]);
        assert_eq!((list.lines().count() - 3) % 3000, 0, "killed after {delay} ms");
        assert_eq!(said, "");
    }
}
