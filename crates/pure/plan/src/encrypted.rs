//! Manifests that are still encrypted.

use sealward_manifest::Manifest;
use sealward_manifest::document::{ExposeSecret, Node, Value};

/// Whether `manifest` is a document that sops encrypted, or holds a value that looks like one of its
/// (`ENC[AES256_GCM,…`). Applying it would store ciphertext where an application expects a value.
pub fn is_encrypted(manifest: &Manifest) -> bool {
    let sops = manifest.root().get("sops");
    sops.is_some_and(|sops| sops.get("mac").is_some() || sops.get("version").is_some())
        || holds_ciphertext(manifest.root())
}

fn holds_ciphertext(node: &Node) -> bool {
    match &node.value {
        Value::String(text) => is_ciphertext(text),
        // Looked at, never handed on: only the yes or no leaves.
        Value::Secret(text) => is_ciphertext(text.expose_secret()),
        Value::List(items) => items.iter().any(holds_ciphertext),
        Value::Map(map) => map.iter().any(|field| holds_ciphertext(&field.node)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn is_ciphertext(text: &str) -> bool {
    text.starts_with("ENC[AES256_GCM,") && text.ends_with(']')
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    fn check(rest: &Json, expect: bool) {
        let mut json = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}});
        json.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        assert_eq!(is_encrypted(&crate::live(&json).unwrap()), expect, "{json}");
    }

    #[test]
    fn what_sops_left_is_seen() {
        check(&json!({"data": {"a": "eA=="}}), false);
        check(&json!({"sops": {"mac": "x", "version": "3.9.0"}}), true);
        check(&json!({"stringData": {"a": "ENC[AES256_GCM,data:x,iv:y,tag:z,type:str]"}}), true);
        check(&json!({"spec": ["ENC[AES256_GCM,data:x]"]}), true);
        check(&json!({"stringData": {"a": "ENC[my own]"}}), false);
    }
}
