//! Labels and annotations that say whose an object is, or tell a reconciler to look away.

use std::collections::BTreeMap;

use sealward_api::names::{GROUP, OWNER_NAME_LABEL, OWNER_NAMESPACE_LABEL};
use sealward_manifest::Manifest;
use sealward_manifest::fields::{Element, path_text};

/// Prefixes of keys that only trusted actors write. Flux's hold its owner labels and the switches
/// `prune`, `reconcile`, `ssa` and `force`, which take an object out of Git's hands as a label or as
/// an annotation.
const PREFIXES: [&str; 3] = ["kustomize.toolkit.fluxcd.io", "helm.toolkit.fluxcd.io", GROUP];

/// Where metadata keeps them.
const PLACES: [&str; 2] = ["labels", "annotations"];

/// The marks on `object`: path of the field → value.
pub(crate) fn marks(object: &Manifest) -> BTreeMap<String, &str> {
    let mut found = BTreeMap::new();
    for place in PLACES {
        let fields = object.root().at(&["metadata", place]).and_then(|node| node.as_map());
        for field in fields.into_iter().flatten().filter(|field| is_mark(&field.key)) {
            let path =
                path_text(&[Element::field("metadata"), Element::field(place), Element::field(&field.key)]);
            found.insert(path, field.node.as_str().unwrap_or_default());
        }
    }
    found
}

fn is_mark(key: &str) -> bool {
    key.split_once('/').is_some_and(|(prefix, _)| PREFIXES.contains(&prefix))
}

/// Paths of the marks that differ.
pub(crate) fn changed(old: Option<&Manifest>, new: Option<&Manifest>) -> Vec<String> {
    let old = old.map(marks).unwrap_or_default();
    let new = new.map(marks).unwrap_or_default();
    let paths = old.keys().chain(new.keys().filter(|path| !old.contains_key(*path)));
    let mut changed: Vec<String> = paths.filter(|path| old.get(*path) != new.get(*path)).cloned().collect();
    changed.sort();
    changed
}

/// The Kustomization that `object`'s labels name, as `(namespace, name)`.
pub fn owner(object: &Manifest) -> Option<(String, String)> {
    let name = object.label(OWNER_NAME_LABEL)?;
    let namespace = object.label(OWNER_NAMESPACE_LABEL)?;
    Some((namespace.to_owned(), name.to_owned()))
}
