//! Opening the window, with the graphics that suit this machine.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime};

use eframe::egui::{IconData, Vec2, ViewportBuilder};

use super::settings::Settings;
use super::window::{App, Start};
use crate::device::DeviceChoice;
use crate::disk;
use crate::error::{Error, Result};

/// Name of the program among the system's windows and in its folders.
const APP_ID: &str = "latentscape";
/// Size of the first window, and the smallest that everything fits into.
const SIZE: Vec2 = Vec2::new(1280.0, 820.0);
const LEAST: Vec2 = Vec2::new(900.0, 600.0);

/// What paints the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RendererChoice {
    /// wgpu where there is a graphics card, else OpenGL, which is quicker without one.
    #[default]
    Auto,
    /// Vulkan, Metal or Direct3D.
    Wgpu,
    /// OpenGL.
    Glow,
}

impl FromStr for RendererChoice {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "auto" => Ok(Self::Auto),
            "wgpu" => Ok(Self::Wgpu),
            "glow" => Ok(Self::Glow),
            other => Err(Error::bad_setting(
                "--renderer",
                format!("the choices are auto, wgpu and glow, not \"{other}\""),
            )),
        }
    }
}

impl fmt::Display for RendererChoice {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Wgpu => "wgpu",
            Self::Glow => "glow",
        })
    }
}

/// How to open the window.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The model to open; without one, the one that was open last.
    pub model: Option<PathBuf>,
    /// A folder whose models are shown first.
    pub gallery: Option<PathBuf>,
    /// Where to compute; without one, where it was computed last.
    pub device: Option<DeviceChoice>,
    /// What paints.
    pub renderer: RendererChoice,
}

/// Opens the window and returns when it is closed.
///
/// # Errors
/// [`Error::NoDevice`] if the device that was asked for is not there; [`Error::NoWindow`] if there
/// is no display, or no graphics library that works.
pub fn run(options: Options) -> Result<()> {
    let time = Instant::now();
    if let Some(device) = options.device {
        device.open()?;
    }
    let seed = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let start = Start {
        model: options.model,
        device: options.device,
        settings: Settings::default_path(),
        data: disk::data_folder(),
        cache: disk::cache_folder(),
        gallery: options.gallery,
        seed: seed.map_or(0, |time| time.as_nanos() as u64 % 1_000_000),
        native_dialogs: true,
        time,
    };
    let first = match options.renderer {
        RendererChoice::Auto if has_graphics_card() => eframe::Renderer::Wgpu,
        RendererChoice::Auto | RendererChoice::Glow => eframe::Renderer::Glow,
        RendererChoice::Wgpu => eframe::Renderer::Wgpu,
    };
    let opened = open(first, start.clone());
    match opened {
        Err(Error::NoWindow(why)) if options.renderer == RendererChoice::Auto => {
            // Each of the two works on some machines where the other does not.
            let second = match first {
                eframe::Renderer::Wgpu => eframe::Renderer::Glow,
                eframe::Renderer::Glow => eframe::Renderer::Wgpu,
            };
            open(second, start).map_err(|_| Error::NoWindow(why))
        }
        other => other,
    }
}

fn open(renderer: eframe::Renderer, start: Start) -> Result<()> {
    let is_wgpu = renderer == eframe::Renderer::Wgpu;
    let viewport = ViewportBuilder::default()
        .with_title("Latentscape")
        .with_app_id(APP_ID)
        .with_inner_size(SIZE)
        .with_min_inner_size(LEAST)
        .with_drag_and_drop(true)
        .with_icon(Arc::new(icon()));
    let mut options = eframe::NativeOptions {
        viewport,
        renderer,
        persist_window: true,
        // Without a graphics card it costs a fifth of a frame.
        dithering: false,
        ..Default::default()
    };
    // A frame that waits for the screen holds the next picture back, by up to 16 ms. The window
    // paints only when something moved, so there are no frames to save either.
    options.glow_options.vsync = false;
    options.wgpu_options = options.wgpu_options.with_surface_config(eframe::SurfaceConfig {
        present_mode: eframe::wgpu::PresentMode::AutoNoVsync,
        ..eframe::SurfaceConfig::LOW_LATENCY
    });
    let is_open = Arc::new(AtomicBool::new(false));
    let failed = Arc::new(Mutex::new(None));
    let (opened, failure) = (is_open.clone(), failed.clone());
    // Window libraries panic where the system lacks a library, such as libxkbcommon-x11.
    let quiet = QuietPanics::until(is_open.clone());
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let create: eframe::AppCreator =
            Box::new(move |cc| match App::new(&cc.egui_ctx, start, is_wgpu) {
                Ok(app) => {
                    opened.store(true, Ordering::Relaxed);
                    Ok(Box::new(app))
                }
                Err(error) => {
                    let text = error.to_string();
                    *failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                    Err(text.into())
                }
            });
        eframe::run_native(APP_ID, options, create)
    }));
    let said = quiet.end();
    if let Some(error) = failed.lock().unwrap_or_else(PoisonError::into_inner).take() {
        return Err(error);
    }
    match outcome {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(Error::NoWindow(without_place(&error.to_string()))),
        Err(_) if is_open.load(Ordering::Relaxed) => {
            Err(Error::Worker { thread: "window", why: said.unwrap_or_default() })
        }
        Err(_) => Err(Error::NoWindow(said.unwrap_or_else(|| "a library is missing".into()))),
    }
}

