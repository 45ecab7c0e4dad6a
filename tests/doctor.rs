//! The doctor on real runs of small networks: sick ones, each made so in one way, and healthy ones.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crossbeam_channel::never;
use latentscape::data::DataSource;
use latentscape::device::DeviceChoice;
use latentscape::model::{Network, Preset, Widths};
use latentscape::train::monitor::{Ailment, Alert, Doctor, Facts};
use latentscape::train::{self, RunFolder, StepReport, TrainConfig, TrainEvent, Upkeep};

const SIDE: usize = 16;

/// Grey waves of many directions and lengths, as an IDX file.
fn waves(folder: &Path, count: usize) -> PathBuf {
    let mut bytes = vec![0, 0, 8, 3];
    for number in [count, SIDE, SIDE] {
        bytes.extend((number as u32).to_be_bytes());
    }
    for picture in 0..count {
        let (a, b) = (picture as f32 * 0.37, (picture as f32 * 0.11).sin());
        for pixel in 0..SIDE * SIDE {
            let (x, y) = ((pixel % SIDE) as f32, (pixel / SIDE) as f32);
            let value = (a + 0.5 * x * b + 0.4 * y * (1.0 - b)).sin();
            bytes.push((127.5 + 110.0 * value) as u8);
        }
    }
    let path = folder.join("waves-idx3-ubyte");
    std::fs::write(&path, bytes).unwrap();
    path
}

/// What the doctor finds in a run over `steps` steps, changed by `sick`.
fn alerts(pictures: usize, steps: u64, sick: impl Fn(&mut TrainConfig)) -> Vec<Alert> {
    let root = tempfile::tempdir().unwrap();
    let data = DataSource::Idx(waves(root.path(), pictures));
    let mut config = TrainConfig::new(Preset::Dcgan64, data);
    config.spec.z_dim = 8;
    if let Network::Dcgan(dcgan) = &mut config.spec.network {
        dcgan.resolution = SIDE;
        dcgan.channels = 1;
        dcgan.generator = Widths::Doubling { base: 8, max: 16 };
        dcgan.discriminator = Widths::Doubling { base: 4, max: 8 };
    }
    config.batch = 16;
    config.samples = 1;
    config.kimg = steps as f64 * 16.0 / 1000.0;
    config.upkeep = Upkeep { measure_pictures: 40, ..Upkeep::over(config.kimg * 8.0) };
    sick(&mut config);
    let folder = RunFolder::new(root.path().join("run"));
    let device = DeviceChoice::Cpu.open().unwrap();
    let mut alerts = Vec::new();
    let mut tell = |event| {
        if let TrainEvent::Alert(alert) = event {
            alerts.push(alert);
        }
    };
    let outcome = train::run(&config, &folder, false, &device, &never(), &mut tell);
    assert_eq!(outcome.unwrap().steps, steps);
    assert_eq!(folder.read_alerts().unwrap(), alerts);
    alerts
}

fn ailments(alerts: &[Alert]) -> BTreeSet<Ailment> {
    alerts.iter().map(|alert| alert.ailment).collect()
}

#[test]
fn a_healthy_run_hears_nothing() {
    let alerts = alerts(600, 800, |_| {});
    assert!(alerts.is_empty(), "{alerts:?}");
}

#[test]
fn a_discriminator_that_learns_far_faster_has_won() {
    let alerts = alerts(600, 600, |config| {
        config.discriminator.lr *= 20.0;
        config.generator.lr /= 20.0;
    });
    assert!(ailments(&alerts).contains(&Ailment::DiscriminatorWon), "{alerts:?}");
}

#[test]
fn a_discriminator_with_twenty_steps_for_each_of_the_generator_has_won() {
    let alerts = alerts(600, 400, |config| {
        config.d_steps = 20;
        config.kimg *= 20.0;
    });
    assert!(ailments(&alerts).contains(&Ailment::DiscriminatorWon), "{alerts:?}");
}

/// The first steps of `train --preset mnist-mlp --data FILE --lr 0.01` on 5,000 digits: fifty times the
/// usual rates. (The small networks above have batch norm on both sides, and learn under such rates.)
#[test]
fn rates_fifty_times_too_high_are_noticed() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/losses-rates-too-high.jsonl");
    let mut doctor =
        Doctor::new(Facts { pictures: 5000, compared: 63, difference: 50.0, are_pairs: false });
    let mut alerts = Vec::new();
    for line in std::fs::read_to_string(path).unwrap().lines() {
        alerts.extend(doctor.step(&serde_json::from_str(line).unwrap()));
    }
    assert_eq!(ailments(&alerts), BTreeSet::from([Ailment::Exploding]), "{alerts:?}");
    assert_eq!(alerts[0].advice, "Lower the learning rates.");
}

#[test]
fn eight_pictures_are_known_by_heart() {
    let alerts = alerts(8, 500, |_| {});
    assert!(ailments(&alerts).contains(&Ailment::Overfitting), "{alerts:?}");
    let alert = alerts.iter().find(|alert| alert.ailment == Ailment::Overfitting).unwrap();
    assert!(alert.evidence.contains("Each of the 8 pictures"), "{}", alert.evidence);
}

/// Every seventh step or so of the runs that made the built-in models, as if they were consecutive.
#[test]
fn the_runs_behind_the_built_in_models_hear_nothing() {
    for (name, pictures) in [("faces-64", 16_384), ("digits-28", 5000)] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join(format!("tests/fixtures/losses-{name}.jsonl"));
        let text = std::fs::read_to_string(path).unwrap();
        let mut doctor =
            Doctor::new(Facts { pictures, are_pairs: false, compared: 63, difference: 50.0 });
        assert!(doctor.before().is_empty());
        let mut steps = 0;
        for (step, line) in (1..).zip(text.lines()) {
            let report: StepReport = serde_json::from_str(line).unwrap();
            let alerts = doctor.step(&StepReport { step, ..report });
            assert!(alerts.is_empty(), "{name}: {alerts:?}");
            steps = step;
        }
        assert!(steps >= 1400, "{name}: {steps}");
    }
}
