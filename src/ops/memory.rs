//! Keeps the C library from giving memory back between two kernels.
//!
//! Every operation allocates its result, and a training step frees hundreds of megabytes only to
//! ask for them again. By default glibc returns such blocks to the system, which hands them out
//! again page by page and zeroed: some 15 % of a step's time at DCGAN-64. Elsewhere than on Linux
//! with glibc both functions do nothing.

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code)]
mod glibc {
    use std::ffi::c_int;

    pub const TRIM_THRESHOLD: c_int = -1;
    pub const MMAP_THRESHOLD: c_int = -3;

    // SAFETY: these are the signatures of glibc's malloc.h.
    unsafe extern "C" {
        pub safe fn mallopt(parameter: c_int, value: c_int) -> c_int;
        pub safe fn malloc_trim(pad: usize) -> c_int;
    }
}

/// Keeps freed memory for the next allocation. To be called once, when the program starts.
pub fn keep_freed() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        // Blocks of up to 1 GiB come from the heap (32 MiB where glibc does not take more), and
        // the heap does not shrink by itself. A refused setting changes nothing.
        if glibc::mallopt(glibc::MMAP_THRESHOLD, 1 << 30) == 0 {
            glibc::mallopt(glibc::MMAP_THRESHOLD, 32 << 20);
        }
        glibc::mallopt(glibc::TRIM_THRESHOLD, i32::MAX);
    }
}

/// Gives freed memory back to the system after all: for the end of a training run.
pub fn release_freed() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    glibc::malloc_trim(0);
}
