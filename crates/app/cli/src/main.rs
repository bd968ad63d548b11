//! `sealward`: what a desk and a CI job do with a GitOps repository.
//!
//! ```text
//! seal    Secret → SealedSecret           lint    what is wrong in a repository
//! open    SealedSecret → Secret           render  what a folder comes to
//! policy  build | test: rule sets from folders
//! ```
//!
//! Started under the name `kubeseal` it is kubeseal: see `compat`.
//!
//! stdout is data, stderr is talk. Exit codes: 0 done or clean, 1 failed or findings, 2 could not run.

mod compat;
mod failure;
mod lint;
mod open;
mod output;
mod policy;
mod render;
mod repository;
mod rule_set;
mod seal;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use failure::Failure;

/// Secrets and policy of a GitOps repository in one hand.
#[derive(Debug, Parser)]
#[command(name = "sealward", version)]
struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Seals Secrets so that they can stand in Git.
    Seal(Box<seal::Args>),
    /// Opens SealedSecrets with keys from files: what disaster recovery needs.
    Open(open::Args),
    /// Says what is wrong in a repository: secrets in plaintext, misplaced SealedSecrets, broken rules.
    Lint(lint::Args),
    /// Prints what a folder of manifests or a kustomization comes to, values of Secrets redacted.
    Render(render::Args),
    /// Makes and tests rule sets.
    #[command(subcommand)]
    Policy(policy::Verb),
}

fn main() -> ExitCode {
    if let Some(tool) = compat::Tool::of_this_process() {
        return tool.run();
    }
    let done = match Args::parse().verb {
        Verb::Seal(args) => seal::run(*args),
        Verb::Open(args) => open::run(args),
        Verb::Lint(args) => lint::run(args),
        Verb::Render(args) => render::run(args),
        Verb::Policy(verb) => policy::run(verb),
    };
    done.unwrap_or_else(|failure: Failure| failure.report())
}
