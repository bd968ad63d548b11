//! For GitHub Actions: workflow commands that annotate the changed files.

use std::fmt::Write as _;

use crate::{Diagnostic, Report, Severity};

/// One `::error file=…,line=…,col=…,title=…::message` a finding.
/// See <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>.
pub fn write(report: &Report<'_>) -> String {
    report.diagnostics.iter().map(command).collect()
}

fn command(found: &Diagnostic) -> String {
    let level = match found.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let mut out = format!("::{level} file={}", property(&found.origin.path));
    if found.origin.line > 0 {
        let _ = write!(out, ",line={}", found.origin.line);
        if found.origin.column > 0 {
            let _ = write!(out, ",col={}", found.origin.column);
        }
    }
    let _ = write!(out, ",title={}::{}", property(&found.rule), data(&found.message));
    for (name, text) in [("object", &found.object), ("hint", &found.hint)] {
        if let Some(text) = text {
            let _ = write!(out, "%0A{name}: {}", data(text));
        }
    }
    out.push('\n');
    out
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
