use candle_core::Device;

use super::*;
use crate::model::{Builder, Discriminator, Generator, Mode, Preset};
use crate::ops::{self, init};
use crate::random::{Purpose, stream};

fn small() -> ModelSpec {
    let mut spec = Preset::Grow.spec();
    spec.z_dim = 8;
    if let Network::Dcgan(dcgan) = &mut spec.network {
        dcgan.resolution = 16;
        dcgan.generator = Widths::Constant { base: 4 };
        dcgan.discriminator = Widths::Constant { base: 3 };
    }
    spec
}

fn values(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

fn normal(dims: &[usize], index: u64) -> Tensor {
    init::normal(dims, 0.0, 0.5, &mut stream(1, Purpose::Measure, index), &Device::Cpu).unwrap()
}

/// A picture `[B, C, H, W]` by an operation on `[B, H, W, C]`.
fn resized(x: &Tensor, by: fn(&Tensor) -> crate::Result<Tensor>) -> Tensor {
    let x = x.permute((0, 2, 3, 1)).unwrap().contiguous().unwrap();
    by(&x).unwrap().permute((0, 3, 1, 2)).unwrap()
}

/// Both networks of `spec`: with `weights`, and where they have none, with random ones.
fn networks(
    spec: &ModelSpec,
    weights: [&BTreeMap<String, Tensor>; 2],
) -> (Generator, Discriminator, [BTreeMap<String, Tensor>; 2]) {
    let mut rng = stream(7, Purpose::Weights, 9);
    let mut builder = Builder::completed(weights[0], &mut rng, &Device::Cpu);
    let generator = Generator::build(spec, &mut builder).unwrap();
    let of_generator = builder.finish().tensors();
    let mut builder = Builder::completed(weights[1], &mut rng, &Device::Cpu);
    let discriminator = Discriminator::build(spec, &mut builder).unwrap();
    (generator, discriminator, [of_generator, builder.finish().tensors()])
}

#[test]
fn a_layer_that_is_not_blended_in_yet_changes_nothing() {
    let spec = small();
    let (generator, discriminator, weights) = networks(&spec, [&BTreeMap::new(), &BTreeMap::new()]);
    // Statistics of batch norm that are not those of the start.
    generator.forward(&normal(&[9, 8], 1), Mode::Train).unwrap();
    discriminator.forward(&normal(&[9, 3, 16, 16], 2), Mode::Train).unwrap();

    let grown = spec.grown(true).unwrap();
    assert_eq!((grown.size(), grown.fade()), ((32, 32), Some(0.0)));
    let [of_generator, of_discriminator] = [Side::Generator, Side::Discriminator]
        .map(|side| inherited(&grown, side, &weights[side as usize]));
    let (mut big_generator, mut big_discriminator, all) =
        networks(&grown, [&of_generator, &of_discriminator]);
    let new = |side: usize, inherited: &BTreeMap<String, Tensor>| {
        all[side].keys().filter(|name| !inherited.contains_key(*name)).count()
    };
    // One convolution with its batch norm each: a weight, and two weights with two statistics.
    assert_eq!([new(0, &of_generator), new(1, &of_discriminator)], [5, 5]);

    let (z, pictures) = (normal(&[4, 8], 3), normal(&[4, 3, 32, 32], 4));
    let drawn = generator.forward(&z, Mode::Eval).unwrap();
    let small_pictures = resized(&pictures, ops::shrink);
    for mode in [Mode::Eval, Mode::Train] {
        let drawn = match mode {
            Mode::Eval => drawn.clone(),
            Mode::Train => generator.forward(&z, mode).unwrap(),
        };
        let expected = values(&resized(&drawn, ops::enlarge));
        assert_eq!(values(&big_generator.forward(&z, mode).unwrap()), expected, "{mode:?}");
        let expected = values(&discriminator.forward(&small_pictures, mode).unwrap());
        assert_eq!(values(&big_discriminator.forward(&pictures, mode).unwrap()), expected);
    }

    // Blended in entirely, it is the network without what was there before.
    let whole = grown.without_fade();
    assert_eq!(spec.grown(false).unwrap(), whole);
    let kept = |all: &BTreeMap<String, Tensor>| -> BTreeMap<_, _> {
        all.iter()
            .filter(|(name, _)| !name.starts_with(OLD))
            .map(|(n, t)| (n.clone(), t.clone()))
            .collect()
    };
    let (whole_generator, whole_discriminator, of_whole) =
        networks(&whole, [&kept(&all[0]), &kept(&all[1])]);
    assert_eq!(of_whole[0].len(), kept(&all[0]).len());
    big_generator.set_fade(1.0);
    big_discriminator.set_fade(1.0);
    assert_eq!(big_generator.spec().fade(), Some(1.0));
    for (blended, whole) in [
        (big_generator.forward(&z, Mode::Eval), whole_generator.forward(&z, Mode::Eval)),
        (
            big_discriminator.forward(&pictures, Mode::Eval),
            whole_discriminator.forward(&pictures, Mode::Eval),
        ),
    ] {
        assert_eq!(values(&blended.unwrap()), values(&whole.unwrap()));
    }
    // Without a fade, what is taken over is the same but for the doubled layers.
    let at_once = inherited(&whole, Side::Generator, &weights[0]);
    assert!(at_once.keys().all(|name| !name.starts_with(OLD)));
}

#[test]
fn specs_say_whether_a_layer_is_blended_in() {
    let spec = small();
    assert!(!serde_json::to_string(&spec).unwrap().contains("fade"));
    let mut grown = spec.grown(true).unwrap();
    grown.set_fade(0.37);
    grown.validate().unwrap();
    let text = serde_json::to_string(&grown).unwrap();
    assert_eq!(serde_json::from_str::<ModelSpec>(&text).unwrap(), grown);
    assert!(grown.summary().contains("37 %"), "{}", grown.summary());
    grown.set_fade(f64::NAN);
    assert!(grown.validate().is_err());
    for preset in Preset::ALL.into_iter().filter(|preset| *preset != Preset::Grow) {
        assert!(preset.spec().grown(true).unwrap_err().to_string().contains("constant width"));
        let mut lying = preset.spec();
        if let Network::Dcgan(dcgan) = &mut lying.network {
            dcgan.fade = Some(0.5);
            assert!(lying.validate().is_err(), "{}", lying.summary());
        }
    }
    // Names are counted anew: what was main.6 and main.9 comes one layer later.
    let weight = Tensor::zeros(1, candle_core::DType::F32, &Device::Cpu).unwrap();
    let old: BTreeMap<_, _> = ["main.0.weight", "main.3.weight", "main.4.bias", "main.6.weight"]
        .map(|name| (name.to_owned(), weight.clone()))
        .into();
    let names = |spec: &ModelSpec| -> Vec<String> {
        inherited(spec, Side::Generator, &old).into_keys().collect()
    };
    assert_eq!(
        names(&grown),
        [
            "main.0.weight",
            "main.6.weight",
            "main.7.bias",
            "main.9.weight",
            "old.main.3.weight",
            "old.main.4.bias",
            "old.main.6.weight"
        ]
    );
    assert_eq!(names(&grown.without_fade()).len(), 4);
}
