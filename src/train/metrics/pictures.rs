//! The pictures that are measured: bytes, as they would be on disk.

use candle_core::{Device, Tensor};
use rand::Rng;

use crate::data::{Dataset, Target};
use crate::error::{Error, Result};
use crate::model::Generator;
use crate::picture;
use crate::random::{Purpose, stream};

/// Values of pictures that go through a network at once.
pub(in crate::train) const VALUES_AT_ONCE: usize = 1 << 20;
/// Pixels a side of the pictures that are compared as a whole: larger ones are averaged down.
const COMPARED_SIDE: usize = 64;

/// What the random numbers of a measuring are for: places in the stream of [`Purpose::Metrics`].
pub(super) mod place {
    pub const REALS: u64 = 0;
    pub const LATENTS: u64 = 1;
    pub const PATCHES: u64 = 2;
    pub const DIRECTIONS: u64 = 3;
    pub const CELLS: u64 = 4;
    pub const JUDGE: u64 = 5;
}

/// Pictures of one size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pictures {
    target: Target,
    /// Interleaved bytes `H·W·C` of one picture after the other.
    bytes: Vec<u8>,
}

impl Pictures {
    /// Pictures from their interleaved bytes, `H·W·C` each.
    ///
    /// # Errors
    /// [`Error::BadSetting`] if the bytes are not whole pictures.
    pub fn new(target: Target, bytes: Vec<u8>) -> Result<Self> {
        target.validate()?;
        if !bytes.len().is_multiple_of(target.bytes()) {
            return Err(Error::bad_setting(
                "pictures",
                format!("{} bytes are not a number of pictures", bytes.len()),
            ));
        }
        Ok(Self { target, bytes })
    }

    /// `sets` disjoint random samples of `count` pictures each; fewer each where some cannot be read
    /// any more.
    ///
    /// # Errors
    /// [`Error::BadSetting`] if there are not so many; [`Error::BadData`] if none can be read any
    /// more.
    pub fn sample(dataset: &Dataset, count: usize, sets: usize, seed: u64) -> Result<Vec<Self>> {
        let total = dataset.len();
        if count.checked_mul(sets).is_none_or(|wanted| wanted > total) {
            let why = format!("{sets} times {count} pictures are wanted, and there are {total}");
            return Err(Error::bad_setting("pictures", why));
        }
        let mut rng = stream(seed, Purpose::Metrics, place::REALS);
        let mut order: Vec<u32> = (0..total as u32).collect();
        let mut next = 0;
        let mut samples = Vec::with_capacity(sets);
        for _ in 0..sets {
            let target = dataset.target();
            let mut bytes = Vec::with_capacity(count * target.bytes());
            while bytes.len() < count * target.bytes() && next < total {
                order.swap(next, next + below(&mut rng, total - next));
                // A file that has gone since is noted by the loader; here the next one serves.
                if let Ok(pixels) = dataset.pixels(order[next] as usize) {
                    bytes.extend_from_slice(&pixels);
                }
                next += 1;
            }
            samples.push(Self { target, bytes });
        }
        let fewest = samples.iter().map(Self::len).min().unwrap_or(0);
        if fewest == 0 && count > 0 {
            return Err(Error::bad_data(dataset.name(), "its pictures cannot be read any more"));
        }
        if fewest < count {
            samples = samples.iter().map(|sample| sample.first(fewest)).collect();
        }
        Ok(samples)
    }

    /// `count` pictures of `generator`, from latents that follow from `seed`.
    ///
    /// # Errors
    /// [`Error::Tensor`] if the device fails.
    pub fn draw(generator: &Generator, count: usize, seed: u64, device: &Device) -> Result<Self> {
        let spec = generator.spec();
        let (height, width) = spec.size();
        let target = Target { input: 0, channels: spec.channels(), height, width };
        let mut rng = stream(seed, Purpose::Metrics, place::LATENTS);
        let mut bytes = Vec::with_capacity(count * target.bytes());
        let at_once = spec.pictures_in(VALUES_AT_ONCE);
        let mut left = count;
        while left > 0 {
            let now = left.min(at_once);
            let latents: Vec<_> =
                (0..now).map(|_| spec.prior.sample(spec.z_dim, &mut rng)).collect();
            bytes.extend(picture::to_bytes(&generator.draw(&latents, device)?)?);
            left -= now;
        }
        Ok(Self { target, bytes })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.bytes.len() / self.target.bytes()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// What every picture is.
    pub fn target(&self) -> Target {
        self.target
    }

    /// The interleaved bytes of each.
    pub fn iter(&self) -> std::slice::ChunksExact<'_, u8> {
        self.bytes.chunks_exact(self.target.bytes())
    }

