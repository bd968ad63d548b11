//! Sealed anew for the newest keys, and verified.

use crate::common::{
    IDENTITIES, age, key_ring_without, keys, manifest, object, plain, public, reopen, sealed,
};
use sealward_keys::AgeIdentity;
use sealward_sealing::{Keys, Newest, OpenOptions, Recipients, Sealed, rotate, verify};
use serde_json::{Value, json};

const CLUSTER_WIDE: &str = "sealedsecrets.bitnami.com/cluster-wide";

fn newest() -> Newest {
    Newest { rsa: Some(public("4096")), age: vec![IDENTITIES[0].recipient().clone()] }
}

fn rotated(json: &Value) -> Result<Value, String> {
    rotate(&manifest(json), keys(), OpenOptions::default(), &newest())
        .map(|rotated| rotated.root().to_json_redacted())
        .map_err(|error| error.to_string())
}

fn verified(json: &Value, keys: Keys<'_>) -> Result<(), String> {
    verify(&manifest(json), keys, OpenOptions::default()).map_err(|error| format!("{error} {error:?}"))
}

#[test]
fn each_value_keeps_its_format_and_opens_with_the_newest_key_alone() {
    let old = object(json!({"encryptedData": {
        "old": sealed("old", "by 2048", &Recipients::Rsa(public("2048"))),
        "age": sealed("age", "by age", &age(&[&IDENTITIES[1]])),
    }}));
    let new = rotated(&old).unwrap();
    let format = |item: &str| Sealed::parse(new["spec"]["encryptedData"][item].as_str().unwrap()).unwrap();
    assert!(matches!(format("old"), Sealed::Rsa(bytes) if bytes.starts_with(&[2, 0])), "4096 bits");
    assert!(matches!(format("age"), Sealed::Age(_)));
    let ring = key_ring_without(&["3072", "2048"]);
    let only = Keys { ring: &ring, identities: &IDENTITIES[..1], worked_last: None };
    assert_eq!(verified(&new, only), Ok(()));
    assert!(verified(&old, only).is_err());
    assert_eq!(plain(&reopen(&new).unwrap()), json!({"old": "by 2048", "age": "by age"}));
}

#[test]
fn who_else_could_open_an_age_value_still_can() {
    let other = AgeIdentity::generate();
    let old = object(json!({"encryptedData": {"k": sealed("k", "v", &age(&[&IDENTITIES[1], &other]))}}));
    let new = rotated(&old).unwrap();
    let ring = key_ring_without(&["4096", "3072", "2048"]);
    let with = |identity: &AgeIdentity| {
        verified(&new, Keys { ring: &ring, identities: std::slice::from_ref(identity), worked_last: None })
    };
    assert_eq!(with(&other), Ok(()));
    assert_eq!(with(&IDENTITIES[0]), Ok(()));
    assert!(with(&IDENTITIES[1]).is_err(), "the identity of before is no recipient any more");
}

#[test]
fn what_stands_around_the_values_stays() {
    let template = json!({
        "metadata": {"labels": {"app": "shop"}, "annotations": {"owner": "team"}, "finalizers": ["example.com/f"]},
        "type": "example.com/login",
        "immutable": true,
        "data": {"url": "{{ fail .k }} {{ not a template", "k": null},
    });
    let mut old = object(json!({
        "template": template,
        "encryptedData": {"k": sealed("k", "v", &Recipients::Rsa(public("3072")))},
    }));
    old["metadata"]["labels"] = json!({"on": "the object"});
    old["metadata"]["annotations"] = json!({
        "note": "kept", "kubectl.kubernetes.io/last-applied-configuration": "{}",
    });
    old["metadata"]["uid"] = json!("1");
    old["metadata"]["resourceVersion"] = json!("2");
    old["metadata"]["managedFields"] = json!([{}]);
    old["status"] = json!({"observedGeneration": 1});
    let new = rotated(&old).unwrap();
    assert_eq!(new["spec"]["template"], template, "and nothing of it is rendered");
    let expect = json!({
        "name": "database", "namespace": "shop",
        "labels": {"on": "the object"}, "annotations": {"note": "kept"},
    });
    assert_eq!(new["metadata"], expect);
    assert_eq!(new.get("status"), None);
}

