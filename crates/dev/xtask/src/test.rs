//! `cargo xtask test`: every test.

use crate::{codegen, image, workspace};
use anyhow::{Result, ensure};
use sealward_controlplane::{node, tools};
use std::{
    io::{Write as _, stderr},
    process::Command,
    time::Instant,
};

/// How the tests run.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Fail where the tests on a real node cannot run; installs what they need (root, Debian)
    #[arg(long)]
    node: bool,
}

/// Builds the real programs, checks generated files, then runs the tests of policies and of every crate.
pub(crate) fn run(args: Args) -> Result<()> {
    let Args { node } = args;
    let mut times = Vec::new();
    let mut timed = |name: &'static str, work: &mut dyn FnMut() -> Result<()>| -> Result<()> {
        let start = Instant::now();
        let done = work();
        times.push((name, start.elapsed().as_secs()));
        done
    };
    timed("real programs", &mut || {
        if node {
            node::install()?;
        }
        tools::PROGRAMS.iter().try_for_each(|program| tools::path(program.name).map(drop))?;
        Ok(())
    })?;
    timed("build", &mut || workspace::build().map(drop))?;
    let with_node = node || node::available().is_ok();
    if with_node {
        timed("image", &mut || image::build(true).map(drop))?;
    }
    timed("generated files", &mut || codegen::check())?;
    timed("policies, by opa", &mut policies_by_opa)?;
    timed("cargo test", &mut || {
        let required = [("SEALWARD_NODE", "required")];
        workspace::cargo(
            &["test", "--workspace", "--locked", "--no-fail-fast"],
            if node { &required } else { &[] },
        )
    })?;
    for (name, seconds) in times {
        // Nothing can be done about a closed stderr.
        drop(writeln!(stderr(), "{seconds:6} s  {name}"));
    }
    Ok(())
}

/// The unit tests of the policies under the real OPA; our own evaluator runs them in `cargo test`.
fn policies_by_opa() -> Result<()> {
    let opa = tools::path("opa")?;
    let status = Command::new(opa)
        .current_dir(workspace::root()?)
        .args(["test", "policies", "--ignore", "*.yaml"])
        .status()?;
    ensure!(status.success(), "opa test policies failed");
    Ok(())
}
