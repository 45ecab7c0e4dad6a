//! Several pictures side by side, without taking more memory than there is.

use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use crate::error::{Error, Result};

/// What the pictures that are being decoded side by side may take. Larger ones wait for their turn.
const PARALLEL_BYTES: u64 = 2 << 30;

/// What decoding one of several files side by side may take.
pub(super) fn share() -> u64 {
    PARALLEL_BYTES / rayon::current_num_threads().max(1) as u64
}

/// Reads `count` pictures side by side as long as one takes no more than `share` bytes, the larger
/// ones one after the other. `read` gets a picture's number and the bytes it may take, and returns
/// `None` if those are too few. Results are in order; from the moment `stop` is set they are
/// [`Error::Cancelled`].
pub(super) fn side_by_side<T: Send>(
    count: usize,
    share: u64,
    stop: &AtomicBool,
    read: impl Fn(usize, u64) -> Result<Option<T>> + Sync,
) -> Vec<Result<T>> {
    let read = |i: usize, budget: u64| match stop.load(Ordering::Relaxed) {
        true => Err(Error::Cancelled),
        false => read(i, budget),
    };
    let first_pass: Vec<Option<Result<T>>> =
        (0..count).into_par_iter().map(|i| read(i, share).transpose()).collect();
    let second_pass = |(i, result): (usize, Option<Result<T>>)| match result {
        Some(result) => result,
        None => read(i, u64::MAX)
            .and_then(|read| read.ok_or_else(|| Error::bad_setting("picture", "it is too large"))),
    };
    first_pass.into_iter().enumerate().map(second_pass).collect()
}
