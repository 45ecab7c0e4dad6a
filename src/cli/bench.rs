//! `latentscape bench`: the program's own figures on this machine.

use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use serde_json::json;

use super::console::{self, size, table};
use super::library_args::scope;
use super::model_args::{ModelArgs, OpenModel};
use crate::checkpoint::ModelFile;
use crate::data::DataSource;
use crate::error::{Error, Result};
use crate::latent::library::{NewEntry, Origin};
use crate::latent::{self, Latent, Library, Way, expr};
use crate::model::Preset;
use crate::picture;
use crate::random::{Purpose, stream};
use crate::train::{RunFolder, TrainConfig};
use crate::worker::{Beside, Plan, measure_beside_training, measure_latency};

/// Pictures in one go, for the speed of sheets and films.
const BATCH: usize = 64;
/// Goes that are timed; the fastest counts, since other programs only make it slower.
const GOES: usize = 5;

/// Measure how fast this machine is: from slider to pixels, first picture, memory
#[derive(Debug, Args)]
pub struct BenchArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// How long a slider is dragged without pause
    #[arg(long, default_value_t = 10.0, value_name = "SECONDS")]
    seconds: f32,
    /// Also train in the background, and measure how much slider and training hinder each other
    #[arg(long)]
    training: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Measures and prints. `start` is when the program began.
pub fn run(args: &BenchArgs, start: Instant) -> Result<()> {
    if !(0.1..=3600.0).contains(&args.seconds) {
        return Err(Error::bad_setting(
            "--seconds",
            format!("must lie between 0.1 and 3600, and {} was given", args.seconds),
        ));
    }
    let model = args.model.open()?;
    let spec = model.file.info().spec.clone();
    let mut rng = stream(0, Purpose::Measure, 0);
    let latents: Vec<_> = (0..BATCH).map(|_| spec.prior.sample(spec.z_dim, &mut rng)).collect();
    let draw = |count: usize| {
        let drawn = model.generator.draw(&latents[..count], &model.device.device)?;
        picture::from_tensor(&drawn)
    };
    draw(1)?;
    let first_ms = start.elapsed().as_secs_f64() * 1e3;
    let resident_after_first = memory("VmRSS");

    let mut batch_secs = f64::INFINITY;
    for _ in 0..GOES {
        let begun = Instant::now();
        draw(BATCH)?;
        batch_secs = batch_secs.min(begun.elapsed().as_secs_f64());
    }
    let per_second = BATCH as f64 / batch_secs;
    let blend = blend_figures(&model, &latents)?;
    let device = model.device.name.clone();
    let file = Arc::new(model.file);
    let slider = measure_latency(file.clone(), args.model.device(), args.seconds)?;
    let beside = match args.training {
        true => Some(beside_training(file, args)?),
        false => None,
    };
    let most = memory("VmHWM");

    if args.json {
        let figures = json!({
            "network": spec.summary(),
            "device": device,
            "start_to_first_picture_ms": first_ms,
            "slider_p50_ms": slider.median,
            "slider_p95_ms": slider.p95,
            "slider_pictures_per_second": slider.rate,
            "slider_pictures": slider.pictures,
            "library_open_ms": blend.library_ms,
            "library_entries": ENTRIES,
            "formula_ms": blend.formula_ms,
            "grids_8x8_per_second": blend.grids_per_second,
            "batch": BATCH,
            "batch_pictures_per_second": per_second,
            "resident_bytes_after_first_picture": resident_after_first,
            "resident_bytes_at_most": most,
            "beside_training": beside.map(|beside| json!({
                "slider_p50_ms": beside.slider.median,
                "slider_p95_ms": beside.slider.p95,
                "images_per_second": beside.undisturbed,
                "images_per_second_while_dragged": beside.dragged,
            })),
        });
        return console::result(&format!("{figures:#}"));
    }
    let memory = |bytes: Option<u64>| bytes.map_or_else(|| "not known here".to_owned(), size);
    let rows = [
        ["network", &format!("{}, on {device}", spec.summary())],
        ["start to first picture", &format!("{first_ms:.0} ms")],
        [
            "slider to pixels",
            &format!(
                "p50 {:.1} ms, p95 {:.1} ms ({:.0} pictures/s, dragged for {} s)",
                slider.median, slider.p95, slider.rate, args.seconds
            ),
        ],
        ["batches of 64", &format!("{per_second:.0} pictures/s")],
        ["a library of 10,000", &format!("opens in {:.0} ms", blend.library_ms)],
        ["a formula and its picture", &format!("{:.1} ms", blend.formula_ms)],
        ["8×8 grids of four corners", &format!("{:.0} a second", blend.grids_per_second)],
        [
            "resident memory",
            &format!(
                "{} after the first picture, {} at most",
                memory(resident_after_first),
                memory(most)
            ),
        ],
    ];
    let mut rows: Vec<_> = rows.map(|row| row.map(str::to_owned).to_vec()).into();
    if let Some(Beside { slider, undisturbed, dragged }) = beside {
        rows.push(vec![
            "slider beside training".into(),
            format!("p50 {:.1} ms, p95 {:.1} ms", slider.median, slider.p95),
        ]);
        rows.push(vec![
            "training beside it".into(),
            format!("{undisturbed:.0} images/s, {dragged:.0} while the slider is dragged"),
        ]);
    }
    console::result(&table(&rows, usize::MAX))
}

