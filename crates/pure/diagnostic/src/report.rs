//! What a run found, with what a reader needs to weigh it.

use std::collections::BTreeSet;
use std::fmt;

use crate::{Diagnostic, Severity};

/// A rule that was applied, for output that lists rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its id, as in [`Diagnostic::rule`].
    pub id: String,
    /// What it asks for, in one sentence without full stop.
    pub summary: String,
    /// Why, and what to do, in a few sentences.
    pub description: Option<String>,
    /// A page about it.
    pub help_uri: Option<String>,
    /// How grave its findings are.
    pub severity: Severity,
}

/// The cluster's rules that judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleSource<'a> {
    /// Where they come from, such as `rules built into sealward` or `RuleSet "sealward" of a.yaml`.
    pub name: &'a str,
    /// Their digest, `sha256:…`.
    pub digest: &'a str,
}

/// The findings of one run.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// The program, `sealward`.
    pub tool: &'a str,
    /// Its version.
    pub version: &'a str,
    /// The rule set that judged, if one did.
    pub rule_set: Option<RuleSource<'a>>,
    /// How many files were looked at.
    pub files: usize,
    /// The rules that were applied.
    pub rules: &'a [Rule],
    /// What they found, in the order to print.
    pub diagnostics: &'a [Diagnostic],
}

/// How many findings there are of each severity, and in how many files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count {
    /// Errors.
    pub errors: usize,
    /// Warnings.
    pub warnings: usize,
    /// Notes.
    pub notes: usize,
    /// Files with a finding.
    pub files: usize,
}

impl Count {
    /// Counts `diagnostics`.
    pub fn of(diagnostics: &[Diagnostic]) -> Self {
        let number = |severity| diagnostics.iter().filter(|found| found.severity == severity).count();
        let files: BTreeSet<&str> = diagnostics.iter().map(|found| &*found.origin.path).collect();
        Self {
            errors: number(Severity::Error),
            warnings: number(Severity::Warning),
            notes: number(Severity::Note),
            files: files.len(),
        }
    }
}

impl fmt::Display for Count {
    /// `2 errors and 1 warning in 1 file`, or `no findings`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = [(self.errors, "error"), (self.warnings, "warning"), (self.notes, "note")]
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| plural(count, word))
            .collect();
        match parts.as_slice() {
            [] => f.write_str("no findings"),
            [one] => write!(f, "{one} in {}", plural(self.files, "file")),
            [first @ .., last] => {
                write!(f, "{} and {last} in {}", first.join(", "), plural(self.files, "file"))
            }
        }
    }
}

pub(crate) fn plural(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}
