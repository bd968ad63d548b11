//! What opens, and what does not.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sealward_acceptance::Planted;
use serde_json::json;

use super::scene::{seal, secret, shared, vector_key_path};

#[test]
fn rsa_and_age_values_of_one_object_open_to_exactly_what_was_sealed() {
    let scene = shared();
    let namespace = scene.namespace();
    let bytes: Vec<u8> = (0..=255).collect();
    let mut source = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "example.com/login",
        "metadata": {
            "name": "login", "namespace": namespace,
            "labels": {"app": "shop", "tier": "db"},
            "annotations": {"owner": "team-a", "kubectl.kubernetes.io/last-applied-configuration": "plaintext"},
        },
        "data": {"binary": STANDARD.encode(&bytes), "empty": "", "password": STANDARD.encode("beaten by stringData")},
        "stringData": {"password": "correct horse \"battery\" staple\n"},
    });
    let mut sealed = scene.seal_rsa(&source, &[]);
    source["stringData"] = json!({"token": "only for age: ünïcode"});
    source["data"] = json!({});
    let age = scene.seal_age(&source, &[]);
    sealed["spec"]["encryptedData"]["token"] = age["spec"]["encryptedData"]["token"].clone();
    assert!(sealed["spec"]["encryptedData"]["password"].as_str().unwrap().starts_with("Ag"));
    assert!(
        sealed["spec"]["encryptedData"]["token"]
            .as_str()
            .unwrap()
            .starts_with("YWdlLWVuY3J5cHRpb24ub3JnL3Yx")
    );
    scene.apply(&sealed);

    let opened = scene.wait_secret(&namespace, "login");
    assert_eq!(
        opened["data"],
        json!({
            "binary": STANDARD.encode(&bytes),
            "empty": "",
            "password": STANDARD.encode("correct horse \"battery\" staple\n"),
            "token": STANDARD.encode("only for age: ünïcode"),
        })
    );
    assert_eq!(opened["type"], "example.com/login");
    assert_eq!(opened["metadata"]["labels"], json!({"app": "shop", "tier": "db"}));
    assert_eq!(opened["metadata"]["annotations"], json!({"owner": "team-a"}));
    let object = scene.wait_synced(&namespace, "login", "True");
    assert_eq!(
        opened["metadata"]["ownerReferences"],
        json!([{
            "apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret", "name": "login",
            "uid": object["metadata"]["uid"], "controller": true,
        }])
    );

    let conditions = object["status"]["conditions"].as_array().unwrap();
    let told: Vec<_> = conditions
        .iter()
        .map(|condition| {
            ["type", "status", "reason", "message"].map(|field| condition[field].as_str().unwrap())
        })
        .collect();
    assert_eq!(told[0], ["Synced", "True", "Unsealed", ""]);
    assert_eq!(told[1][..3], ["Ready", "True", "Unsealed"]);
    let keys = told[1][3].strip_prefix("opened with ").unwrap().split(", ").collect::<Vec<_>>();
    assert!(keys.len() == 2 && keys[0].starts_with("age1"), "one of each kind: {keys:?}");
    let event = scene.wait_event(&namespace, "login", "Unsealed");
    assert_eq!((&event["type"], &event["reportingController"]), (&json!("Normal"), &json!("sealed-secrets")));
    assert_eq!(event["note"], "SealedSecret unsealed successfully");
}

#[test]
fn each_scope_opens_where_it_may_and_nowhere_else() {
    let scene = shared();
    let (home, away) = (scene.namespace(), scene.namespace());
    let cases = [
        ("strict", "same-name", &home, true),
        ("strict", "renamed", &home, false),
        ("strict", "same-name", &away, false),
        ("namespace-wide", "renamed", &home, true),
        ("namespace-wide", "same-name", &away, false),
        ("cluster-wide", "renamed", &away, true),
    ];
    let mut expected = Vec::new();
    for (index, (scope, name, namespace, opens)) in cases.into_iter().enumerate() {
        for (way, is_rsa) in [("rsa", true), ("age", false)] {
            let name = format!("{name}-{index}-{way}");
            let original =
                if name.starts_with("same") { name.clone() } else { format!("original-{index}-{way}") };
            let source = secret(&home, &original, &[("key", "in its scope")]);
            let flags = ["--scope", scope];
            let mut sealed =
                if is_rsa { scene.seal_rsa(&source, &flags) } else { scene.seal_age(&source, &flags) };
            sealed["metadata"]["name"] = json!(name);
            sealed["metadata"]["namespace"] = json!(namespace);
            scene.apply(&sealed);
            expected.push((namespace, name, opens));
        }
    }
    for (namespace, name, opens) in expected {
        let verdict = if opens { "True" } else { "False" };
        scene.wait_synced(namespace, &name, verdict);
        let found = scene.get("secret", namespace, &name);
        assert_eq!(found.is_some(), opens, "{namespace}/{name}");
        if let Some(found) = found {
            assert_eq!(found["data"]["key"], STANDARD.encode("in its scope"));
        }
    }
}

