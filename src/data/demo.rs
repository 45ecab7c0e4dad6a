//! The faces built into the program: an atlas of small pictures and a table of their attributes.
//!
//! `assets/faces/README.md` says how they are made. Face `i` of the data set `demo` is row `i` of
//! the table.

use rayon::prelude::*;
use serde::Deserialize;

use super::atlas::{self, Atlas, Layout};
use super::opening::advance;
use super::{Framing, Progress, Target, frame};
use crate::error::{Error, Result};

static ATLAS: &[u8] = include_bytes!("../../assets/demo-faces.webp");
static TABLE: &str = include_str!("../../assets/demo-faces.json");
/// The embedded files' name in messages.
const ORIGIN: &str = "<demo faces>";

/// What a column of the table holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// 0 or 1.
    Flag,
    /// Anything in the column's range.
    Ramp,
}

/// A column of the table: one attribute.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Column {
    /// Short name, such as `glasses`.
    pub name: String,
    /// Yes or no, or a number.
    pub kind: Kind,
    /// Smallest and largest value.
    pub range: [f32; 2],
    /// Its meaning in a few words.
    pub about: String,
}

/// What every demo face looks like, in numbers: who wears glasses, how dark the hair is. Row `i`
/// describes picture `i` of the demo data set; columns can be tagged samples for finding attribute
/// directions.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Attributes {
    /// The attributes.
    pub columns: Vec<Column>,
    /// One row a face, one value a column.
    pub rows: Vec<Vec<f32>>,
}

impl Attributes {
    /// The values of the attribute `name`, one a face.
    pub fn column(&self, name: &str) -> Option<Vec<f32>> {
        let at = self.columns.iter().position(|column| column.name == name)?;
        Some(self.rows.iter().map(|row| row[at]).collect())
    }
}

/// The table of the demo faces.
///
/// # Errors
/// [`Error::BadData`] if the embedded table is damaged.
pub fn attributes() -> Result<Attributes> {
    attributes_from(TABLE)
}

fn attributes_from(table: &str) -> Result<Attributes> {
    let attributes: Attributes = serde_json::from_str(table).map_err(damaged)?;
    let columns = attributes.columns.len();
    if attributes.rows.iter().any(|row| row.len() != columns) {
        return Err(damaged("a row of its table has not one value for each column"));
    }
    if attributes.rows.len() != layout(table)?.count {
        return Err(damaged("its table has not one row for each face"));
    }
    Ok(attributes)
}

/// Pixels of a face as it is kept, a side.
pub(super) fn tile() -> Result<usize> {
    Ok(layout(TABLE)?.tile)
}

fn layout(table: &str) -> Result<Layout> {
    Layout::read(table, ORIGIN)
}

/// All faces for `target`, one after the other.
pub(super) fn faces(target: Target, framing: Framing, progress: &mut Progress) -> Result<Vec<u8>> {
    faces_from(ATLAS, layout(TABLE)?, target, framing, progress)
}

fn faces_from(
    atlas: &[u8],
    layout: Layout,
    target: Target,
    framing: Framing,
    progress: &mut Progress,
) -> Result<Vec<u8>> {
    let Layout { tile, across, count } = layout;
    advance(progress, 0, count)?;
    let atlas = Atlas::decode(atlas, layout, ORIGIN)?;
    let mut faces = Vec::with_capacity(count * target.bytes());
    for done in (0..count).step_by(across) {
        advance(progress, done, count)?;
        let framed: Vec<Result<Vec<u8>>> = (done..count.min(done + across))
            .into_par_iter()
            .map(|i| frame(&atlas.tile(i, target.channels), (tile, tile), target, framing))
            .collect();
        for face in framed {
            faces.extend_from_slice(&face?);
        }
    }
    advance(progress, count, count)?;
    Ok(faces)
}

