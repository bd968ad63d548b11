//! Ways around the guard, tried by a developer with the `edit` role: other verbs and dialects, other
//! subresources, and controllers that are let through and can be made to do one's work.

use std::time::Duration;

use serde_json::{Value, json};

use crate::admit_harness::Shared;
use crate::role::{eventually, root};

fn object(api_version: &str, kind: &str, namespace: &str, name: &str, rest: Value) -> Value {
    let mut object = json!({
        "apiVersion": api_version, "kind": kind,
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
    });
    for (field, value) in rest.as_object().unwrap() {
        object[field] = value.clone();
    }
    object
}

fn pod_spec() -> Value {
    json!({"containers": [{
        "name": "api", "image": "registry.example/api:1.0.0",
        "env": [{"name": "A", "value": "a"}, {"name": "B", "value": "b"}],
    }]})
}

fn workload(kind: &str, namespace: &str, name: &str, replicas: u32) -> Value {
    let template = json!({"metadata": {"labels": {"app": name}}, "spec": pod_spec()});
    let selector = json!({"matchLabels": {"app": name}});
    let spec = json!({"replicas": replicas, "selector": selector, "template": template});
    object("apps/v1", kind, namespace, name, json!({"spec": spec}))
}

/// A namespace in which Git declares a Deployment with replicas, a ConfigMap, a Secret and a Pod.
fn managed(prefix: &str) -> (&'static Shared, String) {
    let shared = Shared::instance();
    let namespace = shared.namespace(prefix);
    shared.apply_from_git(&workload("Deployment", &namespace, "api", 2));
    shared.apply_from_git(&object(
        "v1",
        "ConfigMap",
        &namespace,
        "cfg",
        json!({"data": {"a": "b", "c": "d"}}),
    ));
    shared.apply_from_git(&object("v1", "Secret", &namespace, "sec", json!({"stringData": {"a": "b"}})));
    shared.apply_from_git(&object("v1", "Pod", &namespace, "pod", json!({"spec": pod_spec()})));
    (shared, namespace)
}

#[test]
fn admit_no_dialect_of_patch_gets_past() {
    let (shared, ns) = managed("attack-patch");
    let containers = |containers: Value| json!({"spec": {"template": {"spec": {"containers": containers}}}});
    let strategic = [
        containers(
            json!([{"name": "api", "$patch": "delete"}, {"name": "z", "image": "registry.example/z:1.0.0"}]),
        ),
        containers(json!([{"name": "api", "env": [{"name": "A", "$patch": "delete"}]}])),
        containers(
            json!([{"name": "api", "$setElementOrder/env": [{"name": "B"}, {"name": "A"}], "env": [{"name": "A", "value": "a"}]}]),
        ),
        json!({"metadata": {"labels": {"$patch": "replace", "x": "y"}}}),
        json!({"spec": {"replicas": null}}),
    ];
    for patch in strategic {
        shared.refused(&["patch", "deployment/api", "-n", &ns, "-p", &patch.to_string()], None);
    }
    let merge = |patch: Value| {
        ["patch", "configmap/cfg", "--type=merge", "-p", &patch.to_string()].map(str::to_owned)
    };
    let json_patch = |patch: Value| {
        ["patch", "configmap/cfg", "--type=json", "-p", &json!([patch]).to_string()].map(str::to_owned)
    };
    let entry = "/metadata/managedFields/0";
    for args in [
        merge(json!({"data": null})),
        merge(json!({"data": {"a": null}})),
        merge(json!({"metadata": {"managedFields": []}, "data": {"a": "evil"}})),
        merge(json!({"metadata": {"managedFields": [{}]}, "data": {"a": "evil"}})),
        json_patch(json!({"op": "remove", "path": "/data/a"})),
        json_patch(json!({"op": "remove", "path": entry})),
        json_patch(json!({"op": "replace", "path": format!("{entry}/manager"), "value": "x"})),
        json_patch(json!({"op": "replace", "path": format!("{entry}/operation"), "value": "Update"})),
        json_patch(json!({"op": "replace", "path": format!("{entry}/apiVersion"), "value": "v9"})),
        json_patch(json!({"op": "add", "path": format!("{entry}/subresource"), "value": "status"})),
    ] {
        let args: Vec<&str> = args.iter().map(String::as_str).chain(["-n", &ns]).collect();
        shared.refused(&args, None);
    }
    // Under our manager's name, by an update, even of what nobody declares.
    let undeclared = json!({"data": {"z": "z"}}).to_string();
    for manager in ["sealward-reconciler", "sealward-sealer", "kustomize-controller"] {
        let manager = format!("--field-manager={manager}");
        shared.refused(
            &["patch", "configmap/cfg", "-n", &ns, "--type=merge", &manager, "-p", &undeclared],
            None,
        );
    }
    shared
        .developer(&["patch", "configmap/cfg", "-n", &ns, "--type=merge", "-p", &undeclared], None)
        .unwrap();
    // A replacement without managedFields keeps the live ones.
    let mut live = shared.read(&ns, "configmap/cfg");
    live["metadata"].as_object_mut().unwrap().remove("managedFields");
    shared.developer(&["replace", "-n", &ns, "-f", "-"], Some(&live)).unwrap();
    live["data"]["a"] = json!("evil");
    shared.refused(&["replace", "-n", &ns, "-f", "-"], Some(&live));
    shared.refused(&["replace", "--force", "-n", &ns, "-f", "-"], Some(&live));
}

