//! Files that PyTorch wrote open as they are and draw what PyTorch draws: `tests/pytorch/import_matrix.py`
//! makes them.

#![allow(clippy::unwrap_used)]

mod support;

use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use latentscape::checkpoint::{Contents, Imported, ModelFile};
use latentscape::model::{Mode, Network};
use safetensors::SafeTensors;

use support::run_in;

const ARCHITECTURES: [&str; 4] = ["mlp", "tutorial", "wide", "unet"];
const NESTINGS: [&str; 3] = ["plain", "ema", "lightning"];
const TYPES: [&str; 3] = ["f32", "f16", "bf16"];
const ENDINGS: [&str; 3] = ["zip.pth", "old.pth", "safetensors"];

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/import").join(name)
}

/// What PyTorch computes.
struct Expected(Vec<u8>);

impl Expected {
    fn read() -> Self {
        Self(std::fs::read(fixture("expected.safetensors")).unwrap())
    }

    fn tensor(&self, name: &str) -> Tensor {
        let all = SafeTensors::deserialize(&self.0).unwrap();
        let view = all.tensor(name).unwrap();
        let (values, _) = view.data().as_chunks::<4>();
        let values: Vec<_> = values.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        Tensor::from_vec(values, view.shape(), &Device::Cpu).unwrap()
    }

    /// Opens the file `name` and says so if a pixel is further than 1e-4 from PyTorch's for `case`.
    fn check(&self, name: &str, case: &str) -> ModelFile {
        let file = ModelFile::open(&fixture(name)).unwrap_or_else(|error| panic!("{error}"));
        let generator = file.generator(&Device::Cpu).unwrap();
        let given = self.tensor(&format!("{case}.input"));
        let drawn = generator.forward(&given, Mode::Eval).unwrap();
        let expected = self.tensor(&format!("{case}.output"));
        assert_eq!(drawn.dims(), expected.dims(), "{name}");
        let values = |tensor: &Tensor| tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let (drawn, expected) = (values(&drawn), values(&expected));
        let worst = drawn.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 1e-4, "{name} is off by {worst}");
        let spread = expected.iter().fold(0.0, |most: f32, value| most.max(value.abs()));
        assert!(spread > 0.2, "{case}: a grey picture proves nothing");
        file
    }
}

fn imported(file: &ModelFile) -> &Imported {
    file.info().imported.as_ref().unwrap()
}

#[test]
fn every_file_of_the_matrix_draws_what_pytorch_draws() {
    let expected = Expected::read();
    let mut keys = Vec::new();
    for architecture in ARCHITECTURES {
        for kind in TYPES {
            let case = format!("{architecture}.{kind}");
            let mut same = Vec::new();
            for nesting in NESTINGS {
                for ending in ENDINGS {
                    let name = format!("{architecture}-{nesting}-{kind}.{ending}");
                    let file = expected.check(&name, &case);
                    let Imported { place, assumed, left_out, .. } = imported(&file);
                    let (place_starts, beside) = match nesting {
                        "plain" => ("", None),
                        "ema" => ("g_ema", Some("d (4 tensors) was left out")),
                        _ => ("state_dict.generator", Some("state_dict.discriminator (4 tensors)")),
                    };
                    assert!(place.starts_with(place_starts), "{name}: {place}");
                    assert_eq!(place.is_empty(), nesting == "plain", "{name}: {place}");
                    assert!(!assumed.is_empty(), "{name}");
                    if let Some(beside) = beside {
                        let told = left_out.iter().any(|text| text.starts_with(beside));
                        assert!(told, "{name}: {left_out:?}");
                    }
                    same.push(file.key().unwrap().hash.clone());
                }
            }
            same.dedup();
            assert_eq!(same.len(), 1, "{case}: one generator, whatever it lies in");
            keys.extend(same);
        }
    }
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), ARCHITECTURES.len() * TYPES.len());
}

#[test]
fn each_is_known_for_what_it_is() {
    let network = |name: &str| {
        let file = ModelFile::open(&fixture(name)).unwrap();
        (file.info().spec.network.clone(), file.info().spec.summary())
    };
    let (mlp, summary) = network("mlp-plain-f32.zip.pth");
    let Network::Mlp(mlp) = mlp else { panic!("{summary}") };
    assert_eq!((mlp.size, mlp.channels, mlp.norm_eps), ((10, 10), 1, 0.8));
    assert_eq!(mlp.generator, [8, 12, 16]);
    let (tutorial, summary) = network("tutorial-plain-f32.old.pth");
    let Network::Dcgan(dcgan) = tutorial else { panic!("{summary}") };
    assert_eq!((dcgan.resolution, dcgan.generator_widths()), (32, vec![4, 4, 2]));
    let (unet, summary) = network("unet-plain-f32.safetensors");
    let Network::Pix2pix(net) = unet else { panic!("{summary}") };
    assert_eq!((net.resolution, net.inputs, net.channels, net.width), (32, 1, 3, 1));
    let (wide, summary) = network("wide-plain-f32.safetensors");
    assert!(matches!(wide, Network::Stack(_)), "{summary}");
    assert_eq!(summary, "DCGAN of other layers 28×28 grey, z = 4 (normal)");
}

