//! A look at training pictures before anything is trained: what is there, what is left out, what is
//! there twice, and how the network will see it.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use image::RgbImage;

use super::decode::Decoder;
use super::idx::Idx;
use super::opening::{PIECE_BYTES, Pace, advance, framed, nothing_found};
use super::{DataSource, Dataset, Framing, OpenOptions, Progress, Skipped, Target};
use super::{beside, demo, demo_pairs, place};
use crate::error::Result;

/// What was found. Of pairs, each counts as one picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Survey {
    /// Pictures that can be read.
    pub pictures: usize,
    /// Widths and heights with the number of pictures that have them, the most frequent first; those
    /// of the inputs, where there are pairs.
    pub sizes: Vec<((u32, u32), usize)>,
    /// Kinds of pixels (`colour`, `grey, transparent`, `grey → colour`, …) with their number, the most
    /// frequent first.
    pub modes: Vec<(String, usize)>,
    /// Pictures that are smaller than what the network takes, and will be blown up.
    pub enlarged: usize,
    /// Files that are left out, and why.
    pub skipped: Vec<Skipped>,
    /// Files beside the pictures that are no pictures.
    pub others: usize,
    /// Pictures that are there more than once, pixel for pixel: the names of each group.
    pub duplicates: Vec<Vec<String>>,
    /// Some of them, evenly spread, as the network will see them; of pairs input and output side by
    /// side.
    pub samples: Vec<RgbImage>,
    /// What the network takes.
    pub target: Target,
}

impl Survey {
    /// Pictures that could be left out without losing one.
    pub fn surplus(&self) -> usize {
        self.duplicates.iter().map(|group| group.len() - 1).sum()
    }
}

/// Looks at all pictures of `source`; up to `samples` of them are returned as the network will see
/// them.
///
/// # Errors
/// As [`Dataset::open`].
pub fn survey(
    source: &DataSource,
    target: Target,
    framing: Framing,
    samples: usize,
    progress: &mut Progress,
) -> Result<Survey> {
    target.validate()?;
    source.check_for(target)?;
    let mut found = Found::new(target, samples);
    match source {
        DataSource::Demo | DataSource::DemoSketches | DataSource::DemoLabels => {
            found.built_in(source, framing, progress)?;
        }
        DataSource::Folder(root)
        | DataSource::SideBySide { folder: root, .. }
        | DataSource::TwoFolders { inputs: root, .. } => {
            found.files(source, root, framing, progress)?;
        }
        DataSource::Idx(path) => found.idx(path, framing, progress)?,
    }
    Ok(found.survey())
}

/// What is known so far.
struct Found {
    target: Target,
    samples: usize,
    sizes: HashMap<(u32, u32), usize>,
    modes: HashMap<String, usize>,
    /// Places of the pictures with these pixels.
    same: HashMap<[u8; 32], Vec<usize>>,
    names: BTreeMap<usize, String>,
    pictures: usize,
    skipped: Vec<Skipped>,
    others: usize,
    shown: Vec<RgbImage>,
}

impl Found {
    fn new(target: Target, samples: usize) -> Self {
        Self {
            target,
            samples,
            sizes: HashMap::new(),
            modes: HashMap::new(),
            same: HashMap::new(),
            names: BTreeMap::new(),
            pictures: 0,
            skipped: Vec::new(),
            others: 0,
            shown: Vec::new(),
        }
    }

    /// Whether picture `i` of `total` is one of the samples.
    fn is_sample(&self, i: usize, total: usize) -> bool {
        // A sample lies where the rounded share of samples steps up.
        let share = |i: usize| i * self.samples.min(total) / total.max(1);
        i < total && share(i) < share(i + 1)
    }

    fn built_in(
        &mut self,
        source: &DataSource,
        framing: Framing,
        progress: &mut Progress,
    ) -> Result<()> {
        let open = OpenOptions::default();
        let faces = Dataset::open(source, self.target, framing, open, progress)?;
        let (tile, mode) = match source {
            DataSource::DemoSketches => (demo_pairs::tile()?, "black and white → colour"),
            DataSource::DemoLabels => (demo_pairs::tile()?, "labels → colour"),
            _ => (demo::tile()?, "colour"),
        };
        for i in 0..faces.len() {
            let pixels = faces.pixels(i)?;
            let hash = *blake3::hash(&pixels).as_bytes();
            self.add(i, (tile as u32, tile as u32), mode.to_owned(), hash);
            if self.is_sample(i, faces.len()) {
                self.show(&pixels);
            }
        }
        self.name_same(|i| format!("face {i}"));
        Ok(())
    }

