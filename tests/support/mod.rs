//! What the tests of the whole program share.

#![allow(dead_code)] // every test file uses its own part of it

use std::path::Path;

use assert_cmd::Command;
use candle_core::Device;
use image::{Rgb, RgbImage};
use latentscape::checkpoint::{ModelInfo, save_model};
use latentscape::model::{Builder, Dcgan, Ends, Generator, ModelSpec, Network, Preset, Widths};
use latentscape::random::{Purpose, stream};

/// The program.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_latentscape");

/// The program with `words` behind it.
pub fn latentscape<S: AsRef<std::ffi::OsStr>>(words: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(words).timeout(std::time::Duration::from_secs(120));
    // Nobody's own library is read or written.
    command.env("XDG_DATA_HOME", std::env::temp_dir().join("latentscape-tests-without-data"));
    command
}

/// Runs the program in `folder`: whether it went well, what it wrote, and what it said beside that.
pub fn run_in(folder: &Path, words: &str) -> (bool, String, String) {
    let output = latentscape(words.split_whitespace()).current_dir(folder).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.success(), text(&output.stdout), text(&output.stderr))
}

/// A DCGAN of 8 latent dimensions and 16×16 pixels.
pub fn small_spec() -> ModelSpec {
    let widths = Widths::Doubling { base: 4, max: 16 };
    ModelSpec {
        z_dim: 8,
        network: Network::Dcgan(Dcgan {
            resolution: 16,
            channels: 3,
            generator: widths,
            discriminator: widths,
            ends: Ends::Conv,
            fade: None,
        }),
        ..Preset::Dcgan64.spec()
    }
}

/// Writes a model with random weights.
pub fn small_model(path: &Path) {
    model_of(small_spec(), path);
}

/// Writes a model with random weights that makes pictures of 32×32 pixels from grey ones.
pub fn small_translator(path: &Path) {
    let mut spec = Preset::Pix2pix.spec();
    if let Network::Pix2pix(net) = &mut spec.network {
        (net.resolution, net.inputs, net.width, net.discriminator.layers) = (32, 1, 2, 1);
    }
    model_of(spec, path);
}

fn model_of(spec: ModelSpec, path: &Path) {
    let mut rng = stream(7, Purpose::Weights, 0);
    let mut builder = Builder::random(&mut rng, &Device::Cpu);
    Generator::build(&spec, &mut builder).unwrap();
    let info = ModelInfo {
        spec,
        name: "small".into(),
        data: "nothing".into(),
        steps: 12,
        kimg: 0.5,
        input: None,
        program: "test".into(),
        imported: None,
    };
    save_model(path, &info, &builder.finish().tensors(), None).unwrap();
}

/// Fills a folder with `count` pictures, no two alike.
pub fn pictures(folder: &Path, count: u32) {
    std::fs::create_dir_all(folder).unwrap();
    for i in 0..count {
        let pixel = |x: u32, y: u32| {
            let byte = |v: u32| u8::try_from(v % 256).unwrap();
            Rgb([byte(x * 9 + i * 31), byte(y * 11 + i * 17), byte(x * y + i * 5)])
        };
        RgbImage::from_fn(20, 18, pixel).save(folder.join(format!("{i:03}.png"))).unwrap();
    }
}
