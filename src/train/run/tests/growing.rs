//! Runs whose networks grow.

use super::*;
use crate::train::Growth;

/// From 16×16 to 64×64, a layer each ten steps, blended in over five.
fn growing() -> Place {
    let mut place = Place::new(30);
    place.config.spec = Preset::Grow.spec();
    place.config.spec.z_dim = 3;
    if let Network::Dcgan(dcgan) = &mut place.config.spec.network {
        dcgan.resolution = 16;
        dcgan.generator = Widths::Constant { base: 2 };
        dcgan.discriminator = Widths::Constant { base: 2 };
    }
    place.config.growth = Some(Growth {
        until: 64,
        stage_kimg: 0.04,
        fade_kimg: 0.02,
        batch_values: 1_000_000,
        by_hand: Vec::new(),
    });
    place
}

fn grown(events: &[TrainEvent]) -> Vec<(u64, usize)> {
    let grown = |event: &TrainEvent| match *event {
        TrainEvent::Grown { step, resolution } => Some((step, resolution)),
        _ => None,
    };
    events.iter().filter_map(grown).collect()
}

/// Sends `control` once the run has told of `step`.
fn at(step: u64, control: TrainControl) -> impl FnMut(&TrainEvent, &Sender<TrainControl>) {
    let mut sent = false;
    move |event, sender| {
        if let TrainEvent::Steps(reports) = event
            && reports.iter().any(|report| report.step >= step)
            && !std::mem::replace(&mut sent, true)
        {
            sender.send(control).unwrap();
        }
    }
}

fn same(place: &Place, a: &str, b: &str) {
    assert_eq!(place.losses(a), place.losses(b));
    let [a, b] = [a, b].map(|name| place.folder(name));
    for [a, b] in [[a.state_path(), b.state_path()], [a.model_path(), b.model_path()]] {
        assert!(std::fs::read(&a).unwrap() == std::fs::read(&b).unwrap(), "{}", b.display());
    }
}

#[test]
fn a_run_grows_and_can_be_stopped_at_any_moment_of_it() {
    let place = growing();
    let events = place.plainly("whole", false, 27);
    assert_eq!(grown(&events), [(11, 32), (21, 64)]);
    assert_eq!(warnings(&events), [""; 0]);
    let kept = place.folder("whole").checkpoints();
    let sizes = kept.iter().map(|(_, path)| {
        let file = ModelFile::open(path).unwrap();
        file.generator(&candle_core::Device::Cpu).unwrap();
        file.info().spec.size().0
    });
    assert_eq!(sizes.collect::<Vec<_>>(), [16, 32], "after 10 and after 20 steps");

    // Told to stop in the middle of a fade, and with what was done since the last save lost.
    for (name, step, save) in [("saved", 12, true), ("lost", 11, false), ("late", 20, true)] {
        let stop = at(step, TrainControl::Stop { save });
        let (outcome, _) = place.train(name, false, 27, |_| {}, stop);
        assert!(!outcome.unwrap().finished, "{name}");
        let events = place.plainly(name, true, 27);
        assert!(grown(&events).contains(&(21, 64)), "{name}");
        same(&place, "whole", name);
    }
}

#[test]
fn a_layer_added_by_hand_is_remembered() {
    let mut place = growing();
    let (outcome, events) = place.train("hand", false, 40, |_| {}, at(3, TrainControl::Grow));
    let hand = outcome.unwrap();
    assert!(hand.finished);
    let config = place.folder("hand").read_config().unwrap();
    let by_hand = config.growth.as_ref().unwrap().by_hand.clone();
    assert_eq!(by_hand.len(), 1);
    assert_eq!(grown(&events)[0], (by_hand[0] + 1, 32), "{:?}", grown(&events));

    // Stopped before anything was saved after it, the run still knows.
    place.config = config;
    let (outcome, _) = place.train(
        "again",
        false,
        40,
        |_| {},
        at(by_hand[0] + 1, TrainControl::Stop { save: false }),
    );
    assert!(!outcome.unwrap().finished);
    // How many steps it takes depends on when the layer came: batches are smaller from there on.
    let (outcome, _) = place.train("again", true, 40, |_| {}, |_, _| {});
    assert_eq!(outcome.unwrap().steps, hand.steps);
    same(&place, "hand", "again");

    let mut still = Place::new(8);
    still.config.growth = None;
    let (_, events) = still.train("still", false, 30, |_| {}, at(3, TrainControl::Grow));
    assert!(warnings(&events).iter().any(|text| text.contains("no layer was added")));
}
