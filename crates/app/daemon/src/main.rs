//! `sealwardd`: the three roles that run in a cluster, in one binary and one image.
//!
//! ```text
//! sealwardd sealer | webhook | reconciler
//! ```

use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};
use sealward_chassis::{hardening, logging};

/// Sealward's roles in a cluster.
#[derive(Debug, Parser)]
#[command(name = "sealwardd", version)]
struct Args {
    /// Lines for people, or JSON for machines.
    #[arg(long, global = true, env = "SEALWARD_LOG_FORMAT", default_value = "text")]
    log_format: logging::Format,
    /// What is logged: error, warn, info, debug, trace, or a tracing filter.
    #[arg(long, global = true, env = "SEALWARD_LOG_LEVEL", default_value = "info")]
    log_level: String,
    #[command(subcommand)]
    role: Role,
}

#[derive(Debug, Subcommand)]
enum Role {
    /// Opens SealedSecrets into Secrets.
    Sealer(sealward_sealer::Args),
    /// Validates what is written to the API server: policy, and what Git owns.
    Webhook(sealward_webhook::Args),
    /// Applies what Git declares, and keeps it so.
    Reconciler(sealward_reconciler::Args),
}

fn main() -> ExitCode {
    match run(Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "ended with an error");
            ExitCode::FAILURE
        }
    }
}

fn run(args: Args) -> anyhow::Result<()> {
    let Args { log_format, log_level, role } = args;
    logging::init(log_format, &log_level)?;
    hardening::forbid_core_dumps().context("cannot switch core dumps off")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match role {
            Role::Sealer(args) => sealward_sealer::run(args).await,
            Role::Webhook(args) => sealward_webhook::run(args).await,
            Role::Reconciler(args) => sealward_reconciler::run(args).await,
        }
    })
}
