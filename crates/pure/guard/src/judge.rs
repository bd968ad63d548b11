//! The decision.
//!
//! | operation | managed object | what others may do |
//! |---|---|---|
//! | CREATE | claims to be | nothing: forged entries and marks are refused |
//! | UPDATE | yes | undeclared fields; not entries, marks, ownerReferences |
//! | UPDATE | no | anything but forge entries and marks |
//! | UPDATE of `scale` | parent declares replicas | nothing |
//! | any of an autoscaler | its target declares replicas | nothing |
//! | DELETE | yes | nothing |
//! | DELETE of a namespace or a definition | holds some | nothing |
//! | any | on its way out | anything |
//! | any | unknown | nothing |

use std::collections::BTreeSet;

use sealward_manifest::Manifest;

use crate::ownership::{self, Owned};
use crate::request::{Contents, Facts, NamespaceState, Need, Operation, Outcome, Request, Trust};
use crate::verdict::{AllowReason, Cause, Denial, Verdict};
use crate::{autoscaler, marks, passes, scale};

/// Decides about `request`. [`Outcome::Need`] asks for something to be put into `facts`; each need is
/// asked for at most once.
pub fn judge(request: &Request<'_>, trust: &Trust, facts: &Facts) -> Outcome {
    if trust.actors.contains(request.user) {
        return allow(AllowReason::TrustedActor);
    }
    match (request.operation, request.resource.subresource) {
        (Operation::Connect, _) => allow(AllowReason::NotGuarded),
        (Operation::Create, "") => autoscaler::also(request, trust, facts, create(request, trust)),
        // Bindings, evictions and tokens are created at a subresource and hold nothing of the object.
        (Operation::Create, _) => allow(AllowReason::NotGuarded),
        (Operation::Update, "scale") => scale::judge(request, trust, facts),
        (Operation::Update, "") => autoscaler::also(request, trust, facts, update(request, trust)),
        (Operation::Update, _) => update(request, trust),
        (Operation::Delete, _) => delete(request, trust, facts),
    }
}

pub(crate) fn allow(reason: AllowReason) -> Outcome {
    Outcome::Verdict(Verdict::Allow(reason))
}

pub(crate) fn deny(
    request: &Request<'_>,
    object: Option<&Manifest>,
    cause: Cause,
    fields: Vec<String>,
) -> Outcome {
    let named = sealward_manifest::ObjectId {
        group: request.resource.group.to_owned(),
        kind: request.resource.plural.to_owned(),
        namespace: request.namespace.to_owned(),
        name: request.name.to_owned(),
    };
    let denial = Denial {
        object: object.map_or(named, Manifest::id),
        owner: object.and_then(marks::owner),
        fields,
        cause,
    };
    Outcome::Verdict(Verdict::Deny(Box::new(denial)))
}

pub(crate) fn unknown(request: &Request<'_>, object: Option<&Manifest>, what: impl Into<String>) -> Outcome {
    deny(request, object, Cause::Unknown { what: what.into() }, Vec::new())
}

/// One thing that a request does and that only trusted actors may do.
struct Finding {
    path: String,
    cause: Cause,
}

fn create(request: &Request<'_>, trust: &Trust) -> Outcome {
    let Some(new) = request.new else {
        return unknown(request, None, "the object to be created is not in the request");
    };
    let owned = match ownership::owned(new, trust) {
        Ok(owned) => owned,
        Err(error) => return unknown(request, Some(new), error.to_string()),
    };
    let mut findings = altered(&Owned::default(), &owned);
    findings.extend(marked(None, Some(new)));
    conclude(request, new, findings, AllowReason::Unmanaged)
}

fn update(request: &Request<'_>, trust: &Trust) -> Outcome {
    let (Some(old), Some(new)) = (request.old, request.new) else {
        return unknown(
            request,
            request.old.or(request.new),
            "the object before or after the change is not in the request",
        );
    };
    if is_being_deleted(old) {
        return allow(AllowReason::BeingDeleted);
    }
    let (before, after) = match (ownership::owned(old, trust), ownership::owned(new, trust)) {
        (Ok(before), Ok(after)) => (before, after),
        (Err(error), _) | (_, Err(error)) => return unknown(request, Some(old), error.to_string()),
    };
    let mut findings: Vec<Finding> = ownership::changed(old, new, &before)
        .into_iter()
        .map(|path| Finding { path, cause: Cause::DeclaredFields })
        .collect();
    findings.extend(altered(&before, &after));
    findings.extend(marked(Some(old), Some(new)));
    let references = |object: &Manifest| object.root().at(&["metadata", "ownerReferences"]).cloned();
    if before.declares_the_object() {
        let switched = marks::switched(old, new).into_iter();
        findings.extend(switched.map(|path| Finding { path, cause: Cause::Marks }));
        if references(old) != references(new) {
            findings.push(Finding { path: "metadata.ownerReferences".into(), cause: Cause::OwnerReferences });
        }
    }
    let otherwise =
        if before.declares_the_object() { AllowReason::Undeclared } else { AllowReason::Unmanaged };
    conclude(request, old, findings, otherwise)
}

