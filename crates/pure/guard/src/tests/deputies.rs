//! Controllers and accounts that are let through, made to do somebody else's work.

use super::*;

#[test]
fn controllers_tend_their_children_and_not_what_git_declares() {
    let controller = "system:serviceaccount:kube-system:replicaset-controller";
    let pods = ("", "pods", "");
    // Git's Pod fits somebody's selector: adoption, and deletion with the new owner.
    let mut adopted = deployment();
    adopted["metadata"]["ownerReferences"] = json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "thief", "uid": "9", "controller": true}]);
    let adopt = Case {
        resource: pods,
        old: Some(deployment()),
        new: Some(adopted),
        ..case(Operation::Update, controller)
    };
    check(&adopt, "deny owner-references metadata.ownerReferences");
    let delete = Case { resource: pods, old: Some(deployment()), ..case(Operation::Delete, controller) };
    check(&delete, "deny declared-object");
    // Children carry copied marks.
    let mut child = unmanaged();
    child["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/name"] = json!("shop");
    let create = Case { resource: pods, new: Some(child.clone()), ..case(Operation::Create, controller) };
    check(&create, "allow replicaset-controller");
    let label = Case {
        resource: pods,
        old: Some(unmanaged()),
        new: Some(child.clone()),
        ..case(Operation::Update, controller)
    };
    check(&label, "allow replicaset-controller");
    let delete = Case { resource: pods, old: Some(child), ..case(Operation::Delete, controller) };
    check(&delete, "allow unmanaged");
}

#[test]
fn an_autoscaler_is_not_pointed_at_what_git_scales() {
    let scaler = |target: &str, group: &str, max: u32| {
        json!({
            "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "mine", "namespace": "web"},
            "spec": {
                "maxReplicas": max,
                "scaleTargetRef": {"apiVersion": group, "kind": target, "name": "api"},
            },
        })
    };
    let create = |new: Value, parent: Option<Parent>| Case {
        resource: ("autoscaling", "horizontalpodautoscalers", ""),
        new: Some(new),
        facts: Facts { parent, ..Facts::default() },
        ..case(Operation::Create, DEVELOPER)
    };
    let mine = || scaler("Deployment", "apps/v1", 7);
    let found = |object: &Value| Some(Parent::Found(Box::new(manifest(object))));
    let mut with_replicas = deployment();
    with_replicas["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]["f:replicas"] = json!({});

    assert!(outcome(&create(mine(), None)).starts_with("need Parent { group: \"apps\", version: \"v1\""));
    check(&create(mine(), found(&with_replicas)), "deny declared-fields spec.replicas");
    check(&create(mine(), found(&deployment())), "allow unmanaged");
    check(&create(mine(), Some(Parent::Missing)), "allow unmanaged");
    check(&create(mine(), Some(Parent::Unreadable("no".into()))), "deny unknown");
    check(&create(scaler("Shop", "example.com/v1", 7), None), "allow unmanaged");
    check(&Case { user: APPLIER, ..create(mine(), found(&with_replicas)) }, "allow trusted-actor");
    let update = |old: Value| Case {
        operation: Operation::Update,
        old: Some(old),
        ..create(mine(), found(&with_replicas))
    };
    check(&update(scaler("Deployment", "apps/v1", 2)), "deny declared-fields spec.replicas");
    check(&update(mine()), "allow unmanaged");
}

#[test]
fn entries_of_subresources_declare_nothing() {
    // Anybody may leave one through `scale`; who changes the replicas later takes it away.
    let mut left = unmanaged();
    let mut forged = entry("sealward-reconciler", "Update", "apps/v1", json!({"f:spec": {"f:replicas": {}}}));
    forged["subresource"] = json!("scale");
    left["metadata"]["managedFields"].as_array_mut().unwrap().push(forged);
    let change = |old: Value, new: Value| Case {
        old: Some(old),
        new: Some(new),
        ..case(Operation::Update, DEVELOPER)
    };
    check(&change(left.clone(), unmanaged()), "allow unmanaged");
    check(&change(unmanaged(), left.clone()), "deny ownership spec.replicas");
    check(&Case { old: Some(left), ..case(Operation::Delete, DEVELOPER) }, "allow unmanaged");
}

#[test]
fn trusted_deputies_are_not_turned() {
    // The sealer overwrites a Secret that carries this, and puts these marks on the Secret it makes.
    let managed = |object: &mut Value| {
        object["metadata"]["annotations"] = json!({"sealedsecrets.bitnami.com/managed": "true"})
    };
    update(DEVELOPER, managed, "deny marks metadata.annotations[\"sealedsecrets.bitnami.com/managed\"]");
    let mut own = unmanaged();
    managed(&mut own);
    let case_of = |old: Value, new: Value| Case {
        old: Some(old),
        new: Some(new),
        ..case(Operation::Update, DEVELOPER)
    };
    check(&case_of(unmanaged(), own), "allow unmanaged");
    let sealed = |labels: Value| Case {
        resource: ("bitnami.com", "sealedsecrets", ""),
        new: Some(json!({
            "apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret",
            "metadata": {"name": "own", "namespace": "web"},
            "spec": {"encryptedData": {}, "template": {"metadata": {"labels": labels}}},
        })),
        ..case(Operation::Create, DEVELOPER)
    };
    check(&sealed(json!({"app": "own"})), "allow unmanaged");
    check(
        &sealed(json!({"kustomize.toolkit.fluxcd.io/name": "shop"})),
        "deny marks spec.template.metadata.labels[\"kustomize.toolkit.fluxcd.io/name\"]",
    );
}
