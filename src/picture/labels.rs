//! Sheets with words at their edges: a title, a word above each column, one before each row.

use image::{Rgb, RgbImage};

use super::sheet;
use super::text::Pen;

/// Pixels between pictures, and the sheet's colours.
const GAP: u32 = 2;
const GROUND: Rgb<u8> = Rgb([255; 3]);
const INK: Rgb<u8> = Rgb([0; 3]);

/// The words of a sheet. What is empty takes no room.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Labels {
    /// Above everything.
    pub title: String,
    /// One above each column.
    pub columns: Vec<String>,
    /// One before each row.
    pub rows: Vec<String>,
}

/// Pictures of one size in rows of `columns`, with `labels` around them. Words that are too long for
/// their place are cut.
pub fn labelled(pictures: &[RgbImage], columns: usize, labels: &Labels) -> RgbImage {
    let grid = sheet(pictures, columns, GAP, GROUND);
    let Some((width, height)) = pictures.first().map(RgbImage::dimensions) else { return grid };
    let line = (width / 4).clamp(10, 32);
    let Some(pen) = Pen::new(line) else { return grid };
    let margin = line / 4;
    // Rows may take twice a picture's width for their names.
    let side =
        labels.rows.iter().map(|row| pen.width(row)).max().unwrap_or(0).min(width.max(48) * 2);
    let left = if side == 0 { 0 } else { side + 2 * margin };
    let line = pen.height() + margin;
    let title = if labels.title.is_empty() { 0 } else { line };
    let head = title + if labels.columns.iter().all(String::is_empty) { 0 } else { line };
    if left + head == 0 {
        return grid;
    }
    let mut page = RgbImage::from_pixel(grid.width() + left, grid.height() + head, GROUND);
    image::imageops::replace(&mut page, &grid, i64::from(left), i64::from(head));
    let text = pen.cut(&labels.title, page.width());
    pen.draw(&mut page, &text, (0, 0), INK);
    for (column, text) in (0u32..).zip(labels.columns.iter().take(columns)) {
        let text = pen.cut(text, width);
        let inset = width.saturating_sub(pen.width(&text)) / 2;
        pen.draw(&mut page, &text, (left + column * (width + GAP) + inset, title), INK);
    }
    for (row, text) in
        (0u32..).zip(labels.rows.iter().take(pictures.len().div_ceil(columns.max(1))))
    {
        let text = pen.cut(text, side);
        let inset = side.saturating_sub(pen.width(&text)) + margin;
        let down = height.saturating_sub(pen.height()) / 2;
        pen.draw(&mut page, &text, (inset, head + row * (height + GAP) + down), INK);
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ink(page: &RgbImage, (left, top): (u32, u32), (width, height): (u32, u32)) -> usize {
        let inside =
            |x: u32, y: u32| (left..left + width).contains(&x) && (top..top + height).contains(&y);
        page.enumerate_pixels().filter(|(x, y, p)| inside(*x, *y) && p.0[0] < 128).count()
    }

    #[test]
    fn words_stand_at_their_pictures() {
        let pictures = vec![RgbImage::from_pixel(64, 64, Rgb([200; 3])); 6];
        let plain = labelled(&pictures, 3, &Labels::default());
        assert_eq!(plain.dimensions(), (64 * 3 + 4, 64 * 2 + 2));
        let labels = Labels {
            title: "abs(G - D)".into(),
            columns: ["-1.00", "+0.00", "+1.00"].map(String::from).into(),
            rows: ["anna", "a name that is much too long for any sheet"].map(String::from).into(),
        };
        let page = labelled(&pictures, 3, &labels);
        let (left, head) = (page.width() - plain.width(), page.height() - plain.height());
        assert!(left > 64 && head > 20 && left <= 64 * 2 + 16, "{left} {head}");
        assert!(ink(&page, (0, 0), (left, head / 2)) > 20, "no title");
        for column in 0..3 {
            let at = (left + column * 66, head / 2);
            assert!(ink(&page, at, (64, head / 2)) > 20, "column {column} has no label");
        }
        for row in 0..2 {
            assert!(ink(&page, (0, head + row * 66), (left, 64)) > 20, "row {row} has no name");
        }
        assert_eq!(page.get_pixel(left, head).0, [200; 3]);
    }

    #[test]
    fn more_words_than_pictures_are_no_matter() {
        let labels =
            Labels { rows: vec!["a".into(); 9], columns: vec!["b".into(); 9], ..Labels::default() };
        assert_eq!(labelled(&[], 3, &labels).dimensions(), (1, 1));
        assert!(labelled(&[RgbImage::new(8, 8)], 1, &labels).width() > 8);
    }
}
