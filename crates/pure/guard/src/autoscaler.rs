//! Autoscalers: the cluster's autoscaler may scale what Git declares, so whoever points one at it scales it.

use sealward_manifest::Manifest;

use crate::judge::{allow, deny, unknown};
use crate::ownership;
use crate::request::{Facts, Need, Operation, Outcome, Parent, Request, Trust};
use crate::verdict::{AllowReason, Cause, Verdict};

/// What follows for an autoscaler that `first` would let through; everything else is as `first` says.
///
/// Where Git declares the autoscaler itself, it has chosen the target. A target that does not stand yet
/// may be declared later: the autoscaler must be refused then by whoever applies it.
pub(crate) fn also(request: &Request<'_>, trust: &Trust, facts: &Facts, first: Outcome) -> Outcome {
    let is_autoscaler =
        request.resource.group == "autoscaling" && request.resource.plural == "horizontalpodautoscalers";
    let (Outcome::Verdict(Verdict::Allow(reason)), true) = (&first, is_autoscaler) else {
        return first;
    };
    let scales_anew = match (request.operation, request.old, request.new) {
        (Operation::Update, Some(old), Some(new)) => old.root().get("spec") != new.root().get("spec"),
        _ => true,
    };
    if !scales_anew || !matches!(reason, AllowReason::Unmanaged) {
        return first;
    }
    let Some((new, need)) = request.new.and_then(|new| Some((new, target(request, new)?))) else {
        return first;
    };
    match &facts.parent {
        None => Outcome::Need(need),
        Some(Parent::Missing | Parent::Unmanaged) => first,
        Some(Parent::Unreadable(why)) => {
            unknown(request, Some(new), format!("the object that this would scale could not be read ({why})"))
        }
        Some(Parent::Found(parent)) => match ownership::owned(parent, trust) {
            Err(error) => unknown(request, Some(parent), error.to_string()),
            Ok(owned) if owned.declares(&["spec", "replicas"]) => {
                deny(request, Some(parent), Cause::DeclaredFields, vec!["spec.replicas".to_owned()])
            }
            Ok(_) => allow(*reason),
        },
    }
}

/// The object that the autoscaler names, of the kinds that can be looked up.
fn target(request: &Request<'_>, autoscaler: &Manifest) -> Option<Need> {
    let reference = autoscaler.root().at(&["spec", "scaleTargetRef"])?;
    let text = |field: &str| reference.get(field).and_then(|node| node.as_str()).unwrap_or_default();
    // The autoscaler finds its target by group and kind; the version only has to exist.
    let (group, _) = text("apiVersion").split_once('/').unwrap_or_default();
    let plural = match (group, text("kind")) {
        ("apps", "Deployment") => "deployments",
        ("apps", "ReplicaSet") => "replicasets",
        ("apps", "StatefulSet") => "statefulsets",
        ("", "ReplicationController") => "replicationcontrollers",
        _ => return None,
    };
    Some(Need::Parent {
        group: group.to_owned(),
        version: "v1".to_owned(),
        plural: plural.to_owned(),
        namespace: request.namespace.to_owned(),
        name: text("name").to_owned(),
    })
}
