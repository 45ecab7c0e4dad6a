//! What the workers have to tell of models that are not open, and what they are asked for.

use std::sync::Arc;

use eframe::egui::Context;

use crate::app::window::App;
use crate::app::workers;
use crate::gallery::reason;

impl App {
    /// Takes in what was found in a folder, and portraits.
    pub(super) fn hear_gallery(&mut self, ctx: &Context) {
        if self.state.gallery.is_none() {
            self.workers.gallery.listing = None;
        }
        if let Some(result) = workers::done(&mut self.workers.gallery.listing)
            && let Some(gallery) = &mut self.state.gallery
        {
            gallery.listing = Some(result.map(Arc::new).map_err(|error| reason(&error)));
        }
        if let Some((sitter, result)) = workers::finished(&mut self.workers.gallery.sitting) {
            self.screen.portraits.take(ctx, sitter, result);
        }
    }

    /// Has the next model in sight looked at. One that is out of sight is given up; the next one begins
    /// when it has stopped, so that no two are in memory.
    pub(in crate::app) fn ask_for_portraits(&mut self, ctx: &Context) {
        let wanted = self.screen.portraits.wish();
        match &self.workers.gallery.sitting {
            Some((sitter, job)) if !wanted.contains(sitter) => job.cancel(),
            Some(_) => {}
            None => {
                let Some(sitter) = wanted.into_iter().next() else { return };
                let known = self.screen.portraits.stamp(&sitter);
                if let Err(error) = self.workers.look_at(sitter.clone(), known) {
                    self.screen.portraits.take(ctx, sitter, Err(error));
                }
            }
        }
    }
}
