//! `sealed-secret/sealward-only`: Bitnami's controller cannot open age values and marks the whole object
//! failed; fine where Sealward's sealer runs, and good to know where it does not.

use sealward_diagnostic::Diagnostic;
use sealward_document::Node;
use sealward_manifest::Manifest;
use sealward_sealing::Sealed;

use super::malformed_sealed_secret::is_sealed_secret;
use crate::sources::Source;

pub(crate) const ID: &str = "sealed-secret/sealward-only";

pub(crate) fn check(source: &Source, found: &mut Vec<Diagnostic>) {
    for manifest in source.manifests.iter().filter(|manifest| is_sealed_secret(manifest)) {
        if let Some((key, node)) = first_age_value(manifest) {
            let message =
                format!("item {key:?} is sealed by age; Bitnami's controller opens no value of this object");
            let diagnostic =
                Diagnostic::warning(ID, node.origin.clone(), message).object(manifest.id().to_string()).hint(
                    "keep it where Sealward's sealer runs; elsewhere seal with --cert instead of --recipient",
                );
            found.push(source.quote(diagnostic));
        }
    }
}

fn first_age_value(manifest: &Manifest) -> Option<(&str, &Node)> {
    let items = manifest.root().at(&["spec", "encryptedData"])?.as_map()?;
    items
        .iter()
        .find(|field| matches!(field.node.as_str().map(Sealed::parse), Some(Ok(Sealed::Age(_)))))
        .map(|field| (field.key.as_str(), &field.node))
}
