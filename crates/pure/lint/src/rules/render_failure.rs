//! `kustomization/does-not-render`: what the reconciler would refuse, it is told here.

use sealward_diagnostic::{Diagnostic, Origin};

use crate::rendered::Rendered;
use crate::sources::Sources;

pub(crate) const ID: &str = "kustomization/does-not-render";

pub(crate) fn check(sources: &Sources, rendered: &Rendered, found: &mut Vec<Diagnostic>) {
    for root in &rendered.roots {
        let Err(error) = &root.result else { continue };
        let origin = error.origin().cloned().unwrap_or_else(|| Origin::file(root.file.as_str()));
        let source = sources.get(&origin.path);
        if source.is_some_and(|source| !source.errors.is_empty()) {
            continue; // Said already, and better, by `yaml/unreadable`.
        }
        let mut diagnostic = Diagnostic::error(ID, origin, error.to_string());
        if let Some(hint) = error.hint() {
            diagnostic = diagnostic.hint(hint);
        }
        found.push(match source {
            Some(source) => source.quote(diagnostic),
            None => diagnostic,
        });
    }
}
