//! Keys: made once, served, and taken in and out while the sealer runs.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sealward_acceptance::Planted;
use serde_json::{Value, json};

use super::scene::{
    AGE_LABEL, KEY_LABEL, SYSTEM, key_secret, seal, secret, shared, vector_key, vector_key_path,
};

fn text(secret: &Value, item: &str) -> String {
    String::from_utf8(STANDARD.decode(secret["data"][item].as_str().unwrap()).unwrap()).unwrap()
}

#[test]
fn the_first_keys_have_the_shape_that_others_know() {
    let scene = shared();
    let list = |label: &str| -> Vec<Value> {
        let args = ["get", "secrets", "-n", SYSTEM, "-l", &format!("{label}=active"), "-o", "json"];
        let list: Value = serde_json::from_str(&scene.plane().kubectl(&args).unwrap()).unwrap();
        list["items"].as_array().unwrap().clone()
    };
    let made = |secret: &&Value| secret["metadata"]["generateName"].is_string();

    let pairs = list(KEY_LABEL);
    let pairs: Vec<&Value> = pairs.iter().filter(made).collect();
    assert_eq!(pairs.len(), 1, "one pair is made, no second one");
    assert_eq!(pairs[0]["type"], "kubernetes.io/tls");
    assert_eq!(pairs[0]["metadata"]["generateName"], "sealed-secrets-key");
    let (key, certificate) = (text(pairs[0], "tls.key"), text(pairs[0], "tls.crt"));
    assert!(key.starts_with("-----BEGIN RSA PRIVATE KEY-----\n"));
    let body: String = certificate.lines().filter(|line| !line.starts_with("-----")).collect();
    let der = STANDARD.decode(body).unwrap();
    let has =
        |what: &str, bytes: &[u8]| assert!(der.windows(bytes.len()).any(|part| part == bytes), "{what}");
    has("a 4096-bit modulus", &[0x02, 0x82, 0x02, 0x01, 0x00]);
    has(
        "critical key usage encipherOnly",
        &[0x55, 0x1d, 0x0f, 0x01, 0x01, 0xff, 0x04, 0x04, 0x03, 0x02, 0x00, 0x01],
    );
    has("critical CA:TRUE", &[0x55, 0x1d, 0x13, 0x01, 0x01, 0xff, 0x04, 0x05, 0x30, 0x03, 0x01, 0x01, 0xff]);

    let identities = list(AGE_LABEL);
    let identities: Vec<&Value> = identities.iter().filter(made).collect();
    assert_eq!(identities.len(), 1, "one identity is made, no second one");
    assert!(text(identities[0], "identity").starts_with("AGE-SECRET-KEY-1"));
    assert!(!identities[0]["metadata"]["labels"].as_object().unwrap().contains_key(KEY_LABEL));
    let recipient = text(identities[0], "recipient");

    assert_eq!(scene.bench.fetch(&format!("{}/v1/cert.pem", scene.url)).unwrap(), certificate);
    assert_eq!(scene.bench.fetch(&format!("{}/v1/recipients", scene.url)).unwrap(), format!("{recipient}\n"));
    for path in ["healthz", "readyz"] {
        scene.bench.fetch(&format!("{}/{path}", scene.url)).unwrap();
    }
    let metrics = scene.bench.fetch(&format!("{}/metrics", scene.metrics_url)).unwrap();
    assert!(metrics.contains("\nsealed_secrets_controller_unseal_requests_total "), "{metrics}");
    for path in ["/", "/metrics", "/v1/keys"] {
        let refused = scene.bench.fetch(&format!("{}{path}", scene.url)).unwrap_err();
        assert!(refused.to_string().contains("404"), "{path}: {refused:#}");
    }

    let log = std::fs::read_to_string(&scene.log).unwrap();
    for secret in key.lines().skip(1).take(3).map(str::to_owned).chain([text(identities[0], "identity")]) {
        assert_eq!(Planted::new(&secret).found_in(&log), None, "a key in the log");
    }
}

