//! V1: objects that upstream's own code made (`tools/sealed-secrets/seal-v1`), and what can be wrong with one.

use crate::common::{key_ring_without, keys, manifest, object, plain, public, reopen, sealed};
use sealward_sealing::{
    Keys, Newest, OpenOptions, Recipients, open_sealed_secret, read_sealed_secret, rotate, verify,
};
use serde_json::{Value, json};

macro_rules! file {
    ($name:literal) => {
        serde_json::from_slice(include_bytes!(concat!("../../../../../testdata/sealing/objects/", $name)))
            .unwrap()
    };
}

fn objects() -> [Value; 3] {
    [file!("v1-strict.json"), file!("v1-namespace-wide.json"), file!("v1-cluster-wide.json")]
}

/// A V1 object of this JSON inside.
fn v1(inside: &Value) -> Value {
    object(json!({"data": sealed("-", &inside.to_string(), &Recipients::Rsa(public("2048")))}))
}

#[test]
fn what_upstream_sealed_opens_with_all_that_was_inside() {
    for mut object in objects() {
        object["metadata"]["uid"] = json!("1-2-3");
        let secret = reopen(&object).unwrap();
        let expect = json!({
            "binary": "AAEC/w==", "empty": "", "user": "YWRtaW4=",
            "password": "Y29ycmVjdCBob3JzZSBiYXR0ZXJ5IHN0YXBsZQ==",
        });
        assert_eq!(secret["data"], expect);
        assert_eq!(secret["type"], "Opaque");
        assert_eq!(secret["metadata"]["labels"], json!({"app": "shop"}));
        assert_eq!(secret["metadata"]["annotations"]["owner"], "team");
        assert_eq!(secret["metadata"]["ownerReferences"][0]["uid"], "1-2-3");
    }
}

#[test]
fn the_scope_holds_for_v1_too() {
    let [strict, namespace_wide, cluster_wide] = objects();
    let moved = |object: &Value, namespace: &str, name: &str| {
        let mut object = object.clone();
        object["metadata"]["namespace"] = json!(namespace);
        object["metadata"]["name"] = json!(name);
        reopen(&object)
            .map(|secret| (secret["metadata"]["namespace"].clone(), secret["metadata"]["name"].clone()))
    };
    let refused = Err("no key could decrypt secret".to_owned());
    assert_eq!(moved(&strict, "shop", "other"), refused);
    assert_eq!(moved(&namespace_wide, "shop", "other"), Ok((json!("shop"), json!("other"))));
    assert_eq!(moved(&namespace_wide, "other", "other"), refused);
    assert_eq!(moved(&cluster_wide, "a", "b"), Ok((json!("a"), json!("b"))), "whatever the JSON inside says");
}

#[test]
fn v1_is_refused_when_it_is_switched_off_or_not_alone() {
    let [strict, ..] = objects();
    let sealed_secret = read_sealed_secret(&manifest(&strict)).unwrap();
    let error = open_sealed_secret(&sealed_secret, keys(), OpenOptions { accept_v1: false }).unwrap_err();
    let text = "using deprecated 'data' field, use 'encryptedData' or flip the feature flag";
    assert_eq!(error.to_string(), text);
    assert!(verify(&manifest(&strict), keys(), OpenOptions { accept_v1: false }).is_err());
    assert_eq!(verify(&manifest(&strict), keys(), OpenOptions::default()), Ok(()));
    let mut both = strict;
    both["spec"]["encryptedData"] = json!({"k": sealed("k", "v", &Recipients::Rsa(public("2048")))});
    let text = "cannot use the field 'encryptedData' and the deprecated field 'data' at the same time";
    assert_eq!(reopen(&both).unwrap_err(), text);
}

#[test]
fn what_is_inside_must_be_a_secret_and_is_never_repeated() {
    let secret = |rest: Value| {
        let mut secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}});
        secret.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        secret
    };
    let check = |inside: &Value, expect: Result<Value, &str>| {
        assert_eq!(
            reopen(&v1(inside)).map(|secret| plain(&secret)),
            expect.map_err(str::to_owned),
            "{inside}"
        );
    };
    check(&secret(json!({})), Ok(json!({})));
    check(
        &secret(json!({"data": {"a": "YQ==", "b": null}, "stringData": {"a": "A"}, "unknown": 1})),
        Ok(json!({"a": "A", "b": ""})),
    );
    check(
        &secret(json!({"data": {"a": "hunter2!"}})),
        Err("the value of spec.data is no v1 Secret: its data is not valid base64"),
    );
    check(
        &secret(json!({"data": "hunter2"})),
        Err("the value of spec.data is no v1 Secret: it does not have the shape of one"),
    );
    check(
        &json!("hunter2"),
        Err("the value of spec.data is no v1 Secret: it does not have the shape of one"),
    );
    check(
        &json!({"apiVersion": "v1", "kind": "ConfigMap"}),
        Err("the value of spec.data is no v1 Secret: it has another apiVersion or kind"),
    );
    assert_eq!(reopen(&object(json!({"data": "!"}))).unwrap_err(), "the sealed value is not valid base64");
    assert_eq!(reopen(&object(json!({"data": ""}))).unwrap_err(), "SealedSecret data is too short");
    assert_eq!(reopen(&object(json!({"data": "AQAA"}))).unwrap_err(), "SealedSecret data is too short");
}

#[test]
fn its_own_template_counts_for_the_owner_only() {
    let mut object = v1(&json!({"apiVersion": "v1", "kind": "Secret", "metadata": {}, "type": "a/b",
        "data": {"k": "dg=="}}));
    object["metadata"]["uid"] = json!("1");
    object["spec"]["template"] = json!({
        "type": "c/d", "data": {"k": null, "x": "{{ fail }}"},
        "metadata": {"annotations": {"sealedsecrets.bitnami.com/skip-set-owner-references": "true"}},
    });
    let secret = reopen(&object).unwrap();
    assert_eq!((secret["type"].as_str(), plain(&secret)), (Some("a/b"), json!({"k": "v"})));
    assert_eq!(secret["metadata"].get("ownerReferences"), None);
}

#[test]
fn rotation_upgrades_it_and_loses_nothing() {
    for object in objects() {
        let before = reopen(&object).unwrap();
        let newest = Newest { rsa: Some(public("4096")), age: Vec::new() };
        let new = rotate(&manifest(&object), keys(), OpenOptions::default(), &newest).unwrap();
        let new = new.root().to_json_redacted();
        assert_eq!(new["spec"].get("data"), None);
        let ring = key_ring_without(&["3072", "2048"]);
        let only = Keys { ring: &ring, identities: &[], worked_last: None };
        assert_eq!(verify(&manifest(&new), only, OpenOptions::default()), Ok(()));
        let mut after = reopen(&new).unwrap();
        // The copy in plain text that an applier keeps is not carried over into a template that everybody can read.
        assert!(!new.to_string().contains("last-applied"));
        let annotations = before["metadata"]["annotations"].clone();
        after["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"] =
            annotations["kubectl.kubernetes.io/last-applied-configuration"].clone();
        assert_eq!(after, before);
    }
}
