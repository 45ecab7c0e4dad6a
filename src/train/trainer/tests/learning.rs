//! What each objective and each change of pictures is for, and that a broken one does not do it.

use candle_core::Tensor;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::model::{Mode, Params};
use crate::train::objective::{Loss, Wants};
use crate::train::{Augment, Objective};

const KINDS: [[f32; 2]; 4] = [[-0.5, -0.5], [-0.5, 0.5], [0.5, -0.5], [0.5, 0.5]];

/// Points of two values around four places.
fn mixture(rng: &mut ChaCha8Rng) -> Tensor {
    let point = |_| {
        let kind = KINDS[(rng.next_u32() % 4) as usize];
        kind.map(|x| x + jitter(rng, 0.1))
    };
    pictures((0..64).flat_map(point).collect(), (1, 2))
}

/// Share of generated points near one of the places, and of the place with the fewest of them.
fn found(trainer: &Trainer) -> (f32, f32) {
    let points = values(&trainer.samples(400).unwrap());
    let mut near = [0.0; 4];
    for point in points.chunks_exact(2) {
        let is_near = |kind: &[f32; 2]| (kind[0] - point[0]).hypot(kind[1] - point[1]) < 0.25;
        if let Some(kind) = KINDS.iter().position(is_near) {
            near[kind] += 1.0 / 400.0;
        }
    }
    (near.iter().sum(), near.iter().copied().fold(1.0, f32::min))
}

fn learns_the_mixture(config: &TrainConfig, wants: Option<Wants>) -> (f32, f32) {
    let mut trainer = trainer(config);
    if let Some(wants) = wants {
        trainer.wants = wants;
    }
    train(&mut trainer, 600, mixture);
    found(&trainer)
}

/// Each loss with the generator made to be found out, and with real and generated swapped for the
/// discriminator.
fn broken(loss: Loss) -> [Wants; 2] {
    macro_rules! broken {
        ($loss:expr) => {{
            let wants = $loss.wants();
            let flipped =
                Wants { generator: |v| Ok(($loss.wants().generator)(v)?.neg()?), ..wants };
            let swapped = Wants {
                discriminator: |[real, fake], label| {
                    ($loss.wants().discriminator)([fake, real], label)
                },
                ..wants
            };
            [flipped, swapped]
        }};
    }
    match loss {
        Loss::Bce => broken!(Loss::Bce),
        Loss::Lsgan => broken!(Loss::Lsgan),
        Loss::Hinge => broken!(Loss::Hinge),
        Loss::Relativistic => broken!(Loss::Relativistic),
    }
}

fn check_loss(loss: Loss, objective: Objective) {
    let mut config = tiny((1, 2), &[32, 32], &[64, 32]);
    config.objective = Objective { loss, ..objective };
    let (near, fewest) = learns_the_mixture(&config, None);
    let wrong = broken(loss).map(|wants| learns_the_mixture(&config, Some(wants)).0);
    assert!(near > 0.7 && fewest > 0.08, "{loss:?}: {near} near, {fewest} at the rarest place");
    assert!(wrong.iter().all(|near| *near < 0.4), "{loss:?}, broken: {wrong:?}");
}

#[test]
fn cross_entropy_learns_a_mixture() {
    check_loss(Loss::Bce, Objective::default());
}

#[test]
fn least_squares_learn_a_mixture() {
    check_loss(Loss::Lsgan, Objective::default());
}

#[test]
fn margins_learn_a_mixture() {
    check_loss(Loss::Hinge, Objective::default());
}

#[test]
fn pairs_with_both_penalties_learn_a_mixture() {
    check_loss(Loss::Relativistic, Objective { r1: 0.2, r2: 0.2, ..Objective::default() });
}

/// Slope of a discriminator that is a straight line, trained on one real value, 0.5, against one
/// generated value, −0.5, that stays what it is.
fn slope(loss: Loss, r1: f64, r2: f64) -> f64 {
    let mut config = tiny((1, 1), &[2], &[1]);
    (config.generator.lr, config.discriminator.lr) = (1e-9, 0.01);
    config.objective.loss = loss;
    let mut trainer = trainer(&config);
    // Also a penalty below 0, which the settings refuse.
    (trainer.config.objective.r1, trainer.config.objective.r2) = (r1, r2);
    let set = |params: &Params, name: &str, value: f64| {
        let var = &params.get(name).unwrap().var;
        var.set(&var.affine(0.0, value).unwrap()).unwrap();
    };
    set(&trainer.generator.params, "model.2.weight", 0.0);
    set(&trainer.generator.params, "model.2.bias", (-0.5f64).atanh());
    // Both values lie where the leaky ReLU is the identity.
    for (name, value) in [("0.weight", 0.5), ("0.bias", 3.0), ("2.weight", 0.5), ("2.bias", -1.5)] {
        set(&trainer.discriminator.params, &format!("model.{name}"), value);
    }
    train(&mut trainer, 400, |_| pictures(vec![0.5; 8], (1, 1)));
    let ends = pictures(vec![-0.5, 0.5], (1, 1));
    let verdicts = values(&trainer.discriminator.network.forward(&ends, Mode::Eval).unwrap());
    f64::from(verdicts[1] - verdicts[0])
}