#[test]
fn a_key_that_arrives_opens_what_failed_and_one_from_the_future_is_not_served() {
    let scene = shared();
    let namespace = scene.namespace();
    let served = scene.bench.fetch(&format!("{}/v1/cert.pem", scene.url)).unwrap();
    let certificate = vector_key_path("rsa-2048.crt").display().to_string();
    scene.apply(&seal(
        &secret(&namespace, "early", &[("key", "sealed before its key came")]),
        &["--cert", &certificate],
    ));
    // By the sixth failure the next try is 16 s away: it is not backoff that opens it so soon.
    scene.wait("six failures", || (scene.failures("unseal", &namespace) >= 6).then_some(()));
    scene.apply(&key_secret("arrived", "rsa-2048.key", "future.crt"));
    let arrived = Instant::now();
    scene.wait_value(&namespace, "early", "key", "sealed before its key came");
    assert!(arrived.elapsed() < Duration::from_secs(10), "{:?}", arrived.elapsed());
    assert_eq!(scene.bench.fetch(&format!("{}/v1/cert.pem", scene.url)).unwrap(), served);
    scene.wait_synced(&namespace, "early", "True");
}

#[test]
fn a_key_that_is_switched_off_opens_nothing_more() {
    let scene = shared();
    let namespace = scene.namespace();
    let certificate = vector_key_path("rsa-4096.crt").display().to_string();
    let sealed = |name: &str| seal(&secret(&namespace, name, &[("key", "x")]), &["--cert", &certificate]);
    scene.apply(&key_secret("to-be-switched-off", "rsa-4096.key", "rsa-4096.crt"));
    scene.apply(&sealed("before"));
    scene.wait_secret(&namespace, "before");
    let off = format!("{KEY_LABEL}=compromised");
    scene
        .plane()
        .kubectl(&["label", "--overwrite", "secret", "to-be-switched-off", "-n", SYSTEM, &off])
        .unwrap();
    // The Secret stays; but once the key is gone, the same value under a new look fails.
    scene.wait_failure(&namespace, "before");
    scene.apply(&sealed("after"));
    scene.wait_failure(&namespace, "after");
    assert_eq!(scene.get("secret", &namespace, "after"), None);
    assert!(scene.get("secret", &namespace, "before").is_some());
}

#[test]
fn junk_and_planted_key_secrets_are_reported_and_passed_over() {
    let scene = shared();
    let namespace = scene.namespace();
    let planted = "not a key but a secret all the same 5150";
    let mut junk = key_secret("junk-key", "rsa-2048.key", "rsa-2048.crt");
    junk["type"] = json!("Opaque");
    junk["stringData"] = json!({"tls.key": planted, "tls.crt": planted});
    scene.apply(&junk);
    let mut half = key_secret("half-a-key", "rsa-3072.key", "rsa-2048.crt");
    half["stringData"]["tls.key"] = json!(vector_key("ecdsa.key"));
    half["type"] = json!("Opaque");
    scene.apply(&half);
    scene.apply(&json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": "junk-identity", "namespace": SYSTEM, "labels": {AGE_LABEL: "active"}},
        "stringData": {"identity": planted},
    }));
    // As an attacker who may write SealedSecrets, but not Secrets, would have it made.
    let owner = scene.seal_age(&secret(SYSTEM, "planter", &[("key", "x")]), &[]);
    scene.apply(&owner);
    let owner = scene.wait_synced(SYSTEM, "planter", "True");
    let mut owned = key_secret("planted-key", "rsa-3072.key", "rsa-3072.crt");
    owned["metadata"]["ownerReferences"] = json!([{
        "apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret", "name": "planter",
        "uid": owner["metadata"]["uid"], "controller": true,
    }]);
    scene.apply(&owned);

    let log = || std::fs::read_to_string(&scene.log).unwrap();
    for name in ["junk-key", "half-a-key", "junk-identity", "planted-key"] {
        scene.wait(&format!("{name} is reported"), || {
            let reported = |line: &str| line.contains("a key Secret is passed over") && line.contains(name);
            log().lines().any(reported).then_some(())
        });
    }
    let certificate = vector_key_path("rsa-3072.crt").display().to_string();
    scene.apply(&seal(&secret(&namespace, "for-planted", &[("key", "x")]), &["--cert", &certificate]));
    scene.wait_failure(&namespace, "for-planted");
    scene.apply(&scene.seal_rsa(&secret(&namespace, "for-real", &[("key", "opens")]), &[]));
    scene.wait_value(&namespace, "for-real", "key", "opens");
    assert_eq!(Planted::new(planted).found_in(&log()), None);
}
