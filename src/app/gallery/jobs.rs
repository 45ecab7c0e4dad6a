//! What the gallery and the list of recent models have at work: at most one job of each kind.

use std::path::PathBuf;

use crate::app::workers::Workers;
use crate::error::Result;
use crate::gallery::{self, Album, Listing, Seen, Sitter};
use crate::worker::Job;

/// All of them.
#[derive(Default)]
pub struct GalleryJobs {
    /// Where portraits are kept.
    pub album: Album,
    /// Looks which models a folder has.
    pub listing: Option<Job<Listing>>,
    /// Looks at a model.
    pub sitting: Option<(Sitter, Job<Seen>)>,
}

impl Workers {
    /// Looks through `folder`; another one that is being looked through is given up.
    ///
    /// # Errors
    /// [`crate::Error::Worker`] if the system gives no thread.
    pub fn list_models(&mut self, folder: PathBuf) -> Result<()> {
        self.gallery.listing = Some(self.job("folder reader", move |progress| {
            gallery::models_in(&folder, &mut |_| !progress.is_cancelled())
        })?);
        Ok(())
    }

    /// Looks at a model, unless it is still what is known under the stamp `known`.
    ///
    /// # Errors
    /// [`crate::Error::Worker`] if the system gives no thread.
    pub fn look_at(&mut self, sitter: Sitter, known: Option<String>) -> Result<()> {
        let (wanted, album) = (sitter.clone(), self.gallery.album.clone());
        let job = self.job("portrait", move |progress| {
            gallery::look(&wanted, known.as_deref(), &album, &mut |done| progress.report(done))
        })?;
        self.gallery.sitting = Some((sitter, job));
        Ok(())
    }
}
