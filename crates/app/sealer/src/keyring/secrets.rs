//! Key Secrets as keys.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sealward_api::bitnami;
use sealward_cluster::Change;
use sealward_keys::{AgeIdentity, KeyOrder, KeyRing, SealingKey};
use sealward_manifest::Manifest;
use sealward_manifest::document::{ExposeSecret, Node, Value};
use sealward_sealing::SecretBytes;

use super::Keys;

/// Key Secrets by name.
pub(super) type Secrets = BTreeMap<String, Manifest>;

/// Why a Secret with a key label is not loaded.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unusable {
    #[error("a SealedSecret made it; whoever may write SealedSecrets could plant a key that way")]
    Planted,
    #[error("its data has no {0}")]
    Missing(&'static str),
    #[error(transparent)]
    Pair(#[from] sealward_keys::SealingKeyError),
    #[error(transparent)]
    Identity(#[from] sealward_keys::AgeKeyError),
    #[error("it has no creation time")]
    NoTime,
}

/// All Secrets that may be keys, each group from its own watch; `None` until it was first listed.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) pairs: Option<Secrets>,
    /// The one from before labels, if there is one: it has the prefix as its name.
    pub(super) legacy: Option<Secrets>,
    pub(super) identities: Option<Secrets>,
}

/// What was made of the Secrets.
#[derive(Debug)]
pub(super) struct Loaded<'a> {
    pub(super) keys: Keys,
    pub(super) unusable: Vec<(&'a Manifest, Unusable)>,
}

impl Known {
    /// What can be loaded, once all groups are known.
    pub(super) fn load(&self, order: KeyOrder) -> Option<Loaded<'_>> {
        let (pairs, legacy, identities) =
            (self.pairs.as_ref()?, self.legacy.as_ref()?, self.identities.as_ref()?);
        let mut unusable = Vec::new();
        let legacy = legacy.values().filter(|secret| !pairs.contains_key(secret.name()) && !is_off(secret));
        // Of keys that are equally new the first stays first: the oldest Secret, as upstream.
        let mut pairs: Vec<_> = pairs.values().chain(legacy).collect();
        pairs.sort_by_key(|secret| created(secret).ok());
        let mut ring = Vec::new();
        for secret in pairs {
            match pair(secret) {
                Ok(pair) => ring.push(pair),
                Err(error) => unusable.push((secret, error)),
            }
        }
        let mut loaded = Vec::new();
        for secret in identities.values() {
            match identity(secret) {
                Ok(identity) => loaded.push(identity),
                Err(error) => unusable.push((secret, error)),
            }
        }
        Some(Loaded { keys: Keys { ring: KeyRing::new(order, ring), identities: loaded }, unusable })
    }
}

/// Takes `change` in; whether anything is known that was not.
pub(super) fn apply(known: &mut Option<Secrets>, change: Change) -> bool {
    match change {
        Change::Listed(secrets) => {
            let listed = by_name(secrets);
            let versions = |secrets: &Secrets| -> Vec<_> {
                secrets
                    .values()
                    .map(|secret| (secret.uid().to_owned(), secret.resource_version().to_owned()))
                    .collect()
            };
            let news = known.as_ref().is_none_or(|known| versions(known) != versions(&listed));
            *known = Some(listed);
            return news;
        }
        Change::Applied(secret) => {
            known.get_or_insert_default().insert(secret.name().to_owned(), secret);
        }
        Change::Deleted(secret) => {
            known.get_or_insert_default().remove(secret.name());
        }
        Change::Failed(error) => {
            tracing::warn!(%error, "watch of key Secrets broke");
            return false;
        }
    }
    true
}

pub(super) fn by_name(secrets: Vec<Manifest>) -> Secrets {
    secrets.into_iter().map(|secret| (secret.name().to_owned(), secret)).collect()
}

/// Whether a Secret without the need of a label has one that takes it out of use.
fn is_off(secret: &Manifest) -> bool {
    secret.label(bitnami::KEY_LABEL).is_some_and(|value| value != bitnami::KEY_LABEL_ACTIVE)
}

fn created(secret: &Manifest) -> Result<jiff::Timestamp, Unusable> {
    let time = secret.root().at(&["metadata", "creationTimestamp"]).and_then(Node::as_str);
    time.and_then(|text| text.parse().ok()).ok_or(Unusable::NoTime)
}

fn pair(secret: &Manifest) -> Result<SealingKey, Unusable> {
    refuse_planted(secret)?;
    let created = created(secret)?;
    let private = item(secret, bitnami::KEY_SECRET_PRIVATE_KEY)?;
    let certificate = item(secret, bitnami::KEY_SECRET_CERTIFICATE)?;
    Ok(SealingKey::from_pem(secret.name(), created, private.expose_secret(), certificate.expose_secret())?)
}

fn identity(secret: &Manifest) -> Result<AgeIdentity, Unusable> {
    refuse_planted(secret)?;
    let text = item(secret, bitnami::AGE_KEY_SECRET_IDENTITY)?;
    let text = std::str::from_utf8(text.expose_secret()).unwrap_or_default();
    Ok(text.trim().parse()?)
}

