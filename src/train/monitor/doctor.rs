//! Hears steps and measures, and says what is new.

use std::collections::{BTreeMap, VecDeque};

use super::symptoms::{self, Means, Sign};
use super::{Ailment, Alert, Facts};
use crate::train::events::StepReport;
use crate::train::metrics::Measures;

/// Steps that are looked at together, and steps between two looks.
const WINDOW: usize = 200;
const LOOK_EVERY: u64 = 50;
/// Pieces of so many steps each, and how many of them, in which oscillation is looked for.
const PIECE: usize = 20;
const PIECES: usize = 50;
/// Looks without a sign after which an ailment is over.
const HEALED: u32 = 4;
/// An ailment so many times as bad as when it was told is told again.
const WORSE: f32 = 4.0;
/// Looks after which gradients have become usual.
const USUAL: u32 = 20;
/// Measurings that must agree, none of them better than the one before by more than this factor:
/// a run begins with noise that is all alike, and leaves it.
const AGREE: u32 = 2;
const BETTER: f32 = 0.9;

/// The doctor of one run.
#[derive(Debug)]
pub struct Doctor {
    facts: Facts,
    recent: VecDeque<StepReport>,
    /// Mean gaps between the verdicts over the last pieces.
    gaps: VecDeque<f32>,
    piece: (f32, usize),
    /// Sums of the logarithms of gradient norms, of all looks so far.
    norms: (f64, f64, u32),
    /// Measurings in a row with signs of collapse, and how bad the last was.
    collapsed: (u32, f32),
    known: BTreeMap<Ailment, Known>,
}

/// An ailment that was told.
#[derive(Debug)]
struct Known {
    severity: f32,
    /// Looks since without a sign of it.
    quiet: u32,
}

impl Doctor {
    /// The doctor of a run on such data, who has heard nothing yet.
    pub fn new(facts: Facts) -> Self {
        Self {
            facts,
            recent: VecDeque::with_capacity(WINDOW),
            gaps: VecDeque::with_capacity(PIECES),
            piece: (0.0, 0),
            norms: (0.0, 0.0, 0),
            collapsed: (0, 0.0),
            known: BTreeMap::new(),
        }
    }

    /// What can be said before the first step.
    pub fn before(&mut self) -> Vec<Alert> {
        let sign = self.facts.sameness().map(|words| (1.0, words));
        self.judge(0, Ailment::NothingToLearn, sign).into_iter().collect()
    }

    /// What is new after a step.
    pub fn step(&mut self, report: &StepReport) -> Vec<Alert> {
        if self.recent.len() == WINDOW {
            self.recent.pop_front();
        }
        self.recent.push_back(*report);
        self.hear_gap(report.d_real - report.d_fake);
        if self.recent.len() < WINDOW || !report.step.is_multiple_of(LOOK_EVERY) {
            return Vec::new();
        }
        let means = Means::of(self.recent.iter());
        let usual = self.usual_norms();
        self.hear_norms(&means);
        let steps = self.gaps.len() * PIECE;
        let signs = [
            (Ailment::DiscriminatorWon, means.discriminator_won()),
            (Ailment::GeneratorWon, means.generator_won()),
            (Ailment::Oscillation, symptoms::oscillation(self.gaps.iter().copied(), steps)),
            (Ailment::Exploding, means.exploding(usual)),
            (Ailment::Overfitting, means.overfitting(&self.facts)),
        ];
        let judge = |(ailment, sign)| self.judge(report.step, ailment, sign);
        signs.into_iter().filter_map(judge).collect()
    }

    /// What is new after a measuring at `step`.
    pub fn measured(&mut self, step: u64, measures: &Measures) -> Vec<Alert> {
        let sign = symptoms::mode_collapse(measures);
        let (count, before) = self.collapsed;
        self.collapsed = match &sign {
            None => (0, 0.0),
            Some((severity, _)) if *severity < BETTER * before => (1, *severity),
            Some((severity, _)) => (count + 1, *severity),
        };
        let sign = sign.filter(|_| self.collapsed.0 >= AGREE);
        self.judge(step, Ailment::ModeCollapse, sign).into_iter().collect()
    }

    fn judge(&mut self, step: u64, ailment: Ailment, sign: Sign) -> Option<Alert> {
        if self.facts.are_pairs && !holds_for_pairs(ailment) {
            return None;
        }
        let Some((severity, evidence)) = sign else {
            if let Some(known) = self.known.get_mut(&ailment) {
                known.quiet += 1;
                if known.quiet >= HEALED {
                    self.known.remove(&ailment);
                }
            }
            return None;
        };
        if let Some(known) = self.known.get_mut(&ailment) {
            known.quiet = 0;
            if severity < WORSE * known.severity {
                return None;
            }
        }
        self.known.insert(ailment, Known { severity, quiet: 0 });
        Some(Alert { step, ailment, evidence, advice: ailment.advice().to_owned() })
    }

    fn hear_gap(&mut self, gap: f32) {
        let (sum, count) = self.piece;
        self.piece = (sum + gap, count + 1);
        if self.piece.1 == PIECE {
            if self.gaps.len() == PIECES {
                self.gaps.pop_front();
            }
            self.gaps.push_back(self.piece.0 / PIECE as f32);
            self.piece = (0.0, 0);
        }
    }

    fn hear_norms(&mut self, means: &Means) {
        if means.grad_d > 0.0 && means.grad_g > 0.0 {
            let (d, g, looks) = self.norms;
            let (now_d, now_g) = (f64::from(means.grad_d).ln(), f64::from(means.grad_g).ln());
            self.norms = (d + now_d, g + now_g, looks + 1);
        }
    }

    /// The geometric means of both networks' gradient norms.
    fn usual_norms(&self) -> Option<(f32, f32)> {
        let (d, g, looks) = self.norms;
        let mean = |sum: f64| (sum / f64::from(looks)).exp() as f32;
        (looks >= USUAL).then(|| (mean(d), mean(g)))
    }
}

/// Whether an ailment is one where pictures are made from pictures, too. There the discriminator sees the
/// input and is soon sure, and knows its few pairs by heart in nearly every published run; the distance
/// to the truth goes on teaching the generator. And how unlike its outputs are follows from the inputs.
fn holds_for_pairs(ailment: Ailment) -> bool {
    match ailment {
        Ailment::ModeCollapse
        | Ailment::DiscriminatorWon
        | Ailment::GeneratorWon
        | Ailment::Oscillation
        | Ailment::Overfitting => false,
        Ailment::Exploding | Ailment::NothingToLearn => true,
    }
}

#[cfg(test)]
mod tests;
