//! What the dimensions of a latent do: how much each changes the picture, and what that looks like.

mod influence;
mod pictures;
mod sweep;

pub use influence::{Influence, influence};
pub use pictures::{at_once, pictures};
pub use sweep::{named_sheet, sheet, sweep, sweep_values};
