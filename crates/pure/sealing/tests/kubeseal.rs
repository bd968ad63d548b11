//! What the real kubeseal makes of a Secret, opened; and that we make the same of it.
#![expect(clippy::unwrap_used, reason = "tests fail loudly, helpers too")]

use jiff::Timestamp;
use sealward_diagnostic::Origin;
use sealward_keys::{KeyOrder, KeyRing, SealingKey};
use sealward_manifest::Manifest;
use sealward_sealing::{
    Environment, Keys, Limits, OpenOptions, Recipients, Scope, SealOptions, open_sealed_secret,
    read_sealed_secret, seal_secret, secret_for,
};
use serde_json::{Value, json};

macro_rules! file {
    ($name:literal) => {
        include_bytes!(concat!("../../../../testdata/sealing/", $name)).as_slice()
    };
}

const SECRET: &[u8] = file!("objects/secret.json");
const OBJECTS: [(Scope, &[u8]); 3] = [
    (Scope::Strict, file!("objects/kubeseal-strict.json")),
    (Scope::NamespaceWide, file!("objects/kubeseal-namespace-wide.json")),
    (Scope::ClusterWide, file!("objects/kubeseal-cluster-wide.json")),
];

fn ring() -> KeyRing {
    let (key, certificate) = (file!("keys/rsa-2048.key"), file!("keys/rsa-2048.crt"));
    KeyRing::new(
        KeyOrder::CertNotBefore,
        [SealingKey::from_pem("key", Timestamp::UNIX_EPOCH, key, certificate).unwrap()],
    )
}

fn manifest(json: &Value) -> Manifest {
    Manifest::from_json(json, &Origin::file("object.json")).unwrap()
}

fn opened_data(json: &Value) -> Value {
    let sealed = read_sealed_secret(&manifest(json)).unwrap();
    let ring = ring();
    let opened = open_sealed_secret(
        &sealed,
        Keys { ring: &ring, identities: &[], worked_last: None },
        OpenOptions::default(),
    )
    .unwrap();
    let mut random = |_: &mut [u8]| {};
    let (now, limits) = (Timestamp::UNIX_EPOCH, Limits::default());
    let mut environment = Environment { now, random: &mut random, limits };
    let secret = secret_for(&sealed, &opened, &Origin::file("object.json"), &mut environment).unwrap();
    secret.root().get("data").unwrap().expose_json()
}

#[test]
fn what_kubeseal_seals_opens() {
    let expect = json!({
        "user": "YWRtaW4=",
        "password": "Y29ycmVjdCBob3JzZSBiYXR0ZXJ5IHN0YXBsZQ==",
        "binary": "AAEC/w==",
        "empty": "",
    });
    for (scope, object) in OBJECTS {
        let mut object: Value = serde_json::from_slice(object).unwrap();
        assert_eq!(opened_data(&object), expect, "{scope}");
        if scope != Scope::Strict {
            object["metadata"]["name"] = json!("renamed");
            assert_eq!(opened_data(&object), expect, "{scope}");
        }
    }
}

#[test]
fn what_we_seal_differs_from_kubeseals_in_the_values_only() {
    let secret = manifest(&serde_json::from_slice(SECRET).unwrap());
    let to = Recipients::Rsa(ring().keys().first().unwrap().certificate().public_key().clone());
    for (scope, object) in OBJECTS {
        let options = SealOptions { scope: Some(scope), ..SealOptions::default() };
        let mut ours = seal_secret(&secret, &to, &options).unwrap().root().to_json_redacted();
        let mut theirs: Value = serde_json::from_slice(object).unwrap();
        for object in [&mut ours, &mut theirs] {
            for value in object["spec"]["encryptedData"].as_object_mut().unwrap().values_mut() {
                *value = json!(value.as_str().unwrap().len());
            }
        }
        assert_eq!(ours, theirs, "{scope}");
    }
}
