//! How parsing and execution fail, in Go's words.

use std::fmt;

use super::budget::Limit;

/// Why a text is no template. The texts quote the template, never data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// It is not well formed, or calls a function that nobody knows: Go's text, complete.
    #[error("{0}")]
    Malformed(String),
    /// It calls a function that exists elsewhere and is refused here.
    #[error("template: {template}:{line}: function {function:?} is not supported: {why}")]
    Refused {
        /// The name of the template.
        template: String,
        /// The line of the call.
        line: usize,
        /// The name of the function.
        function: String,
        /// The reason.
        why: &'static str,
    },
    /// It is well formed for Go and beyond what this engine reads: nested too deep, too long, complex numbers.
    #[error("template: {template}:{line}: {what}")]
    Unsupported {
        /// The name of the template.
        template: String,
        /// The line where it became too much.
        line: usize,
        /// What is not supported.
        what: &'static str,
    },
}

/// Why an execution stopped. `Display` quotes the template but holds no data; [`ExecuteError::detailed`] is
/// Go's text, data included.
#[derive(Clone, PartialEq, Eq)]
pub struct ExecuteError {
    /// `template: NAME:LINE:COLUMN: executing "NAME" at <NODE>: `.
    pub(super) place: String,
    /// What follows, as Go says it.
    pub(super) detail: String,
    /// What follows, without data.
    pub(super) public: String,
    pub(super) limit: Option<Limit>,
}

impl ExecuteError {
    /// Go's text, exactly. It can quote data (what `fail` was given, an index out of range): only for the
    /// one who may read the data anyway, never for status, events or logs.
    pub fn detailed(&self) -> String {
        format!("{}{}", self.place, self.detail)
    }

    /// The limit that was exceeded, when that is the cause.
    pub fn limit(&self) -> Option<Limit> {
        self.limit
    }
}

impl fmt::Debug for ExecuteError {
    /// As `Display`: without data, too.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ExecuteError({self})")
    }
}

impl fmt::Display for ExecuteError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}{}", self.place, self.public)
    }
}

impl std::error::Error for ExecuteError {}
