//! What happens to one picture, and the loop that does it on the CPU.
//!
//! Brightness, saturation and contrast one after the other are one step: with m the mean over the
//! channels of a pixel and μ that over the picture,
//! y = c·s·x + c·(1 − s)·m + (1 − c)·μ + b. So every value is read once for μ and once for y, with
//! the shift and the hole in the same loop.

use candle_core::{CpuStorage, CustomOp1, Layout, Shape, Tensor, bail};
use rayon::prelude::*;
use std::ops::Range;
use std::sync::Arc;

/// A part that becomes grey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hole {
    pub(super) rows: Range<usize>,
    pub(super) columns: Range<usize>,
}

/// What happens to one picture: first the colours, then the shift, then the hole.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Change {
    /// How much of a value stays: c·s.
    pub(super) own: f32,
    /// How much of its pixel's mean comes in: c·(1 − s).
    pub(super) grey: f32,
    /// How much of the picture's mean: 1 − c.
    pub(super) mean: f32,
    /// What is added: b.
    pub(super) light: f32,
    /// Pixels down and to the right.
    pub(super) shift: (isize, isize),
    pub(super) hole: Option<Hole>,
}

impl Default for Change {
    fn default() -> Self {
        Self { own: 1.0, grey: 0.0, mean: 0.0, light: 0.0, shift: (0, 0), hole: None }
    }
}

impl Change {
    pub(super) fn recolour(&mut self, brightness: f64, saturation: f64, contrast: f64) {
        self.own = (contrast * saturation) as f32;
        self.grey = (contrast * (1.0 - saturation)) as f32;
        self.mean = (1.0 - contrast) as f32;
        self.light = brightness as f32;
    }

    /// The columns of row `row` that are not in the hole, as two ranges.
    fn kept(&self, row: usize, width: usize) -> [Range<usize>; 2] {
        match &self.hole {
            Some(hole) if hole.rows.contains(&row) => {
                [0..hole.columns.start, hole.columns.end..width]
            }
            _ => [0..width, width..width],
        }
    }

    /// For each row of the changed picture the row that it comes from, with the columns of the changed
    /// picture that are filled.
    pub(super) fn rows(
        &self,
        height: usize,
        width: usize,
    ) -> impl Iterator<Item = (usize, usize, [Range<usize>; 2])> {
        let (down, right) = self.shift;
        (0..height).filter_map(move |row| {
            let from = row.checked_add_signed(-down).filter(|from| *from < height)?;
            let low = right.max(0) as usize;
            let high = (width as isize + right.min(0)).max(0) as usize;
            let ranges = self.kept(row, width);
            Some((row, from, ranges.map(|range| range.start.max(low)..range.end.min(high))))
        })
    }
}

/// Changes a batch `[B, H, W, C]` of any strides, or does the way back.
pub(super) struct Apply {
    pub(super) changes: Arc<Vec<Change>>,
    pub(super) back: bool,
}

impl CustomOp1 for Apply {
    fn name(&self) -> &'static str {
        "augment"
    }

    fn cpu_fwd(
        &self,
        storage: &CpuStorage,
        layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let CpuStorage::F32(data) = storage else { bail!("augment works on f32 tensors") };
        let (batch, _, _, channels) = layout.shape().dims4()?;
        if batch != self.changes.len() {
            bail!("augment: {} changes for {batch} pictures", self.changes.len());
        }
        let values = match channels {
            1 => self.run::<1>(data, layout)?,
            3 => self.run::<3>(data, layout)?,
            other => bail!("augment: pictures of {other} channels"),
        };
        Ok((CpuStorage::F32(values), layout.shape().clone()))
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, grad: &Tensor) -> candle_core::Result<Option<Tensor>> {
        grad.apply_op1_no_bwd(&Self { changes: self.changes.clone(), back: !self.back }).map(Some)
    }
}

impl Apply {
    fn run<const C: usize>(&self, data: &[f32], layout: &Layout) -> candle_core::Result<Vec<f32>> {
        let (_, height, width, _) = layout.shape().dims4()?;
        let strides = layout.stride();
        let area = height * width * C;
        let mut out = vec![0.0; layout.shape().elem_count()];
        if area == 0 {
            return Ok(out);
        }
        let pictures = out.par_chunks_exact_mut(area).zip(self.changes.par_iter()).enumerate();
        pictures.for_each(|(index, (out, change))| {
            let picture = Picture::<C> {
                data: &data[layout.start_offset() + index * strides[0]..],
                strides: [strides[1], strides[2], strides[3]],
                size: (height, width),
            };
            match self.back {
                false => picture.forth(change, out),
                true => picture.back(change, out),
            }
        });
        Ok(out)
    }
}

/// One picture as it lies in memory.
struct Picture<'a, const C: usize> {
    data: &'a [f32],
    /// Of rows, columns and channels.
    strides: [usize; 3],
    size: (usize, usize),
}

impl<const C: usize> Picture<'_, C> {
    #[inline(always)]
    fn pixel(&self, row: usize, column: usize) -> [f32; C] {
        let at = row * self.strides[0] + column * self.strides[1];
        std::array::from_fn(|channel| self.data[at + channel * self.strides[2]])
    }

    fn mean(&self) -> f32 {
        let (height, width) = self.size;
        let mut total = 0.0f64;
        for row in 0..height {
            let mut sum = [0.0f32; C];
            for column in 0..width {
                for (sum, value) in sum.iter_mut().zip(self.pixel(row, column)) {
                    *sum += value;
                }
            }
            total += sum.iter().copied().map(f64::from).sum::<f64>();
        }
        (total / (height * width * C) as f64) as f32
    }

    /// The changed picture, into zeros.
    fn forth(&self, change: &Change, out: &mut [f32]) {
        let (height, width) = self.size;
        let mean = if change.mean == 0.0 { 0.0 } else { self.mean() };
        let added = change.mean * mean + change.light;
        for (row, from, ranges) in change.rows(height, width) {
            for range in ranges {
                let columns = range.clone();
                let Some(out) =
                    out.get_mut((row * width + range.start) * C..(row * width + range.end) * C)
                else {
                    continue;
                };
                for (column, out) in columns.zip(out.chunks_exact_mut(C)) {
                    let pixel = self.pixel(from, column.wrapping_add_signed(-change.shift.1));
                    let grey = change.grey * (pixel.iter().sum::<f32>() / C as f32) + added;
                    for (out, value) in out.iter_mut().zip(pixel) {
                        *out = change.own * value + grey;
                    }
                }
            }
        }
    }

    /// The gradient of the picture from that of the changed one, into zeros.
    fn back(&self, change: &Change, out: &mut [f32]) {
        let (height, width) = self.size;
        let mut total = 0.0f64;
        for (row, from, ranges) in change.rows(height, width) {
            for range in ranges {
                let mut sum = 0.0f32;
                for column in range {
                    let to = from * width + column.wrapping_add_signed(-change.shift.1);
                    let pixel = self.pixel(row, column);
                    sum += pixel.iter().sum::<f32>();
                    out[to * C..][..C].copy_from_slice(&pixel);
                }
                total += f64::from(sum);
            }
        }
        let mean = (total / (height * width * C) as f64) as f32;
        let added = change.mean * mean;
        for pixel in out.chunks_exact_mut(C) {
            let grey = change.grey * (pixel.iter().sum::<f32>() / C as f32) + added;
            for value in pixel {
                *value = change.own * *value + grey;
            }
        }
    }
}
