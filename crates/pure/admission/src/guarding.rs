//! The GitOps guard's entry.

use std::collections::BTreeMap;

use sealward_guard::{Cause, Denial, Facts, Need as Asked, Outcome, Parent, Resource, judge};
use sealward_manifest::{Manifest, ManifestError, ObjectId, Origin};
use serde_json::Value;

use crate::decision::{Answer, Answers, Decision, Need, Verdict};
use crate::renderings::Place;
use crate::review::{OperationName, Request, Review};
use crate::world::{World, state};

/// How many field paths a denial lists.
const FIELDS: usize = 12;

/// Decides whether Git's word stands against `review`.
pub fn decide(review: &Review, world: &World, answers: &Answers) -> Answer {
    let request = &review.request;
    let (old, new) = match (read(request, review.old_object()), read(request, review.object())) {
        (Ok(old), Ok(new)) => (old, new),
        // A trusted actor is not held up by what we cannot read.
        (Err(_), _) | (_, Err(_)) if world.trust.actors.contains(&request.user_info.username) => (None, None),
        (Err(error), _) | (_, Err(error)) => return Answer::Decision(unreadable(request, &error)),
    };
    let asked = sealward_guard::Request {
        operation: request.operation.operation(),
        resource: Resource {
            group: &request.resource.group,
            version: &request.resource.version,
            plural: &request.resource.resource,
            subresource: &request.sub_resource,
        },
        namespace: &request.namespace,
        name: &request.name,
        user: &request.user_info.username,
        old: old.as_ref(),
        new: new.as_ref(),
    };
    let mut facts = Facts { parent: answers.parent.clone(), ..Facts::default() };
    loop {
        let need = match judge(&asked, &world.trust, &facts) {
            Outcome::Verdict(verdict) => {
                return Answer::Decision(decision(request, world, old.as_ref(), verdict));
            }
            Outcome::Need(need) => need,
        };
        if let Some(need) = answer(need, &mut facts, world, answers) {
            return Answer::Need(need);
        }
    }
}

/// Objects at a subresource that is created hold nothing of the guarded object and may have no name.
fn read(request: &Request, object: Option<&Value>) -> Result<Option<Manifest>, ManifestError> {
    let connects = request.operation == OperationName::Connect;
    let at_subresource = request.operation == OperationName::Create && !request.sub_resource.is_empty();
    if connects || at_subresource {
        return Ok(None);
    }
    object.map(|object| Manifest::from_json(object, &Origin::file("<request>"))).transpose()
}

/// Answers a need of the guard from the world, or says what must be read from the cluster.
fn answer(need: Asked, facts: &mut Facts, world: &World, answers: &Answers) -> Option<Need> {
    match need {
        Asked::NamespaceContents { name } => facts.contents = Some(world.renderings.in_namespace(&name)),
        Asked::KindContents { group, kind } => facts.contents = Some(world.renderings.of_kind(&group, &kind)),
        Asked::Namespace { name } => {
            let known = match &answers.namespace {
                Some(answer) => answer.as_ref(),
                None => match world.namespaces.find(&name) {
                    Some(known) => Some(known),
                    None => return Some(Need::Namespace { name }),
                },
            };
            facts.namespace = Some(state(known));
        }
        Asked::Parent { group, version, plural, namespace, name } => match scaled_kind(&group, &plural) {
            Some(kind) => {
                return Some(Need::Parent { group, version, kind: kind.to_owned(), namespace, name });
            }
            // Nobody gives us the right to read every kind: what Git declares of that group decides.
            None if world.renderings.names(&group, &namespace, &name) => {
                facts.parent =
                    Some(Parent::Unreadable(format!("{plural}.{group} is no kind that can be looked up")));
            }
            None => facts.parent = Some(Parent::Unmanaged),
        },
    }
    None
}

