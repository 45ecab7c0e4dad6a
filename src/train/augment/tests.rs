use candle_core::{Device, Tensor, Var};
use serde::Deserialize;

use super::*;
use crate::ops::init;
use crate::random::{Purpose, stream};

/// `tests/pytorch/augment.json`, made by the script beside it.
#[derive(Deserialize)]
struct Expected {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    shape: [usize; 3],
    changes: Vec<Given>,
    changed: Vec<f32>,
    gradient: Vec<f32>,
}

#[derive(Deserialize)]
struct Given {
    colour: [f64; 3],
    shift: [isize; 2],
    hole: [usize; 4],
}

impl Given {
    fn change(&self) -> Change {
        let mut change = Change { shift: (self.shift[0], self.shift[1]), ..Change::default() };
        change.recolour(self.colour[0], self.colour[1], self.colour[2]);
        let [top, bottom, left, right] = self.hole;
        change.hole = Some(Hole { rows: top..bottom, columns: left..right });
        change
    }
}

/// The twin of `fill` in `tests/pytorch/parity.py`, for values in [-1, 1).
fn fill(name: &str, dims: &[usize]) -> Tensor {
    let mut crc = flate2::Crc::new();
    crc.update(name.as_bytes());
    let values = (0..dims.iter().product::<usize>() as u32).map(|i| {
        let mut x = i ^ crc.sum();
        x ^= x >> 16;
        x = x.wrapping_mul(0x7feb_352d);
        x ^= x >> 15;
        x = x.wrapping_mul(0x846c_a68b);
        x ^= x >> 16;
        (-1.0 + 2.0 * f64::from(x) / 4_294_967_296.0) as f32
    });
    Tensor::from_iter(values, &Device::Cpu).unwrap().reshape(dims).unwrap()
}