    /// The first `count`, or all if there are not so many.
    pub fn first(&self, count: usize) -> Self {
        let bytes = self.bytes.len().min(count.saturating_mul(self.target.bytes()));
        Self { target: self.target, bytes: self.bytes[..bytes].to_vec() }
    }

    /// A batch `[B, C, H, W]` in [-1, 1] of the pictures from `start` on, `count` of them or as many
    /// as are left.
    ///
    /// # Errors
    /// [`Error::Tensor`] if the device fails.
    pub fn batch(&self, start: usize, count: usize, device: &Device) -> Result<Tensor> {
        let Target { channels, height, width, .. } = self.target;
        let items: Vec<&[u8]> = self.iter().skip(start).take(count).collect();
        picture::to_tensor(&items, (channels, height, width), device)
    }

    /// One row of values in [-1, 1] a picture, `[N, D]` in main memory; pictures of more than 64
    /// pixels a side are averaged down to about that.
    ///
    /// # Errors
    /// [`Error::Tensor`] if memory runs out.
    pub fn rows(&self) -> Result<Tensor> {
        let Target { channels, height, width, .. } = self.target;
        let block = height.max(width).div_ceil(COMPARED_SIDE);
        let (rows, columns) = (height / block, width / block);
        if rows == 0 || columns == 0 {
            let error = candle_core::Error::Msg("a picture too narrow to be averaged down".into());
            return Err(error.into());
        }
        let mut values = Vec::with_capacity(self.len() * rows * columns * channels);
        for picture in self.iter() {
            for (row, column) in (0..rows).flat_map(|r| (0..columns).map(move |c| (r, c))) {
                for channel in 0..channels {
                    let at = |y, x| {
                        let pixel = (row * block + y) * width + column * block + x;
                        f32::from(picture[pixel * channels + channel])
                    };
                    let sum: f32 = (0..block).flat_map(|y| (0..block).map(move |x| at(y, x))).sum();
                    values.push(sum / (block * block) as f32 / 127.5 - 1.0);
                }
            }
        }
        let dims = (self.len(), rows * columns * channels);
        Ok(Tensor::from_vec(values, dims, &Device::Cpu)?)
    }
}

/// A number below `limit`, which is at least 1.
pub(super) fn below(rng: &mut impl Rng, limit: usize) -> usize {
    ((u128::from(rng.next_u64()) * limit as u128) >> 64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{DataSource, Framing, OpenOptions};

    #[test]
    fn samples_are_disjoint_and_follow_from_the_seed() {
        let folder = tempfile::tempdir().unwrap();
        for shade in 0..20u8 {
            let picture = image::RgbImage::from_pixel(8, 8, image::Rgb([shade * 10; 3]));
            picture.save(folder.path().join(format!("{shade}.png"))).unwrap();
        }
        let source = DataSource::Folder(folder.path().to_owned());
        let target = Target { input: 0, channels: 3, height: 8, width: 8 };
        let open = |source| {
            Dataset::open(source, target, Framing::Crop, OpenOptions::default(), &mut |_, _| true)
        };
        let dataset = open(&source).unwrap();
        let shades = |set: &Pictures| set.iter().map(|p| p[0]).collect::<Vec<_>>();
        let sets = Pictures::sample(&dataset, 10, 2, 3).unwrap();
        let mut all: Vec<u8> = sets.iter().flat_map(&shades).collect();
        all.sort_unstable();
        assert!(all.into_iter().eq((0..20).map(|shade| shade * 10)));
        assert_eq!(Pictures::sample(&dataset, 10, 2, 3).unwrap(), sets);
        assert_ne!(Pictures::sample(&dataset, 10, 2, 4).unwrap(), sets);
        assert!(Pictures::sample(&dataset, 11, 2, 3).is_err());
    }

    #[test]
    fn large_pictures_are_averaged_down() {
        let target = Target { input: 0, channels: 1, height: 128, width: 128 };
        let bytes = (0..128 * 128).map(|i| if (i / 128 + i) % 2 == 0 { 0 } else { 255 }).collect();
        let rows = Pictures::new(target, bytes).unwrap().rows().unwrap();
        assert_eq!(rows.dims(), [1, 64 * 64]);
        assert!(rows.to_vec2::<f32>().unwrap()[0].iter().all(|value| value.abs() < 1e-6));
    }
}
