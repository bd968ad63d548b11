//! `sealward lint`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;
use sealward_chassis::clock;
use sealward_diagnostic::{Diagnostic, Report, RuleSource, Severity, github, json, sarif, text};
use sealward_lint::{Findings, Options, lint, reads, rules};

use crate::failure::Failure;
use crate::output;
use crate::repository::Repository;
use crate::rule_set;

/// Exit code of a run that could not judge.
const COULD_NOT_RUN: u8 = 2;

/// Files and folders to lint, and how to tell.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Of the rest of the Git repository that the paths stand in, what decides about them is \
    read too: kustomizations that may include them, Flux' Kustomizations, Namespaces. What a file gets does \
    not depend on whether the others were asked for.\n\n\
    Exit codes: 0 clean, 1 findings, 2 could not run."
)]
pub(crate) struct Args {
    /// What to lint; the current folder by default.
    paths: Vec<PathBuf>,
    /// How findings are written.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// The least grave finding that makes the exit code 1.
    #[arg(long, value_enum, default_value_t = FailOn::Error)]
    fail_on: FailOn,
    /// A file of RuleSet objects, or a folder of policies, instead of the RuleSets in the repository.
    #[arg(long, value_name = "FILE|FOLDER")]
    rule_set: Vec<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
    Sarif,
    Github,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FailOn {
    Error,
    Warning,
    Note,
}

/// Lints and reports.
pub(crate) fn run(args: Args) -> Result<ExitCode, Failure> {
    judge(args).map_err(|failure| failure.code(COULD_NOT_RUN))
}

fn judge(args: Args) -> Result<ExitCode, Failure> {
    let Args { paths, format, fail_on, rule_set } = args;
    let repository = Repository::around(&paths)?;
    refuse_unread(&repository)?;
    let rule_set::Rules { compiled, source } = rule_set::load(&repository, &rule_set)?;
    let now_ns = i64::try_from(clock::now().as_nanosecond()).unwrap_or(i64::MAX);
    let options = Options { wanted: &|path| repository.wants(path), rules: Some(&compiled), now_ns };
    let Findings { mut diagnostics, files } = lint(&repository.snapshot, &options);
    if matches!(format, Format::Text) {
        // A person stands somewhere; programs know the repository's root.
        let shown = |found: Diagnostic| found.relocated(|path| repository.shown(path));
        diagnostics = diagnostics.into_iter().map(shown).collect();
    }
    let report = Report {
        tool: "sealward",
        version: env!("CARGO_PKG_VERSION"),
        rule_set: Some(RuleSource { name: &source, digest: compiled.digest() }),
        files,
        rules: &rules(Some(&compiled)),
        diagnostics: &diagnostics,
    };
    let written = match format {
        Format::Text => text::write(&report, text::Style::Plain),
        Format::Json => json::write(&report),
        Format::Sarif => sarif::write(&report),
        Format::Github => github::write(&report),
    };
    output::data(written.as_bytes())?;
    if !repository.unseen.is_empty() {
        return Err(Failure::of(format!("nobody could look at {}", repository.unseen.join(", ")))
            .hint("run lint as a user who may read all of it"));
    }
    let limit = match fail_on {
        FailOn::Error => Severity::Error,
        FailOn::Warning => Severity::Warning,
        FailOn::Note => Severity::Note,
    };
    let failed = diagnostics.iter().any(|found| found.severity <= limit);
    Ok(if failed { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

/// A file that no rule looks at is left out with a word; when there is nothing else, nobody was served.
fn refuse_unread(repository: &Repository) -> Result<(), Failure> {
    let is_unread = |path: &&String| repository.snapshot.entry(path).is_some() && !reads(path);
    let unread: Vec<&String> = repository.scope.iter().filter(is_unread).collect();
    let Some(first) = unread.first() else { return Ok(()) };
    if unread.len() == repository.scope.len() {
        let path = repository.shown(first);
        return Err(Failure::of(format!("{path} is neither YAML nor JSON by its name, and is not read"))
            .hint("lint reads *.yaml, *.yml, *.json and kustomizations; rename it or leave it out"));
    }
    for path in unread {
        let path = repository.shown(path);
        output::talk(&format!("warning: {path} is neither YAML nor JSON by its name, and is left out\n"));
    }
    Ok(())
}
