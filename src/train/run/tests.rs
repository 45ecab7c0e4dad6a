//! Runs on tiny networks, with what can go wrong in them.

mod growing;

use std::path::Path;

use crossbeam_channel::{Sender, bounded};
use image::{Rgb, RgbImage};

use super::*;
use crate::checkpoint::ModelFile;
use crate::data::DataSource;
use crate::device::DeviceChoice;
use crate::model::{Network, Preset, Widths};
use crate::train::metrics::Measure;
use crate::train::monitor::Ailment;
use crate::train::{StepReport, Upkeep, read_events};

/// A run in its own folder, with its data beside it.
struct Place {
    root: tempfile::TempDir,
    config: TrainConfig,
}

impl Place {
    fn new(pictures: u32) -> Self {
        let root = tempfile::tempdir().unwrap();
        let data = root.path().join("data");
        std::fs::create_dir(&data).unwrap();
        for i in 0..pictures {
            let byte = |v: u32| (v % 256) as u8;
            let pixel =
                |x, y| Rgb([byte(x * 9 + i * 31), byte(y * 11 + i * 17), byte(x * y + i * 5)]);
            RgbImage::from_fn(9, 8, pixel).save(data.join(format!("{i:03}.png"))).unwrap();
        }
        let mut config = TrainConfig::new(Preset::Dcgan64, DataSource::Folder(data));
        config.spec.z_dim = 3;
        if let Network::Dcgan(dcgan) = &mut config.spec.network {
            dcgan.resolution = 8;
            dcgan.generator = Widths::Doubling { base: 2, max: 4 };
            dcgan.discriminator = Widths::Doubling { base: 2, max: 4 };
        }
        config.batch = 4;
        config.samples = 4;
        config.save_kimg = 0.02;
        config.upkeep = Upkeep {
            preview_kimg: 0.04,
            keep_kimg: 0.04,
            keep_best: Some(Measure::Swd),
            measure_kimg: 0.04,
            measure_pictures: 16,
        };
        Self { root, config }
    }

    fn folder(&self, name: &str) -> RunFolder {
        RunFolder::new(self.root.path().join(name).join("run"))
    }

    fn steps(&self, steps: u64) -> TrainConfig {
        let kimg = (steps * self.config.batch as u64) as f64 / 1000.0;
        TrainConfig { kimg, ..self.config.clone() }
    }

    /// Trains up to `steps`. `change` meets the session before its first step, `hear` every event
    /// with a way to answer.
    fn train(
        &self,
        name: &str,
        resume: bool,
        steps: u64,
        change: impl FnOnce(&mut Session),
        mut hear: impl FnMut(&TrainEvent, &Sender<TrainControl>),
    ) -> (Result<Outcome>, Vec<TrainEvent>) {
        let (sender, controls) = bounded(16);
        let mut events = Vec::new();
        let mut tell = |event: TrainEvent| {
            hear(&event, &sender);
            events.push(event);
        };
        let (config, folder) = (self.steps(steps), self.folder(name));
        let device = DeviceChoice::Cpu.open().unwrap();
        // Nothing is kept in memory: what happens to the files is noticed.
        let options = OpenOptions { memory_limit_bytes: 0, ..OpenOptions::default() };
        let outcome = open(&config, &folder, resume, &device, options, &controls, &mut tell)
            .and_then(|mut session| {
                change(&mut session);
                session.go(&controls, &mut tell)
            });
        (outcome, events)
    }

    fn plainly(&self, name: &str, resume: bool, steps: u64) -> Vec<TrainEvent> {
        let (outcome, events) = self.train(name, resume, steps, |_| {}, |_, _| {});
        assert_eq!(outcome.unwrap().steps, steps);
        events
    }

    fn losses(&self, name: &str) -> Vec<StepReport> {
        self.folder(name).read_losses().unwrap()
    }
}

fn warnings(events: &[TrainEvent]) -> Vec<&str> {
    let mut texts = Vec::new();
    for event in events {
        if let TrainEvent::Warning(text) = event {
            texts.push(text.as_str());
        }
    }
    texts
}

fn setbacks(events: &[TrainEvent]) -> Vec<(u64, u64, f64)> {
    let setback = |event: &TrainEvent| match *event {
        TrainEvent::RolledBack { from, to, lr_factor } => Some((from, to, lr_factor)),
        _ => None,
    };
    events.iter().filter_map(setback).collect()
}

/// The weights of the discriminator become `value`.
fn poison(session: &Session, value: f32) {
    for param in session.trainer().discriminator_params().trained() {
        param
            .var
            .set(&param.var.ones_like().unwrap().affine(f64::from(value), 0.0).unwrap())
            .unwrap();
    }
}

