//! Pictures on their way into a network: 1 to 4 channels, and what kind of picture they are.

use candle_core::{Device, Tensor};
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder, Rgb, RgbImage};
use serde::{Deserialize, Serialize};

use super::to_tensor;
use crate::error::{Error, Result};

/// The most colours of a label map.
const MOST_LABELS: usize = 32;
/// Share of a drawing, as it was drawn, that is black or white.
const DRAWN: f64 = 0.9;
/// Share of a drawing that is paper, also after it was resized.
const PAPER: f64 = 0.5;

/// A picture of 1 to 4 channels: grey, grey and opacity, colour, colour and opacity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pixels {
    channels: usize,
    width: usize,
    height: usize,
    /// Interleaved, row after row.
    bytes: Vec<u8>,
}

impl Pixels {
    /// A picture of `width` × `height` pixels from its interleaved bytes.
    ///
    /// # Errors
    /// [`Error::BadSetting`] if there are too many or too few of them.
    pub fn new(channels: usize, (width, height): (usize, usize), bytes: Vec<u8>) -> Result<Self> {
        let expected = width.checked_mul(height).and_then(|pixels| pixels.checked_mul(channels));
        if !(1..=4).contains(&channels) || expected != Some(bytes.len()) || bytes.is_empty() {
            let why = format!(
                "{} bytes cannot be {width}×{height} pixels of {channels} channels",
                bytes.len()
            );
            return Err(Error::bad_setting("picture", why));
        }
        Ok(Self { channels, width, height, bytes })
    }

    /// A picture of one colour, which has as many channels; of one pixel at least.
    pub fn plain(colour: &[u8], (width, height): (usize, usize)) -> Self {
        let (width, height) = (width.max(1), height.max(1));
        Self { channels: colour.len(), width, height, bytes: colour.repeat(width * height) }
    }

    /// Bytes of a pixel.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Width and height.
    pub fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    /// Interleaved bytes, row after row.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The pixels, row after row.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.bytes.chunks_exact(self.channels)
    }

    /// The pixel in column `x` and row `y`, if there is one.
    pub fn get(&self, x: usize, y: usize) -> Option<&[u8]> {
        self.bytes.get(self.place(x, y)?..)?.get(..self.channels)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, x: usize, y: usize) -> Option<&mut [u8]> {
        let place = self.place(x, y)?;
        self.bytes.get_mut(place..)?.get_mut(..self.channels)
    }

    fn place(&self, x: usize, y: usize) -> Option<usize> {
        (x < self.width && y < self.height).then_some((y * self.width + x) * self.channels)
    }

    /// Whether all pixels are the same: there is nothing to see.
    pub fn is_plain(&self) -> bool {
        // Against itself, a pixel on: as quick as memory is read.
        let others = self.bytes.len().saturating_sub(self.channels);
        self.bytes[self.bytes.len() - others..] == self.bytes[..others]
    }

    /// `[1, C, H, W]` in [-1, 1].
    ///
    /// # Errors
    /// [`Error::Tensor`] if the device fails.
    pub fn to_tensor(&self, device: &Device) -> Result<Tensor> {
        to_tensor(&[&self.bytes], (self.channels, self.height, self.width), device)
    }

    /// The picture as a PNG file's bytes, with all its channels.
    ///
    /// # Errors
    /// [`Error::BadPicture`] if it is too large for such a file.
    pub fn to_png(&self) -> Result<Vec<u8>> {
        let kind = match self.channels {
            1 => ExtendedColorType::L8,
            2 => ExtendedColorType::La8,
            3 => ExtendedColorType::Rgb8,
            _ => ExtendedColorType::Rgba8,
        };
        let mut file = Vec::new();
        let (width, height) = (self.width as u32, self.height as u32);
        PngEncoder::new(&mut file)
            .write_image(&self.bytes, width, height, kind)
            .map_err(|error| Error::bad_picture("<picture>", error.to_string()))?;
        Ok(file)
    }

    /// For people: grey as grey, what is see-through on white.
    pub fn to_rgb(&self) -> RgbImage {
        let mut picture = RgbImage::new(self.width as u32, self.height as u32);
        for (to, from) in picture.pixels_mut().zip(self.iter()) {
            *to = Rgb(to_rgb(from));
        }
        picture
    }
}

/// A pixel of 1 to 4 channels as red, green and blue; what is see-through lies on white.
pub fn to_rgb(pixel: &[u8]) -> [u8; 3] {
    let on_white = |value: u8, alpha: u8| {
        let (value, alpha) = (u32::from(value), u32::from(alpha));
        ((value * alpha + 255 * (255 - alpha) + 127) / 255) as u8
    };
    match *pixel {
        [grey] => [grey; 3],
        [grey, alpha] => [on_white(grey, alpha); 3],
        [r, g, b] => [r, g, b],
        [r, g, b, alpha] => [r, g, b].map(|value| on_white(value, alpha)),
        _ => [0; 3],
    }
}

