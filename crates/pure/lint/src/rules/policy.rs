//! The cluster's rules, on what arrives in the cluster: each kustomization as rendered, and each
//! manifest that no kustomization includes.

use sealward_diagnostic::{Diagnostic, Origin, Severity};
use sealward_document::{Node, Value};
use sealward_manifest::Manifest;
use sealward_policy::{Action, CompiledRules, Review, Violation};

use crate::Options;
use crate::rendered::Rendered;
use crate::sources::Sources;

pub(crate) fn check(
    sources: &Sources,
    rendered: &Rendered,
    rules: &CompiledRules,
    options: &Options<'_>,
    found: &mut Vec<Diagnostic>,
) {
    let single = sources
        .files
        .iter()
        .filter(|source| !rendered.covered.contains(&source.path))
        .flat_map(|source| &source.manifests)
        .collect();
    let mut groups: Vec<Vec<&Manifest>> =
        rendered.roots.iter().filter_map(|root| Some(root.result.as_ref().ok()?.iter().collect())).collect();
    groups.push(single);
    let everything = groups.concat();
    for group in &groups {
        for manifest in group {
            let namespace = namespace_of(manifest, group).or_else(|| namespace_of(manifest, &everything));
            let review = Review::of_manifest(manifest, namespace).at(options.now_ns);
            report(rules.review(&review), manifest, sources, options, found);
        }
    }
}

/// The Namespace of `manifest`: overlays declare one of the same name with other labels.
fn namespace_of<'a>(manifest: &Manifest, among: &[&'a Manifest]) -> Option<&'a Manifest> {
    let name = manifest.namespace();
    let is_it = |other: &&&Manifest| other.gvk().is("", "Namespace") && other.name() == name;
    among.iter().find(is_it).copied().filter(|_| !name.is_empty())
}

fn report(
    violations: Vec<Violation>,
    manifest: &Manifest,
    sources: &Sources,
    options: &Options<'_>,
    found: &mut Vec<Diagnostic>,
) {
    for violation in violations {
        let severity = match violation.action {
            Action::Deny => Severity::Error,
            Action::Warn => Severity::Warning,
            Action::DryRun => Severity::Note,
        };
        let id = format!("policy/{}", violation.constraint);
        let origin = wanted_origin(manifest.root(), options).unwrap_or(manifest.origin());
        let mut diagnostic = Diagnostic::new(id, severity, origin.clone(), violation.message)
            .object(manifest.id().to_string());
        if origin != manifest.origin() {
            diagnostic = diagnostic.hint(format!("this changes the object of {}", manifest.origin()));
        }
        found.push(match sources.get(&origin.path) {
            Some(source) => source.quote(diagnostic),
            None => diagnostic,
        });
    }
}

/// Where the object, or the first part of it that stands in a wanted file, was written: a patch makes
/// an object of another file what it is.
fn wanted_origin<'a>(node: &'a Node, options: &Options<'_>) -> Option<&'a Origin> {
    if (options.wanted)(&node.origin.path) {
        return Some(&node.origin);
    }
    match &node.value {
        Value::List(items) => items.iter().find_map(|item| wanted_origin(item, options)),
        Value::Map(map) => map.iter().find_map(|field| wanted_origin(&field.node, options)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Secret(_) => None,
    }
}
