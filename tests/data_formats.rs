//! Every format and colour mode becomes the same pixels, in agreement with Pillow.

#![allow(clippy::unwrap_used)] // the helpers of tests panic like the tests

use std::path::{Path, PathBuf};

use image::{DynamicImage, ImageFormat, RgbImage};
use latentscape::data::{DataSource, Dataset, Framing, OpenOptions, Target, frame, open_picture};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn open(folder: &Path, target: Target, framing: Framing) -> Dataset {
    let source = DataSource::parse(folder.to_str().unwrap()).unwrap();
    let options = OpenOptions::default();
    Dataset::open(&source, target, framing, options, &mut |_, _| true).unwrap()
}

/// The largest difference between two pictures' bytes.
fn difference(a: &[u8], b: &[u8]) -> u8 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).max().unwrap_or(0)
}

/// A picture with colour, grey and every transparency: columns go from clear to opaque.
fn sample() -> image::Rgba32FImage {
    image::ImageBuffer::from_fn(32, 16, |x, y| {
        let (x, y) = (x as f32 / 31.0, y as f32 / 15.0);
        image::Rgba([y, 1.0 - y, 0.5 * x + 0.2 * y, x])
    })
}

/// What [`sample`] looks like in `mode` on white, by the definition of "over".
fn expected(has_alpha: bool, is_grey: bool, channels: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for pixel in sample().pixels() {
        let [red, green, blue, alpha] = pixel.0;
        let alpha = if has_alpha { alpha } else { 1.0 };
        let over = |value: f32| 255.0 * (value * alpha + 1.0 - alpha);
        let rgb = if is_grey { [green; 3] } else { [red, green, blue] };
        if channels == 3 {
            bytes.extend(rgb.map(|value| over(value).round() as u8));
        } else {
            let [red, green, blue] = rgb.map(over);
            bytes.push((0.299 * red + 0.587 * green + 0.114 * blue).round() as u8);
        }
    }
    bytes
}

#[test]
fn every_format_in_every_mode_is_the_same_picture() {
    use ImageFormat::{Bmp, Gif, Jpeg, Png, WebP};
    let colour = DynamicImage::ImageRgba32F(sample());
    // The grey pictures hold the green channel.
    let grey = |wide: bool, alpha: bool| {
        let (source, mut bytes) = (sample(), Vec::new());
        for pixel in source.pixels() {
            bytes.push(pixel.0[1]);
            bytes.extend(alpha.then_some(pixel.0[3]));
        }
        let narrow = |value: &f32| (value * 255.0).round() as u8;
        let long = |value: &f32| (value * 65_535.0).round() as u16;
        let narrow: Vec<u8> = bytes.iter().map(narrow).collect();
        let long: Vec<u16> = bytes.iter().map(long).collect();
        match (wide, alpha) {
            (false, false) => image::GrayImage::from_raw(32, 16, narrow).map(DynamicImage::from),
            (false, true) => {
                image::GrayAlphaImage::from_raw(32, 16, narrow).map(DynamicImage::from)
            }
            (true, false) => {
                image::ImageBuffer::from_raw(32, 16, long).map(DynamicImage::ImageLuma16)
            }
            (true, true) => {
                image::ImageBuffer::from_raw(32, 16, long).map(DynamicImage::ImageLumaA16)
            }
        }
        .unwrap()
    };
    // Mode, alpha, grey, picture, and the formats that store it with their worst error.
    let opaque = DynamicImage::from(colour.to_rgba8());
    type Row = (&'static str, bool, bool, DynamicImage, Vec<(ImageFormat, u8)>);
    let rows: Vec<Row> = vec![
        (
            "rgb8",
            false,
            false,
            colour.to_rgb8().into(),
            vec![(Png, 1), (Jpeg, 24), (WebP, 1), (Bmp, 1)],
        ),
        ("rgba8", true, false, opaque, vec![(Png, 1), (WebP, 1)]),
        ("rgb16", false, false, colour.to_rgb16().into(), vec![(Png, 1)]),
        ("rgba16", true, false, colour.to_rgba16().into(), vec![(Png, 1)]),
        ("l8", false, true, grey(false, false), vec![(Png, 1), (Jpeg, 6), (WebP, 1), (Bmp, 1)]),
        ("la8", true, true, grey(false, true), vec![(Png, 1), (WebP, 1)]),
        ("l16", false, true, grey(true, false), vec![(Png, 1)]),
        ("la16", true, true, grey(true, true), vec![(Png, 1)]),
        ("gif", false, true, grey(false, false), vec![(Gif, 1)]),
    ];
    for channels in [3, 1] {
        let target = Target { input: 0, channels, height: 16, width: 32 };
        for (mode, alpha, grey, picture, formats) in &rows {
            for (format, tolerance) in formats {
                let folder = tempfile::tempdir().unwrap();
                // A name that says nothing: files are known by their content.
                let path = folder.path().join("picture");
                let picture =
                    if *format == Gif { picture.to_rgba8().into() } else { picture.clone() };
                picture.save_with_format(&path, *format).unwrap();
                let dataset = open(folder.path(), target, Framing::Crop);
                let pixels = dataset.pixels(0).unwrap();
                let worst = difference(&pixels, &expected(*alpha, *grey, channels));
                assert!(
                    worst <= *tolerance,
                    "{mode} as {format:?}, {channels} channels: off by {worst}"
                );
            }
        }
    }
}

#[test]
fn a_gif_is_its_first_frame() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("film.gif");
    let frames = [[250, 10, 10, 255], [10, 10, 250, 255]]
        .map(|colour| image::Frame::new(image::RgbaImage::from_pixel(8, 8, image::Rgba(colour))));
    let mut encoder = image::codecs::gif::GifEncoder::new(std::fs::File::create(&path).unwrap());
    encoder.encode_frames(frames).unwrap();
    drop(encoder);
    let first = open_picture(&path).unwrap();
    assert!(difference(first.as_raw(), &[250, 10, 10].repeat(64)) <= 8);
    let film = open_picture(&fixture("animated.webp")).unwrap();
    assert_eq!(film.dimensions(), (20, 12));
    let [red, green, _] = film.get_pixel(19, 0).0;
    assert!(red > 240 && green < 15, "the first frame is red at the top right");
}

