//! Generators of which a file does not say everything, or keeps weights in parts, draw what PyTorch draws once
//! it is said: `tests/pytorch/import_choices.py` makes them.

#![allow(clippy::unwrap_used)]

mod support;

use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use latentscape::checkpoint::{Choice, Imported, ModelFile};
use latentscape::latent::Prior;
use latentscape::model::{Mode, Network, Output, StackNormKind};
use latentscape::ops::Activation;
use safetensors::SafeTensors;

use support::run_in;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/choices").join(name)
}

fn expected(name: &str) -> Tensor {
    let bytes = std::fs::read(fixture("expected.safetensors")).unwrap();
    let all = SafeTensors::deserialize(&bytes).unwrap();
    let view = all.tensor(name).unwrap();
    let (values, _) = view.data().as_chunks::<4>();
    let values: Vec<_> = values.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    Tensor::from_vec(values, view.shape(), &Device::Cpu).unwrap()
}

fn open(name: &str) -> ModelFile {
    ModelFile::open(&fixture(name)).unwrap_or_else(|error| panic!("{error}"))
}

fn imported(file: &ModelFile) -> &Imported {
    file.info().imported.as_ref().unwrap()
}

/// How far the furthest pixel is from PyTorch's for `case`; as drawn by itself, and as a batch twice, on
/// the way that notes how it goes back.
fn off(file: &ModelFile, case: &str) -> f32 {
    let generator = file.generator(&Device::Cpu).unwrap();
    let given = expected(&format!("{case}.input"));
    let output = expected(&format!("{case}.output"));
    let values = |tensor: &Tensor| tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let spread = values(&output).iter().fold(0.0, |most: f32, value| most.max(value.abs()));
    assert!(spread > 0.2, "{case}: a grey picture proves nothing");
    let alone = generator.forward(&given, Mode::Eval).unwrap();
    let twice = Tensor::cat(&[&given, &given], 0).unwrap();
    let (twice, _) = generator.record(&twice, Mode::Eval).unwrap();
    let mut worst = 0f32;
    for drawn in [alone, twice.narrow(0, 1, 1).unwrap()] {
        assert_eq!(drawn.dims(), output.dims(), "{case}");
        let apart = values(&drawn).into_iter().zip(values(&output)).map(|(a, b)| (a - b).abs());
        worst = apart.fold(worst, f32::max);
    }
    worst
}

#[test]
fn what_is_said_makes_the_pictures_pytorchs() {
    let output = |output| Choice { output: Some(output), ..Choice::default() };
    let hidden = |hidden| Choice { hidden: Some(hidden), ..Choice::default() };
    let cases = [
        ("sigmoid", output(Output::Sigmoid)),
        ("unit", output(Output::Unit)),
        ("bytes", output(Output::Bytes)),
        ("leaky", hidden(Activation::LeakyRelu(0.2))),
        ("selu", hidden(Activation::Selu)),
        ("group", Choice { norm: Some(StackNormKind::Group(2)), ..Choice::default() }),
    ];
    for (case, choice) in cases {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("theirs.safetensors");
        std::fs::copy(fixture(&format!("{case}.safetensors")), &path).unwrap();
        let before = ModelFile::open(&path).unwrap();
        assert!(off(&before, case) > 0.01, "{case}: there is nothing to say");
        // What was said lies beside the file, and is there when it is opened.
        choice.save(&path).unwrap();
        let mut file = ModelFile::open(&path).unwrap();
        let worst = off(&file, case);
        assert!(worst < 1e-4, "{case} is off by {worst}");
        assert_eq!(imported(&file).chosen, choice);
        let granted = imported(&before).assumed.len();
        assert_eq!(imported(&file).assumed.len(), granted - 1, "{:?}", imported(&file).assumed);
        assert_eq!(file.key().unwrap().hash, before.key().unwrap().hash);
        // And it can be taken back: then it is what it was.
        file.choose(Choice::default()).unwrap();
        assert_eq!(file.info(), before.info(), "{case}");
    }
}

