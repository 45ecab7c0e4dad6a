//! What the dimensions of a latent do: how much each changes the picture, and what that looks like.

mod influence;
mod label;
mod sweep;

pub use influence::{Influence, influence};
pub use sweep::{sheet, sweep, sweep_values};
