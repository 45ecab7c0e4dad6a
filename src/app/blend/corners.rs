//! The grid between four corners: its latents, and how each would be written as a formula.

use super::{Blend, Page, SLOTS};
use crate::latent::expr::quoted;
use crate::latent::library::Library;
use crate::latent::{Latent, Way, grid, lerp};

impl Blend {
    /// The four corners of the grid, once they are known.
    pub fn corners(&self, library: &Library) -> Option<[Latent; SLOTS]> {
        let dims = library.key().dims;
        let at = |slot: usize| {
            let entry = library.get(self.inputs.slots[slot]?)?;
            (entry.latent.dims() == dims).then(|| entry.latent.clone())
        };
        let (a, b, c) = (at(0)?, at(1)?, at(2)?);
        let d = match self.inputs.page {
            Page::Analogy => {
                let sums = c.values().iter().zip(b.values().iter().zip(a.values()));
                Latent::new(sums.map(|(c, (b, a))| c + (b - a)).collect()).ok()?
            }
            Page::Row | Page::Grid => at(3)?,
        };
        let corners = [a, b, c, d];
        let mean = (0..dims).map(|i| corners.iter().map(|z| z.get(i)).sum::<f32>() / 4.0);
        let mean = Latent::new(mean.collect()).ok()?;
        let mut pulled = corners;
        for (corner, reach) in pulled.iter_mut().zip(self.inputs.reach) {
            if reach != 1.0 {
                *corner = lerp(&mean, corner, reach);
            }
        }
        Some(pulled)
    }

    /// The latents of the grid, in reading order.
    pub fn grid(&self, library: &Library) -> Option<Vec<Latent>> {
        let [a, b, c, d] = self.corners(library)?;
        Some(grid([&a, &b, &c, &d], self.inputs.columns, self.inputs.rows, self.way()))
    }

    /// What is in the middle of the grid.
    pub fn middle(&self, library: &Library) -> Option<Latent> {
        let [a, b, c, d] = self.corners(library)?;
        grid([&a, &b, &c, &d], 1, 1, self.way()).pop()
    }

    /// The latent at `cell` of the grid, in reading order, as a formula over the faces in the slots.
    pub fn cell_formula(&self, library: &Library, cell: usize) -> Option<String> {
        let (columns, rows) = (self.inputs.columns, self.inputs.rows);
        let name = |slot: usize| {
            let entry = library.get(self.inputs.slots[slot]?)?;
            Some(quoted(&entry.name).into_owned())
        };
        let (a, b, c) = (name(0)?, name(1)?, name(2)?);
        let d = match self.inputs.page {
            Page::Analogy => format!("{c} + ({b} - {a})"),
            Page::Row | Page::Grid => name(3)?,
        };
        let mean = format!("mean({a}, {b}, {c}, {d})");
        let mut corners = [a, b, c, d];
        for (corner, reach) in corners.iter_mut().zip(self.inputs.reach) {
            if reach != 1.0 {
                *corner = format!("lerp({mean}, {corner}, {reach})");
            }
        }
        let way = if self.inputs.arc { "slerp" } else { "lerp" };
        let between = |from: &str, to: &str, at: usize, count: usize| match at {
            0 => from.to_owned(),
            at if at + 1 == count => to.to_owned(),
            at => format!("{way}({from}, {to}, {})", at as f32 / (count - 1) as f32),
        };
        let (row, column) = (cell / columns.max(1), cell % columns.max(1));
        let left = between(&corners[0], &corners[2], row, rows);
        let right = between(&corners[1], &corners[3], row, rows);
        (row < rows).then(|| between(&left, &right, column, columns))
    }

    fn way(&self) -> Way {
        if self.inputs.arc { Way::Arc } else { Way::Straight }
    }
}
