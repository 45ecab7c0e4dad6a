//! Checkpoints that mean harm or are damaged: one sentence each, no panic, and nothing in them is
//! called. `tests/pytorch/import_hostile.py` makes them.

#![allow(clippy::unwrap_used)]

mod support;

use std::path::{Path, PathBuf};

use candle_core::Device;
use latentscape::checkpoint::{Contents, ModelFile, Tensors};
use proptest::prelude::*;

use support::latentscape;

fn hostile() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/hostile")
}

/// What each says where it does not open.
const REFUSED: [(&str, &str); 28] = [
    ("bare.pkl", "a Python pickle that torch.save did not write"),
    ("beyond.pth", "claims numbers beyond the end of a storage with 4 numbers"),
    ("big.old.pth", "big-endian"),
    ("big.pth", "big-endian"),
    ("bomb-claims.pth", "claims 4000000000 bytes where"),
    ("bomb-pickle.pth", "more than 4194304 values"),
    ("bomb-short.pth", "storage 0 claims 96 numbers where the file has 8 bytes"),
    ("call-all.pth", "asks to call `os.system`; it was not called"),
    ("call-eval.pth", "asks to call `__builtin__.eval`; it was not called"),
    ("call-made.pth", "asks to call `__builtin__.__import__`; it was not called"),
    ("call-weights.pth", "asks to call `os.system`; it was not called"),
    ("cut.pth", "cut off or damaged"),
    ("deep.pth", "nested too deeply"),
    ("elements.pth", "claims 1000000000000 numbers of a storage with 4"),
    ("elsewhere.pth", "storage ../../../.0 is not in the file"),
    ("laughs.pth", "holds more objects than any checkpoint"),
    ("legacy-cut.old.pth", "lies beyond the end of the file"),
    ("legacy-stub.old.pth", "pickle is cut off"),
    ("locked.pth", "encrypted"),
    ("negative.pth", "shape or strides cannot be read"),
    ("no-pickle.pth", "no data.pkl"),
    ("overflow.pth", "more numbers than can be counted"),
    ("packed.pth.gz", "compressed with gzip"),
    ("repeated.pth", "claims 1000000000000 numbers of a storage with 4"),
    ("storage.pth", "storage 0 claims 1000000000000 numbers where the file has 16 bytes"),
    ("strides.pth", "claims numbers beyond the end"),
    ("tar.pth.tar", "tar archive"),
    ("nan.pth", "value 0 of the tensor main.0.weight is NaN"),
];

/// What opens, and a note that it comes with.
const OPENED: [(&str, &str); 6] = [
    ("fine.pth", ""),
    ("packed.pth", ""),
    ("knot.pth", ""),
    ("call-beside.pth", "this file asks to call `os.system`; it was not called"),
    ("call-beside.old.pth", "this file asks to call `os.system`; it was not called"),
    ("escapes.pth", "notes (6 tensors) was left out"),
];

#[test]
fn each_is_opened_or_refused_with_a_sentence() {
    let mut names: Vec<_> = REFUSED.iter().chain(&OPENED).map(|(name, _)| *name).collect();
    names.sort_unstable();
    let mut there: Vec<_> = std::fs::read_dir(hostile())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    there.sort_unstable();
    assert_eq!(names, there, "each file is looked at");
    let open = |name: &str| {
        let file = ModelFile::open(&hostile().join(name))?;
        file.generator(&Device::Cpu).map(|_| file)
    };
    for (name, says) in REFUSED {
        let Err(error) = open(name) else { panic!("{name} opens") };
        let error = error.to_string();
        assert!(error.contains(says) && error.contains(name), "{name}: {error}");
        assert!(!error.contains('\n') && error.len() < 800, "{name}: {error}");
    }
    let mut hashes = Vec::new();
    for (name, note) in OPENED {
        let file = open(name).unwrap_or_else(|error| panic!("{error}"));
        hashes.push(file.key().unwrap().hash.clone());
        let left_out = &file.info().imported.as_ref().unwrap().left_out;
        assert!(
            note.is_empty() || left_out.iter().any(|told| told == note),
            "{name}: {left_out:?}"
        );
    }
    hashes.dedup();
    assert_eq!(hashes.len(), 1, "it is the same generator in all of them");
}

#[test]
fn the_program_starts_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let run = |words: &[&str], name: &str| {
        let output =
            latentscape(words.iter().map(Path::new).chain([hostile().join(name).as_path()]))
                .current_dir(folder.path())
                .output()
                .unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8_lossy(&said).into_owned())
    };
    for (name, _) in REFUSED.iter().chain(&OPENED).filter(|(name, _)| name.starts_with("call")) {
        for words in [&["inspect"][..], &["inspect", "--json"], &["generate", "-o", "x.npy", "-m"]]
        {
            let (code, said) = run(words, name);
            assert!(!said.contains("panicked"), "{name}: {said}");
            assert!(matches!(code, Some(0 | 1)), "{name}: {code:?} {said}");
            if words[0] == "inspect" {
                assert!(said.contains("not called"), "{name}: {said}");
            }
        }
    }
    let (_, said) = run(&["inspect"], "escapes.pth");
    assert!(!said.contains('\u{1b}') && !said.contains('\u{7}'), "{said:?}");
    let left: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    // Only what `generate` was asked for.
    assert!(left.iter().all(|name| name == "x.npy"), "{left:?}");
}

/// Reads all that can be read of `bytes`.
fn read_all(bytes: Vec<u8>) {
    let Ok(Some(mut tensors)) = Tensors::from_bytes("mutated", bytes) else { return };
    for at in 0..tensors.list.len() {
        if tensors.list[at].count() <= 1 << 20 {
            let mut numbers = 0;
            if tensors.numbers(at, &mut |piece| numbers += piece.len()).is_ok() {
                assert_eq!(numbers, tensors.list[at].count());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Good files with some bytes changed, cut out or doubled: whatever they say, nobody panics.
    #[test]
    fn mutated_files_are_read_or_refused(
        of in 0..4usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        cut in any::<prop::sample::Index>(),
        len in 0..40usize,
        doubled in any::<bool>(),
    ) {
        let import = hostile().join("../import");
        let path = match of {
            0 => hostile().join("fine.pth"),
            1 => hostile().join("packed.pth"),
            2 => hostile().join("call-beside.old.pth"),
            _ => import.join("tutorial-plain-f16.safetensors"),
        };
        let mut bytes = std::fs::read(path).unwrap();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let at = cut.index(bytes.len());
        let end = (at + len).min(bytes.len());
        if doubled {
            let again = bytes[at..end].to_vec();
            bytes.splice(at..at, again);
        } else {
            bytes.drain(at..end);
        }
        // As a model, with all that is guessed about it.
        if let Ok(Contents::Model(model)) = Contents::from_bytes("mutated", bytes.clone()) {
            let _ = model.generator(&Device::Cpu);
        }
        read_all(bytes);
    }
}
