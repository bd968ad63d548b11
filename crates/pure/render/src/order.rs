//! The order in which `kustomize build` prints objects. Source: kustomize `SortOrderTransformer`.

use crate::resource::Resource;

const FIRST: [&str; 22] = [
    "Namespace",
    "ResourceQuota",
    "StorageClass",
    "CustomResourceDefinition",
    "ServiceAccount",
    "PodSecurityPolicy",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "Endpoints",
    "Service",
    "LimitRange",
    "PriorityClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
];
const LAST: [&str; 2] = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

/// Sorts by kind, group, version, namespace and name.
pub(crate) fn sort(resources: &mut [Resource]) {
    resources.sort_by_cached_key(|resource| {
        let (group, version) = resource.group_version();
        let kind = resource.kind();
        // Nothing comes after `~` in these: core kinds and objects without a namespace come last.
        let or = |text: &str, empty: &str| if text.is_empty() { empty.to_owned() } else { text.to_owned() };
        let other_namespace = kind == "Namespace" && !group.is_empty();
        let type_text = format!("{}_{version}_{kind}", or(group, "~G"));
        let object_text = format!("{}|{}", or(resource.namespace(), "~X"), resource.name());
        (rank(kind), other_namespace, type_text, object_text)
    });
}

fn rank(kind: &str) -> usize {
    let last = || LAST.iter().position(|known| *known == kind).map(|place| FIRST.len() + 1 + place);
    FIRST.iter().position(|known| *known == kind).or_else(last).unwrap_or(FIRST.len())
}
