//! Pictures in pairs as a training run meets them: matched, framed alike, cropped and mirrored alike.

#![allow(clippy::unwrap_used)] // the helpers of tests panic like the tests

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use image::{DynamicImage, GrayImage, Luma, Rgb, RgbImage};
use latentscape::data::{
    Batch, DataSource, Dataset, Direction, Framing, Loader, LoaderConfig, OpenOptions, Target,
    demo_pairs, survey,
};
use latentscape::error::{Error, Result};
use latentscape::picture;

const TARGET: Target = Target { input: 1, channels: 3, height: 12, width: 16 };
const CONFIG: LoaderConfig =
    LoaderConfig { batch: 4, seed: 11, flip: true, first_batch: 0, first_picture: 0 };
const PLAIN: OpenOptions =
    OpenOptions { memory_limit_bytes: 1 << 24, jitter: 0.0, most: usize::MAX };

/// A photo of a kind: smooth, no two alike, and different everywhere.
fn photo(number: u32, width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let part = |v: u32, of: u32| (v * 200 / of.max(1)) as u8;
        Rgb([part(x, width), part(y, height), (number * 37 % 251) as u8])
    })
}

/// What a pair's output is here: the negative of its input.
fn negative(picture: &RgbImage) -> RgbImage {
    let mut negative = picture.clone();
    negative.pixels_mut().for_each(|pixel| pixel.0 = pixel.0.map(|value| 255 - value));
    negative
}

fn side_by_side(a: &RgbImage, b: &RgbImage) -> RgbImage {
    let mut both = RgbImage::new(a.width() + b.width(), a.height());
    image::imageops::replace(&mut both, a, 0, 0);
    image::imageops::replace(&mut both, b, i64::from(a.width()), 0);
    both
}

fn save(picture: &RgbImage, path: PathBuf) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    picture.save(path).unwrap();
}

/// Two folders, `in` and `out`, with `count` pairs of photo and negative.
fn two_folders(count: u32) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for number in 0..count {
        let (photo, deep) = (photo(number, 40, 30), if number % 3 == 0 { "deep/" } else { "" });
        save(&photo, root.path().join(format!("in/{deep}{number:02}.png")));
        save(&negative(&photo), root.path().join(format!("out/{deep}{number:02}.bmp")));
    }
    root
}

fn two(root: &Path) -> DataSource {
    DataSource::TwoFolders { inputs: root.join("in"), outputs: root.join("out") }
}

fn open(source: &DataSource, target: Target, options: OpenOptions) -> Result<Dataset> {
    Dataset::open(source, target, Framing::Crop, options, &mut |_, _| true)
}

fn batches(dataset: Dataset, config: LoaderConfig, count: usize) -> Vec<Batch> {
    let mut loader = Loader::start(Arc::new(dataset), config).unwrap();
    (0..count).map(|_| loader.next().unwrap()).collect()
}

/// Every pair of a batch, its planes as bytes.
fn planes(batch: &Batch, target: Target) -> Vec<Vec<Vec<u8>>> {
    let bytes = |plane: &[f32]| plane.iter().map(|value| picture::byte(*value)).collect();
    let pairs = batch.pixels.chunks_exact(target.bytes());
    let plane = target.height * target.width;
    pairs.map(|pair| pair.chunks_exact(plane).map(bytes).collect()).collect()
}

/// Why each file was left out, by its name.
fn reasons(dataset: &Dataset) -> Vec<(String, String)> {
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    dataset.skipped().iter().map(|skipped| (name(&skipped.path), skipped.why.clone())).collect()
}

#[test]
fn folders_are_matched_and_inputs_come_first() {
    let root = two_folders(7);
    save(&photo(9, 40, 30), root.path().join("in/alone.png"));
    let target = Target { input: 3, height: 30, width: 40, ..TARGET };
    let dataset = open(&two(root.path()), target, PLAIN).unwrap();
    assert_eq!(dataset.len(), 7);
    let skipped = reasons(&dataset);
    assert_eq!((skipped.len(), skipped[0].0.as_str()), (1, "alone.png"));
    let mut shades = HashSet::new();
    for index in 0..7 {
        let pair = dataset.pixels(index).unwrap();
        assert_eq!(pair.len(), 30 * 40 * 6);
        for pixel in pair.chunks_exact(6) {
            assert!((0..3).all(|c| pixel[c] == 255 - pixel[3 + c]), "{pixel:?}");
        }
        shades.insert(pair[2]);
    }
    assert_eq!(shades.len(), 7);
    let exchanged = open(&two(root.path()).reversed(), target, PLAIN).unwrap();
    assert_eq!(exchanged.pixels(0).unwrap()[..3], dataset.pixels(0).unwrap()[3..6]);
    let only = DataSource::TwoFolders { inputs: "/no/such".into(), outputs: root.path().into() };
    assert!(matches!(open(&only, target, PLAIN), Err(Error::Io { .. })));
}