#[test]
fn a_run_leaves_sheets_measures_models_and_events() {
    let place = Place::new(40);
    let events = place.plainly("a", false, 30);
    let folder = place.folder("a");
    let images =
        |list: Vec<(u64, PathBuf)>| list.into_iter().map(|item| item.0).collect::<Vec<_>>();
    assert_eq!(images(folder.previews()), [0, 8, 12, 20, 40, 80, 120]);
    assert_eq!(images(folder.checkpoints()), [40, 80, 120]);
    let measures = folder.read_measures().unwrap();
    assert!(measures.iter().map(|measures| measures.images).eq([40, 80, 120]));
    assert!(measures.iter().all(|m| m.swd.is_some() && m.diversity.is_some() && m.pictures == 16));
    let told = events.iter().filter(|event| matches!(event, TrainEvent::Measured(_))).count();
    assert_eq!(told, 3);
    // The kept model of the last step is the newest, averaged weights alone.
    let open = |path: &Path| ModelFile::open(path).unwrap();
    let newest = open(&folder.model_path());
    assert_eq!(open(&folder.checkpoint_path(120)).key().unwrap(), newest.key().unwrap());
    let best = measures.iter().min_by(|a, b| a.swd.unwrap().total_cmp(&b.swd.unwrap())).unwrap();
    assert_eq!(open(&folder.best_path()).info().kimg, best.images as f64 / 1000.0);
    // TensorBoard's file has a record a step, with the measures of three.
    let records = read_events(&folder.event_path()).unwrap();
    let losses = place.losses("a");
    let steps = records.iter().filter(|r| r.values[0].0.starts_with("loss/"));
    let expected = losses.iter().map(|report| (report.step, report.loss_d));
    assert!(steps.map(|r| (r.step, r.values[0].1)).eq(expected));
    assert_eq!(records.len(), 33);
    assert!(warnings(&events).is_empty(), "{:?}", warnings(&events));
}

#[test]
fn whoever_watches_gets_the_weights_of_the_moment() {
    let place = Place::new(8);
    let (outcome, events) = place.train(
        "a",
        false,
        12,
        |_| {},
        |event, controls| {
            if matches!(event, TrainEvent::Started { .. }) {
                controls.send(TrainControl::ShowWeights(true)).unwrap();
            }
        },
    );
    outcome.unwrap();
    let weights: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            TrainEvent::Weights { images, model } => Some((*images, model)),
            _ => None,
        })
        .collect();
    // At once, and rarely after that: twelve tiny steps take no time.
    assert_eq!(weights[0].0, 0);
    assert!(weights.len() <= 4, "{}", weights.len());
    weights[0].1.generator(&candle_core::Device::Cpu).unwrap();
}

#[test]
fn a_run_whose_numbers_go_astray_goes_back_and_on_with_half_the_rate() {
    let mut place = Place::new(12);
    place.config.upkeep.measure_kimg = 0.0;
    // Without a state it goes back to the start.
    let (outcome, events) = place.train("new", false, 4, |s| poison(s, f32::NAN), |_, _| {});
    outcome.unwrap();
    assert_eq!(setbacks(&events), [(1, 0, 0.5)]);
    assert!(place.losses("new").iter().map(|report| report.step).eq(1..=4));

    // With one it goes back to that, and the lists with it.
    place.plainly("b", false, 6);
    let (outcome, events) = place.train("b", true, 9, |s| poison(s, f32::NAN), |_, _| {});
    outcome.unwrap();
    assert_eq!(setbacks(&events), [(7, 6, 0.5)]);
    let alerts = place.folder("b").read_alerts().unwrap();
    assert_eq!((alerts.len(), alerts[0].step, alerts[0].ailment), (1, 6, Ailment::Exploding));
    assert!(alerts[0].evidence.contains("At step 7"), "{}", alerts[0].evidence);

    // The smaller rate is that of the run from there on, however often it is interrupted.
    for (name, stops) in [("whole", vec![16]), ("parts", vec![11, 14, 16])] {
        place.plainly(name, false, 6);
        place.train(name, true, 9, |s| poison(s, f32::NAN), |_, _| {}).0.unwrap();
        for stop in stops {
            place.plainly(name, true, stop);
        }
    }
    assert_eq!(place.losses("whole"), place.losses("parts"));
    place.plainly("healthy", false, 16);
    let (sick, healthy) = (place.losses("whole"), place.losses("healthy"));
    assert_eq!(sick[..6], healthy[..6]);
    let judged = |report: &StepReport| (report.loss_d, report.d_real, report.d_fake, report.grad_d);
    assert_eq!(judged(&sick[6]), judged(&healthy[6]), "the same state, judged before it moves");
    assert_ne!(sick[8], healthy[8], "the rate is not smaller");
}

