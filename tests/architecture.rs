//! The rules of the house, read off the source: who may import whom, who may know which crate, who
//! may start threads or print, how long a file may be.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// From the bottom up. A module imports from the layers below its own, never sideways or upwards.
const LAYERS: [&[&str]; 9] = [
    &["error"],
    &["disk", "random"],
    &["latent", "picture", "device", "ops"],
    &["model"],
    &["checkpoint", "data"],
    &["train", "discover", "export"],
    &["gallery"],
    &["worker"],
    &["app", "cli"],
];

/// Crates that only one module knows.
const OWNED: [(&str, &[&str]); 2] = [
    ("app", &["egui", "eframe", "egui_notify", "egui_material_icons", "rfd"]),
    ("cli", &["clap", "indicatif", "ctrlc"]),
];

/// Files that may start threads.
const THREADS: [&str; 2] = ["worker/", "data/loader.rs"];

const MAX_LINES: usize = 450;

/// One source file, and its code without comments and unit tests.
struct Source {
    /// Below `src`, with `/`.
    path: String,
    text: String,
    code: String,
}

impl Source {
    fn new(path: &str, text: &str) -> Self {
        let code = match path.ends_with("/tests.rs") {
            true => "",
            false => text.split("\n#[cfg(test)]\nmod tests").next().unwrap_or_default(),
        };
        let code: Vec<_> =
            code.lines().map(|line| line.split("//").next().unwrap_or_default()).collect();
        Self { path: path.to_owned(), text: text.to_owned(), code: code.join("\n") }
    }

    /// The top-level module that the file belongs to.
    fn module(&self) -> &str {
        let first = self.path.split('/').next().unwrap_or_default();
        first.strip_suffix(".rs").unwrap_or(first)
    }

    /// Everything in the code that looks like a name.
    fn words(&self) -> BTreeSet<&str> {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        self.code.split(|c| !word(c)).filter(|w| !w.is_empty()).collect()
    }

    /// The top-level modules behind `crate::a` and `crate::{a, b::{c}}`.
    fn imports(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for (at, _) in self.code.match_indices("crate::") {
            let rest = &self.code[at + "crate::".len()..];
            let Some(group) = rest.strip_prefix('{') else {
                found.extend(first_name(rest));
                continue;
            };
            let (mut depth, mut start) = (0, 0);
            for (i, c) in group.char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' if depth > 0 => depth -= 1,
                    ',' | '}' if depth == 0 => {
                        found.extend(first_name(group[start..i].trim_start()));
                        start = i + 1;
                        if c == '}' {
                            break;
                        }
                    }
                    _ => {}
                }
            }
        }
        found
    }

    fn broken_rules(&self) -> Vec<String> {
        let mut broken = Vec::new();
        let mut say = |what: String| broken.push(format!("src/{}: {what}", self.path));
        let layer = |module: &str| LAYERS.iter().position(|layer| layer.contains(&module));
        let module = self.module();
        let root = matches!(module, "lib" | "main");
        match layer(module) {
            _ if root => {}
            None => say(format!("the module {module} has no place in LAYERS")),
            Some(own) => {
                for import in self.imports() {
                    // Names at the root of the crate are re-exports: `crate::Error`.
                    if import != module && layer(&import).is_some_and(|other| other >= own) {
                        say(format!("{module} imports {import}, which is not below it"));
                    }
                }
            }
        }
        let words = self.words();
        for (owner, crates) in OWNED {
            for name in crates.iter().filter(|name| words.contains(**name)) {
                if module != owner {
                    say(format!("mentions {name}, which only {owner} knows"));
                }
            }
        }
        if module == "latent" && words.iter().any(|word| word.starts_with("candle")) {
            say("latents are plain numbers: no candle here".into());
        }
        if words.contains("unsafe") && module != "ops" {
            say("unsafe code outside ops".into());
        }
        for start in ["thread::Builder", "thread::spawn", "thread::scope"] {
            if self.code.contains(start) && !THREADS.iter().any(|at| self.path.starts_with(at)) {
                say(format!("{start}: only {} start threads", THREADS.join(" and ")));
            }
        }
        let (builders, names) = (
            self.code.matches("thread::Builder::new").count(),
            self.code.matches(".name(").count(),
        );
        if builders > names {
            say("a thread without a name".into());
        }
        for print in ["println!", "print!", "eprintln!", "eprint!", "dbg!"] {
            if self.code.contains(print) {
                say(format!("{print} panics where nobody listens; cli/console.rs writes"));
            }
        }
        if module != "cli" && ["stdout()", "stderr()"].iter().any(|s| self.code.contains(s)) {
            say("writes to the terminal, which only cli does".into());
        }
        let lines = self.text.lines().count();
        if lines > MAX_LINES {
            say(format!("has {lines} lines; {MAX_LINES} is the most"));
        }
        if !self.text.starts_with("//!") && !self.path.ends_with("/tests.rs") {
            say("does not say at its top what it is for".into());
        }
        broken
    }
}

