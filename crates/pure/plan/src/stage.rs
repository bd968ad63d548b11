//! In which order objects are applied and deleted (`fluxcd/pkg/ssa/sort.go`).

use sealward_manifest::{Manifest, ObjectId};

/// What is applied, and served by the API server, before the next stage is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Namespaces.
    Namespaces,
    /// CustomResourceDefinitions; the next stage begins when they are established.
    Definitions,
    /// Everything else.
    Rest,
}

impl Stage {
    /// All stages in order.
    pub const ALL: [Self; 3] = [Self::Namespaces, Self::Definitions, Self::Rest];

    /// The stage of an object of `group` and `kind`.
    pub fn of(group: &str, kind: &str) -> Self {
        match (group, kind) {
            ("", "Namespace") => Self::Namespaces,
            ("apiextensions.k8s.io", "CustomResourceDefinition") => Self::Definitions,
            _ => Self::Rest,
        }
    }
}

const FIRST: [&str; 20] = [
    "ClusterRole",
    "ClusterClass",
    "RuntimeClass",
    "PriorityClass",
    "StorageClass",
    "VolumeSnapshotClass",
    "IngressClass",
    "GatewayClass",
    "ClusterRoleBinding",
    "ResourceQuota",
    "ServiceAccount",
    "Role",
    "RoleBinding",
    "ConfigMap",
    "Secret",
    "Service",
    "LimitRange",
    "Deployment",
    "StatefulSet",
    "CronJob",
];
const LAST: [&str; 2] = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

fn rank(kind: &str) -> usize {
    let first = FIRST.iter().position(|name| *name == kind);
    let last = LAST.iter().position(|name| *name == kind).map(|at| FIRST.len() + 2 + at);
    let budget = (kind == "PodDisruptionBudget").then_some(FIRST.len());
    first.or(budget).or(last).unwrap_or(FIRST.len() + 1)
}

fn key(id: &ObjectId) -> (Stage, usize, &str, &str, &str, &str) {
    (Stage::of(&id.group, &id.kind), rank(&id.kind), &id.group, &id.kind, &id.namespace, &id.name)
}

/// Sorts manifests into the order in which they are applied.
pub fn sort_for_apply(manifests: &mut [Manifest]) {
    manifests.sort_by(|a, b| key(&a.id()).cmp(&key(&b.id())));
}

/// Sorts objects into the order in which they are deleted: the reverse, namespaces last.
pub fn sort_for_delete(ids: &mut [ObjectId]) {
    ids.sort_by(|a, b| key(b).cmp(&key(a)));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> ObjectId {
        let (group, kind) = text.rsplit_once('/').unwrap_or(("", text));
        ObjectId { group: group.into(), kind: kind.into(), namespace: String::new(), name: "x".into() }
    }

    #[test]
    fn namespaces_come_first_and_go_last() {
        let kinds = [
            "",
            "apps/Deployment",
            "Namespace",
            "example.com/Widget",
            "apiextensions.k8s.io/CustomResourceDefinition",
            "admissionregistration.k8s.io/ValidatingWebhookConfiguration",
            "ConfigMap",
            "ServiceAccount",
        ];
        let mut ids: Vec<ObjectId> = kinds.iter().skip(1).map(|text| id(text)).collect();
        sort_for_delete(&mut ids);
        let names: Vec<&str> = ids.iter().map(|id| id.kind.as_str()).collect();
        let expect = [
            "ValidatingWebhookConfiguration",
            "Widget",
            "Deployment",
            "ConfigMap",
            "ServiceAccount",
            "CustomResourceDefinition",
            "Namespace",
        ];
        assert_eq!(names, expect);
    }
}
