use candle_core::{Device, Tensor};

use super::super::{
    Builder, Discriminator, Generator, Gradients, Mode, ModelSpec, Network, NormKind, Params,
    Preset, Takes, Widths,
};
use super::*;
use crate::ops::init;
use crate::random::{Purpose, stream};

/// Small networks with every kind of layer: convolutions and linear ends, norms and biases, a layer that
/// is being blended in, and U-Nets with both norms.
fn specs() -> Vec<ModelSpec> {
    let mut grown = Preset::Grow.spec();
    if let Network::Dcgan(dcgan) = &mut grown.network {
        dcgan.resolution = 16;
        dcgan.generator = Widths::Constant { base: 8 };
        dcgan.discriminator = Widths::Constant { base: 8 };
    }
    let mut grown = grown.grown(true).unwrap();
    grown.set_fade(0.3);
    let unet = |norm: NormKind| {
        let mut spec = Preset::Pix2pix.spec();
        if let Network::Pix2pix(net) = &mut spec.network {
            (net.resolution, net.width, net.norm) = (64, 4, norm);
            net.discriminator.width = 4;
        }
        spec
    };
    let unets = [unet(NormKind::Batch), unet(NormKind::Instance)];
    let others = [Preset::MnistMlp.spec(), Preset::Faces32.spec(), grown];
    others.into_iter().chain(unets).collect()
}

