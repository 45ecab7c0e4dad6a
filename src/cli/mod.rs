//! The command line: a table of subcommands, one file each.
//!
//! Standard output carries only what was asked for (`inspect`, `devices`, `bench`); progress, notes
//! and errors go to standard error. An error is one line that starts with `error:`; the exit codes
//! below are kept, so that scripts can rely on them. Nothing here computes: every subcommand calls
//! the functions that the window calls.

mod bench;
mod blend;
mod console;
mod convert;
mod data_args;
mod devices;
mod evaluate;
mod generate;
mod grid;
mod inspect;
mod interrupt;
mod latent_file;
mod library;
mod library_args;
mod model_args;
mod output;
mod progress;
mod sweep;
mod train;
mod train_recipe;
mod train_settings;
mod train_upkeep;
mod train_view;
mod translate;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::{Args, Parser, Subcommand, ValueEnum};
use tracing_subscriber::EnvFilter;

use crate::device::DeviceChoice;
use crate::error::{Error, Result};
use crate::gallery::Opened;

/// Variable that says which log lines are shown, in `tracing`'s words: `debug`, `latentscape=trace`.
const LOG_VARIABLE: &str = "LATENTSCAPE_LOG";
/// What is logged where that variable is not set: graphics drivers like to warn of things that work.
const LOG_DEFAULT: &str = "error,latentscape=warn";

const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    it failed; one line on standard error, starting with \"error:\", says why
  2    the command line was wrong: an unknown option, a value out of range
  130  interrupted (Ctrl-C, SIGTERM); a training run was saved first

LATENTSCAPE_LOG=debug shows what goes on inside.";

/// Explore the latent space of image generators.
///
/// Without a command the window opens.
#[derive(Debug, Parser)]
#[command(name = "latentscape", version, after_help = EXIT_CODES)]
#[command(args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    window: WindowArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    Generate(generate::GenerateArgs),
    Sweep(sweep::SweepArgs),
    Blend(blend::BlendArgs),
    Grid(grid::GridArgs),
    Translate(translate::TranslateArgs),
    Library(library::LibraryCommand),
    Train(Box<train::TrainArgs>),
    Evaluate(evaluate::EvaluateArgs),
    Inspect(inspect::InspectArgs),
    Convert(convert::ConvertArgs),
    Devices(devices::DevicesArgs),
    Bench(bench::BenchArgs),
}

#[derive(Debug, Args)]
struct WindowArgs {
    /// A model file, a run's folder or a folder of models to open; without one, what was open last
    model: Option<PathBuf>,
    /// Where to compute: auto, cpu, cuda:N or metal; without one, where it was last
    #[arg(long, value_name = "DEVICE")]
    device: Option<DeviceChoice>,
    /// How the window is drawn
    #[arg(long, value_enum, default_value = "auto")]
    renderer: Renderer,
}

/// How the window is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Renderer {
    /// wgpu, or glow where there is no graphics card
    Auto,
    /// Vulkan, Metal or DirectX
    Wgpu,
    /// OpenGL
    Glow,
}

/// The window that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Model file to open; `None` for the one that was open last.
    pub model: Option<PathBuf>,
    /// Folder whose models to show.
    pub gallery: Option<PathBuf>,
    /// Where to compute; `None` for where it was last.
    pub device: Option<DeviceChoice>,
    /// How to draw.
    pub renderer: Renderer,
}

/// How a subcommand ended where it did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    Done,
    Interrupted,
}

/// The whole program: reads the command line, and runs a command or calls `open_window`.
pub fn main(open_window: impl FnOnce(Window) -> Result<()>) -> ExitCode {
    let start = Instant::now();
    let cli = Cli::parse();
    let filter = EnvFilter::try_from_env(LOG_VARIABLE).unwrap_or_else(|_| LOG_DEFAULT.into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let ended = match cli.command {
        Some(command) => run(command, start),
        None => cli.window.check().and_then(open_window).map(|()| Ended::Done),
    };
    match ended {
        Ok(Ended::Done) => ExitCode::SUCCESS,
        Ok(Ended::Interrupted) | Err(Error::Cancelled) => ExitCode::from(interrupt::EXIT_CODE),
        Err(error) => {
            console::note(&format!("error: {}", console::chain(&error)));
            if let Error::BadFormula { text, at, .. } = &error {
                console::note(&console::pointed(text, at));
            }
            ExitCode::from(if matches!(error, Error::BadSetting { .. }) { 2 } else { 1 })
        }
    }
}

fn run(command: Command, start: Instant) -> Result<Ended> {
    match command {
        Command::Generate(args) => generate::run(&args).map(|()| Ended::Done),
        Command::Sweep(args) => sweep::run(&args).map(|()| Ended::Done),
        Command::Blend(args) => blend::run(&args).map(|()| Ended::Done),
        Command::Grid(args) => grid::run(&args).map(|()| Ended::Done),
        Command::Translate(args) => translate::run(&args).map(|()| Ended::Done),
        Command::Library(args) => library::run(&args).map(|()| Ended::Done),
        Command::Train(args) => train::run(&args),
        Command::Evaluate(args) => evaluate::run(&args).map(|()| Ended::Done),
        Command::Inspect(args) => inspect::run(&args).map(|()| Ended::Done),
        Command::Convert(args) => convert::run(&args).map(|()| Ended::Done),
        Command::Devices(args) => devices::run(&args).map(|()| Ended::Done),
        Command::Bench(args) => bench::run(&args, start).map(|()| Ended::Done),
    }
}

impl WindowArgs {
    /// Turns a misspelt command, which looks like a model's path, down before a window opens.
    fn check(self) -> Result<Window> {
        if let Some(path) = &self.model
            && !path.exists()
        {
            return Err(Error::bad_model(
                path,
                "there is no such file, and no command of that name; latentscape --help lists the commands",
            ));
        }
        let (model, gallery) = match self.model.map(Opened::of) {
            Some(Opened::Model(path)) => (Some(path), None),
            Some(Opened::Folder(path)) => (None, Some(path)),
            None => (None, None),
        };
        Ok(Window { model, gallery, device: self.device, renderer: self.renderer })
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_table_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_model_opens_the_window_and_a_command_does_not() {
        let cli = Cli::parse_from(["latentscape", "a.safetensors", "--renderer", "glow"]);
        assert!(cli.command.is_none());
        assert_eq!(cli.window.renderer, Renderer::Glow);
        assert!(cli.window.check().unwrap_err().to_string().contains("--help"));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let check =
            || Cli::parse_from(["latentscape", path.to_str().unwrap()]).window.check().unwrap();
        assert_eq!((check().gallery.as_deref(), check().model), (Some(path), None));
        let model = path.join("model.safetensors");
        std::fs::write(&model, []).unwrap();
        assert_eq!((check().gallery, check().model), (None, Some(model)));
        let cli = Cli::parse_from(["latentscape", "devices"]);
        assert!(matches!(cli.command, Some(Command::Devices(_))));
    }
}
