//! What was chosen about models whose files do not say it: each choice is written beside its file, one after
//! the other, and remembered as long as that has not succeeded.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::{Workers, finished};
use crate::checkpoint::Choice;
use crate::error::{Error, Result};
use crate::worker::Job;

/// Choices by the path of the model.
#[derive(Default)]
pub struct Choices {
    /// Not on disk, or not yet.
    unkept: HashMap<PathBuf, Choice>,
    writing: Option<(PathBuf, Job<()>)>,
    /// What is to be written next; of several the last.
    waiting: Option<(PathBuf, Choice)>,
    /// Those for which it was told that they cannot be kept.
    told: HashSet<PathBuf>,
}

impl Choices {
    /// What was chosen for the model at `path` and is not beside it.
    pub fn of(&self, path: &Path) -> Option<Choice> {
        self.unkept.get(path).copied()
    }
}

impl Workers {
    /// Keeps a choice about the model at `path` beside it.
    ///
    /// # Errors
    /// [`Error::Worker`] if the system gives no thread.
    pub fn keep_choice(&mut self, path: PathBuf, chosen: Choice) -> Result<()> {
        self.choices.unkept.insert(path.clone(), chosen);
        if self.choices.writing.is_some() {
            self.choices.waiting = Some((path, chosen));
            return Ok(());
        }
        let to = path.clone();
        let job = self.job("choice writer", move |_| chosen.save(&to))?;
        self.choices.writing = Some((path, job));
        Ok(())
    }

    /// Why the choice that was written last could not be kept; once for each model.
    pub fn unkept_choice(&mut self) -> Option<Error> {
        let (path, result) = finished(&mut self.choices.writing)?;
        let waiting = self.choices.waiting.take();
        if result.is_ok() && waiting.as_ref().is_none_or(|(next, _)| *next != path) {
            self.choices.unkept.remove(&path);
        }
        let begun = waiting.map_or(Ok(()), |(path, chosen)| self.keep_choice(path, chosen));
        let error = result.and(begun).err()?;
        self.choices.told.insert(path).then_some(error)
    }
}
