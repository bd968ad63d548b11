//! Whole objects: a Secret sealed, opened, and made again.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests fail loudly, helpers too")]

use std::sync::LazyLock;

use jiff::Timestamp;
use sealward_diagnostic::Origin;
use sealward_keys::{AgeIdentity, KeyOrder, KeyRing, SealingKey};
use sealward_manifest::Manifest;
use sealward_sealing::{
    AgeRecipients, Environment, Keys, Limits, NotSealedSecret, OpenError, OpenOptions, Recipients, Scope,
    SealOptions, open_sealed_secret, read_sealed_secret, seal_secret, secret_for,
};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

const KEY: &[u8] = include_bytes!("../../../../testdata/sealing/keys/rsa-2048.key");
const CERTIFICATE: &[u8] = include_bytes!("../../../../testdata/sealing/keys/rsa-2048.crt");

static RING: LazyLock<KeyRing> = LazyLock::new(|| {
    let key = SealingKey::from_pem("key", Timestamp::UNIX_EPOCH, KEY, CERTIFICATE).unwrap();
    KeyRing::new(KeyOrder::CertNotBefore, [key])
});
static IDENTITIES: LazyLock<Vec<AgeIdentity>> = LazyLock::new(|| vec![AgeIdentity::generate()]);

fn keys() -> Keys<'static> {
    Keys { ring: &RING, identities: &IDENTITIES, worked_last: None }
}

fn rsa() -> Recipients {
    Recipients::Rsa(RING.keys()[0].certificate().public_key().clone())
}

fn age() -> Recipients {
    Recipients::Age(AgeRecipients::new([IDENTITIES[0].recipient().clone()]).unwrap())
}

fn manifest(json: Value) -> Manifest {
    Manifest::from_json(&json, &Origin::file("secret.yaml")).unwrap()
}

fn secret() -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "database", "namespace": "shop"},
        "data": {"user": "YWRtaW4=", "password": "b2xk"},
        "stringData": {"password": "hunter2"},
    })
}

/// `secret()` with the fields of `change` put over it.
fn changed(change: Value) -> Value {
    let mut object = secret();
    merge(&mut object, change);
    object
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

fn seal(json: Value, to: &Recipients, options: &SealOptions<'_>) -> Result<Value, String> {
    seal_secret(&manifest(json), to, options)
        .map(|sealed| sealed.root().to_json_redacted())
        .map_err(|error| error.to_string())
}

fn reopen(sealed: Value) -> Result<Value, String> {
    let sealed = read_sealed_secret(&manifest(sealed)).map_err(|error| error.to_string())?;
    let opened =
        open_sealed_secret(&sealed, keys(), OpenOptions::default()).map_err(|error| error.to_string())?;
    let mut random = |buffer: &mut [u8]| buffer.fill(7);
    let (now, limits) = (Timestamp::UNIX_EPOCH, Limits::default());
    let mut environment = Environment { now, random: &mut random, limits };
    secret_for(&sealed, &opened, &Origin::file("sealed.yaml"), &mut environment)
        .map(|secret| secret.root().expose_json())
        .map_err(|error| error.to_string())
}

#[test]
fn a_secret_comes_back_as_it_was() {
    let object = changed(json!({
        "metadata": {
            "labels": {"app": "shop"},
            "annotations": {"owner": "team"},
            "finalizers": ["example.com/hold"],
        },
        "type": "Opaque",
        "immutable": true,
    }));
    for to in [rsa(), age()] {
        let sealed = seal(object.clone(), &to, &SealOptions::default()).unwrap();
        assert_eq!(sealed["apiVersion"], "bitnami.com/v1alpha1");
        assert_eq!(sealed["kind"], "SealedSecret");
        assert_eq!(sealed["metadata"], json!({"name": "database", "namespace": "shop"}));
        assert_eq!(
            sealed["spec"]["template"],
            json!({
                "metadata": {
                    "name": "database",
                    "namespace": "shop",
                    "labels": {"app": "shop"},
                    "annotations": {"owner": "team"},
                    "finalizers": ["example.com/hold"],
                },
                "type": "Opaque",
                "immutable": true,
            })
        );
        let expect = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": object["metadata"],
            "type": "Opaque",
            "immutable": true,
            "data": {"user": "YWRtaW4=", "password": "aHVudGVyMg=="},
        });
        assert_eq!(reopen(sealed).unwrap(), expect);
    }
}