/// A device that computes aside is given steps before the numbers of the last are read.
#[test]
fn steps_that_are_read_later_are_the_same() {
    let place = Place::new(12);
    place.plainly("a", false, 40);
    let (outcome, _) = place.train("b", false, 40, |session| session.run_ahead(), |_, _| {});
    assert_eq!(outcome.unwrap().steps, 40);
    assert_eq!(place.losses("a"), place.losses("b"));
    let sheets = |name: &str| place.folder(name).previews().len();
    assert_eq!(sheets("a"), sheets("b"));
    // Numbers that go astray are found among steps that were made after them.
    let astray = |session: &mut Session| {
        session.run_ahead();
        session.save_for_test();
        poison(session, f32::NAN);
    };
    let (outcome, events) = place.train("c", false, 40, astray, |_, _| {});
    assert_eq!(outcome.unwrap().steps, 40);
    assert_eq!(setbacks(&events), [(1, 0, 0.5)]);
    let steps: Vec<u64> = place.losses("c").iter().map(|report| report.step).collect();
    assert_eq!(steps, (1..=40).collect::<Vec<u64>>());
}

#[test]
fn after_three_setbacks_it_gives_up() {
    let place = Place::new(12);
    // Numbers, but of a size that no step survives: each way back leads into the same trouble.
    let hopeless = |session: &mut Session| {
        poison(session, 1e30);
        session.save_for_test();
    };
    let (outcome, events) = place.train("a", false, 9, hopeless, |_, _| {});
    let error = outcome.unwrap_err().to_string();
    assert!(error.contains("after 3 times") && error.contains("--lr"), "{error}");
    assert_eq!(setbacks(&events), [(1, 0, 0.5), (1, 0, 0.25), (1, 0, 0.125)]);
    // What is on the disk is still that state.
    Trainer::resume(place.steps(9), &place.folder("a").state_path(), &candle_core::Device::Cpu)
        .unwrap();
}

#[test]
fn a_state_that_is_no_numbers_never_replaces_a_good_one() {
    let place = Place::new(12);
    place.plainly("a", false, 5);
    let state = std::fs::read(place.folder("a").state_path()).unwrap();
    let stop = |event: &TrainEvent, controls: &Sender<TrainControl>| {
        if matches!(event, TrainEvent::Started { .. }) {
            controls.send(TrainControl::Stop { save: true }).unwrap();
        }
    };
    let (outcome, _) = place.train("a", true, 9, |s| poison(s, f32::NAN), stop);
    assert!(outcome.unwrap_err().to_string().contains("no longer numbers"));
    assert_eq!(std::fs::read(place.folder("a").state_path()).unwrap(), state);
}

#[test]
fn a_disk_that_goes_and_comes_back_costs_nothing() {
    let place = Place::new(12);
    place.plainly("whole", false, 40);
    let (folder, away) = (place.folder("a"), place.root.path().join("away"));
    let here = folder.root().to_owned();
    let (mut saved, mut gone) = (0, false);
    let (outcome, events) = place.train(
        "a",
        false,
        40,
        |_| {},
        |event, _| match event {
            TrainEvent::Saved { .. } => {
                saved += 1;
                if saved == 2 {
                    std::fs::rename(&here, &away).unwrap();
                    gone = true;
                }
            }
            // One checkpoint fails, the next one works.
            TrainEvent::Warning(_) if gone => {
                std::fs::rename(&away, &here).unwrap();
                gone = false;
            }
            _ => {}
        },
    );
    outcome.unwrap();
    let said = warnings(&events);
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].contains("the run goes on, and saving is tried again"), "{said:?}");
    assert!(said[1].contains("arrives on the disk again"), "{said:?}");
    assert_eq!(place.losses("a"), place.losses("whole"));
    let bytes = |name: &str| std::fs::read(place.folder(name).state_path()).unwrap();
    assert_eq!(bytes("a"), bytes("whole"));
}

