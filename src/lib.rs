//! Latentscape: an explorer for the latent space of image generators.

pub mod error;
pub mod ops;

pub use error::{Error, Result};