#[test]
fn admit_a_collection_is_judged_item_by_item() {
    let (shared, ns) = managed("attack-collection");
    let path = format!("/apis/apps/v1/namespaces/{ns}/deployments");
    shared.refused(&["delete", "--raw", &path], None);
    shared.refused(&["delete", "--raw", &format!("{path}?labelSelector=app%3Dapi")], None);
    for cascade in ["--cascade=orphan", "--cascade=foreground"] {
        shared.refused(&["delete", "deployment", "api", "-n", &ns, cascade], None);
    }
    // Requests of a collection carry no name, which a policy by name would not see.
    let plane = &shared.plane;
    let resource = "--resource=validatingwebhookconfigurations.admissionregistration.k8s.io";
    plane.kubectl(&["create", "clusterrole", "hooks", "--verb=*", resource]).unwrap();
    plane.kubectl(&["create", "clusterrolebinding", "hooks", "--clusterrole=hooks", "--user=hooks"]).unwrap();
    let all = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations?dryRun=All";
    let error = plane.kubectl(&["delete", "--raw", all, "--as=hooks"]).unwrap_err().to_string();
    assert!(error.contains("only administrators change the webhook's configuration"), "{error}");
}

#[test]
fn admit_controllers_do_no_work_for_others() {
    let (shared, ns) = managed("attack-deputy");
    let create = |object: &Value| shared.developer(&["create", "-f", "-"], Some(object));
    // An autoscaler of one's own would scale what Git declares.
    let target = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "api"});
    let scaler = json!({"spec": {"scaleTargetRef": target, "minReplicas": 7, "maxReplicas": 7}});
    let scaler = object("autoscaling/v2", "HorizontalPodAutoscaler", &ns, "mine", scaler);
    let error = shared.refused(&["create", "-f", "-"], Some(&scaler));
    assert!(
        error.contains(&format!("Deployment.apps {ns}/api")) && error.contains("spec.replicas"),
        "{error}"
    );
    let mut own = scaler.clone();
    own["spec"]["scaleTargetRef"]["name"] = json!("own");
    create(&own).unwrap();
    let pointed = json!({"spec": {"scaleTargetRef": {"name": "api"}}}).to_string();
    shared.refused(&["patch", "hpa/mine", "-n", &ns, "--type=merge", "-p", &pointed], None);
    // A ReplicaSet of one's own adopts the Pods that fit, and takes them down.
    let mut thief = workload("ReplicaSet", &ns, "pod", 0);
    thief["metadata"]["name"] = json!("thief");
    create(&thief).unwrap();
    // An owner from before Git's first apply takes what Git declares along.
    let throwaway = object("v1", "ConfigMap", &ns, "throwaway", json!({}));
    create(&throwaway).unwrap();
    let uid = shared.read(&ns, "configmap/throwaway")["metadata"]["uid"].clone();
    let mut early = object("v1", "ConfigMap", &ns, "early", json!({"data": {"mine": "x"}}));
    let mut dependent = early.clone();
    let owner = json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "throwaway", "uid": uid}]);
    early["metadata"]["ownerReferences"] = owner.clone();
    dependent["metadata"]["ownerReferences"] = owner;
    dependent["metadata"]["name"] = json!("dependent");
    create(&early).unwrap();
    create(&dependent).unwrap();
    shared.apply_from_git(&object("v1", "ConfigMap", &ns, "early", json!({"data": {"a": "b"}})));
    shared.developer(&["delete", "configmap", "throwaway", "-n", &ns], None).unwrap();
    let stands = |what: &str| shared.plane.kubectl(&["get", what, "-n", &ns]).is_ok();
    eventually("the garbage collector has been there", || !stands("configmap/dependent"));
    std::thread::sleep(Duration::from_secs(1));
    assert!(stands("configmap/early"), "the garbage collector took what Git declares");
    assert!(stands("pod/pod"), "the ReplicaSet took Git's Pod");
    // The sealer overwrites a Secret that carries this, and labels the Secrets that it makes as it is told.
    shared.refused(&["annotate", "secret/sec", "-n", &ns, "sealedsecrets.bitnami.com/managed=true"], None);
    let edit =
        ["create", "role", "sealed", "-n", &ns, "--verb=create", "--resource=sealedsecrets.bitnami.com"];
    shared.plane.kubectl(&edit).unwrap();
    let bind = ["create", "rolebinding", "sealed", "-n", &ns, "--role=sealed", "--user=developer"];
    shared.plane.kubectl(&bind).unwrap();
    let labels = json!({"kustomize.toolkit.fluxcd.io/name": "shop"});
    let sealed = json!({"spec": {"encryptedData": {}, "template": {"metadata": {"labels": labels}}}});
    let sealed = object("bitnami.com/v1alpha1", "SealedSecret", &ns, "forged", sealed);
    let error = shared.refused(&["create", "-f", "-"], Some(&sealed));
    assert!(error.contains("spec.template.metadata.labels"), "{error}");
}

