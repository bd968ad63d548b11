//! The cases of sealed-secrets' own integration tests (`integration/controller_test.go`, v0.40), by the
//! behaviour that they show; under Bitnami's rights. What is opened under which scope is in `opening`.

use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sealward_acceptance::Ran;
use serde_json::{Value, json};

use super::drop_in::{program, requests_in, shared};
use super::scene::{Scene, seal, secret, vector_key_path};

const MANAGED: &str = "sealedsecrets.bitnami.com/managed";
const PATCH: &str = "sealedsecrets.bitnami.com/patch";

fn source(namespace: &str) -> Value {
    let mut source = secret(namespace, "testsecret", &[("foo", "bar")]);
    source["metadata"]["labels"] = json!({"mylabel": "myvalue"});
    source
}

fn data(items: &[(&str, &str)]) -> Value {
    items
        .iter()
        .map(|(key, value)| ((*key).to_owned(), json!(STANDARD.encode(value))))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn owners(secret: &Value) -> usize {
    secret["metadata"]["ownerReferences"].as_array().map_or(0, Vec::len)
}

/// The Secret that stands there before its SealedSecret comes.
fn standing(scene: &Scene<'_>, namespace: &str, annotations: &[&str]) -> Value {
    let annotations: serde_json::Map<String, Value> =
        annotations.iter().map(|&key| (key.to_owned(), json!("true"))).collect();
    let mut standing = secret(namespace, "testsecret", &[("foo", "bar1"), ("foo2", "bar2")]);
    standing["metadata"]["labels"] = json!({"mylabel": "myvalue", "anotherlabel": "anothervalue"});
    standing["metadata"]["annotations"] = annotations.into();
    let admin = scene.plane().admin_kubeconfig();
    scene.plane().kubectl_as(admin, &["create", "-f", "-"], Some(&standing.to_string())).unwrap();
    standing
}

/// Waits until the SealedSecret's Secret holds `expect`.
fn wait_data(scene: &Scene<'_>, namespace: &str, expect: &Value) -> Value {
    scene.wait(&format!("{expect} in {namespace}/testsecret"), || {
        scene.get("secret", namespace, "testsecret").filter(|found| found["data"] == *expect)
    })
}

fn delete_secret(scene: &Scene<'_>, namespace: &str) {
    scene.plane().kubectl(&["delete", "secret", "testsecret", "-n", namespace]).unwrap();
}

#[test]
fn a_sealed_secret_makes_its_secret_and_a_change_updates_it() {
    let scene = shared();
    let namespace = scene.namespace();
    scene.apply(&scene.seal_rsa(&source(&namespace), &[]));
    let made = wait_data(scene, &namespace, &data(&[("foo", "bar")]));
    assert_eq!(made["metadata"]["labels"], json!({"mylabel": "myvalue"}));
    let first = scene.wait_synced(&namespace, "testsecret", "True");
    let times = |object: &Value| {
        let synced = &object["status"]["conditions"][0];
        (synced["lastUpdateTime"].clone(), synced["lastTransitionTime"].clone())
    };
    let (updated, changed) = times(&first);
    assert_eq!(updated, changed);
    scene.wait_event(&namespace, "testsecret", "Unsealed");

    // Condition times are in seconds.
    let now = || jiff_second(&updated);
    scene.wait("the next second", || (now_in_seconds() > now()).then_some(()));
    let mut next = source(&namespace);
    next["stringData"]["foo"] = json!("baz");
    scene.apply(&scene.seal_rsa(&next, &[]));
    wait_data(scene, &namespace, &data(&[("foo", "baz")]));
    let second = scene.wait_synced(&namespace, "testsecret", "True");
    assert_eq!(second["status"]["observedGeneration"], 2);
    let (updated, transition) = times(&second);
    assert_eq!(transition, changed);
    assert_ne!(updated, transition);
}

fn jiff_second(time: &Value) -> u64 {
    let output = Command::new("date").args(["-d", time.as_str().unwrap(), "+%s"]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

fn now_in_seconds() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

#[test]
fn renamed_and_appended_items_open() {
    let scene = shared();
    let (renamed, appended) = (scene.namespace(), scene.namespace());
    let mut sealed = scene.seal_rsa(&source(&renamed), &[]);
    let value = sealed["spec"]["encryptedData"]["foo"].clone();
    sealed["spec"]["encryptedData"] = json!({"xyzzy": value});
    scene.apply(&sealed);
    let mut sealed = scene.seal_rsa(&source(&appended), &[]);
    let more = scene.seal_rsa(&secret(&appended, "testsecret", &[("any", "new!")]), &[]);
    sealed["spec"]["encryptedData"]["foo2"] = more["spec"]["encryptedData"]["any"].clone();
    scene.apply(&sealed);
    wait_data(scene, &renamed, &data(&[("xyzzy", "bar")]));
    wait_data(scene, &appended, &data(&[("foo", "bar"), ("foo2", "new!")]));
}

#[test]
fn a_managed_secret_is_overwritten_and_owned() {
    let scene = shared();
    let namespace = scene.namespace();
    standing(scene, &namespace, &[MANAGED]);
    scene.apply(&scene.seal_rsa(&source(&namespace), &[]));
    let found = wait_data(scene, &namespace, &data(&[("foo", "bar")]));
    assert_eq!(found["metadata"]["annotations"], Value::Null);
    assert_eq!(found["metadata"]["labels"], json!({"mylabel": "myvalue"}));
    assert_eq!(owners(&found), 1);
    scene.wait_event(&namespace, "testsecret", "Unsealed");
    scene.wait_synced(&namespace, "testsecret", "True");
}

#[test]
fn a_secret_to_patch_is_added_to_and_owned_only_when_managed_too() {
    let scene = shared();
    for (annotations, owned) in [(&[MANAGED, PATCH][..], 1), (&[PATCH], 0)] {
        let namespace = scene.namespace();
        let before = standing(scene, &namespace, annotations);
        scene.apply(&scene.seal_rsa(&source(&namespace), &[]));
        let found = wait_data(scene, &namespace, &data(&[("foo", "bar"), ("foo2", "bar2")]));
        assert_eq!(found["metadata"]["annotations"], before["metadata"]["annotations"]);
        assert_eq!(found["metadata"]["labels"], before["metadata"]["labels"]);
        assert_eq!(owners(&found), owned, "{annotations:?}");
        scene.wait_event(&namespace, "testsecret", "Unsealed");
        scene.wait_synced(&namespace, "testsecret", "True");
    }
}

#[test]
fn an_empty_secret_to_patch_is_added_to() {
    let scene = shared();
    let namespace = scene.namespace();
    scene.apply(&json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": "testsecret", "namespace": namespace, "annotations": {PATCH: "true"}},
    }));
    scene.apply(&scene.seal_rsa(&source(&namespace), &[]));
    let found = wait_data(scene, &namespace, &data(&[("foo", "bar")]));
    assert_eq!(found["metadata"]["labels"], json!({"mylabel": "myvalue"}));
    assert_eq!(found["metadata"]["annotations"][PATCH], "true");
    assert_eq!(owners(&found), 0);
}

#[test]
fn a_deleted_secret_is_made_again_where_it_was_owned_or_managed() {
    let scene = shared();
    for annotations in [&[][..], &[MANAGED]] {
        let namespace = scene.namespace();
        if !annotations.is_empty() {
            standing(scene, &namespace, annotations);
        }
        scene.apply(&scene.seal_rsa(&source(&namespace), &[]));
        wait_data(scene, &namespace, &data(&[("foo", "bar")]));
        delete_secret(scene, &namespace);
        let again = wait_data(scene, &namespace, &data(&[("foo", "bar")]));
        assert_eq!(owners(&again), 1);
        scene.wait_event(&namespace, "testsecret", "Unsealed");
    }
}

#[test]
fn a_deleted_secret_that_was_only_patched_is_not_made_again() {
    let scene = shared();
    let namespace = scene.namespace();
    standing(scene, &namespace, &[PATCH]);
    scene.apply(&scene.seal_rsa(&source(&namespace), &[]));
    wait_data(scene, &namespace, &data(&[("foo", "bar"), ("foo2", "bar2")]));
    scene.wait_synced(&namespace, "testsecret", "True");
    let looks = || {
        let requests = requests_in(scene, &namespace).into_iter();
        requests.filter(|event| event.verb == "get" && event.resource == "secrets").count()
    };
    let before = looks();
    delete_secret(scene, &namespace);
    scene.wait("the deletion is looked at", || (looks() > before).then_some(()));
    // What comes after it in the same namespace is dealt with after it.
    scene.apply(&scene.seal_rsa(&secret(&namespace, "marker", &[("foo", "bar")]), &[]));
    scene.wait_synced(&namespace, "marker", "True");
    assert_eq!(scene.get("secret", &namespace, "testsecret"), None);
}

#[test]
fn a_foreign_secret_is_left_alone_and_its_name_is_used_as_soon_as_it_is_free() {
    let scene = shared();
    let namespace = scene.namespace();
    let before = standing(scene, &namespace, &[]);
    scene.apply(&scene.seal_rsa(&source(&namespace), &[]));
    let message = scene.wait_failure(&namespace, "testsecret");
    assert!(message.contains("already exists and is not managed by SealedSecret"), "{message}");
    assert_eq!(
        scene.get("secret", &namespace, "testsecret").unwrap()["metadata"]["labels"],
        before["metadata"]["labels"]
    );
    delete_secret(scene, &namespace);
    assert_eq!(owners(&wait_data(scene, &namespace, &data(&[("foo", "bar")]))), 1);
    scene.wait_synced(&namespace, "testsecret", "True");
}

#[test]
fn a_foreign_secret_that_is_handed_over_is_taken_at_once() {
    let scene = shared();
    let namespace = scene.namespace();
    standing(scene, &namespace, &[]);
    scene.apply(&scene.seal_rsa(&source(&namespace), &[]));
    scene.wait_failure(&namespace, "testsecret");
    let hand_over = ["annotate", "secret", "testsecret", "-n", &namespace, &format!("{MANAGED}=true")];
    scene.plane().kubectl(&hand_over).unwrap();
    wait_data(scene, &namespace, &data(&[("foo", "bar")]));
}

#[test]
fn a_secret_of_an_earlier_sealed_secret_is_named_and_used_once_it_is_collected() {
    let scene = shared();
    let namespace = scene.namespace();
    let mut held = secret(&namespace, "testsecret", &[("foo", "old")]);
    // The collector lets it be for as long as its finalizer stands.
    held["metadata"]["finalizers"] = json!(["example.com/hold"]);
    held["metadata"]["ownerReferences"] = json!([{
        "apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret", "name": "testsecret",
        "uid": "11111111-2222-3333-4444-555555555555", "controller": true,
    }]);
    scene.apply(&held);
    scene.apply(&scene.seal_rsa(&source(&namespace), &[]));
    let message = scene.wait_failure(&namespace, "testsecret");
    assert!(message.contains("an earlier SealedSecret of this name (UID 11111111-"), "{message}");
    let release = [
        "patch",
        "secret",
        "testsecret",
        "-n",
        &namespace,
        "--type=merge",
        "-p",
        r#"{"metadata":{"finalizers":null}}"#,
    ];
    scene.plane().kubectl(&release).unwrap();
    let ours = wait_data(scene, &namespace, &data(&[("foo", "bar")]));
    assert_ne!(ours["metadata"]["ownerReferences"][0]["uid"], "11111111-2222-3333-4444-555555555555");
}

#[test]
fn the_wrong_key_name_or_namespace_makes_no_secret_and_says_so() {
    let scene = shared();
    let (namespace, other) = (scene.namespace(), scene.namespace());
    let wrong_key = vector_key_path("rsa-3072.crt").display().to_string();
    let mut cases =
        vec![(seal(&source(&namespace), &["--cert", &wrong_key]), namespace.clone(), "testsecret")];
    let mut renamed = scene.seal_rsa(&source(&namespace), &[]);
    renamed["metadata"]["name"] = json!("not-testsecret");
    cases.push((renamed, namespace.clone(), "not-testsecret"));
    let mut moved = scene.seal_rsa(&source(&namespace), &[]);
    moved["metadata"]["namespace"] = json!(other);
    cases.push((moved, other.clone(), "testsecret"));
    for (sealed, namespace, name) in cases {
        scene.apply(&sealed);
        scene.wait_event(&namespace, name, "ErrUnsealFailed");
        scene.wait_failure(&namespace, name);
        assert_eq!(scene.get("secret", &namespace, name), None);
    }
}

#[test]
fn a_type_is_kept() {
    let scene = shared();
    let namespace = scene.namespace();
    let config = r#"{"auths": {"https://index.docker.io/v1/": {"auth": "c3R...zE2"}}}"#;
    let mut docker = secret(&namespace, "testsecret", &[(".dockerconfigjson", config)]);
    docker["type"] = json!("kubernetes.io/dockerconfigjson");
    scene.apply(&scene.seal_rsa(&docker, &[]));
    let found = wait_data(scene, &namespace, &data(&[(".dockerconfigjson", config)]));
    assert_eq!(found["type"], "kubernetes.io/dockerconfigjson");
    scene.wait_event(&namespace, "testsecret", "Unsealed");
}

#[test]
fn an_immutable_secret_is_made_and_a_later_change_reported() {
    let scene = shared();
    let namespace = scene.namespace();
    let mut fixed = source(&namespace);
    fixed["immutable"] = json!(true);
    scene.apply(&scene.seal_rsa(&fixed, &[]));
    assert_eq!(wait_data(scene, &namespace, &data(&[("foo", "bar")]))["immutable"], true);
    scene.wait_synced(&namespace, "testsecret", "True");
    fixed["stringData"]["foo"] = json!("baz");
    scene.apply(&scene.seal_rsa(&fixed, &[]));
    scene.wait_failure(&namespace, "testsecret");
    let event = scene.wait_event(&namespace, "testsecret", "ErrUpdateFailed");
    let note = format!(
        "Error updating {namespace}/testsecret: the target Secret is immutable. Once a Secret is marked"
    );
    assert!(event["note"].as_str().unwrap().starts_with(&note), "{event}");
    assert_eq!(
        scene.get("sealedsecret", &namespace, "testsecret").unwrap()["status"]["observedGeneration"],
        2
    );
}

#[test]
fn a_scope_annotation_that_comes_later_is_looked_at_at_once() {
    let scene = shared();
    let namespace = scene.namespace();
    let mut sealed = scene.seal_rsa(&source(&namespace), &["--scope", "cluster-wide"]);
    sealed["metadata"]["name"] = json!("not-testsecret");
    let annotations = sealed["metadata"]["annotations"].take();
    scene.apply(&sealed);
    scene.wait_failure(&namespace, "not-testsecret");
    sealed["metadata"]["annotations"] = annotations;
    scene.apply(&sealed);
    scene.wait_value(&namespace, "not-testsecret", "foo", "bar");
    scene.wait_synced(&namespace, "not-testsecret", "True");
}

#[test]
fn the_version_is_told_under_bitnamis_name() {
    let scene = shared();
    let ran = |args: &[&str]| Ran::of(Command::new(program(&scene.bench)).args(args), b"").unwrap();
    let version = ran(&["--version"]);
    assert_eq!(
        (version.code, version.stdout),
        (0, format!("controller version: v{}\n", env!("CARGO_PKG_VERSION")))
    );
    for (args, reason) in [
        (&["--update-status=maybe"][..], "neither true nor false"),
        (&["--v=3"], "--v"),
        (&["--log-format=xml"], "unknown log format"),
        (&["--label-selector=a b"], "no requirement of a label selector"),
        (&["--key-renew-period=soon"], "no duration"),
    ] {
        let refused = ran(args);
        assert_eq!(refused.code, 2, "{args:?}: {}", refused.stderr);
        assert!(refused.stderr.contains(reason), "{args:?}: {}", refused.stderr);
    }
}
