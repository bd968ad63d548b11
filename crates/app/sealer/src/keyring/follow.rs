//! Keeps the keyring as the cluster is, and makes the keys that are due.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use sealward_api::bitnami;
use sealward_chassis::clock;
use sealward_cluster::{Event, EventKind, Events, Selector};
use sealward_manifest::Manifest;
use tokio::signal::unix::Signal;
use tokio::time::Instant;

use super::secrets::{Known, Loaded, Unusable, apply, by_name};
use super::source::Source;
use super::{Keyring, Keys};
use crate::bootstrap::Bootstrap;
use crate::metrics::SealerMetrics;
use crate::renewal::{Due, Reason, Renewal, newest_time};

/// How long after a failure a key is tried to be made again.
const MAKE_AGAIN: Duration = Duration::from_secs(5);
/// How often it is looked whether a key is due though nothing was heard: clocks are set, machines sleep.
const LOOK_AGAIN: Duration = Duration::from_secs(15 * 60);

/// What [`Follower::run`] works with.
#[derive(Debug)]
pub(crate) struct Follower {
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) bootstrap: Bootstrap,
    pub(crate) renewal: Renewal,
    pub(crate) metrics: SealerMetrics,
    pub(crate) events: Events,
    /// SIGUSR1: make a key now.
    pub(crate) asked: Signal,
}

/// The three groups of key Secrets.
struct Sources {
    pairs: Source,
    legacy: Source,
    identities: Source,
}

/// What is remembered from one look to the next.
#[derive(Debug, Default)]
struct Memory {
    known: Known,
    /// Version of each Secret that was reported as unusable.
    reported: BTreeMap<String, String>,
    made: Option<Instant>,
}

impl Follower {
    /// Follows the key Secrets for ever, and calls `changed` whenever the keys open other values than before.
    ///
    /// # Errors
    /// When a watch ends, which it does not by itself.
    pub(crate) async fn run(mut self, changed: impl Fn() + Send) -> anyhow::Result<()> {
        let sources = self.sources();
        let mut pairs = pin!(sources.pairs.clone().changes());
        let mut legacy = pin!(sources.legacy.clone().changes());
        let mut identities = pin!(sources.identities.clone().changes());
        let mut memory = Memory::default();
        let mut next = Instant::now() + LOOK_AGAIN;
        let mut asked = false;
        loop {
            let news = tokio::select! {
                Some(change) = pairs.next() => apply(&mut memory.known.pairs, change),
                Some(change) = legacy.next() => apply(&mut memory.known.legacy, change),
                Some(change) = identities.next() => apply(&mut memory.known.identities, change),
                Some(()) = self.asked.recv() => { asked = true; true }
                () = tokio::time::sleep_until(next) => true,
                else => anyhow::bail!("the watches of key Secrets ended"),
            };
            if !news {
                continue;
            }
            let pause = match self.make_what_is_due(&sources, &mut memory, asked).await {
                Ok(pause) => {
                    asked &= memory.known.load(self.order()).is_none();
                    pause
                }
                Err(error) => {
                    tracing::warn!(error = format!("{error:#}"), "cannot make a key");
                    MAKE_AGAIN
                }
            };
            next = Instant::now() + pause;
            if self.take_into_use(&mut memory).await {
                changed();
            }
        }
    }

    fn sources(&self) -> Sources {
        let source = |selector| Source {
            cluster: self.bootstrap.cluster.clone(),
            namespace: self.bootstrap.namespace.clone(),
            selector,
            watch: self.bootstrap.keys.watch_for_secrets,
        };
        let labelled =
            |label: &str| source(Selector::labels(format!("{label}={}", bitnami::KEY_LABEL_ACTIVE)));
        Sources {
            pairs: labelled(bitnami::KEY_LABEL),
            legacy: source(Selector::named(&self.bootstrap.keys.key_prefix)),
            identities: labelled(bitnami::AGE_KEY_LABEL),
        }
    }

    fn order(&self) -> sealward_keys::KeyOrder {
        self.bootstrap.keys.key_order_priority
    }

