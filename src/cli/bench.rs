//! `latentscape bench`: the program's own figures on this machine.

use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use serde_json::json;

use super::console::{self, size, table};
use super::model_args::{ModelArgs, OpenModel};
use crate::checkpoint::{Bundled, ModelFile};
use crate::data::DataSource;
use crate::error::{Error, Result};
use crate::latent::Library;
use crate::latent::library::{NewEntry, Order, Origin};
use crate::model::Preset;
use crate::picture::{self, Pixels};
use crate::random::{Purpose, stream};
use crate::train::{RunFolder, TrainConfig};
use crate::worker::{Beside, Latency, Plan, Stage, measure_beside_training};

/// Columns and rows of the grid whose corner is dragged.
const SIDE: usize = 8;
/// Pictures in one go, for the speed of sheets and films.
const BATCH: usize = 64;
/// Goes that are timed; the fastest counts, since other programs only make it slower.
const GOES: usize = 5;

/// Measure how fast this machine is: from slider or brush to pixels, first picture, memory
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
    let model = args.model.open_either()?;
    let spec = model.file.info().spec.clone();
    if spec.takes_pictures() {
        return run_translator(args, model, start);
    }
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
    let device = model.device.name.clone();
    let file = Arc::new(model.file);
    let mut stage = Stage::start(file.clone(), args.model.device())?;
    let slider = stage.drag_slider(args.seconds)?;
    let corner = stage.drag_corner(SIDE, args.seconds)?;
    let blend = blend_figures(&file, &mut stage)?;
    let beside = match args.training {
        true => Some(beside_training(&mut stage, args)?),
        false => None,
    };
    let most = memory("VmHWM");
    // The built-in models are what the program promises its speed for.
    let brush = match args.model.is_given() {
        true => None,
        false => {
            let file = Arc::new(Bundled::Sketch2face.open()?);
            Some(Stage::start(file, args.model.device())?.drag_brush(args.seconds)?)
        }
    };

    if args.json {
        let figures = json!({
            "network": spec.summary(),
            "device": device,
            "start_to_first_picture_ms": first_ms,
            "slider_p50_ms": slider.median,
            "slider_p95_ms": slider.p95,
            "slider_pictures_per_second": slider.rate,
            "slider_pictures": slider.count,
            "library_open_ms": blend.library_ms,
            "library_entries": ENTRIES,
            "search_p50_ms": blend.search.0,
            "search_most_ms": blend.search.1,
            "formula_p50_ms": blend.formula.median,
            "formula_most_ms": blend.formula.most,
            "grids_8x8_per_second": corner.rate,
            "grid_p50_ms": corner.median,
            "batch": BATCH,
            "batch_pictures_per_second": per_second,
            "resident_bytes_after_first_picture": resident_after_first,
            "resident_bytes_at_most": most,
            "sketch2face_brush_p50_ms": brush.map(|brush| brush.median),
            "sketch2face_brush_p95_ms": brush.map(|brush| brush.p95),
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
        ["slider to pixels", &told(&slider, args.seconds)],
        ["batches of 64", &format!("{per_second:.0} pictures/s")],
        [
            "a library of 10,000",
            &format!(
                "opens in {:.0} ms, is searched in {:.1} ms ({:.1} at most)",
                blend.library_ms, blend.search.0, blend.search.1
            ),
        ],
        [
            "a formula's key to pixels",
            &format!("p50 {:.1} ms, {:.1} at most", blend.formula.median, blend.formula.most),
        ],
        [
            "8×8 grid, a corner dragged",
            &format!("{:.1} grids/s, p50 {:.0} ms old", corner.rate, corner.median),
        ],
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
    if let Some(brush) = &brush {
        rows.push(vec!["sketch2face, brush to pixels".into(), told(brush, args.seconds)]);
    }
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

/// How quick the answers to something dragged are, in words.
fn told(latency: &Latency, seconds: f32) -> String {
    format!(
        "p50 {:.1} ms, p95 {:.1} ms ({:.0} pictures/s, dragged for {seconds} s)",
        latency.median, latency.p95, latency.rate
    )
}

/// The figures of a model that makes pictures from pictures.
fn run_translator(args: &BenchArgs, model: OpenModel, start: Instant) -> Result<()> {
    if args.training {
        let why = "is measured with a model that draws from latents: leave it out here";
        return Err(Error::bad_setting("--training", why));
    }
    let (spec, device) = (model.file.info().spec.clone(), model.device.name.clone());
    let (height, width) = spec.size();
    let paper = Pixels::plain(&vec![255; spec.inputs()], (width, height));
    picture::from_tensor(&model.generator.answers(&paper, &[], &model.device.device)?)?;
    let first_ms = start.elapsed().as_secs_f64() * 1e3;
    let mut stage = Stage::start(Arc::new(model.file), args.model.device())?;
    let brush = stage.drag_brush(args.seconds)?;
    let most = memory("VmHWM");
    if args.json {
        let figures = json!({
            "network": spec.summary(),
            "device": device,
            "start_to_first_picture_ms": first_ms,
            "brush_p50_ms": brush.median,
            "brush_p95_ms": brush.p95,
            "brush_pictures_per_second": brush.rate,
            "brush_pictures": brush.count,
            "resident_bytes_at_most": most,
        });
        return console::result(&format!("{figures:#}"));
    }
    let most = most.map_or_else(|| "not known here".to_owned(), size);
    let rows = [
        ["network", &format!("{}, on {device}", spec.summary())],
        ["start to first picture", &format!("{first_ms:.0} ms")],
        ["brush to pixels", &told(&brush, args.seconds)],
        ["resident memory", &format!("{most} at most")],
    ];
    let rows: Vec<_> = rows.map(|row| row.map(str::to_owned).to_vec()).into();
    console::result(&table(&rows, usize::MAX))
}

/// The slider while the DCGAN of the demo faces is trained in a folder that is thrown away.
fn beside_training(stage: &mut Stage, args: &BenchArgs) -> Result<Beside> {
    let folder = tempfile::tempdir().map_err(Error::io("make", "a temporary folder"))?;
    let mut config = TrainConfig::new(Preset::Dcgan64, DataSource::Demo);
    // Nothing but steps.
    config.upkeep.measure_kimg = 0.0;
    let folder = RunFolder::new(folder.path().join("run"));
    let plan = Plan { config, folder, resume: false, device: args.model.device() };
    measure_beside_training(stage, plan, args.seconds)
}

/// Entries of the library that is opened.
const ENTRIES: usize = 10_000;
/// What is typed to find one of them.
const SOUGHT: &str = "face 77";
/// What is typed to blend some of them.
const FORMULA: &str =
    "abs(\"face 1\" - \"face 22\") + 0.5*\"face 333\" - mean(\"face 4444\", \"face 5\")";

/// How quick a large library is.
struct BlendFigures {
    library_ms: f64,
    /// Half of all searches, and all of them, took no longer, in milliseconds.
    search: (f64, f64),
    /// From a key to the pixels of the result.
    formula: Latency,
}

fn blend_figures(file: &ModelFile, stage: &mut Stage) -> Result<BlendFigures> {
    let spec = &file.info().spec;
    let millis = |begun: Instant| begun.elapsed().as_secs_f64() * 1e3;
    let folder = tempfile::tempdir().map_err(Error::io("make", "a temporary folder"))?;
    let path = folder.path().join("library.json");
    let key = file.key()?;
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
    let mut library_ms = f64::INFINITY;
    for _ in 0..3 {
        let begun = Instant::now();
        Library::open(&path, key.clone())?;
        library_ms = library_ms.min(millis(begun));
    }
    let mut searches = Vec::new();
    for order in [Order::Newest, Order::Name] {
        for end in 0..=SOUGHT.len() {
            let begun = Instant::now();
            std::hint::black_box(library.find(&SOUGHT[..end], &order));
            searches.push(millis(begun));
        }
    }
    searches.sort_by(f64::total_cmp);
    let most = searches.last().copied().unwrap_or_default();
    let formula = stage.type_formula(&library, FORMULA)?;
    Ok(BlendFigures { library_ms, search: (searches[searches.len() / 2], most), formula })
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
