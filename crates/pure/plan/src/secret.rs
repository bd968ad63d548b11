//! One opened SealedSecret and the Secret that stands there: what is to be done.
//!
//! Follows the reconcile of `pkg/controller/controller.go` in bitnami/sealed-secrets v0.40, except that
//! labels and annotations which others added to our Secret stay, and that a Secret without an owner
//! reference is known to be ours by its field manager.

use std::collections::BTreeSet;

use sealward_api::bitnami;
use sealward_manifest::Manifest;
use sealward_manifest::document::{Map, Node, Value};
use sealward_manifest::fields::{Element, FieldSet, managers};

use crate::Action;
use crate::secret_claim::{Claim, Holder, claim};

/// What is to be done about one Secret.
#[derive(Debug, Clone, PartialEq)]
pub enum SecretPlan {
    /// It is as it should be.
    Nothing,
    /// One request makes it so.
    Act(Action),
    /// It must not be touched; the reason.
    Refused(Refusal),
}

/// What a Secret is to be.
#[derive(Debug, Clone, Copy)]
pub struct WantedSecret<'a> {
    /// What the SealedSecret says, with its owner reference unless it shall have none.
    pub desired: &'a Manifest,
    /// The SealedSecret's UID.
    pub owner: &'a str,
    /// The field manager to record.
    pub manager: &'a str,
    /// Items that `desired` has anew each time; where the live Secret has them, they stay as they are.
    pub kept: &'a BTreeSet<String>,
}

/// Why a Secret is not written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Somebody else's. The text begins as the one that scripts of sealed-secrets users match.
    #[error("Resource {name:?} already exists and is not managed by SealedSecret: {holder}")]
    Foreign {
        /// The Secret's name.
        name: String,
        /// Whose it is.
        holder: Holder,
    },
    /// It was made immutable.
    #[error(
        "Error updating {namespace}/{name}: the target Secret is immutable. Once a Secret is marked as immutable, it \
         is not possible to revert this change nor to mutate the contents of the data field. You can only delete and \
         recreate the Secret."
    )]
    Immutable {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// The Secret's type cannot change.
    #[error(
        "the Secret has type {live:?} and the SealedSecret wants {wanted:?}; a type cannot change: delete the Secret"
    )]
    Type {
        /// The type that it has.
        live: String,
        /// The type that is wanted.
        wanted: String,
    },
    /// It would become a sealing key.
    #[error("a SealedSecret may not make a sealing key: {what} is reserved in the sealer's namespace")]
    Key {
        /// The label or the name.
        what: String,
    },
}

/// Whether `desired` would be, or would replace, a sealing key of the sealer that runs in `namespace`.
pub fn refuse_key(desired: &Manifest, namespace: &str, key_prefix: &str) -> Option<Refusal> {
    if desired.namespace() != namespace {
        return None;
    }
    let refused = |what: &str| Some(Refusal::Key { what: what.to_owned() });
    for label in [bitnami::KEY_LABEL, bitnami::AGE_KEY_LABEL] {
        if desired.label(label).is_some() {
            return refused(&format!("the label {label}"));
        }
    }
    let name = desired.name();
    let reserved = [key_prefix, bitnami::AGE_KEY_PREFIX];
    if reserved.iter().any(|prefix| name.starts_with(prefix)) {
        return refused(&format!("the name {name:?}"));
    }
    None
}

/// What makes the Secret that stands there (`live`) what is wanted.
pub fn secret(wanted: &WantedSecret<'_>, live: Option<&Manifest>) -> SecretPlan {
    let manager = wanted.manager.to_owned();
    let Some(live) = live else {
        return SecretPlan::Act(Action::Create { object: wanted.desired.clone(), manager });
    };
    let foreign = |holder| SecretPlan::Refused(Refusal::Foreign { name: live.name().to_owned(), holder });
    let claim = match claim(live, wanted) {
        Ok(claim) => claim,
        Err(holder) => return foreign(holder),
    };
    let wanted_type = text(wanted.desired, "type").unwrap_or("Opaque");
    let live_type = text(live, "type").unwrap_or("Opaque");
    if wanted_type != live_type {
        return SecretPlan::Refused(Refusal::Type { live: live_type.into(), wanted: wanted_type.into() });
    }
    let dropped = no_longer_declared(live, wanted);
    let Ok(next) = live.with(|root| merge(root, wanted, claim, &dropped)) else {
        return foreign(Holder::Nobody);
    };
    if next == *live {
        return SecretPlan::Nothing;
    }
    let immutable = live.root().get("immutable").is_some_and(|node| node.value == Value::Bool(true));
    if immutable && next.root().get("data") != live.root().get("data") {
        let (namespace, name) = (live.namespace().to_owned(), live.name().to_owned());
        return SecretPlan::Refused(Refusal::Immutable { namespace, name });
    }
    SecretPlan::Act(Action::Update { object: next, manager })
}