#[test]
fn the_scope_is_the_objects_own_whatever_its_template_says() {
    let mut old = object(json!({
        "template": {"metadata": {"annotations": {CLUSTER_WIDE: "true", "owner": "team"}}},
        "encryptedData": {"k": sealed("k", "v", &Recipients::Rsa(public("3072")))},
    }));
    let mut new = rotated(&old).unwrap();
    assert_eq!(new["spec"]["template"]["metadata"]["annotations"], json!({"owner": "team"}));
    assert_eq!(plain(&reopen(&new).unwrap()), json!({"k": "v"}));
    // The new value is as strict as the old one was: nowhere else, and not as a cluster-wide one.
    new["metadata"]["annotations"] = json!({CLUSTER_WIDE: "true"});
    assert_eq!(reopen(&new).unwrap_err(), "no key could decrypt secret (k)");
    old["metadata"]["annotations"] = json!({CLUSTER_WIDE: "true"});
    assert_eq!(rotated(&old).unwrap_err(), "unable to decrypt sealed secret");
}

#[test]
fn every_way_not_to_open_is_answered_alike() {
    let good = object(json!({"encryptedData": {
        "age": sealed("age", "v", &age(&[&IDENTITIES[0]])),
        "rsa": sealed("rsa", "v", &Recipients::Rsa(public("2048"))),
    }}));
    assert_eq!(verified(&good, keys()), Ok(()));
    let with = |change: &dyn Fn(&mut Value)| {
        let mut object = good.clone();
        change(&mut object);
        object
    };
    let stranger = AgeIdentity::generate();
    let broken = [
        ("another name", with(&|object| object["metadata"]["name"] = json!("other"))),
        (
            "another item",
            with(&|object| {
                object["spec"]["encryptedData"]["other"] = object["spec"]["encryptedData"]["age"].clone();
            }),
        ),
        (
            "a stranger's key",
            with(&|object| {
                object["spec"]["encryptedData"]["age"] = sealed("age", "v", &age(&[&stranger]));
            }),
        ),
        ("cut", with(&|object| object["spec"]["encryptedData"]["rsa"] = json!("AQAA"))),
        ("no base64", with(&|object| object["spec"]["encryptedData"]["rsa"] = json!("!"))),
        ("a number", with(&|object| object["spec"]["encryptedData"]["rsa"] = json!(1))),
        ("a list", with(&|object| object["spec"]["encryptedData"] = json!([1]))),
        ("no namespace", with(&|object| object["metadata"]["namespace"] = json!(""))),
        ("both formats", with(&|object| object["spec"]["data"] = json!("AQAA"))),
        ("an empty V1", with(&|object| object["spec"] = json!({"data": ""}))),
    ];
    for (what, object) in broken {
        let text = "unable to decrypt sealed secret";
        let expect = Err(format!("{text} Undecryptable(Undecryptable)"));
        assert_eq!(verified(&object, keys()), expect, "{what}");
        let error = rotate(&manifest(&object), keys(), OpenOptions::default(), &newest()).unwrap_err();
        let error = (error.to_string(), format!("{error:?}"));
        assert_eq!(error, (text.to_owned(), "Undecryptable(Undecryptable)".to_owned()), "{what}");
    }
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "n"}});
    assert!(verified(&secret, keys()).unwrap_err().starts_with("expected a SealedSecret but found"));
}

#[test]
fn verify_never_renders() {
    let object = object(json!({
        "template": {"data": {"x": "{{ if eq .k \"v\" }}{{ fail \"yes\" }}{{ end }}", "y": "{{"}},
        "encryptedData": {"k": sealed("k", "v", &Recipients::Rsa(public("2048")))},
    }));
    assert_eq!(verified(&object, keys()), Ok(()));
    assert!(reopen(&object).is_err());
}

#[test]
fn without_somebody_to_seal_for_nothing_is_lost() {
    let rsa = object(json!({"encryptedData": {"k": sealed("k", "v", &Recipients::Rsa(public("2048")))}}));
    let age = object(json!({"encryptedData": {"k": sealed("k", "v", &age(&[&IDENTITIES[0]]))}}));
    for (object, kind) in [(rsa, "RSA"), (age, "age")] {
        let error = rotate(&manifest(&object), keys(), OpenOptions::default(), &Newest::default());
        assert_eq!(error.unwrap_err().to_string(), format!("there is no {kind} key to seal \"k\" for"));
    }
}
