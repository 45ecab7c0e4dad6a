//! One picture from anywhere, made into what a network takes.

use std::path::Path;

use image::{DynamicImage, RgbImage};

use super::frame::Cut;
use super::resample::{Sampling, Window, resample};
use super::{Framing, decode, pairs};
use crate::error::{Error, Result};
use crate::model::ModelSpec;
use crate::picture::{InputKind, Label, Pixels, is_label_map};

/// Mean distance of colours from those of the labels, of 255 shades, above which they are no labels.
const FAR: f64 = 24.0;

/// A picture as it goes in.
#[derive(Debug, Clone, PartialEq)]
pub struct Intake {
    /// The whole picture, centred, on the colour of its border.
    pub pixels: Pixels,
    /// Width and height before.
    pub size: (usize, usize),
    /// Left, top, width and height of the picture within `pixels`; the rest is border.
    pub inner: (usize, usize, usize, usize),
    /// Why the network may not know what to do with it: a sentence.
    pub doubt: Option<String>,
}

impl Intake {
    /// Reads the picture in a file, for the generator of `spec`, which was trained with pictures of
    /// this `kind`, if that is known.
    ///
    /// # Errors
    /// [`Error::WrongModel`] if it takes no pictures; [`Error::Io`] if the file cannot be read,
    /// [`Error::BadPicture`] if it holds none, or too large a one.
    pub fn read(path: &Path, spec: &ModelSpec, kind: Option<&InputKind>) -> Result<Self> {
        spec.expect_pictures()?;
        match pairs::upright(path, u64::MAX)? {
            Some(image) => Self::of(image, spec, kind),
            None => Err(Error::bad_picture(path, "it is too large for this machine's memory")),
        }
    }

    /// As [`Intake::read`], for a picture that is upright already.
    ///
    /// # Errors
    /// [`Error::WrongModel`] if the generator takes no pictures, [`Error::BadSetting`] if this one has
    /// no pixels.
    pub fn of(image: DynamicImage, spec: &ModelSpec, kind: Option<&InputKind>) -> Result<Self> {
        spec.expect_pictures()?;
        let ((height, width), channels) = (spec.size(), spec.inputs());
        let size = (image.width() as usize, image.height() as usize);
        if size.0 == 0 || size.1 == 0 {
            return Err(Error::bad_setting("picture", "it has no pixels"));
        }
        let bytes = decode::flattened(image, channels);
        let sampling = match kind {
            Some(InputKind::Labels(_)) => Sampling::Nearest,
            Some(InputKind::Drawing) => Sampling::Smooth,
            Some(InputKind::Picture) | None => pairs::sampling_of(&bytes, channels),
        };
        let cut = Cut::new(size, (width, height), Framing::Fit);
        let framed = cut.take(&bytes, channels, sampling)?;
        let inner = cut.size;
        let mut pixels = Pixels::new(channels, (width, height), framed)?;
        let doubt = match kind {
            _ if pixels.is_plain() => Some("every pixel of it is the same: it is empty".into()),
            Some(InputKind::Labels(labels)) => snap(&mut pixels, labels).then(|| {
                "its colours are not those of the model's labels: the nearest were taken".into()
            }),
            Some(kind @ InputKind::Drawing) => {
                let found = match is_label_map(&bytes, channels) {
                    true => Some("a label map"),
                    false if InputKind::common([&pixels]) != *kind => Some("a photo or a painting"),
                    false => None,
                };
                found.map(|found| {
                    format!("it looks like {found}, and the model takes {}", kind.name())
                })
            }
            Some(InputKind::Picture) | None => None,
        };
        let (left, top) = ((width - inner.0) / 2, (height - inner.1) / 2);
        Ok(Self { pixels, size, inner: (left, top, inner.0, inner.1), doubt })
    }

    /// Cuts the part of an answer that answers the picture, without the border; `enlarged` brings it to
    /// the size of before.
    ///
    /// # Errors
    /// [`Error::BadSetting`] if the answer is smaller than what went in.
    pub fn cropped(&self, answer: &RgbImage, enlarged: bool) -> Result<RgbImage> {
        let from = (answer.width() as usize, answer.height() as usize);
        let (left, top, width, height) = self.inner;
        if left + width > from.0 || top + height > from.1 {
            let why = format!("{}×{} pixels are too few for an answer", from.0, from.1);
            return Err(Error::bad_setting("picture", why));
        }
        let window = Window {
            left: left as f64,
            top: top as f64,
            width: width as f64,
            height: height as f64,
        };
        let size = if enlarged { self.size } else { (width, height) };
        let bytes = resample(answer.as_raw(), from, window, size, 3, Sampling::Smooth)?;
        RgbImage::from_raw(size.0 as u32, size.1 as u32, bytes)
            .ok_or_else(|| Error::bad_setting("picture", "it has no pixels"))
    }
}