fn values(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

fn size(values: &[f32]) -> f32 {
    values.iter().fold(0.0f32, |size, value| size.max(value.abs()))
}

fn compare(what: &str, ours: &Tensor, candles: &Tensor) {
    assert_eq!(ours.dims(), candles.dims(), "{what}");
    let (ours, candles) = (values(ours), values(candles));
    let size = size(&candles);
    assert!(size > 0.0, "{what} is all zeros");
    for (ours, candles) in ours.iter().zip(&candles) {
        assert!((ours - candles).abs() <= 1e-5 * size, "{what}: {ours} and {candles} of {size}");
    }
}

/// Candle's graph is the other way to the same gradients.
fn check(name: &str, network: &Sequential, params: &Params, x: &Tensor, pass: Pass) {
    let mode = pass.mode;
    let (y, _) = network.record(x, pass).unwrap();
    let mut rng = stream(3, Purpose::Latents, 0);
    let grad = init::normal(y.dims(), 0.0, 1.0, &mut rng, &Device::Cpu).unwrap();
    let record = || network.record(x, pass).unwrap();
    let trace = || network.trace(x, pass).unwrap();
    compare(&format!("{name} result"), &record().0, &trace().0);

    let inputs = [record().1, trace().1].map(|tape| tape.to_input(&grad).unwrap());
    compare(&format!("{name} input"), &inputs[0], &inputs[1]);

    let [ours, candles] = [record().1, trace().1].map(|tape| {
        let mut gradients = Gradients::default();
        tape.to_weights(&grad, &mut gradients).unwrap();
        gradients
    });
    let is_of_norm = |name: &str| {
        let layer = name.rsplit_once('.').unwrap().0;
        params.get(&format!("{layer}.running_mean")).is_some()
    };
    let known = params.trained().filter_map(|param| candles.get(param.var.as_tensor()));
    let largest = known.map(|gradient| size(&values(gradient))).fold(0.0, f32::max);
    for param in params.trained() {
        let what = format!("{name} {}", param.name);
        // Instance norm takes away whatever such a bias adds: what is left is rounding.
        if name.contains("instance") && param.name.ends_with(".bias") {
            let both =
                [&ours, &candles].map(|all| size(&values(all.get(param.var.as_tensor()).unwrap())));
            if both.iter().all(|size| *size < 1e-4 * largest) {
                continue;
            }
        }
        match ours.get(param.var.as_tensor()) {
            Some(ours) => compare(&what, ours, candles.get(param.var.as_tensor()).unwrap()),
            // In evaluation, norms count as constants.
            None => assert!(mode == Mode::Eval && is_of_norm(&param.name), "{what} has none"),
        }
    }
}

#[test]
fn our_way_back_is_that_of_candle() {
    for spec in specs() {
        let mut rng = stream(1, Purpose::Weights, 0);
        let mut builder = Builder::random(&mut rng, &Device::Cpu);
        let generator = Generator::build(&spec, &mut builder).unwrap();
        let generator_params = builder.finish();
        let mut builder = Builder::random(&mut rng, &Device::Cpu);
        let discriminator = Discriminator::build(&spec, &mut builder).unwrap();
        let discriminator_params = builder.finish();

        let mut rng = stream(2, Purpose::Latents, 0);
        let dims = match spec.takes() {
            Takes::Latent { dims } => vec![3, dims],
            Takes::Picture { channels, height, width } => vec![3, channels, height, width],
        };
        let given = init::normal(dims, 0.0, 1.0, &mut rng, &Device::Cpu).unwrap();
        let mut pictures = generator.forward(&given, Mode::Train).unwrap().detach();
        if spec.takes_pictures() {
            pictures = Tensor::cat(&[&given, &pictures], 1).unwrap();
        }
        let name = spec.summary();
        for mode in [Mode::Train, Mode::Eval] {
            for pass in [mode.into(), mode.dropping(&[1, 2, 3])] {
                check(&format!("G of {name}"), &generator.network, &generator_params, &given, pass);
            }
            let name = format!("D of {name}");
            check(&name, &discriminator.network, &discriminator_params, &pictures, mode.into());
        }
    }
}

#[test]
fn gradients_of_two_ways_back_add_up() {
    let spec = specs().remove(0);
    let mut rng = stream(1, Purpose::Weights, 0);
    let mut builder = Builder::random(&mut rng, &Device::Cpu);
    let generator = Generator::build(&spec, &mut builder).unwrap();
    let params = builder.finish();
    let z = init::normal((4, spec.z_dim), 0.0, 1.0, &mut rng, &Device::Cpu).unwrap();
    let gradients = |times: usize| {
        let mut gradients = Gradients::default();
        for _ in 0..times {
            let (y, tape) = generator.record(&z, Mode::Train).unwrap();
            tape.to_weights(&y, &mut gradients).unwrap();
        }
        gradients
    };
    let (once, twice) = (gradients(1), gradients(2));
    for param in params.trained() {
        let tensor = param.var.as_tensor();
        let doubled = (once.get(tensor).unwrap() * 2.0).unwrap();
        compare(&param.name, &doubled, twice.get(tensor).unwrap());
    }
}

/// The way back past a row and through it, against what a small step changes.
#[test]
fn the_way_back_of_a_skip_is_that_of_its_definition() {
    let network = Sequential(vec![Stage::skip(vec![Stage::shrink(), Stage::enlarge()])]);
    let dims = (2, 4, 4, 3);
    let mut rng = stream(5, Purpose::Latents, 0);
    let x = init::uniform(dims, -1.0, 1.0, &mut rng, &Device::Cpu).unwrap();
    let (y, tape) = network.record(&x, Mode::Train).unwrap();
    assert_eq!(y.dims(), [2, 4, 4, 6]);
    let own = y.narrow(3, 0, 3).unwrap();
    assert_eq!(values(&own), values(&x).iter().map(|value| value.max(0.0)).collect::<Vec<_>>());
    let grad = init::uniform(y.dims(), -1.0, 1.0, &mut rng, &Device::Cpu).unwrap();
    let slope = values(&tape.to_input(&grad).unwrap());
    let (start, grad) = (values(&x), values(&grad));
    let total = |at: usize, step: f32| {
        let mut moved = start.clone();
        moved[at] += step;
        let moved = Tensor::from_vec(moved, dims, &Device::Cpu).unwrap();
        let y = values(&network.forward(&moved, Mode::Train).unwrap());
        y.iter().zip(&grad).map(|(y, g)| f64::from(y * g)).sum::<f64>()
    };
    for (at, slope) in slope.iter().enumerate() {
        // A straight line on either side of 0: no value may cross it.
        let step = 0.5 * start[at].abs().min(0.5);
        let expected = (total(at, step) - total(at, -step)) / f64::from(2.0 * step);
        assert!(
            (f64::from(*slope) - expected).abs() < 1e-3 / f64::from(step),
            "{at}: {slope} {expected}"
        );
    }
}