fn text<'a>(manifest: &'a Manifest, field: &str) -> Option<&'a str> {
    manifest.root().get(field).and_then(Node::as_str)
}

/// Labels and annotations (`labels`, key) that we alone set once and that are wanted no more. Where
/// managedFields cannot be read, nothing is known to be ours.
fn no_longer_declared(live: &Manifest, wanted: &WantedSecret<'_>) -> Vec<(&'static str, String)> {
    let entries = managers(live).unwrap_or_default();
    let mut dropped = Vec::new();
    for field in ["labels", "annotations"] {
        let path = [Element::field("metadata"), Element::field(field)];
        let owned_by = |ours: bool| {
            let entries = entries.iter().filter(move |entry| (entry.manager == wanted.manager) == ours);
            entries.fold(FieldSet::default(), |all, entry| all.union(&entry.fields.below(&path)))
        };
        for key in owned_by(true).difference(&owned_by(false)).members() {
            let [Element::Field(key)] = key.as_slice() else { continue };
            if wanted.desired.root().at(&["metadata", field, key]).is_none() {
                dropped.push((field, key.clone()));
            }
        }
    }
    dropped
}

fn merge(root: &mut Node, wanted: &WantedSecret<'_>, claim: Claim, dropped: &[(&str, String)]) {
    let desired = |path: &[&str]| wanted.desired.root().at(path).and_then(Node::as_map).cloned();
    let mut data = desired(&["data"]).unwrap_or_default();
    keep(root, &mut data, wanted.kept);
    if claim.adds {
        overlay(root.child_map("data"), &data);
    } else if let Some(map) = root.as_map_mut() {
        replace_data(map, data, wanted.desired);
    }
    let Some(metadata) = root.as_map_mut().and_then(|map| map.get_mut("metadata")) else { return };
    for field in ["labels", "annotations"] {
        let declared = desired(&["metadata", field]).unwrap_or_default();
        if claim.takes_over {
            metadata.as_map_mut().and_then(|map| map.remove(field));
        }
        if !declared.is_empty() {
            overlay(metadata.child_map(field), &declared);
        }
        for (_, key) in dropped.iter().filter(|(of, _)| *of == field) {
            metadata.as_map_mut().and_then(|map| map.get_mut(field)?.as_map_mut()?.remove(key));
        }
    }
    if let (true, Some(map)) = (claim.owns, metadata.as_map_mut()) {
        match wanted.desired.root().at(&["metadata", "ownerReferences"]) {
            Some(owners) => drop(map.insert("ownerReferences", owners.clone())),
            None => drop(map.remove("ownerReferences")),
        }
    }
}

/// Puts the live values of `kept` in place of those in `data`.
fn keep(live: &Node, data: &mut Map, kept: &BTreeSet<String>) {
    for item in kept {
        if let (Some(value), true) = (live.at(&["data", item]), data.get(item).is_some()) {
            data.insert(item.clone(), value.clone());
        }
    }
}

/// The data of the Secret is exactly what the SealedSecret says; an absent map and an empty one are alike.
fn replace_data(map: &mut Map, data: Map, desired: &Manifest) {
    let absent = map.get("data").is_none_or(Node::is_null);
    if data.is_empty() && absent {
        return;
    }
    map.insert("data", Node::made(Value::Map(data), desired.origin().clone()));
}

