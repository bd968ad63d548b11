//! The workspace: its root and its builds.

use anyhow::{Context as _, Result, ensure};
use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// The workspace's root folder.
pub(crate) fn root() -> Result<PathBuf> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    Ok(manifest.ancestors().nth(3).context("xtask stands three folders below the root")?.to_owned())
}

/// Runs cargo in the root, its output shown.
pub(crate) fn cargo(args: &[&str], environment: &[(&str, &str)]) -> Result<()> {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status =
        Command::new(program).current_dir(root()?).args(args).envs(environment.iter().copied()).status()?;
    ensure!(status.success(), "cargo {} failed", args.join(" "));
    Ok(())
}

/// Builds every program of the workspace in the debug profile; the folder that they are in.
pub(crate) fn build() -> Result<PathBuf> {
    cargo(&["build", "--workspace", "--bins", "--locked"], &[])?;
    Ok(target()?.join("debug"))
}

/// Cargo's target folder.
pub(crate) fn target() -> Result<PathBuf> {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => Ok(folder.into()),
        None => Ok(root()?.join("target")),
    }
}
