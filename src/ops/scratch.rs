//! Memory that a kernel gets without paying for zeros: work memory that each thread keeps from one
//! kernel to the next, and results.
//!
//! Fresh large allocations are handed out by the system page by page, and zeros are written by one
//! thread while the others wait; both cost as much as the kernels that fill the memory.

use std::cell::RefCell;
use std::mem::MaybeUninit;

/// Buffers above this many values are given back after use instead of being kept.
const KEPT_VALUES: usize = 8 << 20;

thread_local! {
    static FREE: RefCell<Vec<Vec<f32>>> = const { RefCell::new(Vec::new()) };
}

/// `len` values that `fill` writes, every one of them, before it reads any. What they hold at first
/// is unspecified; in a debug build they are NaN, which shows in the result if one is forgotten.
#[allow(unsafe_code)]
pub(super) fn overwritten(len: usize, fill: impl FnOnce(&mut [f32])) -> Vec<f32> {
    let mut values = Vec::with_capacity(len);
    let room: &mut [MaybeUninit<f32>] = &mut values.spare_capacity_mut()[..len];
    if cfg!(debug_assertions) {
        room.fill(MaybeUninit::new(f32::NAN));
    }
    // SAFETY: the slice is as long as the room, borrowed from it alone, and of a type with the same
    // layout; its values are not read before `fill`, which only writes, has given them one.
    fill(unsafe { &mut *(std::ptr::from_mut(room) as *mut [f32]) });
    // SAFETY: the capacity is at least `len`, and `fill` has written that many values.
    unsafe { values.set_len(len) };
    values
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
