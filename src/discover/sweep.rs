//! The sweep sheet: what one dimension does, in one picture. Rows are midpoints, columns are values
//! of the dimension.

use candle_core::Device;
use image::RgbImage;

use crate::error::{Error, Result};
use crate::latent::Latent;
use crate::model::Generator;
use crate::picture::{self, Labels};

/// `columns` values from −`range` to +`range`; a single one is 0.
pub fn sweep_values(columns: usize, range: f32) -> Vec<f32> {
    if columns < 2 {
        return vec![0.0; columns];
    }
    let last = (columns - 1) as f32;
    (0..columns).map(|i| range * (2.0 * i as f32 - last) / last).collect()
}

/// A row for each of `midpoints`, a column for each of `values`, which dimension `dim` takes.
///
/// `progress` hears the fraction that is done and says whether to go on.
///
/// # Errors
/// [`Error::WrongModel`] if the generator has no latents;
/// [`Error::BadSetting`] if there is no such dimension, nothing to draw, or far too much;
/// [`Error::BadLatent`] if a midpoint has the wrong length; [`Error::Cancelled`] if `progress` said so.
pub fn sweep(
    generator: &Generator,
    device: &Device,
    midpoints: &[Latent],
    dim: usize,
    values: &[f32],
    progress: &mut dyn FnMut(f32) -> bool,
) -> Result<Vec<Vec<RgbImage>>> {
    let spec = generator.spec();
    spec.expect_latents()?;
    if dim >= spec.z_dim {
        return Err(Error::bad_setting(
            "dimension",
            format!("must lie between 0 and {}, not {dim}", spec.z_dim - 1),
        ));
    }
    if midpoints.is_empty() || values.is_empty() {
        let why = "needs at least one row and one column";
        return Err(Error::bad_setting("sweep sheet", why));
    }
    let latents: Vec<Latent> = midpoints
        .iter()
        .flat_map(|midpoint| values.iter().map(move |value| midpoint.with(dim, *value)))
        .collect();
    let pictures = super::pictures(generator, device, &latents, progress)?;
    let mut pictures = pictures.into_iter();
    Ok(midpoints.iter().map(|_| pictures.by_ref().take(values.len()).collect()).collect())
}

/// One picture of the rows of a [`sweep`]; with `labels`, one per column, they stand above it.
pub fn sheet(rows: &[Vec<RgbImage>], labels: Option<&[f32]>) -> RgbImage {
    named_sheet(rows, &[], labels.unwrap_or_default())
}

/// As [`sheet`], with `names` before the rows and `values` above the columns.
pub fn named_sheet(rows: &[Vec<RgbImage>], names: &[String], values: &[f32]) -> RgbImage {
    let columns = rows.first().map_or(1, Vec::len);
    let pictures: Vec<RgbImage> = rows.iter().flatten().cloned().collect();
    let values = values.iter().map(|value| format!("{value:+.2}")).collect();
    let labels = Labels { title: String::new(), columns: values, rows: names.to_vec() };
    picture::labelled(&pictures, columns, &labels)
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    #[test]
    fn values_reach_both_ends() {
        assert_eq!(sweep_values(7, 3.0), [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0]);
        assert_eq!(sweep_values(2, 1.5), [-1.5, 1.5]);
        assert_eq!(sweep_values(1, 3.0), [0.0]);
        assert!(sweep_values(0, 3.0).is_empty());
    }

    #[test]
    fn labels_stand_above_their_columns() {
        let rows = vec![vec![RgbImage::from_pixel(32, 16, Rgb([7; 3])); 3]; 2];
        let plain = sheet(&rows, None);
        assert_eq!(plain.dimensions(), (32 * 3 + 4, 16 * 2 + 2));
        let labelled = sheet(&rows, Some(&[-1.0, 0.0, 1.0]));
        let head = labelled.height() - plain.height();
        assert!(head > 0 && labelled.width() == plain.width());
        for column in 0..3 {
            let ink = (0..head)
                .flat_map(|y| (0..32).map(move |x| (column * 34 + x, y)))
                .filter(|(x, y)| labelled.get_pixel(*x, *y).0[0] < 128)
                .count();
            assert!(ink > 10, "column {column} has no label");
        }
        assert_eq!(labelled.get_pixel(0, head).0, [7; 3]);
    }
}
