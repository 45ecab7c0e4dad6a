//! Animated GIFs.

use std::io::BufWriter;
use std::path::Path;
use std::time::Duration;

use image::codecs::gif::{GifEncoder, Repeat};
use image::{Delay, DynamicImage, Frame, RgbImage};

use crate::disk;
use crate::error::Result;

/// How thoroughly colours are chosen, from 1, the best, to 30, the quickest.
const SPEED: i32 = 10;

/// Writes `frames`, all of one size, to `path` as a GIF that begins again at its end: all or nothing.
/// Each is shown for `each`, the last one for `last`. Returns how many there are.
///
/// # Errors
/// [`crate::Error::Io`] if the file cannot be written; whatever `frames` returns, [`crate::Error::Cancelled`]
/// too.
pub fn save_gif(
    path: &Path,
    frames: impl IntoIterator<Item = Result<RgbImage>>,
    each: Duration,
    last: Duration,
) -> Result<usize> {
    let mut failed = None;
    let mut count = 0;
    let written = disk::write_atomic_with(path, |file| {
        let mut encoder = GifEncoder::new_with_speed(BufWriter::new(file), SPEED);
        let foreign = |error: image::ImageError| std::io::Error::other(error);
        encoder.set_repeat(Repeat::Infinite).map_err(foreign)?;
        let mut frames = frames.into_iter().peekable();
        while let Some(frame) = frames.next() {
            let picture = match frame {
                Ok(picture) => DynamicImage::ImageRgb8(picture).into_rgba8(),
                Err(error) => {
                    failed = Some(error);
                    return Err(std::io::ErrorKind::Other.into());
                }
            };
            let shown = if frames.peek().is_some() { each } else { last };
            let delay = Delay::from_saturating_duration(shown);
            encoder.encode_frame(Frame::from_parts(picture, 0, 0, delay)).map_err(foreign)?;
            count += 1;
        }
        Ok(())
    });
    match failed {
        Some(error) => Err(error),
        None => written.map(|()| count),
    }
}

#[cfg(test)]
mod tests {
    use image::codecs::gif::GifDecoder;
    use image::{AnimationDecoder, Rgb};

    use super::*;
    use crate::error::Error;

    #[test]
    fn a_film_has_its_frames_and_times() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.gif");
        let colours = [[255, 0, 0], [0, 0, 255], [255, 255, 255]];
        let frames = colours.map(|colour| Ok(RgbImage::from_pixel(6, 4, Rgb(colour))));
        let (each, last) = (Duration::from_millis(50), Duration::from_millis(2000));
        assert_eq!(save_gif(&path, frames, each, last).unwrap(), 3);
        let bytes = std::fs::read(&path).unwrap();
        let decoder = GifDecoder::new(std::io::Cursor::new(&bytes)).unwrap();
        let frames = decoder.into_frames().collect_frames().unwrap();
        let times: Vec<_> = frames.iter().map(|frame| Duration::from(frame.delay())).collect();
        assert_eq!(times, [each, each, last]);
        for (frame, [r, g, b]) in frames.iter().zip(colours) {
            assert_eq!(frame.buffer().get_pixel(3, 2).0, [r, g, b, 255]);
        }
    }

    #[test]
    fn what_fails_leaves_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.gif");
        std::fs::write(&path, "old").unwrap();
        let frames = [Ok(RgbImage::new(4, 4)), Err(Error::Cancelled)];
        let error = save_gif(&path, frames, Duration::ZERO, Duration::ZERO).unwrap_err();
        assert!(matches!(error, Error::Cancelled), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
