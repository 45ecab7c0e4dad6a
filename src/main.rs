//! The program: a subcommand runs the command line, without one the window opens.

use std::process::ExitCode;

fn main() -> ExitCode {
    latentscape::cli::main(|_| Err(latentscape::Error::NoWindow("this build has no window".into())))
}
