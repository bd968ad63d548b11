//! Labels and annotations that say whose an object is, or tell a reconciler to look away.

use std::collections::BTreeMap;

use sealward_api::names::{GROUP, OWNER_NAME_LABEL, OWNER_NAMESPACE_LABEL};
use sealward_manifest::Manifest;
use sealward_manifest::fields::{Element, path_text};

/// Prefixes of keys that only trusted actors write. Flux's hold its owner labels and the switches
/// `prune`, `reconcile`, `ssa` and `force`, which take an object out of Git's hands as a label or as
/// an annotation.
const PREFIXES: [&str; 3] = ["kustomize.toolkit.fluxcd.io", "helm.toolkit.fluxcd.io", GROUP];

/// Prefix of keys by which a controller that is trusted lets itself be turned: to overwrite a Secret that
/// it did not make, or to open a SealedSecret in another scope. Everybody's on what Git does not declare.
const SWITCHES: [&str; 1] = ["sealedsecrets.bitnami.com"];

/// Where metadata keeps them.
const PLACES: [&str; 2] = ["labels", "annotations"];

/// Where metadata stands: a SealedSecret says what its Secret is to carry, which a trusted account writes.
const OBJECT: &[&str] = &["metadata"];
const SECRET: &[&str] = &["spec", "template", "metadata"];

/// Keys of one of `prefixes` in the metadata at `at` of `object`: path of the field → value.
fn keys<'a>(object: &'a Manifest, at: &[&str], prefixes: &[&str]) -> BTreeMap<String, &'a str> {
    let mut found = BTreeMap::new();
    let is_meant = |key: &str| key.split_once('/').is_some_and(|(prefix, _)| prefixes.contains(&prefix));
    for place in PLACES {
        let path: Vec<&str> = at.iter().copied().chain([place]).collect();
        let fields = object.root().at(&path).and_then(|node| node.as_map());
        for field in fields.into_iter().flatten().filter(|field| is_meant(&field.key)) {
            let path = path.iter().copied().chain([field.key.as_str()]);
            let path: Vec<Element> = path.map(Element::field).collect();
            found.insert(path_text(&path), field.node.as_str().unwrap_or_default());
        }
    }
    found
}

/// The marks on `object`, and those that it has put on its Secret.
fn marks(object: &Manifest) -> BTreeMap<String, &str> {
    let mut found = keys(object, OBJECT, &PREFIXES);
    if object.gvk().is("bitnami.com", "SealedSecret") {
        found.extend(keys(object, SECRET, &PREFIXES));
    }
    found
}

/// Paths of the marks that differ.
pub(crate) fn changed(old: Option<&Manifest>, new: Option<&Manifest>) -> Vec<String> {
    difference(&old.map(marks).unwrap_or_default(), &new.map(marks).unwrap_or_default())
}

/// Paths of the switches that differ.
pub(crate) fn switched(old: &Manifest, new: &Manifest) -> Vec<String> {
    difference(&keys(old, OBJECT, &SWITCHES), &keys(new, OBJECT, &SWITCHES))
}

fn difference(old: &BTreeMap<String, &str>, new: &BTreeMap<String, &str>) -> Vec<String> {
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
