//! What trusted managers declare, read from managedFields.

use std::collections::BTreeMap;

use sealward_manifest::Manifest;
use sealward_manifest::fields::{self, Element, FieldSet, FieldsError, Operation};

use crate::request::Trust;

/// Whose entry it is: manager, operation, version, subresource.
type Key = (String, Operation, String, String);

/// Trusted managers' entries on one object.
#[derive(Debug, Clone, Default)]
pub(crate) struct Owned {
    entries: BTreeMap<Key, FieldSet>,
    /// What they declare of the object itself (not through a subresource), in the object's own version.
    declared: FieldSet,
}

/// The entries of trusted managers on `object`.
pub(crate) fn owned(object: &Manifest, trust: &Trust) -> Result<Owned, FieldsError> {
    let version = object.gvk().api_version();
    let mut owned = Owned::default();
    for entry in fields::managers(object)?.into_iter().filter(|entry| trust.managers.contains(&entry.manager))
    {
        if entry.subresource.is_empty() && entry.api_version == version {
            owned.declared = owned.declared.union(&entry.fields);
        }
        let key = (entry.manager, entry.operation, entry.api_version, entry.subresource);
        let known = owned.entries.entry(key).or_default();
        *known = known.union(&entry.fields);
    }
    Ok(owned)
}

impl Owned {
    /// Whether anything of the object itself is declared beside finalizers, which a controller puts on
    /// objects that others made.
    pub(crate) fn declares_the_object(&self) -> bool {
        let finalizers = [Element::field("metadata"), Element::field("finalizers")];
        let is_finalizer = |path: &[Element]| path.starts_with(&finalizers);
        self.of_the_object().any(|fields| fields.members().iter().any(|path| !is_finalizer(path)))
    }

    /// Whether the field at `path` is declared.
    pub(crate) fn declares(&self, path: &[&str]) -> bool {
        let path: Vec<Element> = path.iter().map(|name| Element::field(*name)).collect();
        self.of_the_object().any(|fields| fields.contains(&path))
    }

    /// Whether anything at or below the field at `path` is declared.
    pub(crate) fn declares_below(&self, path: &[&str]) -> bool {
        let path: Vec<Element> = path.iter().map(|name| Element::field(*name)).collect();
        self.of_the_object().any(|fields| fields.members().iter().any(|member| member.starts_with(&path)))
    }

    fn of_the_object(&self) -> impl Iterator<Item = &FieldSet> {
        let own = self.entries.iter().filter(|((_, _, _, subresource), _)| subresource.is_empty());
        own.map(|(_, fields)| fields)
    }
}

/// Paths of declared fields whose values differ.
pub(crate) fn changed(old: &Manifest, new: &Manifest, owned: &Owned) -> Vec<String> {
    FieldSet::changed(old.root(), new.root(), &owned.declared).paths()
}

/// What was added to or taken from trusted managers' entries: manager and path. An entry of a subresource
/// declares nothing of the object, and anybody may put one there through that subresource: of those it
/// counts what is added, not what is taken.
pub(crate) fn altered(before: &Owned, after: &Owned) -> Vec<(String, String)> {
    let nothing = FieldSet::default();
    let mut altered = Vec::new();
    let added = after.entries.keys().filter(|key| !before.entries.contains_key(*key));
    for key in before.entries.keys().chain(added) {
        let (old, new) = (before.entries.get(key), after.entries.get(key));
        if old == new {
            continue;
        }
        let (old, new) = (old.unwrap_or(&nothing), new.unwrap_or(&nothing));
        let added = new.difference(old);
        let at_subresource = !key.3.is_empty();
        if at_subresource && added.is_empty() {
            continue;
        }
        let mut paths = old.difference(new).union(&added).paths();
        if paths.is_empty() {
            paths.push("metadata.managedFields".to_owned());
        }
        altered.extend(paths.into_iter().map(|path| (key.0.clone(), path)));
    }
    altered
}
