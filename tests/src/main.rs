//! `sealward-journey`: the main job, narrated; started by `cargo xtask demo`.

use std::io::{Write, stderr};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use sealward_acceptance::{Narrator, Options, journey};

/// One secret's whole journey: exit code 0 only if every step was seen to happen.
#[derive(Debug, Parser)]
struct Args {
    /// Leave everything running at the end, and say how to look around.
    #[arg(long)]
    keep: bool,
    /// Go on a real node, with the roles as Pods of this image (root).
    #[arg(long, value_name = "ARCHIVE")]
    node: Option<PathBuf>,
}

fn main() -> ExitCode {
    let Args { keep, node } = Args::parse();
    match journey(&Options { keep, node }, &mut Narrator::to_stdout()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(stderr(), "\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}