/// A label of label maps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// What it stands for; empty if nobody said.
    #[serde(default)]
    pub name: String,
    /// Its colour, a byte for each channel.
    pub colour: Vec<u8>,
}

/// What kind of pictures a network was trained to take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InputKind {
    /// Black lines on white.
    Drawing,
    /// Maps in which every colour is a label.
    Labels(Vec<Label>),
    /// Anything else.
    Picture,
}

impl InputKind {
    /// Its name in a sentence.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Drawing => "line drawings",
            Self::Labels(_) => "label maps",
            Self::Picture => "pictures",
        }
    }

    /// What the pictures of `samples` have in common.
    pub fn common<'a>(samples: impl IntoIterator<Item = &'a Pixels>) -> Self {
        let (mut labels, mut are_drawings, mut are_maps) = (Vec::new(), true, true);
        let mut is_any = false;
        for sample in samples {
            is_any = true;
            are_drawings &= is_drawn(sample);
            match Colours::of(&sample.bytes, sample.channels) {
                Some(colours) if are_maps => {
                    for (colour, _) in colours.0 {
                        if !labels.iter().any(|label: &Label| label.colour == colour) {
                            labels.push(Label { name: String::new(), colour: colour.to_vec() });
                        }
                    }
                    are_maps = labels.len() <= MOST_LABELS;
                }
                _ => are_maps = false,
            }
        }
        match (is_any && are_drawings, is_any && are_maps) {
            (true, _) => Self::Drawing,
            (_, true) => Self::Labels(labels),
            _ => Self::Picture,
        }
    }
}

/// Whether it is mostly paper with something dark on it, and grey: resized drawings are that still.
fn is_drawn(pixels: &Pixels) -> bool {
    let (mut paper, mut ink, mut coloured, mut all) = (0, 0, 0, 0);
    for [r, g, b] in pixels.iter().map(to_rgb) {
        all += 1;
        paper += usize::from(r.min(g).min(b) >= 247);
        // A thin line that was made smaller is grey.
        ink += usize::from(r.max(g).max(b) <= 192);
        coloured += usize::from(r.max(g).max(b) - r.min(g).min(b) > 16);
    }
    ink > 0 && coloured * 100 <= all && paper as f64 >= PAPER * all as f64
}

/// The colours of a picture that has few, each with its number of pixels.
struct Colours<'a>(Vec<(&'a [u8], usize)>);

impl<'a> Colours<'a> {
    /// None if there are more than a label map has.
    fn of(bytes: &'a [u8], channels: usize) -> Option<Self> {
        let mut colours: Vec<(&[u8], usize)> = Vec::new();
        let mut last = 0;
        for pixel in bytes.chunks_exact(channels) {
            if colours.get(last).is_none_or(|(colour, _)| *colour != pixel) {
                last = match colours.iter().position(|(colour, _)| *colour == pixel) {
                    Some(at) => at,
                    None if colours.len() == MOST_LABELS => return None,
                    None => {
                        colours.push((pixel, 0));
                        colours.len() - 1
                    }
                };
            }
            colours[last].1 += 1;
        }
        Some(Self(colours))
    }
}

