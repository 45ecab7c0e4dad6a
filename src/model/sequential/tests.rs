use candle_core::{Device, Tensor};

use super::super::{
    Builder, Discriminator, Generator, Gradients, Mode, ModelSpec, Network, Params, Preset, Widths,
};
use super::*;
use crate::ops::init;
use crate::random::{Purpose, stream};

/// Small networks with every kind of layer: convolutions and linear ends, norms and biases, and a layer
/// that is being blended in.
fn specs() -> Vec<ModelSpec> {
    let mut grown = Preset::Grow.spec();
    if let Network::Dcgan(dcgan) = &mut grown.network {
        dcgan.resolution = 16;
        dcgan.generator = Widths::Constant { base: 8 };
        dcgan.discriminator = Widths::Constant { base: 8 };
    }
    let mut grown = grown.grown(true).unwrap();
    grown.set_fade(0.3);
    vec![Preset::MnistMlp.spec(), Preset::Faces32.spec(), grown]
}

fn values(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

fn compare(what: &str, ours: &Tensor, candles: &Tensor) {
    assert_eq!(ours.dims(), candles.dims(), "{what}");
    let (ours, candles) = (values(ours), values(candles));
    let size = candles.iter().fold(0.0f32, |size, value| size.max(value.abs()));
    assert!(size > 0.0, "{what} is all zeros");
    for (ours, candles) in ours.iter().zip(&candles) {
        assert!((ours - candles).abs() <= 1e-5 * size, "{what}: {ours} and {candles} of {size}");
    }
}

/// Candle's graph is the other way to the same gradients.
fn check(name: &str, network: &Sequential, params: &Params, x: &Tensor, mode: Mode) {
    let (y, _) = network.record(x, mode).unwrap();
    let mut rng = stream(3, Purpose::Latents, 0);
    let grad = init::normal(y.dims(), 0.0, 1.0, &mut rng, &Device::Cpu).unwrap();
    let record = || network.record(x, mode).unwrap();
    let trace = || network.trace(x, mode).unwrap();
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
    for param in params.trained() {
        let what = format!("{name} {}", param.name);
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
        let z = init::normal((3, spec.z_dim), 0.0, 1.0, &mut rng, &Device::Cpu).unwrap();
        let pictures = generator.forward(&z, Mode::Train).unwrap().detach();
        for mode in [Mode::Train, Mode::Eval] {
            check("G", &generator.network, &generator_params, &z, mode);
            check("D", &discriminator.network, &discriminator_params, &pictures, mode);
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
