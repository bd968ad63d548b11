//! Whose Secret it is.

use std::fmt;

use sealward_api::{bitnami, names};
use sealward_manifest::Manifest;
use sealward_manifest::document::{Map, Node, Value};
use sealward_manifest::fields::{Element, FieldSet, managers};

use crate::secret::WantedSecret;

/// What may be done to a Secret that stands there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Claim {
    /// Items are added, those that are there besides stay (`patch`).
    pub(crate) adds: bool,
    /// The owner references become ours.
    pub(crate) owns: bool,
    /// It was somebody else's until now and is handed over whole (`managed`).
    pub(crate) takes_over: bool,
}

/// Who holds a Secret that is not ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// Nobody who says so.
    Nobody,
    /// An object controls it.
    Controller {
        /// Its kind.
        kind: String,
        /// Its name.
        name: String,
    },
    /// A SealedSecret of the same name that was deleted or is about to be.
    Earlier {
        /// Its UID.
        uid: String,
    },
    /// It is applied from Git.
    Git,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hand_over = format_args!(
            "delete it, or annotate it with {}={} to hand it over",
            bitnami::MANAGED_ANNOTATION,
            bitnami::ANNOTATION_SET
        );
        match self {
            Self::Nobody => f.write_fmt(hand_over),
            Self::Controller { kind, name } => write!(f, "{kind} {name:?} controls it; {hand_over}"),
            Self::Earlier { uid } => write!(
                f,
                "an earlier SealedSecret of this name (UID {uid}) holds it; it is made anew as soon as that one is \
                 collected"
            ),
            Self::Git => {
                f.write_str("Git declares its values, which no annotation hands over; take it out of Git")
            }
        }
    }
}

/// Whether the Secret is one that is only added to: when it is gone, that was its owner's doing.
pub fn is_only_added_to(live: &Manifest, owner: &str) -> bool {
    is_set(live, bitnami::PATCH_ANNOTATION)
        && !is_set(live, bitnami::MANAGED_ANNOTATION)
        && !is_controlled_by(live, owner)
}

/// Whether `live` is what the SealedSecret of UID `owner` made: by its owner reference, or, where it has
/// none, by what field manager `manager` wrote. A Secret that is only added to is not.
pub fn is_made_for(live: &Manifest, owner: &str, manager: &str) -> bool {
    is_controlled_by(live, owner)
        || (controller(live).is_none() && is_made_by(live, manager) && !is_only_added_to(live, owner))
}

/// What may be done to `live`, or who holds it.
pub(crate) fn claim(live: &Manifest, wanted: &WantedSecret<'_>) -> Result<Claim, Holder> {
    let managed = is_set(live, bitnami::MANAGED_ANNOTATION);
    let patch = is_set(live, bitnami::PATCH_ANNOTATION);
    let controlled = is_controlled_by(live, wanted.owner);
    // Without an owner reference to recognise it by, our own field manager's entry is what is left.
    let unowned = wanted.desired.root().at(&["metadata", "ownerReferences"]).is_none()
        && controller(live).is_none()
        && is_made_by(live, wanted.manager);
    let ours = controlled || unowned;
    if !controlled && (unowned || managed || patch) && is_declared_by_git(live) {
        return Err(Holder::Git);
    }
    if !ours && !managed && !patch {
        return Err(holder(live));
    }
    Ok(Claim { adds: patch, owns: !patch || managed, takes_over: !ours && !patch })
}

fn holder(live: &Manifest) -> Holder {
    let Some(owner) = controller(live) else { return Holder::Nobody };
    let text = |field: &str| owner.get(field).and_then(Node::as_str).unwrap_or_default().to_owned();
    if text("kind") == bitnami::KIND
        && text("apiVersion") == bitnami::API_VERSION
        && text("name") == live.name()
    {
        return Holder::Earlier { uid: text("uid") };
    }
    Holder::Controller { kind: text("kind"), name: text("name") }
}

fn is_set(live: &Manifest, annotation: &str) -> bool {
    live.annotation(annotation) == Some(bitnami::ANNOTATION_SET)
}

/// The owner reference of the controller of `live`.
fn controller(live: &Manifest) -> Option<&Node> {
    let references = live.root().at(&["metadata", "ownerReferences"]).and_then(Node::as_list);
    let is_controller =
        |reference: &&Node| reference.get("controller").is_some_and(|node| node.value == Value::Bool(true));
    references.unwrap_or_default().iter().find(is_controller)
}

/// Whether the controller of `live` is the object of UID `owner`.
fn is_controlled_by(live: &Manifest, owner: &str) -> bool {
    controller(live).and_then(|reference| reference.get("uid")).and_then(Node::as_str) == Some(owner)
}