fn first_name(text: &str) -> Option<String> {
    let name: String = text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!name.is_empty()).then_some(name)
}

fn sources() -> Vec<Source> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = walkdir::WalkDir::new(&root).sort_by_file_name().into_iter().map(Result::unwrap);
    files
        .filter(|file| file.path().extension() == Some("rs".as_ref()))
        .map(|file| {
            let below: &Path = file.path().strip_prefix(&root).unwrap();
            let path = below.to_string_lossy().replace('\\', "/");
            Source::new(&path, &std::fs::read_to_string(file.path()).unwrap())
        })
        .collect()
}

#[test]
fn every_file_keeps_the_rules() {
    let sources = sources();
    assert!(sources.len() > 20, "only {} files were found", sources.len());
    let broken: Vec<_> = sources.iter().flat_map(Source::broken_rules).collect();
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

/// The rules above would hold of an empty house too: each must find a file that breaks it.
#[test]
fn every_rule_finds_its_culprit() {
    let long = format!("//! Long.\n{}", "\n".repeat(MAX_LINES));
    for (path, text, said) in [
        ("latent/mod.rs", "//! a\nuse crate::model::Preset;", "latent imports model"),
        (
            "data/mod.rs",
            "//! a\nuse crate::{error::Error, train::{run, Outcome}};",
            "data imports train",
        ),
        ("ops/a.rs", "//! a\nfn f() { crate::worker::start() }", "ops imports worker"),
        ("ops/a.rs", "//! a\nuse crate::picture;", "ops imports picture"),
        ("shop/a.rs", "//! a", "no place"),
        ("train/run.rs", "//! a\nuse egui::Ui;", "mentions egui"),
        ("app/mod.rs", "//! a\nuse clap::Parser;", "mentions clap"),
        ("latent/mod.rs", "//! a\nuse candle_core::Tensor;", "no candle"),
        ("train/run.rs", "//! a\nunsafe fn f() {}", "unsafe"),
        ("train/run.rs", "//! a\nstd::thread::scope(|s| {})", "thread"),
        ("worker/a.rs", "//! a\nstd::thread::Builder::new().spawn(f)", "without a name"),
        ("cli/a.rs", "//! a\nprintln!()", "println!"),
        ("app/a.rs", "//! a\nstd::io::stderr()", "terminal"),
        ("cli/a.rs", &long, "lines"),
        ("cli/a.rs", "use clap::Parser;", "at its top"),
    ] {
        let broken = Source::new(path, text).broken_rules();
        assert!(broken.iter().any(|b| b.contains(said)), "{path} {text:.60}: {broken:?}");
    }
    let fine = "//! a\nuse crate::error::Error; // not crate::train\nuse crate::{Result, latent::Prior};\n\
                #[cfg(test)]\nmod tests { use crate::cli; }";
    assert_eq!(Source::new("model/mod.rs", fine).broken_rules(), [""; 0]);
    assert_eq!(Source::new("model/tests.rs", "use crate::cli;").broken_rules(), [""; 0]);
}