fn values(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

fn close(what: &str, got: &Tensor, expected: &[f32]) {
    let got = values(got);
    assert_eq!(got.len(), expected.len(), "{what}");
    for (at, (got, expected)) in got.iter().zip(expected).enumerate() {
        assert!((got - expected).abs() < 2e-6, "{what} {at}: {got} {expected}");
    }
}

#[test]
fn changes_and_their_way_back_are_those_of_pytorch() {
    let text = include_str!("../../../tests/pytorch/augment.json");
    let expected: Expected = serde_json::from_str(text).unwrap();
    for case in expected.cases {
        let [c, h, w] = case.shape;
        let changes: Vec<Change> = case.changes.iter().map(Given::change).collect();
        let dims = [changes.len(), c, h, w];
        let (x, grad) = (fill("pictures", &dims), fill("gradient", &dims));
        close("composed", &composed::apply(&changes, &x).unwrap(), &case.changed);
        close("composed back", &composed::back(&changes, &grad).unwrap(), &case.gradient);

        let changes = Changes(Arc::new(changes));
        // As they come from the data set, and as a generator leaves them.
        let last = |x: &Tensor| {
            let x = x.permute((0, 2, 3, 1)).unwrap().contiguous().unwrap();
            x.permute((0, 3, 1, 2)).unwrap()
        };
        for (x, grad) in [(x.clone(), grad.clone()), (last(&x), last(&grad))] {
            close("changed", &changes.apply(&x).unwrap(), &case.changed);
            close("back", &changes.back(&grad).unwrap(), &case.gradient);
            let leaf = Var::from_tensor(&x).unwrap();
            let sum = (changes.apply(&leaf).unwrap() * &grad).unwrap().sum_all().unwrap();
            let found = sum.backward().unwrap();
            close("candle's back", found.get(leaf.as_tensor()).unwrap(), &case.gradient);
        }
    }
}

/// Along a random direction the changed pictures change as the way back says.
#[test]
fn the_way_back_is_the_slope() {
    let mut rng = stream(3, Purpose::Measure, 0);
    let dims = (12, 3, 16, 16);
    let [x, step, grad] =
        [0, 1, 2].map(|_| init::normal(dims, 0.0, 1.0, &mut rng, &Device::Cpu).unwrap());
    let changes = Augment::ALL.draw(0.7, 12, (16, 16), &mut rng);
    let h = 0.5; // the changes are linear: any step will do
    let dot = |a: &Tensor, b: &Tensor| {
        let pairs = values(a).into_iter().zip(values(b));
        pairs.map(|(a, b)| f64::from(a) * f64::from(b)).sum::<f64>()
    };
    let moved = (&x + (&step * h).unwrap()).unwrap();
    let change = (changes.apply(&moved).unwrap() - changes.apply(&x).unwrap()).unwrap();
    let (expected, got) = (dot(&change, &grad) / h, dot(&step, &changes.back(&grad).unwrap()));
    assert!((got - expected).abs() < 1e-3 * expected.abs().max(1.0), "{got} {expected}");
}

#[test]
fn draws_stay_in_their_ranges_and_reach_all_of_them() {
    let mut rng = stream(5, Purpose::Measure, 0);
    let drawn = Augment::ALL.draw(1.0, 4000, (32, 24), &mut rng);
    let span = |of: fn(&Change) -> f64| {
        let all = drawn.0.iter().map(of);
        all.fold((f64::MAX, f64::MIN), |(low, high), x| (low.min(x), high.max(x)))
    };
    let check = |what: &str, (low, high): (f64, f64), (from, to): (f64, f64), slack: f64| {
        assert!(low >= from - 1e-6 && high <= to + 1e-6, "{what}: {low} to {high}");
        assert!(low <= from + slack && high >= to - slack, "{what}: {low} to {high}");
    };
    check("brightness", span(|c| c.light.into()), (-0.5, 0.5), 0.01);
    check("contrast", span(|c| 1.0 - f64::from(c.mean)), (0.5, 1.5), 0.01);
    let saturation = span(|c| f64::from(c.own) / (1.0 - f64::from(c.mean)));
    check("saturation", saturation, (0.0, 2.0), 0.01);
    check("down", span(|c| c.shift.0 as f64), (-4.0, 4.0), 0.0);
    check("right", span(|c| c.shift.1 as f64), (-3.0, 3.0), 0.0);
    let hole = |c: &Change| c.hole.clone().unwrap();
    check("top", span(|c| c.hole.clone().unwrap().rows.start as f64), (0.0, 24.0), 0.0);
    check("right end", span(|c| c.hole.clone().unwrap().columns.end as f64), (6.0, 24.0), 0.0);
    assert!(drawn.0.iter().all(|c| hole(c).rows.len() <= 16 && hole(c).columns.len() <= 12));
    assert!(drawn.0.iter().filter(|c| hole(c).rows.len() == 16).count() > 1500);
}

#[test]
fn the_probability_is_that_of_each_change() {
    let mut rng = stream(6, Purpose::Measure, 0);
    let drawn = Augment::ALL.draw(0.25, 4000, (32, 32), &mut rng);
    let counts = [
        drawn.0.iter().filter(|c| c.light != 0.0).count(),
        drawn.0.iter().filter(|c| c.hole.is_some()).count(),
        // One shift in 81 leads nowhere.
        drawn.0.iter().filter(|c| c.shift != (0, 0)).count(),
    ];
    // Six standard deviations are 164.
    assert!(counts.iter().all(|n| (820..=1164).contains(n)), "{counts:?}");
    let none = Augment { colour: false, translation: false, ..Augment::ALL };
    let drawn = none.draw(1.0, 50, (32, 32), &mut rng);
    let plain = |c: &Change| *c == Change { hole: c.hole.clone(), ..Change::default() };
    assert!(drawn.0.iter().all(|c| plain(c) && c.hole.is_some()));
    let x = fill("pictures", &[50, 1, 32, 32]);
    let still = Augment::ALL.draw(0.0, 50, (32, 32), &mut rng);
    assert_eq!(values(&still.apply(&x).unwrap()), values(&x));
    assert!(still.apply(&x.narrow(0, 0, 9).unwrap()).is_err());
}