/// Whether interleaved bytes are a label map, whose pixels must not be blended: 2 to 32 colours, unless
/// it is a drawing, black on white, perhaps with a few greys between them.
pub fn is_label_map(bytes: &[u8], channels: usize) -> bool {
    let Some(Colours(colours)) = Colours::of(bytes, channels) else { return false };
    let values = |colour: &[u8]| colour[..if channels == 2 { 1 } else { channels.min(3) }].to_vec();
    let is_grey = |colour: &[u8]| values(colour).windows(2).all(|pair| pair[0] == pair[1]);
    let share = |wanted: fn(u8) -> bool| {
        let wanted = colours.iter().filter(|(colour, _)| values(colour).into_iter().all(wanted));
        wanted.map(|(_, count)| count).sum::<usize>() as f64 * channels as f64 / bytes.len() as f64
    };
    let (black, white) = (share(|value| value <= 8), share(|value| value >= 247));
    let is_drawing = colours.iter().all(|(colour, _)| is_grey(colour))
        && black > 0.0
        && white > 0.0
        && black + white >= DRAWN;
    !is_drawing
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(channels: usize, bytes: &[u8]) -> Pixels {
        Pixels::new(channels, (bytes.len() / channels, 1), bytes.to_vec()).unwrap()
    }

    #[test]
    fn pixels_have_their_places() {
        let mut pixels = Pixels::new(2, (3, 2), (0..12).collect()).unwrap();
        assert_eq!(pixels.get(1, 1), Some([8, 9].as_slice()));
        assert!(pixels.get(3, 0).is_none() && pixels.get(0, 2).is_none());
        pixels.get_mut(2, 0).unwrap().fill(77);
        assert_eq!(pixels.bytes()[4..6], [77, 77]);
        assert!(!pixels.is_plain() && Pixels::plain(&[1, 2, 3], (4, 5)).is_plain());
        for (channels, size) in [(0, (3, 4)), (5, (1, 1)), (1, (3, 5)), (1, (usize::MAX, 2))] {
            assert!(Pixels::new(channels, size, vec![0; 12]).is_err(), "{channels} {size:?}");
        }
    }

    #[test]
    fn files_hold_all_channels() {
        for channels in 1..=4u8 {
            let bytes = (0..6 * channels).collect();
            let pixels = Pixels::new(channels.into(), (3, 2), bytes).unwrap();
            let file = image::load_from_memory(&pixels.to_png().unwrap()).unwrap();
            assert_eq!(file.color().channel_count(), channels);
            assert_eq!(file.as_bytes(), pixels.bytes());
        }
    }

    #[test]
    fn people_see_what_is_see_through_on_white() {
        assert_eq!(to_rgb(&[9]), [9; 3]);
        assert_eq!((to_rgb(&[9, 0]), to_rgb(&[9, 255])), ([255; 3], [9; 3]));
        assert_eq!(to_rgb(&[1, 2, 3]), [1, 2, 3]);
        assert_eq!(to_rgb(&[0, 100, 200, 128]), [127, 177, 227]);
        let batch = row(1, &[0, 255]).to_tensor(&Device::Cpu).unwrap();
        assert_eq!(batch.flatten_all().unwrap().to_vec1::<f32>().unwrap(), [-1.0, 1.0]);
    }

    #[test]
    fn label_maps_are_told_from_drawings_and_photos() {
        let repeated = |colours: &[[u8; 3]]| colours.concat().repeat(50);
        let grey = |values: &[u8]| values.repeat(50);
        let rows: [(&str, Vec<u8>, usize, bool); 9] = [
            ("two labels", repeated(&[[255, 0, 0], [0, 0, 0]]), 3, true),
            ("grey labels", grey(&[0, 1, 2, 3, 4]), 1, true),
            ("spread grey labels", grey(&[0, 60, 120, 180, 255]), 1, true),
            ("labels on black", repeated(&[[0; 3], [0; 3], [0; 3], [9, 200, 0]]), 3, true),
            ("black on white", grey(&[255, 255, 255, 0]), 1, false),
            ("the same in colour", repeated(&[[255; 3], [255; 3], [0; 3]]), 3, false),
            (
                "with soft edges",
                grey(&[[255; 40].as_slice(), &[0; 8], &[90, 180]].concat()),
                1,
                false,
            ),
            ("a photo", (0..=255).cycle().take(4000).collect(), 1, false),
            ("see-through labels", grey(&[7, 255, 9, 0]), 2, true),
        ];
        for (name, bytes, channels, expected) in rows {
            assert_eq!(is_label_map(&bytes, channels), expected, "{name}");
        }
    }

    #[test]
    fn samples_tell_what_a_network_takes() {
        // Soft edges in every shade, as resizing leaves them.
        let drawing =
            row(1, &[[255; 60].as_slice(), &[0; 4], &(0..=40).collect::<Vec<u8>>()].concat());
        assert_eq!(InputKind::common([&drawing, &drawing]), InputKind::Drawing);
        let photo = row(1, &(0..200).collect::<Vec<u8>>());
        assert_eq!(InputKind::common([&drawing, &photo]), InputKind::Picture);
        let maps = [row(3, &[9, 9, 9, 200, 0, 0]), row(3, &[0, 0, 200, 9, 9, 9])];
        let InputKind::Labels(labels) = InputKind::common(&maps) else { panic!("no labels") };
        let colours: Vec<_> = labels.into_iter().map(|label| label.colour).collect();
        assert_eq!(colours, [[9, 9, 9], [200, 0, 0], [0, 0, 200]]);
        assert_eq!(InputKind::common(&[] as &[Pixels]), InputKind::Picture);
        let many: Vec<_> = (0..40).map(|i| row(1, &[i, 200])).collect();
        assert_eq!(InputKind::common(&many), InputKind::Picture);
    }

    #[test]
    fn kinds_are_kept_in_model_files() {
        let labels = vec![Label { name: "skin".into(), colour: vec![1, 2, 3] }];
        for kind in [InputKind::Drawing, InputKind::Labels(labels), InputKind::Picture] {
            let text = serde_json::to_string(&kind).unwrap();
            assert_eq!(serde_json::from_str::<InputKind>(&text).unwrap(), kind, "{text}");
        }
    }
}
