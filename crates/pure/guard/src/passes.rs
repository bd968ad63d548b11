//! What the cluster's own controllers must be able to do to objects that Git declares.
//!
//! Each row names who (one identity, exactly), what (operation and resource) and how far (fields). A
//! controller speaks as `system:serviceaccount:kube-system:<name>`, or, where the controller manager
//! runs without an account per controller, as `system:kube-controller-manager`.

use crate::request::{Operation, Request};

/// One row of the table.
pub(crate) struct Pass {
    /// What it is called in metrics and audit annotations.
    pub(crate) name: &'static str,
    identity: Identity,
    operations: &'static [Operation],
    resources: Resources,
    fields: Fields,
    /// Only in a namespace that is being deleted.
    pub(crate) terminating_only: bool,
    /// Of what Git declares, only objects whose owner is declared with them.
    pub(crate) dependents_only: bool,
}

enum Identity {
    /// A controller of kube-controller-manager, by the name of its service account.
    Controller(&'static str),
    /// A user name.
    User(&'static str),
}

enum Resources {
    Any,
    /// Group, plural, subresource.
    Of(&'static [(&'static str, &'static str, &'static str)]),
    /// This subresource of anything.
    Subresource(&'static str),
}

enum Fields {
    Any,
    /// These paths and what lies below them.
    Under(&'static [&'static str]),
    /// Marks, which controllers copy from what they work on; nothing that Git declares.
    Marks,
}

use Fields::{Any as AnyField, Marks, Under};
use Identity::{Controller, User};
use Operation::{Create, Delete, Update};
use Resources::{Any as AnyResource, Of, Subresource};

/// What is done to children. Their deletion needs no row: Git declares none of them.
const TEND: &[Operation] = &[Create, Update];
const PODS: &[(&str, &str, &str)] = &[("", "pods", "")];

const fn pass(
    name: &'static str,
    identity: Identity,
    operations: &'static [Operation],
    resources: Resources,
    fields: Fields,
) -> Pass {
    Pass { name, identity, operations, resources, fields, terminating_only: false, dependents_only: false }
}

