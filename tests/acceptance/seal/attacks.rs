//! What a tenant or a stranger may try, and what must not come of it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::drop_in::shared;
use super::http_scene::{http_scene, post};
use super::scene::secret;

#[test]
fn a_secret_that_was_added_to_keeps_its_own_items_when_its_owner_takes_that_permission_back() {
    let scene = shared();
    let namespace = scene.namespace();
    let mut theirs = secret(&namespace, "theirs", &[("theirs", "kept")]);
    theirs["metadata"]["annotations"] = json!({"sealedsecrets.bitnami.com/patch": "true"});
    scene.apply(&theirs);
    let mut source = secret(&namespace, "theirs", &[("ours", "added")]);
    source["metadata"]["annotations"] =
        json!({"sealedsecrets.bitnami.com/skip-set-owner-references": "true"});
    scene.apply(&scene.seal_rsa(&source, &[]));
    scene.wait_value(&namespace, "theirs", "ours", "added");
    scene.wait_synced(&namespace, "theirs", "True");

    let remove = ["annotate", "secret", "theirs", "-n", &namespace, "sealedsecrets.bitnami.com/patch-"];
    scene.plane().kubectl(&remove).unwrap();
    let message = scene.wait_failure(&namespace, "theirs");
    assert!(message.contains("already exists and is not managed by SealedSecret"), "{message}");
    let left = scene.wait_secret(&namespace, "theirs");
    assert_eq!(left["data"], json!({"theirs": STANDARD.encode("kept"), "ours": STANDARD.encode("added")}));
}

#[test]
fn what_was_made_without_an_owner_reference_is_restored_until_another_controls_it() {
    let scene = shared();
    let namespace = scene.namespace();
    let mut source = secret(&namespace, "unowned", &[("key", "value"), ("other", "value")]);
    source["metadata"]["annotations"] =
        json!({"sealedsecrets.bitnami.com/skip-set-owner-references": "true"});
    scene.apply(&scene.seal_rsa(&source, &[]));
    scene.wait_synced(&namespace, "unowned", "True");
    let patch = |change: &serde_json::Value| {
        let change = change.to_string();
        let args = ["patch", "secret", "unowned", "-n", &namespace, "--type=merge", "-p", &change];
        scene.plane().kubectl(&args).unwrap();
    };
    patch(&json!({"data": {"key": STANDARD.encode("altered")}}));
    scene.wait_value(&namespace, "unowned", "key", "value");

    let owner = scene.wait("a service account", || scene.get("serviceaccount", &namespace, "default"));
    patch(&json!({
        "metadata": {"ownerReferences": [{
            "apiVersion": "v1", "kind": "ServiceAccount", "name": "default",
            "uid": owner["metadata"]["uid"], "controller": true,
        }]},
        "data": {"key": STANDARD.encode("theirs")},
    }));
    let message = scene.wait_failure(&namespace, "unowned");
    assert!(message.contains("ServiceAccount \"default\" controls it"), "{message}");
    scene.wait_value(&namespace, "unowned", "key", "theirs");
}

#[test]
fn an_annotation_that_comes_and_goes_leaves_no_failure_behind() {
    let scene = shared();
    let namespace = scene.namespace();
    scene.apply(&scene.seal_rsa(&secret(&namespace, "to-and-fro", &[("key", "value")]), &[]));
    scene.wait_synced(&namespace, "to-and-fro", "True");
    let annotate = |change: &str| {
        let annotation = format!("sealedsecrets.bitnami.com/cluster-wide{change}");
        let args = ["annotate", "sealedsecret", "to-and-fro", "-n", &namespace, &annotation];
        scene.plane().kubectl(&args).unwrap();
    };
    annotate("=true");
    let message = scene.wait_failure(&namespace, "to-and-fro");
    assert!(message.contains("no key could decrypt secret (key)"), "{message}");
    annotate("-");
    scene.wait_synced(&namespace, "to-and-fro", "True");
}

#[test]
fn http_bodies_that_would_swell_in_memory_are_refused() {
    let scene = http_scene();
    let bodies = [
        format!("{{\"apiVersion\": [{}0]}}", "0,".repeat(5_000_000)),
        format!("[a, {}a]", "a, ".repeat(3_000_000)),
        "{}\n---\n".repeat(1_400_000),
    ];
    for body in &bodies {
        for path in ["/v1/verify", "/v1/rotate"] {
            let answer = post(scene, path, body.as_bytes());
            assert_eq!(answer.code, 500, "{path} {}: {}", body.get(..20).unwrap_or_default(), answer.body);
        }
    }
}
