//! Benchmarks: our figure and the peer's, from the same run on the same machine.
//!
//! ```text
//! sealing:  Secrets ─▶ seal ── ours, kubeseal ──────────────────────────┐
//!           SealedSecrets ─▶ open ── ours, the real controller, floor ──┼─▶ table, in Markdown
//!           5,000 objects ─▶ CPU and memory of both, then idle ─────────┤
//!           300 namespaces ─▶ start to ready; 4,000 ─▶ restart ─────────┘
//! ```
//!
//! **Invariants:** every figure is measured in this run, beside the versions of what was measured. Nothing
//! here is a test: no figure makes it fail.

#![expect(clippy::indexing_slicing, reason = "JSON is read by it: what is not there is null")]

mod process;
mod sealing;
mod table;

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Prints a result on stdout.
fn print(text: &str) {
    // Nothing can be done about a closed stdout.
    drop(std::io::stdout().write_all(text.as_bytes()));
}

/// Measures what Sealward does beside what it replaces.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench")]
struct Args {
    #[command(subcommand)]
    subject: Subject,
}

#[derive(Debug, Subcommand)]
enum Subject {
    /// Sealing and opening, beside kubeseal and the sealed-secrets controller
    Sealing(sealing::Args),
}

fn main() -> ExitCode {
    let done = match Args::parse().subject {
        Subject::Sealing(args) => sealing::run(&args),
    };
    let Err(error) = done else { return ExitCode::SUCCESS };
    // Nothing can be done about a closed stderr.
    drop(writeln!(std::io::stderr(), "error: {error:#}"));
    ExitCode::FAILURE
}
