//! The sheets of a run, from the first to the newest. They lie on disk; a few are kept in memory.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use image::RgbImage;

/// What decoded sheets may take in memory.
const KEPT_BYTES: usize = 64 << 20;

/// A sheet of pictures from the run's fixed latents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// Real pictures shown to the discriminator before it.
    pub images: u64,
    /// Its file.
    pub path: PathBuf,
}

/// All sheets of a run.
#[derive(Debug, Default)]
pub struct Previews {
    sheets: Vec<Sheet>,
    /// The one that is looked at; none is the newest, whichever that is.
    at: Option<usize>,
    /// The newest use comes last.
    kept: VecDeque<(PathBuf, Arc<RgbImage>)>,
    /// Files that could not be read.
    lost: Vec<PathBuf>,
}

impl Previews {
    /// The sheets that a run has made before.
    pub fn of(sheets: Vec<Sheet>) -> Self {
        Self { sheets, ..Self::default() }
    }

    /// A sheet was drawn.
    pub fn add(&mut self, images: u64, path: PathBuf, picture: RgbImage) {
        // A run that goes on, or went back, draws some again.
        let keep = self.sheets.partition_point(|sheet| sheet.images < images);
        self.sheets.truncate(keep);
        if self.at.is_some_and(|at| at >= keep) {
            self.at = None;
        }
        self.kept.retain(|(kept, _)| *kept != path);
        self.lost.retain(|lost| *lost != path);
        self.keep(path.clone(), Arc::new(picture));
        self.sheets.push(Sheet { images, path });
    }

    /// Puts a sheet that was read beside the others in memory; without a picture it could not be.
    pub fn take(&mut self, path: PathBuf, picture: Option<RgbImage>) {
        match picture {
            Some(picture) => self.keep(path, Arc::new(picture)),
            None => self.lost.push(path),
        }
    }

    /// Number of sheets.
    pub fn len(&self) -> usize {
        self.sheets.len()
    }

    /// Whether there is none yet.
    pub fn is_empty(&self) -> bool {
        self.sheets.is_empty()
    }

    /// Index of the sheet that is looked at.
    pub fn at(&self) -> usize {
        self.at.unwrap_or(usize::MAX).min(self.sheets.len().saturating_sub(1))
    }

    /// Whether the newest is looked at, and will be when a newer one comes.
    pub fn follows(&self) -> bool {
        self.at.is_none()
    }

    /// Looks at a sheet; the last one is the newest from now on.
    pub fn go_to(&mut self, at: usize) {
        self.at = (at + 1 < self.sheets.len()).then_some(at);
    }

    /// The sheet that is looked at.
    pub fn sheet(&self) -> Option<&Sheet> {
        self.sheets.get(self.at())
    }

    /// Its picture, if it is in memory.
    pub fn picture(&mut self) -> Option<(&Path, Arc<RgbImage>)> {
        let path = self.sheets.get(self.at())?.path.clone();
        let place = self.kept.iter().position(|(kept, _)| *kept == path)?;
        let kept = self.kept.remove(place)?;
        self.kept.push_back(kept);
        self.kept.back().map(|(path, picture)| (path.as_path(), picture.clone()))
    }

    /// The file to read for what is looked at, if it has to be.
    pub fn wanted(&self) -> Option<&Path> {
        let path = self.sheet()?.path.as_path();
        let is_here = self.kept.iter().any(|(kept, _)| kept == path);
        (!is_here && !self.is_lost()).then_some(path)
    }

    /// Whether the sheet that is looked at could not be read.
    pub fn is_lost(&self) -> bool {
        self.sheet().is_some_and(|sheet| self.lost.contains(&sheet.path))
    }

    fn keep(&mut self, path: PathBuf, picture: Arc<RgbImage>) {
        self.kept.push_back((path, picture));
        let bytes = |kept: &VecDeque<(PathBuf, Arc<RgbImage>)>| -> usize {
            kept.iter().map(|(_, picture)| picture.as_raw().len()).sum()
        };
        while self.kept.len() > 1 && bytes(&self.kept) > KEPT_BYTES {
            self.kept.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(i: u64) -> PathBuf {
        PathBuf::from(format!("{i}.png"))
    }

    #[test]
    fn the_newest_is_followed_until_an_earlier_one_is_chosen() {
        let mut previews = Previews::default();
        assert!(previews.wanted().is_none() && previews.picture().is_none());
        for i in 0..5 {
            previews.add(i * 100, path(i), RgbImage::new(1, 1));
        }
        assert_eq!((previews.at(), previews.follows()), (4, true));
        previews.go_to(1);
        previews.add(500, path(5), RgbImage::new(1, 1));
        assert_eq!((previews.at(), previews.sheet().unwrap().images), (1, 100));
        previews.go_to(5);
        previews.add(600, path(6), RgbImage::new(1, 1));
        assert_eq!(previews.at(), 6);
        // The run went back.
        previews.go_to(6);
        previews.add(300, path(3), RgbImage::new(2, 2));
        assert_eq!((previews.len(), previews.at()), (4, 3));
        assert_eq!(previews.picture().unwrap().1.width(), 2);
    }

    #[test]
    fn memory_is_bounded_and_what_left_it_is_read_again() {
        let mut previews = Previews::default();
        for i in 0..12 {
            previews.add(i, path(i), RgbImage::new(2048, 2048));
        }
        let bytes: usize = previews.kept.iter().map(|(_, p)| p.as_raw().len()).sum();
        assert!(bytes <= KEPT_BYTES, "{bytes}");
        previews.go_to(0);
        assert_eq!(previews.wanted(), Some(path(0).as_path()));
        previews.take(path(0), Some(RgbImage::new(3, 3)));
        assert_eq!(previews.picture().unwrap().1.width(), 3);
        previews.go_to(1);
        previews.take(path(1), None);
        assert!(previews.is_lost() && previews.wanted().is_none());
    }
}
