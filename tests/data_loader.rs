//! Data sets and batches as a training run meets them.

#![allow(clippy::unwrap_used)] // the helpers of tests panic like the tests

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use image::{Rgb, RgbImage};
use latentscape::data::{
    Batch, DataSource, Dataset, Framing, Loader, LoaderConfig, OpenOptions, Target, demo,
};
use latentscape::error::Error;

const TARGET: Target = Target { input: 0, channels: 3, height: 4, width: 6 };
const CONFIG: LoaderConfig =
    LoaderConfig { batch: 4, seed: 11, flip: true, first_batch: 0, first_picture: 0 };

/// A folder of `count` pictures with differing left and right halves, larger than the target.
fn folder(count: u32) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..count {
        let shade = (number * 250 / count.max(1)) as u8;
        let picture = RgbImage::from_fn(12, 8, |x, _| Rgb([shade, if x < 6 { 0 } else { 255 }, 7]));
        picture.save(folder.path().join(format!("{number:03}.png"))).unwrap();
    }
    folder
}

fn open(path: &Path, memory_limit_bytes: u64) -> Dataset {
    let source = DataSource::from_path(path).unwrap();
    let options = OpenOptions { memory_limit_bytes, ..OpenOptions::default() };
    Dataset::open(&source, TARGET, Framing::Crop, options, &mut |_, _| true).unwrap()
}

fn batches(dataset: Dataset, config: LoaderConfig, count: usize) -> Vec<Batch> {
    let mut loader = Loader::start(Arc::new(dataset), config).unwrap();
    (0..count).map(|_| loader.next().unwrap()).collect()
}

fn idx(count: u32) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, 3];
    bytes.extend([count, 8, 12].iter().flat_map(|n| n.to_be_bytes()));
    bytes.extend((0..count * 96).map(|i| (i * 37 % 251) as u8));
    bytes
}

#[test]
fn an_epoch_shows_every_picture_once() {
    let folder = folder(10);
    let batches = batches(open(folder.path(), 1 << 20), CONFIG, 10);
    let plane = TARGET.height * TARGET.width;
    // The red value tells the pictures apart; 40 pictures are 4 epochs.
    let mut seen: HashMap<i32, usize> = HashMap::new();
    for (number, batch) in batches.iter().enumerate() {
        assert_eq!((batch.number, batch.size), (number as u64, 4));
        assert_eq!(batch.epoch, number as u64 * 4 / 10);
        assert_eq!(batch.pixels.len(), 4 * 3 * plane);
        assert!(batch.pixels.iter().all(|value| (-1.0..=1.0).contains(value)));
        for picture in batch.pixels.chunks_exact(3 * plane) {
            *seen.entry((picture[0] * 1000.0) as i32).or_default() += 1;
        }
    }
    assert_eq!(seen.len(), 10);
    assert!(seen.values().all(|&times| times == 4), "{seen:?}");
}

#[test]
fn flips_mirror_some_pictures_and_only_if_asked() {
    let folder = folder(10);
    let lefts = |flip| -> Vec<f32> {
        let config = LoaderConfig { flip, ..CONFIG };
        let plane = TARGET.height * TARGET.width;
        batches(open(folder.path(), 1 << 20), config, 20)
            .iter()
            .flat_map(|batch| {
                batch.pixels.chunks_exact(3 * plane).map(|p| p[plane]).collect::<Vec<_>>()
            })
            .collect()
    };
    // The first green value: about -1 on the dark left side, 1 if that has become the right one.
    assert!(lefts(false).iter().all(|&value| value < -0.9));
    let flipped = lefts(true).iter().filter(|&&value| value > 0.9).count();
    assert!((20..=60).contains(&flipped), "{flipped} of 80");
}

#[test]
fn a_run_that_goes_on_gets_the_batches_it_would_have_got() {
    let folder = folder(7);
    let whole = batches(open(folder.path(), 1 << 20), CONFIG, 12);
    let config = LoaderConfig { first_batch: 5, first_picture: 20, ..CONFIG };
    assert_eq!(batches(open(folder.path(), 1 << 20), config, 7), whole[5..]);
}

#[test]
fn memory_decides_about_speed_only() {
    let folder = folder(9);
    let idx_path = folder.path().join("digits.idx");
    std::fs::write(&idx_path, idx(9)).unwrap();
    for path in [folder.path(), &idx_path] {
        let whole = open(path, 1 << 20);
        assert!(whole.is_in_memory());
        let expected = batches(open(path, 1 << 20), CONFIG, 10);
        for limit in [0, 100, 4 * TARGET.bytes() as u64] {
            let partly = open(path, limit);
            assert!(!partly.is_in_memory());
            assert_eq!(partly.len(), 9);
            for index in 0..9 {
                assert_eq!(partly.pixels(index).unwrap(), whole.pixels(index).unwrap());
            }
            assert!(partly.pixels(9).is_err());
            assert_eq!(batches(partly, CONFIG, 10), expected, "{path:?}, limit {limit}");
        }
        assert!(whole.pixels(9).is_err());
    }
}

