//! What is wrong, where, and what to do about it.
//!
//! ```text
//! rule · severity · message ─┐
//! Origin { path, line, col } ├─▶ Diagnostic ─┐
//! hint · excerpt (masked)  ──┘               ├─▶ Report ──▶ text::write | json | sarif | github
//!                       rules · rule set ────┘
//! ```
//!
//! **Invariants:** a diagnostic holds no secret: [`Excerpt::of`] masks what its caller names as one,
//! and whoever writes a message quotes no value. Renderers print no control character of a file.

mod excerpt;
pub mod github;
pub mod json;
mod origin;
mod report;
pub mod sarif;
#[cfg(test)]
mod tests;
pub mod text;

use std::fmt;
use std::ops::Range;

pub use excerpt::{Caret, Excerpt, MASK};
pub use origin::Origin;
pub use report::{Count, Report, Rule, RuleSource};

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// It must be changed.
    Error,
    /// It should be changed.
    Warning,
    /// Good to know.
    Note,
}

impl Severity {
    /// `error`, `warning` or `note`: the words of SARIF's levels too.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The rule that found it, such as `secret/plaintext`.
    pub rule: String,
    /// How grave it is.
    pub severity: Severity,
    /// What is wrong, in one sentence without full stop.
    pub message: String,
    /// Where.
    pub origin: Origin,
    /// What to do.
    pub hint: Option<String>,
    /// The object it is about, such as `Deployment.apps web/api`.
    pub object: Option<String>,
    /// The lines around it, masked.
    pub excerpt: Option<Excerpt>,
    /// The bytes of the file it is about.
    pub span: Option<Range<usize>>,
}

impl Diagnostic {
    /// A finding of `rule` at `origin`.
    pub fn new(
        rule: impl Into<String>,
        severity: Severity,
        origin: Origin,
        message: impl Into<String>,
    ) -> Self {
        Self {
            rule: rule.into(),
            severity,
            message: message.into(),
            origin,
            hint: None,
            object: None,
            excerpt: None,
            span: None,
        }
    }

    /// An error of `rule` at `origin`.
    pub fn error(rule: impl Into<String>, origin: Origin, message: impl Into<String>) -> Self {
        Self::new(rule, Severity::Error, origin, message)
    }

    /// A warning of `rule` at `origin`.
    pub fn warning(rule: impl Into<String>, origin: Origin, message: impl Into<String>) -> Self {
        Self::new(rule, Severity::Warning, origin, message)
    }

    /// A note of `rule` at `origin`.
    pub fn note(rule: impl Into<String>, origin: Origin, message: impl Into<String>) -> Self {
        Self::new(rule, Severity::Note, origin, message)
    }

    /// The same with what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same with the object it is about.
    #[must_use]
    pub fn object(mut self, object: impl Into<String>) -> Self {
        self.object = Some(object.into());
        self
    }

    /// The same with the bytes it is about.
    #[must_use]
    pub fn span(mut self, span: Range<usize>) -> Self {
        self.span = Some(span);
        self
    }

    /// The same with the lines around its origin, taken from `source`, the file's whole text; the
    /// bytes of `secrets` are masked and those of its span, if it has one, are underlined.
    #[must_use]
    pub fn excerpt(mut self, source: &str, secrets: &[Range<usize>]) -> Self {
        self.excerpt = Excerpt::of(source, &self.origin, self.span.as_ref(), secrets);
        self
    }

    /// The same with its path as `rename` gives it, for readers who stand elsewhere than in the root.
    #[must_use]
    pub fn relocated(mut self, rename: impl FnOnce(&str) -> String) -> Self {
        self.origin.path = rename(&self.origin.path).into();
        self
    }

    /// Sorts by path, line, column, rule and message.
    pub fn sort(diagnostics: &mut [Self]) {
        diagnostics.sort_by(|a, b| {
            (&a.origin, &a.rule, &a.message, &a.object).cmp(&(&b.origin, &b.rule, &b.message, &b.object))
        });
    }
}

/// The text with every control character (line breaks too) as a visible sign, so that a file cannot
/// steer a terminal.
pub(crate) fn visible(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\t' | '\n' => ' ',
            character if character.is_control() || is_direction(character) => '\u{fffd}',
            character => character,
        })
        .collect()
}

/// Marks that reorder text on screen.
fn is_direction(character: char) -> bool {
    matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
