//! What a review comes to.

use serde_json::Value;

/// What follows from a violation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// The object is refused.
    Deny,
    /// The object passes, and the person is told.
    Warn,
    /// The object passes; it is counted and logged only.
    DryRun,
}

/// One reason why an object breaks a rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Violation {
    /// The rule's id, `<category>/<rule>`; for templates without that annotation, their constraint kind.
    pub rule: String,
    /// Name of the constraint.
    pub constraint: String,
    /// What follows.
    pub action: Action,
    /// What is wrong, for a person; scrubbed of Secret values.
    pub message: String,
    /// What the rule tells programs; scrubbed too. `{}` when it tells nothing.
    pub details: Value,
}
