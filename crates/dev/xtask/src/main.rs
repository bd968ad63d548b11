//! The project's own commands: `cargo xtask <verb>`. One file a verb; it starts things and stays light.

mod bench;
mod codegen;
mod controlplane;
mod demo;
mod image;
mod interrupt;
mod test;
mod tools;
mod workspace;

use clap::{Parser, Subcommand};
use std::{
    io::{Write as _, stderr},
    process::ExitCode,
};

/// Builds, starts and checks what the project needs.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_help_subcommand = true)]
struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// The main job: one secret's whole journey on a real API server, narrated
    Demo(demo::Args),
    /// Every test
    Test(test::Args),
    /// Our figures beside those of what we replace, from one run
    Bench(bench::Args),
    /// Write the files that are made from others
    Codegen(codegen::Args),
    /// One image for the three roles, as an archive
    Image(image::Args),
    /// Build the real programs that tests and the demo run, and print their paths
    Tools(tools::Args),
    /// A real control plane to play with
    Controlplane(controlplane::Args),
}

fn main() -> ExitCode {
    let done = match Args::parse().verb {
        Verb::Demo(args) => demo::run(args),
        Verb::Test(args) => test::run(args),
        Verb::Bench(args) => bench::run(args),
        Verb::Codegen(args) => codegen::run(args),
        Verb::Image(args) => image::run(args),
        Verb::Tools(args) => tools::run(args),
        Verb::Controlplane(args) => controlplane::run(args),
    };
    let Err(error) = done else { return ExitCode::SUCCESS };
    // Nothing can be done about a closed stderr.
    drop(writeln!(stderr(), "error: {error:#}"));
    ExitCode::FAILURE
}
