//! `cargo xtask demo`: the main job.

use crate::{image, workspace};
use anyhow::{Result, ensure};
use sealward_controlplane::node;
use std::process::Command;

/// How the demo runs.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Leave everything running at the end, and say how to look around
    #[arg(long)]
    keep: bool,
    /// Run the roles as Pods on a real node, from our image and deploy/install.yaml alone (root)
    #[arg(long)]
    node: bool,
}

/// Builds what the journey needs and walks it; an error unless every step was seen to happen.
pub(crate) fn run(args: Args) -> Result<()> {
    let Args { keep, node } = args;
    let programs = workspace::build()?;
    let mut journey = Command::new(programs.join("sealward-journey"));
    if keep {
        journey.arg("--keep");
    }
    if node {
        node::available()?;
        journey.arg("--node").arg(image::build(true)?);
    }
    ensure!(journey.status()?.success(), "the journey did not reach its end");
    Ok(())
}
