//! Whose Secret it is, and when it is written.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::scene::{AGE_LABEL, KEY_LABEL, SYSTEM, Scene, key_secret, secret, shared};

fn existing(namespace: &str, name: &str, annotations: Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace, "annotations": annotations, "labels": {"before": "yes"}},
        "stringData": {"old": "stays?"},
    })
}

fn keys(secret: &Value) -> Vec<String> {
    secret["data"].as_object().unwrap().keys().cloned().collect()
}

fn is_owned(secret: &Value) -> bool {
    secret["metadata"]["ownerReferences"][0]["kind"] == "SealedSecret"
}

#[test]
fn a_foreign_secret_is_never_taken_over_and_its_name_is_used_once_it_is_free() {
    let scene = shared();
    let namespace = scene.namespace();
    scene.apply(&existing(&namespace, "db", json!({})));
    let before = scene.wait_secret(&namespace, "db");
    scene.apply(&scene.seal_rsa(&secret(&namespace, "db", &[("new", "ours")]), &[]));
    let message = scene.wait_failure(&namespace, "db");
    assert!(
        message
            .starts_with("failed update: Resource \"db\" already exists and is not managed by SealedSecret"),
        "{message}"
    );
    let event = scene.wait_event(&namespace, "db", "ErrUpdateFailed");
    assert_eq!(Some(event["note"].as_str().unwrap()), message.strip_prefix("failed update: "));
    scene.wait("the failure is counted", || (scene.failures("unmanaged", &namespace) > 0).then_some(()));
    assert_eq!(scene.wait_secret(&namespace, "db"), before);

    scene.plane().kubectl(&["delete", "secret", "db", "-n", &namespace]).unwrap();
    let opened = scene.wait_value(&namespace, "db", "new", "ours");
    assert!(is_owned(&opened));
    assert_eq!(scene.wait_synced(&namespace, "db", "True")["status"]["conditions"][0]["message"], "");
}

#[test]
fn managed_hands_a_secret_over_and_patch_adds_to_it() {
    let scene = shared();
    let namespace = scene.namespace();
    let managed = "sealedsecrets.bitnami.com/managed";
    let patch = "sealedsecrets.bitnami.com/patch";
    let cases = [
        ("managed", json!({managed: "true"}), vec!["new"], true),
        ("patch", json!({patch: "true"}), vec!["new", "old"], false),
        ("both", json!({managed: "true", patch: "true"}), vec!["new", "old"], true),
    ];
    for (name, annotations, _, _) in &cases {
        scene.apply(&existing(&namespace, name, annotations.clone()));
        scene.apply(&scene.seal_age(&secret(&namespace, name, &[("new", "ours")]), &[]));
    }
    scene.apply(&existing(&namespace, "not-quite", json!({managed: "True", patch: "yes"})));
    scene.apply(&scene.seal_age(&secret(&namespace, "not-quite", &[("new", "ours")]), &[]));
    for (name, _, expected, owned) in cases {
        let found = scene.wait_value(&namespace, name, "new", "ours");
        assert_eq!(
            (keys(&found), is_owned(&found)),
            (expected.iter().map(|&key| key.to_owned()).collect(), owned),
            "{name}"
        );
        scene.wait_synced(&namespace, name, "True");
    }
    assert!(scene.wait_failure(&namespace, "not-quite").contains("not managed by SealedSecret"));
}

#[test]
fn a_changed_sealed_secret_changes_its_secret_and_a_deleted_one_takes_it_along() {
    let scene = shared();
    let namespace = scene.namespace();
    scene.apply(&scene.seal_rsa(&secret(&namespace, "app", &[("a", "1"), ("b", "2")]), &[]));
    let first = scene.wait_secret(&namespace, "app");
    let mut source = secret(&namespace, "app", &[("a", "changed"), ("c", "3")]);
    source["metadata"]["labels"] = json!({"added": "later"});
    scene.apply(&scene.seal_rsa(&source, &[]));
    let second = scene.wait_value(&namespace, "app", "a", "changed");
    assert_eq!(keys(&second), ["a", "c"]);
    assert_eq!(second["metadata"]["labels"], json!({"added": "later"}));
    assert_eq!(second["metadata"]["uid"], first["metadata"]["uid"], "updated, not made anew");
    assert_eq!(scene.wait_synced(&namespace, "app", "True")["status"]["observedGeneration"], 2);

    scene.plane().kubectl(&["delete", "sealedsecret", "app", "-n", &namespace]).unwrap();
    scene.wait("the Secret is collected", || scene.get("secret", &namespace, "app").is_none().then_some(()));
}

/// Waits until the sealer has read Secret `name` twice more.
fn wait_two_passes(scene: &Scene<'_>, namespace: &str, name: &str) {
    let reads = || {
        let requests = scene.requests(namespace, true).into_iter();
        requests
            .filter(|event| event.verb == "get" && event.resource == "secrets" && event.name == name)
            .count()
    };
    let before = reads();
    scene.wait("two more passes", || (reads() >= before + 2).then_some(()));
}

