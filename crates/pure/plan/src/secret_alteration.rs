//! Who altered a Secret that is about to be restored.

use sealward_manifest::Manifest;
use sealward_manifest::document::{Map, Node};
use sealward_manifest::fields::{Element, ManagerEntry, managers};

/// The field manager by which `live` came to differ from `next`, which is about to be written by `manager`:
/// who holds a value that differs, else whoever else wrote last. `None` when managedFields do not tell.
pub fn altered_by(live: &Manifest, next: &Manifest, manager: &str) -> Option<String> {
    let mut others: Vec<ManagerEntry> = managers(live).unwrap_or_default();
    others.retain(|entry| entry.manager != manager && entry.subresource.is_empty());
    // RFC 3339 in UTC: the later is the greater.
    others.sort_by(|one, other| other.time.cmp(&one.time));
    let differing = differing(live, next);
    let holds = |entry: &&ManagerEntry| differing.iter().any(|path| entry.fields.contains(path));
    let culprit = others.iter().find(holds).or_else(|| others.first());
    culprit.map(|entry| entry.manager.clone())
}

/// Paths of the entries of data, labels and annotations of `live` that `next` has otherwise.
fn differing(live: &Manifest, next: &Manifest) -> Vec<Vec<Element>> {
    let mut paths = Vec::new();
    for path in [&["data"][..], &["metadata", "labels"], &["metadata", "annotations"]] {
        let map = |manifest: &Manifest| manifest.root().at(path).and_then(Node::as_map).cloned();
        let (old, new) = (map(live).unwrap_or_default(), map(next).unwrap_or_default());
        let changed = |key: &str, map: &Map, other: &Map| map.get(key) != other.get(key);
        for field in old.iter().filter(|field| changed(&field.key, &old, &new)) {
            let parents = path.iter().map(|&name| Element::field(name));
            paths.push(parents.chain([Element::field(field.key.clone())]).collect());
        }
    }
    paths
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value as Json, json};

    fn check(entries: &Json, expect: Option<&str>) {
        let secret = |password: &str, entries: &Json| {
            crate::live(&json!({
                "apiVersion": "v1", "kind": "Secret",
                "metadata": {"name": "db", "namespace": "web", "managedFields": entries},
                "data": {"password": password},
            }))
            .unwrap()
        };
        let by = altered_by(&secret("eA==", entries), &secret("eQ==", entries), "sealward-sealer");
        assert_eq!(by.as_deref(), expect, "{entries}");
    }

    fn entry(manager: &str, time: &str, item: &str) -> Json {
        json!({
            "manager": manager, "operation": "Update", "apiVersion": "v1", "time": time,
            "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {item: {}}},
        })
    }

    #[test]
    fn the_holder_of_a_differing_value_else_the_last_writer() {
        let ours = entry("sealward-sealer", "2026-01-03T00:00:00Z", "f:password");
        let edit = entry("kubectl-edit", "2026-01-01T00:00:00Z", "f:password");
        let later = entry("argocd", "2026-01-02T00:00:00Z", "f:other");
        check(&json!([ours, edit, later]), Some("kubectl-edit"));
        check(&json!([ours, later]), Some("argocd"));
        check(&json!([ours]), None);
        check(&json!([]), None);
    }
}
