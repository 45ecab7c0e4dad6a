//! The numbers of a run as lines: a million steps are drawn as quickly as a thousand.
//!
//! Every series keeps its values and, above them, the smallest and largest of each 4, 16, 64, … of
//! them. A line is drawn from the level that has about as many blocks as the chart has columns, so
//! that no peak is ever left out.

use crate::train::StepReport;

/// Values in a block of the next level.
const FOLD: usize = 4;

/// What is drawn of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Series {
    /// Loss of the discriminator.
    #[default]
    LossD,
    /// Loss of the generator.
    LossG,
    /// Mean probability that the discriminator gives to real pictures.
    Real,
    /// Mean probability that it gives to generated ones.
    Fake,
    /// Mean difference of outputs from their truths.
    L1,
}

impl Series {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::LossD, Self::LossG, Self::Real, Self::Fake, Self::L1];

    /// Its name in legends.
    pub fn title(self) -> &'static str {
        match self {
            Self::LossD => "Loss of D",
            Self::LossG => "Loss of G",
            Self::Real => "D(x)",
            Self::Fake => "D(G(z))",
            Self::L1 => "L1 in training",
        }
    }

    fn of(self, report: &StepReport) -> f32 {
        match self {
            Self::LossD => report.loss_d,
            Self::LossG => report.loss_g,
            Self::Real => report.d_real,
            Self::Fake => report.d_fake,
            Self::L1 => report.l1,
        }
    }
}

/// Values with their smallest and largest at several scales.
#[derive(Debug, Clone, Default)]
struct Pyramid {
    values: Vec<f32>,
    /// Level `i` has a block for each `FOLD^(i + 1)` values.
    levels: Vec<Vec<[f32; 2]>>,
}

impl Pyramid {
    fn push(&mut self, value: f32) {
        let mut index = self.values.len();
        self.values.push(value);
        let mut level = 0;
        loop {
            index /= FOLD;
            if self.levels.len() == level {
                // A level of a single block tells nothing.
                if index == 0 {
                    return;
                }
                let below = self.blocks_below(level);
                self.levels.push(below);
            }
            let blocks = &mut self.levels[level];
            match blocks.get_mut(index) {
                Some([low, high]) => (*low, *high) = (low.min(value), high.max(value)),
                None => blocks.push([value; 2]),
            }
            level += 1;
        }
    }

    /// The blocks of a new level, from the one below it.
    fn blocks_below(&self, level: usize) -> Vec<[f32; 2]> {
        let join = |blocks: &[[f32; 2]]| {
            let ends = blocks.iter().copied();
            ends.fold([f32::NAN; 2], |[low, high], [l, h]| [low.min(l), high.max(h)])
        };
        match level.checked_sub(1) {
            None => self
                .values
                .chunks(FOLD)
                .map(|v| join(&v.iter().map(|v| [*v; 2]).collect::<Vec<_>>()))
                .collect(),
            Some(below) => self.levels[below].chunks(FOLD).map(join).collect(),
        }
    }

    /// The smallest and largest of about `count` blocks that cover `range`, each with the index of
    /// its first value.
    fn blocks(&self, range: std::ops::Range<usize>, count: usize) -> Vec<(usize, [f32; 2])> {
        let mut size = 1;
        let mut level = 0;
        while range.len() / size > count.max(1) && level < self.levels.len() {
            size *= FOLD;
            level += 1;
        }
        let first = range.start / size;
        let last = range.end.div_ceil(size);
        let at = |i: usize| match level {
            0 => self.values.get(i).map(|v| [*v; 2]),
            _ => self.levels[level - 1].get(i).copied(),
        };
        (first..last).filter_map(|i| Some((i * size, at(i)?))).collect()
    }
}

/// The course of one run.
#[derive(Debug, Clone)]
pub struct Curves {
    steps: Vec<u64>,
    images: Vec<u64>,
    raw: [Pyramid; Series::ALL.len()],
    smooth: [Pyramid; Series::ALL.len()],
    /// Weighted sum and sum of weights of each moving average.
    averages: [(f64, f64); Series::ALL.len()],
    smoothing: f32,
}