#[test]
fn what_else_pytorch_writes_opens_too() {
    let expected = Expected::read();
    for name in [
        "module.zip.pth",
        "module.old.pth",
        "module.script.pt",
        "tuple.pth",
        "double.pth",
        "views.pth",
        "protocol4.old.pth",
    ] {
        expected.check(name, "module");
    }
    let file = expected.check("module.zip.pth", "module");
    let notes = imported(&file).left_out.join("\n");
    assert!(notes.contains("`__main__.Tutorial`") && notes.contains("none was made"), "{notes}");
    let file = expected.check("repeated.pth", "repeated");
    assert_eq!(file.info().spec.summary(), "DCGAN of other layers 32×32 colour, z = 5 (normal)");
    // What a whole module tells of its layers need not be taken for granted.
    let file = expected.check("told.pth", "told");
    let assumed = &imported(&file).assumed;
    assert_eq!(assumed.len(), 1, "{assumed:?}");
    assert!(assumed[0].contains("latents"), "{assumed:?}");
}

#[test]
fn what_is_no_generator_is_described() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("theirs.bin");
    let data = vec![0u8; 4 * 3 * 16 * 16];
    let views = [("enc.0.weight", vec![16, 3, 4, 4]), ("enc.2.weight", vec![3, 16, 4, 4])].map(
        |(name, shape)| {
            (
                name,
                safetensors::tensor::TensorView::new(safetensors::Dtype::F32, shape, &data)
                    .unwrap(),
            )
        },
    );
    std::fs::write(&path, safetensors::serialize(views, None).unwrap()).unwrap();
    let Contents::Other(other) = Contents::open(&path).unwrap() else { panic!("it is a model") };
    assert_eq!(other.nearest.kind, "DCGAN generator");
    let error = ModelFile::open(&path).unwrap_err().to_string();
    assert!(error.contains("2 tensors") && error.contains("departs"), "{error}");
}

/// By the program itself: drawn from directly, and from what it was converted to, there and back.
#[test]
fn the_program_draws_from_them_and_converts_them() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let run = |words: &str| {
        let (done, wrote, said) = run_in(folder.path(), words);
        assert!(done, "{words}: {said}");
        (wrote, said)
    };
    for name in
        ["tutorial-ema-f16.old.pth", "wide-lightning-bf16.safetensors", "mlp-plain-f32.zip.pth"]
    {
        std::fs::copy(fixture(name), at(name)).unwrap();
        run(&format!("generate -n 3 -o direct.npy -m {name}"));
        let (python, said) = run(&format!("convert {name} ours.safetensors"));
        assert!(python.contains("load_state_dict") && said.contains("assumed: latents"), "{said}");
        run("convert ours.safetensors theirs.pth");
        run("convert theirs.pth again.safetensors");
        for converted in ["ours.safetensors", "theirs.pth", "again.safetensors"] {
            run(&format!("generate -n 3 -o converted.npy -m {converted}"));
            let pictures = |file: &str| std::fs::read(at(file)).unwrap();
            assert!(pictures("direct.npy") == pictures("converted.npy"), "{name}: {converted}");
        }
        let (text, _) = run(&format!("inspect {name}"));
        assert!(text.contains("assumed") && text.contains("a generator"), "{text}");
        let (json, _) = run(&format!("inspect {name} --json"));
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["kind"], "model");
        assert!(!json["model"]["imported"]["assumed"].as_array().unwrap().is_empty(), "{json}");
        assert_eq!(json["bytes"], std::fs::metadata(at(name)).unwrap().len());
    }
    // How latents are drawn can be put right; of a model of ours it is known.
    run("convert tutorial-ema-f16.old.pth uniform.safetensors --prior uniform");
    let (text, _) = run("inspect uniform.safetensors");
    assert!(text.contains("z = 5 (uniform)") && !text.contains("latents are drawn"), "{text}");
    run("generate -n 1 -o uniform.npy -m uniform.safetensors");
}
