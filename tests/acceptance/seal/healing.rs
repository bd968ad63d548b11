//! Secrets that somebody alters or deletes, where they may be watched.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::drop_in::{requests, requests_in, shared};
use super::scene::{Scene, secret};

/// Seals a Secret of one label and one item, and waits until it is there.
fn opened(scene: &Scene<'_>, namespace: &str, name: &str) -> Value {
    let mut source = secret(namespace, name, &[("key", "value")]);
    source["metadata"]["labels"] = json!({"app": "declared"});
    source["metadata"]["annotations"] = json!({"team": "declared"});
    scene.apply(&scene.seal_rsa(&source, &[]));
    scene.wait_synced(namespace, name, "True");
    scene.wait_value(namespace, name, "key", "value")
}

fn patch(scene: &Scene<'_>, manager: &str, namespace: &str, name: &str, patch: &Value) {
    let manager = format!("--field-manager={manager}");
    let args = ["patch", "secret", name, "-n", namespace, &manager, "--type=merge", "-p", &patch.to_string()];
    scene.plane().kubectl(&args).unwrap();
}

#[test]
fn an_altered_secret_is_restored_and_who_altered_it_is_named() {
    let scene = shared();
    let namespace = scene.namespace();
    opened(scene, &namespace, "db");
    let altered = json!({
        "data": {"key": STANDARD.encode("altered"), "more": "eA=="},
        "metadata": {"labels": {"app": "altered", "added": "by-another"}, "annotations": {"team": null, "note": "kept"}},
    });
    patch(scene, "replicator", &namespace, "db", &altered);
    let healed = scene.wait_value(&namespace, "db", "key", "value");
    assert_eq!(healed["data"], json!({"key": STANDARD.encode("value")}));
    assert_eq!(healed["metadata"]["labels"], json!({"app": "declared", "added": "by-another"}));
    assert_eq!(healed["metadata"]["annotations"], json!({"team": "declared", "note": "kept"}));
    let event = scene.wait_event(&namespace, "db", "Healed");
    assert_eq!(event["note"], "the Secret was altered by replicator; it is as its SealedSecret says again");

    scene.plane().kubectl(&["delete", "secret", "db", "-n", &namespace]).unwrap();
    scene.wait_value(&namespace, "db", "key", "value");
}

#[test]
fn what_others_add_is_left_alone() {
    let scene = shared();
    let namespace = scene.namespace();
    opened(scene, &namespace, "db");
    patch(scene, "argocd", &namespace, "db", &json!({"metadata": {"labels": {"added": "yes"}}}));
    let before = scene.get("secret", &namespace, "db").unwrap();
    opened(scene, &namespace, "marker");
    scene.wait("the Secret was looked at", || {
        let looks = requests_in(scene, &namespace);
        looks.iter().any(|event| event.verb == "get" && event.name == "db").then_some(())
    });
    assert_eq!(scene.get("secret", &namespace, "db").unwrap(), before);
}

#[test]
fn a_steady_state_asks_for_nothing() {
    let scene = shared();
    let namespace = scene.namespace();
    opened(scene, &namespace, "calm");
    let elsewhere = scene.namespace();
    let count = || requests_in(scene, &namespace).len();
    // Its own writings come back by the watches: wait until they are heard.
    opened(scene, &elsewhere, "marker");
    let before = count();
    let start = Instant::now();
    for round in 0.. {
        opened(scene, &elsewhere, &format!("marker-{round}"));
        if start.elapsed() > Duration::from_secs(4) {
            break;
        }
    }
    let all = requests_in(scene, &namespace);
    assert_eq!(all.len(), before, "{:?}", all.split_at(before).1);
}

#[test]
fn an_annotation_leaves_an_altered_secret_as_it_is_until_its_sealed_secret_changes() {
    let scene = shared();
    let namespace = scene.namespace();
    let mut sealed = scene.seal_rsa(&secret(&namespace, "own-way", &[("key", "value")]), &[]);
    sealed["metadata"]["annotations"] = json!({"sealward.dev/heal": "disabled"});
    scene.apply(&sealed);
    scene.wait_synced(&namespace, "own-way", "True");
    patch(scene, "person", &namespace, "own-way", &json!({"data": {"key": STANDARD.encode("mine")}}));
    let looked = || {
        let looks = requests_in(scene, &namespace);
        looks.iter().filter(|event| event.verb == "get" && event.name == "own-way").count()
    };
    scene.wait("the alteration is looked at", || (looked() > 0).then_some(()));
    opened(scene, &namespace, "marker");
    scene.wait_value(&namespace, "own-way", "key", "mine");

    let mut changed = scene.seal_rsa(&secret(&namespace, "own-way", &[("key", "next")]), &[]);
    changed["metadata"]["annotations"] = json!({"sealward.dev/heal": "disabled"});
    scene.apply(&changed);
    scene.wait_value(&namespace, "own-way", "key", "next");
    scene.plane().kubectl(&["delete", "secret", "own-way", "-n", &namespace]).unwrap();
    opened(scene, &namespace, "marker-2");
    assert_eq!(scene.get("secret", &namespace, "own-way"), None);
    // Without the annotation it comes back at once.
    let remove = ["annotate", "sealedsecret", "own-way", "-n", &namespace, "sealward.dev/heal-"];
    scene.plane().kubectl(&remove).unwrap();
    scene.wait_value(&namespace, "own-way", "key", "next");
}