impl Default for Curves {
    fn default() -> Self {
        Self {
            steps: Vec::new(),
            images: Vec::new(),
            raw: Default::default(),
            smooth: Default::default(),
            averages: Default::default(),
            smoothing: 0.98,
        }
    }
}

impl Curves {
    /// Adds a step. One that was done before, ahead of a return to an earlier state, is forgotten
    /// with all after it.
    pub fn push(&mut self, report: &StepReport) {
        if self.steps.last().is_some_and(|last| *last >= report.step) {
            self.truncate(report.step.saturating_sub(1));
        }
        self.steps.push(report.step);
        self.images.push(report.images);
        for series in Series::ALL {
            let value = series.of(report);
            self.raw[series as usize].push(value);
            self.push_smooth(series as usize, value);
        }
    }

    /// Forgets everything after `step`.
    pub fn truncate(&mut self, step: u64) {
        let keep = self.steps.partition_point(|s| *s <= step);
        if keep == self.steps.len() {
            return;
        }
        self.steps.truncate(keep);
        self.images.truncate(keep);
        for raw in &mut self.raw {
            let mut values = std::mem::take(raw).values;
            values.truncate(keep);
            values.into_iter().for_each(|value| raw.push(value));
        }
        self.smooth_again();
    }

    /// Number of steps.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether there is nothing to draw yet.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The newest value of a series, smoothed.
    pub fn newest(&self, series: Series) -> Option<f32> {
        self.smooth[series as usize].values.last().copied()
    }

    /// Thousands of pictures after which `step` was done.
    pub fn kimg_of(&self, step: u64) -> Option<f64> {
        let at = self.steps.partition_point(|s| *s < step).min(self.steps.len().checked_sub(1)?);
        Some(self.images[at] as f64 / 1e3)
    }

    /// How much of its past each smoothed value keeps, from 0 (nothing) to below 1.
    pub fn set_smoothing(&mut self, smoothing: f32) {
        let smoothing = smoothing.clamp(0.0, 0.9999);
        if smoothing != self.smoothing {
            self.smoothing = smoothing;
            self.smooth_again();
        }
    }

    /// Points `[kimg, value]` of a line between two places, `columns` blocks at most twice over. Values
    /// that are no numbers are left out.
    pub fn line(
        &self,
        series: Series,
        is_smooth: bool,
        (from, to): (f64, f64),
        columns: usize,
    ) -> Vec<[f64; 2]> {
        let kimg = |i: usize| self.images[i] as f64 / 1e3;
        // One more at each side, so that lines go on beyond the edges.
        let start = self.images.partition_point(|i| (*i as f64) < from * 1e3).saturating_sub(1);
        let end = self.images.partition_point(|i| (*i as f64) <= to * 1e3) + 1;
        let range = start..end.min(self.len());
        if range.is_empty() {
            return Vec::new();
        }
        let pyramid = &(if is_smooth { &self.smooth } else { &self.raw })[series as usize];
        let blocks = pyramid.blocks(range, columns);
        let step = blocks.get(1).map_or(1, |(second, _)| second - blocks[0].0);
        let mut points = Vec::with_capacity(2 * blocks.len());
        for (first, [low, high]) in blocks {
            let x = kimg(first);
            points.push([x, f64::from(low)]);
            if low != high {
                let middle = (first + step / 2).min(self.len() - 1);
                points.push([kimg(middle), f64::from(high)]);
            }
        }
        points.retain(|[_, y]| y.is_finite());
        points
    }

    fn push_smooth(&mut self, series: usize, value: f32) {
        let keep = f64::from(self.smoothing);
        let (sum, weight) = &mut self.averages[series];
        if value.is_finite() {
            *sum = keep * *sum + (1.0 - keep) * f64::from(value);
            *weight = keep * *weight + (1.0 - keep);
        }
        // Divided by the weights so far, the first values are not drawn towards 0.
        let smooth = if *weight > 0.0 { (*sum / *weight) as f32 } else { f32::NAN };
        self.smooth[series].push(smooth);
    }