fn scaled_kind(group: &str, plural: &str) -> Option<&'static str> {
    match (group, plural) {
        ("apps", "deployments") => Some("Deployment"),
        ("apps", "replicasets") => Some("ReplicaSet"),
        ("apps", "statefulsets") => Some("StatefulSet"),
        ("", "replicationcontrollers") => Some("ReplicationController"),
        _ => None,
    }
}

fn unreadable(request: &Request, error: &ManifestError) -> Decision {
    Decision {
        verdict: Verdict::Deny,
        reason: "unknown",
        message: format!("{} {} cannot be judged: {error}", request.kind.kind, request.name),
        warnings: Vec::new(),
        audit: audit(request, "unknown"),
    }
}

fn decision(
    request: &Request,
    world: &World,
    old: Option<&Manifest>,
    verdict: sealward_guard::Verdict,
) -> Decision {
    match verdict {
        sealward_guard::Verdict::Allow(reason) => Decision {
            verdict: Verdict::Allow,
            reason: reason.word(),
            message: String::new(),
            warnings: Vec::new(),
            audit: audit(request, reason.word()),
        },
        sealward_guard::Verdict::Deny(denial) => Decision {
            verdict: Verdict::Deny,
            reason: denial.cause.word(),
            message: message(&denial, place(&denial, world, old).as_ref()),
            warnings: Vec::new(),
            audit: audit(request, denial.cause.word()),
        },
    }
}

fn audit(request: &Request, reason: &str) -> BTreeMap<String, String> {
    let actor = request.user_info.username.clone();
    BTreeMap::from([("actor".to_owned(), actor), ("verdict".to_owned(), reason.to_owned())])
}

/// Where Git declares the object, or the SealedSecret that it was opened from.
fn place(denial: &Denial, world: &World, old: Option<&Manifest>) -> Option<Place> {
    let own = world.renderings.place(&denial.object, denial.owner.as_ref());
    own.or_else(|| {
        let references = old?.root().at(&["metadata", "ownerReferences"])?.as_list()?;
        references.iter().find_map(|reference| {
            let text = |key: &str| reference.get(key).and_then(|node| node.as_str()).unwrap_or_default();
            let (group, _) = text("apiVersion").split_once('/').unwrap_or_default();
            let owner = ObjectId {
                group: group.to_owned(),
                kind: text("kind").to_owned(),
                namespace: denial.object.namespace.clone(),
                name: text("name").to_owned(),
            };
            world.renderings.place(&owner, None)
        })
    })
}

/// What the user reads: which object, why, which fields, where in Git, what to do instead.
fn message(denial: &Denial, place: Option<&Place>) -> String {
    let mut lines = vec![format!("{}: {}", denial.object, denial.cause)];
    if !denial.fields.is_empty() {
        let mut fields = denial.fields.iter().take(FIELDS).cloned().collect::<Vec<_>>().join(", ");
        if denial.fields.len() > FIELDS {
            fields.push_str(&format!(" and {} more", denial.fields.len() - FIELDS));
        }
        lines.push(format!("fields: {fields}"));
    }
    if let Some(Place { application, repository, revision, path, line }) = place {
        lines.push(format!(
            "declared in: {path}:{line} of {repository} at {revision} (Kustomization {application})"
        ));
        lines.push(format!("instead: change {path} in {repository} and push"));
    } else if let Some((namespace, name)) = &denial.owner {
        lines.push(format!("declared by: Kustomization {namespace}/{name}"));
        lines.push("instead: change it in that Kustomization's Git repository and push".to_owned());
    } else {
        lines.push(instead(&denial.cause).to_owned());
    }
    lines.join("\n")
}

fn instead(cause: &Cause) -> &'static str {
    match cause {
        Cause::Contents { .. } => {
            "instead: remove those objects in Git, push, and delete it when they are gone"
        }
        Cause::Unknown { .. } => {
            "instead: make the change in Git, or ask an administrator to look at the webhook's log"
        }
        Cause::DeclaredFields
        | Cause::DeclaredObject
        | Cause::Ownership { .. }
        | Cause::Marks
        | Cause::OwnerReferences => "instead: make the change in Git and push",
    }
}
