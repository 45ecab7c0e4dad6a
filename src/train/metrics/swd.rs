//! The sliced Wasserstein distance between patches (Karras et al. 2018, "Progressive growing of GANs
//! for improved quality, stability, and variation", section 5).
//!
//! On each level of a Laplacian pyramid, 7×7 patches are cut at random places, normalised by
//! channel over the whole set, and laid along random directions. Along a line the distance between two
//! sets is easy: sort both, and take the mean difference of equal ranks. Coarse levels tell of shapes,
//! fine ones of texture.

use candle_core::{Device, Tensor};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

use super::pictures::{Pictures, below, place};
use super::pyramid::{self, Level};
use crate::data::Target;
use crate::error::{Error, Result};
use crate::random::{Purpose, stream};

/// Pixels a side of a patch.
const PATCH: usize = 7;
/// Patches of a picture on each level.
const PATCHES: usize = 128;
/// Lines that patches are laid along.
const DIRECTIONS: usize = 512;
/// Lines that are worked on at once.
const LINES_AT_ONCE: usize = 32;

/// Everything random about the measure, so that both sets, and every set after, meet the same.
#[derive(Debug, Clone)]
pub struct Draws {
    /// For each level, the centres (row, column) of the patches: as many for each picture.
    pub centres: Vec<Vec<(usize, usize)>>,
    /// `[L, C·7·7]`, each row of length 1.
    pub directions: Tensor,
}

impl Draws {
    /// For `count` pictures of the given shape.
    ///
    /// # Errors
    /// [`Error::BadSetting`] if the pictures are smaller than a patch.
    pub fn new(
        count: usize,
        (channels, height, width): (usize, usize, usize),
        seed: u64,
    ) -> Result<Self> {
        if height.min(width) < PATCH {
            let why = format!("{width}×{height} pixels hold no patch of {PATCH}×{PATCH}");
            return Err(Error::bad_setting("pictures", why));
        }
        let mut rng = stream(seed, Purpose::Metrics, place::PATCHES);
        let mut draw = |side: usize| below(&mut rng, side - PATCH + 1) + PATCH / 2;
        let centres = pyramid::sizes(height, width).into_iter().map(|(height, width)| {
            (0..count * PATCHES).map(|_| (draw(height), draw(width))).collect()
        });
        let centres = centres.collect();
        let mut rng = stream(seed, Purpose::Metrics, place::DIRECTIONS);
        let dims = channels * PATCH * PATCH;
        let values = (0..DIRECTIONS).flat_map(|_| direction(dims, &mut rng)).collect();
        Ok(Self {
            centres,
            directions: Tensor::from_vec(values, (DIRECTIONS, dims), &Device::Cpu)?,
        })
    }
}

fn direction(dims: usize, rng: &mut ChaCha8Rng) -> Vec<f32> {
    let values: Vec<f64> = (0..dims).map(|_| StandardNormal.sample(rng)).collect();
    let length = values.iter().map(|value| value * value).sum::<f64>().sqrt();
    values.into_iter().map(|value| (value / length) as f32).collect()
}

/// The distance on each level, finest first, times 1000. Both sets must be of one size and number.
///
/// # Errors
/// [`Error::BadSetting`] if they are not, or `draws` are for others; [`Error::Tensor`] if memory
/// runs out.
pub fn sliced_wasserstein(reals: &Pictures, fakes: &Pictures, draws: &Draws) -> Result<Vec<f64>> {
    let same = reals.target() == fakes.target() && reals.len() == fakes.len();
    let sizes = pyramid::sizes(reals.target().height, reals.target().width);
    let fits =
        |centres: &Vec<_>| !centres.is_empty() && centres.len().is_multiple_of(reals.len().max(1));
    if !same
        || reals.is_empty()
        || sizes.len() != draws.centres.len()
        || !draws.centres.iter().all(fits)
    {
        let why = "two sets of as many pictures of one size can be compared";
        return Err(Error::bad_setting("pictures", why));
    }
    let channels = reals.target().channels;
    let (reals, fakes) = (pyramids(reals), pyramids(fakes));
    let level = |(level, centres): (usize, &Vec<(usize, usize)>)| {
        let reals = descriptors(&reals, level, centres, channels)?;
        let fakes = descriptors(&fakes, level, centres, channels)?;
        Ok(1000.0 * along_lines(&reals, &fakes, &draws.directions)?)
    };
    draws.centres.iter().enumerate().map(level).collect()
}

