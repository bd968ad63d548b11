//! `yaml/unreadable`: a manifest that cannot be read never reaches the cluster, and where it replaced
//! one that could, that one is pruned.

use sealward_diagnostic::{Diagnostic, Origin};

use crate::sources::Source;

pub(crate) const ID: &str = "yaml/unreadable";

pub(crate) fn check(source: &Source, found: &mut Vec<Diagnostic>) {
    if let Some(problem) = &source.unreadable {
        let origin = Origin::file(source.path.as_str());
        found.push(Diagnostic::error(ID, origin, problem.clone()));
    }
    for error in &source.errors {
        let mut diagnostic = Diagnostic::error(ID, error.origin.clone(), error.message.clone());
        if let Some(hint) = &error.hint {
            diagnostic = diagnostic.hint(hint.clone());
        }
        found.push(source.quote(diagnostic));
    }
}
