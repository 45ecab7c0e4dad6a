//! Where pictures come from, as options: one source, or two folders of pairs.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::data::{DataSource, Direction, Target};
use crate::error::{Error, Result};

/// How pairs are put together.
#[derive(Debug, Args)]
pub struct PairArgs {
    /// Pairs in two folders: --data has what goes in, this folder what should come out, under the same
    /// names
    #[arg(long, value_name = "FOLDER")]
    outputs: Option<PathBuf>,
    /// Pairs side by side (A|B), or in two folders in one (A and B): which goes in
    #[arg(long, value_enum)]
    direction: Option<DirectionChoice>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum DirectionChoice {
    /// The left one, or A
    AToB,
    /// The right one, or B
    BToA,
}

impl PairArgs {
    /// The source called `data`, as a network with pictures of `target` takes it.
    ///
    /// # Errors
    /// As [`DataSource::parse`]; [`Error::BadSetting`] if options do not go together;
    /// [`Error::BadData`] if it holds pairs and single pictures are wanted, or the other way round.
    pub fn source(&self, data: &str, target: Target) -> Result<DataSource> {
        self.parsed(data, target.input > 0, self.direction())
    }

    /// The same source as `before` at another place, called `data`.
    ///
    /// # Errors
    /// As [`Self::source`].
    pub fn moved(&self, data: &str, before: &DataSource) -> Result<DataSource> {
        if self.direction.is_some() {
            let why = "a run goes on with its own direction; leave this out";
            return Err(Error::bad_setting("--direction", why));
        }
        match before {
            DataSource::SideBySide { direction, .. } => self.parsed(data, true, *direction),
            DataSource::TwoFolders { outputs: before, .. } => {
                let now = self.parsed(data, true, Direction::default())?;
                // Two folders in one were perhaps taken the other way round.
                let is_swapped = match &now {
                    DataSource::TwoFolders { inputs, outputs } => {
                        inputs.file_name() == before.file_name()
                            && outputs.file_name() != before.file_name()
                    }
                    _ => false,
                };
                Ok(if is_swapped { now.reversed() } else { now })
            }
            before => self.parsed(data, before.is_pairs(), Direction::default()),
        }
    }

    /// The first option that was given, if any.
    pub fn first_given(&self) -> Option<&'static str> {
        let Self { outputs, direction } = self;
        let given = [("--outputs", outputs.is_some()), ("--direction", direction.is_some())];
        given.into_iter().find(|(_, given)| *given).map(|(name, _)| name)
    }

    fn direction(&self) -> Direction {
        match self.direction {
            Some(DirectionChoice::BToA) => Direction::BToA,
            Some(DirectionChoice::AToB) | None => Direction::AToB,
        }
    }

    fn parsed(&self, data: &str, is_pairs: bool, direction: Direction) -> Result<DataSource> {
        let source = DataSource::parse(data)?;
        let source = match &self.outputs {
            Some(_) if self.direction.is_some() => {
                return Err(Error::bad_setting(
                    "--direction",
                    "with --outputs it is said which folder goes in: exchange the two instead",
                ));
            }
            Some(outputs) => source.with_outputs(outputs)?,
            None if is_pairs => source.paired(direction)?,
            None => source,
        };
        if !is_pairs && let Some(name) = self.first_given() {
            let why = "it is about pairs, and this network learns from single pictures; take the \
                       preset pix2pix, or leave it out";
            return Err(Error::bad_setting(name, why));
        }
        Ok(source)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        pairs: PairArgs,
    }

    fn args(words: &str) -> PairArgs {
        let words = std::iter::once("train").chain(words.split_whitespace());
        Line::try_parse_from(words).unwrap().pairs
    }

    const PLAIN: Target = Target { input: 0, channels: 3, height: 8, width: 8 };
    const PAIRS: Target = Target { input: 3, ..PLAIN };

    #[test]
    fn sources_of_pairs_are_put_together() {
        let root = tempfile::tempdir().unwrap();
        let (a, b) = (root.path().join("a"), root.path().join("b"));
        for (folder, name) in [(&a, "1.png"), (&b, "1.jpg")] {
            std::fs::create_dir(folder).unwrap();
            std::fs::write(folder.join(name), b"").unwrap();
        }
        let (whole, a_text) = (root.path().to_str().unwrap(), a.to_str().unwrap());
        let two = |inputs: &PathBuf, outputs: &PathBuf| DataSource::TwoFolders {
            inputs: inputs.clone(),
            outputs: outputs.clone(),
        };
        assert_eq!(args("").source(whole, PAIRS).unwrap(), two(&a, &b));
        assert_eq!(args("--direction b-to-a").source(whole, PAIRS).unwrap(), two(&b, &a));
        let outputs = format!("--outputs {}", b.display());
        assert_eq!(args(&outputs).source(a_text, PAIRS).unwrap(), two(&a, &b));
        let beside = |direction| DataSource::SideBySide { folder: a.clone(), direction };
        assert_eq!(args("").source(a_text, PAIRS).unwrap(), beside(Direction::AToB));
        assert_eq!(args("").source("demo-labels", PAIRS).unwrap(), DataSource::DemoLabels);
        assert_eq!(args("").source(a_text, PLAIN).unwrap(), DataSource::Folder(a.clone()));
        // Pictures that have moved keep their direction.
        let before = DataSource::SideBySide { folder: "/gone".into(), direction: Direction::BToA };
        assert_eq!(args("").moved(a_text, &before).unwrap(), beside(Direction::BToA));
        let before = two(&PathBuf::from("/gone/b"), &PathBuf::from("/gone/a"));
        assert_eq!(args("").moved(whole, &before).unwrap(), two(&b, &a));
    }

    #[test]
    fn what_does_not_go_together_is_said() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().to_str().unwrap();
        let outputs = format!("--outputs {folder}");
        let both = format!("{outputs} --direction b-to-a");
        for (words, data, target, said) in [
            ("--direction b-to-a", folder, PLAIN, "it is about pairs"),
            (&*outputs, folder, PLAIN, "it is about pairs"),
            (&*both, folder, PAIRS, "exchange the two"),
            (&*outputs, "demo", PAIRS, "second of two"),
            ("", "demo", PAIRS, "demo-sketches"),
        ] {
            let error = args(words).source(data, target).unwrap_err().to_string();
            assert!(error.contains(said), "{words}: {error}");
        }
        let moved = args("--direction b-to-a").moved(folder, &DataSource::DemoLabels);
        assert!(moved.unwrap_err().to_string().contains("its own direction"));
    }
}
