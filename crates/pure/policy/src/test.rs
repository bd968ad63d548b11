//! Runs the `test_…` rules of rule folders, as `opa test` does.

use std::time::Duration;

use sealward_snapshot::Snapshot;

use crate::folder::{self, FolderError};
use crate::rego::{Data, Module, Program, Run, Source, Version};

/// What became of one test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// `data.….test_…`.
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

fn failed(problem: &str) -> FolderError {
    let (path, message) = problem.split_once(": ").unwrap_or(("", problem));
    FolderError { path: path.to_owned(), message: message.to_owned() }
}
