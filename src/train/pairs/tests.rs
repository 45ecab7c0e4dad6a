//! Pairs whose truth is a known function of the input, held out, learnt by whole steps of a real trainer.

use candle_core::Device;
use image::RgbImage;

use super::*;
use crate::data::{DataSource, Dataset, Framing, OpenOptions, Target};
use crate::model::{Generator, Network, NormKind, PatchGan, Pix2pix, Preset};
use crate::random::{Purpose, stream};
use crate::train::metrics::mean_difference;
use crate::train::{StepReport, TrainConfig, Trainer};
use rand::RngExt;

fn config(change: impl FnOnce(&mut Pix2pix)) -> TrainConfig {
    let mut config = TrainConfig::new(Preset::Pix2pix, DataSource::Demo);
    config.choose_resolution(32);
    if let Network::Pix2pix(net) = &mut config.spec.network {
        (net.width, net.discriminator) = (8, PatchGan { width: 8, layers: 1 });
        change(net);
    }
    (config.batch, config.ema_kimg) = (4, 0.2);
    (config.generator.lr, config.discriminator.lr) = (2e-3, 2e-3);
    config
}

fn values(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

/// Boxes of some colours on a ground, `[side, side, 3]`, in [-1, 1].
fn boxes(index: u64, side: usize) -> Vec<f32> {
    let rng = &mut stream(8, Purpose::Measure, index);
    let mut colour = || -> [f32; 3] { std::array::from_fn(|_| 2.0 * rng.random::<f32>() - 1.0) };
    let (ground, inks) = (colour(), [colour(), colour()]);
    let mut picture: Vec<[f32; 3]> = vec![ground; side * side];
    for ink in inks {
        let mut place = || rng.random_range(0..side * 3 / 4);
        let (top, left) = (place(), place());
        for (y, x) in
            (top..top + side / 4).flat_map(|y| (left..left + side / 4).map(move |x| (y, x)))
        {
            picture[y * side + x] = ink;
        }
    }
    picture.into_iter().flatten().collect()
}

/// The same recoloured, and every pixel the mean of itself and its neighbours.
fn recoloured_and_blurred(input: &[f32], side: usize) -> Vec<f32> {
    let mut truth = vec![0.0; input.len()];
    for (y, x) in (0..side).flat_map(|y| (0..side).map(move |x| (y, x))) {
        for channel in 0..3 {
            let near = |at: usize| at.saturating_sub(1)..(at + 2).min(side);
            // Channels change places, and one is turned around.
            let from = (channel + 1) % 3;
            let sign = if channel == 0 { -1.0 } else { 1.0 };
            let (mut sum, mut count) = (0.0, 0.0);
            for (ny, nx) in near(y).flat_map(|y| near(x).map(move |x| (y, x))) {
                sum += sign * input[(ny * side + nx) * 3 + from];
                count += 1.0;
            }
            truth[(y * side + x) * 3 + channel] = sum / count;
        }
    }
    truth
}

/// A batch `[count, 6, side, side]` of pairs from `first` on; with `shuffled`, each input beside the truth
/// of another.
fn pairs(first: u64, count: u64, side: usize, shuffled: bool) -> Tensor {
    let mut all = Vec::new();
    for index in first..first + count {
        let input = boxes(index, side);
        let other = if shuffled { boxes(index + 7_919, side) } else { input.clone() };
        let truth = recoloured_and_blurred(&other, side);
        for (input, truth) in input.chunks_exact(3).zip(truth.chunks_exact(3)) {
            all.extend_from_slice(input);
            all.extend_from_slice(truth);
        }
    }
    let batch = Tensor::from_vec(all, (count as usize, side, side, 6), &Device::Cpu).unwrap();
    batch.permute((0, 3, 1, 2)).unwrap().contiguous().unwrap()
}

/// Mean absolute difference, of values in [0, 1], from the truths of pairs that were not learnt.
fn error(generator: &Generator) -> f32 {
    let (input, truth) = halves(&pairs(1_000_000, 16, 32, false), 3).unwrap();
    let output = generator.translate(&input, None).unwrap();
    let apart = (output - truth).unwrap().abs().unwrap().mean_all().unwrap();
    0.5 * apart.to_scalar::<f32>().unwrap()
}

fn learnt(config: &TrainConfig, steps: u64, shuffled: bool) -> f32 {
    let mut trainer = Trainer::new(config.clone(), &Device::Cpu).unwrap();
    for step in 0..steps {
        trainer.step(&pairs(step * 4, 4, 32, shuffled)).unwrap();
    }
    error(trainer.average().generator())
}

#[test]
fn halves_come_apart_and_together_again() {
    let both = pairs(0, 3, 32, false);
    let (input, truth) = halves(&both, 3).unwrap();
    assert_eq!(values(&input), values(&both.narrow(1, 0, 3).unwrap()));
    assert_eq!(values(&truth), values(&both.narrow(1, 3, 3).unwrap()));
    assert_eq!(values(&joined(&input, &truth).unwrap()), values(&both));
}

/// A toy pairing is learnt to 6 % of the range; with truths that belong to other inputs, or
/// without the distance to the truth in the loss, it is not.
#[test]
fn a_recoloured_and_blurred_picture_is_learnt() {
    let config = config(|_| ());
    let start = error(Trainer::new(config.clone(), &Device::Cpu).unwrap().average().generator());
    let steps = 120;
    let learnt_l1 = learnt(&config, steps, false);
    let shuffled = learnt(&config, steps, true);
    let without = learnt(&TrainConfig { l1: 0.0, ..config }, steps, false);
    assert!(learnt_l1 < 0.06, "{learnt_l1} from {start}");
    assert!(shuffled > 0.12 && without > 0.1, "{shuffled} shuffled, {without} without");
}

/// What dropout leaves out follows from seed and step, and so does everything else.
#[test]
fn a_run_with_dropout_goes_on_exactly() {
    for norm in [NormKind::Batch, NormKind::Instance] {
        let mut config = config(|net| {
            (net.resolution, net.width, net.norm) = (64, 2, norm);
            net.discriminator.width = 2;
        });
        (config.batch, config.d_steps) = (2, 2);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let step = |trainer: &mut Trainer| {
            let batch = pairs(trainer.steps() * 4, 4, 64, false);
            trainer.step(&batch).unwrap()
        };
        let mut whole = Trainer::new(config.clone(), &Device::Cpu).unwrap();
        let mut reports: Vec<StepReport> = Vec::new();
        for at in 0..6 {
            if at == 3 {
                whole.save_state(&path).unwrap();
            }
            reports.push(step(&mut whole));
        }
        assert!(reports.iter().all(|report| report.l1 > 0.0));
        let mut resumed = Trainer::resume(config.clone(), &path, &Device::Cpu).unwrap();
        let again: Vec<_> = (3..6).map(|_| step(&mut resumed)).collect();
        assert_eq!(again, reports[3..], "{norm:?}");
        let weights = |trainer: &Trainer| -> Vec<Vec<f32>> {
            let params = [trainer.generator_params(), trainer.discriminator_params()];
            let params = params.into_iter().chain([trainer.average().params()]);
            params
                .flat_map(|p| p.iter().map(|p| values(p.var.as_tensor())).collect::<Vec<_>>())
                .collect()
        };
        assert_eq!(weights(&resumed), weights(&whole));
        // Another seed draws other dropout, from the same weights.
        let other = TrainConfig { seed: 1, ..config };
        let mut other = Trainer::resume(other, &path, &Device::Cpu).unwrap();
        assert_ne!(step(&mut other), reports[3]);
    }
}

/// The distance to the truth pulls outputs towards it by λ: twice the weight, twice the slope.
#[test]
fn the_distance_counts_by_its_weight() {
    let moved = |l1: f64| {
        let mut config = config(|_| ());
        config.l1 = l1;
        // Adam's first step is then proportional to the gradient.
        (config.generator.eps, config.generator.lr) = (1.0, 1.0);
        let mut trainer = Trainer::new(config, &Device::Cpu).unwrap();
        let bias = |trainer: &Trainer| {
            values(trainer.generator_params().get("model.model.3.bias").unwrap().var.as_tensor())
        };
        let before = bias(&trainer);
        trainer.step(&pairs(0, 4, 32, false)).unwrap();
        let step: Vec<f32> = bias(&trainer).iter().zip(&before).map(|(a, b)| a - b).collect();
        // The gradient from Adam's step -g / (|g| + 1).
        step.iter().map(|s| -s / (1.0 - s.abs())).collect::<Vec<f32>>()
    };
    let (none, once, twice) = (moved(0.0), moved(10.0), moved(20.0));
    for ((none, once), twice) in none.iter().zip(&once).zip(&twice) {
        let (one, two) = (once - none, twice - none);
        assert!(one.abs() > 1e-3 && (two / one - 2.0).abs() < 1e-2, "{one} {two}");
    }
}

#[test]
fn the_last_pairs_are_held_out_and_shown_in_rows() {
    let config = config(|_| ());
    let target = Target { input: 3, channels: 3, height: 32, width: 32 };
    let bytes = |pairs: &Tensor| -> Vec<u8> {
        let last = pairs.permute((0, 2, 3, 1)).unwrap();
        values(&last).into_iter().map(crate::picture::byte).collect()
    };
    let all = pairs(0, 20, 32, false);
    let dataset = Dataset::in_memory("toys", target, bytes(&all));
    let (dataset, held_out) = HeldOut::split_off(&config, dataset).unwrap();
    let held_out = held_out.unwrap();
    assert_eq!((dataset.len(), held_out.len()), (12, 8));
    let trainer = Trainer::new(config.clone(), &Device::Cpu).unwrap();
    let generator = trainer.average().generator();
    let translated = held_out.translated(generator, 100, &Device::Cpu).unwrap();
    let (input, truth) = halves(&all.narrow(0, 12, 8).unwrap(), 3).unwrap();
    let drawn = bytes(&generator.translate(&input, None).unwrap());
    assert!(translated.outputs.iter().flatten().zip(&drawn).all(|(a, b)| a.abs_diff(*b) <= 1));
    assert!(translated.truths.iter().flatten().copied().eq(bytes(&truth)));
    let l1 = mean_difference(&translated.outputs, &translated.truths).unwrap();
    assert!((0.05..0.6).contains(&l1), "{l1}");
    // Two pairs beside each other, each as input, output and truth.
    let sheet: RgbImage = held_out.sheet(generator, 4, &Device::Cpu).unwrap();
    assert_eq!(sheet.dimensions(), (6 * 32 + 5 * 2, 2 * 32 + 2));
    let at = |column: u32, row: u32| sheet.get_pixel(column * 34 + 5, row * 34 + 9).0;
    let pixel = |batch: &Tensor, index: usize| -> [u8; 3] {
        let batch = bytes(batch);
        std::array::from_fn(|channel| batch[((index * 32 + 9) * 32 + 5) * 3 + channel])
    };
    assert_eq!((at(0, 0), at(2, 0)), (pixel(&input, 0), pixel(&truth, 0)));
    assert_eq!((at(3, 1), at(5, 1)), (pixel(&input, 3), pixel(&truth, 3)));
    let one = Dataset::in_memory("one", target, bytes(&pairs(0, 1, 32, false)));
    let error = HeldOut::split_off(&config, one).unwrap_err().to_string();
    assert!(error.contains("one pair is too few"), "{error}");
    let latents = TrainConfig::new(Preset::Dcgan64, DataSource::Demo);
    assert!(HeldOut::split_off(&latents, dataset).unwrap().1.is_none());
    // Whatever the number of channels, an input can be looked at.
    for inputs in [1, 2, 4] {
        let target = Target { input: inputs, channels: 1, ..target };
        let bytes = vec![200; 4 * target.bytes()];
        let config = config_of(inputs);
        let dataset = Dataset::in_memory("toys", target, bytes);
        let held_out = HeldOut::split_off(&config, dataset).unwrap().1.unwrap();
        let trainer = Trainer::new(config, &Device::Cpu).unwrap();
        let sheet = held_out.sheet(trainer.average().generator(), 1, &Device::Cpu).unwrap();
        let shown = match inputs {
            1 => [200; 3],
            2 => [200, 200, 0],
            _ => [157; 3],
        };
        assert_eq!(sheet.get_pixel(3, 3).0, shown, "{inputs}");
    }
}

fn config_of(inputs: usize) -> TrainConfig {
    config(|net| (net.inputs, net.channels) = (inputs, 1))
}

/// Where single pictures are read, pairs are asked for in a sentence.
#[test]
fn single_pictures_are_not_pairs() {
    let config = config(|_| ());
    let options = OpenOptions::default();
    let target = config.target();
    assert_eq!(target, Target { input: 3, channels: 3, height: 32, width: 32 });
    let opened = Dataset::open(&DataSource::Demo, target, Framing::Crop, options, &mut |_, _| true);
    assert!(opened.unwrap_err().to_string().contains("pairs"));
}
