//! The squared slope of the discriminator, measured by what a little noise does to its verdicts.
//!
//! R1 and R2 are ‖∇D(x)‖² at real and at generated pictures (Mescheder et al. 2018). The slope of a
//! slope is not to be had here; but for noise ε of independent values with mean 0 and variance 1,
//! the mean of (D(x + σε) − D(x))² / σ² is ‖∇D(x)‖², up to a part that vanishes with σ². ε is ±1
//! here, not normal: the mean is the same and the spread smaller (Hutchinson 1990), for one random
//! bit a value.
//!
//! **Batch norm.** A discriminator with batch norm judges a picture by the batch around it, so there
//! is a slope only once the statistics are held still. Judged as a batch of its own, the noisy pictures
//! would have other statistics: what all verdicts then move by together is no slope, and where noise is
//! stronger than a channel's signal, normalising hides what it did. Both halves therefore go through
//! the network as one batch of 2B, with the same statistics.

use candle_core::Tensor;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::error::Result;
use crate::ops::{channels_first, channels_last};

/// `pictures` `[B, C, H, W]`, and behind them the same with ±`sigma` added to each value:
/// `[2B, C, H, W]`.
///
/// # Errors
/// [`crate::Error::Tensor`] if the device is out of memory.
pub fn beside_noisy(pictures: &Tensor, sigma: f64, rng: &mut ChaCha8Rng) -> Result<Tensor> {
    // In the order in which generators leave their pictures and discriminators take them.
    let pictures = channels_last(&pictures.detach())?.contiguous()?;
    let count = pictures.elem_count();
    let mut noise = Vec::with_capacity(count.next_multiple_of(64));
    while noise.len() < count {
        let bits = rng.next_u64();
        noise
            .extend((0..64).map(|i| if bits >> i & 1 == 1 { sigma as f32 } else { -sigma as f32 }));
    }
    noise.truncate(count);
    let noise = Tensor::from_vec(noise, pictures.shape(), pictures.device())?;
    let noisy = (&pictures + noise)?;
    channels_first(&Tensor::cat(&[&pictures, &noisy], 0)?)
}

/// `second` `[N, C, H, W]` behind `first` `[M, C, H, W]`: `[M + N, C, H, W]`.
///
/// # Errors
/// [`crate::Error::Tensor`] if the shapes do not fit or the device is out of memory.
pub fn behind(first: &Tensor, second: &Tensor) -> Result<Tensor> {
    // In the same order.
    let [first, second] = [channels_last(&first.detach())?, channels_last(&second.detach())?];
    channels_first(&Tensor::cat(&[first.contiguous()?, second.contiguous()?], 0)?)
}

/// `gamma` / 2 times the mean squared slope, from verdicts `[2B]` on pictures and, behind them, on the
/// same with noise of deviation `sigma`.
///
/// # Errors
/// [`crate::Error::Tensor`] if the device fails.
pub fn penalty(verdicts: &Tensor, gamma: f64, sigma: f64) -> Result<Tensor> {
    let half = verdicts.dim(0)? / 2;
    let change = (verdicts.narrow(0, half, half)? - verdicts.narrow(0, 0, half)?)?;
    Ok((change.sqr()?.mean_all()? * (0.5 * gamma / (sigma * sigma)))?)
}

#[cfg(test)]
mod tests {
    use candle_core::{D, Device};

    use super::super::with_slopes;
    use super::*;
    use crate::model::{Builder, Discriminator, Mode, ModelSpec, Network, Preset, Widths};
    use crate::ops::init;
    use crate::random::{Purpose, stream};

    fn normal(dims: &[usize], index: u64) -> Tensor {
        init::normal(dims, 0.0, 0.5, &mut stream(4, Purpose::Measure, index), &Device::Cpu).unwrap()
    }

    fn scalar(x: &Tensor) -> f64 {
        f64::from(x.to_scalar::<f32>().unwrap())
    }