    fn files(
        &mut self,
        source: &DataSource,
        root: &Path,
        framing: Framing,
        progress: &mut Progress,
    ) -> Result<()> {
        let listed = place::list(source, &mut |found| progress(found, 0))?;
        let decoder = Decoder { target: self.target, framing };
        let all = listed.places;
        self.skipped = listed.skipped;
        self.others = listed.others;
        let mut pace = Pace::new();
        let mut done = 0;
        while done < all.len() {
            advance(progress, done, all.len())?;
            let places = &all[done..][..pace.pictures().min(all.len() - done)];
            let wanted = |i: usize| self.is_sample(done + i, all.len());
            let looked = pace.time(|| decoder.look_at_many(places, wanted));
            for (i, (place, looked)) in places.iter().zip(looked).enumerate() {
                match looked {
                    Ok(looked) => {
                        self.add(done + i, looked.size, looked.mode, *looked.hash.as_bytes());
                        if let Some(pixels) = looked.framed {
                            self.show(&pixels);
                        }
                    }
                    Err(error) => self.skipped.push(place.skipped(&error)),
                }
            }
            done += places.len();
        }
        if self.pictures == 0 {
            return Err(nothing_found(root, self.others, &self.skipped));
        }
        advance(progress, done, all.len())?;
        let name = |i: usize| {
            let path = all[i].path();
            path.strip_prefix(root).unwrap_or(path).display().to_string()
        };
        self.name_same(name);
        Ok(())
    }

    fn idx(&mut self, path: &Path, framing: Framing, progress: &mut Progress) -> Result<()> {
        let idx = Idx::open(path)?;
        let item = idx.height * idx.width;
        let size = (idx.width as u32, idx.height as u32);
        idx.read_pieces(idx.count, PIECE_BYTES, |piece| {
            advance(progress, self.pictures, idx.count)?;
            for pixels in piece.chunks_exact(item) {
                let i = self.pictures;
                self.add(i, size, "grey".to_owned(), *blake3::hash(pixels).as_bytes());
                if self.is_sample(i, idx.count) {
                    self.show(&framed(pixels, &idx, self.target, framing)?);
                }
            }
            Ok(())
        })?;
        advance(progress, idx.count, idx.count)?;
        self.name_same(|i| format!("picture {i}"));
        Ok(())
    }

    fn add(&mut self, i: usize, size: (u32, u32), mode: String, hash: [u8; 32]) {
        *self.sizes.entry(size).or_default() += 1;
        *self.modes.entry(mode).or_default() += 1;
        self.same.entry(hash).or_default().push(i);
        self.pictures += 1;
    }

    fn show(&mut self, pixels: &[u8]) {
        self.shown.extend(beside(pixels, self.target));
    }

    /// Names those pictures that are there more than once.
    fn name_same(&mut self, name: impl Fn(usize) -> String) {
        let more_than_once = self.same.values().filter(|places| places.len() > 1);
        self.names = more_than_once.flatten().map(|i| (*i, name(*i))).collect();
    }

    fn survey(self) -> Survey {
        let (width, height) = (self.target.width as u32, self.target.height as u32);
        let is_smaller = |(w, h): (u32, u32)| w < width || h < height;
        let small = self.sizes.iter().filter(|(size, _)| is_smaller(**size));
        let enlarged = small.map(|(_, count)| count).sum();
        let groups = self.same.into_values().filter(|places| places.len() > 1);
        let mut groups: Vec<Vec<usize>> = groups.collect();
        groups.sort();
        let named = |group: Vec<usize>| {
            group.iter().filter_map(|i| self.names.get(i).cloned()).collect::<Vec<_>>()
        };
        Survey {
            pictures: self.pictures,
            sizes: ordered(self.sizes),
            modes: ordered(self.modes),
            enlarged,
            skipped: self.skipped,
            others: self.others,
            duplicates: groups.into_iter().map(named).collect(),
            samples: self.shown,
            target: self.target,
        }
    }
}

/// The most frequent first, and in a fixed order.
fn ordered<K: Ord>(counts: HashMap<K, usize>) -> Vec<(K, usize)> {
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by(|(a, m), (b, n)| n.cmp(m).then_with(|| a.cmp(b)));
    counts
}

#[cfg(test)]
mod tests {
    use image::{DynamicImage, GrayImage, Luma, Rgb, Rgba, RgbaImage};

    use super::*;
    use crate::error::Error;

