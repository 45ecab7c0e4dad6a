//! `latentscape inspect`: what is in a model file, a training state, a PyTorch checkpoint, or another
//! safetensors file.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::console::{self, size, table, thousands};
use super::model_args;
use super::output::counted;
use crate::checkpoint::{Archive, Bundled, Container, Contents, ModelFile, Other, RAW};
use crate::error::Result;
use crate::model::{ModelSpec, Takes};

/// Say what a model file holds
///
/// Checkpoints of PyTorch are opened without running anything in them: what was recognised, what was
/// taken for granted and what was left out is told; or, where it is no generator that is known, what
/// comes nearest.
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// A model file, a run's folder, a training state, a PyTorch checkpoint, or any safetensors file;
    /// without one, the built-in faces
    file: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What is printed, gathered.
struct Report {
    path: PathBuf,
    bytes: u64,
    contents: Contents,
    tensors: Vec<Entry>,
}

struct Entry {
    name: String,
    shape: Vec<usize>,
    dtype: String,
}

impl Entry {
    fn numbers(&self) -> usize {
        self.shape.iter().product()
    }

    /// Counters and statistics of batch norm are kept, not learned.
    fn learned(&self) -> bool {
        !["running_mean", "running_var", "num_batches_tracked"]
            .iter()
            .any(|end| self.name.ends_with(end))
    }
}

/// Prints what `args` ask for.
pub fn run(args: &InspectArgs) -> Result<()> {
    let contents = match &args.file {
        Some(path) => Contents::open(&model_args::file_of(path))?,
        None => Contents::Model(Box::new(Bundled::Faces64.open()?)),
    };
    let report = Report::new(contents)?;
    console::result(&if args.json { format!("{:#}", report.json()) } else { report.text() })
}

fn entries(archive: &Archive) -> Result<Vec<Entry>> {
    let entries = archive.entries()?.into_iter();
    Ok(entries.map(|(name, shape, dtype)| Entry { name, shape, dtype }).collect())
}

fn entries_of(other: &Other) -> Vec<Entry> {
    let entries = other.tensors.list.iter().map(|tensor| Entry {
        name: tensor.name.clone(),
        shape: tensor.shape.clone(),
        dtype: tensor.element.name().into(),
    });
    entries.collect()
}

/// What goes into a generator, in words.
fn takes(spec: &ModelSpec) -> String {
    match spec.takes() {
        Takes::Latent { dims } => format!("latents of {}", counted(dims, "number")),
        Takes::Picture { channels, height, width } => {
            format!("pictures of {width}×{height} pixels, {}", counted(channels, "channel"))
        }
    }
}

impl Report {
    fn new(contents: Contents) -> Result<Self> {
        let archive = match &contents {
            Contents::Model(model) => model.archive(),
            Contents::State(archive) => archive,
            Contents::Other(other) => {
                let tensors = entries_of(other);
                let (path, bytes) = (other.tensors.path().to_owned(), other.tensors.file_bytes());
                return Ok(Self { path, bytes, tensors, contents });
            }
        };
        let path = archive.path().to_owned();
        // What was made of a file of another kind has another length than it.
        let bytes = std::fs::metadata(&path).map_or(archive.file_bytes() as u64, |file| file.len());
        Ok(Self { path, bytes, tensors: entries(archive)?, contents })
    }

    /// Learned numbers of the generator: those of the weights as trained are the same again.
    fn parameters(&self) -> usize {
        let counts = |entry: &&Entry| entry.learned() && !entry.name.starts_with(RAW);
        self.tensors.iter().filter(counts).map(Entry::numbers).sum()
    }

    fn has_raw(&self) -> bool {
        self.tensors.iter().any(|entry| entry.name.starts_with(RAW))
    }

