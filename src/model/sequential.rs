//! Networks that are one row of stages. A stage may hold rows of its own: a layer that is being blended
//! in beside what was there before it, or all that lies between the two ends of a skip connection.

use candle_core::{D, Tensor, Var};

use super::layers::Block;
use super::pass::{Pass, draws};
use super::tape::Tape;
use crate::error::Result;
use crate::ops::breath::breathe;
use crate::ops::{self, Activation, Recorded};

/// One stage of a [`Sequential`] network.
#[derive(Debug, Clone)]
pub struct Stage(StageKind);

#[derive(Debug, Clone)]
pub(super) enum StageKind {
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
    /// `[B, H, W, C]` → `[B, H, W, C + K]`: what is above zero of what comes in, and behind it what
    /// the row makes of that.
    Skip(Vec<Stage>),
    /// Leaves values out with this probability, if the pass says so.
    Dropout {
        p: f64,
        /// Its number among those of the network.
        layer: u64,
    },
    /// Times a factor, plus a summand, and cut off below −1 and above 1: values as those of pictures.
    Bounded {
        scale: f64,
        shift: f64,
    },
}

/// Two ways from one input, and how much of the second is in the result.
#[derive(Debug, Clone)]
pub(super) struct Blend {
    pub(super) ways: [Vec<Stage>; 2],
    pub(super) share: f64,
}

impl Stage {
    pub(super) fn kind(&self) -> &StageKind {
        &self.0
    }

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

    /// What comes in, cut off below zero, and behind it what `row` makes of it.
    pub(super) fn skip(row: Vec<Self>) -> Self {
        Self(StageKind::Skip(row))
    }

    /// Dropout with probability `p`, the `layer`-th of its network.
    pub(super) fn dropout(p: f64, layer: u64) -> Self {
        Self(StageKind::Dropout { p, layer })
    }

    /// `x · scale + shift`, cut off below −1 and above 1.
    pub(super) fn bounded(scale: f64, shift: f64) -> Self {
        Self(StageKind::Bounded { scale, shift })
    }

    /// Runs this stage alone.
    ///
    /// # Errors
    /// [`crate::Error::Tensor`] if `x` does not have the shape this stage takes.
    pub fn forward<'a>(&self, x: &Tensor, pass: impl Into<Pass<'a>>) -> Result<Tensor> {
        let pass = pass.into();
        match &self.0 {
            StageKind::Reshape(dims) => Ok(x.reshape(batch_of(x, dims)?)?),
            // Views: who needs neighbours in memory copies, and a generator's pictures go to the
            // discriminator as they are.
            StageKind::ChannelsLast => ops::channels_last(x),
            StageKind::ChannelsFirst => ops::channels_first(x),
            StageKind::Enlarge => ops::enlarge(x),
            StageKind::Shrink => ops::shrink(x),
            StageKind::Block(block) => block.forward(x, pass.mode),
            StageKind::Blend(blend) => {
                let [first, second] = &blend.ways;
                blended(forward(first, x, pass)?, forward(second, x, pass)?, blend.share)
            }
            StageKind::Skip(row) => {
                let own = ops::activate(x, Activation::Relu)?;
                Ok(Tensor::cat(&[&own, &forward(row, x, pass)?], D::Minus1)?)
            }
            StageKind::Dropout { p, layer } => match pass.dropout {
                Some(seeds) => Ok(x.mul(&factors(x, *p, seeds, *layer)?)?),
                None => Ok(x.clone()),
            },
            StageKind::Bounded { scale, shift } => ops::bounded(x, *scale, *shift),
        }
    }

    /// Runs this stage and notes what its way back needs.
    fn record(&self, x: &Tensor, pass: Pass, tape: &mut Tape) -> Result<Tensor> {
        breathe();
        let view = match &self.0 {
            StageKind::Reshape(dims) => Recorded::reshape(x, &batch_of(x, dims)?)?,
            StageKind::ChannelsLast => Recorded::channels_last(x)?,
            StageKind::ChannelsFirst => Recorded::channels_first(x)?,
            StageKind::Enlarge => Recorded::enlarge(x)?,
            StageKind::Shrink => Recorded::shrink(x)?,
            StageKind::Block(block) => return block.record(x, pass.mode, tape),
            StageKind::Blend(blend) => {
                let mut tapes = [Tape::new(), Tape::new()];
                let [first, second] = &blend.ways;
                let first = record(first, x, pass, &mut tapes[0])?;
                let second = record(second, x, pass, &mut tapes[1])?;
                tape.note_blend(tapes, blend.share);
                return blended(first, second, blend.share);
            }
            StageKind::Skip(row) => {
                let (own, recorded) = Recorded::activate(x, Activation::Relu)?;
                let mut inner = Tape::new();
                let made = record(row, x, pass, &mut inner)?;
                tape.note_skip(recorded, inner, own.dim(D::Minus1)?);
                return Ok(Tensor::cat(&[own, made], D::Minus1)?);
            }
            StageKind::Dropout { p, layer } => match pass.dropout {
                Some(seeds) => Recorded::scaled(x, factors(x, *p, seeds, *layer)?)?,
                None => return Ok(x.clone()),
            },
            StageKind::Bounded { scale, shift } => {
                Recorded::traced(x, |x| ops::bounded(x, *scale, *shift))?
            }
        };
        Ok(tape.note(view, [None, None]))
    }

    /// See [`Sequential::measures_the_batch`].
    fn measures_the_batch(&self) -> bool {
        match &self.0 {
            StageKind::Block(block) => block.measures_the_batch(),
            StageKind::Blend(blend) => blend.ways.iter().flatten().any(Self::measures_the_batch),
            StageKind::Skip(row) => row.iter().any(Self::measures_the_batch),
            _ => false,
        }
    }

    fn prepare(&mut self) -> Result<()> {
        match &mut self.0 {
            StageKind::Block(block) => block.prepare(),
            StageKind::Blend(blend) => blend.ways.iter_mut().flatten().try_for_each(Self::prepare),
            StageKind::Skip(row) => row.iter_mut().try_for_each(Self::prepare),
            _ => Ok(()),
        }
    }
}

