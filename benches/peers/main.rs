//! Our side of the comparison that `benches/peers/run.py` makes: it is told on its input what to build
//! and to time, a line of JSON each, and answers on its output.
//!
//! `setup` draws weights and a batch and writes them for the peers, `check` runs once and writes what
//! came out, `time` runs again and again, `memory` tells the peak of what was resident.

#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]

#[path = "../shared/work.rs"]
mod work;

use std::collections::HashMap;
use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::time::Instant;

use candle_core::Device;
use latentscape::data::{DataSource, Dataset, Framing, OpenOptions, Target};
use latentscape::ops::memory;
use latentscape::picture;
use latentscape::train::held_out_of;
use serde::Deserialize;
use serde_json::json;
use work::{Case, Work};

#[derive(Debug, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
enum Order {
    Setup {
        #[serde(flatten)]
        case: Case,
        /// Where to write weights and batch.
        given: PathBuf,
    },
    Check {
        path: PathBuf,
    },
    Time {
        seconds: f64,
    },
    Memory,
    /// Writes the built-in line drawings and their faces, those that are learnt from and the others.
    Pairs {
        path: PathBuf,
        resolution: usize,
    },
}

fn check(work: &mut Work, path: &Path) {
    let results: HashMap<_, _> =
        work.run().results().into_iter().map(|(name, x)| (name, x.contiguous().unwrap())).collect();
    candle_core::safetensors::save(&results, path).unwrap();
}

/// Milliseconds of each run in about `seconds`, three at least.
fn time(work: &mut Work, seconds: f64) -> Vec<f64> {
    let (begun, mut times) = (Instant::now(), Vec::new());
    while times.len() < 3 || begun.elapsed().as_secs_f64() < seconds {
        let start = Instant::now();
        work.run();
        work.finish();
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    times
}

/// Pairs `[N, 6, R, R]` in [-1, 1], the input's channels first.
fn write_pairs(path: &Path, resolution: usize) {
    let target = Target { input: 3, channels: 3, height: resolution, width: resolution };
    let source = DataSource::DemoSketches;
    let options = OpenOptions::default();
    let dataset = Dataset::open(&source, target, Framing::Crop, options, &mut |_, _| true).unwrap();
    let held_out = held_out_of(dataset.len());
    let (learnt, held_out) = dataset.split_off_last(held_out).unwrap();
    let tensor = |dataset: &Dataset| {
        let pairs: Vec<_> = (0..dataset.len()).map(|i| dataset.pixels(i).unwrap()).collect();
        let pairs: Vec<&[u8]> = pairs.iter().map(|pair| &**pair).collect();
        picture::to_tensor(&pairs, (6, resolution, resolution), &Device::Cpu).unwrap()
    };
    let all = HashMap::from([("learnt", tensor(&learnt)), ("held_out", tensor(&held_out))]);
    candle_core::safetensors::save(&all, path).unwrap();
}

/// The peak of what was resident, in MB, where the system tells.
fn peak_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kb: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kb / 1024.0)
}

fn main() {
    // `cargo bench` runs everything there is; this needs its peers.
    if std::env::args().nth(1).as_deref() != Some("serve") {
        println!("the comparison with PyTorch and ONNX Runtime: python3 benches/peers/run.py");
        return;
    }
    memory::keep_freed(memory::FOR_TRAINING);
    // Among the threads that compute, as the program trains and draws.
    rayon::scope(|_| serve());
}

fn serve() {
    let mut work = None;
    for line in std::io::stdin().lock().lines() {
        let answer = match serde_json::from_str(&line.unwrap()).unwrap() {
            Order::Setup { case, given } => {
                let (ours, tensors) = Work::new(&case);
                candle_core::safetensors::save(&tensors, &given).unwrap();
                work = Some(ours);
                json!({})
            }
            Order::Check { path } => {
                check(work.as_mut().unwrap(), &path);
                json!({})
            }
            Order::Time { seconds } => json!({ "millis": time(work.as_mut().unwrap(), seconds) }),
            Order::Pairs { path, resolution } => {
                write_pairs(&path, resolution);
                json!({})
            }
            Order::Memory => json!({ "peak_mb": peak_mb(), "before_mb": 0.0 }),
        };
        println!("{answer}");
    }
}