fn overlay(map: Option<&mut Map>, declared: &Map) {
    let Some(map) = map else { return };
    for field in declared {
        map.insert(field.key.clone(), field.node.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sealward_diagnostic::Origin;
    use serde_json::{Value as Json, json};

    const OWNER: &str = "uid-of-sealed-secret";

    fn manifest(json: &Json) -> Manifest {
        Manifest::from_json(json, &Origin::file("test")).unwrap()
    }

    fn desired() -> Json {
        json!({
            "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
            "metadata": {
                "name": "db", "namespace": "web", "labels": {"app": "db"},
                "ownerReferences": [{
                    "apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret", "name": "db",
                    "uid": OWNER, "controller": true,
                }],
            },
            "data": {"password": "c2VjcmV0"},
        })
    }

    fn live(change: impl FnOnce(&mut Json)) -> Manifest {
        let mut json = desired();
        json["metadata"]["uid"] = json!("u");
        json["metadata"]["resourceVersion"] = json!("7");
        change(&mut json);
        manifest(&json)
    }

    fn planned(desired: &Json, live: Option<&Manifest>, kept: &[&str]) -> SecretPlan {
        let kept = kept.iter().map(|&item| item.to_owned()).collect();
        let desired = manifest(desired);
        let wanted =
            WantedSecret { desired: &desired, owner: OWNER, manager: "sealward-sealer", kept: &kept };
        secret(&wanted, live)
    }

    fn check(live: Option<&Manifest>, expect: &str) {
        let plan = planned(&desired(), live, &[]);
        let found = match &plan {
            SecretPlan::Nothing => "nothing".to_owned(),
            SecretPlan::Act(action) => {
                let data = action.object().unwrap().root().get("data").unwrap().expose_json();
                format!("{} {data}", action.verb())
            }
            SecretPlan::Refused(Refusal::Foreign { holder, .. }) => format!("foreign: {holder}"),
            SecretPlan::Refused(refusal) => format!("{refusal:?}"),
        };
        assert_eq!(found, expect);
    }

    #[test]
    fn made_when_missing_and_left_alone_when_equal() {
        check(None, r#"create {"password":"c2VjcmV0"}"#);
        check(Some(&live(|_| ())), "nothing");
        check(Some(&live(|json| json["metadata"]["labels"]["added"] = json!("by-another"))), "nothing");
    }

    #[test]
    fn changed_data_is_put_back_whole() {
        check(
            Some(&live(|json| json["data"] = json!({"password": "eA=="}))),
            r#"update {"password":"c2VjcmV0"}"#,
        );
        check(Some(&live(|json| json["data"]["more"] = json!("eA=="))), r#"update {"password":"c2VjcmV0"}"#);
        check(
            Some(&live(|json| json["metadata"]["labels"] = json!({"app": "other"}))),
            r#"update {"password":"c2VjcmV0"}"#,
        );
    }

    #[test]
    fn a_foreign_secret_is_never_taken_over() {
        let hand_over =
            "delete it, or annotate it with sealedsecrets.bitnami.com/managed=true to hand it over";
        check(
            Some(&live(|json| json["metadata"]["ownerReferences"] = json!([]))),
            &format!("foreign: {hand_over}"),
        );
        check(
            Some(&live(|json| json["metadata"]["ownerReferences"][0]["controller"] = json!(false))),
            &format!("foreign: {hand_over}"),
        );
        check(
            Some(&live(|json| {
                let owner = &mut json["metadata"]["ownerReferences"][0];
                owner["kind"] = json!("Certificate");
                owner["uid"] = json!("another");
            })),
            &format!("foreign: Certificate \"db\" controls it; {hand_over}"),
        );
        check(
            Some(&live(|json| json["metadata"]["ownerReferences"][0]["uid"] = json!("earlier"))),
            "foreign: an earlier SealedSecret of this name (UID earlier) holds it; it is made anew as soon as that one \
             is collected",
        );
    }

    #[test]
    fn managed_hands_over_and_patch_adds() {
        check(
            Some(&live(|json| {
                json["metadata"]["ownerReferences"] = json!([]);
                json["metadata"]["annotations"] = json!({"sealedsecrets.bitnami.com/managed": "true"});
                json["data"] = json!({"old": "eA=="});
            })),
            r#"update {"password":"c2VjcmV0"}"#,
        );
        check(
            Some(&live(|json| {
                json["metadata"]["ownerReferences"] = json!([]);
                json["metadata"]["annotations"] = json!({"sealedsecrets.bitnami.com/patch": "true"});
                json["data"] = json!({"old": "eA=="});
            })),
            r#"update {"old":"eA==","password":"c2VjcmV0"}"#,
        );
    }

    /// The object that is written.
    fn next(desired: &Json, live: &Manifest, kept: &[&str]) -> Json {
        match planned(desired, Some(live), kept) {
            SecretPlan::Act(action) => action.object().unwrap().root().expose_json(),
            plan => panic!("{plan:?}"),
        }
    }

    #[test]
    fn taking_over_replaces_labels_and_annotations_and_keeping_leaves_those_of_others() {
        let live = live(|json| {
            json["metadata"]["ownerReferences"] = json!([]);
            json["metadata"]["labels"] = json!({"app": "old", "added": "1"});
            json["metadata"]["annotations"] = json!({"sealedsecrets.bitnami.com/managed": "true", "x": "y"});
        });
        let taken = next(&desired(), &live, &[]);
        assert_eq!(taken["metadata"]["labels"], json!({"app": "db"}));
        assert_eq!(taken["metadata"]["annotations"], Json::Null);
        assert_eq!(taken["metadata"]["ownerReferences"][0]["uid"], OWNER);
    }

    #[test]
    fn an_owner_reference_that_is_wanted_no_more_goes() {
        let mut unowned = desired();
        unowned["metadata"].as_object_mut().unwrap().remove("ownerReferences");
        assert_eq!(next(&unowned, &live(|_| ()), &[])["metadata"]["ownerReferences"], Json::Null);
    }

    #[test]
    fn items_that_change_each_time_stay_as_they_are_while_they_are_there() {
        let mut random = desired();
        random["data"]["token"] = json!("bmV3");
        let had = live(|json| json["data"]["token"] = json!("b2xk"));
        assert_eq!(planned(&random, Some(&had), &["token", "unknown"]), SecretPlan::Nothing);
        let lost = next(&random, &live(|_| ()), &["token"]);
        assert_eq!(lost["data"], json!({"password": "c2VjcmV0", "token": "bmV3"}));
        assert_eq!(next(&random, &had, &[])["data"]["token"], "bmV3");
    }

    #[test]
    fn what_git_declares_is_not_handed_over_by_an_annotation() {
        for key in ["sealedsecrets.bitnami.com/managed", "sealedsecrets.bitnami.com/patch"] {
            for manager in ["sealward-reconciler", "kustomize-controller"] {
                let live = live(|json| {
                    json["metadata"]["ownerReferences"] = json!([]);
                    json["metadata"]["annotations"] = json!({ key: "true" });
                    json["metadata"]["managedFields"] = json!([{
                        "manager": manager, "operation": "Apply", "apiVersion": "v1", "time": "2026-01-01T00:00:00Z",
                        "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {"f:password": {}}},
                    }]);
                });
                check(
                    Some(&live),
                    "foreign: Git declares its values, which no annotation hands over; take it out of Git",
                );
            }
        }
    }

    #[test]
    fn what_cannot_change_is_said() {
        check(
            Some(&live(|json| {
                json["immutable"] = json!(true);
                json["data"] = json!({"password": "eA=="});
            })),
            r#"Immutable { namespace: "web", name: "db" }"#,
        );
        check(
            Some(&live(|json| json["type"] = json!("kubernetes.io/tls"))),
            r#"Type { live: "kubernetes.io/tls", wanted: "Opaque" }"#,
        );
    }

    #[test]
    fn a_label_that_is_declared_no_more_goes_unless_another_holds_it() {
        let fields = |label: &str| json!({"f:metadata": {"f:labels": {label: {}}}});
        let entry = |manager: &str, label: &str| {
            json!({
                "manager": manager, "operation": "Update", "apiVersion": "v1", "time": "2026-01-01T00:00:00Z",
                "fieldsType": "FieldsV1", "fieldsV1": fields(label),
            })
        };
        let live = live(|json| {
            json["metadata"]["labels"] = json!({"app": "db", "old": "1", "shared": "1", "theirs": "1"});
            json["metadata"]["managedFields"] = json!([
                entry("sealward-sealer", "f:old"),
                entry("sealward-sealer", "f:shared"),
                entry("kubectl", "f:shared"),
                entry("kubectl", "f:theirs"),
            ]);
        });
        let labels = next(&desired(), &live, &[])["metadata"]["labels"].clone();
        assert_eq!(labels, json!({"app": "db", "shared": "1", "theirs": "1"}));
    }

    #[test]
    fn sealing_keys_are_out_of_reach() {
        let refused = |change: &dyn Fn(&mut Json)| {
            let mut json = desired();
            json["metadata"]["namespace"] = json!("sealward-system");
            change(&mut json);
            refuse_key(&manifest(&json), "sealward-system", bitnami::KEY_PREFIX).is_some()
        };
        assert!(!refused(&|_| ()));
        assert!(refused(&|json| json["metadata"]["labels"] = json!({bitnami::KEY_LABEL: "active"})));
        assert!(refused(&|json| json["metadata"]["labels"] = json!({bitnami::KEY_LABEL: "no"})));
        assert!(refused(&|json| json["metadata"]["labels"] = json!({bitnami::AGE_KEY_LABEL: "active"})));
        assert!(refused(&|json| json["metadata"]["name"] = json!("sealed-secrets-keyabcde")));
        assert!(refused(&|json| json["metadata"]["name"] = json!("sealed-secrets-key")));
        assert!(refused(&|json| json["metadata"]["name"] = json!("sealward-age-identity-x")));
        assert!(!refused(&|json| json["metadata"]["namespace"] = json!("web")));
    }
}
