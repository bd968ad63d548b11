//! Git to cluster, on a real API server, with the rights that `deploy/` gives.

use crate::reconcile_harness::{World, condition, config_map, kustomization_yaml};
use crate::role::{eventually, eventually_some};

pub(crate) fn web(image: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 1\n  selector:\n    \
         matchLabels: {{app: web}}\n  template:\n    metadata:\n      labels: {{app: web}}\n    spec:\n      \
         containers:\n        - name: web\n          image: {image}\n"
    )
}

/// A world with one application of two objects, ready.
pub(crate) fn shop(name: &str) -> (World<'static>, String) {
    let world = World::new(name);
    world.repo.write("apps/my-app/config.yaml", config_map("settings", "one"));
    world.repo.write("apps/my-app/web.yaml", web("web:1"));
    let list = kustomization_yaml(&world.namespace, &["config.yaml", "web.yaml"]);
    world.repo.write("apps/my-app/kustomization.yaml", list);
    let commit = world.push("first");
    world.source("app", "");
    world.kustomization("my-app", "./apps/my-app", "");
    world.wait_for("my-app", &format!("True ReconciliationSucceeded: applied revision: main@sha1:{commit}"));
    (world, commit)
}

#[test]
fn what_courses_show_works_as_pasted() {
    let (world, commit) = shop("course");
    let revision = format!("main@sha1:{commit}");
    let source = world.get("gitrepository", "app");
    assert_eq!(source["status"]["artifact"]["revision"], revision);
    assert!(condition(&source, "Ready").starts_with("True Succeeded"), "{source}");

    let settings = world.get("configmap", "settings");
    assert_eq!(settings["data"]["key"], "one");
    assert_eq!(settings["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/name"], "my-app");
    assert_eq!(settings["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/namespace"], world.namespace);
    assert!(settings["metadata"]["annotations"].is_null(), "neither path nor commit is stamped on objects");

    let application = world.get("kustomization", "my-app");
    let status = &application["status"];
    assert_eq!(status["lastAppliedRevision"], revision);
    assert_eq!(status["lastAttemptedRevision"], revision);
    assert_eq!(status["observedGeneration"], application["metadata"]["generation"]);
    let ids: Vec<&str> = status["inventory"]["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["id"].as_str().unwrap())
        .collect();
    let namespace = &world.namespace;
    let mut expect =
        vec![format!("{namespace}_settings__ConfigMap"), format!("{namespace}_web_apps_Deployment")];
    expect.sort();
    let mut found = ids.clone();
    found.sort_unstable();
    assert_eq!(found, expect);

    let rendering = world.get("rendering", &format!("{namespace}.my-app"));
    assert_eq!(rendering["spec"]["revision"], revision);
    assert_eq!(rendering["spec"]["objects"][0]["path"], "apps/my-app/config.yaml");
    assert_eq!(rendering["spec"]["objects"][0]["line"], 1);
    eventually("an event names the commit", || {
        world.notes("my-app").iter().any(|note| note.contains(&commit))
    });
}

#[test]
fn only_what_changed_is_applied_and_what_left_is_pruned() {
    let (world, first) = shop("change");
    let applies = |kind: &str| {
        world.requests().iter().filter(|event| event.verb == "patch" && event.resource == kind).count()
    };
    let before = (applies("configmaps"), applies("deployments"));
    world.repo.write("apps/my-app/config.yaml", config_map("settings", "two"));
    let second = world.push("second");
    world.fetch("app");
    world.wait_for("my-app", &second);
    assert_eq!(world.get("configmap", "settings")["data"]["key"], "two");
    assert_eq!(
        (applies("configmaps"), applies("deployments")),
        (before.0 + 1, before.1),
        "one request per changed object"
    );

    world
        .repo
        .write("apps/my-app/kustomization.yaml", kustomization_yaml(&world.namespace, &["config.yaml"]));
    let third = world.push("third");
    world.fetch("app");
    world.wait_for("my-app", &third);
    assert!(!world.exists("deployment", "web"));

    world.repo.revert(&third);
    world.repo.push(&world.url);
    world.fetch("app");
    eventually("git revert restores", || world.exists("deployment", "web"));
    assert_ne!(first, second);
}

#[test]
fn marks_keep_objects_from_being_pruned_and_applied() {
    let (world, _) = shop("marks");
    world.kubectl(&["annotate", "deployment", "web", "kustomize.toolkit.fluxcd.io/prune=disabled"]);
    world.kubectl(&["annotate", "configmap", "settings", "kustomize.toolkit.fluxcd.io/reconcile=disabled"]);
    world.kubectl(&["patch", "configmap", "settings", "--type=merge", "-p", r#"{"data":{"key":"mine"}}"#]);
    world
        .repo
        .write("apps/my-app/kustomization.yaml", kustomization_yaml(&world.namespace, &["config.yaml"]));
    let second = world.push("second");
    world.fetch("app");
    world.wait_for("my-app", &second);
    assert!(world.exists("deployment", "web"));
    assert_eq!(world.get("configmap", "settings")["data"]["key"], "mine");
}

#[test]
fn drift_is_healed_by_watch() {
    let (world, _) = shop("drift");
    // Long before the interval of ten minutes: it is the watch that has it looked at.
    heal(&world, r#"{"data":{"key":"changed"}}"#, || {
        world.get("configmap", "settings")["data"]["key"] == "one"
    });
    // A field that Git does not declare goes too, when a person's tool wrote it.
    heal(&world, r#"{"data":{"added":"by hand"}}"#, || {
        world.get("configmap", "settings")["data"]["added"].is_null()
    });
    heal(&world, r#"{"metadata":{"labels":null}}"#, || {
        world.get("configmap", "settings")["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/name"]
            == "my-app"
    });
    world.kubectl(&["delete", "configmap", "settings"]);
    eventually("a deleted object comes back", || world.exists("configmap", "settings"));
    eventually("an event tells of it", || world.notes("my-app").iter().any(|note| note.contains("healed")));
    // What a robot adds and Git does not declare stays.
    world.kubectl(&["scale", "deployment", "web", "--replicas=1"]);
    let robot = r#"{"metadata":{"annotations":{"robot":"was here"}}}"#;
    world.kubectl(&["patch", "configmap", "settings", "--type=merge", "--field-manager=robot", "-p", robot]);
    heal(&world, r#"{"data":{"key":"again"}}"#, || {
        world.get("configmap", "settings")["data"]["key"] == "one"
    });
    assert_eq!(world.get("configmap", "settings")["metadata"]["annotations"]["robot"], "was here");
}

