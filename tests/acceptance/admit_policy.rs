//! Policies at admission: the verdict that lint gives, under the same digest, on a real API server.

use std::path::{Path, PathBuf};

use sealward_api::ruleset::RuleSetSpec;
use sealward_controlplane::ControlPlane;
use sealward_manifest::{Manifest, Origin};
use sealward_policy::{Action, CompiledRules, Review, RuleSet};
use serde_json::{Value, json};

use crate::admit_harness::{Webhook, installed};
use crate::role::{eventually, root};

fn yaml_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(yaml_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn live(plane: &ControlPlane, args: &[&str]) -> Value {
    serde_json::from_str(&plane.kubectl(&[&["get", "-o", "json"], args].concat()).unwrap()).unwrap()
}

fn rule_set(plane: &ControlPlane) -> Value {
    live(plane, &["ruleset", "sealward"])
}

fn compiled(plane: &ControlPlane) -> CompiledRules {
    let spec: RuleSetSpec = serde_json::from_value(rule_set(plane)["spec"].clone()).unwrap();
    RuleSet::load(&[spec]).unwrap()
}

/// What lint says of a manifest that stands in `namespace`: the texts of its denials.
fn linted(rules: &CompiledRules, manifest: &Manifest, namespace: &Manifest) -> Vec<String> {
    let violations = rules.review(&Review::of_manifest(manifest, Some(namespace)).at(0));
    let denials = violations.into_iter().filter(|violation| violation.action == Action::Deny);
    denials.map(|violation| format!("[{}] {}", violation.constraint, violation.message)).collect()
}

/// The samples of every policy, by lint's evaluator and by the API server's dry run.
fn samples_agree(plane: &ControlPlane) {
    let rules = compiled(plane);
    let namespace = plane.namespace("policy").unwrap();
    let object = live(plane, &["namespace", &namespace]);
    let namespace_object = Manifest::from_json(&object, &Origin::file("live")).unwrap();
    let files: Vec<PathBuf> = yaml_files(&root().join("policies"))
        .into_iter()
        .filter(|path| path.parent().is_some_and(|folder| folder.ends_with("samples")))
        .collect();
    let (mut allowed, mut denied) = (0, 0);
    for path in files {
        let shown = path.display().to_string();
        let manifests = sealward_manifest::read(&shown, &std::fs::read(&path).unwrap()).unwrap();
        for manifest in manifests {
            let manifest = manifest.with(|root| {
                let origin = root.origin.clone();
                let text = sealward_document::Node::text(namespace.as_str(), origin);
                root.child_map("metadata").map(|metadata| metadata.insert("namespace", text));
            });
            let manifest = manifest.unwrap();
            let texts = linted(&rules, &manifest, &namespace_object);
            let json = manifest.root().expose_json().to_string();
            let answer = plane.kubectl_as(
                plane.admin_kubeconfig(),
                &["create", "--dry-run=server", "-f", "-"],
                Some(&json),
            );
            match answer {
                Ok(_) => {
                    assert!(texts.is_empty(), "{shown}: lint denies, the cluster allows: {texts:?}");
                    allowed += 1;
                }
                Err(error) => {
                    let error = error.to_string();
                    assert!(
                        error.contains("admission webhook \"policy.sealward.dev\" denied the request"),
                        "{shown}: {error}"
                    );
                    assert!(!texts.is_empty(), "{shown}: the cluster denies, lint allows: {error}");
                    for text in texts {
                        assert!(error.contains(&text), "{shown}: {text} is not in {error}");
                    }
                    denied += 1;
                }
            }
        }
    }
    assert!(allowed >= 5 && denied >= 5, "{allowed} allowed and {denied} denied samples are too few");
}

/// A rule set that does not load leaves the last good one in force and says why.
fn the_last_good_set_stays(plane: &ControlPlane, webhook: &Webhook) {
    let digest = rule_set(plane)["status"]["digest"].clone();
    let broken = json!([{"op": "replace", "path": "/spec/templates/0/spec/targets/0", "value": {
        "target": "admission.k8s.gatekeeper.sh", "rego": "package broken\nviolation[{\"msg\": msg}] { msg := no_such_function(1) }",
    }}]);
    plane.kubectl(&["patch", "ruleset", "sealward", "--type=json", "-p", &broken.to_string()]).unwrap();
    let condition = || rule_set(plane)["status"]["conditions"][0].clone();
    eventually("the status says that the set did not load", || condition()["status"] == "False");
    let message = condition()["message"].as_str().unwrap().to_owned();
    assert_eq!(condition()["reason"], "LoadFailed");
    let listed = plane.kubectl(&["get", "rulesets", "-o", "wide"]).unwrap();
    assert!(
        listed.contains(" LoadFailed ") && listed.contains(" the last good rules stay in force "),
        "{listed}"
    );
    assert!(message.contains("no_such_function"), "{message}");
    assert_eq!(rule_set(plane)["status"]["digest"], digest, "the digest is that of the rules in force");
    assert!(privileged(plane).is_err(), "the last good rules still refuse");
    assert_eq!(webhook.readyz().0, 200);
    assert!(
        webhook.metrics().contains("sealward_admission_rule_set_load_failures_total 1"),
        "{}",
        webhook.metrics()
    );
    plane.apply(&root().join("deploy/policies")).unwrap();
    eventually("the good set is loaded again", || condition()["status"] == "True");
}

fn privileged(plane: &ControlPlane) -> Result<String, String> {
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "default"},
        "spec": {"containers": [{"name": "c", "image": "registry.example/c:1.0.0", "securityContext": {"privileged": true}}]},
    });
    let create = ["create", "--dry-run=server", "-f", "-"];
    let answer = plane.kubectl_as(plane.admin_kubeconfig(), &create, Some(&pod.to_string()));
    answer.map_err(|error| error.to_string())
}

