//! Ctrl-C, SIGTERM and a closed terminal during training: finish the step, save, end.

use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_channel::Sender;
use indicatif::ProgressBar;

use super::console;
use crate::error::{Error, Result};
use crate::train::TrainControl;

/// Exit code of a command that was interrupted, as shells have it for SIGINT.
pub const EXIT_CODE: u8 = 130;

/// From now on the first interruption asks the run to stop and save, and the second one ends the
/// program on the spot: the last checkpoint on disk stays whole.
///
/// # Errors
/// [`Error::Io`] if the system does not let us hear of interruptions.
pub fn stop_and_save(controls: Sender<TrainControl>, bar: ProgressBar) -> Result<()> {
    let already = AtomicBool::new(false);
    let handler = move || {
        if already.swap(true, Ordering::SeqCst) {
            std::process::exit(EXIT_CODE.into());
        }
        // A full channel holds a stop already.
        let _ = controls.try_send(TrainControl::Stop { save: true });
        bar.suspend(|| {
            console::note("stopping: the step is finished and saved; Ctrl-C again quits at once");
        });
    };
    ctrlc::set_handler(handler).map_err(|error| {
        Error::io("listen for Ctrl-C in", "this terminal")(std::io::Error::other(error))
    })
}