#[test]
fn pictures_side_by_side_are_cut_apart_in_either_direction() {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    let a = photo(3, 20, 16);
    save(&side_by_side(&a, &negative(&a)), at("deep/a.png"));
    save(&photo(0, 41, 16), at("odd.png"));
    save(&photo(0, 16, 16), at("square.png"));
    let target = Target { input: 3, height: 16, width: 20, ..TARGET };
    let source = |direction| DataSource::SideBySide { folder: root.path().into(), direction };
    for (direction, expected) in [
        (Direction::AToB, [0, 0, 111, 255, 255, 144]),
        (Direction::BToA, [255, 255, 144, 0, 0, 111]),
    ] {
        let dataset = open(&source(direction), target, PLAIN).unwrap();
        assert_eq!(dataset.len(), 1);
        // No colour bleeds over the seam.
        assert_eq!(dataset.pixels(0).unwrap()[..6], expected);
        for pixel in dataset.pixels(0).unwrap().chunks_exact(6) {
            assert!((0..3).all(|c| pixel[c] == 255 - pixel[3 + c]), "{pixel:?}");
        }
        let skipped = reasons(&dataset);
        assert_eq!(skipped.len(), 2);
        assert!(skipped[0].0 == "odd.png" && skipped[0].1.contains("41 pixels across"));
        assert!(skipped[1].0 == "square.png" && skipped[1].1.contains("not two pictures"));
    }
}

#[test]
fn one_folder_where_two_were_meant_is_told_so() {
    let root = two_folders(3);
    let single =
        DataSource::SideBySide { folder: root.path().join("in/deep"), direction: Direction::AToB };
    // Wider than high: nothing speaks against it. As high as wide, all of them: something does.
    assert!(open(&single, TARGET, PLAIN).is_ok());
    let folder = tempfile::tempdir().unwrap();
    for number in 0..3 {
        save(&photo(number, 24, 24), folder.path().join(format!("{number}.png")));
    }
    let single = DataSource::Folder(folder.path().into()).paired(Direction::AToB).unwrap();
    let looked = survey(&single, TARGET, Framing::Crop, 9, &mut |_, _| true).map(|_| ());
    for result in [open(&single, TARGET, PLAIN).map(|_| ()), looked] {
        let error = result.unwrap_err().to_string();
        assert!(error.contains("second folder") && error.contains("--outputs"), "{error}");
    }
    let plain = Target { input: 0, ..TARGET };
    let error = open(&single, plain, PLAIN).unwrap_err().to_string();
    assert!(error.contains("preset pix2pix"), "{error}");
    let error = open(&DataSource::Folder(folder.path().into()), TARGET, PLAIN).unwrap_err();
    assert!(error.to_string().contains("A|B"), "{error}");
}

#[test]
fn what_does_not_fit_is_left_out_and_named() {
    let root = two_folders(4);
    let out = |name: &str| root.path().join("out").join(name);
    save(&photo(1, 30, 30), out("01.bmp"));
    std::fs::write(out("02.bmp"), b"no picture at all").unwrap();
    let bytes = std::fs::read(out("deep/03.bmp")).unwrap();
    std::fs::write(out("deep/03.bmp"), &bytes[..bytes.len() / 2]).unwrap();
    // Another size of the same shape is no harm.
    save(&negative(&photo(0, 80, 60)), out("deep/00.bmp"));
    for memory_limit_bytes in [1 << 20, 0] {
        let options = OpenOptions { memory_limit_bytes, ..PLAIN };
        let dataset = open(&two(root.path()), TARGET, options).unwrap();
        let skipped = reasons(&dataset);
        let why = |name: &str| skipped.iter().find(|(n, _)| n == name).map(|(_, why)| &**why);
        assert!(why("01.png").unwrap().contains("different shapes"), "{skipped:?}");
        assert!(why("02.bmp").unwrap().contains("not that of a picture"), "{skipped:?}");
        assert!(dataset.pixels(0).is_ok());
        // What only the pixels say is found out when they are read.
        let is_whole = memory_limit_bytes > 0;
        assert_eq!(why("03.bmp").is_some(), is_whole);
        assert_eq!(dataset.len(), if is_whole { 1 } else { 2 });
        assert_eq!(dataset.is_in_memory(), is_whole);
    }
    for name in ["deep/00.bmp", "deep/03.bmp"] {
        std::fs::write(out(name), b"").unwrap();
    }
    let error = open(&two(root.path()), TARGET, PLAIN).unwrap_err().to_string();
    assert!(error.contains("none of its 4 pictures"), "{error}");
}

