//! What a run will take, said before it starts: time, by doing two steps, and memory, by counting.

use std::time::Instant;

use candle_core::{Device, Tensor};
use rand_distr::{Distribution, Uniform};

use super::config::TrainConfig;
use super::schedule::Stage;
use super::trainer::Trainer;
use crate::error::{Error, Result};
use crate::model::{ModelSpec, Network};
use crate::random::{Purpose, stream};

/// Copies of each value between two layers that live at once: the value, and what
/// the way back makes of it.
const COPIES: u64 = 2;
/// Batches that wait for the step, with the one in it.
const BATCHES: u64 = 6;
/// The program itself, with buffers of its kernels.
const BASE: u64 = 64 << 20;

/// What a run will take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Seconds of one step, on this device as it is now.
    pub seconds_per_step: f64,
    /// Bytes of memory that training needs beside the pictures.
    pub bytes: u64,
    /// Bytes of memory that are free now, where the system says so.
    pub free: Option<u64>,
}

impl Estimate {
    /// Seconds of the whole run.
    pub fn seconds(&self, config: &TrainConfig) -> f64 {
        // Networks that grow take about four times as long for each picture with every layer.
        let schedule = config.schedule();
        let stages = schedule.stages();
        let ends = stages.iter().skip(1).map(|next| next.first_step - 1);
        let steps = |(stage, end): (&Stage, u64)| {
            let share = stage.batch as f64 / stages[0].batch as f64;
            (end + 1).saturating_sub(stage.first_step) as f64
                * share
                * 4f64.powi(stage.layers as i32)
        };
        let ends = ends.chain([schedule.last_step()]);
        self.seconds_per_step * stages.iter().zip(ends).map(steps).sum::<f64>()
    }
}

/// Does two steps of `config` on noise and times the second.
///
/// # Errors
/// [`Error::BadSetting`] for a bad config or one that needs more memory than there is,
/// [`Error::Tensor`] if the device fails.
pub fn estimate(config: &TrainConfig, device: &Device) -> Result<Estimate> {
    config.validate()?;
    check_memory(config, device)?;
    let mut trainer = Trainer::new(config.clone(), device)?;
    let mut seconds_per_step = 0.0;
    for step in 0..2 {
        let real = noise(config, step, device)?;
        let start = Instant::now();
        // Its losses are read, so that a device which computes aside is waited for.
        trainer.step(&real)?;
        seconds_per_step = start.elapsed().as_secs_f64();
    }
    Ok(Estimate { seconds_per_step, bytes: memory(config)?, free: free_memory() })
}

fn noise(config: &TrainConfig, step: u64, device: &Device) -> Result<Tensor> {
    let target = config.target();
    let mut rng = stream(config.seed, Purpose::Measure, step);
    let range = Uniform::new_inclusive(-1.0f32, 1.0)
        .map_err(|error| Error::bad_setting("noise", error.to_string()))?;
    let pictures = config.schedule().stage_of(1).per_step;
    let count = pictures * target.bytes();
    let values: Vec<f32> = (0..count).map(|_| range.sample(&mut rng)).collect();
    let shape = (pictures, target.planes(), target.height, target.width);
    Ok(Tensor::from_vec(values, shape, device)?)
}

/// Bytes of memory that training `config` needs beside the pictures: weights with their gradients
/// and moments, what a step leaves between its layers, the batches that wait.
///
/// # Errors
/// [`Error::BadSetting`] for networks that cannot be.
pub fn memory(config: &TrainConfig) -> Result<u64> {
    let mut spec = config.spec.clone();
    let mut most = 0;
    for stage in config.schedule().stages() {
        if stage.layers > 0 {
            spec = spec.grown(false)?;
        }
        most = most.max(memory_of(config, &spec, *stage)?);
    }
    Ok(most)
}

/// The same while the networks are those of `spec`.
fn memory_of(config: &TrainConfig, spec: &ModelSpec, stage: Stage) -> Result<u64> {
    let count = |shapes: Vec<(String, Vec<usize>)>| {
        shapes.iter().map(|(_, dims)| dims.iter().product::<usize>() as u64).sum::<u64>()
    };
    let generator = count(spec.generator_shapes()?);
    let discriminator = count(spec.discriminator_shapes()?);
    // Each with gradient and two moments; the generator with its average.
    let weights = 5 * generator + 4 * discriminator;
    let (drawn, judged) = values_between_layers(spec);
    // The discriminator looks at real and generated pictures before it moves, and at each a second time
    // where its slope is measured.
    let looks = [config.objective.r1, config.objective.r2].map(|gamma| 1 + u64::from(gamma > 0.0));
    let between = COPIES * (drawn + looks.iter().sum::<u64>() * judged) * stage.batch as u64;
    let waiting = BATCHES * (stage.per_step * config.target_in(stage.layers).bytes()) as u64;
    Ok(4 * (weights + between + waiting) + BASE)
}

