//! The GitOps guard on a real API server: a developer with the `edit` role against what Git declares.

use serde_json::{Value, json};

use crate::admit_harness::{REPOSITORY, REVISION, Shared};
use crate::role::eventually;

const MARKS: [&str; 2] = ["kustomize.toolkit.fluxcd.io/name", "kustomize.toolkit.fluxcd.io/namespace"];

/// What Git declares: no replicas, unless `replicas` says so.
fn deployment(namespace: &str, name: &str, replicas: Option<u32>) -> Value {
    let mut object = json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {
            "name": name, "namespace": namespace,
            "labels": {"app": name, MARKS[0]: "shop", MARKS[1]: "flux-system"},
        },
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "api", "image": "registry.example/api:1.0.0"}]},
            },
        },
    });
    if let Some(replicas) = replicas {
        object["spec"]["replicas"] = json!(replicas);
    }
    object
}

/// Where Git declares it, as the reconciler publishes it.
fn publish(shared: &Shared, namespace: &str, ids: &[String]) {
    let objects: Vec<Value> =
        ids.iter().map(|id| json!({"id": id, "path": "apps/shop/deployment.yaml", "line": 7})).collect();
    let rendering = json!({
        "apiVersion": "sealward.dev/v1alpha1", "kind": "Rendering",
        "metadata": {"name": format!("flux-system.{namespace}")},
        "spec": {
            "application": "flux-system/shop", "repository": REPOSITORY, "revision": REVISION, "objects": objects,
        },
    });
    shared.plane.apply_text(&rendering.to_string()).unwrap();
}

/// A namespace with Deployment `api` of Git's, published, and the webhook aware of it.
fn managed(prefix: &str) -> (&'static Shared, String) {
    let shared = Shared::instance();
    let namespace = shared.namespace(prefix);
    shared.apply_from_git(&deployment(&namespace, "api", None));
    publish(shared, &namespace, &[format!("{namespace}_api_apps_Deployment")]);
    eventually("the webhook knows the Rendering", || {
        let args = ["delete", "deployment", "api", "-n", &namespace, "--dry-run=server"];
        shared.developer(&args, None).is_err_and(|error| error.contains(REPOSITORY))
    });
    (shared, namespace)
}

#[test]
fn admit_a_denial_names_object_field_place_and_what_to_do() {
    let (shared, ns) = managed("guard-text");
    let error = shared.refused(&["set", "image", "deployment/api", "api=evil:1", "-n", &ns], None);
    for part in [
        &format!("Deployment.apps {ns}/api: Git declares what this request changes"),
        "fields: spec.template.spec.containers[name=\"api\"].image",
        &format!(
            "declared in: apps/shop/deployment.yaml:7 of {REPOSITORY} at {REVISION} (Kustomization flux-system/shop)"
        ),
        &format!("instead: change apps/shop/deployment.yaml in {REPOSITORY} and push"),
    ] {
        assert!(error.contains(part), "{part} is not in: {error}");
    }
    // The same in a dry run, and for the cluster's admin.
    let set = ["set", "image", "deployment/api", "api=evil:1", "-n", &ns];
    let dry = shared.refused(&[&set[..], &["--dry-run=server"]].concat(), None);
    assert!(dry.contains("fields: spec.template"), "{dry}");
    let admin = shared.plane.kubectl(&set).unwrap_err().to_string();
    assert!(admin.contains("guard.sealward.dev"), "{admin}");
}

#[test]
fn admit_undeclared_fields_pass_and_declared_ones_do_not() {
    let (shared, ns) = managed("guard-fields");
    let go = |args: &[&str]| shared.developer(&[args, &["-n", &ns]].concat(), None).unwrap();
    go(&["scale", "deployment/api", "--replicas=3"]);
    go(&["annotate", "deployment/api", "note=hi"]);
    go(&["rollout", "restart", "deployment/api"]);
    go(&["label", "deployment/api", "team=shop"]);
    let stop = |args: &[&str]| shared.refused(&[args, &["-n", &ns]].concat(), None);
    stop(&["delete", "deployment", "api"]);
    stop(&["delete", "deployment", "--all"]);
    stop(&["label", "deployment/api", "app-"]);
    stop(&["label", "deployment/api", "app=other", "--overwrite"]);
    stop(&["label", "deployment/api", "kustomize.toolkit.fluxcd.io/name-"]);
    stop(&["annotate", "deployment/api", "kustomize.toolkit.fluxcd.io/reconcile=disabled"]);
    stop(&["label", "deployment/api", "kustomize.toolkit.fluxcd.io/prune=disabled"]);
    // What nobody declared is anybody's.
    go(&["create", "deployment", "own", "--image=registry.example/own:1.0.0"]);
    go(&["scale", "deployment/own", "--replicas=2"]);
    go(&["set", "image", "deployment/own", "own=registry.example/own:1.0.1"]);
    go(&["delete", "deployment", "own"]);
}