#[test]
fn the_scope_is_asked_for_or_left_to_the_annotations() {
    let check = |annotations: Value, asked: Option<Scope>, expect: Value| {
        let object = changed(json!({"metadata": {"annotations": annotations}}));
        let options = SealOptions { scope: asked, ..SealOptions::default() };
        let sealed = seal(object, &rsa(), &options).unwrap();
        assert_eq!(sealed["metadata"]["annotations"], expect);
        assert_eq!(sealed["spec"]["template"]["metadata"]["annotations"], expect);
        reopen(sealed).unwrap();
    };
    let cluster = json!({"sealedsecrets.bitnami.com/cluster-wide": "true"});
    let namespace = json!({"sealedsecrets.bitnami.com/namespace-wide": "true"});
    check(json!({}), None, Value::Null);
    check(cluster.clone(), None, cluster.clone());
    check(namespace.clone(), None, namespace.clone());
    check(json!({}), Some(Scope::ClusterWide), cluster.clone());
    check(cluster.clone(), Some(Scope::NamespaceWide), namespace.clone());
    check(cluster, Some(Scope::Strict), Value::Null);
}

#[test]
fn a_template_cannot_widen_the_scope() {
    let options = SealOptions { scope: Some(Scope::Strict), ..SealOptions::default() };
    for to in [rsa(), age()] {
        let mut sealed = seal(secret(), &to, &options).unwrap();
        sealed["metadata"]["name"] = json!("other");
        let annotation =
            json!({"metadata": {"annotations": {"sealedsecrets.bitnami.com/cluster-wide": "true"}}});
        sealed["spec"]["template"] = annotation.clone();
        let expect = "no key could decrypt secret (password, user)";
        assert_eq!(reopen(sealed.clone()).unwrap_err(), expect);
        merge(&mut sealed, annotation);
        assert_eq!(reopen(sealed).unwrap_err(), expect, "not even the object's own annotation");
    }
}

#[test]
fn names_and_namespaces_are_kubeseals() {
    let named = |namespace: Value| {
        let mut object = secret();
        object["metadata"]["namespace"] = namespace;
        object
    };
    let cluster_wide = Some(Scope::ClusterWide);
    let check = |object: Value, options: SealOptions<'_>, expect: Result<(&str, Value), &str>| {
        let sealed = seal(object, &rsa(), &options);
        let got = sealed
            .map(|sealed| (sealed["metadata"]["name"].clone(), sealed["metadata"]["namespace"].clone()));
        assert_eq!(got, expect.map(|(name, namespace)| (json!(name), namespace)).map_err(str::to_owned));
    };
    let none = SealOptions::default();
    check(named(Value::Null), none, Err("secret must declare a namespace"));
    check(
        named(Value::Null),
        SealOptions { default_namespace: Some("d"), ..none },
        Ok(("database", json!("d"))),
    );
    check(named(Value::Null), SealOptions { namespace: Some("n"), ..none }, Ok(("database", json!("n"))));
    check(named(Value::Null), SealOptions { scope: cluster_wide, ..none }, Ok(("database", Value::Null)));
    check(secret(), SealOptions { default_namespace: Some("d"), ..none }, Ok(("database", json!("shop"))));
    check(secret(), SealOptions { name: Some("x"), ..none }, Ok(("x", json!("shop"))));
    let mismatch = r#"namespace mismatch: input secret is in namespace "shop" but "n" was specified"#;
    check(secret(), SealOptions { namespace: Some("n"), ..none }, Err(mismatch));
    let wide = SealOptions { namespace: Some("n"), scope: cluster_wide, ..none };
    check(secret(), wide, Ok(("database", json!("shop"))));
    let generated =
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"generateName": "x-"}, "data": {}});
    check(generated, none, Err("missing metadata.name in input Secret"));
}