    /// A linear network has one slope everywhere: the mean over noise is its square.
    #[test]
    fn of_a_plane_it_is_the_square_of_its_slope() {
        let (batch, values) = (512, 3 * 4 * 4);
        let weights = normal(&[values], 0);
        let expected = 0.5 * 10.0 * scalar(&weights.sqr().unwrap().sum_all().unwrap());
        let x = normal(&[batch, 3, 4, 4], 1);
        let mut rng = stream(1, Purpose::Measure, 0);
        let both = beside_noisy(&x, 0.05, &mut rng).unwrap();
        assert_eq!(both.dims(), [2 * batch, 3, 4, 4]);
        let apart = (both.narrow(0, batch, batch).unwrap() - &x).unwrap().abs().unwrap();
        let apart = apart.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert!(apart.iter().all(|d| (d - 0.05).abs() < 1e-6));
        let verdicts = both.reshape((2 * batch, values)).unwrap();
        let verdicts = verdicts.broadcast_mul(&weights).unwrap().sum(D::Minus1).unwrap();
        let got = scalar(&penalty(&verdicts, 10.0, 0.05).unwrap());
        // The spread of the mean over 512 pictures is 6 %.
        assert!((got / expected - 1.0).abs() < 0.25, "{got} {expected}");
    }

    #[test]
    fn its_slope_is_that_of_the_definition() {
        let verdicts = [0.5f32, -1.0, 2.0, 0.7, -1.5, 2.25];
        let x = Tensor::new(&verdicts, &Device::Cpu).unwrap();
        let (got, [slope]) = with_slopes([&x], |[x]| penalty(x, 2.0, 0.1)).unwrap();
        let got = scalar(&got);
        let change = |i: usize| f64::from(verdicts[i + 3]) - f64::from(verdicts[i]);
        let expected = (0..3).map(|i| change(i).powi(2)).sum::<f64>() / 3.0 / 0.01;
        assert!((got / expected - 1.0).abs() < 1e-5, "{got} {expected}");
        for (i, got) in slope.to_vec1::<f32>().unwrap().into_iter().enumerate() {
            let expected = 2.0 * change(i % 3) / 3.0 / 0.01 * if i < 3 { -1.0 } else { 1.0 };
            assert!((f64::from(got) - expected).abs() < 1e-3, "{i}: {got} {expected}");
        }
    }

    /// Under statistics that both halves share, verdicts differ by the slope at these statistics.
    #[test]
    fn slopes_are_measured_through_batch_norm() {
        let mut spec: ModelSpec = Preset::Dcgan64.spec();
        if let Network::Dcgan(dcgan) = &mut spec.network {
            (dcgan.resolution, dcgan.discriminator) = (16, Widths::Constant { base: 4 });
        }
        let mut rng = stream(2, Purpose::Weights, 0);
        let mut builder = Builder::random(&mut rng, &Device::Cpu);
        let judge = Discriminator::build(&spec, &mut builder).unwrap();
        for param in builder.finish().trained().filter(|p| p.var.rank() == 4) {
            param.var.set(&(param.var.as_tensor() * 5.0).unwrap()).unwrap();
        }
        let x = normal(&[16, 3, 16, 16], 2);
        // Until the running statistics are those of this batch: then the slope is known exactly.
        for _ in 0..200 {
            judge.forward(&x, Mode::Train).unwrap();
        }
        let (verdicts, tape) = judge.record(&x, Mode::Eval).unwrap();
        let slopes = tape.to_input(&verdicts.ones_like().unwrap()).unwrap();
        let exact = scalar(&slopes.sqr().unwrap().sum_all().unwrap()) / 16.0;

        let (sigma, draws) = (0.01, 100);
        let mut measured = 0.0;
        for index in 0..draws {
            let both = beside_noisy(&x, sigma, &mut stream(3, Purpose::Measure, index)).unwrap();
            let verdicts = judge.forward(&both, Mode::Train).unwrap();
            measured += scalar(&penalty(&verdicts, 2.0, sigma).unwrap()) / draws as f64;
        }
        // The spread of the mean is 4 %.
        assert!((measured / exact - 1.0).abs() < 0.15, "{measured} {exact}");
    }
}
