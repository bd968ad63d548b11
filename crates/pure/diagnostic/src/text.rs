//! For a person at a terminal: framed excerpts.

use std::fmt::Write as _;

use crate::report::plural;
use crate::{Count, Diagnostic, Excerpt, Report, RuleSource, Severity, visible};

/// Whether colours are used; the text says the same without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// No escape sequences.
    Plain,
    /// ANSI colours.
    Colour,
}

const BOLD: &str = "\u{1b}[1m";
const RED: &str = "\u{1b}[1;31m";
const YELLOW: &str = "\u{1b}[1;33m";
const BLUE: &str = "\u{1b}[1;34m";
const RESET: &str = "\u{1b}[0m";

/// Every finding with its excerpt, then one line that counts them, says how many files were looked at and
/// names the rule set.
pub fn write(report: &Report<'_>, style: Style) -> String {
    let mut out = String::new();
    for found in report.diagnostics {
        diagnostic(&mut out, found, style);
        out.push('\n');
    }
    out.push_str(&Count::of(report.diagnostics).to_string());
    let files = plural(report.files, "file");
    let _ = if report.diagnostics.is_empty() {
        write!(out, " in {files}")
    } else {
        write!(out, "; looked at {files}")
    };
    if let Some(RuleSource { name, digest }) = report.rule_set {
        let _ = write!(out, " ({}, {digest})", visible(name));
    }
    out.push('\n');
    out
}

/// One finding with its excerpt.
pub fn one(found: &Diagnostic, style: Style) -> String {
    let mut out = String::new();
    diagnostic(&mut out, found, style);
    out
}

fn diagnostic(out: &mut String, found: &Diagnostic, style: Style) {
    let paint = |text: &str, colour: &str| match style {
        Style::Plain => text.to_owned(),
        Style::Colour => format!("{colour}{text}{RESET}"),
    };
    let colour = match found.severity {
        Severity::Error => RED,
        Severity::Warning => YELLOW,
        Severity::Note => BLUE,
    };
    let title = paint(&format!("{}[{}]", found.severity, visible(&found.rule)), colour);
    let message = paint(&visible(&found.message), BOLD);
    let last = found.excerpt.as_ref().map_or(0, |excerpt| excerpt.first_line as usize + excerpt.lines.len());
    let margin = last.saturating_sub(1).to_string().len();
    let _ = writeln!(out, "{title}: {message}");
    let _ = writeln!(out, "{:margin$}{} {}", "", paint("-->", BLUE), visible(&found.origin.to_string()));
    let bar = paint("|", BLUE);
    if let Some(excerpt) = &found.excerpt {
        frame(out, excerpt, margin, &bar, |text| paint(text, BLUE), |text| paint(text, colour));
    }
    let notes = [("object", &found.object), ("hint", &found.hint)];
    for (name, text) in notes.iter().filter_map(|(name, text)| text.as_ref().map(|text| (name, text))) {
        let mut lines = text.lines();
        let first = visible(lines.next().unwrap_or_default());
        let _ = writeln!(out, "{:margin$} {} {name}: {first}", "", paint("=", BLUE));
        for line in lines {
            let _ = writeln!(out, "{:margin$}   {:name$}  {}", "", "", visible(line), name = name.len());
        }
    }
}

fn frame(
    out: &mut String,
    excerpt: &Excerpt,
    margin: usize,
    bar: &str,
    number: impl Fn(&str) -> String,
    underline: impl Fn(&str) -> String,
) {
    let _ = writeln!(out, "{:margin$} {bar}", "");
    for (line, text) in (excerpt.first_line..).zip(&excerpt.lines) {
        let shown = number(&format!("{line:margin$}"));
        let _ = writeln!(out, "{}", format!("{shown} {bar} {text}").trim_end());
        if line == excerpt.caret.line {
            let before = excerpt.caret.column.saturating_sub(1) as usize;
            let marks = underline(&"^".repeat(excerpt.caret.width as usize));
            let _ = writeln!(out, "{:margin$} {bar} {:before$}{marks}", "", "");
        }
    }
    let _ = writeln!(out, "{:margin$} {bar}", "");
}