/// The output is the negative of the input before and after every crop and flip.
#[test]
fn crops_and_flips_are_the_same_for_both_halves() {
    let root = two_folders(6);
    let target = Target { input: 3, ..TARGET };
    let options = OpenOptions { jitter: 0.25, ..PLAIN };
    for options in [options, OpenOptions { memory_limit_bytes: 0, ..options }] {
        let dataset = open(&two(root.path()), target, options).unwrap();
        assert_eq!((dataset.target(), dataset.len()), (target, 6));
        assert_eq!(dataset.pixels(0).unwrap().len(), target.bytes());
        let (mut corners, mut flipped) = (HashSet::new(), 0);
        for pair in batches(dataset, CONFIG, 30).iter().flat_map(|b| planes(b, target)) {
            for channel in 0..3 {
                let both = pair[channel].iter().zip(&pair[3 + channel]);
                assert!(
                    both.into_iter()
                        .all(|(a, b)| (254..=256).contains(&(i32::from(*a) + i32::from(*b))))
                );
            }
            // Red grows to the right, green downwards.
            flipped += usize::from(pair[0][0] > pair[0][1]);
            corners.insert((pair[0][0].min(pair[0][target.width - 1]), pair[1][0]));
        }
        // 5 places across and 4 down.
        assert!((12..=20).contains(&corners.len()), "{} crops", corners.len());
        assert!((35..=85).contains(&flipped), "{flipped} of 120");
    }
}

#[test]
fn a_run_that_goes_on_gets_the_crops_it_would_have_got() {
    let root = two_folders(7);
    let options = OpenOptions { jitter: 0.25, ..PLAIN };
    let source = two(root.path());
    let set = |options| open(&source, TARGET, options).unwrap();
    let whole = batches(set(options), CONFIG, 12);
    let config = LoaderConfig { first_batch: 5, first_picture: 20, ..CONFIG };
    assert_eq!(batches(set(options), config, 7), whole[5..]);
    let little = OpenOptions { memory_limit_bytes: 3000, ..options };
    assert_eq!(batches(set(little), config, 7), whole[5..], "memory decides about speed only");
    let other = LoaderConfig { seed: 12, ..CONFIG };
    assert_ne!(batches(set(options), other, 12)[5..], whole[5..]);
}

#[test]
fn label_maps_keep_their_colours() {
    let root = tempfile::tempdir().unwrap();
    let labels = demo_pairs::LABELS.map(|(_, colour)| colour);
    let map = RgbImage::from_fn(45, 34, |x, y| Rgb(labels[(x / 5 + y / 7 * 3) as usize % 12]));
    save(&map, root.path().join("in/1.png"));
    save(&photo(1, 45, 34), root.path().join("out/1.png"));
    for (height, width) in [(12, 16), (64, 64), (34, 45), (100, 20)] {
        for framing in [Framing::Crop, Framing::Fit] {
            let target = Target { input: 3, channels: 3, height, width };
            let options = OpenOptions { jitter: 0.117, ..PLAIN };
            let source = two(root.path());
            let dataset =
                Dataset::open(&source, target, framing, options, &mut |_, _| true).unwrap();
            let mut seen = HashSet::new();
            for pair in batches(dataset, CONFIG, 2).iter().flat_map(|b| planes(b, target)) {
                seen.extend((0..height * width).map(|i| [pair[0][i], pair[1][i], pair[2][i]]));
            }
            assert!(seen.iter().all(|colour| labels.contains(colour)), "{width}×{height}");
            assert!(seen.len() > 6, "{} labels at {width}×{height}", seen.len());
        }
    }
}

