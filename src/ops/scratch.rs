//! Work memory that each thread keeps from one kernel to the next.
//!
//! Fresh large allocations are handed out by the system page by page, which costs as much as the
//! kernels that fill them.

use std::cell::RefCell;

/// Buffers above this many values are given back after use instead of being kept.
const KEPT_VALUES: usize = 8 << 20;

thread_local! {
    static FREE: RefCell<Vec<Vec<f32>>> = const { RefCell::new(Vec::new()) };
}

/// Runs `work` on `len` values of scratch memory. What they hold at first is unspecified.
///
/// The buffer is taken out of the thread's store meanwhile, so a kernel may ask for several, and
/// rayon may run another kernel on this thread while this one waits.
pub(super) fn with_scratch<R>(len: usize, work: impl FnOnce(&mut [f32]) -> R) -> R {
    let mut buffer = FREE.with(|free| free.borrow_mut().pop()).unwrap_or_default();
    if buffer.len() < len {
        buffer.resize(len, 0.0);
    }
    let result = work(&mut buffer[..len]);
    if buffer.len() <= KEPT_VALUES {
        FREE.with(|free| free.borrow_mut().push(buffer));
    }
    result
}
