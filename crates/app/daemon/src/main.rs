//! `sealwardd`: the three roles that run in a cluster, in one binary and one image.
//!
//! ```text
//! sealwardd sealer | webhook | reconciler
//! controller                                 the sealer, under Bitnami's name and with its command line
//! ```

mod controller;

use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};
use sealward_chassis::{hardening, logging};

/// Sealward's roles in a cluster.
#[derive(Debug, Parser)]
#[command(name = "sealwardd", version)]
struct Args {
    /// Lines for people, or JSON for machines [default: text].
    #[arg(long, global = true, env = "SEALWARD_LOG_FORMAT")]
    log_format: Option<logging::Format>,
    /// What is logged: error, warn, info, debug, trace, or a tracing filter [default: info].
    #[arg(long, global = true, env = "SEALWARD_LOG_LEVEL", value_parser = logging::level)]
    log_level: Option<String>,
    #[command(subcommand)]
    role: Role,
}

#[derive(Debug, Subcommand)]
enum Role {
    /// Opens SealedSecrets into Secrets.
    Sealer(Box<controller::Sealer>),
    /// Validates what is written to the API server: policy, and what Git owns.
    Webhook(sealward_webhook::Args),
    /// Applies what Git declares, and keeps it so.
    Reconciler(sealward_reconciler::Args),
}

fn main() -> ExitCode {
    let result = match controller::Controller::of(std::env::args_os()) {
        Some(controller) => controller.run(),
        None => run(Args::parse()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "ended with an error");
            ExitCode::FAILURE
        }
    }
}

fn run(args: Args) -> anyhow::Result<()> {
    let Args { log_format, log_level, role } = args;
    let plain = Logs { format: log_format, level: log_level, streams: logging::Streams::Stderr };
    match role {
        Role::Sealer(sealer) => sealer.run(plain),
        Role::Webhook(args) => start(plain, sealward_webhook::run(args)),
        Role::Reconciler(args) => start(plain, sealward_reconciler::run(args)),
    }
}

/// What is logged, and where.
#[derive(Debug)]
struct Logs {
    format: Option<logging::Format>,
    level: Option<String>,
    streams: logging::Streams,
}

/// Runs `role` to its end.
fn start(logs: Logs, role: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let level = logs.level.as_deref().unwrap_or("info");
    logging::init(logs.format.unwrap_or(logging::Format::Text), level, logs.streams)?;
    hardening::forbid_core_dumps().context("cannot switch core dumps off")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(role)
}
