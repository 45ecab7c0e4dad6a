//! The one error type of the library.
//!
//! Every variant is one sentence that says what was wrong and what to do next; causes are kept as
//! `source`, so that the command line can print the whole chain and the window can show details.

use std::path::{Path, PathBuf};

/// `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Whatever can go wrong, as told to the person at the screen.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system refused a file operation.
    #[error("could not {doing} {}: {source}", path.display())]
    Io {
        /// What was being done, as a verb: "read", "write".
        doing: &'static str,
        /// The file or folder concerned.
        path: PathBuf,
        /// The operating system's own words.
        source: std::io::Error,
    },

    /// A model file that is damaged, foreign, too new, or does not hold what it claims.
    #[error("{} cannot be opened as a model: {why}", path.display())]
    BadModel {
        /// The file, or a name in angle brackets for embedded data.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        why: String,
    },

    /// A model of the other kind than the one that is needed: the whole sentence.
    #[error("{0}")]
    WrongModel(String),

    /// A picture that cannot be decoded, or has a size nobody can use.
    #[error("{} is not a picture that can be used: {why}", path.display())]
    BadPicture {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },

    /// A data set (folder, IDX file, demo faces) that cannot be used as a whole.
    #[error("{} cannot be used as training data: {why}", path.display())]
    BadData {
        /// The folder or file.
        path: PathBuf,
        /// What is wrong with it, and what was looked for.
        why: String,
    },

    /// A latent vector of the wrong length, with values that are not finite, or unreadable text.
    #[error("this latent cannot be used: {0}")]
    BadLatent(String),

    /// A formula that cannot be read, or has no result.
    #[error("the formula cannot be computed: {why}")]
    BadFormula {
        /// The formula.
        text: String,
        /// The place in it, in bytes.
        at: std::ops::Range<usize>,
        /// What is wrong there, and what to do.
        why: String,
    },

    /// A library of latents that cannot be read or written as a whole.
    #[error("{} cannot be used as a library: {why}", path.display())]
    BadLibrary {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        why: String,
    },

    /// A name or a tag that cannot be, or an entry that is not there.
    #[error("the library cannot do that: {0}")]
    BadEntry(String),

    /// A setting outside its range, or two that contradict each other.
    #[error("{setting}: {why}")]
    BadSetting {
        /// Name of the setting as the user knows it, e.g. `--kimg`.
        setting: String,
        /// The allowed range, and what was given.
        why: String,
    },

    /// The device that was asked for is not in this machine or not in this build.
    #[error("device {asked} cannot be used: {why}")]
    NoDevice {
        /// The device as asked for, e.g. `cuda:0`.
        asked: String,
        /// Why not, and what to use instead.
        why: String,
    },

    /// A run folder that cannot be started in, or gone on with.
    #[error("the run in {} cannot go on: {why}", path.display())]
    BadRun {
        /// The run's folder.
        path: PathBuf,
        /// What is wrong, and what to do.
        why: String,
    },

    /// The user cancelled; not a failure.
    #[error("cancelled")]
    Cancelled,

    /// No window can be opened here.
    #[error("no window can be opened: {0}. The command line works without one: latentscape --help")]
    NoWindow(String),

    /// A background thread stopped unexpectedly.
    #[error("the {thread} stopped unexpectedly: {why}. It was restarted; please report this")]
    Worker {
        /// Name of the thread.
        thread: &'static str,
        /// The panic's message.
        why: String,
    },

    /// A tensor operation failed: a bug of ours or a device out of memory.
    #[error("the network could not be computed: {0}")]
    Tensor(#[from] candle_core::Error),
}

impl Error {
    /// An [`Error::Io`] for use with `map_err`.
    pub fn io(doing: &'static str, path: impl AsRef<Path>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.as_ref().to_owned();
        move |source| Self::Io { doing, path, source }
    }

    /// An [`Error::BadModel`].
    pub fn bad_model(path: impl AsRef<Path>, why: impl Into<String>) -> Self {
        Self::BadModel { path: path.as_ref().to_owned(), why: why.into() }
    }

    /// An [`Error::BadPicture`].
    pub fn bad_picture(path: impl AsRef<Path>, why: impl Into<String>) -> Self {
        Self::BadPicture { path: path.as_ref().to_owned(), why: why.into() }
    }

    /// An [`Error::BadData`].
    pub fn bad_data(path: impl AsRef<Path>, why: impl Into<String>) -> Self {
        Self::BadData { path: path.as_ref().to_owned(), why: why.into() }
    }

    /// An [`Error::BadSetting`].
    pub fn bad_setting(setting: impl Into<String>, why: impl Into<String>) -> Self {
        Self::BadSetting { setting: setting.into(), why: why.into() }
    }

    /// An [`Error::BadLibrary`].
    pub fn bad_library(path: impl AsRef<Path>, why: impl Into<String>) -> Self {
        Self::BadLibrary { path: path.as_ref().to_owned(), why: why.into() }
    }

    /// An [`Error::BadRun`].
    pub fn bad_run(path: impl AsRef<Path>, why: impl Into<String>) -> Self {
        Self::BadRun { path: path.as_ref().to_owned(), why: why.into() }
    }
}
