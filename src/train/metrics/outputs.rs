//! How near outputs are to their truths, where there is a truth for each.

use super::Measures;
use super::pictures::Pictures;
use super::swd::mean_over_levels;
use crate::error::{Error, Result};

/// The mean absolute difference between two sets of pictures, one by one, of values in [0, 1].
///
/// # Errors
/// [`Error::BadSetting`] if they are not of equal number and size.
pub fn mean_difference(outputs: &Pictures, truths: &Pictures) -> Result<f64> {
    if outputs.target() != truths.target() || outputs.len() != truths.len() {
        let why = format!("{} outputs cannot be compared with {}", outputs.len(), truths.len());
        return Err(Error::bad_setting("pictures", why));
    }
    let pairs = outputs.iter().flatten().zip(truths.iter().flatten());
    let sum: u64 = pairs.map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    let values = outputs.len() * outputs.target().bytes();
    Ok(sum as f64 / (255.0 * values.max(1) as f64))
}

/// Measures `outputs` against `truths`; `images` is only noted. What tells whether latents give all
/// kinds of pictures is left out: here the inputs decide about that.
///
/// # Errors
/// As [`mean_difference`]; [`Error::Tensor`] if memory runs out.
pub fn measure_outputs(
    outputs: &Pictures,
    truths: &Pictures,
    seed: u64,
    images: u64,
) -> Result<Measures> {
    let swd = mean_over_levels(truths, outputs, seed)?;
    Ok(Measures {
        images,
        pictures: outputs.len(),
        l1: Some(mean_difference(outputs, truths)? as f32),
        swd,
        ..Measures::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Target;

    #[test]
    fn a_difference_is_a_share_of_the_range() {
        let target = Target { input: 0, channels: 1, height: 2, width: 2 };
        let pictures = |bytes: &[u8]| Pictures::new(target, bytes.to_vec()).unwrap();
        let truths = pictures(&[0, 255, 10, 20, 0, 0, 0, 0]);
        let outputs = pictures(&[255, 255, 10, 71, 0, 0, 0, 102]);
        let got = mean_difference(&outputs, &truths).unwrap();
        assert!((got - (1.0 + 0.2 + 0.4) / 8.0).abs() < 1e-9, "{got}");
        assert_eq!(mean_difference(&truths, &truths).unwrap(), 0.0);
        assert!(mean_difference(&outputs, &truths.first(1)).is_err());
        let measures = measure_outputs(&outputs, &truths, 0, 7).unwrap();
        assert_eq!((measures.images, measures.pictures, measures.swd), (7, 2, None));
        assert_eq!(measures.l1, Some(got as f32));
    }
}
