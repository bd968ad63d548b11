//! What was applied, as status remembers it: a hint of where to look, never a reason to act.

use std::collections::BTreeMap;

use sealward_api::flux::{InventoryEntry, InventoryId};
use sealward_manifest::{Gvk, Manifest, ObjectId};

use crate::Target;

/// Objects by identity, each with the version in which it was applied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inventory {
    versions: BTreeMap<ObjectId, String>,
}

impl Inventory {
    /// The objects that `manifests` speak of.
    pub fn of<'a>(manifests: impl IntoIterator<Item = &'a Manifest>) -> Self {
        let mut inventory = Self::default();
        for manifest in manifests {
            inventory.insert(manifest.id(), manifest.gvk().version.clone());
        }
        inventory
    }

    /// Reads `status.inventory.entries`; an entry that cannot be read is left out.
    pub fn read(entries: &[InventoryEntry]) -> Self {
        let mut inventory = Self::default();
        for entry in entries {
            if let Some(InventoryId { namespace, name, group, kind }) = InventoryId::parse(&entry.id) {
                inventory.insert(ObjectId { group, kind, namespace, name }, entry.v.clone());
            }
        }
        inventory
    }

    /// As `status.inventory.entries`, sorted.
    pub fn entries(&self) -> Vec<InventoryEntry> {
        let entry =
            |(id, version): (&ObjectId, &String)| InventoryEntry { id: inventory_id(id), v: version.clone() };
        self.versions.iter().map(entry).collect()
    }

    /// Adds an object.
    pub fn insert(&mut self, id: ObjectId, version: String) {
        self.versions.insert(id, version);
    }

    /// Takes an object out.
    pub fn remove(&mut self, id: &ObjectId) {
        self.versions.remove(id);
    }

    /// Adds all of `other`; where both know an object, `other`'s version counts.
    pub fn extend(&mut self, other: &Self) {
        self.versions.extend(other.versions.iter().map(|(id, version)| (id.clone(), version.clone())));
    }

    /// What is here and not in `other`.
    pub fn without(&self, other: &Self) -> Self {
        let kept = self.versions.iter().filter(|(id, _)| !other.versions.contains_key(id));
        Self { versions: kept.map(|(id, version)| (id.clone(), version.clone())).collect() }
    }

    /// Whether `id` is in it.
    pub fn contains(&self, id: &ObjectId) -> bool {
        self.versions.contains_key(id)
    }

    /// The identities, sorted.
    pub fn ids(&self) -> impl Iterator<Item = &ObjectId> {
        self.versions.keys()
    }

    /// How to ask for `id`, if it is in it.
    pub fn target(&self, id: &ObjectId) -> Option<Target> {
        let version = self.versions.get(id)?;
        Some(Target::new(Gvk::new(&id.group, version, &id.kind), &id.namespace, &id.name))
    }

    /// How many objects.
    pub fn len(&self) -> usize {
        self.versions.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.versions.is_empty()
    }
}

/// `<namespace>_<name>_<group>_<kind>`.
pub fn inventory_id(id: &ObjectId) -> String {
    let ObjectId { group, kind, namespace, name } = id.clone();
    InventoryId { namespace, name, group, kind }.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_entries_go_both_ways_and_broken_ones_are_left_out() {
        let entry = |id: &str| InventoryEntry { id: id.into(), v: "v1".into() };
        let entries = [entry("_web__Namespace"), entry("web_a__ConfigMap")];
        let inventory =
            Inventory::read(&[entry("broken"), entry("web_a__ConfigMap"), entry("_web__Namespace")]);
        assert_eq!(inventory.len(), 2);
        let mut written = inventory.entries();
        written.sort();
        assert_eq!(written, entries);
    }
}
