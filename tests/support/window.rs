//! A window without a display: widgets are found by their names, as a screen reader does.

#![allow(dead_code)] // every test file uses its own part of it

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use candle_core::Device;
use eframe::egui::{DroppedFile, Event, Key, Modifiers, ViewportCommand, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use latentscape::app::{App, Start, State};
use latentscape::checkpoint::{ModelInfo, save_model};
use latentscape::latent::Latent;
use latentscape::model::{Builder, Dcgan, Generator, ModelSpec, Network, Preset, Widths};
use latentscape::picture::InputKind;
use latentscape::random::{Purpose, stream};

/// A small generator with random weights.
pub fn write_model(path: &Path, z_dim: usize) {
    let mut spec: ModelSpec = Preset::Dcgan64.spec();
    spec.z_dim = z_dim;
    if let Network::Dcgan(net) = &mut spec.network {
        *net = Dcgan {
            resolution: 16,
            generator: Widths::Doubling { base: 8, max: 16 },
            discriminator: Widths::Doubling { base: 8, max: 16 },
            ..net.clone()
        };
    }
    write(path, spec, None);
}

/// A small generator of pictures from line drawings; from 64 pixels a side on it has dropout.
pub fn write_translator(path: &Path, resolution: usize) {
    let mut spec = Preset::Pix2pix.spec();
    if let Network::Pix2pix(net) = &mut spec.network {
        (net.resolution, net.inputs, net.width, net.discriminator.layers) = (resolution, 1, 2, 1);
    }
    write(path, spec, Some(InputKind::Drawing));
}

fn write(path: &Path, spec: ModelSpec, input: Option<InputKind>) {
    let mut rng = stream(11, Purpose::Weights, 0);
    let mut builder = Builder::random(&mut rng, &Device::Cpu);
    Generator::build(&spec, &mut builder).unwrap();
    let mut tensors = builder.finish().tensors();
    // Larger steps than a network starts with, so that a slider shows in eight bits.
    for (name, tensor) in &mut tensors {
        if name.ends_with("weight") && tensor.rank() == 4 {
            *tensor = (&*tensor * 8.0).unwrap();
        }
    }
    let info = ModelInfo {
        spec,
        name: "small".into(),
        data: "noise".into(),
        steps: 0,
        kimg: 0.0,
        input,
        program: env!("CARGO_PKG_VERSION").into(),
        imported: None,
    };
    save_model(path, &info, &tensors, None).unwrap();
}

/// A file that hangs over the window.
#[derive(Debug)]
pub struct Dropped(pub PathBuf);

impl DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        Err("only its path is asked for".into())
    }
}

/// The window, and the folder of its files.
pub struct Window {
    pub harness: Harness<'static, App>,
    pub folder: tempfile::TempDir,
    /// Whether it has asked, in any frame so far, to be closed.
    pub is_closed: bool,
}

impl Window {
    pub fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let model = folder.path().join("small.safetensors");
        write_model(&model, 12);
        let start = Start {
            model: Some(model),
            data: Some(folder.path().join("data")),
            seed: 5,
            ..Start::default()
        };
        Self::start(folder, start)
    }

    pub fn start(folder: tempfile::TempDir, start: Start) -> Self {
        let mut window = Self::begin(folder, start);
        window.wait("a picture", |app| app.state().explore.picture.is_some());
        window
    }

    /// Without waiting for anything.
    pub fn begin(folder: tempfile::TempDir, start: Start) -> Self {
        let harness = Harness::builder()
            .with_size(vec2(1280.0, 820.0))
            .with_max_steps(100)
            .build_eframe(|cc| App::new(&cc.egui_ctx, start, false).unwrap());
        Self { harness, folder, is_closed: false }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Draws frames until `is_so`.
    pub fn wait(&mut self, what: &str, is_so: impl Fn(&App) -> bool) {
        let begun = Instant::now();
        loop {
            self.frames(1);
            if is_so(self.harness.state()) {
                return;
            }
            let message = &self.harness.state().state().message;
            assert!(begun.elapsed() < Duration::from_secs(60), "no {what}; {message:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub fn frames(&mut self, count: usize) {
        for _ in 0..count {
            self.harness.step();
            let mut viewports = self.harness.output().viewport_output.values();
            self.is_closed |= viewports.any(|it| it.commands.contains(&ViewportCommand::Close));
        }
    }

    pub fn picture(&self) -> Vec<u8> {
        self.harness.state().state().explore.picture.clone().unwrap().into_raw()
    }

    pub fn state(&self) -> &State {
        self.harness.state().state()
    }

    /// The latent that Explore shows.
    pub fn latent(&self) -> Latent {
        self.harness.state().state().explore.latent.clone()
    }

    pub fn wait_for_another(&mut self, than: &[u8]) {
        self.wait("other picture", |app| {
            app.state().explore.picture.as_ref().is_some_and(|p| p.as_raw() != than)
        });
    }

    /// Waits until the message at the bottom says all of `words`.
    pub fn wait_for_message(&mut self, words: &[&str]) -> String {
        self.wait(&format!("message with {words:?}"), |app| {
            words.iter().all(|word| app.state().message.text.contains(word))
        });
        self.harness.state().state().message.text.clone()
    }

    pub fn press(&mut self, name: &str) {
        self.harness.get_by_label(name).click();
        self.frames(3);
    }

    pub fn key(&mut self, modifiers: Modifiers, key: Key) {
        self.harness.key_press_modifiers(modifiers, key);
        self.frames(2);
    }

    /// Puts `text` into the field called `name`, in place of what is there.
    pub fn type_into(&mut self, name: &str, text: &str) {
        self.harness.get_by_label(name).focus();
        self.frames(1);
        self.harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
        self.write(text);
    }

    /// Types `text` into the field that has the focus.
    pub fn write(&mut self, text: &str) {
        self.harness.event(Event::Text(text.into()));
        self.frames(3);
    }

    pub fn paste(&mut self, text: &str) {
        self.harness.event(Event::Paste(text.into()));
        self.frames(2);
    }
}