#[test]
fn admit_scaling_is_held_where_git_declares_replicas() {
    let (shared, ns) = managed("guard-scale");
    shared.apply_from_git(&deployment(&ns, "fixed", Some(2)));
    let error = shared.refused(&["scale", "deployment/fixed", "--replicas=0", "-n", &ns], None);
    assert!(error.contains("fields: spec.replicas"), "{error}");
    shared.refused(&["patch", "deployment/fixed", "-n", &ns, "-p", r#"{"spec":{"replicas":0}}"#], None);
    let patch = r#"{"spec":{"replicas":0}}"#;
    shared.refused(
        &["patch", "deployment/fixed", "--subresource=scale", "--type=merge", "-n", &ns, "-p", patch],
        None,
    );
    shared.developer(&["scale", "deployment/fixed", "--replicas=2", "-n", &ns], None).unwrap();
    // The autoscaler is let through.
    let path = format!("/apis/apps/v1/namespaces/{ns}/deployments/fixed/scale");
    let mut scale: Value =
        serde_json::from_str(&shared.plane.kubectl(&["get", "--raw", &path]).unwrap()).unwrap();
    scale["spec"]["replicas"] = json!(3);
    let autoscaler = "--as=system:serviceaccount:kube-system:horizontal-pod-autoscaler";
    let put = ["replace", "--raw", &path, "-f", "-", autoscaler];
    shared.plane.kubectl_as(shared.plane.admin_kubeconfig(), &put, Some(&scale.to_string())).unwrap();
}

#[test]
fn admit_ownership_cannot_be_taken_without_changing_a_value() {
    let (shared, ns) = managed("guard-owner");
    let mut copy = deployment(&ns, "api", None);
    let apply = |manager: &'static str| ["apply", "--server-side", "--force-conflicts", manager, "-f", "-"];
    // To own the same value beside Git is harmless …
    shared.developer(&apply("--field-manager=mine"), Some(&copy)).unwrap();
    // … and to drop Git's ownership afterwards, under its name, is not.
    copy["metadata"]["labels"].as_object_mut().unwrap().remove("app");
    let error = shared.refused(&apply("--field-manager=sealward-reconciler"), Some(&copy));
    assert!(error.contains("only sealward-reconciler may do that"), "{error}");
    shared.refused(&apply("--field-manager=kustomize-controller"), Some(&deployment(&ns, "api", None)));

    // Patches and hand-written PUTs of managedFields.
    let patch = |patch: &str| {
        shared.refused(&["patch", "deployment/api", "--type=merge", "-n", &ns, "-p", patch], None)
    };
    patch(r#"{"metadata":{"managedFields":[{}]}}"#);
    let put = |object: &Value| {
        let path = format!("/apis/apps/v1/namespaces/{ns}/deployments/api");
        shared.refused(&["replace", "--raw", &path, "-f", "-"], Some(object))
    };
    let live = shared.read(&ns, "deployment/api");
    let entry = |object: &Value| {
        let entries = object["metadata"]["managedFields"].as_array().unwrap();
        entries.iter().position(|entry| entry["manager"] == "sealward-reconciler").unwrap()
    };
    let index = entry(&live);
    let mut reset = live.clone();
    reset["metadata"]["managedFields"] = json!([{}]);
    put(&reset);
    let mut removed = live.clone();
    removed["metadata"]["managedFields"].as_array_mut().unwrap().remove(index);
    put(&removed);
    let mut renamed = live.clone();
    renamed["metadata"]["managedFields"][index]["manager"] = json!("somebody");
    put(&renamed);
    let mut narrowed = live.clone();
    narrowed["metadata"]["managedFields"][index]["fieldsV1"]["f:metadata"] = json!({});
    put(&narrowed);
    let mut widened = live.clone();
    widened["metadata"]["managedFields"][index]["fieldsV1"]["f:spec"]["f:replicas"] = json!({});
    put(&widened);
    let mut owned = live;
    owned["metadata"]["ownerReferences"] = json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "throwaway", "uid": "00000000-0000-0000-0000-000000000001"}]);
    let error = put(&owned);
    assert!(error.contains("ownerReferences"), "{error}");
}

#[test]
fn admit_the_status_carries_nothing_past_the_guard() {
    let (shared, ns) = managed("guard-status");
    let role = ["create", "role", "status", "-n", &ns, "--verb=patch", "--resource=deployments/status"];
    shared.plane.kubectl(&role).unwrap();
    shared
        .plane
        .kubectl(&["create", "rolebinding", "status", "-n", &ns, "--role=status", "--user=developer"])
        .unwrap();
    let patch = |patch: Value| {
        let patch = patch.to_string();
        ["patch", "deployment/api", "--subresource=status", "--type=merge", "-n", &ns, "-p", &patch]
            .map(str::to_owned)
    };
    let no = |metadata: Value| {
        let args = patch(json!({"metadata": metadata}));
        shared.refused(&args.each_ref().map(String::as_str), None)
    };
    let owner = json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "00000000-0000-0000-0000-000000000001"}]);
    no(json!({"ownerReferences": owner}));
    no(json!({"annotations": {"kustomize.toolkit.fluxcd.io/reconcile": "disabled"}}));
    let status = patch(json!({"status": {"observedGeneration": 1}}));
    shared.developer(&status.each_ref().map(String::as_str), None).unwrap();
    // A reset of managedFields through the status leaves Git's entry where it is.
    let reset = patch(json!({"metadata": {"managedFields": [{}]}, "status": {"replicas": 7}}));
    let _ = shared.developer(&reset.each_ref().map(String::as_str), None);
    let entries = shared.read(&ns, "deployment/api")["metadata"]["managedFields"].to_string();
    assert!(entries.contains("sealward-reconciler"), "{entries}");
}

