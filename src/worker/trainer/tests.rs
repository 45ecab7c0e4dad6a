//! A run in the background: it is heard, controlled, stopped, and survives its own accidents.

use image::RgbImage;

use super::*;
use crate::data::DataSource;
use crate::model::Preset;
use crate::train::StepReport;

fn report(step: u64) -> StepReport {
    StepReport {
        step,
        images: step * 8,
        loss_d: 1.0,
        loss_g: 1.0,
        d_real: 0.5,
        d_fake: 0.5,
        grad_d: 1.0,
        grad_g: 1.0,
        sign_real: 0.0,
        l1: 0.0,
    }
}

#[test]
fn what_newer_news_make_obsolete_does_not_pile_up() {
    let mut mail = Mail::default();
    for step in 1..=1000 {
        mail.put(TrainEvent::Reading(step as usize, 1000));
    }
    for step in 1..=1000 {
        mail.put(TrainEvent::Steps(vec![report(step)]));
    }
    for images in 0..100 {
        let sheet = RgbImage::new(1, 1);
        mail.put(TrainEvent::Preview { images, sheet, path: "a.png".into() });
    }
    assert_eq!(mail.events.len(), 2 + SHEETS);
    let TrainEvent::Steps(steps) = &mail.events[1] else { panic!("{:?}", mail.events[1]) };
    assert_eq!(steps.len(), 1000, "no step is lost");
    let Some(TrainEvent::Preview { images: 99, .. }) = mail.events.last() else { panic!() };
}

fn plan(folder: &std::path::Path, kimg: f64) -> Plan {
    // Beside the run's folder, so that both go with the test.
    let pictures = folder.with_file_name("pictures");
    std::fs::create_dir_all(&pictures).unwrap();
    for i in 0..20u8 {
        let picture = RgbImage::from_pixel(16, 16, image::Rgb([i * 12, 90, 255 - i * 12]));
        picture.save(pictures.join(format!("{i}.png"))).unwrap();
    }
    let mut config = TrainConfig::new(Preset::Faces32, DataSource::Folder(pictures));
    if let crate::model::Network::Dcgan(net) = &mut config.spec.network {
        net.resolution = 16;
        net.generator = net.generator.with_base(4);
        net.discriminator = net.discriminator.with_base(4);
    }
    (config.batch, config.kimg, config.samples) = (16, kimg, 4);
    Plan { config, folder: RunFolder::new(folder), resume: false, device: DeviceChoice::Cpu }
}

fn wait(training: &mut Training, mut is_it: impl FnMut(&TrainEvent) -> bool) {
    let begun = Instant::now();
    while !training.poll().iter().any(&mut is_it) {
        assert!(begun.elapsed() < Duration::from_secs(60), "it never came");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_run_is_paused_gone_on_with_and_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("run");
    let wake: Wake = Arc::new(|| {});
    let mut training = Training::start(plan(&root, 1e6), &Courtesy::default(), &wake).unwrap();
    wait(&mut training, |event| matches!(event, TrainEvent::Steps(_)));
    assert!(training.control(TrainControl::Pause));
    wait(&mut training, |event| matches!(event, TrainEvent::Paused));
    std::thread::sleep(Duration::from_millis(30));
    assert!(training.poll().is_empty(), "a paused run does nothing");
    assert!(training.outcome().is_none());
    training.control(TrainControl::Resume);
    wait(&mut training, |event| matches!(event, TrainEvent::Steps(_)));
    drop(training);
    assert!(RunFolder::new(&root).state_path().exists(), "dropping it saves");
}

#[test]
fn a_failure_is_told_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let wake: Wake = Arc::new(|| {});
    let mut bad = plan(&folder.path().join("run"), 1.0);
    bad.config.data = DataSource::Folder(folder.path().join("nowhere"));
    let mut training = Training::start(bad, &Courtesy::default(), &wake).unwrap();
    let error = loop {
        training.poll();
        if let Some(outcome) = training.outcome() {
            break outcome.unwrap_err().to_string();
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    assert!(error.contains("nowhere"), "{error}");
    assert!(!training.control(TrainControl::Pause), "nobody listens any more");
}
