//! The window: the only folder that knows egui.
//!
//! A frame never waits for a network. It hears what the workers have to tell, draws what is known,
//! does what was asked for (`dispatch` is the one place that touches both the state and the
//! workers), and writes down what it wants to see next. A new tab is one file under [`tabs`] and
//! one line in its registry.

mod about;
mod bars;
mod blend;
mod buttons;
mod command;
mod dialog;
mod dispatch;
mod explore;
mod gallery;
mod hear;
mod history;
mod history_panel;
mod keeper;
mod launch;
mod live;
mod model_menu;
mod notices;
mod pacing;
mod palette;
mod peek;
mod portraits;
mod screen;
mod settings;
mod shelf;
mod shown;
mod state;
pub mod tabs;
mod theme;
mod thumbs;
mod train;
mod train_jobs;
mod translate;
mod window;
mod workers;

pub use blend::{Blend, Cell, Inputs, Operation, Page};
pub use explore::Explore;
pub use gallery::{Gallery, GalleryOrder};
pub use history::History;
pub use launch::{Options, RendererChoice, run};
pub use live::Live;
pub use settings::Settings;
pub use shelf::Shelf;
pub use state::{Message, OpenModel, Source, State};
pub use train::{End, Look, Phase, Question, Run, Series, Train, TrainPage};
pub use translate::{Canvas, Templates, Tool, Translate};
pub use window::{App, Start};
