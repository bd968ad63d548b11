//! The `scale` subresource: an `autoscaling/v1` Scale carries nothing of the object that it scales, so
//! that object is asked for.

use sealward_manifest::Manifest;

use crate::judge::{allow, deny, is_being_deleted, unknown};
use crate::ownership;
use crate::passes;
use crate::request::{Facts, Need, Outcome, Parent, Request, Trust};
use crate::verdict::{AllowReason, Cause};

/// Where replicas stand in a Scale, and in the kinds of core and apps that have one.
const REPLICAS: &str = "spec.replicas";

pub(crate) fn judge(request: &Request<'_>, trust: &Trust, facts: &Facts) -> Outcome {
    let (Some(old), Some(new)) = (request.old, request.new) else {
        return unknown(request, None, "the scale before or after the change is not in the request");
    };
    if old.root().get("spec") == new.root().get("spec") {
        return allow(AllowReason::Undeclared);
    }
    if let Some(row) = passes::rows(request).find(|row| row.covers(REPLICAS)) {
        return allow(AllowReason::Pass(row.name));
    }
    match &facts.parent {
        None => Outcome::Need(parent_of(request)),
        Some(Parent::Unmanaged) => allow(AllowReason::Unmanaged),
        Some(Parent::Missing) => unknown(request, None, "the object that this scales is not there"),
        Some(Parent::Unreadable(why)) => {
            unknown(request, None, format!("the object that this scales could not be read ({why})"))
        }
        Some(Parent::Found(parent)) => of_parent(request, trust, parent),
    }
}

fn parent_of(request: &Request<'_>) -> Need {
    Need::Parent {
        group: request.resource.group.to_owned(),
        version: request.resource.version.to_owned(),
        plural: request.resource.plural.to_owned(),
        namespace: request.namespace.to_owned(),
        name: request.name.to_owned(),
    }
}

fn of_parent(request: &Request<'_>, trust: &Trust, parent: &Manifest) -> Outcome {
    if is_being_deleted(parent) {
        return allow(AllowReason::BeingDeleted);
    }
    let owned = match ownership::owned(parent, trust) {
        Ok(owned) => owned,
        Err(error) => return unknown(request, Some(parent), error.to_string()),
    };
    // A custom resource says in its definition which field its replicas are: any declared one may be it.
    let known = matches!(request.resource.group, "" | "apps");
    let declared = if known { owned.declares(&["spec", "replicas"]) } else { owned.declares_the_object() };
    if declared {
        return deny(request, Some(parent), Cause::DeclaredFields, vec![REPLICAS.to_owned()]);
    }
    allow(if owned.declares_the_object() { AllowReason::Undeclared } else { AllowReason::Unmanaged })
}
