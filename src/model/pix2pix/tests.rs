use candle_core::{Device, Tensor};

use super::*;
use crate::model::{Generator, Mode, ModelSpec, Network, Params, Preset, Takes};
use crate::ops::init;
use crate::random::{Purpose, stream};

fn spec(change: impl FnOnce(&mut Pix2pix)) -> ModelSpec {
    let mut spec = Preset::Pix2pix.spec();
    if let Network::Pix2pix(net) = &mut spec.network {
        (net.resolution, net.width, net.discriminator.width) = (64, 2, 2);
        change(net);
    }
    spec
}

fn built(spec: &ModelSpec) -> (Generator, Params) {
    let mut rng = stream(1, Purpose::Weights, 0);
    let mut builder = Builder::random(&mut rng, &Device::Cpu);
    let generator = Generator::build(spec, &mut builder).unwrap();
    (generator, builder.finish())
}

fn noise(dims: &[usize], index: u64) -> Tensor {
    init::uniform(dims, -1.0, 1.0, &mut stream(2, Purpose::Measure, index), &Device::Cpu).unwrap()
}

fn values(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

/// Every weight of a convolution several times as large: so that what a layer does is seen in the picture.
fn amplify(params: &Params) {
    for param in params.trained().filter(|param| param.var.rank() == 4) {
        param.var.set(&(param.var.as_tensor() * 7.0).unwrap()).unwrap();
    }
}

#[test]
fn shapes_are_those_of_the_public_implementation() {
    let spec = Preset::Pix2pix.spec();
    spec.validate().unwrap();
    let count = |shapes: Vec<(String, Vec<usize>)>| {
        let statistics = |name: &str| name.contains("running_");
        let sizes = shapes.iter().filter(|(name, _)| !statistics(name));
        sizes.map(|(_, dims)| dims.iter().product::<usize>()).sum::<usize>()
    };
    // As printed by the public implementation: 54.414 M and 2.769 M.
    assert_eq!(count(spec.generator_shapes().unwrap()), 54_413_955);
    assert_eq!(count(spec.discriminator_shapes().unwrap()), 2_768_705);
    assert_eq!(spec.takes(), Takes::Picture { channels: 3, height: 256, width: 256 });
    assert_eq!(Preset::Dcgan64.spec().takes(), Takes::Latent { dims: 100 });
    for resolution in [32, 64, 128, 512] {
        let spec = self::spec(|net| {
            net.resolution = resolution;
            net.discriminator.layers = PatchGan::usual_layers(resolution);
        });
        spec.validate().unwrap();
        let dropped = |stages: &[Stage]| format!("{stages:?}").matches("Dropout").count();
        let (generator, _) = built(&spec);
        let levels = resolution.ilog2() as usize;
        assert_eq!(dropped(generator.network().stages()), levels - 5, "{resolution}");
    }
}

#[test]
fn sizes_out_of_range_are_named() {
    type Change = fn(&mut Pix2pix);
    let cases: [(Change, &str); 8] = [
        (|net| net.resolution = 16, "resolution"),
        (|net| net.resolution = 96, "resolution"),
        (|net| net.inputs = 5, "input-channels"),
        (|net| net.channels = 2, "channels"),
        (|net| net.width = 0, "width"),
        (|net| net.discriminator.width = 100_000, "width"),
        (|net| net.discriminator.layers = 5, "layers-d: must lie between 1 and 4"),
        (|net| net.dropout = f64::NAN, "dropout"),
    ];
    for (change, said) in cases {
        let error = spec(change).validate().unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn a_model_says_what_it_takes() {
    let (generator, _) = built(&spec(|_| ()));
    let latent = crate::latent::Latent::zero(3);
    let error = generator.draw(&[latent], &Device::Cpu).unwrap_err().to_string();
    assert!(error.contains("tab Translate"), "{error}");
    let error = generator.translate(&noise(&[1, 1, 64, 64], 0), None).unwrap_err().to_string();
    assert!(error.contains("64×64") && error.contains("3 channels"), "{error}");
    let (other, _) = built(&Preset::Faces32.spec());
    let error = other.translate(&noise(&[1, 3, 32, 32], 0), None).unwrap_err().to_string();
    assert!(error.contains("latentscape generate"), "{error}");
}

#[test]
fn dropout_follows_from_the_seed_of_each_picture() {
    let (generator, params) = built(&spec(|_| ()));
    amplify(&params);
    let generator = generator.prepare().unwrap();
    let x = noise(&[1, 3, 64, 64], 1);
    let draw = |seed: u64| values(&generator.translate(&x, Some(&[seed])).unwrap());
    assert_eq!(draw(5), draw(5));
    let far = |a: &[f32], b: &[f32]| {
        a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f32>() / a.len() as f32
    };
    let still = values(&generator.translate(&x, None).unwrap());
    assert!(far(&draw(5), &draw(6)) > 1e-3 && far(&draw(5), &still) > 1e-3);
    // Beside another picture it is the same.
    let two = Tensor::cat(&[&noise(&[1, 3, 64, 64], 2), &x], 0).unwrap();
    let two = values(&generator.translate(&two, Some(&[1, 5])).unwrap());
    assert!(far(&two[two.len() / 2..], &draw(5)) < 1e-5);
    assert!(generator.translate(&x, Some(&[1, 2])).is_err(), "a seed too many");
    // In training it is the same kind of noise, and off unless it is asked for.
    let pass = Mode::Train.dropping(&[5]);
    let trained = values(&generator.forward(&x, pass).unwrap());
    assert!(far(&trained, &values(&generator.forward(&x, Mode::Train).unwrap())) > 1e-3);
    let none = built(&spec(|net| net.dropout = 0.0)).0;
    let [with, without] = [Some([5].as_slice()), None].map(|seeds| none.translate(&x, seeds));
    assert_eq!(values(&with.unwrap()), values(&without.unwrap()));
}

#[test]
fn dropout_keeps_the_mean() {
    let stage = Stage::dropout(0.5, 4);
    let still = noise(&[1, 4, 4, 16], 4);
    let draws = 400;
    let mut mean = vec![0.0f32; still.elem_count()];
    for seed in 0..draws {
        let pass = Mode::Eval.dropping(std::slice::from_ref(&seed));
        for (mean, value) in mean.iter_mut().zip(values(&stage.forward(&still, pass).unwrap())) {
            *mean += value / draws as f32;
        }
    }
    let off = mean.iter().zip(values(&still)).map(|(a, b)| (a - b).abs()).sum::<f32>();
    // The mean of a single value spreads by a twentieth of it.
    assert!(off / (mean.len() as f32) < 0.04, "{off}");
    assert_eq!(values(&stage.forward(&still, Mode::Eval).unwrap()), values(&still));
}

#[test]
fn prepared_generators_draw_the_same() {
    for norm in [NormKind::Batch, NormKind::Instance] {
        let (generator, params) = built(&spec(|net| (net.norm, net.width) = (norm, 4)));
        amplify(&params);
        let x = noise(&[2, 3, 64, 64], 5);
        generator.forward(&x, Mode::Train).unwrap();
        let plain = values(&generator.translate(&x, Some(&[1, 2])).unwrap());
        let prepared = generator.prepare().unwrap();
        let quick = values(&prepared.translate(&x, Some(&[1, 2])).unwrap());
        let size = plain.iter().fold(0.0f32, |size, value| size.max(value.abs()));
        assert!(size > 0.05, "{norm:?}: {size}");
        for (a, b) in plain.iter().zip(&quick) {
            assert!((a - b).abs() < 1e-4, "{norm:?}: {a} {b}");
        }
    }
}
