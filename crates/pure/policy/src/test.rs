//! Runs the `test_…` rules of rule folders, as `opa test` does.

use std::time::Duration;

use sealward_snapshot::Snapshot;

use crate::Review;
use crate::folder::{self, FolderError, Sample, Verdict};
use crate::load::CompiledRules;
use crate::rego::{Data, Module, Program, Run, Source, Version};

/// What became of one test or sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// `data.….test_…`; for a sample `allowed`, or `denied by <category>/<rule>`.
    pub name: String,
    /// The file it stands in.
    pub file: String,
    /// Whether it is true.
    pub passed: bool,
    /// Why not, where it could not be evaluated.
    pub error: Option<String>,
    /// What it printed.
    pub prints: Vec<String>,
}

/// Longest time for one test.
const LIMIT: Duration = Duration::from_secs(10);

/// Runs every test rule of the `*.rego` files below folder `policies`, in order of file and name. All
/// files are loaded together, in Rego v1. A `todo_test_…` rule is no test.
///
/// # Errors
/// [`FolderError`] with the first file that cannot be read or does not load.
pub fn run(snapshot: &Snapshot, policies: &str) -> Result<Vec<Outcome>, FolderError> {
    let mut modules = Vec::new();
    for (path, _) in snapshot.under(policies).filter(|(path, _)| path.ends_with(".rego")) {
        let text = folder::text(snapshot, path)?;
        let module = Module::parse(&Source { file: path, text: &text, version: Version::V1 });
        modules.push(module.map_err(|problem| failed(&problem.to_string()))?);
    }
    let program = Program::build(&modules, Data::All).map_err(|problems| {
        let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
        failed(&texts.join("\n"))
    })?;
    let mut outcomes = Vec::new();
    for module in &modules {
        let mut names: Vec<String> = module
            .rules()
            .map(|(path, _)| path)
            .filter(|path| path.last().is_some_and(|name| name.starts_with("test_")))
            .map(|path| path.join("."))
            .collect();
        names.dedup();
        for name in names {
            let run = Run { now: Some(0), limit: LIMIT };
            let (passed, prints, error) = match program.truth(&name, &serde_json::Value::Null, run) {
                Ok((passed, prints)) => (passed, prints, None),
                Err(error) => (false, Vec::new(), Some(error.to_string())),
            };
            outcomes.push(Outcome { name, file: module.file.clone(), passed, error, prints });
        }
    }
    Ok(outcomes)
}

/// Holds each sample against the verdict it is named for: `allow-` passes every rule of `rules`, `deny-`
/// is refused by its own. Samples are reviewed as lint reviews a file, at 1970 and in an unknown namespace.
pub fn judge(rules: &CompiledRules, samples: &[Sample]) -> Vec<Outcome> {
    samples.iter().map(|sample| outcome(rules, sample)).collect()
}

fn outcome(rules: &CompiledRules, sample: &Sample) -> Outcome {
    let violations = rules.review(&Review::of_manifest(&sample.manifest, None).at(0));
    let (name, error) = match sample.verdict {
        Verdict::Allow => {
            let first = violations.first();
            let broken = first.map(|found| format!("{} says: {}", found.rule, found.message));
            ("allowed".to_owned(), broken)
        }
        Verdict::Deny => {
            let own = violations.iter().any(|found| found.rule == sample.rule);
            let silent = (!own).then(|| "its rule finds nothing wrong with it".to_owned());
            (format!("denied by {}", sample.rule), silent)
        }
    };
    Outcome { name, file: sample.path.clone(), passed: error.is_none(), error, prints: Vec::new() }
}

fn failed(problem: &str) -> FolderError {
    let (path, message) = problem.split_once(": ").unwrap_or(("", problem));
    FolderError { path: path.to_owned(), message: message.to_owned() }
}