#[test]
fn a_value_sealed_for_another_name_is_named_in_status_event_and_metric() {
    let scene = shared();
    let namespace = scene.namespace();
    let planted = "a plaintext that must stay unseen 7391";
    let mut sealed =
        scene.seal_rsa(&secret(&namespace, "here", &[("password", planted), ("user", planted)]), &[]);
    let other = scene.seal_age(&secret(&namespace, "there", &[("api-token", planted)]), &[]);
    sealed["metadata"]["name"] = json!("moved");
    sealed["spec"]["encryptedData"]["api-token"] = other["spec"]["encryptedData"]["api-token"].clone();
    scene.apply(&sealed);

    let object = scene.wait_synced(&namespace, "moved", "False");
    let message = "Failed to unseal: no key could decrypt secret (api-token, password, user)";
    for (index, kind) in ["Synced", "Ready"].into_iter().enumerate() {
        let condition = &object["status"]["conditions"][index];
        assert_eq!((&condition["type"], &condition["message"]), (&json!(kind), &json!(message)));
        assert_eq!(condition["reason"], "UnsealFailed");
    }
    let event = scene.wait_event(&namespace, "moved", "ErrUnsealFailed");
    assert_eq!((&event["type"], &event["note"]), (&json!("Warning"), &json!(message)));
    scene.wait("the failure is counted", || (scene.failures("unseal", &namespace) > 0).then_some(()));
    assert_eq!(scene.get("secret", &namespace, "moved"), None);

    let everything =
        scene.plane().kubectl(&["get", "sealedsecrets,events", "-n", &namespace, "-o", "json"]).unwrap();
    let log = std::fs::read_to_string(&scene.log).unwrap();
    for text in [everything, log] {
        assert_eq!(Planted::new(planted).found_in(&text), None);
    }
}

#[test]
fn junk_is_named_item_by_item_and_stops_no_other() {
    let scene = shared();
    let namespace = scene.namespace();
    let good = scene.seal_rsa(&secret(&namespace, "junk", &[("good", "x")]), &[]);
    let value = good["spec"]["encryptedData"]["good"].as_str().unwrap().to_owned();
    let age = scene.seal_age(&secret(&namespace, "junk", &[("age", "x")]), &[]);
    let age = age["spec"]["encryptedData"]["age"].as_str().unwrap().to_owned();
    let mut junk = good.clone();
    junk["spec"]["encryptedData"] = json!({
        "good": value,
        "cut-base64": &value[..value.len() - 3],
        "cut-value": &value[..400],
        "empty": "",
        "plaintext": "hunter2!",
        "short": "AgA=",
        "cut-age": &age[..120],
    });
    scene.apply(&junk);
    for number in 0..10 {
        let mut bad = good.clone();
        bad["metadata"]["name"] = json!(format!("bad-{number}"));
        scene.apply(&bad);
    }
    scene.apply(&scene.seal_rsa(&secret(&namespace, "neighbour", &[("key", "opens all the same")]), &[]));
    scene.wait_value(&namespace, "neighbour", "key", "opens all the same");

    let message = scene.wait_failure(&namespace, "junk");
    for item in ["cut-base64", "cut-value", "empty", "plaintext", "short", "cut-age"] {
        assert!(message.contains(item), "{item} is not named: {message}");
    }
    assert!(!message.contains("good") && !message.contains("hunter2"), "{message}");
    assert_eq!(scene.get("secret", &namespace, "junk"), None, "nothing of it is opened");
}

#[test]
fn template_data_is_rendered_and_what_does_not_render_is_named() {
    let scene = shared();
    let namespace = scene.namespace();
    let mut sealed =
        scene.seal_age(&secret(&namespace, "mixed", &[("kept", "sealed"), ("dropped", "x")]), &[]);
    sealed["spec"]["template"]["data"] = json!({"plain": "text", "kept": "loses", "dropped": null});
    // `kubectl apply` drops nulls before it sends them.
    let admin = scene.plane().admin_kubeconfig();
    scene.plane().kubectl_as(admin, &["create", "-f", "-"], Some(&sealed.to_string())).unwrap();
    let opened = scene.wait_secret(&namespace, "mixed");
    assert_eq!(opened["data"], json!({"kept": STANDARD.encode("sealed"), "plain": STANDARD.encode("text")}));

    let mut templated = scene.seal_age(&secret(&namespace, "templated", &[("password", "x")]), &[]);
    templated["spec"]["template"]["data"] = json!({"url": "postgres://{{ .password }}@db"});
    scene.apply(&templated);
    scene.wait_value(&namespace, "templated", "url", "postgres://x@db");
    let mut broken = scene.seal_age(&secret(&namespace, "broken", &[("password", "hunter2-planted")]), &[]);
    broken["spec"]["template"]["data"] = json!({"url": "{{ .password | fail }}", "other": "{{ nothing }}"});
    scene.apply(&broken);
    let message = scene.wait_failure(&namespace, "broken");
    for part in ["(url)", "(other)", "function \"nothing\" not defined"] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert!(!message.contains("hunter2"), "{message}");
    assert_eq!(scene.get("secret", &namespace, "broken"), None);
}

#[test]
fn a_value_for_a_key_that_the_cluster_does_not_hold_stays_closed() {
    let scene = shared();
    let namespace = scene.namespace();
    let certificate = vector_key_path("rsa-3072.crt");
    let sealed = seal(
        &secret(&namespace, "foreign", &[("key", "x")]),
        &["--cert", &certificate.display().to_string()],
    );
    scene.apply(&sealed);
    assert_eq!(
        scene.wait_failure(&namespace, "foreign"),
        "Failed to unseal: no key could decrypt secret (key)"
    );
}