/// Where the loss of a line with slope w, with γ/2·w² on top, is smallest: where this is 0. The values
/// are 1 apart; cross-entropy and least squares also choose the best height.
fn balance(loss: Loss, gamma: f64, w: f64) -> f64 {
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    match loss {
        Loss::Bce => gamma * w - sigmoid(-w / 2.0),
        // Verdicts are 1/2 ± w/2, off by 1/2 − w/2 each.
        Loss::Lsgan => gamma * w - (0.5 - w / 2.0),
        Loss::Relativistic => gamma * w - sigmoid(-w),
        // Verdicts are ±w/2, within the margins.
        Loss::Hinge => gamma * w - 1.0,
    }
}

#[test]
fn penalties_stop_at_the_slope_that_is_best() {
    for loss in Loss::ALL {
        let without = slope(loss, 0.0, 0.0);
        for (r1, r2) in [(1.0, 0.0), (0.0, 1.0), (0.5, 0.5)] {
            let (mut low, mut high) = (0.0, 4.0);
            for _ in 0..60 {
                let middle = (low + high) / 2.0;
                let side = if balance(loss, 1.0, middle) < 0.0 { &mut low } else { &mut high };
                *side = middle;
            }
            let with = slope(loss, r1, r2);
            assert!((with - low).abs() < 0.03, "{loss:?} {r1} {r2}: {with}, best is {low}");
            assert!(without > 1.5 * low, "{loss:?}: {without} without, {with} with");
        }
        let broken = slope(loss, -1.0, 0.0);
        assert!(broken.abs() > 1.5 * without, "{loss:?}: {broken} with the sign turned, {without}");
    }
}

const SIDE: usize = 8;

/// One picture: bright left of the middle, dark right of it.
fn half_bright(column: usize) -> f32 {
    if column < SIDE / 2 { 0.6 } else { -0.6 }
}

fn halves(rng: &mut ChaCha8Rng) -> Tensor {
    let value = |i: usize| half_bright(i % SIDE) + jitter(rng, 0.05);
    pictures((0..32 * SIDE * SIDE).map(value).collect(), (SIDE, SIDE))
}

/// How far the mean of generated pictures is from the picture to be learnt, and how much more than
/// that one their brightness varies: 0 both, if nothing but that picture was learnt.
fn error(trainer: &Trainer) -> f32 {
    let drawn = values(&trainer.samples(200).unwrap());
    let area = SIDE * SIDE;
    let mean = |at: usize| drawn.iter().skip(at).step_by(area).sum::<f32>() / 200.0;
    let off = (0..area).map(|at| (mean(at) - half_bright(at % SIDE)).abs()).sum::<f32>();
    let bright = drawn.chunks_exact(area).map(|picture| picture.iter().sum::<f32>() / area as f32);
    let varied = bright.map(|brightness| brightness * brightness).sum::<f32>() / 200.0;
    off / area as f32 + varied.sqrt()
}

/// With real and generated pictures changed alike, the generator learns them as they were. If only the
/// real ones are changed, it learns the changes.
#[test]
fn changes_do_not_leak_into_what_is_learnt() {
    let off = Augment { colour: false, translation: false, cutout: false, p: 0.5, ..Augment::ALL };
    let policies = [
        ("colour", Augment { colour: true, ..off }),
        ("translation", Augment { translation: true, ..off }),
        ("cutout", Augment { cutout: true, p: 1.0, ..off }),
        ("all", Augment { p: 0.5, ..Augment::ALL }),
    ];
    for (name, augment) in policies {
        let mut config = tiny((SIDE, SIDE), &[32, 64], &[64]);
        config.batch = 32;
        config.augment = augment;
        let mut right = trainer(&config);
        train(&mut right, 400, halves);
        config.augment = Augment::default();
        let mut broken = trainer(&config);
        train(&mut broken, 400, |rng| {
            let real = halves(rng);
            augment.draw(augment.p, 32, (SIDE, SIDE), rng).apply(&real).unwrap()
        });
        let (right, broken) = (error(&right), error(&broken));
        assert!(right < 0.1 && broken > 2.0 * right, "{name}: {right}, broken {broken}");
    }
}
