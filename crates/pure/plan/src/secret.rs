//! One opened SealedSecret and the Secret that stands there: what is to be done.
//!
//! Follows the reconcile of `pkg/controller/controller.go` in bitnami/sealed-secrets v0.40, except that
//! labels and annotations which others added to the Secret stay.

use sealward_api::{bitnami, names};
use sealward_manifest::Manifest;
use sealward_manifest::document::{Map, Node, Value};
use sealward_manifest::fields::{Element, FieldSet, managers};

use crate::Action;

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

/// Why a Secret is not written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Somebody else's. The text is the one that scripts of sealed-secrets users match.
    #[error(
        "Resource {name:?} already exists and is not managed by SealedSecret; delete it, or annotate it with \
         sealedsecrets.bitnami.com/managed=true to hand it over"
    )]
    Foreign {
        /// The Secret's name.
        name: String,
    },
    /// It was made immutable.
    #[error(
        "the target Secret is immutable. Once a Secret is marked as immutable, it is not possible to revert this \
         change nor to mutate the contents of the data field. You can only delete and recreate the Secret."
    )]
    Immutable,
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

/// What makes the Secret that stands there (`live`) what the SealedSecret of UID `owner` says
/// (`desired`, with its owner reference). `manager` is the field manager to record.
pub fn secret(desired: &Manifest, live: Option<&Manifest>, owner: &str, manager: &str) -> SecretPlan {
    let Some(live) = live else {
        return SecretPlan::Act(Action::Create { object: desired.clone(), manager: manager.into() });
    };
    let set = |key| live.annotation(key) == Some(bitnami::ANNOTATION_SET);
    let managed = set(bitnami::MANAGED_ANNOTATION);
    let patch = set(bitnami::PATCH_ANNOTATION);
    // Without an owner reference to recognise it by, our own field manager's entry is what is left.
    let unowned = desired.root().at(&["metadata", "ownerReferences"]).is_none() && written_by(live, manager);
    let handed_over = (managed || patch) && !declared_by_git(live);
    if !controlled_by(live, owner) && !handed_over && !unowned {
        return SecretPlan::Refused(Refusal::Foreign { name: live.name().to_owned() });
    }
    let wanted_type = text(desired, "type").unwrap_or("Opaque");
    let live_type = text(live, "type").unwrap_or("Opaque");
    if wanted_type != live_type {
        return SecretPlan::Refused(Refusal::Type { live: live_type.into(), wanted: wanted_type.into() });
    }
    let dropped = no_longer_declared(live, desired, manager);
    let Ok(next) = live.with(|root| merge(root, desired, &dropped, patch, managed)) else {
        return SecretPlan::Refused(Refusal::Foreign { name: live.name().to_owned() });
    };
    if next == *live {
        return SecretPlan::Nothing;
    }
    let immutable = live.root().get("immutable").is_some_and(|node| node.value == Value::Bool(true));
    if immutable && next.root().get("data") != live.root().get("data") {
        return SecretPlan::Refused(Refusal::Immutable);
    }
    SecretPlan::Act(Action::Update { object: next, manager: manager.into() })
}

fn text<'a>(manifest: &'a Manifest, field: &str) -> Option<&'a str> {
    manifest.root().get(field).and_then(Node::as_str)
}

/// Whether the controller of `live` is the object of UID `owner`.
fn controlled_by(live: &Manifest, owner: &str) -> bool {
    let references = live.root().at(&["metadata", "ownerReferences"]).and_then(Node::as_list);
    references.unwrap_or_default().iter().any(|reference| {
        reference.get("controller").is_some_and(|node| node.value == Value::Bool(true))
            && reference.get("uid").and_then(Node::as_str) == Some(owner)
    })
}

