//! What somebody says of a model because its file does not: shown at once, kept beside the file.

use std::sync::Arc;

use eframe::egui::Context;

use crate::app::state::Source;
use crate::app::window::App;
use crate::checkpoint::{Choice, ModelFile};
use crate::error::Result;

impl App {
    /// Shows the model on screen as `chosen` says, without reading its file again, and keeps that.
    pub(super) fn choose(&mut self, chosen: Choice) -> Result<()> {
        let Some(model) = &self.state.model else { return Ok(()) };
        let Source::File(path) = &model.source else { return Ok(()) };
        let (path, source) = (path.clone(), model.source.clone());
        // What was chosen a moment ago may not be on screen yet.
        let pending = self.workers.pending.as_ref().filter(|pending| pending.source == source);
        let newest = pending.map_or(&model.file, |pending| &pending.file);
        let of = |file: &ModelFile| {
            file.info().imported.as_ref().map(|imported| imported.chosen).unwrap_or_default()
        };
        let chosen = chosen.said_of(of(&model.file), of(newest));
        let mut file = (**newest).clone();
        file.choose(chosen)?;
        self.workers.load(Arc::new(file), source, self.device);
        self.workers.keep_choice(path, chosen)
    }

    /// Tells of a choice that cannot be kept.
    pub(in crate::app) fn hear_choice(&mut self, ctx: &Context) {
        if let Some(error) = self.workers.unkept_choice() {
            let text = format!("What you chose holds until you close the window: {error}");
            self.announce(ctx, text, true);
        }
    }
}
