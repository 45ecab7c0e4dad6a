use candle_core::Tensor;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::*;
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
    println!("{loss:?}: near {near} fewest {fewest}");
    let wrong = broken(loss).map(|wants| learns_the_mixture(&config, Some(wants)).0);
    println!("{loss:?}: broken {wrong:?}");
    assert!(near > 0.8 && fewest > 0.1, "{loss:?}: {near} near, {fewest} at the rarest place");
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

/// How far the generator still swings around a single point that it is to learn: without a penalty it
/// circles around it (Mescheder et al. 2018), with one it comes to rest.
fn swing(loss: Loss, r1: f64, r2: f64) -> f32 {
    let mut config = tiny((1, 1), &[8], &[16]);
    (config.generator.lr, config.discriminator.lr) = (5e-3, 5e-3);
    config.objective.loss = loss;
    let mut trainer = trainer(&config);
    // Also a penalty below 0, which the settings refuse.
    (trainer.config.objective.r1, trainer.config.objective.r2) = (r1, r2);
    let point = |_: &mut ChaCha8Rng| pictures(vec![0.4; 32], (1, 1));
    train(&mut trainer, 500, point);
    let mut most = 0.0f32;
    for _ in 0..150 {
        train(&mut trainer, 1, point);
        let z = Tensor::zeros((1, 4), candle_core::DType::F32, &Device::Cpu).unwrap();
        let drawn = trainer.generator.network.forward(&z, crate::model::Mode::Eval).unwrap();
        most = most.max((values(&drawn)[0] - 0.4).abs());
    }
    most
}

#[test]
fn penalties_bring_a_swinging_generator_to_rest() {
    for loss in [Loss::Bce, Loss::Relativistic] {
        let without = swing(loss, 0.0, 0.0);
        for (r1, r2) in [(1.0, 0.0), (0.0, 1.0)] {
            let with = swing(loss, r1, r2);
            let broken = swing(loss, -r1, -r2);
            println!("{loss:?} {r1} {r2}: {without} {with} {broken}");
            assert!(with < 0.05 && with < without / 3.0, "{loss:?}: {with}, without {without}");
            assert!(broken > 0.15, "{loss:?}: {broken} with the sign turned");
        }
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

/// How far values of generated pictures are from those of the picture to be learnt, on average.
fn error(trainer: &Trainer) -> f32 {
    let drawn = values(&trainer.samples(100).unwrap());
    let off = |(i, value): (usize, &f32)| (value - half_bright(i % SIDE)).abs();
    drawn.iter().enumerate().map(off).sum::<f32>() / drawn.len() as f32
}

/// With real and generated pictures changed alike, the generator learns them as they were. If only the
/// real ones are changed, it learns the changes.
#[test]
fn changes_do_not_leak_into_what_is_learnt() {
    let off = Augment { colour: false, translation: false, cutout: false, ..Augment::ALL };
    let policies = [
        ("colour", Augment { colour: true, ..off }),
        ("translation", Augment { translation: true, ..off }),
        ("cutout", Augment { cutout: true, ..off }),
        ("all", Augment::ALL),
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
            augment.draw(1.0, 32, (SIDE, SIDE), rng).apply(&real).unwrap()
        });
        let (right, broken) = (error(&right), error(&broken));
        println!("{name}: {right} broken {broken}");
        assert!(right < 0.1 && broken > 2.0 * right, "{name}: {right}, broken {broken}");
    }
}
