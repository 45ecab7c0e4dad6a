//! Keeps the C library from giving memory back between two kernels.
//!
//! Every operation allocates its result, and a training step frees hundreds of megabytes only to
//! ask for them again. By default glibc returns such blocks to the system, which hands them out
//! again page by page and zeroed: some 15 % of a step's time at DCGAN-64, and a third of that of a
//! grid of small pictures. Elsewhere than on Linux with glibc both functions do nothing.

/// What drawing keeps at most, in bytes: enough for 64 pictures of 64×64.
pub const FOR_DRAWING: usize = 128 << 20;
/// What training keeps at most: all that it ever had.
pub const FOR_TRAINING: usize = usize::MAX;

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code)]
mod glibc {
    use std::ffi::c_int;

    pub const TRIM_THRESHOLD: c_int = -1;
    pub const MMAP_THRESHOLD: c_int = -3;
    pub const ARENA_MAX: c_int = -8;

    // SAFETY: these are the signatures of glibc's malloc.h.
    unsafe extern "C" {
        pub safe fn mallopt(parameter: c_int, value: c_int) -> c_int;
        pub safe fn malloc_trim(pad: usize) -> c_int;
    }
}

/// Keeps up to `most` bytes of freed memory for the next allocation. To be called before the threads
/// are started that compute.
pub fn keep_freed(most: usize) {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        let limit = |bytes: usize| i32::try_from(bytes).unwrap_or(i32::MAX);
        // One heap for all threads: those that threads have to themselves are cut in pieces of
        // 64 MiB, too small for a layer's pictures, and given back piece by piece.
        glibc::mallopt(glibc::ARENA_MAX, 1);
        // Blocks of up to 1 GiB come from the heap (32 MiB where glibc does not take more), and
        // the heap shrinks only beyond what is to be kept. A refused setting changes nothing.
        if glibc::mallopt(glibc::MMAP_THRESHOLD, limit(most.min(1 << 30))) == 0 {
            glibc::mallopt(glibc::MMAP_THRESHOLD, 32 << 20);
        }
        glibc::mallopt(glibc::TRIM_THRESHOLD, limit(most));
    }
}

/// Gives freed memory back to the system after all: at the end of a training run, and after work that
/// takes far more than a step.
pub fn release_freed() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    glibc::malloc_trim(0);
}
