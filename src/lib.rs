//! Latentscape: an explorer for the latent space of image generators.
//!
//! A generator is a network that turns a *latent*, a short vector of random numbers, into a picture.
//! This crate opens trained generators, shows what every number of a latent does, and trains new ones.
//! The window ([`app`]) and the command line ([`cli`]) are two thin fronts to the same functions.
//!
//! # Map
//!
//! | module | what it is |
//! |---|---|
//! | [`app`] | the window; the only folder that knows egui |
//! | [`cli`] | the command line; the only folder that knows clap, and the only one that prints |
//! | [`worker`] | threads: the latest-wins renderer, the trainer, jobs |
//! | [`gallery`] | the models of a folder, each with a few of its faces |
//! | [`train`] | the loop, one step, Adam, averaging, the run folder |
//! | [`discover`] | what a dimension means: influence, sweeps |
//! | [`export`] | films |
//! | [`checkpoint`] | models and training states on disk, also those of PyTorch |
//! | [`data`] | pictures to train on: folders, IDX files, the demo faces; the loader |
//! | [`model`] | what a network is, and the networks |
//! | [`ops`] | differentiable kernels that candle lacks |
//! | [`latent`] | latents as plain vectors, formulas over them, the library that keeps them |
//! | [`picture`], [`device`], [`random`], [`disk`], [`error`] | small things that all share |
//!
//! Each imports only from those below it in this table; `tests/architecture.rs` says so when one does not.
//!
//! # What always holds
//!
//! - Pictures are `[B, C, H, W]` in [-1, 1], latents `[B, z]`, verdicts logits `[B]`, or `[B, N]` for N
//!   patches of each picture.
//! - Every random number follows from a seed and a place ([`random::stream`]); candle's own
//!   generators are never used. The same command gives the same bytes on the same machine.
//! - Only [`worker`] and the loader start threads, and each has a name. No tensor crosses a channel.
//! - A frame of the window never waits for a network, but for the last few milliseconds of a quick one.
//! - A file appears on disk whole or not at all ([`disk::write_atomic`]).
//! - Whatever a file from outside claims is checked before memory is asked for.

pub mod app;
pub mod checkpoint;
pub mod cli;
pub mod data;
pub mod device;
pub mod discover;
pub mod disk;
pub mod error;
pub mod export;
pub mod gallery;
pub mod latent;
pub mod model;
pub mod ops;
pub mod picture;
pub mod random;
pub mod train;
pub mod worker;

pub use error::{Error, Result};
