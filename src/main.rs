//! Without a subcommand the window opens.

use std::process::ExitCode;

use latentscape::app::{self, Options};

fn main() -> ExitCode {
    let mut options = Options::default();
    let mut arguments = std::env::args().skip(1);
    let parsed = (|| -> latentscape::Result<()> {
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--device" => options.device = Some(arguments.next().unwrap_or_default().parse()?),
                "--renderer" => options.renderer = arguments.next().unwrap_or_default().parse()?,
                path => options.model = Some(path.into()),
            }
        }
        Ok(())
    })();
    match parsed.and_then(|()| app::run(options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            #[allow(clippy::print_stderr)]
            {
                eprintln!("latentscape: {error}");
            }
            ExitCode::FAILURE
        }
    }
}