/// What a library says of an error, without the place in its own source that some put before it.
fn without_place(text: &str) -> String {
    let words = text.split_once(".rs:").and_then(|(_, rest)| rest.split_once(": "));
    words.map_or(text, |(_, words)| words).to_owned()
}

type Hook = Box<dyn Fn(&std::panic::PanicHookInfo<'_>) + Sync + Send + 'static>;

/// Keeps panics from the terminal while the window is being opened: they become the one sentence
/// that is told. Remembers what this thread's last panic said.
struct QuietPanics {
    before: Arc<Hook>,
    said: Arc<Mutex<Option<String>>>,
}

impl QuietPanics {
    fn until(is_open: Arc<AtomicBool>) -> Self {
        let before: Arc<Hook> = Arc::new(std::panic::take_hook());
        let said = Arc::new(Mutex::new(None));
        let (words, usual, thread) = (said.clone(), before.clone(), std::thread::current().id());
        std::panic::set_hook(Box::new(move |info| {
            if std::thread::current().id() == thread {
                let text = info.payload_as_str().unwrap_or("no message").to_owned();
                *words.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
            }
            if is_open.load(Ordering::Relaxed) {
                usual(info);
            }
        }));
        Self { before, said }
    }

    /// Puts things back as they were.
    fn end(self) -> Option<String> {
        let Self { before, said } = self;
        // A hook cannot be changed by a thread that is panicking; this one has been caught.
        std::panic::set_hook(Box::new(move |info| before(info)));
        said.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Whether wgpu has something to work on other than the processor.
fn has_graphics_card() -> bool {
    if cfg!(target_os = "linux") && !std::path::Path::new("/dev/dri").exists() {
        // Saves loading every Vulkan driver.
        return false;
    }
    use eframe::wgpu::{Backends, DeviceType, Instance, InstanceDescriptor};
    let found = catch_unwind(|| {
        let instance = Instance::new(InstanceDescriptor::new_without_display_handle());
        super::dialog::block_on(instance.enumerate_adapters(Backends::PRIMARY))
            .iter()
            .any(|adapter| adapter.get_info().device_type != DeviceType::Cpu)
    });
    found.unwrap_or(false)
}

/// A slider in front of a face's colours, drawn rather than kept.
fn icon() -> IconData {
    const SIDE: usize = 64;
    let mut rgba = Vec::with_capacity(SIDE * SIDE * 4);
    for y in 0..SIDE {
        for x in 0..SIDE {
            let (u, v) = (x as f32 - 31.5, y as f32 - 31.5);
            // Distance to a rounded square, to a rail and to its handle.
            let corner =
                ((u.abs() - 18.0).max(0.0).powi(2) + (v.abs() - 18.0).max(0.0).powi(2)).sqrt();
            let inside = (13.5 - corner).clamp(0.0, 1.0);
            let rail = (2.5 - (v.abs().max((u.abs() - 20.0).max(0.0)))).clamp(0.0, 1.0);
            let handle = (9.0 - ((u - 8.0).powi(2) + v * v).sqrt()).clamp(0.0, 1.0);
            let mix = |ground: f32, rail_ink: f32, handle_ink: f32| {
                let c = ground + (rail_ink - ground) * rail;
                (c + (handle_ink - c) * handle) as u8
            };
            let pixel = [mix(27.0, 92.0, 235.0), mix(34.0, 201.0, 245.0), mix(42.0, 181.0, 242.0)];
            rgba.extend(pixel);
            rgba.push((inside * 255.0) as u8);
        }
    }
    IconData { rgba, width: SIDE as u32, height: SIDE as u32 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_librarys_own_path_is_left_out() {
        let text = "os error at /src/platform/mod.rs:765: no display was named";
        assert_eq!(without_place(text), "no display was named");
        assert_eq!(without_place("plain words"), "plain words");
    }

    #[test]
    fn renderers_are_known_by_name() {
        for choice in [RendererChoice::Auto, RendererChoice::Wgpu, RendererChoice::Glow] {
            assert_eq!(choice.to_string().parse::<RendererChoice>().unwrap(), choice);
        }
        let error = "software".parse::<RendererChoice>().unwrap_err().to_string();
        assert!(error.contains("glow"), "{error}");
    }

    #[test]
    fn the_icon_is_whole() {
        let icon = icon();
        assert_eq!(icon.rgba.len(), (icon.width * icon.height * 4) as usize);
        assert_eq!(icon.rgba[3], 0, "its corners are clear");
    }
}
