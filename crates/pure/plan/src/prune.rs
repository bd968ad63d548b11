//! Whether an object that Git no longer declares may be deleted.

use sealward_api::flux;
use sealward_manifest::Manifest;

use crate::observation::Observation;
use crate::owner::{Owner, is_disabled};
use crate::{Action, Propagation, Target};

/// What becomes of an object that is no longer declared.
#[derive(Debug, Clone, PartialEq)]
pub enum Prune {
    /// It is deleted, if it still is the very object that was looked at.
    Delete(Action),
    /// It is on its way out already.
    Leaving,
    /// It stays, and we forget it.
    Keep(Keep),
}

/// Why an object stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keep {
    /// Its labels name another Kustomization, or none.
    OwnedBy(Option<Owner>),
    /// We are not on record as having applied it.
    NotApplied,
    /// It says so itself.
    Disabled,
}

impl std::fmt::Display for Keep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::OwnedBy(Some(owner)) => write!(f, "its labels name Kustomization {owner}"),
            Self::OwnedBy(None) => f.write_str("its owner labels are gone"),
            Self::NotApplied => f.write_str("its managedFields do not say that we applied it"),
            Self::Disabled => f.write_str("its metadata says that it must not be pruned"),
        }
    }
}

/// Decides about `live`, which `owner` once applied as `manager` and no longer declares.
pub fn prune(live: &Manifest, owner: &Owner, manager: &str) -> Prune {
    let seen = Observation::of(live, manager);
    if is_disabled(live, flux::PRUNE) || is_disabled(live, flux::RECONCILE) {
        return Prune::Keep(Keep::Disabled);
    }
    if seen.owner.as_ref() != Some(owner) {
        return Prune::Keep(Keep::OwnedBy(seen.owner));
    }
    if !seen.is_applied_by_us() || seen.uid.is_empty() {
        return Prune::Keep(Keep::NotApplied);
    }
    if seen.deleting {
        return Prune::Leaving;
    }
    Prune::Delete(Action::Delete {
        target: Target::of(live),
        uid: seen.uid,
        resource_version: Some(seen.resource_version).filter(|version| !version.is_empty()),
        propagation: Propagation::Background,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const US: &str = "sealward-reconciler";

    fn check(change: impl FnOnce(&mut Value), expect: &str) {
        let mut json = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {
            "name": "a", "namespace": "b", "uid": "u", "resourceVersion": "7", "annotations": {},
            "labels": {"kustomize.toolkit.fluxcd.io/name": "app", "kustomize.toolkit.fluxcd.io/namespace": "flux"},
            "managedFields": [{"manager": US, "operation": "Apply", "apiVersion": "v1",
                "fieldsType": "FieldsV1", "fieldsV1": {}}]}});
        change(&mut json);
        let owner = Owner { namespace: "flux".into(), name: "app".into() };
        let found = match prune(&crate::live(&json).unwrap(), &owner, US) {
            Prune::Delete(Action::Delete { uid, resource_version, .. }) => {
                format!("delete {uid}@{resource_version:?}")
            }
            Prune::Delete(other) => panic!("{other:?}"),
            Prune::Leaving => "leaving".into(),
            Prune::Keep(keep) => keep.to_string(),
        };
        assert_eq!(found, expect);
    }

    #[test]
    fn labels_and_managed_fields_must_agree() {
        check(|_| {}, "delete u@Some(\"7\")");
        check(|json| json["metadata"]["labels"] = json!({}), "its owner labels are gone");
        check(
            |json| json["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/name"] = json!("other"),
            "its labels name Kustomization flux/other",
        );
        check(
            |json| json["metadata"]["managedFields"][0]["operation"] = json!("Update"),
            "its managedFields do not say that we applied it",
        );
        check(
            |json| json["metadata"]["managedFields"] = json!([]),
            "its managedFields do not say that we applied it",
        );
        check(|json| json["metadata"]["deletionTimestamp"] = json!("x"), "leaving");
    }

    #[test]
    fn marks_on_the_object_keep_it() {
        let kept = "its metadata says that it must not be pruned";
        check(
            |json| json["metadata"]["annotations"] = json!({"kustomize.toolkit.fluxcd.io/prune": "Disabled"}),
            kept,
        );
        check(
            |json| json["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/reconcile"] = json!("disabled"),
            kept,
        );
    }
}
