//! Sealing and opening, beside kubeseal and the sealed-secrets controller.

mod controllers;
mod fleet;
mod floor;
mod open;
mod scale;
mod seal;

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;
use sealward_acceptance::binary;
use sealward_controlplane::tools;

use crate::table::{Table, say};

/// How much is measured.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Secrets that are sealed, and SealedSecrets that are opened
    #[arg(long, default_value_t = 1000)]
    objects: usize,
    /// SealedSecrets of the measurement of CPU and memory
    #[arg(long, default_value_t = 5000)]
    many: usize,
    /// SealedSecrets that stand when the controllers are started again
    #[arg(long, default_value_t = 4000)]
    restart: usize,
    /// Namespaces that the controllers are told to serve
    #[arg(long, default_value_t = 300)]
    namespaces: usize,
}

/// The programs that are compared.
#[derive(Debug)]
struct Programs {
    sealward: PathBuf,
    sealwardd: PathBuf,
    kubeseal: PathBuf,
    controller: PathBuf,
}

/// Measures, and prints the table on stdout.
pub(crate) fn run(args: &Args) -> Result<()> {
    let programs = Programs {
        sealward: binary("sealward")?,
        sealwardd: binary("sealwardd")?,
        kubeseal: tools::path("kubeseal")?,
        controller: tools::path("sealed-secrets-controller")?,
    };
    let mut table = Table::default();
    for program in [&programs.sealward, &programs.kubeseal, &programs.controller] {
        let output = Command::new(program).arg("--version").output()?;
        say(String::from_utf8_lossy(&output.stdout).trim());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    seal::measure(&programs, args, &mut table)?;
    floor::arithmetic(&mut table)?;
    runtime.block_on(open::measure(&programs, args, &mut table))?;
    runtime.block_on(scale::measure(&programs, args, &mut table))?;
    crate::print(&table.markdown());
    Ok(())
}
