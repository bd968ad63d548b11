//! The keys that the cluster holds, reloaded while the sealer runs.
//!
//! ```text
//! key Secrets ── source: watch, else list ──▶ secrets: keys, or why not ──▶ Keyring ──▶ whoever opens
//!      ▲                                            │ none, or too old
//!      └──────────── bootstrap: make, store ◀── renewal: due?   (SIGUSR1)
//! ```
//!
//! **Invariants:** a key is used only once the API server has stored it. Junk is reported and passed over.
//! A key of the future is never the one to seal for.

mod follow;
mod secrets;
mod source;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use sealward_chassis::readiness::Condition;
use sealward_keys::{AgeIdentity, Fingerprint, KeyOrder, KeyRing, SealingKey};
use tokio::sync::watch;

pub(crate) use follow::Follower;

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

    /// Whether that is known by now.
    pub(crate) fn is_looked_up(&self) -> bool {
        *self.looked_up.borrow()
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

    /// Takes `keys` into use, and says whether that is enough to be `ready`; whether they open other values
    /// than those before.
    fn replace(&self, keys: Keys, ready: bool) -> bool {
        self.loaded.set(ready);
        let differ = !keys.open_the_same(&self.keys());
        self.keys.store(Arc::new(keys));
        self.looked_up.send_replace(true);
        differ
    }
}
