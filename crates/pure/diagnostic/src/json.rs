//! For programs: one stable document.

use serde_json::{Value, json};

use crate::{Count, Diagnostic, Report};

/// `{version: 1, tool, ruleSet, ruleSource, filesRead, summary, diagnostics}`, indented, with a line break at its end.
/// Fields may be added within version 1; absent values are `null`, whole-file places have line 0.
pub fn write(report: &Report<'_>) -> String {
    let count = Count::of(report.diagnostics);
    let document = json!({
        "version": 1,
        "tool": { "name": report.tool, "version": report.version },
        "ruleSet": report.rule_set.map(|rules| rules.digest),
        "ruleSource": report.rule_set.map(|rules| rules.name),
        "filesRead": report.files,
        "summary": {
            "errors": count.errors,
            "warnings": count.warnings,
            "notes": count.notes,
            "files": count.files,
        },
        "diagnostics": report.diagnostics.iter().map(diagnostic).collect::<Vec<_>>(),
    });
    format!("{document:#}\n")
}

fn diagnostic(found: &Diagnostic) -> Value {
    json!({
        "rule": found.rule,
        "severity": found.severity.as_str(),
        "message": found.message,
        "path": &*found.origin.path,
        "line": found.origin.line,
        "column": found.origin.column,
        "span": found.span.as_ref().map(|span| json!({ "start": span.start, "end": span.end })),
        "object": found.object,
        "hint": found.hint,
        "excerpt": found.excerpt.as_ref().map(|excerpt| json!({
            "firstLine": excerpt.first_line,
            "lines": excerpt.lines,
            "caret": {
                "line": excerpt.caret.line,
                "column": excerpt.caret.column,
                "width": excerpt.caret.width,
            },
        })),
    })
}
