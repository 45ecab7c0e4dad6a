//! Damaged, lying and absurd files: always one clear sentence, never a panic or a full memory.

#![allow(clippy::unwrap_used)] // the helpers of tests panic like the tests

use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::{Compression, write::GzEncoder};
use image::{ImageFormat, Rgb, RgbImage};
use latentscape::data::{DataSource, Dataset, Framing, OpenOptions, Skipped, Target, open_picture};
use latentscape::error::{Error, Result};
use proptest::prelude::*;

const TARGET: Target = Target { channels: 3, height: 8, width: 8 };

fn open(path: &Path) -> Result<Dataset> {
    let source = DataSource::from_path(path)?;
    Dataset::open(&source, TARGET, Framing::Crop, OpenOptions::default(), &mut |_, _| true)
}

fn picture() -> RgbImage {
    RgbImage::from_fn(24, 24, |x, y| Rgb([(x * 10) as u8, (y * 10) as u8, (x * y) as u8]))
}

fn encoded(format: ImageFormat) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let picture = picture();
    if format == ImageFormat::Gif {
        image::DynamicImage::from(picture).to_rgba8().write_to(&mut bytes, format).unwrap();
    } else {
        picture.write_to(&mut bytes, format).unwrap();
    }
    bytes.into_inner()
}

const FORMATS: [ImageFormat; 5] =
    [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP, ImageFormat::Gif, ImageFormat::Bmp];

/// A PNG chunk with its checksum.
fn chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(name);
    crc.update(body);
    let length = (body.len() as u32).to_be_bytes();
    [&length[..], name, body, &crc.sum().to_be_bytes()].concat()
}

/// A small PNG file that claims a size: 8 bits, colour type as given.
fn png(width: u32, height: u32, colour: u8) -> Vec<u8> {
    let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
    header.extend([8, colour, 0, 0, 0]);
    let mut pixels = flate2::write::ZlibEncoder::new(Vec::new(), Compression::best());
    pixels.write_all(&vec![0; 1 << 20]).unwrap();
    let start = b"\x89PNG\r\n\x1a\n".to_vec();
    [start, chunk(b"IHDR", &header), chunk(b"IDAT", &pixels.finish().unwrap()), chunk(b"IEND", &[])]
        .concat()
}

/// A sound PNG picture with a colour profile of 100 million zeros.
fn png_with_a_bomb() -> Vec<u8> {
    let sound = encoded(ImageFormat::Png);
    let mut profile = flate2::write::ZlibEncoder::new(Vec::new(), Compression::fast());
    profile.write_all(&vec![0; 100_000_000]).unwrap();
    let body = [&b"profile\0\0"[..], &profile.finish().unwrap()].concat();
    let (header, rest) = sound.split_at(33); // signature and IHDR
    [header, &chunk(b"iCCP", &body), rest].concat()
}

