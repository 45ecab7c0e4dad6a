//! Lines that are wrong, and everything that could go wrong with going wrong.

use std::collections::BTreeMap;
use std::path::Path;

use crate::support::latentscape;

/// Words of the command line that are wrong.
pub struct Case {
    line: &'static str,
    code: i32,
    /// What the error must say.
    says: &'static [&'static str],
}

/// A line that ends with `code`, and what the error must say.
pub const fn case(line: &'static str, code: i32, says: &'static [&'static str]) -> Case {
    Case { line, code, says }
}

/// Runs each case in a folder of its own and looks at everything that could go wrong with going wrong.
pub fn check(place: &Path, cases: &[Case]) {
    let before = files(place);
    for Case { line, code, says } in cases {
        let output = latentscape(line.split_whitespace())
            .current_dir(place)
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("WAYLAND_SOCKET")
            .env("RUST_BACKTRACE", "0")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(*code), "{line}: {said}");
        let errors = said.lines().filter(|l| l.starts_with("error:")).count();
        assert_eq!(errors, 1, "{line}: {said}");
        assert!(!said.contains("panicked"), "{line}: {said}");
        for words in *says {
            assert!(said.contains(words), "{line}: {words:?} is not in: {said}");
        }
        assert!(output.stdout.is_empty(), "{line}: something on standard output");
        let after = files(place);
        let new: Vec<_> = after.keys().filter(|name| !before.contains_key(*name)).collect();
        assert!(new.is_empty(), "{line} left {new:?}");
        assert!(after == before, "{line} changed a file");
    }
}

fn files(place: &Path) -> BTreeMap<String, Vec<u8>> {
    walkdir::WalkDir::new(place)
        .into_iter()
        .map(Result::unwrap)
        .map(|entry| {
            let bytes = std::fs::read(entry.path()).unwrap_or_default();
            (entry.path().display().to_string(), bytes)
        })
        .collect()
}