#[test]
fn admit_nobody_creates_what_looks_like_gits() {
    let (shared, ns) = managed("guard-forge");
    let config = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "forged", "namespace": ns}, "data": {"a": "b"},
    });
    shared.refused(
        &["apply", "--server-side", "--field-manager=sealward-reconciler", "-f", "-"],
        Some(&config),
    );
    let path = format!("/api/v1/namespaces/{ns}/configmaps");
    let named = format!("{path}?fieldManager=sealward-reconciler");
    shared.refused(&["create", "--raw", &named, "-f", "-"], Some(&config));
    // Entries in the body of a creation are not taken over by the server.
    let mut forged = config.clone();
    forged["metadata"]["name"] = json!("body");
    forged["metadata"]["managedFields"] = json!([{
        "manager": "sealward-reconciler", "operation": "Apply", "apiVersion": "v1", "time": "2026-01-01T00:00:00Z",
        "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {"f:a": {}}},
    }]);
    let created = shared.developer(&["create", "--raw", &path, "-f", "-"], Some(&forged));
    assert!(
        created.is_err() || !shared.read(&ns, "configmap/body").to_string().contains("sealward-reconciler")
    );
    let mut marked = config.clone();
    marked["metadata"]["labels"] = json!({MARKS[0]: "shop", MARKS[1]: "flux-system"});
    let error = shared.refused(&["create", "-f", "-"], Some(&marked));
    assert!(error.contains("metadata.labels[\"kustomize.toolkit.fluxcd.io/name\"]"), "{error}");
    shared.developer(&["create", "-f", "-"], Some(&config)).unwrap();
}

#[test]
fn admit_another_version_of_the_api_hides_nothing() {
    let (shared, ns) = managed("guard-version");
    shared.apply_from_git(&json!({
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "api", "namespace": ns},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "api"},
            "minReplicas": 1, "maxReplicas": 3,
        },
    }));
    let patch = r#"{"spec":{"maxReplicas":30}}"#;
    for version in ["hpa.v1.autoscaling", "hpa.v2.autoscaling"] {
        let error = shared.refused(&["patch", version, "api", "--type=merge", "-n", &ns, "-p", patch], None);
        assert!(error.contains("spec.maxReplicas"), "{version}: {error}");
        shared.developer(&["annotate", version, "api", "note=hi", "--overwrite", "-n", &ns], None).unwrap();
    }
}

#[test]
fn admit_controllers_do_their_work_on_what_git_declares() {
    let (shared, ns) = managed("guard-control");
    // Endpoint slices copy the Service's labels, our marks included.
    shared.apply_from_git(&json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "api", "namespace": ns, "labels": {MARKS[0]: "shop", MARKS[1]: "flux-system"}},
        "spec": {"selector": {"app": "api"}, "ports": [{"port": 80}]},
    }));
    let count = |what: &str, selector: &str| {
        let list = shared.plane.kubectl(&["get", what, "-n", &ns, "-l", selector, "-o", "name"]).unwrap();
        list.lines().count()
    };
    eventually("the Service has its slice", || {
        count("endpointslices", "kubernetes.io/service-name=api") == 1
    });
    eventually("the Deployment has its Pod", || count("pods", "app=api") == 1);

    // A namespace that holds what Git declares is not deleted past Git, by nobody.
    let error = shared.plane.kubectl(&["delete", "namespace", &ns, "--wait=false"]).unwrap_err().to_string();
    assert!(
        error.contains("1 objects that Git declares would be deleted with it")
            && error.contains(&format!("Deployment.apps {ns}/api")),
        "{error}"
    );
    // Git's own account may; then everything in it goes, Git's objects included.
    shared.plane.kubectl_as(&shared.applier, &["delete", "namespace", &ns, "--wait=false"], None).unwrap();
    eventually("the namespace is gone", || shared.plane.kubectl(&["get", "namespace", &ns]).is_err());
}

#[test]
fn admit_deletion_by_git_takes_dependents_along() {
    let (shared, ns) = managed("guard-collect");
    let pods = || shared.plane.kubectl(&["get", "pods,replicasets", "-n", &ns, "-o", "name"]).unwrap();
    eventually("the Deployment has its Pod", || pods().contains("pod/"));
    shared.plane.kubectl_as(&shared.applier, &["delete", "deployment", "api", "-n", &ns], None).unwrap();
    eventually("its Pod and ReplicaSet are gone", || pods().is_empty());
}