/// A JPEG whose header claims another size.
fn jpeg(width: u16, height: u16) -> Vec<u8> {
    let mut bytes = encoded(ImageFormat::Jpeg);
    let frame = bytes.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    bytes[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    bytes[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    bytes
}

fn bmp(width: i32, height: i32) -> Vec<u8> {
    let mut bytes = encoded(ImageFormat::Bmp);
    bytes[18..22].copy_from_slice(&width.to_le_bytes());
    bytes[22..26].copy_from_slice(&height.to_le_bytes());
    bytes
}

fn gif(width: u16, height: u16) -> Vec<u8> {
    let mut bytes = encoded(ImageFormat::Gif);
    bytes[6..8].copy_from_slice(&width.to_le_bytes());
    bytes[8..10].copy_from_slice(&height.to_le_bytes());
    bytes
}

/// Files that cannot be used, and a word of what must be said about each.
fn bad_pictures() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let half = |format| {
        let bytes = encoded(format);
        bytes[..bytes.len() * 2 / 3].to_vec()
    };
    vec![
        ("empty.png", vec![], "empty"),
        ("text.jpg", b"this is not a picture at all".to_vec(), "not that of a picture"),
        ("tiff.png", b"II*\0\x08\0\0\0 and so on, for a while".to_vec(), "not supported"),
        ("half.png", half(ImageFormat::Png), ""),
        ("half.jpg", half(ImageFormat::Jpeg), "truncated"),
        ("half.webp", half(ImageFormat::WebP), ""),
        ("half.gif", half(ImageFormat::Gif), ""),
        ("half.bmp", half(ImageFormat::Bmp), ""),
        ("one-byte.png", vec![0x89], "not that of a picture"),
        ("signature.png", b"\x89PNG\r\n\x1a\n".to_vec(), ""),
        ("signature.jpg", b"\xFF\xD8\xFF\xE0".to_vec(), ""),
        ("nothing-wide.png", png(0, 10, 2), ""),
        ("nothing-high.jpg", jpeg(10, 0), ""),
        ("nothing.bmp", bmp(0, 0), ""),
        ("sixty-thousand.png", png(60_000, 60_000, 2), "16384"),
        ("sixty-thousand.jpg", jpeg(60_000, 60_000), "16384"),
        ("sixty-thousand.gif", gif(60_000, 60_000), "16384"),
        ("sixty-thousand.bmp", bmp(60_000, 60_000), "16384"),
        ("wide.png", png(60_000, 1, 0), "16384"),
        ("most-negative.bmp", bmp(i32::MIN, i32::MIN), ""),
        ("square.png", png(16_000, 16_000, 0), "200 million"),
        ("square.jpg", jpeg(16_000, 16_000), "200 million"),
        ("short-of-pixels.png", png(9_000, 9_000, 0), ""),
    ]
}

#[test]
fn bad_pictures_are_skipped_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let rows = bad_pictures();
    for (name, bytes, _) in &rows {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    picture().save(folder.path().join("good.png")).unwrap();
    RgbImage::from_pixel(1, 1, Rgb([9, 8, 7])).save(folder.path().join("tiny.png")).unwrap();

    let dataset = open(folder.path()).unwrap();
    assert_eq!(dataset.len(), 2);
    assert_eq!(*dataset.pixels(1).unwrap(), [9, 8, 7].repeat(64));
    let of = |name: &str| -> &Skipped {
        let is_it = |skipped: &&Skipped| skipped.path.ends_with(name);
        dataset.skipped().iter().find(is_it).unwrap_or_else(|| panic!("{name} is not named"))
    };
    for (name, _, expected) in &rows {
        let why = &of(name).why;
        assert!(why.contains(expected), "{name}: {why}");
        assert!(!why.is_empty() && !why.contains('\n') && !why.contains(name), "{name}: {why}");
        let error = open_picture(&folder.path().join(name)).unwrap_err().to_string();
        assert!(error.contains(name), "{error}");
    }
    assert_eq!(dataset.skipped().len(), rows.len());
}

#[test]
fn a_folder_without_a_readable_picture_says_what_was_looked_for() {
    let folder = tempfile::tempdir().unwrap();
    let error = open(folder.path()).unwrap_err().to_string();
    assert!(error.contains("PNG, JPEG, WebP, GIF and BMP"), "{error}");
    std::fs::write(folder.path().join("notes.txt"), "words").unwrap();
    let error = open(folder.path()).unwrap_err().to_string();
    assert!(error.contains("1 files of other kinds"), "{error}");
    std::fs::write(folder.path().join("bad.png"), "words").unwrap();
    let error = open(folder.path()).unwrap_err().to_string();
    assert!(error.contains("bad.png") && error.contains("PNG, JPEG"), "{error}");
    // The folder may vanish between choosing and opening.
    let source = DataSource::Folder(folder.path().join("gone"));
    let options = OpenOptions::default();
    let error = Dataset::open(&source, TARGET, Framing::Crop, options, &mut |_, _| true);
    assert!(matches!(error, Err(Error::Io { .. })));
}

#[test]
fn a_bomb_in_a_colour_profile_does_not_go_off() {
    // The picture is read without its profile, or left out: both are fine.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bomb.png");
    std::fs::write(&path, png_with_a_bomb()).unwrap();
    match open_picture(&path) {
        Ok(read) => assert!(read == picture()),
        Err(error) => assert!(error.to_string().contains("memory"), "{error}"),
    }
}

#[cfg(unix)]
#[test]
fn pipes_and_devices_do_not_block() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("zero.png");
    std::os::unix::fs::symlink("/dev/zero", &link).unwrap();
    assert!(open(folder.path()).is_err());
    assert!(DataSource::from_path(&link).is_err());
    assert!(DataSource::from_path(Path::new("/dev/zero")).is_err());
}

