//! Taking over what kubectl wrote (`fluxcd/pkg/ssa/patch.go`).
//!
//! Server-side apply removes a field only when its manager no longer declares it. What somebody wrote
//! by `kubectl edit` belongs to kubectl's entry, so it would stay for ever. Its entries are folded into
//! ours before we apply; the apply then removes what Git does not declare. The marks by which a person
//! keeps an object from us (`prune: disabled`, `reconcile: disabled`) stay that person's.

use sealward_api::flux;
use sealward_manifest::Manifest;
use sealward_manifest::fields::{Element, FieldSet, ManagerEntry, Operation, managers};
use serde_json::{Value, json};

use crate::{Action, Target};

/// The merge patch that folds the entries of people's tools into the entry of `manager`, if `live` has
/// any. Entries for subresources (`kubectl scale`) stay: they are not about what was declared.
pub fn take_over(live: &Manifest, manager: &str) -> Option<Action> {
    let entries = managers(live).ok()?;
    if !has_foreign_hand(&entries, manager) {
        return None;
    }
    let (hands, rest): (Vec<_>, Vec<_>) =
        entries.into_iter().partition(|entry| is_foreign_hand(entry, manager));
    let (mut ours, others): (Vec<_>, Vec<_>) = rest.into_iter().partition(|entry| is_own(entry, manager));
    let mut marks = Vec::new();
    for hand in hands {
        let kept = marks_of(&hand.fields);
        fold(&mut ours, &hand, &hand.fields.difference(&kept), manager);
        if !kept.is_empty() {
            marks.push(ManagerEntry { fields: kept, ..hand });
        }
    }
    let managed: Vec<Value> = ours.iter().chain(&marks).chain(&others).map(wire).collect();
    let patch = json!({"metadata": {
        "uid": live.uid(),
        "resourceVersion": live.resource_version(),
        "managedFields": managed,
    }});
    Some(Action::Patch { target: Target::of(live), patch, manager: manager.to_owned() })
}

/// Whether [`take_over`] would find something.
pub(crate) fn has_foreign_hand(entries: &[ManagerEntry], manager: &str) -> bool {
    entries.iter().any(|entry| is_foreign_hand(entry, manager))
}

fn is_own(entry: &ManagerEntry, manager: &str) -> bool {
    entry.manager == manager && entry.operation == Operation::Apply && entry.subresource.is_empty()
}

/// kubectl in any of its commands, what stood there before the first apply, and our own name when it
/// was used for a plain update; unless all that it wrote are marks.
fn is_foreign_hand(entry: &ManagerEntry, manager: &str) -> bool {
    let updated_as = |name: &str| entry.manager == name && entry.operation == Operation::Update;
    let by_hand =
        entry.manager.starts_with("kubectl") || updated_as("before-first-apply") || updated_as(manager);
    let marks = marks_of(&entry.fields);
    let only_marks = !marks.is_empty() && entry.fields.difference(&marks).is_empty();
    by_hand && entry.subresource.is_empty() && !only_marks
}

/// The marks among `fields`, with the map that holds them: whoever declares the map and no key of it
/// would empty it.
fn marks_of(fields: &FieldSet) -> FieldSet {
    let mut marks = FieldSet::default();
    for section in ["annotations", "labels"] {
        let path = [Element::field("metadata"), Element::field(section)];
        for mark in [flux::PRUNE, flux::RECONCILE] {
            let [metadata, section] = path.clone();
            let mark = [metadata, section, Element::field(mark)];
            if fields.contains(&mark) {
                marks.insert(&mark);
                marks.insert(&path);
            }
        }
    }
    fields.intersection(&marks)
}

