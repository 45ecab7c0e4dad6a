//! The same by candle's own operations: what GPUs run.

use candle_core::{D, Device, Result, Tensor, Var};

use super::change::Change;

/// See [`super::Changes::apply`].
pub(super) fn apply(changes: &[Change], pictures: &Tensor) -> crate::error::Result<Tensor> {
    Ok(changed(changes, pictures)?)
}

/// See [`super::Changes::back`].
pub(super) fn back(changes: &[Change], grad: &Tensor) -> crate::error::Result<Tensor> {
    // The changes are linear but for a constant: any pictures have this gradient.
    let pictures = Var::zeros(grad.shape(), grad.dtype(), grad.device())?;
    let mut found =
        (changed(changes, pictures.as_tensor())? * grad.detach())?.sum_all()?.backward()?;
    Ok(match found.remove(pictures.as_tensor()) {
        Some(gradient) => gradient,
        None => grad.zeros_like()?,
    })
}

fn changed(changes: &[Change], x: &Tensor) -> Result<Tensor> {
    let (batch, channels, height, width) = x.dims4()?;
    if batch != changes.len() {
        candle_core::bail!("augment: {} changes for {batch} pictures", changes.len());
    }
    let device = x.device();
    let each = |of: fn(&Change) -> f32| {
        let values: Vec<f32> = changes.iter().map(of).collect();
        Tensor::from_vec(values, (batch, 1, 1, 1), device)
    };
    let grey = x.mean_keepdim(1)?.broadcast_mul(&each(|c| c.grey)?)?;
    let mean = x.flatten_from(1)?.mean_keepdim(D::Minus1)?.reshape((batch, 1, 1, 1))?;
    let added = (mean.broadcast_mul(&each(|c| c.mean)?)? + each(|c| c.light)?)?;
    let x = x.broadcast_mul(&each(|c| c.own)?)?.broadcast_add(&grey.broadcast_add(&added)?)?;

    // Whole rows are fetched from where they come from, then whole columns.
    let rows = fetched(&x, changes, channels, |change| change.shift.0)?;
    let turned = rows.transpose(2, 3)?.contiguous()?;
    let x = fetched(&turned, changes, channels, |change| change.shift.1)?.transpose(2, 3)?;
    x.broadcast_mul(&mask(changes, (height, width), device)?)
}

/// The rows of each picture of `x` `[B, C, H, W]` moved down; what comes in is arbitrary.
fn fetched(
    x: &Tensor,
    changes: &[Change],
    channels: usize,
    down: fn(&Change) -> isize,
) -> Result<Tensor> {
    let (_, _, height, width) = x.dims4()?;
    let mut from = Vec::with_capacity(changes.len() * channels * height);
    for (picture, change) in changes.iter().enumerate() {
        for plane in 0..channels {
            let first = (picture * channels + plane) * height;
            from.extend((0..height as isize).map(|row| {
                let row = (row - down(change)).clamp(0, height as isize - 1);
                (first + row as usize) as u32
            }));
        }
    }
    let from = Tensor::new(from, x.device())?;
    x.reshape(((), width))?.index_select(&from, 0)?.reshape(x.shape())
}

/// 1 where a pixel of the changed picture is filled, 0 elsewhere: `[B, 1, H, W]`.
fn mask(changes: &[Change], (height, width): (usize, usize), device: &Device) -> Result<Tensor> {
    let mut mask = vec![0.0f32; changes.len() * height * width];
    for (picture, change) in mask.chunks_exact_mut(height * width).zip(changes) {
        for (row, _, ranges) in change.rows(height, width) {
            for column in ranges.into_iter().flatten() {
                picture[row * width + column] = 1.0;
            }
        }
    }
    Tensor::from_vec(mask, (changes.len(), 1, height, width), device)
}