/// A body of the largest size is read; a larger one gets 413, and what is no review 400.
fn bodies_are_bounded(plane: &ControlPlane, webhook: &Webhook) {
    let send = |body: String, header: &str| {
        let mut command = std::process::Command::new("curl");
        let url = format!("https://127.0.0.1:{}/policy", webhook.port);
        command.args(["-sS", "-k", "--http1.1", "-m", "60", "-o", "/dev/null", "-w", "%{http_code}"]);
        command.args(["-H", header, "--data-binary", "@-", &url]);
        command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
        let mut child = command.spawn().unwrap();
        // The server may answer and close before it has read everything.
        let _ = std::io::Write::write_all(child.stdin.as_mut().unwrap(), body.as_bytes());
        drop(child.stdin.take());
        String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
    };
    let post = |body: String| send(body, "Content-Type: application/json");
    let review = |size: usize| {
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "big", "namespace": "default"}, "data": {"a": ""}});
        let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
            "uid": "1", "kind": {"group": "", "version": "v1", "kind": "ConfigMap"},
            "resource": {"group": "", "version": "v1", "resource": "configmaps"}, "name": "big", "namespace": "default",
            "operation": "CREATE", "userInfo": {"username": "dev"}, "object": object,
        }});
        let text = review.to_string();
        let filling = "x".repeat(size - text.len());
        text.replace("\"a\":\"\"", &format!("\"a\":\"{filling}\""))
    };
    const MIB: usize = 1024 * 1024;
    assert_eq!(post(review(8 * MIB)), "200");
    assert_eq!(post(review(8 * MIB + 1)), "413");
    assert_eq!(
        send(review(8 * MIB + 1), "Transfer-Encoding: chunked"),
        "413",
        "whether it says its length or not"
    );
    assert_eq!(post("{}".to_owned()), "400");
    assert_eq!(post("no".to_owned()), "400");
    // As large as etcd takes an object: the API server sends it, and its old self.
    let data = "y".repeat(1_000_000);
    let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "big", "namespace": "default"}, "data": {"a": data}});
    plane.kubectl_as(plane.admin_kubeconfig(), &["create", "-f", "-"], Some(&object.to_string())).unwrap();
    plane.kubectl(&["label", "configmap", "big", "-n", "default", "a=b"]).unwrap();
}

#[test]
fn admit_the_cluster_judges_as_lint_does() {
    let (plane, port) = installed();
    let webhook = Webhook::start(&plane, port, &["--certificate-settle=1s"]);
    webhook.wait_ready();
    eventually("without a RuleSet everything passes", || privileged(&plane).is_ok());
    assert!(webhook.metrics().contains("sealward_admission_rule_set_info"), "{}", webhook.metrics());

    plane.apply(&root().join("deploy/policies")).unwrap();
    eventually("the rules are in force", || rule_set(&plane)["status"]["conditions"][0]["status"] == "True");
    let digest = compiled(&plane).digest().to_owned();
    assert_eq!(rule_set(&plane)["status"]["digest"], digest);
    assert!(
        webhook.metrics().contains(&format!("sealward_admission_rule_set_info{{digest=\"{digest}\"}} 1"))
    );

    samples_agree(&plane);
    the_last_good_set_stays(&plane, &webhook);
    bodies_are_bounded(&plane, &webhook);
    let events = plane.audit_events().unwrap();
    let annotation = "policy.sealward.dev/rule-set-digest";
    assert!(
        events.iter().any(|event| event.annotations.get(annotation) == Some(&digest)),
        "the audit log names the digest"
    );
    assert!(
        webhook.metrics().contains(
            "sealward_admission_reviews_total{webhook=\"policy\",verdict=\"deny\",reason=\"violation\"}"
        ),
        "{}",
        webhook.metrics()
    );
}
