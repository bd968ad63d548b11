//! What the tests of whole objects share.
use std::sync::LazyLock;

use jiff::Timestamp;
use sealward_diagnostic::Origin;
use sealward_keys::{AgeIdentity, KeyOrder, KeyRing, RsaPublicKey, SealingKey};
use sealward_manifest::Manifest;
use sealward_sealing::{
    AgeRecipients, Binding, Environment, Keys, Limits, OpenOptions, Recipients, open_sealed_secret,
    read_sealed_secret, seal_value, secret_for,
};
use serde_json::{Value, json};

macro_rules! key {
    ($name:literal) => {
        include_bytes!(concat!("../../../../../testdata/sealing/keys/", $name)).as_slice()
    };
}

/// The keys of the cluster, the newest first: 4096, 3072, 2048 (whose certificate has run out).
pub(crate) static RING: LazyLock<KeyRing> = LazyLock::new(|| {
    let pair =
        |name, key, certificate| SealingKey::from_pem(name, Timestamp::UNIX_EPOCH, key, certificate).unwrap();
    KeyRing::new(
        KeyOrder::CertNotBefore,
        [
            pair("4096", key!("rsa-4096.key"), key!("rsa-4096.crt")),
            pair("3072", key!("rsa-3072.key"), key!("rsa-3072.crt")),
            pair("2048", key!("rsa-2048.key"), key!("expired.crt")),
        ],
    )
});

/// The identities of the cluster: the current one and one that it had before.
pub(crate) static IDENTITIES: LazyLock<Vec<AgeIdentity>> =
    LazyLock::new(|| vec![AgeIdentity::generate(), AgeIdentity::generate()]);

pub(crate) fn keys() -> Keys<'static> {
    Keys { ring: &RING, identities: &IDENTITIES, worked_last: None }
}

pub(crate) fn public(name: &str) -> RsaPublicKey {
    let key = RING.keys().iter().find(|key| key.name() == name).unwrap();
    key.certificate().public_key().clone()
}

pub(crate) fn age(recipients: &[&AgeIdentity]) -> Recipients {
    let recipients = recipients.iter().map(|identity| identity.recipient().clone());
    Recipients::Age(AgeRecipients::new(recipients).unwrap())
}

/// `value` under `item` of the strict object `shop/database`.
pub(crate) fn sealed(item: &str, value: &str, to: &Recipients) -> Value {
    let binding = Binding::new(sealward_sealing::Scope::Strict, "shop", "database").unwrap();
    json!(seal_value(value.as_bytes(), &binding, item, to).unwrap())
}

/// `shop/database` with this spec.
pub(crate) fn object(spec: Value) -> Value {
    json!({
        "apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret",
        "metadata": {"name": "database", "namespace": "shop"},
        "spec": spec,
    })
}

pub(crate) fn manifest(json: &Value) -> Manifest {
    Manifest::from_json(json, &Origin::file("object.yaml")).unwrap()
}

/// The Secret that comes of a SealedSecret, or what is wrong.
pub(crate) fn reopen(object: &Value) -> Result<Value, String> {
    let sealed = read_sealed_secret(&manifest(object)).map_err(|error| error.to_string())?;
    let opened =
        open_sealed_secret(&sealed, keys(), OpenOptions::default()).map_err(|error| error.to_string())?;
    let mut random = |buffer: &mut [u8]| buffer.fill(7);
    let (now, limits) = (Timestamp::UNIX_EPOCH, Limits::default());
    let mut environment = Environment { now, random: &mut random, limits };
    secret_for(&sealed, &opened, &Origin::file("object.yaml"), &mut environment)
        .map(|secret| secret.root().expose_json())
        .map_err(|error| error.to_string())
}

/// The Secret's data in plain text.
pub(crate) fn plain(secret: &Value) -> Value {
    let decode = |value: &Value| {
        let bytes =
            base64::Engine::decode(&base64::prelude::BASE64_STANDARD, value.as_str().unwrap()).unwrap();
        json!(String::from_utf8(bytes).unwrap())
    };
    let data = secret["data"].as_object().unwrap();
    data.iter().map(|(key, value)| (key.clone(), decode(value))).collect::<serde_json::Map<_, _>>().into()
}

/// The cluster's ring without some of its keys.
pub(crate) fn key_ring_without(names: &[&str]) -> KeyRing {
    let kept = RING.keys().iter().filter(|key| !names.contains(&key.name())).cloned();
    KeyRing::new(KeyOrder::CertNotBefore, kept)
}
