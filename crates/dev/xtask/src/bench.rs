//! `cargo xtask bench`: our figures beside the peers'.

use crate::workspace;
use anyhow::{Result, ensure};
use std::process::Command;

/// What is measured.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The subject, such as `sealing`, and its flags
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    subject: Vec<String>,
}

/// Builds the release profile, and measures with it.
pub(crate) fn run(args: Args) -> Result<()> {
    let Args { subject } = args;
    workspace::cargo(&["build", "--workspace", "--bins", "--release", "--locked"], &[])?;
    let bench = workspace::target()?.join("release/sealward-bench");
    ensure!(Command::new(bench).args(subject).status()?.success(), "the measurement did not reach its end");
    Ok(())
}