/// The mean of [`sliced_wasserstein`] over the levels, with draws that follow from `seed`. Pictures too
/// small for patches have no such distance.
///
/// # Errors
/// As there.
pub(super) fn mean_over_levels(
    reals: &Pictures,
    fakes: &Pictures,
    seed: u64,
) -> Result<Option<f32>> {
    let Target { channels, height, width, .. } = reals.target();
    let Ok(draws) = Draws::new(reals.len(), (channels, height, width), seed) else {
        return Ok(None);
    };
    let levels = sliced_wasserstein(reals, fakes, &draws)?;
    Ok(Some((levels.iter().sum::<f64>() / levels.len().max(1) as f64) as f32))
}

fn pyramids(pictures: &Pictures) -> Vec<Vec<Level>> {
    let target = pictures.target();
    let pictures: Vec<&[u8]> = pictures.iter().collect();
    let pyramid = |bytes: &&[u8]| {
        let (height, width) = (target.height, target.width);
        let mut planes = Vec::with_capacity(bytes.len());
        for channel in 0..target.channels {
            let values = bytes.iter().skip(channel).step_by(target.channels);
            planes.extend(values.map(|&byte| f32::from(byte)));
        }
        pyramid::laplacian(Level { height, width, planes })
    };
    pictures.par_iter().map(pyramid).collect()
}

/// One row `[C·7·7]` a patch, its channels of mean 0 and deviation 1 over all patches.
fn descriptors(
    pyramids: &[Vec<Level>],
    level: usize,
    centres: &[(usize, usize)],
    channels: usize,
) -> Result<Tensor> {
    let area = PATCH * PATCH;
    let per_picture = centres.len() / pyramids.len();
    let row = channels * area;
    let mut values = vec![0f32; centres.len() * row];
    let places = values.par_chunks_exact_mut(per_picture * row).zip(pyramids);
    places.zip(centres.par_chunks_exact(per_picture)).for_each(|((out, pyramid), centres)| {
        let Level { height, width, planes } = &pyramid[level];
        for (out, &(y, x)) in out.chunks_exact_mut(row).zip(centres) {
            for (plane, out) in planes.chunks_exact(height * width).zip(out.chunks_exact_mut(area))
            {
                for (line, out) in out.chunks_exact_mut(PATCH).enumerate() {
                    let start = (y - PATCH / 2 + line) * width + x - PATCH / 2;
                    out.copy_from_slice(&plane[start..start + PATCH]);
                }
            }
        }
    });
    for channel in 0..channels {
        normalise(&mut values, channel, row, area);
    }
    Ok(Tensor::from_vec(values, (centres.len(), row), &Device::Cpu)?)
}