#[test]
fn bad_secrets_are_refused_without_repeating_values() {
    let check = |object: Value, expect: &str| {
        let error = seal(object, &rsa(), &SealOptions::default()).unwrap_err();
        assert_eq!(error, expect);
    };
    let without_data =
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "n", "namespace": "ns"}});
    check(
        without_data.clone(),
        "secret.data is empty in input Secret, assuming this is an error and aborting. To work with empty data, \
         --allow-empty-data can be used",
    );
    check(
        changed(json!({"data": {"user": "not base64!"}})),
        "data.user is not valid base64 (put plain text under stringData instead)",
    );
    check(changed(json!({"stringdata": {"a": "hunter2"}})), "stringdata is no field of a Secret");
    check(changed(json!({"kind": "ConfigMap"})), "expected a Secret but found v1 ConfigMap");
    check(
        changed(json!({"metadata": {"labels": {"a": 1}}})),
        "metadata.labels.a is not text (put it in quotes)",
    );
    check(
        changed(json!({"data": {"a/b": ""}})),
        r#"a/b: "a/b" is no valid key of a Secret (letters, digits, -, _ and ., at most 253)"#,
    );
    check(
        changed(json!({"metadata": {"namespace": "a/b"}})),
        r#"namespace "a/b" is not a Kubernetes name (lower-case letters, digits, - and ., at most 253)"#,
    );
    let allowed = SealOptions { allow_empty_data: true, ..SealOptions::default() };
    let sealed = seal(without_data, &rsa(), &allowed).unwrap();
    assert_eq!(reopen(sealed).unwrap()["data"], json!({}));
}

#[test]
fn copies_of_the_plaintext_and_server_fields_are_left_out() {
    let object = changed(json!({
        "metadata": {
            "annotations": {
                "kubectl.kubernetes.io/last-applied-configuration": "{\"stringData\":{\"password\":\"hunter2\"}}",
                "kubecfg.ksonnet.io/last-applied-configuration": "hunter2",
                "kept": "yes",
            },
            "ownerReferences": [{"uid": "1"}],
            "uid": "2",
            "resourceVersion": "3",
            "generation": 4,
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "managedFields": [{}],
        },
    }));
    let sealed = seal(object, &rsa(), &SealOptions::default()).unwrap();
    let expect = json!({"name": "database", "namespace": "shop", "annotations": {"kept": "yes"}});
    assert_eq!(sealed["spec"]["template"]["metadata"], expect);
    assert!(!sealed.to_string().contains("hunter2"));
}

#[test]
fn every_broken_item_is_named_with_its_cause() {
    let mut sealed = seal(secret(), &rsa(), &SealOptions::default()).unwrap();
    let items = &mut sealed["spec"]["encryptedData"];
    items["a"] = json!("hunter2!");
    items["b"] = json!(12);
    items["c"] = json!("Ag==");
    items["d"] = items["user"].clone();
    items["e"] = json!("also not base64");
    let sealed = read_sealed_secret(&manifest(sealed)).unwrap();
    let error = open_sealed_secret(&sealed, keys(), OpenOptions::default()).unwrap_err();
    let OpenError::Items(causes) = &error else { panic!("{error:?}") };
    assert_eq!(causes.keys().collect::<Vec<_>>(), ["a", "b", "c", "e"]);
    assert_eq!(
        error.to_string(),
        "the sealed value is a number, it must be text (b); the sealed value is not valid base64 (a, e); \
         SealedSecret data is too short (c)"
    );
    assert!(!format!("{error:?} {sealed:?}").contains("hunter2"));
}

#[test]
fn rsa_and_age_values_lie_in_one_object() {
    let mut sealed = seal(secret(), &rsa(), &SealOptions::default()).unwrap();
    let other = seal(secret(), &age(), &SealOptions::default()).unwrap();
    sealed["spec"]["encryptedData"]["password"] = other["spec"]["encryptedData"]["password"].clone();
    assert_eq!(reopen(sealed).unwrap()["data"], json!({"user": "YWRtaW4=", "password": "aHVudGVyMg=="}));
}

