//! Any bytes as a model file: they are read or refused, and nobody panics.
//!
//!     cargo +nightly fuzz run import fuzz/corpus/import tests/fixtures/hostile tests/fixtures/import
//!
//! New finds go to the first folder; the others begin the search with files that are nearly right.

#![no_main]

use latentscape::checkpoint::{Contents, Tensors};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = Contents::from_bytes("fuzzed", bytes.to_vec());
    let Ok(Some(mut tensors)) = Tensors::from_bytes("fuzzed", bytes.to_vec()) else { return };
    for at in 0..tensors.list.len().min(64) {
        if tensors.list[at].count() <= 1 << 16 {
            let _ = tensors.numbers(at, &mut |_| {});
        }
    }
});
