//! Which kinds live in namespaces.

use sealward_document::Node;

use crate::{Gvk, Manifest};

/// Where objects of a kind live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// In a namespace.
    Namespaced,
    /// In the cluster as a whole.
    Cluster,
    /// Not known here: no built-in kind.
    Unknown,
}

impl Scope {
    /// The scope of a built-in kind of Kubernetes 1.36, in any version; [`Scope::Unknown`] for others.
    pub fn of(gvk: &Gvk) -> Self {
        let holds = |table: &[(&str, &str)]| {
            let mut rows = table.iter().filter(|(group, _)| *group == gvk.group);
            rows.any(|(_, kinds)| kinds.split(' ').any(|kind| kind == gvk.kind))
        };
        if holds(NAMESPACED) {
            Self::Namespaced
        } else if holds(CLUSTER) {
            Self::Cluster
        } else {
            Self::Unknown
        }
    }

    /// Group, kind and scope of what a CustomResourceDefinition defines; `None` for other objects and
    /// for definitions that do not say.
    pub fn of_definition(manifest: &Manifest) -> Option<(&str, &str, Self)> {
        if !manifest.gvk().is("apiextensions.k8s.io", "CustomResourceDefinition") {
            return None;
        }
        let text = |path: &[&str]| manifest.root().at(path).and_then(Node::as_str);
        let scope = match text(&["spec", "scope"])? {
            "Namespaced" => Self::Namespaced,
            "Cluster" => Self::Cluster,
            _ => Self::Unknown,
        };
        Some((text(&["spec", "group"])?, text(&["spec", "names", "kind"])?, scope))
    }
}

// From the paths of api/openapi-spec/swagger.json of Kubernetes 1.36.
const NAMESPACED: &[(&str, &str)] = &[
    (
        "",
        "Binding ConfigMap Endpoints Event LimitRange PersistentVolumeClaim Pod PodTemplate \
         ReplicationController ResourceQuota Secret Service ServiceAccount",
    ),
    ("apps", "ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet"),
    ("authorization.k8s.io", "LocalSubjectAccessReview"),
    ("autoscaling", "HorizontalPodAutoscaler"),
    ("batch", "CronJob Job"),
    ("certificates.k8s.io", "PodCertificateRequest"),
    ("coordination.k8s.io", "Lease LeaseCandidate"),
    ("discovery.k8s.io", "EndpointSlice"),
    ("events.k8s.io", "Event"),
    ("networking.k8s.io", "Ingress NetworkPolicy"),
    ("policy", "PodDisruptionBudget"),
    ("rbac.authorization.k8s.io", "Role RoleBinding"),
    ("resource.k8s.io", "ResourceClaim ResourceClaimTemplate"),
    ("scheduling.k8s.io", "PodGroup Workload"),
    ("storage.k8s.io", "CSIStorageCapacity"),
];

const CLUSTER: &[(&str, &str)] = &[
    ("", "Namespace Node PersistentVolume"),
    (
        "admissionregistration.k8s.io",
        "MutatingAdmissionPolicy MutatingAdmissionPolicyBinding MutatingWebhookConfiguration \
         ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration",
    ),
    ("apiextensions.k8s.io", "CustomResourceDefinition"),
    ("apiregistration.k8s.io", "APIService"),
    ("authentication.k8s.io", "SelfSubjectReview TokenReview"),
    ("authorization.k8s.io", "SelfSubjectAccessReview SelfSubjectRulesReview SubjectAccessReview"),
    ("certificates.k8s.io", "CertificateSigningRequest ClusterTrustBundle"),
    ("flowcontrol.apiserver.k8s.io", "FlowSchema PriorityLevelConfiguration"),
    ("internal.apiserver.k8s.io", "StorageVersion"),
    ("networking.k8s.io", "IPAddress IngressClass ServiceCIDR"),
    ("node.k8s.io", "RuntimeClass"),
    ("rbac.authorization.k8s.io", "ClusterRole ClusterRoleBinding"),
    ("resource.k8s.io", "DeviceClass DeviceTaintRule ResourcePoolStatusRequest ResourceSlice"),
    ("scheduling.k8s.io", "PriorityClass"),
    ("storage.k8s.io", "CSIDriver CSINode StorageClass VolumeAttachment VolumeAttributesClass"),
    ("storagemigration.k8s.io", "StorageVersionMigration"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_kinds_have_their_scope() {
        let check = |api_version: &str, kind: &str, scope: Scope| {
            assert_eq!(Scope::of(&Gvk::from_api_version(api_version, kind)), scope, "{api_version} {kind}");
        };
        check("v1", "Pod", Scope::Namespaced);
        check("v1", "ServiceAccount", Scope::Namespaced);
        check("v1", "Namespace", Scope::Cluster);
        check("apps/v1", "Deployment", Scope::Namespaced);
        check("extensions/v1beta1", "Deployment", Scope::Unknown);
        check("rbac.authorization.k8s.io/v1", "ClusterRole", Scope::Cluster);
        check("example.com/v1", "Pod", Scope::Unknown);
        check("v1", "", Scope::Unknown);
    }

    #[test]
    fn definitions_say_their_scope() {
        let text = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: a.b}\n\
                    spec: {group: b, names: {kind: A}, scope: Cluster}";
        let crd = crate::read("crd.yaml", text.as_bytes()).unwrap().remove(0);
        assert_eq!(Scope::of_definition(&crd), Some(("b", "A", Scope::Cluster)));
        let pod = crate::read("p", b"{apiVersion: v1, kind: Pod, metadata: {name: x}}").unwrap().remove(0);
        assert_eq!(Scope::of_definition(&pod), None);
    }
}