fn delete(request: &Request<'_>, trust: &Trust, facts: &Facts) -> Outcome {
    let Some(old) = request.old else {
        return unknown(request, None, "the object to be deleted is not in the request");
    };
    if is_being_deleted(old) {
        return allow(AllowReason::BeingDeleted);
    }
    let owned = match ownership::owned(old, trust) {
        Ok(owned) => owned,
        Err(error) => return unknown(request, Some(old), error.to_string()),
    };
    if owned.declares_the_object() {
        return delete_managed(request, old, &owned, facts);
    }
    match contents_need(old) {
        Some(need) => match &facts.contents {
            None => Outcome::Need(need),
            Some(Contents { count: 0, .. }) => allow(AllowReason::Unmanaged),
            Some(Contents { count, examples }) => {
                let cause = Cause::Contents { count: *count, examples: examples.clone() };
                deny(request, Some(old), cause, Vec::new())
            }
        },
        None => allow(AllowReason::Unmanaged),
    }
}

/// Only a row of the table lets somebody else delete what Git declares.
fn delete_managed(request: &Request<'_>, old: &Manifest, owned: &Owned, facts: &Facts) -> Outcome {
    let refused = || deny(request, Some(old), Cause::DeclaredObject, Vec::new());
    if contents_need(old).is_some() {
        return refused();
    }
    // An owner that nobody trusted declares was there before Git's first apply: it takes nothing along.
    let is_dependent = owned.declares_below(&["metadata", "ownerReferences"]);
    let mut rows = passes::rows(request).filter(|row| !row.terminating_only);
    if let Some(row) = rows.find(|row| is_dependent || !row.dependents_only) {
        return allow(AllowReason::Pass(row.name));
    }
    let Some(row) = passes::rows(request).find(|row| row.terminating_only) else {
        return refused();
    };
    match facts.namespace {
        None => Outcome::Need(Need::Namespace { name: request.namespace.to_owned() }),
        Some(NamespaceState::Terminating) => allow(AllowReason::Pass(row.name)),
        Some(NamespaceState::Active | NamespaceState::Unknown) => refused(),
    }
}

/// What is deleted along with `old`, where that is more than its dependents.
fn contents_need(old: &Manifest) -> Option<Need> {
    let gvk = old.gvk();
    if gvk.is("", "Namespace") {
        // Not the request's name: where a collection is deleted that is empty.
        return Some(Need::NamespaceContents { name: old.name().to_owned() });
    }
    if gvk.is("apiextensions.k8s.io", "CustomResourceDefinition") {
        let text =
            |path: &[&str]| old.root().at(path).and_then(|node| node.as_str()).unwrap_or_default().to_owned();
        return Some(Need::KindContents {
            group: text(&["spec", "group"]),
            kind: text(&["spec", "names", "kind"]),
        });
    }
    None
}

fn altered(before: &Owned, after: &Owned) -> Vec<Finding> {
    let altered = ownership::altered(before, after).into_iter();
    altered.map(|(manager, path)| Finding { path, cause: Cause::Ownership { manager } }).collect()
}

fn marked(old: Option<&Manifest>, new: Option<&Manifest>) -> Vec<Finding> {
    marks::changed(old, new).into_iter().map(|path| Finding { path, cause: Cause::Marks }).collect()
}

/// Takes out what a row of the table covers and decides by what is left; the first cause is the one
/// that is named.
fn conclude(
    request: &Request<'_>,
    object: &Manifest,
    findings: Vec<Finding>,
    otherwise: AllowReason,
) -> Outcome {
    if findings.is_empty() {
        return allow(otherwise);
    }
    let rows: Vec<_> = passes::rows(request).filter(|row| !row.terminating_only).collect();
    let covered = |finding: &Finding| {
        let is_mark = finding.cause == Cause::Marks;
        rows.iter().any(|row| row.covers(&finding.path) || is_mark && row.covers_marks())
    };
    let left: Vec<Finding> = findings.into_iter().filter(|finding| !covered(finding)).collect();
    match left.first() {
        None => allow(rows.first().map_or(otherwise, |row| AllowReason::Pass(row.name))),
        Some(first) => {
            let cause = first.cause.clone();
            let fields: BTreeSet<String> = left.into_iter().map(|finding| finding.path).collect();
            deny(request, Some(object), cause, fields.into_iter().collect())
        }
    }
}

pub(crate) fn is_being_deleted(object: &Manifest) -> bool {
    object.root().at(&["metadata", "deletionTimestamp"]).is_some_and(|node| !node.is_null())
}
