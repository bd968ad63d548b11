//! `sealed-secret/misplaced`: sealed for one namespace and name, it stands where a kustomization gives
//! it another, or where nothing gives it a namespace at all.

use std::collections::BTreeMap;

use sealward_api::bitnami;
use sealward_diagnostic::{Diagnostic, Origin};
use sealward_manifest::Manifest;
use sealward_sealing::Scope;

use super::malformed_sealed_secret::is_sealed_secret;
use crate::rendered::Rendered;
use crate::sources::{Source, Sources};

pub(crate) const ID: &str = "sealed-secret/misplaced";

pub(crate) fn check(sources: &Sources, rendered: &Rendered, found: &mut Vec<Diagnostic>) {
    let written: BTreeMap<&Origin, (&Source, &Manifest)> = sources
        .files
        .iter()
        .flat_map(|source| source.manifests.iter().map(move |manifest| (source, manifest)))
        .filter(|(_, manifest)| is_sealed_secret(manifest))
        .map(|(source, manifest)| (manifest.origin(), (source, manifest)))
        .collect();
    let arriving = rendered.roots.iter().filter_map(|root| root.result.as_ref().ok()).flatten();
    for manifest in arriving.filter(|manifest| is_sealed_secret(manifest)) {
        if let Some((source, written)) = written.get(manifest.origin()) {
            compare(source, written, manifest, found);
        }
    }
    for (source, manifest) in written.values().filter(|(source, _)| !rendered.covered.contains(&source.path))
    {
        compare(source, manifest, manifest, found);
    }
}

/// What was sealed (`written`) against what arrives in the cluster (`arriving`).
fn compare(source: &Source, written: &Manifest, arriving: &Manifest, found: &mut Vec<Diagnostic>) {
    let set = |key: &str| arriving.annotation(key) == Some(bitnami::ANNOTATION_SET);
    let problem = match Scope::from_set(set) {
        Scope::ClusterWide => None,
        Scope::Strict | Scope::NamespaceWide if arriving.namespace().is_empty() => {
            Some("has no namespace, and its values open in one namespace only".to_owned())
        }
        Scope::Strict | Scope::NamespaceWide if moved(written.namespace(), arriving.namespace()) => {
            Some(format!(
                "was sealed for namespace {:?}, but its kustomization puts it into {:?}, where its values do not open",
                written.namespace(),
                arriving.namespace()
            ))
        }
        Scope::Strict if moved(written.name(), arriving.name()) => Some(format!(
            "was sealed for the name {:?}, but its kustomization names it {:?}, and its values do not open under that name",
            written.name(),
            arriving.name()
        )),
        Scope::Strict | Scope::NamespaceWide => None,
    };
    if let Some(problem) = problem {
        let message = format!("SealedSecret {:?} {problem}", written.name());
        let diagnostic = Diagnostic::error(ID, written.origin().clone(), message)
            .object(written.id().to_string())
            .hint("seal it for where it arrives: give the Secret that namespace and name before `sealward seal`");
        found.push(source.quote(diagnostic));
    }
}

/// A namespace that was left open is filled in, not changed.
fn moved(written: &str, arriving: &str) -> bool {
    !written.is_empty() && written != arriving
}
