//! Beside a running Flux nothing of its is touched, not even a status.

use sealward_controlplane::{ControlPlane, Options};
use serde_json::json;

use crate::reconcile_harness::{World, config_map, install};

/// A GitRepository and a Kustomization without our label.
fn theirs(world: &World) -> String {
    format!(
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {{name: theirs, namespace: {ns}}}\n\
         spec: {{interval: 1m, url: {url:?}, ref: {{branch: main}}}}\n---\n\
         apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: theirs, namespace: {ns}}}\n\
         spec: {{interval: 10m, prune: true, path: app, targetNamespace: {ns}, sourceRef: {{kind: GitRepository, name: theirs}}}}\n",
        ns = world.namespace,
        url = world.url
    )
}

/// Our own application declares an object that belongs to theirs; nothing of theirs may change.
fn check_untouched(world: &World) {
    let ns = &world.namespace;
    world.apply(&format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n  namespace: {ns}\n  labels:\n    \
         kustomize.toolkit.fluxcd.io/name: theirs\n    kustomize.toolkit.fluxcd.io/namespace: {ns}\ndata: {{key: theirs}}\n"
    ));
    world.source("app", "");
    world.kustomization("ours", "app", &format!("  targetNamespace: {ns}\n"));
    world.wait_for("ours", &format!("belongs to Kustomization {ns}/theirs"));
    assert_eq!(world.get("configmap", "settings")["data"]["key"], "theirs");
    for kind in ["gitrepository", "kustomization"] {
        let object = world.get(kind, "theirs");
        assert_eq!(object["status"], json!({"observedGeneration": -1}), "not even a status");
        assert!(object["metadata"]["finalizers"].is_null(), "{object}");
    }
}

#[test]
fn what_has_not_our_label_is_left_alone() {
    let world = World::new("label");
    world.repo.write("app/settings.yaml", config_map("settings", "one"));
    world.push("first");
    world.apply(&theirs(&world));
    check_untouched(&world);
    assert!(world.notes("theirs").is_empty(), "not even an event");
    // The label alone makes them ours.
    let label = format!("world={}", world.namespace);
    world.kubectl(&["label", "gitrepository,kustomization", "theirs", &label]);
    world.wait_for("theirs", "True");
    assert!(!world.get("kustomization", "theirs")["metadata"]["finalizers"].is_null());
}

#[test]
fn what_flux_works_on_is_left_alone() {
    let plane = &ControlPlane::start(Options::default()).unwrap();
    install(plane);
    let world = World::on(plane, "beside", &["--label-selector="]);
    world.repo.write("app/settings.yaml", config_map("settings", "one"));
    world.push("first");
    let arguments = ["apply", "--server-side", "--field-manager=kustomize-controller", "-f", "-"];
    plane.kubectl_as(plane.admin_kubeconfig(), &arguments, Some(&theirs(&world))).unwrap();
    check_untouched(&world);
}
