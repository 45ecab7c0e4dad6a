//! Networks that grow: by schedule and by hand, and gone on with at any moment.

use super::*;
use crate::checkpoint::ModelFile;
use crate::latent::Latent;
use crate::model::Widths;
use crate::ops::init;
use crate::train::{Augment, Growth, StepReport};

/// From 16×16 to 64×64 in three stages of eight steps, each layer blended in over five.
fn growing() -> TrainConfig {
    let mut config = TrainConfig::new(Preset::Grow, DataSource::Demo);
    config.spec.z_dim = 6;
    if let Network::Dcgan(dcgan) = &mut config.spec.network {
        dcgan.resolution = 16;
        dcgan.generator = Widths::Constant { base: 4 };
        dcgan.discriminator = Widths::Constant { base: 4 };
    }
    (config.batch, config.kimg) = (8, 1.0);
    config.growth = Some(Growth {
        until: 64,
        stage_kimg: 0.064,
        fade_kimg: 0.040,
        batch_values: 3 * 32 * 32 * 8,
        by_hand: Vec::new(),
    });
    config
}

fn step(trainer: &mut Trainer) -> StepReport {
    trainer.get_ready().unwrap();
    let stage = trainer.stage();
    let side = trainer.spec().size().0;
    let mut rng = stream(2, Purpose::Measure, trainer.steps());
    let dims = (stage.per_step, 3, side, side);
    let real = init::uniform(dims, -1.0, 1.0, &mut rng, &Device::Cpu).unwrap();
    trainer.step(&real).unwrap()
}

fn drawn(trainer: &Trainer) -> Vec<f32> {
    values(&trainer.samples(3).unwrap())
}

#[test]
fn networks_grow_when_the_schedule_says() {
    let config = growing();
    let mut trainer = trainer(&config);
    let mut sizes = Vec::new();
    let mut fades = Vec::new();
    for _ in 0..30 {
        let before = drawn(&trainer);
        let size = trainer.spec().size();
        if trainer.get_ready().unwrap() {
            // Explore sees the same pictures, four pixels for one.
            let larger = crate::ops::enlarge(
                &Tensor::from_vec(before, (3, 3, size.0, size.1), &Device::Cpu)
                    .unwrap()
                    .permute((0, 2, 3, 1))
                    .unwrap(),
            );
            let larger = larger.unwrap().permute((0, 3, 1, 2)).unwrap();
            assert_eq!(values(&larger), drawn(&trainer));
        }
        let report = step(&mut trainer);
        assert!(report.loss_d.is_finite() && report.loss_g.is_finite());
        sizes.push((trainer.spec().size().0, trainer.stage().batch, report.images));
        fades.push(trainer.spec().fade());
    }
    assert_eq!(sizes[0], (16, 8, 8));
    assert_eq!(sizes[7], (16, 8, 64));
    assert_eq!((sizes[8], sizes[16]), ((32, 8, 72), (64, 4, 132)));
    assert_eq!(
        fades[7..15],
        [None, Some(0.0), Some(0.2), Some(0.4), Some(0.6), Some(0.8), None, None]
    );
    assert_eq!(fades.iter().filter(|fade| fade.is_some()).count(), 5 + 10);
    let names = |params: &crate::model::Params| params.iter().any(|p| p.name.starts_with("old."));
    assert!(!names(&trainer.generator.params) && !names(&trainer.discriminator.params));
}

/// Every checkpoint opens and draws what the average draws, and training goes on from it as if it had
/// never stopped: at each resolution and in the middle of a fade.
#[test]
fn every_moment_of_growth_can_be_gone_on_from() {
    let mut config = growing();
    config.augment = Augment::ALL;
    (config.objective.r1, config.d_steps) = (0.1, 1);
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str, step: u64| folder.path().join(format!("{name}-{step}"));
    let mut whole = trainer(&config);
    let stops = [8, 10, 13, 14, 16, 18, 27];
    let mut reports = Vec::new();
    for done in 0..30 {
        if stops.contains(&done) {
            whole.save_state(&path("state", done)).unwrap();
            whole.save_model(&path("model", done), "growing").unwrap();
            let file = ModelFile::open(&path("model", done)).unwrap();
            assert_eq!(&file.info().spec, whole.spec(), "after {done} steps");
            let z: Vec<Latent> = {
                let mut rng = stream(config.seed, Purpose::SampleLatents, 0);
                (0..3).map(|_| config.spec.prior.sample(6, &mut rng)).collect()
            };
            let generator = file.generator(&Device::Cpu).unwrap();
            let shown = values(&generator.draw(&z, &Device::Cpu).unwrap());
            for (shown, drawn) in shown.iter().zip(drawn(&whole)) {
                assert!((shown - drawn).abs() < 1e-5, "after {done} steps: {shown} {drawn}");
            }
        }
        reports.push(step(&mut whole));
    }
    whole.save_state(&path("state", 30)).unwrap();
    let end = std::fs::read(path("state", 30)).unwrap();
    for stop in stops {
        let mut resumed =
            Trainer::resume(config.clone(), &path("state", stop), &Device::Cpu).unwrap();
        for report in &reports[stop as usize..] {
            assert_eq!(step(&mut resumed), *report, "from {stop}");
        }
        resumed.save_state(&path("again", stop)).unwrap();
        assert!(std::fs::read(path("again", stop)).unwrap() == end, "from {stop}");
    }
    let other = TrainConfig::new(Preset::Grow, DataSource::Demo);
    let error = Trainer::resume(other, &path("state", 18), &Device::Cpu).unwrap_err();
    assert!(error.to_string().contains("64×64"), "{error}");
}

#[test]
fn a_layer_added_by_hand_is_added_again() {
    let mut trainer = trainer(&growing());
    let mut reports: Vec<_> = (0..3).map(|_| step(&mut trainer)).collect();
    assert!(trainer.grow_by_hand() && !trainer.grow_by_hand());
    reports.extend((0..12).map(|_| step(&mut trainer)));
    assert_eq!(trainer.config().growth.as_ref().unwrap().by_hand, [3]);
    // A run from the start with the settings as they are now goes the same way.
    let mut again = super::trainer(trainer.config());
    for report in reports {
        assert_eq!(step(&mut again), report);
    }
    assert_eq!(again.spec().size(), (64, 64));
}