/// A key that came out of a SealedSecret is somebody's attempt to choose our keys.
fn refuse_planted(secret: &Manifest) -> Result<(), Unusable> {
    let owners = secret.root().at(&["metadata", "ownerReferences"]).and_then(Node::as_list);
    let planted = owners.unwrap_or_default().iter().any(|owner| {
        let text = |field| owner.get(field).and_then(Node::as_str);
        text("kind") == Some(bitnami::KIND)
            && text("apiVersion").is_some_and(|version| version.split('/').next() == Some(bitnami::GROUP))
    });
    if planted { Err(Unusable::Planted) } else { Ok(()) }
}

fn item(secret: &Manifest, key: &'static str) -> Result<SecretBytes, Unusable> {
    let node = secret.root().get("data").and_then(|data| data.get(key)).ok_or(Unusable::Missing(key))?;
    let Value::Secret(text) = &node.value else { return Err(Unusable::Missing(key)) };
    let bytes = STANDARD.decode(text.expose_secret()).map_err(|_| Unusable::Missing(key))?;
    Ok(bytes.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use sealward_manifest::Origin;
    use serde_json::json;

    fn secret(json: &serde_json::Value) -> Manifest {
        Manifest::from_json(json, &Origin::file("test")).unwrap()
    }

    fn identity_secret(owner: Option<&str>) -> Manifest {
        let identity = AgeIdentity::generate().to_secret_string();
        let mut json = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "k", "namespace": "ns"},
            "data": {"identity": STANDARD.encode(identity.expose_secret())},
        });
        if let Some(kind) = owner {
            json["metadata"]["ownerReferences"] =
                json!([{"apiVersion": "bitnami.com/v1alpha1", "kind": kind, "name": "k", "uid": "u"}]);
        }
        secret(&json)
    }

    /// A key Secret with a pair from the vectors.
    fn pair_secret(name: &str, vector: &str, created: &str, label: Option<&str>) -> Manifest {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../testdata/sealing/keys");
        let text = |end: &str| STANDARD.encode(std::fs::read(format!("{folder}/{vector}.{end}")).unwrap());
        let mut json = json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": name, "namespace": "ns", "creationTimestamp": created, "resourceVersion": "1"},
            "data": {"tls.key": text("key"), "tls.crt": text("crt")},
        });
        if let Some(label) = label {
            json["metadata"]["labels"] = json!({bitnami::KEY_LABEL: label});
        }
        secret(&json)
    }

    fn known(pairs: Vec<Manifest>, legacy: Vec<Manifest>, identities: Vec<Manifest>) -> Known {
        Known {
            pairs: Some(by_name(pairs)),
            legacy: Some(by_name(legacy)),
            identities: Some(by_name(identities)),
        }
    }

    fn names(known: &Known) -> Vec<String> {
        let loaded = known.load(KeyOrder::SecretCreationTimestamp).unwrap();
        loaded.keys.ring.keys().iter().map(|key| key.name().to_owned()).collect()
    }

    #[test]
    fn a_key_that_a_sealed_secret_owns_is_never_loaded() {
        assert!(identity(&identity_secret(None)).is_ok());
        assert!(matches!(identity(&identity_secret(Some("SealedSecret"))), Err(Unusable::Planted)));
    }

    #[test]
    fn junk_is_passed_over_and_hurts_no_other() {
        let good = identity_secret(None);
        let bad = secret(&json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "bad", "namespace": "ns"},
            "data": {"identity": "anVuaw=="},
        }));
        let known = known(vec![bad.clone()], vec![], vec![good, bad]);
        let loaded = known.load(KeyOrder::default()).unwrap();
        assert_eq!(
            (loaded.keys.ring.keys().len(), loaded.keys.identities.len(), loaded.unusable.len()),
            (0, 1, 2)
        );
    }

    #[test]
    fn nothing_is_said_before_all_groups_are_known() {
        let mut known = known(vec![], vec![], vec![]);
        assert!(known.load(KeyOrder::default()).is_some());
        known.legacy = None;
        assert!(known.load(KeyOrder::default()).is_none());
    }

    #[test]
    fn the_key_from_before_labels_counts_unless_its_label_takes_it_out() {
        let old = "2020-01-01T00:00:00Z";
        let legacy = |label| vec![pair_secret("sealed-secrets-key", "rsa-2048", old, label)];
        let labelled = || {
            vec![pair_secret("sealed-secrets-keyabcde", "rsa-3072", "2021-01-01T00:00:00Z", Some("active"))]
        };
        assert_eq!(
            names(&known(labelled(), legacy(None), vec![])),
            ["sealed-secrets-keyabcde", "sealed-secrets-key"]
        );
        assert_eq!(
            names(&known(labelled(), legacy(Some("compromised")), vec![])),
            ["sealed-secrets-keyabcde"]
        );
        // With the label it stands in both groups, and is one key.
        let both = known(legacy(Some("active")), legacy(Some("active")), vec![]);
        assert_eq!(names(&both), ["sealed-secrets-key"]);
    }

    #[test]
    fn a_list_without_news_is_none() {
        let listed = || Change::Listed(vec![pair_secret("k", "rsa-2048", "2020-01-01T00:00:00Z", None)]);
        let mut known = None;
        assert!(apply(&mut known, listed()));
        assert!(!apply(&mut known, listed()));
        assert!(apply(&mut known, Change::Listed(Vec::new())));
    }
}