fn forward(stages: &[Stage], x: &Tensor, pass: Pass) -> Result<Tensor> {
    stages.iter().try_fold(x.clone(), |x, stage| stage.forward(&x, pass))
}

fn record(stages: &[Stage], x: &Tensor, pass: Pass, tape: &mut Tape) -> Result<Tensor> {
    stages.iter().try_fold(x.detach(), |x, stage| stage.record(&x, pass, tape))
}

/// What the `layer`-th dropout multiplies `x` with.
fn factors(x: &Tensor, p: f64, seeds: &[u64], layer: u64) -> Result<Tensor> {
    if seeds.len() != x.dim(0)? {
        let text = format!("{} seeds for the dropout of {:?}", seeds.len(), x.dims());
        return Err(candle_core::Error::Msg(text).into());
    }
    ops::dropout_factors(x.dims(), p, draws(seeds, layer), x.device())
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
    pub fn forward<'a>(&self, x: &Tensor, pass: impl Into<Pass<'a>>) -> Result<Tensor> {
        forward(&self.0, x, pass.into())
    }

    /// Runs all stages before the last one that has weights.
    ///
    /// # Errors
    /// As [`Sequential::forward`].
    pub(super) fn before_last(&self, x: &Tensor, pass: Pass) -> Result<Tensor> {
        let is_block = |stage: &Stage| matches!(stage.0, StageKind::Block(_));
        let last = self.0.iter().rposition(is_block).unwrap_or(0);
        forward(&self.0[..last], x, pass)
    }

    /// Runs all stages, with what the way back needs.
    ///
    /// # Errors
    /// As [`Sequential::forward`].
    pub fn record<'a>(&self, x: &Tensor, pass: impl Into<Pass<'a>>) -> Result<(Tensor, Tape)> {
        let pass = pass.into();
        if !Tape::is_ours(x) {
            return self.trace(x, pass);
        }
        let mut tape = Tape::new();
        let y = record(&self.0, x, pass, &mut tape)?;
        Ok((y, tape))
    }

    /// As [`Sequential::record`], by candle's own graph.
    fn trace(&self, x: &Tensor, pass: Pass) -> Result<(Tensor, Tape)> {
        let x = Var::from_tensor(&x.detach())?;
        let y = self.forward(x.as_tensor(), pass)?;
        Ok((y.detach(), Tape::of_graph(x, y)))
    }

    /// Whether what becomes of a picture depends on the batch around it while training.
    pub(super) fn measures_the_batch(&self) -> bool {
        self.0.iter().any(Stage::measures_the_batch)
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
