//! What `deploy/` grants against what a run used.

use std::collections::BTreeSet;

use anyhow::Result;
use sealward_controlplane::{AuditEvent, ControlPlane};
use serde_json::Value;

/// Rights that one run need not use, each with its reason.
const NOT_IN_EVERY_RUN: &[(&str, &str)] = &[
    (
        "sealer get bitnami.com/sealedsecrets",
        "only a SealedSecret that changed while its status was written is read again",
    ),
    ("sealer patch events", "only an event that repeats within minutes is patched"),
    ("reconciler patch events", "only an event that repeats within minutes is patched"),
    ("reconciler get secrets", "only a GitRepository with a secretRef makes it read one"),
    ("reconciler get sealward.dev/renderings", "only the deletion of a Kustomization reads it"),
    ("reconciler delete sealward.dev/renderings", "only the deletion of a Kustomization deletes it"),
    (
        "reconciler get serviceaccounts",
        "only the deletion of a Kustomization asks whether its account is there",
    ),
    (
        "reconciler create sealward.dev/renderings",
        "a server-side apply of what is not there is a patch that needs it",
    ),
    ("webhook get namespaces", "only a namespace that is newer than the watch is asked for"),
    ("webhook get apps/replicasets", "the journey scales a Deployment; this is for who scales a ReplicaSet"),
    (
        "webhook get apps/statefulsets",
        "the journey scales a Deployment; this is for who scales a StatefulSet",
    ),
    ("webhook get replicationcontrollers", "the journey scales a Deployment; this is for who scales these"),
    (
        "reconciler patch kustomize.toolkit.fluxcd.io/kustomizations",
        "only a finalizer that is missing is added",
    ),
];

/// Rights of the roles' service accounts that no request of the run needed, but for those with a reason.
///
/// # Errors
/// When the roles or the audit log cannot be read.
pub fn unused_rights(plane: &ControlPlane) -> Result<Vec<String>> {
    let events = plane.audit_events()?;
    let mut unused = Vec::new();
    for role in ["sealer", "webhook", "reconciler"] {
        let account = format!("system:serviceaccount:sealward-system:sealward-{role}");
        let used: Vec<&AuditEvent> = events.iter().filter(|event| event.user == account).collect();
        for (group, resource, verb) in granted(plane, &format!("sealward-{role}"))? {
            let name = if group.is_empty() { resource.clone() } else { format!("{group}/{resource}") };
            let right = format!("{role} {verb} {name}");
            let needed = used.iter().any(|event| needs(event, &group, &resource, &verb));
            if !needed && !NOT_IN_EVERY_RUN.iter().any(|(known, _)| *known == right) {
                unused.push(right);
            }
        }
    }
    Ok(unused)
}

fn needs(event: &AuditEvent, group: &str, resource: &str, verb: &str) -> bool {
    if verb == "impersonate" {
        return !event.impersonated_user.as_deref().unwrap_or_default().is_empty();
    }
    let asked = match event.subresource.as_str() {
        "" => event.resource.clone(),
        subresource => format!("{}/{subresource}", event.resource),
    };
    let acted_itself = event.impersonated_user.as_deref().unwrap_or_default().is_empty();
    acted_itself && event.group == group && asked == resource && event.verb == verb
}

/// Every (group, resource, verb) of the roles that are bound to `account`.
fn granted(plane: &ControlPlane, account: &str) -> Result<BTreeSet<(String, String, String)>> {
    let mut rights = BTreeSet::new();
    for (bindings, namespaced) in [("clusterrolebindings", false), ("rolebindings", true)] {
        let listed: Value = serde_json::from_str(&plane.kubectl(&["get", bindings, "-A", "-o", "json"])?)?;
        for binding in array(&listed["items"]) {
            if !array(&binding["subjects"]).iter().any(|subject| {
                subject["kind"] == "ServiceAccount"
                    && subject["name"] == account
                    && subject["namespace"] == "sealward-system"
            }) {
                continue;
            }
            let kind = binding["roleRef"]["kind"].as_str().unwrap_or_default().to_lowercase();
            let name = binding["roleRef"]["name"].as_str().unwrap_or_default();
            let mut args = vec!["get", &kind, name, "-o", "json"];
            if namespaced && kind == "role" {
                args.extend(["-n", binding["metadata"]["namespace"].as_str().unwrap_or_default()]);
            }
            let role: Value = serde_json::from_str(&plane.kubectl(&args)?)?;
            for rule in array(&role["rules"]) {
                collect(rule, &mut rights);
            }
        }
    }
    Ok(rights)
}

fn collect(rule: &Value, rights: &mut BTreeSet<(String, String, String)>) {
    let texts = |field: &str| -> Vec<String> {
        array(&rule[field]).iter().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    for group in texts("apiGroups") {
        for resource in texts("resources") {
            for verb in texts("verbs") {
                rights.insert((group.clone(), resource.clone(), verb));
            }
        }
    }
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