/// Values that each network makes of one picture, over all layers.
fn values_between_layers(spec: &ModelSpec) -> (u64, u64) {
    match &spec.network {
        Network::Mlp(mlp) => {
            let picture = mlp.channels * mlp.size.0 * mlp.size.1;
            let sum = |widths: &[usize]| (widths.iter().sum::<usize>() + picture) as u64;
            (sum(&mlp.generator), sum(&mlp.discriminator))
        }
        Network::Dcgan(dcgan) => {
            let picture = dcgan.channels * dcgan.resolution * dcgan.resolution;
            // From the picture on, each layer has half the pixels a side.
            let area = |halvings: usize| (dcgan.resolution >> halvings).pow(2);
            let sum = |widths: &mut dyn Iterator<Item = usize>| {
                let layers = widths.enumerate().map(|(i, width)| width * area(i + 1));
                (layers.sum::<usize>() + picture) as u64
            };
            let drawn = sum(&mut dcgan.generator_widths().into_iter().rev());
            (drawn, sum(&mut dcgan.discriminator_widths().into_iter()))
        }
        Network::Pix2pix(net) => net.values_between_layers(),
        // Never trained.
        Network::Stack(_) => (0, 0),
    }
}

/// Says so if `config` needs more memory than there is; returns a warning if it needs more than is
/// free now.
///
/// # Errors
/// [`Error::BadSetting`] if it cannot fit, [`Error::BadSetting`] for networks that cannot be.
pub fn check_memory(config: &TrainConfig, device: &Device) -> Result<Option<String>> {
    if !device.is_cpu() {
        return Ok(None);
    }
    judge(config, memory(config)?, system_memory())
}

fn judge(config: &TrainConfig, needed: u64, system: Option<System>) -> Result<Option<String>> {
    let Some(System { total, free }) = system else { return Ok(None) };
    let needs = |of: &str, bytes: u64| {
        format!(
            "batches of {} need about {:.1} GB of memory, and {:.1} GB {of}; take a smaller --batch \
             or --width",
            config.batch,
            needed as f64 / 1e9,
            bytes as f64 / 1e9
        )
    };
    if needed > total {
        return Err(Error::bad_setting("--batch", needs("is all there is", total)));
    }
    Ok((needed > free).then(|| needs("are free", free)))
}

/// Memory of the machine, or of what this program may take of it.
#[derive(Debug, Clone, Copy)]
struct System {
    total: u64,
    free: u64,
}

/// Bytes of memory that are free now, where the system says so.
pub fn free_memory() -> Option<u64> {
    system_memory().map(|system| system.free)
}

#[cfg(target_os = "linux")]
fn system_memory() -> Option<System> {
    let about = std::fs::read_to_string("/proc/meminfo").ok()?;
    let mut system =
        System { total: field(&about, "MemTotal:")?, free: field(&about, "MemAvailable:")? };
    // A container's share.
    let share = |name| -> Option<u64> {
        std::fs::read_to_string(format!("/sys/fs/cgroup/{name}")).ok()?.trim().parse().ok()
    };
    if let Some(limit) = share("memory.max") {
        let used = share("memory.current").unwrap_or(0).min(limit);
        system.total = system.total.min(limit);
        system.free = system.free.min(system.total.saturating_sub(used));
    }
    Some(system)
}

#[cfg(not(target_os = "linux"))]
fn system_memory() -> Option<System> {
    None
}

/// A line of `/proc/meminfo` in bytes: `MemTotal:  16 kB`.
#[cfg(target_os = "linux")]
fn field(about: &str, name: &str) -> Option<u64> {
    let line = about.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::DataSource;
    use crate::model::Preset;

    #[test]
    fn more_memory_than_there_is_is_said_before_the_start() {
        let mut config = TrainConfig::new(Preset::Cars256, DataSource::Demo);
        let needed = memory(&config).unwrap();
        let system = |total, free| Some(System { total, free });
        assert!(judge(&config, needed, system(2 * needed, needed + 1)).unwrap().is_none());
        let note = judge(&config, needed, system(2 * needed, needed - 1)).unwrap().unwrap();
        assert!(note.contains("are free"), "{note}");
        let error = judge(&config, needed, system(needed - 1, 1)).unwrap_err().to_string();
        assert!(error.contains("--batch") && error.contains("all there is"), "{error}");
        // More pictures need more, and no machine has room for so many.
        config.batch = 65_536;
        assert!(memory(&config).unwrap() > 100 * needed);
        if system_memory().is_some() {
            let error = estimate(&config, &Device::Cpu).unwrap_err().to_string();
            assert!(error.contains("memory"), "{error}");
        }
    }

    #[test]
    fn a_step_is_timed() {
        let mut config = TrainConfig::new(Preset::MnistMlp, DataSource::Demo);
        config.batch = 4;
        let estimate = estimate(&config, &Device::Cpu).unwrap();
        assert!(estimate.seconds_per_step > 0.0);
        let seconds = estimate.seconds(&config);
        assert_eq!(seconds, estimate.seconds_per_step * 500_000.0);
    }
}
