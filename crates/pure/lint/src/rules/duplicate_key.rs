//! `yaml/duplicate-key`: kubectl silently takes the last of two equal keys, so half of what stands in
//! the file means nothing.

use sealward_diagnostic::Diagnostic;

use crate::sources::Source;

pub(crate) const ID: &str = "yaml/duplicate-key";

pub(crate) fn check(source: &Source, found: &mut Vec<Diagnostic>) {
    for duplicate in &source.duplicates {
        let message = format!("key {:?} stands twice in one mapping; the last one counts", duplicate.key);
        let diagnostic = Diagnostic::error(ID, duplicate.again.clone(), message)
            .hint(format!("the first one is at {}; remove one of them", duplicate.first));
        found.push(source.quote(diagnostic));
    }
}
