//! Latentscape: an explorer for the latent space of image generators.

pub mod checkpoint;
pub mod cli;
pub mod data;
pub mod device;
pub mod disk;
pub mod error;
pub mod latent;
pub mod model;
pub mod ops;
pub mod picture;
pub mod random;
pub mod train;

pub use error::{Error, Result};
