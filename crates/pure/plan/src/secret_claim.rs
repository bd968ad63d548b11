//! Whose Secret it is.

use std::fmt;

use sealward_api::{bitnami, names};
use sealward_manifest::Manifest;
use sealward_manifest::document::{Node, Value};
use sealward_manifest::fields::{Element, managers};

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
/// none, by what field manager `manager` wrote.
pub fn is_made_for(live: &Manifest, owner: &str, manager: &str) -> bool {
    is_controlled_by(live, owner) || (controller(live).is_none() && is_written_by(live, manager))
}

/// What may be done to `live`, or who holds it.
pub(crate) fn claim(live: &Manifest, wanted: &WantedSecret<'_>) -> Result<Claim, Holder> {
    let managed = is_set(live, bitnami::MANAGED_ANNOTATION);
    let patch = is_set(live, bitnami::PATCH_ANNOTATION);
    // Without an owner reference to recognise it by, our own field manager's entry is what is left.
    let unowned = wanted.desired.root().at(&["metadata", "ownerReferences"]).is_none()
        && is_written_by(live, wanted.manager);
    let ours = is_controlled_by(live, wanted.owner) || unowned;
    if !ours && (managed || patch) && is_declared_by_git(live) {
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

fn is_written_by(live: &Manifest, manager: &str) -> bool {
    let entries = live.root().at(&["metadata", "managedFields"]).and_then(Node::as_list);
    entries
        .unwrap_or_default()
        .iter()
        .any(|entry| entry.get("manager").and_then(Node::as_str) == Some(manager))
}