#[test]
fn a_fight_is_told_and_slowed_down() {
    let (world, _) = shop("fight");
    // As many as a slow machine needs to have enough of them within a minute.
    let mut round = 0;
    let told = eventually_some("the fight is told", || {
        round += 1;
        let patch = format!(r#"{{"data":{{"key":"round-{round}"}}}}"#);
        world.kubectl(&["patch", "configmap", "settings", "--type=merge", "-p", &patch]);
        eventually_some("the heal or the fight", || {
            let told = world.ready("kustomization", "my-app");
            let fights = told.contains("False Contended");
            let healed = world.get("configmap", "settings")["data"]["key"] == "one";
            (fights || healed).then_some(fights.then_some(told))
        })
    });
    assert!(told.contains(&format!("ConfigMap {}/settings", world.namespace)), "{told}");
}

fn heal(world: &World, patch: &str, healed: impl FnMut() -> bool) {
    world.kubectl(&["patch", "configmap", "settings", "--type=merge", "-p", patch]);
    eventually(patch, healed);
}

#[test]
fn what_kubectl_applied_before_is_taken_over() {
    let world = World::new("adopt");
    let namespace = world.namespace.clone();
    let old =
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  key: old\n  stale: by hand\n";
    world.apply(&old.replace("name: settings", &format!("name: settings\n  namespace: {namespace}")));
    world.repo.write("app/config.yaml", config_map("settings", "new"));
    world.repo.write("app/kustomization.yaml", kustomization_yaml(&namespace, &["config.yaml"]));
    world.push("first");
    world.source("app", "");
    world.kustomization("adopt", "app", "");
    world.wait_for("adopt", "True");
    let settings = world.get("configmap", "settings");
    assert_eq!(settings["data"], serde_json::json!({"key": "new"}));
    let managers: Vec<&str> = settings["metadata"]["managedFields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["manager"].as_str().unwrap())
        .collect();
    assert_eq!(managers, ["sealward-reconciler"]);
}

#[test]
fn a_field_that_is_not_supported_is_refused_by_name() {
    let world = World::new("unsupported");
    world.repo.write("app/config.yaml", config_map("settings", "one"));
    world.push("first");
    world.source("app", "  verify:\n    secretRef: {name: keys}\n");
    world.wait_for_ready("gitrepository", "app", "False UnsupportedField: not supported yet: spec.verify");
    world.kustomization(
        "app",
        "app",
        "  targetNamespace: default\n  force: true\n  decryption: {provider: sops}\n",
    );
    world.wait_for("app", "not supported yet: spec.decryption, spec.force");
    assert!(condition(&world.get("kustomization", "app"), "Stalled").starts_with("True UnsupportedField"));
    // It ends with the next change of the object.
    world.kubectl(&["patch", "gitrepository", "app", "--type=merge", "-p", r#"{"spec":{"verify":null}}"#]);
    world.wait_for_ready("gitrepository", "app", "True");
}

#[test]
fn deletion_prunes_and_suspension_leaves() {
    let (world, _) = shop("delete");
    world.kubectl(&["delete", "kustomization", "my-app", "--timeout=180s"]);
    assert!(!world.exists("configmap", "settings") && !world.exists("deployment", "web"));
    assert!(!world.exists("rendering", &format!("{}.my-app", world.namespace)));

    world.kustomization("my-app", "./apps/my-app", "");
    world.wait_for("my-app", "True");
    world.kubectl(&[
        "patch",
        "kustomization",
        "my-app",
        "--type=merge",
        "-p",
        r#"{"spec":{"suspend":true}}"#,
    ]);
    world.kubectl(&["delete", "kustomization", "my-app", "--timeout=180s"]);
    assert!(world.exists("configmap", "settings"), "a suspended one leaves its objects");
}

#[test]
fn definitions_and_namespaces_come_before_what_needs_them() {
    let world = World::new("staged");
    let own = format!("{}-own", world.namespace);
    let kind = world.namespace.replace('-', "");
    world.repo.write("app/a.yaml", format!("apiVersion: {kind}.example.com/v1\nkind: Widget\nmetadata: {{name: w, namespace: {own}}}\nspec: {{size: 1}}\n"));
    world.repo.write("app/b.yaml", format!(
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{name: widgets.{kind}.example.com}}\nspec:\n  \
         group: {kind}.example.com\n  scope: Namespaced\n  names: {{kind: Widget, plural: widgets, singular: widget, listKind: WidgetList}}\n  \
         versions:\n    - name: v1\n      served: true\n      storage: true\n      schema:\n        openAPIV3Schema:\n          type: object\n          \
         properties:\n            spec: {{type: object, properties: {{size: {{type: integer}}}}}}\n"
    ));
    world.repo.write("app/c.yaml", format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {own}}}\n"));
    world.push("all at once");
    world.source("app", "");
    world.kustomization("staged", "app", "");
    world.wait_for("staged", "True");
    let text = world.plane.kubectl(&[
        "get",
        &format!("widgets.{kind}.example.com"),
        "w",
        "-n",
        &own,
        "-o",
        "jsonpath={.spec.size}",
    ]);
    assert_eq!(text.unwrap(), "1");
    // Drift of a kind that came with the same commit is seen as well.
    world
        .plane
        .kubectl(&[
            "patch",
            &format!("widgets.{kind}.example.com"),
            "w",
            "-n",
            &own,
            "--type=merge",
            "-p",
            r#"{"spec":{"size":7}}"#,
        ])
        .unwrap();
    eventually("the widget is healed", || {
        world
            .plane
            .kubectl(&[
                "get",
                &format!("widgets.{kind}.example.com"),
                "w",
                "-n",
                &own,
                "-o",
                "jsonpath={.spec.size}",
            ])
            .unwrap()
            == "1"
    });
}

#[test]
fn two_claims_on_one_object_name_both() {
    let (world, _) = shop("claims");
    world.kustomization("thief", "./apps/my-app", "");
    let told = world.wait_for("thief", "OwnershipConflict");
    assert!(
        told.contains(&format!("{}/thief", world.namespace))
            && told.contains(&format!("{}/my-app", world.namespace)),
        "{told}"
    );
    // When the first lets go, the second takes over without anything being deleted.
    let uid = world.get("deployment", "web")["metadata"]["uid"].clone();
    world.repo.write("other/config.yaml", config_map("other", "one"));
    world.repo.write("other/kustomization.yaml", kustomization_yaml(&world.namespace, &["config.yaml"]));
    world.push("move");
    world.fetch("app");
    world.kubectl(&[
        "patch",
        "kustomization",
        "my-app",
        "--type=merge",
        "-p",
        r#"{"spec":{"path":"other"}}"#,
    ]);
    world.wait_for("thief", "True");
    assert_eq!(world.get("deployment", "web")["metadata"]["uid"], uid);
}

#[test]
fn dependencies_come_first() {
    let world = World::new("order");
    for part in ["a", "b"] {
        world.repo.write(&format!("{part}/config.yaml"), config_map(part, "one"));
        world.repo.write(
            &format!("{part}/kustomization.yaml"),
            kustomization_yaml(&world.namespace, &["config.yaml"]),
        );
    }
    world.push("first");
    world.source("app", "");
    world.kustomization("b", "b", "  dependsOn: [{name: a}]\n");
    world.wait_for("b", "False DependencyNotReady");
    assert!(!world.exists("configmap", "b"));
    world.kustomization("a", "a", "");
    world.wait_for("b", "True");
    world.kustomization("a", "a", "  dependsOn: [{name: b}]\n");
    world.wait_for("a", "goes in a circle");
}

#[test]
fn nothing_is_pruned_when_rendering_fails_or_comes_out_empty() {
    let (world, _) = shop("empty");
    world.kubectl(&[
        "patch",
        "kustomization",
        "my-app",
        "--type=merge",
        "-p",
        r#"{"spec":{"path":"./apps/gone"}}"#,
    ]);
    world.wait_for("my-app", "False PathMissing");
    world.repo.write("apps/gone/kustomization.yaml", "resources: []\n");
    world.repo.write("apps/broken/kustomization.yaml", "resources: [x.yaml]\n");
    world.repo.write("apps/broken/x.yaml", "kind: [\n");
    world.push("empty");
    world.fetch("app");
    world.wait_for("my-app", "False EmptyRendering");
    world.kubectl(&[
        "patch",
        "kustomization",
        "my-app",
        "--type=merge",
        "-p",
        r#"{"spec":{"path":"./apps/broken"}}"#,
    ]);
    let told = world.wait_for("my-app", "False BuildFailed");
    assert!(told.contains("apps/broken/x.yaml:"), "{told}");
    assert!(world.exists("configmap", "settings") && world.exists("deployment", "web"));
}

#[test]
fn the_account_has_only_its_own_rights() {
    let world = World::new("rights");
    world.repo.write("app/config.yaml", config_map("settings", "one"));
    world.repo.write("app/kustomization.yaml", kustomization_yaml(&world.namespace, &["config.yaml"]));
    world.push("first");
    world.source("app", "");
    world.kubectl(&["create", "serviceaccount", "weak"]);
    world.kustomization("app", "app", "  serviceAccountName: weak\n");
    let told = world.wait_for("app", "False ReconciliationFailed");
    assert!(told.contains(&format!("system:serviceaccount:{}:weak", world.namespace)), "{told}");
    assert!(!world.exists("configmap", "settings"));
}

#[test]
fn waiting_for_health_says_for_what() {
    let world = World::new("health");
    world.repo.write("app/web.yaml", web("web:1"));
    world.repo.write("app/kustomization.yaml", kustomization_yaml(&world.namespace, &["web.yaml"]));
    world.push("first");
    world.source("app", "");
    world.kustomization("app", "app", "  wait: true\n");
    let told = world.wait_for("app", "Unknown Progressing: waiting for health");
    assert!(told.contains("Deployment.apps"), "{told}");
    assert!(condition(&world.get("kustomization", "app"), "Reconciling").starts_with("True Progressing"));
    // A new commit is not held up by what is waited for.
    world.repo.write("app/web.yaml", web("web:2"));
    let second = world.push("second");
    world.fetch("app");
    world.wait_for("app", &second);
    assert_eq!(world.get("deployment", "web")["spec"]["template"]["spec"]["containers"][0]["image"], "web:2");
}

#[test]
fn values_of_secrets_are_in_no_text() {
    // What errors would quote: no text, no base64, a field that does not exist.
    let planted = ["cGxhbnRlZC1vbmU=", "planted-one", "planted two!", "714253", "planted-three"];
    let world = World::new("planted");
    let secret = |name: &str, rest: &str| {
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}, namespace: {}}}\n{rest}\n",
            world.namespace
        )
    };
    world.repo.write("app/good.yaml", secret("good", "data: {a: cGxhbnRlZC1vbmU=}"));
    world.repo.write("app/a.yaml", secret("a", "stringData: {a: 714253}"));
    world.push("first");
    world.source("app", "");
    world.kustomization("app", "app", "");
    let told = world.wait_for("app", "False BuildFailed");
    assert!(told.contains("app/a.yaml:4"), "{told}");
    world.repo.remove("app/a.yaml");
    world.repo.write("app/b.yaml", secret("b", "data: {a: planted two!}"));
    world.repo.write("app/c.yaml", secret("c", "stringdata: {a: planted-three}"));
    world.push("second");
    world.fetch("app");
    let told = world.wait_for("app", "False ReconciliationFailed");
    for name in ["b", "c"] {
        assert!(told.contains(&format!("app/{name}.yaml:1")), "{told}");
    }
    assert!(world.exists("secret", "good"));
    // Drift of a Secret is healed and told without its value.
    world.repo.remove("app/b.yaml").remove("app/c.yaml");
    world.push("third");
    world.fetch("app");
    world.wait_for("app", "True");
    world.kubectl(&["patch", "secret", "good", "--type=merge", "-p", r#"{"data":{"a":"eA=="}}"#]);
    eventually("the Secret is healed", || world.get("secret", "good")["data"]["a"] == "cGxhbnRlZC1vbmU=");
    let kinds = "gitrepository,kustomization,events.events.k8s.io";
    let said = world.kubectl(&["get", kinds, "-o", "yaml"])
        + &world.plane.kubectl(&["get", "renderings", "-o", "yaml"]).unwrap();
    for value in planted {
        assert!(!said.contains(value), "{value:?} is told");
    }
}

#[test]
fn a_request_to_reconcile_is_answered() {
    let (world, _) = shop("request");
    for (kind, name) in [("kustomization", "my-app"), ("gitrepository", "app")] {
        world.kubectl(&["annotate", "--overwrite", kind, name, "reconcile.fluxcd.io/requestedAt=now-please"]);
        eventually("it is handled", || {
            world.get(kind, name)["status"]["lastHandledReconcileAt"] == "now-please"
        });
    }
}

#[test]
fn the_target_namespace_and_patches_of_the_spec_count() {
    let world = World::new("target");
    world.repo.write("app/config.yaml", config_map("settings", "one"));
    world.push("first");
    world.source("app", "");
    world.kustomization("app", "app", "");
    let told = world.wait_for("app", "False BuildFailed");
    assert!(told.contains("app/config.yaml:1") && told.contains("has no namespace"), "{told}");
    let patch = "  patches:\n    - patch: |\n        - {op: replace, path: /data/key, value: patched}\n      target: {kind: ConfigMap}\n";
    let target = format!("  targetNamespace: {}\n", world.namespace);
    world.kustomization("app", "app", &format!("{target}{patch}  namePrefix: my-\n"));
    world.wait_for("app", "True");
    assert_eq!(world.get("configmap", "my-settings")["data"]["key"], "patched");
}

#[test]
fn a_restart_changes_nothing() {
    let (mut world, _) = shop("restart");
    let version =
        |world: &World| world.get("deployment", "web")["metadata"]["managedFields"][0]["time"].clone();
    let before = version(&world);
    world.restart();
    world.kubectl(&[
        "patch",
        "configmap",
        "settings",
        "--type=merge",
        "-p",
        r#"{"data":{"key":"while it was away"}}"#,
    ]);
    eventually("what happened meanwhile is healed", || {
        world.get("configmap", "settings")["data"]["key"] == "one"
    });
    world.wait_for("my-app", "True");
    assert_eq!(version(&world), before);
}

#[test]
fn what_sops_encrypted_is_refused_by_name() {
    let world = World::new("sops");
    world.repo.write("app/secret.yaml", format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: db, namespace: {}}}\nstringData:\n  password: ENC[AES256_GCM,data:aa,iv:bb,tag:cc,type:str]\n\
         sops:\n  mac: ENC[AES256_GCM,data:aa,iv:bb,tag:cc,type:str]\n  version: 3.9.0\n", world.namespace
    ));
    world.push("first");
    world.source("app", "");
    world.kustomization("app", "app", "");
    let told = world.wait_for("app", "False BuildFailed");
    assert!(told.contains("app/secret.yaml:1") && told.contains("encrypted by sops"), "{told}");
    assert!(!world.exists("secret", "db"));
}

#[test]
fn a_force_pushed_branch_is_followed_and_a_lost_server_is_survived() {
    let (world, first) = shop("force");
    world.repo.git(&["reset", "--hard", "--quiet", &first]);
    world.repo.write("apps/my-app/config.yaml", config_map("settings", "rewritten"));
    world.repo.git(&["add", "."]);
    world.repo.git(&["commit", "--quiet", "--amend", "-m", "rewritten"]);
    let second = world.repo.head();
    world.repo.push_force(&world.url);
    world.fetch("app");
    world.wait_for("my-app", &second);
    assert_eq!(world.get("configmap", "settings")["data"]["key"], "rewritten");
    world.kubectl(&[
        "patch",
        "gitrepository",
        "app",
        "--type=merge",
        "-p",
        r#"{"spec":{"url":"http://127.0.0.1:9/app.git"}}"#,
    ]);
    world.wait_for_ready("gitrepository", "app", "False GitOperationFailed");
    // What was fetched still holds.
    heal(&world, r#"{"data":{"key":"changed"}}"#, || {
        world.get("configmap", "settings")["data"]["key"] == "rewritten"
    });
}
