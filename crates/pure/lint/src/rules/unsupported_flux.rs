//! `flux/unsupported`: a field that Flux has and Sealward's reconciler refuses by name; what such a
//! Kustomization renders to is not judged here either. Fine where Flux itself reconciles.

use sealward_api::flux::{
    GIT_REPOSITORY, GitRepositorySpec, KUSTOMIZATION, KUSTOMIZE_GROUP, KustomizationSpec, SOURCE_GROUP,
};
use sealward_diagnostic::Diagnostic;
use sealward_manifest::Manifest;
use serde::Deserialize;

use crate::sources::Source;

pub(crate) const ID: &str = "flux/unsupported";

pub(crate) fn check(source: &Source, found: &mut Vec<Diagnostic>) {
    for manifest in &source.manifests {
        let fields = unsupported(manifest);
        if fields.is_empty() {
            continue;
        }
        let message = format!("{} {:?} uses {}", manifest.gvk().kind, manifest.name(), fields.join(", "));
        let diagnostic = Diagnostic::warning(ID, manifest.origin().clone(), message)
            .object(manifest.id().to_string())
            .hint("Sealward's reconciler refuses these fields, and what they render to is not judged here");
        found.push(source.quote(diagnostic));
    }
}

fn unsupported(manifest: &Manifest) -> Vec<String> {
    let spec = manifest.root().get("spec").map(|spec| spec.to_json_redacted()).unwrap_or_default();
    if manifest.gvk().is(KUSTOMIZE_GROUP, KUSTOMIZATION) {
        KustomizationSpec::deserialize(spec).map(|spec| spec.unsupported()).unwrap_or_default()
    } else if manifest.gvk().is(SOURCE_GROUP, GIT_REPOSITORY) {
        GitRepositorySpec::deserialize(spec).map(|spec| spec.unsupported()).unwrap_or_default()
    } else {
        Vec::new()
    }
}
