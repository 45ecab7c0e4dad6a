//! The window: the only folder that knows egui.
//!
//! A frame never waits for a network. It hears what the workers have to tell, draws what is known,
//! does what was asked for (`dispatch` is the one place that touches both the state and the
//! workers), and writes down what it wants to see next. A new tab is one file under [`tabs`] and
//! one line in its registry.

mod bars;
mod buttons;
mod command;
mod dialog;
mod dispatch;
mod explore;
mod hear;
mod history;
mod launch;
mod notices;
mod pacing;
mod palette;
mod screen;
mod settings;
mod shown;
mod state;
pub mod tabs;
mod theme;
mod window;
mod workers;

pub use explore::Explore;
pub use launch::{Options, RendererChoice, run};
pub use state::{Message, OpenModel, Source, State};
pub use window::{App, Start};
