//! What the gallery asks for.

use std::path::PathBuf;

use crate::app::gallery::{Gallery, GalleryCommand};
use crate::app::portraits::Known;
use crate::app::state::Source;
use crate::app::tabs;
use crate::app::window::App;
use crate::error::Result;
use crate::gallery::Sitter;

impl App {
    /// Does what the gallery asked for.
    pub(super) fn gallery(&mut self, command: GalleryCommand) -> Result<()> {
        match command {
            GalleryCommand::Open(folder) => return self.open_gallery(folder),
            GalleryCommand::Choose(path) => {
                let known = self.screen.portraits.glance(&Sitter::File(path.clone()));
                let takes_pictures = match known {
                    Known::Card(card) => Some(card.takes_pictures),
                    Known::Nothing | Known::Not(_) => None,
                };
                // Where the model can be seen.
                match (takes_pictures, self.state.tab) {
                    (Some(true), _) => self.state.show_tab(tabs::TRANSLATE),
                    (Some(false), tabs::TRANSLATE | tabs::TRAIN) => {
                        self.state.show_tab(tabs::EXPLORE)
                    }
                    _ => {}
                }
                return self.open_model(Source::File(path));
            }
            GalleryCommand::SetOrder(order) => self.state.settings.gallery_order = order,
            GalleryCommand::Close => self.state.gallery = None,
        }
        Ok(())
    }

    /// Shows the models of `folder` in the place of the tab.
    pub(in crate::app) fn open_gallery(&mut self, folder: PathBuf) -> Result<()> {
        // Remembered for a start from anywhere.
        let folder = std::path::absolute(&folder).unwrap_or(folder);
        self.state.settings.models = Some(folder.clone());
        self.state.gallery = Some(Gallery::new(folder.clone()));
        self.screen.portraits.renew();
        self.workers.list_models(folder)
    }

    /// Opens a model: it is what is looked at next.
    pub(super) fn open_model(&mut self, source: Source) -> Result<()> {
        self.state.gallery = None;
        self.workers.open(source)
    }
}