fn damaged(why: impl std::fmt::Display) -> Error {
    atlas::damaged(ORIGIN, why)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;
    use std::sync::LazyLock;

    use image::{ImageFormat, Rgb, RgbImage};

    use super::*;
    use crate::data::decode::luma;

    const TARGET: Target = Target { input: 0, channels: 3, height: 4, width: 4 };
    const SMALL: Target = Target { input: 0, channels: 1, height: 8, width: 8 };

    /// All built-in faces, small and grey. Decoding takes a while: once for all tests.
    static FACES: LazyLock<Vec<u8>> =
        LazyLock::new(|| faces(SMALL, Framing::Crop, &mut |_, _| true).unwrap());

    /// An atlas of 5 plain faces of 4×4 pixels, 3 in a row, the last place empty.
    fn small() -> (Vec<u8>, Layout) {
        let atlas = RgbImage::from_fn(12, 8, |x, y| {
            let face = y / 4 * 3 + x / 4;
            Rgb([face as u8 * 10, 0, 255])
        });
        let mut bytes = Cursor::new(Vec::new());
        atlas.write_to(&mut bytes, ImageFormat::Png).unwrap();
        (bytes.into_inner(), Layout { tile: 4, across: 3, count: 5 })
    }

    #[test]
    fn faces_are_cut_out_in_reading_order() {
        let (atlas, layout) = small();
        let faces = faces_from(&atlas, layout, TARGET, Framing::Crop, &mut |_, _| true).unwrap();
        assert_eq!(faces.len(), 5 * TARGET.bytes());
        for (i, face) in faces.chunks_exact(TARGET.bytes()).enumerate() {
            assert_eq!(face, [i as u8 * 10, 0, 255].repeat(16));
        }
        let grey = Target { input: 0, channels: 1, height: 2, width: 2 };
        let faces = faces_from(&atlas, layout, grey, Framing::Crop, &mut |_, _| true).unwrap();
        assert_eq!(faces[4..8], [luma([10, 0, 255]); 4]);
    }

    #[test]
    fn a_damaged_atlas_or_table_is_an_error() {
        let (atlas, layout) = small();
        let open = |atlas: &[u8], layout| {
            faces_from(atlas, layout, TARGET, Framing::Crop, &mut |_, _| true)
        };
        assert!(open(&atlas[..atlas.len() / 2], layout).is_err());
        assert!(open(&atlas, Layout { count: 7, ..layout }).is_err());
        let cancelled = faces_from(&atlas, layout, TARGET, Framing::Crop, &mut |_, _| false);
        assert!(matches!(cancelled, Err(Error::Cancelled)));
        let head = r#"{"tile":4,"across":3,"count":2,"columns":[{"name":"hat","kind":"flag","range":[0,1],"about":"wears one"}],"rows":"#;
        assert!(attributes_from(&format!("{head}[[1],[0]]}}")).is_ok());
        for rows in ["[[1]]}", "[[1],[0,1]]}", "[[1],["] {
            assert!(attributes_from(&format!("{head}{rows}")).is_err(), "{rows}");
        }
    }

    #[test]
    fn the_built_in_table_describes_every_built_in_face() {
        let attributes = attributes().unwrap();
        assert_eq!(attributes.rows.len(), FACES.len() / SMALL.bytes());
        assert!(attributes.column("glasses").is_some());
        assert!(attributes.column("wings").is_none());
        for (at, column) in attributes.columns.iter().enumerate() {
            let [low, high] = column.range;
            let values = || attributes.rows.iter().map(|row| row[at]);
            assert!(values().all(|value| (low..=high).contains(&value)), "{}", column.name);
            let flag = column.kind == Kind::Flag;
            assert!(!flag || values().all(|value| value == 0.0 || value == 1.0));
            // A column that says the same about everyone would be no use.
            assert!(values().any(|value| value != attributes.rows[0][at]), "{}", column.name);
        }
    }

    #[test]
    fn built_in_faces_are_where_the_table_says() {
        // Only if rows and faces are in the same order does brightness go with `skin`.
        let attributes = attributes().unwrap();
        let skin = attributes.column("skin").unwrap();
        // The middle of the face.
        let brightness = |i: usize| {
            let face = &FACES[i * SMALL.bytes()..][..SMALL.bytes()];
            [27, 28, 35, 36].iter().map(|&at| f64::from(face[at])).sum::<f64>()
        };
        let mean = |wanted: fn(f32) -> bool| {
            let chosen: Vec<f64> =
                (0..skin.len()).filter(|&i| wanted(skin[i])).map(brightness).collect();
            chosen.iter().sum::<f64>() / chosen.len() as f64
        };
        let (light, dark) = (mean(|value| value < 0.3), mean(|value| value > 0.7));
        assert!(light > dark + 100.0, "light skin {light}, dark skin {dark}");
    }
}
