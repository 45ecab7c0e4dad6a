//! `latentscape library`: what is in a library, and latents in and out of it.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use super::console::{self, table};
use super::library_args::LibraryArgs;
use super::model_args::ModelFileArgs;
use super::output::{check_parent, counted};
use crate::checkpoint::ModelFile;
use crate::error::Result;
use crate::latent::library::{EntryId, Fit, Library, Order};

/// List, bring in and take out named latents
///
/// Every model has a library of its own, one file that people can read, in your data folder.
#[derive(Debug, Args)]
pub struct LibraryCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    List(ListArgs),
    Import(ImportArgs),
    Export(ExportArgs),
    Rename(RenameArgs),
    Remove(RemoveArgs),
}

/// Which library, and of which model.
#[derive(Debug, Args)]
struct Which {
    #[command(flatten)]
    model: ModelFileArgs,
    #[command(flatten)]
    library: LibraryArgs,
}

/// List the latents whose name, tags or origin hold all the words
#[derive(Debug, Args)]
struct ListArgs {
    /// Words to look for; without any, everything is listed
    words: Vec<String>,
    #[command(flatten)]
    which: Which,
    /// The order
    #[arg(long, value_enum, default_value = "name")]
    sort: Sort,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Sort {
    /// By name
    Name,
    /// What was kept last comes first
    Newest,
}

/// Take in latents of files: another library, or numbers as .json or .npy (N × z, or z)
#[derive(Debug, Args)]
struct ImportArgs {
    /// The files; latents without names are named after them
    #[arg(required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    which: Which,
}

/// Write latents to a file for another library or for Python
#[derive(Debug, Args)]
struct ExportArgs {
    /// Names of the latents; without any, all of them
    names: Vec<String>,
    #[command(flatten)]
    which: Which,
    /// NAME.json is a library with names and origins; NAME.npy is float32 of shape [N, z]
    #[arg(long, short, value_name = "FILE")]
    out: PathBuf,
}

/// Give a latent another name
#[derive(Debug, Args)]
struct RenameArgs {
    /// Its name
    from: String,
    /// Its new name
    to: String,
    #[command(flatten)]
    which: Which,
}

/// Take latents out of the library
#[derive(Debug, Args)]
struct RemoveArgs {
    /// Their names
    #[arg(required = true)]
    names: Vec<String>,
    #[command(flatten)]
    which: Which,
}

impl Which {
    fn open(&self, may_be_new: bool) -> Result<Library> {
        let model: ModelFile = self.model.file()?;
        if may_be_new { self.library.open_or_new(&model) } else { self.library.open(&model) }
    }
}

/// Does what `args` ask for.
pub fn run(args: &LibraryCommand) -> Result<()> {
    match &args.action {
        Action::List(args) => list(args),
        Action::Import(args) => import(args),
        Action::Export(args) => export(args),
        Action::Rename(args) => {
            let mut library = args.which.open(false)?;
            let id = ids(&library, std::slice::from_ref(&args.from))?[0];
            library.rename(id, &args.to)?;
            library.save()?;
            console::note(&format!("\"{}\" is now \"{}\"", args.from, args.to.trim()));
            Ok(())
        }
        Action::Remove(args) => {
            let mut library = args.which.open(false)?;
            let ids = ids(&library, &args.names)?;
            let removed = ids.into_iter().filter_map(|id| library.remove(id)).count();
            library.save()?;
            console::note(&format!("removed {}", counted(removed, "latent")));
            Ok(())
        }
    }
}

fn ids(library: &Library, names: &[String]) -> Result<Vec<EntryId>> {
    Ok(library.named(names)?.into_iter().map(|entry| entry.id).collect())
}

fn list(args: &ListArgs) -> Result<()> {
    let library = args.which.open(false)?;
    let order = match args.sort {
        Sort::Name => Order::Name,
        Sort::Newest => Order::Newest,
    };
    let found = library.find(&args.words.join(" "), &order);
    if args.json {
        let entry = |entry: &crate::latent::library::Entry| {
            json!({
                "name": entry.name,
                "tags": entry.tags,
                "origin": entry.origin,
                "created": entry.created,
                "norm": entry.latent.norm(),
                "dims": entry.latent.dims(),
                "fits": library.fit(entry) == Fit::Fits,
            })
        };
        let entries: Vec<_> = found.iter().map(|found| entry(found)).collect();
        let all = json!({ "path": library.path(), "model": library.key(), "entries": entries });
        return console::result(&format!("{all:#}"));
    }
    if found.is_empty() {
        let place =
            library.path().map_or_else(String::new, |path| format!(" in {}", path.display()));
        console::note(&format!("nothing of that kind{place}"));
        return Ok(());
    }
    let rows: Vec<Vec<String>> = found
        .iter()
        .map(|entry| {
            let fit = match library.fit(entry) {
                Fit::Fits => String::new(),
                Fit::OtherModel => "of another model".into(),
                Fit::OtherSize => format!("{} dimensions: does not fit", entry.latent.dims()),
            };
            let day = entry.created.to_string().chars().take(10).collect();
            let origin: String = entry.origin.to_string().chars().take(60).collect();
            vec![entry.name.clone(), day, origin, entry.tags.join(", "), fit]
        })
        .collect();
    console::result(&table(&rows, usize::MAX))
}

fn import(args: &ImportArgs) -> Result<()> {
    let mut library = args.which.open(true)?;
    // All files or none: an error in the second leaves nothing of the first behind.
    let mut added = 0;
    let mut known = 0;
    for file in &args.files {
        let imported = library.import(file)?;
        for problem in &imported.problems {
            console::note(&format!("note: {problem}"));
        }
        added += imported.added.len();
        known += imported.known;
    }
    library.save()?;
    let place = library.path().map_or_else(String::new, |path| format!(" {}", path.display()));
    let rest = if known > 0 { format!(", {known} were there already") } else { String::new() };
    console::note(&format!("took {} into{place}{rest}", counted(added, "latent")));
    Ok(())
}

fn export(args: &ExportArgs) -> Result<()> {
    let extension = args.out.extension().map(|e| e.to_ascii_lowercase()).unwrap_or_default();
    if extension != "json" && extension != "npy" {
        let why = format!("{} must end in .json or .npy", args.out.display());
        return Err(crate::Error::bad_setting("--out", why));
    }
    check_parent(&args.out)?;
    let library = args.which.open(false)?;
    let count = library.export(&ids(&library, &args.names)?, &args.out)?;
    console::note(&format!("wrote {}: {}", args.out.display(), counted(count, "latent")));
    Ok(())
}
