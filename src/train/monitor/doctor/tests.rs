//! Runs as the doctor hears them: invented steps, each sick in one way.

use super::*;

const DATA: Facts = Facts { pictures: 12_000, are_pairs: false, compared: 63, difference: 60.0 };

fn healthy(step: u64) -> StepReport {
    let sway = (step as f32 * 0.7).sin();
    StepReport {
        step,
        images: step * 32,
        loss_d: 0.53 + 0.1 * sway,
        loss_g: 3.8 + sway,
        d_real: 0.82 + 0.1 * sway,
        d_fake: 0.08 + 0.07 * sway,
        grad_d: 2.0 + sway,
        grad_g: 1.0 + 0.5 * sway,
        sign_real: 0.9,
        l1: 0.0,
    }
}

/// Steps that are healthy up to 2,000 and then as `sick` makes them.
fn found(facts: Facts, sick: impl Fn(&mut StepReport)) -> Vec<Alert> {
    let mut doctor = Doctor::new(facts);
    let report = |step| {
        let mut report = healthy(step);
        if step > 2000 {
            sick(&mut report);
        }
        report
    };
    (1..=6000).flat_map(|step| doctor.step(&report(step))).collect()
}

#[test]
fn a_healthy_run_is_left_alone() {
    assert_eq!(found(DATA, |_| {}), []);
    let mut doctor = Doctor::new(DATA);
    assert_eq!(doctor.before(), []);
    let good = Measures { diversity: Some(0.9), empty: Some(0.05), ..Measures::default() };
    assert!((0..9).all(|step| doctor.measured(step, &good).is_empty()));
}

#[test]
fn each_ailment_is_told_once_with_its_numbers() {
    type Sick = fn(&mut StepReport);
    let few = Facts { pictures: 8, ..DATA };
    let cases: [(Facts, Sick, Ailment, &str); 6] = [
        (DATA, |r| (r.d_fake, r.loss_g) = (1e-4, 9.0), Ailment::DiscriminatorWon, "0.0001"),
        (DATA, |r| (r.d_real, r.d_fake) = (0.5, 0.49), Ailment::GeneratorWon, "0.49"),
        (DATA, |r| r.loss_g = 300.0, Ailment::Exploding, "loss was 0.5 and the generator's"),
        (DATA, |r| r.grad_g = 900.0, Ailment::Exploding, "generator's gradients"),
        (
            DATA,
            |r| (r.d_real, r.d_fake) = if r.step / 60 % 2 == 0 { (0.99, 0.01) } else { (0.5, 0.4) },
            Ailment::Oscillation,
            "times between",
        ),
        (few, |r| r.sign_real = 1.0, Ailment::Overfitting, "Each of the 8 pictures"),
    ];
    for (facts, sick, ailment, words) in cases {
        let alerts = found(facts, sick);
        assert_eq!(alerts.len(), 1, "{ailment:?}: {alerts:?}");
        let Alert { step, ailment: found, evidence, advice } = &alerts[0];
        assert_eq!(*found, ailment);
        // Seen as soon as a window, or the pieces of an oscillation, are full of it.
        assert!((2000..=3000).contains(step), "{ailment:?} at {step}");
        assert!(evidence.contains(words), "{evidence}");
        assert!(evidence.ends_with('.') && advice.ends_with('.'));
    }
}

/// With a truth for each input, a discriminator that is always right harms nobody.
#[test]
fn of_pairs_only_what_harms_them_is_told() {
    let pairs = Facts { are_pairs: true, pictures: 8, ..DATA };
    let sure = found(pairs, |r| (r.d_real, r.d_fake, r.sign_real) = (1.0, 1e-6, 1.0));
    assert_eq!(sure, []);
    let deceived = found(pairs, |r| (r.d_real, r.d_fake) = (0.5, 0.5));
    assert_eq!(deceived, []);
    let bad = Measures { diversity: Some(0.2), empty: Some(0.9), ..Measures::default() };
    let mut doctor = Doctor::new(pairs);
    assert!((0..9).all(|step| doctor.measured(step, &bad).is_empty()));
    let alerts = found(pairs, |r| r.loss_d = 300.0);
    assert_eq!((alerts.len(), alerts[0].ailment), (1, Ailment::Exploding));
}

#[test]
fn what_comes_back_or_gets_much_worse_is_told_again() {
    let relapse = |report: &mut StepReport| {
        if !(3000..4500).contains(&report.step) {
            report.d_fake = 1e-3;
        }
    };
    let steps: Vec<u64> = found(DATA, relapse).iter().map(|alert| alert.step).collect();
    assert_eq!(steps.len(), 2, "{steps:?}");
    assert!(steps[0] < 3000 && steps[1] >= 4500);
    let worse = |report: &mut StepReport| {
        report.loss_g = if report.step < 4000 { 50.0 } else { 5000.0 };
    };
    let alerts = found(DATA, worse);
    assert!((2..=4).contains(&alerts.len()), "{alerts:?}");
    assert!(alerts.iter().all(|alert| alert.ailment == Ailment::Exploding));
}

#[test]
fn two_measurings_make_a_collapse() {
    let mut doctor = Doctor::new(DATA);
    let bad =
        Measures { pictures: 500, diversity: Some(0.21), empty: Some(0.8), ..Measures::default() };
    let good = Measures { diversity: Some(0.9), empty: Some(0.1), ..bad };
    assert_eq!(doctor.measured(100, &bad), []);
    assert_eq!(doctor.measured(200, &good), []);
    assert_eq!(doctor.measured(300, &bad), []);
    let alerts = doctor.measured(400, &bad);
    assert_eq!((alerts.len(), alerts[0].step), (1, 400));
    assert_eq!(alerts[0].ailment, Ailment::ModeCollapse);
    assert!(alerts[0].evidence.contains("21 %") && alerts[0].evidence.contains("80 %"));
    assert_eq!(doctor.measured(500, &bad), []);
    // What is still getting better has not collapsed.
    let mut doctor = Doctor::new(DATA);
    for (step, diversity) in [(100, 0.05), (200, 0.15), (300, 0.3), (400, 0.45), (500, 0.8)] {
        let measures = Measures { diversity: Some(diversity), ..Measures::default() };
        assert_eq!(doctor.measured(step, &measures), []);
    }
}

#[test]
fn data_without_a_difference_is_told_before_the_first_step() {
    for (facts, words) in [
        (Facts { difference: 0.0, ..DATA }, "0.00 of 255"),
        (Facts { pictures: 1, are_pairs: false, compared: 0, difference: 0.0 }, "single picture"),
    ] {
        let alerts = Doctor::new(facts).before();
        assert_eq!((alerts.len(), alerts[0].ailment), (1, Ailment::NothingToLearn));
        assert!(alerts[0].evidence.contains(words), "{}", alerts[0].evidence);
    }
}
