//! `sealward lint`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;
use sealward_chassis::clock;
use sealward_diagnostic::{Report, Severity, github, json, sarif, text};
use sealward_lint::{Options, lint, reads, rules};

use crate::failure::Failure;
use crate::output;
use crate::repository::{Repository, is_within};
use crate::rule_set;

/// Exit code of a run that could not judge.
const COULD_NOT_RUN: u8 = 2;

/// Files and folders to lint; the repository around them is read too, because what a file means depends
/// on the kustomization that includes it. Exit codes: 0 clean, 1 findings, 2 could not run.
#[derive(Debug, clap::Args)]
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
    for path in &paths {
        if !path.exists() {
            return Err(Failure::of(format!("no file or folder {}", path.display())));
        }
    }
    let repository = Repository::around(&paths)?;
    let scope = paths.iter().map(|path| repository.relative(path)).collect::<Result<Vec<_>, _>>()?;
    let scope = if scope.is_empty() { vec![repository.relative(&PathBuf::from("."))?] } else { scope };
    let unread = scope.iter().find(|path| repository.snapshot.entry(path).is_some() && !reads(path));
    if let Some(path) = unread {
        let failure = Failure::of(format!("{path} is neither YAML nor JSON by its name, and is not read"));
        return Err(
            failure.hint("lint reads *.yaml, *.yml, *.json and kustomizations; rename it or leave it out")
        );
    }
    let compiled = rule_set::load(&repository.snapshot, &rule_set)?;
    let wanted = |path: &str| scope.iter().any(|wanted| is_within(path, wanted));
    let now_ns = i64::try_from(clock::now().as_nanosecond()).unwrap_or(i64::MAX);
    let options = Options { wanted: &wanted, rules: Some(&compiled), now_ns };
    let diagnostics = lint(&repository.snapshot, &options);
    let report = Report {
        tool: "sealward",
        version: env!("CARGO_PKG_VERSION"),
        rule_set: Some(compiled.digest()),
        rules: &rules(),
        diagnostics: &diagnostics,
    };
    let written = match format {
        Format::Text => text::write(&report, text::Style::Plain),
        Format::Json => json::write(&report),
        Format::Sarif => sarif::write(&report),
        Format::Github => github::write(&report),
    };
    output::data(written.as_bytes())?;
    if repository.unseen {
        return Err(Failure::of("a part of the repository could not be looked at; see the warnings")
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
