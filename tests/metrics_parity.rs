//! The measures of `latentscape::train::metrics` against numbers from NumPy, in double precision:
//! `tests/pytorch/metrics.py` made them. And what must hold of them whatever the pictures are.

#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use latentscape::data::Target;
use latentscape::model::{ModelSpec, Network, Preset, Widths};
use latentscape::random::{Purpose, stream};
use latentscape::train::metrics::{
    Cells, Draws, Gauge, Manifold, Measures, Pictures, mean_distance, sliced_wasserstein,
};
use rand::Rng;

const TARGET: Target = Target { input: 0, channels: 3, height: 32, width: 32 };

struct Expected(HashMap<String, Tensor>);

impl Expected {
    fn open() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pytorch/metrics.safetensors");
        Self(candle_core::safetensors::load(path, &Device::Cpu).unwrap())
    }

    fn numbers(&self, name: &str) -> Vec<f64> {
        self.0[name].to_dtype(DType::F64).unwrap().flatten_all().unwrap().to_vec1().unwrap()
    }

    fn counts(&self, name: &str) -> Vec<usize> {
        self.numbers(name).into_iter().map(|number| number as usize).collect()
    }

    fn pictures(&self, name: &str) -> Pictures {
        Pictures::new(TARGET, self.0[name].flatten_all().unwrap().to_vec1().unwrap()).unwrap()
    }
}

fn check(what: &str, got: f64, expected: f64, tolerance: f64) {
    let error = (got - expected).abs() / expected.abs().max(1e-9);
    assert!(error < tolerance, "{what}: {got}, expected {expected}");
}

#[test]
fn the_sliced_wasserstein_distance_is_that_of_the_paper() {
    let expected = Expected::open();
    let centres = ["centres.0", "centres.1"].map(|name| {
        expected.counts(name).chunks_exact(2).map(|place| (place[0], place[1])).collect()
    });
    let draws = Draws { centres: centres.to_vec(), directions: expected.0["lines"].clone() };
    let (reals, fakes) = (expected.pictures("reals"), expected.pictures("fakes"));
    let levels = sliced_wasserstein(&reals, &fakes, &draws).unwrap();
    let wanted = expected.numbers("swd");
    assert_eq!(levels.len(), wanted.len());
    for (got, wanted) in levels.iter().zip(&wanted) {
        check("swd", *got, *wanted, 2e-5);
    }
    // Nothing lies between a set and itself, and neither set is the first.
    assert_eq!(sliced_wasserstein(&reals, &reals, &draws).unwrap(), [0.0, 0.0]);
    assert_eq!(sliced_wasserstein(&fakes, &reals, &draws).unwrap(), levels);
    assert!(sliced_wasserstein(&reals, &fakes.first(7), &draws).is_err());
}

#[test]
fn distances_cells_and_neighbours_are_those_of_the_papers() {
    let expected = Expected::open();
    let rows = ["reals", "fakes"].map(|name| expected.pictures(name).rows().unwrap());
    for (rows, wanted) in rows.iter().zip(expected.numbers("distances")) {
        check("distance", mean_distance(rows).unwrap(), wanted, 1e-5);
    }
    let cells = Cells::from_seeds(&rows[0], &expected.counts("seeds")).unwrap();
    assert_eq!(cells.reals(), expected.counts("cells"));
    let filling = cells.fill(&rows[1]).unwrap();
    assert_eq!([filling.different, filling.empty], expected.counts("ndb")[..]);
    let own = cells.fill(&rows[0]).unwrap();
    assert_eq!((own.different, own.empty), (0, 0));

    let [reals, fakes] = ["features.real", "features.fake"]
        .map(|name| Manifold::new(expected.0[name].clone()).unwrap());
    let near = reals.resemblance(&fakes).unwrap();
    let got = [near.precision, near.recall, near.density, near.coverage];
    for (got, wanted) in got.into_iter().zip(expected.numbers("prdc")) {
        check("neighbours", got, wanted, 1e-9);
    }
    let own = reals.resemblance(&reals).unwrap();
    assert_eq!([own.precision, own.recall, own.coverage], [1.0; 3]);
}

