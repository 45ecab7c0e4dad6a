//! What the program promises to be fast at, each figure of `benches/rows.json`, and whether it still is:
//! `cargo bench --bench figures`, or `./check --bench`.
//!
//! Times are no numbers to keep: every machine has its own. So before each sample the machine multiplies
//! two matrices, and what is kept in `benches/kept.json` is how much it could have multiplied in the time
//! of a figure, in GFLOP. A figure that takes [`SLOWER`] times what was kept ends the program with 1.
//! `LATENTSCAPE_KEEP=1` writes what was measured over what was kept.

#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]

#[path = "../shared/work.rs"]
mod work;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use candle_core::{Device, Tensor};
use criterion::{Criterion, SamplingMode};
use latentscape::ops::init;
use latentscape::random::{Purpose, stream};
use serde::Deserialize;
use work::{Case, Work};

/// Rows and columns of the matrices.
const SIDE: usize = 768;
/// From where on a figure has become slower: two measurings of the same program differ by less.
const SLOWER: f64 = 1.3;

#[derive(Deserialize)]
struct Row {
    name: String,
    #[serde(flatten)]
    case: Case,
}

/// A figure's seconds, and what the machine multiplied in a second just before, of each sample.
#[derive(Default)]
struct Samples(Vec<(f64, f64)>);

impl Samples {
    /// What could have been multiplied in the time of the figure, in GFLOP: the median.
    fn gflop(&self) -> Option<f64> {
        let mut products: Vec<f64> = self.0.iter().map(|(time, rate)| time * rate).collect();
        products.sort_unstable_by(f64::total_cmp);
        products.get(products.len() / 2).copied()
    }

    fn millis(&self) -> f64 {
        let mut times: Vec<f64> = self.0.iter().map(|(time, _)| time * 1e3).collect();
        times.sort_unstable_by(f64::total_cmp);
        times.get(times.len() / 2).copied().unwrap_or_default()
    }
}

/// What is multiplied in a second, in GFLOP.
fn rate(matrix: &Tensor) -> f64 {
    let begun = Instant::now();
    matrix.matmul(matrix).unwrap();
    2e-9 * (SIDE as f64).powi(3) / begun.elapsed().as_secs_f64()
}

/// Measures one figure; no samples if it is left out by what the command line asks for.
fn measure(criterion: &mut Criterion, row: &Row) -> Samples {
    let mut samples = Samples::default();
    let mut group = criterion.benchmark_group("figures");
    group.sampling_mode(SamplingMode::Flat).sample_size(10);
    group.warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3));
    let mut rng = stream(1, Purpose::Measure, 0);
    let matrix = init::uniform((SIDE, SIDE), -1.0, 1.0, &mut rng, &Device::Cpu).unwrap();
    let mut work = None;
    group.bench_function(&row.name, |bencher| {
        let work = work.get_or_insert_with(|| Work::new(&row.case).0);
        bencher.iter_custom(|count| {
            let rate = rate(&matrix);
            let begun = Instant::now();
            // Among the threads that compute, as the program trains and draws.
            rayon::scope(|_| {
                for _ in 0..count {
                    work.run().results();
                }
                work.finish();
            });
            let time = begun.elapsed();
            samples.0.push((time.as_secs_f64() / count as f64, rate));
            time
        });
    });
    group.finish();
    samples
}

fn place(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches").join(name)
}

fn main() -> ExitCode {
    let rows: Vec<Row> =
        serde_json::from_str(&std::fs::read_to_string(place("rows.json")).unwrap()).unwrap();
    let mut kept: BTreeMap<String, f64> = std::fs::read_to_string(place("kept.json"))
        .map(|text| serde_json::from_str(&text).unwrap())
        .unwrap_or_default();
    let keeps = std::env::var_os("LATENTSCAPE_KEEP").is_some();
    let mut criterion = Criterion::default().configure_from_args();
    let (mut lines, mut slower) = (Vec::new(), Vec::new());
    for row in &rows {
        let samples = measure(&mut criterion, row);
        let Some(gflop) = samples.gflop() else { continue };
        let change = kept.get(&row.name).map(|kept| gflop / kept);
        lines.push(format!(
            "{:40} {:9.2} ms {:9.2} GFLOP  {}",
            row.name,
            samples.millis(),
            gflop,
            change.map_or("nothing kept".into(), |change| format!("{change:.2} × what was kept")),
        ));
        if change.is_some_and(|change| change > SLOWER) {
            slower.push(row.name.as_str());
        }
        if keeps {
            kept.insert(row.name.clone(), (gflop * 1000.0).round() / 1000.0);
        }
    }
    criterion.final_summary();
    println!("\nWhat each figure takes, and what the machine could have multiplied meanwhile:");
    lines.iter().for_each(|line| println!("  {line}"));
    if keeps {
        let text = serde_json::to_string_pretty(&kept).unwrap() + "\n";
        std::fs::write(place("kept.json"), text).unwrap();
        println!("These are kept now.");
        return ExitCode::SUCCESS;
    }
    if slower.is_empty() {
        println!("None is slower than what was kept by more than {SLOWER} ×.");
        return ExitCode::SUCCESS;
    }
    println!("Slower than what was kept by more than {SLOWER} ×: {}.", slower.join("; "));
    ExitCode::FAILURE
}