/// Gives every pixel the colour of the nearest label, and says whether that changed much.
fn snap(pixels: &mut Pixels, labels: &[Label]) -> bool {
    let distance = |a: &[u8], b: &[u8]| -> u32 {
        a.iter().zip(b).map(|(a, b)| u32::from(a.abs_diff(*b)).pow(2)).sum()
    };
    let (width, height) = pixels.size();
    let mut sum = 0.0;
    for (x, y) in (0..height).flat_map(|y| (0..width).map(move |x| (x, y))) {
        let Some(pixel) = pixels.get_mut(x, y) else { continue };
        let colours = labels.iter().filter(|label| label.colour.len() == pixel.len());
        let Some(label) = colours.min_by_key(|label| distance(&label.colour, pixel)) else {
            return false;
        };
        sum += (f64::from(distance(&label.colour, pixel)) / pixel.len() as f64).sqrt();
        pixel.copy_from_slice(&label.colour);
    }
    sum / (width * height) as f64 > FAR
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, Rgb};

    use super::*;
    use crate::model::{Network, Preset};

    fn spec(inputs: usize) -> ModelSpec {
        let mut spec = Preset::Pix2pix.spec();
        let Network::Pix2pix(net) = &mut spec.network else { panic!("{}", spec.summary()) };
        (net.inputs, net.resolution) = (inputs, 32);
        spec
    }

    /// Lines on paper.
    fn drawing(width: u32, height: u32) -> DynamicImage {
        GrayImage::from_fn(width, height, |x, _| image::Luma([if x % 16 == 3 { 0 } else { 255 }]))
            .into()
    }

    #[test]
    fn any_shape_fits_and_is_cut_out_of_the_answer() {
        for (width, height, inner) in [
            (64, 32, (0, 8, 32, 16)),
            (32, 64, (8, 0, 16, 32)),
            (5, 5, (0, 0, 32, 32)),
            (1000, 1, (0, 15, 32, 1)),
        ] {
            let image = drawing(width, height);
            let intake = Intake::of(image, &spec(1), None).unwrap();
            assert_eq!((intake.inner, intake.pixels.size()), (inner, (32, 32)));
            // An answer that says where each pixel is.
            let answer = RgbImage::from_fn(32, 32, |x, y| Rgb([x as u8, y as u8, 0]));
            let cut = intake.cropped(&answer, false).unwrap();
            assert_eq!(cut.dimensions(), (inner.2 as u32, inner.3 as u32));
            assert_eq!(cut.get_pixel(0, 0).0, [inner.0 as u8, inner.1 as u8, 0]);
            assert_eq!(intake.cropped(&answer, true).unwrap().dimensions(), (width, height));
            assert!(intake.cropped(&RgbImage::new(16, 16), false).is_err());
        }
    }

    #[test]
    fn what_the_network_does_not_know_is_said() {
        let doubt = |image: DynamicImage, channels, kind: &InputKind| {
            Intake::of(image, &spec(channels), Some(kind)).unwrap().doubt.unwrap_or_default()
        };
        let map =
            RgbImage::from_fn(64, 64, |x, _| Rgb(if x < 20 { [200, 0, 0] } else { [0, 0, 90] }));
        let photo = RgbImage::from_fn(64, 64, |x, y| Rgb([x as u8, y as u8, (x ^ y) as u8]));
        let kind = InputKind::Drawing;
        assert_eq!(doubt(drawing(64, 64), 1, &kind), "");
        assert!(doubt(map.clone().into(), 1, &kind).contains("looks like a label map"));
        assert!(doubt(photo.clone().into(), 1, &kind).contains("takes line drawings"));
        assert!(doubt(RgbImage::new(9, 9).into(), 1, &kind).contains("empty"));
        let colours = [[200, 0, 0], [0, 0, 90]];
        let label = |colour: &[u8; 3]| Label { name: String::new(), colour: colour.to_vec() };
        let kind = InputKind::Labels(colours.iter().map(label).collect());
        assert_eq!(doubt(map.into(), 3, &kind), "");
        assert!(doubt(photo.clone().into(), 3, &kind).contains("not those of the model's labels"));
        let intake = Intake::of(photo.into(), &spec(3), Some(&kind)).unwrap();
        assert!(
            intake.pixels.iter().all(|pixel| colours.contains(&[pixel[0], pixel[1], pixel[2]]))
        );
    }
}