    /// Makes what is due, once a fresh list says so too; how long to wait before looking again.
    ///
    /// A key counts from the moment that the API server has stored it, so that no second one is made before
    /// the watch brings the first.
    async fn make_what_is_due(
        &mut self,
        sources: &Sources,
        memory: &mut Memory,
        asked: bool,
    ) -> anyhow::Result<Duration> {
        let Some(mut due) = self.due(memory, asked) else { return Ok(LOOK_AGAIN) };
        if due.is_something() {
            // What was restored a moment ago, or stored by a request that we saw no answer to, is not made again.
            memory.known = sources.list().await?;
            due = self.due(memory, asked).unwrap_or(due);
        }
        if due.identity {
            let made = self.bootstrap.make_identity().await?;
            memory.known.identities.get_or_insert_default().insert(made.name().to_owned(), made);
        }
        let reason = match due.pair {
            Due::Now(reason) => reason,
            Due::In(pause) => return Ok(pause.min(LOOK_AGAIN)),
            Due::Never => return Ok(LOOK_AGAIN),
        };
        let made = self.bootstrap.make_pair(reason).await?;
        memory.known.pairs.get_or_insert_default().insert(made.name().to_owned(), made);
        memory.made = Some(Instant::now());
        self.renewal.cutoff = None;
        Ok(LOOK_AGAIN.min(self.renewal.period.unwrap_or(LOOK_AGAIN)))
    }

    /// What is due; `None` while not all key Secrets are known.
    fn due(&self, memory: &Memory, asked: bool) -> Option<Wanted> {
        let Keys { ring, identities } = memory.known.load(self.order())?.keys;
        let since_made = memory.made.map(|made| made.elapsed());
        let pair =
            if asked { Due::Now(Reason::Asked) } else { self.renewal.due(&ring, clock::now(), since_made) };
        Some(Wanted { pair, identity: identities.is_empty() && self.renewal.make_first })
    }

    /// Loads what can be loaded, reports what cannot; whether other values open now than before.
    async fn take_into_use(&self, memory: &mut Memory) -> bool {
        let Some(Loaded { keys, unusable }) = memory.known.load(self.order()) else { return false };
        let newest = newest_time(&keys.ring, clock::now()).map(jiff::Timestamp::as_second);
        self.metrics.keys(keys.ring.keys().len(), keys.identities.len(), newest, unusable.len());
        let ready = !keys.ring.is_empty() && (!keys.identities.is_empty() || !self.renewal.make_first);
        let differ = self.keyring.replace(keys, ready);
        let mut reported = BTreeMap::new();
        for (secret, error) in unusable {
            let version = secret.resource_version();
            if memory.reported.get(secret.name()).is_none_or(|known| known != version) {
                self.report(secret, &error).await;
            }
            reported.insert(secret.name().to_owned(), version.to_owned());
        }
        memory.reported = reported;
        differ
    }

    async fn report(&self, secret: &Manifest, error: &Unusable) {
        tracing::warn!(secret = secret.name(), error = %error, "a key Secret is passed over");
        let event = Event {
            kind: EventKind::Warning,
            reason: bitnami::EVENT_KEY_UNUSABLE.into(),
            action: "LoadKey".into(),
            note: format!("This key Secret is passed over: {error}"),
            annotations: Vec::new(),
        };
        if let Err(error) = self.events.publish(&event, secret, clock::now()).await {
            tracing::warn!(%error, "an event is lost");
        }
    }
}

/// What is to be made.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    pair: Due,
    identity: bool,
}

impl Wanted {
    fn is_something(self) -> bool {
        self.identity || matches!(self.pair, Due::Now(_))
    }
}

impl Sources {
    async fn list(&self) -> anyhow::Result<Known> {
        let (pairs, legacy, identities) =
            tokio::try_join!(self.pairs.list(), self.legacy.list(), self.identities.list())?;
        Ok(Known {
            pairs: Some(by_name(pairs)),
            legacy: Some(by_name(legacy)),
            identities: Some(by_name(identities)),
        })
    }
}