#[test]
fn a_steady_state_writes_nothing_and_what_was_altered_or_deleted_comes_back() {
    let scene = shared();
    let namespace = scene.namespace();
    let mut source = secret(&namespace, "steady", &[("key", "value"), ("empty", "")]);
    source["metadata"]["labels"] = json!({"app": "steady"});
    scene.apply(&scene.seal_rsa(&source, &[]));
    scene.wait_synced(&namespace, "steady", "True");
    let versions = || {
        ["secret", "sealedsecret"].map(|kind| {
            scene.get(kind, &namespace, "steady").unwrap()["metadata"]["resourceVersion"]
                .as_str()
                .unwrap()
                .to_owned()
        })
    };
    let (before, written) = (versions(), scene.requests(&namespace, false).len());
    wait_two_passes(scene, &namespace, "steady");
    assert_eq!(versions(), before);
    assert_eq!(scene.requests(&namespace, false).len(), written, "{:?}", scene.requests(&namespace, false));

    let altered = json!({"data": {"key": STANDARD.encode("altered"), "more": "eA=="}}).to_string();
    scene.plane().kubectl(&["patch", "secret", "steady", "-n", &namespace, "-p", &altered]).unwrap();
    let healed = scene.wait_value(&namespace, "steady", "key", "value");
    assert_eq!(keys(&healed), ["empty", "key"]);
    scene.plane().kubectl(&["delete", "secret", "steady", "-n", &namespace]).unwrap();
    scene.wait_value(&namespace, "steady", "key", "value");
    scene.assert_rights_suffice(0);
}

#[test]
fn an_immutable_secret_is_made_once_and_then_reported() {
    let scene = shared();
    let namespace = scene.namespace();
    let mut source = secret(&namespace, "fixed", &[("key", "first")]);
    source["immutable"] = json!(true);
    scene.apply(&scene.seal_rsa(&source, &[]));
    assert_eq!(scene.wait_secret(&namespace, "fixed")["immutable"], true);
    scene.wait_synced(&namespace, "fixed", "True");
    source["stringData"]["key"] = json!("second");
    scene.apply(&scene.seal_rsa(&source, &[]));
    let message = scene.wait_failure(&namespace, "fixed");
    assert!(message.contains("the target Secret is immutable"), "{message}");
    let object = scene.wait_synced(&namespace, "fixed", "False");
    assert_eq!(object["status"]["observedGeneration"], 2);
    assert_eq!(object["status"]["conditions"][0]["reason"], "UpdateFailed");
    scene.wait_event(&namespace, "fixed", "ErrUpdateFailed");
    scene.wait_value(&namespace, "fixed", "key", "first");
}

#[test]
fn without_an_owner_reference_the_secret_is_still_kept_up_to_date() {
    let scene = shared();
    let namespace = scene.namespace();
    let mut source = secret(&namespace, "unowned", &[("key", "first")]);
    source["metadata"]["annotations"] =
        json!({"sealedsecrets.bitnami.com/skip-set-owner-references": "true"});
    scene.apply(&scene.seal_rsa(&source, &[]));
    assert!(!is_owned(&scene.wait_value(&namespace, "unowned", "key", "first")));
    scene.wait_synced(&namespace, "unowned", "True");
    source["stringData"]["key"] = json!("second");
    scene.apply(&scene.seal_rsa(&source, &[]));
    scene.wait_value(&namespace, "unowned", "key", "second");
}

#[test]
fn no_sealed_secret_makes_or_alters_a_sealing_key() {
    let scene = shared();
    let refused = |name: &str, labels: Value| {
        let mut source = secret(SYSTEM, name, &[("key", "planted")]);
        source["metadata"]["labels"] = labels;
        scene.apply(&scene.seal_age(&source, &[]));
        let message = scene.wait_failure(SYSTEM, name);
        assert!(message.contains("a SealedSecret may not make a sealing key"), "{name}: {message}");
        scene.plane().kubectl(&["delete", "sealedsecret", name, "-n", SYSTEM]).unwrap();
    };
    refused("labelled-rsa", json!({KEY_LABEL: "active"}));
    refused("labelled-rsa-off", json!({KEY_LABEL: "compromised"}));
    refused("labelled-age", json!({AGE_LABEL: "active"}));
    refused("sealed-secrets-keyzzzzz", json!({}));
    refused("sealward-age-identity-zzzzz", json!({}));
    for name in ["labelled-rsa", "labelled-rsa-off", "labelled-age", "sealed-secrets-keyzzzzz"] {
        assert_eq!(scene.get("secret", SYSTEM, name), None, "{name}");
    }

    // A key that its operator named freely and, by mistake, marked as one to hand over.
    let mut own = key_secret("our-own-key", "rsa-4096.key", "rsa-4096.crt");
    own["metadata"]["labels"][KEY_LABEL] = json!("compromised");
    own["metadata"]["annotations"] = json!({"sealedsecrets.bitnami.com/managed": "true"});
    own["type"] = json!("Opaque");
    scene.apply(&own);
    let before = scene.wait_secret(SYSTEM, "our-own-key");
    refused("our-own-key", json!({}));
    assert_eq!(scene.wait_secret(SYSTEM, "our-own-key"), before);

    // In its own namespace an ordinary Secret is as welcome as anywhere; elsewhere the label means nothing.
    scene.apply(&scene.seal_age(&secret(SYSTEM, "ordinary", &[("key", "welcome")]), &[]));
    scene.wait_value(SYSTEM, "ordinary", "key", "welcome");
}