#[test]
fn idx_pixels_arrive_unchanged_and_grey_becomes_three_equal_channels() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), idx(5)).unwrap();
    let source = DataSource::from_path(file.path()).unwrap();
    for channels in [1, 3] {
        let target = Target { input: 0, channels, height: 8, width: 12 };
        let options = OpenOptions::default();
        let dataset =
            Dataset::open(&source, target, Framing::Crop, options, &mut |_, _| true).unwrap();
        let stored = idx(5);
        for index in 0..5 {
            let expected = stored[16 + index * 96..][..96].iter();
            let expected: Vec<u8> = expected.flat_map(|&value| vec![value; channels]).collect();
            assert_eq!(*dataset.pixels(index).unwrap(), expected);
        }
    }
}

#[test]
fn files_lost_on_the_way_are_replaced_and_named() {
    let folder = folder(6);
    let dataset = Arc::new(open(folder.path(), 2 * TARGET.bytes() as u64));
    std::fs::remove_file(folder.path().join("004.png")).unwrap();
    std::fs::write(folder.path().join("003.png"), b"no more").unwrap();
    let mut loader = Loader::start(dataset.clone(), CONFIG).unwrap();
    for _ in 0..6 {
        assert_eq!(loader.next().unwrap().size, 4);
    }
    let lost: Vec<_> = dataset.lost().into_iter().map(|lost| lost.path).collect();
    assert_eq!(lost, [folder.path().join("003.png"), folder.path().join("004.png")]);
    assert!(dataset.skipped().is_empty());
}

#[test]
fn when_nothing_can_be_read_any_more_the_loader_says_so() {
    let folder = folder(6);
    let dataset = open(folder.path(), 0);
    let path = folder.path().to_owned();
    drop(folder);
    let mut loader = Loader::start(Arc::new(dataset), CONFIG).unwrap();
    let error = loader.next().unwrap_err();
    assert!(matches!(&error, Error::BadData { path: named, .. } if *named == path), "{error}");
    assert!(matches!(loader.next(), Err(Error::Worker { .. })));
}

#[test]
fn senseless_batches_are_refused() {
    let folder = folder(2);
    let dataset = Arc::new(open(folder.path(), 1 << 20));
    for batch in [0, usize::MAX, 1 << 30] {
        let result = Loader::start(dataset.clone(), LoaderConfig { batch, ..CONFIG });
        assert!(matches!(result, Err(Error::BadSetting { .. })), "{batch}");
    }
}

#[test]
fn a_loader_can_be_dropped_at_any_time() {
    let folder = folder(6);
    for limit in [0, 1 << 20] {
        let dataset = Arc::new(open(folder.path(), limit));
        for taken in [0, 1, 9] {
            let mut loader = Loader::start(dataset.clone(), CONFIG).unwrap();
            for _ in 0..taken {
                loader.next().unwrap();
            }
            drop(loader);
            // The thread is gone: nobody else holds the data set.
            assert_eq!(Arc::strong_count(&dataset), 1);
        }
    }
}

#[test]
fn the_demo_faces_open_at_their_own_size() {
    let target = Target { input: 0, channels: 3, height: 64, width: 64 };
    let mut calls = Vec::new();
    let dataset = Dataset::open(
        &DataSource::Demo,
        target,
        Framing::Crop,
        OpenOptions::default(),
        &mut |done, total| {
            calls.push((done, total));
            true
        },
    )
    .unwrap();
    assert_eq!(dataset.name(), "demo");
    assert_eq!(dataset.len(), demo::attributes().unwrap().rows.len());
    assert!(dataset.skipped().is_empty());
    assert!(calls.is_sorted() && calls.last() == Some(&(dataset.len(), dataset.len())));
    // No face is blank.
    for index in [0, 1, 127, 128, dataset.len() - 1] {
        let face = dataset.pixels(index).unwrap();
        let (low, high) = (face.iter().min(), face.iter().max());
        assert!(high.unwrap() - low.unwrap() > 60, "face {index}");
    }
}

/// The first pictures, whether they are kept in memory or read again each time.
#[test]
fn a_data_set_can_be_cut_short() {
    let folder = folder(10);
    let file = folder.path().join("t10k-images-idx3-ubyte");
    std::fs::write(&file, idx(10)).unwrap();
    for path in [folder.path(), &file] {
        for memory_limit_bytes in [1 << 20, 2 * TARGET.bytes() as u64] {
            let whole = open(path, memory_limit_bytes);
            let options = OpenOptions { memory_limit_bytes, most: 4, ..OpenOptions::default() };
            let source = DataSource::from_path(path).unwrap();
            let cut = Dataset::open(&source, TARGET, Framing::Crop, options, &mut |_, _| true);
            let cut = cut.unwrap();
            assert_eq!((whole.len(), cut.len()), (10, 4), "{}", path.display());
            for i in 0..4 {
                assert_eq!(cut.pixels(i).unwrap(), whole.pixels(i).unwrap());
            }
            assert!(cut.pixels(4).is_err());
        }
    }
}
