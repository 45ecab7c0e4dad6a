//! Films: pictures that follow each other, in one file.

mod gif;

pub use gif::save_gif;
