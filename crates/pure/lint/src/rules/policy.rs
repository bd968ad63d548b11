//! The cluster's rules, on what arrives in the cluster: each kustomization as rendered, and each
//! manifest that no kustomization includes.

use std::collections::BTreeMap;

use sealward_diagnostic::{Diagnostic, Origin, Severity};
use sealward_document::{Node, Value};
use sealward_manifest::Manifest;
use sealward_policy::{Action, CompiledRules, Review, Violation};

use crate::Options;
use crate::rendered::{Rendered, first_wanted};
use crate::sources::Sources;

/// The id of findings of `constraint`.
pub(super) fn id(constraint: &str) -> String {
    format!("policy/{constraint}")
}

/// How grave its findings are.
pub(super) fn severity(action: Action) -> Severity {
    match action {
        Action::Deny => Severity::Error,
        Action::Warn => Severity::Warning,
        Action::DryRun => Severity::Note,
    }
}

pub(crate) fn check(
    sources: &Sources,
    rendered: &Rendered,
    rules: &CompiledRules,
    options: &Options<'_>,
    found: &mut Vec<Diagnostic>,
) {
    let as_written = || sources.files.iter().filter(|source| !rendered.covered.contains(&source.path));
    let written = Namespaces::among(as_written().flat_map(|source| &source.manifests));
    let rendered = || rendered.roots.iter().filter_map(|root| root.result.as_ref().ok());
    let arriving = Namespaces::among(rendered().flatten());
    let mut judge = |manifest: &Manifest, known: &[&Namespaces<'_>]| {
        if first_wanted(manifest.root(), options.wanted).is_some() {
            let namespace = known.iter().find_map(|namespaces| namespaces.of(manifest));
            let review = Review::of_manifest(manifest, namespace).at(options.now_ns);
            report(rules.review(&review), manifest, sources, options, found);
        }
    };
    for group in rendered() {
        let own = Namespaces::among(group.iter());
        group.iter().for_each(|manifest| judge(manifest, &[&own, &arriving, &written]));
    }
    let single = as_written().flat_map(|source| &source.manifests);
    single.for_each(|manifest| judge(manifest, &[&written, &arriving]));
}

/// Namespaces by name: overlays declare one of the same name with other labels.
struct Namespaces<'a>(BTreeMap<&'a str, &'a Manifest>);

impl<'a> Namespaces<'a> {
    /// The first of each name.
    fn among(manifests: impl Iterator<Item = &'a Manifest>) -> Self {
        let mut known = BTreeMap::new();
        for manifest in manifests.filter(|manifest| manifest.gvk().is("", "Namespace")) {
            known.entry(manifest.name()).or_insert(manifest);
        }
        Self(known)
    }

    /// That of `manifest`.
    fn of(&self, manifest: &Manifest) -> Option<&'a Manifest> {
        Some(manifest.namespace()).filter(|name| !name.is_empty()).and_then(|name| self.0.get(name)).copied()
    }
}

fn report(
    violations: Vec<Violation>,
    manifest: &Manifest,
    sources: &Sources,
    options: &Options<'_>,
    found: &mut Vec<Diagnostic>,
) {
    for violation in violations {
        let (id, severity) = (id(&violation.constraint), severity(violation.action));
        let field = violation.details.get("field").and_then(|field| field.as_str());
        let place = field.map(|field| place_of(manifest.root(), field));
        let place = place.filter(|place| (options.wanted)(&place.path));
        let origin =
            place.or_else(|| first_wanted(manifest.root(), options.wanted)).unwrap_or(manifest.origin());
        let mut diagnostic = Diagnostic::new(id, severity, origin.clone(), violation.message)
            .object(manifest.id().to_string());
        if origin.path != manifest.origin().path {
            diagnostic = diagnostic.hint(format!("this changes the object of {}", manifest.origin()));
        }
        found.push(match sources.get(&origin.path) {
            Some(source) => source.quote(diagnostic),
            None => diagnostic,
        });
    }
}

/// Where the field `spec.containers[0].image` stands, or the deepest part of that path which does; a map
/// or list at its key.
fn place_of<'a>(root: &'a Node, field: &str) -> &'a Origin {
    let mut node = root;
    let mut place = &root.origin;
    for step in steps(field) {
        match &node.value {
            Value::List(items) => match step.parse().ok().and_then(|index: usize| items.get(index)) {
                Some(item) => {
                    node = item;
                    place = &item.origin;
                }
                None => return place,
            },
            Value::Map(map) => match map.iter().find(|known| known.key == step) {
                Some(found) => {
                    node = &found.node;
                    place = &found.origin;
                }
                None => return place,
            },
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Secret(_) => {
                return place;
            }
        }
    }
    place
}

/// `a`, `b`, `0`, `c.d` of `a.b[0]["c.d"]`.
fn steps(field: &str) -> Vec<String> {
    let mut steps = Vec::new();
    let mut rest = field;
    while !rest.is_empty() {
        let (step, after) = match rest.strip_prefix('[') {
            Some(inner) => inner.split_once(']').unwrap_or((inner, "")),
            None => rest.split_at(rest.find(['.', '[']).unwrap_or(rest.len())),
        };
        steps.push(step.trim_matches(['"', '\'']).to_owned());
        rest = after.strip_prefix('.').unwrap_or(after);
    }
    steps
}
