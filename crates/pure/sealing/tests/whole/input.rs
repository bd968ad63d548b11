//! Secrets read for sealing, and keys out of backups.

use crate::common::{IDENTITIES, manifest, public};
use base64::{Engine, prelude::BASE64_STANDARD};
use sealward_sealing::{Backup, Recipients, SealOptions, read_secrets, seal_secret};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

const PKCS1: &str = include_str!("../../../../../testdata/sealing/keys/rsa-2048.key");
const PKCS8: &str = include_str!("../../../../../testdata/sealing/keys/rsa-3072.key");
const ECDSA: &str = include_str!("../../../../../testdata/sealing/keys/ecdsa.key");

#[test]
fn a_key_that_stands_twice_is_refused_with_both_places() {
    let text = "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: n}\nstringData:\n  a: hunter1\n  b: x\n  a: hunter2\n";
    let error = read_secrets("s.yaml", text.as_bytes(), None).unwrap_err();
    assert_eq!(error.to_string(), "s.yaml:7:3: the key \"a\" stands here again, first at s.yaml:5:3");
    let json = r#"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"data":{},"data":{"a":"Yg=="}}"#;
    assert!(read_secrets("s.json", json.as_bytes(), None).is_err());
    let once = text.replace("  a: hunter2\n", "");
    assert_eq!(read_secrets("s.yaml", once.as_bytes(), None).unwrap().len(), 1);
}

#[test]
fn a_name_is_given_to_secrets_without_one() {
    let text = "apiVersion: v1\nkind: Secret\nstringData: {a: x}\n";
    assert!(read_secrets("s", text.as_bytes(), None).is_err());
    let secrets = read_secrets("s", text.as_bytes(), Some("given")).unwrap();
    assert_eq!(secrets.first().unwrap().name(), "given");
}

#[test]
fn what_sops_encrypted_is_not_sealed_again() {
    let secret = manifest(&json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "n"},
        "stringData": {"a": "ENC[AES256_GCM,data:x,iv:y,tag:z,type:str]"}, "sops": {"mac": "x"},
    }));
    let error = seal_secret(&secret, &Recipients::Rsa(public("2048")), &SealOptions::default()).unwrap_err();
    assert!(error.to_string().starts_with("this file is encrypted by SOPS; "), "{error}");
}

fn key_secret(name: &str, item: &str, value: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "kube-system"},
        "data": {item: BASE64_STANDARD.encode(value)}})
}

/// How many RSA keys and identities a backup holds, or what is wrong with it.
fn check(text: &str, expect: Result<(usize, usize), &str>) {
    let backup = Backup::read("backup", text.as_bytes());
    let counts = backup.map(|backup| (backup.private_keys.len(), backup.identities.len()));
    assert_eq!(counts.map_err(|error| error.to_string()), expect.map_err(str::to_owned));
}

#[test]
fn every_form_of_a_backup_is_read() {
    let identity = IDENTITIES.first().unwrap().to_secret_string();
    let identity = identity.expose_secret();
    let (one, two) = (key_secret("one", "tls.key", PKCS1), key_secret("two", "tls.key", PKCS8));
    let age = key_secret("age", "identity", identity);
    check(PKCS1, Ok((1, 0)));
    check(PKCS8, Ok((1, 0)));
    check(&format!("# created: 2026\n{identity}\n"), Ok((0, 1)));
    check(&one.to_string(), Ok((1, 0)));
    check(&age.to_string(), Ok((0, 1)));
    check(&json!({"apiVersion": "v1", "kind": "List", "items": [one, two, age]}).to_string(), Ok((2, 1)));
    check(&format!("---\n{one}\n---\n{two}\n"), Ok((2, 0)));
}

#[test]
fn what_is_no_backup_is_told_without_repeating_it() {
    check(ECDSA, Err("private key is not an RSA key"));
    check(
        "",
        Err("no key found: expected a PEM private key, a Secret or List of Secrets, or age identities"),
    );
    check(&key_secret("s", "other", PKCS1).to_string(), Err("secret must contain a 'tls.data' key"));
    check(&key_secret("s", "tls.key", ECDSA).to_string(), Err("Secret \"s\": private key is not an RSA key"));
    let config_map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}});
    check(&config_map.to_string(), Err("expected a Secret but found v1 ConfigMap"));
}

#[test]
fn a_backup_opens_without_any_certificate() {
    let secret = manifest(&json!({"apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": "s", "namespace": "n"}, "stringData": {"a": "x"}}));
    let sealed = seal_secret(&secret, &Recipients::Rsa(public("2048")), &SealOptions::default()).unwrap();
    let mut backup = Backup::read("two", PKCS8.as_bytes()).unwrap();
    backup.extend(Backup::read("one", PKCS1.as_bytes()).unwrap());
    let (ring, identities) = backup.into_keys();
    let keys = sealward_sealing::Keys { ring: &ring, identities: &identities, worked_last: None };
    assert_eq!(sealward_sealing::verify(&sealed, keys, sealward_sealing::OpenOptions::default()), Ok(()));
    assert!(ring.keys().is_empty() && !ring.is_empty());
}
