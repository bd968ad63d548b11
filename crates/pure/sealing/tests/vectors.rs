//! Every file of `testdata/sealing/{vectors,seeded}`: values that other implementations made, or broke on purpose.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "the vectors are files, one behaviour each, and tests fail loudly"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use sealward_keys::{AgeIdentity, KeyOrder, KeyRing, SealingKey, parse_identities};
use sealward_sealing::{Binding, Keys, OpenValueError, open_value};
use secrecy::ExposeSecret;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    description: String,
    namespace: String,
    name: String,
    item: String,
    scope: String,
    keys: Vec<String>,
    /// How a seeded one was made, for those who make it again; not needed to open it.
    #[serde(default, rename = "label")]
    _label: Option<String>,
    #[serde(default, rename = "seed")]
    _seed: Option<String>,
    value: String,
    plaintext: Option<String>,
    failure: Option<String>,
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../testdata/sealing").join(name)
}

/// The names of failures in the vectors, each one variant of [`OpenValueError`].
fn failure_name(error: OpenValueError) -> &'static str {
    match error {
        OpenValueError::NoKey => "no-key",
        OpenValueError::NotText(_) => "not-text",
        OpenValueError::NotBase64 => "not-base64",
        OpenValueError::TooShort => "too-short",
        OpenValueError::AgeMalformed => "age-malformed",
        OpenValueError::AgeArmored => "age-armored",
        OpenValueError::AgeHeaderTooLong => "age-header-too-long",
        OpenValueError::AgeTooManyStanzas => "age-too-many-stanzas",
        OpenValueError::AgePassphrase => "age-passphrase",
    }
}

fn load(keys: &[String]) -> (KeyRing, Vec<AgeIdentity>) {
    let read = |file: String| fs::read(folder("keys").join(file)).unwrap();
    let (rsa, age): (Vec<_>, Vec<_>) = keys.iter().partition(|name| name.starts_with("rsa-"));
    let pair = |name: &String| {
        let (key, certificate) = (read(format!("{name}.key")), read(format!("{name}.crt")));
        SealingKey::from_pem(name, Timestamp::UNIX_EPOCH, &key, &certificate).unwrap()
    };
    let identities = age.iter().flat_map(|name| {
        parse_identities(std::str::from_utf8(&read(format!("{name}.txt"))).unwrap()).unwrap()
    });
    (KeyRing::new(KeyOrder::CertNotBefore, rsa.into_iter().map(pair)), identities.collect())
}

#[test]
fn every_vector_does_what_it_says() {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let files = ["vectors", "seeded"].map(|name| fs::read_dir(folder(name)).unwrap());
    for entry in files.into_iter().flatten() {
        let path = entry.unwrap().path();
        let vector: Vector = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let (ring, identities) = load(&vector.keys);
        let binding = Binding::new(vector.scope.parse().unwrap(), &vector.namespace, &vector.name).unwrap();
        let keys = Keys { ring: &ring, identities: &identities, worked_last: None };
        let opened = open_value(&vector.value, &binding, &vector.item, keys);
        let what = format!("{}: {}", path.display(), vector.description);
        let class = match (opened, vector.plaintext, vector.failure) {
            (Ok(opened), Some(expect), None) => {
                let expect = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, expect).unwrap();
                assert_eq!(opened.plaintext.expose_secret(), expect, "{what}");
                "opened"
            }
            (Err(error), None, Some(expect)) => {
                assert_eq!(failure_name(error), expect, "{what}");
                failure_name(error)
            }
            (opened, ..) => panic!("{what}: {opened:?}"),
        };
        *counts.entry(class.to_owned()).or_default() += 1;
    }
    let classes: Vec<&str> = counts.keys().map(String::as_str).collect();
    let expect = [
        "age-armored",
        "age-header-too-long",
        "age-malformed",
        "age-passphrase",
        "age-too-many-stanzas",
        "no-key",
        "not-base64",
        "opened",
        "too-short",
    ];
    assert_eq!(classes, expect, "each class has a vector");
    assert!(counts.values().sum::<usize>() >= 94, "{counts:?}");
}
