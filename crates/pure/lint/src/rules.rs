//! The rules: one file each.

mod duplicate_key;
mod malformed_sealed_secret;
mod misplaced_sealed_secret;
mod plaintext_secret;
mod policy;
mod render_failure;
mod sealed_for_sealward;
mod unreadable;
mod unsupported_flux;

use sealward_diagnostic::{Diagnostic, Rule, Severity};
use sealward_snapshot::Snapshot;

use crate::Options;
use crate::rendered::Rendered;
use crate::sources::{Source, Sources};

/// Id, severity and what it asks for, of each rule on source files.
const INDEX: &[(&str, Severity, &str)] = &[
    (unreadable::ID, Severity::Error, "Every YAML and JSON manifest can be read"),
    (duplicate_key::ID, Severity::Error, "A mapping has each key once"),
    (plaintext_secret::ID, Severity::Error, "No Secret stands in Git in plaintext"),
    (malformed_sealed_secret::ID, Severity::Error, "Every sealed value has the shape of one"),
    (misplaced_sealed_secret::ID, Severity::Error, "A SealedSecret arrives under the name it was sealed for"),
    (sealed_for_sealward::ID, Severity::Warning, "What only Sealward's sealer can open is known to be so"),
    (unsupported_flux::ID, Severity::Warning, "Flux objects use only what the reconciler supports"),
    (render_failure::ID, Severity::Error, "Every kustomization renders"),
];

/// The index, as reports take it.
pub(crate) fn index() -> Vec<Rule> {
    let rule = |(id, severity, summary): &(&str, Severity, &str)| Rule {
        id: (*id).to_owned(),
        summary: (*summary).to_owned(),
        help_uri: None,
        severity: *severity,
    };
    INDEX.iter().map(rule).collect()
}

/// What is wrong with one file by itself.
pub(crate) fn on_source(source: &Source, snapshot: &Snapshot, found: &mut Vec<Diagnostic>) {
    unreadable::check(source, found);
    duplicate_key::check(source, found);
    plaintext_secret::check(source, snapshot, found);
    malformed_sealed_secret::check(source, found);
    sealed_for_sealward::check(source, found);
    unsupported_flux::check(source, found);
}

/// What is wrong with what the files come to.
pub(crate) fn on_rendered(
    sources: &Sources,
    rendered: &Rendered,
    options: &Options<'_>,
    found: &mut Vec<Diagnostic>,
) {
    render_failure::check(sources, rendered, found);
    plaintext_secret::check_rendered(sources, rendered, found);
    misplaced_sealed_secret::check(sources, rendered, found);
    if let Some(rules) = options.rules {
        policy::check(sources, rendered, rules, options, found);
    }
}