#[test]
fn data_that_goes_ends_the_run_and_loses_nothing() {
    let place = Place::new(12);
    place.plainly("whole", false, 60);
    let (data, away) = (place.root.path().join("data"), place.root.path().join("away"));
    let mut saved = false;
    let (outcome, events) = place.train(
        "a",
        false,
        60,
        |_| {},
        |event, _| {
            if matches!(event, TrainEvent::Saved { .. }) && !saved {
                std::fs::rename(&data, &away).unwrap();
                saved = true;
            }
        },
    );
    let error = outcome.unwrap_err().to_string();
    assert!(error.contains("cannot be read any more; is the drive still there"), "{error}");
    let steps = place.losses("a").len();
    assert!((5..60).contains(&steps), "{steps}");
    let last = events.iter().rev().find_map(|event| match event {
        TrainEvent::Saved { step, .. } => Some(*step),
        _ => None,
    });
    assert_eq!(last, Some(steps as u64), "what was learnt is not saved");
    // There is a word about it before the run goes on, and it goes on exactly.
    let error = place.train("a", true, 60, |_| {}, |_, _| {}).0.unwrap_err().to_string();
    assert!(error.contains("say where they are with --data"), "{error}");
    std::fs::rename(&away, &data).unwrap();
    place.plainly("a", true, 60);
    assert_eq!(place.losses("a"), place.losses("whole"));
}

#[test]
fn pictures_that_change_or_go_one_by_one_are_borne() {
    let place = Place::new(12);
    let data = place.root.path().join("data");
    let (outcome, events) = place.train(
        "a",
        false,
        40,
        |_| {},
        |event, _| {
            if matches!(event, TrainEvent::Started { .. }) {
                RgbImage::new(33, 57).save(data.join("001.png")).unwrap();
                std::fs::remove_file(data.join("002.png")).unwrap();
            }
        },
    );
    outcome.unwrap();
    let said = warnings(&events);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].starts_with("1 of the pictures cannot be read any more"), "{said:?}");
}

#[test]
fn one_folder_is_trained_in_once_at_a_time() {
    let place = Place::new(8);
    let mut second = None;
    let (outcome, _) = place.train(
        "a",
        false,
        6,
        |_| {},
        |event, _| {
            if matches!(event, TrainEvent::Started { .. }) {
                second = place.train("a", true, 6, |_| {}, |_, _| {}).0.err();
            }
        },
    );
    outcome.unwrap();
    let error = second.unwrap().to_string();
    assert!(error.contains("another program is training in this folder"), "{error}");
    place.plainly("a", true, 8);
}

#[test]
fn a_batch_larger_than_the_data_is_said() {
    let mut place = Place::new(3);
    place.config.batch = 8;
    let events = place.plainly("a", false, 2);
    assert!(warnings(&events)[0].contains("a batch of 8 is larger than the data"));
    // Three pictures are too few for cells and neighbours, and measured all the same.
    let measures = place.folder("a").read_measures().unwrap();
    assert_eq!((measures.last().unwrap().pictures, measures[0].ndb), (3, None));
    assert!(measures[0].swd.is_some());
}

#[test]
fn data_without_a_difference_is_an_alert_before_the_first_step() {
    let place = Place::new(2);
    let data = place.root.path().join("data");
    for name in ["000.png", "001.png"] {
        RgbImage::from_pixel(8, 8, Rgb([90, 90, 90])).save(data.join(name)).unwrap();
    }
    let events = place.plainly("a", false, 2);
    let alerts = place.folder("a").read_alerts().unwrap();
    assert_eq!((alerts[0].step, alerts[0].ailment), (0, Ailment::NothingToLearn));
    assert!(events.iter().any(|event| matches!(event, TrainEvent::Alert(_))));
    // It is noted once, however often the run goes on.
    place.plainly("a", true, 4);
    assert_eq!(place.folder("a").read_alerts().unwrap(), alerts);
}

/// The first layer takes nothing in: every latent draws the same picture, and since all pictures of a
/// batch are then judged alike, nothing changes that.
#[test]
fn a_generator_whose_latent_is_cut_off_has_collapsed() {
    let mut place = Place::new(40);
    place.config.upkeep.measure_kimg = 0.08;
    let cut = |session: &mut Session| {
        let params = session.trainer().generator_params();
        let first = params.trained().next().unwrap();
        first.var.set(&first.var.zeros_like().unwrap()).unwrap();
    };
    let (outcome, _) = place.train("a", false, 60, cut, |_, _| {});
    outcome.unwrap();
    let alerts = place.folder("a").read_alerts().unwrap();
    let found = alerts.iter().find(|alert| alert.ailment == Ailment::ModeCollapse).unwrap();
    assert!(found.evidence.contains("differ from each other"), "{}", found.evidence);
    assert_eq!(found.step, 40, "the second measuring agrees");
}
