//! How applications come, wait and go.

use crate::reconcile::{shop, web};
use crate::reconcile_harness::{World, condition, config_map, kustomization_yaml};
use crate::role::eventually;

#[test]
fn without_prune_everything_stays() {
    let (world, _) = shop("stay");
    world.kubectl(&["patch", "kustomization", "my-app", "--type=merge", "-p", r#"{"spec":{"prune":false}}"#]);
    world
        .repo
        .write("apps/my-app/kustomization.yaml", kustomization_yaml(&world.namespace, &["config.yaml"]));
    let second = world.push("second");
    world.fetch("app");
    world.wait_for("my-app", &second);
    assert!(world.exists("deployment", "web"));
    world.kubectl(&["delete", "kustomization", "my-app", "--timeout=180s"]);
    assert!(world.exists("configmap", "settings") && world.exists("deployment", "web"));
    assert!(!world.exists("rendering", &format!("{}.my-app", world.namespace)));
}

#[test]
fn an_application_whose_account_is_gone_can_be_deleted() {
    let (world, _) = shop("nobody");
    world.kubectl(&["delete", "serviceaccount", "applier"]);
    world.kubectl(&["delete", "kustomization", "my-app", "--timeout=180s"]);
    assert!(world.exists("configmap", "settings"));
    eventually("an event tells what stays", || {
        world.notes("my-app").iter().any(|note| note.contains("applier is gone") && note.contains("settings"))
    });
}

#[test]
fn who_may_not_apply_an_object_keeps_nobody_from_it() {
    let world = World::new("squat");
    world.repo.write("app/config.yaml", config_map("settings", "one"));
    world.repo.write("app/kustomization.yaml", kustomization_yaml(&world.namespace, &["config.yaml"]));
    world.push("first");
    world.source("app", "");
    world.kubectl(&["create", "serviceaccount", "weak"]);
    world.kustomization("squatter", "app", "  serviceAccountName: weak\n");
    world.wait_for("squatter", "False ReconciliationFailed");
    world.kustomization("app", "app", "");
    world.wait_for("app", "True");
    world.wait_for("squatter", "False OwnershipConflict");
}

#[test]
fn a_failed_rollout_is_told_and_the_next_commit_ends_it() {
    let world = World::new("rollout");
    let hopeless = web("web:1").replace("replicas: 1", "replicas: 1\n  progressDeadlineSeconds: 1");
    world.repo.write("app/web.yaml", hopeless);
    world.repo.write("app/kustomization.yaml", kustomization_yaml(&world.namespace, &["web.yaml"]));
    let first = world.push("first");
    world.source("app", "");
    world.kustomization("app", "app", "  wait: true\n");
    let told = world.wait_for("app", "False HealthCheckFailed");
    assert!(told.contains(&first) && told.contains("Deployment.apps"), "{told}");
    let healthy = |world: &World| condition(&world.get("kustomization", "app"), "Healthy");
    assert!(healthy(&world).starts_with("False HealthCheckFailed"));
    world.repo.write("app/web.yaml", web("web:1").replace("replicas: 1", "replicas: 0"));
    let second = world.push("second");
    world.fetch("app");
    world.wait_for("app", &format!("True ReconciliationSucceeded: applied revision: main@sha1:{second}"));
    assert!(healthy(&world).starts_with("True Succeeded"));
}

#[test]
fn an_interval_that_no_clock_can_hold_is_refused() {
    let (world, _) = shop("clock");
    for (kind, name) in [("kustomization", "my-app"), ("gitrepository", "app")] {
        let set = |text: &str| {
            let patch = format!(r#"{{"spec":{{"interval":"{text}"}}}}"#);
            world.kubectl(&["patch", kind, name, "--type=merge", "-p", &patch]);
        };
        set("4000000000000000h");
        world.wait_for_ready(kind, name, "False InvalidSpec: spec.interval: \"4000000000000000h\"");
        set("2562047h");
        world.wait_for_ready(kind, name, "True");
    }
}

#[test]
fn a_suspended_application_rests_until_it_is_resumed() {
    let (world, first) = shop("suspend");
    world.repo.write("other/config.yaml", config_map("other", "one"));
    world.repo.write("other/kustomization.yaml", kustomization_yaml(&world.namespace, &["config.yaml"]));
    world.kustomization("other", "other", "");
    let suspend = |suspend: bool| {
        let patch = format!(r#"{{"spec":{{"suspend":{suspend}}}}}"#);
        world.kubectl(&["patch", "kustomization", "my-app", "--type=merge", "-p", &patch]);
    };
    suspend(true);
    world.kubectl(&["patch", "configmap", "settings", "--type=merge", "-p", r#"{"data":{"key":"mine"}}"#]);
    world.repo.write("apps/my-app/config.yaml", config_map("settings", "two"));
    let second = world.push("second");
    world.fetch("app");
    // By the time that another one is done, the suspended one would be as well.
    world.wait_for("other", &format!("True ReconciliationSucceeded: applied revision: main@sha1:{second}"));
    let application = world.get("kustomization", "my-app");
    assert_eq!(application["status"]["lastAttemptedRevision"], format!("main@sha1:{first}"));
    assert_eq!(world.get("configmap", "settings")["data"]["key"], "mine");
    suspend(false);
    world.wait_for("my-app", &second);
    assert_eq!(world.get("configmap", "settings")["data"]["key"], "two");
}

#[test]
fn a_forged_inventory_deletes_nothing() {
    let (world, _) = shop("forged");
    let ns = &world.namespace;
    // One without our marks, one with forged labels that we are not on record to have applied.
    world.kubectl(&["create", "configmap", "plain", "--from-literal=key=theirs"]);
    world.kubectl(&["create", "configmap", "marked", "--from-literal=key=theirs"]);
    let labels =
        ["kustomize.toolkit.fluxcd.io/name=my-app", &format!("kustomize.toolkit.fluxcd.io/namespace={ns}")];
    world.kubectl(&["label", "configmap", "marked", labels[0], labels[1]]);
    let entries =
        ["plain", "marked", "settings"].map(|name| format!(r#"{{"id":"{ns}_{name}__ConfigMap","v":"v1"}}"#));
    let patch = format!(r#"{{"status":{{"inventory":{{"entries":[{}]}}}}}}"#, entries.join(","));
    world.kubectl(&[
        "patch",
        "kustomization",
        "my-app",
        "--subresource=status",
        "--type=merge",
        "-p",
        &patch,
    ]);
    world.repo.write("apps/my-app/kustomization.yaml", kustomization_yaml(ns, &["web.yaml"]));
    let second = world.push("second");
    world.fetch("app");
    world.wait_for("my-app", &format!("True ReconciliationSucceeded: applied revision: main@sha1:{second}"));
    assert!(!world.exists("configmap", "settings"), "ours goes");
    assert!(world.exists("configmap", "plain") && world.exists("configmap", "marked"));
}