/// Whether Git declares values of `live`: then an annotation cannot hand it over. What cannot be read
/// counts as declared.
fn is_declared_by_git(live: &Manifest) -> bool {
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

/// Whether field manager `manager` made `live`: it set the type, or it holds all of the data. Whoever added
/// items to somebody else's Secret did neither.
fn is_made_by(live: &Manifest, manager: &str) -> bool {
    let entries = managers(live).unwrap_or_default();
    let entries = entries.iter().filter(|entry| entry.manager == manager);
    let held = entries.fold(FieldSet::default(), |all, entry| all.union(&entry.fields));
    let data = live.root().get("data").and_then(Node::as_map);
    let mut keys = data.into_iter().flat_map(Map::iter).map(|field| field.key.as_str()).peekable();
    let holds = |key: &str| held.contains(&[Element::field("data"), Element::field(key)]);
    held.contains(&[Element::field("type")]) || (keys.peek().is_some() && keys.all(holds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value as Json, json};

    const MANAGER: &str = "sealward-sealer";
    const OWNER: &str = "uid-of-sealed-secret";

    fn entry(manager: &str, fields: &Json) -> Json {
        json!({
            "manager": manager, "operation": "Update", "apiVersion": "v1", "time": "2026-01-01T00:00:00Z",
            "fieldsType": "FieldsV1", "fieldsV1": fields,
        })
    }

    /// A Secret of two items, one of them written by the sealer.
    fn live(entries: &Json, annotations: &Json, owners: &Json) -> Manifest {
        let json = json!({
            "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
            "metadata": {
                "name": "db", "namespace": "web", "uid": "u", "resourceVersion": "7",
                "annotations": annotations, "ownerReferences": owners, "managedFields": entries,
            },
            "data": {"ours": "eA==", "theirs": "eA=="},
        });
        crate::live(&json).unwrap()
    }

    /// What a SealedSecret without an owner reference may do to `live`.
    fn claimed(live: &Manifest) -> Result<Claim, Holder> {
        let json = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db", "namespace": "web"},
            "data": {"ours": "eQ=="},
        });
        let desired = crate::live(&json).unwrap();
        let kept = std::collections::BTreeSet::new();
        claim(live, &WantedSecret { desired: &desired, owner: OWNER, manager: MANAGER, kept: &kept })
    }

    fn made() -> Json {
        let fields = json!({"f:data": {".": {}, "f:ours": {}, "f:theirs": {}}, "f:type": {}});
        json!([entry(MANAGER, &fields)])
    }

    fn added() -> Json {
        let theirs = json!({"f:data": {".": {}, "f:theirs": {}}, "f:type": {}});
        json!([entry("kubectl-create", &theirs), entry(MANAGER, &json!({"f:data": {"f:ours": {}}}))])
    }

    #[test]
    fn what_we_made_without_an_owner_reference_is_ours_also_when_it_was_edited() {
        let ours = Ok(Claim { adds: false, owns: true, takes_over: false });
        assert_eq!(claimed(&live(&made(), &json!({}), &json!([]))), ours);
        let made = json!({"f:data": {".": {}, "f:ours": {}}, "f:type": {}});
        let edited =
            json!([entry(MANAGER, &made), entry("kubectl-edit", &json!({"f:data": {"f:theirs": {}}}))]);
        assert_eq!(claimed(&live(&edited, &json!({}), &json!([]))), ours);
        // Handed over once, of which the annotation says nothing any more.
        let handed_over = json!([
            entry("kubectl-create", &json!({"f:type": {}})),
            entry(MANAGER, &json!({"f:data": {"f:ours": {}, "f:theirs": {}}})),
        ]);
        assert_eq!(claimed(&live(&handed_over, &json!({}), &json!([]))), ours);
    }

    #[test]
    fn a_secret_that_was_added_to_is_somebody_elses_again_without_the_annotation() {
        let patch = json!({bitnami::PATCH_ANNOTATION: "true"});
        assert!(claimed(&live(&added(), &patch, &json!([]))).unwrap().adds);
        assert_eq!(claimed(&live(&added(), &json!({}), &json!([]))), Err(Holder::Nobody));
        for annotations in [patch, json!({})] {
            assert!(!is_made_for(&live(&added(), &annotations, &json!([])), OWNER, MANAGER), "{annotations}");
        }
        assert!(is_made_for(&live(&made(), &json!({}), &json!([])), OWNER, MANAGER));
    }

    #[test]
    fn what_we_made_is_not_ours_once_another_controls_it_or_git_declares_it() {
        let owner = json!([{
            "apiVersion": "cert-manager.io/v1", "kind": "Certificate", "name": "db", "uid": "c", "controller": true,
        }]);
        let certificate = Holder::Controller { kind: "Certificate".into(), name: "db".into() };
        assert_eq!(claimed(&live(&made(), &json!({}), &owner)), Err(certificate));
        let mut entries = made();
        let declared = entry(names::FLUX_FIELD_MANAGER, &json!({"f:data": {"f:ours": {}}}));
        entries.as_array_mut().unwrap().push(declared);
        assert_eq!(claimed(&live(&entries, &json!({}), &json!([]))), Err(Holder::Git));
    }
}
