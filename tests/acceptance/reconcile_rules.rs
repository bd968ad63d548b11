//! Rendered objects are held against the cluster's rules before anything is applied.

use sealward_controlplane::{ControlPlane, Options};

use crate::reconcile_harness::{World, config_map, install, kustomization_yaml};
use crate::role::eventually;

fn rule_set(rego: &str) -> String {
    format!(
        r#"
apiVersion: sealward.dev/v1alpha1
kind: RuleSet
metadata: {{name: test}}
spec:
  templates:
    - apiVersion: templates.gatekeeper.sh/v1
      kind: ConstraintTemplate
      metadata: {{name: noforbidden}}
      spec:
        crd: {{spec: {{names: {{kind: NoForbidden}}}}}}
        targets:
          - target: admission.k8s.gatekeeper.sh
            code:
              - engine: Rego
                source:
                  version: v1
                  rego: |
                    {rego}
  constraints:
    - apiVersion: constraints.gatekeeper.sh/v1beta1
      kind: NoForbidden
      metadata: {{name: no-forbidden}}
      spec: {{match: {{kinds: [{{apiGroups: [""], kinds: [ConfigMap]}}]}}}}
"#
    )
}

const RULE: &str = "package noforbidden\n                    violation contains {\"msg\": \"this is forbidden\"} if \
                    input.review.object.data.key == \"forbidden\"";

#[test]
fn a_commit_that_breaks_a_rule_is_refused_whole() {
    let plane = &ControlPlane::start(Options::default()).unwrap();
    install(plane);
    // A rule set that does not load, and none before it: nothing is applied.
    plane.apply_text(&rule_set("package noforbidden\n                    this is no rego")).unwrap();
    let mut world = World::on(plane, "rules", &[]);
    world.repo.write("app/settings.yaml", config_map("settings", "one"));
    world.repo.write("app/kustomization.yaml", kustomization_yaml(&world.namespace, &["settings.yaml"]));
    world.push("first");
    world.source("app", "");
    world.kustomization("app", "app", "");
    world.wait_for("app", "False PolicyUnavailable: no rule set of this cluster could be loaded");
    assert!(!world.exists("configmap", "settings"));

    plane.apply_text(&rule_set(RULE)).unwrap();
    let told = world.wait_for("app", "True ReconciliationSucceeded");
    let (_, digest) = told.split_once("rule set ").expect("the digest stands in the status");
    let rendering = world.get("rendering", &format!("{}.app", world.namespace));
    assert_eq!(rendering["spec"]["ruleSetDigest"], digest);
    assert!(world.reconciler.probe("/metrics").1.contains(digest), "and in a metric");

    // One bad object keeps the good one of the same commit out as well.
    world.repo.write(
        "app/settings.yaml",
        config_map("settings", "two") + "---\n" + &config_map("bad", "forbidden"),
    );
    let bad = world.push("bad");
    world.fetch("app");
    let told = world.wait_for("app", "False PolicyViolation");
    for part in ["app/settings.yaml:8", "ConfigMap", "/bad", "NoForbidden", "this is forbidden"] {
        assert!(told.contains(part), "{part} is missing in {told}");
    }
    assert_eq!(world.get("configmap", "settings")["data"]["key"], "one");
    assert!(!world.exists("configmap", "bad"));
    eventually("an event tells of it", || {
        world.notes("app").iter().any(|note| note.contains("this is forbidden"))
    });

    // What was applied is still held while the commit is refused.
    world.kubectl(&["patch", "configmap", "settings", "--type=merge", "-p", r#"{"data":{"key":"changed"}}"#]);
    eventually("drift is healed to the last good state", || {
        world.get("configmap", "settings")["data"]["key"] == "one"
    });

    // A reconciler that comes after this one holds it as well, though it has never seen a good commit.
    world.reconciler.stop();
    world.kubectl(&[
        "patch",
        "configmap",
        "settings",
        "--type=merge",
        "-p",
        r#"{"data":{"key":"meanwhile"}}"#,
    ]);
    world.start();
    eventually("drift of before the restart is healed", || {
        world.get("configmap", "settings")["data"]["key"] == "one"
    });
    world.kubectl(&["delete", "configmap", "settings"]);
    eventually("drift after the restart is healed", || {
        world.get("configmap", "settings")["data"]["key"] == "one"
    });
    assert!(world.ready("kustomization", "app").starts_with("False PolicyViolation"));
    assert!(!world.exists("configmap", "bad"));

    // The last good set stays when a new one does not load.
    plane.apply_text(&rule_set("package noforbidden\n                    this is no rego")).unwrap();
    world.repo.revert(&bad);
    let third = world.push_head();
    world.fetch("app");
    world.wait_for("app", &third);
    let told = world.wait_for("app", "a newer rule set is not in force");
    assert!(told.contains(digest), "{told}");

    // Without any RuleSet there are no rules, and the status says so.
    plane.kubectl(&["delete", "ruleset", "test"]).unwrap();
    world.wait_for("app", "no rules: there is no RuleSet");
}