/// The matrix shows that the U-Net's pictures are PyTorch's with tanh; what the others are follows from
/// them: for `y = tanh(x)`, `2 sigmoid(x) - 1 = tanh(x / 2) = y / (1 + √(1 - y²))`.
#[test]
fn a_u_net_ends_as_is_said() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/import/unet-plain-f32.safetensors");
    let mut file = ModelFile::open(&path).unwrap();
    let given: Vec<f32> = (0..32 * 32).map(|i| (i as f32 * 0.37).sin()).collect();
    let given = Tensor::from_vec(given, (1, 1, 32, 32), &Device::Cpu).unwrap();
    let drawn = |file: &ModelFile| {
        let picture = file.generator(&Device::Cpu).unwrap().forward(&given, Mode::Eval).unwrap();
        picture.flatten_all().unwrap().to_vec1::<f32>().unwrap()
    };
    let with_tanh = drawn(&file);
    assert!(with_tanh.iter().any(|y| y.abs() > 0.2), "a grey picture proves nothing");
    type Expected = fn(f64) -> f64;
    let cases: [(_, Expected); 3] = [
        (Output::Sigmoid, |y| y / (1.0 + (1.0 - y * y).sqrt())),
        (Output::Linear, |y| y.atanh().clamp(-1.0, 1.0)),
        (Output::Unit, |y| (2.0 * y.atanh() - 1.0).clamp(-1.0, 1.0)),
    ];
    for (output, expected) in cases {
        file.choose(Choice { output: Some(output), ..Choice::default() }).unwrap();
        let worst = drawn(&file).iter().zip(&with_tanh).fold(0f64, |worst, (got, y)| {
            worst.max((f64::from(*got) - expected(f64::from(*y))).abs())
        });
        assert!(worst < 1e-4, "{output:?} is off by {worst}");
    }
    file.choose(Choice::default()).unwrap();
    assert_eq!(drawn(&file), with_tanh);
}

#[test]
fn norms_of_each_picture_are_drawn() {
    for case in ["instance", "statistics", "layer"] {
        let worst = off(&open(&format!("{case}.safetensors")), case);
        assert!(worst < 1e-4, "{case} is off by {worst}");
    }
    // With its statistics it is a batch norm, and the network the tutorial's.
    let file = open("statistics.safetensors");
    assert!(matches!(file.info().spec.network, Network::Dcgan(_)), "{:?}", file.info().spec);
    assert_eq!(imported(&file).defaults.norm, None);
    assert_eq!(
        imported(&open("instance.safetensors")).defaults.norm,
        Some(StackNormKind::Instance)
    );
    // A whole module tells of its groups, its activations and its end: nothing else can be said.
    let file = open("told.pth");
    let worst = off(&file, "told-elu");
    assert!(worst < 1e-4, "off by {worst}");
    let prior = Choice { prior: Some(Prior::Normal), ..Choice::default() };
    assert_eq!(imported(&file).defaults, prior);
}

#[test]
fn weights_in_parts_are_put_together() {
    for (case, told) in [
        ("spectral", "the spectral norm of 3 layers"),
        ("spectral-new", "the spectral norm of 3 layers"),
        ("weight", "the weight norm of 3 layers"),
        ("weight-new", "the weight norm of 3 layers"),
    ] {
        let file = open(&format!("{case}.safetensors"));
        let worst = off(&file, case);
        assert!(worst < 1e-4, "{case} is off by {worst}");
        let folded = &imported(&file).folded;
        assert!(folded.len() == 1 && folded[0].starts_with(told), "{case}: {folded:?}");
    }
}

/// What was chosen goes along: into a model of ours, and into what is said of it.
#[test]
fn what_was_chosen_is_converted_too() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let run = |words: &str| run_in(folder.path(), words);
    std::fs::copy(fixture("sigmoid.safetensors"), at("theirs.safetensors")).unwrap();
    let (done, python, said) = run("convert theirs.safetensors said.safetensors --output sigmoid");
    assert!(
        done && said.contains("chosen: a sigmoid") && python.contains("nn.Sigmoid()"),
        "{said}"
    );
    let worst = off(&ModelFile::open(&at("said.safetensors")).unwrap(), "sigmoid");
    assert!(worst < 1e-4, "off by {worst}");
    let choice = Choice { output: Some(Output::Sigmoid), ..Choice::default() };
    choice.save(&at("theirs.safetensors")).unwrap();
    let (done, _, said) = run("convert theirs.safetensors kept.safetensors");
    assert!(done && said.contains("chosen: a sigmoid"), "{said}");
    let of = |name: &str| ModelFile::open(&at(name)).unwrap().info().spec.clone();
    assert_eq!(of("kept.safetensors"), of("said.safetensors"));
    let (_, text, _) = run("inspect theirs.safetensors");
    assert!(text.contains("chosen") && !text.contains("tanh at the end"), "{text}");
    // What the file says is not for choosing.
    std::fs::copy(fixture("told.pth"), at("told.pth")).unwrap();
    let (done, _, said) = run("convert told.pth never.safetensors --output tanh");
    assert!(!done && said.contains("--output") && !at("never.safetensors").exists(), "{said}");
}
