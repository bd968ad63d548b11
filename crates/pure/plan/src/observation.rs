//! What matters of a live object: whether it still is what we applied.

use sealward_api::flux;
use sealward_manifest::Manifest;
use sealward_manifest::document::Node;
use sealward_manifest::fields::{FieldSet, ManagerEntry, Operation, managers};

use crate::health::{Health, health};
use crate::owner::{Owner, is_disabled};
use crate::take_over::has_foreign_hand;

/// What is kept of a live object.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// Its UID.
    pub uid: String,
    /// Its resourceVersion.
    pub resource_version: String,
    /// The Kustomization that its labels name.
    pub owner: Option<Owner>,
    /// Whether it says that it must not be reconciled.
    pub reconcile_disabled: bool,
    /// Whether it is being deleted.
    pub deleting: bool,
    /// Whether a person's tool has written fields that are to be taken over.
    pub foreign_hand: bool,
    /// How it is.
    pub health: Health,
    /// Our managedFields entry: what we are on record to declare. Its time counts, because it moves
    /// when somebody else uses our name.
    entry: Option<ManagerEntry>,
    /// The object without status and managedFields.
    content: Node,
}

impl Observation {
    /// Looks at `live` as field manager `manager`.
    pub fn of(live: &Manifest, manager: &str) -> Self {
        // Entries that the server would not have written are none of ours.
        let entries = managers(live).unwrap_or_default();
        let own = |entry: &ManagerEntry| {
            entry.manager == manager && entry.operation == Operation::Apply && entry.subresource.is_empty()
        };
        Self {
            uid: live.uid().to_owned(),
            resource_version: live.resource_version().to_owned(),
            owner: Owner::of(live),
            reconcile_disabled: is_disabled(live, flux::RECONCILE),
            deleting: live.root().at(&["metadata", "deletionTimestamp"]).is_some(),
            foreign_hand: has_foreign_hand(&entries, manager),
            health: health(live),
            content: content(live),
            entry: entries.into_iter().find(own),
        }
    }

    /// Whether what we declare stands as it did in `applied`: the object that the server gave back when
    /// we applied. Whoever else changes a declared value takes it out of our managedFields entry.
    pub fn agrees_with(&self, applied: &Self) -> bool {
        let same = match (&self.entry, &applied.entry) {
            (Some(own), Some(then)) => {
                own == then && FieldSet::changed(&applied.content, &self.content, &own.fields).is_empty()
            }
            _ => false,
        };
        same && self.uid == applied.uid && !self.foreign_hand && !self.deleting
    }

    /// Whether it is older than `other`, both being the same object. Unknown means no.
    pub fn is_older_than(&self, other: &Self) -> bool {
        let number = |version: &str| version.parse::<u128>().ok();
        match (number(&self.resource_version), number(&other.resource_version)) {
            (Some(own), Some(others)) => self.uid == other.uid && own < others,
            _ => false,
        }
    }

    /// Whether we are on record as a manager that applied it.
    pub fn is_applied_by_us(&self) -> bool {
        self.entry.is_some()
    }
}

/// The object without what changes by itself.
fn content(live: &Manifest) -> Node {
    let mut root = live.root().clone();
    if let Some(fields) = root.as_map_mut() {
        fields.remove("status");
        if let Some(metadata) = fields.get_mut("metadata").and_then(Node::as_map_mut) {
            metadata.remove("managedFields");
        }
    }
    root
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    const US: &str = "sealward-reconciler";

    fn live() -> Json {
        json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "a", "namespace": "b", "uid": "u", "resourceVersion": "7",
                "labels": {"kustomize.toolkit.fluxcd.io/name": "app", "kustomize.toolkit.fluxcd.io/namespace": "flux"},
                "managedFields": [{"manager": US, "operation": "Apply", "apiVersion": "apps/v1", "time": "t",
                    "fieldsType": "FieldsV1",
                    "fieldsV1": {"f:spec": {"f:template": {"f:containers": {
                        "k:{\"name\":\"web\"}": {".": {}, "f:image": {}, "f:name": {}}}}}}}]},
            "spec": {"replicas": 1, "template": {"containers": [
                {"name": "side", "image": "x"}, {"name": "web", "image": "app:1"}]}}})
    }

    fn check(change: impl FnOnce(&mut Json), agrees: bool) {
        let applied = Observation::of(&crate::live(&live()).unwrap(), US);
        let mut json = live();
        change(&mut json);
        let now = Observation::of(&crate::live(&json).unwrap(), US);
        assert_eq!(now.agrees_with(&applied), agrees, "{now:?}");
    }

    #[test]
    fn what_we_do_not_declare_may_change() {
        check(|_| {}, true);
        check(|json| json["spec"]["replicas"] = json!(5), true);
        check(|json| json["spec"]["template"]["containers"][0]["image"] = json!("y"), true);
        check(|json| json["metadata"]["resourceVersion"] = json!("8"), true);
        check(|json| json["status"] = json!({"replicas": 1}), true);
    }

    #[test]
    fn what_we_declare_may_not() {
        check(|json| json["spec"]["template"]["containers"][1]["image"] = json!("evil"), false);
        check(|json| json["spec"]["template"]["containers"] = json!([]), false);
        check(|json| json["metadata"]["managedFields"][0]["fieldsV1"] = json!({"f:spec": {}}), false);
        check(|json| json["metadata"]["managedFields"][0]["time"] = json!("later"), false);
        check(|json| json["metadata"]["managedFields"] = json!([]), false);
        check(|json| json["metadata"]["uid"] = json!("another"), false);
        check(|json| json["metadata"]["deletionTimestamp"] = json!("now"), false);
        let hand = json!({"manager": "kubectl-edit", "operation": "Update", "apiVersion": "apps/v1", "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {}}});
        check(|json| json["metadata"]["managedFields"].as_array_mut().unwrap().push(hand), false);
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        let at = |version: &str| {
            let mut json = live();
            json["metadata"]["resourceVersion"] = json!(version);
            Observation::of(&crate::live(&json).unwrap(), US)
        };
        assert!(at("9").is_older_than(&at("10")) && !at("10").is_older_than(&at("9")));
        assert!(!at("x").is_older_than(&at("10")));
    }
}