#[test]
fn cancelling_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..20 {
        picture().save(folder.path().join(format!("{number}.png"))).unwrap();
    }
    let idx = folder.path().join("digits");
    std::fs::write(&idx, idx_file([100, 2, 2], 400)).unwrap();
    let sources =
        [DataSource::Folder(folder.path().into()), DataSource::Idx(idx), DataSource::Demo];
    for source in sources {
        for patience in [0, 1] {
            let mut calls = 0;
            let mut impatient = |_, _| {
                calls += 1;
                calls <= patience
            };
            let options = OpenOptions::default();
            let result = Dataset::open(&source, TARGET, Framing::Fit, options, &mut impatient);
            assert!(matches!(result, Err(Error::Cancelled)), "{source:?}, {patience}");
        }
    }
}

/// An IDX file with `body` bytes of pixels.
fn idx_file([count, height, width]: [u32; 3], body: usize) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, 3];
    bytes.extend([count, height, width].iter().flat_map(|n| n.to_be_bytes()));
    bytes.extend((0..body).map(|i| i as u8));
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn bad_idx_files_are_refused_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    for (number, bytes) in [
        idx_file([10, 4, 4], 100),
        idx_file([10, 4, 4], 161),
        idx_file([u32::MAX, u32::MAX, u32::MAX], 100),
        gzip(&idx_file([10, 4, 4], 100)),
        gzip(&idx_file([u32::MAX, 16_384, 12_000], 100)),
        gzip(&idx_file([1, 1, 1], 64 << 20)),
    ]
    .into_iter()
    .enumerate()
    {
        let path = folder.path().join(number.to_string());
        std::fs::write(&path, bytes).unwrap();
        let error = open(&path).unwrap_err();
        assert!(matches!(error, Error::BadData { .. }), "{number}: {error}");
        assert!(!error.to_string().contains('\n'));
    }
}

#[test]
fn a_packed_idx_file_beyond_the_memory_limit_says_how_to_go_on() {
    let file: PathBuf = tempfile::NamedTempFile::new().unwrap().into_temp_path().keep().unwrap();
    std::fs::write(&file, gzip(&idx_file([100, 8, 8], 6400))).unwrap();
    let options = OpenOptions { memory_limit_bytes: 1000, ..OpenOptions::default() };
    let source = DataSource::Idx(file.clone());
    let error = Dataset::open(&source, TARGET, Framing::Crop, options, &mut |_, _| true);
    assert!(error.unwrap_err().to_string().contains("gunzip"));
    std::fs::remove_file(file).unwrap();
}

/// Reads `bytes` as a picture and as a data set. Only panics fail.
fn survive(bytes: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.png");
    std::fs::write(&path, bytes).unwrap();
    for result in [open_picture(&path).map(|_| ()), open(&path).map(|_| ())] {
        if let Err(error) = result {
            assert!(!error.to_string().is_empty());
        }
    }
    if let Ok(dataset) = open(folder.path()) {
        assert_eq!(dataset.pixels(0).unwrap().len(), TARGET.bytes());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]

    #[test]
    fn random_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        survive(&bytes);
    }

    #[test]
    fn random_bytes_behind_a_true_beginning_are_survived(
        start in prop::sample::select(vec![
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x08\0\0\0\x08\x08\x02\0\0\0".to_vec(),
            b"\xFF\xD8\xFF\xE0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xFF\xC0".to_vec(),
            b"RIFF\x50\0\0\0WEBPVP8 ".to_vec(),
            b"RIFF\x50\0\0\0WEBPVP8L".to_vec(),
            b"GIF89a\x08\0\x08\0\x80".to_vec(),
            b"BM\x50\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0".to_vec(),
            b"\0\0\x08\x03\0\0\0\x02".to_vec(),
            b"\x1f\x8b\x08\0\0\0\0\0\0\0".to_vec(),
        ]),
        bytes in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        survive(&[start, bytes].concat());
    }

    #[test]
    fn changed_and_shortened_files_are_survived(
        format in 0..8usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        kept in 0.2..1.2f64,
    ) {
        let mut bytes = match format {
            5 => idx_file([3, 4, 4], 48),
            6 => gzip(&idx_file([3, 4, 4], 48)),
            7 => include_bytes!("data/exif-6.jpg").to_vec(),
            format => encoded(FORMATS[format]),
        };
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        bytes.truncate((bytes.len() as f64 * kept) as usize);
        survive(&bytes);
    }
}
