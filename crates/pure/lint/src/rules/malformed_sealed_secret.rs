//! `sealed-secret/malformed`: a value that no key can ever open: truncated, not base64, not text.

use sealward_api::bitnami::{self, EncryptedItem};
use sealward_diagnostic::{Diagnostic, Origin};
use sealward_document::Node;
use sealward_manifest::Manifest;
use sealward_sealing::{OpenError, Sealed, read_sealed_secret};

use crate::sources::Source;

pub(crate) const ID: &str = "sealed-secret/malformed";

pub(crate) fn check(source: &Source, found: &mut Vec<Diagnostic>) {
    for manifest in source.manifests.iter().filter(|manifest| is_sealed_secret(manifest)) {
        for (origin, message) in problems(manifest) {
            let diagnostic = Diagnostic::error(ID, origin, message).object(manifest.id().to_string()).hint(
                "seal the value again; a sealed value is one line of base64 that nothing may wrap or cut",
            );
            found.push(source.quote(diagnostic));
        }
    }
}

/// Whether it is Bitnami's SealedSecret.
pub(crate) fn is_sealed_secret(manifest: &Manifest) -> bool {
    manifest.gvk().is(bitnami::GROUP, bitnami::KIND)
}

fn problems(manifest: &Manifest) -> Vec<(Origin, String)> {
    let sealed = match read_sealed_secret(manifest) {
        Ok(sealed) => sealed,
        Err(error) => return vec![(manifest.origin().clone(), error.to_string())],
    };
    let encrypted = &sealed.spec.encrypted_data;
    if let Some(what) = encrypted.junk {
        let message = format!("spec.encryptedData is {what}, it must be a map of sealed values");
        return vec![(manifest.origin().clone(), message)];
    }
    let mut problems = Vec::new();
    if let Some(value) = &sealed.spec.data {
        let origin = manifest.root().at(&["spec", "data"]).map_or(manifest.origin(), |node| &node.origin);
        let problem = match Sealed::parse(value).and_then(|sealed| sealed.check()) {
            Ok(()) if encrypted.items.is_empty() => None,
            Ok(()) => Some(OpenError::BothFormats.to_string()),
            Err(error) => Some(format!("spec.data is no sealed value: {error}")),
        };
        problems.extend(problem.map(|problem| (origin.clone(), problem)));
    }
    for (key, item) in &encrypted.items {
        let problem = match item {
            EncryptedItem::Junk(what) => Some(format!("it is {what}, not text")),
            EncryptedItem::Value(text) => {
                Sealed::parse(text).and_then(|sealed| sealed.check()).err().map(|e| e.to_string())
            }
        };
        if let Some(problem) = problem {
            let node = manifest.root().at(&["spec", "encryptedData", key]);
            let origin = node.map_or(manifest.origin(), |node: &Node| &node.origin);
            problems.push((origin.clone(), format!("item {key:?} is no sealed value: {problem}")));
        }
    }
    problems
}