#[test]
fn age_values_cannot_be_swapped_within_an_object() {
    let mut sealed = seal(secret(), &age(), &SealOptions::default()).unwrap();
    let items = sealed["spec"]["encryptedData"].as_object_mut().unwrap();
    let (user, password) = (items["user"].clone(), items["password"].clone());
    items.insert("user".into(), password);
    items.insert("password".into(), user);
    assert_eq!(reopen(sealed).unwrap_err(), "no key could decrypt secret (password, user)");
}

#[test]
fn the_hint_is_the_key_that_worked() {
    let sealed = seal(secret(), &rsa(), &SealOptions::default()).unwrap();
    let sealed = read_sealed_secret(&manifest(sealed)).unwrap();
    let opened = open_sealed_secret(&sealed, keys(), OpenOptions::default()).unwrap();
    assert_eq!(opened.worked_last, Some(RING.keys()[0].fingerprint()));
    assert_eq!(opened.items["password"].expose_secret(), b"hunter2");
    assert!(!format!("{opened:?}").contains("hunter2"));
}

#[test]
fn plain_template_data_follows_upstream() {
    let check = |data: Value, expect: Result<Value, &str>| {
        let mut sealed = seal(secret(), &rsa(), &SealOptions::default()).unwrap();
        sealed["spec"]["template"]["data"] = data;
        assert_eq!(reopen(sealed).map(|secret| secret["data"].clone()), expect.map_err(str::to_owned));
    };
    let (user, password) = ("YWRtaW4=", "aHVudGVyMg==");
    check(json!({"host": "db"}), Ok(json!({"host": "ZGI=", "user": user, "password": password})));
    check(json!({"user": "root"}), Ok(json!({"user": user, "password": password})));
    check(json!({"user": null}), Ok(json!({"password": password})));
    check(json!({"absent": null}), Ok(json!({"user": user, "password": password})));
}

#[test]
fn the_secret_belongs_to_its_sealed_secret() {
    let mut sealed = seal(secret(), &rsa(), &SealOptions::default()).unwrap();
    sealed["metadata"]["uid"] = json!("1-2-3");
    sealed["spec"]["template"]["metadata"]["name"] = json!("elsewhere");
    sealed["spec"]["template"]["metadata"]["namespace"] = json!("kube-system");
    let metadata = reopen(sealed.clone()).unwrap()["metadata"].clone();
    let owner = json!([{
        "apiVersion": "bitnami.com/v1alpha1",
        "kind": "SealedSecret",
        "name": "database",
        "uid": "1-2-3",
        "controller": true,
    }]);
    assert_eq!(metadata, json!({"name": "database", "namespace": "shop", "ownerReferences": owner}));

    let skip = json!({"sealedsecrets.bitnami.com/skip-set-owner-references": "true"});
    sealed["spec"]["template"]["metadata"]["annotations"] = skip.clone();
    let metadata = reopen(sealed).unwrap()["metadata"].clone();
    assert_eq!(metadata, json!({"name": "database", "namespace": "shop", "annotations": skip}));
}

#[test]
fn objects_that_are_no_sealed_secrets_are_refused_without_repeating_values() {
    let read = |json: Value| read_sealed_secret(&manifest(json)).unwrap_err();
    assert!(matches!(read(secret()), NotSealedSecret::Kind(_)));
    let object = |spec: Value| {
        json!({"apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret",
               "metadata": {"name": "n", "namespace": "ns"}, "spec": spec})
    };
    let error = read(object(json!({"template": {"data": "hunter2"}})));
    assert_eq!(error.to_string(), "spec.template.data does not have the shape that it has in a SealedSecret");
    let open = |spec: Value| reopen(object(spec)).unwrap_err();
    assert_eq!(
        open(json!({"encryptedData": ["x"]})),
        "spec.encryptedData is a list, it must be a map of sealed values"
    );
}