/// Two sets of colour waves in many directions, in a small network's eyes.
fn waves(count: usize) -> ([Pictures; 2], ModelSpec) {
    let mut rng = stream(3, Purpose::Measure, 0);
    let mut draw = || {
        let mut bytes = Vec::with_capacity(count * TARGET.bytes());
        for _ in 0..count {
            let [a, b, c, d] = [(); 4].map(|()| (rng.next_u32() % 1000) as f32 / 1000.0);
            for pixel in 0..32 * 32 {
                let (x, y) = ((pixel % 32) as f32, (pixel / 32) as f32);
                let wave = (6.3 * a + (b - 0.5) * x + (c - 0.5) * y).sin();
                bytes.extend([wave, wave * d, -wave].map(|v| (127.5 + 110.0 * v) as u8));
            }
        }
        Pictures::new(TARGET, bytes).unwrap()
    };
    let sets = [draw(), draw()];
    let mut spec = Preset::Dcgan64.spec();
    if let Network::Dcgan(dcgan) = &mut spec.network {
        dcgan.resolution = 32;
        dcgan.discriminator = Widths::Doubling { base: 8, max: 32 };
    }
    (sets, spec)
}

#[test]
fn other_real_pictures_measure_well_and_a_collapsed_set_badly() {
    let (sets, spec) = waves(120);
    let gauge = Gauge::new(sets[0].clone(), &spec, 0, &Device::Cpu).unwrap();
    let measure = |pictures: &Pictures| gauge.measure(pictures, 0).unwrap();
    let values = |m: &Measures| {
        [m.swd, m.diversity, m.ndb, m.empty, m.precision, m.recall, m.coverage].map(Option::unwrap)
    };
    let [swd, diversity, ndb, empty, precision, recall, coverage] = values(&measure(&sets[1]));
    assert!((0.9..1.1).contains(&diversity), "{diversity}");
    assert!(ndb <= 0.3 && empty <= 0.3, "{ndb} {empty}");
    assert!(precision > 0.5 && recall > 0.5 && coverage > 0.7, "{precision} {recall} {coverage}");

    // Two real pictures, over and over.
    let two: Vec<u8> = sets[1].iter().take(2).cycle().take(120).flatten().copied().collect();
    let two = Pictures::new(TARGET, two).unwrap();
    let [worse, alike, different, gone, _, lost, uncovered] = values(&measure(&two));
    assert!(worse > 2.0 * swd, "{worse} {swd}");
    assert!(alike < 0.6 && different > 0.2 && gone > 0.7, "{alike} {different} {gone}");
    assert!(lost < 0.1 && uncovered < 0.2, "{lost} {uncovered}");
}

#[test]
fn the_order_of_pictures_hardly_counts_and_the_seed_makes_the_numbers() {
    let (sets, spec) = waves(40);
    let gauge = |seed| Gauge::new(sets[0].clone(), &spec, seed, &Device::Cpu).unwrap();
    let first = gauge(0).measure(&sets[1], 7).unwrap();
    assert_eq!(gauge(0).measure(&sets[1], 7).unwrap(), first);
    let backwards: Vec<u8> =
        sets[1].iter().collect::<Vec<_>>().into_iter().rev().flatten().copied().collect();
    let backwards = Pictures::new(TARGET, backwards).unwrap();
    let again = gauge(0).measure(&backwards, 7).unwrap();
    // Each picture meets other patches; nothing else depends on the order.
    let swd = |measures: &Measures| f64::from(measures.swd.unwrap());
    check("swd backwards", swd(&again), swd(&first), 0.2);
    assert_eq!((again.ndb, again.empty, again.coverage), (first.ndb, first.empty, first.coverage));
    assert_ne!(gauge(1).measure(&sets[1], 7).unwrap().swd, first.swd);
}