#[test]
fn admit_what_the_sealer_opened_is_the_sealers() {
    let (shared, ns) = managed("attack-sealed");
    shared.plane.kubectl(&["create", "serviceaccount", "sealward-sealer", "-n", "sealward-system"]).unwrap();
    let sealer = shared.plane.service_account_kubeconfig("sealward-system", "sealward-sealer").unwrap();
    let secret = object("v1", "Secret", &ns, "opened", json!({"stringData": {"password": "x"}}));
    // The rights of the sealer are not at stake here, only its name.
    let role = [
        "create",
        "rolebinding",
        "sealer",
        "-n",
        &ns,
        "--clusterrole=edit",
        "--serviceaccount=sealward-system:sealward-sealer",
    ];
    shared.plane.kubectl(&role).unwrap();
    let create = ["create", "--field-manager=sealward-sealer", "-f", "-"];
    shared.plane.kubectl_as(&sealer, &create, Some(&secret.to_string())).unwrap();
    let patch = json!({"stringData": {"password": "evil"}}).to_string();
    shared.refused(&["patch", "secret/opened", "-n", &ns, "-p", &patch], None);
    shared.refused(&["delete", "secret", "opened", "-n", &ns], None);
    shared.refused(&create, Some(&object("v1", "Secret", &ns, "forged", json!({}))));
}