/// Joins `fields` of `hand` to our entry of the same version, or makes one.
fn fold(ours: &mut Vec<ManagerEntry>, hand: &ManagerEntry, fields: &FieldSet, manager: &str) {
    if let Some(own) = ours.iter_mut().find(|own| own.api_version == hand.api_version) {
        own.fields = own.fields.union(fields);
        return;
    }
    ours.push(ManagerEntry {
        manager: manager.to_owned(),
        operation: Operation::Apply,
        fields: fields.clone(),
        ..hand.clone()
    });
}

/// An entry as the API server takes it.
fn wire(entry: &ManagerEntry) -> Value {
    let operation = match entry.operation {
        Operation::Apply => "Apply",
        Operation::Update => "Update",
    };
    let mut json = json!({
        "manager": entry.manager,
        "operation": operation,
        "apiVersion": entry.api_version,
        "fieldsType": "FieldsV1",
        "fieldsV1": entry.fields.to_json(),
    });
    for (field, text) in [("time", &entry.time), ("subresource", &entry.subresource)] {
        if !text.is_empty()
            && let Some(json) = json.as_object_mut()
        {
            json.insert(field.into(), json!(text));
        }
    }
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    const US: &str = "sealward-reconciler";

    fn live(entries: &Value) -> Manifest {
        crate::live(&json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {
            "name": "a", "namespace": "b", "uid": "u", "resourceVersion": "7", "managedFields": entries}}))
        .unwrap()
    }

    fn entry(manager: &str, operation: &str, subresource: &str, fields: &Value) -> Value {
        let mut json = json!({"manager": manager, "operation": operation, "apiVersion": "v1",
               "fieldsType": "FieldsV1", "fieldsV1": fields});
        if !subresource.is_empty() {
            json["subresource"] = json!(subresource);
        }
        json
    }

    fn check(entries: &Value, expect: Option<&Value>) {
        let patch = take_over(&live(entries), US).map(|action| match action {
            Action::Patch { patch, .. } => patch["metadata"]["managedFields"].clone(),
            other => panic!("{other:?}"),
        });
        assert_eq!(patch.as_ref(), expect);
    }

    #[test]
    fn people_are_folded_into_us() {
        let ours = entry(US, "Apply", "", &json!({"f:data": {"f:a": {}}}));
        let hand = entry("kubectl-edit", "Update", "", &json!({"f:data": {"f:b": {}}}));
        let robot = entry("hpa", "Update", "", &json!({"f:data": {"f:c": {}}}));
        let joined = entry(US, "Apply", "", &json!({"f:data": {"f:a": {}, "f:b": {}}}));
        check(&json!([ours, hand, robot]), Some(&json!([joined, robot])));
    }

    #[test]
    fn without_an_entry_of_ours_the_first_becomes_ours() {
        let hand = entry("kubectl-client-side-apply", "Update", "", &json!({"f:data": {"f:b": {}}}));
        check(&json!([hand]), Some(&json!([entry(US, "Apply", "", &json!({"f:data": {"f:b": {}}}))])));
    }

    #[test]
    fn marks_stay_with_whoever_set_them() {
        let mark =
            json!({"f:metadata": {"f:annotations": {".": {}, "f:kustomize.toolkit.fluxcd.io/prune": {}}}});
        let only = entry("kubectl-annotate", "Update", "", &mark);
        check(&json!([only]), None);
        let mut both = mark.clone();
        both["f:data"] = json!({"f:b": {}});
        let ours = entry(US, "Apply", "", &json!({"f:data": {"f:a": {}}}));
        let joined = entry(US, "Apply", "", &json!({"f:data": {"f:a": {}, "f:b": {}}}));
        check(&json!([entry("kubectl-annotate", "Update", "", &both), ours]), Some(&json!([joined, only])));
    }

    #[test]
    fn robots_and_subresources_stay() {
        let robot = entry("kube-controller-manager", "Update", "", &json!({"f:data": {}}));
        let scale = entry("kubectl", "Update", "scale", &json!({"f:spec": {"f:replicas": {}}}));
        check(&json!([robot, scale]), None);
        check(&json!([]), None);
    }
}
