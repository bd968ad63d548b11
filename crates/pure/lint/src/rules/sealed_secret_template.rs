//! `sealed-secret/template`: a text of a SealedSecret's `spec.template.data` that is no Go template, or calls a
//! function that the sealer refuses: the Secret would never be made.

use sealward_diagnostic::Diagnostic;
use sealward_sealing::{ParseError, template_problems};

use super::malformed_sealed_secret::is_sealed_secret;
use crate::sources::Source;

pub(crate) const ID: &str = "sealed-secret/template";

pub(crate) fn check(source: &Source, found: &mut Vec<Diagnostic>) {
    for manifest in source.manifests.iter().filter(|manifest| is_sealed_secret(manifest)) {
        for problem in template_problems(manifest) {
            let message = format!("item {:?} is no template: {}", problem.item, shown(&problem.error));
            let diagnostic = Diagnostic::error(ID, problem.origin, message)
                .object(manifest.id().to_string())
                .hint("what stands between {{ and }} is Go's text/template with sprig's functions; docs/templates.md lists them");
            found.push(source.quote(diagnostic));
        }
    }
}

/// What is wrong, without what Go quotes of the text: it may be plaintext that somebody put there, with `{{` in it.
fn shown(error: &ParseError) -> String {
    match error {
        ParseError::Malformed(text) => {
            let parts = text.split('"').enumerate();
            parts.map(|(index, part)| if index % 2 == 0 { part } else { "\"…\"" }).collect()
        }
        // The name of a function that is known, and a fixed text.
        ParseError::Refused { .. } | ParseError::Unsupported { .. } => error.to_string(),
    }
}