/// The table. Children of workloads carry labels and annotations that their controllers copied from
/// them, our marks included: that is why those controllers may write marks. They may do no more to an
/// object that Git declares: a Pod or ReplicaSet of Git's that fits somebody's selector would be adopted,
/// and deleted with its new owner.
const PASSES: &[Pass] = &[
    // Deletion that follows from ownerReferences, which are guarded themselves.
    Pass {
        name: "garbage-collector",
        identity: Controller("generic-garbage-collector"),
        operations: &[Delete],
        resources: AnyResource,
        fields: AnyField,
        terminating_only: false,
        dependents_only: true,
    },
    pass(
        "garbage-collector",
        Controller("generic-garbage-collector"),
        &[Update],
        AnyResource,
        Under(&["metadata.ownerReferences", "metadata.finalizers"]),
    ),
    // Deletion that follows from a namespace's, which is guarded itself.
    Pass {
        name: "namespace-controller",
        identity: Controller("namespace-controller"),
        operations: &[Delete],
        resources: AnyResource,
        fields: AnyField,
        terminating_only: true,
        dependents_only: false,
    },
    pass(
        "autoscaler",
        Controller("horizontal-pod-autoscaler"),
        &[Update],
        Subresource("scale"),
        Under(&["spec.replicas"]),
    ),
    pass(
        "deployment-controller",
        Controller("deployment-controller"),
        &[Update],
        Of(&[("apps", "deployments", "")]),
        Under(&[r#"metadata.annotations["deployment.kubernetes.io/revision"]"#]),
    ),
    pass(
        "deployment-controller",
        Controller("deployment-controller"),
        TEND,
        Of(&[("apps", "replicasets", "")]),
        Marks,
    ),
    pass("replicaset-controller", Controller("replicaset-controller"), TEND, Of(PODS), Marks),
    pass("replication-controller", Controller("replication-controller"), TEND, Of(PODS), Marks),
    pass(
        "statefulset-controller",
        Controller("statefulset-controller"),
        TEND,
        Of(&[("", "pods", ""), ("", "persistentvolumeclaims", ""), ("apps", "controllerrevisions", "")]),
        Marks,
    ),
    pass(
        "daemonset-controller",
        Controller("daemon-set-controller"),
        TEND,
        Of(&[("", "pods", ""), ("apps", "controllerrevisions", "")]),
        Marks,
    ),
    pass("job-controller", Controller("job-controller"), TEND, Of(PODS), Marks),
    pass(
        "job-controller",
        Controller("job-controller"),
        &[Update],
        Of(&[("batch", "jobs", "")]),
        Under(&["metadata.finalizers", "metadata.labels", "spec.selector", "spec.template.metadata.labels"]),
    ),
    pass("cronjob-controller", Controller("cronjob-controller"), TEND, Of(&[("batch", "jobs", "")]), Marks),
    pass(
        "ttl-controller",
        Controller("ttl-after-finished-controller"),
        &[Delete],
        Of(&[("batch", "jobs", "")]),
        AnyField,
    ),
    pass(
        "endpoints-controller",
        Controller("endpoint-controller"),
        TEND,
        Of(&[("", "endpoints", "")]),
        Marks,
    ),
    pass(
        "endpointslice-controller",
        Controller("endpointslice-controller"),
        TEND,
        Of(&[("discovery.k8s.io", "endpointslices", "")]),
        Marks,
    ),
    pass(
        "endpointslice-controller",
        Controller("endpointslicemirroring-controller"),
        TEND,
        Of(&[("discovery.k8s.io", "endpointslices", "")]),
        Marks,
    ),
    pass(
        "service-controller",
        Controller("service-controller"),
        &[Update],
        Of(&[("", "services", "")]),
        Under(&["metadata.finalizers", "spec.healthCheckNodePort", "spec.loadBalancerClass"]),
    ),
    pass(
        "volume-binder",
        Controller("persistent-volume-binder"),
        &[Update],
        Of(&[("", "persistentvolumeclaims", ""), ("", "persistentvolumes", "")]),
        Under(&[
            "spec.volumeName",
            "spec.claimRef",
            r#"metadata.annotations["pv.kubernetes.io/bind-completed"]"#,
            r#"metadata.annotations["pv.kubernetes.io/bound-by-controller"]"#,
            r#"metadata.annotations["volume.kubernetes.io/storage-provisioner"]"#,
        ]),
    ),
    pass(
        "volume-protection",
        Controller("pvc-protection-controller"),
        &[Update],
        Of(&[("", "persistentvolumeclaims", "")]),
        Under(&["metadata.finalizers"]),
    ),
    pass(
        "volume-protection",
        Controller("pv-protection-controller"),
        &[Update],
        Of(&[("", "persistentvolumes", "")]),
        Under(&["metadata.finalizers"]),
    ),
    pass(
        "clusterrole-aggregation",
        Controller("clusterrole-aggregation-controller"),
        &[Update],
        Of(&[("rbac.authorization.k8s.io", "clusterroles", "")]),
        Under(&["rules"]),
    ),
    pass(
        "root-ca-publisher",
        Controller("root-ca-cert-publisher"),
        &[Create, Update],
        Of(&[("", "configmaps", "")]),
        Under(&[r#"data["ca.crt"]"#, r#"metadata.annotations["kubernetes.io/description"]"#]),
    ),
    pass("pod-eviction", Controller("pod-garbage-collector"), &[Delete], Of(PODS), AnyField),
    pass("pod-eviction", Controller("node-controller"), &[Delete], Of(PODS), AnyField),
    pass("pod-eviction", Controller("taint-eviction-controller"), &[Delete], Of(PODS), AnyField),
    pass("pod-eviction", User("system:kube-scheduler"), &[Delete], Of(PODS), AnyField),
    // Kubelets have no row: the webhook is not asked about them.
    // The API server's own loops, which finish the deletion of custom resources.
    pass(
        "apiserver",
        User("system:apiserver"),
        &[Update],
        Of(&[("apiextensions.k8s.io", "customresourcedefinitions", "")]),
        Under(&["metadata.finalizers"]),
    ),
];

/// The rows for who asks this of that resource.
pub(crate) fn rows<'r>(request: &'r Request<'_>) -> impl Iterator<Item = &'static Pass> + use<'r> {
    let (user, operation, resource) = (request.user, request.operation, request.resource);
    PASSES.iter().filter(move |row| {
        let resource = match &row.resources {
            AnyResource => resource.subresource.is_empty(),
            Of(list) => list.contains(&(resource.group, resource.plural, resource.subresource)),
            Subresource(name) => resource.subresource == *name,
        };
        resource && row.operations.contains(&operation) && row.identity.is(user)
    })
}

impl Pass {
    /// Whether the row reaches as far as `path`.
    pub(crate) fn covers(&self, path: &str) -> bool {
        match &self.fields {
            AnyField => true,
            Under(prefixes) => prefixes.iter().any(|prefix| is_under(path, prefix)),
            Marks => false,
        }
    }

    /// Whether the row reaches all marks.
    pub(crate) fn covers_marks(&self) -> bool {
        matches!(self.fields, AnyField | Marks)
    }
}

impl Identity {
    fn is(&self, user: &str) -> bool {
        match self {
            Controller(name) => {
                user == "system:kube-controller-manager"
                    || user.strip_prefix("system:serviceaccount:kube-system:") == Some(name)
            }
            User(name) => user == *name,
        }
    }
}

fn is_under(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Resource;

    fn check(
        user: &str,
        operation: Operation,
        resource: (&str, &str, &str),
        path: &str,
        expect: Option<&str>,
    ) {
        let (group, plural, subresource) = resource;
        let request = Request {
            operation,
            resource: Resource { group, version: "v1", plural, subresource },
            namespace: "web",
            name: "api",
            user,
            old: None,
            new: None,
        };
        let row = rows(&request).find(|row| row.covers(path)).map(|row| row.name);
        assert_eq!(row, expect, "{user} {operation:?} {resource:?} {path}");
    }

    #[test]
    fn rows_are_as_wide_as_they_say() {
        let account = |name: &str| format!("system:serviceaccount:kube-system:{name}");
        let gc = account("generic-garbage-collector");
        let deployments = ("apps", "deployments", "");
        check(&gc, Delete, deployments, "spec", Some("garbage-collector"));
        check(&gc, Update, deployments, "metadata.ownerReferences", Some("garbage-collector"));
        check(&gc, Update, deployments, "spec.replicas", None);
        check(&gc, Create, deployments, "spec", None);
        check("system:kube-controller-manager", Delete, deployments, "spec", Some("garbage-collector"));
        check("system:serviceaccount:web:generic-garbage-collector", Delete, deployments, "spec", None);
        check("system:serviceaccount:kube-system:default", Delete, deployments, "spec", None);
        check("admin", Delete, deployments, "spec", None);

        let scale = ("apps", "deployments", "scale");
        let autoscaler = account("horizontal-pod-autoscaler");
        check(&autoscaler, Update, scale, "spec.replicas", Some("autoscaler"));
        check(&autoscaler, Update, deployments, "spec.replicas", None);
        check(&gc, Update, scale, "metadata.finalizers", None);

        let revision = r#"metadata.annotations["deployment.kubernetes.io/revision"]"#;
        let controller = account("deployment-controller");
        check(&controller, Update, deployments, revision, Some("deployment-controller"));
        check(
            &controller,
            Update,
            deployments,
            r#"metadata.annotations["deployment.kubernetes.io/revisionist"]"#,
            None,
        );
        check(&controller, Update, deployments, "spec.template", None);

        let roles = ("rbac.authorization.k8s.io", "clusterroles", "");
        check(
            &account("clusterrole-aggregation-controller"),
            Update,
            roles,
            "rules",
            Some("clusterrole-aggregation"),
        );
        check(&account("clusterrole-aggregation-controller"), Update, roles, "aggregationRule", None);
        check("system:node:one", Delete, ("", "pods", ""), "spec", None);
        check("system:kube-scheduler", Delete, ("", "pods", ""), "spec", Some("pod-eviction"));
        check("system:kube-scheduler", Update, ("", "pods", ""), "spec", None);
        // What controllers do to their children does not reach what Git declares.
        let children = [
            ("replicaset-controller", ("", "pods", "")),
            ("deployment-controller", ("apps", "replicasets", "")),
            ("statefulset-controller", ("", "persistentvolumeclaims", "")),
            ("cronjob-controller", ("batch", "jobs", "")),
        ];
        for (name, resource) in children {
            check(&account(name), Delete, resource, "spec", None);
            check(&account(name), Update, resource, "metadata.ownerReferences", None);
        }
    }
}
