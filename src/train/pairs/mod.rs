//! Pairs of pictures: an input, and the truth that is to be made from it.
//!
//! A batch of them is one tensor `[B, inputs + C, H, W]`, the input's channels before the truth's: what
//! the loader gives, and what a discriminator judges.

mod held_out;

use candle_core::Tensor;

pub use held_out::{HeldOut, Translated, held_out_inputs, held_out_of};

use crate::error::Result;
use crate::ops::{channels_first, channels_last};

/// The inputs, which have so many channels, and the truths of a batch of pairs.
///
/// # Errors
/// [`crate::Error::Tensor`] if it has no channels beside those.
pub fn halves(pairs: &Tensor, inputs: usize) -> Result<(Tensor, Tensor)> {
    // In memory as convolutions want them, once for all that follows.
    let all = channels_last(&pairs.detach())?;
    let part =
        |start: usize, count: usize| channels_first(&all.narrow(3, start, count)?.contiguous()?);
    let channels = all.dim(3)?;
    Ok((part(0, inputs)?, part(inputs, channels.saturating_sub(inputs))?))
}

/// The reverse of [`halves`]: candle traces nothing through it.
///
/// # Errors
/// [`crate::Error::Tensor`] if the two are of different number or size.
pub fn joined(inputs: &Tensor, pictures: &Tensor) -> Result<Tensor> {
    let last = |x: &Tensor| -> Result<Tensor> { Ok(channels_last(&x.detach())?.contiguous()?) };
    channels_first(&Tensor::cat(&[last(inputs)?, last(pictures)?], 3)?)
}

#[cfg(test)]
mod tests;