#[test]
fn inputs_may_have_one_to_four_channels() {
    let root = tempfile::tempdir().unwrap();
    let clear = image::RgbaImage::from_fn(16, 12, |x, y| {
        image::Rgba([x as u8 * 9, y as u8 * 11, 60, if x < 8 { 255 } else { 51 }])
    });
    std::fs::create_dir(root.path().join("in")).unwrap();
    DynamicImage::ImageRgba8(clear).save(root.path().join("in/1.png")).unwrap();
    let grey = GrayImage::from_fn(16, 12, |x, y| Luma([(x * y) as u8]));
    std::fs::create_dir(root.path().join("out")).unwrap();
    grey.save(root.path().join("out/1.png")).unwrap();
    // Grey by ITU-R BT.601; what is see-through lies on white unless its opacity is a channel.
    for (input, first, last) in [
        (1, vec![7], vec![228]),
        (2, vec![7, 255], vec![118, 51]),
        (3, vec![0, 0, 60], vec![231, 228, 216]),
        (4, vec![0, 0, 60, 255], vec![135, 121, 60, 51]),
    ] {
        let target = Target { input, channels: 1, height: 12, width: 16 };
        let dataset = open(&two(root.path()), target, PLAIN).unwrap();
        let pixels = dataset.pixels(0).unwrap();
        let of = |pixel: &[u8]| (pixel[..input].to_vec(), pixel[input]);
        let mut pixels = pixels.chunks_exact(input + 1).map(of);
        assert_eq!(pixels.next().unwrap(), (first, 0), "{input} channels");
        let (value, output) = pixels.next_back().unwrap();
        let near = value.iter().zip(&last).all(|(a, b)| a.abs_diff(*b) <= 5);
        assert!(near && output == 165, "{value:?} {output}");
    }
    let five = Target { input: 5, ..TARGET };
    assert!(matches!(open(&two(root.path()), five, PLAIN), Err(Error::BadSetting { .. })));
}

#[test]
fn held_out_pairs_are_the_last_ones_whole_and_unjittered() {
    let root = two_folders(9);
    let whole = open(&two(root.path()), TARGET, PLAIN).unwrap();
    for jitter in [0.0, 0.25] {
        for memory_limit_bytes in [1 << 20, 0, 2500, 7 * TARGET.bytes() as u64] {
            let options = OpenOptions { memory_limit_bytes, jitter, ..PLAIN };
            let set = open(&two(root.path()), TARGET, options).unwrap();
            let before: Vec<u8> = set.pixels(1).unwrap().into_owned();
            let (first, last) = set.split_off_last(3).unwrap();
            assert_eq!((first.len(), last.len()), (6, 3), "{jitter} {memory_limit_bytes}");
            assert_eq!(*first.pixels(1).unwrap(), before);
            assert!(first.pixels(6).is_err() && last.pixels(3).is_err());
            for i in 0..3 {
                assert_eq!(last.pixels(i).unwrap(), whole.pixels(6 + i).unwrap());
            }
            let shown = batches(first, CONFIG, 6);
            assert!(shown.iter().all(|batch| batch.pixels.len() == 4 * TARGET.bytes()));
        }
    }
    for count in [0, 9, usize::MAX] {
        let set = open(&two(root.path()), TARGET, PLAIN).unwrap();
        let error = set.split_off_last(count).unwrap_err().to_string();
        assert!(error.contains("held back"), "{error}");
    }
}

#[test]
fn plain_pictures_can_be_held_out_too() {
    let root = tempfile::tempdir().unwrap();
    let digits = root.path().join("digits");
    let mut bytes = vec![0, 0, 8, 3, 0, 0, 0, 6, 0, 0, 0, 2, 0, 0, 0, 2];
    bytes.extend(0..24);
    std::fs::write(&digits, bytes).unwrap();
    let target = Target { input: 0, channels: 1, height: 2, width: 2 };
    for memory_limit_bytes in [1 << 20, 0, 9, 17] {
        let options = OpenOptions { memory_limit_bytes, ..PLAIN };
        let set = open(&DataSource::Idx(digits.clone()), target, options).unwrap();
        let (first, last) = set.split_off_last(3).unwrap();
        for i in 0..3u8 {
            assert_eq!(first.pixels(i.into()).unwrap()[0], 4 * i);
            assert_eq!(last.pixels(i.into()).unwrap()[0], 12 + 4 * i);
        }
        assert!(first.pixels(3).is_err() && last.pixels(3).is_err());
    }
    let jitter = OpenOptions { jitter: 0.1, ..PLAIN };
    let error = open(&DataSource::Idx(digits), target, jitter).unwrap_err().to_string();
    assert!(error.contains("--jitter"), "{error}");
}

