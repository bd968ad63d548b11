//! Why bytes are no documents.

use sealward_diagnostic::Origin;

/// Where reading stopped, why, and what to do. It quotes no scalar of the file, which may be secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{origin}: {message}")]
pub struct ReadError {
    /// Where.
    pub origin: Origin,
    /// What is wrong, in lower case.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl ReadError {
    /// An error at `origin`.
    pub fn new(origin: Origin, message: impl Into<String>) -> Self {
        Self { origin, message: message.into(), hint: None }
    }

    /// The same with what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