/// Brings one channel of all patches to mean 0 and deviation 1; a channel without any variation is
/// 0 throughout.
fn normalise(values: &mut [f32], channel: usize, row: usize, area: usize) {
    // Sums of whole pieces, in order: the same on any number of threads.
    const ROWS: usize = 1024;
    let part = |rows: &[f32], of: &(dyn Fn(f64) -> f64 + Sync)| -> f64 {
        let values = rows.chunks_exact(row).flat_map(|row| &row[channel * area..][..area]);
        values.map(|&value| of(f64::from(value))).sum()
    };
    let total = |values: &[f32], of: &(dyn Fn(f64) -> f64 + Sync)| -> f64 {
        let parts: Vec<f64> = values.par_chunks(ROWS * row).map(|rows| part(rows, of)).collect();
        parts.iter().sum()
    };
    let count = (values.len() / row * area) as f64;
    let mean = total(values, &|value| value) / count;
    let deviation = (total(values, &|value| (value - mean) * (value - mean)) / count).sqrt();
    let scale = if deviation > 1e-6 { 1.0 / deviation } else { 0.0 };
    let (mean, scale) = (mean as f32, scale as f32);
    values.par_chunks_mut(ROWS * row).for_each(|rows| {
        for row in rows.chunks_exact_mut(row) {
            for value in &mut row[channel * area..][..area] {
                *value = (*value - mean) * scale;
            }
        }
    });
}

/// The mean difference of equal ranks along all `directions`.
fn along_lines(reals: &Tensor, fakes: &Tensor, directions: &Tensor) -> Result<f64> {
    let (lines, _) = directions.dims2()?;
    let patches = reals.dim(0)?;
    let mut sum = 0.0;
    for start in (0..lines).step_by(LINES_AT_ONCE) {
        let some = directions.narrow(0, start, LINES_AT_ONCE.min(lines - start))?;
        let laid = |rows: &Tensor| -> Result<Vec<f32>> {
            Ok(some.matmul(&rows.t()?)?.flatten_all()?.to_vec1::<f32>()?)
        };
        let (mut reals, mut fakes) = (laid(reals)?, laid(fakes)?);
        let rows = reals.par_chunks_exact_mut(patches).zip(fakes.par_chunks_exact_mut(patches));
        let sums: Vec<f64> = rows
            .map(|(reals, fakes)| {
                sort(reals);
                sort(fakes);
                reals.iter().zip(&*fakes).map(|(r, f)| f64::from((r - f).abs())).sum()
            })
            .collect();
        sum += sums.iter().sum::<f64>();
    }
    Ok(sum / (lines * patches) as f64)
}

/// Sorts by the digits of the values' bits, eleven at a time: several times as fast as comparing.
fn sort(values: &mut [f32]) {
    const BITS: u32 = 11;
    const DIGITS: usize = 1 << BITS;
    // Bits that grow with the value: negative ones turned over, positive ones above them.
    let key = |value: f32| match value.to_bits() {
        bits if bits >> 31 == 1 => !bits,
        bits => bits | 1 << 31,
    };
    let value = |key: u32| f32::from_bits(if key >> 31 == 1 { key & !(1 << 31) } else { !key });
    let mut keys: Vec<u32> = values.iter().map(|&value| key(value)).collect();
    let mut sorted = vec![0u32; keys.len()];
    for shift in [0, BITS, 2 * BITS] {
        let digit = |key: u32| (key >> shift) as usize % DIGITS;
        let mut ends = [0usize; DIGITS];
        for &key in &keys {
            ends[digit(key)] += 1;
        }
        let mut start = 0;
        for end in &mut ends {
            start += std::mem::replace(end, start);
        }
        for &key in &keys {
            let place = &mut ends[digit(key)];
            sorted[*place] = key;
            *place += 1;
        }
        std::mem::swap(&mut keys, &mut sorted);
    }
    for (place, &key) in values.iter_mut().zip(&keys) {
        *place = value(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_sorted() {
        let mut rng = stream(3, Purpose::Metrics, 99);
        let mut values: Vec<f32> =
            (0..10_000).map(|i| (i % 7) as f32 * direction(1, &mut rng)[0] * (i as f32)).collect();
        values.extend([0.0, -0.0, f32::MAX, f32::MIN, 1e-40, -1e-40, f32::INFINITY]);
        let mut expected = values.clone();
        expected.sort_by(f32::total_cmp);
        sort(&mut values);
        assert!(values.iter().map(|v| v.to_bits()).eq(expected.iter().map(|v| v.to_bits())));
    }
}