#[test]
fn a_look_shows_input_and_output_and_says_what_is_left_out() {
    let root = two_folders(8);
    let at = |name: &str| root.path().join(name);
    for (from, to) in [("in/01.png", "in/10.png"), ("out/01.bmp", "out/10.bmp")] {
        std::fs::copy(at(from), at(to)).unwrap();
    }
    std::fs::write(at("in/02.png"), b"").unwrap();
    let source = two(root.path());
    let found = survey(&source, TARGET, Framing::Crop, 50, &mut |_, _| true).unwrap();
    assert_eq!((found.pictures, found.skipped.len(), found.others), (8, 1, 0));
    assert_eq!(found.sizes, [((40, 30), 8)]);
    assert_eq!(found.modes, [("colour".to_owned(), 8)]);
    assert_eq!(found.duplicates, [["01.png", "10.png"]]);
    assert_eq!(found.samples.len(), 8);
    let set = open(&source, TARGET, PLAIN).unwrap();
    for (i, sample) in found.samples.iter().enumerate() {
        assert_eq!(sample.dimensions(), (32, 12));
        let pair = set.pixels(i).unwrap();
        assert_eq!(sample.get_pixel(0, 0).0, [pair[0]; 3]);
        assert_eq!(sample.get_pixel(16, 0).0, pair[1..4]);
    }
}

#[test]
fn the_built_in_pairs_open_at_their_own_size() {
    let target = Target { input: 3, channels: 3, height: 128, width: 128 };
    let sketches = open(&DataSource::DemoSketches, target, PLAIN).unwrap();
    let (first, held) = sketches.split_off_last(50).unwrap();
    assert_eq!((first.name(), held.name()), ("demo-sketches", "demo-sketches"));
    assert!(first.len() >= 950 && held.len() == 50);
    let mut calls = Vec::new();
    let small = Target { height: 32, width: 32, ..target };
    let options = OpenOptions { jitter: 0.117, ..PLAIN };
    let labels =
        Dataset::open(&DataSource::DemoLabels, small, Framing::Crop, options, &mut |done, all| {
            calls.push((done, all));
            true
        });
    let labels = labels.unwrap();
    assert!(calls.is_sorted() && calls.last() == Some(&(labels.len(), labels.len())));
    assert_eq!(labels.len(), first.len() + held.len());
    let is_label = |pixel: &[u8]| demo_pairs::LABELS.iter().any(|(_, c)| *c == pixel[..3]);
    assert!(labels.pixels(7).unwrap().chunks_exact(6).all(is_label));
    // Both sets show the same faces, also after some are held out.
    let (labels, held_labels) = labels.split_off_last(50).unwrap();
    let (_, more_labels) = labels.split_off_last(50).unwrap();
    let faces = |set: &Dataset, i: usize, planes: usize| -> f64 {
        let pixels = set.pixels(i).unwrap();
        let values = pixels.chunks_exact(planes).flat_map(|pixel| &pixel[3..]);
        values.map(|v| f64::from(*v)).sum::<f64>() / (pixels.len() / 2) as f64
    };
    for i in [0, 20, 49] {
        let (large, small) = (faces(&held, i, 6), faces(&held_labels, i, 6));
        assert!((large - small).abs() < 1.0, "{i}: {large} {small}");
        let more = (faces(&first, first.len() - 50 + i, 6), faces(&more_labels, i, 6));
        assert!((more.0 - more.1).abs() < 1.0, "{i}: {more:?}");
        let ink = held.pixels(i).unwrap().chunks_exact(6).filter(|p| p[..3] == [0; 3]).count();
        assert!((400..3000).contains(&ink), "{ink}");
    }
    let cancelled =
        Dataset::open(&DataSource::DemoLabels, small, Framing::Crop, PLAIN, &mut |_, _| false);
    assert!(matches!(cancelled, Err(Error::Cancelled)));
}
