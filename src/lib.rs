//! Latentscape: an explorer for the latent space of image generators.

pub mod app;
pub mod checkpoint;
pub mod cli;
pub mod data;
pub mod device;
pub mod discover;
pub mod disk;
pub mod error;
pub mod latent;
pub mod model;
pub mod ops;
pub mod picture;
pub mod random;
pub mod train;
pub mod worker;

pub use error::{Error, Result};