#[test]
fn cmyk_and_other_stranger_files_agree_with_pillow() {
    for (name, reference, tolerance) in [
        ("cmyk.jpg", "cmyk-read.png", 3),
        ("palette.png", "palette-read.png", 1),
        ("progressive.jpg", "progressive-read.png", 3),
        ("lossy.webp", "lossy-read.png", 3),
    ] {
        let ours = open_picture(&fixture(name)).unwrap();
        let theirs = image::open(fixture(reference)).unwrap().into_rgb8();
        assert_eq!(ours.dimensions(), theirs.dimensions());
        let worst = difference(ours.as_raw(), theirs.as_raw());
        assert!(worst <= tolerance, "{name}: off by {worst}");
    }
}

/// Where pixel (x, y) of an upright picture is stored, for each EXIF orientation (TIFF 6.0, tag
/// 274: which sides of the scene the stored first row and first column are).
fn stored_at(orientation: u8, (x, y): (u32, u32), (width, height): (u32, u32)) -> (u32, u32) {
    let (right, bottom) = (width - 1, height - 1);
    match orientation {
        1 => (x, y),
        2 => (right - x, y),
        3 => (right - x, bottom - y),
        4 => (x, bottom - y),
        5 => (y, x),
        6 => (y, right - x),
        7 => (bottom - y, right - x),
        8 => (bottom - y, x),
        _ => unreachable!(),
    }
}

#[test]
fn cameras_may_be_held_in_every_way() {
    let stored = image::open(fixture("exif-1.jpg")).unwrap().into_rgb8();
    for orientation in 1..=8 {
        let path = fixture(&format!("exif-{orientation}.jpg"));
        let upright = open_picture(&path).unwrap();
        let size = if orientation < 5 { (24, 16) } else { (16, 24) };
        assert_eq!(upright.dimensions(), size, "orientation {orientation}");
        let expected = RgbImage::from_fn(size.0, size.1, |x, y| {
            let (x, y) = stored_at(orientation, (x, y), size);
            *stored.get_pixel(x, y)
        });
        assert!(upright == expected, "orientation {orientation}");

        // Through a data set it is the upright picture that is framed.
        let folder = tempfile::tempdir().unwrap();
        std::fs::copy(&path, folder.path().join("a.jpg")).unwrap();
        for channels in [3, 1] {
            for framing in [Framing::Crop, Framing::Fit] {
                let target = Target { input: 0, channels, height: 10, width: 14 };
                let dataset = open(folder.path(), target, framing);
                let plain = folder.path().join("plain.png");
                expected.save(&plain).unwrap();
                let both = open(folder.path(), target, framing);
                let worst = difference(&dataset.pixels(0).unwrap(), &both.pixels(1).unwrap());
                assert!(worst <= 2, "orientation {orientation}, {framing:?}: off by {worst}");
                std::fs::remove_file(plain).unwrap();
            }
        }
    }
}

#[test]
fn crops_and_sizes_agree_with_pillow() {
    let picture = open_picture(&fixture("gradient.png")).unwrap();
    let text = std::fs::read_to_string(fixture("frames.json")).unwrap();
    let rows: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(rows.len(), 10);
    for row in rows {
        let number = |name: &str| row[name].as_u64().unwrap() as usize;
        let channels = number("channels");
        let target =
            Target { input: 0, channels, height: number("height"), width: number("width") };
        let theirs: Vec<u8> =
            row["pixels"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap() as u8).collect();
        let folder = tempfile::tempdir().unwrap();
        std::fs::copy(fixture("gradient.png"), folder.path().join("a.png")).unwrap();
        let dataset = open(folder.path(), target, Framing::Crop);
        let worst = difference(&dataset.pixels(0).unwrap(), &theirs);
        assert!(worst <= 1, "{target:?}: off by {worst}");
        if channels == 3 {
            let framed = frame(picture.as_raw(), (48, 32), target, Framing::Crop).unwrap();
            assert_eq!(framed, *dataset.pixels(0).unwrap());
        }
    }
}