#[test]
fn a_secret_that_is_altered_again_and_again_is_let_be_for_a_while() {
    let scene = shared();
    let namespace = scene.namespace();
    opened(scene, &namespace, "fought-over");
    let paused = |object: &Value| object["status"]["conditions"][1]["reason"] == "HealingPaused";
    for round in 0..20 {
        let data = json!({"data": {"key": STANDARD.encode(format!("altered {round}"))}});
        patch(scene, "fighter", &namespace, "fought-over", &data);
        let healed = scene.wait("it is healed, or let be", || {
            let object = scene.get("sealedsecret", &namespace, "fought-over")?;
            let found = scene.get("secret", &namespace, "fought-over")?;
            let healed = found["data"]["key"] == STANDARD.encode("value");
            (healed || paused(&object)).then_some(healed)
        });
        if !healed {
            break;
        }
    }
    let object = scene.wait_synced(&namespace, "fought-over", "False");
    assert!(paused(&object), "{object}");
    let message = object["status"]["conditions"][0]["message"].as_str().unwrap();
    assert!(message.contains("altered again and again by fighter"), "{message}");
    scene.wait_synced(&namespace, "fought-over", "True");
    scene.wait_value(&namespace, "fought-over", "key", "value");
}

#[test]
fn random_values_of_a_template_stay_until_the_sealed_secret_changes() {
    let scene = shared();
    let namespace = scene.namespace();
    let mut sealed = scene.seal_rsa(&secret(&namespace, "random", &[("key", "value")]), &[]);
    sealed["spec"]["template"]["data"] = json!({"time": "{{ now | unixEpoch }}-{{ randAlphaNum 20 }}"});
    scene.apply(&sealed);
    let first = scene.wait_value(&namespace, "random", "key", "value")["data"]["time"].clone();
    assert!(first.is_string(), "{first}");
    scene.wait_synced(&namespace, "random", "True");
    patch(scene, "person", &namespace, "random", &json!({"data": {"key": STANDARD.encode("altered")}}));
    let healed = scene.wait_value(&namespace, "random", "key", "value");
    assert_eq!(healed["data"]["time"], first, "only what is sealed was restored");
    let mut next = scene.seal_rsa(&secret(&namespace, "random", &[("key", "second")]), &[]);
    next["spec"]["template"]["data"] = sealed["spec"]["template"]["data"].clone();
    scene.apply(&next);
    assert_ne!(scene.wait_value(&namespace, "random", "key", "second")["data"]["time"], first);
}

#[test]
fn under_bitnamis_rights_nothing_is_denied_and_nothing_else_is_asked_for() {
    let scene = shared();
    let namespace = scene.namespace();
    opened(scene, &namespace, "db");
    patch(scene, "person", &namespace, "db", &json!({"data": {"key": "eA=="}}));
    scene.wait_value(&namespace, "db", "key", "value");
    let mut broken = scene.seal_rsa(&secret(&namespace, "here", &[("key", "x")]), &[]);
    broken["metadata"]["name"] = json!("moved");
    scene.apply(&broken);
    scene.wait_event(&namespace, "moved", "ErrUnsealFailed");
    let args = ["get", "events", "-n", &namespace, "-o", "json"];
    let events: Value = serde_json::from_str(&scene.plane().kubectl(&args).unwrap()).unwrap();
    for event in events["items"].as_array().unwrap() {
        assert_eq!(event["source"]["component"], "sealed-secrets", "{event}");
        assert_eq!(event["involvedObject"]["kind"], "SealedSecret");
    }
    for event in requests(scene) {
        assert_ne!(event.code, 403, "{event:?}");
        let asked = (event.group.as_str(), event.resource.as_str(), event.subresource.as_str());
        let allowed: &[&str] = match asked {
            ("bitnami.com", "sealedsecrets", "") => &["get", "list", "watch"],
            ("bitnami.com", "sealedsecrets", "status") => &["update"],
            ("", "secrets", "") => &["get", "list", "watch", "create", "update"],
            ("", "events", "") => &["create", "patch"],
            ("authorization.k8s.io", "selfsubjectaccessreviews", "") => &["create"],
            _ => &["get"],
        };
        assert!(allowed.contains(&event.verb.as_str()), "{event:?}");
    }
}
