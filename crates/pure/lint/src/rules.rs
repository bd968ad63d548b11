//! The rules: one file each.

mod duplicate_key;
mod malformed_sealed_secret;
mod misplaced_sealed_secret;
mod plaintext_secret;
mod policy;
mod render_failure;
mod sealed_for_sealward;
mod sealed_secret_template;
mod unreadable;
mod unsupported_flux;

use sealward_diagnostic::{Diagnostic, Rule, Severity};
use sealward_policy::CompiledRules;
use sealward_snapshot::Snapshot;

use crate::Options;
use crate::rendered::Rendered;
use crate::sources::{Source, Sources};

/// Id, severity, what it asks for and why, of each rule on source files. Each has a section in
/// `docs/lint.md`.
const INDEX: &[(&str, Severity, &str, &str)] = &[
    (
        unreadable::ID,
        Severity::Error,
        "Every YAML and JSON manifest can be read",
        "A manifest that cannot be read never reaches the cluster, and where it replaced one that could, that \
         one is pruned.",
    ),
    (
        duplicate_key::ID,
        Severity::Error,
        "A mapping has each key once",
        "kubectl silently takes the last of two equal keys, so that half of what stands in the file means \
         nothing.",
    ),
    (
        plaintext_secret::ID,
        Severity::Error,
        "No Secret stands in Git in plaintext",
        "Base64 is no encryption: whoever can read the repository can read the value, in its history too. Seal \
         it, and change the value if it was ever committed.",
    ),
    (
        malformed_sealed_secret::ID,
        Severity::Error,
        "Every sealed value has the shape of one",
        "A value that was truncated, wrapped or edited can be opened by no key. Seal it again.",
    ),
    (
        sealed_secret_template::ID,
        Severity::Error,
        "Every template of a SealedSecret can be rendered",
        "A text of spec.template.data that is no Go template, or calls a function that the sealer refuses, keeps \
         the whole Secret from being made.",
    ),
    (
        misplaced_sealed_secret::ID,
        Severity::Error,
        "A SealedSecret arrives under the name it was sealed for",
        "A value is bound to the namespace and name it was sealed for; where a kustomization moves or renames \
         it, it does not open.",
    ),
    (
        sealed_for_sealward::ID,
        Severity::Warning,
        "What only Sealward's sealer can open is known to be so",
        "Bitnami's controller opens no value of an object that has one sealed by age.",
    ),
    (
        unsupported_flux::ID,
        Severity::Warning,
        "Flux objects use only what the reconciler supports",
        "Sealward's reconciler refuses the fields that it does not support by name, instead of ignoring them. \
         Where Flux itself reconciles they are fine.",
    ),
    (
        render_failure::ID,
        Severity::Error,
        "Every kustomization renders",
        "Nothing of a kustomization is applied unless all of it renders; the reconciler refuses what is told \
         here.",
    ),
];

/// The page with a section for each rule.
const PAGE: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/lint.md");

/// The index, as reports take it.
pub(crate) fn index() -> Vec<Rule> {
    let rule = |(id, severity, summary, description): &(&str, Severity, &str, &str)| Rule {
        id: (*id).to_owned(),
        summary: (*summary).to_owned(),
        description: Some((*description).to_owned()),
        help_uri: Some(format!("{PAGE}#{}", anchor(id))),
        severity: *severity,
    };
    INDEX.iter().map(rule).collect()
}

/// The anchor that a heading gets on GitHub.
fn anchor(id: &str) -> String {
    id.chars().filter(|character| character.is_ascii_alphanumeric() || *character == '-').collect()
}

/// The constraints of a rule set, as reports take them.
pub(crate) fn of_cluster(set: &CompiledRules) -> impl Iterator<Item = Rule> {
    set.constraints().map(|described| Rule {
        id: policy::id(described.constraint),
        summary: described.title.unwrap_or(described.rule).to_owned(),
        description: described.description.map(str::to_owned),
        help_uri: None,
        severity: policy::severity(described.action),
    })
}

/// What is wrong with one file by itself.
pub(crate) fn on_source(source: &Source, snapshot: &Snapshot, found: &mut Vec<Diagnostic>) {
    unreadable::check(source, found);
    duplicate_key::check(source, found);
    plaintext_secret::check(source, snapshot, found);
    malformed_sealed_secret::check(source, found);
    sealed_secret_template::check(source, found);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_its_section() {
        let page = include_str!("../../../../docs/lint.md");
        for rule in index() {
            assert!(
                page.contains(&format!("## `{}`\n", rule.id)),
                "{} has no section in docs/lint.md",
                rule.id
            );
            let uri = rule.help_uri.unwrap();
            assert!(uri.starts_with("https://") && !uri.ends_with('#'), "{uri}");
        }
    }
}