#[test]
fn admit_subresources_smuggle_nothing() {
    let (shared, ns) = managed("attack-sub");
    let plane = &shared.plane;
    // Through `scale` anybody may leave an entry in our name; it binds nobody.
    shared.developer(&["create", "-f", "-"], Some(&workload("Deployment", &ns, "own", 1))).unwrap();
    let replicas = |count: u32| json!({"spec": {"replicas": count}}).to_string();
    let forge = [
        "patch",
        "deployment/own",
        "-n",
        &ns,
        "--subresource=scale",
        "--type=merge",
        "--field-manager=sealward-reconciler",
        "-p",
        &replicas(3),
    ];
    shared.developer(&forge, None).unwrap();
    shared.developer(&["patch", "deployment/own", "-n", &ns, "-p", &replicas(2)], None).unwrap();
    shared.developer(&["delete", "deployment", "own", "-n", &ns], None).unwrap();

    plane.apply(&root().join("deploy/crds/flux")).unwrap();
    // With every right on the status of these: what Flux fetches, and what our namespaces are labelled.
    let resource =
        "--resource=namespaces/status,namespaces/finalize,gitrepositories.source.toolkit.fluxcd.io/status";
    plane.kubectl(&["create", "clusterrole", "statuses", "--verb=*", resource]).unwrap();
    plane
        .kubectl(&["create", "clusterrolebinding", "statuses", "--clusterrole=statuses", "--user=statuses"])
        .unwrap();
    let source = object(
        "source.toolkit.fluxcd.io/v1",
        "GitRepository",
        &ns,
        "shop",
        json!({"spec": {"interval": "1m", "url": "https://git.example/shop"}}),
    );
    plane.apply_text(&source.to_string()).unwrap();
    let status = |target: &str, namespace: &str, patch: Value| {
        let args = [
            "patch",
            target,
            "-n",
            namespace,
            "--subresource=status",
            "--type=merge",
            "--as=statuses",
            "-p",
            &patch.to_string(),
        ];
        plane.kubectl(&args).unwrap_err().to_string()
    };
    let error = status("gitrepository/shop", &ns, json!({"status": {"observedGeneration": 9}}));
    assert!(error.contains("sealward-git-sources"), "{error}");
    let error = status("namespace/sealward-system", "default", json!({"metadata": {"labels": {"a": "b"}}}));
    assert!(error.contains("sealward-own-namespaces"), "{error}");

    // An eviction deletes without a DELETE; who drains nodes may.
    eventually("our Pods are there", || {
        plane.kubectl(&["get", "pods", "-n", "sealward-system", "-o", "name"]).unwrap().lines().count() > 0
    });
    let pods = plane.kubectl(&["get", "pods", "-n", "sealward-system", "-o", "name"]).unwrap();
    let pod = pods.lines().next().unwrap().trim_start_matches("pod/").to_owned();
    let path = format!("/api/v1/namespaces/sealward-system/pods/{pod}/eviction?dryRun=All");
    let eviction = object("policy/v1", "Eviction", "sealward-system", &pod, json!({}));
    let evict = ["create", "--raw", &path, "-f", "-"];
    let error = shared.developer(&evict, Some(&eviction)).unwrap_err();
    assert!(error.contains("sealward-own-namespaces"), "{error}");
    plane
        .kubectl(&[
            "create",
            "clusterrole",
            "drain",
            "--verb=get,update,create",
            "--resource=nodes,pods/eviction",
        ])
        .unwrap();
    plane
        .kubectl(&["create", "clusterrolebinding", "drain", "--clusterrole=drain", "--user=drainer"])
        .unwrap();
    let drain = [&evict[..], &["--as=drainer"]].concat();
    plane.kubectl_as(plane.admin_kubeconfig(), &drain, Some(&eviction.to_string())).unwrap();
}

#[test]
fn admit_controllers_finish_their_work_on_what_git_declares() {
    let (shared, ns) = managed("attack-work");
    let plane = &shared.plane;
    let marks = json!({"kustomize.toolkit.fluxcd.io/name": "shop", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"});
    let mut template = json!({"metadata": {"labels": marks}, "spec": pod_spec()});
    template["spec"]["restartPolicy"] = json!("Never");
    let spec = json!({"spec": {"ttlSecondsAfterFinished": 1, "template": template}});
    shared.apply_from_git(&object("batch/v1", "Job", &ns, "job", spec));
    let mut set = workload("StatefulSet", &ns, "set", 1);
    set["spec"]["serviceName"] = json!("set");
    set["spec"]["volumeClaimTemplates"] = json!([{
        "metadata": {"name": "data", "labels": marks},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }]);
    set["spec"]["persistentVolumeClaimRetentionPolicy"] =
        json!({"whenDeleted": "Delete", "whenScaled": "Delete"});
    shared.apply_from_git(&set);
    let names = |what: &str| plane.kubectl(&["get", what, "-n", &ns, "-o", "name"]).unwrap();
    eventually("Job and StatefulSet have their Pods", || {
        names("pods").contains("pod/job-") && names("pods,pvc").contains("persistentvolumeclaim/data-set-0")
    });
    let pods = names("pods");
    let pod = pods.lines().find(|name| name.starts_with("pod/job-")).unwrap();
    let done = json!({"status": {"phase": "Succeeded"}}).to_string();
    plane.kubectl(&["patch", pod, "-n", &ns, "--subresource=status", "--type=merge", "-p", &done]).unwrap();
    eventually("the finished Job is gone", || !names("jobs").contains("job.batch/job"));
    plane.kubectl_as(&shared.applier, &["delete", "statefulset", "set", "-n", &ns], None).unwrap();
    eventually("the StatefulSet took Pod and claim along", || !names("pods,pvc").contains("set-0"));
    // What a storage migration does: the same object again.
    let live = shared.read(&ns, "deployment/api");
    plane.kubectl_as(plane.admin_kubeconfig(), &["replace", "-f", "-"], Some(&live.to_string())).unwrap();
}
