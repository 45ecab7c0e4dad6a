//! Networks that are one row of stages. One stage may be two rows side by side: a layer that is being
//! blended in, and what was there before it.

use candle_core::{Tensor, Var};

use super::layers::{Block, Mode};
use super::tape::Tape;
use crate::error::Result;
use crate::ops::breath::breathe;
use crate::ops::{self, Recorded};

/// From the order of pictures to that of convolutions, and back.
const CHANNELS_LAST: [usize; 4] = [0, 2, 3, 1];
const CHANNELS_FIRST: [usize; 4] = [0, 3, 1, 2];

/// One stage of a [`Sequential`] network.
#[derive(Debug, Clone)]
pub struct Stage(StageKind);

#[derive(Debug, Clone)]
enum StageKind {
    /// Gives each item of the batch these dimensions: `[B, …]` → `[B, dims…]`.
    Reshape(Vec<usize>),
    /// `[B, C, H, W]` → `[B, H, W, C]`: from the order of pictures to that of convolutions.
    ChannelsLast,
    /// `[B, H, W, C]` → `[B, C, H, W]`.
    ChannelsFirst,
    /// `[B, H, W, C]` → `[B, 2H, 2W, C]`: every pixel four times.
    Enlarge,
    /// `[B, H, W, C]` → `[B, H/2, W/2, C]`: the mean of four pixels.
    Shrink,
    Block(Box<Block>),
    Blend(Box<Blend>),
}

/// Two ways from one input, and how much of the second is in the result.
#[derive(Debug, Clone)]
struct Blend {
    ways: [Vec<Stage>; 2],
    share: f64,
}

impl Stage {
    pub(super) fn reshape(dims: impl Into<Vec<usize>>) -> Self {
        Self(StageKind::Reshape(dims.into()))
    }

    pub(super) fn channels_last() -> Self {
        Self(StageKind::ChannelsLast)
    }

    pub(super) fn channels_first() -> Self {
        Self(StageKind::ChannelsFirst)
    }

    pub(super) fn block(block: Block) -> Self {
        Self(StageKind::Block(Box::new(block)))
    }

    pub(super) fn enlarge() -> Self {
        Self(StageKind::Enlarge)
    }

    pub(super) fn shrink() -> Self {
        Self(StageKind::Shrink)
    }

    /// `(1 − share)` of what the first row makes, and `share` of what the second does.
    pub(super) fn blend(ways: [Vec<Self>; 2], share: f64) -> Self {
        Self(StageKind::Blend(Box::new(Blend { ways, share })))
    }

    /// Runs this stage alone.
    ///
    /// # Errors
    /// [`crate::Error::Tensor`] if `x` does not have the shape this stage takes.
    pub fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        match &self.0 {
            StageKind::Reshape(dims) => Ok(x.reshape(batch_of(x, dims)?)?),
            // Views: who needs neighbours in memory copies, and a generator's pictures go to the
            // discriminator as they are.
            StageKind::ChannelsLast => Ok(x.permute(CHANNELS_LAST.as_slice())?),
            StageKind::ChannelsFirst => Ok(x.permute(CHANNELS_FIRST.as_slice())?),
            StageKind::Enlarge => ops::enlarge(x),
            StageKind::Shrink => ops::shrink(x),
            StageKind::Block(block) => block.forward(x, mode),
            StageKind::Blend(blend) => {
                let [first, second] = &blend.ways;
                blended(forward(first, x, mode)?, forward(second, x, mode)?, blend.share)
            }
        }
    }

    /// Runs this stage and notes what its way back needs.
    fn record(&self, x: &Tensor, mode: Mode, tape: &mut Tape) -> Result<Tensor> {
        breathe();
        let view = match &self.0 {
            StageKind::Reshape(dims) => Recorded::reshape(x, &batch_of(x, dims)?)?,
            StageKind::ChannelsLast => Recorded::permute(x, CHANNELS_LAST)?,
            StageKind::ChannelsFirst => Recorded::permute(x, CHANNELS_FIRST)?,
            StageKind::Enlarge => Recorded::enlarge(x)?,
            StageKind::Shrink => Recorded::shrink(x)?,
            StageKind::Block(block) => return block.record(x, mode, tape),
            StageKind::Blend(blend) => {
                let mut tapes = [Tape::new(), Tape::new()];
                let [first, second] = &blend.ways;
                let first = record(first, x, mode, &mut tapes[0])?;
                let second = record(second, x, mode, &mut tapes[1])?;
                tape.note_blend(tapes, blend.share);
                return blended(first, second, blend.share);
            }
        };
        Ok(tape.note(view, [None, None]))
    }

    fn prepare(&mut self) -> Result<()> {
        match &mut self.0 {
            StageKind::Block(block) => block.prepare(),
            StageKind::Blend(blend) => blend.ways.iter_mut().flatten().try_for_each(Self::prepare),
            _ => Ok(()),
        }
    }
}

