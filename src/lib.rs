//! Latentscape: an explorer for the latent space of image generators.

pub mod error;

pub use error::{Error, Result};
