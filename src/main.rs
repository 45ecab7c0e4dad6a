//! The program: a subcommand runs the command line, without one the window opens.

use std::process::ExitCode;

use latentscape::app::{self, Options, RendererChoice};
use latentscape::cli::{self, Renderer};

fn main() -> ExitCode {
    cli::main(|window| {
        let renderer = match window.renderer {
            Renderer::Auto => RendererChoice::Auto,
            Renderer::Wgpu => RendererChoice::Wgpu,
            Renderer::Glow => RendererChoice::Glow,
        };
        let cli::Window { model, gallery, device, .. } = window;
        app::run(Options { model, gallery, device, renderer })
    })
}
