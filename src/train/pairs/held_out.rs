//! The pairs that a run does not learn from: those it is measured with, and shown on its sheets.

use std::borrow::Cow;

use candle_core::{Device, Tensor};
use image::RgbImage;

use super::halves;
use crate::data::{DataSource, Dataset, Framing, OpenOptions, Progress, Target, input_of};
use crate::error::{Error, Result};
use crate::model::{Generator, ModelSpec};
use crate::picture::{self, Pixels};
use crate::train::config::TrainConfig;
use crate::train::metrics::{Pictures, VALUES_AT_ONCE};

/// Pairs that are not learnt from.
#[derive(Debug)]
pub struct HeldOut {
    dataset: Dataset,
}

/// Outputs of a generator, with what each of them should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Translated {
    /// What the generator made.
    pub outputs: Pictures,
    /// The truths.
    pub truths: Pictures,
}

impl HeldOut {
    /// What of `dataset` is learnt from under `config`, and the pairs that are held out; none if its
    /// networks draw from latents.
    ///
    /// # Errors
    /// [`Error::BadData`] if there are too few pairs to hold one out.
    pub fn split_off(config: &TrainConfig, dataset: Dataset) -> Result<(Dataset, Option<Self>)> {
        if !config.spec.takes_pictures() {
            return Ok((dataset, None));
        }
        match config.held_out(dataset.len()) {
            0 => Err(Error::bad_data(
                dataset.name(),
                "one pair is too few: at least one to learn from and one to measure with are needed",
            )),
            count => {
                let (learnt, dataset) = dataset.split_off_last(count)?;
                Ok((learnt, Some(Self { dataset })))
            }
        }
    }

    /// The last `count` pairs of `dataset`, or all of them if there are no more.
    ///
    /// # Errors
    /// [`Error::BadData`] or [`Error::BadPicture`] if a pair cannot be read any more.
    pub fn last_of(dataset: Dataset, count: usize) -> Result<Self> {
        if count >= dataset.len() {
            return Ok(Self { dataset });
        }
        Ok(Self { dataset: dataset.split_off_last(count)?.1 })
    }

    /// How many pairs there are.
    #[allow(clippy::len_without_is_empty)] // there is always one
    pub fn len(&self) -> usize {
        self.dataset.len()
    }

    /// What `generator` makes of the first `count`, or of all if there are not so many.
    ///
    /// # Errors
    /// [`Error::Tensor`] if the device fails, [`Error::BadPicture`] or [`Error::Io`] if a pair cannot
    /// be read any more.
    pub fn translated(
        &self,
        generator: &Generator,
        count: usize,
        device: &Device,
    ) -> Result<Translated> {
        let pair = self.dataset.target();
        let target = Target { input: 0, ..pair };
        let (mut outputs, mut truths) = (Vec::new(), Vec::new());
        let count = count.min(self.len());
        let at_once = (VALUES_AT_ONCE / pair.bytes().max(1)).max(1);
        for start in (0..count).step_by(at_once) {
            let pairs = self.pairs(start, at_once.min(count - start))?;
            let (input, _) = self.tensors(&pairs, device)?;
            outputs.extend(picture::to_bytes(&generator.translate(&input, None)?)?);
            let pixels = pairs.iter().flat_map(|bytes| bytes.chunks_exact(pair.planes()));
            truths.extend(pixels.flat_map(|pixel| &pixel[pair.input..]));
        }
        Ok(Translated {
            outputs: Pictures::new(target, outputs)?,
            truths: Pictures::new(target, truths)?,
        })
    }

    /// One sheet of input, output and truth, side by side, of the first `count` pairs.
    ///
    /// # Errors
    /// As [`HeldOut::translated`].
    pub fn sheet(&self, generator: &Generator, count: usize, device: &Device) -> Result<RgbImage> {
        let count = count.clamp(1, self.len());
        let mut pictures = Vec::with_capacity(3 * count);
        for pair in 0..count {
            let (input, truth) = self.tensors(&self.pairs(pair, 1)?, device)?;
            let output = generator.translate(&input, None)?;
            for batch in [looked_at(&input)?, output, truth] {
                pictures.extend(picture::from_tensor(&batch)?);
            }
        }
        // As many pairs beside each other as make it about square.
        let beside = (count as f64 / 3.0).sqrt().ceil() as usize;
        Ok(picture::together(&pictures, 3 * beside.max(1)))
    }

    /// The bytes of `count` pairs from `start` on.
    fn pairs(&self, start: usize, count: usize) -> Result<Vec<Cow<'_, [u8]>>> {
        (start..start + count).map(|at| self.dataset.pixels(at)).collect()
    }

    /// Inputs and truths of some pairs.
    fn tensors(&self, pairs: &[Cow<[u8]>], device: &Device) -> Result<(Tensor, Tensor)> {
        let Target { input, channels, height, width } = self.dataset.target();
        let pairs: Vec<&[u8]> = pairs.iter().map(|pair| &**pair).collect();
        halves(&picture::to_tensor(&pairs, (input + channels, height, width), device)?, input)
    }
}

/// How many of so many pairs, the last ones, are not learnt from but measured with: a twentieth, 8 at
/// least and 512 at most, but never more than half.
pub fn held_out_of(pairs: usize) -> usize {
    (pairs / 20).clamp(8, 512).min(pairs / 2)
}

/// Inputs of some of the pairs of `source` that a run does not learn from, as the generator of `spec`
/// takes them: `count`, or as many as there are.
///
/// # Errors
/// [`Error::BadData`] if they cannot be read; [`Error::Cancelled`] if `progress` says so.
pub fn held_out_inputs(
    source: &DataSource,
    spec: &ModelSpec,
    count: usize,
    progress: &mut Progress,
) -> Result<Vec<Pixels>> {
    let target = Target::of(spec);
    // Only those that are wanted are decoded.
    let options = OpenOptions { memory_limit_bytes: 0, ..OpenOptions::default() };
    let dataset = Dataset::open(source, target, Framing::default(), options, progress)?;
    let held_out = held_out_of(dataset.len());
    let count = count.min(held_out);
    let first = dataset.len() - held_out;
    let pairs = (0..count).map(|i| dataset.pixels(first + i * held_out / count.max(1)));
    let inputs = pairs.map(|pair| Ok(input_of(&pair?, target)));
    Ok(inputs.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
}

/// Inputs as something to look at: one channel is grey, a second one is green beside red, and a fourth
/// lets that much of the first three through.
fn looked_at(input: &Tensor) -> Result<Tensor> {
    let channel = |at: usize| input.narrow(1, at, 1);
    Ok(match input.dim(1)? {
        1 | 3 => input.clone(),
        2 => Tensor::cat(&[channel(0)?, channel(1)?, (channel(0)?.ones_like()? * -1.0)?], 1)?,
        _ => {
            // On black: -1 where nothing comes through.
            let share = ((channel(3)? + 1.0)? * 0.5)?;
            let colours = (input.narrow(1, 0, 3)? + 1.0)?;
            (colours.broadcast_mul(&share)? - 1.0)?
        }
    })
}