/// The slider while the DCGAN of the demo faces is trained in a folder that is thrown away.
fn beside_training(file: Arc<ModelFile>, args: &BenchArgs) -> Result<Beside> {
    let folder = tempfile::tempdir().map_err(Error::io("make", "a temporary folder"))?;
    let mut config = TrainConfig::new(Preset::Dcgan64, DataSource::Demo);
    // Nothing but steps.
    config.upkeep.measure_kimg = 0.0;
    let folder = RunFolder::new(folder.path().join("run"));
    let device = args.model.device();
    let plan = Plan { config, folder, resume: false, device };
    measure_beside_training(file, device, plan, args.seconds)
}

/// Entries of the library that is opened.
const ENTRIES: usize = 10_000;

/// How quick the parts of Blend are.
struct BlendFigures {
    library_ms: f64,
    formula_ms: f64,
    grids_per_second: f64,
}

fn blend_figures(model: &OpenModel, latents: &[Latent]) -> Result<BlendFigures> {
    let spec = &model.file.info().spec;
    let device = &model.device.device;
    // The shortest of some goes, in seconds.
    let quickest = |goes: usize, work: &mut dyn FnMut() -> Result<()>| -> Result<f64> {
        let mut least = f64::INFINITY;
        for _ in 0..goes {
            let begun = Instant::now();
            work()?;
            least = least.min(begun.elapsed().as_secs_f64());
        }
        Ok(least)
    };
    let folder = tempfile::tempdir().map_err(Error::io("make", "a temporary folder"))?;
    let path = folder.path().join("library.json");
    let key = model.file.key()?;
    let mut library = Library::open(&path, key.clone())?;
    for seed in 0..ENTRIES as u64 {
        library.add(NewEntry {
            name: format!("face {seed}"),
            latent: spec.prior.from_seed(spec.z_dim, seed),
            origin: Origin::Seed { seed },
            tags: vec!["drawn".into()],
        })?;
    }
    library.save()?;
    let opened = quickest(3, &mut || Library::open(&path, key.clone()).map(drop))?;

    let scope = scope(&model.file, &library);
    let text = "normalize(abs(\"face 1\" - \"face 2\") + mean(\"face 3\", \"face 4\"))";
    let formula = quickest(20, &mut || {
        let z = expr::evaluate(text, &scope)?;
        picture::from_tensor(&model.generator.draw(&[z], device)?).map(drop)
    })?;
    let [a, b, c, d, ..] = latents else { return Err(Error::Cancelled) };
    let grids = quickest(5, &mut || {
        let grid = latent::grid([a, b, c, d], 8, 8, Way::Arc);
        picture::from_tensor(&model.generator.draw(&grid, device)?).map(drop)
    })?;
    Ok(BlendFigures {
        library_ms: opened * 1e3,
        formula_ms: formula * 1e3,
        grids_per_second: 1.0 / grids,
    })
}

/// A figure of `/proc/self/status` in bytes; Linux only.
fn memory(key: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn this_program_uses_memory() {
        let (now, most) = (memory("VmRSS").unwrap(), memory("VmHWM").unwrap());
        assert!(now > 1_000_000 && most >= now);
        assert_eq!(memory("VmNothing"), None);
    }
}
