//! The API server goes away and comes back.

use sealward_controlplane::{ControlPlane, Options};

use crate::reconcile_harness::{World, config_map, install, kustomization_yaml};
use crate::role::eventually;

#[test]
fn an_api_server_that_comes_back_finds_everything_in_order() {
    let plane = &ControlPlane::start(Options::default()).unwrap();
    install(plane);
    let world = World::on(plane, "outage", &[]);
    world.repo.write("app/settings.yaml", config_map("settings", "one"));
    world.repo.write("app/kustomization.yaml", kustomization_yaml(&world.namespace, &["settings.yaml"]));
    world.push("first");
    world.source("app", "  timeout: 5s\n");
    world.kustomization("app", "app", "");
    world.wait_for("app", "True");

    plane.kill_apiserver();
    world.repo.write("app/settings.yaml", config_map("settings", "two"));
    let second = world.push("second");
    plane.restart_apiserver().unwrap();
    plane.wait_ready().unwrap();
    world.fetch("app");
    world.wait_for("app", &second);
    assert_eq!(world.get("configmap", "settings")["data"]["key"], "two");
    world.kubectl(&["patch", "configmap", "settings", "--type=merge", "-p", r#"{"data":{"key":"changed"}}"#]);
    eventually("drift is healed again", || world.get("configmap", "settings")["data"]["key"] == "two");
}
