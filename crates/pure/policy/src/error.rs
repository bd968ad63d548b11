//! Why a rule set cannot be loaded.

use std::fmt;

/// Every cause for which a rule set was refused; nothing of it is in force.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct LoadError {
    /// In the order of templates and constraints; never empty.
    pub causes: Vec<Cause>,
}

/// One cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// The object, such as `ConstraintTemplate sealwardprivileged`, with file, line and column where
    /// it is about Rego.
    pub place: String,
    /// What is wrong with it.
    pub message: String,
}

impl Cause {
    pub(crate) fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place: place.into(), message: message.into() }
    }

    /// The same, with the file of the rule that it is about, where the rule has one.
    pub(crate) fn of_rule(mut self, rule: &str) -> Self {
        if rule.contains('/') {
            self.place = format!("{rule}/rule.rego: {}", self.place);
        }
        self
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the rule set cannot be loaded")?;
        self.causes.iter().try_for_each(|cause| write!(f, "\n  {cause}"))
    }
}