fn forward(stages: &[Stage], x: &Tensor, mode: Mode) -> Result<Tensor> {
    stages.iter().try_fold(x.clone(), |x, stage| stage.forward(&x, mode))
}

fn record(stages: &[Stage], x: &Tensor, mode: Mode, tape: &mut Tape) -> Result<Tensor> {
    stages.iter().try_fold(x.detach(), |x, stage| stage.record(&x, mode, tape))
}

fn blended(first: Tensor, second: Tensor, share: f64) -> Result<Tensor> {
    Ok(((first * (1.0 - share))? + (second * share)?)?)
}

/// `[B, dims…]` for the batch `x`.
fn batch_of(x: &Tensor, dims: &[usize]) -> Result<Vec<usize>> {
    let mut all = vec![x.dim(0)?];
    all.extend(dims);
    Ok(all)
}

/// Stages, one after the other.
#[derive(Debug, Clone)]
pub struct Sequential(pub(super) Vec<Stage>);

impl Sequential {
    /// Runs all stages.
    ///
    /// # Errors
    /// [`crate::Error::Tensor`] if `x` does not have the shape the first stage takes.
    pub fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        forward(&self.0, x, mode)
    }

    /// Runs all stages before the last one that has weights.
    ///
    /// # Errors
    /// As [`Sequential::forward`].
    pub(super) fn before_last(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let is_block = |stage: &Stage| matches!(stage.0, StageKind::Block(_));
        let last = self.0.iter().rposition(is_block).unwrap_or(0);
        self.0[..last].iter().try_fold(x.clone(), |x, stage| stage.forward(&x, mode))
    }

    /// Runs all stages, with what the way back needs.
    ///
    /// # Errors
    /// As [`Sequential::forward`].
    pub fn record(&self, x: &Tensor, mode: Mode) -> Result<(Tensor, Tape)> {
        if !Tape::is_ours(x) {
            return self.trace(x, mode);
        }
        let mut tape = Tape::new();
        let y = record(&self.0, x, mode, &mut tape)?;
        Ok((y, tape))
    }

    /// As [`Sequential::record`], by candle's own graph.
    fn trace(&self, x: &Tensor, mode: Mode) -> Result<(Tensor, Tape)> {
        let x = Var::from_tensor(&x.detach())?;
        let y = self.forward(x.as_tensor(), mode)?;
        Ok((y.detach(), Tape::of_graph(x, y)))
    }

    /// See [`super::Generator::prepare`].
    pub(super) fn prepare(&mut self) -> Result<()> {
        self.0.iter_mut().try_for_each(Stage::prepare)
    }

    /// Blends the newest layer in as far as `share` says, where there is one that is blended in.
    pub(super) fn set_fade(&mut self, share: f64) {
        for stage in &mut self.0 {
            if let StageKind::Blend(blend) = &mut stage.0 {
                blend.share = share;
            }
        }
    }

    /// The stages in order.
    pub fn stages(&self) -> &[Stage] {
        &self.0
    }
}

#[cfg(test)]
mod tests;
