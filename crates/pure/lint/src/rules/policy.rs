//! The cluster's rules, on what arrives in the cluster: each kustomization as rendered, and each
//! manifest that no kustomization includes.

use sealward_diagnostic::{Diagnostic, Severity};
use sealward_manifest::Manifest;
use sealward_policy::{Action, CompiledRules, Review};

use crate::rendered::Rendered;
use crate::sources::Sources;

pub(crate) fn check(
    sources: &Sources,
    rendered: &Rendered,
    rules: &CompiledRules,
    found: &mut Vec<Diagnostic>,
) {
    let arriving = rendered.roots.iter().filter_map(|root| root.result.as_ref().ok()).flatten();
    let single = sources
        .files
        .iter()
        .filter(|source| !rendered.covered.contains(&source.path))
        .flat_map(|source| &source.manifests);
    let manifests: Vec<&Manifest> = arriving.chain(single).collect();
    let namespace_of = |manifest: &Manifest| {
        manifests
            .iter()
            .find(|other| other.gvk().is("", "Namespace") && other.name() == manifest.namespace())
            .copied()
    };
    for manifest in &manifests {
        for violation in rules.review(&Review::of_manifest(manifest, namespace_of(manifest))) {
            let severity = match violation.action {
                Action::Deny => Severity::Error,
                Action::Warn => Severity::Warning,
                Action::DryRun => Severity::Note,
            };
            let id = format!("policy/{}", violation.constraint);
            let diagnostic = Diagnostic::new(id, severity, manifest.origin().clone(), violation.message)
                .object(manifest.id().to_string());
            found.push(match sources.get(&manifest.origin().path) {
                Some(source) => source.quote(diagnostic),
                None => diagnostic,
            });
        }
    }
}