    fn smooth_again(&mut self) {
        self.smooth = Default::default();
        self.averages = Default::default();
        for series in 0..Series::ALL.len() {
            for i in 0..self.raw[series].values.len() {
                let value = self.raw[series].values[i];
                self.push_smooth(series, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(step: u64, loss: f32) -> StepReport {
        let images = step * 64;
        StepReport {
            step,
            images,
            loss_d: loss,
            loss_g: -loss,
            d_real: 0.5,
            d_fake: 0.25,
            grad_d: 1.0,
            grad_g: 1.0,
            sign_real: 0.0,
            l1: 0.0,
        }
    }

    #[test]
    fn a_million_steps_are_few_points_and_no_peak_is_lost() {
        let mut curves = Curves::default();
        for step in 1..=1_000_000 {
            let loss = if step == 777_777 { 99.0 } else { (step % 7) as f32 };
            curves.push(&report(step, loss));
        }
        let all = (0.0, 64_000.0);
        let line = curves.line(Series::LossD, false, all, 600);
        assert!((300..=1300).contains(&line.len()), "{}", line.len());
        assert!(line.windows(2).all(|pair| pair[0][0] <= pair[1][0]), "in order");
        let top = line.iter().map(|p| p[1]).fold(f64::MIN, f64::max);
        let bottom = line.iter().map(|p| p[1]).fold(f64::MAX, f64::min);
        assert_eq!((bottom, top), (0.0, 99.0));
        // Close up, every step is there.
        let near = (777_770.0 * 0.064, 777_780.0 * 0.064);
        let line = curves.line(Series::LossD, false, near, 600);
        assert!(line.contains(&[777_777.0 * 64.0 / 1e3, 99.0]) && line.len() < 20, "{line:?}");
    }

    #[test]
    fn every_level_is_what_its_values_say() {
        let mut pyramid = Pyramid::default();
        for i in 0..1000u32 {
            pyramid.push(((i * 7919) % 1009) as f32);
            for (level, blocks) in pyramid.levels.iter().enumerate() {
                let size = FOLD.pow(level as u32 + 1);
                assert_eq!(blocks.len(), pyramid.values.len().div_ceil(size));
            }
        }
        for (level, blocks) in pyramid.levels.iter().enumerate() {
            for (block, values) in
                blocks.iter().zip(pyramid.values.chunks(FOLD.pow(level as u32 + 1)))
            {
                let low = values.iter().copied().fold(f32::MAX, f32::min);
                let high = values.iter().copied().fold(f32::MIN, f32::max);
                assert_eq!(*block, [low, high], "level {level}");
            }
        }
    }

    #[test]
    fn smoothing_is_an_average_of_the_past_that_begins_at_the_first_value() {
        let mut curves = Curves::default();
        curves.set_smoothing(0.5);
        for (step, loss) in [(1, 4.0), (2, 1.0), (3, f32::NAN), (4, 1.0)] {
            curves.push(&report(step, loss));
        }
        let smooth: Vec<f64> =
            curves.line(Series::LossD, true, (0.0, 1.0), 100).iter().map(|p| p[1]).collect();
        // (0.5·4 + 1) / 1.5 = 2, then unchanged, then (0.5·(0.5·4 + 1) + 1) / 1.75.
        assert_eq!(smooth.len(), 4);
        for (value, expected) in smooth.iter().zip([4.0, 2.0, 2.0, 2.5 / 1.75]) {
            assert!((value - expected).abs() < 1e-6, "{smooth:?}");
        }
        curves.set_smoothing(0.0);
        assert_eq!(curves.newest(Series::LossD), Some(1.0));
        assert_eq!(curves.line(Series::LossD, false, (0.0, 1.0), 100).len(), 3, "NaN is left out");
    }

    #[test]
    fn a_run_that_went_back_is_told_anew() {
        let mut curves = Curves::default();
        (1..=100).for_each(|step| curves.push(&report(step, 1.0)));
        curves.push(&report(51, 2.0));
        assert_eq!(curves.len(), 51);
        let line = curves.line(Series::LossD, false, (0.0, 10.0), 1000);
        assert_eq!(line.last(), Some(&[51.0 * 64.0 / 1e3, 2.0]));
        assert_eq!(line.iter().filter(|p| p[1] == 2.0).count(), 1);
        assert_eq!(curves.kimg_of(50), Some(3.2));
    }
}
