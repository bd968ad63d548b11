//! `cargo xtask codegen`: files made from others: the rule set from `policies/`, the install files from
//! `deploy/`.

use crate::workspace;
use anyhow::{Context as _, Result, ensure};
use sealward_controlplane::tools;
use std::{fs, path::Path, process::Command};

/// Each generated file, and what makes it.
const FILES: &[(&str, Source)] = &[
    ("deploy/policies/ruleset.yaml", Source::Policies("policies")),
    ("deploy/install.yaml", Source::Kustomization("deploy/install")),
    ("deploy/install-beside-flux.yaml", Source::Kustomization("deploy/install-beside-flux")),
];

enum Source {
    Policies(&'static str),
    Kustomization(&'static str),
}

/// Nothing to choose.
#[derive(clap::Args)]
pub(crate) struct Args {}

/// Writes them all.
pub(crate) fn run(Args {}: Args) -> Result<()> {
    let root = workspace::root()?;
    workspace::build()?;
    for (path, source) in FILES {
        let text = make(&root, source).with_context(|| format!("cannot make {path}"))?;
        fs::write(root.join(path), text)?;
    }
    // The rule set is part of the programs, as what they use where a repository has none.
    workspace::build().map(drop)
}

/// Fails when one of them is not what would be made now. The programs must be built.
pub(crate) fn check() -> Result<()> {
    let root = workspace::root()?;
    for (path, source) in FILES {
        let fresh = make(&root, source).with_context(|| format!("cannot make {path}"))?;
        let committed = fs::read_to_string(root.join(path)).with_context(|| path.to_string())?;
        ensure!(committed == fresh, "{path} is stale; run `cargo xtask codegen`");
    }
    Ok(())
}

fn make(root: &Path, source: &Source) -> Result<String> {
    let mut command = match source {
        Source::Policies(folder) => {
            let mut command = Command::new(workspace::target()?.join("debug/sealward"));
            command.args(["policy", "build", folder]);
            command
        }
        Source::Kustomization(folder) => {
            let mut command = Command::new(tools::path("kustomize")?);
            command.args(["build", folder]);
            command
        }
    };
    let output = command.current_dir(root).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(String::from_utf8(output.stdout)?)
}
