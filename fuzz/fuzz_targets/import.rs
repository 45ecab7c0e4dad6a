//! Any bytes as a model file: they are read or refused, and nobody panics.
//!
//!     cargo +nightly fuzz run import fuzz/corpus/import tests/fixtures/hostile tests/fixtures/import
//!
//! New finds go to the first folder; the others begin the search with files that are nearly right. What
//! a file is said to be is asked of every one; where that would be small, it is opened as well.

#![no_main]

use latentscape::checkpoint::{Contents, ModelInfo, Other, Tensors};

/// Numbers that are read at once, of a tensor and of a whole generator: enough for every way through the
/// reader, and quick.
const MOST: usize = 1 << 16;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(Some(mut tensors)) = Tensors::from_bytes("fuzzed", bytes.to_vec()) else {
        let _ = Contents::from_bytes("fuzzed", bytes.to_vec());
        return;
    };
    for at in 0..tensors.list.len().min(64) {
        if tensors.list[at].count() <= MOST {
            let _ = tensors.numbers(at, &mut |_| {});
        }
    }
    let is_small = match tensors.generator() {
        Ok(info) => {
            assert!(!info.spec.summary().is_empty());
            numbers(&info) <= MOST
        }
        Err(nearest) => {
            assert!(!Other { tensors, nearest }.error().to_string().is_empty());
            true
        }
    };
    if is_small {
        let _ = Contents::from_bytes("fuzzed", bytes.to_vec());
    }
});

/// Parameters of the generator. What was recognised is sound.
fn numbers(info: &ModelInfo) -> usize {
    let shapes = info.spec.generator_shapes().expect("what was recognised can be built");
    shapes.iter().map(|(_, dims)| dims.iter().product::<usize>()).sum()
}
