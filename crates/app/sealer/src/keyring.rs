//! The keys that the cluster holds, reloaded while the sealer runs.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::StreamExt;
use sealward_api::bitnami;
use sealward_chassis::readiness::Condition;
use sealward_cluster::{Change, Cluster, Selector};
use sealward_keys::{AgeIdentity, Fingerprint, KeyOrder, KeyRing, SealingKey};
use sealward_manifest::document::{ExposeSecret, Node, Value};
use sealward_manifest::{Gvk, Manifest};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::bootstrap::Bootstrap;

/// How long after a failure the first keys are tried to be made again.
const MAKE_AGAIN: Duration = Duration::from_secs(5);

/// What values are opened with.
#[derive(Debug)]
pub(crate) struct Keys {
    pub(crate) ring: KeyRing,
    pub(crate) identities: Vec<AgeIdentity>,
}

impl Keys {
    /// Whether these open what `others` open.
    fn open_the_same(&self, others: &Self) -> bool {
        let pairs =
            |keys: &Self| -> BTreeSet<_> { keys.ring.keys().iter().map(SealingKey::fingerprint).collect() };
        let identities = |keys: &Self| -> BTreeSet<_> {
            keys.identities.iter().map(|identity| identity.recipient().to_string()).collect()
        };
        pairs(self) == pairs(others) && identities(self) == identities(others)
    }
}

/// The newest [`Keys`], and which of them worked last.
#[derive(Debug)]
pub(crate) struct Keyring {
    keys: ArcSwap<Keys>,
    worked_last: Mutex<Option<Fingerprint>>,
    loaded: Condition,
    looked_up: watch::Sender<bool>,
}

/// Why a Secret with a key label is not loaded.
#[derive(Debug, thiserror::Error)]
enum Unusable {
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

impl Keyring {
    pub(crate) fn new(loaded: Condition) -> Self {
        let keys = Keys { ring: KeyRing::new(KeyOrder::default(), []), identities: Vec::new() };
        let (looked_up, _) = watch::channel(false);
        Self { keys: ArcSwap::from_pointee(keys), worked_last: Mutex::new(None), loaded, looked_up }
    }

    /// Waits until it is known which keys the cluster holds: before that, not to open a value says nothing.
    pub(crate) async fn looked_up(&self) {
        // The sender is this very value: it cannot be gone.
        let _ = self.looked_up.subscribe().wait_for(|looked_up| *looked_up).await;
    }

    pub(crate) fn keys(&self) -> Arc<Keys> {
        self.keys.load_full()
    }

    pub(crate) fn worked_last(&self) -> Option<Fingerprint> {
        *self.worked_last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn worked(&self, key: Option<Fingerprint>) {
        if key.is_some() {
            *self.worked_last.lock().unwrap_or_else(PoisonError::into_inner) = key;
        }
    }

    /// Takes `keys` into use; whether they open other values than those before.
    fn replace(&self, keys: Keys) -> bool {
        self.loaded.set(!keys.ring.is_empty() && !keys.identities.is_empty());
        let differ = !keys.open_the_same(&self.keys());
        self.keys.store(Arc::new(keys));
        self.looked_up.send_replace(true);
        differ
    }
}

/// Watches the key Secrets of `namespace`, makes the first ones when there are none, and calls
/// `changed` whenever the keys open other values than before.
pub(crate) async fn follow(
    cluster: Cluster,
    namespace: String,
    keyring: Arc<Keyring>,
    bootstrap: Bootstrap,
    changed: impl Fn() + Send,
) -> anyhow::Result<()> {
    let secrets = || Gvk::new("", "v1", "Secret");
    let labelled = |label: &str| Selector::labels(format!("{label}={}", bitnami::KEY_LABEL_ACTIVE));
    let watch = |label| cluster.watch(secrets(), Some(namespace.clone()), labelled(label));
    let mut pairs = pin!(watch(bitnami::KEY_LABEL));
    let mut identities = pin!(watch(bitnami::AGE_KEY_LABEL));
    let mut known_pairs = None;
    let mut known_identities = None;
    let mut due = None;
    loop {
        let retry = tokio::time::sleep_until(due.unwrap_or_else(Instant::now));
        let news = tokio::select! {
            Some(change) = pairs.next() => apply(&mut known_pairs, change),
            Some(change) = identities.next() => apply(&mut known_identities, change),
            () = retry, if due.is_some() => true,
            else => anyhow::bail!("the watches of key Secrets ended"),
        };
        let (true, Some(pairs), Some(identities)) = (news, &mut known_pairs, &mut known_identities) else {
            continue;
        };
        let keys = match complete(&bootstrap, pairs, identities).await {
            Ok(keys) => {
                due = None;
                keys
            }
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), "cannot make a key");
                due = Some(Instant::now() + MAKE_AGAIN);
                load(bootstrap.keys.key_order_priority, pairs, identities)
            }
        };
        if keyring.replace(keys) {
            changed();
        }
    }
}

/// What can be loaded, with an RSA pair and an age identity made where there is none. Each is known from the
/// moment that the API server has stored it, so that no second one is made before the watch brings the first.
async fn complete(
    bootstrap: &Bootstrap,
    pairs: &mut Secrets,
    identities: &mut Secrets,
) -> anyhow::Result<Keys> {
    let order = bootstrap.keys.key_order_priority;
    let keys = load(order, pairs, identities);
    if !keys.ring.is_empty() && !keys.identities.is_empty() {
        return Ok(keys);
    }
    if keys.ring.is_empty() {
        let made = bootstrap.make_pair().await?;
        pairs.insert(made.name().to_owned(), made);
    }
    if keys.identities.is_empty() {
        let made = bootstrap.make_identity().await?;
        identities.insert(made.name().to_owned(), made);
    }
    Ok(load(order, pairs, identities))
}

/// Key Secrets by name.
type Secrets = BTreeMap<String, Manifest>;

/// Takes `change` in; whether anything is known that was not.
fn apply(known: &mut Option<Secrets>, change: Change) -> bool {
    match change {
        Change::Listed(secrets) => {
            *known = Some(secrets.into_iter().map(|secret| (secret.name().to_owned(), secret)).collect());
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

/// What can be loaded; a Secret that cannot be is reported and passed over.
fn load(order: KeyOrder, pairs: &Secrets, identities: &Secrets) -> Keys {
    let report = |name: &str, error: Unusable| {
        tracing::warn!(secret = name, error = %error, "a key Secret is passed over");
    };
    let pairs =
        pairs.iter().filter_map(|(name, secret)| pair(secret).map_err(|error| report(name, error)).ok());
    let ring = KeyRing::new(order, pairs);
    let identities = identities
        .iter()
        .filter_map(|(name, secret)| identity(secret).map_err(|error| report(name, error)).ok());
    Keys { ring, identities: identities.collect() }
}

fn pair(secret: &Manifest) -> Result<SealingKey, Unusable> {
    refuse_planted(secret)?;
    let created = secret.root().at(&["metadata", "creationTimestamp"]).and_then(Node::as_str);
    let created = created.and_then(|text| text.parse().ok()).ok_or(Unusable::NoTime)?;
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

fn item(secret: &Manifest, key: &'static str) -> Result<sealward_sealing::SecretBytes, Unusable> {
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
        let identities = Secrets::from([("good".to_owned(), good), ("bad".to_owned(), bad.clone())]);
        let keys = load(KeyOrder::default(), &Secrets::from([("bad".to_owned(), bad)]), &identities);
        assert_eq!((keys.ring.keys().len(), keys.identities.len()), (0, 1));
    }
}