    const TARGET: Target = Target { input: 0, channels: 3, height: 16, width: 16 };

    fn look(source: &DataSource, samples: usize) -> Result<Survey> {
        survey(source, TARGET, Framing::Crop, samples, &mut |_, _| true)
    }

    #[test]
    fn a_mixed_folder_is_told_as_it_is() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        let save = |image: DynamicImage, name: &str| image.save(at(name)).unwrap();
        for i in 0..6u8 {
            let picture = RgbImage::from_fn(20, 30, |x, y| Rgb([x as u8 * 9, y as u8 * 7, i * 40]));
            save(DynamicImage::ImageRgb8(picture), &format!("{i}.png"));
        }
        let grey = GrayImage::from_fn(8, 8, |x, y| Luma([(x * y) as u8]));
        save(DynamicImage::ImageLuma8(grey.clone()), "grey.png");
        // The same picture in other files: another format, and colour instead of grey.
        save(DynamicImage::ImageLuma8(grey.clone()), "copy.bmp");
        save(DynamicImage::ImageRgb8(DynamicImage::ImageLuma8(grey).into_rgb8()), "z.png");
        let clear = RgbaImage::from_pixel(20, 30, Rgba([1, 2, 3, 9]));
        save(DynamicImage::ImageRgba8(clear), "clear.png");
        std::fs::write(at("broken.png"), b"\x89PNG\r\n\x1a\nnot really").unwrap();
        std::fs::write(at("photo.heic"), b"x").unwrap();
        std::fs::write(at("notes.txt"), b"x").unwrap();

        let found = look(&DataSource::Folder(root.path().into()), 5).unwrap();
        assert_eq!(found.pictures, 10);
        assert_eq!(found.sizes, [((20, 30), 7), ((8, 8), 3)]);
        // A grey BMP is one of colours that happen to be grey.
        let modes = [("colour", 8), ("colour, transparent", 1), ("grey", 1)];
        assert_eq!(found.modes, modes.map(|(mode, count)| (mode.to_owned(), count)));
        assert_eq!((found.enlarged, found.others), (3, 1));
        let names: Vec<_> =
            found.skipped.iter().map(|s| s.path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["photo.heic", "broken.png"]);
        assert!(found.skipped.iter().all(|skipped| !skipped.why.is_empty()));
        assert_eq!(found.duplicates, [["copy.bmp", "grey.png", "z.png"]]);
        assert_eq!(found.surplus(), 2);
        assert!((4..=5).contains(&found.samples.len()), "{}", found.samples.len());
        // A sample is what training gets, pixel for pixel.
        let source = DataSource::Folder(root.path().into());
        let open = OpenOptions::default();
        let set = Dataset::open(&source, TARGET, Framing::Crop, open, &mut |_, _| true).unwrap();
        let all: Vec<Vec<u8>> =
            (0..set.len()).map(|i| set.pixels(i).unwrap().into_owned()).collect();
        assert!(found.samples.iter().all(|sample| all.contains(sample.as_raw())));
    }

    #[test]
    fn samples_are_spread_evenly() {
        let found = Found::new(TARGET, 4);
        let chosen: Vec<usize> = (0..10).filter(|i| found.is_sample(*i, 10)).collect();
        assert_eq!(chosen, [2, 4, 7, 9]);
        assert_eq!((0..3).filter(|i| found.is_sample(*i, 3)).count(), 3, "all of a few");
    }

    #[test]
    fn grey_digits_and_demo_faces_are_looked_at_too() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("images-idx3");
        let mut bytes = vec![0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 2];
        bytes.extend([1, 2, 3, 4, 9, 9, 9, 9, 1, 2, 3, 4]);
        std::fs::write(&path, bytes).unwrap();
        let found = look(&DataSource::Idx(path), 9).unwrap();
        assert_eq!((found.pictures, found.samples.len(), found.enlarged), (3, 3, 3));
        assert_eq!(found.sizes, [((2, 2), 3)]);
        assert_eq!(found.duplicates, [["picture 0", "picture 2"]]);
    }

    #[test]
    fn an_empty_folder_is_an_error_and_a_look_can_be_given_up() {
        let root = tempfile::tempdir().unwrap();
        let source = DataSource::Folder(root.path().into());
        assert!(look(&source, 9).unwrap_err().to_string().contains("no pictures were found"));
        let found = survey(&DataSource::Demo, TARGET, Framing::Crop, 9, &mut |_, _| false);
        assert!(matches!(found, Err(Error::Cancelled)));
    }
}
