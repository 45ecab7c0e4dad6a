//! What single settings do to a step.

use super::*;
use crate::model::Params;
use crate::train::Augment;

fn all(params: &Params) -> Vec<f32> {
    params.trained().flat_map(|param| values(param.var.as_tensor())).collect()
}

fn noise(count: usize, index: u64) -> Tensor {
    let mut rng = stream(3, Purpose::Measure, index);
    pictures((0..count * 4).map(|_| jitter(&mut rng, 1.0)).collect(), (2, 2))
}

/// Two steps of the discriminator in one are two steps, but for the generator's own.
#[test]
fn every_step_of_the_discriminator_has_fresh_pictures() {
    let mut config = tiny((2, 2), &[8], &[8]);
    (config.batch, config.generator.lr) = (8, 1e-9);
    let (first, second) = (noise(8, 0), noise(8, 1));
    let z = |index| {
        let mut rng = stream(4, Purpose::Measure, index);
        crate::ops::init::normal((8, 4), 0.0, 1.0, &mut rng, &Device::Cpu).unwrap()
    };
    let mut single = trainer(&config);
    let losses = [(&first, z(0)), (&second, z(1))]
        .map(|(real, z)| single.step_with(real, &z).unwrap().loss_d);
    config.d_steps = 2;
    let mut double = trainer(&config);
    let both = |a: &Tensor, b: &Tensor| Tensor::cat(&[a, b], 0).unwrap();
    let report = double.step_with(&both(&first, &second), &both(&z(0), &z(1))).unwrap();
    assert_eq!((report.step, report.images, single.images()), (1, 16, 16));
    assert!((report.loss_d - (losses[0] + losses[1]) / 2.0).abs() < 1e-6);
    let pairs =
        || all(&single.discriminator.params).into_iter().zip(all(&double.discriminator.params));
    assert!(pairs().all(|(a, b)| (a - b).abs() < 1e-6));
    let start = all(&trainer(&config).discriminator.params);
    assert!(start.iter().zip(pairs()).any(|(start, (_, b))| (start - b).abs() > 1e-3));
    // Latents are drawn for both.
    double.step(&both(&first, &second)).unwrap();
}

/// Adam's mean of gradients after the first step is half of what it was given.
#[test]
fn long_gradients_are_shortened() {
    let mut config = tiny((2, 2), &[8], &[8]);
    let norms = |config: &TrainConfig| {
        let mut trainer = trainer(config);
        let report = trainer.step(&noise(8, 0)).unwrap();
        let given = [&trainer.discriminator.adam, &trainer.generator.adam].map(|adam| {
            let means = adam.moments().values().flat_map(|m| values(&m.get(0).unwrap()));
            2.0 * means.map(|x| x * x).sum::<f32>().sqrt()
        });
        ([report.grad_d, report.grad_g], given)
    };
    let (told, given) = norms(&config);
    assert!(told.iter().zip(given).all(|(told, given)| (told - given).abs() < 1e-5 * told));
    // Between the two: one is shortened, the other is not.
    let between = (told[0] * told[1]).sqrt();
    assert!((told[0] - told[1]).abs() > 0.01 * between, "{told:?}");
    config.clip = f64::from(between);
    let (still, given) = norms(&config);
    // What is told is what was found. The discriminator's step is the same but for Adam's eps.
    assert!(still.iter().zip(told).all(|(still, told)| (still - told).abs() < 1e-3 * told));
    for (told, given) in still.into_iter().zip(given) {
        let expected = told.min(between);
        assert!((given - expected).abs() < 1e-5 * expected, "{given} {expected}");
    }
}

#[test]
fn warming_up_takes_smaller_steps() {
    let mut config = tiny((2, 2), &[8], &[8]);
    config.batch = 8;
    let moved = |config: &TrainConfig| {
        let mut trainer = trainer(config);
        let before = all(&trainer.discriminator.params);
        trainer.step(&noise(8, 0)).unwrap();
        let after = all(&trainer.discriminator.params);
        before.iter().zip(after).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    };
    let whole = moved(&config);
    config.warm_up_kimg = 0.08;
    let tenth = moved(&config);
    assert!((tenth / whole - 0.1).abs() < 0.01, "{tenth} of {whole}");
}

/// The strength that adapts is part of the state: a run that is gone on with is the same run.
#[test]
fn an_adapting_strength_goes_on_where_it_was() {
    let mut config = tiny((2, 2), &[8], &[32]);
    config.batch = 8;
    config.discriminator.lr = 0.02;
    config.augment = Augment { p: 0.0, ada_kimg: 1.0, ..Augment::ALL };
    (config.objective.r1, config.objective.r2, config.d_steps) = (0.1, 0.1, 2);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let mut whole = trainer(&config);
    // Bright pictures, which are easily told from those of a generator at its start.
    let real =
        |trainer: &Trainer| ((noise(16, 10 + trainer.steps()) * 0.1).unwrap() + 0.8).unwrap();
    let mut strengths = Vec::new();
    let mut reports = Vec::new();
    for step in 0..60 {
        // Not between two moves of the strength.
        if step == 43 {
            whole.save_state(&path).unwrap();
        }
        reports.push(whole.step(&real(&whole)).unwrap());
        strengths.push(whole.augment_p());
    }
    assert!(strengths[40] > 0.2 && strengths[59] != strengths[42], "{strengths:?}");
    let mut resumed = Trainer::resume(config, &path, &Device::Cpu).unwrap();
    for (report, p) in reports[43..].iter().zip(&strengths[43..]) {
        assert_eq!((resumed.step(&real(&resumed)).unwrap(), resumed.augment_p()), (*report, *p));
    }
}
