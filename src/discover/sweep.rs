//! The sweep sheet: what one dimension does, in one picture. Rows are midpoints, columns are values
//! of the dimension.

use candle_core::Device;
use image::{Rgb, RgbImage};

use super::label;
use crate::error::{Error, Result};
use crate::latent::Latent;
use crate::model::Generator;
use crate::picture;

/// Pictures that are drawn at once.
const BATCH: usize = 16;
/// Most pixels of a sheet: a hundred million are 300 MB.
const MAX_PIXELS: u64 = 100_000_000;
/// Between pictures, in pixels.
const GAP: u32 = 2;
const GROUND: Rgb<u8> = Rgb([255; 3]);

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
    if dim >= spec.z_dim {
        return Err(Error::bad_setting(
            "dimension",
            format!("must lie between 0 and {}, not {dim}", spec.z_dim - 1),
        ));
    }
    let (height, width) = spec.size();
    let cells = (midpoints.len() as u64).saturating_mul(values.len() as u64);
    let pixels = cells.saturating_mul((height * width) as u64);
    if cells == 0 || pixels > MAX_PIXELS {
        return Err(Error::bad_setting(
            "sweep sheet",
            format!("needs at least one row and column, and at most {MAX_PIXELS} pixels in all"),
        ));
    }
    let latents: Vec<Latent> = midpoints
        .iter()
        .flat_map(|midpoint| values.iter().map(move |value| midpoint.with(dim, *value)))
        .collect();
    let mut pictures = Vec::with_capacity(latents.len());
    for batch in latents.chunks(BATCH) {
        if !progress(pictures.len() as f32 / latents.len() as f32) {
            return Err(Error::Cancelled);
        }
        pictures.extend(picture::from_tensor(&generator.draw(batch, device)?)?);
    }
    let mut pictures = pictures.into_iter();
    Ok(midpoints.iter().map(|_| pictures.by_ref().take(values.len()).collect()).collect())
}

/// One picture of the rows of a [`sweep`]; with `labels`, one per column, they stand above it.
pub fn sheet(rows: &[Vec<RgbImage>], labels: Option<&[f32]>) -> RgbImage {
    let columns = rows.first().map_or(1, Vec::len);
    let pictures: Vec<RgbImage> = rows.iter().flatten().cloned().collect();
    let grid = picture::sheet(&pictures, columns, GAP, GROUND);
    let Some((labels, first)) = labels.zip(pictures.first()) else { return grid };
    let width = first.width();
    let scale = (width / label::WIDTH).clamp(1, 4);
    let head = label::HEIGHT * scale + 4 * scale;
    let mut labelled = RgbImage::from_pixel(grid.width(), grid.height() + head, GROUND);
    image::imageops::replace(&mut labelled, &grid, 0, i64::from(head));
    for (column, value) in (0u32..).zip(labels) {
        let centre = column * (width + GAP) + width / 2;
        label::draw(&mut labelled, &format!("{value:+.2}"), (centre, 2 * scale), scale);
    }
    labelled
}

#[cfg(test)]
mod tests {
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
                .filter(|(x, y)| labelled.get_pixel(*x, *y).0 == [0; 3])
                .count();
            assert!(ink > 10, "column {column} has no label");
        }
        assert_eq!(labelled.get_pixel(0, head).0, [7; 3]);
    }
}
