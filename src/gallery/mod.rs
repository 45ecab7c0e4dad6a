//! Models by their faces: which files of a folder are models, and what each of them draws.
//!
//! | step | where |
//! |---|---|
//! | the files of a folder that may be models | [`models_in`] |
//! | what one of them is, with a few pictures from latents that are always the same | [`look`] |
//! | the same from the cache, for as long as the file is the same | [`Album`] |
//!
//! One model is in memory at a time, and only while it is looked at.

mod album;
mod portrait;
mod scan;

pub use album::Album;
pub use portrait::{FACES, Portrait, Seen, Sitter, look, reason};
pub use scan::{DEPTH, Found, Listing, MOST_MODELS, Opened, models_in};
