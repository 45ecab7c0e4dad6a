//! Networks that are one row of stages.

use candle_core::Tensor;

use super::layers::{Block, Mode};
use crate::error::Result;

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
    Block(Box<Block>),
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

    /// Runs this stage alone.
    ///
    /// # Errors
    /// [`crate::Error::Tensor`] if `x` does not have the shape this stage takes.
    pub fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        match &self.0 {
            StageKind::Reshape(dims) => {
                let mut shape = vec![x.dim(0)?];
                shape.extend(dims);
                Ok(x.reshape(shape)?)
            }
            // Views: who needs neighbours in memory copies, and a generator's pictures go to the
            // discriminator as they are.
            StageKind::ChannelsLast => Ok(x.permute((0, 2, 3, 1))?),
            StageKind::ChannelsFirst => Ok(x.permute((0, 3, 1, 2))?),
            StageKind::Block(block) => block.forward(x, mode),
        }
    }
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
        let mut x = x.clone();
        for stage in &self.0 {
            x = stage.forward(&x, mode)?;
        }
        Ok(x)
    }

    /// See [`super::Generator::prepare`].
    pub(super) fn prepare(&mut self) -> Result<()> {
        self.0.iter_mut().try_for_each(|stage| match &mut stage.0 {
            StageKind::Block(block) => block.prepare(),
            _ => Ok(()),
        })
    }

    /// The stages in order.
    pub fn stages(&self) -> &[Stage] {
        &self.0
    }
}