/// Whether Git declares values of `live`: then an annotation cannot hand it over. What cannot be read
/// counts as declared.
fn declared_by_git(live: &Manifest) -> bool {
    let Ok(entries) = managers(live) else { return true };
    let git = [names::RECONCILER_FIELD_MANAGER, names::FLUX_FIELD_MANAGER];
    let mut declared = entries.iter().filter(|entry| git.contains(&entry.manager.as_str()));
    declared.any(|entry| {
        ["data", "stringData"].iter().any(|field| {
            let path = [Element::field(*field)];
            entry.fields.contains(&path) || !entry.fields.below(&path).is_empty()
        })
    })
}

fn written_by(live: &Manifest, manager: &str) -> bool {
    let entries = live.root().at(&["metadata", "managedFields"]).and_then(Node::as_list);
    entries
        .unwrap_or_default()
        .iter()
        .any(|entry| entry.get("manager").and_then(Node::as_str) == Some(manager))
}

/// Labels and annotations (`labels`, key) that we alone set once and that are wanted no more. Where
/// managedFields cannot be read, nothing is known to be ours.
fn no_longer_declared(live: &Manifest, desired: &Manifest, manager: &str) -> Vec<(&'static str, String)> {
    let entries = managers(live).unwrap_or_default();
    let mut dropped = Vec::new();
    for field in ["labels", "annotations"] {
        let path = [Element::field("metadata"), Element::field(field)];
        let owned_by = |ours: bool| {
            let entries = entries.iter().filter(move |entry| (entry.manager == manager) == ours);
            entries.fold(FieldSet::default(), |all, entry| all.union(&entry.fields.below(&path)))
        };
        for key in owned_by(true).difference(&owned_by(false)).members() {
            let [Element::Field(key)] = key.as_slice() else { continue };
            if desired.root().at(&["metadata", field, key]).is_none() {
                dropped.push((field, key.clone()));
            }
        }
    }
    dropped
}

fn merge(root: &mut Node, desired: &Manifest, dropped: &[(&str, String)], patch: bool, managed: bool) {
    let wanted = |path: &[&str]| desired.root().at(path).and_then(Node::as_map).cloned().unwrap_or_default();
    if patch {
        overlay(root.child_map("data"), &wanted(&["data"]));
    } else if let Some(map) = root.as_map_mut() {
        replace_data(map, wanted(&["data"]), desired);
    }
    let Some(metadata) = root.as_map_mut().and_then(|map| map.get_mut("metadata")) else { return };
    for field in ["labels", "annotations"] {
        let declared = wanted(&["metadata", field]);
        if !declared.is_empty() {
            overlay(metadata.child_map(field), &declared);
        }
        for (_, key) in dropped.iter().filter(|(of, _)| *of == field) {
            metadata.child_map(field).and_then(|map| map.remove(key));
        }
    }
    if (!patch || managed)
        && let Some(owners) = desired.root().at(&["metadata", "ownerReferences"])
        && let Some(map) = metadata.as_map_mut()
    {
        map.insert("ownerReferences", owners.clone());
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

    fn check(live: Option<&Manifest>, expect: &str) {
        let plan = secret(&manifest(&desired()), live, OWNER, "sealward-sealer");
        let found = match &plan {
            SecretPlan::Nothing => "nothing".to_owned(),
            SecretPlan::Act(action) => {
                let data = action.object().unwrap().root().get("data").unwrap().expose_json();
                format!("{} {data}", action.verb())
            }
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
        let foreign = r#"Foreign { name: "db" }"#;
        check(Some(&live(|json| json["metadata"]["ownerReferences"] = json!([]))), foreign);
        check(Some(&live(|json| json["metadata"]["ownerReferences"][0]["uid"] = json!("earlier"))), foreign);
        check(
            Some(&live(|json| json["metadata"]["ownerReferences"][0]["controller"] = json!(false))),
            foreign,
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
                check(Some(&live), r#"Foreign { name: "db" }"#);
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
            "Immutable",
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
        let plan = secret(&manifest(&desired()), Some(&live), OWNER, "sealward-sealer");
        let SecretPlan::Act(action) = plan else { panic!("{plan:?}") };
        let labels = action.object().unwrap().root().at(&["metadata", "labels"]).unwrap().to_json_redacted();
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