    fn text(&self) -> String {
        let mut rows = vec![["file", &self.path.display().to_string()].map(str::to_owned)];
        let mut row = |key: &str, value: String| rows.push([key.to_owned(), value]);
        row("size", size(self.bytes));
        match &self.contents {
            Contents::Model(model) => {
                let info = model.info();
                row("holds", "a generator".into());
                row("name", info.name.clone());
                row("network", info.spec.summary());
                row("takes", takes(&info.spec));
                row("parameters", thousands(self.parameters()));
                if let Some(imported) = &info.imported {
                    row("from", imported.from.clone());
                    if !imported.place.is_empty() {
                        row("found at", imported.place.clone());
                    }
                    imported.assumed.iter().for_each(|text| row("assumed", text.clone()));
                    imported.chosen.words().into_iter().for_each(|text| row("chosen", text));
                    imported.folded.iter().for_each(|text| row("folded", text.clone()));
                    imported.left_out.iter().for_each(|text| row("note", text.clone()));
                } else {
                    row("weights", self.weights().into());
                    row("trained on", info.data.clone());
                    row(
                        "trained for",
                        format!("{} kimg, {} steps", info.kimg, thousands(info.steps as usize)),
                    );
                    row("written by", format!("Latentscape {}", info.program));
                }
            }
            Contents::State(_) => row(
                "holds",
                "the training state of a run, which --resume goes on with; the run's generator is \
                 the model.safetensors beside it"
                    .into(),
            ),
            Contents::Other(other) => {
                let Other { tensors, nearest } = &**other;
                row(
                    "holds",
                    "tensors; it is not a model of Latentscape, which would carry a description, and no \
                     generator that is known"
                        .into(),
                );
                row("from", tensors.container.name().into());
                row("nearest", format!("{}, {} of its layers", nearest.kind, nearest.layers));
                row("departs", nearest.departs.clone());
                tensors.notes.iter().for_each(|text| row("note", text.clone()));
            }
        }
        let rows: Vec<_> = rows.into_iter().map(Vec::from).collect();
        format!("{}\n\n{}", table(&rows, usize::MAX), self.tensor_table())
    }

    fn weights(&self) -> &'static str {
        if self.has_raw() { "averaged, and as trained (raw.…)" } else { "averaged" }
    }

    fn tensor_table(&self) -> String {
        let head = ["tensor", "shape", "type", "numbers"].map(str::to_owned).to_vec();
        let rows = self.tensors.iter().map(|entry| {
            let shape: Vec<_> = entry.shape.iter().map(usize::to_string).collect();
            vec![
                entry.name.clone(),
                format!("[{}]", shape.join(", ")),
                entry.dtype.clone(),
                thousands(entry.numbers()),
            ]
        });
        let rows: Vec<_> = std::iter::once(head).chain(rows).collect();
        table(&rows, 3)
    }

    fn json(&self) -> Value {
        let (kind, model) = match &self.contents {
            Contents::Model(model) => ("model", self.model_json(model)),
            Contents::State(_) => ("training-state", Value::Null),
            Contents::Other(other) => match other.tensors.container {
                Container::Safetensors => ("safetensors", Value::Null),
                Container::Zip | Container::Legacy => ("pytorch", Value::Null),
            },
        };
        let (nearest, notes) = match &self.contents {
            Contents::Other(other) => {
                let Other { tensors, nearest } = &**other;
                let near = json!({
                    "kind": nearest.kind,
                    "layers": nearest.layers,
                    "departs": nearest.departs,
                });
                (near, json!(tensors.notes))
            }
            _ => (Value::Null, json!([])),
        };
        let tensors: Vec<_> = self
            .tensors
            .iter()
            .map(|entry| {
                json!({
                    "name": entry.name,
                    "shape": entry.shape,
                    "dtype": entry.dtype,
                    "numbers": entry.numbers(),
                })
            })
            .collect();
        json!({
            "file": self.path,
            "bytes": self.bytes,
            "kind": kind,
            "model": model,
            "nearest": nearest,
            "notes": notes,
            "tensors": tensors,
        })
    }

    fn model_json(&self, model: &ModelFile) -> Value {
        let info = model.info();
        let (height, width) = info.spec.size();
        json!({
            "name": info.name,
            "summary": info.spec.summary(),
            "spec": info.spec,
            "takes": if info.spec.takes_pictures() { "picture" } else { "latent" },
            "channels": info.spec.channels(),
            "height": height,
            "width": width,
            "parameters": self.parameters(),
            "raw_weights": self.has_raw(),
            "data": info.data,
            "steps": info.steps,
            "kimg": info.kimg,
            "program": info.program,
            "imported": info.imported,
        })
    }
}
